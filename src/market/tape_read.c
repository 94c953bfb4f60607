/* Reads tapes from memory. Every byte may be hostile: sums are checked at the start, bounds and ranges at every record. */
#include "tape_format.h"

#include "turret/base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct tape_step { int64_t tick, lot, max_ticks, max_lots; struct tape_ref ref; };
struct tape_place { uint64_t at; struct tape_block head; }; /* of a records block */

struct tape_reader {
    const uint8_t *bytes;
    size_t len;
    struct tape_crc crc;
    struct tape_place *blocks;
    size_t n_blocks, cap_blocks;
    struct market *markets;
    struct tape_step *steps;
    size_t n_markets, cap_markets, cap_steps;
    struct tape_info info;
    size_t next_block;       /* the one after the current */
    const uint8_t *p, *end;  /* rest of the current block */
    uint32_t left;           /* records in it */
    uint32_t market;
    int64_t at_us, last_us;
    struct level levels[TAPE_LEVELS_MAX];
};

#define FAIL(...) (snprintf(text, text_cap, __VA_ARGS__), ERR_CORRUPT)

static enum err markets_read(struct tape_reader *r, const uint8_t *p, size_t len, uint64_t at, char *text, size_t text_cap) {
    while (len > 0) {
        struct market m;
        size_t n = tape_market_get(p, len, &m);
        if (n == 0 || r->n_markets >= TAPE_MARKETS_MAX)
            return FAIL("bad market in the block at byte %" PRIu64, at);
        r->markets = xgrow(r->markets, &r->cap_markets, r->n_markets + 1, sizeof *r->markets);
        r->steps = xgrow(r->steps, &r->cap_steps, r->n_markets + 1, sizeof *r->steps);
        r->markets[r->n_markets] = m;
        r->steps[r->n_markets++] = (struct tape_step){m.tick.micro, m.lot.micro, TAPE_PRICE_MAX / m.tick.micro,
                                                      TAPE_SIZE_MAX / m.lot.micro, {.block = UINT64_MAX}};
        p += n;
        len -= n;
    }
    return ERR_OK;
}

/* Takes the block at `at` if it is whole and its sum is right. *used gets its length, 0 when it is not. */
static enum err block_take(struct tape_reader *r, uint64_t at, struct tape_block *b, size_t *used, char *text, size_t text_cap) {
    *used = 0;
    if (r->len - at < TAPE_BLOCK_HEAD || !tape_block_get(r->bytes + at, b) || r->len - at - TAPE_BLOCK_HEAD < b->len)
        return ERR_OK;
    const uint8_t *payload = r->bytes + at + TAPE_BLOCK_HEAD;
    if (tape_block_crc(&r->crc, b, payload) != b->crc)
        return ERR_OK;
    if (b->kind == BLOCK_MARKETS) {
        enum err e = markets_read(r, payload, b->len, at, text, text_cap);
        if (e != ERR_OK)
            return e;
    } else if (b->kind == BLOCK_RECORDS) {
        if (b->records == 0 || b->records > b->len || (r->n_blocks && b->first_us < r->info.last_us))
            return FAIL("impossible head of the block at byte %" PRIu64, at);
        r->blocks = xgrow(r->blocks, &r->cap_blocks, r->n_blocks + 1, sizeof *r->blocks);
        r->blocks[r->n_blocks++] = (struct tape_place){at, *b};
        if (r->n_blocks == 1)
            r->info.first_us = b->first_us;
        r->info.last_us = b->last_us;
        r->info.records += b->records;
        r->info.levels += b->levels;
        r->info.trades += b->trades;
        r->info.blocks++;
    }
    *used = TAPE_BLOCK_HEAD + b->len;
    return ERR_OK;
}

