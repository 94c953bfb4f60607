/* Automations in the fault simulation: people make and arm snipers, move exits, follow wallets, halt and go on; targets trade, are reported twice
 * and late. Included by fault_test.c after struct world. */
#define WALLETS 3

static uint64_t watch_orders(struct world *w, uint64_t link) {
    uint64_t n = 0;
    map_get(&w->fired, link, &n);
    return n;
}

/* What leaves for the venue. */
static void check_sent(struct world *w, const struct order *o) {
    char line[160];
    struct view_status s;
    view_status(w->d, &s);
    const struct order *row = view_order(w->d, o->id); /* what is asked of the venue may lack the flag (order.c: venue_reduces) */
    const bool opens = row == NULL || !(row->flags & ORDER_REDUCE_ONLY), automatic = o->source == SOURCE_SNIPER || o->source == SOURCE_COPY_TRADE || o->source == SOURCE_COUNTER_TRADE;
    if (opens && (s.trading != TRADING_ACTIVE || s.killed)) {
        snprintf(line, sizeof line, "order %u (%s) adds exposure and was sent while trading is %s%s", o->num, order_source_name((enum order_source)o->source),
                 trading_state_name((enum trading_state)s.trading), s.killed ? ", killed" : "");
        fail_seed(w, line);
    }
    if (o->source == SOURCE_SNIPER && s.trading == TRADING_HALTED)
        fail_seed(w, "a sniper fired while trading is halted");
    if (automatic && opens && w->autos) {
        struct view_account v;
        view_account(w->d, o->account, &v);
        if (v.exposure.micro > w->most_exposure + w->most_exposure / 5) { /* marks move between the decision and here */
            snprintf(line, sizeof line, "exposure %lld above the limit %lld", (long long)v.exposure.micro, (long long)w->most_exposure);
            fail_seed(w, line);
        }
    }
    if (o->source != SOURCE_SNIPER)
        return;
    struct view_watch v;
    const uint64_t n = watch_orders(w, o->link) + 1;
    map_put(&w->fired, o->link, n);
    if (!view_watch(w->d, (watch_id)o->link, &v))
        fail_seed(w, "an order of a sniper that is not there");
    if (n > v.w->fires || (n > 1 && !(v.w->flags & (WATCH_REPEAT | WATCH_KEEP)))) {
        snprintf(line, sizeof line, "sniper %u: %llu orders for %u firings", v.w->id, (unsigned long long)n, v.w->fires);
        fail_seed(w, line);
    }
}

static const struct watch *random_watch(struct world *w) {
    const struct watch *x, *pick = NULL;
    size_t cursor = 0;
    int n = 0;
    while ((x = view_next_watch(w->d, &cursor, WATCH_SNIPER, true)) != NULL)
        if (rng_below(&w->rng, (uint64_t)++n) == 0)
            pick = x;
    return pick;
}

static void want_watch(struct world *w, struct intent *in) {
    const struct watch *x = random_watch(w);
    if (x != NULL && chance(w, 600)) {
        in->kind = chance(w, 800) ? INTENT_WATCH_ARM : chance(w, 700) ? INTENT_WATCH_DISARM : INTENT_WATCH_CANCEL;
        in->order = x->id;
        return;
    }
    const int i = (int)rng_below(&w->rng, MARKETS);
    const struct market *m = &w->markets[i];
    struct watch *y = &in->u.watch;
    in->kind = INTENT_WATCH_PUT;
    y->kind = chance(w, 150) ? WATCH_ALERT : WATCH_SNIPER;
    y->account = y->kind == WATCH_SNIPER ? in->account : 0;
    y->subject = m->id;
    y->side = (uint8_t)(m->kind == MARKET_BINARY ? rng_below(&w->rng, 2) : 2 + rng_below(&w->rng, 2));
    y->action = (uint8_t)(chance(w, 800) ? side_opening_action((enum order_side)y->side) : side_closing_action((enum order_side)y->side));
    y->figure = (uint8_t)rng_below(&w->rng, 4);
    y->dir = (uint8_t)rng_below(&w->rng, 2);
    y->level = book_price((enum order_side)y->side, PRICE((w->fair[i] + rng_range(&w->rng, -6, 6)) * m->tick.micro));
    y->amount = rng_range(&w->rng, 1, 15) * DEC_ONE;
    y->slippage_e4 = (uint16_t)rng_below(&w->rng, 600);
    y->hold_ms = chance(w, 300) ? (uint32_t)rng_below(&w->rng, 1500) : 0;
    y->depth = chance(w, 200) ? QTY(rng_range(&w->rng, 1, 20) * m->lot.micro) : QTY(0);
    y->expires_us = chance(w, 200) ? w->now + (int64_t)rng_below(&w->rng, 20 * SECOND_US) + 1 : 0;
    y->oco = x != NULL && chance(w, 150) ? x->id : 0;
    y->flags = (uint8_t)((chance(w, 300) ? WATCH_REPEAT : 0) | (chance(w, 200) ? WATCH_KEEP : 0) | (chance(w, 100) ? WATCH_REDUCE_ONLY : 0) | (y->kind == WATCH_ALERT ? WATCH_ARMED : 0));
    y->budget = (y->flags & WATCH_REPEAT) ? USD(y->amount * 4) : USD(0);
}

