/* copy and counter: one kind of record, so one set of verbs; the options are rows of a table. */
#include <ctype.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "ui/commands/verbs.h"

#define TRADES_SHOWN 50
#define E4_ANY 1000000

static enum follow_kind kind_of(const struct args *a) { return strcmp(a->cmd->name, "counter") ? FOLLOW_COPY : FOLLOW_COUNTER; }
static char letter_of(enum follow_kind k) { return k == FOLLOW_COUNTER ? 'T' : 'C'; }

static const struct follow *arg_follow(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    const enum follow_kind k = kind_of(a);
    const struct follow *f;
    uint32_t id;
    if (!auto_label_parse(a->pos[1], letter_of(k), &id)) {
        fail(r, ERR_BAD_VALUE, "\"%.24s\" is no %s; write its number, like %c-7", a->pos[1], follow_kind_name(k), letter_of(k));
        return NULL;
    }
    if ((f = view_follow(c->view, id)) && f->kind == k)
        return f;
    fail(r, ERR_NOT_FOUND, "no %s %c-%" PRIu32 "; `%s list` shows them", follow_kind_name(k), letter_of(k), id, follow_kind_name(k));
    return NULL;
}

static void list(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    int cursor = 0;
    const bool all = args_option(a, "--all") != NULL;
    rows_begin(r, "follows");
    for (const struct follow *f; (f = view_next_follow(c->view, &cursor));)
        if (f->kind == kind_of(a) && (all || !f->deleted))
            rows_add(c, r, f);
    if (!cJSON_GetArraySize(r->data))
        say(r, "nobody is followed; `%s new` starts it", a->cmd->name);
}

static void add_trades(const struct command_ctx *c, cJSON *rows, enum follow_kind k, follow_id id, int max) {
    const struct follow_trade *t[500];
    const int n = view_follow_trades(c->view, id, t, 500);
    for (int i = 0; i < n && max > 0; i++) {
        const struct follow *f = view_follow(c->view, t[i]->follow);
        if (!f || f->kind != k)
            continue;
        cJSON_AddItemToArray(rows, columns_json(column_table("follow_trades"), c->view, t[i], c->now_us));
        max--;
    }
}

static void show(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    const struct follow *f = arg_follow(c, a, r);
    if (!f)
        return;
    r->data = columns_json(column_table("follows"), c->view, f, c->now_us);
    add_trades(c, cJSON_AddArrayToObject(r->data, "follow_trades"), kind_of(a), f->id, 20);
}

static void history(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    const struct follow *f = NULL;
    if (a->n > 1 && !(f = arg_follow(c, a, r)))
        return;
    rows_begin(r, "follow_trades");
    add_trades(c, r->data, kind_of(a), f ? f->id : 0, TRADES_SHOWN);
    if (!cJSON_GetArraySize(r->data))
        say(r, "no trade of a target has been seen yet");
}

static void act(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    static const struct { const char *verb; enum intent_kind kind; } acts[] = {{"on", INTENT_FOLLOW_ON}, {"off", INTENT_FOLLOW_OFF}, {"delete", INTENT_FOLLOW_DELETE}};
    const struct follow *f = arg_follow(c, a, r);
    struct intent in;
    char label[AUTO_LABEL_MAX];
    if (!f)
        return;
    if (f->deleted) {
        fail(r, ERR_NOT_OPEN, "%s is deleted; its row stays for what it did", follow_label(f, label));
        return;
    }
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (strcmp(acts[i].verb, a->pos[0]))
            continue;
        if (acts[i].kind != INTENT_FOLLOW_DELETE && f->enabled == (acts[i].kind == INTENT_FOLLOW_ON)) {
            fail(r, ERR_NOT_OPEN, "%s is %s already", follow_label(f, label), f->enabled ? "on" : "off");
            return;
        }
        intent_start(&in, acts[i].kind, f->account);
        in.order = f->id;
        in.u.follow = *f;
        yield_intent(c, &in, r);
        return;
    }
}

