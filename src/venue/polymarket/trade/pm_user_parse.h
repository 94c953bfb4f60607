/* Own orders and trades of Polymarket's user stream and private REST as plain records. Pure. What must be there and is not is an error, never a
 * zero; numbers come as numbers or strings, ".48", "" and null are taken; statuses with or without their prefix, in any case. */
#ifndef TURRET_VENUE_POLYMARKET_PM_USER_PARSE_H
#define TURRET_VENUE_POLYMARKET_PM_USER_PARSE_H

#include "turret/base/json.h"
#include "venue/polymarket/pm.h"

#define PM_OWNER_MAX 64

enum pm_order_status { PM_ORDER_OTHER, PM_ORDER_LIVE, PM_ORDER_MATCHED, PM_ORDER_DELAYED, PM_ORDER_UNMATCHED, PM_ORDER_OVER /* canceled, invalid */ };
struct pm_own_order {
    char id[VENUE_ORDER_ID_MAX]; /* lower case */
    char condition[PM_CONDITION_MAX], token[PM_TOKEN_MAX], owner[PM_OWNER_MAX], maker[PM_ADDRESS_TEXT];
    enum pm_order_status status;
    bool whole;         /* all that an order of another's hand is adopted by is there */
    bool sell, matched_known;
    uint8_t tif;        /* enum order_tif */
    price px;
    qty size, matched;
    int64_t expires_us; /* when the venue ends it (a minute before what was asked for); 0: never */
    int64_t created_us, at_us; /* 0: not given */
    enum err why;       /* PM_ORDER_OVER: why */
    char text[REASON_MAX];
};
bool pm_own_order_parse(const struct json *at, struct pm_own_order *out);

enum pm_role { PM_ROLE_UNKNOWN, PM_ROLE_TAKER, PM_ROLE_MAKER };
struct pm_own_trade { /* the top level: the taker's */
    char id[VENUE_ORDER_ID_MAX];
    char condition[PM_CONDITION_MAX], token[PM_TOKEN_MAX], taker_order[VENUE_ORDER_ID_MAX];
    char owner[PM_OWNER_MAX], trade_owner[PM_OWNER_MAX], maker[PM_ADDRESS_TEXT];
    enum pm_role role;  /* whose view it is told from */
    enum fill_finality finality;
    bool sell, millionths /* its makers' amounts are (pm_user_scale.c) */;
    price px;
    qty size;
    int64_t at_us;
    struct json makers; /* array, or no node */
};
struct pm_maker_leg { /* one of maker_orders */
    char order[VENUE_ORDER_ID_MAX], token[PM_TOKEN_MAX], owner[PM_OWNER_MAX], maker[PM_ADDRESS_TEXT];
    bool sell;
    price px;
    qty size;
};
bool pm_own_trade_parse(const struct json *at, struct pm_own_trade *out);
bool pm_maker_leg_parse(const struct json *at, const struct pm_own_trade *t, struct pm_maker_leg *out);

/* What the taker paid: the makers' prices where they add up to its size and are no worse for it than the price given (which may be its limit), else
 * that price. *value is the exact sum in collateral, the price its average; value.micro -1: not known better than price times size. */
void pm_taker_price(const struct pm_own_trade *t, price *px, usd *value);
/* The id a fill has here: that of the trade, and of which order of it. */
void pm_fill_id(const char *trade, const char *order, char out[VENUE_ORDER_ID_MAX]);
/* The trade's id of a fill's, for asking after it. False: it was too long to be kept. */
bool pm_fill_trade(const char *fill_id, char out[VENUE_ORDER_ID_MAX]);

/* Why an order ended: "CANCELED", "CANCELED_<reason>", "INVALID" ... */
enum err pm_end_reason(const char *status, char text[REASON_MAX]);
/* Decimals: further digits are cut. False: there and not to be read, or missing though needed. *given: there. */
bool pm_dec(const struct json *at, const char *key, bool need, int64_t *micro, bool *given);
/* Seconds, milliseconds or RFC 3339; "" and null are nothing. */
bool pm_time(const struct json *at, const char *key, int64_t *us);

#endif
