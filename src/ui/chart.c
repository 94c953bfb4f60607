/* The chart: value range, axes, lines and candles. Integer arithmetic only; the same points give the same cells. */
#include "ui/chart.h"

#include <stdio.h>
#include <string.h>

#include "turret/base/utf8.h"
#include "ui/format.h"

#define COLUMNS_MAX 512

struct plot { /* one draw */
    struct canvas *c;
    struct rect at; /* the cells of the line itself, without axes */
    const struct chart *ch;
    int64_t low, high;
};

int64_t chart_step(int64_t range, int most) {
    static const int64_t steps[] = {1, 2, 5};
    int64_t unit = 1;
    if (most < 1)
        most = 1;
    for (;; unit *= 10)
        for (int i = 0; i < 3; i++)
            if (range / (unit * steps[i]) < most || unit > INT64_MAX / 100)
                return unit * steps[i];
}

static bool shown(const struct chart *ch, const struct chart_point *p) {
    return p->at_us >= ch->from_us && p->at_us <= ch->to_us;
}

bool chart_range(const struct chart *ch, int64_t *low, int64_t *high) {
    bool any = false;
    for (int i = 0; i < ch->n; i++) {
        const struct chart_point *p = &ch->points[i];
        if (!shown(ch, p))
            continue;
        const int64_t top = ch->kind == CHART_CANDLES ? p->high : p->close,
                      bottom = ch->kind == CHART_CANDLES ? p->low : p->close;
        *low = !any || bottom < *low ? bottom : *low;
        *high = !any || top > *high ? top : *high;
        any = true;
    }
    if (!any)
        return false;
    /* Own levels count when they are near: a far stop must not flatten the curve. */
    const int64_t range = *high - *low > 0 ? *high - *low : *high / 200 + 1;
    const int64_t low0 = *low, high0 = *high, near = range / 2;
    for (int i = 0; i < ch->n_levels; i++) {
        const int64_t v = ch->levels[i].value;
        if (v < *low && v >= low0 - near)
            *low = v;
        if (v > *high && v <= high0 + near)
            *high = v;
    }
    const int64_t pad = (*high - *low) / 20 + (*high == *low ? range : 0) + 1;
    *low -= pad;
    *high += pad;
    return true;
}

/* 0 (bottom) .. steps - 1 (top). */
static int step_of(const struct plot *p, int64_t value, int steps) {
    const __int128 at = (__int128)(value - p->low) * (steps - 1);
    const int64_t range = p->high - p->low;
    int64_t step = (int64_t)((at + range / 2) / range);
    return (int)(step < 0 ? 0 : step >= steps ? steps - 1 : step);
}

static int column_of(const struct plot *p, int64_t at_us, int columns) {
    const int64_t span = p->ch->to_us - p->ch->from_us;
    const int64_t col = span > 0 ? (int64_t)((__int128)(at_us - p->ch->from_us) * columns / span) : 0;
    return (int)(col < 0 ? 0 : col >= columns ? columns - 1 : col);
}

static int row_y(const struct plot *p, int64_t value) {
    return p->at.y + p->at.h - 1 - step_of(p, value, p->at.h);
}

static void label_of(const struct chart *ch, int64_t value, bool fine, char buf[FORMAT_MAX]) {
    if (ch->hide_axis)
        buf[0] = 0;
    else if (ch->market)
        format_price(ch->market, PRICE(value), fine ? FORMAT_FINE : 0, buf);
    else
        format_usd(USD(value), buf);
}

/* --- line --- */
/* Values by column: the last close that falls into it; columns without one take the one before (a line goes on). */
static int line_values(const struct plot *p, int columns, int64_t *value, bool *known) {
    memset(known, 0, (size_t)columns * sizeof *known);
    for (int i = 0; i < p->ch->n; i++)
        if (shown(p->ch, &p->ch->points[i])) {
            const int x = column_of(p, p->ch->points[i].at_us, columns);
            value[x] = p->ch->points[i].close;
            known[x] = true;
        }
    int first = -1, last = -1;
    for (int x = 0; x < columns; x++)
        if (known[x]) {
            first = first < 0 ? x : first;
            last = x;
        }
    for (int x = first + 1; first >= 0 && x <= last; x++)
        if (!known[x]) {
            value[x] = value[x - 1];
            known[x] = true;
        }
    return first;
}

