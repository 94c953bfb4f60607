/* Imports recorded Binance frames in two passes: the first learns symbols, steps and where snapshots are, the second
 * writes one tape record a good frame. Rules of the chain are in import_chain.h. */
#include "import_chain.h"
#include "tape_file.h"

#include "turret/base/mem.h"
#include "turret/base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOLS_MAX 256
#define FLUSH_EVERY 4096

struct import {
    struct import_report *rep;
    struct lines lines;
    struct frame frame;
    struct chain *chains;
    size_t n_chains, cap_chains;
    int *owners; /* of each snapshot that names no symbol, in file order: index of its chain or -1 */
    int64_t *owner_px;
    size_t n_owners, cap_owners, cap_owner_px, next_owner;
    struct tape_out out;
    int64_t last_us;
};

static struct chain *chain_of(struct import *im, const char *symbol, bool make) {
    for (size_t i = 0; i < im->n_chains; i++)
        if (strcmp(im->chains[i].symbol, symbol) == 0)
            return &im->chains[i];
    if (!make || im->n_chains >= SYMBOLS_MAX)
        return NULL;
    im->chains = xgrow(im->chains, &im->cap_chains, im->n_chains + 1, sizeof *im->chains);
    struct chain *c = &im->chains[im->n_chains++];
    memset(c, 0, sizeof *c);
    str_copy(c->symbol, sizeof c->symbol, symbol);
    return c;
}

static int64_t frame_mid(const struct frame *f) {
    if (f->n_bids && f->n_asks)
        return f->levels[0].px.micro / 2 + f->levels[f->n_bids].px.micro / 2;
    return 0;
}

/* --- first pass --- */

static void steps_see(struct chain *c, const struct frame *f) {
    for (int i = 0; i < f->n_bids + f->n_asks; i++) {
        step_see(&c->prices, f->levels[i].px.micro);
        step_see(&c->sizes, f->levels[i].size.micro);
        c->max_px = f->levels[i].px.micro > c->max_px ? f->levels[i].px.micro : c->max_px;
    }
    if (f->kind == FRAME_TRADE || f->kind == FRAME_AGG_TRADE) {
        step_see(&c->prices, f->px.micro);
        step_see(&c->sizes, f->size.micro);
    }
    int64_t px = f->kind == FRAME_TICKER || f->kind == FRAME_SNAPSHOT ? frame_mid(f) : f->px.micro;
    if (f->kind != FRAME_DIFF && px > 0) {
        c->first_px = c->first_px ? c->first_px : px;
        c->near_px = px;
        c->max_px = px > c->max_px ? px : c->max_px;
    }
}

static void snapshot_note(struct chain *c, uint64_t u) {
    c->snapshots = xgrow(c->snapshots, &c->cap_snapshots, c->n_snapshots + 1, sizeof *c->snapshots);
    c->snapshots[c->n_snapshots++] = u;
    c->has_depth = true;
}

/* A REST snapshot does not say of what it is: of the symbol whose price is nearest. */
static int nearest(const struct import *im, int64_t px) {
    int best = -1;
    __int128 best_off = 0;
    for (size_t i = 0; i < im->n_chains && px > 0; i++) {
        int64_t at = im->chains[i].near_px ? im->chains[i].near_px : im->chains[i].first_px;
        if (at <= 0)
            continue;
        __int128 off = (__int128)(px > at ? px - at : at - px) * 1000 / at;
        if (off <= 200 && (best < 0 || off < best_off)) {
            best = (int)i;
            best_off = off;
        }
    }
    return best;
}

static void learn_frame(struct import *im, const struct frame *f) {
    if (f->kind == FRAME_OTHER)
        return;
    if (!*f->symbol) {
        im->owners = xgrow(im->owners, &im->cap_owners, im->n_owners + 1, sizeof *im->owners);
        im->owner_px = xgrow(im->owner_px, &im->cap_owner_px, im->n_owners + 1, sizeof *im->owner_px);
        int owner = nearest(im, frame_mid(f));
        im->owner_px[im->n_owners] = frame_mid(f);
        im->owners[im->n_owners++] = owner;
        if (owner < 0)
            return; /* looked at again when all symbols are known */
        steps_see(&im->chains[owner], f);
        snapshot_note(&im->chains[owner], f->last_u);
        return;
    }
    struct chain *c = chain_of(im, f->symbol, true);
    if (!c)
        return;
    c->futures = c->futures || f->futures;
    c->has_diffs = c->has_diffs || f->kind == FRAME_DIFF;
    c->has_depth = c->has_depth || f->kind == FRAME_DIFF;
    c->has_trades = c->has_trades || f->kind == FRAME_TRADE;
    steps_see(c, f);
    if (f->kind == FRAME_SNAPSHOT)
        snapshot_note(c, f->last_u);
}

