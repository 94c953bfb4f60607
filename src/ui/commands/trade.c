/* buy, sell, close, cancel, amend, protect: each only yields an intent; who runs it asks first. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/commands/verbs.h"

void intent_start(struct intent *in, enum intent_kind kind, account_id account) {
    memset(in, 0, sizeof *in);
    in->kind = (uint16_t)kind;
    in->account = account;
    in->source = SOURCE_MANUAL;
}

void yield_intent(const struct command_ctx *c, const struct intent *in, struct command_result *r) {
    r->err = ERR_OK;
    r->intent = *in;
    r->has_intent = true;
    intent_reads_as(c->view, in, r->reads_as, sizeof r->reads_as);
}

/* The open position of that account, market and strategy. */
static const struct order *held(const struct command_ctx *c, const struct intent *in) {
    const char *strategy = in->strategy[0] ? in->strategy : "main";
    int cursor = 0;
    for (const struct order *o; (o = view_next_position(c->view, &cursor, true));)
        if (o->account == in->account && o->market == in->market &&
            !strcmp(o->strategy[0] ? o->strategy : "main", strategy))
            return o;
    return NULL;
}

/* What is not held here may be held at the venue of a linked market: then that one is meant by an order that reduces. */
static void where_held(const struct command_ctx *c, const struct args *a, struct view_market *vm, struct intent *in) {
    int cursor = 0;
    if (held(c, in) || strchr(a->pos[0], ':') || args_option(a, "--account"))
        return;
    for (const struct market_link *l; (l = view_next_link(c->view, &cursor));) {
        struct intent there = *in;
        const struct order *pos;
        struct view_market other;
        if (l->inverted || (l->a != in->market && l->b != in->market) || !view_market(c->view, l->a == in->market ? l->b : l->a, &other))
            continue;
        there.market = other.m->id;
        struct command_result none = {0};
        if (!account_at_venue(c, a, other.m->venue, &there.account, &none) || !(pos = held(c, &there)) || in->action != side_closing_action((enum order_side)pos->side))
            continue;
        *in = there;
        *vm = other;
        return;
    }
}

/* Which side a buy or sell without a side word means; `side` is -1 then. Selling what is held reduces it. */
static bool side_resolve(const struct market *m, const struct order *pos, struct intent *in, int side,
                         struct command_result *r) {
    const bool sell = in->action == ACTION_SELL;
    char size[FORMAT_MAX];
    if (side < 0) {
        if (format_cents(m))
            side = SIDE_YES;
        else if (pos && in->action == side_closing_action((enum order_side)pos->side))
            side = pos->side; /* sell of a long, buy of a short: shrinks it */
        else
            side = sell ? SIDE_SHORT : SIDE_LONG;
    }
    in->side = (uint8_t)side;
    if (in->action != side_closing_action((enum order_side)side))
        return true;
    const char *name = format_side((enum order_side)side);
    if (!pos || pos->side != side) {
        if (format_cents(m) && pos)
            return fail(r, ERR_NOT_OPEN, "%s: you hold %s, not %s: write `sell %s SIZE %s`, or `close %s`", m->symbol,
                        format_side((enum order_side)pos->side), name, m->symbol,
                        order_side_name((enum order_side)pos->side), m->symbol);
        if (format_cents(m))
            return fail(r, ERR_NOT_OPEN, "%s: you hold no %s to sell; to bet against it: `buy %s SIZE %s`", m->symbol,
                        name, m->symbol, side == SIDE_YES ? "no" : "yes");
        return fail(r, ERR_NOT_OPEN, "%s: there is no %s position to reduce", m->symbol, name);
    }
    if (in->size.micro > pos->pos.open.micro)
        return fail(r, ERR_REDUCE_ONLY, "%s: you hold %s %s; %s at most that, then open the other side", m->symbol,
                    format_size(m, pos->pos.open, size), name, sell ? "sell" : "buy back");
    in->flags |= ORDER_REDUCE_ONLY;
    return true;
}

