/* One order over several venues. Each set of venues is tried: every one of it gets its smallest order, the rest goes lot by lot
 * where the next one is cheapest after fees; the set that fills most, then costs least with fees as they are rounded, wins. */
#include "desk/router.h"
#include "turret/trade/fee.h"

#define MOVES_MAX 6
#define ROUNDS_MAX 8

struct spot { /* where a lane's next lots come from */
    int64_t end;  /* quantity that can be had up to the end of that level, in lots */
    int64_t net;  /* micro: its price and fee, the less the better */
    price own;
};

static int64_t net_of(const struct way *w, const struct lane *l, price own) {
    int64_t fee = fee_unit(&l->m->m, own, false).micro;
    return w->sell ? fee - own.micro : own.micro + fee;
}

static bool within(const struct way *w, const struct lane *l, price own) {
    return l->cap.micro == 0 || (w->sell ? own.micro >= l->cap.micro : own.micro <= l->cap.micro);
}

static bool next_spot(const struct way *w, const struct lane *l, int64_t taken, struct spot *out) {
    int64_t sum = 0;
    for (int i = 0;; i++) {
        const struct level *v = book_level(l->m->book, take_side(l->dir), i);
        if (v == NULL || sum >= l->most.micro)
            return false;
        price own = book_price((enum order_side)l->side, v->px);
        if (!within(w, l, own))
            return false;
        sum = v->size.micro < l->most.micro - sum ? sum + v->size.micro : l->most.micro;
        out->end = lane_lots(l, sum).micro;
        if (out->end <= taken)
            continue;
        out->own = own;
        out->net = net_of(w, l, own);
        return true;
    }
}

/* The lane whose next lots are cheapest and fit into what is left; -1 = none. Ties: deeper, then the lower venue. */
static int cheapest(const struct way *w, unsigned set, const qty taken[ROUTE_MAX], int64_t left, usd money, int64_t *chunk, struct spot *at) {
    int best = -1;
    for (int i = 0; i < w->n; i++) {
        const struct lane *l = &w->lane[i];
        struct spot s;
        if (!(set & 1u << i) || !next_spot(w, l, taken[i].micro, &s))
            continue;
        int64_t room = s.end - taken[i].micro;
        qty afford;
        if (room > left)
            room = left;
        if (money.micro > 0 && qty_of(money, s.own, ROUND_DOWN, &afford) && afford.micro < room)
            room = afford.micro;
        room = lane_lots(l, room).micro;
        if (room <= 0)
            continue;
        if (best >= 0) {
            const struct lane *b = &w->lane[best];
            if (s.net > at->net || (s.net == at->net && (l->depth < b->depth || (l->depth == b->depth && l->m->m.venue > b->m->m.venue))))
                continue;
        }
        best = i;
        *chunk = room;
        *at = s;
    }
    return best;
}

qty split_size(const struct way *w, usd amount) {
    qty taken[ROUTE_MAX] = {0}, sum = {0};
    unsigned set = 0;
    for (int i = 0; i < w->n; i++)
        set |= w->lane[i].code == ERR_OK ? 1u << i : 0;
    for (;;) {
        int64_t chunk = 0;
        struct spot at = {0};
        usd cost;
        int i = amount.micro > 0 ? cheapest(w, set, taken, INT64_MAX, amount, &chunk, &at) : -1;
        if (i < 0 || !usd_of(at.own, QTY(chunk), ROUND_UP, &cost))
            return sum;
        taken[i].micro += chunk;
        sum.micro += chunk;
        amount.micro -= cost.micro;
    }
}

static int64_t smallest(const struct lane *l) { /* order that the market takes, in lots */
    int64_t out = 0, lot = l->m->m.lot.micro, least = l->m->m.min_size.micro > lot ? l->m->m.min_size.micro : lot;
    return dec_to_step(least, lot, ROUND_UP, &out) ? out : INT64_MAX;
}

