/* Gives the stored state back as events, in the order the port promises, out of one snapshot. */
#include "store_pg.h"

#include "turret/base/mem.h"
#include "turret/io/log.h"
#include "turret/io/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOSED_MAX 1000
#define EQUITY_MAX 20000 /* all that retention keeps of an account: drawdown and return are of its whole life */
#define DAYS_MAX 400
#define FOLLOW_TRADES_MIN 2000

enum part { PART_BEGIN, PART_SETTING, PART_ACCOUNT, PART_MODEL, PART_MARKET, PART_CASH, PART_DAY, PART_LIVE, PART_CLOSED, PART_FILL, PART_EQUITY, PART_FOLLOW, PART_FOLLOW_TRADE, PART_LINK, PART_REMARK, PART_COMMIT };

/* Which orders: working ones, those with an open position, the newest closed ones. */
#define LIVE "SELECT id FROM orders WHERE state IN ('created', 'pending', 'partial') UNION SELECT id FROM orders WHERE status = 'OPEN'"
#define IS_LIVE "(state IN ('created', 'pending', 'partial') OR status IS NOT DISTINCT FROM 'OPEN')"
#define CLOSED "SELECT id FROM orders WHERE NOT " IS_LIVE " ORDER BY num DESC LIMIT %d"

static void query(struct store_pg *s, struct str *sql) {
    pg_query(s->pg, sql->p, 0, NULL);
    str_reset(sql);
}

static void select_all(struct store_pg *s, struct str *sql, const struct row_type *t, const char *tail) {
    str_add(sql, "SELECT ");
    row_select(sql, t, "");
    str_addf(sql, " FROM %s %s", t->table, tail);
    query(s, sql);
}

static void ask_markets(struct store_pg *s, struct str *sql) {
    str_add(sql, "SELECT p.account_id, p.realized, p.fees, p.funding, ");
    row_select(sql, &row_market, "m.");
    str_add(sql, " FROM markets m LEFT JOIN day_pnl p ON p.market_id = m.id AND p.day = (clock_timestamp() AT TIME ZONE 'UTC')::date "
                 "ORDER BY m.venue, m.symbol, p.account_id");
    query(s, sql);
}

static void ask_days(struct store_pg *s, struct str *sql) {
    str_addf(sql,
             "SELECT account_id, day - date '1970-01-01', coalesce(p.realized, 0), coalesce(p.fees, 0), coalesce(p.funding, 0), "
             "coalesce(d.start_equity, 0) FROM (SELECT account_id, day, sum(realized) AS realized, sum(fees) AS fees, "
             "sum(funding) AS funding FROM day_pnl WHERE day > current_date - %d GROUP BY account_id, day) p "
             "FULL JOIN (SELECT * FROM days WHERE day > current_date - %d) d USING (account_id, day) ORDER BY account_id, day",
             DAYS_MAX, DAYS_MAX);
    query(s, sql);
}

static void ask_orders(struct store_pg *s, struct str *sql, int closed) {
    str_add(sql, "SELECT ");
    row_select(sql, &row_order, "");
    str_add(sql, " FROM orders WHERE id IN (" LIVE ") ORDER BY state NOT IN ('created', 'pending', 'partial'), num");
    query(s, sql);

    str_add(sql, "SELECT ");
    row_select(sql, &row_order, "");
    str_addf(sql, " FROM orders WHERE id IN (" CLOSED ") ORDER BY num", closed);
    query(s, sql);

    str_addf(sql, "WITH pick AS MATERIALIZED (" LIVE " UNION (" CLOSED ")) SELECT ", closed);
    row_select(sql, &row_fill, "f.");
    str_add(sql, " FROM (SELECT * FROM fills WHERE order_id IN (SELECT id FROM pick) UNION "
                 "SELECT * FROM fills WHERE position_id IN (SELECT id FROM pick)) f ORDER BY f.seq");
    query(s, sql);
}

