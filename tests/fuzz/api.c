/* What a client of the order API may send: bodies of orders and of exits, queries. The first byte says which. */
#include "fuzz.h"

#include "app/api_impl.h"

static void word_ok(const char *s) { /* goes on to a command */
    MUST(s[0] != '-');
    for (; *s; s++)
        MUST(*s > 0x20 && *s < 0x7f);
}

static void order(const char *text, size_t n, struct api_fault *f) {
    struct api_order q, again;
    if (!api_read_order(text, n, &q, f))
        return;
    MUST((q.amount > 0) != (q.quantity > 0) && q.amount >= 0 && q.quantity >= 0 && (q.amount == 0 || q.amount >= 10000));
    MUST(q.side >= 0 && q.side < 4 && q.action >= 0 && q.action < 2 && q.tif >= -1 && q.tif < 4 && q.route >= -1 && q.route < 3);
    MUST((q.type == ORDER_LIMIT) == (q.price > 0) && q.price >= 0 && q.take_profit >= 0 && q.stop_loss >= 0 && q.leverage >= 0 && q.leverage < 256);
    MUST(q.market[0] && (!q.client_id[0] || api_client_id_ok(q.client_id)));
    word_ok(q.market);
    word_ok(q.account);
    MUST(api_read_order(text, n, &again, f) && memcmp(&q, &again, sizeof q) == 0); /* what is compared of two requests */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct api_fault f = {0};
    struct api_exits x;
    struct api_filter q;
    if (len == 0)
        return 0;
    char *text = malloc(len); /* exactly as long as the input, but for the end of a query */
    memcpy(text, data + 1, len - 1);
    text[len - 1] = 0;
    char *body = malloc(len > 1 ? len - 1 : 1);
    memcpy(body, text, len - 1);
    if (data[0] % 3 == 0)
        order(body, len - 1, &f);
    else if (data[0] % 3 == 1) {
        if (api_read_exits(body, len - 1, &x, &f))
            MUST((x.has_stop || x.has_target) && x.stop >= 0 && x.target >= 0);
    } else if (api_read_filter(text, data[0] & 64, &q, &f)) {
        MUST(q.limit >= 1 && q.limit <= API_LIST_MAX);
        for (const char *p = q.market; *p; p++)
            MUST(*p > 0x20 && *p < 0x7f);
    }
    for (const char *p = f.text; *p; p++)
        MUST((unsigned char)*p >= 0x20 && *p != 0x7f);
    free(text);
    free(body);
    return 0;
}
