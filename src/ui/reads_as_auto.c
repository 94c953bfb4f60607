/* Snipers, alerts and followed traders in words. What a sentence says is what the record holds: nothing is rounded away, nothing is
 * left out that could cost money. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "ui/columns_private.h"
#include "ui/reads_as.h"

#define TITLE_COLS 32

static void give(struct str *s, char *text, size_t cap) {
    str_copy(text, cap, s->p ? s->p : "");
    str_free(s);
}

/* --- numbers and figures ----------------------------------------------------------------------- */
char *watch_label_of(enum watch_kind k, watch_id id, char buf[AUTO_LABEL_MAX]) {
    snprintf(buf, AUTO_LABEL_MAX, "%c-%" PRIu32, k == WATCH_ALERT ? 'A' : 'S', id);
    return buf;
}
char *watch_label(const struct watch *w, char buf[AUTO_LABEL_MAX]) {
    return watch_label_of((enum watch_kind)w->kind, w->id, buf);
}
char *follow_label(const struct follow *f, char buf[AUTO_LABEL_MAX]) {
    snprintf(buf, AUTO_LABEL_MAX, "%c-%" PRIu32, f->kind == FOLLOW_COUNTER ? 'T' : 'C', f->id);
    return buf;
}

bool auto_label_parse(const char *text, char letter, uint32_t *out) {
    char *end;
    if (toupper((unsigned char)text[0]) == letter)
        text += text[1] == '-' ? 2 : 1;
    if (*text < '0' || *text > '9')
        return false;
    const unsigned long n = strtoul(text, &end, 10);
    *out = (uint32_t)n;
    return !*end && n > 0 && n <= UINT32_MAX;
}

char *figure_text(const struct market *m, enum figure f, int64_t value, char buf[FORMAT_MAX]) {
    const char *unit = figure_info(f)->unit;
    char number[FORMAT_MAX];
    if (!strcmp(unit, "price"))
        return format_price(m, PRICE(value), FORMAT_UNIT | FORMAT_ASCII, buf);
    if (!strcmp(unit, "usd"))
        snprintf(buf, FORMAT_MAX, "%.40s USD", format_usd(USD(value), number));
    else if (!strcmp(unit, "ppm"))
        format_percent(value, DEC_ONE, value % 10000 ? 2 : 0, false, buf);
    else if (!strcmp(unit, "ms"))
        format_age(value * 1000, buf);
    else
        snprintf(buf, FORMAT_MAX, "%" PRId64, value);
    return buf;
}

static char *percent_e4(unsigned e4, char buf[FORMAT_MAX]) {
    return format_percent(e4, 10000, e4 % 100 ? 2 : 0, false, buf);
}

static const struct market *watch_market(const struct desk *view, const struct watch *w) {
    return figure_info((enum figure)w->figure)->subject == SUBJECT_MARKET ? column_market(view, w->subject) : NULL;
}

static void add_title(struct str *s, const struct market *m) {
    const char *name = !m ? "an unknown market" : m->title[0] ? m->title : m->symbol;
    int used;
    const size_t n = utf8_clip(name, TITLE_COLS, &used);
    str_addc(s, '"');
    str_add_n(s, name, n);
    str_add(s, name[n] ? "...\"" : "\"");
}

/* "2026-12-31 00:00 UTC" */
static void add_date(struct str *s, int64_t us) {
    char text[FORMAT_MAX];
    format_rfc3339(us, text);
    str_addf(s, "%.10s %.5s UTC", text, text + 11);
}

/* --- what is watched ----------------------------------------------------------------------------- */
void watch_subject(const struct desk *view, const struct watch *w, char *text, size_t cap) {
    const struct order *o;
    struct view_model vm;
    switch ((enum subject_kind)figure_info((enum figure)w->figure)->subject) {
    case SUBJECT_MARKET: {
        const struct market *m = watch_market(view, w);
        snprintf(text, cap, "%s%s%s", m ? (m->title[0] ? m->title : m->symbol) : "?", format_cents(m) ? " " : "",
                 format_cents(m) ? format_side((enum order_side)w->side) : "");
        return;
    }
    case SUBJECT_POSITION:
        o = view_order(view, w->subject);
        snprintf(text, cap, "position %" PRIu64, o ? (uint64_t)o->num : w->subject);
        return;
    case SUBJECT_ACCOUNT:
        snprintf(text, cap, "account %s", column_account(view, (account_id)w->subject));
        return;
    case SUBJECT_MODEL:
        snprintf(text, cap, "model %s", view_model(view, (model_id)w->subject, &vm) ? vm.m->name : "?");
        return;
    case SUBJECT_VENUE:
    case SUBJECT_KIND_COUNT:
        break;
    }
    snprintf(text, cap, "venue %s", venue_name((enum venue_id)w->subject));
}

