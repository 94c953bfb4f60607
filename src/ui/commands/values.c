/* Reading the values of arguments: numbers only through dec_parse, and never silently rounded. Each message names the
 * argument, what is wrong and what to do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/commands/commands.h"
#include "ui/session_state.h"

/* Takes out thousands separators; false when they do not stand where thousands are. */
static bool without_commas(const char *text, char out[48]) {
    size_t n = 0;
    const char *p = text;
    const char *dot = strchr(text, '.');
    const char *whole_end = dot ? dot : text + strlen(text);
    for (; *p; p++) {
        if (*p == ',') {
            if (p == text || p >= whole_end || (whole_end - p) % 4)
                return false;
            continue;
        }
        if (n + 1 >= 48)
            return false;
        out[n++] = *p;
    }
    out[n] = 0;
    return true;
}

bool arg_decimal(const char *what, const char *text, int64_t *micro, struct command_result *r) {
    char plain[48];
    if (without_commas(text, plain) && dec_parse_str(plain, micro))
        return true;
    const char *dot = strchr(text, '.');
    if (dot && strspn(dot + 1, "0123456789") > DEC_DIGITS)
        return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\" has more than %d decimals", what, text, DEC_DIGITS);
    return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\" is no number (like 100, 0.47 or 64,250.5)", what, text);
}

bool arg_int(const char *what, const char *text, int64_t min, int64_t max, int64_t *out, struct command_result *r) {
    int64_t micro;
    if (!arg_decimal(what, text, &micro, r))
        return false;
    *out = micro / DEC_ONE;
    if (micro % DEC_ONE || *out < min || *out > max)
        return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\" must be a whole number from %lld to %lld", what, text,
                    (long long)min, (long long)max);
    return true;
}

static bool price_on_tick(const char *what, const struct market *m, enum order_side side, price px,
                          struct command_result *r) {
    const price in_book = side == SIDE_NO ? price_complement(px) : px;
    const enum err e = (enum err)market_check_price(m, in_book);
    if (e == ERR_OK)
        return true;
    char asked[FORMAT_MAX], low[FORMAT_MAX], high[FORMAT_MAX];
    const unsigned unit = FORMAT_UNIT;
    if (e == ERR_TICK_SIZE && m->tick.micro > 0) {
        const int64_t below = px.micro - px.micro % m->tick.micro;
        dec_format(px.micro, 0, asked);
        return fail(r, e, "%s: %s is between ticks; the next prices are %s and %s", what, asked,
                    format_price(m, PRICE(below), unit, low),
                    format_price(m, PRICE(below + m->tick.micro), unit, high));
    }
    dec_format(px.micro, 0, asked);
    return fail(r, e, "%s: %s is outside this market's range, %s to %s", what, asked,
                format_price(m, m->min_price, unit, low), format_price(m, m->max_price, unit, high));
}

bool arg_price(const char *what, const char *text, const struct market *m, enum order_side side, price *out,
               struct command_result *r) {
    char number[48];
    str_copy(number, sizeof number, text);
    size_t n = strlen(number);
    bool cents = false;
    if (n > 1 && number[n - 1] == 'c' && number[n - 2] >= '0' && number[n - 2] <= '9')
        number[n - 1] = 0, cents = true;
    else if (n > 2 && !strcmp(number + n - 2, "¢"))
        number[n - 2] = 0, cents = true;
    if (cents && !format_cents(m))
        return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\": cents are for binary markets; write the price in dollars", what,
                    text);
    int64_t micro;
    if (!arg_decimal(what, number, &micro, r))
        return false;
    if (cents && micro % 100)
        return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\" has too many decimals", what, text);
    if (cents)
        micro /= 100;
    if (format_cents(m) && (micro <= 0 || micro >= DEC_ONE))
        return fail(r, ERR_PRICE_OUT_OF_RANGE,
                    "%s: \"%.32s\": the price of a share lies between 0 and 1 dollar: write 0.47 or 47c", what, text);
    if (micro <= 0)
        return fail(r, ERR_PRICE_OUT_OF_RANGE, "%s: \"%.32s\": a price is above 0", what, text);
    *out = PRICE(micro);
    return price_on_tick(what, m, side, *out, r);
}

