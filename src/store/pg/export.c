/* Whole tables for other programs, oldest row first: read row by row, so that a table of any size takes no memory. Names
 * and forms of the fields are those of the desk's own lists where both have them. Blocking: for the command line. */
#include "turret/store/pg.h"

#include "turret/base/dec.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"

#include <cjson/cJSON.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (REASON_MAX * 2)
#define AT(x) "to_char(" x " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
#define WITH_ACCOUNT(t) " LEFT JOIN accounts a ON a.id = " t ".account_id"
#define WITH_MARKET(t) " LEFT JOIN markets m ON m.id = " t ".market_id"
/* A NULL parameter leaves its bound out. */
#define WHERE(account, time) " WHERE ($1::text IS NULL OR " account ") AND ($2::timestamptz IS NULL OR " time " >= $2) AND ($3::timestamptz IS NULL OR " time " < $3) "
#define OF(time) WHERE("a.name = $1", time)
#define WHERE_ACCOUNT " WHERE ($1::text IS NULL OR a.name = $1) AND ($2::timestamptz IS NULL OR $3::timestamptz IS NULL OR true) " /* of no time */
/* The router's options with the names of their markets. */
#define ROUTE                                                                                                                             \
    "CASE WHEN o.route IS NOT NULL THEN o.route || jsonb_build_object('options', (SELECT jsonb_agg(x.v || jsonb_build_object('venue', y.venue, " \
    "'market', y.symbol) ORDER BY x.n) FROM jsonb_array_elements(o.route->'options') WITH ORDINALITY x(v, n) "                              \
    "LEFT JOIN markets y ON y.id = (x.v->>'market')::bigint)) END AS route"

