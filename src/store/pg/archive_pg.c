/* The archive in PostgreSQL: a queue of calls carried out one after the other on a connection of its own. A lost answer is
 * settled by trying again and looking; what is not settled in five seconds is answered as not kept for sure. */
#include "archive_pg.h"

#include "turret/base/mem.h"
#include "turret/base/utf8.h"
#include "turret/io/log.h"
#include "turret/io/loop.h"

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_US 5000000        /* longest a call waits for its answer */
#define DOWN_US 1000000        /* away for so long: calls no longer wait for it */
#define ANSWER_MS 4000
#define RETRY_US 100000
#define TRIES_MAX 15
#define CALLS_MAX 512
#define BYTES_MAX (64u << 20)

struct archive_pg {
    struct archive head;
    struct pg *pg;
    char *conninfo;
    uint64_t (*epoch)(void *ctx);
    void *epoch_ctx;
    struct call *first, **tail; /* waiting; the first one may be under way */
    struct call *ready, **ready_tail; /* answered, not yet delivered */
    bool busy; /* the first one is under way */
    size_t count, bytes;
    int64_t down_us; /* since when the server is away; 0 = it is there */
    ev_timer kick, tick;
    bool *closed; /* set when an answer closes it */
};

static struct archive_pg *self(const struct archive *a) { return (struct archive_pg *)(uintptr_t)a; }

static void call_free(struct call *c) {
    cJSON_Delete(c->doc);
    cJSON_Delete(c->found);
    free(c);
}

static void kick(struct archive_pg *a) { ev_timer_start(loop_get(), &a->kick); }

/* --- answers --- */

/* To be delivered in the next turn. The call is out of the queue. */
static void ready(struct archive_pg *a, struct call *c, enum err e, const char *text) {
    c->err = e;
    utf8_sanitise(c->text, sizeof c->text, text, strlen(text));
    c->next = NULL;
    *a->ready_tail = c;
    a->ready_tail = &c->next;
    kick(a);
}

static struct call *take_first(struct archive_pg *a) {
    struct call *c = a->first;
    if (!(a->first = c->next))
        a->tail = &a->first;
    a->count--;
    a->bytes -= c->bytes;
    return c;
}

/* The first call is settled. */
static void settle(struct archive_pg *a, enum err e, const char *text) {
    struct call *c = take_first(a);
    if (c->over)
        call_free(c);
    else
        ready(a, c, e, text);
}

static const char *not_sure(const struct call *c, bool under_way) {
    return c->what == CALL_READ ? "the database does not answer"
           : c->maybe || under_way ? "the database does not answer: it may have been kept"
                                   : "the database is down";
}

/* Calls that have waited too long, or for a server that has been away for a while. */
static void sweep(struct archive_pg *a) {
    int64_t now = clock_mono_us();
    bool away = a->down_us && now - a->down_us > DOWN_US;
    struct call **at = &a->first;
    while (*at) {
        struct call *c = *at;
        bool under_way = a->busy && c == a->first, late = now - c->since_us > WAIT_US;
        if (under_way && late && !c->over) { /* its place stays until the server has spoken */
            struct call *told = xcalloc(1, sizeof *told);
            *told = (struct call){.what = c->what, .done = c->done, .rows = c->rows, .ctx = c->ctx};
            c->over = true;
            ready(a, told, ERR_STORE_DOWN, not_sure(c, true));
        }
        if (under_way || !(late || away)) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        a->count--;
        a->bytes -= c->bytes;
        if (c->over)
            call_free(c);
        else
            ready(a, c, ERR_STORE_DOWN, not_sure(c, false));
    }
    a->tail = at;
}

static void deliver(struct archive_pg *a, bool *closed) {
    struct call *todo = a->ready;
    a->ready = NULL;
    a->ready_tail = &a->ready;
    while (todo) {
        struct call *c = todo;
        todo = c->next;
        if (!*closed && c->done)
            c->done(c->ctx, c->err, c->text);
        else if (!*closed && c->rows) {
            cJSON *none = c->found ? NULL : cJSON_CreateArray();
            c->rows(c->ctx, c->err, c->found ? c->found : none);
            cJSON_Delete(none);
        }
        call_free(c);
    }
}

/* --- the call under way --- */

