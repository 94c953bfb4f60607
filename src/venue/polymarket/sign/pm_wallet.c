/* Addresses of the wallets that the venue makes for a key: CREATE2, so they are known before anything is deployed. */
#include "venue/polymarket/sign/pm_eip712.h"

#include <assert.h>
#include <string.h>

#define PROXY_FACTORY "0xaB45c5A4B0c941a2F231C04C3f49182e1A254052"
#define PROXY_CODE_HASH "0xd21df8dc65880a8606f09fe0ce3df9b8869287ab0b058be05aa9e8af6330a00b"
#define SAFE_FACTORY "0xaacFeEa03eb1561C4e67d661e40682Bd20E3541b"
#define SAFE_CODE_HASH "0x2bce2127ff07fb632d16c8347c4ebf501f4841168bed00d9e6ef715ddb6fcecf"
#define DEPOSIT_FACTORY "0x00000000000Fb5C9ADea0298D729A0CB3823Cc07"
#define DEPOSIT_BEACON "0x7A18EDfe055488A3128f01F563e5B479D92ffc3a"
#define DEPOSIT_FIRST "0x58CA52ebe0DadfdF531Cde7062e76746de4Db1eB"

/* Deposit wallets came in two generations: the first is a proxy of one implementation, today's asks a beacon for it. The creation code of
 * either: ten bytes, an address, opcodes, the arguments. Bytes 1 and 2 are the length of what is deployed. */
#define HEAD 10
#define TAIL_MAX 87
static const uint8_t code_head[HEAD] = {0x61, 0, 0, 0x3d, 0x81, 0x60, 0x23, 0x3d, 0x39, 0x73};
static const struct generation { const char *points_to; size_t deployed, tail_len; uint8_t tail[TAIL_MAX]; } generations[] = {
    {DEPOSIT_BEACON, 0x52, 87, {0x60, 0x19, 0x51, 0x55, 0xf3, 0x36, 0x3d, 0x3d, 0x37, 0x3d, 0x3d, 0x36, 0x3d, 0x60, 0x20, 0x36, 0x60, 0x04, 0x36, 0x63, 0x5c, 0x60,
                                0xda, 0x1b, 0x60, 0xe0, 0x1b, 0x36, 0x52, 0x7f, 0xa3, 0xf0, 0xad, 0x74, 0xe5, 0x42, 0x3a, 0xeb, 0xfd, 0x80, 0xd3, 0xef, 0x43, 0x46,
                                0x57, 0x83, 0x35, 0xa9, 0xa7, 0x2a, 0xea, 0xee, 0x59, 0xff, 0x6c, 0xb3, 0x58, 0x2b, 0x35, 0x13, 0x3d, 0x50, 0x54, 0x5a, 0xfa, 0x50,
                                0x36, 0x51, 0x5a, 0xf4, 0x3d, 0x60, 0x00, 0x80, 0x3e, 0x60, 0x4d, 0x57, 0x3d, 0x60, 0x00, 0xfd, 0x5b, 0x3d, 0x60, 0x00, 0xf3}},
    {DEPOSIT_FIRST, 0x3d, 66, {0x60, 0x09, 0x51, 0x55, 0xf3, 0x36, 0x3d, 0x3d, 0x37, 0x3d, 0x3d, 0x36, 0x3d, 0x7f, 0x36, 0x08, 0x94, 0xa1, 0x3b, 0xa1, 0xa3, 0x21,
                               0x06, 0x67, 0xc8, 0x28, 0x49, 0x2d, 0xb9, 0x8d, 0xca, 0x3e, 0x20, 0x76, 0xcc, 0x37, 0x35, 0xa9, 0x20, 0xa3, 0xca, 0x50, 0x5d, 0x38,
                               0x2b, 0xbc, 0x54, 0x5a, 0xf4, 0x3d, 0x60, 0x00, 0x80, 0x3e, 0x60, 0x38, 0x57, 0x3d, 0x60, 0x00, 0xfd, 0x5b, 0x3d, 0x60, 0x00, 0xf3}},
};

static void create2(const char *factory, const struct pm_word *salt, const struct pm_word *code_hash, struct pm_address *out) {
    uint8_t b[1 + 20 + 32 + 32] = {0xff};
    struct pm_address from;
    struct pm_word hash;
    bool good = pm_address_parse(factory, &from);
    assert(good);
    memcpy(b + 1, from.b, 20);
    memcpy(b + 21, salt->b, 32);
    memcpy(b + 53, code_hash->b, 32);
    pm_keccak256(b, sizeof b, &hash);
    memcpy(out->b, hash.b + 12, 20);
}

void pm_safe_address(const struct pm_address *owner, struct pm_address *out) {
    struct pm_word salt, code_hash;
    struct pm_words w = {.n = 0};
    bool good = pm_word_parse_hex(SAFE_CODE_HASH, &code_hash);
    assert(good);
    pm_words_address(&w, owner);
    pm_words_hash(&w, &salt);
    create2(SAFE_FACTORY, &salt, &code_hash, out);
}

void pm_proxy_address(const struct pm_address *owner, struct pm_address *out) {
    struct pm_word salt, code_hash;
    bool good = pm_word_parse_hex(PROXY_CODE_HASH, &code_hash);
    assert(good);
    pm_keccak256(owner->b, sizeof owner->b, &salt); /* packed: twenty bytes */
    create2(PROXY_FACTORY, &salt, &code_hash, out);
}

static void deposit_address(const struct generation *g, const struct pm_address *owner, struct pm_address *out) {
    struct pm_address factory, points_to;
    struct pm_words args = {.n = 0};
    struct pm_word salt, code_hash;
    bool good = pm_address_parse(DEPOSIT_FACTORY, &factory) && pm_address_parse(g->points_to, &points_to);
    assert(good);
    pm_words_address(&args, &factory);
    pm_words_address(&args, owner); /* bytes32: the owner on the right */
    pm_words_hash(&args, &salt);
    uint8_t code[HEAD + 20 + TAIL_MAX + sizeof args.b];
    size_t n = HEAD, deployed = g->deployed + args.n;
    memcpy(code, code_head, HEAD);
    code[1] = (uint8_t)(deployed >> 8);
    code[2] = (uint8_t)deployed;
    memcpy(code + n, points_to.b, 20);
    memcpy(code + n + 20, g->tail, g->tail_len);
    n += 20 + g->tail_len;
    memcpy(code + n, args.b, args.n);
    pm_keccak256(code, n + args.n, &code_hash);
    create2(DEPOSIT_FACTORY, &salt, &code_hash, out);
}

bool pm_deposit_address(const struct pm_address *owner, struct pm_address *out) {
    deposit_address(&generations[0], owner, out);
    return true;
}

bool pm_wallet_type(const struct pm_address *owner, const struct pm_address *wallet, int *type) {
    struct pm_address a;
    *type = PM_EOA;
    if (memcmp(owner, wallet, sizeof *owner) == 0)
        return true;
    *type = PM_1271;
    for (size_t i = 0; i < sizeof generations / sizeof *generations; i++) {
        deposit_address(&generations[i], owner, &a);
        if (memcmp(&a, wallet, sizeof a) == 0)
            return true;
    }
    *type = PM_SAFE;
    pm_safe_address(owner, &a);
    if (memcmp(&a, wallet, sizeof a) == 0)
        return true;
    *type = PM_PROXY;
    pm_proxy_address(owner, &a);
    return memcmp(&a, wallet, sizeof a) == 0;
}
