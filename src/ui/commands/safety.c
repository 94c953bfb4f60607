/* kill, unkill, flatten, cancel-all, resume, limit and account: the commands that keep the desk safe. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/commands/commands.h"
#include "ui/session_state.h"

COMMAND_RUN(run_kill) {
    struct intent in;
    struct args a;
    if (!args_parse(argc, argv, &a, r))
        return;
    intent_start(&in, INTENT_KILL, 0);
    const char *reason = args_option(&a, "--reason");
    str_copy(in.note, sizeof in.note, reason ? reason : "");
    for (int i = 0; i < a.n && !reason; i++) {
        const size_t n = strlen(in.note);
        snprintf(in.note + n, sizeof in.note - n, "%s%s", i ? " " : "", a.pos[i]);
    }
    if (!in.note[0])
        str_copy(in.note, sizeof in.note, "by hand");
    yield_intent(c, &in, r);
}

COMMAND_RUN(run_unkill) {
    struct intent in;
    struct args a;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r))
        return;
    intent_start(&in, INTENT_UNKILL, 0);
    yield_intent(c, &in, r);
}

/* [MARKET] [--account NAME]; without --account every account, as a panic key means it. */
static void run_filtered(const struct command_ctx *c, int argc, char **argv, enum intent_kind kind,
                         struct command_result *r) {
    struct args a;
    struct intent in;
    struct view_market vm;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 1, r))
        return;
    intent_start(&in, kind, 0);
    if (args_option(&a, "--account") && !account_find(c, args_option(&a, "--account"), &in.account, r))
        return;
    if (a.n && !arg_market(c, a.pos[0], &vm, r))
        return;
    in.market = a.n ? vm.m->id : 0;
    yield_intent(c, &in, r);
}

COMMAND_RUN(run_flatten) {
    run_filtered(c, argc, argv, INTENT_FLATTEN, r);
}
COMMAND_RUN(run_cancel_all) {
    run_filtered(c, argc, argv, INTENT_CANCEL_ALL, r);
}

/* Too many refusals in a row stopped it: `resume` lifts that too. */
static bool breaker_open(const struct desk *view, account_id a) {
    struct view_limit use[64];
    for (int i = 0, n = view_limit_use(view, a, use, 64); i < n; i++)
        if (!strcmp(use[i].info->key, "max_rejects") && use[i].breached)
            return true;
    return false;
}

COMMAND_RUN(run_resume) {
    struct args a;
    struct intent in;
    account_id account;
    struct view_account va;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r) || !arg_account(c, &a, &account, r))
        return;
    if (view_account(c->view, account, &va) && !va.day_paused && !breaker_open(c->view, account)) {
        fail(r, ERR_NOT_OPEN, "account %s is not paused", va.a->name);
        return;
    }
    intent_start(&in, INTENT_RESUME_DAY, account);
    yield_intent(c, &in, r);
}

/* 500, 20%, 500ms, off: as the limit's kind wants it. */
static bool limit_value(const struct risk_limit_info *info, const char *text, int64_t *out, struct command_result *r) {
    char number[48];
    str_copy(number, sizeof number, text);
    const size_t n = strlen(number);
    if (str_eq_nocase(text, "off")) {
        *out = 0;
        return true;
    }
    if (!strcmp(info->kind, "usd") || !strcmp(info->kind, "qty")) {
        if (!arg_decimal("VALUE", text, out, r))
            return false;
    } else if (!strcmp(info->kind, "ppm") && n > 1 && number[n - 1] == '%') {
        number[n - 1] = 0;
        if (!arg_decimal("VALUE", number, out, r))
            return false;
        *out /= 100;
    } else {
        if (!strcmp(info->kind, "ms") && n > 2 && !strcmp(number + n - 2, "ms"))
            number[n - 2] = 0;
        return arg_int("VALUE", number, 0, 1000000000, out, r);
    }
    return *out >= 0 ? true : fail(r, ERR_BAD_VALUE, "VALUE: a limit is not negative; off switches it off");
}

COMMAND_RUN(run_limit) {
    struct args a;
    struct intent in;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 2, r))
        return;
    if (a.n == 0) {
        run_limits(c, 1, argv, r);
        return;
    }
    if (!args_count(&a, 2, 2, r))
        return;
    int n;
    const struct risk_limit_info *table = risk_limit_table(&n);
    const char *keys[64];
    for (int i = 0; i < n && i < 64; i++) {
        keys[i] = table[i].key;
        if (strcmp(table[i].key, a.pos[0]))
            continue;
        intent_start(&in, INTENT_LIMIT, 0);
        in.order = (order_id)i;
        if (limit_value(&table[i], a.pos[1], &in.size.micro, r))
            yield_intent(c, &in, r);
        return;
    }
    const char *close = str_closest(a.pos[0], keys, n < 64 ? n : 64);
    fail(r, ERR_NOT_FOUND, "no limit \"%.32s\"%s%s; `limits` lists them", a.pos[0], close ? "; did you mean " : "",
         close ? close : "");
}

static void account_reset(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    account_id account;
    struct intent in;
    struct view_account va;
    if (a->n > 1 ? !account_find(c, a->pos[1], &account, r) : !arg_account(c, a, &account, r))
        return;
    if (view_account(c->view, account, &va) && va.a->live) {
        fail(r, ERR_UNSUPPORTED, "account %s trades real money; only paper accounts can be reset", va.a->name);
        return;
    }
    intent_start(&in, INTENT_ACCOUNT_RESET, account);
    yield_intent(c, &in, r);
}

COMMAND_RUN(run_account) {
    struct args a;
    account_id account;
    struct view_account va;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 2, r))
        return;
    if (a.n && str_eq_nocase(a.pos[0], "reset")) {
        account_reset(c, &a, r);
        return;
    }
    if (!args_count(&a, 0, 1, r) ||
        (a.n ? !account_find(c, a.pos[0], &account, r) : !arg_account(c, &a, &account, r)) ||
        !view_account(c->view, account, &va))
        return;
    if (c->session && a.n) {
        session_set_account(c->session, account);
        say(r, "account %s", va.a->name);
        return;
    }
    r->data = columns_json(column_table("accounts"), c->view, &va, c->now_us);
}
