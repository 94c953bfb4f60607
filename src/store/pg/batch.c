/* Batches on their way: collected, sent (those that waited while one was under way go together), answered. A group that
 * is refused is tried again one by one; a lost answer is settled by looking, never by assuming. */
#include "store_pg.h"

#include "turret/base/mem.h"
#include "turret/io/log.h"
#include "turret/io/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_BATCHES 64
#define GROUP_RECORDS 512
#define TRIES_MAX 3
#define SPILL_TICK 0.1

static void batch_free(struct batch *b) {
    free(b->recs);
    free(b);
}

static void answer(struct store_pg *s, struct batch *b, enum err result, bool outbox) {
    if (b->answered)
        return;
    b->answered = true;
    struct event ev;
    event_init(&ev, EVENT_SAVED, VENUE_NONE, 0);
    ev.u.saved = (struct ev_saved){b->seq, (int32_t)result, outbox};
    sp_event(s, &ev);
}

/* --- outbox --- */

static bool to_outbox(struct store_pg *s, struct batch *b) {
    if (!b->exit || b->answered || !outbox_add(&s->outbox, b->recs, b->n))
        return false;
    answer(s, b, ERR_OK, true);
    return true;
}

static void refuse(struct store_pg *s, struct batch *b) {
    if (!to_outbox(s, b))
        answer(s, b, ERR_STORE_DOWN, false);
    batch_free(b);
}

void batch_refuse_waiting(struct store_pg *s) {
    struct batch *b;
    struct batch_list waiting = s->queue;
    if (!waiting.first)
        return;
    list_init(&s->queue);
    while ((b = list_pop(&waiting)))
        if (b->stored)
            batch_free(b); /* it is in the outbox still */
        else
            refuse(s, b);
}

static void read_stored(void *ctx, const struct fx_save *recs, size_t n) {
    struct store_pg *s = ctx;
    struct batch *b = xcalloc(1, sizeof *b);
    b->recs = xcalloc(n, sizeof *recs);
    memcpy(b->recs, recs, n * sizeof *recs);
    b->n = n;
    b->stored = b->answered = b->merge = true;
    b->since_us = clock_mono_us();
    list_push(&s->queue, b);
}

bool batch_merge_outbox(struct store_pg *s) {
    if (!s->outbox.batches || s->merging)
        return false;
    log_info("store", "merging %d batches of the outbox", s->outbox.batches);
    s->merging = true;
    s->merge_stuck = false;
    s->merge_refused = false;
    s->merge_count = s->outbox.batches;
    outbox_each(&s->outbox, read_stored, s);
    return true;
}

static bool any_stored(const struct batch_list *l) {
    for (const struct batch *b = l->first; b; b = b->next)
        if (b->stored)
            return true;
    return false;
}

static void merge_progress(struct store_pg *s) {
    if (!s->merging || any_stored(&s->queue) || any_stored(&s->flight))
        return;
    s->merging = false;
    if (s->outbox.batches == s->merge_count) { /* else more has come meanwhile: the next merge takes all of it once more */
        bool ok = s->merge_refused ? outbox_set_aside(&s->outbox) : outbox_clear(&s->outbox);
        if (!ok)
            log_error("store", "the outbox can't be cleared; it is merged again at the next start, which changes nothing");
        s->merge_stuck = !ok;
    }
    if (s->life != SP_STARTING || s->merge_stuck || !batch_merge_outbox(s))
        sp_step(s);
}

/* --- collecting --- */

void batch_save(struct store_pg *s, const struct fx_save *rec) {
    if (!s->building) {
        s->building = xcalloc(1, sizeof *s->building);
        s->building->exit = true;
    }
    struct batch *b = s->building;
    b->recs = xgrow(b->recs, &b->cap, b->n + 1, sizeof *b->recs);
    b->recs[b->n++] = *rec;
    b->intent = b->intent || rec->intent;
    b->exit = b->exit && rec->exit;
    if (!rec->last)
        return;
    s->building = NULL;
    b->seq = rec->seq;
    b->epoch = rec->epoch;
    b->since_us = clock_mono_us();
    if (s->life == SP_UP) {
        list_push(&s->queue, b);
        batch_pump(s);
    } else
        refuse(s, b);
}

/* --- sending --- */

static void note_statement(struct unit_map *m, struct batch *b, char kind) {
    m->of = xgrow(m->of, &m->cap_of, m->n + 1, sizeof *m->of);
    m->kind = xgrow(m->kind, &m->cap_kind, m->n + 1, 1);
    m->of[m->n] = b;
    m->kind[m->n++] = kind;
}