static void ask_equity(struct store_pg *s, struct str *sql) {
    str_add(sql, "SELECT ");
    row_select(sql, &row_equity, "");
    str_addf(sql, " FROM (SELECT *, row_number() OVER (PARTITION BY account_id ORDER BY at DESC) AS n FROM equity) e "
                  "WHERE n <= %d ORDER BY at, account_id", EQUITY_MAX);
    query(s, sql);
}

/* Those that wait, and what may still be told again: of the last two days, at least the newest of all. */
static void ask_follow_trades(struct store_pg *s, struct str *sql) {
    str_add(sql, "SELECT ");
    row_select(sql, &row_follow_trade, "f.");
    str_addf(sql, " FROM (SELECT * FROM follow_trades WHERE status = 'detected' UNION SELECT * FROM follow_trades WHERE seen_at > clock_timestamp() - interval '2 days' "
                  "UNION (SELECT * FROM follow_trades ORDER BY seen_at DESC, follow_id, trade_id LIMIT %d)) f ORDER BY seen_at, follow_id, trade_id", FOLLOW_TRADES_MIN);
    query(s, sql);
}

/* --- results --- */

static int64_t dec_at(const PGresult *r, int line, int col) {
    int64_t micro = 0;
    if (!PQgetisnull(r, line, col))
        (void)dec_parse_str(PQgetvalue(r, line, col), &micro);
    return micro;
}

static account_id account_at(const PGresult *r, int line, int col) {
    return PQgetisnull(r, line, col) ? 0 : (account_id)strtoul(PQgetvalue(r, line, col), NULL, 10);
}

static void fill_market(struct event *ev, const PGresult *r, int line) {
    struct ev_load_market *m = &ev->u.load_market;
    row_read(r, line, 4, &row_market, m);
    m->market.id = market_id_of((enum venue_id)m->market.venue, m->market.symbol);
    m->account = account_at(r, line, 0);
    m->realized.micro = dec_at(r, line, 1);
    m->fees.micro = dec_at(r, line, 2);
    m->funding.micro = dec_at(r, line, 3);
    ev->venue = m->market.venue;
}

static void fill_day(struct event *ev, const PGresult *r, int line) {
    struct ev_load_day *d = &ev->u.load_day;
    d->account = account_at(r, line, 0);
    d->day = (int32_t)strtol(PQgetvalue(r, line, 1), NULL, 10);
    d->realized.micro = dec_at(r, line, 2);
    d->fees.micro = dec_at(r, line, 3);
    d->funding.micro = dec_at(r, line, 4);
    d->start_equity.micro = dec_at(r, line, 5);
}

/* Whom an event of a load belongs to, by its account. */
static void set_venue(struct store_pg *s, struct event *ev) {
    uint64_t venue = ev->venue;
    if (ev->type == EVENT_ACCOUNT)
        map_put(&s->venue_of, ev->u.account.id, venue = ev->u.account.venue);
    else if (ev->type == EVENT_LOAD_ORDER)
        (void)map_get(&s->venue_of, ev->u.order.account, &venue);
    else if (ev->type == EVENT_LOAD_FILL)
        (void)map_get(&s->venue_of, ev->u.fill.account, &venue);
    else if (ev->type == EVENT_LOAD_CASH || ev->type == EVENT_LOAD_DAY || ev->type == EVENT_EQUITY)
        (void)map_get(&s->venue_of, *(const account_id *)&ev->u, &venue);
    ev->venue = (uint16_t)venue;
}

