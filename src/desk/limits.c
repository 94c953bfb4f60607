/* What may trade at all, and how much of each limit is used. */
#include "desk/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/str.h"

void trading_set(struct desk *d, enum trading_state s, const char *why) {
    char value[96];
    if (d->trading == s)
        return;
    d->trading = (uint8_t)s;
    str_copy(d->trading_reason, sizeof d->trading_reason, s == TRADING_ACTIVE ? "" : why);
    snprintf(value, sizeof value, "%s %.80s", trading_state_name(s), d->trading_reason);
    save_setting(d, "trading", value);
    history_add(d, HISTORY_RISK, 0, NULL, 0, trading_state_name(s), "%s", why);
    d->dirty |= DIRTY_STATUS | DIRTY_AUTOS;
    notice(d, s == TRADING_ACTIVE ? NOTICE_WARN : NOTICE_ALERT, NULL, "trading is %s%s%s", trading_state_name(s), why[0] ? ": " : "", why);
}

void trading_load(struct desk *d, const char *value) {
    for (int s = 0; s < TRADING_STATE_COUNT; s++) {
        const char *name = trading_state_name((enum trading_state)s);
        const size_t n = strlen(name);
        if (strncmp(value, name, n) == 0 && (value[n] == ' ' || value[n] == 0)) {
            d->trading = (uint8_t)s;
            str_copy(d->trading_reason, sizeof d->trading_reason, value[n] ? value + n + 1 : "");
        }
    }
}

void intent_trading(struct desk *d, const struct intent *in) {
    if (in->order >= TRADING_STATE_COUNT) {
        reply(d, in->token, ERR_BAD_VALUE, NULL, NULL);
        return;
    }
    trading_set(d, (enum trading_state)in->order, in->note);
    reply(d, in->token, ERR_OK, NULL, NULL); /* at once, as the kill switch: it works with the database down */
}

/* --- the breaker: refusals of a venue in a row --- */
static void breaker_save(struct desk *d, const struct acct *a) {
    char key[32], value[24];
    snprintf(key, sizeof key, "rejects.%u", a->a.id);
    snprintf(value, sizeof value, "%d", a->rejects);
    save_setting(d, key, value);
}

void breaker_reject(struct desk *d, struct acct *a) {
    a->rejects++;
    if (d->limits.max_rejects == 0 || a->rejects != d->limits.max_rejects)
        return;
    breaker_save(d, a);
    history_add(d, HISTORY_RISK, a->a.id, NULL, 0, "breaker", "%d refusals in a row", a->rejects);
    notice_about(d, NOTICE_ALERT, 0, a->a.id, "%s: %d orders in a row were refused by the venue: nothing new is opened until `resume`", a->a.name, a->rejects);
}

void breaker_clear(struct desk *d, struct acct *a) {
    const bool tripped = d->limits.max_rejects > 0 && a->rejects >= d->limits.max_rejects;
    a->rejects = 0;
    if (tripped)
        breaker_save(d, a);
}

/* A tripped breaker is kept until its account is there. */
void breaker_load(struct desk *d, const char *account, const char *value) {
    const int n = atoi(value);
    struct acct *a = acct_find(d, (account_id)strtoul(account, NULL, 10));
    if (a != NULL) {
        a->rejects = n;
        return;
    }
    d->breakers = xgrow(d->breakers, &d->breaker_cap, d->breaker_count + 1, sizeof *d->breakers);
    d->breakers[d->breaker_count++] = (struct breaker){(account_id)strtoul(account, NULL, 10), n};
}

void breaker_apply(struct desk *d, struct acct *a) {
    for (size_t i = 0; i < d->breaker_count; i++)
        if (d->breakers[i].account == a->a.id)
            a->rejects = d->breakers[i].rejects;
}

/* --- what is used --- */
int64_t account_drawdown_ppm(const struct acct *a) {
    int64_t out = 0;
    const usd equity = account_equity(a);
    if (!a->once || !a->cash_known || a->equity_peak.micro <= 0 || equity.micro >= a->equity_peak.micro)
        return 0;
    return dec_muldiv(a->equity_peak.micro - equity.micro, DEC_ONE, a->equity_peak.micro, ROUND_HALF_EVEN, &out) ? out : DEC_ONE;
}

usd total_exposure(const struct desk *d) {
    usd sum = {0};
    for (size_t i = 0; i < d->account_count; i++)
        sum = usd_add_sat(sum, account_exposure(d, d->accounts[i]));
    return sum;
}

static int64_t largest_market(const struct desk *d, const struct acct *a) {
    int64_t most = 0;
    for (const struct holding *h = a->holdings; h != NULL; h = h->next) {
        const int64_t e = market_exposure(d, a, h->m).micro;
        most = e > most ? e : most;
    }
    for (const struct rec *r = d->open_first; r != NULL; r = r->open_next)
        if (r->o.account == a->a.id) {
            const int64_t e = market_exposure(d, a, r->m).micro;
            most = e > most ? e : most;
        }
    return most;
}

static int64_t used_of(const struct desk *d, const struct acct *a, const char *key) {
    int64_t n = 0;
    if (strcmp(key, "max_market_exposure") == 0)
        return largest_market(d, a);
    if (strcmp(key, "max_account_exposure") == 0)
        return account_exposure(d, a).micro;
    if (strcmp(key, "max_total_exposure") == 0)
        return total_exposure(d).micro;
    if (strcmp(key, "max_day_loss") == 0)
        return a->day_known ? -account_day_pnl(a).micro : 0;
    if (strcmp(key, "drawdown_halve") == 0 || strcmp(key, "drawdown_halt") == 0)
        return account_drawdown_ppm(a);
    if (strcmp(key, "max_rejects") == 0)
        return a->rejects;
    if (strcmp(key, "max_open_orders") == 0)
        for (const struct rec *r = d->open_first; r != NULL; r = r->open_next)
            n += r->o.account == a->a.id;
    return n;
}

int view_limit_use(const struct desk *d, account_id id, struct view_limit *out, int max) {
    int count = 0, n = 0;
    const struct risk_limit_info *t = risk_limit_table(&count);
    const struct acct *a = acct_find(d, id);
    for (int i = 0; i < count && n < max && a != NULL; i++) {
        struct view_limit *l = &out[n++];
        *l = (struct view_limit){.info = &t[i], .account = strcmp(t[i].key, "max_total_exposure") == 0 ? 0 : id};
        memcpy(&l->limit, (const char *)&d->limits + t[i].offset, sizeof l->limit);
        l->used = used_of(d, a, t[i].key);
        l->breached = l->limit > 0 && l->used >= l->limit;
    }
    return n;
}
