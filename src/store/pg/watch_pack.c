/* A watch as one value: what sql/003's watch_packed makes of its row, written and read here. Numbers in network order, then the words. */
#include "watch_pack.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>

/* --- writing --- */

static char *put8(char *at, uint64_t v) {
    v = htobe64(v);
    memcpy(at, &v, 8);
    return at + 8;
}

static char *put4(char *at, uint32_t v) {
    v = htobe32(v);
    memcpy(at, &v, 4);
    return at + 4;
}

size_t watch_pack(const struct watch *w, char out[WATCH_PACKED_MAX]) {
    const uint64_t wide[] = {w->id, w->account, w->subject, (uint64_t)w->level.micro, (uint64_t)w->amount, (uint64_t)w->budget.micro, (uint64_t)w->spent.micro, (uint64_t)w->depth.micro,
                             w->expires_us ? (uint64_t)(w->expires_us - PG_EPOCH_US) : (uint64_t)INT64_MIN, w->order, w->hold_ms, w->max_age_ms, w->oco};
    const uint32_t narrow[] = {w->slippage_e4, w->fires, w->version, w->flags & 63u};
    const uint8_t word[WATCH_WORDS] = {w->kind, w->status, w->figure, w->dir, w->side, w->action};
    char *at = out;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        at = put8(at, wide[i]);
    for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++)
        at = put4(at, narrow[i]);
    for (int i = 0; i < WATCH_WORDS; i++) {
        const char *text = watch_words[i](word[i]);
        size_t n = strlen(text);
        assert(n < WATCH_WORDS_MAX / WATCH_WORDS);
        if (i)
            *at++ = ' ';
        memcpy(at, text, n);
        at += n;
    }
    return (size_t)(at - out);
}

/* --- reading --- */

struct reader {
    const char *at, *end;
};

static uint64_t take8(struct reader *r) {
    uint64_t v = 0;
    if (r->end - r->at >= 8)
        memcpy(&v, r->at, 8);
    r->at += 8;
    return be64toh(v);
}

static uint32_t take4(struct reader *r) {
    uint32_t v = 0;
    if (r->end - r->at >= 4)
        memcpy(&v, r->at, 4);
    r->at += 4;
    return be32toh(v);
}

static void learn_words(struct watch_meaning *w, const char *text, size_t n) {
    memcpy(w->text, text, n);
    w->text[n] = 0;
    char buf[WATCH_WORDS_MAX], *save, *word = strtok_r(strcpy(buf, w->text), " ", &save);
    for (int i = 0; i < WATCH_WORDS; i++, word = strtok_r(NULL, " ", &save))
        w->value[i] = (uint8_t)(word ? row_word(watch_words[i], word) : 0);
}

static const uint8_t *words_of(struct watch_memo *m, const char *text, size_t n) {
    uint32_t h = (uint32_t)n; /* of letters in which the words differ */
    for (size_t i = 0; i < n; i += 3)
        h = h * 31 + (unsigned char)text[i];
    struct watch_meaning *w = &m->words[(h ^ h >> 11) % WATCH_MEMO];
    if (strncmp(w->text, text, n) != 0 || w->text[n])
        learn_words(w, text, n);
    return w->value;
}

bool watch_unpack(struct watch_memo *m, const char *at, int len, struct watch *w) {
    struct reader r = {at, at + len};
    memset(w, 0, sizeof *w);
    w->id = (watch_id)take8(&r);
    w->account = (account_id)take8(&r);
    w->subject = take8(&r);
    w->level.micro = (int64_t)take8(&r);
    w->amount = (int64_t)take8(&r);
    w->budget.micro = (int64_t)take8(&r);
    w->spent.micro = (int64_t)take8(&r);
    w->depth.micro = (int64_t)take8(&r);
    int64_t expires = (int64_t)take8(&r);
    w->expires_us = expires == INT64_MIN ? 0 : expires + PG_EPOCH_US;
    w->order = take8(&r);
    w->hold_ms = (uint32_t)take8(&r);
    w->max_age_ms = (uint32_t)take8(&r);
    w->oco = (watch_id)take8(&r);
    w->slippage_e4 = (uint16_t)take4(&r);
    w->fires = (uint16_t)take4(&r);
    w->version = (uint16_t)take4(&r);
    w->flags = (uint8_t)take4(&r);
    if (r.at >= r.end || r.end - r.at >= WATCH_WORDS_MAX)
        return false;
    const uint8_t *v = words_of(m, r.at, (size_t)(r.end - r.at));
    w->kind = v[0];
    w->status = v[1];
    w->figure = v[2];
    w->dir = v[3];
    w->side = v[4];
    w->action = v[5];
    return true;
}
