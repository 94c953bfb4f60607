/* What the wallet holds: tokens named by what was told here (orders, fills, stored positions) and by the Data API (what came from elsewhere), each
 * with its balance at the CLOB. Many tokens: those that moved lately and those of which the two disagree are asked, for the others the list counts. */
#include "venue/polymarket/trade/pm_account.h"
#include "venue/polymarket/trade/pm_recon_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/hash.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

#define REFRESH_MAX 10                  /* and 50 looks at the chain */
#define RECENT_US (600 * PM_SECOND)     /* moved so lately: the Data API may be behind */
#define REFRESH_US (120 * PM_SECOND)    /* and the CLOB's own cache */
#define LOST_TRIES 3
#define LISTING_US (60 * PM_SECOND)     /* a market that was known is listed again within this after a start */

static uint64_t text_key(const char *s) { return fnv64(FNV64_INIT, s, strlen(s)); }

struct pm_holding *pm_holding_get(struct pm_recon *r, const char *token) {
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->h[i]->token, token) == 0)
            return r->h[i];
    struct pm_holding *h = xcalloc(1, sizeof *h);
    h->r = r;
    str_copy(h->token, sizeof h->token, token);
    r->h = xgrow(r->h, &r->cap, r->count + 1, sizeof(struct pm_holding *));
    r->h[r->count++] = h;
    return h;
}

static void holding_place(struct pm_holding *h, const struct pm_market *m, int outcome) {
    h->market = m->m.id;
    h->side = outcome == 0 ? SIDE_YES : SIDE_NO;
    str_copy(h->condition, sizeof h->condition, m->m.native);
}

/* --- markets ------------------------------------------------------------------------------------------------------------- */
static void on_market(void *ctx, const struct pm_market *m) {
    struct pm_holding *h = ctx;
    struct pm_recon *r = h->r;
    uint64_t times = 0;
    int outcome = 0;
    r->waiting--;
    m = pm_market_by_token(r->u->s->data, h->token, &outcome);
    if (m != NULL) {
        holding_place(h, m, outcome);
        map_del(&r->lost, text_key(h->token));
    } else {
        map_get(&r->lost, text_key(h->token), &times);
        map_put(&r->lost, text_key(h->token), times + 1);
        h->lost = true;
        if (times + 1 < LOST_TRIES)
            pm_recon_fail(r, "the market of a position can't be listed (%.20s...)", h->token);
        else if (times + 1 == LOST_TRIES)
            pm_user_note(r->u, NOTICE_ALERT, "Polymarket: the wallet holds a token whose market can't be listed: left out (%.24s...)", h->token);
    }
    pm_recon_advance(r);
}

/* Tokens of what was told here. A market that the store knows may not be listed again yet. */
static void places_add(struct pm_recon *r) {
    const struct pm_session *s = r->u->s;
    const struct tracker_place *p;
    for (size_t i = 0; (p = tracker_place(s->tracker, i)) != NULL; i++) {
        const bool recent = p->at_us > 0 && r->started_us - p->at_us < RECENT_US;
        if (llabs(p->net.micro) < PM_DUST && !recent)
            continue;
        const struct pm_market *m = pm_market_by_id(s->data, p->market);
        const int outcome = p->side == SIDE_NO;
        if (m == NULL) {
            if (r->started_us - r->born_us < LISTING_US)
                pm_recon_fail(r, "the market of a position is not listed yet");
            continue;
        }
        struct pm_holding *h = pm_holding_get(r, m->token[outcome]);
        holding_place(h, m, outcome);
        h->ask = true;
        h->refresh = p->at_us > 0 && r->started_us - p->at_us < REFRESH_US;
    }
}

void pm_holdings_markets(struct pm_recon *r) {
    struct pm_data *d = r->u->s->data;
    places_add(r);
    for (size_t i = 0; i < r->count; i++) {
        struct pm_holding *h = r->h[i];
        uint64_t times = 0;
        int outcome = 0;
        const struct pm_market *m = pm_market_by_token(d, h->token, &outcome);
        if (m != NULL) {
            holding_place(h, m, outcome);
            pm_market_need(d, h->token, NULL, NULL); /* stays watched */
            if (h->redeemable)
                pm_market_over(d, h->market);
        } else if (map_get(&r->lost, text_key(h->token), &times) && times >= LOST_TRIES && r->round % 16 != 0) {
            h->lost = true; /* now and then it is tried again */
        } else {
            r->waiting++;
            pm_market_need(d, h->token, on_market, h);
        }
    }
}

/* --- balances -------------------------------------------------------------------------------------------------------------- */
static void balance_ask(struct pm_holding *h, bool refresh);