/* Where the index starts when the tape is whole, 0 when trailer or index are not right. */
static uint64_t index_find(const struct tape_reader *r, struct tape_block *index) {
    if (r->len < TAPE_HEAD_BYTES + TAPE_BLOCK_HEAD + TAPE_TRAILER_BYTES)
        return 0;
    const uint8_t *t = r->bytes + r->len - TAPE_TRAILER_BYTES;
    uint64_t at = get64(t), room = r->len - TAPE_TRAILER_BYTES - TAPE_BLOCK_HEAD;
    if (memcmp(t + 16, TAPE_END_MAGIC, 8) != 0 || get32(t + 12) != TAPE_VERSION || get32(t + 8) != tape_crc(&r->crc, 0, t, 8) ||
        at < TAPE_HEAD_BYTES || at > room)
        return 0;
    if (!tape_block_get(r->bytes + at, index) || index->kind != BLOCK_INDEX || at + index->len != room ||
        index->len % TAPE_INDEX_ENTRY != 0 || tape_block_crc(&r->crc, index, r->bytes + at + TAPE_BLOCK_HEAD) != index->crc)
        return 0;
    return at;
}

/* A whole tape: the blocks must be those of the index, one after the other. */
static enum err open_whole(struct tape_reader *r, uint64_t index_at, const struct tape_block *index, char *text, size_t text_cap) {
    const uint8_t *entry = r->bytes + index_at + TAPE_BLOCK_HEAD, *stop = entry + index->len;
    uint64_t at = TAPE_HEAD_BYTES;
    for (int i = 0; entry < stop; entry += TAPE_INDEX_ENTRY, i++) {
        struct tape_block b;
        size_t used = 0;
        if (get64(entry) != at || at >= index_at || memcmp(entry + 8, r->bytes + at, TAPE_BLOCK_HEAD) != 0)
            return FAIL("block %d at byte %" PRIu64 " is not the one in the index", i, at);
        enum err e = block_take(r, at, &b, &used, text, text_cap);
        if (e != ERR_OK)
            return e;
        if (used == 0)
            return FAIL("block %d at byte %" PRIu64 " is damaged", i, at);
        at += used;
    }
    return at == index_at ? ERR_OK : FAIL("bytes between the last block and the index");
}

/* A cut tape: whatever stands whole at its beginning. */
static enum err open_cut(struct tape_reader *r, char *text, size_t text_cap) {
    uint64_t at = TAPE_HEAD_BYTES;
    for (size_t used = 1; used;) {
        struct tape_block b = {0};
        enum err e = block_take(r, at, &b, &used, text, text_cap);
        if (e != ERR_OK)
            return e;
        if (used && b.kind == BLOCK_INDEX)
            break;
        at += used;
    }
    snprintf(text, text_cap, "the tape is cut: %" PRIu64 " whole blocks, %" PRIu64 " records; %" PRIu64 " bytes at the end are lost",
             r->info.blocks, r->info.records, (uint64_t)r->len - at);
    return ERR_OK;
}

enum err tape_reader_new(const uint8_t *bytes, size_t len, struct tape_reader **out, bool *cut, char *text, size_t text_cap) {
    *out = NULL;
    *cut = false;
    if (text_cap)
        *text = 0;
    if (len < TAPE_HEAD_BYTES || memcmp(bytes, TAPE_MAGIC, 8) != 0)
        return FAIL("not a tape");
    if (get32(bytes + 8) != TAPE_VERSION || get32(bytes + 12) != 0)
        return FAIL("a tape of version %" PRIu32 ", this Turret reads version %u", get32(bytes + 8), TAPE_VERSION);
    struct tape_reader *r = xcalloc(1, sizeof *r);
    struct tape_block index;
    r->bytes = bytes;
    r->len = len;
    tape_crc_init(&r->crc);
    uint64_t index_at = index_find(r, &index);
    *cut = index_at == 0;
    enum err e = index_at ? open_whole(r, index_at, &index, text, text_cap) : open_cut(r, text, text_cap);
    if (e != ERR_OK) {
        tape_reader_free(r);
        return e;
    }
    *out = r;
    return ERR_OK;
}

void tape_reader_free(struct tape_reader *r) {
    if (!r)
        return;
    free(r->blocks);
    free(r->markets);
    free(r->steps);
    free(r);
}

