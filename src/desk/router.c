/* The SmartRouter: what an order would get on each venue of its outcome, after that venue's fee, and which one takes it.
 * It only chooses; the orders go through the funnel like any other. */
#include "desk/router.h"
#include "turret/base/str.h"
#include "turret/trade/fee.h"

#include <stdio.h>
#include <string.h>

#define SIZE_MOST (INT64_MAX / 4)
#define CENTS_ROOM (DEC_ONE / 10) /* as the risk table: never less than ten cents of a binary market */

usd walk_fee(const struct mkt *m, uint8_t side, int dir, qty size, price own_limit) {
    struct fee_part p = {0};
    for (int i = 0; size.micro > 0; i++) {
        const struct level *l = book_level(m->book, take_side(dir), i);
        if (l == NULL)
            break;
        price own = book_price((enum order_side)side, l->px);
        if (own_limit.micro > 0 && (own.micro - own_limit.micro) * (dir * side_sign((enum order_side)side)) > 0)
            break;
        qty part = QTY(l->size.micro < size.micro ? l->size.micro : size.micro);
        fee_add(&m->m, &p, own, part, false);
        size.micro -= part.micro;
    }
    return p.charged;
}

/* --- one lane ---------------------------------------------------------------------------------------------- */
qty lane_lots(const struct lane *l, int64_t size) {
    int64_t out = 0;
    if (l->pos != NULL && size == l->pos->o.pos.open.micro)
        return QTY(size); /* dust may always leave whole */
    return dec_to_step(size, l->m->m.lot.micro, ROUND_DOWN, &out) ? QTY(out) : QTY(0);
}

bool lane_size_ok(const struct lane *l, qty size) {
    return (l->pos != NULL && size.micro == l->pos->o.pos.open.micro && size.micro > 0) || market_check_size(&l->m->m, size) == ERR_OK;
}

/* The account of the order where it is of that venue; else the venue's first that is no model's and as real as the order's. */
static struct acct *account_there(const struct desk *d, const struct intent *in, const struct acct *asked, uint8_t venue) {
    if (asked->a.venue == venue)
        return acct_find(d, in->account);
    struct acct *first = NULL;
    for (size_t i = 0; i < d->account_count && in->source != SOURCE_AGENT; i++) {
        struct acct *a = d->accounts[i];
        if (a->a.venue == venue && a->a.live == asked->a.live && mdl_of_account(d, a->a.id) == NULL && (first == NULL || a->a.id < first->a.id))
            first = a;
    }
    return first;
}

static enum err lane_open(const struct desk *d, const struct lane *l, bool closing) {
    const struct venue_state *v = &d->venues[l->m->m.venue];
    if (l->a == NULL)
        return ERR_NOT_FOUND;
    if (!v->known || !v->up)
        return ERR_UNREACHABLE;
    if (l->m->m.status != MARKET_OPEN || l->m->crossed)
        return ERR_MARKET_CLOSED;
    if (!mkt_fresh(d, l->m))
        return ERR_STALE_BOOK;
    if (closing)
        return l->pos != NULL ? l->most.micro > 0 ? ERR_OK : ERR_RESERVED : ERR_NOT_OPEN;
    if (!l->a->reconciled)
        return ERR_RECONCILING;
    if (book_count(l->m->book, take_side(l->dir)) > 0 && !mkt_usable(d, l->m))
        return ERR_STALE_BOOK; /* risk wants to see both sides */
    return ERR_OK;
}

/* The limit on this market's ticks, never worse than asked. */
static enum err lane_limit(struct lane *l, const struct intent *in) {
    int64_t px = 0;
    const bool buy = in->action == ACTION_BUY;
    if (in->type != ORDER_LIMIT)
        return ERR_OK;
    price book = book_price((enum order_side)l->side, in->limit);
    if (!dec_to_step(book.micro, l->m->m.tick.micro, (l->side == SIDE_NO) != buy ? ROUND_DOWN : ROUND_UP, &px))
        return ERR_PRICE_OUT_OF_RANGE;
    enum err e = (enum err)market_check_price(&l->m->m, PRICE(px));
    l->limit = l->cap = book_price((enum order_side)l->side, PRICE(px));
    return e;
}

