/* A chart of prices or money over time, drawn into cells: line or candles, in braille, block or ASCII characters. Pure.
 */
#ifndef UI_CHART_H
#define UI_CHART_H

#include "turret/market/candle.h"
#include "turret/market/market.h"
#include "turret/ui/canvas.h"

enum chart_style { CHART_BRAILLE, CHART_BLOCK, CHART_ASCII };
enum chart_kind { CHART_LINE, CHART_CANDLES };

struct chart_point {
    int64_t at_us, open, high, low, close;
}; /* micro units */
struct chart_level {
    int64_t value;
    const char *label;
    enum role role;
};

struct chart {
    enum chart_style style;
    enum chart_kind kind;
    const struct chart_point *points; /* oldest first */
    int n;
    int64_t from_us, to_us;           /* the span shown; points outside are left out */
    const struct chart_level *levels; /* own entry, stop, target ... */
    int n_levels;
    int64_t last;                /* last price line; 0 = none */
    const struct market *market; /* how the axis reads; NULL = money */
    bool hide_axis;              /* no labels: money is hidden */
    enum role line;
};

#define CHART_AXIS_MAX 12

void chart_draw(struct canvas *c, struct rect r, const struct chart *ch);
/* Value range of the points in the span, with the levels near it; false if there is nothing to draw. */
bool chart_range(const struct chart *ch, int64_t *low, int64_t *high);
/* A step of 1, 2 or 5 times a power of ten that puts at most `most` labels into the range. */
int64_t chart_step(int64_t range, int most);

#endif
