/* Settings that need a second look: those that must fit together, and texts with a form of their own (addresses, URLs, names). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "app/config_rows.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/http.h"
#include "turret/trade/order.h"

static bool in_order(const struct config *c, char *text, size_t cap) {
    static const char *const pairs[][2] = {{"latency_min", "latency_max"}, {"second_latency_min", "second_latency_max"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (config_num(c, "sim", pairs[i][0]) > config_num(c, "sim", pairs[i][1])) {
            snprintf(text, cap, "%s is above %s", pairs[i][0], pairs[i][1]);
            return false;
        }
    return true;
}

/* NULL, or what is wrong. */
static const char *hex_wrong(const char *v, int digits, const char *what) {
    const size_t n = strlen(v);
    if (!n)
        return NULL;
    if (n != (size_t)digits + 2 || v[0] != '0' || (v[1] != 'x' && v[1] != 'X') || strspn(v + 2, "0123456789abcdefABCDEF") != (size_t)digits)
        return what;
    return NULL;
}

static const char *address_wrong(const char *v) { return hex_wrong(v, 40, "is not an address: 0x and 40 hexadecimal digits"); }
static const char *builder_wrong(const char *v) { return hex_wrong(v, 64, "is not a builder code: 0x and 64 hexadecimal digits"); }

static const char *name_wrong(const char *v) {
    size_t n = 0;
    for (; v[n]; n++)
        if (!isalnum((unsigned char)v[n]) && !strchr("-_.", v[n]))
            return "is not a name of an account: letters, digits, - _ . only";
    return n > 0 && n < STRATEGY_MAX ? NULL : "is not a name of an account: 1 to 23 characters";
}

static const char *url_wrong(const char *v) { return http_url_check(v); }

static const char *stream_wrong(const char *v) {
    char url[512];
    if (strncmp(v, "wss://", 6) != 0 && strncmp(v, "ws://", 5) != 0)
        return "only wss is allowed";
    snprintf(url, sizeof url, "http%.500s", v + 2);
    const char *why = http_url_check(url);
    return why && strstr(why, "plain http") ? "plain ws is allowed to this machine only" : why;
}

bool config_together(const struct config *c, char *text, size_t cap) {
    static const struct { const char *key; const char *(*wrong)(const char *); } forms[] = {
        {"account", name_wrong}, {"wallet", address_wrong}, {"builder", builder_wrong}, {"clob_url", url_wrong}, {"gamma_url", url_wrong},
        {"data_url", url_wrong}, {"stream_url", stream_wrong}, {"geoblock_url", url_wrong}};
    if (!in_order(c, text, cap))
        return false;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const char *v = config_text(c, "polymarket", forms[i].key), *why = forms[i].wrong(v);
        char shown[80];
        if (!why)
            continue;
        utf8_sanitise(shown, sizeof shown, v, strlen(v));
        snprintf(text, cap, "[polymarket] %s: '%s' %s%s", forms[i].key, shown, strncmp(why, "is ", 3) ? "can't be used: " : "", why);
        return false;
    }
    return true;
}
