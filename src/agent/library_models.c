/* models.conf: one section a model. The user's file comes second: its sections replace the built-in ones of the same name. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "agent/library.h"
#include "turret/agent/builtin.h"
#include "turret/base/mem.h"
#include "turret/io/inifile.h"

struct reading { struct library *l; struct read_err *e; struct model m; int line; bool open; char names[64][MODEL_NAME_MAX]; int name_count; };

static bool text_key(char *dst, size_t cap, const char *value) {
    if (strlen(value) >= cap)
        return false;
    str_copy(dst, cap, value);
    return true;
}

static bool set_provider(struct model *m, const char *v) {
    m->builtin = str_eq_nocase(v, "builtin");
    return *v && text_key(m->provider, sizeof m->provider, v);
}
static bool set_model(struct model *m, const char *v) { return *v && text_key(m->model, sizeof m->model, v); }
static bool set_variant(struct model *m, const char *v) { return *v && text_key(m->variant, sizeof m->variant, v); }
static bool set_enabled(struct model *m, const char *v) {
    bool on;
    if (!conf_flag(v, &on))
        return false;
    m->enabled = on;
    return true;
}
static bool set_interval(struct model *m, const char *v) {
    int64_t ms;
    if (!conf_duration_ms(v, &ms) || ms % 1000 != 0 || ms > 7 * 86400000LL)
        return false;
    m->interval_s = (uint32_t)(ms / 1000);
    return true;
}
/* "all" is said in files; the record has it as nothing. Blanks around commas are dropped. */
static bool set_markets(struct model *m, const char *v) {
    size_t n = 0;
    if (str_eq_nocase(v, "all"))
        v = "";
    for (; *v; v++) {
        if (isspace((unsigned char)*v))
            continue;
        if (n + 1 >= sizeof m->markets)
            return false;
        m->markets[n++] = *v;
    }
    m->markets[n] = '\0';
    return true;
}
static bool set_budget_run(struct model *m, const char *v) { return conf_usd(v, &m->budget_run.micro); }
static bool set_budget_day(struct model *m, const char *v) { return conf_usd(v, &m->budget_day.micro); }

static const struct key { const char *name; bool (*set)(struct model *m, const char *value); const char *what; } keys[] = {
    {"provider", set_provider, "builtin, or a section of providers.conf"},
    {"model", set_model, "the provider's name of the model, or of the built-in rule"},
    {"variant", set_variant, "a file of variants/ without its .md"},
    {"interval", set_interval, "whole seconds up to a week: 30s, 5m, 1h; 0 = the default"},
    {"markets", set_markets, "all, or symbols, perp and binary by commas, at most 159 bytes"},
    {"budget_run", set_budget_run, "USD; 0 = none"},
    {"budget_day", set_budget_day, "USD; 0 = none"},
    {"enabled", set_enabled, "yes or no"},
};

static bool name_good(const char *s) {
    size_t n = strlen(s);
    if (n == 0 || n >= MODEL_NAME_MAX || !isalnum((unsigned char)s[0]))
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr("-_.", *s))
            return false;
    return true;
}

/* The section is complete: it must say enough to be run, and goes into the list. */
static enum err finish(struct reading *r) {
    struct model *m = &r->m;
    struct library *l = r->l;
    if (!r->open)
        return ERR_OK;
    r->open = false;
    if (m->enabled) {
        if (!m->provider[0] || !m->model[0] || !m->variant[0])
            return read_fail(r->e, r->line, "[%s] has no %s", m->name, !m->provider[0] ? "provider" : !m->model[0] ? "model" : "variant");
        const struct variant *v = library_variant(l, m->variant);
        if (!v)
            return read_fail(r->e, r->line, "[%s]: there is no variant %s", m->name, m->variant);
        if (m->builtin && !builtin_find(m->model))
            return read_fail(r->e, r->line, "[%s]: there is no built-in rule %s", m->name, m->model);
        str_copy(m->variant, sizeof m->variant, v->name);
        m->limits = v->limits;
    }
    for (size_t i = 0; i < l->model_count; i++) {
        if (str_eq_nocase(l->models[i].name, m->name)) {
            l->models[i] = *m;
            return ERR_OK;
        }
    }
    l->models = xgrow(l->models, &l->model_cap, l->model_count + 1, sizeof *l->models);
    l->models[l->model_count++] = *m;
    return ERR_OK;
}

/* A new section; the same one twice in a file is a mistake. */
static enum err begin(struct reading *r, const char *name, int line) {
    if (finish(r))
        return ERR_CONFIG;
    if (!name_good(name))
        return read_fail(r->e, line, "a model's name has 1 to %d letters, digits, '-', '_' and '.'", MODEL_NAME_MAX - 1);
    for (int i = 0; i < r->name_count; i++)
        if (str_eq_nocase(r->names[i], name))
            return read_fail(r->e, line, "[%s] is there twice", name);
    if (r->name_count == 64)
        return read_fail(r->e, line, "more than 64 models");
    str_copy(r->names[r->name_count++], MODEL_NAME_MAX, name);
    memset(&r->m, 0, sizeof r->m);
    str_copy(r->m.name, sizeof r->m.name, name);
    r->m.enabled = 1;
    r->line = line;
    r->open = true;
    return ERR_OK;
}

static int on_key(void *user, const char *section, const char *name, const char *value, int line) {
    struct reading *r = user;
    if ((!r->open || strcmp(r->m.name, section) != 0) && begin(r, section, line))
        return 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(name, keys[i].name) != 0)
            continue;
        if (keys[i].set(&r->m, value))
            return 1;
        return read_fail(r->e, line, "%s = %.40s: %s", name, value, keys[i].what), 0;
    }
    return read_fail(r->e, line, "unknown key %.40s (provider, model, variant, interval, markets, budget_run, budget_day, enabled)", name), 0;
}

enum err models_read(struct library *l, const char *text, size_t n, struct read_err *e) {
    struct reading r = {.l = l, .e = e};
    if (lines_check(text, n, e))
        return ERR_CONFIG;
    int bad = inifile_parse(text, n, on_key, &r);
    if (bad || e->set)
        return read_fail(e, bad ? bad : 1, "not a line of 'key = value' or '[section]'");
    return finish(&r);
}

void models_settle(struct library *l) {
    size_t kept = 0;
    for (size_t i = 0; i < l->model_count; i++)
        if (l->models[i].enabled)
            l->models[kept++] = l->models[i];
    l->model_count = kept;
}
