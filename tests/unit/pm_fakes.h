/* Stand-ins for market data and the user stream, for tests of the files that call them: what the rig holds is what there is. */
#ifndef TURRET_TESTS_PM_FAKES_H
#define TURRET_TESTS_PM_FAKES_H

#include "pm_rig.h"

const struct pm_market *pm_market_by_id(const struct pm_data *d, market_id id) {
    (void)d;
    for (int i = 0; i < 2; i++)
        if (R.market[i].m.id == id)
            return &R.market[i];
    return NULL;
}
int pm_depth(const struct pm_data *d, market_id id, enum book_side side, struct level *out, int max) {
    (void)d, (void)id;
    int n = R.depth_count[side] < max ? R.depth_count[side] : max;
    memcpy(out, R.depth[side], (size_t)n * sizeof *out);
    return n;
}
void pm_market_over(struct pm_data *d, market_id id) { (void)d, (void)id; }
void pm_market_refresh(struct pm_data *d, market_id id, pm_market_fn *done, void *ctx) {
    R.refreshed++;
    done(ctx, pm_market_by_id(d, id));
}
const struct pm_hosts *pm_data_hosts(const struct pm_data *d) { return (void)d, &R.hosts; }
void pm_market_needs_drop(struct pm_data *d, const void *ctx) { (void)d, (void)ctx; }

/* {"id","taker_order_id","size","price"}: ours as taker. */
void pm_user_trade(struct pm_user *u, const struct json *trade, uint64_t round, int64_t now_us) {
    const char *id = "", *order = "";
    int64_t size = 0, px = 0;
    (void)u, (void)round;
    if (!json_get_str(trade, "id", JSON_REQUIRED, &id) || !json_get_str(trade, "taker_order_id", JSON_REQUIRED, &order) || !json_get_dec(trade, "size", JSON_REQUIRED, &size) ||
        !json_get_dec(trade, "price", JSON_REQUIRED, &px))
        return;
    struct fill f = {.account = 7, .market = R.market[0].m.id, .kind = FILL_TRADE, .finality = FILL_PROVISIONAL, .px = PRICE(px), .size = QTY(size), .at_us = now_us};
    snprintf(f.venue_trade, sizeof f.venue_trade, "%s", id);
    tracker_fill(R.session.tracker, &f, order, now_us);
}
void pm_user_order(struct pm_user *u, const struct json *order, uint64_t round, int64_t now_us) {
    const char *id = "";
    (void)u, (void)round;
    if (!json_get_str(order, "id", JSON_REQUIRED, &id))
        return;
    const struct tracked *t = tracker_by_venue_id(R.session.tracker, id);
    if (t)
        tracker_ack(R.session.tracker, t->id, id, now_us);
}
void pm_user_catch_up(struct pm_user *u, int64_t now_us) { (void)u, (void)now_us, R.caught_up++; }

#endif
