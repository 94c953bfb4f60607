/* Terminal bytes to keys. Unknown sequences and Alt are swallowed whole: their letters must never act as keys. */
#include "input.h"

#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/utf8.h"
#include "turret/ui/key.h"

#define PASTE_END "\033[201~"
enum { BATCH = 256 };

/* Keys of one read are collected first: whether they are a burst is known at its end. */
struct batch { struct input_event ev[BATCH]; int n, keys; input_fn *fn; void *ctx; bool force_burst; };

static void flush(struct batch *b) {
    for (int i = 0; i < b->n; i++) {
        b->ev[i].burst = b->keys > 1 || b->force_burst;
        b->fn(b->ctx, &b->ev[i]);
    }
    b->n = 0;
}

static void emit(struct batch *b, struct input_event ev) {
    if (b->n == BATCH) {
        b->force_burst = true;
        flush(b);
    }
    b->keys += ev.kind == INPUT_KEY;
    b->ev[b->n++] = ev;
}

static void emit_key(struct batch *b, uint32_t key) {
    if (key)
        emit(b, (struct input_event){.kind = INPUT_KEY, .key = key});
}

void input_init(struct input *in) { memset(in, 0, sizeof *in); }
void input_free(struct input *in) {
    free(in->paste);
    memset(in, 0, sizeof *in);
}

void input_add(struct input *in, const char *seq, uint32_t key) {
    size_t n = seq ? strlen(seq) : 0;
    if (n < 2 || n >= sizeof in->extra[0].seq || seq[0] != 27 || in->extra_count == INPUT_EXTRA_MAX)
        return;
    memcpy(in->extra[in->extra_count].seq, seq, n + 1);
    in->extra[in->extra_count++].key = key;
}

static uint32_t final_key(uint8_t c) { /* CSI and SS3 share these */
    switch (c) {
    case 'A': return KEYS_UP;
    case 'B': return KEYS_DOWN;
    case 'C': return KEYS_RIGHT;
    case 'D': return KEYS_LEFT;
    case 'H': return KEYS_HOME;
    case 'F': return KEYS_END;
    case 'Z': return KEYS_BTAB;
    case 'M': return KEYS_ENTER; /* keypad; SS3 only */
    case 'P': return KEYS_F1;
    case 'Q': return KEYS_F2;
    case 'R': return KEYS_F3;
    case 'S': return KEYS_F4;
    default: return 0;
    }
}

static uint32_t tilde_key(int n) {
    static const uint16_t table[25] = {[1] = 1, [2] = 2, [3] = 3, [4] = 4, [5] = 5, [6] = 6, [7] = 1, [8] = 4, [11] = 11, [12] = 12,
        [13] = 13, [14] = 14, [15] = 15, [17] = 16, [18] = 17, [19] = 18, [20] = 19, [21] = 20, [23] = 21, [24] = 22};
    static const uint32_t keys[] = {0, KEYS_HOME, KEYS_INSERT, KEYS_DELETE, KEYS_END, KEYS_PGUP, KEYS_PGDN};
    if (n < 0 || n > 24 || !table[n])
        return 0;
    return table[n] <= 6 ? keys[table[n]] : KEYS_F1 + (uint32_t)table[n] - 11;
}

static int numbers(const char *p, int *a) {
    int n = 0;
    a[0] = a[1] = 0;
    for (; *p; p++) {
        if (*p >= '0' && *p <= '9') {
            n = n ? n : 1;
            if (n <= 2 && a[n - 1] < 100000)
                a[n - 1] = a[n - 1] * 10 + (*p - '0');
        } else if (*p == ';') {
            n = n ? n + 1 : 2;
        }
    }
    return n;
}

/* A whole CSI sequence in seq. */
static void csi(struct input *in, struct batch *b) {
    uint8_t last = in->seq[in->seq_len - 1];
    char body[INPUT_SEQ_MAX];
    int a[2], len = in->seq_len - 3;
    memcpy(body, in->seq + 2, (size_t)len);
    body[len] = '\0';
    if (body[0] == '?') {
        if (last == 'y' && numbers(body + 1, a) == 2)
            emit(b, (struct input_event){.kind = INPUT_MODE, .mode = a[0], .value = a[1]});
        return;
    }
    if (body[0] == '<' || body[0] == '>' || body[0] == '=' || strpbrk(body, "$ \"'!"))
        return; /* mouse and reports */
    int n = numbers(body, a);
    bool alt = n >= 2 && a[1] > 1 && ((a[1] - 1) & ~1); /* Shift alone is let through */
    if (last == '~' && a[0] == 200) {
        in->pasting = true;
        in->overlong = false;
        in->paste_len = 0;
        in->tail = 0;
    } else if (last == '~') {
        emit_key(b, alt ? 0 : tilde_key(a[0]));
    } else if (last == 'I' && n == 0) {
        emit(b, (struct input_event){.kind = INPUT_FOCUS_IN});
    } else if (last == 'O' && n == 0) {
        emit(b, (struct input_event){.kind = INPUT_FOCUS_OUT});
    } else if (last != 'M' && last != 'R' && !alt) { /* R: also a cursor report */
        emit_key(b, final_key(last));
    }
}

