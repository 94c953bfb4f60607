/* Followed traders, the decision: a target's trade is looked at by a table of checks when its delay is over, with what is
 * true then, and comes to one draft of an order or to the reason why not. Exits pass all that guards new exposure. */
#include <stdio.h>
#include <string.h>

#include "desk/state_follow.h"
#include "turret/base/str.h"
#include "turret/trade/fee.h"

struct chance { /* one trade of a target, now */
    const struct desk *d;
    const struct fol *f;
    const struct follow_trade *t;
    struct mkt *m;
    struct acct *a;
    struct rec *pos;      /* ours on that side */
    bool opens, buys;
    int dir;              /* in the book */
    price theirs, touch;  /* on our side: what the target's price comes to, what we would get */
    price bound, limit;   /* what we may pay: by the slippage, and in the market's steps and the range of prices */
    usd asked, value;     /* by the sizing rule, and what the caps leave */
    qty size;
    char *text;
};
typedef enum err check_fn(struct chance *c);

#define SAY(c, ...) snprintf((c)->text, REASON_MAX, __VA_ARGS__)

/* --- whose it is -------------------------------------------------------------------------------------------- */
bool follow_own_wallet(const struct desk *d, uint8_t venue, const char *wallet) {
    for (size_t i = 0; i < d->account_count; i++)
        if (d->accounts[i]->a.venue == venue && str_eq_nocase(d->accounts[i]->a.name, wallet))
            return true;
    return false;
}

/* A trade of the venue that is one of our own fills: of a follow's order (a loop), or else our own. */
bool follow_own_trade(const struct desk *d, uint8_t venue, const char *trade, enum err *why) {
    for (size_t i = 0; i < d->account_count; i++) {
        struct fill f = {.account = d->accounts[i]->a.id};
        uint64_t seen;
        str_copy(f.venue_trade, sizeof f.venue_trade, trade);
        if (d->accounts[i]->a.venue != venue || !map_get(&d->fill_map, fill_key(d, &f), &seen))
            continue;
        *why = ERR_OWN_WALLET;
        for (size_t k = d->fill_count; k-- > 0;) {
            if (d->fills[k].account != f.account || strcmp(d->fills[k].venue_trade, trade) != 0)
                continue;
            const struct rec *r = rec_find(d, d->fills[k].order);
            if (r != NULL && (r->o.source == SOURCE_COPY_TRADE || r->o.source == SOURCE_COUNTER_TRADE))
                *why = ERR_FOLLOW_LOOP;
            break;
        }
        return true;
    }
    return false;
}

static enum err check_on(struct chance *c) {
    if (!c->f->f.enabled || c->f->f.deleted)
        return ERR_FOLLOW_OFF;
    return c->d->trading == TRADING_HALTED ? ERR_TRADING_HALTED : ERR_OK; /* halted: automations do nothing at all */
}

static enum err check_own(struct chance *c) {
    enum err own = ERR_OK;
    const struct follow *f = &c->f->f;
    if (mdl_of_account(c->d, f->account) != NULL) {
        SAY(c, "a model's account is its own");
        return ERR_OWN_WALLET;
    }
    if (f->model != 0)
        return ERR_OK;
    if (follow_own_wallet(c->d, f->venue, f->wallet))
        return ERR_OWN_WALLET;
    return follow_own_trade(c->d, f->venue, c->t->trade, &own) ? own : ERR_OK;
}

/* --- the market ------------------------------------------------------------------------------------------------ */
static enum err check_market(struct chance *c) {
    if (c->m == NULL || c->a == NULL || c->m->m.venue != c->a->a.venue) {
        SAY(c, c->a == NULL ? "the account is not there" : "the market is not known here");
        return ERR_NOT_FOUND;
    }
    const bool binary = c->t->side == SIDE_YES || c->t->side == SIDE_NO;
    if (binary != (c->m->m.kind == MARKET_BINARY) || (binary && c->t->px.micro >= DEC_ONE)) {
        SAY(c, "the trade does not fit the market");
        return ERR_BAD_VALUE;
    }
    return c->m->m.status == MARKET_OPEN ? ERR_OK : ERR_MARKET_CLOSED;
}

static enum err check_category(struct chance *c) {
    if (follow_takes_category(&c->f->f, c->m->m.category))
        return ERR_OK;
    SAY(c, "%.23s is not among %.50s", c->m->m.category[0] != 0 ? c->m->m.category : "no category", c->f->f.categories);
    return ERR_FOLLOW_CATEGORY;
}

static int64_t part(int64_t v, int64_t e4, enum dec_round mode) {
    int64_t out = 0;
    return dec_muldiv(v, 10000 + e4, 10000, mode, &out) ? out : v;
}

