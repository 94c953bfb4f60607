/* The store port in memory: a queue of batches, loads and state changes, each due at a step; store_mem_run carries
 * them out in order. Commit happens when a batch is due, so a crash between can lose it, as with a real server. */
#include "turret/store/mem.h"

#include "../store_trade.h"
#include "mem_rows.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CLOSED_MAX 1000

enum job_kind { JOB_BATCH, JOB_LOAD, JOB_STATE, JOB_LEADER };
struct job {
    enum job_kind kind;
    int64_t due;
    size_t first, n;  /* records of a batch */
    enum err refused; /* decided when it came in */
    bool outbox;
};

struct store_mem {
    struct store head;
    struct event_sink sink;
    struct mem_rows rows;
    struct job *jobs;
    size_t n_jobs, cap_jobs;
    struct fx_save *recs; /* of all waiting batches, in order */
    size_t n_recs, cap_recs, open_from;
    struct fx_save *outbox;
    size_t n_outbox, cap_outbox;
    int64_t step, now_us;
    int delay, fail_left, emitted;
    enum err fail_why;
    uint64_t epoch;
    bool up, leads;
};

static struct store_mem *self(const struct store *s) { return (struct store_mem *)(uintptr_t)s; }

static void emit(struct store_mem *m, struct event *ev) {
    ev->at_us = m->now_us;
    m->emitted++;
    m->sink.put(m->sink.ctx, ev);
}

static void push_job(struct store_mem *m, struct job j) {
    j.due = m->step + 1 + m->delay;
    if (m->n_jobs && m->jobs[m->n_jobs - 1].due > j.due)
        j.due = m->jobs[m->n_jobs - 1].due; /* first in, first out */
    m->jobs = xgrow(m->jobs, &m->cap_jobs, m->n_jobs + 1, sizeof *m->jobs);
    m->jobs[m->n_jobs++] = j;
}

static void announce(struct store_mem *m) {
    push_job(m, (struct job){.kind = JOB_STATE});
    push_job(m, (struct job){.kind = JOB_LEADER});
}

/* --- batches --- */

static bool batch_is_exit(const struct fx_save *recs, size_t n) {
    bool exit = n > 0;
    for (size_t i = 0; i < n; i++)
        exit = exit && recs[i].exit;
    return exit;
}

static void save(struct store *s, const struct fx_save *rec) {
    struct store_mem *m = self(s);
    m->recs = xgrow(m->recs, &m->cap_recs, m->n_recs + 1, sizeof *m->recs);
    m->recs[m->n_recs++] = *rec;
    if (!rec->last)
        return;
    struct job j = {.kind = JOB_BATCH, .first = m->open_from, .n = m->n_recs - m->open_from};
    m->open_from = m->n_recs;
    if (m->fail_left > 0) {
        m->fail_left--;
        j.refused = m->fail_why;
    }
    push_job(m, j);
}

static void saved(struct store_mem *m, uint64_t seq, enum err result, bool outbox) {
    struct event ev;
    event_init(&ev, EVENT_SAVED, VENUE_NONE, m->now_us);
    ev.u.saved = (struct ev_saved){seq, (int32_t)result, outbox};
    emit(m, &ev);
}

static enum err commit(struct store_mem *m, const struct fx_save *recs, size_t n) {
    if (!m->leads || recs[0].epoch != m->epoch)
        return ERR_NOT_LEADER;
    if (!mem_auto_fires(&m->rows, recs, n))
        return ERR_NOT_LEADER; /* as PostgreSQL does: what the desk knows is old */
    enum err e = mem_rows_check(&m->rows, recs, n, false);
    for (size_t i = 0; i < n && e == ERR_OK; i++)
        mem_rows_apply(&m->rows, &recs[i], false);
    return e;
}

static void run_batch(struct store_mem *m, const struct job *j) {
    const struct fx_save *recs = m->recs + j->first;
    enum err e = j->refused;
    bool outbox = false;
    if (e == ERR_OK && !m->up) {
        outbox = batch_is_exit(recs, j->n);
        e = outbox ? ERR_OK : ERR_STORE_DOWN;
        for (size_t i = 0; i < j->n && outbox; i++) {
            m->outbox = xgrow(m->outbox, &m->cap_outbox, m->n_outbox + 1, sizeof *m->outbox);
            m->outbox[m->n_outbox++] = recs[i];
        }
    } else if (e == ERR_OK)
        e = commit(m, recs, j->n);
    saved(m, recs[j->n - 1].seq, e, outbox);
}

