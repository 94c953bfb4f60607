/* The grid of cells and the primitives that draw into it. Everything is clipped to the canvas; a wide character that is
 * half covered loses its other half, so that the grid never holds a broken one. */
#include "turret/ui/canvas.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"

#define ELLIPSIS 0x2026
#define TEXTF_MAX 1024

static const struct cell BLANK = {' ', ROLE_TEXT, 0, 0};

static void fill_blank(struct canvas *c) {
    for (int i = 0; i < c->w * c->h; i++)
        c->cells[i] = BLANK;
    c->cursor_x = c->cursor_y = -1;
    c->cursor_shown = false;
}

void canvas_init(struct canvas *c, int w, int h) {
    memset(c, 0, sizeof *c);
    canvas_resize(c, w, h);
}

void canvas_resize(struct canvas *c, int w, int h) {
    w = w < 0 ? 0 : w;
    h = h < 0 ? 0 : h;
    if (!c->cells || w != c->w || h != c->h)
        c->cells = xrealloc(c->cells, ((size_t)w * (size_t)h + 1) * sizeof *c->cells);
    c->w = w;
    c->h = h;
    fill_blank(c);
}

void canvas_free(struct canvas *c) {
    free(c->cells);
    memset(c, 0, sizeof *c);
}

static struct rect clip(const struct canvas *c, struct rect r) {
    if (r.x < 0) {
        r.w += r.x;
        r.x = 0;
    }
    if (r.y < 0) {
        r.h += r.y;
        r.y = 0;
    }
    if (r.w > c->w - r.x)
        r.w = c->w - r.x;
    if (r.h > c->h - r.y)
        r.h = c->h - r.y;
    if (r.w < 0 || r.h < 0)
        r.w = r.h = 0;
    return r;
}

/* Stores one cell; the other half of a wide character it hits becomes a blank. */
static void set(struct canvas *c, int x, int y, uint32_t cp, enum role role, unsigned flags) {
    struct cell *at = &c->cells[y * c->w + x];
    if ((at->flags & CELL_WIDE_TAIL) && x > 0 && !(flags & CELL_WIDE_TAIL))
        at[-1].cp = ' ';
    if (x + 1 < c->w && (at[1].flags & CELL_WIDE_TAIL)) {
        at[1].flags &= (uint8_t)~CELL_WIDE_TAIL;
        at[1].cp = ' ';
    }
    *at = (struct cell){cp, (uint8_t)role, (uint8_t)flags, 0};
}

void canvas_put(struct canvas *c, int x, int y, uint32_t cp, enum role role, unsigned flags) {
    if (x < 0 || y < 0 || x >= c->w || y >= c->h)
        return;
    flags &= CELL_REVERSE | CELL_BOLD;
    int width = cp < 0x7f ? (cp >= ' ' ? 1 : -1) : utf8_width(cp);
    if (width == 0)
        return;
    if (width < 0 || (width == 2 && x + 1 >= c->w))
        cp = width < 0 ? 0xfffd : ' ', width = 1;
    set(c, x, y, cp, role, flags);
    if (width == 2)
        set(c, x + 1, y, ' ', role, flags | CELL_WIDE_TAIL);
}

void canvas_clear(struct canvas *c, struct rect r, enum role role) {
    canvas_fill(c, r, ' ', role, 0);
}

void canvas_fill(struct canvas *c, struct rect r, uint32_t cp, enum role role, unsigned flags) {
    r = clip(c, r);
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++)
            canvas_put(c, x, y, cp, role, flags);
}

void canvas_paint(struct canvas *c, struct rect r, enum role role, unsigned flags) {
    r = clip(c, r);
    for (int y = r.y; y < r.y + r.h; y++) {
        for (int x = r.x; x < r.x + r.w; x++) {
            struct cell *at = &c->cells[y * c->w + x];
            at->role = (uint8_t)role;
            at->flags |= (uint8_t)(flags & (CELL_REVERSE | CELL_BOLD));
        }
    }
}

/* Columns of the text, stopping once it is known to be over `max`. */
static bool fits(const char *text, size_t n, int max) {
    int used = 0;
    for (size_t i = 0; i < n;) {
        int len = 1;
        uint32_t cp = (unsigned char)text[i] < 0x80 ? (unsigned char)text[i] : utf8_decode(text + i, n - i, &len);
        int width = cp < 0x7f ? 1 : utf8_width(cp);
        used += width < 0 ? 1 : width;
        if (used > max)
            return false;
        i += (size_t)len;
    }
    return true;
}

int canvas_text(struct canvas *c, int x, int y, int max, enum role role, unsigned flags, const char *text) {
    if (!text || y < 0 || y >= c->h || max <= 0 || x >= c->w)
        return 0;
    if (max > c->w - x)
        max = c->w - x;
    size_t n = strlen(text);
    bool whole = fits(text, n, max);
    int room = whole ? max : max - 1, used = 0;
    for (size_t i = 0; i < n;) {
        int len = 1;
        uint32_t cp = (unsigned char)text[i] < 0x80 ? (unsigned char)text[i] : utf8_decode(text + i, n - i, &len);
        int width = cp < 0x7f ? 1 : utf8_width(cp);
        if (width < 0)
            width = 1;
        if (used + width > room)
            break;
        canvas_put(c, x + used, y, cp, role, flags);
        used += width;
        i += (size_t)len;
    }
    if (!whole)
        canvas_put(c, x + used++, y, ELLIPSIS, role, flags);
    return used;
}