/* Prices as they are now. A book that can't be relied on is waited for. */
static enum err check_prices(struct chance *c) {
    const struct follow *f = &c->f->f;
    const struct market *m = &c->m->m;
    price touch;
    int64_t book;
    if (!c->a->reconciled)
        return ERR_RECONCILING;
    if (!c->d->store_up)
        return ERR_STORE_DOWN;
    if (!mkt_usable(c->d, c->m) || !mkt_touch(c->m, take_side(c->dir), &touch))
        return ERR_STALE_BOOK;
    c->touch = book_price((enum order_side)c->t->our_side, touch);
    c->bound = PRICE(part(c->theirs.micro, c->buys ? f->slippage_e4 : -(int64_t)f->slippage_e4, c->buys ? ROUND_DOWN : ROUND_UP));
    int64_t own = c->bound.micro;
    if (c->buys && f->max_price.micro > 0 && own > f->max_price.micro)
        own = f->max_price.micro;
    if (!c->buys && own < f->min_price.micro)
        own = f->min_price.micro;
    book = book_price((enum order_side)c->t->our_side, PRICE(own)).micro;
    if (!dec_to_step(book, m->tick.micro, c->dir > 0 ? ROUND_DOWN : ROUND_UP, &book))
        return ERR_OVERFLOW;
    if (m->max_price.micro > 0 && book > m->max_price.micro && c->dir > 0)
        book = m->max_price.micro;
    if (book < m->min_price.micro && c->dir < 0)
        book = m->min_price.micro;
    c->limit = book_price((enum order_side)c->t->our_side, PRICE(book));
    return ERR_OK;
}

static enum err check_probability(struct chance *c) {
    const struct follow *f = &c->f->f;
    if (c->touch.micro >= f->min_price.micro && (f->max_price.micro == 0 || c->touch.micro <= f->max_price.micro))
        return ERR_OK;
    SAY(c, "%s, followed from %s to %s", num_text(c->touch.micro).s, num_text(f->min_price.micro).s, f->max_price.micro != 0 ? num_text(f->max_price.micro).s : "any");
    return ERR_FOLLOW_PROBABILITY;
}

static enum err check_liquidity(struct chance *c) {
    const usd least = c->f->f.min_liquidity;
    if (least.micro == 0)
        return ERR_OK;
    const struct book_walk w = walk_own(c->m, c->t->our_side, c->dir, QTY(INT64_MAX / 4), c->bound);
    if (w.notional.micro >= least.micro)
        return ERR_OK;
    SAY(c, "%s USD within the slippage, %s are wanted", num_text(w.notional.micro).s, num_text(least.micro).s);
    return ERR_FOLLOW_LIQUIDITY;
}

/* --- the day and the caps ---------------------------------------------------------------------------------------- */
static enum err check_trades(struct chance *c) {
    const struct follow *f = &c->f->f;
    if (f->max_day_trades == 0 || f->day_trades < f->max_day_trades)
        return ERR_OK;
    SAY(c, "%u of %u today", f->day_trades, f->max_day_trades);
    return ERR_FOLLOW_TRADES;
}

static enum err check_loss(struct chance *c) {
    const struct follow *f = &c->f->f;
    if (!f->paused && (f->max_day_loss.micro == 0 || f->day_pnl.micro > -f->max_day_loss.micro))
        return ERR_OK;
    SAY(c, "%s today, paused until midnight UTC", num_text(f->day_pnl.micro).s);
    return ERR_FOLLOW_LOSS;
}

static bool ours(const struct chance *c, const struct order *o) { return o->account == c->f->f.account && strcmp(o->strategy, c->f->strategy) == 0; }

static enum err check_positions(struct chance *c) {
    const uint32_t most = c->f->f.max_positions;
    uint32_t n = 0;
    if (most == 0 || c->pos != NULL)
        return ERR_OK;
    for (size_t i = 0; i < c->d->market_count; i++)
        for (const struct rec *p = c->d->markets[i]->pos_first; p != NULL; p = p->pos_next)
            n += ours(c, &p->o);
    for (const struct rec *r = c->d->open_first; r != NULL; r = r->open_next) /* on their way */
        if (ours(c, &r->o) && !(r->o.flags & ORDER_REDUCE_ONLY) && r->o.pos.status == POSITION_NONE) {
            if (r->m == c->m && r->o.side == c->t->our_side)
                return ERR_OK;
            n += position_find(c->d, r->o.account, r->o.strategy, r->m, r->o.side) == NULL;
        }
    if (n < most)
        return ERR_OK;
    SAY(c, "%u of %u are open", n, most);
    return ERR_FOLLOW_POSITIONS;
}

