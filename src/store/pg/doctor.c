/* The doctor: recomputes in SQL what the desk keeps as caches, out of fills and ledger, and lists what differs. It
 * shares no code with the desk on purpose. Blocking: for the command line's own process. */
#include "turret/store/pg.h"

#include "turret/base/str.h"
#include "turret/base/utf8.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

/* A tie goes to the even millionth, as usd_of and position arithmetic do; numeric's own round() would not. */
#define EVEN(x) "(CASE WHEN abs((" x ") * 1000000 - trunc((" x ") * 1000000)) = 0.5 " \
                "THEN 2 * round((" x ") * 500000) / 1000000 ELSE round((" x "), 6) END)"
/* A fill's price seen from the side of row o: a NO price is one minus a YES price. */
#define OWN "(CASE WHEN (f.side = 'no') <> (o.side = 'no') THEN 1 - f.price ELSE f.price END)"
/* Does the fill open the position of row o? (directions in the market's own book) */
#define BOOK_DIR "((f.action = 'buy') <> (f.side = 'no'))"
#define OPENS "(" BOOK_DIR " = (o.side IN ('yes', 'long')))"
#define REAL "f.finality <> 'reversed'"
/* A row that only goes on with another order's position has that order's fills. */
#define NO_CONTINUATION \
    "NOT EXISTS (SELECT 1 FROM fills f WHERE f.position_id = o.id AND f.order_id = o.parent_id AND " \
    "NOT EXISTS (SELECT 1 FROM fills g WHERE g.order_id = o.id))"

#define POSITION_SUMS                                                                                                          \
    "(SELECT o.*, coalesce(sum(f.quantity) FILTER (WHERE " OPENS "), 0) AS f_opened, "                                         \
    "coalesce(sum(f.quantity) FILTER (WHERE NOT " OPENS "), 0) AS f_closed, "                                                  \
    "coalesce(sum(" EVEN(OWN " * f.quantity") ") FILTER (WHERE " OPENS "), 0) AS f_in, "                                        \
    "coalesce(sum(" EVEN(OWN " * f.quantity") ") FILTER (WHERE NOT " OPENS "), 0) AS f_out, "                                   \
    "coalesce(sum(f.realized_pnl), 0) AS f_pnl, coalesce(sum(f.fee), 0) AS f_fees, count(f.order_id) AS f_count "               \
    "FROM orders o LEFT JOIN fills f ON f.position_id = o.id AND " REAL " WHERE o.status IS NOT NULL GROUP BY o.id) p "

