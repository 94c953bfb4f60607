/* The prepared statements, made from the column tables. A batch is one implicit transaction of the pipeline, so a
 * statement that must hold raises (turret_expect) and takes the whole batch with it. */
#include "store_pg.h"

#include <string.h>

static void add(struct pg *pg, const char *name, struct str *sql) {
    pg_prepare(pg, name, sql->p);
    str_free(sql);
}

static int param_of(const struct row_type *t, const char *column, int from) {
    int n = from;
    for (int i = 0; i < t->n; i++) {
        if (t->cols[i].flags & COL_READ_ONLY)
            continue;
        if (!strcmp(t->cols[i].name, column))
            return n;
        n++;
    }
    return 0;
}

/* An order that waits to be sent, only while the epoch leads: "INSERT 0 0" says that it does not. No ON CONFLICT on this
 * path: a speculative insert is dearer, and the same id twice is an error that is looked at calmly. */
static void prepare_intent(struct pg *pg, const char *name, const struct row_type *t, bool event) {
    struct str s;
    str_init(&s);
    str_addf(&s, "%sINSERT INTO orders (", event ? "WITH o AS (" : "");
    row_names(&s, t);
    str_add(&s, ") SELECT ");
    row_values(&s, t, 2);
    str_add(&s, " FROM leader WHERE id = 1 AND epoch = $1::bigint AND expires > clock_timestamp()");
    if (event) { /* with its first event */
        str_add(&s, " RETURNING 1) INSERT INTO order_events (");
        row_names(&s, &row_event);
        str_add(&s, ") SELECT ");
        row_values(&s, &row_event, 2 + row_params(t));
        str_add(&s, " FROM o");
    }
    add(pg, name, &s);
}

static void insert_head(struct str *s, const struct row_type *t) {
    str_addf(s, "INSERT INTO %s (", t->table);
    row_names(s, t);
    str_add(s, ") VALUES (");
    row_values(s, t, 1);
    str_add(s, ")");
}

static void order_upsert(struct str *s) {
    insert_head(s, &row_order);
    str_add(s, " ON CONFLICT (id) DO UPDATE SET ");
    row_sets(s, &row_order, 0);
    str_add(s, " WHERE orders.version < excluded.version");
}

static void prepare_orders(struct pg *pg) {
    struct str s;
    str_init(&s);
    order_upsert(&s); /* an insert whose first try was thought lost meets its own older row */
    add(pg, "order_insert", &s);

    str_init(&s);
    str_add(&s, "WITH u AS (UPDATE orders SET ");
    row_sets(&s, &row_order, 1);
    str_addf(&s, " WHERE id = $1::bigint AND version = ($%d::integer + 65535) %% 65536 RETURNING 1) "
                 "SELECT turret_expect(EXISTS (SELECT 1 FROM u), 'TU001', 'the stored order has another version')",
             param_of(&row_order, "version", 1));
    add(pg, "order_update", &s);

    str_init(&s);
    str_add(&s, "WITH u AS (");
    order_upsert(&s);
    str_add(&s, " RETURNING 1) SELECT (SELECT count(*) FROM u), (SELECT version FROM orders WHERE id = $1::bigint)");
    add(pg, "order_merge", &s);
}

static void prepare_events(struct pg *pg) {
    struct str s;
    str_init(&s);
    insert_head(&s, &row_event);
    add(pg, "event", &s);

    str_init(&s);
    str_add(&s, "INSERT INTO order_events (");
    row_names(&s, &row_event);
    str_add(&s, ") SELECT ");
    row_values(&s, &row_event, 1);
    str_addf(&s, " WHERE NOT EXISTS (SELECT 1 FROM order_events WHERE order_id = $1::bigint AND event = $%d::text AND "
                 "from_state = $%d::text AND to_state = $%d::text AND at = $%d::timestamptz)",
             param_of(&row_event, "event", 1), param_of(&row_event, "from_state", 1), param_of(&row_event, "to_state", 1),
             param_of(&row_event, "at", 1));
    add(pg, "event_merge", &s);
}

static void prepare_fill(struct pg *pg) {
    struct str s;
    str_init(&s);
    str_add(&s, "INSERT INTO fills (venue, ");
    row_names(&s, &row_fill);
    str_addf(&s, ") VALUES (coalesce((SELECT venue FROM accounts WHERE id = $%d::integer), 'none'), ", param_of(&row_fill, "account_id", 1));
    row_values(&s, &row_fill, 1);
    str_add(&s, ") ON CONFLICT (venue, account_id, venue_trade_id, leg) DO UPDATE SET finality = excluded.finality, "
                "realized_pnl = excluded.realized_pnl WHERE (fills.finality = excluded.finality AND fills.realized_pnl <> excluded.realized_pnl) "
                "OR (fills.finality, excluded.finality) IN (('provisional', 'final'), ('provisional', 'reversed'), ('final', 'reversed'))");
    add(pg, "fill", &s);

    str_init(&s);
    insert_head(&s, &row_ledger);
    str_add(&s, " ON CONFLICT (account_id, kind, ref) DO NOTHING");
    add(pg, "ledger", &s);
}

static void upsert(struct str *s, const struct row_type *t) {
    const char *sep = "";
    insert_head(s, t);
    str_add(s, " ON CONFLICT (");
    for (int i = 0; i < t->n; i++)
        if (t->cols[i].flags & COL_KEY) {
            str_addf(s, "%s%s", sep, t->cols[i].name);
            sep = ", ";
        }
    str_add(s, ") DO UPDATE SET ");
    row_sets(s, t, 0);
}

static void prepare_upsert(struct pg *pg, const char *name, const struct row_type *t, const char *where) {
    struct str s;
    str_init(&s);
    upsert(&s, t);
    str_add(&s, where);
    add(pg, name, &s);
}