static void emit_rows(struct store_pg *s, enum part part, const PGresult *r) {
    static const struct {
        enum event_type type;
        const struct row_type *rows;
    } of[] = {
        [PART_SETTING] = {EVENT_SETTING, &row_setting}, [PART_ACCOUNT] = {EVENT_ACCOUNT, &row_account},
        [PART_MODEL] = {EVENT_MODEL, &row_model},
        [PART_MARKET] = {EVENT_LOAD_MARKET, NULL},      [PART_CASH] = {EVENT_LOAD_CASH, NULL},
        [PART_DAY] = {EVENT_LOAD_DAY, NULL},            [PART_LIVE] = {EVENT_LOAD_ORDER, &row_order},
        [PART_CLOSED] = {EVENT_LOAD_ORDER, &row_order}, [PART_FILL] = {EVENT_LOAD_FILL, &row_fill},
        [PART_EQUITY] = {EVENT_EQUITY, &row_equity},   [PART_FOLLOW] = {EVENT_FOLLOW, &row_follow},
        [PART_FOLLOW_TRADE] = {EVENT_FOLLOW_TRADE, &row_follow_trade},
        [PART_LINK] = {EVENT_LINK, &row_link},          [PART_REMARK] = {EVENT_REMARK, &row_remark},
    };
    struct event ev;
    for (int i = 0; i < PQntuples(r); i++) {
        event_init(&ev, of[part].type, VENUE_NONE, 0);
        if (part == PART_MODEL)
            ev.u.model.stored = 1; /* its record is the first member */
        if (of[part].rows)
            row_read(r, i, 0, of[part].rows, &ev.u);
        else if (part == PART_MARKET)
            fill_market(&ev, r, i);
        else if (part == PART_DAY)
            fill_day(&ev, r, i);
        else {
            ev.u.load_cash.account = account_at(r, i, 0);
            ev.u.load_cash.cash.micro = dec_at(r, i, 1);
        }
        set_venue(s, &ev);
        sp_event(s, &ev);
    }
}

static void on_rows(void *ctx, int index, const PGresult *r) {
    if (index > PART_BEGIN && index < PART_COMMIT)
        emit_rows(ctx, (enum part)index, r);
}

static void load_done(struct store_pg *s) {
    s->loading = false;
    s->want_load--;
    trades_rewind(s);
    struct event ev;
    event_init(&ev, EVENT_LOADED, VENUE_NONE, 0);
    sp_event(s, &ev);
    sp_step(s);
}

/* Stays wanted: tried again at the next connection. */
static void load_failed(struct store_pg *s, const struct pg_outcome *out) {
    s->loading = false;
    log_warn("store", "load: %s", out->text);
    if (out->end == PG_FAILED)
        pg_reset(s->pg, out->text);
}

static void on_trades(struct store_pg *s) { autos_start(s, load_done, load_failed); }

static void on_loaded(void *ctx, const struct pg_outcome *out) {
    if (out->end == PG_DONE)
        trades_start(ctx, on_trades, load_failed);
    else
        load_failed(ctx, out);
}

void load_start(struct store_pg *s) {
    struct str sql;
    str_init(&sql);
    s->loading = true;
    pg_query(s->pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", 0, NULL);
    select_all(s, &sql, &row_setting, "ORDER BY key");
    select_all(s, &sql, &row_account, "ORDER BY id");
    select_all(s, &sql, &row_model, "ORDER BY id");
    ask_markets(s, &sql);
    pg_query(s->pg, "SELECT a.id, coalesce(sum(l.amount), 0) FROM accounts a LEFT JOIN ledger l ON l.account_id = a.id GROUP BY a.id ORDER BY a.id",
             0, NULL);
    ask_days(s, &sql);
    ask_orders(s, &sql, s->cfg.closed_max ? s->cfg.closed_max : CLOSED_MAX);
    ask_equity(s, &sql);
    select_all(s, &sql, &row_follow, "WHERE NOT deleted ORDER BY id");
    ask_follow_trades(s, &sql);
    select_all(s, &sql, &row_link, "WHERE NOT deleted ORDER BY id");
    select_all(s, &sql, &row_remark, "ORDER BY kind, subject");
    pg_query(s->pg, "COMMIT", 0, NULL);
    pg_end(s->pg, on_rows, on_loaded, s);
    str_free(&sql);
}
