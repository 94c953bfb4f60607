/* Builds the book of one recorded symbol out of its frames, and says when it can't be trusted. */
#include "import_chain.h"

#include "turret/base/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void chain_free(struct chain *c) {
    book_free(c->own);
    book_free(c->shown);
    free(c->snapshots);
    for (size_t i = 0; i < c->n_waiting; i++)
        free(c->waiting[i].levels);
    free(c->waiting);
    for (int s = 0; s < 2; s++) {
        free(c->dirty[s].p);
        free(c->out[s].p);
    }
    free(c->record);
}

static void list_add(struct chain_list *l, struct level v) {
    l->p = xgrow(l->p, &l->cap, l->n + 1, sizeof *l->p);
    l->p[l->n++] = v;
}

static void show(struct chain *c, int side, struct level l) {
    book_set(c->shown, (enum book_side)side, l.px, l.size);
    list_add(&c->out[side], l);
}

static void record_begin(struct chain *c) {
    if (!c->own) {
        c->own = book_new();
        c->shown = book_new();
    }
    c->out[BOOK_BID].n = c->out[BOOK_ASK].n = 0;
}

static void record_end(struct chain *c, unsigned flags, struct tape_record *r) {
    size_t n[2] = {c->out[BOOK_BID].n, c->out[BOOK_ASK].n};
    for (int s = 0; s < 2; s++) /* a record holds so many levels; what is far from the top is left out */
        n[s] = n[s] > TAPE_LEVELS_MAX / 2 ? TAPE_LEVELS_MAX / 2 : n[s];
    c->record = xgrow(c->record, &c->cap_record, n[0] + n[1] + 1, sizeof *c->record);
    for (int s = 0; s < 2; s++)
        if (n[s])
            memcpy(c->record + (s ? n[0] : 0), c->out[s].p, n[s] * sizeof(struct level));
    r->kind = TAPE_BOOK;
    r->flags = (uint8_t)(flags | (c->live ? 0u : (unsigned)BOOK_GAP));
    r->n_bids = (uint16_t)n[0];
    r->n_asks = (uint16_t)n[1];
    r->levels = c->record;
    c->was_live = c->was_live || c->live;
}

/* The whole shown book as a snapshot. */
static void record_whole(struct chain *c, struct tape_record *r) {
    for (int s = 0; s < 2; s++) {
        const struct level *l;
        c->out[s].n = 0;
        for (int i = 0; (l = book_level(c->shown, (enum book_side)s, i)) != NULL; i++)
            list_add(&c->out[s], *l);
    }
    record_end(c, BOOK_SNAPSHOT, r);
}

static bool better(int side, price a, price b) { return side == BOOK_BID ? a.micro > b.micro : a.micro < b.micro; }

/* Lays the newest bookTicker over the shown book. */
static void overlay(struct chain *c) {
    const struct level top[2] = {c->bid, c->ask};
    for (int s = 0; s < 2; s++) {
        struct level best;
        while (book_best(c->shown, (enum book_side)s, &best) && better(s, best.px, top[s].px)) {
            show(c, s, (struct level){best.px, QTY(0)});
            list_add(&c->dirty[s], best);
        }
        show(c, s, top[s]);
        list_add(&c->dirty[s], top[s]);
    }
}

static void overlay_undo(struct chain *c) {
    for (int s = 0; s < 2; s++) {
        for (size_t i = 0; i < c->dirty[s].n; i++) {
            price px = c->dirty[s].p[i].px;
            qty own = book_size_at(c->own, (enum book_side)s, px);
            if (book_size_at(c->shown, (enum book_side)s, px).micro != own.micro)
                show(c, s, (struct level){px, own});
        }
        c->dirty[s].n = 0;
    }
}

static void apply(struct chain *c, const struct level *levels, int n_bids, int n_asks) {
    for (int i = 0; i < n_bids + n_asks; i++)
        book_set(c->own, i < n_bids ? BOOK_BID : BOOK_ASK, levels[i].px, levels[i].size);
}

/* Does this change follow the last one? Futures name the update before (pu); spot counts on from it. */
static bool follows(const struct chain *c, const struct chain_diff *d) {
    if (c->futures)
        return c->after_snapshot ? d->prev_u <= c->last_u : d->prev_u == c->last_u;
    return c->after_snapshot ? d->first_u <= c->last_u + 1 : d->first_u == c->last_u + 1;
}

static bool older(const struct chain *c, const struct chain_diff *d) {
    return c->after_snapshot && c->futures ? d->last_u < c->last_u : d->last_u <= c->last_u;
}

static void gap(struct chain *c, const struct chain_diff *d, uint64_t line, struct import_report *rep) {
    rep->gaps++;
    import_note(rep, line, "%s: gap in the changes: %s %" PRIu64 " after update %" PRIu64, c->symbol, c->futures ? "pu" : "U",
                c->futures ? d->prev_u : d->first_u, c->last_u);
    c->live = false;
}

