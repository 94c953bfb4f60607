/* sniper, and what it shares with alert: both are watches, so finding, listing, arming and deleting are the same functions. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/commands/sniper.h"

#define HISTORY_SHOWN 50
#define ROWS_LIMIT 2000 /* an answer has room for so many */

/* Which of the two a command is about. */
static enum watch_kind kind_of(const struct args *a) { return strcmp(a->cmd->name, "alert") ? WATCH_SNIPER : WATCH_ALERT; }
static char letter_of(enum watch_kind k) { return k == WATCH_ALERT ? 'A' : 'S'; }

static const struct watch *arg_watch(const struct command_ctx *c, const char *text, enum watch_kind k, struct command_result *r) {
    struct view_watch vw;
    uint32_t id;
    const char *name = watch_kind_name(k);
    if (!auto_label_parse(text, letter_of(k), &id)) {
        fail(r, ERR_BAD_VALUE, "\"%.24s\" is no %s; write its number, like %c-7", text, name, letter_of(k));
        return NULL;
    }
    if (view_watch(c->view, id, &vw) && vw.w->kind == k)
        return vw.w;
    fail(r, ERR_NOT_FOUND, "no %s %c-%" PRIu32 "; `%s list` shows them", name, letter_of(k), id, name);
    return NULL;
}

void watch_list(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    size_t cursor = 0;
    int n = 0;
    const enum watch_kind k = kind_of(a);
    const bool all = args_option(a, "--all") != NULL;
    const char *limit = args_option(a, "--limit"), *from = args_option(a, "--from");
    int64_t most = ROWS_LIMIT;
    uint32_t first = 0;
    if (limit && !arg_int("--limit", limit, 1, ROWS_LIMIT, &most, r))
        return;
    if (from && !auto_label_parse(from, letter_of(k), &first)) {
        fail(r, ERR_BAD_VALUE, "--from: \"%.24s\" is no number like %c-7", from, letter_of(k));
        return;
    }
    rows_begin(r, k == WATCH_ALERT ? "alerts" : "snipers");
    for (const struct watch *w; n < most && (w = view_next_watch(c->view, &cursor, k, !all));) {
        if (w->id < first)
            continue;
        rows_add(c, r, w);
        n++;
    }
    if (n == most)
        say(r, "%d of them; --from ID goes on from that number", n);
    else if (!n)
        say(r, "no %ss%s; `%s new` makes one", watch_kind_name(k), all ? "" : " at work", watch_kind_name(k));
}

static void add_history(const struct command_ctx *c, cJSON *rows, int kind, uint64_t id, int max) {
    const struct history *h[500];
    const int n = view_history(c->view, kind, id, h, max < 500 ? max : 500);
    for (int i = 0; i < n; i++)
        cJSON_AddItemToArray(rows, columns_json(column_table("history"), c->view, h[i], c->now_us));
}

static enum history_kind history_of(enum watch_kind k) { return k == WATCH_ALERT ? HISTORY_ALERT : HISTORY_SNIPER; }

void watch_show(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    const enum watch_kind k = kind_of(a);
    const struct watch *w = arg_watch(c, a->pos[1], k, r);
    if (!w)
        return;
    r->data = columns_json(column_table(k == WATCH_ALERT ? "alerts" : "snipers"), c->view, w, c->now_us);
    add_history(c, cJSON_AddArrayToObject(r->data, "history"), (int)history_of(k), w->id, 20);
}

void watch_history(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    const enum watch_kind k = kind_of(a);
    const struct watch *w = NULL;
    uint32_t id = 0;
    if (a->n > 1 && !(w = arg_watch(c, a->pos[1], k, r))) {
        if (!auto_label_parse(a->pos[1], letter_of(k), &id))
            return;
        r->err = ERR_OK; /* gone from memory; what happened to it may still be told */
        r->text[0] = 0;
    }
    rows_begin(r, "history");
    add_history(c, r->data, (int)history_of(k), w ? w->id : id, HISTORY_SHOWN);
    if (!cJSON_GetArraySize(r->data))
        say(r, "nothing has happened yet");
}

