/* Answers of Polymarket of any status and body: an order counts as placed or refused only where the body says so, and whatever the body has in
 * it, the text is printable and short. */
#include "fuzz.h"

#include "turret/base/utf8.h"
#include "venue/polymarket/pm.h"

static void text_good(const struct pm_error *e) {
    char again[REASON_MAX];
    size_t n = strnlen(e->text, sizeof e->text);
    MUST(n < sizeof e->text);
    MUST(utf8_sanitise(again, sizeof again, e->text, n) == n && memcmp(again, e->text, n) == 0);
    MUST(e->err == ERR_OK || n > 0);
    MUST(e->err >= ERR_OK && e->err < ERR_COUNT);
    MUST(e->retry_after_ms >= -1 && e->retry_after_ms <= 3600000);
    MUST((e->balance.micro >= 0) == (e->needed.micro >= 0));
}

static void rules(enum pm_op op, const struct pm_error *e) {
    bool changes = op == PM_OP_PLACE || op == PM_OP_CANCEL;
    text_good(e);
    if (e->err == ERR_OK)
        MUST(e->definite);
    if (changes)
        MUST(e->definite == (e->err != ERR_OUTCOME_UNKNOWN && e->err != ERR_DUPLICATE) || (op == PM_OP_CANCEL && e->err == ERR_DUPLICATE));
    if (!e->definite)
        MUST(changes || op == PM_OP_LOGIN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static const int statuses[] = {200, 200, 200, 201, 204, 0, 302, 400, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504, 520, -1, 1000, 77777};
    static const enum err ways[] = {ERR_OK, ERR_OK, ERR_OK, ERR_OK, ERR_OK, ERR_UNREACHABLE, ERR_TIMEOUT, ERR_OUTCOME_UNKNOWN, ERR_OVERFLOW, ERR_CANCELLED, ERR_BAD_VALUE};
    struct pm_error e;
    if (len < 3)
        return 0;
    enum pm_op op = (enum pm_op)(data[0] % 4);
    char *body = malloc(len - 3 + 1);
    memcpy(body, data + 3, len - 3);
    body[len - 3] = 0;
    struct http_answer a = {.err = ways[data[2] % (sizeof ways / sizeof *ways)], .status = statuses[data[1] % (sizeof statuses / sizeof *statuses)], .body = body, .body_len = len - 3,
                            .retry_after_ms = data[0] & 64 ? -1 : (int64_t)data[2] * 100000, .content_type = data[0] & 128 ? "text/html; charset=UTF-8" : "application/json"};
    pm_error_of(op, &a, &e);
    rules(op, &e);
    if (a.err == ERR_OK && op == PM_OP_PLACE && e.err == ERR_OK) /* taken: it names an order, or is a list of answers */
        MUST(a.status >= 200 && a.status < 300 && (strstr(body, "orderID") || strchr(body, '[') || strchr(body, '\\')));
    pm_error_of_text(op, a.status, body, &e);
    rules(op, &e);
    free(body);
    return 0;
}
