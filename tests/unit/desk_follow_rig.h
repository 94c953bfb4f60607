/* The bench for followed traders: a wallet, a configuration with generous bounds, and trades of that wallet. */
#ifndef TURRET_TESTS_DESK_FOLLOW_RIG_H
#define TURRET_TESTS_DESK_FOLLOW_RIG_H

#include "desk_rig.h"

#include "desk/state_follow.h"

#define WALLET "0xfeed00000000000000000000000000000000beef"
#define MODEL_ACCOUNT 2

static inline struct follow copy_of(const char *wallet) {
    struct follow f;
    follow_default(&f, FOLLOW_COPY);
    f.account = ACCOUNT;
    f.venue = VENUE_SIM;
    f.fixed = USD(10 * DEC_ONE);
    f.max_position = USD(5000 * DEC_ONE);
    str_copy(f.wallet, sizeof f.wallet, wallet);
    return f;
}

static inline struct follow counter_of(const char *wallet) {
    struct follow f;
    follow_default(&f, FOLLOW_COUNTER);
    f.account = ACCOUNT;
    f.venue = VENUE_SIM;
    str_copy(f.wallet, sizeof f.wallet, wallet);
    return f;
}

static inline enum err put_follow(struct rig *g, const struct follow *f, follow_id *id) {
    struct intent in = want(g, INTENT_FOLLOW_PUT);
    in.u.follow = *f;
    send_intent(g, &in);
    if (id != NULL)
        *id = fx_last(g, FX_REPLY)->u.reply.num;
    return last_reply(g);
}

static inline enum err follow_do(struct rig *g, enum intent_kind k, follow_id id) {
    struct intent in = want(g, k);
    in.order = id;
    send_intent(g, &in);
    return last_reply(g);
}

static inline follow_id follow_new(struct rig *g, const struct follow *f) {
    follow_id id = 0;
    assert_int_equal(put_follow(g, f, &id), ERR_OK);
    assert_int_not_equal(id, 0);
    assert_int_equal(follow_do(g, INTENT_FOLLOW_ON, id), ERR_OK);
    return id;
}

static inline struct event trade_event(struct rig *g, const char *wallet, const char *id, market_id m, enum order_side side, enum order_action action, double px, double size) {
    struct event ev = ev_of(EVENT_TARGET_TRADE);
    struct target_trade *t = &ev.u.target;
    *t = (struct target_trade){.market = m, .side = (uint8_t)side, .action = (uint8_t)action, .px = PX(px), .size = SZ(size), .at_us = g->now};
    str_copy(t->wallet, sizeof t->wallet, wallet);
    str_copy(t->trade, sizeof t->trade, id);
    return ev;
}

/* The wallet trades now. */
static inline void traded(struct rig *g, const char *id, market_id m, enum order_side side, enum order_action action, double px, double size) {
    struct event ev = trade_event(g, WALLET, id, m, side, action, px, size);
    put(g, &ev);
}

static inline const struct follow_trade *seen(struct rig *g, follow_id f, const char *id) {
    const struct ftrade *t = ftrade_find(g->d, f, id);
    return t != NULL ? &t->t : NULL;
}

static inline void assert_skipped(struct rig *g, follow_id f, const char *id, enum err why) {
    const struct follow_trade *t = seen(g, f, id);
    assert_non_null(t);
    if (t->status != FOLLOWED_SKIPPED || t->reason != (int32_t)why)
        print_error("%s: %s, %s (%s), not %s\n", id, follow_status_name((enum follow_status)t->status), err_name((enum err)t->reason), t->text, err_name(why));
    assert_int_equal(t->status, FOLLOWED_SKIPPED);
    assert_int_equal(t->reason, why);
    assert_int_equal(t->order, 0);
    assert_true(t->text[0] != 0);
}

static inline struct rec *assert_followed(struct rig *g, follow_id f, const char *id) {
    const struct follow_trade *t = seen(g, f, id);
    assert_non_null(t);
    if (t->status != FOLLOWED_EXECUTED)
        print_error("%s: %s, %s (%s)\n", id, follow_status_name((enum follow_status)t->status), err_name((enum err)t->reason), t->text);
    assert_int_equal(t->status, FOLLOWED_EXECUTED);
    struct rec *r = rec_find(g->d, t->order);
    assert_non_null(r);
    assert_int_equal(r->o.link, f);
    return r;
}

static inline void fill_all(struct rig *g, struct rec *r, double px) {
    char id[32];
    snprintf(id, sizeof id, "f-%llu", (unsigned long long)r->o.id);
    ack(g, r);
    struct event ev = fill_event(g, r, id, 1, px);
    ev.u.fill_ev.fill.size = order_rest(&r->o);
    put(g, &ev);
}

static inline void put_model(struct rig *g) {
    struct event ev = ev_of(EVENT_ACCOUNT);
    ev.u.account = (struct account){.id = MODEL_ACCOUNT, .venue = VENUE_SIM, .initial = USD(10000 * DEC_ONE)};
    str_copy(ev.u.account.name, sizeof ev.u.account.name, "alpha");
    put(g, &ev);
    ev = ev_of(EVENT_MODEL);
    ev.u.model.model = (struct model){.id = 1, .account = MODEL_ACCOUNT, .enabled = 1, .paused = 1};
    str_copy(ev.u.model.model.name, sizeof ev.u.model.model.name, "alpha");
    put(g, &ev);
    tick(g, 250000);
}

#endif
