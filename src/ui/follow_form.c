/* The form of a copy or counter configuration: whom, how large, within which bounds. Enter reviews, `y` keeps it: a new one is off. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/form.h"
#include "ui/reads_as.h"
#include "ui/ticket.h"

enum {
    L_KIND, L_STRATEGY, L_OF, L_TARGET, L_VENUE, L_SIZING, L_SIZE, L_EXIT, L_MAX_TRADE, L_MAX_POSITION, L_MAX_DAY, L_MAX_LOSS, L_DELAY, L_MAX_AGE,
    L_SLIPPAGE, L_MIN_PRICE, L_MAX_PRICE, L_LIQUIDITY, L_TRADES, L_POSITIONS, L_CATEGORIES, L_STOP, L_PROFIT, L_FIELDS
};
enum { OF_MODEL, OF_WALLET, TEXT_LINES = 4, CENT = DEC_ONE / 100 };

struct follow_form {
    struct follow was;
    struct form form;
};
static const struct modal follow_modal;

static const char *const kinds[] = {"copy", "counter", NULL}, *const strategies[] = {"inverse", "mirror", NULL}, *const targets[] = {"model", "wallet", NULL},
                  *const sizings[] = {"fixed USD", "percent", "multiple", NULL}, *const exits[] = {"mirror", "manual", NULL};
static const char *venues[VENUE_COUNT];

/* --- from fields to the record --- */

static bool read_target(const struct session *s, const struct form *f, struct follow *out, struct command_result *r) {
    const char *said = form_said(f, L_TARGET);
    model_id model;
    out->model = 0;
    out->wallet[0] = '\0';
    if (!*said)
        return fail(r, ERR_USAGE, "whom? a model's name, or a wallet");
    if (f->f[L_OF].chosen == OF_MODEL) {
        if (view_model_find(s->view, said, &model) != ERR_OK)
            return fail(r, ERR_NOT_FOUND, "no model \"%.24s\"", said);
        out->model = model;
        return true;
    }
    if (strlen(said) >= sizeof out->wallet)
        return fail(r, ERR_BAD_VALUE, "wallet: longer than %d characters", WALLET_MAX - 1);
    for (size_t i = 0; said[i]; i++)
        out->wallet[i] = (char)tolower((unsigned char)said[i]), out->wallet[i + 1] = '\0';
    out->venue = (uint8_t)(f->f[L_VENUE].chosen + 1);
    return true;
}

static bool read_count(const struct form *f, int i, uint32_t *out, struct command_result *r) {
    int64_t n;
    if (!form_micro(f, i, 1, &n, r))
        return false;
    if (n > UINT32_MAX)
        return fail(r, ERR_BAD_VALUE, "%s: too large", f->f[i].label);
    *out = (uint32_t)n;
    return true;
}

static bool read_bounds(const struct form *f, struct follow *w, struct command_result *r) {
    int64_t delay, age;
    uint32_t slippage;
    const struct { int field; usd *out; } money[] = {{L_MAX_TRADE, &w->max_trade}, {L_MAX_POSITION, &w->max_position}, {L_MAX_DAY, &w->max_day},
                                                     {L_MAX_LOSS, &w->max_day_loss}, {L_LIQUIDITY, &w->min_liquidity}};
    for (size_t i = 0; i < sizeof money / sizeof *money; i++)
        if (!form_micro(f, money[i].field, DEC_ONE, &money[i].out->micro, r))
            return false;
    if (!form_span(f, L_DELAY, &delay, r) || !form_span(f, L_MAX_AGE, &age, r) || !form_micro(f, L_MIN_PRICE, CENT, &w->min_price.micro, r) ||
        !form_micro(f, L_MAX_PRICE, CENT, &w->max_price.micro, r) || !read_count(f, L_TRADES, &w->max_day_trades, r) || !read_count(f, L_POSITIONS, &w->max_positions, r))
        return false;
    const struct { int field; uint32_t *out; } percents[] = {{L_SLIPPAGE, &slippage}, {L_STOP, &w->stop_e4}, {L_PROFIT, &w->target_e4}};
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++) {
        int64_t e4;
        if (!form_micro(f, percents[i].field, 100, &e4, r))
            return false;
        if (e4 > 1000000)
            return fail(r, ERR_BAD_VALUE, "%s: too large", f->f[percents[i].field].label);
        *percents[i].out = (uint32_t)e4;
    }
    if (slippage > 10000)
        return fail(r, ERR_BAD_VALUE, "slippage: at most 100 %%");
    w->slippage_e4 = (uint16_t)slippage;
    w->delay_ms = (uint32_t)(delay / 1000);
    w->max_age_ms = (uint32_t)(age / 1000);
    return true;
}

