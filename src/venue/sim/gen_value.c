/* What generated markets are worth: perpetuals walk with clustered volatility, a common factor and rare jumps; binary
 * markets are digital options, on a perpetual or on a hidden walk, so that their price runs to 0 or 1 at the close. */
#include "venue/sim/gen.h"

#include <assert.h>

#define VOL_ONE 1000000   /* normal volatility */
#define SQRT_BEAT_MILLI 316228 /* 1000 * sqrt(GEN_BEAT_US in us) */
#define LEFT_MIN_US (2 * GEN_SECOND)

/* The normal distribution function at 0, 1/8, 2/8 ... 4, in millionths. */
static const int32_t phi_table[] = {500000, 549738, 598706, 646170, 691462, 734014, 773373, 809213, 841345, 869705, 894350,
                                    915302, 933193, 947919, 959941, 969605, 977250, 983207, 987776, 991226, 993790, 995622,
                                    996960, 997926, 998650, 999111, 999423, 999630, 999767, 999855, 999911, 999946, 999968};
#define PHI_STEP 125
#define PHI_LAST ((int64_t)(sizeof phi_table / sizeof phi_table[0]) - 1)

int64_t gen_phi(int64_t d_milli) {
    int64_t a = d_milli < 0 ? -d_milli : d_milli, i = a / PHI_STEP;
    int64_t p = i >= PHI_LAST ? phi_table[PHI_LAST]
                              : phi_table[i] + (phi_table[i + 1] - phi_table[i]) * (a % PHI_STEP) / PHI_STEP;
    return d_milli < 0 ? DEC_ONE - p : p;
}

int64_t gen_phi_inverse(int64_t ppm) {
    int64_t p = ppm < DEC_ONE / 2 ? DEC_ONE - ppm : ppm;
    int64_t i = 0;
    while (i < PHI_LAST && phi_table[i + 1] < p)
        i++;
    int64_t d = PHI_LAST * PHI_STEP;
    if (i < PHI_LAST)
        d = i * PHI_STEP + (p - phi_table[i]) * PHI_STEP / (phi_table[i + 1] - phi_table[i]);
    return ppm < DEC_ONE / 2 ? -d : d;
}

uint64_t gen_isqrt(uint64_t v) {
    uint64_t r = 0, bit = 1ull << 62;
    while (bit > v)
        bit >>= 2;
    for (; bit; bit >>= 2) {
        if (v >= r + bit) {
            v -= r + bit;
            r = (r >> 1) + bit;
        } else {
            r >>= 1;
        }
    }
    return r;
}

static int64_t clamp64(int64_t v, int64_t low, int64_t high) { return v < low ? low : v > high ? high : v; }

static int64_t root_left(const struct gen_market *k, int64_t now_us) {
    int64_t left = k->m.closes_us - now_us;
    return (int64_t)gen_isqrt((uint64_t)(left < LEFT_MIN_US ? LEFT_MIN_US : left));
}

static void vol_beat(struct gen_market *k) {
    k->vol_pm += (VOL_ONE - k->vol_pm) / 600 + rng_normal(&k->rng, 18000);
    k->vol_pm = clamp64(k->vol_pm, VOL_ONE * 45 / 100, VOL_ONE * 5);
}

static bool jump_due(struct rng *r, int64_t mean_s) {
    return mean_s > 0 && rng_below(r, (uint64_t)(mean_s * (GEN_SECOND / GEN_BEAT_US))) == 0;
}

/* How strongly each perpetual follows the common factor (per cent), its own part, and the size of its jumps. */
static const struct { int common, own, beta; } follow[GEN_PERPS] = {{90, 44, 100}, {80, 60, 120}, {70, 71, 160}};

static void perp_beat(struct gen_market *k, int64_t factor_milli, int64_t jump_ppb) {
    vol_beat(k);
    int64_t z = (factor_milli * follow[k->slot].common + rng_normal(&k->rng, 1000) * follow[k->slot].own) / 100;
    /* sigma is per square root of a second; a beat is a tenth of one: * 0.3162 */
    int64_t r = z * (k->sigma_ppb * 316 / 1000) / 1000 * (k->vol_pm / 1000) / 1000;
    if (jump_due(&k->rng, k->jump_mean_s)) {
        int64_t own = rng_range(&k->rng, 400000, 2500000); /* 4 to 25 bps */
        jump_ppb += rng_below(&k->rng, 2) ? own : -own;
    }
    if (jump_ppb) {
        r += jump_ppb * follow[k->slot].beta / 100;
        k->vol_pm = clamp64(k->vol_pm + rng_range(&k->rng, VOL_ONE, 2 * VOL_ONE), 0, VOL_ONE * 5);
    }
    int64_t off_ppb = (int64_t)((__int128)(k->anchor - k->nano / 1000) * 1000000000 / k->anchor);
    r += off_ppb / 216000; /* pulled back over six hours */
    k->nano += (int64_t)((__int128)k->nano * r / 1000000000);
    k->nano = clamp64(k->nano, k->m.tick.micro * 1000 * 1000, k->m.max_price.micro / 2 * 1000);
    k->model = k->nano / 1000;
    k->anchor += (k->model - k->anchor) / 864000;
}

