/* What happens when a watch is hit: hold and guards, the one order of a sniper, the word of an alert, and what its end means. A firing and the
 * change of its row are one transaction, so that it fires once whatever dies. */
#include "turret/desk/desk.h"

#include "desk/state_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/str.h"

#define FIRES_A_STEP 256 /* a storm goes out over several steps: the loop stays responsive */

/* --- in the zone, not yet fired --- */
static struct waiting_watch *waiting_find(const struct watches *x, watch_id id) {
    for (size_t i = 0; i < x->waiting_n; i++)
        if (x->waiting[i].id == id)
            return &x->waiting[i];
    return NULL;
}

void watch_wait(struct desk *d, struct watch *w, enum err code) {
    struct watches *x = d->watches;
    struct mkt *m = watch_market(d, w);
    int64_t v = w->level.micro;
    (void)watch_value(d, w, &v);
    x->waiting = xgrow(x->waiting, &x->waiting_cap, x->waiting_n + 1, sizeof *x->waiting);
    x->waiting[x->waiting_n++] = (struct waiting_watch){.id = w->id, .market = m != NULL ? m->m.id : 0, .since_us = d->now_us, .best = v, .code = (int16_t)code};
    if (m != NULL)
        m->pending++;
    d->dirty |= DIRTY_AUTOS;
}

static void unwait_at(struct desk *d, size_t i) {
    struct watches *x = d->watches;
    struct mkt *m = x->waiting[i].market != 0 ? mkt_find(d, x->waiting[i].market) : NULL;
    if (m != NULL)
        m->pending--;
    memmove(&x->waiting[i], &x->waiting[i + 1], (x->waiting_n - i - 1) * sizeof *x->waiting);
    x->waiting_n--;
}

void watch_unwait(struct desk *d, watch_id id) {
    const struct waiting_watch *p = d->watches->waiting_n > 0 ? waiting_find(d->watches, id) : NULL;
    if (p != NULL)
        unwait_at(d, (size_t)(p - d->watches->waiting));
}

static void near_miss(struct desk *d, const struct watch *w, const struct waiting_watch *p) {
    struct watches *x = d->watches;
    struct near_miss *n = NULL;
    char text[REASON_MAX];
    for (size_t i = 0; i < x->near_n && n == NULL; i++)
        if (x->near[i].id == w->id)
            n = &x->near[i];
    if (n == NULL) {
        if (x->near_n >= 4096) { /* the oldest makes room */
            memmove(&x->near[0], &x->near[1], (x->near_n - 1) * sizeof *x->near);
            x->near_n--;
        }
        x->near = xgrow(x->near, &x->near_cap, x->near_n + 1, sizeof *x->near);
        n = &x->near[x->near_n++];
        *n = (struct near_miss){.id = w->id};
    }
    n->count++;
    n->at_us = d->now_us;
    n->value = p->best;
    n->held_us = d->now_us - p->since_us;
    snprintf(text, sizeof text, "%s reached %s and left after %lld ms%s%s", figure_info((enum figure)w->figure)->name, num_text(p->best).s, (long long)(n->held_us / 1000),
             p->code != ERR_OK ? ": " : "", p->code != ERR_OK ? err_text((enum err)p->code) : "");
    watch_log(d, w, 0, "near miss", text);
}

/* --- firing --- */
/* It has fired and stays armed: it counts again once the figure is out of the zone, which may be now. */
static void wait_to_be_away(struct desk *d, struct watch *w) {
    int64_t value;
    if (!watch_value(d, w, &value) || watch_in_zone(w, value))
        w->flags |= WATCH_AWAY;
    watch_arm_index(d, w);
}

