/* Which URLs may be asked, and what Retry-After means. */
#include "http_private.h"
#include "turret/io/http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/str.h"

#define DAY_MS 86400000LL

static char *part(CURLU *u, CURLUPart what) {
    char *s = NULL;
    return curl_url_get(u, what, &s, 0) == CURLUE_OK ? s : NULL;
}

static bool host_loopback(const char *host) {
    return !strcmp(host, "127.0.0.1") || !strcmp(host, "[::1]") || str_eq_nocase(host, "localhost");
}

bool http_url_loopback(const char *url) {
    CURLU *u = curl_url();
    char *host = curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK ? part(u, CURLUPART_HOST) : NULL;
    bool yes = host && host_loopback(host);
    curl_free(host);
    curl_url_cleanup(u);
    return yes;
}

const char *http_url_check(const char *url) {
    CURLU *u = curl_url();
    const char *why = NULL;
    if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK) {
        why = "the URL can't be read";
    } else {
        char *scheme = part(u, CURLUPART_SCHEME), *host = part(u, CURLUPART_HOST), *user = part(u, CURLUPART_USER), *pass = part(u, CURLUPART_PASSWORD);
        bool plain = scheme && !strcmp(scheme, "http");
        if (!host || !scheme || (!plain && strcmp(scheme, "https") != 0))
            why = "only https is allowed";
        else if (plain && !host_loopback(host))
            why = "plain http is allowed to this machine only";
        else if (user || pass)
            why = "a URL may not hold a user or a password";
        curl_free(scheme);
        curl_free(host);
        curl_free(user);
        curl_free(pass);
    }
    curl_url_cleanup(u);
    return why;
}

/* "7", "1.5": to milliseconds, rounded up; -1 if it is no such number. */
static int64_t number_ms(const char *s, int64_t unit_ms) {
    int64_t whole = 0, frac = 0, scale = 1;
    if (!isdigit((unsigned char)*s))
        return -1;
    for (; isdigit((unsigned char)*s); s++)
        whole = whole > DAY_MS ? whole : whole * 10 + (*s - '0');
    if (*s == '.')
        for (s++; isdigit((unsigned char)*s); s++)
            if (scale < 1000000)
                frac = frac * 10 + (*s - '0'), scale *= 10;
    while (*s == ' ')
        s++;
    return *s ? -1 : whole * unit_ms + (frac * unit_ms + scale - 1) / scale;
}

int64_t http_retry_after(const char *ms, const char *after, int64_t now_us) {
    int64_t wait = ms ? number_ms(ms, 1) : -1;
    if (wait < 0 && after)
        wait = number_ms(after, 1000);
    if (wait < 0 && after && isalpha((unsigned char)*after)) {
        time_t at = curl_getdate(after, NULL);
        if (at >= 0)
            wait = (int64_t)at * 1000 > now_us / 1000 ? (int64_t)at * 1000 - now_us / 1000 : 0;
    }
    return wait > DAY_MS ? DAY_MS : wait;
}
