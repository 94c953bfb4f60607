/* The catalogue of generated markets: perpetuals, and slots of binary markets, each a family with names, close,
 * spread and size. A slot whose market has resolved is filled again from its family. */
#include "venue/sim/gen.h"

#include "turret/base/hash.h"
#include "turret/base/str.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *symbol, *title, *coin, *name;
    int64_t price, tick, lot, top, max_price, sigma_ppb, half, noise_ms;
    uint8_t price_digits, qty_digits, leverage;
} perps[GEN_PERPS] = {
    /* micro units throughout; sigma per square root of a second in 1e-9 (2.5, 3.1 and 3.8 % a day) */
    {"BTC-PERP", "Bitcoin perpetual", "BTC", "Bitcoin", 64250000000, 100000, 1000, 400000, 1000000000000, 85000, 500000, 1400, 1, 3, 20},
    {"ETH-PERP", "Ether perpetual", "ETH", "Ether", 3180000000, 10000, 1000, 6000000, 100000000000, 105000, 40000, 2000, 2, 3, 20},
    {"SOL-PERP", "Solana perpetual", "SOL", "Solana", 168400000, 10000, 10000, 120000000, 10000000000, 130000, 10000, 2800, 2, 2, 10},
};

static const struct { const char *name, *code; int jan_f, jul_f; } cities[] = {
    {"New York", "NYC", 40, 85}, {"Chicago", "CHI", 32, 85}, {"Miami", "MIA", 76, 90}, {"Denver", "DEN", 45, 90},
    {"Austin", "AUS", 62, 96},   {"Seattle", "SEA", 48, 78}, {"Boston", "BOS", 37, 82}, {"Los Angeles", "LAX", 68, 84},
};
static const struct { const char *name, *code; } teams[] = {
    {"Lakeside Kings", "KINGS"},     {"Harbor City Hawks", "HAWKS"}, {"Northgate United", "NGATE"}, {"Old Mill Rovers", "ROVER"},
    {"Granite Bay Giants", "GIANT"}, {"Port Ellen FC", "ELLEN"},     {"Redwood Rangers", "REDWD"},  {"Summit Athletic", "SUMMT"},
    {"Eastfield Town", "EAST"},      {"Silver Lake Stars", "STARS"}, {"Westmoor Wolves", "WOLVS"},  {"Castle Hill", "CASTL"},
};
#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

static const char *const months[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
static const char *const month_names[] = {"January", "February", "March",     "April",   "May",      "June",
                                          "July",    "August",   "September", "October", "November", "December"};

enum family { LEVEL, MATCH, HIGH, RAIN, RATES, PRICES, HOUSE };
static const struct slot {
    enum family family;
    int perp;           /* LEVEL: on which */
    int period_s, min_s; /* closes at the next multiple of period at least min away */
    int64_t strike_step; /* micro */
    int64_t top;        /* contracts */
    int half_milli;     /* half the spread, thousandths of a cent: 500 = spread of a cent */
    int step_ms, noise_ms, jump_s;
    const char *category, *prefix;
} slots[] = {
    {LEVEL, 0, 900, 420, 50000000, 350, 700, 350, 4000, 0, "crypto", "BTC-"},
    {LEVEL, 0, 3600, 1200, 250000000, 500, 600, 350, 5000, 0, "crypto", "BTC-"},
    {LEVEL, 1, 3600, 1200, 10000000, 400, 700, 400, 6000, 0, "crypto", "ETH-"},
    {LEVEL, 2, 86400, 14400, 1000000, 300, 900, 500, 9000, 0, "crypto", "SOL-"},
    {MATCH, -1, 300, 1500, 0, 450, 800, 300, 3500, 420, "sports", "WIN-"},
    {MATCH, -1, 300, 6000, 0, 600, 600, 400, 6000, 900, "sports", "WIN-"},
    {HIGH, -1, 86400, 10800, 0, 250, 1300, 500, 10000, 2400, "weather", "HIGH-"},
    {RAIN, -1, 3600, 1200, 0, 200, 1400, 400, 7000, 600, "weather", "RAIN-"},
    {RATES, -1, 0, 0, 0, 1500, 500, 500, 7000, 5400, "rates", "FED-"},
    {PRICES, -1, 0, 0, 0, 900, 700, 500, 9000, 5400, "economy", "CPI-"},
    {HOUSE, -1, 0, 0, 0, 2000, 500, 500, 7000, 7200, "elections", "HOUSE-"},
};

int gen_slots(void) { return COUNT(slots); }

static struct tm civil(int64_t at_us) {
    time_t s = (time_t)(at_us / GEN_SECOND);
    struct tm tm;
    memset(&tm, 0, sizeof tm);
    gmtime_r(&s, &tm);
    return tm;
}
static int64_t civil_us(int year, int month0, int day, int hour, int minute) {
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month0, .tm_mday = day, .tm_hour = hour, .tm_min = minute};
    return (int64_t)timegm(&tm) * GEN_SECOND;
}