bool follow_late(const struct desk *d, const struct follow *f, const struct follow_trade *t, int64_t none_us) {
    const int64_t age = f->max_age_ms != 0 ? f->max_age_ms * 1000LL : none_us;
    return age != 0 && d->now_us > t->at_us + f->delay_ms * 1000LL + age;
}

static enum err check_age(struct chance *c) {
    if (!follow_late(c->d, &c->f->f, c->t, 0))
        return ERR_OK;
    SAY(c, "it is %lld s old", (long long)((c->d->now_us - c->t->at_us) / SECOND_US));
    return ERR_FOLLOW_LATE;
}

static void at_most(struct chance *c, int64_t room) {
    if (c->value.micro > room)
        c->value.micro = room > 0 ? room : 0;
}

/* What the caps leave of the size the rule gives. A size is bought at the worst price it may cost. */
static enum err check_size(struct chance *c) {
    const struct follow *f = &c->f->f;
    const struct market *m = &c->m->m;
    usd pending = {0}, pending_here = {0};
    for (const struct rec *r = c->d->open_first; r != NULL; r = r->open_next)
        if (ours(c, &r->o) && !(r->o.flags & ORDER_REDUCE_ONLY)) {
            usd v = order_worst_case(r->m, &r->o);
            pending = usd_add_sat(pending, v);
            if (r->m == c->m)
                pending_here = usd_add_sat(pending_here, v);
        }
    if (f->max_trade.micro > 0)
        at_most(c, f->max_trade.micro);
    if (f->max_position.micro > 0)
        at_most(c, f->max_position.micro - pending_here.micro - (c->pos != NULL ? c->pos->o.pos.cost.micro : 0));
    if (f->max_day.micro > 0)
        at_most(c, f->max_day.micro - f->day_volume.micro - pending.micro);
    const price worst = c->buys ? c->limit : c->touch;
    int64_t cash = account_available(c->d, c->a).micro - fee_step(m).micro; /* the fee comes out of it too */
    if (cash < 0 || !dec_muldiv(cash, worst.micro, worst.micro + fee_unit(m, worst, false).micro, ROUND_DOWN, &cash))
        cash = 0;
    at_most(c, cash);
    if (!qty_of(c->value, worst, ROUND_DOWN, &c->size) || !dec_to_step(c->size.micro, m->lot.micro > 0 ? m->lot.micro : 1, ROUND_DOWN, &c->size.micro))
        c->size = QTY(0);
    return ERR_OK;
}

static enum err check_slippage(struct chance *c) {
    const struct book_walk w = walk_own(c->m, c->t->our_side, c->dir, c->size.micro > 0 ? c->size : c->m->m.lot, PRICE(0));
    const price average = w.filled.micro > 0 ? w.average : c->touch;
    if (c->buys ? average.micro <= c->bound.micro && c->touch.micro <= c->limit.micro : average.micro >= c->bound.micro && c->touch.micro >= c->limit.micro)
        return ERR_OK;
    SAY(c, "%s against %s of the target", num_text(average.micro).s, num_text(c->theirs.micro).s);
    return ERR_SLIPPAGE;
}

/* --- our other orders and positions -------------------------------------------------------------------------------- */
static enum err check_cross(struct chance *c) {
    const price mine = book_price((enum order_side)c->t->our_side, c->limit);
    for (const struct rec *r = c->d->open_first; r != NULL; r = r->open_next) {
        if (r->m != c->m || r->o.type != ORDER_LIMIT || r->o.tif == TIF_IOC || r->o.tif == TIF_FOK || order_book_dir(&r->o) == c->dir)
            continue;
        const price px = book_price((enum order_side)r->o.side, r->o.limit);
        if (c->dir > 0 ? px.micro > mine.micro : px.micro < mine.micro)
            continue;
        SAY(c, "order %u waits on the other side", r->o.num);
        return ERR_SELF_CROSS;
    }
    return ERR_OK;
}

static enum err check_opposite(struct chance *c) {
    for (const struct rec *p = c->m->pos_first; p != NULL && market_nets(&c->m->m); p = p->pos_next)
        if (p->o.account == c->f->f.account && !ours(c, &p->o) && side_sign((enum order_side)p->o.side) != c->dir) {
            SAY(c, "%.23s holds %s here", p->o.strategy, order_side_name((enum order_side)p->o.side));
            return ERR_OPPOSITE_STRATEGY;
        }
    return ERR_OK;
}

