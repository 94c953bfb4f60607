/* Keccak-256 as Ethereum uses it (the padding of before SHA-3), 256-bit words and addresses as text. */
#include "venue/polymarket/pm_eip712.h"

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
/* The walk of rho and pi: the lane reached at each step, and how far what was in hand is turned when it is put there. */
static const uint8_t walk_lane[24] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};
static const uint8_t walk_turn[24] = {1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44};

static inline uint64_t turned(uint64_t v, unsigned n) { return v << n | v >> (64 - n); }

static void permute(uint64_t a[25]) {
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t c[5];
        for (int x = 0; x < 5; x++)
            c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (int x = 0; x < 5; x++) {
            uint64_t d = c[(x + 4) % 5] ^ turned(c[(x + 1) % 5], 1);
            for (int y = 0; y < 25; y += 5)
                a[x + y] ^= d;
        }
        uint64_t hand = a[1];
        for (int i = 0; i < 24; i++) {
            uint64_t next = a[walk_lane[i]];
            a[walk_lane[i]] = turned(hand, walk_turn[i]);
            hand = next;
        }
        for (int y = 0; y < 25; y += 5) {
            uint64_t r[5];
            memcpy(r, a + y, sizeof r);
            for (int x = 0; x < 5; x++)
                a[y + x] = r[x] ^ (~r[(x + 1) % 5] & r[(x + 2) % 5]);
        }
        a[0] ^= round_constant[round];
    }
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
