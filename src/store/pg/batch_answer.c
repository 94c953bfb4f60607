/* What became of batches: answers and refusals of the unit under way, lost answers, intents that have to be looked up.
 * A group that is refused is tried again one by one; a lost answer is settled by looking, never by assuming. */
#include "store_pg.h"

#include "turret/base/mem.h"
#include "turret/io/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 3

/* --- answers --- */

/* What was split off it follows soon (on_spill), not now: its order is about to leave. */
static void release_words(struct store_pg *s, struct batch *b) {
    if (b->words)
        list_push(&s->words, b->words);
    b->words = NULL;
}

void batch_on_result(void *ctx, int index, const PGresult *r) {
    const struct unit_map *m = &((struct store_pg *)ctx)->map;
    struct batch *b = (size_t)index < m->n ? m->of[index] : NULL;
    if (!b || m->kind[index] == '-')
        return;
    if (m->kind[index] == 'f')
        b->undone = strcmp(PQcmdTuples((PGresult *)(uintptr_t)r), "1") != 0;
    else if (m->kind[index] == 'i')
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
    log_error("store", "batch %llu: what is stored is newer than the desk's: reloading", (unsigned long long)b->seq);
    batch_answer(s, b, ERR_NOT_LEADER, false);
    batch_free(b);
    leader_lost(s, "an order or a watch was changed by another writer; reloading");
}

/* A batch of an epoch that no longer leads; one of an older epoch of ours says nothing new. */
static void usurped(struct store_pg *s, struct batch *b) {
    bool news = b->epoch == s->epoch;
    batch_answer(s, b, ERR_NOT_LEADER, false);
    if (news)
        leader_lost(s, "another desk has taken over");
}

static void again(struct store_pg *s, struct batch *b) {
    b->solo = true;
    b->not_leader = b->undone = false;
    b->behind = 0;
    list_push_front(&s->queue, b);
}

static void batch_done(struct store_pg *s, struct batch *b) {
    if (b->undone) { /* why? */
        b->general = true;
        again(s, b);
        return;
    }
    if (b->not_leader)
        usurped(s, b);
    else if (b->merge && is_newer_stored(b)) {
        conflict(s, b);
        return;
    } else {
        batch_answer(s, b, ERR_OK, false);
        release_words(s, b);
    }
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

/* One batch alone was refused. */
static void batch_failed(struct store_pg *s, struct batch *b, const struct pg_outcome *out) {
    b->tries++;
    if (!strcmp(out->sqlstate, "TU002")) {
        usurped(s, b);
        batch_free(b);
    } else if (!strcmp(out->sqlstate, "TU001") && !b->merge) {
        b->merge = true; /* an earlier batch that was refused left a gap, or ours is there already: look */
        again(s, b);
    } else if (!strcmp(out->sqlstate, "TU004")) {
        conflict(s, b);
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
            batch_refuse(s, b);
        if (!passing)
            sp_sick(s, out->text, !strcmp(out->sqlstate, "53100"));
    } else {
        log_error("store", "batch %llu refused by the database: %s (%s)", (unsigned long long)b->seq, out->text, out->sqlstate);
        sp_note(s, NOTICE_ALERT, "the database refused a record: %s", out->text);
        s->merge_refused = s->merge_refused || b->stored;
        batch_answer(s, b, ERR_INTERNAL, false);
        batch_free(b);
    }
}

/* The answer was lost. Exits are safe in the outbox; intents are looked up; the rest is merged again: all of it
 * changes nothing where the commit had happened. */
static void batch_lost(struct store_pg *s, struct batch *b) {
    if (b->later) {
        b->merge = true;
        list_push(&s->words, b);
        return;
    }
    if (b->stored || b->answered || batch_to_outbox(s, b)) {
        batch_free(b);
        return;
    }
    b->solo = true;
    b->merge = !b->intent;
    list_push(&s->unknown, b);
}

void batch_on_unit(void *ctx, const struct pg_outcome *out) {
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
            b->not_leader = b->undone = false;
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
    batch_merge_progress(s);
    batch_pump(s);
    if (s->life == SP_UP && s->outbox.batches && !s->merge_stuck && batch_idle(s)) /* exits that had waited too long */
        sp_step(s);
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
    batch_answer(s, b, version >= 0 ? ERR_OK : ERR_STORE_DOWN, false);
    if (version >= 0)
        release_words(s, b);
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
