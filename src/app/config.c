/* Values of settings with their origin: the INI reader over the table (config_rows.c), the environment, what fits together. */
#include "app/config_rows.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"

#define SETTING_MAX 128
#define VALUE_MAX 1024

#define BASE_COUNT config_row_count

struct value { char text[VALUE_MAX]; int64_t num; enum setting_origin origin; int line; };
struct config { struct value v[SETTING_MAX]; char file[1024]; };

/* --- the table, with the risk limits behind --- */

static const enum setting_type risk_types[] = {SET_USD, SET_QTY, SET_COUNT, SET_PPM, SET_DURATION};
static const char *const risk_kinds[] = {"usd", "qty", "count", "ppm", "ms"};

static const struct setting *risk_settings(void) {
    static struct setting rows[SETTING_MAX];
    static char defs[SETTING_MAX][DEC_TEXT_MAX + 8];
    int n;
    const struct risk_limit_info *info = risk_limit_table(&n);
    struct risk_limits l;
    if (rows[0].key)
        return rows;
    assert(n <= SETTING_MAX - BASE_COUNT);
    risk_limits_default(&l);
    for (int i = 0; i < n; i++) {
        int64_t def = *(const int64_t *)(const void *)((const char *)&l + info[i].offset);
        enum setting_type t = SET_COUNT;
        for (int k = 0; k < (int)(sizeof risk_kinds / sizeof *risk_kinds); k++)
            if (!strcmp(info[i].kind, risk_kinds[k]))
                t = risk_types[k];
        if (t == SET_USD || t == SET_QTY)
            dec_format(def, 0, defs[i]);
        else
            snprintf(defs[i], sizeof defs[i], "%lld%s", (long long)def, t == SET_DURATION ? "ms" : "");
        rows[i] = (struct setting){"risk", info[i].key, t, defs[i], 0, INT64_MAX / 4, t == SET_DURATION ? "duration" : info[i].unit, true, info[i].help};
    }
    return rows;
}

int config_setting_count(void) {
    int n;
    risk_limit_table(&n);
    return BASE_COUNT + n;
}

const struct setting *config_setting(int i) {
    return i < BASE_COUNT ? &config_rows[i] : &risk_settings()[i - BASE_COUNT];
}

const char *setting_type_name(enum setting_type t) {
    static const char *const names[] = {"text", "choice", "yes or no", "number", "duration", "USD", "quantity", "ppm", "words"};
    return names[t];
}

void setting_env_name(const struct setting *s, char *buf, size_t cap) {
    snprintf(buf, cap, "TURRET_%s_%s", s->section, s->key);
    for (char *p = buf; *p; p++)
        *p = (char)toupper((unsigned char)*p);
}

static int setting_find(const char *section, const char *key) {
    for (int i = 0; i < config_setting_count(); i++)
        if (!strcmp(config_setting(i)->section, section) && !strcmp(config_setting(i)->key, key))
            return i;
    return -1;
}

/* --- values --- */

static int choice_index(const char *choices, const char *word) {
    size_t n = strlen(word);
    for (int i = 0; *choices; i++) {
        size_t len = strcspn(choices, "|");
        if (len == n && !strncmp(choices, word, n))
            return i;
        choices += len + (choices[len] == '|');
    }
    return -1;
}

static bool value_parse(const struct setting *s, const char *text, int64_t *num) {
    char *end;
    *num = 0;
    switch (s->type) {
    case SET_TEXT:
    case SET_WORDS:
        return strlen(text) < VALUE_MAX;
    case SET_CHOICE:
        *num = choice_index(s->unit, text);
        return *num >= 0;
    case SET_BOOL:
        *num = !strcmp(text, "yes") || !strcmp(text, "true") || !strcmp(text, "on") || !strcmp(text, "1");
        return *num || !strcmp(text, "no") || !strcmp(text, "false") || !strcmp(text, "off") || !strcmp(text, "0");
    case SET_COUNT:
    case SET_PPM:
        if (!isdigit((unsigned char)*text))
            return false;
        errno = 0;
        *num = strtoll(text, &end, 10);
        break;
    case SET_DURATION:
        errno = 0;
        end = duration_parse(text, num) ? strchr(text, 0) : NULL;
        break;
    default:
        errno = 0;
        end = dec_parse_str(text, num) ? strchr(text, 0) : NULL;
    }
    return end && !*end && !errno && *num >= s->min && *num <= s->max;
}

static void value_problem(const struct setting *s, const char *text, char *out, size_t cap) {
    char range[128] = "";
    if (s->type == SET_CHOICE || s->type == SET_BOOL)
        snprintf(range, sizeof range, "one of %s", s->unit);
    else if (s->type == SET_DURATION)
        snprintf(range, sizeof range, "a duration like 250ms, 10s or 5m within range");
    else if (s->type == SET_USD || s->type == SET_QTY) {
        char lo[DEC_TEXT_MAX], hi[DEC_TEXT_MAX];
        dec_format(s->min, 0, lo);
        dec_format(s->max, 0, hi);
        snprintf(range, sizeof range, "a decimal number from %s to %s", lo, hi);
    } else
        snprintf(range, sizeof range, "a whole number from %lld to %lld", (long long)s->min, (long long)s->max);
    char shown[64];
    utf8_sanitise(shown, sizeof shown, text, strlen(text));
    snprintf(out, cap, "%s: '%s' is not %s", s->key, shown, range);
}

