/* Names of venues, kinds and states, market ids, and the price and size rules a market sets. */
#include "turret/market/market.h"

#include "turret/base/err.h"
#include "turret/base/hash.h"

#include <string.h>

static const struct {
    const char *name, *label;
} venues[VENUE_COUNT] = {
    [VENUE_NONE] = {"none", "--"},
    [VENUE_SIM] = {"sim", "SIM"},
    [VENUE_POLYMARKET] = {"polymarket", "PM"},
    [VENUE_KALSHI] = {"kalshi", "KX"},
    [VENUE_LIGHTER] = {"lighter", "LT"},
    [VENUE_SIM2] = {"sim2", "S2"},
};
static const char *const kinds[] = {[MARKET_BINARY] = "binary", [MARKET_PERP] = "perp"};
static const char *const statuses[] = {
    [MARKET_OPEN] = "open", [MARKET_HALTED] = "halted", [MARKET_CLOSED] = "closed", [MARKET_RESOLVED] = "resolved"};
static const char *const outcomes[] = {
    [OUTCOME_NONE] = "none", [OUTCOME_YES] = "yes", [OUTCOME_NO] = "no", [OUTCOME_VOID] = "void"};

static const char *const fee_kinds[] = {[FEE_NOTIONAL] = "notional", [FEE_KALSHI] = "kalshi", [FEE_POLYMARKET] = "polymarket"};

#define PICK(table, i) ((size_t)(i) < sizeof(table) / sizeof(table)[0] ? (table)[i] : "?")

const char *venue_name(enum venue_id v) { return venues[(unsigned)v < VENUE_COUNT ? v : VENUE_NONE].name; }
const char *venue_label(enum venue_id v) { return venues[(unsigned)v < VENUE_COUNT ? v : VENUE_NONE].label; }
const char *market_kind_name(enum market_kind k) { return PICK(kinds, k); }
const char *market_status_name(enum market_status s) { return PICK(statuses, s); }
const char *market_outcome_name(enum market_outcome o) { return PICK(outcomes, o); }

const char *fee_kind_name(enum fee_kind k) { return PICK(fee_kinds, k); }

market_id market_id_of(enum venue_id venue, const char *symbol) {
    const char *name = venue_name(venue);
    uint64_t h = fnv64(FNV64_INIT, name, strlen(name));
    h = fnv64(fnv64(h, ":", 1), symbol, strlen(symbol));
    return h ? h : 1; /* 0 means no market */
}

int market_check_price(const struct market *m, price px) {
    if (px.micro <= 0 || (m->kind == MARKET_BINARY && px.micro >= DEC_ONE))
        return ERR_PRICE_OUT_OF_RANGE;
    if (px.micro < m->min_price.micro || (m->max_price.micro > 0 && px.micro > m->max_price.micro))
        return ERR_PRICE_OUT_OF_RANGE;
    if (m->tick.micro > 0 && px.micro % m->tick.micro != 0)
        return ERR_TICK_SIZE;
    return ERR_OK;
}

int market_check_size(const struct market *m, qty size) {
    if (size.micro <= 0 || size.micro < m->min_size.micro)
        return ERR_MIN_SIZE;
    if (m->lot.micro > 0 && size.micro % m->lot.micro != 0)
        return ERR_LOT_SIZE;
    return ERR_OK;
}