/* --- what one says ------------------------------------------------------------------------------------ */
enum value_kind { V_CASH, V_COUNT, V_MS, V_E4 };
static const struct { const char *option; enum value_kind kind; size_t offset; } fields[] = {
    {"--max-trade", V_CASH, offsetof(struct follow, max_trade)},   {"--max-position", V_CASH, offsetof(struct follow, max_position)},
    {"--max-day", V_CASH, offsetof(struct follow, max_day)},       {"--day-loss", V_CASH, offsetof(struct follow, max_day_loss)},
    {"--liquidity", V_CASH, offsetof(struct follow, min_liquidity)}, {"--trades", V_COUNT, offsetof(struct follow, max_day_trades)},
    {"--positions", V_COUNT, offsetof(struct follow, max_positions)}, {"--delay", V_MS, offsetof(struct follow, delay_ms)},
    {"--max-age", V_MS, offsetof(struct follow, max_age_ms)},      {"--tp", V_E4, offsetof(struct follow, target_e4)},
    {"--sl", V_E4, offsetof(struct follow, stop_e4)},
};

static bool set_fields(const struct args *a, struct follow *f, struct command_result *r) {
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *text = args_option(a, fields[i].option), *what = fields[i].option;
        char *at = (char *)f + fields[i].offset;
        usd cash;
        uint32_t n;
        if (!text)
            continue;
        if (fields[i].kind == V_CASH) {
            if (!arg_cash(what, text, true, &cash, r))
                return false;
            memcpy(at, &cash, sizeof cash);
            continue;
        }
        if (!(fields[i].kind == V_COUNT ? arg_count(what, text, &n, r) : fields[i].kind == V_MS ? arg_ms(what, text, true, &n, r) : arg_e4(what, text, E4_ANY, &n, r)))
            return false;
        memcpy(at, &n, sizeof n);
    }
    return true;
}

static bool set_size(const struct args *a, struct follow *f, struct command_result *r) {
    const char *cash = args_option(a, "--size"), *percent = args_option(a, "--percent"), *times = args_option(a, "--multiplier");
    uint32_t e4;
    if ((cash != NULL) + (percent != NULL) + (times != NULL) > 1)
        return fail(r, ERR_USAGE, "give one of --size USD, --percent OF-ITS-TRADE and --multiplier TIMES-ITS-TRADE");
    if (cash) {
        f->sizing = SIZING_FIXED;
        return arg_cash("--size", cash, false, &f->fixed, r);
    }
    if (percent) {
        f->sizing = SIZING_PERCENTAGE;
        if (!arg_e4("--percent", percent, 10000, &e4, r))
            return false;
        f->factor = (int64_t)e4 * 100;
    }
    if (times) {
        f->sizing = SIZING_MULTIPLIER;
        return arg_decimal("--multiplier", times, &f->factor, r);
    }
    return true;
}

/* "20-80" or "0.2-0.8"; "any" takes it away. */
static bool set_prob(const struct args *a, struct follow *f, struct command_result *r) {
    const char *text = args_option(a, "--prob");
    char low[24] = "", high[24] = "";
    int64_t from, to;
    if (!text)
        return true;
    if (str_eq_nocase(text, "any") || str_eq_nocase(text, "none")) {
        f->min_price = f->max_price = PRICE(0);
        return true;
    }
    if (sscanf(text, "%23[0-9.]-%23[0-9.]", low, high) != 2 || !dec_parse_str(low, &from) || !dec_parse_str(high, &to))
        return fail(r, ERR_BAD_VALUE, "--prob: \"%.24s\" is no range of percent; write 20-80", text);
    if (to > DEC_ONE)
        from /= 100, to /= 100;
    if (from < 0 || to > DEC_ONE || from >= to)
        return fail(r, ERR_BAD_VALUE, "--prob: \"%.24s\": from the smaller to the larger percentage, within 0 and 100", text);
    f->min_price = PRICE(from);
    f->max_price = PRICE(to);
    return true;
}

