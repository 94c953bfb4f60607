/* Polymarket behind the venue port: market data for everyone; with a key the account beside it, which goes in through the login, the user stream and
 * reconciliation. It is up when everything that was configured is. */
#include "venue/polymarket/trade/pm_account.h"

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_AFTER_US 6000000LL

struct pm_venue {
    struct venue head;
    struct pm_session s;
    struct pm_account *account; /* NULL: no key, market data only */
    char name[STRATEGY_MAX];
    ev_timer second;
    bool started, data_up, told, told_up, noted /* why it is not up */;
    int64_t told_us;
    char data_text[REASON_MAX], told_text[REASON_MAX];
};

static struct pm_venue *pm_of(struct venue *v) { return (struct pm_venue *)v; }
static void put(struct pm_venue *v, const struct event *ev) { v->head.sink.put(v->head.sink.ctx, ev); }

/* --- how it is ------------------------------------------------------------------------------------------ */

static const char *missing(const struct pm_venue *v) {
    const char *account = v->account ? pm_account_missing(v->account) : NULL;
    if (!v->data_up)
        return v->data_text[0] ? v->data_text : "market data: not connected yet";
    if (account)
        return account;
    return v->account ? pm_user_missing(v->s.user) : NULL;
}

static void state_tell(struct pm_venue *v) {
    const char *lacks = missing(v), *text = lacks ? lacks : v->account ? "market data and account" : "market data";
    struct event ev;
    if (!v->started || (v->told && v->told_up == !lacks && !strcmp(v->told_text, text)))
        return;
    const bool again = v->told && !lacks && !v->told_up; /* the stream of books may have gone on all the time */
    v->told = true;
    v->told_up = !lacks;
    v->noted = v->told_up;
    v->told_us = clock_mono_us();
    str_copy(v->told_text, sizeof v->told_text, text);
    event_init(&ev, EVENT_VENUE, VENUE_POLYMARKET, clock_now_us());
    ev.u.venue_state.venue = VENUE_POLYMARKET;
    ev.u.venue_state.up = v->told_up;
    str_copy(ev.u.venue_state.text, sizeof ev.u.venue_state.text, text);
    put(v, &ev);
    if (again)
        pm_data_again(v->s.data);
}

/* What has been missing for a while is said once, where notices stand too. */
static void missing_note(struct pm_venue *v) {
    struct event ev;
    if (v->noted || !v->told || clock_mono_us() - v->told_us < NOTE_AFTER_US)
        return;
    v->noted = true;
    event_init(&ev, EVENT_NOTE, VENUE_POLYMARKET, clock_now_us());
    ev.u.note.level = NOTICE_WARN;
    snprintf(ev.u.note.text, sizeof ev.u.note.text, "Polymarket is not ready: %s", v->told_text);
    put(v, &ev);
}

static void health_tell(struct pm_venue *v) {
    struct event ev;
    event_init(&ev, EVENT_HEALTH, VENUE_POLYMARKET, clock_now_us());
    struct ev_health *h = &ev.u.health;
    *h = (struct ev_health){.venue = VENUE_POLYMARKET, .user_up = 2, .rate_left = -1, .latency_us = -1};
    pm_data_health(v->s.data, h);
    if (v->account) {
        pm_user_health(v->s.user, h);
        pm_clob_health(v->s.clob, h);
    }
    h->venue = VENUE_POLYMARKET;
    put(v, &ev);
}

static void on_second(struct ev_loop *loop, ev_timer *w, int events) {
    struct pm_venue *v = w->data;
    int64_t now = clock_now_us();
    (void)loop, (void)events;
    if (v->s.tracker)
        tracker_run(v->s.tracker, now);
    if (v->account)
        pm_account_tick(v->account, now);
    state_tell(v);
    missing_note(v);
    health_tell(v);
}

static void on_account(void *ctx) { state_tell(ctx); }

/* What market data tells of itself is only a part of how the venue is. */
static void on_data(void *ctx, const struct event *ev) {
    struct pm_venue *v = ctx;
    if (ev->type == EVENT_VENUE) {
        v->data_up = ev->u.venue_state.up;
        str_copy(v->data_text, sizeof v->data_text, ev->u.venue_state.text);
        state_tell(v);
    } else if (ev->type != EVENT_HEALTH) {
        put(v, ev);
    }
}