static bool fill_set(const struct way *w, unsigned set, int64_t want, qty taken[ROUTE_MAX]) {
    for (int i = 0; i < w->n; i++) {
        taken[i] = QTY(0);
        if (!(set & 1u << i))
            continue;
        const struct lane *l = &w->lane[i];
        taken[i] = QTY(smallest(l));
        if (l->pos != NULL && l->most.micro < taken[i].micro && l->most.micro == l->pos->o.pos.open.micro)
            taken[i] = l->most; /* a rest that is smaller may leave whole */
        if (taken[i].micro > want || walk_own(l->m, l->side, l->dir, taken[i], l->cap).filled.micro < taken[i].micro || taken[i].micro > l->most.micro)
            return false;
        want -= taken[i].micro;
    }
    for (int64_t chunk; want > 0;) {
        struct spot at = {0};
        int i = cheapest(w, set, taken, want, USD(0), &chunk, &at);
        if (i < 0)
            break;
        taken[i].micro += chunk;
        want -= chunk;
    }
    return true;
}

struct total { int64_t filled, net; int parts; };

static struct total total_of(const struct way *w, const qty taken[ROUTE_MAX]) {
    struct total t = {0};
    for (int i = 0; i < w->n; i++) {
        const struct lane *l = &w->lane[i];
        if (taken[i].micro == 0)
            continue;
        usd value = walk_own(l->m, l->side, l->dir, taken[i], l->cap).notional, fee = walk_fee(l->m, l->side, l->dir, taken[i], l->cap);
        t.filled += taken[i].micro;
        t.net = usd_add_sat(USD(t.net), usd_add_sat(fee, w->sell ? USD(-value.micro) : value)).micro;
        t.parts++;
    }
    return t;
}

static bool total_better(const struct total *a, const struct total *b) {
    if (a->filled != b->filled)
        return a->filled > b->filled;
    return a->net != b->net ? a->net < b->net : a->parts < b->parts;
}

/* Moves a few lots from one venue to another while that fills more or costs less: what lots of different size and fees in
 * whole cents leave to gain after the cheapest lots are taken one by one. */
static bool move_lots(const struct way *w, unsigned set, int64_t want, int from, int to, qty part[ROUTE_MAX]) {
    const struct total now = total_of(w, part);
    const struct lane *a = &w->lane[from], *b = &w->lane[to];
    for (int lots = 0; lots <= MOVES_MAX; lots++) {
        qty next[ROUTE_MAX];
        for (int i = 0; i < ROUTE_MAX; i++)
            next[i] = part[i];
        next[from].micro -= lots * a->m->m.lot.micro;
        if (next[from].micro < smallest(a))
            return false;
        next[to].micro = lane_lots(b, next[to].micro + want - now.filled + lots * a->m->m.lot.micro).micro;
        if (!(set & 1u << to) || next[to].micro > b->most.micro || next[to].micro <= part[to].micro ||
            walk_own(b->m, b->side, b->dir, next[to], b->cap).filled.micro < next[to].micro)
            continue;
        struct total t = total_of(w, next);
        if (!total_better(&t, &now))
            continue;
        for (int i = 0; i < ROUTE_MAX; i++)
            part[i] = next[i];
        return true;
    }
    return false;
}

static void improve(const struct way *w, unsigned set, int64_t want, qty part[ROUTE_MAX]) {
    bool moved = true;
    for (int round = 0; round < ROUNDS_MAX && moved; round++) {
        moved = false;
        for (int from = 0; from < w->n; from++)
            for (int to = 0; to < w->n; to++)
                if (from != to && (set & 1u << from) && (set & 1u << to))
                    moved = move_lots(w, set, want, from, to, part) || moved;
    }
}

void split_fill(const struct way *w, qty want, qty taken[ROUTE_MAX]) {
    struct total best = {0};
    for (int i = 0; i < ROUTE_MAX; i++)
        taken[i] = QTY(0);
    for (unsigned set = 1; set < 1u << w->n; set++) {
        qty part[ROUTE_MAX] = {0};
        bool usable = true;
        for (int i = 0; i < w->n; i++)
            usable = usable && (!(set & 1u << i) || w->lane[i].code == ERR_OK);
        if (!usable || !fill_set(w, set, want.micro, part))
            continue;
        improve(w, set, want.micro, part);
        struct total t = total_of(w, part);
        if (best.parts != 0 && !total_better(&t, &best))
            continue;
        best = t;
        for (int i = 0; i < w->n; i++)
            taken[i] = part[i];
    }
}