static void lane_make(const struct desk *d, const struct intent *in, const struct acct *asked, struct mkt *m, bool inverted, struct lane *l) {
    *l = (struct lane){.m = m, .side = inverted ? side_opposite(in->side) : in->side, .most = QTY(INT64_MAX)};
    l->a = account_there(d, in, asked, m->m.venue);
    l->dir = book_dir((enum order_side)l->side, (enum order_action)in->action);
    if (l->a == NULL || in->action != side_closing_action((enum order_side)l->side))
        return;
    const struct rec *pos = position_find(d, l->a->a.id, in->strategy[0] != 0 ? in->strategy : "main", m, l->side);
    if (pos == NULL || pos->o.side != l->side)
        return;
    l->pos = pos;
    l->most = position_free(pos);
}

/* --- how far prices count ------------------------------------------------------------------------------------ */
/* A market order counts what is within the risk table's distance of the best price of all venues that can be used. */
static void caps_of_market(const struct desk *d, struct way *w) {
    int64_t best = 0, room;
    if (d->limits.max_price_distance == 0)
        return;
    for (int i = 0; i < w->n; i++) {
        const struct lane *l = &w->lane[i];
        price touch;
        if (l->code != ERR_OK || !mkt_touch(l->m, take_side(l->dir), &touch))
            continue;
        int64_t own = book_price((enum order_side)l->side, touch).micro;
        if (best == 0 || (w->sell ? own > best : own < best))
            best = own;
    }
    if (best <= 0 || !dec_muldiv(best, d->limits.max_price_distance, DEC_ONE, ROUND_UP, &room))
        return;
    for (int i = 0; i < w->n; i++) {
        const bool binary = w->lane[i].m->m.kind == MARKET_BINARY;
        int64_t cap = binary && room < CENTS_ROOM ? CENTS_ROOM : room;
        cap = w->sell ? best - cap : best + cap;
        w->lane[i].cap = cap <= 0 || (binary && cap >= DEC_ONE) ? PRICE(0) : PRICE(cap);
    }
}

/* --- what a lane would get -------------------------------------------------------------------------------------- */
/* An amount in lots, level by level; *whole: the book has all of it. */
static qty size_of_amount(const struct lane *l, usd amount, bool *whole) {
    struct lane any = *l;
    struct way one = {.n = 1, .sell = l->dir * side_sign((enum order_side)l->side) < 0};
    any.code = ERR_OK;
    one.lane[0] = any;
    qty size = split_size(&one, amount), more = split_size(&one, USD(INT64_MAX));
    struct book_walk w = walk_own(l->m, l->side, l->dir, size, l->cap);
    usd lot = usd_of_sat(w.worst, l->m->m.lot);
    *whole = size.micro > 0 && (size.micro < more.micro || size.micro == l->most.micro || amount.micro - w.notional.micro < lot.micro);
    return size;
}

static void lane_measure(const struct intent *in, struct lane *l) {
    struct book_walk all = walk_own(l->m, l->side, l->dir, QTY(INT64_MAX), l->cap);
    bool whole = true;
    int64_t want = in->size.micro;
    l->depth = all.filled.micro;
    if (want == 0 && l->limit.micro > 0) {
        qty q;
        want = qty_of(in->amount, l->limit, ROUND_DOWN, &q) ? lane_lots(l, q.micro).micro : 0;
    } else if (want == 0) {
        want = size_of_amount(l, in->amount, &whole).micro;
    }
    l->size = lane_lots(l, want < l->most.micro ? want : l->most.micro);
    l->now = walk_own(l->m, l->side, l->dir, l->size, l->cap);
    qty lots = lane_lots(l, l->now.filled.micro);
    if (lots.micro != l->now.filled.micro)
        l->now = walk_own(l->m, l->side, l->dir, lots, l->cap);
    l->fee = walk_fee(l->m, l->side, l->dir, l->now.filled, l->cap);
    l->whole = whole && want > 0 && l->size.micro == want && l->now.filled.micro == want;
    if (l->code != ERR_OK)
        return;
    if (l->size.micro > 0 && !lane_size_ok(l, l->size))
        l->code = (enum err)market_check_size(&l->m->m, l->size);
    else if (l->size.micro == 0)
        l->code = l->depth == 0 && in->size.micro == 0 ? ERR_NO_LIQUIDITY : ERR_MIN_SIZE;
    else if (l->now.filled.micro == 0)
        l->code = ERR_NO_LIQUIDITY;
    else if (in->flags & ORDER_POST_ONLY)
        l->code = ERR_POST_ONLY_CROSSED;
    else if (in->tif == TIF_FOK && !l->whole)
        l->code = ERR_FOK_UNFILLED;
    else if (l->limit.micro == 0 && !lane_size_ok(l, l->now.filled))
        l->code = ERR_NO_LIQUIDITY; /* what is there is less than an order may be */
}

