/* The login as a table of steps: clock, version, credentials, restrictions. A step that fails is tried again after a while, from the first one
 * on where the venue refused the credentials. The place is asked beside it: until it is known nothing is opened. */
#include "venue/polymarket/trade/pm_account.h"

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/log.h"
#include "turret/io/loop.h"
#include "venue/polymarket/trade/pm_facts.h"

#include <cjson/cJSON.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US 1000000LL
#define WAIT_MAX_S 60
#define PLACE_AGAIN_US (3600 * SECOND_US)
#define PLACE_UNKNOWN_US (60 * SECOND_US)
#define FUNDS_EVERY_US (30 * SECOND_US)
#define FUNDS_LEAST_US (2 * SECOND_US)

struct pm_account {
    struct pm_session *s;
    char *secrets_dir;
    pm_account_fn *changed;
    void *ctx;
    size_t step; /* into steps; STEPS: done */
    int wait_s;
    bool started, asking_funds, asking_place, place_known, place_told, kept /* the credentials in use are those of the file */, distrust /* those of the file were refused */;
    struct http_handle place;
    int64_t place_us, funds_us; /* monotonic: when they were last asked for */
    ev_timer again;
    char missing[REASON_MAX];
};

struct step { const char *name; void (*ask)(struct pm_account *a); };
static const struct step *step_at(size_t i); /* NULL: all are passed */

static void say(struct pm_account *a, const char *text) {
    if (!strcmp(a->missing, text))
        return;
    str_copy(a->missing, sizeof a->missing, text);
    a->changed(a->ctx);
}

static void note(struct pm_account *a, int level, const char *text) {
    struct event ev;
    event_init(&ev, EVENT_NOTE, VENUE_POLYMARKET, clock_now_us());
    ev.u.note.level = level;
    str_copy(ev.u.note.text, sizeof ev.u.note.text, text);
    a->s->sink.put(a->s->sink.ctx, &ev);
}

/* --- from step to step --------------------------------------------------------------------------------- */

static void step_ask(struct pm_account *a) {
    char text[REASON_MAX];
    const struct step *step = step_at(a->step);
    if (!step) {
        if (!a->s->tracker) { /* the engine gives the account before it starts the venue */
            say(a, "no live account in the database");
            return;
        }
        a->s->ready = true;
        pm_clob_warm(a->s->clob);
        a->s->ask_funds = true;
        say(a, "");
        pm_user_start(a->s->user, clock_now_us());
        pm_orders_start(a->s->orders);
        a->changed(a->ctx);
        return;
    }
    if (a->wait_s == 0) {
        snprintf(text, sizeof text, "login: %s", step->name);
        say(a, text);
    }
    step->ask(a);
}

static void step_pass(struct pm_account *a) {
    a->step++;
    a->wait_s = 0;
    step_ask(a);
}

static void step_fail(struct pm_account *a, const char *why, int least_s) {
    char text[REASON_MAX];
    const struct step *step = step_at(a->step);
    snprintf(text, sizeof text, "login, %s: %s", step ? step->name : "", why);
    say(a, text);
    a->wait_s = a->wait_s == 0 ? 1 : a->wait_s * 2 > WAIT_MAX_S ? WAIT_MAX_S : a->wait_s * 2;
    a->wait_s = a->wait_s < least_s ? least_s : a->wait_s;
    ev_timer_stop(loop_get(), &a->again);
    ev_now_update(loop_get());
    ev_timer_set(&a->again, a->wait_s, 0.);
    ev_timer_start(loop_get(), &a->again);
}

static void on_again(struct ev_loop *loop, ev_timer *w, int events) {
    (void)loop, (void)events;
    step_ask(w->data);
}

static void ask(struct pm_account *a, const char *method, const char *path, enum pm_auth auth, enum pm_bucket bucket, pm_call_fn *done) {
    pm_clob_call(a->s->clob, &(struct pm_call){.method = method, .path = path, .auth = auth, .bucket = bucket, .op = PM_OP_LOGIN, .retries = method[0] == 'G'}, done, a);
}

/* --- the steps ------------------------------------------------------------------------------------------- */

static void on_time(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *answer) {
    struct pm_account *a = ctx;
    if (pm_fact_time(a->s->clob, e, doc, answer) == PM_FACT_UNREAD)
        step_fail(a, e->err != ERR_OK ? e->text : "its answer can't be read", 0);
    else
        step_pass(a);
}
static void ask_time(struct pm_account *a) { ask(a, "GET", "/time", PM_PUBLIC, PM_RATE_OTHER, on_time); }

