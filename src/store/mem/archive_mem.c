/* The archive in memory: for tests, backtests and runs without a database. It takes and refuses what the one in PostgreSQL
 * does; answers come from the loop, in order. The oldest documents of a kind go when there are too many. */
#include "../archive_doc.h"

#include "turret/base/hash.h"
#include "turret/base/map.h"
#include "turret/base/mem.h"
#include "turret/io/loop.h"

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCS_MAX 40000 /* of a kind */

struct shelf {
    cJSON **docs;
    size_t n, cap;
    uint64_t base;  /* number of docs[0] */
    struct map at;  /* hash of the key → number */
};
struct answer {
    struct answer *next;
    enum err err;
    char text[ARCHIVE_TEXT_MAX];
    archive_done_fn *done;
    archive_rows_fn *rows;
    cJSON *found;
    void *ctx;
};
struct archive_mem {
    struct archive head;
    struct shelf shelves[ARCHIVE_KIND_COUNT];
    struct answer *first, **tail;
    ev_timer kick;
    bool *closed; /* set when an answer closes it */
};

static struct archive_mem *self(const struct archive *a) { return (struct archive_mem *)(uintptr_t)a; }

/* --- answers --- */

static struct answer *answer(struct archive_mem *m, enum err e, const char *text) {
    struct answer *w = xcalloc(1, sizeof *w);
    w->err = e;
    str_copy(w->text, sizeof w->text, text);
    *m->tail = w;
    m->tail = &w->next;
    ev_timer_start(loop_get(), &m->kick);
    return w;
}

static void answer_done(struct archive_mem *m, enum err e, const char *text, archive_done_fn *done, void *ctx) {
    struct answer *w = answer(m, e, text);
    w->done = done;
    w->ctx = ctx;
}

static void on_kick(struct ev_loop *loop, ev_timer *t, int revents) {
    struct archive_mem *m = t->data;
    bool closed = false;
    struct answer *todo = m->first;
    (void)loop;
    (void)revents;
    m->first = NULL;
    m->tail = &m->first;
    m->closed = &closed;
    while (todo) {
        struct answer *w = todo;
        todo = w->next;
        if (!closed && w->done)
            w->done(w->ctx, w->err, w->text);
        else if (!closed && w->rows)
            w->rows(w->ctx, w->err, w->found);
        cJSON_Delete(w->found);
        free(w);
    }
    if (!closed)
        m->closed = NULL;
}

/* --- documents --- */

static uint64_t key_of(const struct doc_kind *k, const cJSON *doc) {
    uint64_t h = FNV64_INIT;
    for (int i = 0; i < k->n; i++) {
        if (!(k->cols[i].flags & DOC_KEY))
            continue;
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(doc, k->cols[i].name);
        h = cJSON_IsString(v) ? fnv64(h, v->valuestring, strlen(v->valuestring) + 1) : fnv64_u64(h, (uint64_t)(int64_t)v->valuedouble);
    }
    return h;
}

static cJSON *find(const struct shelf *s, uint64_t key) {
    uint64_t no;
    return map_get(&s->at, key, &no) && no >= s->base ? s->docs[no - s->base] : NULL;
}

/* The older half goes. */
static void make_room(struct shelf *s, const struct doc_kind *k) {
    if (s->n < DOCS_MAX)
        return;
    size_t gone = s->n / 2;
    for (size_t i = 0; i < gone; i++) {
        map_del(&s->at, key_of(k, s->docs[i]));
        cJSON_Delete(s->docs[i]);
    }
    memmove(s->docs, s->docs + gone, (s->n - gone) * sizeof(struct cJSON *));
    s->n -= gone;
    s->base += gone;
}

static bool has_run(const struct archive_mem *m, const cJSON *call) {
    uint64_t h = FNV64_INIT;
    const char *id = cJSON_GetObjectItemCaseSensitive(call, "invocation_id")->valuestring;
    return find(&m->shelves[ARCHIVE_INVOCATION], fnv64(h, id, strlen(id) + 1)) != NULL;
}

