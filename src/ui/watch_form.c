/* The form of a sniper order or an alert: its fields, and what they read as. Enter reviews, `y` keeps it: off until it is armed. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/form.h"
#include "ui/reads_as.h"
#include "ui/ticket.h"

enum {
    W_SUBJECT, W_FIGURE, W_SIDE, W_DIR, W_LEVEL, W_HOLD, W_ACTION, W_AMOUNT, W_UNIT, W_SLIPPAGE, W_DEPTH, W_AGE,
    W_BUDGET, W_REPEAT, W_MISS, W_REDUCE, W_OCO, W_EXPIRES, W_FIELDS
};
enum { SNIPER_FIGURES = FIGURE_LAST + 1, TEXT_LINES = 4 };

struct watch_form {
    struct watch was; /* the record at hand; zero id: a new one */
    uint8_t subject;  /* kind that the label and hint are of */
    struct form form;
};
static const struct modal watch_modal;

static const char *const dirs[] = {"at or below", "at or above", NULL}, *const actions[] = {"BUY", "SELL", NULL}, *const no_yes[] = {"no", "yes", NULL},
                  *const units[] = {"USD", "units", NULL}, *const misses[] = {"stop", "keep armed", NULL}, *const shares[] = {"YES", "NO", NULL};
static const char *figures[FIGURE_COUNT + 1];

/* --- the subject --- */

static const struct market *form_market(const struct session *s, const struct watch_form *e, struct view_market *vm) {
    market_id id;
    if (figure_info((enum figure)e->form.f[W_FIGURE].chosen)->subject != SUBJECT_MARKET || view_market_find(s->view, form_said(&e->form, W_SUBJECT), &id) != ERR_OK ||
        !view_market(s->view, id, vm))
        return NULL;
    return vm->m;
}

static bool read_subject(const struct session *s, const struct watch_form *e, uint64_t *out, struct command_result *r) {
    struct view_market vm;
    struct command_ctx c = {.view = s->view, .session = (struct session *)s};
    const char *said = form_said(&e->form, W_SUBJECT);
    const struct order *o;
    account_id account;
    model_id model;
    switch ((enum subject_kind)figure_info((enum figure)e->form.f[W_FIGURE].chosen)->subject) {
    case SUBJECT_MARKET:
        if (!*said || !arg_market(&c, said, &vm, r))
            return r->err ? false : fail(r, ERR_USAGE, "market: missing");
        *out = vm.m->id;
        return true;
    case SUBJECT_POSITION:
        o = view_order_find(s->view, said);
        if (!o || o->pos.status != POSITION_OPEN)
            return fail(r, ERR_NOT_FOUND, "no open position \"%.24s\"", said);
        *out = o->id;
        return true;
    case SUBJECT_ACCOUNT:
        if (!account_find(&c, said, &account, r))
            return false;
        *out = account;
        return true;
    case SUBJECT_MODEL:
        if (view_model_find(s->view, said, &model) != ERR_OK)
            return fail(r, ERR_NOT_FOUND, "no model \"%.24s\"", said);
        *out = model;
        return true;
    case SUBJECT_VENUE:
        for (int v = VENUE_NONE + 1; v < VENUE_COUNT; v++)
            if (str_eq_nocase(venue_name((enum venue_id)v), said)) {
                *out = (uint64_t)v;
                return true;
            }
        break;
    case SUBJECT_KIND_COUNT:
        break;
    }
    return fail(r, ERR_NOT_FOUND, "no venue \"%.24s\"", said);
}

/* What stands for the subject when nobody typed one. */
static void usual_subject(struct session *s, enum subject_kind k, char *buf, size_t cap) {
    const struct order *o;
    struct view_account va;
    struct view_market vm;
    struct view_model model;
    int cursor = 0;
    buf[0] = '\0';
    if (k == SUBJECT_MARKET && view_market(s->view, session_market(s), &vm))
        str_copy(buf, cap, vm.m->symbol);
    else if (k == SUBJECT_POSITION && (o = view_next_position(s->view, &cursor, true)))
        snprintf(buf, cap, "%u", o->num);
    else if (k == SUBJECT_ACCOUNT && view_account(s->view, session_account(s), &va))
        str_copy(buf, cap, va.a->name);
    else if (k == SUBJECT_MODEL && (view_model(s->view, session_model(s), &model) || view_model_at(s->view, 0, &model)))
        str_copy(buf, cap, model.m->name);
    else if (k == SUBJECT_VENUE && view_account(s->view, session_account(s), &va))
        str_copy(buf, cap, venue_name((enum venue_id)va.a->venue));
}