static void exec(struct store_pg *s, const char *name, const struct binder *b, struct batch *of, char kind) {
    pg_exec(s->pg, name, b->n, b->values, b->lens, b->formats);
    note_statement(&s->map, of, kind);
}

static void send_record(struct store_pg *s, struct batch *of, const struct fx_save *rec) {
    struct binder b;
    struct ev_equity minute;
    bind_reset(&b);
    switch ((enum save_kind)rec->kind) {
    case SAVE_ORDER:
        bind_row(&b, &row_order, &rec->u.order);
        exec(s, of->merge ? "order_merge" : rec->insert ? "order_insert" : "order_update", &b, of, of->merge ? 'm' : '-');
        return;
    case SAVE_ORDER_EVENT:
        bind_row(&b, &row_event, &rec->u.event);
        exec(s, of->merge ? "event_merge" : "event", &b, of, '-');
        return;
    case SAVE_FILL: bind_row(&b, &row_fill, &rec->u.fill); exec(s, "fill", &b, of, '-'); return;
    case SAVE_LEDGER: bind_row(&b, &row_ledger, &rec->u.ledger); exec(s, "ledger", &b, of, '-'); return;
    case SAVE_SETTING: bind_row(&b, &row_setting, &rec->u.setting); exec(s, "setting", &b, of, '-'); return;
    case SAVE_MARKET: bind_row(&b, &row_market, &rec->u.market); exec(s, "market", &b, of, '-'); return;
    case SAVE_EQUITY:
        minute = rec->u.equity;
        minute.at_us -= minute.at_us % 60000000;
        bind_row(&b, &row_equity, &minute);
        exec(s, "equity", &b, of, '-');
        return;
    case SAVE_DAY: bind_row(&b, &row_day, &rec->u.day); exec(s, "day", &b, of, '-'); return;
    case SAVE_ACCOUNT: bind_row(&b, &row_account, &rec->u.account); exec(s, "account", &b, of, '-'); return;
    }
}

/* No position yet and no plan: those columns stay null. */
static bool is_bare(const struct position *p) {
    static const struct position none = {.plan.confidence = -1};
    return memcmp(p, &none, sizeof none) == 0;
}

/* The hot path: an order that waits to be sent, alone or with its first event, is one statement. */
static bool send_intent(struct store_pg *s, struct batch *of) {
    const struct fx_save *r = of->recs;
    bool event = of->n == 2 && r[1].kind == SAVE_ORDER_EVENT && r[1].u.event.order == r[0].u.order.id;
    if (of->merge || of->general || r[0].kind != SAVE_ORDER || !r[0].intent || !r[0].insert || (of->n != 1 && !event))
        return false;
    struct binder b;
    bind_reset(&b);
    bind_u64(&b, of->epoch);
    bool bare = is_bare(&r[0].u.order.pos);
    bind_row(&b, bare ? &row_intent : &row_order, &r[0].u.order);
    if (event)
        bind_row(&b, &row_event, &r[1].u.event);
    static const char *const names[2][2] = {{"intent_plan", "intent_plan_event"}, {"intent", "intent_event"}};
    exec(s, names[bare][event], &b, of, 'i');
    return true;
}

static void send_batch(struct store_pg *s, struct batch *of) {
    if (send_intent(s, of))
        return;
    if (!of->stored) { /* what the outbox holds has happened, whoever leads now */
        struct binder b;
        bind_reset(&b);
        bind_u64(&b, of->epoch);
        exec(s, of->intent ? "lead_fresh" : "lead", &b, of, '-');
    }
    for (size_t i = 0; i < of->n; i++)
        send_record(s, of, &of->recs[i]);
}

/* --- answers --- */

static void on_result(void *ctx, int index, const PGresult *r) {
    const struct unit_map *m = &((struct store_pg *)ctx)->map;
    struct batch *b = (size_t)index < m->n ? m->of[index] : NULL;
    if (!b || m->kind[index] == '-')
        return;
    if (m->kind[index] == 'i')
        b->not_leader = strcmp(PQcmdTuples((PGresult *)(uintptr_t)r), "1") != 0;
    else if (PQntuples(r) == 1 && PQgetvalue(r, 0, 0)[0] == '0' && !PQgetisnull(r, 0, 1)) /* not taken: what is stored is as new as ours or newer */
        b->behind = (uint16_t)atoi(PQgetvalue(r, 0, 1));
}

static bool is_newer_stored(const struct batch *b) {
    for (size_t i = 0; i < b->n && b->behind && !b->stored; i++)
        if (b->recs[i].kind == SAVE_ORDER && b->recs[i].u.order.version < b->behind && b->tries == 1)
            return true;
    return false;
}

