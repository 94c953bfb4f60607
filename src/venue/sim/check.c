/* What an arriving order must satisfy: one table of checks, the first refusal counts. */
#include "impl.h"

#define LEVERAGE_MAX 20

struct placing {
    struct sim_account *a;
    struct sim_market *m;
    const struct sim_order *o;
    int64_t now_us;
};

static enum err check_market(const struct placing *p) {
    return p->m->listed && p->m->m.status == MARKET_OPEN ? ERR_OK : ERR_MARKET_CLOSED;
}

static enum err check_form(const struct placing *p) {
    const struct sim_order *o = p->o;
    bool binary_side = o->side == SIDE_YES || o->side == SIDE_NO;
    if (o->side > SIDE_SHORT || o->action > ACTION_SELL || o->tif > TIF_FOK ||
        binary_side != (p->m->m.kind == MARKET_BINARY))
        return ERR_BAD_VALUE;
    if (o->type != ORDER_MARKET && o->type != ORDER_LIMIT)
        return ERR_UNSUPPORTED; /* stops live at the desk */
    if ((o->flags & ORDER_POST_ONLY) && (o->type == ORDER_MARKET || o->tif == TIF_IOC || o->tif == TIF_FOK))
        return ERR_BAD_VALUE;
    if (o->tif == TIF_GTD && o->expires_us <= p->now_us)
        return ERR_EXPIRED;
    return ERR_OK;
}

/* What is left of a position may be closed even where it is below the minimum. */
static enum err check_size(const struct placing *p) {
    if (p->o->size.micro <= 0)
        return ERR_BAD_VALUE;
    enum err e = (enum err)market_check_size(&p->m->m, p->o->size);
    if (e == ERR_MIN_SIZE && (p->o->flags & ORDER_REDUCE_ONLY))
        e = p->o->size.micro % p->m->m.lot.micro == 0 ? ERR_OK : ERR_LOT_SIZE;
    return e;
}

enum err sim_price_check(const struct sim_market *m, price book_px) {
    if (m->mode == EXCHANGE_MATCHED && book_px.micro / m->m.tick.micro >= INT32_MAX)
        return ERR_PRICE_OUT_OF_RANGE; /* the engine counts ticks in 32 bits */
    return (enum err)market_check_price(&m->m, book_px);
}

static enum err check_price(const struct placing *p) {
    usd value;
    if (p->o->type == ORDER_MARKET && p->o->limit.micro == 0)
        return ERR_OK;
    enum err e = sim_price_check(p->m, p->o->book_px);
    return e == ERR_OK && !usd_of(p->o->limit, p->o->size, ROUND_UP, &value) ? ERR_OVERFLOW : e;
}

static enum err check_leverage(const struct placing *p) {
    int most = p->m->m.kind == MARKET_BINARY ? 1 : p->m->m.max_leverage;
    return p->o->leverage > most || p->o->leverage > LEVERAGE_MAX ? ERR_LEVERAGE : ERR_OK;
}

static enum err check_reduce_only(const struct placing *p) {
    if (!(p->o->flags & ORDER_REDUCE_ONLY))
        return ERR_OK;
    return -p->o->dir * sim_position_in(p->a, p->m)->net > 0 ? ERR_OK : ERR_REDUCE_ONLY;
}

static enum err check_post_only(const struct placing *p) {
    struct level best;
    if (!(p->o->flags & ORDER_POST_ONLY) || !sim_market_best(p->m, p->o->dir > 0 ? BOOK_ASK : BOOK_BID, &best))
        return ERR_OK;
    return (p->o->book_px.micro - best.px.micro) * p->o->dir >= 0 ? ERR_POST_ONLY_CROSSED : ERR_OK;
}

static struct book_walk walk(const struct placing *p, qty size) {
    price limit = p->o->limit.micro > 0 ? p->o->book_px : PRICE(0);
    if (p->m->mode == EXCHANGE_MATCHED)
        return matched_walk(p->m, p->o->dir, limit, size);
    return book_walk(p->m->book, p->o->dir > 0 ? BOOK_ASK : BOOK_BID, size, limit);
}

static enum err check_fill_or_kill(const struct placing *p) {
    const struct sim_order *o = p->o;
    if (o->tif != TIF_FOK)
        return ERR_OK;
    int64_t want = o->size.micro, room = -o->dir * sim_position_in(p->a, p->m)->net;
    if ((o->flags & ORDER_REDUCE_ONLY) && want > room)
        want = room;
    if (walk(p, QTY(want)).filled.micro < want)
        return ERR_FOK_UNFILLED;
    price limit = o->limit.micro > 0 ? o->book_px : PRICE(0);
    int64_t reach = (p->m->mode == EXCHANGE_MATCHED ? matched_until_own : shown_until_own)(p->m, p->a, o->dir, limit);
    return reach < want ? ERR_SELF_TRADE : ERR_OK;
}

/* A short sold through its limit is margined at the better price it gets. */
static price funded_at(const struct placing *p) {
    struct level bid;
    if (p->m->m.kind == MARKET_PERP && p->o->dir < 0 && sim_market_best(p->m, BOOK_BID, &bid) &&
        bid.px.micro > p->o->book_px.micro)
        return bid.px;
    return p->o->book_px;
}

/* What a market order pays on average, to the dearer side; quote tapes may add their random extra. */
static price walked_at(const struct placing *p, const struct book_walk *w) {
    bool perp = p->m->m.kind == MARKET_PERP;
    int64_t px = w->average.micro + (perp ? 1 : p->o->dir), extra = 0;
    if (p->m->m.quote_only && !dec_muldiv(px, p->m->x->cfg.slippage_max_bps, 10000, ROUND_UP, &extra))
        extra = 0;
    return PRICE(px + (perp ? extra : p->o->dir * extra));
}

/* A limit order is funded at its limit, a market order at what the book would charge. Exits need no funds. */
static enum err check_funds(const struct placing *p) {
    const struct sim_order *o = p->o;
    if (o->flags & ORDER_REDUCE_ONLY)
        return ERR_OK;
    if (o->type == ORDER_LIMIT)
        return sim_margin_check(p->a, p->m, NULL, o->dir, funded_at(p), o->size, o->leverage);
    struct book_walk w = walk(p, o->size);
    if (w.filled.micro == 0)
        return ERR_OK; /* ends unfilled */
    return sim_margin_check(p->a, p->m, NULL, o->dir, walked_at(p, &w), w.filled, o->leverage);
}

static enum err (*const checks[])(const struct placing *) = {
    check_market,      check_form,      check_size,         check_price, check_leverage,
    check_reduce_only, check_post_only, check_fill_or_kill, check_funds,
};

enum err sim_place_check(struct sim_account *a, struct sim_market *m, const struct sim_order *o, int64_t now_us) {
    struct placing p = {a, m, o, now_us};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        enum err e = checks[i](&p);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}
