/* What tape writer and reader share: the checksum, block heads, and markets as bytes. */
#include "tape_format.h"

#include "turret/base/utf8.h"

void tape_crc_init(struct tape_crc *c) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t v = i;
        for (int k = 0; k < 8; k++)
            v = (v >> 1) ^ (0x82f63b78u & -(v & 1));
        c->t[0][i] = v;
    }
    for (int s = 1; s < 8; s++)
        for (int i = 0; i < 256; i++)
            c->t[s][i] = (c->t[s - 1][i] >> 8) ^ c->t[0][c->t[s - 1][i] & 0xff];
}

uint32_t tape_crc(const struct tape_crc *c, uint32_t crc, const uint8_t *p, size_t n) {
    crc = ~crc;
    for (; n >= 8; p += 8, n -= 8) { /* eight bytes a step (slicing by 8) */
        uint32_t a = crc ^ get32(p), b = get32(p + 4);
        crc = c->t[7][a & 0xff] ^ c->t[6][(a >> 8) & 0xff] ^ c->t[5][(a >> 16) & 0xff] ^ c->t[4][a >> 24] ^ c->t[3][b & 0xff] ^
              c->t[2][(b >> 8) & 0xff] ^ c->t[1][(b >> 16) & 0xff] ^ c->t[0][b >> 24];
    }
    while (n--)
        crc = (crc >> 8) ^ c->t[0][(crc ^ *p++) & 0xff];
    return ~crc;
}

void tape_block_put(uint8_t out[TAPE_BLOCK_HEAD], const struct tape_block *b) {
    const uint32_t words[8] = {TAPE_BLOCK_MAGIC, b->kind, b->len, b->crc, b->records, b->levels, b->trades, 0};
    for (int i = 0; i < 8; i++)
        put32(out + 4 * i, words[i]);
    put64(out + 32, (uint64_t)b->first_us);
    put64(out + 40, (uint64_t)b->last_us);
}

bool tape_block_get(const uint8_t in[TAPE_BLOCK_HEAD], struct tape_block *b) {
    *b = (struct tape_block){.kind = get32(in + 4),
                             .len = get32(in + 8),
                             .crc = get32(in + 12),
                             .records = get32(in + 16),
                             .levels = get32(in + 20),
                             .trades = get32(in + 24),
                             .first_us = (int64_t)get64(in + 32),
                             .last_us = (int64_t)get64(in + 40)};
    return get32(in) == TAPE_BLOCK_MAGIC && get32(in + 28) == 0 && b->kind >= BLOCK_MARKETS && b->kind <= BLOCK_INDEX &&
           b->len <= TAPE_BLOCK_MAX && b->first_us >= 0 && b->first_us <= b->last_us && b->last_us <= TAPE_TIME_MAX;
}

uint32_t tape_block_crc(const struct tape_crc *c, const struct tape_block *b, const uint8_t *payload) {
    struct tape_block plain = *b;
    uint8_t head[TAPE_BLOCK_HEAD];
    plain.crc = 0;
    tape_block_put(head, &plain);
    return tape_crc(c, tape_crc(c, 0, head, sizeof head), payload, b->len);
}

static uint8_t *text_put(uint8_t *p, const char *s, size_t cap) {
    size_t n = strnlen(s, cap - 1);
    *p++ = (uint8_t)n;
    memcpy(p, s, n);
    return p + n;
}

size_t tape_market_put(uint8_t *out, const struct market *m) {
    const uint8_t bytes[8] = {m->venue,        m->kind,         m->status,     m->outcome,
                              m->max_leverage, m->price_digits, m->qty_digits, (uint8_t)(m->quote_only | m->fee_kind << 1)};
    const int64_t numbers[10] = {m->tick.micro, m->min_price.micro, m->max_price.micro, m->lot.micro,          m->min_size.micro,
                                 m->maker_ppm,  m->taker_ppm,       m->maintenance_ppm, m->funding_interval_s, m->closes_us};
    memcpy(out, bytes, sizeof bytes);
    uint8_t *p = out + sizeof bytes;
    for (int i = 0; i < 10; i++)
        p = varint_put(p, zigzag(numbers[i]));
    p = text_put(p, m->symbol, sizeof m->symbol);
    p = text_put(p, m->title, sizeof m->title);
    p = text_put(p, m->category, sizeof m->category);
    return (size_t)(p - out);
}

/* Texts come from a file that anybody may have made. */
static const uint8_t *text_get(const uint8_t *p, const uint8_t *end, char *out, size_t cap) {
    if (!p || p >= end || *p >= cap || (size_t)(end - p) < 1 + (size_t)*p)
        return NULL;
    utf8_sanitise(out, cap, (const char *)p + 1, *p);
    return p + 1 + *p;
}

static bool symbol_ok(const char *s) {
    for (const char *p = s; *p; p++)
        if (*p <= ' ' || *p > '~')
            return false;
    return *s != 0;
}

static bool market_sane(const struct market *m) {
    return m->venue > VENUE_NONE && m->venue < VENUE_COUNT && m->kind <= MARKET_PERP && m->status <= MARKET_RESOLVED &&
           m->outcome <= OUTCOME_VOID && m->max_leverage >= 1 && m->price_digits <= DEC_DIGITS && m->qty_digits <= DEC_DIGITS &&
           m->quote_only <= 1 && m->fee_kind < FEE_KIND_COUNT && m->tick.micro > 0 && m->lot.micro > 0 && m->min_size.micro >= 0 && m->min_price.micro >= 0 &&
           m->tick.micro <= TAPE_PRICE_MAX && m->lot.micro <= TAPE_SIZE_MAX && m->max_price.micro >= m->min_price.micro &&
           m->max_price.micro <= TAPE_PRICE_MAX && (m->kind != MARKET_BINARY || m->max_price.micro <= DEC_ONE) &&
           m->min_size.micro <= TAPE_SIZE_MAX && m->closes_us >= 0 && m->closes_us <= TAPE_TIME_MAX && symbol_ok(m->symbol);
}

size_t tape_market_get(const uint8_t *in, size_t len, struct market *m) {
    int64_t v[10];
    const uint8_t *p = in + 8, *end = in + len;
    if (len < 8)
        return 0;
    for (int i = 0; i < 10; i++) {
        uint64_t x = 0;
        p = varint_get_safe(p, end, &x);
        if (!p)
            return 0;
        v[i] = unzigzag(x);
        if (i >= 5 && i < 9 && v[i] != (int32_t)v[i])
            return 0;
    }
    *m = (struct market){.venue = in[0], .kind = in[1], .status = in[2], .outcome = in[3], .max_leverage = in[4],
                         .price_digits = in[5], .qty_digits = in[6], .quote_only = in[7] & 1, .fee_kind = in[7] >> 1, .tick = {v[0]}, .min_price = {v[1]},
                         .max_price = {v[2]}, .lot = {v[3]}, .min_size = {v[4]}, .maker_ppm = (int32_t)v[5],
                         .taker_ppm = (int32_t)v[6], .maintenance_ppm = (int32_t)v[7], .funding_interval_s = (int32_t)v[8],
                         .closes_us = v[9]};
    p = text_get(p, end, m->symbol, sizeof m->symbol);
    p = text_get(p, end, m->title, sizeof m->title);
    p = text_get(p, end, m->category, sizeof m->category);
    if (!p || !market_sane(m))
        return 0;
    m->id = market_id_of(m->venue, m->symbol);
    return (size_t)(p - in);
}
