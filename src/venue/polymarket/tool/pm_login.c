/* turret venue login | test: the table of checks, one after the other. A check whose ground failed before it is passed over and says so; the first that
 * failed is named at the end. */
#include "venue/polymarket/tool/pm_login.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/utf8.h"
#include "venue/polymarket/trade/pm_facts.h"

#define SECOND_US 1000000LL
#define SKEW_NOTED_US (5 * SECOND_US)

enum needs { NEED_VENUE = 1, NEED_KEY = 2, NEED_ACCESS = 4 };

static void check_clock(struct pm_login *l);
static void check_version(struct pm_login *l);
static void check_place(struct pm_login *l);
static void check_credentials(struct pm_login *l);
static void check_access(struct pm_login *l);
static void check_restrictions(struct pm_login *l);

static const struct step { const char *name; void (*run)(struct pm_login *l); unsigned needs; } steps[] = {
    {"clock", check_clock, 0},
    {"version", check_version, NEED_VENUE},
    {"place", check_place, 0},
    {"key", login_key, 0},
    {"wallet", login_wallet, NEED_KEY},
    {"credentials", check_credentials, NEED_VENUE | NEED_KEY},
    {"access", check_access, NEED_VENUE | NEED_KEY | NEED_ACCESS},
    {"restrictions", check_restrictions, NEED_VENUE | NEED_KEY | NEED_ACCESS},
    {"balance", login_balance, NEED_VENUE | NEED_KEY | NEED_ACCESS},
    {"allowances", login_allowances, NEED_VENUE | NEED_KEY | NEED_ACCESS},
    {"orders", login_orders, NEED_VENUE | NEED_KEY | NEED_ACCESS},
};
enum { STEPS = sizeof steps / sizeof *steps };

/* --- going through ----------------------------------------------------------------------------------------- */

static void step_run(struct pm_login *l) {
    if (l->step == STEPS) {
        char text[sizeof l->worst_text];
        if (l->failed)
            str_copy(text, sizeof text, l->worst_text);
        else
            snprintf(text, sizeof text, l->warned ? "all checks passed, %d with a remark" : "all checks passed", l->warned);
        l->end(l->ctx, l->worst, text);
        return;
    }
    const struct step *s = &steps[l->step];
    if ((s->needs & NEED_KEY) && !l->t.key)
        login_report(l, PM_CHECK_SKIPPED, ERR_OK, "not tried without a key");
    else if ((s->needs & NEED_VENUE) && !l->reachable)
        login_report(l, PM_CHECK_SKIPPED, ERR_OK, "not tried: the venue was not reached");
    else if ((s->needs & NEED_ACCESS) && !l->accepted)
        login_report(l, PM_CHECK_SKIPPED, ERR_OK, "not tried without API credentials");
    else
        s->run(l);
}

void login_report(struct pm_login *l, enum pm_check_state state, enum err e, const char *fmt, ...) {
    struct pm_check c = {.name = steps[l->step].name, .state = state, .err = e};
    char text[512];
    bool gone = false;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    utf8_sanitise(c.text, sizeof c.text, text, n < 0 ? 0 : n < (int)sizeof text ? (size_t)n : sizeof text - 1);
    l->warned += state == PM_CHECK_WARN;
    if (state == PM_CHECK_FAILED && !l->failed++) {
        l->worst = e != ERR_OK ? e : ERR_FAILED;
        snprintf(l->worst_text, sizeof l->worst_text, "%s: %s", c.name, c.text);
    }
    l->step++;
    l->t.gone = &gone;
    l->check(l->ctx, &c);
    if (gone)
        return;
    l->t.gone = NULL;
    step_run(l);
}

void login_call(struct pm_login *l, const char *method, const char *path, const char *query, enum pm_auth auth, enum pm_bucket bucket, pm_call_fn *done) {
    pm_clob_call(l->t.clob, &(struct pm_call){.method = method, .path = path, .query = query, .auth = auth, .bucket = bucket, .op = PM_OP_LOGIN, .retries = method[0] == 'G'}, done, l);
}

/* --- the venue ------------------------------------------------------------------------------------------------ */

static void on_time(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_login *l = ctx;
    switch (pm_fact_time(l->t.clob, e, doc, a)) {
    case PM_FACT_ABSENT:
        l->reachable = true;
        login_report(l, PM_CHECK_WARN, ERR_OK, "the venue does not tell its time (404): this machine's counts, it must be right to a few seconds");
        return;
    case PM_FACT_UNREAD:
        if (e->err != ERR_OK)
            login_report(l, PM_CHECK_FAILED, e->err, "the venue does not tell its time: %s", e->text);
        else
            login_report(l, PM_CHECK_FAILED, ERR_PROVIDER, "the venue's time can't be read");
        return;
    case PM_FACT_TOLD: break;
    }
    int64_t skew = pm_clob_skew_us(l->t.clob), off = skew < 0 ? -skew : skew;
    l->reachable = true;
    if (off > SKEW_NOTED_US)
        login_report(l, PM_CHECK_WARN, ERR_OK, "this machine is %lld s %s the venue; allowed for, but set the clock (timedatectl set-ntp true)", (long long)(off / SECOND_US),
                     skew > 0 ? "behind" : "ahead of");
    else
        login_report(l, PM_CHECK_OK, ERR_OK, "agrees with the venue's (answered in %lld ms)", (long long)(a->latency_us / 1000));
}
static void check_clock(struct pm_login *l) { login_call(l, "GET", "/time", NULL, PM_PUBLIC, PM_RATE_OTHER, on_time); }

