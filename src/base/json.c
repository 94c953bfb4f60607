/* Typed getters over cJSON. cJSON keeps numbers as doubles, finds keys whatever their case, stops at NUL, takes
 * trailing bytes and lax numbers: each of these is closed here (json_scan.c does it for the text). */
#include "turret/base/json.h"

#include "json_scan.h"
#include "turret/base/dec.h"
#include "turret/base/utf8.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define BARE_MAX 1e9                  /* below it a double gives back its six decimals exactly */
#define INTEGER_MAX 9007199254740992.0 /* 2^53 */
#define PATH_DEPTH 40

/* Writes "a.b[2].c"; keys come sanitised and cut, as they may be the document's own. */
static size_t path_write(const struct json *at, const char *leaf, char *buf, size_t cap) {
    const struct json *chain[PATH_DEPTH];
    int depth = 0;
    size_t len = 0;
    buf[0] = 0;
    for (; at && at->up && depth < PATH_DEPTH; at = at->up)
        chain[depth++] = at;
    while (depth-- > 0 && len + 1 < cap) {
        char key[48] = "";
        if (chain[depth]->key)
            utf8_sanitise(key, sizeof key, chain[depth]->key, strlen(chain[depth]->key));
        int n = chain[depth]->key ? snprintf(buf + len, cap - len, "%s%s", len ? "." : "", key)
                                  : snprintf(buf + len, cap - len, "[%d]", chain[depth]->index);
        len += n > 0 ? (size_t)n : 0;
    }
    if (leaf && len + 1 < cap) {
        int n = snprintf(buf + len, cap - len, "%s%s", len ? "." : "", leaf);
        len += n > 0 ? (size_t)n : 0;
    }
    return len < cap ? len : cap - 1;
}

static bool fail_at(const struct json *at, const char *leaf, const char *what) {
    struct json_err *err = at->err;
    if (!err || err->set)
        return false;
    err->set = true;
    char path[96];
    size_t n = path_write(at, leaf, path, sizeof path);
    snprintf(err->text, sizeof err->text, "%s%s%s", path, n ? ": " : "", what);
    return false;
}

bool json_fail(const struct json *at, const char *what) { return fail_at(at, NULL, what); }

bool json_parse(const char *text, size_t len, size_t max_len, struct cJSON **out, struct json_err *err) {
    *out = NULL;
    *err = (struct json_err){0};
    struct json none = {.err = err};
    if (len > max_len)
        return json_fail(&none, "document too long");
    const char *what = json_scan(text, len, JSON_DEPTH_MAX);
    if (what)
        return json_fail(&none, what);
    *out = cJSON_ParseWithLength(text, len);
    return *out ? true : json_fail(&none, "not JSON");
}

void json_free(struct cJSON *doc) { cJSON_Delete(doc); }
struct json json_root(const struct cJSON *doc, struct json_err *err) { return (struct json){.node = doc, .err = err}; }

/* Finds a child. False: error noted. True with out->node NULL: absent (or null) and optional. */
static bool find(const struct json *from, const char *key, enum json_need need, struct json *out) {
    *out = (struct json){.up = from, .key = key, .err = from->err};
    if (!from->node)
        return false;
    if (!cJSON_IsObject(from->node))
        return fail_at(from, NULL, "not an object");
    for (const struct cJSON *c = from->node->child; c; c = c->next) {
        if (!c->string || strcmp(c->string, key) != 0)
            continue;
        if (out->node)
            return fail_at(from, key, "given twice");
        out->node = c;
    }
    if (out->node && cJSON_IsNull(out->node))
        out->node = NULL;
    return out->node || need == JSON_OPTIONAL || fail_at(from, key, "missing");
}