static void merge_outbox(struct store_mem *m) {
    for (size_t i = 0; i < m->n_outbox; i++)
        mem_rows_apply(&m->rows, &m->outbox[i], true);
    m->n_outbox = 0;
}

/* --- load --- */

static void emit_markets(struct store_mem *m) {
    struct event ev;
    for (size_t i = 0; i < m->rows.n_market; i++) {
        bool any = false;
        event_init(&ev, EVENT_LOAD_MARKET, m->rows.market[i].market.venue, m->now_us);
        for (size_t a = 0; a < m->rows.n_account; a++) {
            struct ev_load_day d =
                mem_rows_day(&m->rows, m->rows.account[a].id, m->rows.market[i].market.id, day_of(m->now_us));
            if (!d.realized.micro && !d.fees.micro && !d.funding.micro)
                continue;
            any = true;
            ev.u.load_market = m->rows.market[i];
            ev.u.load_market.account = d.account;
            ev.u.load_market.realized = d.realized;
            ev.u.load_market.fees = d.fees;
            ev.u.load_market.funding = d.funding;
            emit(m, &ev);
        }
        if (any)
            continue;
        ev.u.load_market = m->rows.market[i];
        ev.u.load_market.account = 0;
        ev.u.load_market.realized = ev.u.load_market.fees = ev.u.load_market.funding = USD(0);
        emit(m, &ev);
    }
}

static void emit_cash(struct store_mem *m) {
    struct event ev;
    for (size_t a = 0; a < m->rows.n_account; a++) {
        event_init(&ev, EVENT_LOAD_CASH, m->rows.account[a].venue, m->now_us);
        ev.u.load_cash.account = m->rows.account[a].id;
        for (size_t i = 0; i < m->rows.n_ledger; i++)
            if (m->rows.ledger[i].account == m->rows.account[a].id)
                ev.u.load_cash.cash.micro += m->rows.ledger[i].amount.micro;
        emit(m, &ev);
    }
}

static bool day_has_row(const struct store_mem *m, account_id account, int32_t day) {
    for (size_t i = 0; i < m->rows.n_day; i++)
        if (m->rows.day[i].account == account && m->rows.day[i].day == day)
            return true;
    for (size_t i = 0; i < m->rows.n_fill; i++)
        if (m->rows.fill[i].account == account && day_of(m->rows.fill[i].at_us) == day)
            return true;
    for (size_t i = 0; i < m->rows.n_ledger; i++)
        if (m->rows.ledger[i].account == account && m->rows.ledger[i].kind == LEDGER_FUNDING &&
            day_of(m->rows.ledger[i].at_us) == day)
            return true;
    return false;
}

static void emit_days(struct store_mem *m) {
    int32_t first = INT32_MAX, last = INT32_MIN;
    for (size_t i = 0; i < m->rows.n_fill; i++) {
        int32_t d = day_of(m->rows.fill[i].at_us);
        first = d < first ? d : first;
        last = d > last ? d : last;
    }
    for (size_t i = 0; i < m->rows.n_ledger; i++) {
        int32_t d = day_of(m->rows.ledger[i].at_us);
        first = d < first ? d : first;
        last = d > last ? d : last;
    }
    for (size_t i = 0; i < m->rows.n_day; i++) {
        first = m->rows.day[i].day < first ? m->rows.day[i].day : first;
        last = m->rows.day[i].day > last ? m->rows.day[i].day : last;
    }
    if (first != INT32_MAX && last - first > 400)
        first = last - 400;
    for (size_t a = 0; a < m->rows.n_account; a++)
        for (int32_t day = first; first != INT32_MAX && day <= last; day++) {
            if (!day_has_row(m, m->rows.account[a].id, day))
                continue;
            struct event ev;
            event_init(&ev, EVENT_LOAD_DAY, m->rows.account[a].venue, m->now_us);
            ev.u.load_day = mem_rows_day(&m->rows, m->rows.account[a].id, 0, day);
            for (size_t i = 0; i < m->rows.n_day; i++)
                if (m->rows.day[i].account == ev.u.load_day.account && m->rows.day[i].day == day)
                    ev.u.load_day.start_equity = m->rows.day[i].start_equity;
            emit(m, &ev);
        }
}

static enum venue_id venue_of(const struct store_mem *m, account_id account) {
    for (size_t i = 0; i < m->rows.n_account; i++)
        if (m->rows.account[i].id == account)
            return (enum venue_id)m->rows.account[i].venue;
    return VENUE_NONE;
}