static void again(struct archive_pg *a, int64_t after_us) {
    a->first->tries++;
    a->first->retry_us = clock_mono_us() + after_us;
    kick(a);
}

static bool is_one_of(const char *state, const char *const *list) {
    for (; *list; list++)
        if (!strncmp(state, *list, strlen(*list)))
            return true;
    return false;
}

static void refused(struct archive_pg *a, const struct pg_outcome *out) {
    static const char *const sick[] = {"53", "58", "25006", "XX001", "XX002", NULL};        /* resources, system, read-only, damage */
    static const char *const passing[] = {"40001", "40P01", "55P03", "57014", NULL};        /* locks and time limits */
    static const char *const early[] = {"42P01", "42704", "42883", "42703", "23503", NULL}; /* the schema, or a model's row, is on its way */
    struct call *c = a->first;
    const char *state = out->sqlstate;
    if (!strcmp(state, "TU002"))
        settle(a, ERR_NOT_LEADER, out->text);
    else if (!strcmp(state, "23505") && c->maybe) {
        c->what = CALL_SAME;
        kick(a);
    } else if (!strcmp(state, "23505"))
        settle(a, ERR_DUPLICATE, out->text);
    else if ((is_one_of(state, early) || is_one_of(state, passing)) && c->tries < TRIES_MAX)
        again(a, RETRY_US);
    else if (is_one_of(state, sick) || is_one_of(state, passing))
        settle(a, ERR_STORE_DOWN, out->text);
    else {
        log_warn("archive", "%s: %s (%s)", doc_kind(c->kind)->table, out->text, state);
        settle(a, ERR_FAILED, out->text);
    }
}

static void carried_out(struct archive_pg *a) {
    const struct call *c = a->first;
    if (c->what == CALL_UPDATE && c->affected == 0)
        settle(a, ERR_FAILED, "there is no such document");
    else if (c->what == CALL_SAME && c->affected == 0)
        settle(a, ERR_DUPLICATE, "the key is taken");
    else
        settle(a, ERR_OK, "");
}

static void on_result(void *ctx, int index, const PGresult *r) {
    struct call *c = ((struct archive_pg *)ctx)->first;
    (void)index;
    if (c->what == CALL_READ && !c->found)
        c->found = archive_rows(c->kind, c->kind != ARCHIVE_INVOCATION || c->query.run, r);
    else if (c->what == CALL_SAME)
        c->affected = PQntuples(r);
    else
        c->affected = atol(PQcmdTuples((PGresult *)(uintptr_t)r));
}

static void on_unit(void *ctx, const struct pg_outcome *out) {
    struct archive_pg *a = ctx;
    struct call *c = a->first;
    a->busy = false;
    if (out->end == PG_DONE)
        carried_out(a);
    else if (out->end == PG_FAILED)
        refused(a, out);
    else if (c->over)
        settle(a, ERR_STORE_DOWN, "");
    else {
        c->maybe = true;
        c->affected = 0;
        cJSON_Delete(c->found);
        c->found = NULL;
    }
    kick(a);
}

static void pump(struct archive_pg *a) {
    while (a->first && !a->busy && a->first->refused) {
        struct call *c = take_first(a);
        ready(a, c, c->err, c->text);
    }
    struct call *c = a->first;
    if (!c || a->busy || !pg_up(a->pg) || c->retry_us > clock_mono_us())
        return;
    uint64_t epoch = c->what == CALL_READ || c->what == CALL_SAME ? 1 : a->epoch(a->epoch_ctx);
    if (!epoch) { /* nobody, or somebody else, leads */
        settle(a, ERR_NOT_LEADER, "this desk does not lead");
        return;
    }
    a->busy = true;
    archive_send(a->pg, c, epoch);
    pg_end(a->pg, on_result, on_unit, a);
}

static void work(struct archive_pg *a) {
    bool closed = false;
    a->closed = &closed;
    deliver(a, &closed);
    if (closed)
        return;
    a->closed = NULL;
    sweep(a);
    pump(a);
    if (a->first)
        ev_timer_again(loop_get(), &a->tick);
    else
        ev_timer_stop(loop_get(), &a->tick);
}

static void on_kick(struct ev_loop *loop, ev_timer *t, int revents) {
    (void)loop;
    (void)revents;
    work(t->data);
}