static const struct check {
    const char *name, *sql;
} checks[] = {
    {"filled",
     "SELECT o.num, o.filled_quantity AS stored, coalesce(sum(f.quantity), 0) AS computed FROM orders o LEFT JOIN fills f "
     "ON f.order_id = o.id AND " REAL " WHERE " NO_CONTINUATION " GROUP BY o.id "
     "HAVING o.filled_quantity <> coalesce(sum(f.quantity), 0)"},
    {"fee",
     "SELECT o.num, o.fee AS stored, coalesce(sum(f.fee), 0) AS computed FROM orders o LEFT JOIN fills f "
     "ON f.order_id = o.id AND " REAL " WHERE " NO_CONTINUATION " GROUP BY o.id HAVING o.fee <> coalesce(sum(f.fee), 0)"},
    {"filled_value",
     "SELECT num, filled_value AS stored, computed FROM (SELECT o.id, o.num, o.filled_value, sum(" EVEN("t.px * t.quantity") ") AS computed "
     "FROM orders o JOIN (SELECT f.order_id, f.venue_trade_id, " OWN " AS px, sum(f.quantity) AS quantity FROM fills f "
     "JOIN orders o ON o.id = f.order_id WHERE " REAL " GROUP BY 1, 2, 3) t ON t.order_id = o.id "
     "WHERE o.source NOT IN ('reconcile', 'resolution') GROUP BY o.id) v WHERE filled_value <> computed"},
    {"avg_fill_price",
     "SELECT num, avg_fill_price AS stored, " EVEN("filled_value / nullif(filled_quantity, 0)") " AS computed FROM orders "
     "WHERE avg_fill_price IS DISTINCT FROM " EVEN("filled_value / nullif(filled_quantity, 0)")},
    {"state",
     "SELECT num, state AS stored, filled_quantity, quantity FROM orders "
     "WHERE (state = 'filled' AND filled_quantity + reversed_quantity < quantity) OR (state = 'partial' AND filled_quantity + reversed_quantity = 0)"},
    {"reversed",
     "SELECT o.num, o.reversed_quantity AS stored, coalesce(sum(f.quantity), 0) AS computed FROM orders o LEFT JOIN fills f "
     "ON f.order_id = o.id AND f.finality = 'reversed' GROUP BY o.id HAVING o.reversed_quantity <> coalesce(sum(f.quantity), 0)"},
    {"reversed_cash", /* what such a fill moved has come back: the entries under its own name and those that take it back are nothing together */
     "SELECT o.num, l.kind, sum(l.amount) AS stored, 0 AS computed FROM ledger l JOIN orders o ON o.id = l.order_id WHERE l.kind IN ('fill', 'fee') "
     "AND (l.ref LIKE 'reversed:%' OR EXISTS (SELECT 1 FROM fills f WHERE f.account_id = l.account_id AND f.venue_trade_id = l.ref AND f.finality = 'reversed')) "
     "GROUP BY o.id, l.kind HAVING sum(l.amount) <> 0"},
    {"open_quantity",
     "SELECT num, coalesce(open_quantity, 0) AS stored, f_opened - f_closed AS computed FROM " POSITION_SUMS
     "WHERE coalesce(open_quantity, 0) <> f_opened - f_closed OR coalesce(closed_quantity, 0) <> f_closed "
     "OR (status = 'OPEN') <> (coalesce(open_quantity, 0) > 0)"},
    {"cost", /* what went in, less what the closed part had cost: its proceeds less its gain */
     "SELECT num, coalesce(cost, 0) AS stored, f_in - f_out + f_pnl * (CASE side WHEN 'short' THEN -1 ELSE 1 END) AS computed FROM " POSITION_SUMS
     "WHERE coalesce(cost, 0) <> f_in - f_out + f_pnl * (CASE side WHEN 'short' THEN -1 ELSE 1 END)"},
    {"entry_price", /* exact while nothing was closed; later the shares of cost were rounded */
     "SELECT num, entry_price AS stored, cost / open_quantity AS computed FROM " POSITION_SUMS "WHERE status = 'OPEN' AND "
     "abs(entry_price * open_quantity - cost) > open_quantity * 0.0000005 + 0.000001 * (CASE WHEN f_closed = 0 THEN 0 ELSE f_count END)"},
    {"exit_value",
     "SELECT num, coalesce(exit_value, 0) AS stored, f_out AS computed FROM " POSITION_SUMS "WHERE coalesce(exit_value, 0) <> f_out"},
    {"realized_pnl",
     "SELECT num, coalesce(realized_pnl, 0) AS stored, f_pnl AS computed FROM " POSITION_SUMS "WHERE coalesce(realized_pnl, 0) <> f_pnl"},
    {"position_fees",
     "SELECT num, coalesce(position_fees, 0) AS stored, f_fees AS computed FROM " POSITION_SUMS "WHERE coalesce(position_fees, 0) <> f_fees"},
    {"reserved", /* no more than is open, nor than working exits still want */
     "SELECT p.num, p.reserved_quantity AS stored, least(p.open_quantity, coalesce(sum(x.quantity - x.filled_quantity), 0)) AS computed "
     "FROM orders p LEFT JOIN orders x ON x.parent_id = p.id AND x.state IN ('created', 'pending', 'partial') "
     "WHERE p.status = 'OPEN' GROUP BY p.id "
     "HAVING coalesce(p.reserved_quantity, 0) > least(p.open_quantity, coalesce(sum(x.quantity - x.filled_quantity), 0))"},
    {"one_open", /* a market, or a side of it where the venue does not net */
     "SELECT o.account_id, o.strategy, o.market_id, count(*) AS stored, 1 AS computed FROM orders o LEFT JOIN markets m ON m.id = o.market_id "
     "WHERE o.status = 'OPEN' GROUP BY 1, 2, 3, CASE WHEN m.venue = 'polymarket' THEN o.side END HAVING count(*) > 1"},
    {"orphan_fills",
     "SELECT f.venue_trade_id, f.order_id, f.position_id FROM fills f LEFT JOIN orders o ON o.id = f.order_id "
     "LEFT JOIN orders p ON p.id = f.position_id WHERE o.id IS NULL OR (f.position_id IS NOT NULL AND p.id IS NULL)"},
    {"orphan_rows",
     "SELECT 'order_events' AS stored_in, order_id AS id FROM order_events e WHERE NOT EXISTS (SELECT 1 FROM orders WHERE id = e.order_id) "
     "UNION SELECT 'ledger', order_id FROM ledger l WHERE order_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM orders WHERE id = l.order_id) "
     "UNION SELECT 'orders without account', id FROM orders o WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE id = o.account_id) "
     "UNION SELECT 'orders without market', id FROM orders o WHERE NOT EXISTS (SELECT 1 FROM markets WHERE id = o.market_id)"},
    {"fees_in_cash",
     "SELECT coalesce(f.account_id, l.account_id) AS account_id, coalesce(f.ref, l.ref) AS ref, coalesce(l.amount, 0) AS stored, "
     "-coalesce(f.fee, 0) AS computed FROM (SELECT account_id, venue_trade_id AS ref, sum(fee) AS fee FROM fills GROUP BY 1, 2) f "
     "FULL JOIN (SELECT account_id, ref, amount FROM ledger WHERE kind = 'fee' AND ref NOT LIKE 'reversed:%') l USING (account_id, ref) "
     "WHERE coalesce(l.amount, 0) <> -coalesce(f.fee, 0)"},
    /* Cash of trading by account and market: binary contracts cost and return their price, perpetuals their gain. Only
     * where one strategy holds all: with several, cash follows the account's whole, positions follow the parts. */
    {"cash",
     "SELECT c.account_id, c.market_id, coalesce(l.amount, 0) AS stored, c.cash AS computed FROM "
     "(SELECT f.account_id, f.market_id, sum(CASE WHEN m.kind = 'perp' THEN f.realized_pnl WHEN " OPENS " THEN -" EVEN(OWN " * f.quantity")
     " ELSE " EVEN(OWN " * f.quantity") " END) AS cash FROM fills f JOIN orders o ON o.id = f.position_id JOIN markets m ON m.id = f.market_id "
     "WHERE " REAL " GROUP BY 1, 2 HAVING count(DISTINCT o.strategy) = 1 AND count(*) FILTER (WHERE f.kind NOT IN ('trade', 'settlement', 'liquidation')) = 0) c "
     "LEFT JOIN (SELECT account_id, market_id, sum(amount) AS amount FROM ledger WHERE kind IN ('fill', 'settlement') GROUP BY 1, 2) l "
     "ON l.account_id = c.account_id AND l.market_id = c.market_id "
     "WHERE coalesce(l.amount, 0) <> c.cash "
     "AND NOT EXISTS (SELECT 1 FROM fills f WHERE f.account_id = c.account_id AND f.market_id = c.market_id AND f.position_id IS NULL)"},
};

