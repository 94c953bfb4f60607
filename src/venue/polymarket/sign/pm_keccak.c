/* Keccak-256 as Ethereum uses it (the padding of before SHA-3), 256-bit words and addresses as text. */
#include "venue/polymarket/sign/pm_eip712.h"

#include <assert.h>
#include <string.h>

#define RATE 136 /* bytes of a block: 1600 bits less twice 256 */
#define ROUNDS 24

static const uint64_t round_constant[ROUNDS] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};
static inline uint64_t turned(uint64_t v, unsigned n) { return v << n | v >> (64 - n); }

/* Written out, so that every index and every turn is a constant: three times as fast as loops over tables. */
#define COLUMN(x) (a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20])
#define THETA(x, left, right)                                                                 \
    do {                                                                                      \
        const uint64_t d = left ^ turned(right, 1);                                           \
        a[x] ^= d, a[x + 5] ^= d, a[x + 10] ^= d, a[x + 15] ^= d, a[x + 20] ^= d;             \
    } while (0)
/* A step of the walk of rho and pi: what is in hand is put into a lane, turned; what was there is in hand. */
#define WALK(lane, turn)                       \
    do {                                       \
        const uint64_t next = a[lane];         \
        a[lane] = turned(hand, turn);          \
        hand = next;                           \
    } while (0)
#define CHI(y)                                                                                                                  \
    do {                                                                                                                        \
        const uint64_t r0 = a[y], r1 = a[y + 1], r2 = a[y + 2], r3 = a[y + 3], r4 = a[y + 4];                                   \
        a[y] = r0 ^ (~r1 & r2), a[y + 1] = r1 ^ (~r2 & r3), a[y + 2] = r2 ^ (~r3 & r4), a[y + 3] = r3 ^ (~r4 & r0);             \
        a[y + 4] = r4 ^ (~r0 & r1);                                                                                             \
    } while (0)

static void permute(uint64_t state[25]) {
    uint64_t a[25];
    memcpy(a, state, sizeof a);
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t c0 = COLUMN(0), c1 = COLUMN(1), c2 = COLUMN(2), c3 = COLUMN(3), c4 = COLUMN(4);
        THETA(0, c4, c1);
        THETA(1, c0, c2);
        THETA(2, c1, c3);
        THETA(3, c2, c4);
        THETA(4, c3, c0);
        uint64_t hand = a[1];
        WALK(10, 1); WALK(7, 3); WALK(11, 6); WALK(17, 10); WALK(18, 15); WALK(3, 21); WALK(5, 28); WALK(16, 36);
        WALK(8, 45); WALK(21, 55); WALK(24, 2); WALK(4, 14); WALK(15, 27); WALK(23, 41); WALK(19, 56); WALK(13, 8);
        WALK(12, 25); WALK(2, 43); WALK(20, 62); WALK(14, 18); WALK(22, 39); WALK(9, 61); WALK(6, 20); WALK(1, 44);
        CHI(0);
        CHI(5);
        CHI(10);
        CHI(15);
        CHI(20);
        a[0] ^= round_constant[round];
    }
    memcpy(state, a, sizeof a);
}

static void absorb(uint64_t a[25], const uint8_t *block) {
    for (int i = 0; i < RATE / 8; i++) {
        uint64_t lane = 0;
        for (int k = 7; k >= 0; k--) /* little endian on every machine; compilers make one load of it */
            lane = lane << 8 | block[i * 8 + k];
        a[i] ^= lane;
    }
    permute(a);
}

void pm_keccak256(const void *p, size_t n, struct pm_word *out) {
    uint64_t a[25] = {0};
    const uint8_t *b = p;
    for (; n >= RATE; n -= RATE, b += RATE)
        absorb(a, b);
    uint8_t last[RATE] = {0};
    if (n)
        memcpy(last, b, n);
    last[n] ^= 0x01;
    last[RATE - 1] ^= 0x80;
    absorb(a, last);
    for (int i = 0; i < 32; i++)
        out->b[i] = (uint8_t)(a[i / 8] >> (i % 8 * 8));
}

