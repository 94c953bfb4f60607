/* URLs, headers and limits of a WebSocket (ws_setup.h). The rules are those of http: TLS, or this machine. */
#include "ws_setup.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/http.h"

static char *url_part(CURLU *u, CURLUPart what, unsigned flags) {
    char *s = NULL, *copy = curl_url_get(u, what, &s, flags) == CURLUE_OK ? xstrdup(s) : NULL;
    curl_free(s);
    return copy;
}

/* wss://host:1/x?y to what curl connects to, the Host header and what is asked for. NULL: good, else why not. */
static const char *take_url(struct ws_setup *s, const char *url) {
    bool plain = str_has_prefix_nocase(url, "ws://");
    if (!plain && !str_has_prefix_nocase(url, "wss://"))
        return "only wss is allowed";
    struct str full = {0};
    str_addf(&full, "%s%s", plain ? "http" : "https", strchr(url, ':'));
    s->url = full.p;
    const char *why = http_url_check(s->url);
    if (why)
        return plain && strstr(why, "plain http") ? "plain ws is allowed to this machine only" : why;
    CURLU *u = curl_url();
    curl_url_set(u, CURLUPART_URL, s->url, 0);
    char *host = url_part(u, CURLUPART_HOST, 0), *port = url_part(u, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT), *path = url_part(u, CURLUPART_PATH, 0),
         *query = url_part(u, CURLUPART_QUERY, 0);
    struct str h = {0}, t = {0};
    str_addf(&h, "%s%s%s", host ? host : "", port ? ":" : "", port ? port : "");
    str_addf(&t, "%s%s%s", path && *path ? path : "/", query ? "?" : "", query ? query : "");
    s->host = h.p;
    s->target = t.p;
    free(host);
    free(port);
    free(path);
    free(query);
    curl_url_cleanup(u);
    for (const char *p = s->target; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return "the URL can't be sent";
    return NULL;
}

static const char *take_headers(struct ws_setup *s, const char *const *from) {
    size_t n = 0;
    while (from && from[n])
        n++;
    s->headers = xcalloc(n + 1, sizeof *s->headers);
    for (size_t i = 0; i < n; i++) {
        if (!strchr(from[i], ':') || strpbrk(from[i], "\r\n"))
            return "a header can't be sent";
        s->headers[i] = xstrdup(from[i]);
    }
    return NULL;
}

static void take_cfg(struct ws_setup *s, const struct ws_cfg *cfg) {
    struct ws_cfg *c = &s->cfg;
    *c = *cfg;
    c->url = NULL;
    c->headers = NULL;
    c->ping_text = s->ping_text = cfg->ping_text ? xstrdup(cfg->ping_text) : NULL;
#define OR(field, value) c->field = c->field > 0 ? c->field : (value)
    OR(ping_every_ms, 10000);
    OR(silence_ms, 30000);
    OR(connect_timeout_ms, 10000);
    OR(backoff_min_ms, 500);
    OR(backoff_max_ms, 30000);
    OR(stable_ms, 60000);
    OR(message_max, 8u << 20);
    OR(turn_bytes, 256u << 10);
    OR(send_max, 1u << 20);
#undef OR
}

const char *ws_setup_take(struct ws_setup *s, const struct ws_cfg *cfg) {
    *s = (struct ws_setup){0};
    take_cfg(s, cfg);
    const char *why = take_url(s, cfg->url), *bad = take_headers(s, cfg->headers);
    return why ? why : bad;
}

void ws_setup_free(struct ws_setup *s) {
    for (char **h = s->headers; h && *h; h++) {
        explicit_bzero(*h, strlen(*h)); /* keys */
        free(*h);
    }
    free(s->headers);
    free(s->ping_text);
    free(s->url);
    free(s->host);
    free(s->target);
    *s = (struct ws_setup){0};
}