static bool place_tif(const struct command_ctx *c, const struct args *a, struct intent *in, struct command_result *r) {
    const char *tif = args_option(a, "--tif"), *expires = args_option(a, "--expires");
    enum order_tif t = in->type == ORDER_MARKET ? TIF_IOC : expires ? TIF_GTD : TIF_GTC;
    if (tif && !order_tif_parse(tif, &t))
        return fail(r, ERR_USAGE, "--tif: \"%.16s\" is none of gtc, gtd, ioc, fok", tif);
    if (in->type == ORDER_MARKET && (t == TIF_GTC || t == TIF_GTD))
        return fail(r, ERR_USAGE, "--tif: an order without a price can't rest; give @PRICE, or use ioc or fok");
    if (expires) {
        int64_t us;
        if (t != TIF_GTD)
            return fail(r, ERR_USAGE, "--expires goes with --tif gtd");
        if (!arg_duration("--expires", expires, &us, r))
            return false;
        in->expires_us = c->now_us + us;
    } else if (t == TIF_GTD) {
        return fail(r, ERR_USAGE, "--tif gtd needs --expires, like --expires 1h");
    }
    in->tif = (uint8_t)t;
    return true;
}

static bool place_flags(const struct args *a, const struct market *m, struct intent *in, struct command_result *r) {
    if (args_option(a, "--post-only")) {
        if (in->type == ORDER_MARKET || in->tif == TIF_IOC || in->tif == TIF_FOK)
            return fail(r, ERR_USAGE, "--post-only is for orders that rest: give @PRICE and no ioc or fok");
        in->flags |= ORDER_POST_ONLY;
    }
    if (args_option(a, "--reduce-only"))
        in->flags |= ORDER_REDUCE_ONLY;
    const char *leverage = args_option(a, "--leverage");
    if (leverage) {
        int64_t n;
        if (format_cents(m))
            return fail(r, ERR_LEVERAGE, "--leverage: binary markets have none");
        if (!arg_int("--leverage", leverage, 1, m->max_leverage ? m->max_leverage : 1, &n, r))
            return false;
        in->leverage = (uint8_t)n;
    }
    const char *stop = args_option(a, "--stop"), *target = args_option(a, "--target");
    const enum order_side side = (enum order_side)in->side;
    if (stop && !arg_price("--stop", stop, m, side, &in->stop, r))
        return false;
    if (target && !arg_price("--target", target, m, side, &in->target, r))
        return false;
    if ((stop || target) && in->action == side_closing_action(side))
        return fail(r, ERR_USAGE, "--stop and --target go with an order that opens; use `protect` for a position");
    return true;
}

/* Exits that move, and a time: of the plan of a position that this opens, or of one there is. */
static bool plan_options(const struct command_ctx *c, const struct args *a, const struct market *m, struct intent *in, bool *any, struct command_result *r) {
    const char *until = args_option(a, "--time-exit");
    if (!rules_options(a, m, (enum order_side)in->side, &in->rules, any, r))
        return false;
    if (*any)
        in->flags |= INTENT_RULES;
    if (until) {
        if (!arg_time("--time-exit", until, c->now_us, false, &in->time_exit_us, r))
            return false;
        in->flags |= INTENT_PLAN;
        in->confidence = -1;
        *any = true;
    }
    return true;
}

static bool linked(const struct desk *view, market_id id) {
    int cursor = 0;
    for (const struct market_link *l; (l = view_next_link(view, &cursor));)
        if (!l->deleted && (l->a == id || l->b == id))
            return true;
    return false;
}

/* Where it goes: a market with links elsewhere is compared, unless the venue was meant. The router sells where the position is. */
static bool place_route(const struct command_ctx *c, const struct args *a, const struct market *m, struct intent *in, struct command_result *r) {
    static const struct { const char *name; enum route_mode mode; } modes[] = {{"here", ROUTE_HERE}, {"best", ROUTE_BEST}, {"split", ROUTE_SPLIT}};
    const char *text = args_option(a, "--route");
    in->route = linked(c->view, m->id) && !strchr(a->pos[0], ':') ? ROUTE_BEST : ROUTE_HERE; /* sim2:BTC-PERP names the venue */
    for (size_t i = 0; text && i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(text, modes[i].name)) {
            in->route = (uint8_t)modes[i].mode;
            return true;
        }
    return text ? fail(r, ERR_USAGE, "--route: \"%.16s\" is none of here, best, split", text) : true;
}

