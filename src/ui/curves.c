/* Curves are drawn from the last to the first, so that the leader lies on top; labels give way downwards. */
#include "ui/curves.h"

#include <stdio.h>
#include <string.h>

#include "turret/base/dec.h"
#include "turret/base/utf8.h"
#include "ui/chart.h"
#include "ui/format.h"

#define COLUMNS 400
#define ROWS 64
#define LABEL_W 14

struct field { struct rect at; int64_t low, high, from, to; };

static bool range(const struct curves *cs, struct field *f) {
    bool any = false;
    for (int k = 0; k < cs->n; k++)
        for (int i = 0; i < cs->list[k].n; i++) {
            const struct curve_point *p = &cs->list[k].points[i];
            if (p->at_us < cs->from_us || p->at_us > cs->to_us)
                continue;
            f->low = !any || p->value < f->low ? p->value : f->low;
            f->high = !any || p->value > f->high ? p->value : f->high;
            any = true;
        }
    if (any && f->high == f->low) { /* a flat line lies in the middle */
        f->high += DEC_ONE;
        f->low -= DEC_ONE;
    }
    return any;
}

static int row_of(const struct field *f, int64_t v, int rows) {
    if (v < f->low)
        v = f->low;
    if (v > f->high)
        v = f->high;
    return rows - 1 - (int)((__int128)(v - f->low) * (rows - 1) / (f->high - f->low));
}

/* The value of every column: the last point in it; without one the value before goes on. */
static void spread(const struct curve *k, const struct field *f, int columns, int64_t *value, bool *known) {
    memset(known, 0, (size_t)columns * sizeof *known);
    int last = -1;
    for (int i = 0; i < k->n; i++) {
        const struct curve_point *p = &k->points[i];
        if (p->at_us < f->from || p->at_us > f->to)
            continue;
        int x = (int)((__int128)(p->at_us - f->from) * (columns - 1) / (f->to > f->from ? f->to - f->from : 1));
        value[x] = p->value;
        known[x] = true;
        last = x > last ? x : last;
    }
    for (int x = 1; x <= last; x++)
        if (!known[x] && known[x - 1]) {
            value[x] = value[x - 1];
            known[x] = true;
        }
}

static void draw_braille(struct canvas *c, const struct curve *k, const struct field *f) {
    static const uint8_t bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    static int64_t value[COLUMNS * 2];
    static bool known[COLUMNS * 2];
    const int columns = f->at.w * 2, rows = f->at.h * 4;
    spread(k, f, columns, value, known);
    for (int x = 0; x < columns; x++) {
        if (!known[x])
            continue;
        int to = row_of(f, value[x], rows), from = x > 0 && known[x - 1] ? row_of(f, value[x - 1], rows) : to;
        for (int y = from < to ? from + (from != to) : to; y <= (from < to ? to : from - (from != to)); y++) {
            const int cx = f->at.x + x / 2, cy = f->at.y + y / 4;
            const struct cell *cell = &c->cells[cy * c->w + cx];
            uint32_t dots = cell->cp >= 0x2800 && cell->cp <= 0x28FF ? cell->cp - 0x2800 : 0;
            canvas_put(c, cx, cy, 0x2800u + (dots | bit[y % 4][x % 2]), k->role, 0);
        }
    }
}

static void draw_ascii(struct canvas *c, const struct curve *k, const struct field *f) {
    static int64_t value[COLUMNS];
    static bool known[COLUMNS];
    spread(k, f, f->at.w, value, known);
    for (int x = 0; x < f->at.w; x++)
        if (known[x])
            canvas_put(c, f->at.x + x, f->at.y + row_of(f, value[x], f->at.h), k->number < 10 ? (uint32_t)('0' + k->number) : '*', k->role, 0);
}

static void label(const struct curves *cs, int64_t value, char buf[FORMAT_MAX]) {
    if (cs->hide_axis)
        buf[0] = 0;
    else if (cs->percent)
        snprintf(buf, FORMAT_MAX, "%.1f%%", (double)value / 1e6);
    else
        format_usd(USD(value), buf);
}

static int axis_width(const struct curves *cs, const struct field *f) {
    char a[FORMAT_MAX], b[FORMAT_MAX];
    label(cs, f->low, a);
    label(cs, f->high, b);
    const int x = utf8_str_width(a), y = utf8_str_width(b);
    return (x > y ? x : y) + 1;
}

static void draw_axis(struct canvas *c, const struct curves *cs, const struct field *f, int w) {
    char text[FORMAT_MAX];
    const int64_t step = chart_step(f->high - f->low, f->at.h > 3 ? f->at.h / 2 : 1);
    for (int64_t v = f->low / step * step; v <= f->high; v += step) {
        if (v < f->low)
            continue;
        label(cs, v, text);
        canvas_right(c, f->at.x - w, f->at.y + row_of(f, v, f->at.h), w - 1, ROLE_AXIS, 0, text);
    }
}

/* Names beside the curves' ends, in the order of their ends, each on a row of its own while there is room. */
static void draw_names(struct canvas *c, const struct curves *cs, const struct field *f, int w) {
    bool taken[ROWS] = {false};
    for (int k = 0; k < cs->n; k++) {
        const struct curve *v = &cs->list[k];
        if (v->n == 0)
            continue;
        int want = row_of(f, v->points[v->n - 1].value, f->at.h), y = -1;
        for (int d = 0; d < f->at.h && y < 0; d++) {
            if (want + d < f->at.h && !taken[want + d])
                y = want + d;
            else if (want - d >= 0 && !taken[want - d])
                y = want - d;
        }
        if (y < 0)
            return;
        taken[y] = true;
        canvas_textf(c, f->at.x + f->at.w + 1, f->at.y + y, w - 1, v->role, 0, "%d %s", v->number, v->name);
    }
}

static void draw_times(struct canvas *c, const struct field *f, int y) {
    const int64_t span = f->to - f->from;
    for (int i = 0; i < 3; i++) {
        char text[FORMAT_MAX];
        const int64_t at = f->from + span / 2 * i;
        if (span < 86400LL * 1000000)
            format_minute(at, text);
        else
            format_day((int32_t)(at / 86400000000LL), text), memmove(text, text + 5, 6);
        const int x = f->at.x + (i == 0 ? 0 : i == 1 ? f->at.w / 2 - 2 : f->at.w - 5);
        canvas_text(c, x, y, 6, ROLE_AXIS, 0, text);
    }
}

void curves_draw(struct canvas *c, struct rect r, const struct curves *cs) {
    struct field f = {.from = cs->from_us, .to = cs->to_us};
    if (r.w < 12 || r.h < 2 || !range(cs, &f))
        return;
    const int names = r.w >= 44 ? LABEL_W : r.w >= 30 ? 3 : 0, axis = r.w >= 30 ? axis_width(cs, &f) : 0, times = r.h >= 5;
    f.at = (struct rect){r.x + axis, r.y, r.w - axis - names, r.h - times};
    if (f.at.w > COLUMNS)
        f.at.w = COLUMNS;
    if (f.at.h > ROWS)
        f.at.h = ROWS;
    if (f.at.w < 4 || f.at.h < 1 || r.x < 0 || r.y < 0 || r.x + r.w > c->w || r.y + r.h > c->h)
        return;
    for (int k = cs->n; k-- > 0;)
        (cs->ascii ? draw_ascii : draw_braille)(c, &cs->list[k], &f);
    if (axis)
        draw_axis(c, cs, &f, axis);
    if (names)
        draw_names(c, cs, &f, names);
    if (times)
        draw_times(c, &f, r.y + r.h - 1);
}
