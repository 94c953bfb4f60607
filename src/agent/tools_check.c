/* The validator: a small part of JSON schema, strict. Nothing is repaired or guessed; what is wrong is told with its path. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agent/tools_private.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"

static const cJSON *word(const cJSON *schema, const char *key) { return cJSON_GetObjectItemCaseSensitive(schema, key); }
static bool is(const cJSON *schema, const char *key, const char *value) {
    const cJSON *v = word(schema, key);
    return cJSON_IsString(v) && strcmp(v->valuestring, value) == 0;
}

bool tool_time(const char *text, int64_t *us) { return clock_parse_rfc3339(text, us) && *us >= 0 && *us < INT64_C(7258118400000000) /* 2200 */; }

bool tool_market(const struct tool_ctx *c, const char *symbol, struct view_market *out) {
    for (int i = 0; view_market_at(c->view, i, out); i++)
        if (strcasecmp(out->m->symbol, symbol) == 0 && model_may_trade(c->model, out->m))
            return true; /* other venues may have one of that name */
    return false;
}

/* --- kinds of values ----------------------------------------------------------------------------------- */
static bool range(const struct json *at, const cJSON *schema, double v) {
    const cJSON *low = word(schema, "minimum"), *above = word(schema, "exclusiveMinimum"), *high = word(schema, "maximum");
    char text[80];
    if (low && v < low->valuedouble)
        snprintf(text, sizeof text, "must be at least %g", low->valuedouble);
    else if (above && v <= above->valuedouble)
        snprintf(text, sizeof text, "must be above %g", above->valuedouble);
    else if (high && v > high->valuedouble)
        snprintf(text, sizeof text, "must be at most %g", high->valuedouble);
    else
        return true;
    return json_fail(at, text);
}

static bool check_decimal(const struct json *at, const cJSON *schema) {
    int64_t micro;
    return json_as_dec(at, &micro) && range(at, schema, (double)micro / 1e6);
}

static bool check_number(const struct json *at, const cJSON *schema) {
    if (!cJSON_IsNumber(at->node) || !isfinite(at->node->valuedouble))
        return json_fail(at, "must be a number");
    if (is(schema, "type", "integer") && at->node->valuedouble != floor(at->node->valuedouble))
        return json_fail(at, "must be a whole number");
    return range(at, schema, at->node->valuedouble);
}

static bool check_enum(const struct json *at, const cJSON *list) {
    char text[140] = "must be one of";
    const cJSON *v;
    cJSON_ArrayForEach(v, list) {
        if (strcmp(v->valuestring, at->node->valuestring) == 0)
            return true;
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, " %s", v->valuestring);
    }
    return json_fail(at, text);
}

static bool check_string(const struct tool_ctx *c, const struct json *at, const cJSON *schema) {
    if (!cJSON_IsString(at->node))
        return json_fail(at, "must be a string");
    const char *s = at->node->valuestring;
    const cJSON *most = word(schema, "maxLength"), *least = word(schema, "minLength"), *list = word(schema, "enum");
    char text[80];
    int64_t us;
    struct view_market vm;
    if (least && strlen(s) < (size_t)least->valueint) {
        snprintf(text, sizeof text, "must have at least %d characters", least->valueint);
        return json_fail(at, text);
    }
    if (most && strlen(s) > (size_t)most->valueint) {
        snprintf(text, sizeof text, "must have at most %d characters", most->valueint);
        return json_fail(at, text);
    }
    if (is(schema, "format", "symbol") && !tool_market(c, s, &vm))
        return json_fail(at, "is no market you may trade; getMarkets lists them");
    if (is(schema, "format", "time") && !tool_time(s, &us))
        return json_fail(at, "must be a time like 2026-01-31T12:00:00Z");
    return list ? check_enum(at, list) : true;
}

static bool check_array(const struct tool_ctx *c, const struct json *at, const cJSON *schema) {
    if (!cJSON_IsArray(at->node))
        return json_fail(at, "must be an array");
    const cJSON *most = word(schema, "maxItems"), *least = word(schema, "minItems");
    const int n = cJSON_GetArraySize(at->node);
    if (least && n < least->valueint)
        return json_fail(at, "must not be empty");
    if (most && n > most->valueint)
        return json_fail(at, "has too many items");
    for (struct json it = json_first(at); it.node; it = json_next(&it))
        if (!schema_check(c, &it, word(schema, "items")))
            return false;
    return true;
}

static bool required(const cJSON *schema, const char *key) {
    const cJSON *v;
    cJSON_ArrayForEach(v, word(schema, "required")) {
        if (strcmp(v->valuestring, key) == 0)
            return true;
    }
    return false;
}

static bool check_object(const struct tool_ctx *c, const struct json *at, const cJSON *schema) {
    if (!cJSON_IsObject(at->node))
        return json_fail(at, "must be an object");
    const cJSON *props = word(schema, "properties"), *v, *other;
    cJSON_ArrayForEach(v, at->node) {
        struct json child = {.node = v, .up = at, .key = v->string, .err = at->err};
        const cJSON *prop = cJSON_GetObjectItemCaseSensitive(props, v->string);
        for (other = v->next; other; other = other->next)
            if (strcmp(other->string, v->string) == 0)
                return json_fail(&child, "is given twice");
        if (!prop) {
            const char *names[32], *near;
            int n = 0;
            cJSON_ArrayForEach(other, props) names[n++] = other->string;
            near = n ? str_closest(v->string, names, n) : NULL;
            char text[100], shown[40];
            utf8_sanitise(shown, sizeof shown, v->string, strlen(v->string));
            snprintf(text, sizeof text, "has no \"%s\"%s%s%s", shown, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
            return json_fail(at, text);
        }
        if (cJSON_IsNull(v) && !required(schema, v->string))
            continue; /* strict servers send every optional one as null */
        if (!schema_check(c, &child, prop))
            return false;
    }
    cJSON_ArrayForEach(v, word(schema, "required")) {
        const struct json child = {.node = NULL, .up = at, .key = v->valuestring, .err = at->err};
        if (!cJSON_GetObjectItemCaseSensitive(at->node, v->valuestring))
            return json_fail(&child, "is missing");
    }
    return true;
}

bool schema_check(const struct tool_ctx *c, const struct json *at, const cJSON *schema) {
    if (is(schema, "format", "decimal"))
        return check_decimal(at, schema);
    if (is(schema, "type", "object"))
        return check_object(c, at, schema);
    if (is(schema, "type", "array"))
        return check_array(c, at, schema);
    if (is(schema, "type", "string"))
        return check_string(c, at, schema);
    return check_number(at, schema);
}