/* Someone wrote rows of ours: what this desk knows is wrong. It gives the lease up and must load anew. */
static void conflict(struct store_pg *s, struct batch *b) {
    log_error("store", "batch %llu: the stored order is newer than the desk's: reloading", (unsigned long long)b->seq);
    answer(s, b, ERR_NOT_LEADER, false);
    batch_free(b);
    leader_lost(s, "an order was changed by another writer; reloading");
}

/* A batch of an epoch that no longer leads; one of an older epoch of ours says nothing new. */
static void usurped(struct store_pg *s, struct batch *b) {
    bool news = b->epoch == s->epoch;
    answer(s, b, ERR_NOT_LEADER, false);
    if (news)
        leader_lost(s, "another desk has taken over");
}

static void batch_done(struct store_pg *s, struct batch *b) {
    if (b->not_leader)
        usurped(s, b);
    else if (b->merge && is_newer_stored(b)) {
        conflict(s, b);
        return;
    } else
        answer(s, b, ERR_OK, false);
    batch_free(b);
}

bool error_is_sick(const char *state) {
    static const char *const sick[] = {"53", "58", "25006", "XX001", "XX002"}; /* resources, system, read-only, damage */
    for (size_t i = 0; i < sizeof sick / sizeof *sick; i++)
        if (!strncmp(state, sick[i], strlen(sick[i])))
            return true;
    return false;
}

static bool error_is_passing(const char *state) {
    static const char *const passing[] = {"40001", "40P01", "55P03", "57014"};
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (!strcmp(state, passing[i]))
            return true;
    return false;
}

static void again(struct store_pg *s, struct batch *b) {
    b->solo = true;
    b->not_leader = false;
    b->behind = 0;
    list_push_front(&s->queue, b);
}

/* One batch alone was refused. */
static void batch_failed(struct store_pg *s, struct batch *b, const struct pg_outcome *out) {
    b->tries++;
    if (!strcmp(out->sqlstate, "TU002")) {
        usurped(s, b);
        batch_free(b);
    } else if (!strcmp(out->sqlstate, "TU001") && !b->merge) {
        b->merge = true; /* an earlier batch that was refused left a gap, or ours is there already: look */
        again(s, b);
    } else if (!strcmp(out->sqlstate, "23505") && b->intent && !b->general) {
        b->general = true;
        again(s, b);
    } else if (error_is_passing(out->sqlstate) && b->tries < TRIES_MAX)
        again(s, b);
    else if (error_is_sick(out->sqlstate) || error_is_passing(out->sqlstate)) {
        bool passing = error_is_passing(out->sqlstate);
        if (b->stored)
            batch_free(b);
        else
            refuse(s, b);
        if (!passing)
            sp_sick(s, out->text, !strcmp(out->sqlstate, "53100"));
    } else {
        log_error("store", "batch %llu refused by the database: %s (%s)", (unsigned long long)b->seq, out->text, out->sqlstate);
        sp_note(s, NOTICE_ALERT, "the database refused a record: %s", out->text);
        s->merge_refused = s->merge_refused || b->stored;
        answer(s, b, ERR_INTERNAL, false);
        batch_free(b);
    }
}

/* The answer was lost. Exits are safe in the outbox; intents are looked up; the rest is merged again: all of it
 * changes nothing where the commit had happened. */
static void batch_lost(struct store_pg *s, struct batch *b) {
    if (b->stored || b->answered || to_outbox(s, b)) {
        batch_free(b);
        return;
    }
    b->solo = true;
    b->merge = !b->intent;
    list_push(&s->unknown, b);
}

static void on_unit(void *ctx, const struct pg_outcome *out) {
    struct store_pg *s = ctx;
    struct batch_list flight = s->flight;
    if (!flight.first)
        list_init(&flight);
    list_init(&s->flight);
    struct batch *b;
    bool alone = flight.first && !flight.first->next;
    if (out->end == PG_FAILED && !alone) { /* one by one, in order, before what came later */
        struct batch_list later = s->queue;
        s->queue = flight;
        for (b = s->queue.first; b; b = b->next) {
            b->solo = true;
            b->not_leader = false;
            b->behind = 0;
        }
        if (later.first) {
            *s->queue.tail = later.first;
            s->queue.tail = later.tail;
        }
    } else
        while ((b = list_pop(&flight)))
            if (out->end == PG_DONE)
                batch_done(s, b);
            else if (out->end == PG_FAILED)
                batch_failed(s, b, out);
            else
                batch_lost(s, b);
    merge_progress(s);
    batch_pump(s);
    if (s->life == SP_UP && s->outbox.batches && !s->merge_stuck && batch_idle(s)) /* exits that had waited too long */
        sp_step(s);
}