static void braille_line(const struct plot *p) {
    static uint8_t dots[COLUMNS_MAX * 64];
    static const uint8_t bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    static int64_t value[COLUMNS_MAX * 2];
    static bool known[COLUMNS_MAX * 2];
    const int w = p->at.w, h = p->at.h < 64 ? p->at.h : 64;
    memset(dots, 0, sizeof dots);
    const int first = line_values(p, w * 2, value, known);
    for (int x = first; x >= 0 && x < w * 2 && known[x]; x++) {
        const int to = step_of(p, value[x], h * 4), from = x > first ? step_of(p, value[x - 1], h * 4) : to;
        /* Vertical run to the step before, so that a jump stays connected. */
        const int lo = from < to ? from + 1 : to, hi = from > to ? from - 1 : to;
        for (int step = from == to ? to : lo; step <= hi; step++) {
            const int up = h * 4 - 1 - step;
            dots[up / 4 * COLUMNS_MAX + x / 2] |= bit[up % 4][x % 2];
        }
    }
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            if (dots[y * COLUMNS_MAX + x])
                canvas_put(p->c, p->at.x + x, p->at.y + y, 0x2800u + dots[y * COLUMNS_MAX + x], p->ch->line, 0);
}

static void cell_line(const struct plot *p) {
    static int64_t value[COLUMNS_MAX];
    static bool known[COLUMNS_MAX];
    const bool block = p->ch->style == CHART_BLOCK;
    const int first = line_values(p, p->at.w, value, known);
    for (int x = first; x >= 0 && x < p->at.w && known[x]; x++) {
        const int steps = block ? p->at.h * 8 : p->at.h, to = step_of(p, value[x], steps);
        if (block) { /* an area: eighths at its edge */
            for (int y = 0; y < to / 8; y++)
                canvas_put(p->c, p->at.x + x, p->at.y + p->at.h - 1 - y, 0x2588, p->ch->line, 0);
            canvas_put(p->c, p->at.x + x, p->at.y + p->at.h - 1 - to / 8, 0x2581u + (uint32_t)(to % 8), p->ch->line, 0);
            continue;
        }
        const int from = x > first ? step_of(p, value[x - 1], steps) : to;
        for (int y = from < to ? from + 1 : to + 1; y < (from < to ? to : from); y++)
            canvas_put(p->c, p->at.x + x, p->at.y + p->at.h - 1 - y, '|', p->ch->line, 0);
        canvas_put(p->c, p->at.x + x, p->at.y + p->at.h - 1 - to, '*', p->ch->line, 0);
    }
}

/* --- candles --- */
struct bar {
    int64_t open, high, low, close;
    bool known;
};

static void draw_bar(const struct plot *p, int x, const struct bar *b) {
    const bool ascii = p->ch->style == CHART_ASCII, up = b->close >= b->open;
    const enum role role = up ? ROLE_UP : ROLE_DOWN;
    const int top = row_y(p, b->high), bottom = row_y(p, b->low);
    const int a = row_y(p, b->open), z = row_y(p, b->close);
    for (int y = top; y <= bottom; y++) {
        const bool body = y >= (a < z ? a : z) && y <= (a > z ? a : z);
        /* Shape tells up from down where there is no colour: full or shaded body. */
        const uint32_t cp = ascii ? (body ? (up ? '#' : 'o') : '|') : body ? (up ? 0x2588 : 0x2592) : 0x2502;
        canvas_put(p->c, x, y, cp, role, 0);
    }
}

static void draw_candles(const struct plot *p) {
    static struct bar bars[COLUMNS_MAX];
    const int pitch = p->at.w >= 60 ? 2 : 1, n = p->at.w / pitch;
    memset(bars, 0, sizeof bars);
    for (int i = 0; i < p->ch->n; i++) {
        const struct chart_point *pt = &p->ch->points[i];
        if (!shown(p->ch, pt))
            continue;
        struct bar *b = &bars[column_of(p, pt->at_us, n)];
        if (!b->known) {
            *b = (struct bar){pt->open, pt->high, pt->low, pt->close, true};
            continue;
        }
        b->high = pt->high > b->high ? pt->high : b->high;
        b->low = pt->low < b->low ? pt->low : b->low;
        b->close = pt->close;
    }
    for (int i = 0; i < n; i++)
        if (bars[i].known)
            draw_bar(p, p->at.x + i * pitch, &bars[i]);
}

/* --- axes and levels --- */
static void draw_level(const struct plot *p, int64_t value, enum role role, uint32_t cp) {
    if (value < p->low || value > p->high)
        return;
    const int y = row_y(p, value);
    for (int x = p->at.x; x < p->at.x + p->at.w; x += 2)
        canvas_put(p->c, x, y, cp, role, 0);
}