static void on_version(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *answer) {
    struct pm_account *a = ctx;
    int64_t version = 0;
    char text[REASON_MAX];
    const enum pm_fact fact = pm_fact_version(e, doc, answer, &version);
    if (fact == PM_FACT_UNREAD) {
        step_fail(a, e->err != ERR_OK ? e->text : "its answer can't be read", 0);
    } else if (fact == PM_FACT_TOLD && version != PM_ORDER_VERSION) {
        snprintf(text, sizeof text, "the venue speaks version %d of orders, this Turret %d", (int)version, PM_ORDER_VERSION);
        step_fail(a, text, WAIT_MAX_S);
    } else {
        step_pass(a);
    }
}
static void ask_version(struct pm_account *a) { ask(a, "GET", "/version", PM_PUBLIC, PM_RATE_OTHER, on_version); }

static bool creds_take(struct pm_account *a, const struct cJSON *doc) {
    struct pm_creds c;
    char text[REASON_MAX] = "";
    if (!pm_creds_of(doc, &c))
        return false;
    pm_clob_creds_set(a->s->clob, &c);
    a->kept = false;
    if (pm_creds_keep(a->secrets_dir, pm_key_address(a->s->key), a->s->chain_id, &c, text, sizeof text) != ERR_OK)
        log_warn("polymarket", "API credentials are not kept: %s", text);
    explicit_bzero(&c, sizeof c);
    return true;
}

static void on_creds(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *answer) {
    struct pm_account *a = ctx;
    if (e->err != ERR_OK)
        step_fail(a, e->text, answer->status == 401 || answer->status == 403 || answer->status == 400 ? 30 : 0);
    else if (!creds_take(a, doc))
        step_fail(a, "the credentials can't be read", 5);
    else
        step_pass(a);
}
static void on_derived(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *answer) {
    struct pm_account *a = ctx;
    if (answer->status == 400 || answer->status == 404) /* there are none yet */
        ask(a, "POST", "/auth/api-key", PM_L1, PM_RATE_AUTH, on_creds);
    else
        on_creds(ctx, e, doc, answer);
}
static void ask_creds(struct pm_account *a) {
    struct pm_creds c;
    if (!a->distrust && pm_creds_read(a->secrets_dir, pm_key_address(a->s->key), a->s->chain_id, &c)) {
        a->kept = true;
        pm_clob_creds_set(a->s->clob, &c);
        explicit_bzero(&c, sizeof c);
        step_pass(a);
        return;
    }
    ask(a, "GET", "/auth/derive-api-key", PM_L1, PM_RATE_AUTH, on_derived);
}

/* Credentials that are refused are derived anew; kept ones at once, fresh ones after a while. */
static void creds_again(struct pm_account *a, const char *why) {
    bool kept = a->kept;
    pm_clob_creds_set(a->s->clob, NULL);
    pm_creds_forget(a->secrets_dir, pm_key_address(a->s->key), a->s->chain_id);
    a->kept = false;
    a->distrust = true;
    a->step = 0;
    step_fail(a, why, kept ? 0 : 30);
}

static void on_closed_only(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *answer) {
    struct pm_account *a = ctx;
    struct json_err err = {0};
    struct json root = json_root(doc, &err);
    bool closed = false;
    if (answer->status == 401) {
        creds_again(a, "the API credentials are refused");
        return;
    }
    if (!pm_absent(answer) && (e->err != ERR_OK || !json_get_bool(&root, "closed_only", JSON_REQUIRED, &closed))) {
        step_fail(a, e->err != ERR_OK ? e->text : "its answer can't be read", 0);
        return;
    }
    if (closed && !a->s->closed_only)
        note(a, NOTICE_ALERT, "Polymarket lets this account only close positions");
    a->s->closed_only = closed;
    step_pass(a);
}
static void ask_closed_only(struct pm_account *a) { ask(a, "GET", "/auth/ban-status/closed-only", PM_L2, PM_RATE_AUTH, on_closed_only); }

static const struct step steps[] = {
    {"clock", ask_time},
    {"version", ask_version},
    {"API credentials", ask_creds},
    {"restrictions", ask_closed_only},
};
static const struct step *step_at(size_t i) { return i < sizeof steps / sizeof *steps ? &steps[i] : NULL; }

/* --- the place --------------------------------------------------------------------------------------------- */

static void on_place(void *ctx, const struct http_answer *answer) {
    struct pm_account *a = ctx;
    struct pm_place place;
    char text[NOTE_MAX];
    const enum pm_fact fact = pm_fact_place(answer, &place);
    a->asking_place = false;
    if (fact == PM_FACT_UNREAD && a->place_known)
        return; /* as it was */
    if (fact == PM_FACT_UNREAD) {
        snprintf(text, sizeof text, "Polymarket does not say whether it takes orders from here (%.60s): nothing is opened until it does", answer->err != ERR_OK ? answer->text : "its answer can't be read");
        if (!a->place_told)
            note(a, NOTICE_WARN, text);
        a->place_told = true;
    } else if (fact == PM_FACT_ABSENT && !a->place_known) {
        note(a, NOTICE_INFO, "Polymarket has no geoblock to ask (geoblock_url): its own refusals of orders count");
    } else if (place.blocked && (!a->s->blocked || !a->place_known)) {
        snprintf(text, sizeof text, "Polymarket does not open positions from here (%s): only closes and cancels", place.country[0] ? place.country : "place not named");
        note(a, NOTICE_ALERT, text);
    }
    a->s->blocked = place.blocked;
    a->place_known = fact != PM_FACT_UNREAD;
}