int canvas_textf(struct canvas *c, int x, int y, int max, enum role role, unsigned flags, const char *fmt, ...) {
    char buf[TEXTF_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    return canvas_text(c, x, y, max, role, flags, buf);
}

void canvas_right(struct canvas *c, int x, int y, int width, enum role role, unsigned flags, const char *text) {
    int used = utf8_str_width(text);
    canvas_text(c, used < width ? x + width - used : x, y, used < width ? used : width, role, flags, text);
}

void canvas_bar(struct canvas *c, int x, int y, int width, int64_t value, int64_t full, bool from_right, bool ascii, enum role role) {
    if (width <= 0 || full <= 0 || value <= 0)
        return;
    if (value > full)
        value = full;
    int steps = ascii ? 1 : 8;
    int64_t parts = (int64_t)((__int128)value * width * steps / full);
    if (parts == 0)
        parts = 1; /* something is not nothing */
    for (int i = 0; i < width && parts > 0; i++, parts -= steps) {
        int at = from_right ? x + width - 1 - i : x + i;
        if (ascii)
            canvas_put(c, at, y, '#', role, 0);
        else if (parts >= 8)
            canvas_put(c, at, y, 0x2588, role, 0);
        else if (!from_right)
            canvas_put(c, at, y, 0x2590 - (uint32_t)parts, role, 0);
        else /* there are no right blocks: the left rest, reversed */
            canvas_put(c, at, y, 0x2590 - (uint32_t)(8 - parts), role, CELL_REVERSE);
    }
}

void canvas_box(struct canvas *c, struct rect r, bool focused, bool ascii, const char *title, const char *right) {
    static const uint32_t LINES[8][6] = {/* horizontal, vertical, corners; the last four of real money */
                                         {0x2500, 0x2502, 0x250c, 0x2510, 0x2514, 0x2518},
                                         {0x2501, 0x2503, 0x250f, 0x2513, 0x2517, 0x251b},
                                         {'-', '|', '+', '+', '+', '+'},
                                         {'=', '|', '#', '#', '#', '#'},
                                         {0x2550, 0x2502, 0x2552, 0x2555, 0x2558, 0x255b},
                                         {0x2550, 0x2551, 0x2554, 0x2557, 0x255a, 0x255d},
                                         {'=', '|', '+', '+', '+', '+'},
                                         {'=', '#', '#', '#', '#', '#'}};
    const uint32_t *l = LINES[(c->live ? 4 : 0) + (ascii ? 2 : 0) + (focused ? 1 : 0)];
    enum role role = c->live ? ROLE_LIVE_BORDER : focused ? ROLE_FOCUS : ROLE_BORDER;
    if (r.w < 2 || r.h < 2)
        return;
    for (int x = r.x + 1; x < r.x + r.w - 1; x++) {
        canvas_put(c, x, r.y, l[0], role, 0);
        canvas_put(c, x, r.y + r.h - 1, l[0], role, 0);
    }
    for (int y = r.y + 1; y < r.y + r.h - 1; y++) {
        canvas_put(c, r.x, y, l[1], role, 0);
        canvas_put(c, r.x + r.w - 1, y, l[1], role, 0);
    }
    canvas_put(c, r.x, r.y, l[2], role, 0);
    canvas_put(c, r.x + r.w - 1, r.y, l[3], role, 0);
    canvas_put(c, r.x, r.y + r.h - 1, l[4], role, 0);
    canvas_put(c, r.x + r.w - 1, r.y + r.h - 1, l[5], role, 0);
    int used = 0, room = r.w - 4;
    if (title && *title && room > 2) {
        canvas_put(c, r.x + 2, r.y, ' ', role, 0);
        used = canvas_text(c, r.x + 3, r.y, room - 2, focused ? ROLE_FOCUS : ROLE_TITLE, CELL_BOLD, title);
        canvas_put(c, r.x + 3 + used, r.y, ' ', role, 0);
        used += 2;
    }
    int want = right && *right ? utf8_str_width(right) + 2 : 0;
    if (want == 0 || room - used < 5)
        return;
    int width = want < room - used - 1 ? want : room - used - 1, at = r.x + r.w - 2 - width;
    canvas_put(c, at, r.y, ' ', role, 0);
    canvas_text(c, at + 1, r.y, width - 2, ROLE_MUTED, 0, right);
    canvas_put(c, at + width - 1, r.y, ' ', role, 0);
}

char *canvas_dump(const struct canvas *c) {
    struct str out;
    str_init(&out);
    str_add(&out, "");
    for (int y = 0; y < c->h; y++) {
        if (y)
            str_addc(&out, '\n');
        int end = c->w;
        while (end > 0 && c->cells[y * c->w + end - 1].cp == ' ' && !(c->cells[y * c->w + end - 1].flags & CELL_WIDE_TAIL))
            end--;
        for (int x = 0; x < end; x++) {
            const struct cell *at = &c->cells[y * c->w + x];
            char buf[4];
            if (!(at->flags & CELL_WIDE_TAIL))
                str_add_n(&out, buf, utf8_encode(at->cp, buf));
        }
    }
    return out.p;
}

char *canvas_dump_roles(const struct canvas *c) {
    static const char LETTERS[] = ".abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static_assert(ROLE_COUNT < sizeof LETTERS, "a letter a role");
    struct str out;
    str_init(&out);
    str_add(&out, "");
    for (int y = 0; y < c->h; y++) {
        if (y)
            str_addc(&out, '\n');
        int end = c->w;
        while (end > 0 && c->cells[y * c->w + end - 1].role == ROLE_TEXT)
            end--;
        for (int x = 0; x < end; x++)
            str_addc(&out, LETTERS[c->cells[y * c->w + x].role]);
    }
    return out.p;
}
