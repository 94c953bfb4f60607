/* Columns of the archive's tables, and the one gate through which documents pass: types are checked and texts are made
 * valid UTF-8 (not sanitised: what was said is kept, its reader makes it safe for a screen). */
#include "archive_doc.h"

#include "turret/base/dec.h"
#include "turret/base/json.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct doc_col prompt_cols[] = {
    {"hash", DOC_TEXT, DOC_KEY | DOC_NEEDED},
    {"text", DOC_TEXT, DOC_NEEDED},
    {"at", DOC_TIME, DOC_NEEDED},
};
static const struct doc_col invocation_cols[] = {
    {"id", DOC_ID, DOC_KEY | DOC_NEEDED},
    {"model_id", DOC_INT, DOC_NEEDED},
    {"account_id", DOC_INT, DOC_NEEDED},
    {"started_at", DOC_TIME, DOC_NEEDED},
    {"ended_at", DOC_TIME, 0},
    {"status", DOC_TEXT, DOC_NEEDED},
    {"system_hash", DOC_TEXT, 0},
    {"prompt_hash", DOC_TEXT, 0},
    {"response", DOC_TEXT, DOC_BIG},
    {"payload", DOC_JSON, DOC_BIG},
    {"tokens_in", DOC_INT, 0},
    {"tokens_out", DOC_INT, 0},
    {"tokens_cached", DOC_INT, 0},
    {"cost", DOC_MONEY, 0},
    {"latency_ms", DOC_INT, 0},
    {"steps", DOC_INT, 0},
    {"error", DOC_TEXT, 0},
    {"rerun_of", DOC_REF, 0},
};
static const struct doc_col call_cols[] = {
    {"invocation_id", DOC_ID, DOC_KEY | DOC_NEEDED},
    {"step", DOC_INT, DOC_KEY | DOC_NEEDED},
    {"index", DOC_INT, DOC_KEY | DOC_NEEDED},
    {"type", DOC_CALL, DOC_NEEDED},
    {"name", DOC_TEXT, DOC_NEEDED},
    {"arguments", DOC_TEXT, 0},
    {"result", DOC_JSON, 0},
    {"code", DOC_TEXT, 0},
    {"at", DOC_TIME, DOC_NEEDED},
    {"latency_ms", DOC_INT, 0},
    {"order_id", DOC_REF, 0},
};
#define KIND(table, cols) {table, cols, (int)(sizeof cols / sizeof *cols)}
static const struct doc_kind kinds[ARCHIVE_KIND_COUNT] = {
    [ARCHIVE_PROMPT] = KIND("prompts", prompt_cols),
    [ARCHIVE_INVOCATION] = KIND("invocations", invocation_cols),
    [ARCHIVE_TOOL_CALL] = KIND("tool_calls", call_cols),
};
static const char *const call_types[] = {"CREATE_POSITION", "CLOSE_POSITION", "UPDATE_EXIT_PLAN", "HOLDING", "READ"};

const struct doc_kind *doc_kind(enum archive_kind k) { return &kinds[k]; }
enum archive_kind doc_kind_of(enum archive_list l) {
    return l == LIST_RUNS ? ARCHIVE_INVOCATION : l == LIST_TOOL_CALLS ? ARCHIVE_TOOL_CALL : ARCHIVE_PROMPT;
}

/* --- texts --- */

static void add_valid(struct str *out, const char *s, size_t n) {
    size_t from = 0;
    for (size_t i = 0; i < n;) {
        int len;
        uint32_t cp = utf8_decode(s + i, n - i, &len);
        if (cp == 0xFFFD && len == 1) {
            str_add_n(out, s + from, i - from);
            str_add(out, "\xEF\xBF\xBD");
            from = i + 1;
        }
        i += (size_t)len;
    }
    str_add_n(out, s + from, n - from);
}

void doc_print(struct str *out, const cJSON *value) {
    char *text = cJSON_PrintUnformatted(value);
    if (text)
        add_valid(out, text, strlen(text));
    else
        str_add(out, "null");
    cJSON_free(text);
}