/* Versions have 16 bits and begin anew: newer is what lies less than half the circle ahead. */
#define NEWER(t) " WHERE (excluded.version - " t ".version + 65536) % 65536 BETWEEN 1 AND 32767"

/* A sniper's firing, the hot path: its watch and its order. "INSERT 0 0" says that nothing was done: another desk leads, or the stored
 * watch is not the one before. The general way then finds out which. */
static void prepare_fire(struct pg *pg) {
    struct str s;
    str_init(&s);
    str_add(&s, "WITH w AS (UPDATE watches SET ");
    row_sets(&s, &row_fire, 2);
    str_addf(&s, " WHERE id = $2::bigint AND version = ($%d::integer + 65535) %% 65536 "
                 "AND EXISTS (SELECT 1 FROM leader WHERE id = 1 AND epoch = $1::bigint AND expires > clock_timestamp()) RETURNING 1) INSERT INTO orders (",
             param_of(&row_fire, "version", 2));
    row_names(&s, &row_intent);
    str_add(&s, ") SELECT ");
    row_values(&s, &row_intent, 2 + row_params(&row_fire));
    str_add(&s, " FROM w");
    add(pg, "fire", &s);
}

static void prepare_autos(struct pg *pg) {
    struct str s;
    prepare_upsert(pg, "watch", &row_watch, NEWER("watches"));
    prepare_upsert(pg, "follow", &row_follow, NEWER("follows"));
    prepare_upsert(pg, "follow_trade", &row_follow_trade, " WHERE follow_trades.version < excluded.version");
    prepare_upsert(pg, "link", &row_link, "");
    prepare_upsert(pg, "remark", &row_remark, " WHERE remarks.at <= excluded.at");

    str_init(&s); /* with an order that waits to be sent: a watch that someone else has changed takes the order with it */
    str_add(&s, "WITH u AS (");
    upsert(&s, &row_watch);
    str_add(&s, NEWER("watches") " RETURNING 1) SELECT turret_expect(EXISTS (SELECT 1 FROM u), 'TU004', 'the stored watch has another version')");
    add(pg, "watch_fire", &s);

    prepare_fire(pg);

    str_init(&s);
    insert_head(&s, &row_history);
    add(pg, "history", &s);

    str_init(&s);
    str_add(&s, "INSERT INTO automation_history (");
    row_names(&s, &row_history);
    str_add(&s, ") SELECT ");
    row_values(&s, &row_history, 1);
    str_addf(&s, " WHERE NOT EXISTS (SELECT 1 FROM automation_history WHERE automation_id = $%d::bigint AND at = $%d::timestamptz AND kind = $%d::text "
                 "AND what = $%d::text AND text IS NOT DISTINCT FROM $%d::text)",
             param_of(&row_history, "automation_id", 1), param_of(&row_history, "at", 1), param_of(&row_history, "kind", 1), param_of(&row_history, "what", 1),
             param_of(&row_history, "text", 1));
    add(pg, "history_merge", &s);
    autos_prepare(pg);
}

void sp_prepare_all(struct pg *pg) {
    /* Statements are planned once and go by key. What the server knows of a table at that moment (that it is small, or was empty) must not make
     * it read the table whole later, or sort it whole for each piece of a load. */
    pg_query(pg, "SELECT set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_seqscan', 'off', false), "
                 "set_config('enable_sort', 'off', false), set_config('enable_bitmapscan', 'off', false)", 0, NULL);
    prepare_intent(pg, "intent", &row_intent, false);
    prepare_intent(pg, "intent_plan", &row_order, false);
    prepare_intent(pg, "intent_event", &row_intent, true);
    prepare_intent(pg, "intent_plan_event", &row_order, true);
    prepare_orders(pg);
    prepare_events(pg);
    prepare_fill(pg);
    prepare_upsert(pg, "setting", &row_setting, "");
    prepare_upsert(pg, "market", &row_market, "");
    prepare_upsert(pg, "equity", &row_equity, "");
    prepare_upsert(pg, "day", &row_day, "");
    prepare_upsert(pg, "account", &row_account, "");
    prepare_upsert(pg, "model", &row_model, "");
    prepare_autos(pg);
    pg_prepare(pg, "lead", "SELECT turret_expect(EXISTS (SELECT 1 FROM leader WHERE id = 1 AND epoch = $1::bigint), 'TU002', "
                           "'another desk leads')");
    pg_prepare(pg, "lead_fresh",
               "SELECT turret_expect(EXISTS (SELECT 1 FROM leader WHERE id = 1 AND epoch = $1::bigint AND expires > clock_timestamp()), "
               "'TU002', 'another desk leads')");
    pg_prepare(pg, "lead_take",
               "UPDATE leader SET epoch = CASE WHEN holder = $1::text AND epoch = $2::bigint THEN epoch ELSE epoch + 1 END, "
               "holder = $1::text, expires = clock_timestamp() + interval '6 s' "
               "WHERE id = 1 AND (expires < clock_timestamp() OR holder = $1::text) RETURNING epoch");
    pg_prepare(pg, "lead_renew", "UPDATE leader SET expires = clock_timestamp() + interval '6 s' "
                                 "WHERE id = 1 AND holder = $1::text AND epoch = $2::bigint RETURNING epoch");
    pg_prepare(pg, "lead_free", "UPDATE leader SET expires = '-infinity' WHERE id = 1 AND holder = $1::text AND epoch = $2::bigint");
    pg_prepare(pg, "lead_who", "SELECT holder FROM leader WHERE id = 1");
    pg_prepare(pg, "order_version", "SELECT version FROM orders WHERE id = $1::bigint");
}