static void fired_alert(struct desk *d, struct watch *w, int64_t value) {
    char text[NOTE_MAX];
    const struct mkt *m = watch_market(d, w);
    const struct figure_info *f = figure_info((enum figure)w->figure);
    snprintf(text, sizeof text, "alert A-%u: %s %s is %s (%s %s)", w->id, m != NULL ? m->m.symbol : subject_kind_name((enum subject_kind)f->subject), f->name, num_text(value).s,
             w->dir == TRIGGER_AT_OR_BELOW ? "at or below" : "at or above", num_text(w->level.micro).s);
    notice_watch(d, w->id, m != NULL ? m->m.id : 0, text);
    w->fires++;
    if (w->flags & WATCH_REPEAT) {
        watch_log(d, w, 0, "fired", text);
        wait_to_be_away(d, w);
        watch_save(d, w);
        return;
    }
    w->status = WATCH_WATCHING;
    watch_end(d, w, WATCH_FILLED, "fired", text);
}

/* The slippage counts from the price of the moment or from the level, whichever is harder on the order: a jump over the level does not buy a
 * worse price than was asked for. */
static price limit_of(const struct watch *w, const struct mkt *m) {
    int64_t slip = 0, book, out = 0, from = w->level.micro;
    const bool buys = w->action == ACTION_BUY;
    price touch;
    if (mkt_touch(m, take_side(book_dir((enum order_side)w->side, (enum order_action)w->action)), &touch)) {
        const int64_t own_touch = book_price((enum order_side)w->side, touch).micro;
        from = buys == (own_touch < from) ? own_touch : from;
    }
    if (!dec_muldiv(from, w->slippage_e4, 10000, ROUND_DOWN, &slip))
        return w->level;
    int64_t own = buys ? from + slip : from - slip;
    if (m->m.kind == MARKET_BINARY && own >= DEC_ONE)
        own = DEC_ONE - m->m.tick.micro;
    book = book_price((enum order_side)w->side, PRICE(own)).micro;
    const bool down = (book_dir((enum order_side)w->side, (enum order_action)w->action) > 0);
    if (book <= 0 || !dec_to_step(book, m->m.tick.micro, down ? ROUND_DOWN : ROUND_UP, &out))
        out = m->m.tick.micro;
    if (out < m->m.min_price.micro)
        out = m->m.min_price.micro;
    if (m->m.max_price.micro > 0 && out > m->m.max_price.micro)
        out = m->m.max_price.micro;
    return book_price((enum order_side)w->side, PRICE(out));
}

static void intent_of(const struct watch *w, const struct mkt *m, struct intent *in) {
    *in = (struct intent){.kind = INTENT_PLACE, .side = w->side, .action = w->action, .type = ORDER_LIMIT, .tif = TIF_IOC, .source = SOURCE_SNIPER, .account = w->account,
                          .market = m->m.id, .link = w->id, .limit = limit_of(w, m), .confidence = -1};
    if (w->flags & WATCH_REDUCE_ONLY)
        in->flags |= ORDER_REDUCE_ONLY;
    if (w->flags & WATCH_UNITS)
        in->size = QTY(w->amount);
    else {
        in->amount = USD(w->amount);
        if (w->budget.micro > 0 && w->budget.micro - w->spent.micro < in->amount.micro)
            in->amount = USD(w->budget.micro - w->spent.micro);
    }
}

/* May it fire now? The guards, besides the funnel's own rules. */
static enum err guards(const struct desk *d, const struct watch *w, const struct mkt *m, const struct intent *in) {
    const struct acct *a = acct_find(d, w->account);
    if (d->killed)
        return ERR_KILLED;
    if (d->trading == TRADING_HALTED)
        return ERR_TRADING_HALTED;
    if (a == NULL || !a->once || !a->reconciled)
        return ERR_RECONCILING;
    if (!live_may_trade(d, a) && !(w->flags & WATCH_REDUCE_ONLY))
        return d->simulated_only ? ERR_SIMULATION_ONLY : ERR_NOT_LIVE;
    if (!mkt_fresh(d, m) || m->gap || m->crossed || (w->max_age_ms > 0 && d->now_us - m->book_us > w->max_age_ms * 1000LL))
        return ERR_STALE_BOOK;
    const int dir = book_dir((enum order_side)w->side, (enum order_action)w->action);
    const qty want = w->depth.micro > 0 ? w->depth : QTY(1);
    const struct book_walk there = walk_own(m, w->side, dir, want, in->limit);
    return there.filled.micro >= want.micro ? ERR_OK : w->depth.micro > 0 ? ERR_NO_LIQUIDITY : ERR_SLIPPAGE;
}