static bool set_words(const struct args *a, struct follow *f, struct command_result *r) {
    const char *strategy = args_option(a, "--strategy"), *leave = args_option(a, "--exit"), *categories = args_option(a, "--categories");
    if (strategy && strcmp(strategy, "inverse") && strcmp(strategy, "mirror"))
        return fail(r, ERR_USAGE, "--strategy: \"%.16s\" is neither inverse nor mirror", strategy);
    if (leave && strcmp(leave, "mirror") && strcmp(leave, "manual"))
        return fail(r, ERR_USAGE, "--exit: \"%.16s\" is neither mirror (its exits reduce ours) nor manual", leave);
    if (categories && strlen(categories) >= sizeof f->categories)
        return fail(r, ERR_BAD_VALUE, "--categories: at most %zu characters", sizeof f->categories - 1);
    if (strategy)
        f->strategy = strcmp(strategy, "mirror") ? FOLLOW_INVERSE : FOLLOW_MIRROR;
    if (leave)
        f->exit = strcmp(leave, "manual") ? EXIT_MIRROR : EXIT_MANUAL;
    if (categories)
        utf8_sanitise(f->categories, sizeof f->categories, categories, str_eq_nocase(categories, "all") || str_eq_nocase(categories, "none") ? 0 : strlen(categories));
    return true;
}

static bool follow_options(const struct args *a, struct follow *f, struct command_result *r) {
    const char *slip = args_option(a, "--slippage");
    uint32_t e4 = f->slippage_e4;
    char text[REASON_MAX];
    if (!set_size(a, f, r) || !set_fields(a, f, r) || !set_prob(a, f, r) || !set_words(a, f, r) || (slip && !arg_e4("--slippage", slip, 10000, &e4, r)))
        return false;
    f->slippage_e4 = (uint16_t)e4;
    return follow_check(f, text) == ERR_OK ? true : fail(r, ERR_BAD_VALUE, "%s %s: %s", a->cmd->name, a->pos[0], text);
}