static void want_rules(struct world *w, struct intent *in, const struct order *o) {
    struct view_position p;
    in->kind = INTENT_PROTECT;
    in->stop = in->target = PROTECT_KEEP;
    in->flags = INTENT_RULES;
    in->confidence = -1;
    if (o == NULL || !view_position(w->d, o->id, &p))
        return;
    const int64_t tick = w->markets[market_index(w, o->market)].tick.micro;
    const int gain = position_dir((enum order_side)o->side);
    in->order = o->id;
    switch (rng_below(&w->rng, 3)) {
    case 0: in->rules.trail_kind = TRAIL_DISTANCE, in->rules.trail = rng_range(&w->rng, 2, 8) * tick; break;
    case 1: in->rules.break_even = PRICE(o->pos.entry_price.micro + gain * 3 * tick); break;
    default:
        in->rules.rung_count = 2;
        in->rules.rungs[0] = (struct exit_rung){.level = PRICE(o->pos.entry_price.micro + gain * 3 * tick), .part_ppm = 500000};
        in->rules.rungs[1] = (struct exit_rung){.level = PRICE(o->pos.entry_price.micro + gain * 6 * tick), .part_ppm = 500000};
        break;
    }
}

static const struct follow *random_follow(struct world *w) {
    const struct follow *f, *pick = NULL;
    int cursor = 0, n = 0;
    while ((f = view_next_follow(w->d, &cursor)) != NULL)
        if (rng_below(&w->rng, (uint64_t)++n) == 0)
            pick = f;
    return pick;
}

static void want_follow(struct world *w, struct intent *in) {
    const struct follow *f = random_follow(w);
    if (f != NULL && chance(w, 700)) {
        in->kind = chance(w, 850) ? INTENT_FOLLOW_ON : chance(w, 800) ? INTENT_FOLLOW_OFF : INTENT_FOLLOW_DELETE;
        in->order = f->id;
        return;
    }
    in->kind = INTENT_FOLLOW_PUT;
    struct follow *y = &in->u.follow;
    follow_default(y, chance(w, 500) ? FOLLOW_COPY : FOLLOW_COUNTER);
    y->account = in->account;
    y->venue = VENUE_SIM;
    snprintf(y->wallet, sizeof y->wallet, "0xwallet%d", (int)rng_below(&w->rng, WALLETS));
    y->fixed = USD(rng_range(&w->rng, 1, 10) * DEC_ONE);
    y->factor = DEC_ONE / 2;
    y->max_position = USD(60 * DEC_ONE);
    y->max_day_trades = chance(w, 300) ? 4 : 0;
    y->max_day_loss = chance(w, 300) ? USD(5 * DEC_ONE) : USD(0);
    y->delay_ms = chance(w, 400) ? (uint32_t)rng_below(&w->rng, 3000) : 0;
    y->slippage_e4 = 1000;
}