/* What models did (sql/002_models.sql). A run under way is no fault for its first ten minutes. */
static const struct check model_checks[] = {
    {"open_runs",
     "SELECT id, model_id, started_at FROM invocations WHERE ended_at IS NULL AND started_at < clock_timestamp() - interval '10 minutes'"},
    {"run_times", "SELECT id, started_at, ended_at, status FROM invocations WHERE ended_at < started_at OR (ended_at IS NOT NULL) = (status = 'running')"},
    {"order_runs",
     "SELECT o.num, o.link_id FROM orders o WHERE o.source = 'agent' AND o.link_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM invocations WHERE id = o.link_id)"},
    {"call_orders",
     "SELECT invocation_id, step, index, order_id FROM tool_calls c WHERE order_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM orders WHERE id = c.order_id)"},
    {"prompts", "SELECT id, system_hash FROM invocations i WHERE system_hash IS NOT NULL AND NOT EXISTS (SELECT 1 FROM prompts WHERE hash = i.system_hash)"},
    {"models",
     "SELECT id, name, variant, invocation_count, failed_workflow_count, failed_in_row, cost_total, cost_day FROM models m "
     "WHERE cost_day > cost_total OR cost_total < 0 OR tokens_in < 0 OR tokens_out < 0 OR failed_in_row > failed_workflow_count "
     "OR NOT EXISTS (SELECT 1 FROM accounts WHERE id = m.account_id) "
     "OR (invocation_count = 0 AND failed_workflow_count = 0 AND (SELECT count(*) FROM invocations WHERE model_id = m.id AND rerun_of IS NULL AND status IN ('ok', 'failed', 'timeout')) > 1)"},
    {"closed_positions", "SELECT num, opened_at, closed_at FROM orders WHERE status = 'CLOSED' AND (closed_at IS NULL OR opened_at IS NULL OR closed_at < opened_at)"},
};

