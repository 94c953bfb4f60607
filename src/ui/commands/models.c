/* Commands about models: who they are, how they do, what they did and why. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/columns_private.h"
#include "ui/commands/commands.h"

#define STANDINGS_MAX 256

static void rows_of(struct command_result *r, const char *table) {
    r->data = cJSON_CreateArray();
    r->table = table;
}

static void add_row(const struct command_ctx *c, struct command_result *r, const void *row) {
    cJSON_AddItemToArray(r->data, columns_json(column_table(r->table), c->view, row, c->now_us));
}

static bool arg_model(const struct command_ctx *c, const char *text, struct view_model *out, struct command_result *r) {
    model_id id;
    enum err e = view_model_find(c->view, text, &id);
    if (e != ERR_OK)
        return fail(r, e, e == ERR_AMBIGUOUS ? "more than one model begins with \"%.40s\"" : "no model \"%.40s\"; `models` lists them", text);
    return view_model(c->view, id, out);
}

COMMAND_RUN(run_models) {
    struct args a;
    struct view_model vm;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r))
        return;
    rows_of(r, "models");
    for (int i = 0; view_model_at(c->view, i, &vm); i++)
        add_row(c, r, &vm);
    if (!cJSON_GetArraySize(r->data))
        say(r, "no models are configured; see turret-agents(5)");
}

/* --- leaderboard -------------------------------------------------------------------------------- */
static double standing_return(const struct desk *view, account_id a) {
    const struct metrics *m = view_metrics(view, a);
    return m ? metrics_value(m, METRIC_RETURN) : NAN;
}

static bool before(const struct desk *view, const struct standing *a, const struct standing *b) {
    if ((a->rank == 0) != (b->rank == 0))
        return a->rank != 0;
    double x = standing_return(view, a->account), y = standing_return(view, b->account);
    return isnan(y) ? !isnan(x) : x > y;
}

int standings(const struct desk *view, struct standing *out, int max) {
    struct view_account va;
    int n = 0;
    for (int i = 0; n < max && view_account_at(view, i, &va); i++) {
        const struct model *m = view_model_of(view, va.a->id);
        const struct metrics *x = view_metrics(view, va.a->id);
        if (m && !m->enabled)
            continue;
        struct standing s = {va.a->id, x && !metrics_few(x) ? 1 : 0};
        int at = n++;
        for (; at > 0 && before(view, &s, &out[at - 1]); at--)
            out[at] = out[at - 1];
        out[at] = s;
    }
    for (int i = 0, rank = 0; i < n; i++)
        out[i].rank = out[i].rank ? ++rank : 0;
    return n;
}

COMMAND_RUN(run_leaderboard) {
    struct args a;
    struct standing rows[STANDINGS_MAX];
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r))
        return;
    const char *by = args_option(&a, "--sort");
    const struct column *col = by ? column_find(column_table("leaderboard"), by) : NULL;
    if (by && (!col || !col->sort)) {
        fail(r, ERR_BAD_VALUE, "--sort: \"%.32s\" is no figure of the leaderboard", by);
        return;
    }
    int n = standings(c->view, rows, STANDINGS_MAX);
    for (int i = 1; col && i < n; i++)
        for (int k = i; k > 0 && col->sort(c->view, &rows[k]) > col->sort(c->view, &rows[k - 1]); k--) {
            struct standing t = rows[k];
            rows[k] = rows[k - 1];
            rows[k - 1] = t;
        }
    rows_of(r, "leaderboard");
    for (int i = 0; i < n; i++)
        add_row(c, r, &rows[i]);
}

/* --- figures of one account ------------------------------------------------------------------------ */
static bool arg_metrics(const struct command_ctx *c, const struct args *a, const struct metrics **out, struct command_result *r) {
    struct view_model vm;
    account_id account;
    model_id id;
    if (view_model_find(c->view, a->pos[0], &id) == ERR_OK && view_model(c->view, id, &vm))
        account = vm.m->account;
    else if (!account_find(c, a->pos[0], &account, r))
        return false;
    *out = view_metrics(c->view, account);
    return *out ? true : fail(r, ERR_NOT_FOUND, "no figures of that account");
}

COMMAND_RUN(run_metrics) {
    struct args a;
    const struct metrics *m;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, 1, r) || !arg_metrics(c, &a, &m, r))
        return;
    r->data = cJSON_CreateArray();
    for (int k = 0; k < METRIC_COUNT; k++) {
        const struct metric_info *info = metric_info((enum metric)k);
        struct column_value v = {.role = ROLE_TEXT};
        column_set_metric(&v, m, (enum metric)k);
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "metric", info->key);
        if (v.raw[0])
            cJSON_AddStringToObject(o, "value", v.raw);
        else
            cJSON_AddNullToObject(o, "value");
        cJSON_AddStringToObject(o, "unit", info->unit);
        cJSON_AddStringToObject(o, "formula", info->source);
        cJSON_AddItemToArray(r->data, o);
    }
    if (metrics_few(m))
        say(r, "too few trades to rank: below %d", METRICS_MIN_TRADES);
}