/* --- the choice --------------------------------------------------------------------------------------------------- */
/* Net price of a share, a against b: below 0 where a is better. Exact: values times quantities fit 128 bits. */
static int net_cmp(const struct way *w, const struct lane *a, const struct lane *b) {
    const int64_t sign = w->sell ? -1 : 1;
    __int128 x = (a->now.notional.micro + (__int128)sign * a->fee.micro) * b->now.filled.micro;
    __int128 y = (b->now.notional.micro + (__int128)sign * b->fee.micro) * a->now.filled.micro;
    return x == y ? 0 : (x < y) != w->sell ? -1 : 1;
}

static bool lane_better(const struct way *w, const struct lane *a, const struct lane *b) {
    if (a->whole != b->whole)
        return a->whole;
    if (!a->whole && a->now.notional.micro != b->now.notional.micro)
        return a->now.notional.micro > b->now.notional.micro;
    int net = net_cmp(w, a, b);
    if (net != 0)
        return net < 0;
    return a->depth != b->depth ? a->depth > b->depth : a->m->m.venue < b->m->m.venue;
}

static int best_lane(const struct way *w) {
    int best = -1;
    for (int i = 0; i < w->n; i++)
        if (w->lane[i].code == ERR_OK && (best < 0 || lane_better(w, &w->lane[i], &w->lane[best])))
            best = i;
    return best;
}

static bool may_rest(const struct intent *in) { return in->type == ORDER_LIMIT && (in->tif == TIF_GTC || in->tif == TIF_GTD); }

/* A limit that nothing meets waits where it was named, else at the first venue that would take it. */
static int resting_lane(const struct way *w, const struct intent *in) {
    for (int i = 0; i < w->n && may_rest(in); i++)
        if (w->lane[i].code == ERR_NO_LIQUIDITY && lane_size_ok(&w->lane[i], w->lane[i].size))
            return i;
    return -1;
}

/* Exits always may: where the position is, however the venue stands. */
static int position_lane(const struct way *w) {
    int best = -1;
    for (int i = 0; i < w->n; i++)
        if (w->lane[i].pos != NULL && w->lane[i].most.micro > 0 && (best < 0 || w->lane[i].most.micro > w->lane[best].most.micro))
            best = i;
    return best;
}

static void refuse_all(struct way *w) {
    size_t at = 0;
    w->e = ERR_NO_ROUTE;
    for (int i = 0; i < w->n && at < sizeof w->text; i++) {
        const struct lane *l = &w->lane[i];
        int n = snprintf(w->text + at, sizeof w->text - at, "%s%s: %s", i > 0 ? "; " : "", venue_name((enum venue_id)l->m->m.venue),
                         l->a == NULL ? "no account" : l->code == ERR_NOT_OPEN ? "no position" : err_name(l->code));
        at += n > 0 ? (size_t)n : 0;
    }
}

static void choose_best(struct way *w, const struct intent *in) {
    w->chosen = best_lane(w);
    if (w->chosen >= 0) {
        const struct lane *l = &w->lane[w->chosen];
        w->taken[w->chosen] = l->limit.micro > 0 || l->whole ? l->size : l->now.filled;
        return;
    }
    w->chosen = w->closing ? position_lane(w) : resting_lane(w, in);
    if (w->chosen < 0)
        refuse_all(w);
    else
        w->taken[w->chosen] = w->lane[w->chosen].size;
}

static int64_t wanted(const struct way *w, const struct intent *in) {
    int64_t want = in->size.micro;
    for (int i = 0; i < w->n && in->size.micro == 0 && in->type == ORDER_LIMIT; i++)
        want = w->lane[i].code == ERR_OK && w->lane[i].size.micro > want ? w->lane[i].size.micro : want;
    return want > 0 ? want : split_size(w, in->amount).micro;
}

static void choose_split(struct way *w, const struct intent *in) {
    if (in->tif == TIF_FOK) { /* all or nothing on two venues can't be promised */
        w->e = ERR_UNSUPPORTED;
        str_copy(w->text, sizeof w->text, "fill-or-kill can't be split");
        return;
    }
    if (best_lane(w) < 0) {
        choose_best(w, in);
        return;
    }
    int64_t want = wanted(w, in);
    want = want < SIZE_MOST ? want : SIZE_MOST;
    int64_t left = want;
    split_fill(w, QTY(want), w->taken);
    w->chosen = -1;
    for (int i = 0; i < w->n; i++) {
        left -= w->taken[i].micro;
        if (w->taken[i].micro > 0 && (w->chosen < 0 || w->taken[i].micro > w->taken[w->chosen].micro))
            w->chosen = i;
    }
    if (w->chosen < 0) { /* nowhere is there as much as an order needs */
        choose_best(w, in);
        return;
    }
    struct lane *l = &w->lane[w->chosen];
    if (left > 0 && may_rest(in) && !w->closing) /* the rest waits with the one that has the most */
        w->taken[w->chosen].micro += lane_lots(l, left).micro;
}

