/* Statements of the archive, made from the column tables: parameters as text with their type, the leader's epoch checked
 * inside each write, rows read back into documents. */
#include "archive_pg.h"

#include "turret/base/dec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUARD(n) \
    "(SELECT turret_expect(EXISTS (SELECT 1 FROM leader WHERE id = 1 AND epoch = $" n "::bigint), 'TU002', 'another desk leads') AS leads) guard"

static const char *const sql_type[] = {
    [DOC_ID] = "bigint", [DOC_REF] = "bigint",  [DOC_INT] = "bigint", [DOC_MONEY] = "numeric",
    [DOC_TIME] = "timestamptz", [DOC_TEXT] = "text", [DOC_CALL] = "tool_call_type", [DOC_JSON] = "jsonb",
};

struct params {
    char *values[DOC_COLS_MAX + 2];
    int n;
};

static int add_text(struct params *p, const char *text) {
    p->values[p->n] = text ? strdup(text) : NULL;
    return ++p->n;
}

static int add_u64(struct params *p, uint64_t v) {
    char buf[24];
    snprintf(buf, sizeof buf, "%lld", (long long)v);
    return add_text(p, buf);
}

static int add_value(struct params *p, const struct doc_col *c, const cJSON *v) {
    char buf[32];
    if (c->type == DOC_JSON && !cJSON_IsNull(v)) {
        struct str s;
        str_init(&s);
        doc_print(&s, v);
        p->values[p->n] = s.p;
        return ++p->n;
    }
    if (cJSON_IsNumber(v)) {
        snprintf(buf, sizeof buf, "%.0f", v->valuedouble);
        return add_text(p, buf);
    }
    return add_text(p, cJSON_IsString(v) ? v->valuestring : NULL);
}

static void send(struct pg *pg, struct str *sql, struct params *p) {
    pg_query(pg, sql->p, p->n, (const char *const *)p->values);
    for (int i = 0; i < p->n; i++)
        free(p->values[i]);
    str_free(sql);
}

static const struct doc_col *col_of(const struct doc_kind *k, const char *name) {
    for (int i = 0; i < k->n; i++)
        if (!strcmp(k->cols[i].name, name))
            return &k->cols[i];
    return NULL; /* not after doc_normalise */
}

static void send_insert(struct pg *pg, const struct call *c, uint64_t epoch) {
    const struct doc_kind *k = doc_kind(c->kind);
    struct params p = {.n = 0};
    struct str sql, values;
    str_init(&sql);
    str_init(&values);
    add_u64(&p, epoch);
    str_addf(&sql, "INSERT INTO %s (", k->table);
    for (const cJSON *v = c->doc->child; v; v = v->next) {
        const struct doc_col *col = col_of(k, v->string);
        const char *sep = v == c->doc->child ? "" : ", ";
        str_addf(&sql, "%s%s", sep, col->name);
        str_addf(&values, "%s$%d::%s", sep, add_value(&p, col, v), sql_type[col->type]);
    }
    str_addf(&sql, ") SELECT %s FROM " GUARD("1") " WHERE leads%s", values.p, c->kind == ARCHIVE_PROMPT ? " ON CONFLICT (hash) DO NOTHING" : "");
    str_free(&values);
    send(pg, &sql, &p);
}

static void send_update(struct pg *pg, const struct call *c, uint64_t epoch) {
    const struct doc_kind *k = doc_kind(c->kind);
    struct params p = {.n = 0};
    struct str sql, where;
    const char *sep = "";
    str_init(&sql);
    str_init(&where);
    add_u64(&p, epoch);
    str_addf(&sql, "UPDATE %s SET ", k->table);
    for (const cJSON *v = c->doc->child; v; v = v->next) {
        const struct doc_col *col = col_of(k, v->string);
        int n = add_value(&p, col, v);
        if (col->flags & DOC_KEY) {
            str_addf(&where, " AND %s = $%d::%s", col->name, n, sql_type[col->type]);
            continue;
        }
        str_addf(&sql, "%s%s = $%d::%s", sep, col->name, n, sql_type[col->type]);
        sep = ", ";
    }
    str_addf(&sql, " FROM " GUARD("1") " WHERE leads%s", where.p);
    str_free(&where);
    send(pg, &sql, &p);
}

/* Is the row with this key ours, field by field? */
static void send_same(struct pg *pg, const struct call *c) {
    const struct doc_kind *k = doc_kind(c->kind);
    struct params p = {.n = 0};
    struct str sql;
    str_init(&sql);
    str_addf(&sql, "SELECT 1 FROM %s WHERE true", k->table);
    for (const cJSON *v = c->doc->child; v; v = v->next) {
        const struct doc_col *col = col_of(k, v->string);
        int n = add_value(&p, col, v);
        str_addf(&sql, " AND %s IS NOT DISTINCT FROM $%d::%s", col->name, n, sql_type[col->type]);
    }
    send(pg, &sql, &p);
}

