/* The venue's facts about itself (pm_facts.h). */
#include "venue/polymarket/trade/pm_facts.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "turret/io/loop.h"

#define GEOBLOCK "https://polymarket.com/api/geoblock"

enum pm_fact pm_fact_time(struct pm_clob *c, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    const int64_t now = clock_now_us();
    struct json_err err = {0};
    struct json at = json_root(doc, &err);
    int64_t s = 0;
    if (pm_absent(a))
        return PM_FACT_ABSENT;
    if (e->err != ERR_OK || !json_as_int(&at, 1000000000, 100000000000, &s))
        return PM_FACT_UNREAD;
    pm_clob_clock(c, s, now - a->latency_us, now);
    return PM_FACT_TOLD;
}

enum pm_fact pm_fact_version(const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a, int64_t *version) {
    struct json_err err = {0};
    struct json root = json_root(doc, &err);
    if (pm_absent(a))
        return PM_FACT_ABSENT;
    if (e->err != ERR_OK)
        return PM_FACT_UNREAD;
    bool read = cJSON_IsObject(doc) ? json_get_int(&root, "version", JSON_REQUIRED, 0, 1000, version) : json_as_int(&root, 0, 1000, version);
    return read ? PM_FACT_TOLD : PM_FACT_UNREAD;
}

enum pm_fact pm_fact_place(const struct http_answer *a, struct pm_place *out) {
    struct json_err err = {0}, other = {0};
    struct cJSON *doc = NULL;
    *out = (struct pm_place){.blocked = true};
    if (a->err == ERR_OK && (a->status == 404 || a->status == 410)) {
        out->blocked = false;
        return PM_FACT_ABSENT;
    }
    if (a->err != ERR_OK || a->status != 200 || !json_parse(a->body, a->body_len, 65536, &doc, &err))
        return PM_FACT_UNREAD;
    struct json root = json_root(doc, &err);
    bool read = json_get_bool(&root, "blocked", JSON_REQUIRED, &out->blocked);
    root.err = &other;
    json_get_text(&root, "country", JSON_OPTIONAL, out->country, sizeof out->country);
    json_free(doc);
    return read ? PM_FACT_TOLD : PM_FACT_UNREAD;
}

static bool is_loopback(const char *url) {
    static const char *const hosts[] = {"http://127.", "http://localhost", "http://[::1]", "https://127.", "https://localhost", "https://[::1]"};
    for (size_t i = 0; url && i < sizeof hosts / sizeof *hosts; i++)
        if (!strncmp(url, hosts[i], strlen(hosts[i])))
            return true;
    return false;
}

bool pm_place_asked(const struct pm_hosts *h) { return !(is_loopback(h->clob) && (!h->geoblock || !strcmp(h->geoblock, GEOBLOCK))); }