static const struct export_kind {
    const char *name, *sql; /* $1: an account's name, $2 and $3: from and to */
} kinds[] = {
    {"orders", "SELECT o.num AS \"order\", a.venue, m.symbol AS market, o.action, o.side, o.price, o.quantity AS size, o.filled_quantity AS filled, o.state, "
               "o.time_in_force AS tif, o.source, o.avg_fill_price, o.fee, o.type, o.trigger_price, o.reduce_only, o.post_only, o.outcome_unknown, o.leverage, o.reason, "
               "o.reason_text, p.num AS position, " AT("o.created_at") " AS created_at, " AT("o.sent_at") " AS sent_at, " AT("o.updated_at") " AS updated_at, "
               AT("o.expires_at") " AS expires_at, a.name AS account, o.strategy, m.title, o.client_id, o.venue_order_id, o.id, o.link_id AS link, o.status, o.close_trigger, "
               "o.open_quantity, o.closed_quantity, o.entry_price, o.exit_price, o.realized_pnl, o.position_fees, o.position_funding, " AT("o.opened_at") " AS opened_at, "
               AT("o.closed_at") " AS closed_at, o.initial_stop, o.exit_plan, " ROUTE " FROM orders o LEFT JOIN orders p ON p.id = o.parent_id" WITH_ACCOUNT("o") WITH_MARKET("o")
               OF("o.created_at") "ORDER BY o.num"},
    {"fills", "SELECT " AT("f.at") " AS time, o.num AS \"order\", f.venue, m.symbol AS market, f.action, f.side, f.quantity AS size, f.price, f.fee, f.realized_pnl, "
              "CASE WHEN f.maker THEN 'maker' ELSE 'taker' END AS liquidity, f.kind, f.finality, p.num AS position, a.name AS account, f.leg, f.venue_trade_id AS venue_trade "
              "FROM fills f LEFT JOIN orders o ON o.id = f.order_id LEFT JOIN orders p ON p.id = f.position_id" WITH_ACCOUNT("f") WITH_MARKET("f") OF("f.at") "ORDER BY f.seq"},
    {"ledger", "SELECT " AT("l.at") " AS time, a.name AS account, l.kind, l.amount, m.symbol AS market, o.num AS \"order\", l.ref "
               "FROM ledger l LEFT JOIN orders o ON o.id = l.order_id" WITH_ACCOUNT("l") WITH_MARKET("l") OF("l.at") "ORDER BY l.seq"},
    {"equity", "SELECT " AT("e.at") " AS time, e.equity, a.name AS account FROM equity e" WITH_ACCOUNT("e") OF("e.at") "ORDER BY e.at, e.account_id"},
    {"invocations", "SELECT i.id, d.name AS model, d.variant, a.name AS account, " AT("i.started_at") " AS started_at, " AT("i.ended_at") " AS ended_at, i.status, i.steps, "
                    "i.tokens_in, i.tokens_out, i.tokens_cached, i.cost, i.latency_ms, i.error, i.system_hash, i.prompt_hash, i.rerun_of, i.response, i.payload "
                    "FROM invocations i LEFT JOIN models d ON d.id = i.model_id" WITH_ACCOUNT("i") OF("i.started_at") "ORDER BY i.started_at, i.id"},
    {"tool-calls", "SELECT " AT("t.at") " AS time, t.invocation_id AS invocation, d.name AS model, d.variant, t.step, t.index, t.type, t.name, t.arguments, t.result, t.code, t.latency_ms, "
                   "o.num AS \"order\" FROM tool_calls t JOIN invocations i ON i.id = t.invocation_id LEFT JOIN models d ON d.id = i.model_id LEFT JOIN orders o ON o.id = t.order_id"
                   WITH_ACCOUNT("i") OF("t.at") "ORDER BY t.at, t.invocation_id, t.step, t.index"},
    {"prompts", "SELECT hash, " AT("at") " AS time, text FROM prompts" WHERE("false", "at") "ORDER BY at, hash"},
    {"pnl", "SELECT to_char(p.day, 'YYYY-MM-DD') AS day, a.name AS account, a.venue, m.symbol AS market, p.realized, p.fees, -p.funding AS funding, "
            "p.realized - p.fees - p.funding AS net FROM day_pnl p" WITH_ACCOUNT("p") WITH_MARKET("p") OF("p.day::timestamp AT TIME ZONE 'UTC'")
            "ORDER BY p.day, a.name, p.account_id, m.symbol, p.market_id"},
    {"watches", "SELECT w.id AS watch, w.kind, w.status, a.name AS account, m.venue, m.symbol AS market, w.figure, w.direction, w.trigger_price, w.side, w.action, w.amount, w.in_units, "
                "w.slippage, w.armed, w.repeat, w.reduce_only, " AT("w.expires_at") " AS expires_at, w.hold_ms, w.max_age_ms, w.depth, w.budget, w.spent, w.fires, w.oco_id AS oco, "
                "o.num AS \"order\", w.subject FROM watches w LEFT JOIN markets m ON m.id = w.subject AND w.figure IN ('bid', 'ask', 'mark', 'last') "
                "LEFT JOIN orders o ON o.id = w.order_id" WITH_ACCOUNT("w") WHERE_ACCOUNT "ORDER BY w.id"},
    {"follow-trades", "SELECT " AT("t.seen_at") " AS time, t.follow_id AS follow, w.kind, w.target_wallet, d.name AS target_model, a.name AS account, t.status, t.reason, t.text, m.venue, "
                      "m.symbol AS market, t.action, t.side, t.price, t.quantity AS size, t.our_action, t.our_side, o.num AS \"order\", t.total, " AT("t.at") " AS target_time, "
                      "t.trade_id AS trade FROM follow_trades t LEFT JOIN follows w ON w.id = t.follow_id LEFT JOIN models d ON d.id = w.target_model_id "
                      "LEFT JOIN orders o ON o.id = t.order_id" WITH_ACCOUNT("w") WITH_MARKET("t") OF("t.seen_at") "ORDER BY t.seen_at, t.follow_id, t.trade_id"},
    {"history", "SELECT " AT("h.at") " AS time, h.kind, h.automation_id AS id, h.what, h.text, m.venue, m.symbol AS market, o.num AS \"order\" FROM automation_history h "
                "LEFT JOIN orders o ON o.id = h.order_id" WITH_MARKET("h") WHERE("false", "h.at") "ORDER BY h.seq"},
};

static const struct export_kind *find_kind(const char *name) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}
bool store_pg_exports(const char *kind) { return find_kind(kind) != NULL; }

/* --- values --- */

enum { OID_BOOL = 16, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_NUMERIC = 1700, OID_JSONB = 3802 };

