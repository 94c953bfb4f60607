/* Writes tapes: records into blocks, blocks into bytes that a shell appends to a file. */
#include "tape_format.h"

#include "turret/base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct bytes { uint8_t *p; size_t len, cap; };

struct tape_writer {
    struct tape_crc crc;
    struct bytes out;   /* whole blocks not yet taken */
    bool taken;         /* `out` is in the caller's hands until the next call */
    struct bytes block; /* payload of the open block */
    struct tape_block head;
    struct bytes index;
    uint64_t file_len, n_blocks;
    struct tape_step { int64_t tick, lot; struct tape_ref ref; } *markets;
    size_t n_markets, cap_markets;
    uint32_t last_market;
    int64_t last_us;
    bool finished;
};

static uint8_t *bytes_room(struct bytes *b, size_t n) {
    b->p = xgrow(b->p, &b->cap, b->len + n, 1);
    return b->p + b->len;
}

static uint8_t *out_room(struct tape_writer *w, size_t n) {
    if (w->taken)
        w->out.len = 0;
    w->taken = false;
    return bytes_room(&w->out, n);
}
static void out_add(struct tape_writer *w, const uint8_t *p, size_t n) {
    memcpy(out_room(w, n), p, n);
    w->out.len += n;
    w->file_len += n;
}

struct tape_writer *tape_writer_new(void) {
    struct tape_writer *w = xcalloc(1, sizeof *w);
    uint8_t head[TAPE_HEAD_BYTES] = TAPE_MAGIC;
    tape_crc_init(&w->crc);
    put32(head + 8, TAPE_VERSION);
    put32(head + 12, 0);
    out_add(w, head, sizeof head);
    return w;
}

void tape_writer_free(struct tape_writer *w) {
    if (!w)
        return;
    free(w->out.p);
    free(w->block.p);
    free(w->index.p);
    free(w->markets);
    free(w);
}

static void block_close(struct tape_writer *w) {
    if (w->block.len == 0)
        return;
    uint8_t head[TAPE_BLOCK_HEAD];
    w->head.len = (uint32_t)w->block.len;
    w->head.crc = tape_block_crc(&w->crc, &w->head, w->block.p);
    tape_block_put(head, &w->head);
    uint8_t *entry = bytes_room(&w->index, TAPE_INDEX_ENTRY);
    put64(entry, w->file_len);
    memcpy(entry + 8, head, sizeof head);
    if (w->head.kind != BLOCK_INDEX)
        w->index.len += TAPE_INDEX_ENTRY;
    out_add(w, head, sizeof head);
    out_add(w, w->block.p, w->block.len);
    w->block.len = 0;
    w->n_blocks++;
}

static void block_open(struct tape_writer *w, enum tape_block_kind kind, int64_t at_us) {
    if (w->block.len && (w->head.kind != kind || w->block.len >= TAPE_BLOCK_TARGET))
        block_close(w);
    if (w->block.len)
        return;
    w->head = (struct tape_block){.kind = kind, .first_us = at_us, .last_us = at_us};
    w->last_us = at_us;
    w->last_market = UINT32_MAX;
}

uint32_t tape_write_market(struct tape_writer *w, const struct market *m) {
    assert(!w->finished && m->tick.micro > 0 && m->lot.micro > 0 && w->n_markets < TAPE_MARKETS_MAX);
    block_open(w, BLOCK_MARKETS, w->last_us);
    w->block.len += tape_market_put(bytes_room(&w->block, TAPE_MARKET_MAX), m);
    w->markets = xgrow(w->markets, &w->cap_markets, w->n_markets + 1, sizeof *w->markets);
    w->markets[w->n_markets] = (struct tape_step){m->tick.micro, m->lot.micro, {.block = UINT64_MAX}};
    return (uint32_t)w->n_markets++;
}

static bool between_steps(const struct tape_step *s, const struct tape_record *r) {
    if (r->kind == TAPE_BOOK) {
        for (int i = 0; i < r->n_bids + r->n_asks; i++)
            if (r->levels[i].px.micro % s->tick || r->levels[i].size.micro % s->lot)
                return true;
        return false;
    }
    return (r->kind == TAPE_TRADE || r->kind == TAPE_MARK) &&
           (r->px.micro % s->tick || (r->kind == TAPE_TRADE && r->size.micro % s->lot));
}

static uint8_t *level_put(uint8_t *p, const struct level *l, int64_t tick, int64_t lot, int64_t *ref) {
    assert(l->px.micro >= 0 && l->px.micro <= TAPE_PRICE_MAX && l->size.micro >= 0 && l->size.micro <= TAPE_SIZE_MAX);
    int64_t px = l->px.micro / tick;
    p = varint_put(p, zigzag(px - *ref));
    *ref = px;
    return varint_put(p, (uint64_t)(l->size.micro / lot));
}