static void seed_market(const struct gen *g, struct gen_market *k) {
    rng_seed(&k->rng, fnv64_u64(fnv64_u64(FNV64_INIT, g->seed), k->m.id));
}

static void perp_fill(const struct gen *g, struct gen_market *k, int i) {
    memset(k, 0, sizeof *k);
    struct market *m = &k->m;
    m->venue = VENUE_SIM;
    m->kind = MARKET_PERP;
    m->max_leverage = perps[i].leverage;
    m->price_digits = perps[i].price_digits;
    m->qty_digits = perps[i].qty_digits;
    m->tick = m->min_price = PRICE(perps[i].tick);
    m->max_price = PRICE(perps[i].max_price);
    m->lot = m->min_size = QTY(perps[i].lot);
    m->maintenance_ppm = 500000 / perps[i].leverage;
    str_copy(m->symbol, sizeof m->symbol, perps[i].symbol);
    str_copy(m->title, sizeof m->title, perps[i].title);
    str_copy(m->category, sizeof m->category, "crypto");
    m->id = market_id_of(VENUE_SIM, m->symbol);
    seed_market(g, k);
    k->slot = i;
    k->perp = -1;
    k->sigma_ppb = perps[i].sigma_ppb;
    k->jump_mean_s = 1500;
    k->step_us = 180000;
    k->base_size = perps[i].top;
    k->half_spread = perps[i].half;
    k->noise_mean_us = perps[i].noise_ms * 1000;
    k->live = true;
}

struct gen_market *gen_perp(struct gen *g, int i, int64_t now_us) {
    struct gen_market *k = &g->markets[i];
    if (k->live)
        return NULL;
    perp_fill(g, k, i);
    gen_value_init(g, k, perps[i].price, now_us);
    return k;
}

/* All that a binary market takes from its slot. */
static void binary_fill(struct gen_market *k, int slot) {
    const struct slot *s = &slots[slot];
    struct market *m = &k->m;
    m->venue = VENUE_SIM;
    m->kind = MARKET_BINARY;
    m->max_leverage = 1;
    m->price_digits = 2;
    m->qty_digits = 0;
    m->tick = m->min_price = PRICE(DEC_ONE / 100);
    m->max_price = PRICE(DEC_ONE - DEC_ONE / 100);
    m->lot = m->min_size = QTY(DEC_ONE);
    str_copy(m->category, sizeof m->category, s->category);
    k->slot = slot;
    k->perp = s->perp;
    k->jump_mean_s = s->jump_s;
    k->step_us = s->step_ms * 1000;
    k->base_size = s->top * DEC_ONE;
    k->half_spread = s->half_milli * 10;
    k->noise_mean_us = s->noise_ms * 1000;
    k->live = true;
}

static int64_t next_close(const struct slot *s, int64_t now_us) {
    int64_t period = s->period_s * GEN_SECOND, from = now_us + s->min_s * GEN_SECOND;
    return (from + period - 1) / period * period;
}

static bool symbol_taken(const struct gen *g, const struct gen_market *self, const char *symbol) {
    for (int i = 0; i < g->n; i++)
        if (&g->markets[i] != self && g->markets[i].live && strcmp(g->markets[i].m.symbol, symbol) == 0)
            return true;
    return false;
}