/* A wallet trades; the venue tells of it, sometimes twice, sometimes late, sometimes out of order. */
static void target_trades(struct world *w) {
    struct event ev;
    const int i = (int)rng_below(&w->rng, MARKETS);
    const struct market *m = &w->markets[i];
    event_init(&ev, EVENT_TARGET_TRADE, VENUE_SIM, w->now);
    struct target_trade *t = &ev.u.target;
    snprintf(t->wallet, sizeof t->wallet, "0xwallet%d", (int)rng_below(&w->rng, WALLETS));
    snprintf(t->trade, sizeof t->trade, "target-%u", ++w->target_no);
    t->market = m->id;
    t->side = (uint8_t)(m->kind == MARKET_BINARY ? rng_below(&w->rng, 2) : 2 + rng_below(&w->rng, 2));
    t->action = (uint8_t)(chance(w, 700) ? side_opening_action((enum order_side)t->side) : side_closing_action((enum order_side)t->side));
    t->px = book_price((enum order_side)t->side, PRICE(w->fair[i] * m->tick.micro));
    t->size = QTY(rng_range(&w->rng, 1, 30) * m->lot.micro * (m->kind == MARKET_PERP ? 100 : 1));
    t->at_us = w->now;
    wire_put(w, &ev, chance(w, 200) ? w->now + (int64_t)rng_below(&w->rng, 4 * SECOND_US) : w->now);
    for (int again = 0; again < 3 && chance(w, 400); again++)
        wire_put(w, &ev, w->now + (int64_t)rng_below(&w->rng, 6 * SECOND_US));
}

static void want_auto(struct world *w, struct intent *in, const struct order *position) {
    switch (rng_below(&w->rng, 10)) {
    case 0: case 1: case 2: case 3: want_watch(w, in); break;
    case 4: case 5: want_rules(w, in, position); break;
    case 6: case 7: case 8: want_follow(w, in); break;
    default:
        in->kind = INTENT_TRADING_STATE;
        in->order = chance(w, 700) ? TRADING_ACTIVE : 1 + rng_below(&w->rng, 2);
        break;
    }
}

/* Every target trade once a follow, and the figures are what the rows say. */
static void check_follows(struct world *w) {
    const struct follow *f;
    int cursor = 0;
    char line[160];
    static const struct follow_trade *rows[4096];
    while ((f = view_next_follow(w->d, &cursor)) != NULL) {
        const int n = view_follow_trades(w->d, f->id, rows, 4096);
        uint64_t sum[FOLLOWED_COUNT] = {0};
        struct map seen;
        map_init(&seen);
        for (int i = 0; i < n; i++) {
            sum[rows[i]->status]++;
            uint64_t had;
            if (rows[i]->order != 0 && map_get(&seen, rows[i]->order, &had))
                fail_seed(w, "two target trades with one order");
            if (rows[i]->order != 0)
                map_put(&seen, rows[i]->order, 1);
            for (int k = 0; k < i; k++)
                if (strcmp(rows[i]->trade, rows[k]->trade) == 0)
                    fail_seed(w, "a target trade is there twice");
        }
        int c = 0;
        for (const struct order *o; (o = view_next_order(w->d, &c, false)) != NULL;) {
            uint64_t had;
            if ((o->source == SOURCE_COPY_TRADE || o->source == SOURCE_COUNTER_TRADE) && o->link == f->id && (o->flags & ORDER_SENT) && !map_get(&seen, o->id, &had) && !map_get(&seen, o->parent, &had) /* its continuation */) {
                snprintf(line, sizeof line, "follow %u: order %u was sent and no target trade names it", f->id, o->num);
                fail_seed(w, line);
            }
        }
        map_free(&seen);
        if (sum[FOLLOWED_EXECUTED] != f->executed || sum[FOLLOWED_SKIPPED] != f->skipped || sum[FOLLOWED_FAILED] != f->failed) {
            snprintf(line, sizeof line, "follow %u: rows %llu %llu %llu, figures %llu %llu %llu", f->id, (unsigned long long)sum[1], (unsigned long long)sum[3], (unsigned long long)sum[2],
                     (unsigned long long)f->executed, (unsigned long long)f->skipped, (unsigned long long)f->failed);
            fail_seed(w, line);
        }
    }
}

/* Nothing is left in between. */
static void check_watches(struct world *w) {
    const struct watch *x;
    size_t cursor = 0;
    while ((x = view_next_watch(w->d, &cursor, WATCH_SNIPER, true)) != NULL) {
        const struct order *o = x->order != 0 ? view_order(w->d, x->order) : NULL;
        if (x->status == WATCH_EXECUTING && (o == NULL || !order_open(o)))
            fail_seed(w, "a sniper executes without a working order");
        if (watch_orders(w, x->id) > x->fires)
            fail_seed(w, "a sniper has more orders than firings");
    }
}