static enum err pass(struct import *im, const char *in, void (*each)(struct import *, const struct frame *), bool report, char text[REASON_MAX]) {
    const char *line;
    size_t len;
    char why[REASON_MAX];
    enum err e = lines_open(&im->lines, in, text);
    if (e != ERR_OK)
        return e;
    while (lines_next(&im->lines, &line, &len)) {
        bool good = len <= IMPORT_LINE_MAX && frame_read(&im->frame, line, len, why);
        if (report) {
            im->rep->lines++;
            if (!good) {
                im->rep->bad++;
                import_note(im->rep, im->lines.number, "%s", len > IMPORT_LINE_MAX ? "longer than 16 MiB" : why);
            }
        }
        if (good)
            each(im, &im->frame);
    }
    im->rep->cut = im->lines.cut;
    lines_close(&im->lines);
    return ERR_OK;
}

/* --- second pass --- */

static void put(struct import *im, struct tape_record *r, const struct chain *c) {
    im->rep->back_steps += im->frame.at_us < im->last_us;
    im->last_us = im->frame.at_us > im->last_us ? im->frame.at_us : im->last_us;
    r->at_us = im->last_us;
    r->market = c->market;
    tape_write(im->out.w, r);
    if (im->rep->records++ == 0)
        im->rep->first_us = r->at_us;
    im->rep->last_us = r->at_us;
}

static void trade_frame(struct import *im, const struct chain *c, const struct frame *f) {
    if (f->kind == FRAME_AGG_TRADE && c->has_trades) {
        im->rep->ignored++; /* the same trades once more */
        return;
    }
    struct tape_record r = {.kind = TAPE_TRADE, .flags = f->buyer_is_maker ? 0 : 1, .px = f->px, .size = f->size};
    im->rep->trades++;
    put(im, &r, c);
}

static void play_frame(struct import *im, const struct frame *f) {
    struct tape_record r = {0};
    struct chain *c = *f->symbol ? chain_of(im, f->symbol, false) : NULL;
    if (f->kind == FRAME_SNAPSHOT && !*f->symbol) {
        int owner = im->owners[im->next_owner++];
        c = owner >= 0 ? &im->chains[owner] : NULL;
    }
    if (f->kind == FRAME_OTHER) {
        im->rep->ignored++;
        return;
    }
    if (!c) {
        im->rep->bad++;
        import_note(im->rep, im->lines.number, *f->symbol ? "one symbol too many" : "a snapshot that fits no symbol's price");
        return;
    }
    switch (f->kind) {
    case FRAME_DIFF:
        im->rep->diffs++;
        chain_diff(c, f, im->lines.number, im->rep, &r);
        break;
    case FRAME_SNAPSHOT:
        im->rep->snapshots++;
        chain_snapshot(c, f, im->lines.number, im->rep, &r);
        break;
    case FRAME_TICKER:
        im->rep->tickers++;
        chain_ticker(c, f, im->rep, &r);
        break;
    case FRAME_MARK:
        im->rep->marks++;
        r.kind = TAPE_MARK;
        r.px = f->px;
        break;
    default: trade_frame(im, c, f); return;
    }
    put(im, &r, c);
}

static void play_and_flush(struct import *im, const struct frame *f) {
    play_frame(im, f);
    char ignored[REASON_MAX];
    if (im->rep->records % FLUSH_EVERY == 0 && im->out.fd >= 0)
        tape_out_flush(&im->out, ignored); /* an error shows again at the end */
}

/* --- what becomes of a symbol --- */