static void subject_text(struct session *s, const struct watch *w, char *buf, size_t cap) {
    const enum subject_kind k = (enum subject_kind)figure_info((enum figure)w->figure)->subject;
    const struct order *o;
    struct view_account va;
    struct view_market vm;
    struct view_model model;
    buf[0] = '\0';
    if (k == SUBJECT_MARKET && view_market(s->view, w->subject, &vm))
        str_copy(buf, cap, vm.m->symbol);
    else if (k == SUBJECT_POSITION && (o = view_order(s->view, w->subject)))
        snprintf(buf, cap, "%u", o->num);
    else if (k == SUBJECT_ACCOUNT && view_account(s->view, (account_id)w->subject, &va))
        str_copy(buf, cap, va.a->name);
    else if (k == SUBJECT_MODEL && view_model(s->view, (model_id)w->subject, &model))
        str_copy(buf, cap, model.m->name);
    else if (k == SUBJECT_VENUE)
        str_copy(buf, cap, venue_name((enum venue_id)w->subject));
}

/* --- the level, in the figure's unit: cents and dollars, percent, counts, milliseconds --- */

static int64_t level_scale(const struct market *m, enum figure f) {
    const char *unit = figure_info(f)->unit;
    if (strcmp(unit, "price") == 0)
        return format_cents(m) ? DEC_ONE / 100 : DEC_ONE;
    return strcmp(unit, "usd") == 0 ? DEC_ONE : strcmp(unit, "ppm") == 0 ? 10000 : 1;
}

static const char *level_hint(const struct market *m, enum figure f) {
    const char *unit = figure_info(f)->unit;
    if (strcmp(unit, "price") == 0)
        return format_cents(m) ? "cents" : "";
    return strcmp(unit, "usd") == 0 ? "USD" : strcmp(unit, "ppm") == 0 ? "%" : strcmp(unit, "ms") == 0 ? "ms" : "";
}

static bool read_level(const struct session *s, const struct watch_form *e, enum order_side side, price *out, struct command_result *r) {
    struct view_market vm;
    const struct form *f = &e->form;
    const enum figure figure = (enum figure)f->f[W_FIGURE].chosen;
    const struct market *m = form_market(s, e, &vm);
    if (!*form_said(f, W_LEVEL))
        return fail(r, ERR_USAGE, "level: missing");
    if (m && strcmp(figure_info(figure)->unit, "price") == 0)
        return form_price(f, W_LEVEL, m, side, out, r);
    int64_t sign = 1, micro;
    struct form plain = *f;
    if (form_said(f, W_LEVEL)[0] == '-') { /* a loss */
        sign = -1;
        char text[LINE_MAX_BYTES];
        str_copy(text, sizeof text, form_said(f, W_LEVEL) + 1);
        lineedit_set(&plain.f[W_LEVEL].line, text);
    }
    if (!form_micro(&plain, W_LEVEL, level_scale(m, figure), &micro, r))
        return false;
    *out = PRICE(sign * micro);
    return true;
}

/* --- from fields to the record --- */

/* Of a perpetual: who buys opens a long, or with reduce-only closes a short. */
static enum order_side side_of(const struct watch_form *e, const struct market *m) {
    const bool sells = e->form.f[W_ACTION].chosen, reduces = e->form.f[W_REDUCE].chosen;
    if (!m || m->kind == MARKET_BINARY)
        return e->form.f[W_SIDE].chosen ? SIDE_NO : SIDE_YES;
    return sells != reduces ? SIDE_SHORT : SIDE_LONG;
}

