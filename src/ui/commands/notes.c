/* trading, risk, note, notes and history: what may trade, what was refused, what happened and what a person wrote to it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/columns_private.h"
#include "ui/commands/verbs.h"

#define DAY_US 86400000000LL
#define HISTORY_MOST 500

/* --- what may trade ----------------------------------------------------------------------------- */
COMMAND_RUN(run_trading) {
    struct args a;
    struct intent in;
    struct view_status st;
    if (!args_parse(argc, argv, &a, r))
        return;
    view_status(c->view, &st);
    if (a.n == 0) {
        r->data = cJSON_CreateObject();
        cJSON_AddStringToObject(r->data, "trading", trading_state_name((enum trading_state)st.trading));
        cJSON_AddStringToObject(r->data, "reason", st.trading_reason);
        cJSON_AddBoolToObject(r->data, "killed", st.killed);
        return;
    }
    intent_start(&in, INTENT_TRADING_STATE, 0);
    in.order = TRADING_STATE_COUNT;
    for (int i = 0; i < TRADING_STATE_COUNT; i++)
        if (str_eq_nocase(a.pos[0], trading_state_name((enum trading_state)i)))
            in.order = (order_id)i;
    if (in.order == TRADING_STATE_COUNT) {
        fail(r, ERR_USAGE, "trading: \"%.24s\" is none of active, reducing (nothing new), halted (automations fire nothing either)", a.pos[0]);
        return;
    }
    args_rest(&a, 1, in.note, sizeof in.note);
    if (!in.note[0])
        str_copy(in.note, sizeof in.note, "by hand");
    yield_intent(c, &in, r);
}

COMMAND_COMPLETE(complete_trading) {
    (void)c;
    for (int k = 0; arg == 0 && k < TRADING_STATE_COUNT; k++)
        if (str_has_prefix_nocase(trading_state_name((enum trading_state)k), prefix) && i-- == 0)
            return trading_state_name((enum trading_state)k);
    return NULL;
}

COMMAND_RUN(run_risk) {
    struct args a;
    account_id account;
    struct view_status st;
    struct view_refusal refused[50];
    struct command_result limits = {0};
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r) || !arg_account(c, &a, &account, r))
        return;
    view_status(c->view, &st);
    cJSON *o = r->data = cJSON_CreateObject(), *list;
    cJSON_AddStringToObject(o, "trading", trading_state_name((enum trading_state)st.trading));
    cJSON_AddStringToObject(o, "reason", st.trading_reason);
    cJSON_AddBoolToObject(o, "killed", st.killed);
    cJSON_AddStringToObject(o, "account", column_account(c->view, account));
    run_limits(c, argc, argv, &limits);
    cJSON_AddItemToObject(o, "limits", limits.data ? limits.data : cJSON_CreateArray());
    list = cJSON_AddArrayToObject(o, "refusals");
    for (int i = 0, n = view_refusals(c->view, refused, 50); i < n; i++)
        cJSON_AddItemToArray(list, columns_json(column_table("refusals"), c->view, &refused[i], c->now_us));
}

/* --- what happened -------------------------------------------------------------------------------- */
/* "S-7", "A-7", "C-7", "T-7" name their kind; a bare number is any, of a position for exits. */
static bool history_id(const struct command_ctx *c, const char *text, int *kind, uint64_t *id, struct command_result *r) {
    static const struct { char letter; enum history_kind kind; } letters[] = {{'S', HISTORY_SNIPER}, {'A', HISTORY_ALERT}, {'C', HISTORY_FOLLOW}, {'T', HISTORY_FOLLOW}};
    uint32_t n;
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (auto_label_parse(text, letters[i].letter, &n)) {
            const bool bare = *text >= '0' && *text <= '9';
            const struct order *o = bare && (*kind < 0 || *kind == HISTORY_EXIT) ? view_order_find(c->view, text) : NULL;
            if (!bare)
                *kind = (int)letters[i].kind;
            *id = o && o->pos.status != POSITION_NONE ? o->id : n;
            return true;
        }
    return fail(r, ERR_BAD_VALUE, "\"%.24s\" is no number of an automation or position (S-7, A-7, C-7, T-7, 12)", text);
}

