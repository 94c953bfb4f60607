/* Every closed position of every account, oldest first: a piece after the other by key, so that a million of them take
 * no more memory than one piece and no statement comes near its time limit. Closed positions don't change any more. */
#include "../store_trade.h"
#include "store_pg.h"

#include "turret/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 5000

#define O struct order
#define INT_(nm, f) {.name = nm, .type = "bigint", .kind = COL_INT, .off = offsetof(O, f), .size = sizeof(((O *)0)->f)}
#define DEC_(nm, f) {.name = nm, .type = "numeric", .kind = COL_DEC, .off = offsetof(O, f), .size = 8}
#define TIME_(nm, f) {.name = nm, .type = "timestamptz", .kind = COL_TIME, .off = offsetof(O, f), .size = 8}
static const char *side_word(int v) { return order_side_name((enum order_side)v); }
static const char *trigger_word(int v) { return close_trigger_name((enum close_trigger)v); }
static const char *outcome_word(int v) { return market_outcome_name((enum market_outcome)v); }
static const char *kind_word(int v) { return market_kind_name((enum market_kind)v); }
#define WORD_(nm, T, f, w) {.name = nm, .type = "text", .kind = COL_ENUM, .off = offsetof(T, f), .size = sizeof(((T *)0)->f), .word = w}
static const struct col trade_cols[] = {
    INT_("id", id),
    INT_("account_id", account),
    WORD_("side", O, side, side_word),
    WORD_("close_trigger", O, pos.close_trigger, trigger_word),
    DEC_("closed_quantity", pos.closed),
    DEC_("entry_price", pos.entry_price),
    DEC_("exit_price", pos.exit_price),
    DEC_("realized_pnl", pos.realized_pnl),
    DEC_("position_fees", pos.fees),
    DEC_("position_funding", pos.funding),
    TIME_("opened_at", pos.opened_us),
    TIME_("closed_at", pos.closed_us),
    DEC_("first_stop", pos.plan.stop),
    {.kind = COL_SIGN, .off = offsetof(O, pos.plan.confidence), .size = 2, .select = "o.exit_plan->>'confidence'"},
};
#undef O
static const struct col of_market[] = {
    WORD_("kind", struct market, kind, kind_word),
    WORD_("outcome", struct market, outcome, outcome_word),
};
static const struct row_type trade_row = {"orders", trade_cols, (int)(sizeof trade_cols / sizeof *trade_cols)};
static const struct row_type market_row = {"markets", of_market, 2};

struct trades {
    struct store_pg *s;
    void (*done)(struct store_pg *s);
    void (*failed)(struct store_pg *s, const struct pg_outcome *out);
    int got;
};

static void ask(struct trades *t);

static void on_rows(void *ctx, int index, const PGresult *r) {
    struct trades *t = ctx;
    (void)index;
    t->got = PQntuples(r);
    for (int i = 0; i < t->got; i++) {
        struct order o;
        struct market m;
        struct event ev;
        uint64_t venue = VENUE_NONE;
        memset(&o, 0, sizeof o);
        memset(&m, 0, sizeof m);
        row_read(r, i, 0, &trade_row, &o);
        row_read(r, i, trade_row.n, &market_row, &m);
        bool binary = !PQgetisnull(r, i, trade_row.n) && m.kind == MARKET_BINARY;
        (void)map_get(&t->s->venue_of, o.account, &venue);
        event_init(&ev, EVENT_LOAD_TRADE, (enum venue_id)venue, 0);
        ev.u.load_trade.account = o.account;
        trade_of_order(&o, o.pos.plan.stop, binary, (enum market_outcome)m.outcome, &ev.u.load_trade.trade);
        sp_event(t->s, &ev);
        t->s->trade_at = (struct trade_key){o.pos.closed_us, o.id};
    }
}

static void on_piece(void *ctx, const struct pg_outcome *out) {
    struct trades *t = ctx, got = *t;
    if (out->end == PG_DONE && t->got == PIECE) {
        ask(t);
        return;
    }
    got.s->trades = NULL;
    free(t);
    if (out->end == PG_DONE)
        got.done(got.s);
    else
        got.failed(got.s, out);
}

static void ask(struct trades *t) {
    struct str sql;
    char at[24], id[24];
    const char *values[] = {at, id};
    snprintf(at, sizeof at, "%lld", (long long)t->s->trade_at.closed_us);
    snprintf(id, sizeof id, "%lld", (long long)t->s->trade_at.id);
    str_init(&sql);
    str_add(&sql, "SELECT ");
    row_select(&sql, &trade_row, "o.");
    str_add(&sql, ", ");
    row_select(&sql, &market_row, "m.");
    str_addf(&sql,
             " FROM (SELECT *, coalesce(initial_stop, stop_loss_price) AS first_stop FROM orders WHERE status = 'CLOSED' AND (closed_at, id) > "
             "(timestamptz 'epoch' + $1::bigint * interval '1 microsecond', $2::bigint) ORDER BY closed_at, id LIMIT %d) o "
             "LEFT JOIN markets m ON m.id = o.market_id ORDER BY o.closed_at, o.id",
             PIECE);
    t->got = 0;
    pg_query(t->s->pg, sql.p, 2, values);
    pg_end(t->s->pg, on_rows, on_piece, t);
    str_free(&sql);
}

void trades_rewind(struct store_pg *s) {
    s->trade_at = (struct trade_key){.closed_us = -4611686018427387}; /* before any trade */
    s->history_at = 0;
}

void trades_start(struct store_pg *s, void (*done)(struct store_pg *), void (*failed)(struct store_pg *, const struct pg_outcome *)) {
    struct trades *t = s->trades = xcalloc(1, sizeof *t);
    *t = (struct trades){.s = s, .done = done, .failed = failed};
    ask(t);
}
