/* The tape's bytes, shared by writer and reader. All fixed-width numbers are little-endian.
 *   file    = "TURRTAPE" u32 version u32 0, blocks, [index block, trailer]
 *   block   = head (48 bytes), payload; the CRC-32C covers the head (its own field as 0) and the payload
 *   trailer = u64 offset of the index block, u32 CRC-32C of these 8 bytes, u32 version, "TURREND\n"
 * A records block starts afresh: no delta reaches into another block, so any block can be read alone.
 *   record  = u8 head, [varint microseconds since the record before], [varint market], body
 * Prices are zigzag deltas in ticks, sizes are lots; a record with a number between the steps is written raw (micro units). */
#ifndef TURRET_MARKET_TAPE_FORMAT_H
#define TURRET_MARKET_TAPE_FORMAT_H

#include "turret/market/tape.h"

#include <string.h>

#define TAPE_MAGIC "TURRTAPE"
#define TAPE_END_MAGIC "TURREND\n"
#define TAPE_VERSION 1u
#define TAPE_HEAD_BYTES 16u
#define TAPE_TRAILER_BYTES 24u
#define TAPE_BLOCK_MAGIC 0x4b4c4254u /* "TBLK" */
#define TAPE_BLOCK_HEAD 48u
#define TAPE_BLOCK_TARGET (64u << 10) /* a block is closed once its payload is this long */
#define TAPE_BLOCK_MAX (16u << 20)
#define TAPE_INDEX_ENTRY (8u + TAPE_BLOCK_HEAD)
#define TAPE_MARKETS_MAX (1u << 20)
#define TAPE_TIME_MAX (1ll << 60)

enum tape_block_kind { BLOCK_MARKETS = 1, BLOCK_RECORDS, BLOCK_INDEX };

enum tape_head_bit { /* of a record's first byte; bits 0 and 1 are the kind, bit 7 is 0 */
    HEAD_KIND = 3,
    HEAD_RAW = 4,
    HEAD_SAME_MARKET = 8,
    HEAD_FLAG_SHIFT = 4, /* two bits: book flags, or the taker's direction */
    HEAD_SAME_TIME = 64,
    HEAD_RESERVED = 128,
};

struct tape_block {
    uint32_t kind, len, crc, records, levels, trades;
    int64_t first_us, last_us;
};

/* What the next record of a market is relative to; valid while `block` is the current one. */
struct tape_ref {
    uint64_t block;
    int64_t bid, ask, trade; /* in ticks */
};

struct tape_crc { uint32_t t[8][256]; };
void tape_crc_init(struct tape_crc *c);
/* CRC-32C (Castagnoli) of n bytes after those of `crc` (0 at the start). */
uint32_t tape_crc(const struct tape_crc *c, uint32_t crc, const uint8_t *p, size_t n);
void tape_block_put(uint8_t out[TAPE_BLOCK_HEAD], const struct tape_block *b);
bool tape_block_get(const uint8_t in[TAPE_BLOCK_HEAD], struct tape_block *b); /* false: not a block head */
uint32_t tape_block_crc(const struct tape_crc *c, const struct tape_block *b, const uint8_t *payload);

/* A market as bytes: at most TAPE_MARKET_MAX. get returns the bytes used, 0 when they are no sane market. */
#define TAPE_MARKET_MAX 400
size_t tape_market_put(uint8_t *out, const struct market *m);
size_t tape_market_get(const uint8_t *in, size_t len, struct market *m);

static inline void put32(uint8_t *p, uint32_t v) {
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}
static inline void put64(uint8_t *p, uint64_t v) {
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}
static inline uint32_t get32(const uint8_t *p) {
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t get64(const uint8_t *p) { return get32(p) | (uint64_t)get32(p + 4) << 32; }
static inline uint64_t zigzag(int64_t v) { return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63); }
static inline int64_t unzigzag(uint64_t v) { return (int64_t)(v >> 1) ^ -(int64_t)(v & 1); }

static inline uint8_t *varint_put(uint8_t *p, uint64_t v) {
    while (v >= 0x80) {
        *p++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    return p;
}
#define VARINT_MAX 10
/* Reads at most VARINT_MAX bytes, which the caller knows to be there. Any bytes give some value. */
static inline const uint8_t *varint_get(const uint8_t *p, uint64_t *v) {
    uint64_t x = *p++;
    if (__builtin_expect(x < 0x80, 1)) {
        *v = x;
        return p;
    }
    x &= 0x7f;
    for (int shift = 7; shift < 70; shift += 7) {
        uint64_t b = *p++;
        x |= (b & 0x7f) << shift;
        if (b < 0x80)
            break;
    }
    *v = x;
    return p;
}
/* The same where the bytes may end: NULL when they do. */
static inline const uint8_t *varint_get_safe(const uint8_t *p, const uint8_t *end, uint64_t *v) {
    uint64_t x = 0;
    for (int shift = 0; shift < 70 && p < end; shift += 7) {
        uint64_t b = *p++;
        x |= (b & 0x7f) << shift;
        if (b < 0x80) {
            *v = x;
            return p;
        }
    }
    return NULL;
}

#endif
