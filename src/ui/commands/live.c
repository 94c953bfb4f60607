/* Real money and real venues: live (who may trade), list (have a market listed), and which intents are about real money. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "ui/commands/verbs.h"

static bool live_account(const struct desk *view, account_id id) {
    struct view_account va;
    return id && view_account(view, id, &va) && va.a->live;
}

static bool flattens_live(const struct desk *view, const struct intent *in) {
    int cursor = 0;
    for (const struct order *o; (o = view_next_position(view, &cursor, true));)
        if ((!in->account || o->account == in->account) && (!in->market || o->market == in->market) && live_account(view, o->account))
            return true;
    return false;
}

bool intent_is_live(const struct desk *view, const struct intent *in) {
    const struct order *o = in->kind == INTENT_AMEND || in->kind == INTENT_CLOSE ? view_order(view, in->order) : NULL;
    const struct follow *f = in->kind == INTENT_FOLLOW_ON ? view_follow(view, (follow_id)in->order) : &in->u.follow;
    struct view_watch vw;
    switch ((enum intent_kind)in->kind) {
    case INTENT_PLACE:
        return live_account(view, in->account);
    case INTENT_AMEND:
    case INTENT_CLOSE:
        return live_account(view, o ? o->account : in->account);
    case INTENT_FLATTEN:
        return flattens_live(view, in);
    case INTENT_WATCH_ARM:
        return view_watch(view, (watch_id)in->order, &vw) && vw.w->kind == WATCH_SNIPER && live_account(view, vw.w->account);
    case INTENT_FOLLOW_ON:
        return f && live_account(view, f->account);
    case INTENT_FOLLOW_PUT:
        return f->enabled && live_account(view, f->account);
    case INTENT_LIVE:
        return in->order != 0;
    default:
        return false;
    }
}

static void list_live(const struct command_ctx *c, struct command_result *r) {
    struct view_account va;
    rows_begin(r, "accounts");
    for (int i = 0; view_account_at(c->view, i, &va); i++)
        if (va.a->live)
            rows_add(c, r, &va);
    if (!cJSON_GetArraySize(r->data))
        say(r, "no account of a real venue (turret-polymarket(7))");
}

COMMAND_RUN(run_live) {
    struct args a;
    struct intent in;
    struct view_account va;
    account_id id;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 2, r))
        return;
    if (a.n == 0) {
        list_live(c, r);
        return;
    }
    const bool off = a.n == 2;
    if (off && !str_eq_nocase(a.pos[1], "off")) {
        fail(r, ERR_USAGE, "live: \"%.24s\": unexpected; usage: live %s", a.pos[1], a.cmd->args);
        return;
    }
    if (!account_find(c, a.pos[0], &id, r) || !view_account(c->view, id, &va))
        return;
    if (!va.a->live)
        fail(r, ERR_UNSUPPORTED, "account %s is paper money and stays so", va.a->name);
    else if (!off && va.may_trade)
        fail(r, ERR_BAD_VALUE, "account %s is live already; `live %s off` ends it", va.a->name, va.a->name);
    else if (!off && !c->session && strcmp(a.pos[0], va.a->name) != 0) /* on the screen it is typed in the question */
        fail(r, ERR_USAGE, "live: write the account's name in full: %s", va.a->name);
    if (r->err)
        return;
    intent_start(&in, INTENT_LIVE, id);
    in.order = !off;
    str_copy(in.note, sizeof in.note, va.a->name);
    yield_intent(c, &in, r);
}

/* --venue, else the real venue that is there, else the simulator (whose live feed lists too). */
static bool list_venue(const struct command_ctx *c, const struct args *a, enum venue_id *out, struct command_result *r) {
    struct venue_row rows[VENUE_COUNT];
    const char *name = args_option(a, "--venue");
    *out = VENUE_NONE;
    for (int i = 0, n = venue_rows(c->view, rows, VENUE_COUNT); i < n; i++)
        if (name ? str_eq_nocase(name, venue_name(rows[i].id)) : *out == VENUE_NONE || *out == VENUE_SIM || *out == VENUE_SIM2)
            *out = rows[i].id;
    return *out != VENUE_NONE ? true : fail(r, ERR_NOT_FOUND, "--venue: \"%.24s\" is no venue of this desk; `venues` lists them", name ? name : "");
}

COMMAND_RUN(run_list) {
    struct args a;
    struct intent in;
    enum venue_id venue;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, 1, r) || !list_venue(c, &a, &venue, r))
        return;
    intent_start(&in, INTENT_LIST, 0);
    if (strlen(a.pos[0]) >= sizeof in.u.wanted) {
        fail(r, ERR_BAD_VALUE, "list: at most %zu characters", sizeof in.u.wanted - 1);
        return;
    }
    in.order = venue;
    utf8_sanitise(in.u.wanted, sizeof in.u.wanted, a.pos[0], strlen(a.pos[0])); /* it comes back in notices */
    yield_intent(c, &in, r);
}

COMMAND_COMPLETE(complete_live) {
    struct view_account va;
    for (int k = 0; arg == 0 && view_account_at(c->view, k, &va); k++)
        if (va.a->live && str_has_prefix_nocase(va.a->name, prefix) && i-- == 0)
            return va.a->name;
    return arg == 1 && str_has_prefix_nocase("off", prefix) && i == 0 ? "off" : NULL;
}