static bool read_trade(const struct watch_form *e, const struct market *m, struct watch *w, struct command_result *r) {
    const struct form *f = &e->form;
    int64_t slippage, age;
    w->action = (uint8_t)f->f[W_ACTION].chosen;
    if (f->f[W_UNIT].chosen) {
        qty size = {0};
        if (!arg_size("amount", form_said(f, W_AMOUNT), m, &size, r))
            return false;
        w->amount = size.micro;
        w->flags |= WATCH_UNITS;
    } else if (!form_micro(f, W_AMOUNT, DEC_ONE, &w->amount, r)) {
        return false;
    }
    if (!form_micro(f, W_SLIPPAGE, 100, &slippage, r) || !form_micro(f, W_DEPTH, DEC_ONE, &w->depth.micro, r) || !form_span(f, W_AGE, &age, r) ||
        !form_micro(f, W_BUDGET, DEC_ONE, &w->budget.micro, r))
        return false;
    if (slippage > 10000)
        return fail(r, ERR_BAD_VALUE, "slippage: at most 100 %%");
    w->slippage_e4 = (uint16_t)slippage;
    w->max_age_ms = (uint32_t)(age / 1000);
    w->flags |= (uint8_t)((f->f[W_REDUCE].chosen ? WATCH_REDUCE_ONLY : 0) | (f->f[W_MISS].chosen ? WATCH_KEEP : 0));
    return true;
}

static bool form_watch(const struct session *s, const struct watch_form *e, struct watch *w, struct command_result *r) {
    const struct form *f = &e->form;
    struct view_market vm;
    char text[REASON_MAX];
    int64_t hold;
    *w = (struct watch){.id = e->was.id, .kind = e->was.kind, .version = e->was.version, .spent = e->was.spent, .fires = e->was.fires};
    w->figure = (uint8_t)f->f[W_FIGURE].chosen;
    w->dir = (uint8_t)f->f[W_DIR].chosen;
    if (!read_subject(s, e, &w->subject, r))
        return false;
    const struct market *m = form_market(s, e, &vm);
    const enum order_side side = side_of(e, m);
    w->side = m ? (uint8_t)side : 0;
    if (!read_level(s, e, side, &w->level, r) || !form_span(f, W_HOLD, &hold, r) || !form_until(f, W_EXPIRES, s->now_us, &w->expires_us, r))
        return false;
    w->hold_ms = (uint32_t)(hold / 1000);
    w->flags = f->f[W_REPEAT].chosen ? WATCH_REPEAT : 0;
    if (w->kind == WATCH_SNIPER) {
        w->account = e->was.account ? e->was.account : session_account(s);
        if (!m || !read_trade(e, m, w, r))
            return m ? false : fail(r, ERR_USAGE, "a sniper needs a market");
    }
    if (*form_said(f, W_OCO) && (!auto_label_parse(form_said(f, W_OCO), w->kind == WATCH_ALERT ? 'A' : 'S', &w->oco) || w->oco == w->id))
        return fail(r, ERR_BAD_VALUE, "cancels: write the number of the other one, like S-12");
    const enum err bad = watch_check(w, text);
    return bad == ERR_OK ? true : fail(r, bad, "%s", text[0] ? text : err_text(bad));
}

/* --- opening --- */

static void adapt(struct session *s, struct watch_form *e, int figure_before) {
    static const char *const labels[] = {"market", "position", "account", "model", "venue"};
    struct form *f = &e->form;
    struct view_market vm;
    const enum figure figure = (enum figure)f->f[W_FIGURE].chosen;
    const uint8_t kind = figure_info(figure)->subject;
    if (kind != e->subject) {
        char text[LINE_MAX_BYTES];
        usual_subject(s, (enum subject_kind)kind, text, sizeof text);
        form_text(f, W_SUBJECT, labels[kind], 24, "", text);
        e->subject = kind;
    }
    const struct market *m = form_market(s, e, &vm);
    const bool sniper = e->was.kind == WATCH_SNIPER, binary = m && m->kind == MARKET_BINARY;
    f->f[W_SUBJECT].hint = kind == SUBJECT_MARKET && !m ? "which market?" : "";
    f->f[W_FIGURE].hint = sniper ? NULL : figure_info(figure)->help;
    f->f[W_SIDE].hidden = !binary;
    f->f[W_LEVEL].hint = level_hint(m, figure);
    if (figure_before != (int)figure && level_scale(m, (enum figure)figure_before) != level_scale(m, figure))
        lineedit_set(&f->f[W_LEVEL].line, ""); /* the old number means nothing in the new unit */
    f->f[W_LEVEL].step = m && strcmp(figure_info(figure)->unit, "price") == 0 ? m->tick.micro : 0;
    f->f[W_LEVEL].scale = f->f[W_LEVEL].step ? level_scale(m, figure) : 0;
    for (int i = W_ACTION; i <= W_BUDGET; i++)
        f->f[i].hidden = !sniper;
    f->f[W_MISS].hidden = f->f[W_REDUCE].hidden = !sniper;
    f->f[W_AMOUNT].hint = f->f[W_UNIT].chosen ? (binary ? "shares a firing" : "units a firing") : "USD a firing";
    while (f->f[f->at].hidden)
        f->at = field_next(f->f, f->n, f->at, 1);
}