static void cancel_partner(struct desk *d, const struct watch *w) {
    struct watch *oco = w->oco != 0 ? watch_find(d, w->oco) : NULL;
    char text[REASON_MAX];
    if (oco == NULL || oco->status != WATCH_WATCHING || oco->oco != w->id)
        return;
    snprintf(text, sizeof text, "S-%u fired first", w->id);
    oco->flags |= WATCH_BY_PARTNER;
    watch_end(d, oco, WATCH_CANCELLED, "cancelled", text);
}

/* ERR_OK: it has an order now, or came to its end. Else why it waits. */
static enum err fire_sniper(struct desk *d, struct watch *w, struct mkt *m, int64_t value) {
    struct intent in;
    struct draft x;
    char text[REASON_MAX], line[REASON_MAX * 2];
    intent_of(w, m, &in);
    enum err e = guards(d, w, m, &in);
    if (e != ERR_OK)
        return e;
    e = draft_make(d, &in, &x, text);
    if (e != ERR_OK && (err_class(e) == ERR_CLASS_RETRY || e == ERR_RISK_ORDER_RATE || e == ERR_DUPLICATE || e == ERR_RISK_OPEN_ORDERS))
        return e;
    struct rec *r = e == ERR_OK ? funnel_submit(d, &x) : NULL;
    w->fires++;
    if (r == NULL) {
        snprintf(line, sizeof line, "%s%s%s", err_text(e), text[0] ? ": " : "", text);
        refusal_keep(d, &in, e, text);
        notice_about(d, NOTICE_WARN, m->m.id, w->account, "sniper S-%u was refused: %s", w->id, line);
        if (w->flags & WATCH_KEEP) {
            watch_log(d, w, 0, "refused", line);
            wait_to_be_away(d, w);
            watch_save(d, w);
        } else
            watch_end(d, w, WATCH_FAILED, "failed", line);
        return ERR_OK;
    }
    w->status = WATCH_EXECUTING;
    w->order = r->o.id;
    snprintf(line, sizeof line, "%s %s: %s %s at most %s", figure_info((enum figure)w->figure)->name, num_text(value).s, order_action_name((enum order_action)w->action),
             num_text(r->o.size.micro).s, num_text(r->o.limit.micro).s);
    watch_log(d, w, r->o.id, "fired", line);
    notice(d, NOTICE_WARN, r, "sniper S-%u fired: %s", w->id, line);
    cancel_partner(d, w);
    w = watch_find(d, (watch_id)r->o.link);
    watch_save(d, w);
    return ERR_OK;
}

static enum err fire(struct desk *d, struct watch *w, int64_t value) {
    struct mkt *m = watch_market(d, w);
    if (!d->leader || !d->loaded)
        return ERR_NOT_LEADER;
    if (w->expires_us != 0 && w->expires_us <= d->now_us) {
        watch_end(d, w, WATCH_EXPIRED, "expired", "");
        return ERR_OK;
    }
    if (w->kind == WATCH_ALERT) {
        fired_alert(d, w, value);
        return ERR_OK;
    }
    return fire_sniper(d, w, m, value);
}

/* It was taken out of the index: by its level, or by the one beyond it when it waits to be away. */
void watch_hit(struct desk *d, watch_id id) {
    struct watch *w = watch_find(d, id);
    int64_t value;
    if (w == NULL || w->status != WATCH_WATCHING || !(w->flags & WATCH_ARMED))
        return;
    if (w->flags & WATCH_AWAY) {
        w->flags = (uint8_t)(w->flags & ~WATCH_AWAY);
        watch_arm_index(d, w);
        watch_log(d, w, 0, "armed again", "the price has left the zone");
        watch_save(d, w);
        return;
    }
    if (!watch_value(d, w, &value)) {
        watch_arm_index(d, w);
        return;
    }
    enum err e = w->hold_ms > 0 || d->watch_fires >= FIRES_A_STEP ? ERR_OK : fire(d, w, value);
    const bool waits = e != ERR_OK || w->hold_ms > 0 || d->watch_fires >= FIRES_A_STEP;
    d->watch_fires++;
    if (waits)
        watch_wait(d, watch_find(d, id), e);
}

