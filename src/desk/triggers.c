/* The one index behind exits, snipers and alerts: a tick asks it, what fires goes to its owner. Stale data fires nothing. */
#include "desk/state.h"

void triggers_counted(struct mkt *m) { m->armed = trigger_count(m->triggers) > 0 || m->pending > 0; }

bool figure_of_lane(const struct mkt *m, enum trigger_price lane, price *out) {
    switch (lane) {
    case TRIGGER_BID: return mkt_touch(m, BOOK_BID, out);
    case TRIGGER_ASK: return mkt_touch(m, BOOK_ASK, out);
    case TRIGGER_MARK: *out = m->mark; return m->mark.micro > 0;
    case TRIGGER_LAST: *out = m->last; return m->last.micro > 0;
    case TRIGGER_PRICE_COUNT: break;
    }
    return false;
}

static void collect(struct desk *d, struct trigger_set *set, enum trigger_price source, price px) {
    struct trigger t;
    while (trigger_next(set, source, px, &t)) {
        d->fired = xgrow(d->fired, &d->fired_cap, d->fired_count + 1, sizeof *d->fired);
        d->fired[d->fired_count++] = t;
    }
}

void triggers_check(struct desk *d, struct mkt *m, unsigned lanes) {
    price px;
    if (m->gap || m->crossed || m->m.status != MARKET_OPEN || !mkt_fresh(d, m))
        return;
    d->fired_count = 0;
    for (int lane = 0; lane < TRIGGER_PRICE_COUNT; lane++)
        if ((lanes & (1u << lane)) && figure_of_lane(m, (enum trigger_price)lane, &px))
            collect(d, m->triggers, (enum trigger_price)lane, px);
    if (d->fired_count > 0) {
        for (uint16_t k = TRIGGER_STOP; k < TRIGGER_WATCH; k++) /* several hit at once: the stop wins */
            for (size_t i = 0; i < d->fired_count; i++)
                if (d->fired[i].kind == k)
                    exits_hit(d, &(struct trigger){.level = d->fired[i].level, .id = d->fired[i].id, .kind = k, .dir = d->fired[i].dir, .source = d->fired[i].source});
        for (size_t i = 0; i < d->fired_count; i++)
            if (d->fired[i].kind == TRIGGER_WATCH)
                watch_hit(d, (watch_id)d->fired[i].id);
        triggers_counted(m);
    }
    if (m->pending > 0)
        watch_pending(d, m);
}