/* What the desk does by itself (sql/003_automations.sql). */
#define OF_FOLLOW "p.source IN ('copy-trade', 'counter-trade') AND p.link_id = w.id"
#define DAY_FILLS(what)                                                                                                            \
    "coalesce((SELECT sum(" what ") FROM orders p JOIN fills f ON f.position_id = p.id CROSS JOIN LATERAL (SELECT p.side) o "       \
    "WHERE " OF_FOLLOW " AND " REAL " AND (f.at AT TIME ZONE 'UTC')::date = w.day), 0)"
static const struct check auto_checks[] = {
    {"watch_orders",
     "SELECT id, order_id FROM watches w WHERE kind = 'sniper' AND status = 'EXECUTING' "
     "AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = w.order_id AND o.state IN ('created', 'pending', 'partial'))"},
    {"watch_money", "SELECT id, budget, spent, fires, status FROM watches WHERE spent > budget OR spent < 0 OR (kind = 'alert' AND order_id IS NOT NULL)"},
    {"watch_packed", "SELECT id, encode(packed, 'hex') AS stored, encode(watch_packed(w), 'hex') AS computed FROM watches w WHERE packed <> watch_packed(w) AND status <> 'EXECUTING'"},
    {"sniper_orders", "SELECT num, link_id FROM orders o WHERE source = 'sniper' AND NOT EXISTS (SELECT 1 FROM watches WHERE id = o.link_id)"},
    {"fired_twice", /* one firing, one order: two live ones of a watch are one too many */
     "SELECT link_id AS watch, count(*) AS stored, 1 AS computed FROM orders WHERE source = 'sniper' AND state IN ('created', 'pending', 'partial') "
     "GROUP BY link_id HAVING count(*) > 1"},
    {"follow_orders",
     "SELECT follow_id, trade_id, order_id FROM follow_trades t WHERE status = 'executed' AND NOT EXISTS (SELECT 1 FROM orders WHERE id = t.order_id) "
     "UNION ALL SELECT o.link_id, 'order ' || o.num, o.id FROM orders o WHERE o.source IN ('copy-trade', 'counter-trade') "
     "AND NOT EXISTS (SELECT 1 FROM follows WHERE id = o.link_id)"},
    {"follow_day_pnl",
     "SELECT * FROM (SELECT w.id, w.day, w.day_pnl AS stored, " DAY_FILLS("f.realized_pnl - f.fee") " AS computed FROM follows w) d WHERE stored <> computed"},
    {"follow_day_volume", /* a fill's value is rounded */
     "SELECT * FROM (SELECT w.id, w.day, w.day_volume AS stored, " DAY_FILLS("CASE WHEN " OPENS " THEN " OWN " * f.quantity ELSE 0 END") " AS computed, "
     DAY_FILLS("1") " AS fills FROM follows w) d WHERE abs(stored - computed) > 0.000001 * fills"},
    {"market_links", "SELECT id, market_a, market_b FROM market_links WHERE market_a = market_b"},
};