static void on_balance(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_holding *h = ctx;
    struct pm_recon *r = h->r;
    usd size = {0}, allowance;
    const bool good = e->err == ERR_OK && pm_funds_read(doc, r->u->s->chain_id, &size, &allowance);
    (void)a;
    r->waiting--;
    h->size = QTY(size.micro);
    h->asked = good;
    if (!good)
        pm_recon_fail(r, "balance of a token: %.60s", e->err != ERR_OK ? e->text : "the answer can't be read"); /* the holding is gone now */
    pm_recon_advance(r);
}

static void on_refreshed(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    (void)e, (void)doc, (void)a; /* it only helps */
    balance_ask(ctx, false);
}

static void balance_ask(struct pm_holding *h, bool refresh) {
    const struct pm_session *s = h->r->u->s;
    const struct pm_market *m = pm_market_by_id(s->data, h->market);
    char query[192];
    snprintf(query, sizeof query, "asset_type=%s&token_id=%s&signature_type=%d", m != NULL && m->protocol == 2 ? "CONDITIONAL-V2" : "CONDITIONAL", h->token, s->signature_type);
    const struct pm_call call = {.method = "GET", .path = refresh ? "/balance-allowance/update" : "/balance-allowance", .query = query, .auth = PM_L2,
                                 .bucket = refresh ? PM_RATE_BALANCE_UPDATE : PM_RATE_BALANCE, .op = PM_OP_READ, .retries = refresh ? 0 : 2, .timeout_ms = 5000};
    pm_clob_call(s->clob, &call, refresh ? on_refreshed : on_balance, h);
}

static void on_cash(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_recon *r = *(struct pm_recon **)ctx;
    (void)a;
    r->waiting--;
    r->cash_known = e->err == ERR_OK && pm_funds_read(doc, r->u->s->chain_id, &r->cash, &r->allowance);
    if (!r->cash_known)
        pm_recon_fail(r, "balance: %.70s", e->err != ERR_OK ? e->text : "the answer can't be read");
    pm_recon_advance(r);
}

static void cash_ask(struct pm_recon *r, bool refresh);
static void on_cash_refreshed(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    (void)e, (void)doc, (void)a;
    cash_ask(*(struct pm_recon **)ctx, false);
}

static void cash_ask(struct pm_recon *r, bool refresh) {
    char query[64];
    snprintf(query, sizeof query, "asset_type=COLLATERAL&signature_type=%d", r->u->s->signature_type);
    const struct pm_call call = {.method = "GET", .path = refresh ? "/balance-allowance/update" : "/balance-allowance", .query = query, .auth = PM_L2,
                                 .bucket = refresh ? PM_RATE_BALANCE_UPDATE : PM_RATE_BALANCE, .op = PM_OP_READ, .retries = refresh ? 0 : 2, .timeout_ms = 5000};
    pm_clob_call(r->u->s->clob, &call, refresh ? on_cash_refreshed : on_cash, &r->self);
}

void pm_holdings_balances(struct pm_recon *r) {
    int asks = 0, refreshes = 0;
    r->waiting++;
    cash_ask(r, true);
    for (int pass = 0; pass < 2; pass++) /* what moved here first */
        for (size_t i = 0; i < r->count && asks < PM_BALANCES_MAX; i++) {
            struct pm_holding *h = r->h[i];
            if (h->market == 0 || h->lost || h->ask != (pass == 0))
                continue;
            asks++;
            r->waiting++;
            balance_ask(h, h->refresh && refreshes++ < REFRESH_MAX);
        }
}

void pm_holdings_settled(struct pm_recon *r) {
    const struct pm_session *s = r->u->s;
    const struct tracker_place *p;
    for (size_t i = 0; (p = tracker_place(s->tracker, i)) != NULL; i++) {
        const struct pm_market *m = llabs(p->net.micro) < PM_DUST ? NULL : pm_market_by_id(s->data, p->market);
        if (m == NULL || m->m.status != MARKET_RESOLVED)
            continue;
        struct pm_holding *h = pm_holding_get(r, m->token[p->side == SIDE_NO]);
        holding_place(h, m, p->side == SIDE_NO);
        h->ask = h->refresh = true;
    }
    pm_holdings_balances(r);
}

void pm_holdings_drop(struct pm_recon *r) {
    pm_clob_drop(r->u->s->clob, &r->self);
    http_cancel(r->http);
    r->http = (struct http_handle){0};
    for (size_t i = 0; i < r->count; i++) {
        pm_clob_drop(r->u->s->clob, r->h[i]);
        pm_market_needs_drop(r->u->s->data, r->h[i]);
        free(r->h[i]);
    }
    r->count = 0;
}