/* --- reading --- */

static void add_filters(struct str *sql, struct params *p, const struct archive_query *q) {
    static const char *const at[] = {[LIST_RUNS] = "started_at", [LIST_TOOL_CALLS] = "at", [LIST_PROMPTS] = "at"};
    str_add(sql, " WHERE true");
    if (q->before_us)
        str_addf(sql, " AND %s < timestamptz 'epoch' + $%d::bigint * interval '1 microsecond'", at[q->list], add_u64(p, (uint64_t)q->before_us));
    if (q->list == LIST_PROMPTS) {
        if (q->hash[0])
            str_addf(sql, " AND hash = $%d::text", add_text(p, q->hash));
        return;
    }
    bool runs = q->list == LIST_RUNS;
    if (q->run)
        str_addf(sql, " AND %s = $%d::bigint", runs ? "id" : "invocation_id", add_u64(p, q->run));
    if (q->model)
        str_addf(sql, runs ? " AND model_id = $%d::bigint" : " AND invocation_id IN (SELECT id FROM invocations WHERE model_id = $%d::bigint)",
                 add_u64(p, q->model));
    if (q->order)
        str_addf(sql, runs ? " AND id IN (SELECT invocation_id FROM tool_calls WHERE order_id = $%d::bigint)" : " AND order_id = $%d::bigint",
                 add_u64(p, q->order));
    if (q->hash[0] && runs)
        str_addf(sql, " AND $%d::text IN (system_hash, prompt_hash)", add_text(p, q->hash));
    if (q->failed_only)
        str_add(sql, runs ? " AND status NOT IN ('ok', 'running')" : " AND code <> 'ok'");
}

static void send_read(struct pg *pg, const struct call *c) {
    static const char *const order[] = {[LIST_RUNS] = "started_at DESC, id DESC", [LIST_TOOL_CALLS] = "at DESC, step DESC, index DESC, invocation_id DESC",
                                        [LIST_PROMPTS] = "at DESC, hash"};
    const struct archive_query *q = &c->query;
    const struct doc_kind *k = doc_kind(c->kind);
    struct params p = {.n = 0};
    struct str sql;
    str_init(&sql);
    str_add(&sql, "SELECT ");
    for (int i = 0; i < k->n; i++) {
        const struct doc_col *col = &k->cols[i];
        const char *sep = i ? ", " : "";
        if ((col->flags & DOC_BIG) && c->kind == ARCHIVE_INVOCATION && !q->run)
            str_addf(&sql, "%sNULL", sep);
        else if (col->type == DOC_TIME)
            str_addf(&sql, "%sto_char(%s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')", sep, col->name);
        else
            str_addf(&sql, "%s%s", sep, col->name);
    }
    str_addf(&sql, " FROM %s", k->table);
    add_filters(&sql, &p, q);
    str_addf(&sql, " ORDER BY %s LIMIT %d", order[q->list], q->limit > 0 && q->limit < ARCHIVE_ROWS_MAX ? q->limit : ARCHIVE_ROWS_MAX);
    send(pg, &sql, &p);
}

static cJSON *value_at(const struct doc_col *c, const char *text) {
    int64_t micro;
    char buf[DEC_TEXT_MAX];
    if (c->type == DOC_INT)
        return cJSON_CreateNumber(strtod(text, NULL));
    if (c->type == DOC_MONEY && dec_parse_str(text, &micro)) {
        dec_format(micro, 0, buf);
        return cJSON_CreateString(buf);
    }
    cJSON *v = c->type == DOC_JSON ? cJSON_Parse(text) : NULL;
    return v ? v : cJSON_CreateString(text);
}

cJSON *archive_rows(enum archive_kind kind, bool whole, const PGresult *r) {
    const struct doc_kind *k = doc_kind(kind);
    cJSON *rows = cJSON_CreateArray();
    for (int line = 0; line < PQntuples(r); line++) {
        cJSON *row = cJSON_CreateObject();
        for (int i = 0; i < k->n; i++)
            if (whole || !(k->cols[i].flags & DOC_BIG))
                cJSON_AddItemToObject(row, k->cols[i].name, PQgetisnull(r, line, i) ? cJSON_CreateNull() : value_at(&k->cols[i], PQgetvalue(r, line, i)));
        cJSON_AddItemToArray(rows, row);
    }
    return rows;
}

void archive_send(struct pg *pg, const struct call *c, uint64_t epoch) {
    switch (c->what) {
    case CALL_INSERT: send_insert(pg, c, epoch); break;
    case CALL_UPDATE: send_update(pg, c, epoch); break;
    case CALL_SAME: send_same(pg, c); break;
    case CALL_READ: send_read(pg, c); break;
    }
}
