/* Addresses of the wallets that the venue makes for a key: CREATE2, so they are known before anything is deployed. */
#include "venue/polymarket/pm_eip712.h"

#include <assert.h>
#include <string.h>

#define SAFE_FACTORY "0xaacFeEa03eb1561C4e67d661e40682Bd20E3541b"
#define SAFE_CODE_HASH "0x2bce2127ff07fb632d16c8347c4ebf501f4841168bed00d9e6ef715ddb6fcecf"
#define DEPOSIT_FACTORY "0x00000000000Fb5C9ADea0298D729A0CB3823Cc07"
#define DEPOSIT_BEACON "0x7A18EDfe055488A3128f01F563e5B479D92ffc3a"

/* Creation code of an ERC-1967 beacon proxy with arguments: opcodes, the beacon's address after the first ten bytes, arguments at the end.
 * Bytes 1 and 2 are the length of what is deployed: 0x52 and that of the arguments. */
#define PROXY_HEAD 10
#define PROXY_CODE 0x52
static const uint8_t proxy_head[PROXY_HEAD] = {0x61, 0, 0, 0x3d, 0x81, 0x60, 0x23, 0x3d, 0x39, 0x73};
static const uint8_t proxy_tail[] = {
    0x60, 0x19, 0x51, 0x55, 0xf3, 0x36, 0x3d, 0x3d, 0x37, 0x3d, 0x3d, 0x36, 0x3d, 0x60, 0x20, 0x36, 0x60, 0x04, 0x36, 0x63, 0x5c, 0x60, 0xda,
    0x1b, 0x60, 0xe0, 0x1b, 0x36, 0x52, 0x7f, 0xa3, 0xf0, 0xad, 0x74, 0xe5, 0x42, 0x3a, 0xeb, 0xfd, 0x80, 0xd3, 0xef, 0x43, 0x46, 0x57, 0x83,
    0x35, 0xa9, 0xa7, 0x2a, 0xea, 0xee, 0x59, 0xff, 0x6c, 0xb3, 0x58, 0x2b, 0x35, 0x13, 0x3d, 0x50, 0x54, 0x5a, 0xfa, 0x50, 0x36, 0x51, 0x5a,
    0xf4, 0x3d, 0x60, 0x00, 0x80, 0x3e, 0x60, 0x4d, 0x57, 0x3d, 0x60, 0x00, 0xfd, 0x5b, 0x3d, 0x60, 0x00, 0xf3,
};

static void create2(const struct pm_address *from, const struct pm_word *salt, const struct pm_word *code_hash, struct pm_address *out) {
    uint8_t b[1 + 20 + 32 + 32] = {0xff};
    struct pm_word hash;
    memcpy(b + 1, from->b, 20);
    memcpy(b + 21, salt->b, 32);
    memcpy(b + 53, code_hash->b, 32);
    pm_keccak256(b, sizeof b, &hash);
    memcpy(out->b, hash.b + 12, 20);
}

void pm_safe_address(const struct pm_address *owner, struct pm_address *out) {
    struct pm_address factory;
    struct pm_word salt, code_hash;
    struct pm_words w = {.n = 0};
    bool good = pm_address_parse(SAFE_FACTORY, &factory) && pm_word_parse_hex(SAFE_CODE_HASH, &code_hash);
    assert(good);
    pm_words_address(&w, owner);
    pm_words_hash(&w, &salt);
    create2(&factory, &salt, &code_hash, out);
}

bool pm_deposit_address(const struct pm_address *owner, struct pm_address *out) {
    struct pm_address factory, beacon;
    if (!pm_address_parse(DEPOSIT_FACTORY, &factory) || !pm_address_parse(DEPOSIT_BEACON, &beacon))
        return false;
    struct pm_words args = {.n = 0};
    struct pm_word salt, code_hash;
    pm_words_address(&args, &factory);
    pm_words_address(&args, owner); /* bytes32: the owner on the right */
    pm_words_hash(&args, &salt);
    uint8_t code[PROXY_HEAD + 20 + sizeof proxy_tail + sizeof args.b];
    size_t n = PROXY_HEAD, len = PROXY_CODE + args.n;
    memcpy(code, proxy_head, PROXY_HEAD);
    code[1] = (uint8_t)(len >> 8);
    code[2] = (uint8_t)len;
    memcpy(code + n, beacon.b, 20);
    memcpy(code + n + 20, proxy_tail, sizeof proxy_tail);
    n += 20 + sizeof proxy_tail;
    memcpy(code + n, args.b, args.n);
    pm_keccak256(code, n + args.n, &code_hash);
    create2(&factory, &salt, &code_hash, out);
    return true;
}