/* --- the port ---------------------------------------------------------------------------------------------- */

static void venue_start(struct venue *venue, int64_t now_us) {
    struct pm_venue *v = pm_of(venue);
    v->started = true;
    state_tell(v);
    pm_data_start(v->s.data, now_us);
    if (v->account)
        pm_account_start(v->account);
    ev_timer_set(&v->second, 1., 1.);
    ev_timer_start(loop_get(), &v->second);
}

static void venue_restore(struct venue *venue, const struct event *ev) {
    struct pm_venue *v = pm_of(venue);
    const struct account *a = &ev->u.account;
    pm_data_restore(v->s.data, ev);
    if (!v->account)
        return;
    if (ev->type == EVENT_ACCOUNT && !v->s.account && a->venue == VENUE_POLYMARKET && a->live && (!v->name[0] || !strcmp(v->name, a->name))) {
        v->s.account = a->id;
        v->s.tracker = tracker_new(a->id, VENUE_POLYMARKET, v->head.sink);
    } else if (v->s.tracker) {
        tracker_restore(v->s.tracker, ev);
    }
}

static enum err venue_prepare(struct venue *venue, struct order *o, int64_t now_us) {
    struct pm_venue *v = pm_of(venue);
    return v->account ? pm_orders_prepare(v->s.orders, o, now_us) : ERR_CREDENTIALS;
}
static enum err venue_place(struct venue *venue, const struct order *o, int64_t now_us) {
    struct pm_venue *v = pm_of(venue);
    return v->account ? pm_orders_place(v->s.orders, o, now_us) : ERR_CREDENTIALS;
}
static enum err venue_cancel(struct venue *venue, const struct fx_cancel *c, int64_t now_us) {
    struct pm_venue *v = pm_of(venue);
    return v->account ? pm_orders_cancel(v->s.orders, c, now_us) : ERR_CREDENTIALS;
}
static enum err venue_amend(struct venue *venue, const struct fx_amend *a, int64_t now_us) {
    (void)venue, (void)a, (void)now_us;
    return ERR_UNSUPPORTED;
}
static enum err venue_query(struct venue *venue, const struct order *o, int64_t now_us) {
    struct pm_venue *v = pm_of(venue);
    return v->account ? pm_orders_query(v->s.orders, o, now_us) : ERR_CREDENTIALS;
}
static enum err venue_reconcile(struct venue *venue, const struct fx_reconcile *r, int64_t now_us) {
    struct pm_venue *v = pm_of(venue);
    if (!v->account)
        return ERR_CREDENTIALS;
    return v->s.ready ? pm_user_reconcile(v->s.user, r, now_us) : ERR_UNREACHABLE;
}
static enum err venue_reset(struct venue *venue, const struct fx_reset *r, int64_t now_us) {
    (void)venue, (void)r, (void)now_us;
    return ERR_UNSUPPORTED;
}
static enum err venue_activity(struct venue *venue, const struct fx_activity *a, int64_t now_us) { return pm_data_activity(pm_of(venue)->s.data, a, now_us); }

static enum err venue_list(struct venue *venue, const struct fx_list *l, int64_t now_us) {
    (void)now_us;
    pm_data_list(pm_of(venue)->s.data, l->what);
    return ERR_OK;
}

/* Everything here happens on the loop by itself. */
static int64_t venue_next_us(const struct venue *venue) { return (void)venue, INT64_MAX; }
static void venue_run(struct venue *venue, int64_t now_us) { (void)venue, (void)now_us; }

static void venue_close(struct venue *venue) {
    struct pm_venue *v = pm_of(venue);
    ev_timer_stop(loop_get(), &v->second);
    pm_account_free(v->account);
    pm_orders_free(v->s.orders);
    if (v->s.user)
        pm_user_free(v->s.user);
    pm_clob_free(v->s.clob);
    if (v->s.data)
        pm_data_close(v->s.data);
    tracker_free(v->s.tracker);
    if (v->s.key)
        pm_key_free(v->s.key);
    explicit_bzero(v, sizeof *v);
    free(v);
}