static void set_micro(struct form *f, int i, const char *label, int64_t scale, const char *hint, int64_t value) {
    form_number(f, i, label, 0, scale, hint, value < 0 ? 0 : value);
    if (value < 0) {
        char text[DEC_TEXT_MAX];
        dec_format(value / (scale ? scale : 1) * DEC_ONE, 0, text);
        lineedit_set(&f->f[i].line, text);
    }
}

static void fill_in(struct session *s, struct watch_form *e) {
    const struct watch *w = &e->was;
    struct form *f = &e->form;
    char text[LINE_MAX_BYTES];
    struct view_market vm;
    const bool market = figure_info((enum figure)w->figure)->subject == SUBJECT_MARKET && view_market(s->view, w->subject, &vm);
    for (int i = 0; i < FIGURE_COUNT; i++)
        figures[i] = figure_info((enum figure)i)->name;
    subject_text(s, w, text, sizeof text);
    e->subject = figure_info((enum figure)w->figure)->subject;
    form_text(f, W_SUBJECT, subject_kind_name((enum subject_kind)e->subject), 24, "", text);
    form_choice(f, W_FIGURE, "when", figures, w->figure);
    if (w->kind == WATCH_SNIPER)
        f->f[W_FIGURE].choices[SNIPER_FIGURES] = NULL;
    form_choice(f, W_SIDE, "outcome", shares, w->side == SIDE_NO);
    form_choice(f, W_DIR, "is", dirs, w->dir);
    set_micro(f, W_LEVEL, "level", level_scale(market ? vm.m : NULL, (enum figure)w->figure), "", w->level.micro);
    form_span_text((int64_t)w->hold_ms * 1000, text, sizeof text);
    form_text(f, W_HOLD, "held for", 0, "2s; empty = at once", text);
    form_choice(f, W_ACTION, "then", actions, w->action);
    set_micro(f, W_AMOUNT, "amount", DEC_ONE, "", w->amount);
    form_choice(f, W_UNIT, "in", units, !!(w->flags & WATCH_UNITS));
    form_number(f, W_SLIPPAGE, "slippage", 50, 100, "% at most", w->slippage_e4);
    set_micro(f, W_DEPTH, "depth", DEC_ONE, "must be there within the slippage", w->depth.micro);
    form_span_text((int64_t)w->max_age_ms * 1000, text, sizeof text);
    form_text(f, W_AGE, "data age", 0, "oldest book; empty = the risk limit", text);
    set_micro(f, W_BUDGET, "budget", DEC_ONE, "USD, all firings together", w->budget.micro);
    form_choice(f, W_REPEAT, "repeat", no_yes, !!(w->flags & WATCH_REPEAT));
    form_choice(f, W_MISS, "if unfilled", misses, !!(w->flags & WATCH_KEEP));
    form_choice(f, W_REDUCE, "reduce only", no_yes, !!(w->flags & WATCH_REDUCE_ONLY));
    watch_label_of((enum watch_kind)w->kind, w->oco, text);
    form_text(f, W_OCO, "cancels", 0, "the other one of a pair, like S-12", w->oco ? text : "");
    form_until_text(w->expires_us, text, sizeof text);
    form_text(f, W_EXPIRES, "expires", 22, "2d or a date; empty = never", text);
    f->label_w = 13;
    adapt(s, e, w->figure);
}