void watch_when(const struct desk *view, const struct watch *w, char *text, size_t cap) {
    char level[FORMAT_MAX], hold[FORMAT_MAX];
    snprintf(text, cap, "%s %s %s%s%s", figure_info((enum figure)w->figure)->name, w->dir == TRIGGER_AT_OR_BELOW ? "<=" : ">=",
             figure_text(watch_market(view, w), (enum figure)w->figure, w->level.micro, level), w->hold_ms ? " for " : "",
             w->hold_ms ? format_age((int64_t)w->hold_ms * 1000, hold) : "");
}

static void add_amount(struct str *s, const struct market *m, const struct watch *w) {
    char text[FORMAT_MAX];
    if (w->flags & WATCH_UNITS)
        str_add(s, format_size(m, QTY(w->amount), text));
    else
        str_addf(s, "%s USD", format_usd(USD(w->amount), text));
}

void watch_then(const struct desk *view, const struct watch *w, char *text, size_t cap) {
    struct str s;
    str_init(&s);
    if (w->kind == WATCH_ALERT) {
        str_add(&s, "tell");
    } else {
        str_addf(&s, "%s ", format_action((enum order_action)w->action));
        add_amount(&s, watch_market(view, w), w);
        str_addf(&s, " %s", format_side((enum order_side)w->side));
    }
    give(&s, text, cap);
}

void watch_guards(const struct desk *view, const struct watch *w, char *text, size_t cap) {
    struct str s;
    char buf[FORMAT_MAX];
    str_init(&s);
    if (w->kind == WATCH_SNIPER)
        str_addf(&s, "slip %s", percent_e4(w->slippage_e4, buf));
    if (w->depth.micro)
        str_addf(&s, " depth %s", format_size(watch_market(view, w), w->depth, buf));
    if (w->max_age_ms)
        str_addf(&s, " age<%s", format_age((int64_t)w->max_age_ms * 1000, buf));
    if (w->budget.micro)
        str_addf(&s, " budget %s", format_usd(w->budget, buf));
    if (w->flags & WATCH_REPEAT)
        str_add(&s, " repeat");
    if (w->flags & WATCH_REDUCE_ONLY)
        str_add(&s, " reduce-only");
    if (w->flags & WATCH_KEEP)
        str_add(&s, " keep");
    if (w->oco)
        str_addf(&s, " oco %s", watch_label_of((enum watch_kind)w->kind, w->oco, buf));
    give(&s, text, cap);
}

/* "when NO of "x" can be bought at 60c or less" */
static void add_condition(struct str *s, const struct desk *view, const struct watch *w) {
    const struct figure_info *f = figure_info((enum figure)w->figure);
    const struct market *m = watch_market(view, w);
    char level[FORMAT_MAX], subject[MARKET_TITLE_MAX + 16], hold[FORMAT_MAX];
    str_add(s, "when ");
    if (f->subject == SUBJECT_MARKET) {
        static const char *const verbs[] = {[FIGURE_BID] = " can be sold at ", [FIGURE_ASK] = " can be bought at ", [FIGURE_MARK] = " is marked at ",
                                            [FIGURE_LAST] = " last traded at "};
        if (format_cents(m))
            str_addf(s, "%s of ", format_side((enum order_side)w->side));
        add_title(s, m);
        str_add(s, verbs[w->figure]);
    } else {
        static const char *const nouns[FIGURE_COUNT] = {
            [FIGURE_PNL] = "the unrealized P&L", [FIGURE_PNL_PERCENT] = "the unrealized P&L against its cost", [FIGURE_EQUITY] = "the equity", [FIGURE_DAY_PNL] = "today's P&L",
            [FIGURE_DRAWDOWN] = "the fall from the highest equity", [FIGURE_EXPOSURE] = "the exposure", [FIGURE_FAILURES] = "the count of failed runs in a row",
            [FIGURE_COST_DAY] = "today's cost", [FIGURE_AGE] = "the age of the last data", [FIGURE_DOWN] = "the outage (1 = down)"};
        watch_subject(view, w, subject, sizeof subject);
        str_addf(s, "%s of %s is ", nouns[w->figure] ? nouns[w->figure] : f->name, subject);
    }
    str_addf(s, "%s or %s", figure_text(m, (enum figure)w->figure, w->level.micro, level), w->dir == TRIGGER_AT_OR_BELOW ? "less" : "more");
    if (w->hold_ms)
        str_addf(s, " for %s", format_age((int64_t)w->hold_ms * 1000, hold));
}

