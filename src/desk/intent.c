/* Intents other than a new order: cancel, amend, protect, cancel all, flatten, kill switch, limits, account reset.
 * One table: kind -> handler. */
#include "desk/state.h"
#include "turret/base/str.h"

#include <stdio.h>
#include <string.h>

static void refuse(struct desk *d, const struct intent *in, enum err e) { reply(d, in->token, e, rec_find(d, in->order), NULL); }

static bool matches(const struct intent *in, const struct order *o) {
    return (in->account == 0 || in->account == o->account) && (in->market == 0 || in->market == o->market);
}

static void intent_cancel(struct desk *d, const struct intent *in) {
    struct rec *r = rec_find(d, in->order);
    if (r == NULL)
        refuse(d, in, ERR_NOT_FOUND);
    else
        order_cancel(d, r, in->token, in->deadline_us);
}

static enum err amend_check(const struct desk *d, const struct rec *r, price limit, qty size) {
    const struct order *o = &r->o;
    enum err e = ERR_OK;
    if (!order_open(o))
        return ERR_NOT_OPEN;
    if (r->saving || o->cancel_requested_us != 0 || (o->flags & ORDER_OUTCOME_UNKNOWN))
        return o->flags & ORDER_OUTCOME_UNKNOWN ? ERR_OUTCOME_UNKNOWN : ERR_NOT_OPEN;
    if (o->type != ORDER_LIMIT)
        return ERR_UNSUPPORTED;
    if (size.micro <= o->filled.micro + o->reversed.micro)
        return ERR_BAD_VALUE;
    if ((e = (enum err)market_check_price(&r->m->m, book_price((enum order_side)o->side, limit))) != ERR_OK)
        return e;
    if ((e = (enum err)market_check_size(&r->m->m, size)) != ERR_OK)
        return e;
    const struct rec *pos = rec_find(d, o->parent);
    if (o->flags & ORDER_REDUCE_ONLY) {
        int64_t more = size.micro - o->size.micro;
        return pos != NULL && more > position_free(pos).micro ? ERR_RESERVED : ERR_OK;
    }
    struct draft x = {.o = *o, .m = r->m, .a = acct_find(d, o->account)};
    struct risk_facts f;
    char text[REASON_MAX];
    x.o.limit = limit;
    x.o.size = size;
    risk_facts_of(d, &x, &f);
    usd old = order_worst_case(r->m, o); /* it is in the sums already */
    f.market_exposure.micro -= old.micro < f.market_exposure.micro ? old.micro : f.market_exposure.micro;
    f.account_exposure.micro -= old.micro < f.account_exposure.micro ? old.micro : f.account_exposure.micro;
    f.open_orders--;
    f.duplicate = false;
    return risk_check(&d->limits, &f, &x.o, text);
}

static void intent_amend(struct desk *d, const struct intent *in) {
    struct rec *r = rec_find(d, in->order);
    if (r == NULL || !d->leader) {
        refuse(d, in, r == NULL ? ERR_NOT_FOUND : ERR_NOT_LEADER);
        return;
    }
    price limit = in->limit.micro > 0 ? in->limit : r->o.limit;
    qty size = in->size.micro > 0 ? in->size : r->o.size;
    enum err e = amend_check(d, r, limit, size);
    if (e != ERR_OK) {
        refuse(d, in, e);
        return;
    }
    waiter_add(d, in->token, WAIT_AMEND, r->o.id, in->deadline_us);
    struct rec *pos = rec_find(d, r->o.parent);
    if (pos != NULL && r->o.flags & ORDER_REDUCE_ONLY && size.micro > r->o.size.micro)
        reserve_take(d, r, pos, QTY(size.micro - r->o.size.micro));
    save_row(d, r);
    save_after(d, AFTER_AMEND, r->o.id, 0, limit, size);
}

