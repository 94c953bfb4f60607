/* Answers on a line held open: the same answer however the bytes are cut, never longer than allowed, its headers readable. */
#include "fuzz.h"

#include "io/http_line_answer.h"

enum { LONGEST = 512 };

static enum line_read feed(struct line_answer *a, const uint8_t *data, size_t len, size_t step) {
    enum line_read r = LINE_MORE;
    line_answer_init(a, LONGEST);
    for (size_t at = 0; at < len && r == LINE_MORE; at += step) {
        size_t n = at + step > len ? len - at : step;
        memcpy(line_answer_room(a, n), data + at, n);
        r = line_answer_look(a, n, false);
    }
    if (r == LINE_MORE) {
        (void)line_answer_room(a, 1);
        r = line_answer_look(a, 0, true);
        MUST(r != LINE_MORE);
    }
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct line_answer a, b;
    enum line_read x = feed(&a, data, len, len ? len : 1), y = feed(&b, data, len, len ? 1 + data[0] % 7 : 1);
    MUST(x == y);
    if (x == LINE_WHOLE) {
        MUST(a.status == b.status && a.status >= 200 && a.status < 1000 && a.body_len == b.body_len && a.body_len <= LONGEST);
        MUST(!memcmp(a.buf + a.body, b.buf + b.body, a.body_len) && a.buf[a.body + a.body_len] == '\0');
        const char *h = http_line_header(a.buf + a.head, "content-type"), *g = http_line_header(b.buf + b.head, "content-type");
        MUST(!h == !g && (!h || !strcmp(h, g)));
    } else if (x == LINE_BROKEN) {
        MUST(a.why && a.why[0]);
    }
    line_answer_free(&a);
    line_answer_free(&b);
    return 0;
}
