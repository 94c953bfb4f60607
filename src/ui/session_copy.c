/* Copying to the clipboard: OSC 52 with base64, which also works through SSH. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_private.h"
#include "turret/base/str.h"

enum { COPY_MAX = 8192 };

static void base64(struct str *out, const char *text, size_t n) {
    static const char A[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = 0;
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (i + k < n ? (unsigned char)text[i + k] : 0u);
        for (size_t k = 0; k < 4; k++)
            str_addc(out, k <= n - i ? A[v >> (18 - 6 * k) & 63] : '=');
    }
}

void session_copy(struct session *s, const char *what, const char *text) {
    struct str osc;
    size_t n = strlen(text);
    if (!s->host.emit || n > COPY_MAX) {
        session_message(s, NOTICE_WARN, "can't copy %s here", what);
        return;
    }
    str_init(&osc);
    str_add(&osc, "\033]52;c;");
    base64(&osc, text, n);
    str_add(&osc, "\a");
    s->host.emit(s->host.ctx, s, osc.p, osc.len);
    str_free(&osc);
    session_message(s, NOTICE_INFO, "copied %s: %.60s", what, text);
}