/* Safe for a terminal, but lines stay lines. */
static void add_safe(struct str *out, const char *text) {
    for (const char *end; *text; text = end) {
        size_t n = strcspn(text, "\n");
        end = text + n;
        char *buf = xmalloc(n * 3 + 1);
        utf8_sanitise(buf, n * 3 + 1, text, n);
        str_add(out, buf);
        free(buf);
        if (*end == '\n') {
            str_addc(out, '\n');
            end++;
        }
    }
}

static void add_plain(struct str *out, Oid type, const char *text) {
    int64_t micro;
    char num[DEC_TEXT_MAX];
    if (type == OID_NUMERIC && dec_parse_str(text, &micro)) {
        dec_format(micro, 0, num);
        str_add(out, num);
    } else if (type == OID_BOOL)
        str_add(out, *text == 't' ? "true" : "false");
    else
        add_safe(out, text);
}

static bool is_text(Oid type) { return type != OID_NUMERIC && type != OID_BOOL && type != OID_INT2 && type != OID_INT4 && type != OID_INT8 && type != OID_JSONB; }

/* A spreadsheet would take such a text for a formula. */
static bool is_formula(const char *value) { return *value && strchr("=+-@\t\r", *value); }

static void add_csv(struct str *out, const char *value) {
    if (!value[strcspn(value, ",\"\r\n")]) {
        str_add(out, value);
        return;
    }
    str_addc(out, '"');
    for (; *value; value++) {
        if (*value == '"')
            str_addc(out, '"');
        str_addc(out, *value);
    }
    str_addc(out, '"');
}

/* Texts within are made safe one by one: escapes in the source must not hide anything. */
static void make_safe(cJSON *v) {
    for (cJSON *child = v->child; child; child = child->next)
        make_safe(child);
    if (cJSON_IsString(v)) {
        struct str s;
        str_init(&s);
        add_safe(&s, v->valuestring);
        cJSON_SetValuestring(v, s.p ? s.p : "");
        str_free(&s);
    }
    if (v->string)
        utf8_sanitise(v->string, strlen(v->string) + 1, v->string, strlen(v->string));
}

static cJSON *json_of(Oid type, const char *text) {
    if (type == OID_BOOL)
        return cJSON_CreateBool(*text == 't');
    if (type == OID_INT2 || type == OID_INT4)
        return cJSON_CreateNumber(atoi(text));
    cJSON *v = type == OID_JSONB ? cJSON_Parse(text) : NULL;
    if (v) {
        make_safe(v);
        return v;
    }
    struct str s;
    str_init(&s);
    add_plain(&s, type, text);
    v = cJSON_CreateString(s.p ? s.p : "");
    str_free(&s);
    return v;
}

/* --- rows --- */

static void put_head(FILE *f, const PGresult *r) {
    for (int i = 0; i < PQnfields(r); i++)
        fprintf(f, "%s%s", i ? "," : "", PQfname(r, i));
    fputc('\n', f);
}

static void put_row(FILE *f, const PGresult *r) {
    struct str value, line;
    str_init(&value);
    str_init(&line);
    for (int i = 0; i < PQnfields(r); i++) {
        str_reset(&value);
        if (!PQgetisnull(r, 0, i))
            add_plain(&value, PQftype(r, i), PQgetvalue(r, 0, i));
        if (i)
            str_addc(&line, ',');
        if (value.len && is_text(PQftype(r, i)) && is_formula(value.p)) {
            char *formula = xstrdup(value.p);
            str_reset(&value);
            str_addf(&value, "'%s", formula);
            free(formula);
        }
        if (value.len)
            add_csv(&line, value.p);
    }
    str_addc(&line, '\n');
    fwrite(line.p, 1, line.len, f);
    str_free(&value);
    str_free(&line);
}

static void put_json(FILE *f, const PGresult *r, bool first) {
    cJSON *o = cJSON_CreateObject();
    for (int i = 0; i < PQnfields(r); i++)
        cJSON_AddItemToObject(o, PQfname(r, i), PQgetisnull(r, 0, i) ? cJSON_CreateNull() : json_of(PQftype(r, i), PQgetvalue(r, 0, i)));
    char *text = cJSON_PrintUnformatted(o);
    fprintf(f, "%s%s", first ? "" : ",\n", text);
    cJSON_free(text);
    cJSON_Delete(o);
}