static bool set_target(const struct command_ctx *c, const struct args *a, struct follow *f, struct command_result *r) {
    if (str_eq_nocase(a->pos[1], "model")) {
        if (a->n < 3)
            return fail(r, ERR_USAGE, "%s new model: which one? `models` lists them", a->cmd->name);
        const enum err e = view_model_find(c->view, a->pos[2], &f->model);
        return e == ERR_OK ? true : fail(r, e, e == ERR_AMBIGUOUS ? "more than one model begins with \"%.40s\"" : "no model \"%.40s\"; `models` lists them", a->pos[2]);
    }
    if (a->n > 2)
        return fail(r, ERR_USAGE, "%s new: \"%.24s\" is one argument too many; write WALLET or model NAME", a->cmd->name, a->pos[2]);
    if (strlen(a->pos[1]) >= WALLET_MAX)
        return fail(r, ERR_BAD_VALUE, "a wallet has at most %d characters", WALLET_MAX - 1);
    for (const char *p = a->pos[1]; *p; p++)
        if (!isgraph((unsigned char)*p))
            return fail(r, ERR_BAD_VALUE, "a wallet is one word of plain letters and digits");
    str_copy(f->wallet, sizeof f->wallet, a->pos[1]);
    for (char *p = f->wallet; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return true;
}

static void put(const struct command_ctx *c, const struct follow *f, struct command_result *r) {
    struct intent in;
    intent_start(&in, INTENT_FOLLOW_PUT, f->account);
    in.order = f->id;
    in.u.follow = *f;
    yield_intent(c, &in, r);
}

static bool set_venue(const struct command_ctx *c, const struct args *a, struct follow *f, struct command_result *r) {
    const char *name = args_option(a, "--venue");
    struct view_account va;
    if (view_account(c->view, f->account, &va))
        f->venue = va.a->venue;
    for (int v = 1; name && v < VENUE_COUNT; v++)
        if (str_eq_nocase(name, venue_name((enum venue_id)v)) || str_eq_nocase(name, venue_label((enum venue_id)v))) {
            f->venue = (uint8_t)v;
            return account_at_venue(c, a, f->venue, &f->account, r);
        }
    return name ? fail(r, ERR_NOT_FOUND, "--venue: no venue \"%.24s\"; `status` lists them", name) : true;
}

static void create(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    struct follow f;
    follow_default(&f, kind_of(a));
    if (!set_target(c, a, &f, r) || !arg_account(c, a, &f.account, r) || !set_venue(c, a, &f, r))
        return;
    if (f.kind == FOLLOW_COPY && !args_option(a, "--size") && !args_option(a, "--percent") && !args_option(a, "--multiplier")) {
        fail(r, ERR_USAGE, "copy new: how large? --size USD, --percent OF-ITS-TRADE or --multiplier TIMES-ITS-TRADE");
        return;
    }
    if (follow_options(a, &f, r))
        put(c, &f, r);
}

static void edit(const struct command_ctx *c, const struct args *a, struct command_result *r) {
    const struct follow *old = arg_follow(c, a, r);
    char label[AUTO_LABEL_MAX];
    if (!old)
        return;
    struct follow f = *old;
    if (old->deleted)
        fail(r, ERR_NOT_OPEN, "%s is deleted; its row stays for what it did", follow_label(old, label));
    else if (a->n_options == 0)
        fail(r, ERR_USAGE, "%s edit: give what changes, like --max-trade 50", a->cmd->name);
    else if (follow_options(a, &f, r))
        put(c, &f, r);
}

static const struct verb follow_verbs[] = {
    {"list", "[--all]", 0, 0, list},
    {"new", "WALLET|model NAME " FOLLOW_OPTIONS " [--venue NAME] [--account NAME]", 1, 2, create},
    {"edit", "ID " FOLLOW_OPTIONS, 1, 1, edit},
    {"on", "ID", 1, 1, act},
    {"off", "ID", 1, 1, act},
    {"delete", "ID", 1, 1, act},
    {"show", "ID", 1, 1, show},
    {"history", "[ID]", 0, 1, history},
};
#define FOLLOW_VERBS (int)(sizeof follow_verbs / sizeof *follow_verbs)
COMMAND_RUN(run_copy) { verbs_run(follow_verbs, FOLLOW_VERBS, c, argc, argv, r); }
COMMAND_RUN(run_counter) { verbs_run(follow_verbs, FOLLOW_VERBS, c, argc, argv, r); }

static const char *complete_follow(const struct command_ctx *c, enum follow_kind k, int arg, const char *prefix, int i) {
    static char label[AUTO_LABEL_MAX];
    int cursor = 0;
    const bool new_one = !strcmp(complete_verb, "new");
    if (arg == 0)
        return verbs_complete(follow_verbs, FOLLOW_VERBS, prefix, i);
    if (new_one && arg == 1)
        return str_has_prefix_nocase("model", prefix) && i == 0 ? "model" : NULL;
    if (new_one)
        return arg == 2 ? complete_model(c, 0, prefix, i) : NULL;
    for (const struct follow *f; arg == 1 && (f = view_next_follow(c->view, &cursor));) {
        if (f->kind != k || f->deleted)
            continue;
        follow_label(f, label);
        if ((str_has_prefix_nocase(label, prefix) || str_has_prefix_nocase(label + 2, prefix)) && i-- == 0)
            return label;
    }
    return NULL;
}
COMMAND_COMPLETE(complete_copy) { return complete_follow(c, FOLLOW_COPY, arg, prefix, i); }
COMMAND_COMPLETE(complete_counter) { return complete_follow(c, FOLLOW_COUNTER, arg, prefix, i); }