void doc_format_time(int64_t us, char buf[40]) {
    int64_t sec = us / 1000000, rest = us % 1000000;
    if (rest < 0) {
        sec--;
        rest += 1000000;
    }
    time_t t = (time_t)sec;
    struct tm tm;
    gmtime_r(&t, &tm);
    size_t n = strftime(buf, 28, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(buf + n, 40 - n, ".%06dZ", (int)rest);
}

/* --- values --- */

static bool whole_of(const cJSON *v, int64_t *out) {
    if (cJSON_IsNumber(v) && v->valuedouble == floor(v->valuedouble) && fabs(v->valuedouble) < 9007199254740992.) {
        *out = (int64_t)v->valuedouble;
        return true;
    }
    if (!cJSON_IsString(v) || !*v->valuestring)
        return false;
    const char *s = v->valuestring + (*v->valuestring == '-');
    size_t n = strlen(s);
    if (n == 0 || n > 18 + (s == v->valuestring) || strspn(s, "0123456789") != n || (n == 19 && strcmp(s, "9223372036854775807") > 0))
        return false;
    *out = strtoll(v->valuestring, NULL, 10);
    return true;
}

static cJSON *text_value(const char *s) {
    struct str t;
    str_init(&t);
    add_valid(&t, s, strlen(s));
    cJSON *v = cJSON_CreateString(t.p ? t.p : "");
    str_free(&t);
    return v;
}

static cJSON *id_value(const cJSON *v, bool may_be_none) {
    int64_t id;
    char buf[24];
    if (!whole_of(v, &id) || id < 0 || (id == 0 && !may_be_none))
        return NULL;
    snprintf(buf, sizeof buf, "%lld", (long long)id);
    return id ? cJSON_CreateString(buf) : cJSON_CreateNull();
}

static cJSON *money_value(const cJSON *v) {
    int64_t micro;
    char buf[DEC_TEXT_MAX];
    if (!cJSON_IsString(v) || !dec_parse_str(v->valuestring, &micro) || micro > 999999999999999999 || micro < -999999999999999999)
        return NULL;
    dec_format(micro, 0, buf);
    return cJSON_CreateString(buf);
}

static cJSON *time_value(const cJSON *v) {
    int64_t us;
    char buf[40];
    if (!cJSON_IsString(v) || !clock_parse_rfc3339(v->valuestring, &us))
        return NULL;
    doc_format_time(us, buf);
    return cJSON_CreateString(buf);
}

static cJSON *call_value(const cJSON *v) {
    for (size_t i = 0; cJSON_IsString(v) && i < sizeof call_types / sizeof *call_types; i++)
        if (!strcmp(call_types[i], v->valuestring))
            return cJSON_CreateString(call_types[i]);
    return NULL;
}

/* JSON goes through its own text: bad bytes are gone, raw text that is no JSON becomes a string. */
static cJSON *json_value(const cJSON *v) {
    if (cJSON_IsRaw(v)) {
        cJSON *parsed = NULL;
        struct json_err err;
        const char *raw = v->valuestring;
        bool ok = json_parse(raw, strlen(raw), DOC_BYTES_MAX, &parsed, &err); /* strict: also no \u0000, which would end a text early */
        cJSON *kept = ok ? json_value(parsed) : text_value(raw);
        cJSON_Delete(parsed);
        return kept;
    }
    struct str s;
    str_init(&s);
    doc_print(&s, v);
    cJSON *kept = cJSON_Parse(s.p);
    if (!kept)
        kept = text_value(s.p);
    str_free(&s);
    return kept;
}

static cJSON *value_of(const struct doc_col *c, const cJSON *v) {
    int64_t n;
    if (cJSON_IsNull(v))
        return c->flags & DOC_NEEDED ? NULL : cJSON_CreateNull();
    switch (c->type) {
    case DOC_ID: return id_value(v, false);
    case DOC_REF: return id_value(v, true);
    case DOC_INT: return whole_of(v, &n) && n <= 9007199254740991 && n >= -9007199254740991 ? cJSON_CreateNumber((double)n) : NULL;
    case DOC_MONEY: return money_value(v);
    case DOC_TIME: return time_value(v);
    case DOC_TEXT: return cJSON_IsString(v) ? text_value(v->valuestring) : NULL;
    case DOC_CALL: return call_value(v);
    case DOC_JSON: return json_value(v);
    }
    return NULL;
}

/* --- documents --- */

static const struct doc_col *col_of(const struct doc_kind *k, const char *name) {
    for (int i = 0; name && i < k->n; i++)
        if (!strcmp(k->cols[i].name, name))
            return &k->cols[i];
    return NULL;
}

size_t doc_bytes(const cJSON *doc) {
    size_t n = 64;
    for (const cJSON *v = doc->child; v; v = v->next)
        n += doc_bytes(v);
    return n + (doc->valuestring ? strlen(doc->valuestring) : 0) + (doc->string ? strlen(doc->string) : 0);
}

static bool missing(const struct doc_kind *k, const cJSON *doc, bool update, char text[ARCHIVE_TEXT_MAX]) {
    for (int i = 0; i < k->n; i++) {
        bool needed = k->cols[i].flags & (update ? DOC_KEY : DOC_NEEDED);
        if (needed && !cJSON_GetObjectItemCaseSensitive(doc, k->cols[i].name)) {
            snprintf(text, ARCHIVE_TEXT_MAX, "%s: %s is missing", k->table, k->cols[i].name);
            return true;
        }
    }
    return false;
}

cJSON *doc_normalise(enum archive_kind kind, const cJSON *doc, bool update, char text[ARCHIVE_TEXT_MAX]) {
    const struct doc_kind *k = doc_kind(kind);
    if (!cJSON_IsObject(doc) || missing(k, doc, update, text)) {
        if (!cJSON_IsObject(doc))
            snprintf(text, ARCHIVE_TEXT_MAX, "%s: a document is an object", k->table);
        return NULL;
    }
    cJSON *out = cJSON_CreateObject();
    int others = 0;
    for (const cJSON *v = doc->child; v; v = v->next) {
        const struct doc_col *c = col_of(k, v->string);
        cJSON *kept = c && !cJSON_GetObjectItemCaseSensitive(out, c->name) ? value_of(c, v) : NULL;
        if (!kept) {
            char name[40];
            utf8_sanitise(name, sizeof name, v->string ? v->string : "", v->string ? strlen(v->string) : 0);
            snprintf(text, ARCHIVE_TEXT_MAX, "%s: %s %s", k->table, name, c ? "has a value that can't be taken" : "is no column");
            cJSON_Delete(out);
            return NULL;
        }
        others += !(c->flags & DOC_KEY);
        cJSON_AddItemToObject(out, c->name, kept);
    }
    if ((update && !others) || doc_bytes(out) > DOC_BYTES_MAX) {
        snprintf(text, ARCHIVE_TEXT_MAX, "%s: %s", k->table, update && !others ? "nothing to change" : "the document is too large");
        cJSON_Delete(out);
        return NULL;
    }
    return out;
}