static enum err say(char text[TEXT_MAX], enum err e, const char *what) {
    utf8_sanitise(text, TEXT_MAX, what, strcspn(what, "\n"));
    return e;
}

/* Takes the rows as they come. A reader that has gone ends it. */
static enum err stream(PGconn *conn, FILE *f, const struct export_form *form, bool *begun, char text[TEXT_MAX]) {
    enum err e = ERR_OK;
    bool first = true;
    for (PGresult *r; (r = PQgetResult(conn)); PQclear(r)) {
        ExecStatusType status = PQresultStatus(r);
        if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) {
            e = say(text, PQstatus(conn) == CONNECTION_OK ? ERR_FAILED : ERR_STORE_DOWN, PQerrorMessage(conn));
            continue;
        }
        if (e)
            continue;
        if (!*begun && form->json)
            fprintf(f, "%s[", form->before);
        else if (!*begun)
            put_head(f, r);
        *begun = true;
        if (status == PGRES_SINGLE_TUPLE && form->json)
            put_json(f, r, first);
        else if (status == PGRES_SINGLE_TUPLE)
            put_row(f, r);
        first = false;
        if (ferror(f)) {
            e = say(text, ERR_IO, "the rows can't be written");
            PGcancel *cancel = PQgetCancel(conn);
            char why[64];
            (void)PQcancel(cancel, why, sizeof why);
            PQfreeCancel(cancel);
        }
    }
    if (!e && form->json)
        fprintf(f, "]%s\n", form->after);
    return e;
}

/* A day alone as the end counts whole. NULL for no bound. */
static const char *bound(const char *given, bool end, char out[64]) {
    if (!given || !*given)
        return NULL;
    snprintf(out, 64, end && strlen(given) == 10 ? "%.40s 24:00" : "%.40s", given);
    return out;
}

static bool bad_time(PGconn *conn, const char *from, const char *to) {
    const char *values[] = {from, to};
    PGresult *r = PQexecParams(conn, "SELECT $1::timestamptz, $2::timestamptz", 2, NULL, values, NULL, NULL, 0);
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    bool bad = state && !strncmp(state, "22", 2);
    PQclear(r);
    return bad;
}

static bool has_account(PGconn *conn, const char *name) {
    PGresult *r = PQexecParams(conn, "SELECT 1 FROM accounts WHERE name = $1", 1, NULL, &name, NULL, NULL, 0);
    bool found = PQresultStatus(r) != PGRES_TUPLES_OK || PQntuples(r) > 0; /* an error shows in the query itself */
    PQclear(r);
    return found;
}

enum err store_pg_export(const char *conninfo, const char *kind, const char *account, const struct export_form *form, FILE *f, bool *begun,
                         char text[TEXT_MAX]) {
    const struct export_kind *k = find_kind(kind);
    if (!k)
        return say(text, ERR_USAGE, "there is no such table to export");
    PGconn *conn = PQconnectdb(conninfo);
    enum err e = ERR_OK;
    char from[64], to[64];
    const char *const values[] = {account, bound(form->from, false, from), bound(form->to, true, to)};
    *begun = false;
    PQclear(PQexec(conn, "SET default_transaction_read_only = on; SET statement_timeout = 0; SET TimeZone = 'UTC'"));
    if (PQstatus(conn) != CONNECTION_OK)
        e = say(text, ERR_UNREACHABLE, PQerrorMessage(conn));
    else if (account && !has_account(conn, account))
        e = say(text, ERR_NOT_FOUND, "there is no such account");
    else if (bad_time(conn, values[1], values[2]))
        e = say(text, ERR_BAD_VALUE, "times are UTC: YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ");
    else if (!PQsendQueryParams(conn, k->sql, 3, NULL, values, NULL, NULL, 0) || !PQsetSingleRowMode(conn))
        e = say(text, ERR_FAILED, PQerrorMessage(conn));
    else
        e = stream(conn, f, form, begun, text);
    PQfinish(conn);
    return e;
}
