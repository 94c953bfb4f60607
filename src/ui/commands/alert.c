/* alert: what is told when a price, a position, an account, a model or a venue reaches a level. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/commands/sniper.h"

/* The subject in the words after `new`; *used of them. */
static bool alert_subject(const struct command_ctx *c, const struct args *a, struct watch *w, enum subject_kind *kind, const struct market **m, int *used, struct command_result *r) {
    struct view_market vm;
    account_id account;
    model_id model;
    const char *name = a->n > 2 ? a->pos[2] : "";
    *kind = SUBJECT_MARKET;
    for (int k = SUBJECT_POSITION; k < SUBJECT_KIND_COUNT; k++)
        if (str_eq_nocase(a->pos[1], subject_kind_name((enum subject_kind)k)))
            *kind = (enum subject_kind)k;
    *used = 2;
    if (*kind == SUBJECT_POSITION) {
        const struct order *o = arg_position(c, a, name, r);
        w->subject = o ? o->id : 0;
        w->side = o ? o->side : 0;
        return o != NULL;
    }
    if (*kind == SUBJECT_ACCOUNT) {
        if (!account_find(c, name, &account, r))
            return false;
        w->subject = account;
        return true;
    }
    if (*kind == SUBJECT_MODEL) {
        if (view_model_find(c->view, name, &model) != ERR_OK)
            return fail(r, ERR_NOT_FOUND, "no model \"%.40s\"; `models` lists them", name);
        w->subject = model;
        return true;
    }
    if (*kind == SUBJECT_VENUE) {
        for (int v = 1; v < VENUE_COUNT; v++)
            if (str_eq_nocase(name, venue_name((enum venue_id)v)) || str_eq_nocase(name, venue_label((enum venue_id)v)))
                w->subject = (uint64_t)v;
        return w->subject ? true : fail(r, ERR_NOT_FOUND, "no venue \"%.24s\"; `status` lists them", name);
    }
    if (!arg_market(c, a->pos[1], &vm, r))
        return false;
    enum order_side side = format_cents(vm.m) ? SIDE_YES : SIDE_LONG;
    *m = vm.m;
    *used = 1;
    if (a->n > 3) {
        if (!arg_side(name, vm.m, &side, r))
            return false;
        *used = 2;
    }
    w->subject = vm.m->id;
    w->side = (uint8_t)side;
    return true;
}

static bool alert_level(const struct when *when, const struct market *m, int64_t *out, struct command_result *r) {
    const char *unit = figure_info(when->figure)->unit;
    char number[48];
    uint32_t ms;
    str_copy(number, sizeof number, when->level);
    const size_t n = strlen(number);
    if (!strcmp(unit, "price"))
        return arg_level("level", when->level, m, out, r);
    if (!strcmp(unit, "usd"))
        return arg_decimal("level", when->level, out, r);
    if (!strcmp(unit, "ms")) {
        if (!arg_ms("level", when->level, false, &ms, r))
            return false;
        *out = ms;
        return true;
    }
    if (!strcmp(unit, "ppm")) {
        if (n > 1 && number[n - 1] == '%')
            number[n - 1] = 0;
        if (!arg_decimal("level", number, out, r))
            return false;
        *out /= 100;
        return true;
    }
    return arg_int("level", when->level, 0, 1000000000, out, r);
}

static void alert_figures(enum subject_kind k, char *text, size_t cap) {
    text[0] = 0;
    for (int i = 0; i < FIGURE_COUNT; i++) {
        const size_t n = strlen(text);
        if (figure_info((enum figure)i)->subject == k)
            snprintf(text + n, cap - n, "%s%s", n ? ", " : "", figure_info((enum figure)i)->name);
    }
}

