/* Reads recorded frames with a small strict scanner: the values of the known keys are kept as text, then read by kind. */
#include "import_frame.h"

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/market/tape.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 16

struct slice { const char *p; size_t n; };
struct scan { const char *p, *end; };

static void blanks(struct scan *s) {
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\r'))
        s->p++;
}
static bool next_is(struct scan *s, char c) {
    blanks(s);
    if (s->p >= s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

/* The bytes between the quotes, escapes as they stand. */
static bool scan_string(struct scan *s, struct slice *out) {
    if (!next_is(s, '"'))
        return false;
    out->p = s->p;
    for (; s->p < s->end; s->p++) {
        if (*s->p == '"') {
            out->n = (size_t)(s->p++ - out->p);
            return true;
        }
        if ((unsigned char)*s->p < 0x20 || (*s->p == '\\' && ++s->p >= s->end))
            return false;
    }
    return false;
}

static bool scan_bare(struct scan *s) { /* number, true, false, null */
    const char *from = s->p;
    while (s->p < s->end && (*s->p == '-' || *s->p == '+' || *s->p == '.' || (*s->p >= '0' && *s->p <= '9') || (*s->p >= 'a' && *s->p <= 'z') || *s->p == 'E'))
        s->p++;
    return s->p > from;
}

static bool scan_value(struct scan *s, int depth);

static bool scan_members(struct scan *s, bool object, int depth) {
    char close = object ? '}' : ']';
    s->p++;
    if (next_is(s, close))
        return true;
    do {
        struct slice key;
        if (object && (!scan_string(s, &key) || !next_is(s, ':')))
            return false;
        if (!scan_value(s, depth + 1))
            return false;
    } while (next_is(s, ','));
    return next_is(s, close);
}

static bool scan_value(struct scan *s, int depth) {
    struct slice text;
    blanks(s);
    if (s->p >= s->end || depth > DEPTH_MAX)
        return false;
    if (*s->p == '"')
        return scan_string(s, &text);
    if (*s->p == '{' || *s->p == '[')
        return scan_members(s, *s->p == '{', depth);
    return scan_bare(s);
}

enum key { K_STREAM, K_DATA, K_EVENT, K_SYMBOL, K_FIRST, K_LAST, K_PREV, K_BIDS, K_ASKS, K_BID_SIZE, K_ASK_SIZE, K_PRICE, K_SIZE,
           K_MAKER, K_SNAPSHOT, K_ALL_BIDS, K_ALL_ASKS, K_TIME, KEYS };
static const char *const key_names[KEYS] = {"stream", "data", "e", "s", "U", "u", "pu", "b", "a", "B", "A", "p", "q", "m", "lastUpdateId", "bids", "asks", "T"};
struct members { struct slice v[KEYS]; };

static int key_of(struct slice k) {
    for (int i = 0; i < KEYS; i++)
        if (strlen(key_names[i]) == k.n && memcmp(key_names[i], k.p, k.n) == 0)
            return i;
    return -1;
}

static bool scan_object(struct scan *s, struct members *m) {
    memset(m, 0, sizeof *m);
    if (!next_is(s, '{'))
        return false;
    if (next_is(s, '}'))
        return true;
    do {
        struct slice key;
        if (!scan_string(s, &key) || !next_is(s, ':'))
            return false;
        blanks(s);
        const char *from = s->p;
        if (!scan_value(s, 0))
            return false;
        int k = key_of(key);
        if (k >= 0)
            m->v[k] = (struct slice){from, (size_t)(s->p - from)};
    } while (next_is(s, ','));
    return next_is(s, '}');
}

static struct slice unquote(struct slice v) {
    if (v.n >= 2 && *v.p == '"')
        return (struct slice){v.p + 1, v.n - 2};
    return v;
}
static bool is(struct slice v, const char *text) {
    v = unquote(v);
    return v.n == strlen(text) && memcmp(v.p, text, v.n) == 0;
}

static bool number_u64(struct slice v, uint64_t *out) {
    uint64_t x = 0;
    if (v.n == 0 || v.n > 19)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return false;
        x = x * 10 + (uint64_t)(v.p[i] - '0');
    }
    *out = x;
    return true;
}

static bool number_price(struct slice v, price *px) {
    v = unquote(v);
    return v.p && dec_parse(v.p, v.n, &px->micro) && px->micro > 0 && px->micro <= TAPE_PRICE_MAX;
}
static bool number_size(struct slice v, qty *size) {
    v = unquote(v);
    return v.p && dec_parse(v.p, v.n, &size->micro) && size->micro >= 0 && size->micro <= TAPE_SIZE_MAX;
}

static bool fail(char why[REASON_MAX], const char *text) {
    str_copy(why, REASON_MAX, text);
    return false;
}

static bool level_add(struct frame *f, int *count, struct slice px, struct slice size) {
    size_t n = (size_t)f->n_bids + (size_t)f->n_asks;
    if (n >= TAPE_LEVELS_MAX)
        return false;
    f->levels = xgrow(f->levels, &f->cap, n + 1, sizeof *f->levels);
    if (!number_price(px, &f->levels[n].px) || !number_size(size, &f->levels[n].size))
        return false;
    ++*count;
    return true;
}

/* [["price","size", anything...], ...] */
static bool levels_read(struct frame *f, int *count, struct slice v) {
    if (!v.p)
        return false;
    struct scan s = {v.p, v.p + v.n};
    if (!next_is(&s, '['))
        return false;
    if (next_is(&s, ']'))
        return true;
    do {
        struct slice px = {0}, size = {0};
        if (!next_is(&s, '['))
            return false;
        blanks(&s);
        px.p = s.p;
        if (!scan_value(&s, 0))
            return false;
        px.n = (size_t)(s.p - px.p);
        if (!next_is(&s, ','))
            return false;
        blanks(&s);
        size.p = s.p;
        if (!scan_value(&s, 0))
            return false;
        size.n = (size_t)(s.p - size.p);
        while (next_is(&s, ','))
            if (!scan_value(&s, 0))
                return false;
        if (!next_is(&s, ']') || !level_add(f, count, px, size))
            return false;
    } while (next_is(&s, ','));
    return next_is(&s, ']');
}

/* "btcusdt@depth@0ms": the symbol is before the first '@'. */
static bool symbol_read(struct frame *f, struct slice stream, struct slice symbol) {
    struct slice v = unquote(stream.p ? stream : symbol);
    const char *at = v.p ? memchr(v.p, '@', v.n) : NULL;
    size_t n = at ? (size_t)(at - v.p) : v.n;
    *f->symbol = 0;
    if (!v.p || n == 0)
        return !v.p;
    if (n >= sizeof f->symbol)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = v.p[i];
        c = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
            return false;
        f->symbol[i] = c;
    }
    f->symbol[n] = 0;
    return true;
}