static enum err check_room(struct chance *c) {
    const int64_t least = c->m->m.min_size.micro > c->m->m.lot.micro ? c->m->m.min_size.micro : c->m->m.lot.micro;
    if (c->size.micro >= least && c->size.micro > 0)
        return ERR_OK;
    SAY(c, "%s USD of %s are left", num_text(c->value.micro).s, num_text(c->asked.micro).s);
    return c->value.micro < c->asked.micro ? ERR_FOLLOW_CAP : ERR_MIN_SIZE;
}

/* --- exits ------------------------------------------------------------------------------------------------------------ */
/* The target reduced by that much: so do we, by the same rule, at most what we hold. */
static enum err check_exit(struct chance *c) {
    if (c->opens)
        return ERR_OK;
    if (c->f->f.exit != EXIT_MIRROR) {
        SAY(c, "the target closes; exits are by hand");
        return ERR_FOLLOW_OFF;
    }
    if (c->pos == NULL)
        return ERR_NOTHING_TO_CLOSE;
    price touch, at = c->theirs;
    if (mkt_touch(c->m, take_side(c->dir), &touch))
        at = book_price((enum order_side)c->t->our_side, touch);
    const qty open = c->pos->o.pos.open;
    if (!qty_of(c->value, at, ROUND_UP, &c->size) || !dec_to_step(c->size.micro, c->m->m.lot.micro > 0 ? c->m->m.lot.micro : 1, ROUND_UP, &c->size.micro) ||
        c->size.micro > open.micro || market_check_size(&c->m->m, c->size) != ERR_OK || market_check_size(&c->m->m, QTY(open.micro - c->size.micro)) != ERR_OK)
        c->size = open; /* no dust stays */
    return ERR_OK;
}

static const struct { check_fn *fn; bool exits; } checks[] = {
    {check_on, true}, {check_own, true}, {check_market, true}, {check_exit, true}, {check_category, false}, {check_prices, false}, {check_probability, false},
    {check_liquidity, false}, {check_trades, false}, {check_loss, false}, {check_positions, false}, {check_age, false}, {check_size, false}, {check_slippage, false},
    {check_cross, false}, {check_opposite, false}, {check_room, false},
};

/* --- the order -------------------------------------------------------------------------------------------------------- */
static price away(price from, int64_t e4) { return PRICE(part(from.micro, e4, ROUND_HALF_EVEN)); }

static struct intent order_of(const struct chance *c) {
    const struct follow *f = &c->f->f;
    struct intent in = {.kind = INTENT_PLACE, .account = f->account, .market = c->t->market, .side = c->t->our_side, .action = c->t->our_action, .type = ORDER_LIMIT, .tif = TIF_IOC,
                        .source = f->kind == FOLLOW_COPY ? SOURCE_COPY_TRADE : SOURCE_COUNTER_TRADE, .link = f->id, .limit = c->limit, .size = c->size, .confidence = -1};
    str_copy(in.strategy, sizeof in.strategy, c->f->strategy);
    if (!c->opens) {
        in.kind = INTENT_CLOSE;
        in.order = c->pos->o.id;
        in.limit = PRICE(0); /* at the market: leaving comes before the price */
        return in;
    }
    const int dir = position_dir((enum order_side)c->t->our_side);
    if (f->stop_e4 > 0)
        in.stop = away(c->limit, -dir * (int64_t)f->stop_e4);
    if (f->target_e4 > 0)
        in.target = away(c->limit, dir * (int64_t)f->target_e4);
    if (c->m->m.kind == MARKET_BINARY && in.target.micro >= DEC_ONE)
        in.target = PRICE(0);
    return in;
}

enum err follow_decide(struct desk *d, struct ftrade *t, struct draft *x, char text[REASON_MAX]) {
    struct chance c = {.d = d, .f = t->f, .t = &t->t, .text = text};
    const uint8_t side = t->t.our_side;
    text[0] = 0;
    follow_day(d, t->f);
    c.m = mkt_find(d, t->t.market);
    c.a = acct_find(d, t->f->f.account);
    c.opens = t->t.our_action == side_opening_action((enum order_side)side);
    c.buys = t->t.our_action == ACTION_BUY;
    c.dir = book_dir((enum order_side)side, (enum order_action)t->t.our_action);
    c.theirs = book_price((enum order_side)side, book_price((enum order_side)t->t.side, t->t.px));
    c.asked = c.value = follow_size(&t->f->f, usd_of_sat(t->t.px, t->t.size));
    c.pos = c.m != NULL ? position_find(d, t->f->f.account, t->f->strategy, c.m, side) : NULL;
    if (c.pos != NULL && c.pos->o.side != side)
        c.pos = NULL;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        enum err e = c.opens || checks[i].exits ? checks[i].fn(&c) : ERR_OK;
        if (e != ERR_OK)
            return e;
    }
    const struct intent in = order_of(&c);
    return draft_make(d, &in, x, text);
}
