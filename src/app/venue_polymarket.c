/* Polymarket for `turret venue`: checks of the login, what the account holds, search, and cancelling everything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/polymarket_conf.h"
#include "app/venue_cli.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"

#define UNLIMITED (1000000000LL * DEC_ONE) /* nobody has that much */

struct state {
    struct polymarket_conf conf;
    struct pm_login *login;
    struct pm_search *search;
    struct pm_cancel *cancel;
    struct pm_overview_run *overview;
};

static const char *secret_wrong(const struct secret *s) {
    const char *hex = s->len == 66 && s->p[0] == '0' && (s->p[1] == 'x' || s->p[1] == 'X') ? s->p + 2 : s->p;
    const size_t n = strlen(hex);
    return n == 64 && strspn(hex, "0123456789abcdefABCDEF") == 64 ? NULL : "a private key is 64 hexadecimal digits, with or without 0x";
}

static enum err open_state(struct venue_run *r, char *text, size_t cap) {
    struct state *s = r->state = xcalloc(1, sizeof *s);
    enum err e = polymarket_conf_read(r->c->config, r->c->data_dir, r->c->config_path, r->key, &s->conf, text, cap);
    if (e == ERR_OK && r->key && !s->conf.key.p) {
        snprintf(text, cap, "no key: `turret venue login` stores one (looked for in %s)", s->conf.key_text);
        e = ERR_CREDENTIALS;
    }
    return e;
}

static void close_state(struct venue_run *r) {
    struct state *s = r->state;
    pm_login_free(s->login);
    pm_search_free(s->search);
    pm_cancel_free(s->cancel);
    pm_overview_free(s->overview);
    polymarket_conf_free(&s->conf);
    free(s);
    r->state = NULL;
}

static void on_end(void *ctx, enum err worst, const char *text) { venue_cli_done(ctx, worst, text); }

static void on_check(void *ctx, const struct pm_check *c) {
    static const char *const states[] = {[PM_CHECK_OK] = "ok", [PM_CHECK_WARN] = "warn", [PM_CHECK_FAILED] = "failed", [PM_CHECK_SKIPPED] = "skipped"};
    venue_cli_check(ctx, c->name, states[c->state & 3], c->err, c->text);
}

static bool test(struct venue_run *r) {
    struct state *s = r->state;
    s->login = pm_login_start(&s->conf.cfg, r->create, on_check, on_end, r);
    return true;
}

static void add_dec(cJSON *o, const char *key, int64_t micro, bool known) {
    char text[DEC_TEXT_MAX];
    dec_format(micro, 0, text);
    cJSON_AddItemToObject(o, key, known ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static void on_held(void *ctx, const struct pm_held *h) {
    struct venue_run *r = ctx;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "market", h->slug);
    cJSON_AddStringToObject(o, "outcome", h->outcome);
    add_dec(o, "size", h->size.micro, true);
    add_dec(o, "entry_price", h->avg.micro, h->avg.micro > 0);
    add_dec(o, "mark", h->now.micro, true);
    add_dec(o, "value", h->value.micro, true);
    cJSON_AddBoolToObject(o, "redeemable", h->redeemable);
    if (r->c->json)
        cJSON_AddStringToObject(o, "title", h->title);
    cJSON_AddItemToArray(r->rows, o);
}

static void on_overview(void *ctx, enum err e, const char *text, const struct pm_overview *o) {
    static const char *const types[] = {"eoa", "proxy", "safe", "deposit"};
    struct venue_run *r = ctx;
    const struct state *s = r->state;
    if (o) {
        r->facts = cJSON_CreateObject();
        cJSON_AddStringToObject(r->facts, "account", s->conf.cfg.account.name);
        cJSON_AddStringToObject(r->facts, "wallet", o->wallet);
        cJSON_AddStringToObject(r->facts, "signature_type", types[o->signature_type & 3]);
        add_dec(r->facts, "balance", o->balance.micro, o->balance.micro >= 0);
        if (!r->c->json && o->allowance.micro >= UNLIMITED)
            cJSON_AddStringToObject(r->facts, "allowance", "unlimited");
        else
            add_dec(r->facts, "allowance", o->allowance.micro, o->allowance.micro >= 0);
        cJSON_AddNumberToObject(r->facts, "open_orders", o->orders);
        add_dec(r->facts, "in_orders", o->in_orders.micro, true);
        cJSON_AddItemToObject(r->facts, "positions_held", o->positions < 0 ? cJSON_CreateNull() : cJSON_CreateNumber(o->positions));
        add_dec(r->facts, "positions_value", o->positions_value.micro, o->positions >= 0);
        add_dec(r->facts, "redeemable", o->redeemable.micro, o->positions >= 0);
    }
    venue_cli_done(r, e, text);
}

static bool accounts(struct venue_run *r) {
    struct state *s = r->state;
    s->overview = pm_overview_start(&s->conf.cfg, on_held, on_overview, r, r->text, sizeof r->text);
    if (!s->overview)
        r->err = ERR_CREDENTIALS;
    return s->overview != NULL;
}

static void on_found(void *ctx, const struct pm_found *f) {
    struct venue_run *r = ctx;
    char closes[32] = "";
    if (!f)
        return;
    cJSON *o = cJSON_CreateObject();
    clock_format_rfc3339(f->closes_us, closes);
    cJSON_AddStringToObject(o, "slug", f->slug);
    add_dec(o, "bid", f->bid.micro, f->bid.micro > 0);
    add_dec(o, "ask", f->ask.micro, f->ask.micro > 0);
    add_dec(o, "volume_24h", f->volume_24h.micro, true);
    cJSON_AddItemToObject(o, "closes_at", f->closes_us > 0 ? cJSON_CreateString(closes) : cJSON_CreateNull());
    cJSON_AddBoolToObject(o, "open", f->open);
    cJSON_AddStringToObject(o, "title", f->title);
    if (r->c->json)
        cJSON_AddStringToObject(o, "symbol", f->symbol);
    cJSON_AddItemToArray(r->rows, o);
}

static bool search(struct venue_run *r) {
    struct state *s = r->state;
    s->search = pm_search_start(&s->conf.cfg.hosts, r->words, 50, on_found, on_end, r);
    return true;
}

static bool cancel_all(struct venue_run *r) {
    struct state *s = r->state;
    s->cancel = pm_cancel_start(&s->conf.cfg, r->words, on_end, r);
    return true;
}

const struct venue_cli venue_cli_polymarket = {
    .name = "polymarket",
    .secret = POLYMARKET_KEY_FILE,
    .prompt = "Private key of the address that owns the wallet",
    .create_question = "If this key has no API credentials at Polymarket yet, create them?",
    .secret_wrong = secret_wrong,
    .open = open_state,
    .close = close_state,
    .test = test,
    .accounts = accounts,
    .search = search,
    .cancel_all = cancel_all,
};
