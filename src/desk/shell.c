/* What the shells tell about themselves: start, venues up and down, the store, leadership, settings. */
#include "desk/state.h"
#include "turret/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void on_boot(struct desk *d, const struct event *ev) {
    const struct ev_boot *b = &ev->u.boot;
    d->booted = true;
    d->nonce = b->nonce;
    rng_seed(&d->rng, b->seed);
    d->limits = b->limits;
    d->virtual_time = b->virtual_time;
    d->trigger_source = b->exit_trigger_source <= 2 ? b->exit_trigger_source : 0;
    d->cancel_on_kill = b->cancel_on_kill;
    d->simulated_only = b->simulated_only;
    if (b->next_num > d->next_num)
        d->next_num = b->next_num;
    d->day = (int32_t)(ev->at_us / DAY_US);
    d->dirty = ~0u;
}

static void recon_all(struct desk *d, int venue) {
    for (size_t i = 0; i < d->account_count; i++)
        if (venue < 0 || d->accounts[i]->a.venue == venue)
            recon_need(d, d->accounts[i]);
}

static void protection_all(struct desk *d) {
    for (size_t i = 0; i < d->market_count; i++)
        exits_protection(d, d->markets[i]);
}

void on_venue(struct desk *d, const struct event *ev) {
    const struct ev_venue *v = &ev->u.venue_state;
    if (v->venue >= VENUE_COUNT)
        return;
    struct venue_state *s = &d->venues[v->venue];
    bool was = s->up;
    s->up = v->up;
    s->known = true;
    str_copy(s->text, sizeof s->text, v->text);
    d->dirty |= DIRTY_STATUS;
    if (was && !v->up) {
        for (size_t i = 0; i < d->market_count; i++) /* what comes after the gap starts with a snapshot */
            if (d->markets[i]->m.venue == v->venue)
                d->markets[i]->gap = true;
        for (size_t i = 0; i < d->account_count; i++)
            if (d->accounts[i]->a.venue == v->venue)
                d->accounts[i]->reconciled = d->accounts[i]->asking = false;
        notice(d, NOTICE_ALERT, NULL, "%s is down%s%s", venue_name((enum venue_id)v->venue), v->text[0] != 0 ? ": " : "", v->text);
        protection_all(d);
    } else if (!was && v->up) {
        recon_all(d, v->venue);
    }
}

void on_store(struct desk *d, const struct event *ev) {
    const struct ev_store *s = &ev->u.store;
    bool was = d->store_up;
    d->store_up = s->up;
    str_copy(d->store_text, sizeof d->store_text, s->text);
    d->dirty |= DIRTY_STATUS;
    if (was && !s->up)
        notice(d, NOTICE_ALERT, NULL, "the database is down: only exits and cancels go out%s%s", s->text[0] != 0 ? ": " : "", s->text);
    if (!was && s->up && d->loaded && d->leader) {
        save_retry(d);
        account_fund(d);
        recon_all(d, -1);
        notice(d, NOTICE_INFO, NULL, "the database is up");
    }
}

void on_leader(struct desk *d, const struct event *ev) {
    const struct ev_leader *l = &ev->u.leader;
    bool was = d->leader;
    d->leader = l->leads;
    d->epoch = l->epoch;
    str_copy(d->holder, sizeof d->holder, l->holder);
    d->dirty |= DIRTY_STATUS;
    if (!was && l->leads && d->loaded) {
        markets_save(d);
        account_fund(d);
        recon_all(d, -1);
    }
    if (was && !l->leads) {
        for (size_t i = 0; i < d->account_count; i++)
            d->accounts[i]->reconciled = d->accounts[i]->asking = false;
        notice(d, NOTICE_ALERT, NULL, "this desk no longer leads: nothing is sent from here");
        protection_all(d);
    }
}

/* --- settings ------------------------------------------------------------------------------------------ */
static void setting_limit(struct desk *d, const char *key, const char *value) {
    int n = 0;
    const struct risk_limit_info *t = risk_limit_table(&n);
    for (int i = 0; i < n; i++)
        if (strncmp(key, t[i].key, 25) == 0) {
            int64_t v = strtoll(value, NULL, 10);
            memcpy((char *)&d->limits + t[i].offset, &v, sizeof v);
        }
}

/* Settings are read before the accounts they speak of. */
static void setting_day_pause(struct desk *d, const char *id, const char *value) {
    const bool lifted = strncmp(value, "lifted ", 7) == 0;
    if (!lifted && strncmp(value, "paused ", 7) != 0)
        return;
    struct day_pause p = {(account_id)strtoul(id, NULL, 10), (int32_t)strtol(value + 7, NULL, 10), lifted};
    d->pauses = xgrow(d->pauses, &d->pause_cap, d->pause_count + 1, sizeof *d->pauses);
    d->pauses[d->pause_count++] = p;
    struct acct *a = acct_find(d, p.account);
    if (a != NULL)
        day_pause_apply(d, a);
}

void num_keep(struct desk *d) {
    char value[16];
    snprintf(value, sizeof value, "%u", d->next_num);
    save_setting(d, "next_num", value);
}

void on_setting(struct desk *d, const struct event *ev) {
    const struct ev_setting *s = &ev->u.setting;
    if (strcmp(s->key, "killed") == 0) {
        d->killed_us = strtoll(s->value, NULL, 10);
        d->killed = d->killed_us != 0;
    } else if (strcmp(s->key, "kill_reason") == 0) {
        str_copy(d->kill_reason, sizeof d->kill_reason, s->value);
    } else if (strncmp(s->key, "limit.", 6) == 0) {
        setting_limit(d, s->key + 6, s->value);
    } else if (strncmp(s->key, "day_pause.", 10) == 0) {
        setting_day_pause(d, s->key + 10, s->value);
    } else if (strcmp(s->key, "trading") == 0) {
        trading_load(d, s->value);
    } else if (strncmp(s->key, "rejects.", 8) == 0) {
        breaker_load(d, s->key + 8, s->value);
    } else if (strncmp(s->key, "live.", 5) == 0) {
        live_load(d, s->key + 5, s->value, false);
    } else if (strncmp(s->key, "opened.", 7) == 0) {
        live_load(d, s->key + 7, "", true);
    } else if (strcmp(s->key, "next_num") == 0) {
        const uint32_t num = (uint32_t)strtoul(s->value, NULL, 10);
        d->next_num = num > d->next_num ? num : d->next_num;
    } else if (strcmp(s->key, "allow") == 0) {
        str_copy(d->allow, sizeof d->allow, s->value);
    } else if (strcmp(s->key, "deny") == 0) {
        str_copy(d->deny, sizeof d->deny, s->value);
    }
    d->dirty |= DIRTY_STATUS;
}
