/* Checks of what belongs together: key, wallet and signature type, by address and by what is found there; balance, allowances, open orders. */
#include "venue/polymarket/tool/pm_login.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

static const char *const type_names[] = {"eoa", "proxy", "safe", "deposit"};
static const char *const exchange_names[] = {"standard", "neg-risk", "version 3"};
static const char *type_name(int type) { return type >= 0 && type < 4 ? type_names[type] : "?"; }

/* --- key and wallet ---------------------------------------------------------------------------------------- */

void login_key(struct pm_login *l) {
    char address[PM_ADDRESS_TEXT];
    if (!l->t.key_given) {
        login_report(l, PM_CHECK_FAILED, ERR_CREDENTIALS, "no private key is configured: put it into the secrets folder as 'polymarket-key' (mode 0600)");
        return;
    }
    if (!l->t.key) {
        login_report(l, PM_CHECK_FAILED, ERR_CREDENTIALS, "what is configured is no private key (64 hex digits)");
        return;
    }
    pm_address_text(pm_key_address(l->t.key), address);
    login_report(l, PM_CHECK_OK, ERR_OK, "its address is %s", address);
}

/* The wallet that the venue makes for the key by that type. */
static void wallet_of(const struct pm_login *l, int type, char out[PM_ADDRESS_TEXT]) {
    const struct pm_address *owner = pm_key_address(l->t.key);
    struct pm_address a = *owner;
    if (type == PM_PROXY)
        pm_proxy_address(owner, &a);
    else if (type == PM_SAFE)
        pm_safe_address(owner, &a);
    else if (type == PM_1271)
        pm_deposit_address(owner, &a);
    pm_address_text(&a, out);
}

void login_wallet(struct pm_login *l) {
    const struct pm_address *owner = pm_key_address(l->t.key);
    struct pm_address wallet = *owner;
    char text[PM_ADDRESS_TEXT], want[PM_ADDRESS_TEXT];
    int type = l->t.signature_type, fits;
    if (type < 0 || type > 3) {
        login_report(l, PM_CHECK_FAILED, ERR_WRONG_WALLET, "signature type %d does not exist: 0 eoa, 1 proxy, 2 safe, 3 deposit", type);
        return;
    }
    wallet_of(l, type, want);
    if (!l->t.wallet[0] && type != PM_EOA) {
        login_report(l, PM_CHECK_FAILED, ERR_WRONG_WALLET, "signature type %s needs 'wallet': the address in the site's profile, for this key probably %s", type_name(type), want);
        return;
    }
    if (l->t.wallet[0] && !pm_address_parse(l->t.wallet, &wallet)) {
        login_report(l, PM_CHECK_FAILED, ERR_WRONG_WALLET, "'%.60s' is no address (or its capitals do not fit: copy it again)", l->t.wallet);
        return;
    }
    bool known = pm_wallet_type(owner, &wallet, &fits), sure = pm_tool_real(&l->t) && l->t.chain_id == 137;
    pm_address_text(&wallet, text);
    if (known && fits == type)
        login_report(l, PM_CHECK_OK, ERR_OK, "%s belongs to the key, type %s", text, type_name(type));
    else if (type == PM_EOA)
        login_report(l, PM_CHECK_FAILED, ERR_WRONG_WALLET, "%s is not the key's own address, so the signature type is not eoa%s%s", text, known ? " but " : "", known ? type_name(fits) : "");
    else if (known && fits == PM_EOA)
        login_report(l, PM_CHECK_FAILED, ERR_WRONG_WALLET, "%s is the key's own address; with signature type %s the wallet is another one: see the site's profile", text, type_name(type));
    else if (known)
        login_report(l, PM_CHECK_FAILED, ERR_WRONG_WALLET, "%s is this key's %s wallet: the signature type is %s, not %s", text, type_name(fits), type_name(fits), type_name(type));
    else
        login_report(l, sure ? PM_CHECK_FAILED : PM_CHECK_WARN, sure ? ERR_WRONG_WALLET : ERR_OK, "%s is not this key's %s wallet, which is %s: compare with the site's profile", text, type_name(type), want);
}

/* --- balance -------------------------------------------------------------------------------------------------- */