static bool place_size(const struct args *a, const struct market *m, const struct size_price *sp, struct intent *in,
                       struct command_result *r) {
    const char *cash = args_option(a, "--usd");
    if (cash && sp->size[0])
        return fail(r, ERR_USAGE, "%s: give SIZE or --usd AMOUNT, not both", a->cmd->name);
    if (!cash && !sp->size[0])
        return fail(r, ERR_USAGE, "%s: SIZE is missing; usage: %s %s", a->cmd->name, a->cmd->name, a->cmd->args);
    if (!cash)
        return arg_size("SIZE", sp->size, m, &in->size, r);
    if (!arg_decimal("--usd", cash, &in->amount.micro, r))
        return false;
    return in->amount.micro > 0 ? true : fail(r, ERR_BAD_VALUE, "--usd: the amount is above 0");
}

static void run_place(const struct command_ctx *c, int argc, char **argv, enum order_action action,
                      struct command_result *r) {
    struct args a;
    struct size_price sp;
    struct view_market vm;
    struct intent in;
    account_id account;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, ARGS_MAX, r) || !arg_market_for(c, &a, a.pos[0], &vm, r) ||
        !arg_account(c, &a, &account, r) || !arg_size_price(&a, 1, &sp, r))
        return;
    if (!account_at_venue(c, &a, vm.m->venue, &account, r))
        return;
    intent_start(&in, INTENT_PLACE, account);
    in.market = vm.m->id;
    in.action = (uint8_t)action;
    const char *strategy = args_option(&a, "--strategy");
    if (strategy && strlen(strategy) >= STRATEGY_MAX) {
        fail(r, ERR_BAD_VALUE, "--strategy: at most %d characters", STRATEGY_MAX - 1);
        return;
    }
    str_copy(in.strategy, sizeof in.strategy, strategy ? strategy : "");
    where_held(c, &a, &vm, &in);
    int side = -1;
    enum order_side given;
    if (sp.word && !arg_side(sp.word, vm.m, &given, r))
        return;
    if (sp.word)
        side = (int)given;
    if (!place_size(&a, vm.m, &sp, &in, r) || !side_resolve(vm.m, held(c, &in), &in, side, r))
        return;
    in.type = sp.px[0] ? ORDER_LIMIT : ORDER_MARKET;
    if (sp.px[0] && !arg_price("PRICE", sp.px, vm.m, (enum order_side)in.side, &in.limit, r))
        return;
    bool exits;
    if (!place_tif(c, &a, &in, r) || !place_flags(&a, vm.m, &in, r) || !plan_options(c, &a, vm.m, &in, &exits, r) || !place_route(c, &a, vm.m, &in, r))
        return;
    if (exits && in.action == side_closing_action((enum order_side)in.side))
        fail(r, ERR_USAGE, "%s: exits go with an order that opens; use `protect` for a position", a.cmd->name);
    else
        yield_intent(c, &in, r);
}

COMMAND_RUN(run_buy) {
    run_place(c, argc, argv, ACTION_BUY, r);
}
COMMAND_RUN(run_sell) {
    run_place(c, argc, argv, ACTION_SELL, r);
}

COMMAND_RUN(run_close) {
    struct args a;
    struct size_price sp;
    struct intent in;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, 4, r) || !arg_size_price(&a, 1, &sp, r))
        return;
    const struct order *o = arg_position(c, &a, a.pos[0], r);
    struct view_market vm;
    if (!o || !view_market(c->view, o->market, &vm))
        return;
    if (sp.word && !str_eq_nocase(sp.word, "all")) {
        fail(r, ERR_USAGE, "close: \"%.24s\": unexpected; usage: close %s", sp.word, a.cmd->args);
        return;
    }
    intent_start(&in, INTENT_CLOSE, o->account);
    in.order = o->id;
    in.market = o->market;
    in.side = o->side;
    in.action = (uint8_t)side_closing_action((enum order_side)o->side);
    if (sp.size[0] && !arg_size("SIZE", sp.size, vm.m, &in.size, r))
        return;
    if (in.size.micro > o->pos.open.micro) {
        char open[FORMAT_MAX];
        fail(r, ERR_REDUCE_ONLY, "SIZE: position %u has %s open; leave SIZE out to close all", o->num,
             format_size(vm.m, o->pos.open, open));
        return;
    }
    in.type = sp.px[0] ? ORDER_LIMIT : ORDER_MARKET;
    if (sp.px[0] && !arg_price("PRICE", sp.px, vm.m, (enum order_side)o->side, &in.limit, r))
        return;
    yield_intent(c, &in, r);
}

