/* Batches on their way out: collected, sent (those that waited while one was under way go together), or kept in the
 * outbox where they are exits and the database is away or too slow. */
#include "store_pg.h"

#include "turret/base/mem.h"
#include "turret/io/log.h"
#include "turret/io/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_BATCHES 64
#define GROUP_RECORDS 512
#define SPILL_TICK 0.1

void batch_free(struct batch *b) {
    if (b->words)
        batch_free(b->words);
    free(b->recs);
    free(b);
}

void batch_answer(struct store_pg *s, struct batch *b, enum err result, bool outbox) {
    if (b->answered)
        return;
    b->answered = true;
    struct event ev;
    event_init(&ev, EVENT_SAVED, VENUE_NONE, 0);
    ev.u.saved = (struct ev_saved){b->seq, (int32_t)result, outbox};
    sp_event(s, &ev);
}

/* --- outbox --- */

bool batch_to_outbox(struct store_pg *s, struct batch *b) {
    if (!b->exit || b->answered || !outbox_add(&s->outbox, b->recs, b->n))
        return false;
    batch_answer(s, b, ERR_OK, true);
    return true;
}

void batch_refuse(struct store_pg *s, struct batch *b) {
    if (b->later) {
        list_push(&s->words, b);
        return;
    }
    if (!batch_to_outbox(s, b))
        batch_answer(s, b, ERR_STORE_DOWN, false);
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
            batch_refuse(s, b);
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

void batch_merge_progress(struct store_pg *s) {
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

/* The words about a firing need not hold its order up: they follow when it is stored, with what else there is by then. */
static void split_words(struct batch *b) {
    if (b->n != 3 || !b->intent || b->recs[0].kind != SAVE_WATCH || b->recs[2].kind != SAVE_HISTORY)
        return;
    struct batch *w = b->words = xcalloc(1, sizeof *w);
    w->recs = xcalloc(1, sizeof *w->recs);
    w->recs[0] = b->recs[--b->n];
    w->n = 1;
    w->epoch = b->epoch;
    w->since_us = b->since_us;
    w->answered = w->later = true;
}

static void queue_words(struct store_pg *s) {
    if (s->life != SP_UP || !s->words.first)
        return;
    *s->queue.tail = s->words.first;
    s->queue.tail = s->words.tail;
    list_init(&s->words);
    batch_pump(s);
}

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
        if (!s->queue.first && !s->flight.first)
            split_words(b);
        list_push(&s->queue, b);
        batch_pump(s);
    } else
        batch_refuse(s, b);
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
    case SAVE_MODEL: bind_row(&b, &row_model, &rec->u.model); exec(s, "model", &b, of, '-'); return;
    case SAVE_ACCOUNT: bind_row(&b, &row_account, &rec->u.account); exec(s, "account", &b, of, '-'); return;
    case SAVE_WATCH: /* a firing is one compare-and-set with its order */
        bind_row(&b, &row_watch, &rec->u.watch);
        exec(s, of->intent && !of->merge && rec->u.watch.status == WATCH_EXECUTING ? "watch_fire" : "watch", &b, of, '-');
        return;
    case SAVE_FOLLOW: bind_row(&b, &row_follow, &rec->u.follow); exec(s, "follow", &b, of, '-'); return;
    case SAVE_FOLLOW_TRADE: bind_row(&b, &row_follow_trade, &rec->u.follow_trade); exec(s, "follow_trade", &b, of, '-'); return;
    case SAVE_LINK: bind_row(&b, &row_link, &rec->u.link); exec(s, "link", &b, of, '-'); return;
    case SAVE_HISTORY: bind_row(&b, &row_history, &rec->u.history); exec(s, of->merge ? "history_merge" : "history", &b, of, '-'); return;
    case SAVE_REMARK: bind_row(&b, &row_remark, &rec->u.remark); exec(s, "remark", &b, of, '-'); return;
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

/* The other one: a sniper that fires is one statement, too. */
static bool send_fire(struct store_pg *s, struct batch *of) {
    const struct fx_save *r = of->recs;
    if (of->merge || of->general || of->n != 2 || r[0].kind != SAVE_WATCH || r[0].u.watch.status != WATCH_EXECUTING || r[1].kind != SAVE_ORDER || !r[1].intent || !r[1].insert ||
        !is_bare(&r[1].u.order.pos))
        return false;
    struct binder b;
    bind_reset(&b);
    bind_u64(&b, of->epoch);
    bind_row(&b, &row_fire, &r[0].u.watch);
    bind_row(&b, &row_intent, &r[1].u.order);
    exec(s, "fire", &b, of, 'f');
    return true;
}

static void send_batch(struct store_pg *s, struct batch *of) {
    if (send_intent(s, of) || send_fire(s, of))
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

/* --- the unit under way --- */

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
    pg_end(s->pg, batch_on_result, batch_on_unit, s);
}

void batch_connection_lost(struct store_pg *s) {
    s->merging = false;
    batch_refuse_waiting(s);
}

/* --- exits that wait too long --- */

static void on_spill(struct ev_loop *loop, ev_timer *w, int revents) {
    (void)loop;
    (void)revents;
    struct store_pg *s = w->data;
    queue_words(s);
    int64_t before = clock_mono_us() - (s->cfg.exit_wait_ms ? s->cfg.exit_wait_ms : 1000) * 1000LL;
    for (struct batch *b = s->flight.first; b; b = b->next)
        if (b->since_us < before)
            (void)batch_to_outbox(s, b); /* whether it commits or not, the merge makes it so */
    struct batch_list old = s->queue;
    struct batch *b;
    if (!old.first)
        return;
    list_init(&s->queue);
    while ((b = list_pop(&old)))
        if (b->since_us < before && batch_to_outbox(s, b))
            batch_free(b);
        else
            list_push(&s->queue, b);
}

void batch_init(struct store_pg *s) {
    list_init(&s->queue);
    list_init(&s->flight);
    list_init(&s->unknown);
    list_init(&s->words);
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
    free_list(&s->words);
    if (s->building)
        batch_free(s->building);
    free(s->map.of);
    free(s->map.kind);
}

bool batch_idle(const struct store_pg *s) { return !s->building && !s->words.first && !s->queue.first && !s->flight.first && !s->unknown.first && !s->probes; }
