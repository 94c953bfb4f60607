/* The beat, about every 250 ms: deadlines, questions to the venue, staleness, the day's roll and loss limit,
 * equity samples. Nothing here walks all positions unless one of them is due. */
#include "desk/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- equity ------------------------------------------------------------------------------------------ */
/* When full, every second point of the older half goes: recent minutes stay, old ones get coarser. */
void equity_keep(struct acct *a, int64_t at_us, usd equity) {
    if (a->equity_count > 0 && a->equity[a->equity_count - 1].at_us >= at_us)
        return;
    if (a->equity_count >= EQUITY_KEEP) {
        size_t n = 0;
        for (size_t i = 0; i < a->equity_count; i++)
            if (i >= EQUITY_KEEP / 2 || i % 2 == 0)
                a->equity[n++] = a->equity[i];
        a->equity_count = n;
    }
    a->equity = xgrow(a->equity, &a->equity_cap, a->equity_count + 1, sizeof *a->equity);
    a->equity[a->equity_count++] = (struct view_equity){at_us, equity};
}

static void sample(struct desk *d) {
    struct fx_save s;
    for (size_t i = 0; i < d->account_count; i++) {
        struct acct *a = d->accounts[i];
        if (!a->once || !a->cash_known)
            continue;
        usd e = account_equity(a);
        equity_keep(a, d->now_us, e);
        performance_equity(a, d->now_us, e);
        feed_note(d, a->a.id, FEED_PORTFOLIO_UPDATED);
        memset(&s, 0, sizeof s);
        s.kind = SAVE_EQUITY;
        s.u.equity = (struct ev_equity){a->a.id, e, d->now_us};
        save_soft(d, &s);
    }
    for (size_t i = 0; i < d->market_count; i++) { /* marks of what is held, for the first picture after a restart */
        const struct mkt *m = d->markets[i];
        price mark;
        if (m->pos_first == NULL || !mkt_mark(m, &mark))
            continue;
        memset(&s, 0, sizeof s);
        s.kind = SAVE_MARKET;
        s.u.market.market = m->m;
        s.u.market.last = m->last;
        s.u.market.mark = mark;
        save_soft(d, &s);
    }
    d->dirty |= DIRTY_ACCOUNT;
}

/* --- the day, UTC ---------------------------------------------------------------------------------------- */
void day_keep(struct acct *a, const struct view_day *day) {
    size_t at = a->day_count;
    while (at > 0 && a->days[at - 1].day > day->day)
        at--;
    if (at > 0 && a->days[at - 1].day == day->day) {
        a->days[at - 1] = *day;
        return;
    }
    a->days = xgrow(a->days, &a->day_cap, a->day_count + 1, sizeof *a->days);
    memmove(&a->days[at + 1], &a->days[at], (a->day_count - at) * sizeof *a->days);
    a->days[at] = *day;
    a->day_count++;
}

static void day_roll(struct desk *d) {
    int32_t today = (int32_t)(d->now_us / DAY_US);
    if (today == d->day)
        return;
    for (size_t i = 0; i < d->account_count; i++) {
        struct acct *a = d->accounts[i];
        if (d->loaded && (a->realized.micro != 0 || a->fees.micro != 0 || a->funding.micro != 0))
            day_keep(a, &(struct view_day){d->day, a->realized, a->fees, a->funding});
        a->realized = a->fees = a->funding = USD(0);
        a->day_paused = a->day_lifted = false;
        a->day_known = a->once && a->cash_known;
        a->start_equity = a->day_known ? account_equity(a) : USD(0);
        for (struct holding *h = a->holdings; h != NULL; h = h->next)
            h->realized = h->fees = h->funding = USD(0);
    }
    d->day = today;
    for (size_t i = 0; i < d->account_count; i++)
        if (d->accounts[i]->day_known)
            save_day(d, d->accounts[i]);
    markets_day(d);
    d->dirty |= DIRTY_ACCOUNT;
}

void day_pause_apply(struct desk *d, struct acct *a) {
    for (size_t i = 0; i < d->pause_count; i++)
        if (d->pauses[i].account == a->a.id && d->pauses[i].day == d->day) {
            a->day_lifted = d->pauses[i].lifted;
            a->day_paused = !d->pauses[i].lifted;
        }
}