static void insert(struct archive *a, enum archive_kind kind, const cJSON *doc, archive_done_fn *done, void *ctx) {
    struct archive_mem *m = self(a);
    struct shelf *s = &m->shelves[kind];
    const struct doc_kind *k = doc_kind(kind);
    char text[ARCHIVE_TEXT_MAX] = "";
    cJSON *kept = doc_normalise(kind, doc, false, text);
    uint64_t key = kept ? key_of(k, kept) : 0;
    enum err e = !kept ? ERR_FAILED : find(s, key) ? (kind == ARCHIVE_PROMPT ? ERR_OK : ERR_DUPLICATE) : ERR_OK;
    bool take = kept && !find(s, key);
    if (take && kind == ARCHIVE_TOOL_CALL && !has_run(m, kept)) {
        e = ERR_FAILED;
        take = false;
        str_copy(text, sizeof text, "tool_calls: there is no such invocation");
    }
    if (e == ERR_DUPLICATE)
        snprintf(text, sizeof text, "%s: the key is taken", k->table);
    if (take) {
        make_room(s, k);
        map_put(&s->at, key, s->base + s->n);
        s->docs = xgrow(s->docs, &s->cap, s->n + 1, sizeof *s->docs);
        s->docs[s->n++] = kept;
    } else
        cJSON_Delete(kept);
    answer_done(m, e, text, done, ctx);
}

static void update(struct archive *a, enum archive_kind kind, const cJSON *doc, archive_done_fn *done, void *ctx) {
    struct archive_mem *m = self(a);
    const struct doc_kind *k = doc_kind(kind);
    char text[ARCHIVE_TEXT_MAX] = "";
    cJSON *change = doc_normalise(kind, doc, true, text);
    cJSON *have = change ? find(&m->shelves[kind], key_of(k, change)) : NULL;
    if (change && !have)
        snprintf(text, sizeof text, "%s: there is no such document", k->table);
    while (have && change->child) {
        cJSON *v = cJSON_DetachItemViaPointer(change, change->child);
        cJSON_DeleteItemFromObjectCaseSensitive(have, v->string);
        char name[40];
        str_copy(name, sizeof name, v->string);
        cJSON_AddItemToObject(have, name, v);
    }
    cJSON_Delete(change);
    answer_done(m, have ? ERR_OK : ERR_FAILED, text, done, ctx);
}

/* --- reading --- */

static const char *field(const cJSON *doc, const char *name) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(doc, name);
    return cJSON_IsString(v) ? v->valuestring : "";
}

static bool is_id(const cJSON *doc, const char *name, uint64_t id) { return strtoull(field(doc, name), NULL, 10) == id; }

static bool order_of_run(const struct archive_mem *m, const cJSON *run, order_id order) {
    const struct shelf *calls = &m->shelves[ARCHIVE_TOOL_CALL];
    for (size_t i = 0; i < calls->n; i++)
        if (is_id(calls->docs[i], "order_id", order) && !strcmp(field(calls->docs[i], "invocation_id"), field(run, "id")))
            return true;
    return false;
}

static bool run_is_of(const cJSON *run, model_id model) {
    const cJSON *v = run ? cJSON_GetObjectItemCaseSensitive(run, "model_id") : NULL;
    return cJSON_IsNumber(v) && (model_id)v->valuedouble == model;
}

static bool matches(const struct archive_mem *m, const struct archive_query *q, const cJSON *doc) {
    static const char *const time_of[] = {[LIST_RUNS] = "started_at", [LIST_TOOL_CALLS] = "at", [LIST_PROMPTS] = "at"};
    char before[40];
    doc_format_time(q->before_us, before);
    if (q->before_us && strcmp(field(doc, time_of[q->list]), before) >= 0)
        return false;
    if (q->list == LIST_PROMPTS)
        return !q->hash[0] || !strcmp(field(doc, "hash"), q->hash);
    if (q->list == LIST_RUNS) {
        const char *status = field(doc, "status");
        return (!q->run || is_id(doc, "id", q->run)) && (!q->model || run_is_of(doc, q->model)) &&
               (!q->order || order_of_run(m, doc, q->order)) && (!q->failed_only || (strcmp(status, "ok") != 0 && strcmp(status, "running") != 0)) &&
               (!q->hash[0] || !strcmp(field(doc, "system_hash"), q->hash) || !strcmp(field(doc, "prompt_hash"), q->hash));
    }
    const char *run = field(doc, "invocation_id");
    return (!q->run || is_id(doc, "invocation_id", q->run)) && (!q->order || is_id(doc, "order_id", q->order)) &&
           (!q->failed_only || (field(doc, "code")[0] && strcmp(field(doc, "code"), "ok") != 0)) &&
           (!q->model || run_is_of(find(&m->shelves[ARCHIVE_INVOCATION], fnv64(FNV64_INIT, run, strlen(run) + 1)), q->model));
}

