/* A desk's view as tables that a test fills: for what the screen and the commands do with the figures, whatever the
 * desk would make of them. Linking this replaces desk/view. */
#ifndef TESTS_FAKE_VIEW_H
#define TESTS_FAKE_VIEW_H

#include "turret/desk/view.h"

#define FAKE_MAX 64
#define FAKE_NOW 1795176271000000LL /* 2026-11-20T12:04:31Z */

struct fake {
    int n_markets, n_accounts, n_orders, n_fills, n_notices, n_equity, n_pnl, n_days, n_trades, audit;
    struct market market[FAKE_MAX];
    struct view_market vm[FAKE_MAX]; /* m and book are set by fake_market */
    struct account account[8];
    struct view_account va[8];
    struct order order[FAKE_MAX];            /* a position lives in its order */
    struct view_position vp[FAKE_MAX];       /* of order[i] */
    struct fill fill[FAKE_MAX];              /* newest first */
    struct view_notice notice[FAKE_MAX * 4]; /* newest first */
    struct view_equity equity[FAKE_MAX];
    struct view_pnl pnl[FAKE_MAX];
    struct view_day day[FAKE_MAX];
    struct view_trade trade[FAKE_MAX];
    struct candle_series candles;
    struct intel *intel[FAKE_MAX];           /* of market[i], NULL = none; the test's own */
    struct metrics *metrics[8];              /* of account[i] */
    int n_models;
    struct model model[16];
    struct view_model vmodel[16];            /* m is set */
    bool run_alive;
    struct view_schedule schedule;
    struct risk_limits limits;
    struct view_preview preview;
    struct view_status status;
    struct view_venue venue[VENUE_COUNT]; /* where venue_set */
    bool venue_set[VENUE_COUNT];
    struct ev_claim claim[4];
    int64_t delayed_us[FAKE_MAX]; /* of order[i] */
};
extern struct fake fake;

/* Empty, with one paper account "main" and default limits. */
void fake_reset(void);
const struct desk *fake_desk(void);
/* Adds a market of the simulator: binary with ticks of a cent, or a perpetual with ticks of half a dollar. */
struct market *fake_market(enum market_kind kind, const char *symbol, const char *title);
void fake_level(const char *symbol, enum book_side side, const char *px, const char *size);
struct order *fake_order(const char *symbol, enum order_side side, enum order_action action, const char *size,
                         const char *limit);
/* An open position; its view gets mark, unrealized P&L and an exit at `mark`. */
struct order *fake_position(const char *symbol, enum order_side side, const char *size, const char *entry,
                            const char *mark);
/* A model with an account of its own of that equity; limits are the defaults. */
struct model *fake_model(const char *name, const char *variant, const char *equity);
void fake_notice(int level, const char *text); /* becomes the newest, a second after the one before */
int64_t fake_dec(const char *text);
/* A live account "main" at Polymarket (number 2) with a market, a position that is partly unsettled, an order, funds, winnings, health. */
void fake_live(void);
/* Five markets, four positions, orders, fills and notices: the screen of terminal.md E.1. */
void fake_scene(void);

#include "support/fake_view_impl.h"

#endif