static void add_order(struct str *s, const struct desk *view, const struct watch *w) {
    const struct market *m = watch_market(view, w);
    char buf[FORMAT_MAX];
    const bool buys = w->action == ACTION_BUY;
    if (w->depth.micro)
        str_addf(s, " and %s are there", format_size(m, w->depth, buf));
    if (w->max_age_ms)
        str_addf(s, " on data younger than %s", format_age((int64_t)w->max_age_ms * 1000, buf));
    str_addf(s, ", %s ", w->side != SIDE_SHORT ? (buys ? "buy" : "sell") : buys ? "buy back" : "sell short");
    add_amount(s, m, w);
    if (format_cents(m))
        str_addf(s, "%s %s", w->flags & WATCH_UNITS ? "" : " of", format_side((enum order_side)w->side));
    if (w->slippage_e4)
        str_addf(s, " at no %s than %s %s that", buys ? "more" : "less", percent_e4(w->slippage_e4, buf), buys ? "above" : "below");
    else
        str_addf(s, " at that or %s", buys ? "less" : "more");
    str_add(s, w->flags & WATCH_REPEAT ? ", again each time it comes back" : ", once");
    if (w->budget.micro)
        str_addf(s, ", never over %s USD in all", format_usd(w->budget, buf));
    if (w->flags & WATCH_REDUCE_ONLY)
        str_add(s, ", only to reduce");
    if (w->flags & WATCH_KEEP)
        str_add(s, ", still armed if nothing filled");
}

void watch_reads_as(const struct desk *view, const struct watch *w, char *text, size_t cap) {
    struct str s;
    char buf[FORMAT_MAX];
    str_init(&s);
    add_condition(&s, view, w);
    if (w->kind == WATCH_ALERT)
        str_add(&s, w->flags & WATCH_REPEAT ? ", tell, again each time it comes back" : ", tell, once");
    else
        add_order(&s, view, w);
    if (w->oco)
        str_addf(&s, ", then cancel %s", watch_label_of((enum watch_kind)w->kind, w->oco, buf));
    if (w->expires_us) {
        str_add(&s, ", until ");
        add_date(&s, w->expires_us);
    }
    give(&s, text, cap);
}

/* --- followed traders ------------------------------------------------------------------------------ */
void follow_target(const struct desk *view, const struct follow *f, char *text, size_t cap) {
    struct view_model vm;
    if (f->model)
        snprintf(text, cap, "model %s", view_model(view, f->model, &vm) ? vm.m->name : "?");
    else if (strlen(f->wallet) > 16)
        snprintf(text, cap, "wallet %.8s..%s", f->wallet, f->wallet + strlen(f->wallet) - 4);
    else
        snprintf(text, cap, "wallet %s", f->wallet);
}

char *follow_size_text(const struct follow *f, char buf[FORMAT_MAX]) {
    char number[FORMAT_MAX];
    if (f->sizing == SIZING_FIXED)
        snprintf(buf, FORMAT_MAX, "%.40s USD", format_usd(f->fixed, number));
    else if (f->sizing == SIZING_PERCENTAGE)
        format_percent(f->factor, DEC_ONE, f->factor % 10000 ? 2 : 0, false, buf);
    else {
        dec_format(f->factor, 0, number);
        snprintf(buf, FORMAT_MAX, "%.40sx", number);
    }
    return buf;
}

void follow_caps(const struct follow *f, char *text, size_t cap) {
    const struct { const char *name; usd cash; } caps[] = {
        {"trade", f->max_trade}, {"position", f->max_position}, {"day", f->max_day}, {"loss", f->max_day_loss}};
    struct str s;
    char buf[FORMAT_MAX];
    str_init(&s);
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++)
        if (caps[i].cash.micro)
            str_addf(&s, "%s%s %s", s.len ? " " : "", caps[i].name, format_usd_short(caps[i].cash, buf));
    if (f->max_day_trades)
        str_addf(&s, "%s%u trades", s.len ? " " : "", f->max_day_trades);
    if (f->max_positions)
        str_addf(&s, "%s%u positions", s.len ? " " : "", f->max_positions);
    give(&s, text, cap);
}

const char *follow_state(const struct desk *view, const struct follow *f) {
    (void)view;
    return f->deleted ? "deleted" : !f->enabled ? "off" : f->paused ? "paused" : !f->model && !f->baselined ? "waiting" : "following";
}

