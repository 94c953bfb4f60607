/* The table of settings, the INI reader over it and the values with their origin. */
#include "turret/app/config.h"

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

#define MINUTE_US 60000000LL
#define SETTING_MAX 96
#define VALUE_MAX 256

static const struct setting base_settings[] = {
    {"engine", "feed", SET_TEXT, "generated", 0, 0, "generated|tape:FILE", false, "market data of the simulator"},
    {"engine", "seed", SET_COUNT, "0", 0, INT64_MAX, "number", false, "seed of generated markets; 0 = another one at each start"},
    {"engine", "exit_trigger", SET_CHOICE, "touch", 0, 0, "touch|mark|last", false, "price that fires stops and targets: touch = what one could trade at"},
    {"engine", "cancel_on_kill", SET_BOOL, "yes", 0, 1, "yes|no", false, "the kill switch also cancels working orders that add exposure"},
    {"engine", "simulation", SET_BOOL, "yes", 0, 1, "yes|no", false, "every account is simulated; no: accounts that are set live and confirmed may trade live"},
    {"engine", "on_exit", SET_CHOICE, "keep", 0, 0, "keep|cancel", true, "resting orders when the engine stops"},
    {"engine", "http", SET_TEXT, "", 0, 0, "ADDRESS:PORT", false, "serve the order API there, like 127.0.0.1:8417 (turret-api(7)); empty = not"},
    {"engine", "http_public", SET_BOOL, "no", 0, 1, "yes|no", false, "the order API may listen on addresses that other machines reach, and takes any Host"},
    {"sim", "initial_cash", SET_USD, "10000", DEC_ONE, 1000000000LL * DEC_ONE, "USD", false, "cash a new or reset paper account starts with"},
    {"sim", "latency_min", SET_DURATION, "40ms", 0, MINUTE_US, "duration", false, "shortest way to or from the simulated venue"},
    {"sim", "latency_max", SET_DURATION, "250ms", 0, MINUTE_US, "duration", false, "longest way to or from the simulated venue"},
    {"sim", "slippage_max_bps", SET_COUNT, "0", 0, 1000, "bps", false, "random extra slippage on tapes without depth; never past a limit"},
    {"sim", "currency", SET_CHOICE, "USD", 0, 0, "USD|USDT|USDC", false, "name of the simulated cash"},
    {"sim", "maker_fee_bps", SET_QTY, "-1", -DEC_ONE, 10000 * DEC_ONE, "bps", false, "fee of resting orders in every simulated market; -1 = the market's own (2)"},
    {"sim", "taker_fee_bps", SET_QTY, "-1", -DEC_ONE, 10000 * DEC_ONE, "bps", false, "fee of orders that take; -1 = the market's own (5)"},
    {"sim", "funding_period", SET_DURATION, "8h", MINUTE_US, 30 * 24 * 60 * MINUTE_US, "duration", false, "how often perpetuals of generated markets pay funding"},
    {"sim", "funding_refresh", SET_DURATION, "60s", 100000, 60 * MINUTE_US, "duration", false, "how often their funding rate follows the premium"},
    {"sim", "refresh", SET_DURATION, "1s", 100000, 60 * MINUTE_US, "duration", false, "how often they are marked"},
    {"sim", "second", SET_BOOL, "no", 0, 1, "yes|no", false, "a second simulated venue, sim2: some of the generated markets again, with books, fees and steps of its own"},
    {"sim", "second_latency_min", SET_DURATION, "80ms", 0, MINUTE_US, "duration", false, "shortest way to or from it"},
    {"sim", "second_latency_max", SET_DURATION, "400ms", 0, MINUTE_US, "duration", false, "longest way to or from it"},
    {"models", "enabled", SET_BOOL, "yes", 0, 1, "yes|no", false, "invoke the configured models (turret-agents(5))"},
    {"models", "interval", SET_DURATION, "5m", 1000000, 24 * 60 * MINUTE_US, "duration", false, "how often a model is invoked whose section in models.conf does not say"},
    {"models", "builtin_interval", SET_DURATION, "15s", 1000000, 24 * 60 * MINUTE_US, "duration", false, "the same of built-in agents on generated markets"},
    {"models", "call_timeout", SET_DURATION, "2m", 1000000, 9 * MINUTE_US, "duration", false, "longest wait for one answer of a language model"},
    {"models", "max_steps", SET_COUNT, "10", 1, 100, "steps", false, "requests a run may make"},
    {"models", "retries", SET_COUNT, "2", 0, 10, "number", false, "times a failed request is made again"},
    {"models", "budget_day", SET_USD, "0", 0, 1000000LL * DEC_ONE, "USD", false, "cost a day after which a model whose section does not say is not invoked; 0 = none"},
    {"models", "folder", SET_TEXT, "", 0, 0, "folder", false, "models.conf, providers.conf, prices.conf, prompt.md and variants/ of the user; empty = beside turret.conf"},
    {"lighter", "base_url", SET_TEXT, "https://mainnet.zklighter.elliot.ai", 0, 0, "URL", false, "Lighter's API"},
    {"lighter", "api_key_index", SET_COUNT, "2", 0, 254, "number", false, "which of the account's API keys signs at Lighter"},
    {"database", "url", SET_TEXT, "", 0, 0, "connection string", false, "PostgreSQL to use; empty = a private cluster in the data directory"},
    {"alerts", "bell", SET_BOOL, "yes", 0, 1, "yes|no", false, "ring the terminal's bell at alarms, and at fills while the terminal is not looked at"},
    {"alerts", "osc9", SET_BOOL, "yes", 0, 1, "yes|no", false, "tell terminals of alarms as desktop notifications (OSC 9); others ignore it"},
    {"alerts", "on_alert", SET_TEXT, "", 0, 0, "command", false, "run by sh at every alarm, one at a time; what happened is in $TURRET_ALERT, _MARKET, _ID, _ORDER and _MISSED"},
    {"ui", "theme", SET_TEXT, "default", 0, 0, "name or file", true, "colours (turret theme list)"},
    {"ui", "ascii", SET_CHOICE, "auto", 0, 0, "auto|yes|no", false, "draw with ASCII characters only; auto = as the locale says"},
    {"ui", "keys", SET_TEXT, "", 0, 0, "file", false, "key bindings; empty = keys.conf beside turret.conf, if there is one"},
    {"ui", "status_every", SET_DURATION, "10s", 1000000, 3600000000LL, "duration", false, "status line interval of plain mode"},
};
#define BASE_COUNT ((int)(sizeof base_settings / sizeof *base_settings))