COMMAND_RUN(run_history) {
    struct args a;
    int kind = -1;
    uint64_t id = 0;
    int64_t max = 50;
    const struct history *rows[HISTORY_MOST];
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 2, r))
        return;
    const char *limit = args_option(&a, "--limit"), *text = a.n ? a.pos[0] : NULL;
    if (limit && !arg_int("--limit", limit, 1, HISTORY_MOST, &max, r))
        return;
    for (int k = 0; text && k < HISTORY_KIND_COUNT; k++)
        if (str_eq_nocase(text, history_kind_name((enum history_kind)k)))
            kind = k;
    if (kind >= 0)
        text = a.n > 1 ? a.pos[1] : NULL;
    else if (a.n > 1) {
        fail(r, ERR_USAGE, "history: \"%.24s\" is none of sniper, alert, follow, exit, risk, account", a.pos[0]);
        return;
    }
    if (text && !history_id(c, text, &kind, &id, r))
        return;
    rows_begin(r, "history");
    for (int i = 0, n = view_history(c->view, kind, id, rows, (int)max); i < n; i++)
        rows_add(c, r, rows[i]);
    if (!cJSON_GetArraySize(r->data))
        say(r, "nothing has happened yet");
}

COMMAND_COMPLETE(complete_history) {
    (void)c;
    for (int k = 0; arg == 0 && k < HISTORY_KIND_COUNT; k++)
        if (str_has_prefix_nocase(history_kind_name((enum history_kind)k), prefix) && i-- == 0)
            return history_kind_name((enum history_kind)k);
    return NULL;
}

/* --- notes ---------------------------------------------------------------------------------------- */
static bool remark_subject(const struct command_ctx *c, const char *text, struct remark *out, struct command_result *r) {
    const struct order *o = NULL;
    int32_t day;
    if (str_eq_nocase(text, "today") || str_eq_nocase(text, "yesterday")) {
        out->kind = REMARK_DAY;
        out->subject = (uint64_t)(c->now_us / DAY_US - (text[0] == 'y' || text[0] == 'Y'));
        return true;
    }
    if (strchr(text, '-')) {
        out->kind = REMARK_DAY;
        if (!arg_day("note", text, &day, r))
            return false;
        out->subject = (uint64_t)day;
        return true;
    }
    out->kind = REMARK_ORDER;
    if (!(o = arg_order(c, text, false, r)))
        return false;
    out->subject = o->id;
    return true;
}

COMMAND_RUN(run_note) {
    struct args a;
    struct intent in;
    char text[1024];
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, ARGS_MAX, r))
        return;
    intent_start(&in, INTENT_REMARK, 0);
    if (!remark_subject(c, a.pos[0], &in.u.remark, r))
        return;
    const struct remark *old = view_remark(c->view, (enum remark_kind)in.u.remark.kind, in.u.remark.subject);
    args_rest(&a, 1, text, sizeof text);
    if (!text[0] && !args_option(&a, "--remove")) {
        if (old)
            r->data = columns_json(column_table("remarks"), c->view, old, c->now_us);
        else
            fail(r, ERR_NOT_FOUND, "no note on %.24s; `note %.24s TEXT` writes one", a.pos[0], a.pos[0]);
        return;
    }
    if (text[0] && args_option(&a, "--remove")) {
        fail(r, ERR_USAGE, "note: TEXT or --remove, not both");
        return;
    }
    str_copy(in.u.remark.text, sizeof in.u.remark.text, text);
    if (strlen(text) >= sizeof in.u.remark.text) {
        fail(r, ERR_BAD_VALUE, "note: at most %zu bytes", sizeof in.u.remark.text - 1);
        return;
    }
    in.u.remark.at_us = c->now_us;
    if (in.u.remark.kind == REMARK_ORDER)
        in.order = in.u.remark.subject;
    yield_intent(c, &in, r);
}

COMMAND_RUN(run_notes) {
    struct args a;
    int cursor = 0;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r))
        return;
    rows_begin(r, "remarks");
    for (const struct remark *m; (m = view_next_remark(c->view, &cursor));)
        if (m->text[0])
            rows_add(c, r, m);
    if (!cJSON_GetArraySize(r->data))
        say(r, "no notes yet; `note ORDER TEXT` or `note today TEXT` writes one");
}
