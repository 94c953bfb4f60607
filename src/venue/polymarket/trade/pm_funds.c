/* Balance and allowances as the venue tells them: integers of millionths in strings, or decimals in older answers; allowances by spender. */
#include "venue/polymarket/trade/pm_account.h"

#include "turret/base/str.h"

#include <cjson/cJSON.h>
#include <string.h>

/* "1000000000" are millionths, "250.500000" is a decimal; what is too large to count is as much as one can have. */
static bool units_of(const struct cJSON *node, int64_t *out) {
    const char *text = cJSON_IsString(node) ? node->valuestring : NULL;
    if (cJSON_IsNumber(node)) {
        if (!(node->valuedouble >= 0))
            return false;
        *out = node->valuedouble > 9e15 ? INT64_MAX : (int64_t)node->valuedouble;
        return true;
    }
    if (!text || !text[0])
        return false;
    if (strchr(text, '.'))
        return dec_parse_str(text, out) && *out >= 0;
    int64_t v = 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        v = v > (INT64_MAX - 9) / 10 ? INT64_MAX - 9 : v * 10 + (*text - '0');
        v = v >= INT64_MAX - 9 ? INT64_MAX - 9 : v;
    }
    *out = v;
    return true;
}

static bool is_exchange(const char *spender, int64_t chain_id) {
    struct pm_address a;
    struct pm_domain_info info;
    if (!pm_address_parse(spender, &a))
        return false;
    for (int x = PM_EXCHANGE_STANDARD; x <= PM_EXCHANGE_NEG_RISK; x++)
        if (pm_domain_info(&(struct pm_domain){chain_id, (enum pm_exchange)x}, &info) && !memcmp(&a, &info.contract, sizeof a))
            return true;
    return false;
}

bool pm_funds_read(const struct cJSON *doc, int64_t chain_id, usd *balance, usd *allowance) {
    const struct cJSON *map = cJSON_IsObject(doc) ? cJSON_GetObjectItemCaseSensitive(doc, "allowances") : NULL, *one = cJSON_IsObject(doc) ? cJSON_GetObjectItemCaseSensitive(doc, "allowance") : NULL;
    int64_t v, least = INT64_MAX, least_known = INT64_MAX;
    if (!cJSON_IsObject(doc) || !units_of(cJSON_GetObjectItemCaseSensitive(doc, "balance"), &v))
        return false;
    *balance = USD(v);
    *allowance = USD(-1);
    for (const struct cJSON *it = cJSON_IsObject(map) ? map->child : NULL; it; it = it->next) {
        if (!it->string || !units_of(it, &v))
            continue;
        least = v < least ? v : least;
        if (is_exchange(it->string, chain_id))
            least_known = v < least_known ? v : least_known;
    }
    if (least_known != INT64_MAX)
        *allowance = USD(least_known); /* other contracts of the venue don't matter for orders */
    else if (least != INT64_MAX)
        *allowance = USD(least);
    else if (units_of(one, &v))
        *allowance = USD(v);
    return true;
}

usd pm_funds_locked(const struct tracker *t) {
    usd sum = USD(0);
    for (const struct tracked *o = NULL; t && (o = tracker_next_open(t, o));)
        if (o->action == ACTION_BUY && o->limit.micro > 0 && o->size.micro > o->filled.micro)
            sum = usd_add_sat(sum, usd_of_sat(o->limit, QTY(o->size.micro - o->filled.micro)));
    return sum;
}