static void intent_protect(struct desk *d, const struct intent *in) {
    struct rec *pos = rec_find(d, in->order);
    if (pos == NULL || (!pos->is_pos && !order_open(&pos->o))) {
        refuse(d, in, pos == NULL ? ERR_NOT_FOUND : ERR_NOT_OPEN);
        return;
    }
    struct exit_plan *p = &pos->o.pos.plan, plan = *p;
    enum err first = plan_of_intent(d, &pos->m->m, in, &plan);
    if (first == ERR_OK && (in->flags & INTENT_RULES))
        first = in->source == SOURCE_AGENT ? ERR_UNSUPPORTED : plan_rules(pos, &in->rules, &plan);
    if (first == ERR_OK && in->source == SOURCE_AGENT)
        first = agent_tightens(d, pos, in);
    if (first != ERR_OK) {
        refuse(d, in, first);
        return;
    }
    price stop = in->stop.micro == PROTECT_KEEP.micro ? p->stop : in->stop, target = in->target.micro == PROTECT_KEEP.micro ? p->target : in->target;
    price touch, ref = pos->is_pos ? own_mark(pos->m, pos->o.side) : pos->o.limit;
    if (pos->is_pos && mkt_touch(pos->m, side_sign((enum order_side)pos->o.side) > 0 ? BOOK_BID : BOOK_ASK, &touch))
        ref = book_price((enum order_side)pos->o.side, touch);
    /* Only what changes must be on the right side: an old stop just passed must not keep a target from being set. */
    price check_stop = in->stop.micro == PROTECT_KEEP.micro ? PRICE(0) : stop, check_target = in->target.micro == PROTECT_KEEP.micro ? PRICE(0) : target;
    enum err e = ref.micro > 0 ? exit_plan_check(position_dir((enum order_side)pos->o.side), check_stop, check_target, ref) : ERR_OK;
    if (e == ERR_OK && pos->m->m.kind == MARKET_BINARY && (stop.micro >= DEC_ONE || target.micro >= DEC_ONE))
        e = ERR_PRICE_OUT_OF_RANGE;
    if (e == ERR_OK && !d->leader)
        e = ERR_NOT_LEADER;
    if (e != ERR_OK) {
        refuse(d, in, e);
        return;
    }
    *p = plan;
    p->stop = stop;
    p->target = target;
    performance_risk(pos);
    feed_note(d, pos->o.account, FEED_POSITIONS_CHANGED);
    save_row(d, pos);
    save_after(d, AFTER_REPLY, pos->o.id, in->token, PRICE(0), QTY(0));
    if (pos->is_pos)
        exits_arm(d, pos);
    d->dirty |= DIRTY_POSITIONS;
}

static void reply_count(struct desk *d, const struct intent *in, unsigned n, const char *what, enum err e) {
    char text[NOTE_MAX];
    snprintf(text, sizeof text, "%u %s", n, what);
    reply(d, in->token, e, NULL, text);
}

static void intent_cancel_all(struct desk *d, const struct intent *in) {
    unsigned n = 0;
    for (struct rec *r = d->open_first; r != NULL; r = r->open_next)
        if (matches(in, &r->o) && r->o.source != SOURCE_TPSL) {
            order_cancel(d, r, 0, 0);
            n++;
        }
    reply_count(d, in, n, "orders are being cancelled", ERR_OK);
}

/* Closes positions at the market. Resting exits give their reservation back first (see exits_pursue). */
static void intent_flatten(struct desk *d, const struct intent *in) {
    unsigned n = 0, failed = 0;
    for (size_t i = 0; i < d->market_count; i++)
        for (struct rec *pos = d->markets[i]->pos_first; pos != NULL; pos = pos->pos_next) {
            struct rec *exit = NULL;
            if (!matches(in, &pos->o) || pos->m->m.status == MARKET_RESOLVED)
                continue;
            for (struct rec *r = d->open_first; r != NULL; r = r->open_next)
                if (r->o.parent == pos->o.id && r->holds.micro > 0 && r->o.type == ORDER_LIMIT)
                    order_cancel(d, r, 0, 0);
            enum err e = funnel_exit(d, pos, QTY(0), (enum order_source)in->source, in->link, PRICE(0), &exit);
            const bool waits = e == ERR_RESERVED || e == ERR_UNSETTLED || (e == ERR_OK && pos->provisional.micro > 0); /* the rest goes when it can */
            if (waits && !pos->want_set) {
                pos->want = in->source == SOURCE_KILL ? CLOSE_KILL : CLOSE_BY_HAND;
                pos->want_set = true;
                e = ERR_OK;
            }
            e == ERR_OK ? n++ : failed++;
            if (e != ERR_OK)
                notice(d, NOTICE_ALERT, pos, "position %u can't be closed: %s", pos->o.num, err_text(e));
        }
    reply_count(d, in, n, "positions are being closed", failed == 0 ? ERR_OK : n > 0 ? ERR_PARTLY : ERR_FAILED);
}

void kill_set(struct desk *d, bool on, const char *why) {
    char when[24];
    d->killed = on;
    d->killed_us = on ? d->now_us : 0;
    str_copy(d->kill_reason, sizeof d->kill_reason, on ? (why[0] != 0 ? why : "kill switch") : "");
    snprintf(when, sizeof when, "%lld", (long long)d->killed_us);
    save_setting(d, "killed", when);
    save_setting(d, "kill_reason", d->kill_reason);
    d->dirty |= DIRTY_STATUS;
    notice(d, on ? NOTICE_ALERT : NOTICE_WARN, NULL, on ? "KILL: %s" : "kill switch lifted%s", d->kill_reason);
}