static const struct venue_ops pm_ops = {
    .name = "polymarket",
    .caps = VENUE_POST_ONLY | VENUE_PROVISIONAL,
    .start = venue_start,
    .restore = venue_restore,
    .prepare = venue_prepare,
    .place = venue_place,
    .cancel = venue_cancel,
    .amend = venue_amend,
    .query = venue_query,
    .reconcile = venue_reconcile,
    .reset = venue_reset,
    .activity = venue_activity,
    .list = venue_list,
    .next_us = venue_next_us,
    .run = venue_run,
    .close = venue_close,
};

/* --- opening --------------------------------------------------------------------------------------------------- */

static enum err refuse(char text[REASON_MAX], enum err e, const char *why) {
    str_copy(text, REASON_MAX, why);
    return e;
}

/* Whose money it is: the key's own address, or the wallet that belongs to it. */
static enum err wallet_read(struct pm_session *s, const struct pm_account_cfg *a, char text[REASON_MAX]) {
    const struct pm_address *own = pm_key_address(s->key);
    bool named = a->wallet && a->wallet[0];
    if (a->signature_type < PM_EOA || a->signature_type > PM_1271)
        return refuse(text, ERR_CONFIG, "the kind of signature is 0 (key), 1 (proxy), 2 (safe) or 3 (deposit wallet)");
    if (named && !pm_address_parse(a->wallet, &s->wallet))
        return refuse(text, ERR_CONFIG, "the wallet is no address: 0x and 40 digits, as the venue's profile shows it");
    if (a->signature_type == PM_EOA) {
        if (named && memcmp(&s->wallet, own, sizeof *own) != 0)
            return refuse(text, ERR_CONFIG, "with kind of signature 0 the wallet is the key's own address");
        s->wallet = *own;
    } else if (!named) {
        return refuse(text, ERR_CONFIG, "the wallet that holds the money is missing: its address is in the venue's profile");
    }
    s->signature_type = a->signature_type;
    return ERR_OK;
}

static enum err account_open(struct pm_venue *v, const struct pm_cfg *cfg, char text[REASON_MAX]) {
    const struct pm_account_cfg *a = &cfg->account;
    struct pm_session *s = &v->s;
    struct pm_domain_info info;
    enum err e = pm_key_new(a->key->p, a->key->len, &s->key);
    if (e != ERR_OK)
        return refuse(text, e, "the private key is not one: 64 hexadecimal digits");
    if ((e = wallet_read(s, a, text)) != ERR_OK)
        return e;
    if (a->builder && a->builder[0] && (strlen(a->builder) != 66 || !pm_word_parse_hex(a->builder, &s->builder)))
        return refuse(text, ERR_CONFIG, "the builder code is 0x and 64 digits");
    if (!pm_domain_info(&(struct pm_domain){s->chain_id, PM_EXCHANGE_STANDARD}, &info))
        return refuse(text, ERR_CONFIG, "the venue has no exchange on that chain");
    s->heartbeat = a->heartbeat;
    str_copy(v->name, sizeof v->name, a->name ? a->name : "");
    s->clob = pm_clob_new(pm_data_hosts(s->data), s->chain_id, s->key);
    s->orders = pm_orders_new(s);
    s->user = pm_user_new(s);
    v->account = pm_account_new(s, a->secrets_dir, on_account, v);
    return ERR_OK;
}

enum err pm_open(const struct pm_cfg *cfg, struct event_sink sink, struct venue **out, char text[REASON_MAX]) {
    struct pm_venue *v = xcalloc(1, sizeof *v);
    text[0] = '\0';
    v->head = (struct venue){.ops = &pm_ops, .id = VENUE_POLYMARKET, .sink = sink};
    ev_init(&v->second, on_second);
    v->second.data = v;
    v->s.sink = sink;
    v->s.chain_id = cfg->chain_id ? cfg->chain_id : 137;
    v->s.balance = USD(-1);
    v->s.data = pm_data_open(&cfg->hosts, &cfg->markets, VENUE_POLYMARKET, (struct event_sink){on_data, v}, text);
    enum err e = v->s.data ? ERR_OK : ERR_CONFIG;
    if (e == ERR_OK && cfg->account.key && cfg->account.key->p)
        e = account_open(v, cfg, text);
    if (e != ERR_OK) {
        venue_close(&v->head);
        return e;
    }
    *out = &v->head;
    return ERR_OK;
}