/* arm, disarm, delete */
void watch_act(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    static const struct { const char *verb; enum intent_kind kind; } acts[] = {{"arm", INTENT_WATCH_ARM}, {"disarm", INTENT_WATCH_DISARM}, {"delete", INTENT_WATCH_CANCEL}};
    const enum watch_kind k = kind_of(a);
    const struct watch *w = arg_watch(c, a->pos[1], k, r);
    struct intent in;
    char label[AUTO_LABEL_MAX];
    if (!w)
        return;
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (strcmp(acts[i].verb, a->pos[0]))
            continue;
        const bool armed = w->flags & WATCH_ARMED;
        if (!watch_live(w)) {
            fail(r, ERR_NOT_OPEN, "%s is %s already; make a new one", watch_label(w, label), watch_status_name((enum watch_status)w->status));
            return;
        }
        if (acts[i].kind != INTENT_WATCH_CANCEL && armed == (acts[i].kind == INTENT_WATCH_ARM)) {
            fail(r, ERR_NOT_OPEN, "%s is %s already", watch_label(w, label), armed ? "armed" : "off");
            return;
        }
        intent_start(&in, acts[i].kind, w->account);
        in.order = w->id;
        in.u.watch = *w;
        yield_intent(c, &in, r);
        return;
    }
}

/* --- what a sniper says -------------------------------------------------------------------------- */
void watch_set_flag(struct watch *w, uint8_t flag, bool on) { w->flags = (uint8_t)(on ? w->flags | flag : w->flags & ~flag); }

/* The side and action of a new one: buying YES or LONG unless told otherwise; `short` sells to open. */
static bool new_side(const struct command_ctx *c, const struct args *a, const struct market *m, const char *word, struct watch *w, struct command_result *r) {
    const bool sell = args_option(a, "--sell") != NULL, buy = args_option(a, "--buy") != NULL;
    enum order_side side = format_cents(m) ? SIDE_YES : SIDE_LONG;
    const struct order *pos = view_position_of(c->view, w->account, m->id);
    if (word) {
        if (!arg_side(word, m, &side, r))
            return false;
    } else if (!format_cents(m) && sell && (!pos || pos->side == SIDE_SHORT)) {
        side = SIDE_SHORT; /* as `sell` does: without a long position it opens a short */
    }
    w->side = (uint8_t)side;
    w->action = (uint8_t)(sell ? ACTION_SELL : buy ? ACTION_BUY : side_opening_action(side));
    if (w->action == side_closing_action(side))
        watch_set_flag(w, WATCH_REDUCE_ONLY, true);
    return true;
}

static bool set_when(const struct args *a, const struct market *m, struct watch *w, struct command_result *r) {
    const char *text = args_option(a, "--when");
    const bool buys = w->action == ACTION_BUY;
    struct when when;
    if (!text)
        return true;
    if (!arg_when("--when", text, buys ? FIGURE_ASK : FIGURE_BID, buys ? TRIGGER_AT_OR_BELOW : TRIGGER_AT_OR_ABOVE, &when, r))
        return false;
    if (figure_info(when.figure)->subject != SUBJECT_MARKET)
        return fail(r, ERR_USAGE, "--when: a sniper watches a price (bid, ask, mark or last); `alert new` watches %s", figure_info(when.figure)->name);
    w->figure = (uint8_t)when.figure;
    w->dir = (uint8_t)when.dir;
    return arg_level("--when", when.level, m, &w->level.micro, r);
}

static bool set_amount(const struct args *a, const struct market *m, struct watch *w, struct command_result *r) {
    const char *cash = args_option(a, "--amount"), *size = args_option(a, "--size");
    usd value;
    qty units;
    if (cash && size)
        return fail(r, ERR_USAGE, "give --amount USD or --size N, not both");
    if (cash) {
        if (!arg_cash("--amount", cash, false, &value, r))
            return false;
        w->amount = value.micro;
        watch_set_flag(w, WATCH_UNITS, false);
    } else if (size) {
        if (!arg_size("--size", size, m, &units, r))
            return false;
        w->amount = units.micro;
        watch_set_flag(w, WATCH_UNITS, true);
    }
    return true;
}

static bool set_depth(const struct args *a, struct watch *w, struct command_result *r) {
    const char *text = args_option(a, "--depth");
    if (!text)
        return true;
    if (str_eq_nocase(text, "none")) {
        w->depth = QTY(0);
        return true;
    }
    if (!arg_decimal("--depth", text, &w->depth.micro, r))
        return false;
    return w->depth.micro > 0 ? true : fail(r, ERR_BAD_VALUE, "--depth: the size is above 0 (none removes it)");
}