static void unknown_problem(const char *section, const char *key, char *out, size_t cap) {
    const char *names[SETTING_MAX];
    int n = 0;
    bool known_section = false;
    for (int i = 0; i < config_setting_count(); i++)
        if (!strcmp(config_setting(i)->section, section)) {
            names[n++] = config_setting(i)->key;
            known_section = true;
        }
    if (!known_section) {
        for (int i = 0; i < config_setting_count(); i++)
            names[n++] = config_setting(i)->section;
        const char *near = str_closest(section, names, n);
        snprintf(out, cap, "unknown section [%.40s]%s%s%s", section, near ? "; did you mean [" : "", near ? near : "", near ? "]?" : "");
        return;
    }
    const char *near = str_closest(key, names, n);
    if (near) {
        snprintf(out, cap, "unknown key '%.40s' in [%s]; did you mean '%s'?", key, section, near);
        return;
    }
    for (int i = 0; i < config_setting_count(); i++) /* right key, wrong section */
        if (!strcmp(config_setting(i)->key, key)) {
            snprintf(out, cap, "unknown key '%.40s' in [%s]; did you mean it in [%s]?", key, section, config_setting(i)->section);
            return;
        }
    snprintf(out, cap, "unknown key '%.40s' in [%s]", key, section);
}

static enum err value_set(struct config *c, const char *section, const char *key, const char *value, enum setting_origin o, int line, char *text, size_t cap) {
    int i = setting_find(section, key);
    int64_t num;
    if (i < 0) {
        unknown_problem(section, key, text, cap);
        return ERR_CONFIG;
    }
    if (!value_parse(config_setting(i), value, &num)) {
        value_problem(config_setting(i), value, text, cap);
        return ERR_CONFIG;
    }
    if (o < c->v[i].origin)
        return ERR_OK; /* a stronger source has spoken */
    str_copy(c->v[i].text, sizeof c->v[i].text, value);
    c->v[i].num = num;
    c->v[i].origin = o;
    c->v[i].line = line;
    return ERR_OK;
}

enum err config_set(struct config *c, const char *section, const char *key, const char *value, enum setting_origin o, char *text, size_t cap) {
    return value_set(c, section, key, value, o, 0, text, cap);
}

struct config *config_new(void) {
    struct config *c = xcalloc(1, sizeof *c);
    char text[256];
    for (int i = 0; i < config_setting_count(); i++) {
        const struct setting *s = config_setting(i);
        enum err e = value_set(c, s->section, s->key, s->def, ORIGIN_DEFAULT, 0, text, sizeof text);
        assert(e == ERR_OK && "a default is in its own range");
        (void)e;
    }
    return c;
}

void config_free(struct config *c) {
    free(c);
}

/* --- the file --- */

struct reading { struct config *c; FILE *f; const char *path; int line; bool long_line, failed; char *text; size_t cap; };

static char *read_line(char *buf, int n, void *stream) {
    struct reading *r = stream;
    if (!fgets(buf, n, r->f))
        return NULL;
    r->line++;
    if (!strchr(buf, '\n') && !feof(r->f))
        r->long_line = true;
    return buf;
}

/* Words may go on in further lines, a line of the file is short. */
static const char *with_words_before(const struct reading *r, const char *section, const char *name, const char *value, char *buf, size_t cap) {
    const int i = setting_find(section, name);
    if (i < 0 || config_setting(i)->type != SET_WORDS || r->c->v[i].origin != ORIGIN_FILE || !r->c->v[i].text[0])
        return value;
    const int n = snprintf(buf, cap, "%s, %s", r->c->v[i].text, value);
    return n > 0 && (size_t)n < cap ? buf : NULL;
}

static int on_pair(void *user, const char *section, const char *name, const char *value) {
    struct reading *r = user;
    char what[400], joined[VALUE_MAX];
    if (r->failed)
        return 0;
    if (!(value = with_words_before(r, section, name, value, joined, sizeof joined))) {
        r->failed = true;
        snprintf(r->text, r->cap, "%s:%d: %s: more than %d characters", r->path, r->line, name, VALUE_MAX - 1);
        return 0;
    }
    if (value_set(r->c, section, name, value, ORIGIN_FILE, r->line, what, sizeof what) == ERR_OK)
        return 1;
    r->failed = true;
    utf8_sanitise(what, sizeof what, what, strlen(what)); /* it quotes the file */
    snprintf(r->text, r->cap, "%s:%d: %s", r->path, r->line, what);
    return 0;
}

static enum err check_together(const struct config *c, const char *path, char *text, size_t cap) {
    char what[320];
    if (config_together(c, what, sizeof what))
        return ERR_OK;
    snprintf(text, cap, "%s: %s", path, what);
    return ERR_CONFIG;
}

