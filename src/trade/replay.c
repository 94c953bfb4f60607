/* A watch over recorded values. */
#include "turret/trade/replay.h"

static void fire(struct replay *r, int64_t at_us) {
    const bool repeat = r->w.flags & WATCH_REPEAT;
    r->fired = true;
    if (r->over)
        return;
    if (r->w.budget.micro > 0 && !(r->w.flags & WATCH_UNITS) && r->spent.micro + r->w.amount > r->w.budget.micro) {
        r->over = true;
        return;
    }
    r->spent = usd_add_sat(r->spent, USD(r->w.flags & WATCH_UNITS ? 0 : r->w.amount));
    r->fires++;
    r->over = !repeat;
    if (r->shown < REPLAY_SHOWN)
        r->fire[r->shown++] = (struct replay_fire){at_us, r->last_value};
}

static bool deep(const struct replay *r, qty there) { return there.micro < 0 || (there.micro > 0 && there.micro >= r->w.depth.micro); }

/* The hold ends between two values: the last one counts on while it is young enough. */
static void run_hold(struct replay *r, int64_t at_us) {
    const int64_t due = r->since_us + (r->holds ? (int64_t)r->w.hold_ms * 1000 : 0);
    if (!r->in || r->fired || due > at_us)
        return;
    if (r->max_age_us && due - r->last_us > r->max_age_us)
        return; /* the book was too old by then: the next value decides */
    if (deep(r, r->last_there))
        fire(r, due > r->last_us ? due : r->last_us);
}

void replay_value(struct replay *r, int64_t at_us, int64_t value, qty there) {
    if (r->values++ == 0)
        r->first_us = at_us;
    if (r->w.expires_us && at_us >= r->w.expires_us)
        r->over = true;
    run_hold(r, at_us - 1);
    const bool in = watch_in_zone(&r->w, value);
    if (in && !r->in) {
        r->entries++;
        r->since_us = at_us;
        r->fired = false;
    } else if (!in && r->in && !r->fired) {
        r->near_misses++;
    }
    r->in = in;
    r->last_us = at_us;
    r->last_value = value;
    r->last_there = there;
    if (in && !r->fired && !deep(r, there))
        r->blocked++;
    run_hold(r, at_us);
}

void replay_end(struct replay *r, int64_t at_us) {
    if (r->values && at_us > r->last_us)
        run_hold(r, at_us);
}