static int load_group(const struct order *o) { return order_open(o) ? 0 : o->pos.status == POSITION_OPEN ? 1 : 2; }

static int by_group(const void *a, const void *b) {
    const struct order *x = *(const struct order *const *)a, *y = *(const struct order *const *)b;
    int gx = load_group(x), gy = load_group(y);
    return gx != gy ? gx - gy : x->num < y->num ? -1 : x->num > y->num;
}

static void emit_orders(struct store_mem *m) {
    size_t n = m->rows.n_order, live = 0;
    const struct order **list = xcalloc(n + 1, sizeof *list);
    struct map loaded;
    map_init(&loaded);
    for (size_t i = 0; i < n; i++) {
        list[i] = &m->rows.order[i];
        live += load_group(list[i]) < 2;
    }
    qsort(list, n, sizeof *list, by_group);
    struct event ev;
    for (size_t i = 0; i < n; i++) {
        if (i >= live && n - i > CLOSED_MAX)
            continue;
        event_init(&ev, EVENT_LOAD_ORDER, venue_of(m, list[i]->account), m->now_us);
        ev.u.order = *list[i];
        map_put(&loaded, list[i]->id, 1);
        emit(m, &ev);
    }
    for (size_t i = 0; i < m->rows.n_fill; i++) {
        uint64_t one;
        if (!map_get(&loaded, m->rows.fill[i].order, &one) && !map_get(&loaded, m->rows.fill[i].position, &one))
            continue;
        event_init(&ev, EVENT_LOAD_FILL, venue_of(m, m->rows.fill[i].account), m->now_us);
        ev.u.fill = m->rows.fill[i];
        emit(m, &ev);
    }
    map_free(&loaded);
    free(list);
}