/* --- the connection --- */

static void on_up(void *ctx) {
    struct archive_pg *a = ctx;
    a->down_us = 0;
    kick(a);
}

static void on_down(void *ctx, const char *text) {
    struct archive_pg *a = ctx;
    if (!a->down_us) {
        a->down_us = clock_mono_us();
        log_warn("archive", "down: %s", text);
    }
    kick(a);
}

/* --- the port --- */

static struct call *call_new(struct archive_pg *a, enum call_what what, enum archive_kind kind, void *ctx) {
    struct call *c = xcalloc(1, sizeof *c);
    c->what = what;
    c->kind = kind;
    c->ctx = ctx;
    c->since_us = clock_mono_us();
    *a->tail = c;
    a->tail = &c->next;
    a->count++;
    kick(a);
    return c;
}

static void refuse(struct call *c, enum err e, const char *text) {
    c->refused = true;
    c->err = e;
    if (text != c->text)
        str_copy(c->text, sizeof c->text, text);
}

static void write_doc(struct archive *ar, enum call_what what, enum archive_kind kind, const cJSON *doc, archive_done_fn *done, void *ctx) {
    struct archive_pg *a = self(ar);
    bool full = a->count >= CALLS_MAX || a->bytes >= BYTES_MAX;
    struct call *c = call_new(a, what, kind, ctx);
    c->done = done;
    if (full)
        refuse(c, ERR_STORE_DOWN, "too many documents wait for the database");
    else if (!(c->doc = doc_normalise(kind, doc, what == CALL_UPDATE, c->text)))
        refuse(c, ERR_FAILED, c->text);
    else
        a->bytes += c->bytes = doc_bytes(c->doc);
}

static void insert(struct archive *a, enum archive_kind kind, const cJSON *doc, archive_done_fn *done, void *ctx) {
    write_doc(a, CALL_INSERT, kind, doc, done, ctx);
}
static void update(struct archive *a, enum archive_kind kind, const cJSON *doc, archive_done_fn *done, void *ctx) {
    write_doc(a, CALL_UPDATE, kind, doc, done, ctx);
}
static void read_rows(struct archive *ar, const struct archive_query *q, archive_rows_fn *rows, void *ctx) {
    struct archive_pg *a = self(ar);
    bool full = a->count >= CALLS_MAX;
    struct call *c = call_new(a, CALL_READ, doc_kind_of(q->list), ctx);
    c->query = *q;
    c->rows = rows;
    if (full)
        refuse(c, ERR_STORE_DOWN, "too many calls wait for the database");
}
static bool idle(const struct archive *a) { return !self(a)->first && !self(a)->ready; }

static void free_list(struct call *c) {
    while (c) {
        struct call *next = c->next;
        call_free(c);
        c = next;
    }
}

static void close_archive(struct archive *ar) {
    struct archive_pg *a = self(ar);
    if (a->closed)
        *a->closed = true;
    ev_timer_stop(loop_get(), &a->kick);
    ev_timer_stop(loop_get(), &a->tick);
    pg_close(a->pg);
    free_list(a->first);
    free_list(a->ready);
    free(a->conninfo);
    free(a);
}

static const struct archive_ops pg_ops = {"postgresql", insert, update, read_rows, idle, close_archive};

struct archive *archive_pg_new(const char *conninfo, uint64_t (*epoch)(void *ctx), void *ctx) {
    struct archive_pg *a = xcalloc(1, sizeof *a);
    a->head.ops = &pg_ops;
    a->conninfo = xstrdup(conninfo);
    a->epoch = epoch;
    a->epoch_ctx = ctx;
    a->tail = &a->first;
    a->ready_tail = &a->ready;
    ev_timer_init(&a->kick, on_kick, 0., 0.);
    a->kick.data = a;
    ev_timer_init(&a->tick, on_kick, 0.05, 0.05);
    a->tick.data = a;
    struct pg_cfg cfg = {.conninfo = a->conninfo, .connect_timeout_ms = ANSWER_MS, .answer_timeout_ms = ANSWER_MS, .on_up = on_up, .on_down = on_down, .ctx = a};
    a->pg = pg_open(&cfg);
    return &a->head;
}