/* One that waits: has it left, is its hold over, does what kept it back still? True: it waits no more. */
static bool look_again(struct desk *d, struct waiting_watch *p) {
    struct watch *w = watch_find(d, p->id);
    int64_t value;
    if (w == NULL || w->status != WATCH_WATCHING || !(w->flags & WATCH_ARMED))
        return true;
    if (!watch_value(d, w, &value))
        return false;
    if (!watch_in_zone(w, value)) {
        if (w->hold_ms > 0 || p->code != ERR_OK)
            near_miss(d, w, p);
        watch_arm_index(d, w);
        return true;
    }
    if (w->dir == TRIGGER_AT_OR_BELOW ? value < p->best : value > p->best)
        p->best = value;
    if (d->now_us - p->since_us < w->hold_ms * 1000LL || d->watch_fires >= FIRES_A_STEP)
        return false;
    d->watch_fires++;
    const enum err e = fire(d, w, value);
    p = waiting_find(d->watches, w->id); /* firing may have moved the list */
    if (p != NULL)
        p->code = (int16_t)e;
    return e == ERR_OK;
}

/* True: the one at i is gone. */
static bool look_one(struct desk *d, size_t i) {
    struct watches *x = d->watches;
    const watch_id id = x->waiting[i].id;
    if (!look_again(d, &x->waiting[i]))
        return false;
    if (i < x->waiting_n && x->waiting[i].id == id)
        unwait_at(d, i);
    else
        watch_unwait(d, id);
    return true;
}

/* Those that wait for their turn under a limit are tried at the beat, one after the other, so that none keeps the others back. */
static void look_in_turn(struct desk *d) {
    struct watches *x = d->watches;
    for (size_t left = x->waiting_n; left > 0 && x->waiting_n > 0 && d->watch_fires < FIRES_A_STEP; left--) {
        if (x->turn >= x->waiting_n)
            x->turn = 0;
        if (!look_one(d, x->turn))
            x->turn++;
    }
}

static bool waits_its_turn(const struct waiting_watch *p) { return p->code == ERR_RISK_ORDER_RATE || p->code == ERR_DUPLICATE || p->code == ERR_RISK_OPEN_ORDERS; }

void watch_pending(struct desk *d, struct mkt *m) {
    struct watches *x = d->watches;
    for (size_t i = 0; i < x->waiting_n;)
        if (x->waiting[i].market != m->m.id || waits_its_turn(&x->waiting[i]) || !look_one(d, i))
            i++;
}

bool desk_hurries(const struct desk *d) { return d->watch_fires >= FIRES_A_STEP && d->watches != NULL && d->watches->waiting_n > 0; }

/* After arming: it may be in its zone already. */
void watch_look(struct desk *d, watch_id id) {
    struct watch *w = watch_find(d, id);
    struct mkt *m = w != NULL ? watch_market(d, w) : NULL;
    if (m != NULL && m->armed)
        exits_check(d, m);
    else if (w != NULL)
        d->watches->second_us = 0; /* with the next beat */
}

/* Figures that are no price: once a second, and only those that somebody watches. */
static void look_at_figures(struct desk *d) {
    struct watches *x = d->watches;
    for (size_t i = 0; i < x->set_n; i++)
        for (int k = 0; k < FIGURE_COUNT; k++) {
            const struct figure_info *f = figure_info((enum figure)k);
            const struct watch probe = {.figure = (uint8_t)k, .subject = x->sets[i].id};
            struct trigger t;
            int64_t value;
            if (f->subject != x->sets[i].subject || trigger_count(x->sets[i].set) == 0 || !watch_value(d, &probe, &value))
                continue;
            d->fired_count = 0;
            while (trigger_next(x->sets[i].set, (enum trigger_price)f->lane, PRICE(value), &t)) {
                d->fired = xgrow(d->fired, &d->fired_cap, d->fired_count + 1, sizeof *d->fired);
                d->fired[d->fired_count++] = t;
            }
            for (size_t n = 0; n < d->fired_count; n++)
                watch_hit(d, (watch_id)d->fired[n].id);
        }
}