/* Answered at once: the switch works with store, feed and venue down. */
static void intent_kill(struct desk *d, const struct intent *in) {
    unsigned n = 0;
    kill_set(d, true, in->note);
    for (struct rec *r = d->open_first; r != NULL && d->cancel_on_kill; r = r->open_next)
        if (!(r->o.flags & ORDER_REDUCE_ONLY)) {
            order_cancel(d, r, 0, 0);
            n++;
        }
    reply_count(d, in, n, "orders that add exposure are being cancelled; new ones are refused", ERR_OK);
}

static void intent_unkill(struct desk *d, const struct intent *in) {
    if (d->killed)
        kill_set(d, false, "");
    reply(d, in->token, ERR_OK, NULL, NULL);
}

static void intent_limit(struct desk *d, const struct intent *in) {
    int n = 0;
    const struct risk_limit_info *t = risk_limit_table(&n);
    char key[32], value[DEC_TEXT_MAX];
    if (in->order >= (uint64_t)n || in->size.micro < 0) {
        refuse(d, in, ERR_BAD_VALUE);
        return;
    }
    int64_t v = in->size.micro;
    memcpy((char *)&d->limits + t[in->order].offset, &v, sizeof v);
    snprintf(key, sizeof key, "limit.%.25s", t[in->order].key);
    snprintf(value, sizeof value, "%lld", (long long)v);
    save_setting(d, key, value);
    d->dirty |= DIRTY_STATUS;
    notice(d, NOTICE_WARN, NULL, "limit %s is now %s", t[in->order].key, value);
    reply(d, in->token, ERR_OK, NULL, NULL);
}

static void intent_resume_day(struct desk *d, const struct intent *in) {
    unsigned n = 0;
    for (size_t i = 0; i < d->account_count; i++) {
        struct acct *a = d->accounts[i];
        char key[32], value[24];
        if (in->account != 0 && in->account != a->a.id)
            continue;
        const bool tripped = d->limits.max_rejects > 0 && a->rejects >= d->limits.max_rejects;
        breaker_clear(d, a);
        n += tripped && !a->day_paused;
        if (!a->day_paused)
            continue;
        a->day_paused = false;
        a->day_lifted = true;
        snprintf(key, sizeof key, "day_pause.%u", a->a.id);
        snprintf(value, sizeof value, "lifted %d", d->day);
        save_setting(d, key, value);
        n++;
    }
    d->dirty |= DIRTY_ACCOUNT;
    reply_count(d, in, n, "accounts resumed", n > 0 ? ERR_OK : ERR_NOT_FOUND);
}

/* Positions end at their entry price, so that history stays a sum of fills; a deposit brings cash back to the start. */
static void reset_position(struct desk *d, struct acct *a, struct rec *pos) {
    usd pnl = {0};
    struct order like = {.account = a->a.id, .market = pos->o.market, .side = pos->o.side, .action = (uint8_t)side_closing_action((enum order_side)pos->o.side),
                         .type = ORDER_MARKET, .tif = TIF_IOC, .leverage = 1, .size = pos->o.pos.open, .filled = pos->o.pos.open, .filled_value = pos->o.pos.cost, .parent = pos->o.id};
    str_copy(like.strategy, sizeof like.strategy, pos->o.strategy);
    struct rec *r = order_adopt(d, &like, SOURCE_RECONCILE);
    if (r == NULL)
        return;
    r->o.state = STATE_FILLED;
    open_unlink(d, r);
    struct fill f = {.order = r->o.id, .position = pos->o.id, .account = a->a.id, .market = pos->o.market, .kind = FILL_ADJUSTMENT, .finality = FILL_FINAL,
                     .side = pos->o.side, .action = like.action, .px = pos->o.pos.entry_price, .size = pos->o.pos.open, .at_us = d->now_us};
    snprintf(f.venue_trade, sizeof f.venue_trade, "reset-%llu", (unsigned long long)r->o.id);
    if (position_close_fill(&pos->o.pos, position_dir((enum order_side)pos->o.side), f.px, f.size, USD(0), d->now_us, &pnl) != ERR_OK)
        return;
    f.realized_pnl = pnl; /* a rounding at most */
    a->realized.micro += pnl.micro;
    holding_get(d, a, pos->m, pos->o.side)->realized.micro += pnl.micro;
    save_add(d, SAVE_FILL)->u.fill = f;
    fill_keep(d, &f);
    position_closed(d, pos, r);
}

