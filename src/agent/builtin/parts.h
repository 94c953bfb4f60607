/* What the built-in rules share: a market as they read it, and the calls they collect. The arguments of tools are written here only. */
#ifndef TURRET_AGENT_BUILTIN_PARTS_H
#define TURRET_AGENT_BUILTIN_PARTS_H

#include <cjson/cJSON.h>

#include "agent/sizing.h"
#include "turret/agent/builtin.h"

struct mind { /* one decision in the making */
    const struct desk *view;
    const struct model *m;
    int64_t now_us;
    struct builtin_decision *out;
    size_t said;
    cJSON *opens, *closes, *updates;
    int positions, opened; /* held before; asked for now */
};
void mind_begin(struct mind *x, const struct desk *view, const struct model *m, const struct run_snapshot *s, struct builtin_decision *out);
void mind_end(struct mind *x); /* turns what was collected into calls: closes, then tighter plans, then new positions */
void mind_say(struct mind *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct reading { /* a market, its indicators, and what the model holds there */
    struct view_market k;
    const struct frame *fast, *slow;
    double px, atr;
    const struct order *held; /* NULL = flat */
    int dir;                  /* of `held` in the market's own prices: +1 long or YES, -1 short or NO, 0 flat */
    char name[MARKET_SYMBOL_MAX];
};
/* False: it can't be read (unknown, no price, no ATR yet). */
bool mind_read(struct mind *x, market_id id, struct reading *r);
double reading_value(const struct reading *r, enum indicator i); /* of the 5-minute frame, forming candle included; NAN = none */
price reading_price(const struct market *m, double px);       /* to the nearest tick, inside the market's range */
const char *reading_text(const struct reading *r, double px); /* one of four turning buffers */

struct plan { /* a new position; prices in the market's own (YES) prices, 0 = none */
    enum order_side side;
    double stop, target, invalid;
    int64_t hold_s;      /* time exit, 0 = none */
    int confidence;
    int64_t share_ppm;   /* part of the allowed risk to take */
    int slots;           /* at most 1/slots of the allowed exposure */
    const char *why;     /* the invalidation, in words */
};
/* Asks for it; false and a word in the reasoning where nothing fits. */
bool mind_open(struct mind *x, const struct reading *r, const struct plan *p);
void mind_close(struct mind *x, const struct reading *r);
/* Moves the stop to `stop` (market's own price) if that tightens by at least a fifth of ATR and stays half an ATR off the price. */
bool mind_trail(struct mind *x, const struct reading *r, double stop, const char *why);
enum order_side reading_side(const struct market *m, int dir);

extern const struct builtin builtin_trend, builtin_meanrev, builtin_breakout, builtin_hold, builtin_random;

#endif