static void on_version(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_login *l = ctx;
    int64_t version = 0;
    const enum pm_fact fact = pm_fact_version(e, doc, a, &version);
    if (fact == PM_FACT_ABSENT)
        login_report(l, PM_CHECK_WARN, ERR_OK, "the venue does not tell (404): orders of version %d are sent, and refused if it wants another", PM_ORDER_VERSION);
    else if (fact == PM_FACT_UNREAD && e->err != ERR_OK)
        login_report(l, PM_CHECK_FAILED, e->err, "%s", e->text);
    else if (fact == PM_FACT_UNREAD)
        login_report(l, PM_CHECK_FAILED, ERR_PROVIDER, "the venue's version can't be read");
    else if (version != PM_ORDER_VERSION)
        login_report(l, PM_CHECK_FAILED, ERR_ORDER_VERSION, "the venue speaks version %d of orders, this Turret version %d: a newer Turret is needed", (int)version, PM_ORDER_VERSION);
    else
        login_report(l, PM_CHECK_OK, ERR_OK, "orders of version %d", (int)version);
}
static void check_version(struct pm_login *l) { login_call(l, "GET", "/version", NULL, PM_PUBLIC, PM_RATE_OTHER, on_version); }

static void on_place(void *ctx, const struct http_answer *a) {
    struct pm_login *l = ctx;
    struct pm_place place;
    const enum pm_fact fact = pm_fact_place(a, &place);
    const char *where = place.country[0] ? place.country : "place not named";
    l->asking_place = false;
    if (fact == PM_FACT_ABSENT)
        login_report(l, PM_CHECK_WARN, ERR_OK, "not told: there is no geoblock at geoblock_url (%d); where orders are not taken from here, the venue refuses them", a->status);
    else if (fact == PM_FACT_UNREAD)
        login_report(l, PM_CHECK_FAILED, a->err != ERR_OK ? a->err : ERR_PROVIDER, "the venue does not say whether it takes orders from here (%s); until it does nothing is opened",
                     a->err != ERR_OK ? a->text : "its answer can't be read");
    else if (place.blocked)
        login_report(l, PM_CHECK_FAILED, ERR_GEOBLOCKED, "the venue does not open positions from here (%s); closes and cancels pass", where);
    else
        login_report(l, PM_CHECK_OK, ERR_OK, "orders are taken from here (%s)", where);
}
static void check_place(struct pm_login *l) {
    if (!pm_place_asked(&l->t.hosts)) {
        login_report(l, PM_CHECK_SKIPPED, ERR_OK, "not asked: clob_url is on this machine, and geoblock_url the real venue's");
        return;
    }
    l->asking_place = true;
    l->place = http_send(&(struct http_request){.url = l->t.hosts.geoblock, .timeout_ms = 10000, .max_body = 65536}, on_place, l);
}

/* --- API credentials --------------------------------------------------------------------------------------- */

static void creds_take(struct pm_login *l, const struct cJSON *doc, const char *how) {
    struct pm_creds c;
    char text[REASON_MAX] = "";
    if (!pm_creds_of(doc, &c)) {
        login_report(l, PM_CHECK_FAILED, ERR_PROVIDER, "the credentials in the venue's answer can't be read");
        return;
    }
    pm_clob_creds_set(l->t.clob, &c);
    enum err e = pm_creds_keep(l->t.secrets_dir, pm_key_address(l->t.key), l->t.chain_id, &c, text, sizeof text);
    explicit_bzero(&c, sizeof c);
    l->accepted = true; /* as far as we know */
    if (e != ERR_OK)
        login_report(l, PM_CHECK_WARN, ERR_OK, "%s, but can't be kept: %s", how, text);
    else
        login_report(l, PM_CHECK_OK, ERR_OK, "%s%s%s", how, l->t.secrets_dir ? ", kept in " : "", l->t.secrets_dir ? l->t.secrets_dir : "");
}

/* A venue that gives credentials once and derives none: those that were kept. */
static bool kept_take(struct pm_login *l) {
    struct pm_creds c;
    if (!pm_creds_read(l->t.secrets_dir, pm_key_address(l->t.key), l->t.chain_id, &c))
        return false;
    pm_clob_creds_set(l->t.clob, &c);
    explicit_bzero(&c, sizeof c);
    l->accepted = true;
    login_report(l, PM_CHECK_OK, ERR_OK, "those kept in %s; the venue derives none for this key", l->t.secrets_dir);
    return true;
}