static void alert_new(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    struct watch w = {.kind = WATCH_ALERT, .flags = WATCH_ARMED};
    struct when when;
    enum subject_kind kind;
    const struct market *m = NULL;
    char text[REASON_MAX], figures[120];
    int used;
    if (!alert_subject(c, a, &w, &kind, &m, &used, r))
        return;
    alert_figures(kind, figures, sizeof figures);
    if (a->n != used + 2) {
        fail(r, ERR_USAGE, a->n < used + 2 ? "alert new: what fires it is missing, in quotes: \"mark>=70000\" (a %s has %s)" : "alert new: too many words; quote the condition (a %s has %s)",
             subject_kind_name(kind), figures);
        return;
    }
    if (!arg_when("alert", a->pos[used + 1], FIGURE_COUNT, TRIGGER_AT_OR_ABOVE, &when, r))
        return;
    if (when.figure == FIGURE_COUNT || !when.dir_given || figure_info(when.figure)->subject != kind) {
        fail(r, ERR_USAGE, "\"%.32s\": a %s has %s, each with <= or >=", a->pos[used + 1], subject_kind_name(kind), figures);
        return;
    }
    w.figure = (uint8_t)when.figure;
    w.dir = (uint8_t)when.dir;
    const char *hold = args_option(a, "--hold");
    if (!alert_level(&when, m, &w.level.micro, r) || (hold && !arg_ms("--hold", hold, true, &w.hold_ms, r)) || !watch_set_expiry(c, a, &w, r))
        return;
    watch_set_flag(&w, WATCH_REPEAT, args_option(a, "--repeat") != NULL);
    if (watch_check(&w, text) != ERR_OK)
        fail(r, ERR_BAD_VALUE, "%s", text);
    else
        watch_put(c, &w, r);
}

static const struct verb alert_verbs[] = {
    {"list", "[--all] [--from ID] [--limit N]", 0, 0, watch_list},
    {"new", "MARKET [SIDE] | account NAME | position N | model NAME | venue NAME, then \"FIGURE<=LEVEL\" [--hold TIME] [--repeat] [--expires TIME]", 2, 4, alert_new},
    {"arm", "ID", 1, 1, watch_act},
    {"disarm", "ID", 1, 1, watch_act},
    {"delete", "ID", 1, 1, watch_act},
    {"show", "ID", 1, 1, watch_show},
    {"history", "[ID]", 0, 1, watch_history},
};
COMMAND_RUN(run_alert) { verbs_run(alert_verbs, sizeof alert_verbs / sizeof *alert_verbs, c, argc, argv, r); }

/* The figures of what was named, as "mark>=". */
static const char *complete_figure(enum subject_kind kind, const char *prefix, int i) {
    static char text[24];
    for (int k = 0; k < FIGURE_COUNT; k++) {
        snprintf(text, sizeof text, "%s>=", figure_info((enum figure)k)->name);
        if (figure_info((enum figure)k)->subject == kind && str_has_prefix_nocase(text, prefix) && i-- == 0)
            return text;
    }
    return NULL;
}

static const char *complete_venue(const char *prefix, int i) {
    for (int v = 1; v < VENUE_COUNT; v++)
        if (str_has_prefix_nocase(venue_name((enum venue_id)v), prefix) && i-- == 0)
            return venue_name((enum venue_id)v);
    return NULL;
}

COMMAND_COMPLETE(complete_alert) {
    if (arg == 0)
        return verbs_complete(alert_verbs, sizeof alert_verbs / sizeof *alert_verbs, prefix, i);
    if (strcmp(complete_verb, "new"))
        return arg == 1 ? watch_complete_ids(c, WATCH_ALERT, prefix, i) : NULL;
    if (arg == 1) {
        for (int k = SUBJECT_POSITION; k < SUBJECT_KIND_COUNT; k++)
            if (str_has_prefix_nocase(subject_kind_name((enum subject_kind)k), prefix) && i-- == 0)
                return subject_kind_name((enum subject_kind)k);
        return complete_market(c, 0, prefix, i);
    }
    enum subject_kind kind = SUBJECT_MARKET;
    for (int k = SUBJECT_POSITION; k < SUBJECT_KIND_COUNT; k++)
        if (str_eq_nocase(complete_second, subject_kind_name((enum subject_kind)k)))
            kind = (enum subject_kind)k;
    if (arg == 2 && kind != SUBJECT_MARKET)
        return kind == SUBJECT_ACCOUNT ? complete_account_name(c, prefix, i) : kind == SUBJECT_MODEL ? complete_model(c, 0, prefix, i) : kind == SUBJECT_POSITION ? complete_position(c, 0, prefix, i)
                                                                                                                                        : complete_venue(prefix, i);
    return arg <= 3 ? complete_figure(kind, prefix, i) : NULL;
}