/* Integers of millionths, however large; decimals with a point. */
static bool amount_of(const struct cJSON *node, usd *out) {
    int64_t v = 0;
    if (cJSON_IsNumber(node) && node->valuedouble >= 0) {
        *out = USD(node->valuedouble > 9e15 ? INT64_MAX : (int64_t)node->valuedouble);
        return true;
    }
    const char *s = cJSON_IsString(node) ? node->valuestring : "";
    if (strchr(s, '.')) {
        bool ok = dec_parse_str(s, &v) && v >= 0;
        *out = USD(ok ? v : 0);
        return ok;
    }
    for (const char *p = s; *p; p++) {
        if (*p < '0' || *p > '9')
            return false;
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *p - '0', &v))
            v = INT64_MAX / 10;
    }
    *out = USD(v);
    return s[0] != 0;
}

static void allowances_read(struct pm_login *l, const struct cJSON *doc) {
    const struct cJSON *map = cJSON_GetObjectItemCaseSensitive(doc, "allowances"), *one = cJSON_GetObjectItemCaseSensitive(doc, "allowance");
    for (int x = 0; x < 3; x++) {
        struct pm_domain_info info;
        struct pm_address who;
        if (!pm_domain_info(&(struct pm_domain){l->t.chain_id, (enum pm_exchange)x}, &info))
            continue;
        for (const struct cJSON *it = cJSON_IsObject(map) ? map->child : NULL; it; it = it->next)
            if (it->string && pm_address_parse(it->string, &who) && !memcmp(&who, &info.contract, sizeof who))
                l->allowed[x].told = amount_of(it, &l->allowed[x].amount);
        if (!cJSON_IsObject(map) && x != PM_EXCHANGE_V3) /* an older form: one for all */
            l->allowed[x].told = amount_of(one, &l->allowed[x].amount);
    }
}

static void ask_balance(struct pm_login *l, int type, const char *path, enum pm_bucket bucket, pm_call_fn *done) {
    char query[64];
    snprintf(query, sizeof query, "asset_type=COLLATERAL&signature_type=%d", type);
    login_call(l, "GET", path, query, PM_L2, bucket, done);
}

static void text_of(usd v, char out[DEC_TEXT_MAX]) { dec_format(v.micro, 2, out); }

static void report_empty(struct pm_login *l) {
    char found[DEC_TEXT_MAX];
    text_of(l->found, found);
    if (l->found_type >= 0)
        login_report(l, PM_CHECK_FAILED, ERR_WRONG_WALLET, "nothing with signature type %s, but %s pUSD with type %s: set signature_type (and wallet) to that", type_name(l->t.signature_type), found,
                     type_name(l->found_type));
    else
        login_report(l, PM_CHECK_WARN, ERR_OK, "no pUSD: deposit some, or wrap USDC.e at the site; else the wallet or the signature type is not the right one");
}

/* Nothing where it was looked for: is there something by another signature type? */
static void on_probe(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a);
static void probe_next(struct pm_login *l) {
    l->probe++;
    if (l->probe == l->t.signature_type)
        l->probe++;
    if (l->probe > 3)
        report_empty(l);
    else
        ask_balance(l, l->probe, "/balance-allowance", PM_RATE_BALANCE, on_probe);
}
static void on_probe(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_login *l = ctx;
    usd v = USD(0);
    (void)a;
    if (e->err == ERR_OK && cJSON_IsObject(doc) && amount_of(cJSON_GetObjectItemCaseSensitive(doc, "balance"), &v) && v.micro > l->found.micro) {
        l->found = v;
        l->found_type = l->probe;
    }
    probe_next(l);
}

static void on_balance(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a);
static void on_updated(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_login *l = ctx;
    (void)e, (void)doc, (void)a; /* what it changed shows in the balance */
    ask_balance(l, l->t.signature_type, "/balance-allowance", PM_RATE_BALANCE, on_balance);
}
static bool allowance_lacks(const struct pm_login *l) { return !l->allowed[0].told || !l->allowed[1].told || !l->allowed[0].amount.micro || !l->allowed[1].amount.micro; }