static void intent_account_reset(struct desk *d, const struct intent *in) {
    struct acct *a = acct_find(d, in->account);
    enum err e = a == NULL ? ERR_NOT_FOUND : a->a.live ? ERR_UNSUPPORTED : !d->leader ? ERR_NOT_LEADER : !d->store_up ? ERR_STORE_DOWN : ERR_OK;
    if (e != ERR_OK) {
        refuse(d, in, e);
        return;
    }
    for (struct rec *r = d->open_first, *next; r != NULL; r = next) {
        next = r->open_next;
        if (r->o.account == a->a.id)
            order_move(d, r, OEV_CANCEL, ERR_CANCELLED, "account reset");
    }
    for (size_t i = 0; i < d->market_count; i++)
        for (struct rec *pos = d->markets[i]->pos_first, *next; pos != NULL; pos = next) {
            next = pos->pos_next;
            if (pos->o.account == a->a.id)
                reset_position(d, a, pos);
        }
    for (struct holding *h = a->holdings; h != NULL; h = h->next)
        h->p = (struct position){0}; /* what was realized today stays: it happened */
    struct ledger_entry l = {.account = a->a.id, .kind = LEDGER_DEPOSIT, .amount = USD(a->a.initial.micro - a->cash.micro), .at_us = d->now_us};
    snprintf(l.ref, sizeof l.ref, "reset-%lld", (long long)d->now_us);
    ledger_book(d, a, &l);
    audit_base(d, a);
    for (struct holding *h = a->holdings; h != NULL; h = h->next)
        h->apart = 0;
    a->start_equity = a->equity_peak = a->a.initial;
    a->day_known = true;
    a->day_paused = a->day_lifted = false;
    save_day(d, a);
    a->reconciled = a->asking = false; /* until the venue has done the same */
    save_after(d, AFTER_RESET, a->a.id, 0, PRICE(0), QTY(0));
    notice_about(d, NOTICE_WARN, 0, a->a.id, "account %s is reset to %s", a->a.name, num_text(a->a.initial.micro).s);
    save_after(d, AFTER_REPLY, 0, in->token, PRICE(0), QTY(0));
}

void account_reset_send(struct desk *d, account_id id) {
    struct acct *a = acct_find(d, id);
    if (a == NULL || !d->leader)
        return;
    struct fx_reset *x = &fx_new(d, FX_RESET, (enum venue_id)a->a.venue)->u.reset;
    x->account = a->a.id;
    x->initial = a->a.initial;
    recon_need(d, a);
}

typedef void intent_fn(struct desk *d, const struct intent *in);
static intent_fn *const handlers[INTENT_KIND_COUNT] = {
    [INTENT_PLACE] = intent_place, [INTENT_CANCEL] = intent_cancel, [INTENT_AMEND] = intent_amend, [INTENT_CLOSE] = intent_place,
    [INTENT_PROTECT] = intent_protect, [INTENT_CANCEL_ALL] = intent_cancel_all, [INTENT_FLATTEN] = intent_flatten,
    [INTENT_KILL] = intent_kill, [INTENT_UNKILL] = intent_unkill, [INTENT_ACCOUNT_RESET] = intent_account_reset,
    [INTENT_LIMIT] = intent_limit, [INTENT_RESUME_DAY] = intent_resume_day, [INTENT_MODEL_PAUSE] = intent_model,
    [INTENT_MODEL_RESUME] = intent_model, [INTENT_MODEL_RUN] = intent_model,
    [INTENT_WATCH_PUT] = intent_watch, [INTENT_WATCH_ARM] = intent_watch, [INTENT_WATCH_DISARM] = intent_watch, [INTENT_WATCH_CANCEL] = intent_watch,
    [INTENT_FOLLOW_PUT] = intent_follow, [INTENT_FOLLOW_ON] = intent_follow, [INTENT_FOLLOW_OFF] = intent_follow, [INTENT_FOLLOW_DELETE] = intent_follow,
    [INTENT_LINK_PUT] = intent_link, [INTENT_LINK_DELETE] = intent_link, [INTENT_TRADING_STATE] = intent_trading, [INTENT_REMARK] = intent_remark, [INTENT_LIVE] = intent_live, [INTENT_LIST] = intent_list,
};

void on_intent(struct desk *d, const struct event *ev) {
    const struct intent *in = &ev->u.intent;
    enum err may = agent_may(d, in);
    if (may != ERR_OK)
        refuse(d, in, may);
    else if (in->kind < INTENT_KIND_COUNT && handlers[in->kind] != NULL)
        handlers[in->kind](d, in);
    else
        refuse(d, in, ERR_BAD_VALUE);
}