bool arg_size(const char *what, const char *text, const struct market *m, qty *out, struct command_result *r) {
    if (!arg_decimal(what, text, &out->micro, r))
        return false;
    if (out->micro <= 0)
        return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\": a size is above 0", what, text);
    const enum err e = (enum err)market_check_size(m, *out);
    char number[FORMAT_MAX];
    if (e == ERR_LOT_SIZE)
        return fail(r, e, "%s: \"%.32s\" is not a multiple of this market's lot %s", what, text,
                    format_size(NULL, m->lot, number));
    if (e == ERR_MIN_SIZE)
        return fail(r, e, "%s: \"%.32s\" is below this market's smallest order, %s", what, text,
                    format_size(NULL, m->min_size, number));
    return true;
}

bool arg_duration(const char *what, const char *text, int64_t *us, struct command_result *r) {
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char number[48];
    str_copy(number, sizeof number, text);
    const size_t n = strlen(number);
    int64_t micro;
    for (int i = 0; n > 1 && i < 4; i++)
        if (number[n - 1] == units[i].unit) {
            number[n - 1] = 0;
            if (dec_parse_str(number, &micro) && micro > 0 && micro <= 3650LL * DEC_ONE * 24) {
                *us = micro * units[i].seconds; /* micro units of a second are microseconds */
                return true;
            }
        }
    return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\" is no time; write 30s, 10m, 1h or 2d", what, text);
}

static void market_matches(const struct desk *view, const char *text, char *out, size_t cap) {
    struct view_market vm;
    int shown = 0;
    out[0] = 0;
    for (int i = 0; view_market_at(view, i, &vm) && shown < 4; i++)
        if (str_contains_nocase(vm.m->symbol, text) || str_contains_nocase(vm.m->title, text)) {
            const size_t n = strlen(out);
            snprintf(out + n, cap - n, "%s%s", shown++ ? ", " : "", vm.m->symbol);
        }
}

static const char *market_closest(const struct desk *view, const char *text) {
    const int n = view_market_count(view), max = n < 2000 ? n : 2000;
    if (max < 1)
        return NULL;
    const char **symbols = calloc((size_t)max, sizeof *symbols);
    int count = 0;
    struct view_market vm;
    for (int i = 0; symbols && i < max; i++)
        if (view_market_at(view, i, &vm))
            symbols[count++] = vm.m->symbol;
    const char *close = symbols ? str_closest(text, symbols, count) : NULL;
    free(symbols);
    return close;
}

/* The same symbol may be listed at two venues (paper on live books beside the real ones): then the one where the account trades is meant. */
static bool market_at(const struct command_ctx *c, account_id account, const char *text, market_id *id) {
    char full[MARKET_SYMBOL_MAX * 2];
    struct view_account va;
    if (!view_account(c->view, account, &va) && !view_account_at(c->view, 0, &va))
        return false;
    snprintf(full, sizeof full, "%s:%.*s", venue_name((enum venue_id)va.a->venue), MARKET_SYMBOL_MAX, text);
    return view_market_find(c->view, full, id) == ERR_OK;
}

static bool find_market(const struct command_ctx *c, account_id account, const char *text, struct view_market *vm, struct command_result *r) {
    market_id id = 0;
    enum err e = view_market_find(c->view, text, &id);
    if (e == ERR_AMBIGUOUS) { /* BTC is BTC-PERP, whatever bets there are on bitcoin */
        char perp[MARKET_SYMBOL_MAX + 8];
        snprintf(perp, sizeof perp, "%.*s-PERP", MARKET_SYMBOL_MAX, text);
        if (view_market_find(c->view, perp, &id) == ERR_OK || (!strchr(text, ':') && market_at(c, account, text, &id)))
            e = ERR_OK;
    }
    if (e == ERR_OK && view_market(c->view, id, vm))
        return true;
    if (e == ERR_AMBIGUOUS) {
        char some[120];
        market_matches(c->view, text, some, sizeof some);
        return fail(r, e, "market \"%.24s\" matches several: %s", text, some);
    }
    const char *close = market_closest(c->view, text);
    if (close)
        return fail(r, ERR_NOT_FOUND, "no market \"%.32s\"; did you mean %s?", text, close);
    return fail(r, ERR_NOT_FOUND, "no market \"%.32s\"; `markets` lists them", text);
}

bool arg_market(const struct command_ctx *c, const char *text, struct view_market *vm, struct command_result *r) {
    return find_market(c, c->session ? session_account(c->session) : 0, text, vm, r);
}

bool arg_market_for(const struct command_ctx *c, const struct args *a, const char *text, struct view_market *vm, struct command_result *r) {
    account_id account;
    return arg_account(c, a, &account, r) && find_market(c, account, text, vm, r);
}