static bool stream_has(struct slice stream, const char *part) { return stream.p && memmem(stream.p, stream.n, part, strlen(part)); }

static enum frame_kind kind_of(const struct members *m, struct slice stream) {
    static const struct { const char *event; enum frame_kind kind; } events[] = {
        {"depthUpdate", FRAME_DIFF}, {"bookTicker", FRAME_TICKER}, {"trade", FRAME_TRADE}, {"aggTrade", FRAME_AGG_TRADE}, {"markPriceUpdate", FRAME_MARK},
    };
    if (m->v[K_SNAPSHOT].p)
        return FRAME_SNAPSHOT;
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (m->v[K_EVENT].p && is(m->v[K_EVENT], events[i].event))
            return events[i].kind;
    if (!m->v[K_EVENT].p && (stream_has(stream, "@bookTicker") || (m->v[K_BID_SIZE].p && m->v[K_ASK_SIZE].p)))
        return FRAME_TICKER; /* spot bookTickers do not say what they are */
    return FRAME_OTHER;
}

static bool body_read(struct frame *f, const struct members *m, char why[REASON_MAX]) {
    const struct slice *v = m->v;
    switch (f->kind) {
    case FRAME_DIFF:
        f->has_pu = f->futures = v[K_PREV].p != NULL;
        if (!number_u64(v[K_FIRST], &f->first_u) || !number_u64(v[K_LAST], &f->last_u) || (f->has_pu && !number_u64(v[K_PREV], &f->prev_u)))
            return fail(why, "a book change without its update numbers");
        if (!levels_read(f, &f->n_bids, v[K_BIDS]) || !levels_read(f, &f->n_asks, v[K_ASKS]))
            return fail(why, "a price or size of a book change can't be read");
        return true;
    case FRAME_SNAPSHOT:
        f->futures = v[K_TIME].p != NULL;
        if (!number_u64(v[K_SNAPSHOT], &f->last_u))
            return fail(why, "a snapshot without its update number");
        if (!levels_read(f, &f->n_bids, v[K_ALL_BIDS]) || !levels_read(f, &f->n_asks, v[K_ALL_ASKS]))
            return fail(why, "a price or size of a snapshot can't be read");
        return true;
    case FRAME_TICKER:
        f->futures = v[K_TIME].p != NULL;
        if (!number_u64(v[K_LAST], &f->last_u) || !level_add(f, &f->n_bids, v[K_BIDS], v[K_BID_SIZE]) || !level_add(f, &f->n_asks, v[K_ASKS], v[K_ASK_SIZE]))
            return fail(why, "a best bid or ask can't be read");
        if (f->levels[0].px.micro >= f->levels[1].px.micro)
            return fail(why, "best bid and ask are crossed");
        return true;
    case FRAME_TRADE:
    case FRAME_AGG_TRADE:
        if (v[K_PRICE].p && v[K_SIZE].p && (is(v[K_PRICE], "0") || is(v[K_SIZE], "0"))) {
            f->kind = FRAME_OTHER; /* liquidation bookkeeping in the futures stream, no trade */
            return true;
        }
        if (!number_price(v[K_PRICE], &f->px) || !number_size(v[K_SIZE], &f->size) || f->size.micro == 0)
            return fail(why, "a trade's price or size can't be read");
        f->buyer_is_maker = v[K_MAKER].p && is(v[K_MAKER], "true");
        return v[K_MAKER].p && (f->buyer_is_maker || is(v[K_MAKER], "false")) ? true : fail(why, "a trade that does not say who took");
    case FRAME_MARK:
        f->futures = true;
        return number_price(v[K_PRICE], &f->px) ? true : fail(why, "a mark price can't be read");
    case FRAME_OTHER: return true;
    }
    return false;
}

