/* Followed traders, inside: the configurations, their targets' trades as each saw them, and what waits for its delay. */
#ifndef TURRET_DESK_STATE_FOLLOW_H
#define TURRET_DESK_STATE_FOLLOW_H

#include "desk/state.h"

#define FOLLOW_OVERLAP_US MINUTE_US     /* polls ask from so long before the newest trade known */
#define FOLLOW_KEEP_US (2 * DAY_US)     /* trades leave memory after that ... */
#define FOLLOW_KEEP 5000                /* ... or when there are more of one configuration; never those that still wait */
#define FOLLOW_WAITING 20000            /* of one configuration at most: a flood with a long delay */
#define FOLLOW_STEP 256                 /* decided in one step of the desk; the rest waits for the next */
#define FOLLOW_RETRY_US 250000          /* what is only not possible now is looked at again after that */
#define FOLLOW_WAIT_US (60 * SECOND_US) /* how long, where no age is set */

struct fol;
struct ftrade { /* a target's trade */
    struct follow_trade t;
    struct fol *f;
    uint64_t seq;    /* in the order they came */
    int64_t wake_us; /* DETECTED: when it is looked at (again) */
    bool dirty;
};
struct fol { /* a configuration */
    struct follow f;
    uint64_t key; /* of venue and wallet */
    char strategy[STRATEGY_MAX];
    struct ftrade **trades; /* oldest first */
    size_t n, cap, prune_at;
    uint32_t waiting;
    int64_t forgotten_us; /* trades up to then have left memory: what is as old can't be told apart from them */
    int64_t asked_us, told_us;
    bool dirty;
};
struct tracked { uint64_t key; uint8_t venue; bool up; char wallet[WALLET_MAX]; }; /* a wallet its venue was asked for */
struct follows {
    struct fol **list; /* by id */
    size_t n, cap;
    struct map trades; /* follow and trade id -> struct ftrade */
    struct map orders; /* order -> struct ftrade */
    struct ftrade **due;   /* heap by wake_us, then seq */
    size_t due_n, due_cap;
    struct ftrade **dirty; /* changed in this step */
    size_t dirty_n, dirty_cap;
    struct tracked *tracked;
    size_t tracked_n, tracked_cap;
    uint64_t seq;
    int64_t pruned_us;
    bool fol_dirty;
};

/* follow.c: the records */
struct follows *follows_get(struct desk *d);
struct fol *fol_find(const struct desk *d, follow_id id);
struct fol *fol_of_order(const struct desk *d, const struct order *o); /* whose order or position it is */
struct fol *fol_add(struct desk *d, const struct follow *f);
void fol_name(struct fol *f); /* its key and strategy, from the record */
void fol_save(struct desk *d, struct fol *f);
void ftrade_save(struct desk *d, struct ftrade *t);
struct ftrade *ftrade_find(const struct desk *d, follow_id f, const char *trade);
struct ftrade *ftrade_add(struct desk *d, struct fol *f, const struct follow_trade *t);
void ftrade_wake(struct follows *fs, struct ftrade *t, int64_t at_us);
struct ftrade *ftrade_due(struct follows *fs, int64_t now_us); /* takes the first that is due; NULL = none */
void ftrades_prune(struct desk *d, struct fol *f);
uint64_t wallet_key(uint8_t venue, const char *wallet);
void wallet_lower(char out[WALLET_MAX], const char *wallet);

/* follow_target.c: what targets do */
void follow_activity(struct desk *d, const struct fol *fresh); /* asks venues for the wallets that are followed now */
void target_seen(struct desk *d, struct fol *f, const struct target_trade *t, bool loop);
void follow_skip(struct desk *d, struct ftrade *t, enum err why, const char *text);

/* follow_check.c: what a target's trade comes to, now */
enum err follow_decide(struct desk *d, struct ftrade *t, struct draft *x, char text[REASON_MAX]);
bool follow_late(const struct desk *d, const struct follow *f, const struct follow_trade *t, int64_t none_us /* where no age is set; 0 = never */);
bool follow_own_trade(const struct desk *d, uint8_t venue, const char *trade, enum err *why);
bool follow_own_wallet(const struct desk *d, uint8_t venue, const char *wallet);

/* follow_figures.c: the day */
void follow_day(struct desk *d, struct fol *f);
void follow_pause(struct desk *d, struct fol *f);

#endif