void batch_pump(struct store_pg *s) {
    bool able = s->life == SP_UP || (s->life == SP_STARTING && s->merging);
    if (!able || s->flight.first || !s->queue.first || !pg_up(s->pg))
        return;
    size_t batches = 0, records = 0;
    s->map.n = 0;
    list_init(&s->flight);
    do {
        struct batch *b = list_pop(&s->queue);
        send_batch(s, b);
        list_push(&s->flight, b);
        batches++;
        records += b->n;
        if (b->solo)
            break;
    } while (s->queue.first && !s->queue.first->solo && batches < GROUP_BATCHES && records < GROUP_RECORDS);
    pg_end(s->pg, on_result, on_unit, s);
}

void batch_connection_lost(struct store_pg *s) {
    s->merging = false;
    batch_refuse_waiting(s);
}

/* --- intents whose commit is unknown --- */

struct probe {
    struct store_pg *s;
    struct batch *b;
    int version;
};

static void on_probe_row(void *ctx, int index, const PGresult *r) {
    struct probe *p = ctx;
    (void)index;
    if (PQntuples(r))
        p->version = atoi(PQgetvalue(r, 0, 0));
}

static void on_probe(void *ctx, const struct pg_outcome *out) {
    struct probe *p = ctx;
    struct store_pg *s = p->s;
    struct batch *b = p->b;
    int version = p->version;
    free(p);
    s->probes--;
    if (out->end != PG_DONE) {
        list_push(&s->unknown, b); /* asked again at the next connection */
        return;
    }
    answer(s, b, version >= 0 ? ERR_OK : ERR_STORE_DOWN, false);
    log_info("store", "batch %llu: its lost commit had %s", (unsigned long long)b->seq, version >= 0 ? "happened" : "not happened");
    batch_free(b);
    if (!s->probes)
        sp_step(s);
}

void batch_look_up_unknown(struct store_pg *s) {
    struct batch_list todo = s->unknown;
    struct batch *b;
    if (!todo.first)
        return;
    list_init(&s->unknown);
    while ((b = list_pop(&todo))) {
        const struct fx_save *order = NULL;
        for (size_t i = 0; i < b->n && !order; i++)
            if (b->recs[i].kind == SAVE_ORDER && b->recs[i].insert)
                order = &b->recs[i];
        if (b->merge || !order) {
            b->merge = true;
            list_push(&s->queue, b);
            continue;
        }
        struct probe *p = xcalloc(1, sizeof *p);
        *p = (struct probe){s, b, -1};
        struct binder bind;
        bind_reset(&bind);
        bind_u64(&bind, order->u.order.id);
        s->probes++;
        pg_exec(s->pg, "order_version", bind.n, bind.values, bind.lens, bind.formats);
        pg_end(s->pg, on_probe_row, on_probe, p);
    }
}

/* --- exits that wait too long --- */

static void on_spill(struct ev_loop *loop, ev_timer *w, int revents) {
    (void)loop;
    (void)revents;
    struct store_pg *s = w->data;
    int64_t before = clock_mono_us() - (s->cfg.exit_wait_ms ? s->cfg.exit_wait_ms : 1000) * 1000LL;
    for (struct batch *b = s->flight.first; b; b = b->next)
        if (b->since_us < before)
            (void)to_outbox(s, b); /* whether it commits or not, the merge makes it so */
    struct batch_list old = s->queue;
    struct batch *b;
    if (!old.first)
        return;
    list_init(&s->queue);
    while ((b = list_pop(&old)))
        if (b->since_us < before && to_outbox(s, b))
            batch_free(b);
        else
            list_push(&s->queue, b);
}

void batch_init(struct store_pg *s) {
    list_init(&s->queue);
    list_init(&s->flight);
    list_init(&s->unknown);
    ev_timer_init(&s->spill_timer, on_spill, SPILL_TICK, SPILL_TICK);
    s->spill_timer.data = s;
    ev_timer_start(loop_get(), &s->spill_timer);
}

static void free_list(struct batch_list *l) {
    struct batch *b;
    while ((b = list_pop(l)))
        batch_free(b);
}

void batch_close(struct store_pg *s) {
    ev_timer_stop(loop_get(), &s->spill_timer);
    free_list(&s->queue);
    free_list(&s->flight);
    free_list(&s->unknown);
    if (s->building)
        batch_free(s->building);
    free(s->map.of);
    free(s->map.kind);
}

bool batch_idle(const struct store_pg *s) { return !s->building && !s->queue.first && !s->flight.first && !s->unknown.first && !s->probes; }
