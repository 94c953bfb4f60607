/* Canvas to ncurses: one colour pair a role, and only the cells that differ from those shown. ncurses then finds the
 * cheapest way for the cursor. It is fed in bands: its bytes must fit the pipe nobody else reads. */
#include "screen_paint.h"

#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUN_MAX = 256 };

/* True colour: ncurses gets a number of its own for each colour; paint_direct puts the colour in its place. */
static short direct_number(struct paint *p, int32_t colour) {
    if (colour < 16)
        return (short)colour;
    for (int i = 0; i < p->direct_count; i++)
        if (p->direct[16 + i] == colour)
            return (short)(16 + i);
    if (p->direct_count == 240)
        return -1;
    p->direct[16 + p->direct_count] = colour;
    return (short)(16 + p->direct_count++);
}

static short number(struct paint *p, const struct theme_colour *c) {
    int32_t v = theme_pick(c, p->depth);
    return p->depth == DEPTH_TRUE ? direct_number(p, v) : (short)v;
}

void paint_theme(struct paint *p, const struct theme *t) {
    static const struct { unsigned attr; attr_t a; } map[] = {
        {ATTR_BOLD, A_BOLD}, {ATTR_DIM, A_DIM}, {ATTR_UNDERLINE, A_UNDERLINE}, {ATTR_REVERSE, A_REVERSE}, {ATTR_ITALIC, A_ITALIC}};
    p->direct_count = 0;
    for (int r = 0; r < ROLE_COUNT; r++) {
        const struct theme_role *role = &t->role[r];
        p->attrs[r] = A_NORMAL;
        for (size_t i = 0; i < sizeof map / sizeof *map; i++)
            if (role->attrs & map[i].attr)
                p->attrs[r] |= map[i].a;
        short fg = number(p, &role->fg), bg = number(p, &role->bg);
        if (p->depth == DEPTH_MONO && role->bg.c16 >= 0)
            p->attrs[r] |= A_REVERSE; /* a painted field must not vanish with its colour */
        if (p->depth == DEPTH_8 && role->fg.c16 >= 8)
            p->attrs[r] |= A_BOLD;
        if (p->depth != DEPTH_MONO && (fg >= 0 || bg >= 0) && init_pair((short)(r + 1), fg, bg) == OK)
            p->attrs[r] |= COLOR_PAIR(r + 1);
    }
    p->whole = true;
}

static wchar_t plain_char(uint32_t cp) { /* for terminals without UTF-8 */
    if (cp < 0x7f)
        return (wchar_t)cp;
    switch (cp) {
    case 0x2500: case 0x2501: return '-';
    case 0x2502: case 0x2503: case 0x2590: case 0x258c: return '|';
    case 0x2026: return '.';
    case 0x25ba: return '>';
    case 0x25b2: return '^';
    case 0x25bc: return 'v';
    case 0x2588: return '#';
    default: return cp >= 0x250c && cp < 0x2580 ? '+' : cp > 0x2580 && cp < 0x2590 ? '#' : '?';
    }
}

static bool same(const struct cell *a, const struct cell *b) {
    return a->cp == b->cp && a->role == b->role && a->flags == b->flags;
}

/* Cells [from, to) of a row, as one string of ncurses characters. */
static void put_run(struct paint *p, const struct canvas *c, int y, int from, int to) {
    cchar_t run[RUN_MAX];
    int n = 0;
    for (int x = from; x < to; x++) {
        const struct cell *at = &c->cells[y * c->w + x];
        if (at->flags & CELL_WIDE_TAIL)
            continue;
        wchar_t text[2] = {p->utf8 ? (wchar_t)at->cp : plain_char(at->cp), 0};
        attr_t a = p->attrs[at->role];
        if (at->flags & CELL_REVERSE)
            a ^= A_REVERSE;
        if (at->flags & CELL_BOLD)
            a = (a | A_BOLD) & ~(attr_t)A_DIM;
        if (setcchar(&run[n], text, a & ~(attr_t)A_COLOR, (short)PAIR_NUMBER(a), NULL) == OK)
            n++;
    }
    mvadd_wchnstr(y, from, run, n);
}