/* Bids relate to the best bid of the record before, asks to its best ask: most changes are near the top. */
static uint8_t *book_put(uint8_t *p, const struct tape_record *r, struct tape_step *s, int64_t tick, int64_t lot) {
    int64_t scale = tick == s->tick ? 1 : s->tick; /* raw records count in micro units */
    int64_t ref = s->ref.bid * scale, best = -1;
    p = varint_put(p, r->n_bids);
    p = varint_put(p, r->n_asks);
    for (int i = 0; i < r->n_bids; i++) {
        p = level_put(p, &r->levels[i], tick, lot, &ref);
        best = ref > best ? ref : best;
    }
    s->ref.bid = best >= 0 ? best / scale : s->ref.bid;
    ref = s->ref.ask * scale;
    best = INT64_MAX;
    for (int i = 0; i < r->n_asks; i++) {
        p = level_put(p, &r->levels[r->n_bids + i], tick, lot, &ref);
        best = ref < best ? ref : best;
    }
    s->ref.ask = best < INT64_MAX ? best / scale : s->ref.ask;
    return p;
}

static uint8_t *trade_put(uint8_t *p, const struct tape_record *r, struct tape_step *s, int64_t tick, int64_t lot) {
    int64_t scale = tick == s->tick ? 1 : s->tick, ref = s->ref.trade * scale;
    struct level l = {r->px, r->kind == TAPE_TRADE ? r->size : QTY(0)};
    if (r->kind == TAPE_TRADE) {
        p = level_put(p, &l, tick, lot, &ref);
    } else {
        assert(l.px.micro >= 0 && l.px.micro <= TAPE_PRICE_MAX);
        p = varint_put(p, zigzag(l.px.micro / tick - ref));
        ref = l.px.micro / tick;
    }
    s->ref.trade = ref / scale;
    return p;
}

void tape_write(struct tape_writer *w, const struct tape_record *r) {
    assert(!w->finished && r->market < w->n_markets && r->kind <= TAPE_MARK && r->at_us >= w->last_us);
    assert(r->at_us >= 0 && r->at_us <= TAPE_TIME_MAX && r->n_bids + r->n_asks <= TAPE_LEVELS_MAX);
    block_open(w, BLOCK_RECORDS, r->at_us);
    struct tape_step *s = &w->markets[r->market];
    if (s->ref.block != w->n_blocks)
        s->ref = (struct tape_ref){.block = w->n_blocks};
    size_t n_levels = r->kind == TAPE_BOOK ? (size_t)r->n_bids + r->n_asks : 0;
    uint8_t *start = bytes_room(&w->block, 64 + n_levels * 2 * VARINT_MAX), *p = start;
    bool raw = between_steps(s, r), same_market = r->market == w->last_market, same_time = r->at_us == w->last_us;
    unsigned flags = r->kind == TAPE_BOOK ? r->flags & 3u : r->kind == TAPE_TRADE ? r->flags & 1u : 0;
    *p++ = (uint8_t)(r->kind | (raw ? HEAD_RAW : 0) | (same_market ? HEAD_SAME_MARKET : 0) | flags << HEAD_FLAG_SHIFT |
                     (same_time ? HEAD_SAME_TIME : 0));
    if (!same_time)
        p = varint_put(p, (uint64_t)(r->at_us - w->last_us));
    if (!same_market)
        p = varint_put(p, r->market);
    int64_t tick = raw ? 1 : s->tick, lot = raw ? 1 : s->lot;
    if (r->kind == TAPE_BOOK) {
        p = book_put(p, r, s, tick, lot);
    } else if (r->kind == TAPE_STATUS) {
        *p++ = r->status;
        *p++ = r->outcome;
    } else {
        p = trade_put(p, r, s, tick, lot);
    }
    w->block.len += (size_t)(p - start);
    w->last_us = w->head.last_us = r->at_us;
    w->last_market = r->market;
    w->head.records++;
    w->head.levels += (uint32_t)n_levels;
    w->head.trades += r->kind == TAPE_TRADE;
    if (w->block.len >= TAPE_BLOCK_TARGET)
        block_close(w);
}

void tape_writer_flush(struct tape_writer *w) { block_close(w); }

static void finish_tape(struct tape_writer *w) {
    uint8_t trailer[TAPE_TRAILER_BYTES];
    block_close(w);
    uint64_t index_at = w->file_len;
    w->head = (struct tape_block){.kind = BLOCK_INDEX, .records = (uint32_t)(w->index.len / TAPE_INDEX_ENTRY)};
    w->head.len = (uint32_t)w->index.len;
    w->head.crc = tape_block_crc(&w->crc, &w->head, w->index.p);
    uint8_t head[TAPE_BLOCK_HEAD];
    tape_block_put(head, &w->head);
    out_add(w, head, sizeof head);
    out_add(w, w->index.p, w->index.len);
    put64(trailer, index_at);
    put32(trailer + 8, tape_crc(&w->crc, 0, trailer, 8));
    put32(trailer + 12, TAPE_VERSION);
    memcpy(trailer + 16, TAPE_END_MAGIC, 8);
    out_add(w, trailer, sizeof trailer);
    w->finished = true;
}

const uint8_t *tape_writer_take(struct tape_writer *w, bool finish, size_t *len) {
    if (w->taken)
        w->out.len = 0;
    w->taken = false;
    if (finish && !w->finished)
        finish_tape(w);
    w->taken = true;
    *len = w->out.len;
    return w->out.p;
}
