/* The trading side of an account: orders (pm_orders.c: prepare, place, batch, cancel), the user stream and fills (pm_user.c), reconciliation
 * (pm_recon.c). venue.c holds one of it and its pm_data. */
#ifndef TURRET_VENUE_POLYMARKET_PM_TRADE_H
#define TURRET_VENUE_POLYMARKET_PM_TRADE_H

#include "venue/polymarket/trade/pm_clob.h"

struct pm_orders;
struct pm_user;

struct pm_session { /* what the parts of an account share; owned by venue.c */
    account_id account;          /* 0: not known yet */
    struct event_sink sink;
    struct pm_data *data;
    struct pm_clob *clob;
    struct tracker *tracker;
    struct pm_key *key;
    struct pm_address wallet;    /* maker */
    int signature_type;
    int64_t chain_id;
    struct pm_word builder;
    bool heartbeat;
    bool blocked;                /* geoblocked, or not known yet: no opening */
    bool closed_only;            /* the venue lets this account only close */
    bool ready;                  /* credentials are there and the version is right */
    bool ask_funds;              /* the balance has changed: venue.c asks soon */
    bool doubt_funds;            /* and makes the venue look at the chain first */
    usd balance;                 /* last known, -1: not known */
    struct pm_orders *orders;
    struct pm_user *user;
};

/* --- pm_orders.c: sending --- */
struct pm_orders *pm_orders_new(struct pm_session *s);
void pm_orders_free(struct pm_orders *o);
void pm_orders_start(struct pm_orders *o); /* credentials are there: heartbeats begin, if wanted */
/* venue_ops of the same names. client_id becomes "salt-timestamp-price", for what must fill at once and buys "-cents" too: with the row, all
 * that the request is made of. */
enum err pm_orders_prepare(struct pm_orders *p, struct order *o, int64_t now_us);
enum err pm_orders_place(struct pm_orders *p, const struct order *o, int64_t now_us); /* those of one loop turn leave as one batch of at most 15 */
enum err pm_orders_cancel(struct pm_orders *p, const struct fx_cancel *c, int64_t now_us); /* those of one turn leave as one DELETE */
enum err pm_orders_query(struct pm_orders *p, const struct order *o, int64_t now_us);
/* Builds the signed order of a row again. False: the row was not prepared here. */
bool pm_orders_build(const struct pm_session *s, const struct order *o, struct pm_domain *d, struct pm_order *out);

/* --- pm_user.c: the user stream; pm_recon.c: the venue's truth --- */
struct pm_user *pm_user_new(struct pm_session *s);
void pm_user_free(struct pm_user *u);
void pm_user_start(struct pm_user *u, int64_t now_us); /* credentials are there */
bool pm_user_up(const struct pm_user *u);
const char *pm_user_missing(const struct pm_user *u); /* why it is not up, in words; NULL: it is */
void pm_user_health(const struct pm_user *u, struct ev_health *h); /* user side filled in */
enum err pm_user_reconcile(struct pm_user *u, const struct fx_reconcile *r, int64_t now_us);
/* A trade of GET /data/trades or of the stream, of this account (taker, or rows of maker_orders that are ours), into the tracker. */
void pm_user_trade(struct pm_user *u, const struct json *trade, uint64_t round, int64_t now_us);
/* An order of GET /data/orders, /data/order/{id} or of the stream, into the tracker; round != 0: EVENT_RECON_ORDER too. */
void pm_user_order(struct pm_user *u, const struct json *order, uint64_t round, int64_t now_us);
/* Reads trades since then (REST) soon: an order was matched, a stream came back. */
void pm_user_catch_up(struct pm_user *u, int64_t now_us);

#endif