static void on_created(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_login *l = ctx;
    (void)a;
    if (e->err == ERR_OK)
        creds_take(l, doc, "created");
    else if (!kept_take(l))
        login_report(l, PM_CHECK_FAILED, e->err, "can't be created: %s", e->text);
}

static void on_derived(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_login *l = ctx;
    bool none = a->status == 400 || a->status == 404;
    if (e->err == ERR_OK)
        creds_take(l, doc, "derived from the key");
    else if (none && l->create)
        login_call(l, "POST", "/auth/api-key", NULL, PM_L1, PM_RATE_AUTH, on_created);
    else if (none && !kept_take(l))
        login_report(l, PM_CHECK_FAILED, ERR_CREDENTIALS, "there are none for this key yet: 'turret venue login' creates them");
    else if (!none)
        login_report(l, PM_CHECK_FAILED, e->err, "the venue refuses this key's signature: %s", e->text);
}
static void check_credentials(struct pm_login *l) { login_call(l, "GET", "/auth/derive-api-key", NULL, PM_L1, PM_RATE_AUTH, on_derived); }

/* --- what they open ------------------------------------------------------------------------------------------- */

static void on_keys(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_login *l = ctx;
    struct json_err err = {0};
    struct json root = json_root(doc, &err), list;
    const struct pm_creds *c = pm_clob_creds(l->t.clob);
    bool ours = false;
    if (pm_absent(a)) { /* the balance will tell */
        login_report(l, PM_CHECK_SKIPPED, ERR_OK, "the venue does not list its API keys (404)");
        return;
    }
    if (e->err != ERR_OK) {
        l->accepted = false;
        login_report(l, PM_CHECK_FAILED, e->err, "the API credentials are refused: %s", e->text);
        return;
    }
    if (!json_get_array(&root, "apiKeys", JSON_REQUIRED, &list)) {
        login_report(l, PM_CHECK_WARN, ERR_OK, "the list of API keys can't be read: %s", err.text);
        return;
    }
    for (struct json it = json_first(&list); it.node; it = json_next(&it)) {
        const struct cJSON *id = cJSON_IsObject(it.node) ? cJSON_GetObjectItemCaseSensitive(it.node, "apiKey") : it.node;
        ours = ours || (cJSON_IsString(id) && c && !strcmp(id->valuestring, c->key));
    }
    if (ours)
        login_report(l, PM_CHECK_OK, ERR_OK, "the API credentials are accepted (keys of this address: %d)", json_count(&list));
    else
        login_report(l, PM_CHECK_WARN, ERR_OK, "the API credentials are accepted, but are not in the list of this address's keys");
}
static void check_access(struct pm_login *l) { login_call(l, "GET", "/auth/api-keys", NULL, PM_L2, PM_RATE_AUTH, on_keys); }

static void on_closed_only(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_login *l = ctx;
    struct json_err err = {0};
    struct json root = json_root(doc, &err);
    bool closed = false;
    if (pm_absent(a))
        login_report(l, PM_CHECK_SKIPPED, ERR_OK, "the venue does not tell");
    else if (e->err != ERR_OK)
        login_report(l, PM_CHECK_FAILED, e->err, "%s", e->text);
    else if (!json_get_bool(&root, "closed_only", JSON_REQUIRED, &closed))
        login_report(l, PM_CHECK_WARN, ERR_OK, "the venue's answer can't be read: %s", err.text);
    else if (closed)
        login_report(l, PM_CHECK_FAILED, ERR_ACCOUNT_BANNED, "the venue lets this account only close positions: ask its support");
    else
        login_report(l, PM_CHECK_OK, ERR_OK, "none");
}
static void check_restrictions(struct pm_login *l) { login_call(l, "GET", "/auth/ban-status/closed-only", NULL, PM_L2, PM_RATE_AUTH, on_closed_only); }

/* --- the port --------------------------------------------------------------------------------------------------- */

static void begin(void *ctx) { step_run(ctx); }

struct pm_login *pm_login_start(const struct pm_cfg *cfg, bool create, pm_check_fn *check, pm_end_fn *end, void *ctx) {
    struct pm_login *l = xcalloc(1, sizeof *l);
    l->create = create;
    l->check = check;
    l->end = end;
    l->ctx = ctx;
    l->worst = ERR_OK;
    pm_tool_open(&l->t, &cfg->hosts, &cfg->account, cfg->chain_id, begin, l);
    return l;
}

void pm_login_free(struct pm_login *l) {
    if (!l)
        return;
    if (l->asking_place)
        http_cancel(l->place);
    pm_tool_close(&l->t);
    free(l);
}