static bool extra(struct input *in, struct batch *b) {
    for (int i = 0; i < in->extra_count; i++) {
        if (strlen(in->extra[i].seq) == (size_t)in->seq_len && memcmp(in->extra[i].seq, in->seq, (size_t)in->seq_len) == 0) {
            emit_key(b, in->extra[i].key);
            return true;
        }
    }
    return false;
}

static bool starts_utf8(uint8_t c) { return c >= 0xc2 && c < 0xf5; }
static int utf8_length(uint8_t c) { return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4; }

static void paste_byte(struct input *in, uint8_t c, struct batch *b) {
    static const char end[] = PASTE_END;
    if (c == (uint8_t)end[in->tail]) {
        if (++in->tail < (int)sizeof end - 1)
            return;
        in->pasting = false;
        flush(b);
        struct input_event ev = {.kind = INPUT_PASTE, .text = in->paste ? in->paste : "", .len = in->paste_len};
        b->fn(b->ctx, &ev);
        free(in->paste);
        in->paste = NULL;
        in->paste_len = in->paste_cap = 0;
        b->force_burst = true; /* keys in the same read as a paste are part of it to us */
        return;
    }
    int matched = in->tail;
    in->tail = c == 27 ? 1 : 0;
    for (int i = 0; i < matched + (in->tail ? 0 : 1); i++) {
        if (in->paste_len >= INPUT_PASTE_MAX)
            return;
        in->paste = xgrow(in->paste, &in->paste_cap, in->paste_len + 1, 1);
        in->paste[in->paste_len++] = i < matched ? end[i] : (char)c;
    }
}

/* A byte outside any sequence. */
static void plain(struct input *in, uint8_t c, struct batch *b) {
    if (c == 27 || starts_utf8(c)) {
        in->seq[0] = c;
        in->seq_len = 1;
    } else if (c == 8) {
        emit_key(b, KEYS_BACKSPACE);
    } else if (c == 10) {
        emit_key(b, KEYS_ENTER);
    } else if (c > 0 && c < 128) {
        emit_key(b, c);
    }
}

static void step(struct input *in, uint8_t c, struct batch *b) {
    if (in->seq_len == 0) {
        plain(in, c, b);
        return;
    }
    if (in->seq[0] != 27) { /* UTF-8 */
        if ((c & 0xc0) != 0x80) {
            in->seq_len = 0;
            plain(in, c, b);
            return;
        }
        in->seq[in->seq_len++] = c;
        if (in->seq_len == utf8_length(in->seq[0])) {
            int len = 0;
            uint32_t cp = utf8_decode((const char *)in->seq, (size_t)in->seq_len, &len);
            in->seq_len = 0;
            emit_key(b, cp != 0xfffd && utf8_width(cp) > 0 ? cp : 0);
        }
        return;
    }
    if (c == 27) { /* Esc Esc: the first was one, or the sequence broke off */
        if (in->seq_len == 1)
            emit_key(b, KEYS_ESC);
        in->seq_len = 1;
        in->overlong = false;
        return;
    }
    if (in->seq_len < INPUT_SEQ_MAX - 1)
        in->seq[in->seq_len++] = c;
    else
        in->overlong = true;
    bool done = false, was_csi = in->seq[1] == '[', was_ss3 = in->seq[1] == 'O';
    if (was_csi)
        done = in->seq_len > 2 && c >= 0x40 && c <= 0x7e && !(in->seq_len == 3 && c == '[');
    else if (was_ss3)
        done = in->seq_len == 3;
    else
        done = true; /* Alt and a character */
    if (!done)
        return;
    if (in->overlong)
        in->overlong = false;
    else if (!extra(in, b)) {
        if (was_csi && in->seq_len >= 3 && in->seq[2] == '[') /* Linux console: CSI [ A..E are F1..F5 */
            emit_key(b, c >= 'A' && c <= 'E' ? KEYS_F1 + (uint32_t)(c - 'A') : 0);
        else if (was_csi)
            csi(in, b);
        else if (was_ss3)
            emit_key(b, final_key(c));
    }
    in->seq_len = 0;
}

void input_feed(struct input *in, const uint8_t *bytes, size_t n, input_fn *fn, void *ctx) {
    struct batch b = {.fn = fn, .ctx = ctx};
    for (size_t i = 0; i < n; i++) {
        if (in->pasting)
            paste_byte(in, bytes[i], &b);
        else
            step(in, bytes[i], &b);
    }
    flush(&b);
}

bool input_pending(const struct input *in) { return in->seq_len > 0 && in->seq[0] == 27; }

void input_timeout(struct input *in, input_fn *fn, void *ctx) {
    if (!input_pending(in))
        return;
    bool lone = in->seq_len == 1;
    in->seq_len = 0;
    in->overlong = false;
    if (lone)
        fn(ctx, &(struct input_event){.kind = INPUT_KEY, .key = KEYS_ESC});
}