bool json_as_dec(const struct json *at, int64_t *micro) {
    if (!at->node)
        return false;
    if (cJSON_IsString(at->node)) {
        int64_t v;
        if (!dec_parse_str(at->node->valuestring, &v))
            return json_fail(at, "not a decimal number of at most six fraction digits");
        *micro = v;
        return true;
    }
    if (!cJSON_IsNumber(at->node))
        return json_fail(at, "not a number");
    double v = at->node->valuedouble;
    if (!(fabs(v) < BARE_MAX))
        return json_fail(at, "a bare number this large is not exact: expected a string");
    int64_t m = llround(v * (double)DEC_ONE);
    if ((double)m / (double)DEC_ONE != v)
        return json_fail(at, "more than six fraction digits");
    *micro = m;
    return true;
}

bool json_as_int(const struct json *at, int64_t low, int64_t high, int64_t *out) {
    int64_t v = 0;
    if (!at->node)
        return false;
    if (cJSON_IsNumber(at->node)) {
        double d = at->node->valuedouble;
        if (!(fabs(d) <= INTEGER_MAX) || d != trunc(d))
            return json_fail(at, "not a whole number (or too large to be exact)");
        v = (int64_t)d;
    } else if (cJSON_IsString(at->node)) {
        if (!json_scan_int(at->node->valuestring, &v))
            return json_fail(at, "not a whole number");
    } else {
        return json_fail(at, "not a number");
    }
    if (v < low || v > high)
        return json_fail(at, "out of range");
    *out = v;
    return true;
}

bool json_as_str(const struct json *at, const char **out) {
    if (!at->node)
        return false;
    if (!cJSON_IsString(at->node))
        return json_fail(at, "not a string");
    *out = at->node->valuestring;
    return true;
}

bool json_get_dec(const struct json *from, const char *key, enum json_need need, int64_t *micro) {
    struct json at;
    return find(from, key, need, &at) && (!at.node || json_as_dec(&at, micro));
}

bool json_get_int(const struct json *from, const char *key, enum json_need need, int64_t low, int64_t high, int64_t *out) {
    struct json at;
    return find(from, key, need, &at) && (!at.node || json_as_int(&at, low, high, out));
}

bool json_get_bool(const struct json *from, const char *key, enum json_need need, bool *out) {
    struct json at;
    if (!find(from, key, need, &at))
        return false;
    if (!at.node)
        return true;
    if (!cJSON_IsBool(at.node))
        return json_fail(&at, "neither true nor false");
    *out = cJSON_IsTrue(at.node);
    return true;
}

bool json_get_str(const struct json *from, const char *key, enum json_need need, const char **out) {
    struct json at;
    return find(from, key, need, &at) && (!at.node || json_as_str(&at, out));
}

bool json_get_text(const struct json *from, const char *key, enum json_need need, char *dst, size_t cap) {
    const char *raw = NULL;
    if (!json_get_str(from, key, need, &raw))
        return false;
    if (raw)
        utf8_sanitise(dst, cap, raw, strlen(raw));
    return true;
}

bool json_get_choice(const struct json *from, const char *key, enum json_need need, const char *const *names, int count, int *out) {
    struct json at;
    const char *word;
    if (!find(from, key, need, &at))
        return false;
    if (!at.node)
        return true;
    if (!json_as_str(&at, &word))
        return false;
    for (int i = 0; i < count; i++) {
        if (names[i] && strcmp(names[i], word) == 0) {
            *out = i;
            return true;
        }
    }
    return json_fail(&at, "not one of the known values");
}

bool json_get_object(const struct json *from, const char *key, enum json_need need, struct json *out) {
    if (!find(from, key, need, out))
        return false;
    return !out->node || cJSON_IsObject(out->node) || json_fail(out, "not an object");
}

bool json_get_array(const struct json *from, const char *key, enum json_need need, struct json *out) {
    if (!find(from, key, need, out))
        return false;
    return !out->node || cJSON_IsArray(out->node) || json_fail(out, "not an array");
}

struct json json_first(const struct json *list) {
    bool is_array = list->node && cJSON_IsArray(list->node);
    return (struct json){.node = is_array ? list->node->child : NULL, .up = list, .err = list->err};
}

struct json json_next(const struct json *item) {
    return (struct json){.node = item->node->next, .up = item->up, .index = item->index + 1, .err = item->err};
}

int json_count(const struct json *list) { return list->node ? cJSON_GetArraySize(list->node) : 0; }