int tape_market_count(const struct tape_reader *r) { return (int)r->n_markets; }

const struct market *tape_market(const struct tape_reader *r, int i) {
    return i >= 0 && (size_t)i < r->n_markets ? &r->markets[i] : NULL;
}

void tape_info(const struct tape_reader *r, struct tape_info *out) { *out = r->info; }

void tape_seek(struct tape_reader *r, int64_t at_us) {
    size_t low = 0, high = r->n_blocks;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (r->blocks[mid].head.last_us < at_us)
            low = mid + 1;
        else
            high = mid;
    }
    for (size_t i = 0; i < r->n_markets; i++)
        r->steps[i].ref.block = UINT64_MAX; /* the block may be read a second time */
    r->next_block = low;
    r->left = 0;
    r->p = r->end = NULL;
}

static bool block_next(struct tape_reader *r) {
    if (r->next_block >= r->n_blocks)
        return false;
    const struct tape_place *b = &r->blocks[r->next_block++];
    r->p = r->bytes + b->at + TAPE_BLOCK_HEAD;
    r->end = r->p + b->head.len;
    r->left = b->head.records;
    r->at_us = b->head.first_us;
    r->last_us = b->head.last_us;
    r->market = UINT32_MAX;
    return true;
}

/* Two numbers of a level; the fast way needs as many bytes as they can be long. */
static inline const uint8_t *pair_get(const uint8_t *p, const uint8_t *end, uint64_t *a, uint64_t *b) {
    if (__builtin_expect(end - p >= 2 * VARINT_MAX, 1))
        return varint_get(varint_get(p, a), b);
    p = varint_get_safe(p, end, a);
    return p ? varint_get_safe(p, end, b) : NULL;
}

struct step_now { int64_t tick, lot; uint64_t max_ticks, max_lots; };

static inline const uint8_t *level_get(const uint8_t *p, const uint8_t *end, const struct step_now *s, int64_t *ref, struct level *out) {
    uint64_t d, lots;
    p = pair_get(p, end, &d, &lots);
    uint64_t ticks = (uint64_t)*ref + (uint64_t)unzigzag(p ? d : 0);
    if (!p || ticks > s->max_ticks || lots > s->max_lots)
        return NULL;
    *ref = (int64_t)ticks;
    out->px.micro = (int64_t)ticks * s->tick;
    out->size.micro = (int64_t)lots * s->lot;
    return p;
}

static const uint8_t *book_get(struct tape_reader *r, const uint8_t *p, struct tape_step *m, const struct step_now *s, struct tape_record *out) {
    uint64_t bids, asks;
    int64_t scale = s->tick == m->tick ? 1 : m->tick;
    p = pair_get(p, r->end, &bids, &asks);
    if (!p || bids > TAPE_LEVELS_MAX || asks > TAPE_LEVELS_MAX || bids + asks > TAPE_LEVELS_MAX || (uint64_t)(r->end - p) < 2 * (bids + asks))
        return NULL;
    struct level *l = r->levels;
    int64_t ref = m->ref.bid * scale, best = -1;
    for (uint64_t i = 0; i < bids; i++) {
        p = level_get(p, r->end, s, &ref, l++);
        if (!p)
            return NULL;
        best = ref > best ? ref : best;
    }
    m->ref.bid = best >= 0 ? best / scale : m->ref.bid;
    ref = m->ref.ask * scale;
    best = INT64_MAX;
    for (uint64_t i = 0; i < asks; i++) {
        p = level_get(p, r->end, s, &ref, l++);
        if (!p)
            return NULL;
        best = ref < best ? ref : best;
    }
    m->ref.ask = best < INT64_MAX ? best / scale : m->ref.ask;
    out->n_bids = (uint16_t)bids;
    out->n_asks = (uint16_t)asks;
    out->levels = r->levels;
    return p;
}