COMMAND_RUN(run_calibration) {
    struct args a;
    const struct metrics *m;
    struct metrics_bin bins[10];
    char text[48];
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, 1, r) || !arg_metrics(c, &a, &m, r))
        return;
    metrics_calibration(m, bins);
    r->data = cJSON_CreateArray();
    for (int i = 0; i < 10; i++) {
        cJSON *o = cJSON_CreateObject();
        snprintf(text, sizeof text, "%d-%d%%", i * 10, i * 10 + (i == 9 ? 10 : 9));
        cJSON_AddStringToObject(o, "confidence", text);
        cJSON_AddNumberToObject(o, "count", bins[i].count);
        snprintf(text, sizeof text, "%.1f", bins[i].count ? bins[i].confidence : 0);
        cJSON_AddItemToObject(o, "mean_confidence", bins[i].count ? cJSON_CreateString(text) : cJSON_CreateNull());
        snprintf(text, sizeof text, "%.1f", bins[i].count ? bins[i].won : 0);
        cJSON_AddItemToObject(o, "won", bins[i].count ? cJSON_CreateString(text) : cJSON_CreateNull());
        cJSON_AddItemToArray(r->data, o);
    }
}

/* --- the schedule -------------------------------------------------------------------------------------- */
static void add_at(cJSON *o, const char *key, int64_t us) {
    char text[FORMAT_MAX];
    if (us > 0)
        cJSON_AddStringToObject(o, key, format_rfc3339(us, text));
    else
        cJSON_AddNullToObject(o, key);
}

COMMAND_RUN(run_health) {
    struct args a;
    struct view_schedule s;
    struct view_model vm;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r))
        return;
    view_schedule(c->view, &s);
    cJSON *o = r->data = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "state", s.healthy ? "healthy" : "degraded");
    cJSON_AddStringToObject(o, "reason", s.reason);
    cJSON_AddNumberToObject(o, "enabled", s.models);
    cJSON_AddNumberToObject(o, "running", s.running);
    cJSON_AddNumberToObject(o, "cycles", (double)s.cycles);
    cJSON_AddNumberToObject(o, "failed_cycles_in_row", s.failed_cycles);
    cJSON_AddNumberToObject(o, "skipped_runs", (double)s.skipped);
    add_at(o, "last_success_at", s.last_success_us);
    add_at(o, "next_run_at", s.next_run_us);
    cJSON *list = cJSON_AddArrayToObject(o, "models");
    for (int i = 0; view_model_at(c->view, i, &vm); i++)
        if (vm.m->enabled)
            cJSON_AddItemToArray(list, columns_json(column_table("models"), c->view, &vm, c->now_us));
}

/* --- pause, resume, run --------------------------------------------------------------------------------- */
static const struct { const char *word; enum intent_kind kind; bool all; } verbs[] = {
    {"pause", INTENT_MODEL_PAUSE, true}, {"resume", INTENT_MODEL_RESUME, true}, {"run", INTENT_MODEL_RUN, false}};

COMMAND_RUN(run_model) {
    struct args a;
    struct view_model vm = {0};
    struct intent in;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 2, 2, r))
        return;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(a.pos[0], verbs[i].word))
            continue;
        bool all = verbs[i].all && str_eq_nocase(a.pos[1], "all");
        if (!all && !arg_model(c, a.pos[1], &vm, r))
            return;
        intent_start(&in, verbs[i].kind, 0);
        in.order = all ? 0 : vm.m->id;
        yield_intent(c, &in, r);
        return;
    }
    fail(r, ERR_USAGE, "\"%.24s\" is not pause, resume or run", a.pos[0]);
}

const char *complete_model(const struct command_ctx *c, int arg, const char *prefix, int i) {
    struct view_model vm;
    (void)arg;
    for (int k = 0; view_model_at(c->view, k, &vm); k++)
        if (str_has_prefix_nocase(vm.m->name, prefix) && i-- == 0)
            return vm.m->name;
    return NULL;
}

const char *complete_model_verb(const struct command_ctx *c, int arg, const char *prefix, int i) {
    if (arg > 0)
        return complete_model(c, arg, prefix, i);
    for (size_t k = 0; k < sizeof verbs / sizeof *verbs; k++)
        if (str_has_prefix_nocase(verbs[k].word, prefix) && i-- == 0)
            return verbs[k].word;
    return NULL;
}