static void lanes_make(const struct desk *d, const struct intent *in, const struct acct *asked, const struct group *g, struct way *w) {
    w->n = g->n;
    w->sell = in->action == ACTION_SELL;
    for (int i = 0; i < g->n; i++) {
        lane_make(d, in, asked, g->m[i], g->inverted[i], &w->lane[i]);
        w->closing = w->closing || w->lane[i].pos != NULL;
    }
    w->closing = w->closing || (in->flags & ORDER_REDUCE_ONLY && in->action == side_closing_action((enum order_side)in->side));
    for (int i = 0; i < w->n; i++) {
        struct lane *l = &w->lane[i];
        l->code = lane_open(d, l, w->closing);
        enum err e = lane_limit(l, in);
        if (l->code == ERR_OK && in->leverage > (l->m->m.max_leverage > 0 ? l->m->m.max_leverage : 1))
            e = ERR_LEVERAGE;
        if (l->code == ERR_OK)
            l->code = e;
    }
    if (in->type == ORDER_MARKET)
        caps_of_market(d, w);
    for (int i = 0; i < w->n; i++)
        lane_measure(in, &w->lane[i]);
}

static enum err intent_sane(const struct intent *in, const struct mkt *m, const struct acct *a) {
    bool binary_side = in->side == SIDE_YES || in->side == SIDE_NO;
    if (a == NULL)
        return ERR_NOT_FOUND;
    if (in->side > SIDE_SHORT || in->action > ACTION_SELL || in->tif > TIF_FOK || binary_side != (m->m.kind == MARKET_BINARY) || in->route > ROUTE_SPLIT)
        return ERR_BAD_VALUE;
    if (in->type != ORDER_MARKET && in->type != ORDER_LIMIT)
        return ERR_UNSUPPORTED;
    if (in->size.micro < 0 || in->amount.micro < 0 || (in->size.micro == 0 && in->amount.micro == 0) || (in->type == ORDER_LIMIT && in->limit.micro <= 0))
        return ERR_BAD_VALUE;
    return ERR_OK;
}

bool way_find(const struct desk *d, const struct intent *in, struct way *w) {
    struct mkt *m = in->kind == INTENT_PLACE ? mkt_find(d, in->market) : NULL;
    struct group g;
    memset(w, 0, sizeof *w);
    if (m == NULL)
        return false;
    group_of(d, m, &g);
    if (g.n < 2)
        return false;
    const struct acct *asked = acct_find(d, in->account);
    w->e = intent_sane(in, m, asked);
    if (w->e != ERR_OK)
        return true;
    lanes_make(d, in, asked, &g, w);
    if (in->route == ROUTE_SPLIT)
        choose_split(w, in);
    else if (in->route == ROUTE_BEST)
        choose_best(w, in);
    else
        w->taken[0] = w->lane[0].size;
    return true;
}

void way_route(const struct way *w, enum route_mode mode, struct route *out) {
    *out = (struct route){.n = (uint8_t)w->n, .chosen = (uint8_t)(w->chosen > 0 ? w->chosen : 0), .mode = (uint8_t)mode};
    for (int i = 0; i < w->n; i++) {
        const struct lane *l = &w->lane[i];
        out->o[i] = (struct route_option){.market = l->m->m.id, .account = l->a != NULL ? l->a->a.id : 0, .code = (int32_t)l->code, .average = l->now.average,
                                          .fee = l->fee, .fillable = l->now.filled, .taken = w->e == ERR_OK ? w->taken[i] : QTY(0)};
    }
}

struct intent way_intent(const struct way *w, const struct intent *in, int lane) {
    const struct lane *l = &w->lane[lane];
    struct intent out = *in;
    out.route = ROUTE_HERE;
    out.account = l->a->a.id;
    out.market = l->m->m.id;
    out.side = l->side;
    out.limit = l->limit;
    out.size = w->taken[lane];
    out.amount = USD(0);
    if (w->closing)
        out.flags |= ORDER_REDUCE_ONLY;
    return out;
}

void view_route(const struct desk *d, const struct intent *in, struct route *out) {
    struct way w;
    *out = (struct route){0};
    if (way_find(d, in, &w) && w.n > 0)
        way_route(&w, (enum route_mode)in->route, out);
}
