/* What venues tell of orders, fills and accounts: bodies of events (turret/desk/event.h). Plain values without pointers. */
#ifndef TURRET_DESK_EVENT_VENUE_H
#define TURRET_DESK_EVENT_VENUE_H

#include "turret/trade/order.h"

struct ev_ack { order_id order; char venue_id[VENUE_ORDER_ID_MAX]; };
struct ev_fill { struct fill fill; char venue_order[VENUE_ORDER_ID_MAX]; }; /* fill.position is the desk's to set */
struct ev_done { order_id order; int32_t reason /* enum err: CANCELLED, EXPIRED, NO_LIQUIDITY ... */; qty filled /* venue's total */; char text[REASON_MAX]; };
struct ev_reject { order_id order; int32_t reason; char text[REASON_MAX]; }; /* place refused */
struct ev_refused { order_id order; int32_t reason; uint32_t what /* 0 cancel, 1 amend */; char text[REASON_MAX]; };
struct ev_amended { order_id order; price limit; qty size; };
struct ev_unknown { order_id order; char text[REASON_MAX]; };
struct ev_prepared { order_id order; char client_id[CLIENT_ID_MAX]; char venue_id[VENUE_ORDER_ID_MAX]; }; /* ids known before it is sent; no acknowledgement */
/* A fill told as provisional is settled: FILL_FINAL, or FILL_REVERSED (it never happened: taken back). */
struct ev_finality { account_id account; uint32_t finality; uint32_t leg, pad; char venue_trade[VENUE_ORDER_ID_MAX]; };
struct ev_delayed { order_id order; int64_t until_us; char text[REASON_MAX]; }; /* taken, but the venue holds it back: no fill to assume, not cancellable yet */
/* What an account can use, as the venue says; shown, not booked. Negative: not known. */
struct ev_funds { account_id account; uint32_t pad; usd balance, allowance /* the smallest of all that are needed */, locked /* by working orders */; };
/* Winnings to be claimed at the venue by the user: 0 takes the claim away. */
struct ev_claim { account_id account; uint32_t side; market_id market; qty size; usd amount; char where[REASON_MAX]; };
/* How a venue's connections are, about once a second. Ages count from the times; -1 and 0 = unknown. */
struct ev_health { uint8_t venue, market_up, user_up /* 2 = no account */, cancel_only; int32_t rate_left, rate_size /* requests, of the tightest bucket */;
                   uint32_t reconnects, books; int64_t market_us, user_us /* last byte */, latency_us /* last request */, skew_us /* their clock less ours */; };
struct ev_cash { account_id account; struct ledger_entry entry; }; /* funding, deposits: what is no fill */
struct ev_venue { uint8_t venue, up; uint8_t pad[6]; char text[REASON_MAX]; };
/* Reconciliation answer of one account: BEGIN, then what the venue has, then END. */
struct ev_recon_begin { account_id account; uint32_t venue; uint64_t round; };
struct ev_recon_order { account_id account; uint64_t round /* 0: told outside of a round */; struct order order; }; /* working order at the venue; one that is not ours keeps its id here */
struct ev_recon_fill { account_id account; uint64_t round; struct fill fill; };    /* known or not: booked once */
/* `net` in book units (YES, the contract), signed; `side` counts where the venue does not net: one event a side held, entry in that side's price. */
struct ev_recon_position { account_id account; uint64_t round; market_id market; qty net; price entry; uint32_t leverage, side; };
struct ev_recon_cash { account_id account; uint64_t round; usd cash; };
struct ev_recon_end { account_id account; uint32_t ok; uint64_t round; };

#endif