bool account_find(const struct command_ctx *c, const char *text, account_id *out, struct command_result *r) {
    const char *names[32];
    int n = 0;
    struct view_account va;
    for (int i = 0; view_account_at(c->view, i, &va); i++) {
        char number[16];
        snprintf(number, sizeof number, "%u", va.a->id);
        if (str_eq_nocase(va.a->name, text) || !strcmp(number, text)) {
            *out = va.a->id;
            return true;
        }
        if (n < 32)
            names[n++] = va.a->name;
    }
    const char *close = str_closest(text, names, n);
    if (close)
        return fail(r, ERR_NOT_FOUND, "no account \"%.24s\"; did you mean %s?", text, close);
    return fail(r, ERR_NOT_FOUND, "no account \"%.24s\"; `accounts` lists them", text);
}

bool arg_account(const struct command_ctx *c, const struct args *a, account_id *out, struct command_result *r) {
    const char *name = args_option(a, "--account");
    if (name)
        return account_find(c, name, out, r);
    struct view_account va;
    *out = c->session ? session_account(c->session) : 0;
    if (!*out && view_account_at(c->view, 0, &va))
        *out = va.a->id;
    return *out ? true : fail(r, ERR_NOT_FOUND, "there is no account");
}

/* Nobody named an account: an order for a market of another venue is of that venue's first one with the same kind of money. */
bool account_at_venue(const struct command_ctx *c, const struct args *a, uint8_t venue, account_id *account, struct command_result *r) {
    struct view_account va;
    const char *other = NULL;
    if (args_option(a, "--account") || !view_account(c->view, *account, &va) || va.a->venue == venue)
        return true;
    const uint8_t live = va.a->live;
    for (int i = 0; view_account_at(c->view, i, &va); i++) {
        if (va.a->venue != venue)
            continue;
        if (va.a->live == live) {
            *account = va.a->id;
            return true;
        }
        other = other ? other : va.a->name;
    }
    const char *name = format_venue((enum venue_id)venue);
    if (other) /* paper never turns into real money by itself, nor the other way round */
        return fail(r, ERR_USAGE, "%s trades with %s: %s%s%s", name, live ? "paper money" : "REAL MONEY", c->session ? "choose account " : "give --account ", other,
                    c->session ? " first (key a)" : "");
    return fail(r, ERR_USAGE, "there is no account at %s: its markets can be looked at, not traded", name);
}

const struct order *arg_order(const struct command_ctx *c, const char *text, bool open, struct command_result *r) {
    const struct order *o = view_order_find(c->view, text);
    if (!o)
        fail(r, ERR_NOT_FOUND, "no order \"%.32s\"; `orders --all` lists them", text);
    else if (open && !order_open(o)) {
        fail(r, ERR_NOT_OPEN, "order %u is already %s", o->num, order_state_name((enum order_state)o->state));
        o = NULL;
    }
    return o;
}

static bool is_number(const char *text) {
    return *text && strspn(text, "0123456789") == strlen(text);
}

const struct order *arg_position(const struct command_ctx *c, const struct args *a, const char *text,
                                 struct command_result *r) {
    const char *account = args_option(a, "--account");
    account_id id = 0;
    if (account && !account_find(c, account, &id, r))
        return NULL;
    const bool number = is_number(text);
    struct view_market vm = {0};
    if (!number && !arg_market_for(c, a, text, &vm, r))
        return NULL;
    const struct order *found = NULL;
    int cursor = 0, count = 0;
    for (const struct order *o; (o = view_next_position(c->view, &cursor, true));) {
        char num[16];
        snprintf(num, sizeof num, "%u", o->num);
        if (number ? strcmp(num, text) != 0 : o->market != vm.m->id)
            continue;
        if (id && o->account != id)
            continue;
        found = o;
        count++;
    }
    if (count == 1)
        return found;
    if (count > 1)
        fail(r, ERR_AMBIGUOUS, "%d open positions in %s; give the position's number (`positions`) or --account", count,
             vm.m->symbol);
    else if (number && view_order_find(c->view, text))
        fail(r, ERR_NOT_OPEN, "%s is not an open position; `positions` lists them, `cancel %s` cancels an order", text,
             text);
    else
        fail(r, ERR_NOT_FOUND, "no open position \"%.32s\"; `positions` lists them", text);
    return NULL;
}