static struct watch_form *form_open(struct session *s) {
    if (!session_readonly(s))
        return session_open_modal(s, &watch_modal);
    session_message(s, NOTICE_WARN, "%s", err_text(ERR_READ_ONLY));
    return NULL;
}

void watch_form_open(struct session *s, enum watch_kind k, market_id m) {
    struct view_market vm;
    if (!view_market(s->view, m ? m : session_market(s), &vm)) {
        session_message(s, NOTICE_WARN, "there is no market to watch yet");
        return;
    }
    struct watch_form *e = form_open(s);
    if (!e)
        return;
    e->was = (struct watch){.kind = (uint8_t)k, .figure = k == WATCH_SNIPER ? FIGURE_ASK : FIGURE_LAST, .subject = vm.m->id, .slippage_e4 = WATCH_SLIPPAGE_DEFAULT,
                            .level = k == WATCH_SNIPER ? vm.ask : vm.last.micro ? vm.last : vm.mark, .side = vm.m->kind == MARKET_BINARY ? SIDE_YES : SIDE_LONG};
    fill_in(s, e);
    e->form.at = W_LEVEL;
}

void watch_form_edit(struct session *s, watch_id id) {
    struct view_watch vw;
    if (!view_watch(s->view, id, &vw) || !watch_live(vw.w)) {
        session_message(s, NOTICE_WARN, "it is over and can't be changed; c makes a new one");
        return;
    }
    const struct watch w = *vw.w;
    struct watch_form *e = form_open(s);
    if (!e)
        return;
    e->was = w;
    fill_in(s, e);
    e->form.at = W_LEVEL;
}

/* --- keys and drawing --- */

static unsigned key(struct session *s, void *state, uint32_t k) {
    struct watch_form *e = state;
    const int figure = e->form.f[W_FIGURE].chosen;
    if (k == KEYS_ESC || k == 3)
        return REACT_NONE;
    if (k == KEYS_ENTER) {
        struct command_result r = {0};
        struct intent in;
        intent_start(&in, INTENT_WATCH_PUT, 0);
        if (form_watch(s, e, &in.u.watch, &r)) {
            in.account = in.u.watch.account;
            session_confirm(s, &in, NULL);
        } else {
            session_message(s, NOTICE_WARN, "%s", r.text);
        }
    } else if (!form_key(&e->form, k)) {
        return REACT_NONE;
    }
    adapt(s, e, figure);
    return REACT_HANDLED | REACT_DRAW;
}

static void paste(struct session *s, void *state, const char *text, size_t n) {
    struct watch_form *e = state;
    form_paste(&e->form, text, n);
    adapt(s, e, e->form.f[W_FIGURE].chosen);
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect body, int64_t now_us) {
    struct watch_form *e = state;
    struct command_result r = {0};
    struct watch w;
    char title[32], label[AUTO_LABEL_MAX], text[READS_AS_MAX];
    (void)now_us;
    if (e->was.id)
        snprintf(title, sizeof title, "EDIT %s", watch_label(&e->was, label));
    else
        snprintf(title, sizeof title, "NEW %s", e->was.kind == WATCH_SNIPER ? "SNIPER" : "ALERT");
    const struct rect in = dialog_box(s, c, body, 72, form_visible(&e->form) + TEXT_LINES + 2, title, e->was.flags & WATCH_ARMED ? "saving disarms it" : "starts OFF");
    const int lines = in.h >= 3 + TEXT_LINES ? TEXT_LINES : in.h >= 5 ? 2 : 0;
    form_draw(&e->form, c, (struct rect){in.x, in.y, in.w, in.h - lines});
    if (!lines)
        return;
    const struct rect words = {in.x, in.y + in.h - lines, in.w, lines};
    if (!form_watch(s, e, &w, &r))
        wrap_draw(c, words, ROLE_WARN, r.text);
    else {
        watch_reads_as(s->view, &w, text, sizeof text);
        wrap_draw(c, words, ROLE_STRONG, text);
    }
}

static void sent(struct session *s, void *state) {
    (void)state;
    session_close_modal(s);
}

static const struct modal watch_modal = {
    .name = "watch", .state_size = sizeof(struct watch_form), .key = key, .paste = paste, .draw = draw, .sent = sent, .hint = "Tab field  arrows choose  + - step  Enter review  Esc back",
};
