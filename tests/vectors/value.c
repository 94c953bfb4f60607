/* Values of vector files as they come: numbers as numbers or as strings, optional ones missing or null. And their comparison. */
#include "vectors.h"

#include "turret/base/dec.h"
#include "turret/base/str.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const cJSON *child(const cJSON *at, const char *key) {
    const cJSON *c = cJSON_IsObject(at) ? cJSON_GetObjectItemCaseSensitive(at, key) : NULL;
    return cJSON_IsNull(c) ? NULL : c;
}

const cJSON *find(const struct vector *v, const char *key) {
    for (size_t i = 0; i < sizeof v->place / sizeof *v->place; i++) {
        const cJSON *c = child(v->place[i], key);
        if (c)
            return c;
    }
    return NULL;
}

const char *value_text(const cJSON *at, char buf[VALUE_TEXT]) {
    if (cJSON_IsString(at))
        return at->valuestring;
    if (!cJSON_IsNumber(at) || !(fabs(at->valuedouble) < 1e60))
        return NULL;
    for (int digits = 0; digits <= 40; digits++) { /* the fewest decimals that give the same number back */
        snprintf(buf, VALUE_TEXT, "%.*f", digits, at->valuedouble);
        if (strtod(buf, NULL) == at->valuedouble)
            break;
    }
    return buf;
}

bool value_int(const cJSON *at, int64_t *out) {
    char buf[VALUE_TEXT], *end;
    const char *text = value_text(at, buf);
    if (!text || !*text)
        return false;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (*end || errno || text[0] == ' ')
        return false;
    *out = n;
    return true;
}

bool value_real(const cJSON *at, double *out) {
    char *end;
    if (cJSON_IsNumber(at)) {
        *out = at->valuedouble;
        return true;
    }
    if (!cJSON_IsString(at) || !*at->valuestring)
        return false;
    *out = strtod(at->valuestring, &end);
    return !*end;
}

bool value_micro(const cJSON *at, int64_t *out) {
    char buf[VALUE_TEXT], cut[VALUE_TEXT];
    const char *text = value_text(at, buf);
    if (!text || strlen(text) >= sizeof cut)
        return false;
    str_copy(cut, sizeof cut, text);
    char *point = strchr(cut, '.');
    if (point && strlen(point) > 1 + DEC_DIGITS) {
        if (point[strspn(point + 1, "0123456789") + 1])
            return false;
        point[1 + DEC_DIGITS] = 0;
    }
    return dec_parse_str(cut, out);
}

bool get_int(struct vector *v, const char *key, bool need, int64_t fallback, int64_t *out) {
    const cJSON *at = find(v, key);
    *out = fallback;
    if (!at)
        return need ? unusable(v, key, "missing") : true;
    return value_int(at, out) || unusable(v, key, "not a whole number");
}

bool get_micro(struct vector *v, const char *key, int64_t *out) {
    const cJSON *at = find(v, key);
    if (!at)
        return unusable(v, key, "missing");
    return value_micro(at, out) || unusable(v, key, "not a decimal number");
}

bool get_bool(struct vector *v, const char *key, bool fallback, bool *out) {
    const cJSON *at = find(v, key);
    char buf[VALUE_TEXT];
    *out = fallback;
    if (!at)
        return true;
    if (cJSON_IsBool(at)) {
        *out = cJSON_IsTrue(at);
        return true;
    }
    const char *text = value_text(at, buf);
    if (!text || !(strcmp(text, "true") == 0 || strcmp(text, "false") == 0 || strcmp(text, "1") == 0 || strcmp(text, "0") == 0))
        return unusable(v, key, "neither true nor false");
    *out = text[0] == 't' || text[0] == '1';
    return true;
}

const char *get_text(struct vector *v, const char *key, bool need, const char *fallback, char buf[VALUE_TEXT]) {
    const cJSON *at = find(v, key);
    if (!at) {
        if (need)
            unusable(v, key, "missing");
        return need ? NULL : fallback;
    }
    const char *text = value_text(at, buf);
    if (!text)
        unusable(v, key, "neither a string nor a number");
    return text;
}

static void path_of(char out[200], const char *where, const char *key) { snprintf(out, 200, "%s%s%s", where, *where && key[0] != '[' ? "." : "", key); }

void expect(struct vector *v, const cJSON *at, const char *where, const char *key, const char *got, bool required) {
    char buf[VALUE_TEXT], path[200];
    const cJSON *want = child(at, key);
    path_of(path, where, key);
    if (!want) {
        if (required)
            unusable(v, path, "missing");
        return;
    }
    const char *text = value_text(want, buf);
    if (!text)
        unusable(v, path, "neither a string nor a number");
    else if (strcmp(text, got) != 0)
        fault(v, path, text, got);
}

void expect_int(struct vector *v, const cJSON *at, const char *where, const char *key, int64_t got, bool required) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)got);
    expect(v, at, where, key, text, required);
}

void expect_bool(struct vector *v, const cJSON *at, const char *where, const char *key, bool got) {
    char path[200];
    const cJSON *want = child(at, key);
    path_of(path, where, key);
    if (want && (!cJSON_IsBool(want) || cJSON_IsTrue(want) != got))
        fault(v, path, cJSON_IsTrue(want) ? "true" : cJSON_IsBool(want) ? "false" : "neither true nor false", got ? "true" : "false");
}

static const char *type_name(const cJSON *at) {
    return cJSON_IsObject(at) ? "an object" : cJSON_IsArray(at) ? "a list" : cJSON_IsString(at) ? "a string" : cJSON_IsNumber(at) ? "a number" : cJSON_IsBool(at) ? "true or false" : "null";
}

void expect_json(struct vector *v, const char *where, const cJSON *want, const cJSON *got) {
    char path[200], a[VALUE_TEXT], b[VALUE_TEXT];
    if ((want->type & 0xff) != (got->type & 0xff)) {
        if (cJSON_IsBool(want) && cJSON_IsBool(got))
            fault(v, where, cJSON_IsTrue(want) ? "true" : "false", cJSON_IsTrue(got) ? "true" : "false");
        else
            fault(v, where, type_name(want), type_name(got));
        return;
    }
    if (cJSON_IsString(want) || cJSON_IsNumber(want)) {
        const char *x = value_text(want, a), *y = value_text(got, b);
        if (!x || !y || strcmp(x, y) != 0)
            fault(v, where, x ? x : "?", y ? y : "?");
        return;
    }
    if (cJSON_IsArray(want)) {
        int n = cJSON_GetArraySize(want);
        if (n != cJSON_GetArraySize(got)) {
            unusable(v, where, "another number of elements");
            return;
        }
        for (int i = 0; i < n; i++) {
            snprintf(path, sizeof path, "%s[%d]", where, i);
            expect_json(v, path, cJSON_GetArrayItem(want, i), cJSON_GetArrayItem(got, i));
        }
        return;
    }
    const cJSON *c;
    cJSON_ArrayForEach(c, want) {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(got, c->string);
        path_of(path, where, c->string);
        if (other)
            expect_json(v, path, c, other);
        else
            fault(v, path, type_name(c), "nothing");
    }
    cJSON_ArrayForEach(c, got) {
        path_of(path, where, c->string);
        if (!cJSON_GetObjectItemCaseSensitive(want, c->string))
            fault(v, path, "nothing", type_name(c));
    }
}
