/* Following another trader, one record for copy and counter trading: whom, how large, within which bounds, and today's figures. */
#ifndef TURRET_TRADE_FOLLOW_H
#define TURRET_TRADE_FOLLOW_H

#include "turret/trade/model.h"

#define WALLET_MAX 48
#define FOLLOW_CATEGORIES_MAX 96

typedef uint32_t follow_id; /* from the same counter as order numbers */

enum follow_kind { FOLLOW_COPY, FOLLOW_COUNTER, FOLLOW_KIND_COUNT };
enum follow_strategy { FOLLOW_INVERSE, FOLLOW_MIRROR, FOLLOW_STRATEGY_COUNT };
enum follow_sizing { SIZING_FIXED /* USD a trade */, SIZING_PERCENTAGE /* of the target's trade */, SIZING_MULTIPLIER, SIZING_COUNT };
enum follow_exit { EXIT_MIRROR /* a target's sell reduces ours */, EXIT_MANUAL, FOLLOW_EXIT_COUNT };

struct follow {
    follow_id id;
    account_id account;         /* who trades */
    uint8_t kind, strategy, sizing, exit;
    uint8_t enabled;            /* a person's word; new ones are off */
    uint8_t paused;             /* by today's loss; off again at midnight UTC */
    uint8_t venue;              /* of the wallet */
    uint8_t deleted;            /* the row stays for its history */
    uint8_t baselined;          /* the first poll is in: what is older is history, not to be followed */
    uint8_t pad[3];
    model_id model;             /* target: one of our own models; 0 = the wallet */
    char wallet[WALLET_MAX];    /* in the venue's own spelling, lower case */
    usd fixed;                  /* SIZING_FIXED */
    int64_t factor;             /* micro: 0.5 = 500000 (percentage 50 is 0.5 too) */
    usd max_trade, max_position, max_day;  /* caps of a trade, a position, a day's volume; 0 = none (max_position is required for copies) */
    usd max_day_loss;           /* dailyStopLoss, maxDailyLoss: pauses */
    usd min_liquidity;          /* in the book on the side taken */
    price min_price, max_price; /* own side's price (probability) we may pay; 0 = any */
    uint32_t delay_ms, max_age_ms /* oldest target trade that is still followed, on top of the delay */;
    uint32_t max_day_trades, max_positions; /* 0 = none */
    uint32_t stop_e4, target_e4; /* percent of the entry price, 1e-4: 500 = 5 % */
    uint16_t slippage_e4;       /* against the target's price */
    uint16_t version;
    char categories[FOLLOW_CATEGORIES_MAX]; /* by commas; "" = all */
    /* figures */
    int32_t day;                /* days since 1970 UTC these are of */
    uint32_t day_trades;
    usd day_volume, day_pnl;    /* realized, of the follow's own strategy, less fees */
    int64_t watermark_us;       /* newest target trade seen; polls ask from a little before it */
    int64_t created_us;
    uint64_t executed, skipped, failed;
};

enum follow_status { FOLLOWED_DETECTED, FOLLOWED_EXECUTED, FOLLOWED_FAILED, FOLLOWED_SKIPPED, FOLLOWED_COUNT };
/* A trade of a target as one follow saw it: unique by (follow, trade), so that it is followed once whatever is polled again. */
struct follow_trade {
    follow_id follow;
    uint8_t status, side, action;
    uint8_t our_side, our_action;
    uint8_t pad[3];
    int32_t reason;             /* enum err: why skipped or failed */
    uint32_t version;
    market_id market;
    price px;                   /* the target's, its own side's price */
    qty size;
    int64_t at_us, seen_us, due_us /* when the delay is over */;
    order_id order;             /* ours */
    usd total;                  /* what ours came to */
    char trade[VENUE_ORDER_ID_MAX]; /* the venue's id of the target's trade */
    char text[REASON_MAX];
};
/* What a venue's activity port (or the desk itself, for models) tells. */
struct target_trade {
    char wallet[WALLET_MAX];
    char trade[VENUE_ORDER_ID_MAX];
    market_id market;
    price px;
    qty size;
    int64_t at_us;
    uint8_t side, action;
    uint8_t baseline;           /* known from the first poll: remembered, not followed */
    uint8_t pad[5];
};

const char *follow_kind_name(enum follow_kind k);         /* "copy", "counter" */
const char *follow_strategy_name(enum follow_strategy s); /* "inverse", "mirror" */
const char *follow_sizing_name(enum follow_sizing s);     /* "fixed", "percentage", "multiplier" */
const char *follow_exit_name(enum follow_exit e);         /* "mirror", "manual" */
const char *follow_status_name(enum follow_status s);     /* "detected", "executed", "failed", "skipped" */
void follow_default(struct follow *f, enum follow_kind k);
/* Is what it says sensible? Pure. */
enum err follow_check(const struct follow *f, char text[REASON_MAX]);
/* The strategy its orders carry: "copy-12", "counter-12". */
void follow_strategy_of(const struct follow *f, char out[STRATEGY_MAX]);
/* Ours for a target's trade in that market: inverse takes the other side (yes <-> no, long <-> short) with the same action. */
void follow_ours(const struct follow *f, uint8_t side, uint8_t action, uint8_t *our_side, uint8_t *our_action);
/* USD of ours for a target's trade of that value, before caps. */
usd follow_size(const struct follow *f, usd target_value);
bool follow_takes_category(const struct follow *f, const char *category);

#endif
