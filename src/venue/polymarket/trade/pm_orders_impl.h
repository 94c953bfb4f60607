/* Sending orders from inside: pm_prepare.c (what is asked for), pm_orders.c (placing), pm_cancel.c, pm_query.c (asking after), pm_beat.c. */
#ifndef TURRET_VENUE_POLYMARKET_PM_ORDERS_IMPL_H
#define TURRET_VENUE_POLYMARKET_PM_ORDERS_IMPL_H

#include <ev.h>

#include "venue/polymarket/trade/pm_trade.h"

#define PM_BATCH_MAX 15
#define PM_SECOND_US 1000000LL

struct pm_out { /* an order on its way */
    order_id id;
    market_id market;
    qty size;
    bool immediate, sell;
    char venue_id[VENUE_ORDER_ID_MAX];
    char *json;
};
struct pm_batch { struct pm_orders *p; struct pm_batch *next; int n; struct pm_out o[PM_BATCH_MAX]; };

struct pm_wish { order_id id; char venue_id[VENUE_ORDER_ID_MAX]; int64_t since_us, next_us /* held: not before */; }; /* an order to be cancelled */
struct pm_cancel_call { struct pm_orders *p; struct pm_cancel_call *next; int n; uint8_t *gone; struct pm_wish *w; };

struct pm_query { /* an order that is asked after */
    struct pm_orders *p;
    struct pm_query *next;
    order_id id;
    int64_t since_us; /* just before it was sent */
    bool immediate;
    char venue_id[VENUE_ORDER_ID_MAX];
};
struct pm_delay { order_id id; int64_t until_us, ask_us; struct order row; };
struct pm_reading { struct pm_orders *p; struct pm_reading *next; pm_list_fn *end; void *ctx; }; /* trades being read */

/* An order that was prepared: it is signed while its row is being stored. */
struct pm_signed { order_id id; struct pm_domain domain; struct pm_order made; char token[PM_TOKEN_MAX], owner[64], type[4]; bool post_only; char *json; };
#define PM_SIGNED_MAX 32

struct pm_orders {
    struct pm_session *s;
    struct pm_signed ahead[PM_SIGNED_MAX];
    unsigned ahead_next;
    ev_timer sign;
    ev_timer flush;    /* the end of this turn */
    ev_timer held;     /* what waits for delayed orders */
    struct pm_batch *filling, *batches; /* of this turn; sent */
    struct pm_wish *wishes, *holds;     /* of this turn; of delayed orders */
    size_t wish_count, wish_cap, hold_count, hold_cap;
    struct pm_cancel_call *cancels;
    struct pm_query *queries;
    struct pm_reading *readings;
    struct pm_delay *delays;
    size_t delay_count, delay_cap;
    struct { ev_timer timer; char id[80]; bool running, started, warned; int64_t ok_us; } beat;
};

bool pm_order_immediate(const struct order *o);
const char *pm_order_type(const struct order *o);
void pm_orders_later(struct pm_orders *p); /* at the end of this turn */
void pm_orders_note(struct pm_orders *p, int level, const char *text);
void pm_orders_hold(struct pm_orders *p); /* looks at the delayed ones in a while */
bool pm_orders_delayed(const struct pm_orders *p, order_id id, int64_t now_us); /* the venue may still hold it back */

/* pm_ahead.c: signing before it is needed. */
void pm_ahead_init(struct pm_orders *p);
void pm_ahead_free(struct pm_orders *p);
void pm_ahead_add(struct pm_orders *p, const struct order *o, const struct pm_market *m, const struct pm_domain *d, const struct pm_order *made);
char *pm_ahead_json(struct pm_orders *p, const struct order *o, const struct pm_domain *d, const struct pm_order *made); /* malloc'd */

void pm_place_flush(struct pm_orders *p);
void pm_place_free(struct pm_orders *p);
void pm_cancel_flush(struct pm_orders *p);
void pm_cancel_held(struct pm_orders *p, int64_t now_us);
void pm_cancels_free(struct pm_orders *p);
void pm_query_free(struct pm_orders *p);
void pm_query_ask(struct pm_orders *p, const struct order *o, int64_t now_us);
/* Reads the account's trades since then into the tracker; then end. */
void pm_query_trades(struct pm_orders *p, int64_t since_us, pm_list_fn *end, void *ctx);
void pm_beat_start(struct pm_orders *p);
void pm_beat_free(struct pm_orders *p);

#endif