static void hidden_beat(struct gen_market *k, int64_t now_us) {
    int64_t root = root_left(k, now_us);
    vol_beat(k);
    k->latent += rng_normal(&k->rng, SQRT_BEAT_MILLI);
    if (jump_due(&k->rng, k->jump_mean_s)) { /* news: 2 to 15 cents around even odds */
        int64_t d = rng_range(&k->rng, 50, 380);
        k->latent += (rng_below(&k->rng, 2) ? d : -d) * root;
        k->vol_pm = clamp64(k->vol_pm + rng_range(&k->rng, VOL_ONE, 3 * VOL_ONE), 0, VOL_ONE * 5);
    }
    int64_t d = k->latent / root;
    if (k->m.closes_us - now_us > 3 * GEN_DAY) { /* what is far away does not look settled */
        d = clamp64(d, -1900, 1900);
        k->latent = d * root + k->latent % root;
    }
    k->model = gen_phi(d);
}

static void priced_beat(const struct gen *g, struct gen_market *k, int64_t now_us) {
    const struct gen_market *under = &g->markets[k->perp];
    int64_t s = under->model;
    int64_t moneyness_ppb = (int64_t)((__int128)(s - k->strike) * 2000000000 / (s + k->strike)); /* about ln(s/strike) */
    int64_t sigma_ppb = under->sigma_ppb / 1000 * root_left(k, now_us); /* over the time left */
    int64_t d = clamp64((int64_t)((__int128)moneyness_ppb * 1000 / sigma_ppb), -6000, 6000);
    k->model = gen_phi(k->below ? -d : d);
    k->vol_pm = under->vol_pm;
}

static void set_fair(struct gen_market *k) {
    k->lean = (int64_t)((__int128)k->lean * 2999 / 3000); /* half gone in three and a half minutes */
    int64_t room = k->m.kind == MARKET_PERP ? k->model / 50 : DEC_ONE / 10;
    k->lean = clamp64(k->lean, -room, room);
    k->fair = clamp64(k->model + k->lean, k->m.min_price.micro, k->m.max_price.micro);
}

void gen_value_init(const struct gen *g, struct gen_market *k, int64_t fair, int64_t now_us) {
    k->vol_pm = VOL_ONE;
    k->lean = 0;
    k->model = fair;
    if (k->m.kind == MARKET_PERP) {
        k->nano = fair * 1000;
        k->anchor = fair;
    } else if (k->perp >= 0) {
        priced_beat(g, k, now_us);
    } else {
        k->latent = gen_phi_inverse(fair) * root_left(k, now_us);
    }
    set_fair(k);
    k->fast = k->slow = k->mark = k->fair;
}

void gen_value_beat(struct gen *g, int64_t now_us) {
    int64_t factor = rng_normal(&g->rng, 1000), jump = 0;
    if (jump_due(&g->rng, 900)) { /* what moves all coins at once */
        jump = rng_range(&g->rng, 800000, 5000000);
        jump = rng_below(&g->rng, 2) ? jump : -jump;
    }
    for (int i = 0; i < g->n; i++) {
        struct gen_market *k = &g->markets[i];
        if (!k->live)
            continue;
        if (k->m.kind == MARKET_PERP)
            perp_beat(k, factor, jump);
        else if (k->perp >= 0)
            priced_beat(g, k, now_us);
        else
            hidden_beat(k, now_us);
        set_fair(k);
    }
}

enum market_outcome gen_value_outcome(const struct gen *g, struct gen_market *k) {
    assert(k->m.kind == MARKET_BINARY);
    bool yes;
    if (k->perp >= 0)
        yes = (g->markets[k->perp].model > k->strike) != k->below;
    else
        yes = (int64_t)rng_below(&k->rng, DEC_ONE) < k->model;
    return yes ? OUTCOME_YES : OUTCOME_NO;
}