struct hit {
    const cJSON *doc;
    const char *at;
    size_t no;
    double step, index;
};
static int newest_first(const void *a, const void *b) {
    const struct hit *x = a, *y = b;
    int c = strcmp(y->at, x->at);
    if (c)
        return c;
    if (x->step != y->step)
        return x->step > y->step ? -1 : 1;
    if (x->index != y->index)
        return x->index > y->index ? -1 : 1;
    return x->no > y->no ? -1 : 1;
}

static double number(const cJSON *doc, const char *name) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(doc, name);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

static cJSON *row_of(const struct doc_kind *k, const cJSON *doc, bool whole) {
    cJSON *row = cJSON_CreateObject();
    for (int i = 0; i < k->n; i++) {
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(doc, k->cols[i].name);
        if (whole || !(k->cols[i].flags & DOC_BIG))
            cJSON_AddItemToObject(row, k->cols[i].name, v ? cJSON_Duplicate(v, true) : cJSON_CreateNull());
    }
    return row;
}

static void read_rows(struct archive *a, const struct archive_query *q, archive_rows_fn *rows, void *ctx) {
    struct archive_mem *m = self(a);
    enum archive_kind kind = doc_kind_of(q->list);
    const struct shelf *s = &m->shelves[kind];
    struct hit *hits = xcalloc(s->n + 1, sizeof *hits);
    size_t n = 0, limit = q->limit > 0 && q->limit < ARCHIVE_ROWS_MAX ? (size_t)q->limit : ARCHIVE_ROWS_MAX;
    for (size_t i = 0; i < s->n; i++)
        if (matches(m, q, s->docs[i]))
            hits[n++] = (struct hit){s->docs[i], field(s->docs[i], kind == ARCHIVE_INVOCATION ? "started_at" : "at"), i, number(s->docs[i], "step"), number(s->docs[i], "index")};
    qsort(hits, n, sizeof *hits, newest_first);
    struct answer *w = answer(m, ERR_OK, "");
    w->rows = rows;
    w->ctx = ctx;
    w->found = cJSON_CreateArray();
    for (size_t i = 0; i < n && i < limit; i++)
        cJSON_AddItemToArray(w->found, row_of(doc_kind(kind), hits[i].doc, kind != ARCHIVE_INVOCATION || q->run));
    free(hits);
}

static bool idle(const struct archive *a) { return self(a)->first == NULL; }

static void close_archive(struct archive *a) {
    struct archive_mem *m = self(a);
    if (m->closed)
        *m->closed = true;
    ev_timer_stop(loop_get(), &m->kick);
    while (m->first) {
        struct answer *w = m->first;
        m->first = w->next;
        cJSON_Delete(w->found);
        free(w);
    }
    for (int k = 0; k < ARCHIVE_KIND_COUNT; k++) {
        for (size_t i = 0; i < m->shelves[k].n; i++)
            cJSON_Delete(m->shelves[k].docs[i]);
        free(m->shelves[k].docs);
        map_free(&m->shelves[k].at);
    }
    free(m);
}

static const struct archive_ops mem_ops = {"memory", insert, update, read_rows, idle, close_archive};

struct archive *archive_mem_new(void) {
    struct archive_mem *m = xcalloc(1, sizeof *m);
    m->head.ops = &mem_ops;
    m->tail = &m->first;
    for (int k = 0; k < ARCHIVE_KIND_COUNT; k++)
        map_init(&m->shelves[k].at);
    ev_timer_init(&m->kick, on_kick, 0., 0.);
    m->kick.data = m;
    return &m->head;
}