static void draw_price_axis(const struct plot *p, int axis_w) {
    char text[FORMAT_MAX];
    int64_t step = chart_step(p->high - p->low, p->at.h > 3 ? p->at.h / 2 : 1);
    if (p->ch->market && step < p->ch->market->tick.micro)
        step = p->ch->market->tick.micro; /* finer labels would all read the same */
    int64_t value = p->low / step * step;
    for (; value <= p->high; value += step) {
        if (value < p->low)
            continue;
        label_of(p->ch, value, false, text);
        canvas_right(p->c, p->at.x + p->at.w, row_y(p, value), axis_w, ROLE_AXIS, 0, text);
    }
    if (p->ch->last >= p->low && p->ch->last <= p->high && p->ch->last) {
        label_of(p->ch, p->ch->last, true, text);
        const int y = row_y(p, p->ch->last), w = utf8_str_width(text);
        canvas_fill(p->c, (struct rect){p->at.x + p->at.w, y, axis_w, 1}, ' ', ROLE_AXIS, 0);
        canvas_right(p->c, p->at.x + p->at.w, y, axis_w, ROLE_CHART, CELL_REVERSE, w <= axis_w ? text : "");
    }
}

static void draw_time_axis(const struct plot *p, int y) {
    static const int64_t minutes[] = {1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440, 2880, 10080};
    const int64_t span = p->ch->to_us - p->ch->from_us;
    int64_t step = minutes[13] * 60000000;
    for (int i = 0; i < 14; i++)
        if (span / (minutes[i] * 60000000) * 12 <= p->at.w) {
            step = minutes[i] * 60000000;
            break;
        }
    int next_free = p->at.x;
    for (int64_t t = (p->ch->from_us / step + 1) * step; t < p->ch->to_us; t += step) {
        const int x = p->at.x + column_of(p, t, p->at.w);
        char text[FORMAT_MAX];
        if (step < 86400LL * 1000000)
            format_minute(t, text);
        else
            format_day((int32_t)(t / 86400000000LL), text), memmove(text, text + 5, 6);
        if (x - 2 >= next_free && x + 3 <= p->at.x + p->at.w) {
            canvas_text(p->c, x - 2, y, 5, ROLE_AXIS, 0, text);
            next_free = x + 5;
        }
    }
}

static int axis_width(const struct chart *ch, int64_t low, int64_t high) {
    char a[FORMAT_MAX], b[FORMAT_MAX], d[FORMAT_MAX];
    label_of(ch, low, true, a);
    label_of(ch, high, true, b);
    label_of(ch, ch->last ? ch->last : high, true, d);
    int w = utf8_str_width(a);
    w = utf8_str_width(b) > w ? utf8_str_width(b) : w;
    w = utf8_str_width(d) > w ? utf8_str_width(d) : w;
    return w + 1 < CHART_AXIS_MAX ? w + 1 : CHART_AXIS_MAX;
}

void chart_draw(struct canvas *c, struct rect r, const struct chart *ch) {
    struct plot p = {.c = c, .ch = ch};
    if (r.h < 1 || r.w < 8 || !chart_range(ch, &p.low, &p.high))
        return;
    const int axis = r.w >= 20 ? axis_width(ch, p.low, p.high) : 0, time_axis = r.h >= 4;
    p.at = (struct rect){r.x, r.y, r.w - axis, r.h - time_axis};
    if (p.at.w > COLUMNS_MAX)
        p.at.w = COLUMNS_MAX;
    const bool ascii = ch->style == CHART_ASCII;
    if (ch->last)
        draw_level(&p, ch->last, ROLE_AXIS, ascii ? '.' : 0x2508);
    for (int i = 0; i < ch->n_levels; i++)
        draw_level(&p, ch->levels[i].value, ch->levels[i].role, ascii ? '-' : 0x2500);
    if (ch->kind == CHART_CANDLES)
        draw_candles(&p);
    else if (ch->style == CHART_BRAILLE)
        braille_line(&p);
    else
        cell_line(&p);
    for (int i = 0; i < ch->n_levels; i++)
        if (ch->levels[i].value >= p.low && ch->levels[i].value <= p.high)
            canvas_text(c, p.at.x, row_y(&p, ch->levels[i].value), p.at.w, ch->levels[i].role, 0, ch->levels[i].label);
    if (axis)
        draw_price_axis(&p, axis);
    if (time_axis)
        draw_time_axis(&p, r.y + r.h - 1);
}