static int paint_row(struct paint *p, const struct canvas *c, int y) {
    int painted = 0;
    for (int x = 0; x < c->w;) {
        const struct cell *row = &c->cells[y * c->w], *old = &p->shown.cells[y * c->w];
        if (same(&row[x], &old[x])) {
            x++;
            continue;
        }
        int from = x;
        while (from > 0 && (row[from].flags & CELL_WIDE_TAIL))
            from--;
        while (x < c->w && x - from < RUN_MAX - 2 && !same(&row[x], &old[x]))
            x++;
        while (x < c->w && (row[x].flags & CELL_WIDE_TAIL))
            x++;
        put_run(p, c, y, from, x);
        painted += x - from;
    }
    return painted;
}

bool paint_canvas(struct paint *p, const struct canvas *c, int budget, void (*flush)(void *ctx), void *ctx) {
    int w = c->w < COLS ? c->w : COLS, h = c->h < LINES ? c->h : LINES, painted = 0;
    bool changed = false, whole = p->whole || c->w != p->shown.w || c->h != p->shown.h;
    if (w < c->w)
        return false; /* drawn for another size: the next one fits */
    if (whole) {
        canvas_resize(&p->shown, c->w, c->h);
        p->whole = false;
        erase();
        clearok(curscr, TRUE);
        wnoutrefresh(stdscr);
        doupdate();
        flush(ctx);
        changed = true;
    }
    for (int y = 0; y < h; y++) {
        int n = paint_row(p, c, y);
        changed = changed || n > 0;
        painted += n;
        if (painted >= budget) {
            wnoutrefresh(stdscr);
            doupdate();
            flush(ctx);
            painted = 0;
        }
    }
    int cx = c->cursor_x >= 0 && c->cursor_x < w ? c->cursor_x : 0, cy = c->cursor_y >= 0 && c->cursor_y < h ? c->cursor_y : h - 1;
    bool moved = cx != p->shown.cursor_x || cy != p->shown.cursor_y;
    if (!changed && !moved && p->cursor_shown == c->cursor_shown)
        return false;
    if (p->cursor_shown != c->cursor_shown)
        curs_set(c->cursor_shown);
    p->cursor_shown = c->cursor_shown;
    move(cy, cx);
    wnoutrefresh(stdscr);
    doupdate();
    flush(ctx);
    memcpy(p->shown.cells, c->cells, (size_t)c->w * (size_t)c->h * sizeof *c->cells);
    p->shown.cursor_x = cx;
    p->shown.cursor_y = cy;
    return true;
}

size_t paint_direct(const struct paint *p, const char *in, size_t n, char *out) {
    size_t len = 0;
    for (size_t i = 0; i < n;) {
        bool fg = n - i > 7 && memcmp(in + i, "\033[38;5;", 7) == 0, bg = n - i > 7 && memcmp(in + i, "\033[48;5;", 7) == 0;
        size_t end = i + 7;
        int v = 0;
        while ((fg || bg) && end < n && in[end] >= '0' && in[end] <= '9' && v < 1000)
            v = v * 10 + (in[end++] - '0');
        int32_t colour = (fg || bg) && end < n && in[end] == 'm' && v >= 16 && v < 16 + p->direct_count ? p->direct[v] : -1;
        if (colour < 0) {
            out[len++] = in[i++];
            continue;
        }
        if (colour & 0x1000000)
            len += (size_t)sprintf(out + len, "\033[%d;2;%d;%d;%dm", fg ? 38 : 48, colour >> 16 & 255, colour >> 8 & 255, colour & 255);
        else
            len += (size_t)sprintf(out + len, "\033[%d;5;%dm", fg ? 38 : 48, colour);
        i = end + 1;
    }
    return len;
}
