/* What the files about automations offer the others of the desk. Included by desk/state.h. */
#ifndef TURRET_DESK_PARTS_AUTO_H
#define TURRET_DESK_PARTS_AUTO_H

/* --- watch.c, watch_fire.c: snipers and alerts --- */
void intent_watch(struct desk *d, const struct intent *in);   /* WATCH_PUT, ARM, DISARM, CANCEL */
void watch_hit(struct desk *d, watch_id id);                  /* out of the index */
void watch_pending(struct desk *d, struct mkt *m);            /* those in their zone that wait, after a tick */
void watch_look(struct desk *d, watch_id id);                 /* is it in its zone already? */
void watch_order_over(struct desk *d, struct rec *r);
void watch_order_reversed(struct desk *d, const struct rec *r, usd value);
void watch_unsaved(struct desk *d, watch_id id);
void watches_listed(struct desk *d);                          /* a market is new */
void watches_timer(struct desk *d);
void watches_sweep(struct desk *d);
void watches_loaded(struct desk *d);
void watches_free(struct desk *d);
uint64_t hash_watches(const struct desk *d, uint64_t h);

/* --- autolog.c: history, refusals, notes --- */
void autolog_free(struct desk *d);
void history_add(struct desk *d, enum history_kind k, uint64_t id, const struct mkt *m, order_id order, const char *what, const char *fmt, ...) __attribute__((format(printf, 7, 8)));

/* --- follow.c: copy and counter trading --- */
void intent_follow(struct desk *d, const struct intent *in);  /* FOLLOW_PUT, ON, OFF, DELETE */
void follow_fill(struct desk *d, const struct fill *f);       /* a fill was booked: is it a model's that somebody follows? */
void follow_order_over(struct desk *d, struct rec *r);        /* an order of a follow came to its end */
void follow_reversed(struct desk *d, const struct fill *f, const struct rec *pos); /* a fill was taken back */
void follow_corrected(struct desk *d, const struct fill *f, const struct rec *pos, usd realized); /* it realized so much more */
void follow_order_reversed(struct desk *d, const struct rec *r);
void follow_closed(struct desk *d, const struct rec *pos);    /* a position of a follow closed */
void follow_timer(struct desk *d);                            /* each beat */
void follow_loaded(struct desk *d);                           /* at EVENT_LOADED */
void follow_step(struct desk *d);                             /* at the end of each step: what is due is decided, what changed is written */
void follow_unsaved(struct desk *d, const struct fx_save *s); /* its batch failed and is not tried again */
void follow_free(struct desk *d);
uint64_t hash_follows(const struct desk *d, uint64_t h);

/* --- router.c, links.c, router_place.c --- */
void intent_link(struct desk *d, const struct intent *in);    /* LINK_PUT, LINK_DELETE */
bool router_place(struct desk *d, const struct intent *in);   /* PLACE with a route: true = taken care of and answered */
void router_free(struct desk *d);
uint64_t hash_links(const struct desk *d, uint64_t h);
bool links_join(const struct desk *d, market_id a, market_id b); /* by links the same outcome */
usd walk_fee(const struct mkt *m, uint8_t side, int dir, qty size, price own_limit); /* of what walk_own gives, level by level */
bool preview_route(const struct desk *d, const struct intent *in, struct view_preview *out); /* false: an order like any other */
const char *router_text(const struct desk *d, const struct rec *r, enum err e, char out[NOTE_MAX]);

/* --- limits.c: trading state, breaker, what limits are used --- */
void trading_set(struct desk *d, enum trading_state s, const char *why);
void trading_load(struct desk *d, const char *value);
void intent_trading(struct desk *d, const struct intent *in);
void breaker_reject(struct desk *d, struct acct *a);
void breaker_load(struct desk *d, const char *account, const char *value); /* settings come before accounts */
void breaker_apply(struct desk *d, struct acct *a);
void breaker_clear(struct desk *d, struct acct *a);
int64_t account_drawdown_ppm(const struct acct *a);
usd total_exposure(const struct desk *d);
void refusal_keep(struct desk *d, const struct intent *in, enum err e, const char *text);

/* --- notes (autolog.c) --- */
void intent_remark(struct desk *d, const struct intent *in);

/* --- shell.c --- */
void num_keep(struct desk *d); /* a record is deleted and not read at the next start: its number is not given again */

#endif