bool watch_set_expiry(const struct command_ctx *c, const struct args *a, struct watch *w, struct command_result *r) {
    const char *text = args_option(a, "--expires");
    if (text && str_eq_nocase(text, "none"))
        w->expires_us = 0;
    else if (text)
        return arg_time("--expires", text, c->now_us, false, &w->expires_us, r);
    return true;
}

static bool set_oco(const struct command_ctx *c, const struct args *a, struct watch *w, struct command_result *r) {
    const char *text = args_option(a, "--oco");
    if (!text)
        return true;
    const struct watch *other = str_eq_nocase(text, "none") ? NULL : arg_watch(c, text, WATCH_SNIPER, r);
    if (!other && !str_eq_nocase(text, "none"))
        return false;
    if (other && (other->id == w->id || !watch_live(other)))
        return fail(r, ERR_BAD_VALUE, "--oco: %.16s %s", text, other->id == w->id ? "is this one itself" : "is over already");
    w->oco = other ? other->id : 0;
    return true;
}

static bool set_flags(const struct args *a, struct watch *w, struct command_result *r) {
    static const struct { const char *on, *off; uint8_t flag; } flags[] = {
        {"--repeat", "--once", WATCH_REPEAT}, {"--reduce-only", "--no-reduce-only", WATCH_REDUCE_ONLY}, {"--keep", "--no-keep", WATCH_KEEP}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        const bool on = args_option(a, flags[i].on) != NULL, off = args_option(a, flags[i].off) != NULL;
        if (on && off)
            return fail(r, ERR_USAGE, "%s and %s contradict each other", flags[i].on, flags[i].off);
        if (on || off)
            watch_set_flag(w, flags[i].flag, on);
    }
    return true;
}

/* The options over what is there: for new ones over the defaults, for edits over the stored one. */
static bool sniper_options(const struct command_ctx *c, const struct args *a, const struct market *m, struct watch *w, struct command_result *r) {
    const char *slip = args_option(a, "--slippage"), *hold = args_option(a, "--hold"), *age = args_option(a, "--max-age"), *budget = args_option(a, "--budget");
    uint32_t e4 = w->slippage_e4;
    char text[REASON_MAX];
    if (!set_when(a, m, w, r) || !set_amount(a, m, w, r) || (slip && !arg_e4("--slippage", slip, 10000, &e4, r)) || (hold && !arg_ms("--hold", hold, true, &w->hold_ms, r)) ||
        (age && !arg_ms("--max-age", age, true, &w->max_age_ms, r)) || (budget && !arg_cash("--budget", budget, true, &w->budget, r)) || !set_depth(a, w, r) ||
        !watch_set_expiry(c, a, w, r) || !set_oco(c, a, w, r) || !set_flags(a, w, r))
        return false;
    w->slippage_e4 = (uint16_t)e4;
    if (!w->level.micro)
        return fail(r, ERR_USAGE, "--when is missing: the price that fires it, like --when ask<=0.60");
    if (!w->amount)
        return fail(r, ERR_USAGE, "--amount USD or --size N is missing");
    return watch_check(w, text) == ERR_OK ? true : fail(r, ERR_BAD_VALUE, "%s", text);
}

bool sniper_new(const struct command_ctx *c, const struct args *a, struct watch *w, struct command_result *r) {
    struct view_market vm;
    account_id account;
    if (!arg_market_for(c, a, a->pos[1], &vm, r) || !arg_account(c, a, &account, r))
        return false;
    if (args_option(a, "--sell") && args_option(a, "--buy"))
        return fail(r, ERR_USAGE, "--sell and --buy contradict each other");
    if (!account_at_venue(c, a, vm.m->venue, &account, r))
        return false;
    *w = (struct watch){.kind = WATCH_SNIPER, .account = account, .subject = vm.m->id, .slippage_e4 = WATCH_SLIPPAGE_DEFAULT};
    return new_side(c, a, vm.m, a->n > 2 ? a->pos[2] : NULL, w, r) && sniper_options(c, a, vm.m, w, r);
}

bool sniper_change(const struct command_ctx *c, const struct args *a, struct watch *w, struct command_result *r) {
    struct view_market vm;
    const bool sell = args_option(a, "--sell") != NULL, buy = args_option(a, "--buy") != NULL;
    if (sell && buy)
        return fail(r, ERR_USAGE, "--sell and --buy contradict each other");
    if (sell || buy) {
        w->action = (uint8_t)(sell ? ACTION_SELL : ACTION_BUY);
        watch_set_flag(w, WATCH_REDUCE_ONLY, w->action == side_closing_action((enum order_side)w->side));
    }
    return view_market(c->view, w->subject, &vm) ? sniper_options(c, a, vm.m, w, r) : fail(r, ERR_NOT_FOUND, "its market is not known here");
}