static const struct check_list {
    const struct check *list;
    size_t n;
} all_checks[] = {
    {checks, sizeof checks / sizeof *checks},
    {model_checks, sizeof model_checks / sizeof *model_checks},
    {auto_checks, sizeof auto_checks / sizeof *auto_checks},
};

/* The i-th of all; NULL behind the last. */
static const struct check *check_at(size_t i) {
    for (size_t k = 0; k < sizeof all_checks / sizeof *all_checks; i -= all_checks[k++].n)
        if (i < all_checks[k].n)
            return &all_checks[k].list[i];
    return NULL;
}

static void add_json_text(struct str *s, const char *text) {
    char clean[400];
    utf8_sanitise(clean, sizeof clean, text, strlen(text));
    str_addc(s, '"');
    for (const char *p = clean; *p; p++) {
        if (*p == '"' || *p == '\\')
            str_addc(s, '\\');
        str_addc(s, *p);
    }
    str_addc(s, '"');
}

/* Rows of one check as a JSON array; the first 100, but all are counted. -1 on an error (text in *out). */
static int run_check(PGconn *conn, const struct check *c, struct str *out) {
    struct str sql;
    str_init(&sql);
    str_addf(&sql, "SELECT count(*), coalesce(json_agg(d) FILTER (WHERE n <= 100), '[]') FROM (SELECT row_number() OVER () AS n, t AS d FROM (%s) t) r", c->sql);
    PGresult *r = PQexec(conn, sql.p);
    str_free(&sql);
    int n = -1;
    if (PQresultStatus(r) == PGRES_TUPLES_OK) {
        n = atoi(PQgetvalue(r, 0, 0));
        str_add(out, PQgetvalue(r, 0, 1));
    } else
        str_add(out, PQerrorMessage(conn));
    PQclear(r);
    return n;
}

static bool begin(PGconn *conn) {
    PGresult *r = PQexec(conn, "SET statement_timeout = '120s'; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    bool ok = PQstatus(conn) == CONNECTION_OK && PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
    return ok;
}

static int failed(struct str *out, const char *why, char **json) {
    str_reset(out);
    str_add(out, "{\"ok\":false,\"error\":");
    add_json_text(out, why);
    str_add(out, "}");
    *json = out->p;
    return -1;
}

int store_pg_doctor(const char *conninfo, char **json) {
    struct str out, rows;
    int total = 0;
    str_init(&out);
    str_init(&rows);
    PGconn *conn = PQconnectdb(conninfo);
    if (!begin(conn)) {
        int code = failed(&out, PQerrorMessage(conn), json);
        PQfinish(conn);
        return code;
    }
    str_add(&out, "\"checks\":[");
    const struct check *check;
    for (size_t i = 0; (check = check_at(i)); i++) {
        str_reset(&rows);
        int n = run_check(conn, check, &rows);
        if (n < 0) {
            int code = failed(&out, rows.p, json);
            str_free(&rows);
            PQfinish(conn);
            return code;
        }
        total += n;
        str_addf(&out, "%s{\"name\":\"%s\",\"differences\":%d,\"rows\":%s}", i ? "," : "", check->name, n, rows.p);
    }
    PQfinish(conn);
    str_add(&out, "]}");
    str_reset(&rows);
    str_addf(&rows, "{\"ok\":%s,\"differences\":%d,%s", total ? "false" : "true", total, out.p);
    str_free(&out);
    *json = rows.p;
    return total;
}
