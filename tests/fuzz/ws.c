/* A WebSocket's bytes: the same messages and the same end however they are cut, whatever they are; what is to be sent stays well-formed. */
#include "fuzz.h"

#include "io/ws_wire.h"
#include "turret/base/str.h"

enum { LONGEST = 300 };
/* The answer to a request with a nonce of zeros. */
static const char good[] = "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n";

struct side { struct ws_wire *w; struct str heard; bool going, closing; };

static void on_open(void *ctx) { str_add(&((struct side *)ctx)->heard, "<open>"); }
static void on_pong(void *ctx) { str_add(&((struct side *)ctx)->heard, "<pong>"); }
static void on_message(void *ctx, const char *text, size_t len) {
    struct side *s = ctx;
    MUST(len <= LONGEST && text[len] == 0);
    str_add_n(&s->heard, text, len);
    str_addc(&s->heard, '|');
    if (len == 1 && text[0] == 's')
        ws_wire_stop(s->w);
    if (len == 1 && text[0] == 'c') {
        ws_wire_close(s->w, 1000);
        s->closing = true;
    }
    if (len == 1 && text[0] == 'a')
        (void)ws_wire_send(s->w, text, len, 1000);
}

static void start(struct side *s) {
    static const uint8_t nonce[16];
    const struct ws_wire_handler h = {s, on_open, on_message, on_pong};
    *s = (struct side){.going = true};
    s->w = ws_wire_new("h", "/", NULL, nonce, LONGEST, &h);
}
static void feed(struct side *s, const char *p, size_t n) {
    const char *out;
    if (s->going)
        s->going = ws_wire_feed(s->w, p, n);
    for (size_t k; (k = ws_wire_take(s->w, &out)) > 0;) {
        MUST(k <= 16384 && out);
        ws_wire_sent(s->w, k > 7 ? 7 : k);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct side whole, cut;
    if (len < 2)
        return 0;
    size_t step = 1 + data[0] % 9;
    bool upgraded = data[1] & 1;
    const char *p = (const char *)data + 2;
    len -= 2;
    start(&whole);
    start(&cut);
    if (upgraded) {
        feed(&whole, good, sizeof good - 1);
        feed(&cut, good, sizeof good - 1);
        MUST(ws_wire_opened(whole.w) && whole.going);
    }
    feed(&whole, p, len);
    for (size_t at = 0; at < len; at += step)
        feed(&cut, p + at, at + step > len ? len - at : step);
    struct ws_wire_end a, b;
    ws_wire_why(whole.w, &a);
    ws_wire_why(cut.w, &b);
    MUST((whole.going || a.why[0]) && (cut.going || b.why[0]));
    bool reason = a.status == 1007 || b.status == 1007 || whole.closing || cut.closing; /* the text in a close frame is checked piece by piece, as it comes */
    MUST(reason || (whole.going == cut.going && a.status == b.status && !strcmp(a.why, b.why)));
    MUST(reason || (whole.heard.len == cut.heard.len && (!whole.heard.len || !memcmp(whole.heard.p, cut.heard.p, whole.heard.len))));
    ws_wire_free(whole.w);
    ws_wire_free(cut.w);
    str_free(&whole.heard);
    str_free(&cut.heard);
    return 0;
}