static void place_ask(struct pm_account *a) {
    const struct pm_hosts *h = pm_data_hosts(a->s->data);
    a->place_us = clock_mono_us();
    if (!pm_place_asked(h)) {
        a->s->blocked = false;
        a->place_known = true;
        return;
    }
    a->asking_place = true;
    a->place = http_send(&(struct http_request){.url = h->geoblock, .timeout_ms = 10000, .max_body = 65536}, on_place, a);
}

/* --- funds --------------------------------------------------------------------------------------------------- */

static void on_funds(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *answer) {
    struct pm_account *a = ctx;
    struct pm_session *s = a->s;
    usd balance, allowance;
    struct event ev;
    (void)answer;
    a->asking_funds = false;
    if (e->err != ERR_OK || !pm_funds_read(doc, s->chain_id, &balance, &allowance))
        return; /* shown with its age */
    s->balance = balance;
    event_init(&ev, EVENT_FUNDS, VENUE_POLYMARKET, clock_now_us());
    ev.u.funds.account = s->account;
    ev.u.funds.balance = balance;
    ev.u.funds.allowance = allowance;
    ev.u.funds.locked = pm_funds_locked(s->tracker);
    s->sink.put(s->sink.ctx, &ev);
}

static void funds_call(struct pm_account *a, const char *path, enum pm_bucket bucket, pm_call_fn *done) {
    char query[64];
    snprintf(query, sizeof query, "asset_type=COLLATERAL&signature_type=%d", a->s->signature_type);
    pm_clob_call(a->s->clob, &(struct pm_call){.method = "GET", .path = path, .query = query, .auth = PM_L2, .bucket = bucket, .op = PM_OP_READ, .retries = 1}, done, a);
}

static void on_updated(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *answer) {
    (void)e, (void)doc, (void)answer;
    funds_call(ctx, "/balance-allowance", PM_RATE_BALANCE, on_funds);
}

static void funds_ask(struct pm_account *a) {
    bool doubt = a->s->doubt_funds;
    a->s->ask_funds = a->s->doubt_funds = false;
    a->asking_funds = true;
    a->funds_us = clock_mono_us();
    if (doubt)
        funds_call(a, "/balance-allowance/update", PM_RATE_BALANCE_UPDATE, on_updated);
    else
        funds_call(a, "/balance-allowance", PM_RATE_BALANCE, on_funds);
}

/* --- the port -------------------------------------------------------------------------------------------------- */

struct pm_account *pm_account_new(struct pm_session *s, const char *secrets_dir, pm_account_fn *changed, void *ctx) {
    struct pm_account *a = xcalloc(1, sizeof *a);
    a->s = s;
    a->secrets_dir = secrets_dir && secrets_dir[0] ? xstrdup(secrets_dir) : NULL;
    a->changed = changed;
    a->ctx = ctx;
    s->blocked = true; /* until the venue says that it isn't */
    s->balance = USD(-1);
    str_copy(a->missing, sizeof a->missing, "login has not begun");
    ev_init(&a->again, on_again);
    a->again.data = a;
    return a;
}

void pm_account_free(struct pm_account *a) {
    if (!a)
        return;
    ev_timer_stop(loop_get(), &a->again);
    if (a->asking_place)
        http_cancel(a->place);
    pm_clob_drop(a->s->clob, a);
    free(a->secrets_dir);
    free(a);
}

void pm_account_start(struct pm_account *a) {
    if (a->started)
        return;
    a->started = true;
    a->missing[0] = '\0';
    place_ask(a);
    step_ask(a);
}

void pm_account_tick(struct pm_account *a, int64_t now_us) {
    int64_t mono = clock_mono_us();
    (void)now_us;
    if (!a->started)
        return;
    if (!a->asking_place && mono - a->place_us > (a->place_known ? PLACE_AGAIN_US : PLACE_UNKNOWN_US))
        place_ask(a);
    if (a->s->ready && pm_clob_refused(a->s->clob)) {
        a->s->ready = false;
        creds_again(a, "the venue refuses the API credentials");
        return;
    }
    int64_t age = mono - a->funds_us;
    if (a->s->ready && !a->asking_funds && (age > FUNDS_EVERY_US || (a->s->ask_funds && (age > FUNDS_LEAST_US || a->funds_us == 0))))
        funds_ask(a);
    if (!a->s->ready && !step_at(a->step) && a->s->tracker && !ev_is_active(&a->again))
        step_ask(a);
}

const char *pm_account_missing(const struct pm_account *a) { return a->s->ready ? NULL : a->missing; }