void watch_put(const struct command_ctx *c, const struct watch *w, struct command_result *r) {
    struct intent in;
    intent_start(&in, INTENT_WATCH_PUT, w->account);
    in.order = w->id;
    in.u.watch = *w;
    yield_intent(c, &in, r);
}

static void create(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    struct watch w;
    if (sniper_new(c, a, &w, r))
        watch_put(c, &w, r);
}

static void edit(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    const struct watch *old = arg_watch(c, a->pos[1], WATCH_SNIPER, r);
    char label[AUTO_LABEL_MAX];
    if (!old)
        return;
    struct watch w = *old;
    if (old->status != WATCH_WATCHING) {
        fail(r, ERR_NOT_OPEN, "%s is %s; only what waits can be edited", watch_label(old, label), watch_status_name((enum watch_status)old->status));
    } else if (a->n_options == 0) {
        fail(r, ERR_USAGE, "sniper edit: give what changes, like --when ask<=0.58 or --amount 100");
    } else if (sniper_change(c, a, &w, r)) {
        watch_set_flag(&w, WATCH_ARMED, false);
        watch_put(c, &w, r);
    }
}

static const struct verb sniper_verbs[] = {
    {"list", "[--all] [--from ID] [--limit N]", 0, 0, watch_list},
    {"new", "MARKET [yes|no|long|short] " SNIPER_OPTIONS " [--account NAME]", 1, 2, create},
    {"edit", "ID " SNIPER_OPTIONS " [--once] [--no-reduce-only] [--no-keep]", 1, 1, edit},
    {"arm", "ID", 1, 1, watch_act},
    {"disarm", "ID", 1, 1, watch_act},
    {"delete", "ID", 1, 1, watch_act},
    {"show", "ID", 1, 1, watch_show},
    {"history", "[ID]", 0, 1, watch_history},
    {"dry-run", "ID|MARKET [SIDE] [--since TIME] [--tape FILE] " SNIPER_OPTIONS " [--account NAME]", 1, 2, sniper_dry_run},
};
COMMAND_RUN(run_sniper) { verbs_run(sniper_verbs, sizeof sniper_verbs / sizeof *sniper_verbs, c, argc, argv, r); }

const struct watch *sniper_find(const struct command_ctx *c, const char *text) {
    struct view_watch vw;
    uint32_t id;
    return auto_label_parse(text, 'S', &id) && view_watch(c->view, id, &vw) && vw.w->kind == WATCH_SNIPER ? vw.w : NULL;
}

/* --- completion ---------------------------------------------------------------------------------- */
const char *watch_complete_ids(const struct command_ctx *c, enum watch_kind k, const char *prefix, int i) {
    static char label[AUTO_LABEL_MAX];
    size_t cursor = 0;
    int looked = 0;
    for (const struct watch *w; looked++ < ROWS_LIMIT && (w = view_next_watch(c->view, &cursor, k, true));) {
        watch_label(w, label);
        if ((str_has_prefix_nocase(label, prefix) || str_has_prefix_nocase(label + 2, prefix)) && i-- == 0)
            return label;
    }
    return NULL;
}

static const char *complete_side(const char *prefix, int i) {
    static const char *const sides[] = {"yes", "no", "long", "short", NULL};
    return complete_words(sides, prefix, i);
}

COMMAND_COMPLETE(complete_sniper) {
    if (arg == 0)
        return verbs_complete(sniper_verbs, sizeof sniper_verbs / sizeof *sniper_verbs, prefix, i);
    const bool new_one = !strcmp(complete_verb, "new");
    if (arg == 1 && !strcmp(complete_verb, "dry-run")) {
        const char *id;
        int n = 0;
        while ((id = watch_complete_ids(c, WATCH_SNIPER, prefix, n)) && n < i)
            n++;
        return id ? id : complete_market(c, 0, prefix, i - n);
    }
    return arg == 1 ? (new_one ? complete_market(c, 0, prefix, i) : watch_complete_ids(c, WATCH_SNIPER, prefix, i)) : arg == 2 && new_one ? complete_side(prefix, i) : NULL;
}
