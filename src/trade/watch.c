/* Watches: the table of figures, names, the check of what a person asked for, and the level as a trigger of the book. */
#include "turret/trade/watch.h"

#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"

/* Lanes of the subjects' trigger sets: figures of one subject count from 0. */
enum { MARKET_FIRST = FIGURE_BID, POSITION_FIRST = FIGURE_PNL, ACCOUNT_FIRST = FIGURE_EQUITY, MODEL_FIRST = FIGURE_FAILURES, VENUE_FIRST = FIGURE_AGE };

static const struct figure_info figures[FIGURE_COUNT] = {
#define X(n, s, name, unit, help) {name, #unit, help, SUBJECT_##s, FIGURE_##n - s##_FIRST},
    FIGURE_TABLE(X)
#undef X
};

const struct figure_info *figure_info(enum figure f) { return &figures[(unsigned)f < FIGURE_COUNT ? f : 0]; }

bool figure_parse(const char *text, enum figure *out) {
    for (int i = 0; i < FIGURE_COUNT; i++)
        if (strcmp(figures[i].name, text) == 0) {
            *out = (enum figure)i;
            return true;
        }
    return false;
}

#define NAMES(fn, type, count, ...)                                  \
    const char *fn(enum type v) {                                    \
        static const char *const names[count] = {__VA_ARGS__};       \
        return (unsigned)v < (count) ? names[v] : "?";               \
    }
NAMES(subject_kind_name, subject_kind, SUBJECT_KIND_COUNT, "market", "position", "account", "model", "venue")
NAMES(watch_kind_name, watch_kind, WATCH_KIND_COUNT, "sniper", "alert")
NAMES(watch_status_name, watch_status, WATCH_STATUS_COUNT, "WATCHING", "EXECUTING", "FILLED", "EXPIRED", "CANCELLED", "FAILED")
NAMES(history_kind_name, history_kind, HISTORY_KIND_COUNT, "sniper", "alert", "follow", "exit", "risk", "account")

static enum err bad(char text[REASON_MAX], const char *what) {
    str_copy(text, REASON_MAX, what);
    return ERR_BAD_VALUE;
}

static enum err sniper_check(const struct watch *w, char text[REASON_MAX]) {
    if (figure_info((enum figure)w->figure)->subject != SUBJECT_MARKET)
        return bad(text, "a sniper watches a price: bid, ask, mark or last");
    if (w->side > SIDE_SHORT || w->action > ACTION_SELL)
        return bad(text, "side and action must be given");
    if (w->amount <= 0)
        return bad(text, "the amount must be above 0");
    if (w->level.micro <= 0)
        return bad(text, "the trigger price must be above 0");
    if (w->account == 0)
        return bad(text, "a sniper needs an account");
    if (w->budget.micro > 0 && !(w->flags & WATCH_UNITS) && w->budget.micro < w->amount)
        return bad(text, "the budget is smaller than one firing");
    return ERR_OK;
}

enum err watch_check(const struct watch *w, char text[REASON_MAX]) {
    text[0] = 0;
    if (w->kind >= WATCH_KIND_COUNT || w->figure >= FIGURE_COUNT || w->dir > TRIGGER_AT_OR_ABOVE || w->subject == 0)
        return bad(text, "what is watched, and which way, must be given");
    if (w->amount < 0 || w->budget.micro < 0 || w->depth.micro < 0 || w->expires_us < 0)
        return bad(text, "negative figures mean nothing here");
    if (w->slippage_e4 > 10000)
        return bad(text, "a slippage above 100 % protects from nothing");
    if (w->hold_ms > 86400000u)
        return bad(text, "a hold is at most a day");
    return w->kind == WATCH_SNIPER ? sniper_check(w, text) : ERR_OK;
}

struct trigger watch_trigger(const struct watch *w) {
    const struct figure_info *f = figure_info((enum figure)w->figure);
    struct trigger t = {.id = w->id, .kind = TRIGGER_WATCH, .source = f->lane, .dir = w->dir, .level = w->level};
    if (f->subject == SUBJECT_MARKET && w->side == SIDE_NO) { /* what NO costs is what YES does not */
        t.level = book_price(SIDE_NO, w->level);
        t.dir = w->dir == TRIGGER_AT_OR_BELOW ? TRIGGER_AT_OR_ABOVE : TRIGGER_AT_OR_BELOW;
        t.source = w->figure == FIGURE_ASK ? TRIGGER_BID : w->figure == FIGURE_BID ? TRIGGER_ASK : f->lane;
    }
    if (w->flags & WATCH_AWAY) { /* fired: counts again once the figure is out of the zone */
        t.level.micro += t.dir == TRIGGER_AT_OR_BELOW ? 1 : -1;
        t.dir = t.dir == TRIGGER_AT_OR_BELOW ? TRIGGER_AT_OR_ABOVE : TRIGGER_AT_OR_BELOW;
    }
    return t;
}

bool watch_in_zone(const struct watch *w, int64_t value) {
    return w->dir == TRIGGER_AT_OR_BELOW ? value <= w->level.micro : value >= w->level.micro;
}