static void day_loss(struct desk *d, struct acct *a) {
    char key[32], value[24];
    if (!a->day_known && a->once && a->cash_known) { /* the first sample of the day */
        a->day_known = true;
        a->start_equity = account_equity(a);
        save_day(d, a);
    }
    if (d->limits.max_day_loss == 0 || a->day_paused || a->day_lifted || !a->day_known || !a->once)
        return;
    usd pnl = account_day_pnl(a);
    if (pnl.micro > -d->limits.max_day_loss)
        return;
    a->day_paused = true;
    snprintf(key, sizeof key, "day_pause.%u", a->a.id);
    snprintf(value, sizeof value, "paused %d", d->day);
    save_setting(d, key, value);
    d->dirty |= DIRTY_ACCOUNT;
    notice_about(d, NOTICE_ALERT, 0, a->a.id, "%s lost %s today: paused until midnight UTC, only exits pass", a->a.name, num_text(-pnl.micro).s);
}

/* A market resolved while two strategies held opposite sides: the venue has nothing to settle, we have. */
static void settle_pairs(struct desk *d) {
    for (size_t i = 0; i < d->market_count; i++) {
        struct mkt *m = d->markets[i];
        if (m->m.status != MARKET_RESOLVED || m->m.kind != MARKET_BINARY || m->m.outcome == OUTCOME_NONE)
            continue;
        for (struct rec *pos = m->pos_first, *next; pos != NULL; pos = next) {
            next = pos->pos_next;
            struct acct *a = acct_find(d, pos->o.account);
            if (a == NULL || !a->reconciled || holding_get(d, a, m, pos->o.side)->p.open.micro != 0)
                continue;
            price px = m->m.outcome == OUTCOME_VOID ? pos->o.pos.entry_price : PRICE((m->m.outcome == OUTCOME_YES) == (pos->o.side == SIDE_YES) ? DEC_ONE : 0);
            struct order like = {.account = a->a.id, .market = m->m.id, .side = pos->o.side, .action = ACTION_SELL, .type = ORDER_MARKET, .tif = TIF_IOC,
                                 .leverage = 1, .size = pos->o.pos.open, .filled = pos->o.pos.open, .filled_value = usd_of_sat(px, pos->o.pos.open), .parent = pos->o.id};
            memcpy(like.strategy, pos->o.strategy, sizeof like.strategy);
            struct rec *r = order_adopt(d, &like, SOURCE_RESOLUTION);
            if (r == NULL)
                continue;
            r->o.state = STATE_FILLED;
            open_unlink(d, r);
            struct fill f = {.order = r->o.id, .position = pos->o.id, .account = a->a.id, .market = m->m.id, .kind = FILL_SETTLEMENT, .finality = FILL_FINAL,
                             .side = pos->o.side, .action = ACTION_SELL, .px = px, .size = pos->o.pos.open, .at_us = d->now_us};
            snprintf(f.venue_trade, sizeof f.venue_trade, "pair-%llu", (unsigned long long)pos->o.id);
            if (position_close_fill(&pos->o.pos, 1, px, f.size, USD(0), d->now_us, &f.realized_pnl) != ERR_OK)
                continue;
            save_add(d, SAVE_FILL)->u.fill = f;
            fill_keep(d, &f);
            a->realized.micro += f.realized_pnl.micro;
            holding_get(d, a, m, pos->o.side)->realized.micro += f.realized_pnl.micro;
            position_closed(d, pos, r);
        }
    }
}

static void each_second(struct desk *d) {
    markets_timer(d);
    performance_now(d);
    exits_flush(d);
    for (size_t i = 0; i < d->account_count; i++)
        day_loss(d, d->accounts[i]);
    settle_pairs(d);
    if (d->retry.first != NULL && d->store_up && d->leader && d->now_us - d->retry_us >= 2 * SECOND_US) {
        d->retry_us = d->now_us;
        save_retry(d);
    }
}

void on_timer(struct desk *d, const struct event *ev) {
    (void)ev;
    day_roll(d);
    waiters_timer(d);
    orders_timer(d);
    recon_timer(d);
    exits_timer(d);
    watches_timer(d);
    follow_timer(d);
    schedule_timer(d);
    if (d->now_us - d->slow_us >= SECOND_US) {
        d->slow_us = d->now_us;
        each_second(d);
    }
    if (d->now_us / MINUTE_US != d->minute) {
        d->minute = d->now_us / MINUTE_US;
        sample(d);
        finality_timer(d);
        orders_prune(d);
    }
}