#define EMIT_EACH(m, name, TYPE, member)                     \
    for (size_t i = 0; i < m->rows.n_##name; i++) {          \
        struct event ev;                                     \
        event_init(&ev, EVENT_##TYPE, VENUE_NONE, m->now_us); \
        ev.u.member = m->rows.name[i];                       \
        emit(m, &ev);                                        \
    }

static void emit_trades(struct store_mem *m) {
    const struct order **list;
    size_t n = mem_rows_closed(&m->rows, &list);
    for (size_t i = 0; i < n; i++) {
        uint64_t at, stop = 0;
        const struct market *market = map_get(&m->rows.market_by_id, list[i]->market, &at) ? &m->rows.market[at].market : NULL;
        (void)map_get(&m->rows.first_stop, list[i]->id, &stop);
        struct event ev;
        event_init(&ev, EVENT_LOAD_TRADE, venue_of(m, list[i]->account), m->now_us);
        ev.u.load_trade.account = list[i]->account;
        trade_of_order(list[i], PRICE((int64_t)stop), market && market->kind == MARKET_BINARY,
                       market ? (enum market_outcome)market->outcome : OUTCOME_NONE, &ev.u.load_trade.trade);
        emit(m, &ev);
    }
    free(list);
}

static void emit_any(void *ctx, struct event *ev) { emit(ctx, ev); }

static void run_load(struct store_mem *m) {
    EMIT_EACH(m, setting, SETTING, setting)
    EMIT_EACH(m, account, ACCOUNT, account)
    for (size_t i = 0; i < m->rows.n_model; i++) {
        struct event ev;
        event_init(&ev, EVENT_MODEL, VENUE_NONE, m->now_us);
        ev.u.model = (struct ev_model){.model = m->rows.model[i], .stored = 1};
        emit(m, &ev);
    }
    emit_markets(m);
    emit_cash(m);
    emit_days(m);
    emit_orders(m);
    EMIT_EACH(m, equity, EQUITY, equity)
    mem_auto_load(&m->rows, m->now_us, emit_any, m);
    emit_trades(m);
    mem_auto_load_watches(&m->rows, m->now_us, emit_any, m);
    struct event ev;
    event_init(&ev, EVENT_LOADED, VENUE_NONE, m->now_us);
    emit(m, &ev);
}

static void run_state(struct store_mem *m, bool leader) {
    struct event ev;
    event_init(&ev, leader ? EVENT_LEADER : EVENT_STORE, VENUE_NONE, m->now_us);
    if (leader) {
        ev.u.leader = (struct ev_leader){.epoch = m->epoch, .leads = m->leads};
        str_copy(ev.u.leader.holder, sizeof ev.u.leader.holder, m->leads ? "this desk" : "another desk");
    } else {
        ev.u.store.up = m->up;
        str_copy(ev.u.store.text, sizeof ev.u.store.text, m->up ? "in memory" : "the store is down");
    }
    emit(m, &ev);
}

/* Drops the records in front of the first waiting batch, a lot at a time. */
static void forget_done(struct store_mem *m) {
    size_t first = m->open_from;
    for (size_t i = 0; i < m->n_jobs; i++)
        if (m->jobs[i].kind == JOB_BATCH) {
            first = m->jobs[i].first;
            break;
        }
    if (first < m->n_recs && first < 1024)
        return;
    if (m->n_recs > first)
        memmove(m->recs, m->recs + first, (m->n_recs - first) * sizeof *m->recs);
    m->n_recs -= first;
    m->open_from -= first;
    for (size_t i = 0; i < m->n_jobs; i++)
        if (m->jobs[i].kind == JOB_BATCH)
            m->jobs[i].first -= first;
}

int store_mem_run(struct store *s) {
    struct store_mem *m = self(s);
    m->step++;
    m->emitted = 0;
    size_t done = 0;
    /* answers may bring new jobs (never due in this run); a crash inside a sink empties the queue */
    while (done < m->n_jobs && m->jobs[done].due <= m->step) {
        struct job j = m->jobs[done++];
        switch (j.kind) {
        case JOB_BATCH: run_batch(m, &j); break;
        case JOB_LOAD: run_load(m); break;
        case JOB_STATE: run_state(m, false); break;
        case JOB_LEADER: run_state(m, true); break;
        }
    }
    if (m->n_jobs > done)
        memmove(m->jobs, m->jobs + done, (m->n_jobs - done) * sizeof *m->jobs);
    m->n_jobs -= done;
    forget_done(m);
    return m->emitted;
}

static void load(struct store *s) { push_job(self(s), (struct job){.kind = JOB_LOAD}); }
static bool idle(const struct store *s) { return self(s)->n_jobs == 0; }

static void close_store(struct store *s) {
    struct store_mem *m = self(s);
    mem_rows_free(&m->rows);
    free(m->jobs);
    free(m->recs);
    free(m->outbox);
    free(m);
}

static const struct store_ops mem_ops = {"memory", load, save, idle, close_store};

struct store *store_mem_new(struct event_sink sink) {
    struct store_mem *m = xcalloc(1, sizeof *m);
    m->head.ops = &mem_ops;
    m->sink = sink;
    m->epoch = 1;
    m->up = m->leads = true;
    mem_rows_init(&m->rows);
    announce(m);
    return &m->head;
}

/* --- knobs --- */

void store_mem_set_time(struct store *s, int64_t now_us) { self(s)->now_us = now_us; }
void store_mem_set_delay(struct store *s, int steps) { self(s)->delay = steps; }
void store_mem_fail_next(struct store *s, enum err why, int batches) {
    self(s)->fail_why = why;
    self(s)->fail_left = batches;
}
void store_mem_set_up(struct store *s, bool up) {
    struct store_mem *m = self(s);
    m->up = up;
    if (up)
        merge_outbox(m);
    push_job(m, (struct job){.kind = JOB_STATE});
}
void store_mem_set_epoch(struct store *s, uint64_t epoch, bool leads) {
    self(s)->epoch = epoch;
    self(s)->leads = leads;
    push_job(self(s), (struct job){.kind = JOB_LEADER});
}
void store_mem_crash(struct store *s, int committed, struct event_sink sink) {
    struct store_mem *m = self(s);
    for (size_t i = 0; i < m->n_jobs && committed > 0; i++)
        if (m->jobs[i].kind == JOB_BATCH && m->jobs[i].refused == ERR_OK && m->up) {
            (void)commit(m, m->recs + m->jobs[i].first, m->jobs[i].n);
            committed--;
        }
    m->n_jobs = m->n_recs = m->open_from = 0;
    m->sink = sink;
    m->epoch++;
    if (m->up)
        merge_outbox(m);
    announce(m);
}

/* --- for oracles --- */

int store_mem_waiting(const struct store *s) {
    int n = 0;
    for (size_t i = 0; i < self(s)->n_jobs; i++)
        n += self(s)->jobs[i].kind == JOB_BATCH;
    return n;
}
const struct mem_rows *store_mem_rows(const struct store *s) { return &self(s)->rows; }