static void on_balance(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_login *l = ctx;
    (void)a;
    l->funds_known = e->err == ERR_OK && cJSON_IsObject(doc) && amount_of(cJSON_GetObjectItemCaseSensitive(doc, "balance"), &l->balance);
    if (l->funds_known)
        allowances_read(l, doc);
    if (!l->updated && (!l->funds_known || l->balance.micro == 0 || allowance_lacks(l))) { /* their cache may be old */
        l->updated = true;
        ask_balance(l, l->t.signature_type, "/balance-allowance/update", PM_RATE_BALANCE_UPDATE, on_updated);
    } else if (!l->funds_known) {
        login_report(l, PM_CHECK_FAILED, e->err != ERR_OK ? e->err : ERR_PROVIDER, "%s", e->err != ERR_OK ? e->text : "the venue's answer can't be read");
    } else if (l->balance.micro == 0) {
        l->probe = l->found_type = -1;
        l->found = USD(0);
        probe_next(l);
    } else {
        char text[DEC_TEXT_MAX];
        text_of(l->balance, text);
        login_report(l, PM_CHECK_OK, ERR_OK, "%s pUSD with signature type %s", text, type_name(l->t.signature_type));
    }
}
void login_balance(struct pm_login *l) { ask_balance(l, l->t.signature_type, "/balance-allowance", PM_RATE_BALANCE, on_balance); }

/* --- allowances: told with the balance ------------------------------------------------------------------------ */

void login_allowances(struct pm_login *l) {
    char lacks[96] = "", low[96] = "", quiet[96] = "", text[DEC_TEXT_MAX];
    size_t n = 0, k = 0, q = 0;
    if (!l->funds_known) {
        login_report(l, PM_CHECK_SKIPPED, ERR_OK, "not known without the balance");
        return;
    }
    for (int x = 0; x < 3; x++) {
        const char *name = exchange_names[x];
        if (!l->allowed[x].told)
            q += x == PM_EXCHANGE_V3 ? 0 : (size_t)snprintf(quiet + q, sizeof quiet - q, "%s%s", q ? ", " : "", name);
        else if (l->allowed[x].amount.micro == 0 && x != PM_EXCHANGE_V3)
            n += (size_t)snprintf(lacks + n, sizeof lacks - n, "%s%s", n ? ", " : "", name);
        else if (l->allowed[x].amount.micro < l->balance.micro || l->allowed[x].amount.micro == 0)
            k += (size_t)snprintf(low + k, sizeof low - k, "%s%s", k ? ", " : "", name);
    }
    text_of(l->balance, text);
    if (n)
        login_report(l, PM_CHECK_FAILED, ERR_ALLOWANCE, "the %s exchange may not spend: approve pUSD (and the outcome tokens) for it, or trade once at the site", lacks);
    else if (q)
        login_report(l, PM_CHECK_WARN, ERR_OK, "not told for the %s exchange", quiet);
    else if (k)
        login_report(l, PM_CHECK_WARN, ERR_OK, "the %s exchange may spend less than the balance of %s: approve more before larger orders", low, text);
    else
        login_report(l, PM_CHECK_OK, ERR_OK, "%s may spend", l->allowed[2].told ? "all three exchanges" : "both exchanges");
}

/* --- open orders ------------------------------------------------------------------------------------------------- */

static bool on_order(void *ctx, const struct json *item) {
    struct pm_login *l = ctx;
    struct json_err err = {0};
    struct json at = *item;
    struct pm_address maker, wallet;
    const char *text = NULL;
    at.err = &err;
    l->orders++;
    if (json_get_str(&at, "maker_address", JSON_OPTIONAL, &text) && text && pm_address_parse(text, &maker) && pm_address_parse(l->t.wallet, &wallet) &&
        memcmp(&maker, &wallet, sizeof maker) != 0) {
        l->others++;
        pm_address_text(&maker, l->other);
    }
    return l->orders < 10000;
}
static void on_orders(void *ctx, const struct pm_error *e) {
    struct pm_login *l = ctx;
    if (e->err != ERR_OK)
        login_report(l, PM_CHECK_FAILED, e->err, "can't be read: %s", e->text);
    else if (l->others)
        login_report(l, PM_CHECK_WARN, ERR_OK, "%d of %d open orders belong to another wallet, %s: is 'wallet' right?", l->others, l->orders, l->other);
    else
        login_report(l, PM_CHECK_OK, ERR_OK, "%d open", l->orders);
}
void login_orders(struct pm_login *l) {
    pm_clob_pages(l->t.clob, &(struct pm_call){.method = "GET", .path = "/data/orders", .auth = PM_L2, .bucket = PM_RATE_ORDERS_READ, .op = PM_OP_READ, .retries = 1}, on_order, on_orders, l);
}