static void level_text(struct gen *g, struct gen_market *k, const struct slot *s, const struct tm *at) {
    const struct gen_market *under = &g->markets[s->perp];
    /* a strike within about half a standard deviation of the price over the time left */
    int64_t root = (int64_t)gen_isqrt((uint64_t)(k->m.closes_us - g->beat_us));
    int64_t sd = (int64_t)((__int128)under->model * (under->sigma_ppb / 1000 * root) / 1000000000);
    int64_t around = under->model + rng_normal(&g->rng, sd / 2);
    k->strike = (around + s->strike_step / 2) / s->strike_step * s->strike_step;
    for (int i = 0; i < 8; i++) {
        char strike[DEC_TEXT_MAX + 8], plain[DEC_TEXT_MAX];
        dec_format(k->strike, 0, plain);
        dec_format_fixed(k->strike, 0, true, strike);
        snprintf(k->m.symbol, sizeof k->m.symbol, "%s%s-%02d%s%02d%02d", s->prefix, plain, at->tm_mday, months[at->tm_mon],
                 at->tm_hour, at->tm_min);
        if (s->period_s >= 86400)
            snprintf(k->m.title, sizeof k->m.title, "%s above $%s at midnight UTC, %d %s?", perps[s->perp].name, strike,
                     at->tm_mday, month_names[at->tm_mon]);
        else
            snprintf(k->m.title, sizeof k->m.title, "%s above $%s at %02d:%02d UTC?", perps[s->perp].name, strike, at->tm_hour, at->tm_min);
        if (!symbol_taken(g, k, k->m.symbol))
            return;
        k->strike += s->strike_step;
    }
}

static void match_text(struct gen *g, struct gen_market *k, const struct tm *at) {
    do {
        int a = (int)rng_below(&g->rng, (uint64_t)COUNT(teams)), b = (int)rng_below(&g->rng, (uint64_t)COUNT(teams) - 1);
        b += b >= a;
        snprintf(k->m.symbol, sizeof k->m.symbol, "WIN-%s-%s-%02d%s%02d%02d", teams[a].code, teams[b].code, at->tm_mday,
                 months[at->tm_mon], at->tm_hour, at->tm_min);
        snprintf(k->m.title, sizeof k->m.title, "Will %s beat %s?", teams[a].name, teams[b].name);
    } while (symbol_taken(g, k, k->m.symbol));
}

static void weather_text(struct gen *g, struct gen_market *k, const struct slot *s, const struct tm *at) {
    int c = (int)rng_below(&g->rng, (uint64_t)COUNT(cities));
    if (s->family == RAIN) {
        snprintf(k->m.symbol, sizeof k->m.symbol, "RAIN-%s-%02d%s%02d", cities[c].code, at->tm_mday, months[at->tm_mon], at->tm_hour);
        snprintf(k->m.title, sizeof k->m.title, "Rain in %s before %02d:00 UTC?", cities[c].name, at->tm_hour);
        return;
    }
    struct tm day = civil(k->m.closes_us - GEN_MINUTE);
    int from_july = day.tm_mon > 6 ? day.tm_mon - 6 : 6 - day.tm_mon;
    int normal = cities[c].jan_f + (cities[c].jul_f - cities[c].jan_f) * (6 - from_july) / 6;
    int f = normal + (int)rng_range(&g->rng, -6, 6);
    snprintf(k->m.symbol, sizeof k->m.symbol, "HIGH-%s-%02d%s-%d", cities[c].code, day.tm_mday, months[day.tm_mon], f);
    snprintf(k->m.title, sizeof k->m.title, "Highest temperature in %s above %d°F on %d %s?", cities[c].name, f, day.tm_mday,
             month_names[day.tm_mon]);
}

/* Decisions, reports and votes: one of each at a time, on its date. */
static void calendar_text(struct gen_market *k, enum family family, int64_t now_us) {
    struct tm t = civil(now_us + 5 * GEN_DAY);
    int year = t.tm_year + 1900, month = t.tm_mon;
    char *sym = k->m.symbol, *title = k->m.title;
    if (family == HOUSE) {
        year += year % 2;
        if (civil_us(year, 10, 3, 0, 0) < now_us + 7 * GEN_DAY)
            year += 2;
        k->m.closes_us = civil_us(year, 10, 4, 5, 0);
        snprintf(sym, sizeof k->m.symbol, "HOUSE-DEM-%d", year);
        snprintf(title, sizeof k->m.title, "Will the Democrats win the House in %d?", year);
        return;
    }
    int day = family == RATES ? 17 : 12;
    if (t.tm_mday > day) {
        month++;
        year += month / 12;
        month %= 12;
    }
    int yy = year % 100;
    if (family == RATES) {
        k->m.closes_us = civil_us(year, month, day, 19, 0);
        snprintf(sym, sizeof k->m.symbol, "FED-%s%02d-CUT25", months[month], yy);
        snprintf(title, sizeof k->m.title, "Will the Fed cut rates by 25 bps in %s?", month_names[month]);
    } else {
        k->m.closes_us = civil_us(year, month, day, 13, 30);
        snprintf(sym, sizeof k->m.symbol, "CPI-%s%02d-GT3", months[month], yy);
        snprintf(title, sizeof k->m.title, "US inflation above 3.0%% in the %s report?", month_names[month]);
    }
}

