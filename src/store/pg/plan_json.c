/* Exit plans and routes as jsonb, and back. What is not set is null or left out. */
#include "plan_json.h"

#include "turret/base/json.h"
#include "turret/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BARE_MAX 1000000000LL /* whole units below which a reader's double gives six decimals back exactly */
#define JSON_MAX 65536

static const char *const trails[] = {"none", "distance", "percent", "atr"};
static const char *const modes[] = {"here", "best", "split"};
#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

/* --- writing --- */

static void sep(struct str *s) {
    char last = s->len ? s->p[s->len - 1] : '{';
    if (last != '{' && last != '[')
        str_addc(s, ',');
}

static void put_text(struct str *s, const char *key, const char *text) {
    sep(s);
    str_addf(s, "\"%s\":", key);
    if (!text[0]) {
        str_add(s, "null");
        return;
    }
    char clean[INVALIDATION_MAX * 3 + 1]; /* a bad byte becomes the three of U+FFFD */
    utf8_sanitise(clean, sizeof clean, text, strlen(text));
    str_addc(s, '"');
    for (const char *p = clean; *p; p++) {
        if (*p == '"' || *p == '\\')
            str_addc(s, '\\');
        str_addc(s, (unsigned char)*p < 0x20 ? ' ' : *p);
    }
    str_addc(s, '"');
}

static void put_micro(struct str *s, const char *key, int64_t micro) {
    char num[DEC_TEXT_MAX];
    bool bare = micro > -BARE_MAX * DEC_ONE && micro < BARE_MAX * DEC_ONE;
    dec_format(micro, 0, num);
    sep(s);
    str_addf(s, bare ? "\"%s\":%s" : "\"%s\":\"%s\"", key, num);
}

static void put_dec(struct str *s, const char *key, int64_t micro) {
    char num[DEC_TEXT_MAX] = "null";
    if (micro)
        dec_format(micro, 0, num);
    sep(s);
    str_addf(s, "\"%s\":%s", key, num);
}

static void put_time(struct str *s, const char *key, int64_t us) {
    char text[40] = "null";
    if (us) { /* PostgreSQL reads this form exactly, to the microsecond */
        time_t sec = (time_t)(us / 1000000);
        struct tm tm;
        gmtime_r(&sec, &tm);
        size_t n = strftime(text, sizeof text, "\"%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(text + n, sizeof text - n, ".%06dZ\"", (int)(us % 1000000));
    }
    sep(s);
    str_addf(s, "\"%s\":%s", key, text);
}

static bool has_rules(const struct exit_plan *p) {
    static const struct exit_rules none;
    return p->trailed || p->trail_best.micro || p->ladder_size.micro || memcmp(&p->rules, &none, sizeof none) != 0;
}

bool plan_is_empty(const struct exit_plan *p) {
    return !p->stop.micro && !p->target.micro && !p->invalidation_price.micro && !p->time_exit_us && !p->cooldown_until_us &&
           p->confidence == -1 && !p->invalidation[0] && !has_rules(p);
}

static void put_rules(struct str *s, const struct exit_plan *p) {
    const struct exit_rules *r = &p->rules;
    if (r->trail_kind || r->trail || p->trail_best.micro) {
        sep(s);
        str_addf(s, "\"trail\":{\"kind\":\"%s\"", trails[r->trail_kind < COUNT(trails) ? r->trail_kind : 0]);
        put_micro(s, "value", r->trail);
        put_micro(s, "best", p->trail_best.micro);
        str_addc(s, '}');
    }
    if (p->trailed)
        str_add(s, ",\"trailed\":true");
    if (r->break_even.micro)
        put_micro(s, "break_even", r->break_even.micro);
    if (r->before_close_s)
        str_addf(s, ",\"before_close_s\":%d", r->before_close_s);
    if (r->rung_count) {
        str_add(s, ",\"ladder\":[");
        for (int i = 0; i < r->rung_count && i < LADDER_MAX; i++) {
            sep(s);
            str_addc(s, '{');
            put_micro(s, "level", r->rungs[i].level.micro);
            str_addf(s, ",\"part_ppm\":%d,\"done\":%s}", r->rungs[i].part_ppm, r->rungs[i].done ? "true" : "false");
        }
        str_addc(s, ']');
    }
    if (p->ladder_size.micro)
        put_micro(s, "ladder_size", p->ladder_size.micro);
}

void plan_to_json(struct str *s, const struct exit_plan *p) {
    str_addc(s, '{');
    put_dec(s, "stop", p->stop.micro);
    put_dec(s, "target", p->target.micro);
    put_text(s, "invalidation", p->invalidation);
    put_dec(s, "invalidation_price", p->invalidation_price.micro);
    if (p->confidence < 0)
        str_add(s, ",\"confidence\":null");
    else
        str_addf(s, ",\"confidence\":%d", p->confidence);
    put_time(s, "time_exit", p->time_exit_us);
    put_time(s, "cooldown_until", p->cooldown_until_us);
    put_rules(s, p);
    str_addc(s, '}');
}

