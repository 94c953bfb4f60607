/* router: which markets are the same, and where an order would go. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "ui/commands/verbs.h"

static void links(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    int cursor = 0;
    (void)a;
    rows_begin(r, "links");
    for (const struct market_link *l; (l = view_next_link(c->view, &cursor));)
        if (!l->deleted)
            rows_add(c, r, l);
    if (!cJSON_GetArraySize(r->data))
        say(r, "no markets are linked; `router link A B` says that two pay for the same outcome");
}

static void link_put(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    struct view_market one, two;
    struct intent in;
    const char *note = args_option(a, "--note");
    if (!arg_market(c, a->pos[1], &one, r) || !arg_market(c, a->pos[2], &two, r))
        return;
    if (one.m->id == two.m->id || one.m->venue == two.m->venue) {
        fail(r, ERR_BAD_VALUE, one.m->id == two.m->id ? "a market is not linked with itself" : "both are on %s; a link joins two venues", venue_name((enum venue_id)one.m->venue));
        return;
    }
    if (one.m->kind != two.m->kind) {
        fail(r, ERR_BAD_VALUE, "%s is a %s, %s a %s: they can't pay for the same outcome", one.m->symbol, market_kind_name((enum market_kind)one.m->kind), two.m->symbol,
             market_kind_name((enum market_kind)two.m->kind));
        return;
    }
    if (args_option(a, "--inverted") && !format_cents(one.m)) {
        fail(r, ERR_USAGE, "--inverted: only binary markets can be each other's opposite");
        return;
    }
    intent_start(&in, INTENT_LINK_PUT, 0);
    in.market = one.m->id;
    in.u.link = (struct market_link){.a = one.m->id, .b = two.m->id, .inverted = args_option(a, "--inverted") != NULL, .origin = LINK_BY_HAND};
    utf8_sanitise(in.u.link.note, sizeof in.u.link.note, note ? note : "", note ? strlen(note) : 0);
    yield_intent(c, &in, r);
}

static void unlink_it(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    struct intent in;
    int64_t id;
    int cursor = 0;
    if (!arg_int("ID", a->pos[1], 1, UINT32_MAX, &id, r))
        return;
    for (const struct market_link *l; (l = view_next_link(c->view, &cursor));)
        if (l->id == (uint32_t)id && !l->deleted) {
            intent_start(&in, INTENT_LINK_DELETE, 0);
            in.order = l->id;
            in.u.link = *l;
            yield_intent(c, &in, r);
            return;
        }
    fail(r, ERR_NOT_FOUND, "no link %" PRId64 "; `router links` shows them", id);
}

static void add_dec(cJSON *o, const char *key, int64_t micro, int digits) {
    char text[FORMAT_MAX];
    dec_format(micro, digits, text);
    if (micro)
        cJSON_AddStringToObject(o, key, text);
    else
        cJSON_AddNullToObject(o, key);
}

/* What one costs with its fee, a unit: the figure that decides. */
static int64_t net_of(const struct route_option *o, bool buys) {
    price fee;
    if (!o->fillable.micro || !price_of(o->fee, o->fillable, ROUND_HALF_EVEN, &fee))
        return 0;
    return o->average.micro + (buys ? fee.micro : -fee.micro);
}

static cJSON *options_json(const struct desk *view, const struct route *x, bool buys) {
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < x->n && i < ROUTE_MAX; i++) {
        const struct route_option *o = &x->o[i];
        struct view_market vm = {0};
        view_market(view, o->market, &vm);
        const int digits = vm.m ? vm.m->price_digits : 0;
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "venue", vm.m ? venue_name((enum venue_id)vm.m->venue) : "?");
        cJSON_AddStringToObject(one, "market", vm.m ? vm.m->symbol : "?");
        add_dec(one, "average", o->average.micro, digits);
        add_dec(one, "fee", o->fee.micro, 2);
        add_dec(one, "net_price", net_of(o, buys), digits);
        add_dec(one, "fillable", o->fillable.micro, 0);
        add_dec(one, "taken", o->taken.micro, 0);
        cJSON_AddBoolToObject(one, "chosen", o->code == ERR_OK && (o->taken.micro || i == x->chosen));
        cJSON_AddStringToObject(one, "why_not", o->code == ERR_OK ? "" : err_text((enum err)o->code));
        cJSON_AddItemToArray(list, one);
    }
    return list;
}

static void compare(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    struct view_market vm;
    struct size_price sp;
    struct intent in;
    struct route x;
    account_id account;
    enum order_side side;
    if (!arg_market_for(c, a, a->pos[1], &vm, r) || !arg_account(c, a, &account, r) || !arg_size_price(a, 2, &sp, r))
        return;
    if (!account_at_venue(c, a, vm.m->venue, &account, r))
        return;
    side = format_cents(vm.m) ? SIDE_YES : args_option(a, "--sell") ? SIDE_SHORT : SIDE_LONG;
    if (sp.word && !arg_side(sp.word, vm.m, &side, r))
        return;
    intent_start(&in, INTENT_PLACE, account);
    in.market = vm.m->id;
    in.side = (uint8_t)side;
    in.action = (uint8_t)side_opening_action(side);
    in.route = args_option(a, "--split") ? ROUTE_SPLIT : ROUTE_BEST;
    if (!sp.size[0]) {
        fail(r, ERR_USAGE, "router compare: SIZE is missing, like `router compare %s 100`", vm.m->symbol);
        return;
    }
    if (!arg_size("SIZE", sp.size, vm.m, &in.size, r) || (sp.px[0] && !arg_price("PRICE", sp.px, vm.m, side, &in.limit, r)))
        return;
    in.type = sp.px[0] ? ORDER_LIMIT : ORDER_MARKET;
    in.tif = TIF_IOC;
    view_route(c->view, &in, &x);
    if (x.n == 0) {
        fail(r, ERR_NOT_FOUND, "%s trades on %s alone; `router link` says where else the same outcome trades", vm.m->symbol, venue_name((enum venue_id)vm.m->venue));
        return;
    }
    r->data = options_json(c->view, &x, in.action == ACTION_BUY);
}

static const struct verb router_verbs[] = {
    {"links", "", 0, 0, links},
    {"link", "MARKET MARKET [--inverted] [--note TEXT]", 2, 2, link_put},
    {"unlink", "ID", 1, 1, unlink_it},
    {"compare", "MARKET SIZE[@PRICE] [yes|no|long|short] [--sell] [--split] [--account NAME]", 1, 5, compare},
};
COMMAND_RUN(run_router) { verbs_run(router_verbs, sizeof router_verbs / sizeof *router_verbs, c, argc, argv, r); }

COMMAND_COMPLETE(complete_router) {
    static char id[16];
    int cursor = 0;
    if (arg == 0)
        return verbs_complete(router_verbs, sizeof router_verbs / sizeof *router_verbs, prefix, i);
    if (!strcmp(complete_verb, "unlink")) {
        for (const struct market_link *l; arg == 1 && (l = view_next_link(c->view, &cursor));) {
            snprintf(id, sizeof id, "%" PRIu32, l->id);
            if (!l->deleted && str_has_prefix_nocase(id, prefix) && i-- == 0)
                return id;
        }
        return NULL;
    }
    return arg == 1 || (arg == 2 && !strcmp(complete_verb, "link")) ? complete_market(c, 0, prefix, i) : NULL;
}