COMMAND_RUN(run_cancel) {
    struct args a;
    struct intent in;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, 1, r))
        return;
    const struct order *o = arg_order(c, a.pos[0], true, r);
    if (!o)
        return;
    intent_start(&in, INTENT_CANCEL, o->account);
    in.order = o->id;
    in.market = o->market;
    yield_intent(c, &in, r);
}

COMMAND_RUN(run_amend) {
    struct args a;
    struct size_price sp;
    struct intent in;
    struct view_market vm;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 2, 4, r) || !arg_size_price(&a, 1, &sp, r))
        return;
    const struct order *o = arg_order(c, a.pos[0], true, r);
    if (!o || !view_market(c->view, o->market, &vm))
        return;
    if (sp.word) {
        fail(r, ERR_USAGE, "amend: \"%.24s\": unexpected; usage: amend %s", sp.word, a.cmd->args);
        return;
    }
    intent_start(&in, INTENT_AMEND, o->account);
    in.order = o->id;
    in.market = o->market;
    if (sp.px[0] && o->type == ORDER_MARKET) {
        fail(r, ERR_USAGE, "PRICE: order %u is a market order", o->num);
        return;
    }
    if ((sp.size[0] && !arg_size("SIZE", sp.size, vm.m, &in.size, r)) ||
        (sp.px[0] && !arg_price("PRICE", sp.px, vm.m, (enum order_side)o->side, &in.limit, r)))
        return;
    if (in.size.micro && in.size.micro <= o->filled.micro) {
        char filled[FORMAT_MAX];
        fail(r, ERR_BAD_VALUE,
             "SIZE: %s of order %u are filled already; the new size must be above that (or cancel it)",
             format_size(vm.m, o->filled, filled), o->num);
        return;
    }
    yield_intent(c, &in, r);
}

/* "none" removes a level, an absent option keeps it. */
static bool protect_level(const char *what, const char *text, const struct market *m, enum order_side side, price *out,
                          struct command_result *r) {
    *out = PROTECT_KEEP;
    if (!text)
        return true;
    if (str_eq_nocase(text, "none")) {
        *out = PRICE(0);
        return true;
    }
    return arg_price(what, text, m, side, out, r);
}

/* The rules of a position as they would be set now: without the parts of the ladder that are done, the others as parts of what is open. */
static struct exit_rules rules_left(const struct order *o) {
    const struct exit_plan *p = &o->pos.plan;
    struct exit_rules left = p->rules;
    int64_t sum = 0;
    left.rung_count = 0;
    memset(left.rungs, 0, sizeof left.rungs);
    for (int i = 0; i < p->rules.rung_count; i++) {
        struct exit_rung g = p->rules.rungs[i];
        int64_t part = g.part_ppm;
        if (g.done)
            continue;
        if (p->ladder_size.micro > 0 && dec_muldiv(part, p->ladder_size.micro, o->pos.open.micro, ROUND_HALF_EVEN, &part))
            g.part_ppm = (int32_t)(part < DEC_ONE - sum ? part : DEC_ONE - sum);
        sum += g.part_ppm;
        left.rungs[left.rung_count++] = g;
    }
    return left;
}

COMMAND_RUN(run_protect) {
    struct args a;
    struct intent in;
    struct view_market vm;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, 1, r))
        return;
    const struct order *o = arg_position(c, &a, a.pos[0], r);
    if (!o || !view_market(c->view, o->market, &vm))
        return;
    if (!a.n_options || (a.n_options == 1 && args_option(&a, "--account"))) {
        fail(r, ERR_USAGE, "protect: give --stop PRICE|none, --target PRICE|none, --trail, --break-even, --ladder, --before-close or --time-exit");
        return;
    }
    const enum order_side side = (enum order_side)o->side;
    bool any;
    intent_start(&in, INTENT_PROTECT, o->account);
    in.order = o->id;
    in.market = o->market;
    in.side = o->side;
    in.rules = rules_left(o); /* what is not named stays */
    if (!plan_options(c, &a, vm.m, &in, &any, r))
        return;
    if (protect_level("--stop", args_option(&a, "--stop"), vm.m, side, &in.stop, r) &&
        protect_level("--target", args_option(&a, "--target"), vm.m, side, &in.target, r))
        yield_intent(c, &in, r);
}