void route_to_json(struct str *s, const struct route *r) {
    str_addf(s, "{\"mode\":\"%s\",\"chosen\":%d,\"options\":[", modes[r->mode < COUNT(modes) ? r->mode : 0], r->chosen);
    for (int i = 0; i < r->n && i < ROUTE_MAX; i++) {
        const struct route_option *o = &r->o[i];
        sep(s); /* ids of 64 bits are text, as bigint has them */
        str_addf(s, "{\"market\":\"%lld\",\"account\":%u,\"code\":\"%s\"", (long long)o->market, o->account, err_name((enum err)o->code));
        put_micro(s, "average", o->average.micro);
        put_micro(s, "fee", o->fee.micro);
        put_micro(s, "fillable", o->fillable.micro);
        put_micro(s, "taken", o->taken.micro);
        str_addc(s, '}');
    }
    str_add(s, "]}");
}

/* --- reading: what was written by another hand and can't be read stays unset --- */

static bool open_doc(const char *text, struct cJSON **doc, struct json *root, struct json_err *err) {
    *err = (struct json_err){0};
    if (!json_parse(text, strlen(text), JSON_MAX, doc, err))
        return false;
    *root = json_root(*doc, err);
    return true;
}

static void read_ladder(const struct json *root, struct exit_rules *r) {
    struct json list;
    if (!json_get_array(root, "ladder", JSON_OPTIONAL, &list))
        return;
    for (struct json it = json_first(&list); it.node && r->rung_count < LADDER_MAX; it = json_next(&it)) {
        struct exit_rung *g = &r->rungs[r->rung_count++];
        int64_t part = 0;
        bool done = false;
        (void)json_get_dec(&it, "level", JSON_REQUIRED, &g->level.micro);
        (void)json_get_int(&it, "part_ppm", JSON_REQUIRED, INT32_MIN, INT32_MAX, &part);
        (void)json_get_bool(&it, "done", JSON_OPTIONAL, &done);
        g->part_ppm = (int32_t)part;
        g->done = done;
    }
}

void rules_from_json(const char *text, struct exit_plan *p) {
    struct cJSON *doc;
    struct json root, trail;
    struct json_err err;
    if (!open_doc(text, &doc, &root, &err))
        return;
    int kind = 0;
    int64_t seconds = 0;
    bool trailed = false;
    if (json_get_object(&root, "trail", JSON_OPTIONAL, &trail) && trail.node) {
        (void)json_get_choice(&trail, "kind", JSON_REQUIRED, trails, COUNT(trails), &kind);
        (void)json_get_dec(&trail, "value", JSON_OPTIONAL, &p->rules.trail);
        (void)json_get_dec(&trail, "best", JSON_OPTIONAL, &p->trail_best.micro);
    }
    (void)json_get_bool(&root, "trailed", JSON_OPTIONAL, &trailed);
    (void)json_get_dec(&root, "break_even", JSON_OPTIONAL, &p->rules.break_even.micro);
    (void)json_get_int(&root, "before_close_s", JSON_OPTIONAL, INT32_MIN, INT32_MAX, &seconds);
    (void)json_get_dec(&root, "ladder_size", JSON_OPTIONAL, &p->ladder_size.micro);
    p->rules.trail_kind = (uint8_t)kind;
    p->rules.before_close_s = (int32_t)seconds;
    p->trailed = trailed;
    read_ladder(&root, &p->rules);
    json_free(doc);
}

static int err_of(const char *name) {
    for (int e = 0; e < ERR_COUNT; e++)
        if (!strcmp(err_name((enum err)e), name))
            return e;
    return ERR_FAILED;
}

static void read_option(const struct json *it, struct route_option *o) {
    int64_t account = 0;
    const char *text;
    if (json_get_str(it, "market", JSON_REQUIRED, &text))
        o->market = (market_id)strtoll(text, NULL, 10);
    if (json_get_str(it, "code", JSON_REQUIRED, &text))
        o->code = err_of(text);
    (void)json_get_int(it, "account", JSON_REQUIRED, 0, UINT32_MAX, &account);
    o->account = (uint32_t)account;
    (void)json_get_dec(it, "average", JSON_REQUIRED, &o->average.micro);
    (void)json_get_dec(it, "fee", JSON_REQUIRED, &o->fee.micro);
    (void)json_get_dec(it, "fillable", JSON_REQUIRED, &o->fillable.micro);
    (void)json_get_dec(it, "taken", JSON_REQUIRED, &o->taken.micro);
}

void route_from_json(const char *text, struct route *r) {
    struct cJSON *doc;
    struct json root, list;
    struct json_err err;
    if (!open_doc(text, &doc, &root, &err))
        return;
    int mode = 0;
    int64_t chosen = 0;
    (void)json_get_choice(&root, "mode", JSON_REQUIRED, modes, COUNT(modes), &mode);
    (void)json_get_int(&root, "chosen", JSON_REQUIRED, 0, UINT8_MAX, &chosen);
    r->mode = (uint8_t)mode;
    r->chosen = (uint8_t)chosen;
    if (json_get_array(&root, "options", JSON_REQUIRED, &list))
        for (struct json it = json_first(&list); it.node && r->n < ROUTE_MAX; it = json_next(&it))
            read_option(&it, &r->o[r->n++]);
    json_free(doc);
}