static const uint8_t *body_get(struct tape_reader *r, const uint8_t *p, unsigned head, struct tape_record *out) {
    struct tape_step *m = &r->steps[out->market];
    if (m->ref.block != r->next_block)
        m->ref = (struct tape_ref){.block = r->next_block};
    bool raw = head & HEAD_RAW;
    struct step_now s = {raw ? 1 : m->tick, raw ? 1 : m->lot, raw ? (uint64_t)TAPE_PRICE_MAX : (uint64_t)m->max_ticks,
                         raw ? (uint64_t)TAPE_SIZE_MAX : (uint64_t)m->max_lots};
    if (out->kind == TAPE_BOOK)
        return book_get(r, p, m, &s, out);
    if (out->kind == TAPE_STATUS) {
        if (r->end - p < 2 || p[0] > MARKET_RESOLVED || p[1] > OUTCOME_VOID)
            return NULL;
        out->status = p[0];
        out->outcome = p[1];
        return p + 2;
    }
    int64_t scale = raw ? m->tick : 1, ref = m->ref.trade * scale;
    if (out->kind == TAPE_TRADE) {
        struct level l;
        p = level_get(p, r->end, &s, &ref, &l);
        if (!p)
            return NULL;
        out->px = l.px;
        out->size = l.size;
    } else {
        uint64_t d = 0;
        p = varint_get_safe(p, r->end, &d);
        uint64_t ticks = (uint64_t)ref + (uint64_t)unzigzag(d);
        if (!p || ticks > s.max_ticks)
            return NULL;
        ref = (int64_t)ticks;
        out->px.micro = ref * s.tick;
    }
    m->ref.trade = ref / scale;
    return p;
}

static const uint8_t *record_get(struct tape_reader *r, struct tape_record *out) {
    const uint8_t *p = r->p;
    uint64_t v = 0;
    if (p >= r->end || (*p & HEAD_RESERVED))
        return NULL;
    unsigned head = *p++;
    if (!(head & HEAD_SAME_TIME)) {
        p = varint_get_safe(p, r->end, &v);
        if (!p || v > (uint64_t)(r->last_us - r->at_us))
            return NULL;
        r->at_us += (int64_t)v;
    }
    if (!(head & HEAD_SAME_MARKET)) {
        p = varint_get_safe(p, r->end, &v);
        if (!p || v >= r->n_markets)
            return NULL;
        r->market = (uint32_t)v;
    } else if (r->market == UINT32_MAX) {
        return NULL;
    }
    out->kind = (uint8_t)(head & HEAD_KIND);
    out->flags = (uint8_t)(head >> HEAD_FLAG_SHIFT & 3);
    if ((out->kind == TAPE_TRADE && out->flags > 1) || (out->kind > TAPE_TRADE && out->flags))
        return NULL;
    out->status = out->outcome = 0;
    out->market = r->market;
    out->at_us = r->at_us;
    out->n_bids = out->n_asks = 0;
    out->levels = NULL;
    out->px.micro = 0;
    out->size.micro = 0;
    return body_get(r, p, head, out);
}

/* The sum was right and the content is not: made, not damaged. Nothing after it is played. */
static enum err stop_at_damage(struct tape_reader *r, const char *what, char *text, size_t text_cap) {
    const struct tape_place *b = &r->blocks[r->next_block - 1];
    uint32_t number = b->head.records - r->left;
    r->left = 0;
    r->p = r->end = NULL;
    r->next_block = r->n_blocks;
    return FAIL("the block at byte %" PRIu64 " %s (record %" PRIu32 ")", b->at, what, number);
}

enum err tape_next(struct tape_reader *r, struct tape_record *out, char *text, size_t text_cap) {
    if (r->left == 0) {
        if (r->p != r->end)
            return stop_at_damage(r, "has bytes after its last record", text, text_cap);
        if (!block_next(r))
            return ERR_NOT_FOUND;
    }
    const uint8_t *p = record_get(r, out);
    if (!p)
        return stop_at_damage(r, "holds a record that can't be read", text, text_cap);
    r->p = p;
    r->left--;
    return ERR_OK;
}
