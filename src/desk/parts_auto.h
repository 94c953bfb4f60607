/* What the files about automations offer the others of the desk. Included by desk/state.h. */
#ifndef TURRET_DESK_PARTS_AUTO_H
#define TURRET_DESK_PARTS_AUTO_H

/* --- watch.c: snipers and alerts --- */
/* --- history.c --- */
void history_add(struct desk *d, enum history_kind k, uint64_t id, const struct mkt *m, order_id order, const char *what, const char *fmt, ...) __attribute__((format(printf, 7, 8)));

/* --- follow.c: copy and counter trading --- */
void intent_follow(struct desk *d, const struct intent *in);  /* FOLLOW_PUT, ON, OFF, DELETE */
void follow_fill(struct desk *d, const struct fill *f);       /* a fill was booked: is it a model's that somebody follows? */
void follow_order_over(struct desk *d, struct rec *r);        /* an order of a follow came to its end */
void follow_closed(struct desk *d, const struct rec *pos);    /* a position of a follow closed */
void follow_timer(struct desk *d);                            /* each beat */
void follow_loaded(struct desk *d);                           /* at EVENT_LOADED */
void follow_step(struct desk *d);                             /* at the end of each step: what is due is decided, what changed is written */
void follow_unsaved(struct desk *d, const struct fx_save *s); /* its batch failed and is not tried again */
void follow_free(struct desk *d);
uint64_t hash_follows(const struct desk *d, uint64_t h);

/* --- router.c --- */
void intent_link(struct desk *d, const struct intent *in);    /* LINK_PUT, LINK_DELETE */
bool router_place(struct desk *d, const struct intent *in);   /* PLACE with a route: true = taken care of and answered */
void router_free(struct desk *d);
uint64_t hash_links(const struct desk *d, uint64_t h);

/* --- limits.c: trading state, breaker, what limits are used --- */
void refusal_keep(struct desk *d, const struct intent *in, enum err e, const char *text);

/* --- remark.c --- */
void intent_remark(struct desk *d, const struct intent *in);

#endif