static void add_cap(struct str *s, usd cash, const char *per) {
    char buf[FORMAT_MAX];
    if (cash.micro)
        str_addf(s, ", at most %s USD %s", format_usd(cash, buf), per);
}

static void add_follow_filters(struct str *s, const struct follow *f) {
    char low[FORMAT_MAX], high[FORMAT_MAX];
    if (f->categories[0])
        str_addf(s, ", only %s", f->categories);
    if (f->min_price.micro || f->max_price.micro)
        str_addf(s, ", only prices from %s to %s", format_percent(f->min_price.micro, DEC_ONE, 0, false, low),
                 format_percent(f->max_price.micro ? f->max_price.micro : DEC_ONE, DEC_ONE, 0, false, high));
    if (f->min_liquidity.micro)
        str_addf(s, ", only with %s USD in the book", format_usd(f->min_liquidity, low));
    if (f->max_day_trades)
        str_addf(s, ", %u trades a day", f->max_day_trades);
    if (f->max_positions)
        str_addf(s, ", %u positions at once", f->max_positions);
    if (f->max_day_loss.micro)
        str_addf(s, ", pausing for the day after losing %s USD", format_usd(f->max_day_loss, low));
}

void follow_reads_as(const struct desk *view, const struct follow *f, char *text, size_t cap) {
    struct str s;
    char who[WALLET_MAX + 16], buf[FORMAT_MAX];
    str_init(&s);
    follow_target(view, f, who, sizeof who);
    str_addf(&s, "when %s trades, %s ", who, f->strategy == FOLLOW_INVERSE ? "take the other side" : "do the same");
    if (f->sizing == SIZING_FIXED)
        str_addf(&s, "for %s", follow_size_text(f, buf));
    else
        str_addf(&s, "at %s of its size", follow_size_text(f, buf));
    if (f->delay_ms)
        str_addf(&s, " after %s", format_age((int64_t)f->delay_ms * 1000, buf));
    str_addf(&s, ", at most %s worse than its price", percent_e4(f->slippage_e4, buf));
    add_cap(&s, f->max_trade, "a trade");
    add_cap(&s, f->max_position, "a position");
    add_cap(&s, f->max_day, "a day");
    add_follow_filters(&s, f);
    str_add(&s, f->exit == EXIT_MIRROR ? "; its exits reduce ours" : "; exits are ours alone");
    if (f->target_e4)
        str_addf(&s, ", target +%s", percent_e4(f->target_e4, buf));
    if (f->stop_e4)
        str_addf(&s, ", stop -%s", percent_e4(f->stop_e4, buf));
    give(&s, text, cap);
}

/* --- exit rules and routes --------------------------------------------------------------------------- */
void rules_text(const struct market *m, const struct exit_rules *r, char *text, size_t cap) {
    struct str s;
    char buf[FORMAT_MAX];
    const unsigned flags = FORMAT_UNIT | FORMAT_ASCII;
    str_init(&s);
    if (r->trail_kind == TRAIL_DISTANCE) {
        str_addf(&s, " trail %s", format_price(m, PRICE(r->trail), flags, buf));
    } else if (r->trail_kind == TRAIL_PERCENT) {
        str_addf(&s, " trail %s", format_percent(r->trail, DEC_ONE, r->trail % 10000 ? 2 : 0, false, buf));
    } else if (r->trail_kind == TRAIL_ATR) {
        dec_format(r->trail, 0, buf);
        str_addf(&s, " trail %s ATR", buf);
    }
    if (r->break_even.micro)
        str_addf(&s, " break-even at %s", format_price(m, r->break_even, flags, buf));
    for (int i = 0; i < r->rung_count && i < LADDER_MAX; i++) {
        const struct exit_rung *g = &r->rungs[i];
        str_addf(&s, "%s%s:", i ? "," : " ladder ", format_price(m, g->level, flags, buf));
        str_addf(&s, "%s%s", format_percent(g->part_ppm, DEC_ONE, g->part_ppm % 10000 ? 2 : 0, false, buf), g->done ? " (done)" : "");
    }
    if (r->before_close_s)
        str_addf(&s, " %s before the close", format_age((int64_t)r->before_close_s * 1000000, buf));
    give(&s, text, cap);
}