static bool slot_used(const struct gen *g, int slot) {
    for (int i = 0; i < g->n; i++)
        if (g->markets[i].live && g->markets[i].m.kind == MARKET_BINARY && g->markets[i].slot == slot)
            return true;
    return false;
}

static struct gen_market *place_for(struct gen *g) {
    int at = GEN_PERPS;
    while (at < g->n && g->markets[at].live)
        at++;
    if (at == GEN_MARKETS_MAX)
        return NULL;
    g->n = at == g->n ? at + 1 : g->n;
    return &g->markets[at];
}

struct gen_market *gen_binary(struct gen *g, int slot, int64_t now_us) {
    const struct slot *s = &slots[slot];
    struct gen_market *k = slot_used(g, slot) ? NULL : place_for(g);
    if (!k)
        return NULL;
    memset(k, 0, sizeof *k);
    binary_fill(k, slot);
    k->m.closes_us = s->period_s ? next_close(s, now_us) : 0;
    struct tm at = civil(k->m.closes_us);
    switch (s->family) {
    case LEVEL: level_text(g, k, s, &at); break;
    case MATCH: match_text(g, k, &at); break;
    case HIGH:
    case RAIN: weather_text(g, k, s, &at); break;
    default: calendar_text(k, s->family, now_us);
    }
    k->m.id = market_id_of(VENUE_SIM, k->m.symbol);
    seed_market(g, k);
    rng_seed(&k->rng, rng_u64(&k->rng) ^ (uint64_t)now_us);
    gen_value_init(g, k, rng_range(&k->rng, 200, 800) * (DEC_ONE / 1000), now_us);
    return k;
}

/* The strike is in the symbol: "BTC-64250-21NOV1400". */
static bool strike_read(struct gen_market *k, const char *prefix) {
    const char *from = k->m.symbol + strlen(prefix);
    const char *to = strchr(from, '-');
    return to && dec_parse(from, (size_t)(to - from), &k->strike) && k->strike > 0;
}

static struct gen_market *adopt_perp(struct gen *g, const struct market *m, int64_t last, int64_t now_us) {
    for (int i = 0; i < GEN_PERPS; i++)
        if (strcmp(m->symbol, perps[i].symbol) == 0) {
            struct gen_market *k = &g->markets[i];
            bool lived = k->live;
            if (!lived)
                perp_fill(g, k, i);
            bool sane = last > perps[i].tick * 1000 && last < perps[i].max_price / 2;
            gen_value_init(g, k, sane ? last : perps[i].price, now_us);
            return lived ? NULL : k;
        }
    return NULL;
}

struct gen_market *gen_adopt(struct gen *g, const struct market *m, int64_t last, int64_t now_us) {
    if (m->kind == MARKET_PERP)
        return adopt_perp(g, m, last, now_us);
    for (int i = GEN_PERPS; i < g->n; i++)
        if (g->markets[i].live && g->markets[i].m.id == m->id) {
            gen_value_init(g, &g->markets[i], last > 0 ? last : g->markets[i].fair, now_us);
            return NULL;
        }
    int family = -1, free_slot = -1;
    for (int i = 0; i < COUNT(slots); i++)
        if (strncmp(m->symbol, slots[i].prefix, strlen(slots[i].prefix)) == 0) {
            family = family < 0 ? i : family;
            free_slot = free_slot < 0 && !slot_used(g, i) ? i : free_slot;
        }
    struct gen_market *k = NULL;
    if (family < 0 || m->closes_us <= 0 || m->tick.micro != DEC_ONE / 100 || (k = place_for(g)) == NULL)
        return NULL; /* not one of ours: a tape's, or of an older catalogue */
    memset(k, 0, sizeof *k);
    k->m = *m;
    binary_fill(k, free_slot >= 0 ? free_slot : family);
    k->slot = free_slot;
    k->m.status = MARKET_OPEN;
    k->m.outcome = OUTCOME_NONE;
    if (k->perp >= 0 && !strike_read(k, slots[family].prefix))
        k->perp = -1;
    seed_market(g, k);
    rng_seed(&k->rng, rng_u64(&k->rng) ^ (uint64_t)now_us); /* another day, other luck */
    gen_value_init(g, k, last > 0 && last < DEC_ONE ? last : DEC_ONE / 2, now_us);
    return k;
}