void pm_hex(const uint8_t *b, size_t n, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[b[i] >> 4];
        *out++ = digits[b[i] & 15];
    }
    *out = 0;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void pm_address_text(const struct pm_address *a, char out[43]) {
    struct pm_word hash;
    memcpy(out, "0x", 2);
    pm_hex(a->b, sizeof a->b, out + 2);
    pm_keccak256(out + 2, 40, &hash);
    for (int i = 0; i < 40; i++) /* EIP-55: a letter is upper case where the hash's digit is 8 or more */
        if (out[2 + i] >= 'a' && (hash.b[i / 2] >> (i % 2 ? 0 : 4) & 15) >= 8)
            out[2 + i] = (char)(out[2 + i] - 'a' + 'A');
}

bool pm_address_parse(const char *text, struct pm_address *out) {
    struct pm_address a;
    bool lower = false, upper = false;
    if (!text || text[0] != '0' || text[1] != 'x' || strnlen(text, 43) != 42)
        return false;
    for (int i = 0; i < 40; i++) {
        int v = hex_value(text[2 + i]);
        if (v < 0)
            return false;
        lower |= text[2 + i] >= 'a';
        upper |= text[2 + i] >= 'A' && text[2 + i] <= 'F';
        a.b[i / 2] = (uint8_t)(i % 2 ? a.b[i / 2] | v : v << 4);
    }
    if (lower && upper) {
        char right[43];
        pm_address_text(&a, right);
        if (strcmp(right, text) != 0)
            return false;
    }
    *out = a;
    return true;
}

bool pm_word_parse_hex(const char *text, struct pm_word *out) {
    struct pm_word w = {{0}};
    if (!text || text[0] != '0' || text[1] != 'x')
        return false;
    size_t n = strnlen(text + 2, 65);
    if (n < 1 || n > 64)
        return false;
    for (size_t i = 0; i < n; i++) {
        int v = hex_value(text[2 + i]);
        size_t at = 64 - n + i; /* short ones fill from the right */
        if (v < 0)
            return false;
        w.b[at / 2] = (uint8_t)(w.b[at / 2] | (at % 2 ? v : v << 4));
    }
    *out = w;
    return true;
}

bool pm_word_parse_dec(const char *text, struct pm_word *out) {
    struct pm_word w = {{0}};
    if (!text || !*text || strnlen(text, 79) > 78)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        unsigned carry = (unsigned)(*text - '0');
        for (int i = 31; i >= 0; i--) {
            carry += w.b[i] * 10u;
            w.b[i] = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry)
            return false;
    }
    *out = w;
    return true;
}

void pm_word_hex(const struct pm_word *w, char out[67]) {
    memcpy(out, "0x", 2);
    pm_hex(w->b, sizeof w->b, out + 2);
}

void pm_word_of_u64(uint64_t v, struct pm_word *out) {
    *out = (struct pm_word){{0}};
    for (int i = 0; i < 8; i++)
        out->b[31 - i] = (uint8_t)(v >> (8 * i));
}

void pm_words_add(struct pm_words *w, const struct pm_word *v) {
    assert(w->n + sizeof v->b <= sizeof w->b);
    memcpy(w->b + w->n, v->b, sizeof v->b);
    w->n += sizeof v->b;
}

void pm_words_text(struct pm_words *w, const char *text) {
    struct pm_word hash;
    pm_keccak256(text, strlen(text), &hash);
    pm_words_add(w, &hash);
}

void pm_words_u64(struct pm_words *w, uint64_t v) {
    struct pm_word word;
    pm_word_of_u64(v, &word);
    pm_words_add(w, &word);
}

void pm_words_address(struct pm_words *w, const struct pm_address *a) {
    struct pm_word word = {{0}};
    memcpy(word.b + 12, a->b, sizeof a->b);
    pm_words_add(w, &word);
}

void pm_words_hash(const struct pm_words *w, struct pm_word *out) { pm_keccak256(w->b, w->n, out); }