static bool form_follow(const struct session *s, const struct follow_form *e, struct follow *w, struct command_result *r) {
    const struct form *f = &e->form;
    char text[REASON_MAX];
    int64_t size;
    *w = e->was;
    w->account = w->account ? w->account : session_account(s);
    w->kind = (uint8_t)f->f[L_KIND].chosen;
    w->strategy = w->kind == FOLLOW_COPY ? FOLLOW_MIRROR : (uint8_t)f->f[L_STRATEGY].chosen;
    w->sizing = (uint8_t)f->f[L_SIZING].chosen;
    w->exit = (uint8_t)f->f[L_EXIT].chosen;
    if (!read_target(s, f, w, r) || !form_micro(f, L_SIZE, w->sizing == SIZING_PERCENTAGE ? DEC_ONE / 100 : DEC_ONE, &size, r) || !read_bounds(f, w, r))
        return false;
    w->fixed = w->sizing == SIZING_FIXED ? USD(size) : USD(0);
    w->factor = w->sizing == SIZING_FIXED ? DEC_ONE : size;
    str_copy(w->categories, sizeof w->categories, form_said(f, L_CATEGORIES));
    const enum err bad = follow_check(w, text);
    return bad == ERR_OK ? true : fail(r, bad, "%s", text[0] ? text : err_text(bad));
}

/* --- opening --- */

static void adapt(struct follow_form *e) {
    struct form *f = &e->form;
    const bool wallet = f->f[L_OF].chosen == OF_WALLET;
    f->f[L_STRATEGY].hidden = f->f[L_KIND].chosen == FOLLOW_COPY;
    f->f[L_VENUE].hidden = !wallet;
    f->f[L_TARGET].hint = wallet ? "as its venue writes it" : "one of the models here";
    f->f[L_SIZE].hint = f->f[L_SIZING].chosen == SIZING_FIXED ? "USD a trade" : f->f[L_SIZING].chosen == SIZING_PERCENTAGE ? "% of the target's trade" : "x the target's trade";
    f->f[L_MAX_POSITION].hint = f->f[L_KIND].chosen == FOLLOW_COPY ? "USD; a copy needs one" : "USD";
    while (f->f[f->at].hidden)
        f->at = field_next(f->f, f->n, f->at, 1);
}

static void put_percent(struct form *f, int i, const char *label, const char *hint, uint32_t e4) { form_number(f, i, label, 0, 100, hint, e4); }
static void put_span(struct form *f, int i, const char *label, const char *hint, uint32_t ms) {
    char text[32];
    form_span_text((int64_t)ms * 1000, text, sizeof text);
    form_text(f, i, label, 0, hint, text);
}

static void fill_in(struct session *s, struct follow_form *e) {
    const struct follow *w = &e->was;
    struct form *f = &e->form;
    struct view_model vm;
    for (int v = VENUE_NONE + 1; v < VENUE_COUNT; v++)
        venues[v - 1] = venue_name((enum venue_id)v);
    venues[VENUE_COUNT - 1] = NULL;
    form_choice(f, L_KIND, "kind", kinds, w->kind);
    form_choice(f, L_STRATEGY, "side", strategies, w->strategy);
    form_choice(f, L_OF, "of", targets, w->wallet[0] ? OF_WALLET : OF_MODEL);
    form_text(f, L_TARGET, "whom", 30, "", w->wallet[0] ? w->wallet : w->model && view_model(s->view, w->model, &vm) ? vm.m->name : "");
    form_choice(f, L_VENUE, "venue", venues, w->venue ? w->venue - 1 : 0);
    form_choice(f, L_SIZING, "sizing", sizings, w->sizing);
    form_number(f, L_SIZE, "size", 0, w->sizing == SIZING_PERCENTAGE ? DEC_ONE / 100 : DEC_ONE, "", w->sizing == SIZING_FIXED ? w->fixed.micro : w->factor);
    form_choice(f, L_EXIT, "exits", exits, w->exit);
    form_number(f, L_MAX_TRADE, "cap a trade", 0, DEC_ONE, "USD; empty = none", w->max_trade.micro);
    form_number(f, L_MAX_POSITION, "cap a position", 0, DEC_ONE, "USD", w->max_position.micro);
    form_number(f, L_MAX_DAY, "cap a day", 0, DEC_ONE, "USD volume", w->max_day.micro);
    form_number(f, L_MAX_LOSS, "day's loss", 0, DEC_ONE, "USD that pause it until midnight UTC", w->max_day_loss.micro);
    put_span(f, L_DELAY, "delay", "5s; everything is checked again then", w->delay_ms);
    put_span(f, L_MAX_AGE, "oldest trade", "still followed, on top of the delay", w->max_age_ms);
    put_percent(f, L_SLIPPAGE, "slippage", "% against the target's price", w->slippage_e4);
    form_number(f, L_MIN_PRICE, "price from", 0, CENT, "cents we may pay", w->min_price.micro);
    form_number(f, L_MAX_PRICE, "price to", 0, CENT, "cents; empty = any", w->max_price.micro);
    form_number(f, L_LIQUIDITY, "liquidity", 0, DEC_ONE, "USD on the side taken, at least", w->min_liquidity.micro);
    form_number(f, L_TRADES, "trades a day", 0, 1, "empty = any", w->max_day_trades);
    form_number(f, L_POSITIONS, "positions", 0, 1, "open at a time; empty = any", w->max_positions);
    form_text(f, L_CATEGORIES, "categories", 30, "by commas; empty = all", w->categories);
    put_percent(f, L_STOP, "stop", "% below the entry", w->stop_e4);
    put_percent(f, L_PROFIT, "target", "% above the entry", w->target_e4);
    f->label_w = 15;
    adapt(e);
}