struct value { char text[VALUE_MAX]; int64_t num; enum setting_origin origin; int line; };
struct config { struct value v[SETTING_MAX]; char file[1024]; };

/* --- the table, with the risk limits behind --- */

static const enum setting_type risk_types[] = {SET_USD, SET_QTY, SET_COUNT, SET_PPM, SET_DURATION};
static const char *const risk_kinds[] = {"usd", "qty", "count", "ppm", "ms"};

static const struct setting *risk_settings(void) {
    static struct setting rows[SETTING_MAX - BASE_COUNT];
    static char defs[SETTING_MAX - BASE_COUNT][DEC_TEXT_MAX + 8];
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
    return i < BASE_COUNT ? &base_settings[i] : &risk_settings()[i - BASE_COUNT];
}

const char *setting_type_name(enum setting_type t) {
    static const char *const names[] = {"text", "choice", "yes or no", "number", "duration", "USD", "quantity", "ppm"};
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

static int on_pair(void *user, const char *section, const char *name, const char *value) {
    struct reading *r = user;
    char what[400];
    if (r->failed)
        return 0;
    if (value_set(r->c, section, name, value, ORIGIN_FILE, r->line, what, sizeof what) == ERR_OK)
        return 1;
    r->failed = true;
    utf8_sanitise(what, sizeof what, what, strlen(what)); /* it quotes the file */
    snprintf(r->text, r->cap, "%s:%d: %s", r->path, r->line, what);
    return 0;
}

static enum err check_together(const struct config *c, const char *path, char *text, size_t cap) {
    static const char *const pairs[][2] = {{"latency_min", "latency_max"}, {"second_latency_min", "second_latency_max"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (config_num(c, "sim", pairs[i][0]) > config_num(c, "sim", pairs[i][1])) {
            snprintf(text, cap, "%s: %s is above %s", path, pairs[i][0], pairs[i][1]);
            return ERR_CONFIG;
        }
    return ERR_OK;
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