void route_text(const struct desk *view, const struct route *r, enum order_side side, char *text, size_t cap) {
    struct str s;
    char buf[FORMAT_MAX];
    (void)side;
    str_init(&s);
    for (int i = 0; i < r->n && i < ROUTE_MAX; i++) {
        const struct route_option *o = &r->o[i];
        const struct market *m = column_market(view, o->market);
        str_addf(&s, "%s%s %s", i ? ", " : "", i == r->chosen || o->taken.micro ? "->" : "", m ? venue_label((enum venue_id)m->venue) : "?");
        if (o->code != ERR_OK)
            str_addf(&s, " no: %s", err_text((enum err)o->code));
        else
            str_addf(&s, " %s", format_price(m, o->average, FORMAT_UNIT | FORMAT_ASCII | FORMAT_FINE, buf));
        if (o->taken.micro && r->mode == ROUTE_SPLIT)
            str_addf(&s, " x%s", format_size(m, o->taken, buf));
    }
    give(&s, text, cap);
}

/* --- answers ----------------------------------------------------------------------------------------- */
struct intent_brief intent_brief_of(const struct desk *view, const struct intent *in) {
    struct intent_brief b = {.kind = in->kind};
    struct view_watch vw;
    const struct follow *f = view_follow(view, (follow_id)in->order);
    if (in->kind == INTENT_LIVE) {
        b.live = in->order != 0;
        str_copy(b.name, sizeof b.name, in->note);
    }
    if (in->kind >= INTENT_WATCH_PUT && in->kind <= INTENT_WATCH_CANCEL)
        b.alert = (in->kind != INTENT_WATCH_PUT && view_watch(view, (watch_id)in->order, &vw) ? vw.w->kind : in->u.watch.kind) == WATCH_ALERT;
    else if (in->kind >= INTENT_FOLLOW_PUT && in->kind <= INTENT_FOLLOW_DELETE)
        b.counter = (in->kind != INTENT_FOLLOW_PUT && f ? f->kind : in->u.follow.kind) == FOLLOW_COUNTER;
    return b;
}

bool intent_brief_label(const struct intent_brief *b, uint32_t num, char label[16]) {
    const bool follow = b->kind >= INTENT_FOLLOW_PUT && b->kind <= INTENT_FOLLOW_DELETE, watch = b->kind >= INTENT_WATCH_PUT && b->kind <= INTENT_WATCH_CANCEL;
    if (follow || watch)
        snprintf(label, 16, "%c-%" PRIu32, follow ? (b->counter ? 'T' : 'C') : b->alert ? 'A' : 'S', num);
    return follow || watch;
}

void intent_done_text(const struct intent_brief *b, uint32_t num, const char *reads_as, char *text, size_t cap) {
    char label[16];
    const bool watch = b->kind == INTENT_WATCH_PUT && !b->alert, named = intent_brief_label(b, num, label) && !strncmp(reads_as, "NEW", 3);
    const bool follow = b->kind == INTENT_FOLLOW_PUT;
    snprintf(text, cap, "%s%s%s%s%s%s", named ? label : "", named ? ": " : "", reads_as,
             watch ? " (`sniper arm " : follow && named ? (b->counter ? " (`counter on " : " (`copy on ") : "", watch || (follow && named) ? label : "",
             watch ? "` arms it)" : follow && named ? "` switches it on)" : "");
}

void intent_done_line(const struct intent_brief *b, uint32_t num, char *text, size_t cap) {
    static const char *const became[INTENT_KIND_COUNT] = {
        [INTENT_WATCH_PUT] = "kept, off until it is armed", [INTENT_WATCH_ARM] = "armed", [INTENT_WATCH_DISARM] = "off", [INTENT_WATCH_CANCEL] = "deleted",
        [INTENT_FOLLOW_PUT] = "kept; a new one is off until it is switched on", [INTENT_FOLLOW_ON] = "on", [INTENT_FOLLOW_OFF] = "off", [INTENT_FOLLOW_DELETE] = "deleted",
        [INTENT_LINK_PUT] = "kept", [INTENT_LINK_DELETE] = "gone"};
    char label[16];
    const char *what = b->kind < INTENT_KIND_COUNT ? became[b->kind] : NULL;
    text[0] = 0;
    if (b->kind == INTENT_LIVE)
        snprintf(text, cap, b->live ? "account %s is LIVE: real money from now on" : "account %s is not live any more: only exits and cancels pass", b->name);
    if (!what || !num)
        return;
    if (!intent_brief_label(b, num, label))
        snprintf(label, sizeof label, "link %" PRIu32, num);
    snprintf(text, cap, "%s is %s", label, b->kind == INTENT_WATCH_PUT && b->alert ? "armed" : what);
}