static struct follow_form *form_open(struct session *s) {
    if (!session_readonly(s))
        return session_open_modal(s, &follow_modal);
    session_message(s, NOTICE_WARN, "%s", err_text(ERR_READ_ONLY));
    return NULL;
}

void follow_form_open(struct session *s, enum follow_kind k, model_id model) {
    struct follow_form *e = form_open(s);
    if (!e)
        return;
    follow_default(&e->was, k);
    e->was.model = model ? model : session_model(s);
    /* A new one begins with something small. */
    e->was.max_trade = USD(100 * DEC_ONE);
    e->was.max_day_loss = USD(100 * DEC_ONE);
    if (k == FOLLOW_COPY)
        e->was.fixed = USD(25 * DEC_ONE), e->was.max_position = USD(250 * DEC_ONE);
    fill_in(s, e);
    e->form.at = e->was.model ? L_SIZE : L_TARGET;
}

void follow_form_edit(struct session *s, follow_id id) {
    const struct follow *f = view_follow(s->view, id);
    struct follow_form *e = f && !f->deleted ? form_open(s) : NULL;
    if (!e)
        return;
    e->was = *f;
    fill_in(s, e);
    e->form.at = L_SIZE;
}

/* --- keys and drawing --- */

static unsigned key(struct session *s, void *state, uint32_t k) {
    struct follow_form *e = state;
    const int kind = e->form.f[L_KIND].chosen, sizing = e->form.f[L_SIZING].chosen;
    if (k == KEYS_ESC || k == 3)
        return REACT_NONE;
    if (k == KEYS_ENTER) {
        struct command_result r = {0};
        struct intent in;
        intent_start(&in, INTENT_FOLLOW_PUT, 0);
        if (form_follow(s, e, &in.u.follow, &r)) {
            in.account = in.u.follow.account;
            session_confirm(s, &in, NULL);
        } else {
            session_message(s, NOTICE_WARN, "%s", r.text);
        }
    } else if (!form_key(&e->form, k)) {
        return REACT_NONE;
    }
    if (kind != e->form.f[L_KIND].chosen)
        e->form.f[L_STRATEGY].chosen = e->form.f[L_KIND].chosen == FOLLOW_COPY ? FOLLOW_MIRROR : FOLLOW_INVERSE;
    if (sizing != e->form.f[L_SIZING].chosen) /* 100 dollars are not 100 percent */
        lineedit_set(&e->form.f[L_SIZE].line, "");
    adapt(e);
    return REACT_HANDLED | REACT_DRAW;
}

static void paste(struct session *s, void *state, const char *text, size_t n) {
    (void)s;
    form_paste(&((struct follow_form *)state)->form, text, n);
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect body, int64_t now_us) {
    struct follow_form *e = state;
    struct command_result r = {0};
    struct follow w;
    char title[32], label[AUTO_LABEL_MAX], text[READS_AS_MAX];
    (void)now_us;
    if (e->was.id)
        snprintf(title, sizeof title, "EDIT %s", follow_label(&e->was, label));
    else
        snprintf(title, sizeof title, "NEW %s", e->form.f[L_KIND].chosen == FOLLOW_COPY ? "COPY" : "COUNTER");
    const struct rect in = dialog_box(s, c, body, 74, form_visible(&e->form) + TEXT_LINES + 2, title, e->was.id ? (e->was.enabled ? "it is ON" : "it is OFF") : "starts OFF");
    const int lines = in.h >= 3 + TEXT_LINES ? TEXT_LINES : in.h >= 5 ? 2 : 0;
    form_draw(&e->form, c, (struct rect){in.x, in.y, in.w, in.h - lines});
    if (!lines)
        return;
    const struct rect words = {in.x, in.y + in.h - lines, in.w, lines};
    if (!form_follow(s, e, &w, &r)) {
        wrap_draw(c, words, ROLE_WARN, r.text);
    } else {
        follow_reads_as(s->view, &w, text, sizeof text);
        wrap_draw(c, words, ROLE_STRONG, text);
    }
}

static void sent(struct session *s, void *state) {
    (void)state;
    session_close_modal(s);
}

static const struct modal follow_modal = {
    .name = "follow", .state_size = sizeof(struct follow_form), .key = key, .paste = paste, .draw = draw, .sent = sent, .hint = "Tab field  arrows choose  Enter review  Esc back",
};