static void market_of(const struct chain *c, struct market *m) {
    int64_t tick = step_guess(&c->prices, DEC_ONE), lot = step_guess(&c->sizes, DEC_ONE), room = c->max_px;
    *m = (struct market){.venue = VENUE_SIM, .kind = MARKET_PERP, .status = MARKET_OPEN, .max_leverage = c->futures ? 20 : 1,
                         .price_digits = step_digits(tick), .qty_digits = step_digits(lot), .quote_only = !c->has_depth,
                         .tick = {tick}, .min_price = {tick}, .lot = {lot}, .min_size = {lot}, .maker_ppm = 200, .taker_ppm = 500,
                         .maintenance_ppm = c->futures ? 25000 : 0};
    room = room > TAPE_PRICE_MAX / 10 ? TAPE_PRICE_MAX : room * 10;
    m->max_price.micro = room / tick * tick > tick ? room / tick * tick : tick;
    str_copy(m->symbol, sizeof m->symbol, c->symbol);
    str_copy(m->category, sizeof m->category, c->futures ? "crypto" : "crypto spot");
    static const char *const quotes[] = {"USDT", "USDC", "FDUSD", "BUSD", "USD"};
    size_t n = strlen(c->symbol), base = n;
    for (size_t i = 0; i < sizeof quotes / sizeof quotes[0] && base == n; i++)
        if (n > strlen(quotes[i]) && strcmp(c->symbol + n - strlen(quotes[i]), quotes[i]) == 0)
            base = n - strlen(quotes[i]);
    snprintf(m->title, sizeof m->title, "%.*s%s%s %s", (int)base, c->symbol, base < n ? "/" : "", c->symbol + base, c->futures ? "perpetual" : "spot");
    m->id = market_id_of(VENUE_SIM, m->symbol);
}

static void owners_settle(struct import *im) {
    for (size_t i = 0; i < im->n_owners; i++)
        if (im->owners[i] < 0 && im->n_chains) {
            for (size_t k = 0; k < im->n_chains; k++)
                im->chains[k].near_px = im->chains[k].first_px; /* the start of the file is where symbols are unknown */
            im->owners[i] = im->n_chains == 1 ? 0 : nearest(im, im->owner_px[i]);
        }
}

static void learn_again(struct import *im, const struct frame *f) {
    if (f->kind != FRAME_SNAPSHOT)
        return;
    int owner = *f->symbol ? -1 : im->owners[im->next_owner++];
    struct chain *c = *f->symbol ? chain_of(im, f->symbol, false) : owner >= 0 ? &im->chains[owner] : NULL;
    if (c) {
        steps_see(c, f);
        snapshot_note(c, f->last_u);
    }
}

/* Snapshots without a symbol before the symbols were known: their numbers must stand in file order with the others. */
static enum err snapshots_settle(struct import *im, const char *in, char text[REASON_MAX]) {
    bool open = false;
    for (size_t i = 0; i < im->n_owners; i++)
        open = open || im->owners[i] < 0;
    if (!open || im->n_chains == 0)
        return ERR_OK;
    owners_settle(im);
    for (size_t i = 0; i < im->n_chains; i++)
        im->chains[i].n_snapshots = 0;
    im->next_owner = 0;
    return pass(im, in, learn_again, false, text);
}

static enum err import_run(struct import *im, const char *in, const char *out, char text[REASON_MAX]) {
    enum err e = pass(im, in, learn_frame, false, text);
    if (e == ERR_OK)
        e = snapshots_settle(im, in, text);
    if (e == ERR_OK)
        e = tape_out_open(&im->out, out, text);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < im->n_chains; i++) {
        struct market m;
        market_of(&im->chains[i], &m);
        im->chains[i].market = tape_write_market(im->out.w, &m);
    }
    im->next_owner = 0;
    e = pass(im, in, play_and_flush, true, text);
    im->rep->markets = (uint32_t)im->n_chains;
    for (size_t i = 0; i < im->n_chains; i++)
        im->rep->never_complete += im->chains[i].has_depth && !im->chains[i].was_live;
    if (e == ERR_OK && im->rep->records == 0) {
        snprintf(text, REASON_MAX, "no line of %.60s is a recorded frame", in);
        e = ERR_CORRUPT;
    }
    if (e != ERR_OK) {
        tape_out_drop(&im->out);
        return e;
    }
    return tape_out_finish(&im->out, &im->rep->bytes_out, text);
}

enum err tape_import_binance(const char *in, const char *out, struct import_report *rep, char text[REASON_MAX]) {
    struct import im = {.rep = rep, .out = {.fd = -1}};
    *rep = (struct import_report){0};
    *text = 0;
    enum err e = import_run(&im, in, out, text);
    for (size_t i = 0; i < im.n_chains; i++)
        chain_free(&im.chains[i]);
    free(im.chains);
    free(im.owners);
    free(im.owner_px);
    free(im.frame.levels);
    return e;
}