bool frame_read(struct frame *f, const char *line, size_t len, char why[REASON_MAX]) {
    struct scan s = {line, line + len};
    struct members outer, inner;
    uint64_t ns = 0;
    f->n_bids = f->n_asks = 0;
    f->has_pu = f->futures = false;
    while (s.p < s.end && *s.p >= '0' && *s.p <= '9')
        s.p++;
    if (!number_u64((struct slice){line, (size_t)(s.p - line)}, &ns) || s.p >= s.end || *s.p != ' ' || ns > INT64_MAX)
        return fail(why, "no receive time in nanoseconds at its start");
    f->at_us = (int64_t)(ns / 1000);
    if (!scan_object(&s, &outer))
        return fail(why, "not a JSON object");
    blanks(&s);
    if (s.p != s.end)
        return fail(why, "something follows the JSON object");
    const struct members *m = &outer;
    if (outer.v[K_DATA].p) {
        struct scan d = {outer.v[K_DATA].p, outer.v[K_DATA].p + outer.v[K_DATA].n};
        if (!scan_object(&d, &inner))
            return fail(why, "its data is not a JSON object");
        m = &inner;
    }
    if (!symbol_read(f, outer.v[K_STREAM], m->v[K_SYMBOL]))
        return fail(why, "a symbol that is none");
    f->kind = kind_of(m, outer.v[K_STREAM]);
    if (!body_read(f, m, why))
        return false;
    if (!*f->symbol && f->kind != FRAME_SNAPSHOT && f->kind != FRAME_OTHER)
        return fail(why, "a frame that does not name its symbol");
    return true;
}