enum err config_load(struct config *c, const char *path, char *text, size_t cap) {
    struct config next = *c;
    struct reading r = {.c = &next, .f = fopen(path, "re"), .path = path, .text = text, .cap = cap};
    if (!r.f) {
        snprintf(text, cap, "%s: %s", path, strerror(errno));
        return ERR_CONFIG;
    }
    for (int i = 0; i < config_setting_count(); i++) /* what an earlier reading of the file said counts no more */
        if (next.v[i].origin == ORIGIN_FILE) {
            next.v[i].origin = ORIGIN_DEFAULT;
            value_parse(config_setting(i), config_setting(i)->def, &next.v[i].num);
            str_copy(next.v[i].text, sizeof next.v[i].text, config_setting(i)->def);
        }
    int bad = ini_parse_stream(read_line, &r, on_pair, &r);
    fclose(r.f);
    if (r.failed)
        return ERR_CONFIG;
    if (bad || r.long_line) {
        snprintf(text, cap, "%s:%d: %s", path, r.long_line ? r.line : bad, r.long_line ? "line too long" : "not 'key = value', '[section]' or a comment");
        return ERR_CONFIG;
    }
    str_copy(next.file, sizeof next.file, path);
    enum err e = check_together(&next, path, text, cap);
    if (e == ERR_OK)
        *c = next;
    return e;
}

enum err config_env(struct config *c, char *text, size_t cap) {
    char name[96], what[320], value[VALUE_MAX];
    for (int i = 0; i < config_alias_count(); i++) {
        const struct config_alias *a = config_alias(i);
        const char *v = getenv(a->env);
        if (!v || !*v)
            continue;
        snprintf(value, sizeof value, "%s%s", v, a->unit);
        if (value_set(c, a->section, a->key, value, ORIGIN_ENV, 0, what, sizeof what)) {
            snprintf(text, cap, "environment %s: %s", a->env, what);
            return ERR_CONFIG;
        }
    }
    if (!config_simulation_env(what, sizeof what)) {
        str_copy(text, cap, what);
        return ERR_CONFIG;
    }
    if (what[0])
        value_set(c, "engine", "simulation", what, ORIGIN_ENV, 0, text, cap);
    for (int i = 0; i < config_setting_count(); i++) {
        const struct setting *s = config_setting(i);
        setting_env_name(s, name, sizeof name);
        const char *v = getenv(name);
        if (v && value_set(c, s->section, s->key, v, ORIGIN_ENV, 0, what, sizeof what)) {
            snprintf(text, cap, "environment %s: %s", name, what);
            return ERR_CONFIG;
        }
    }
    return check_together(c, "environment", text, cap);
}

static const struct value *value_of(const struct config *c, const char *section, const char *key) {
    int i = setting_find(section, key);
    assert(i >= 0 && "a setting that is in the table");
    return &c->v[i];
}

const char *config_text(const struct config *c, const char *section, const char *key) { return value_of(c, section, key)->text; }
int64_t config_num(const struct config *c, const char *section, const char *key) { return value_of(c, section, key)->num; }
const char *config_value(const struct config *c, int i) { return c->v[i].text; }

void config_origin(const struct config *c, int i, char *buf, size_t cap) {
    char name[96];
    switch (c->v[i].origin) {
    case ORIGIN_FILE:
        snprintf(buf, cap, "%s:%d", c->file, c->v[i].line);
        return;
    case ORIGIN_ENV:
        setting_env_name(config_setting(i), name, sizeof name);
        snprintf(buf, cap, "environment%s%s", getenv(name) ? " " : "", getenv(name) ? name : "");
        return;
    case ORIGIN_FLAG:
        snprintf(buf, cap, "option");
        return;
    case ORIGIN_DEFAULT:
        snprintf(buf, cap, "default");
    }
}

void config_risk(const struct config *c, struct risk_limits *out) {
    int n;
    const struct risk_limit_info *info = risk_limit_table(&n);
    for (int i = 0; i < n; i++) {
        const struct value *v = &c->v[BASE_COUNT + i];
        int64_t num = config_setting(BASE_COUNT + i)->type == SET_DURATION ? v->num / 1000 : v->num;
        memcpy((char *)out + info[i].offset, &num, sizeof num);
    }
}

static void home_path(const char *xdg, const char *under_home, char *buf, size_t cap) {
    const char *x = getenv(xdg), *home = getenv("HOME");
    if (x && x[0] == '/')
        snprintf(buf, cap, "%s/turret", x);
    else if (home && home[0] == '/')
        snprintf(buf, cap, "%s/%s/turret", home, under_home);
    else
        buf[0] = 0;
}

void config_dir(char *buf, size_t cap) {
    home_path("XDG_CONFIG_HOME", ".config", buf, cap);
}

void config_data_dir(char *buf, size_t cap) {
    if (geteuid() == 0)
        snprintf(buf, cap, "/var/lib/turret");
    else
        home_path("XDG_DATA_HOME", ".local/share", buf, cap);
}