static void keep_waiting(struct chain *c, const struct frame *f) {
    if (c->next_snapshot >= c->n_snapshots || f->last_u < c->snapshots[c->next_snapshot])
        return; /* no snapshot comes, or it will hold this change */
    size_t bytes = sizeof(struct level) * (size_t)(f->n_bids + f->n_asks);
    c->waiting = xgrow(c->waiting, &c->cap_waiting, c->n_waiting + 1, sizeof *c->waiting);
    c->waiting[c->n_waiting++] = (struct chain_diff){f->first_u, f->last_u, f->prev_u, bytes ? memcpy(xmalloc(bytes), f->levels, bytes) : NULL, f->n_bids, f->n_asks};
}

void chain_diff(struct chain *c, const struct frame *f, uint64_t line, struct import_report *rep, struct tape_record *r) {
    const struct chain_diff d = {f->first_u, f->last_u, f->prev_u, f->levels, f->n_bids, f->n_asks};
    record_begin(c);
    keep_waiting(c, f);
    if (c->started && older(c, &d)) {
        rep->stale++;
        record_end(c, 0, r);
        return;
    }
    bool broken = c->started && (c->live || c->n_snapshots == 0) && !follows(c, &d);
    bool anew = broken && c->n_snapshots == 0; /* without any snapshot the book is built again from here */
    if (broken)
        gap(c, &d, line, rep);
    if (anew) {
        book_clear(c->own);
        book_clear(c->shown);
        c->dirty[BOOK_BID].n = c->dirty[BOOK_ASK].n = 0;
    }
    c->started = true;
    c->after_snapshot = false;
    c->last_u = f->last_u;
    overlay_undo(c);
    apply(c, f->levels, f->n_bids, f->n_asks);
    for (int i = 0; i < f->n_bids + f->n_asks; i++)
        show(c, i < f->n_bids ? BOOK_BID : BOOK_ASK, f->levels[i]);
    if (c->has_ticker && c->ticker_u > c->last_u)
        overlay(c);
    if (anew)
        record_whole(c, r);
    else
        record_end(c, 0, r);
}

static void waiting_apply(struct chain *c, uint64_t line, struct import_report *rep) {
    for (size_t i = 0; i < c->n_waiting; i++) {
        struct chain_diff *d = &c->waiting[i];
        if (!older(c, d)) {
            if (c->live && !follows(c, d))
                gap(c, d, line, rep);
            apply(c, d->levels, d->n_bids, d->n_asks);
            c->last_u = d->last_u;
            c->after_snapshot = false;
        }
        free(d->levels);
    }
    c->n_waiting = 0;
}

static void book_copy(struct book *to, const struct book *from) {
    book_clear(to);
    for (int s = 0; s < 2; s++) {
        const struct level *l;
        for (int i = 0; (l = book_level(from, (enum book_side)s, i)) != NULL; i++)
            book_set(to, (enum book_side)s, l->px, l->size);
    }
}

void chain_snapshot(struct chain *c, const struct frame *f, uint64_t line, struct import_report *rep, struct tape_record *r) {
    record_begin(c);
    book_clear(c->own);
    apply(c, f->levels, f->n_bids, f->n_asks);
    c->started = c->live = c->after_snapshot = true;
    c->last_u = f->last_u;
    c->next_snapshot++;
    waiting_apply(c, line, rep);
    book_copy(c->shown, c->own);
    c->dirty[BOOK_BID].n = c->dirty[BOOK_ASK].n = 0;
    if (c->has_ticker && c->ticker_u > c->last_u)
        overlay(c);
    record_whole(c, r);
}

static bool top_is(const struct chain *c, const struct frame *f) {
    struct level bid, ask;
    return book_best(c->own, BOOK_BID, &bid) && book_best(c->own, BOOK_ASK, &ask) && bid.px.micro == f->levels[0].px.micro &&
           bid.size.micro == f->levels[0].size.micro && ask.px.micro == f->levels[1].px.micro && ask.size.micro == f->levels[1].size.micro;
}

/* Best prices alone are a whole book of one level a side. */
static void ticker_only(struct chain *c, const struct frame *f, struct tape_record *r) {
    c->live = true;
    book_clear(c->shown);
    list_add(&c->out[BOOK_BID], f->levels[0]);
    list_add(&c->out[BOOK_ASK], f->levels[1]);
    record_end(c, BOOK_SNAPSHOT, r);
}

void chain_ticker(struct chain *c, const struct frame *f, struct import_report *rep, struct tape_record *r) {
    record_begin(c);
    if (!c->has_depth) {
        ticker_only(c, f, r);
        return;
    }
    if ((c->started && f->last_u < c->last_u) || (c->has_ticker && f->last_u < c->ticker_u)) {
        rep->stale++;
        record_end(c, 0, r);
        return;
    }
    c->has_ticker = true;
    c->ticker_u = f->last_u;
    c->bid = f->levels[0];
    c->ask = f->levels[1];
    bool confirmed = !c->live && c->started && c->n_snapshots == 0 && top_is(c, f);
    if (c->live && f->last_u == c->last_u) {
        rep->top_checks++;
        rep->top_differs += !top_is(c, f);
    }
    overlay(c);
    c->live = c->live || confirmed;
    if (confirmed)
        record_whole(c, r);
    else
        record_end(c, 0, r);
}
