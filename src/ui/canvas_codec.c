/* Canvas differences as bytes, for viewers behind the control socket: a head, then runs (skip, repeat, literal) of cells.
 * Whatever arrives is checked whole before a cell is changed: a viewer trusts its engine's terminal text to nobody. */
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/utf8.h"
#include "turret/ui/canvas.h"

/* head: 'T' version w h cursor_x cursor_y (16 bits, little-endian), flags */
enum { HEAD_BYTES = 11, VERSION = 1, FLAG_WHOLE = 1, FLAG_CURSOR = 2, SIDE_MAX = 2000, CELLS_MAX = 400000 };
enum run_kind { RUN_SKIP, RUN_REPEAT, RUN_LITERAL }; /* varint count << 2 | kind; then role, flags, code point(s) */

struct buf { uint8_t *p; size_t len, cap; };

static void put8(struct buf *b, unsigned v) {
    b->p = xgrow(b->p, &b->cap, b->len + 1, 1);
    b->p[b->len++] = (uint8_t)v;
}
static void put16(struct buf *b, int v) {
    put8(b, (unsigned)v & 255u);
    put8(b, ((unsigned)v >> 8) & 255u);
}
static void put_var(struct buf *b, uint32_t v) {
    for (; v >= 128; v >>= 7)
        put8(b, (v & 127u) | 128u);
    put8(b, v);
}

static bool same(const struct cell *a, const struct cell *b) {
    return a->cp == b->cp && a->role == b->role && a->flags == b->flags;
}

uint8_t *canvas_encode(const struct canvas *from, const struct canvas *to, size_t *len) {
    static const struct cell blank = {' ', ROLE_TEXT, 0, 0};
    bool whole = !from || from->w != to->w || from->h != to->h;
    struct buf b = {0};
    put8(&b, 'T');
    put8(&b, VERSION);
    put16(&b, to->w);
    put16(&b, to->h);
    put16(&b, to->cursor_x);
    put16(&b, to->cursor_y);
    put8(&b, (whole ? FLAG_WHOLE : 0u) | (to->cursor_shown ? FLAG_CURSOR : 0u));
    int n = to->w * to->h;
    for (int i = 0; i < n;) {
        const struct cell *at = &to->cells[i];
        int run = 0;
        while (i + run < n && same(&to->cells[i + run], whole ? &blank : &from->cells[i + run]))
            run++;
        if (run) {
            if (i + run < n)
                put_var(&b, (uint32_t)run << 2 | RUN_SKIP);
            i += run;
            continue;
        }
        run = 1;
        while (i + run < n && same(at, at + run))
            run++;
        bool literal = run < 3;
        if (literal) { /* a literal ends where a repeat, a skip or another look begins */
            for (run = 1; i + run < n && at[run].role == at->role && at[run].flags == at->flags; run++) {
                if (same(&at[run], whole ? &blank : &from->cells[i + run]))
                    break;
                if (i + run + 2 < n && same(&at[run], &at[run + 1]) && same(&at[run], &at[run + 2]))
                    break;
            }
        }
        put_var(&b, (uint32_t)run << 2 | (literal ? RUN_LITERAL : RUN_REPEAT));
        put8(&b, at->role);
        put8(&b, at->flags);
        for (int k = 0; k < (literal ? run : 1); k++)
            put_var(&b, at[k].cp);
        i += run;
    }
    *len = b.len;
    return b.p;
}

struct reader { const uint8_t *p, *end; bool bad; };

static unsigned get8(struct reader *r) {
    if (r->p >= r->end) {
        r->bad = true;
        return 0;
    }
    return *r->p++;
}
static int get16(struct reader *r) {
    unsigned low = get8(r);
    return (int16_t)(uint16_t)(low | get8(r) << 8);
}
static uint32_t get_var(struct reader *r) {
    uint32_t v = 0;
    for (int shift = 0; shift <= 28; shift += 7) {
        unsigned byte = get8(r);
        v |= (uint32_t)(byte & 127u) << shift;
        if (byte < 128)
            return v;
    }
    r->bad = true;
    return 0;
}
static bool cp_good(uint32_t cp) {
    return cp >= ' ' && (cp < 0x7f || (cp <= 0x10ffff && utf8_width(cp) > 0));
}

/* Walks all runs; stores them only when c is given. False if they are malformed. */
static bool runs(struct reader *r, int n, struct canvas *c) {
    int at = 0;
    while (r->p < r->end) {
        uint32_t v = get_var(r);
        int count = (int)(v >> 2);
        unsigned kind = v & 3;
        if (r->bad || count <= 0 || count > n - at || kind > RUN_LITERAL)
            return false;
        if (kind == RUN_SKIP) {
            at += count;
            continue;
        }
        struct cell cell = {0, (uint8_t)get8(r), (uint8_t)get8(r), 0};
        if (r->bad || cell.role >= ROLE_COUNT || cell.flags > (CELL_REVERSE | CELL_BOLD | CELL_WIDE_TAIL))
            return false;
        for (int k = 0; k < count; k++) {
            if (k == 0 || kind == RUN_LITERAL)
                cell.cp = get_var(r);
            if (r->bad || !cp_good(cell.cp))
                return false;
            if (c)
                c->cells[at + k] = cell;
        }
        at += count;
    }
    return true;
}

bool canvas_decode(struct canvas *c, const uint8_t *bytes, size_t len) {
    struct reader r = {bytes, bytes + len, false};
    if (len < HEAD_BYTES || get8(&r) != 'T' || get8(&r) != VERSION)
        return false;
    int w = get16(&r), h = get16(&r), x = get16(&r), y = get16(&r);
    unsigned flags = get8(&r);
    if (w < 0 || h < 0 || w > SIDE_MAX || h > SIDE_MAX || w * h > CELLS_MAX || x < -1 || y < -1 || x >= w || y >= h || flags > 3)
        return false;
    if (!(flags & FLAG_WHOLE) && (w != c->w || h != c->h))
        return false;
    struct reader check = r;
    if (!runs(&check, w * h, NULL))
        return false;
    if (flags & FLAG_WHOLE)
        canvas_resize(c, w, h);
    runs(&r, w * h, c);
    c->cursor_x = x;
    c->cursor_y = y;
    c->cursor_shown = (flags & FLAG_CURSOR) != 0;
    return true;
}
