/* The view of automations: snipers, alerts, followed traders, links, limits in use, history, notes. Included by desk/view.h. */
#ifndef TURRET_DESK_VIEW_AUTO_H
#define TURRET_DESK_VIEW_AUTO_H

/* --- snipers and alerts --- */
struct view_watch {
    const struct watch *w;
    int64_t now;          /* the figure's value; 0 with known = false */
    bool known, stale;
    int64_t distance;     /* to the level, >= 0: 0 is in the zone */
    int64_t held_us;      /* it has been in the zone for; 0 = it is not */
    char why[REASON_MAX]; /* why it could not fire now, "" */
    unsigned near_misses; /* times it was in the zone and left before it fired */
    int64_t near_us, near_value, near_held_us; /* the last one */
};
size_t view_watch_count(const struct desk *d, enum watch_kind k, bool armed_only);
/* In order of their numbers: start with *cursor = 0, NULL at the end. live: only those that may still fire. */
const struct watch *view_next_watch(const struct desk *d, size_t *cursor, enum watch_kind k, bool live);
bool view_watch(const struct desk *d, watch_id id, struct view_watch *out);

/* --- copy and counter trading --- */
const struct follow *view_next_follow(const struct desk *d, int *cursor);
const struct follow *view_follow(const struct desk *d, follow_id id);
/* The trades of its target as it saw them, newest first; id 0 = of all. */
int view_follow_trades(const struct desk *d, follow_id id, const struct follow_trade **out, int max);
usd view_follow_pnl(const struct desk *d, const struct follow *f); /* realized and unrealized, after fees, of all its positions in memory */

/* --- router --- */
const struct market_link *view_next_link(const struct desk *d, int *cursor);
/* Where that order would go, over all markets linked with its own. */
void view_route(const struct desk *d, const struct intent *in, struct route *out);

/* --- risk --- */
struct view_limit { const struct risk_limit_info *info; account_id account /* 0 = all */; int64_t limit, used; bool breached; };
int view_limit_use(const struct desk *d, account_id a, struct view_limit *out, int max); /* rows of the risk table with what is used */
struct view_refusal { int64_t at_us; account_id account; market_id market; int32_t code; uint8_t source; char text[REASON_MAX]; };
int view_refusals(const struct desk *d, struct view_refusal *out, int max); /* newest first */

/* --- history and notes --- */
int view_history(const struct desk *d, int kind /* -1 = all */, uint64_t id /* 0 = all */, const struct history **out, int max); /* newest first */
const struct remark *view_remark(const struct desk *d, enum remark_kind k, uint64_t subject); /* NULL = none */
const struct remark *view_next_remark(const struct desk *d, int *cursor);

#endif