void watches_timer(struct desk *d) {
    struct watches *x = d->watches;
    if (x == NULL)
        return;
    watches_house(d);
    look_in_turn(d);
    if (d->now_us - x->second_us < SECOND_US)
        return;
    x->second_us = d->now_us;
    look_at_figures(d);
    watches_sweep(d);
}

/* --- the end of a sniper's order --- */
static void again(struct desk *d, struct watch *w) {
    w->status = WATCH_WATCHING;
    w->order = 0;
    wait_to_be_away(d, w);
    watch_save(d, w);
}

/* It was cancelled for a firing that never left. */
static void revive_partner(struct desk *d, const struct watch *w) {
    struct watch *oco = w->oco != 0 ? watch_find(d, w->oco) : NULL;
    if (oco == NULL || oco->status != WATCH_CANCELLED || !(oco->flags & WATCH_BY_PARTNER))
        return;
    watch_revive(d, oco);
    watch_log(d, oco, 0, "armed again", "its partner's order was never sent");
    watch_save(d, oco);
}

void watch_order_over(struct desk *d, struct rec *r) {
    struct watch *w = r->o.source == SOURCE_SNIPER ? watch_find(d, (watch_id)r->o.link) : NULL;
    char text[REASON_MAX];
    if (w == NULL || w->status != WATCH_EXECUTING || w->order != r->o.id)
        return;
    w->spent = usd_add_sat(w->spent, r->o.filled_value);
    if (r->o.filled.micro == 0 && !(r->o.flags & ORDER_SENT) && err_class((enum err)r->o.reason) == ERR_CLASS_RETRY) { /* it never left: the level counts again */
        watch_log(d, w, r->o.id, "not sent", err_text((enum err)r->o.reason));
        w->fires--;
        w->status = WATCH_WATCHING;
        w->order = 0;
        revive_partner(d, w);
        watch_wait(d, w, (enum err)r->o.reason);
        watch_save(d, w);
        return;
    }
    const usd least = usd_of_sat(w->level, r->m->m.min_size); /* a rest too small for an order is no rest */
    const bool left = w->budget.micro == 0 || w->budget.micro - w->spent.micro >= least.micro;
    if (r->o.filled.micro > 0) {
        snprintf(text, sizeof text, "%s of %s", num_text(r->o.filled.micro).s, num_text(r->o.size.micro).s);
        if (!(w->flags & WATCH_REPEAT) || !left) {
            watch_end(d, w, WATCH_FILLED, r->o.filled.micro < r->o.size.micro ? "partly filled" : "filled", text);
            return;
        }
        watch_log(d, w, r->o.id, r->o.filled.micro < r->o.size.micro ? "partly filled" : "filled", text);
        again(d, w);
        return;
    }
    str_copy(text, sizeof text, r->o.reason_text[0] ? r->o.reason_text : err_text((enum err)r->o.reason));
    if (w->flags & WATCH_KEEP) {
        watch_log(d, w, r->o.id, "nothing filled", text);
        again(d, w);
    } else
        watch_end(d, w, WATCH_FAILED, "failed", text);
}

/* What it bought was taken back after its order was over: its budget has that again. It does not fire again by itself: the price that was
 * paid once is gone, and twice would be worse than never. */
void watch_order_reversed(struct desk *d, const struct rec *r, usd value) {
    struct watch *w = r->o.source == SOURCE_SNIPER ? watch_find(d, (watch_id)r->o.link) : NULL;
    if (w == NULL || (w->status == WATCH_EXECUTING && w->order == r->o.id))
        return;
    w->spent.micro -= value.micro < w->spent.micro ? value.micro : w->spent.micro;
    watch_log(d, w, r->o.id, "taken back", r->o.reason_text);
    watch_save(d, w);
}
