/* The order ticket: fields on the left or above, what would happen below. Enter only reviews; `y` in the question
 * sends. */
#include "ui/ticket.h"

#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/commands/commands.h"
#include "ui/dialog.h"
#include "ui/format.h"

enum {
    F_ACTION,
    F_SIDE,
    F_TYPE,
    F_PRICE,
    F_SIZE,
    F_UNIT,
    F_TIF,
    F_ROUTE,
    F_POST,
    F_REDUCE,
    F_LEVERAGE,
    F_STOP,
    F_TARGET,
    FIELDS
};
enum { UNIT_SIZE, UNIT_USD };
enum { TYPE_LIMIT, TYPE_MARKET };

struct ticket {
    market_id market;
    account_id account;
    int at;
    qty usual; /* size a new ticket begins with */
    struct field f[FIELDS];
};

static const struct modal ticket_modal;

static bool binary(const struct market *m) {
    return m->kind == MARKET_BINARY;
}
static enum order_action action_of(const struct ticket *t) {
    return t->f[F_ACTION].chosen ? ACTION_SELL : ACTION_BUY;
}

/* On a perpetual the side follows from what is held: selling a long shrinks it, else it opens a short. */
static enum order_side side_of(const struct session *s, const struct ticket *t, const struct market *m) {
    if (binary(m))
        return t->f[F_SIDE].chosen ? SIDE_NO : SIDE_YES;
    const struct order *pos = view_position_of(s->view, t->account, m->id);
    if (pos && side_closing_action((enum order_side)pos->side) == action_of(t))
        return (enum order_side)pos->side;
    return action_of(t) == ACTION_BUY ? SIDE_LONG : SIDE_SHORT;
}

/* The price one would trade at now, in the side's own price: a new ticket starts there and then stays. */
static price touch_of(const struct session *s, const struct ticket *t, const struct view_market *vm) {
    const enum order_side side = side_of(s, t, vm->m);
    const bool buys_book = book_dir(side, action_of(t)) > 0;
    const price px = buys_book ? vm->ask : vm->bid;
    return px.micro ? book_price(side, px) : px;
}

static void set_choice(struct field *f, const char *label, const char *a, const char *b, const char *d) {
    f->label = label;
    f->choices[0] = a;
    f->choices[1] = b;
    f->choices[2] = d;
}

static void set_text(struct field *f, const char *label, int64_t step, int64_t scale, const char *hint) {
    f->label = label;
    f->step = step;
    f->scale = scale;
    f->hint = hint;
}

static int64_t lot_of(const struct market *m) {
    return m->lot.micro > 0 ? m->lot.micro : DEC_ONE;
}

/* A hundred shares; of a perpetual the round number of lots (1, 2 or 5 times a power of ten) below 500 dollars. */
static qty usual_size(const struct view_market *vm) {
    const price px = vm->mark.micro ? vm->mark : vm->last;
    const int64_t lot = lot_of(vm->m);
    int64_t lots = 100, unit = 1;
    qty size;
    if (!binary(vm->m) && qty_of(USD(500 * DEC_ONE), px, ROUND_DOWN, &size)) {
        while (unit <= size.micro / lot / 10)
            unit *= 10;
        const int64_t first = size.micro / lot / unit;
        lots = (first >= 5 ? 5 : first >= 2 ? 2 : 1) * unit;
    }
    return QTY(lots * lot > vm->m->min_size.micro ? lots * lot : vm->m->min_size.micro);
}

/* Which fields make sense now, and the steps that follow from the choices. */
static void adapt(struct ticket *t, const struct market *m) {
    const bool market = t->f[F_TYPE].chosen == TYPE_MARKET, cash = t->f[F_UNIT].chosen == UNIT_USD;
    t->f[F_SIDE].hidden = !binary(m);
    t->f[F_PRICE].hidden = market;
    t->f[F_TIF].hidden = market;
    t->f[F_POST].hidden = market || t->f[F_TIF].chosen != 0;
    t->f[F_LEVERAGE].hidden = m->max_leverage <= 1;
    const int64_t lot = lot_of(m), tenth = t->usual.micro / 10 / lot * lot;
    t->f[F_SIZE].step = cash ? 10 * DEC_ONE : tenth > lot ? tenth : lot;
    t->f[F_SIZE].hint = cash ? "USD" : binary(m) ? "shares" : "units";
    while (t->f[t->at].hidden)
        t->at = field_next(t->f, FIELDS, t->at, 1);
}

static void fill_in(struct session *s, struct ticket *t, const struct view_market *vm, enum order_action action) {
    const struct market *m = vm->m;
    const int64_t scale = binary(m) ? DEC_ONE / 100 : DEC_ONE;
    const char *unit = binary(m) ? "cents" : "";
    set_choice(&t->f[F_ACTION], "action", "BUY", "SELL", NULL);
    set_choice(&t->f[F_SIDE], "side", "YES", "NO", NULL);
    set_choice(&t->f[F_TYPE], "type", "limit", "market", NULL);
    set_text(&t->f[F_PRICE], "price", m->tick.micro, scale, unit);
    set_text(&t->f[F_SIZE], "size", 0, DEC_ONE, NULL);
    set_choice(&t->f[F_UNIT], "in", "units", "USD", NULL);
    set_choice(&t->f[F_TIF], "force", "GTC", "IOC", "FOK");
    set_choice(&t->f[F_ROUTE], "venue", "here", "best", "split");
    t->f[F_ROUTE].hidden = !ticket_linked(s, m->id);
    set_choice(&t->f[F_POST], "post-only", "no", "yes", NULL);
    set_choice(&t->f[F_REDUCE], "reduce", "no", "yes", NULL);
    set_text(&t->f[F_LEVERAGE], "leverage", DEC_ONE, DEC_ONE, "x");
    set_text(&t->f[F_STOP], "stop", m->tick.micro, scale, unit);
    set_text(&t->f[F_TARGET], "target", m->tick.micro, scale, unit);
    t->f[F_ACTION].chosen = action == ACTION_SELL;
    const struct order *pos = view_position_of(s->view, t->account, m->id);
    if (pos && binary(m))
        t->f[F_SIDE].chosen = pos->side == SIDE_NO;
    t->market = m->id;
    t->usual = usual_size(vm);
    field_set(&t->f[F_PRICE], touch_of(s, t, vm).micro);
    const bool closes = pos && side_closing_action((enum order_side)pos->side) == action;
    t->f[F_ROUTE].chosen = t->f[F_ROUTE].hidden || closes ? ROUTE_HERE : ROUTE_BEST; /* what is held is sold where it is */
    field_set(&t->f[F_SIZE], closes ? pos->pos.open.micro - pos->pos.reserved.micro : t->usual.micro);
    field_set(&t->f[F_LEVERAGE], DEC_ONE);
    t->at = F_SIZE;
    adapt(t, m);
}

/* The session's account, or the one of the market's venue with the same kind of money: paper never turns into real money by itself. */
static bool account_for(struct session *s, const struct market *m, account_id *account) {
    const struct command_ctx ctx = {.view = s->view, .session = s, .now_us = session_now_us(s)};
    const struct args none = {0};
    struct command_result r = {0};
    if (account_at_venue(&ctx, &none, m->venue, account, &r))
        return true;
    session_message(s, NOTICE_WARN, "%s", r.text);
    return false;
}

void ticket_open(struct session *s, market_id id, enum order_action action) {
    struct view_market vm;
    if (session_readonly(s)) {
        session_message(s, NOTICE_WARN, "%s", err_text(ERR_READ_ONLY));
        return;
    }
    if (!view_market(s->view, id ? id : session_market(s), &vm)) {
        session_message(s, NOTICE_WARN, "there is no market to trade yet");
        return;
    }
    account_id account = session_account(s);
    if (!account_for(s, vm.m, &account))
        return;
    struct ticket *t = session_open_modal(s, &ticket_modal);
    t->account = account;
    fill_in(s, t, &vm, action);
}

/* --- from fields to an intent --- */
static bool read_price(const struct ticket *t, int field, const struct market *m, enum order_side side, price *out,
                       struct command_result *r) {
    char text[LINE_MAX_BYTES + 2];
    const struct field *f = &t->f[field];
    if (f->hidden || !f->line.len)
        return true;
    /* The fields of binary markets count cents, as the book shows them; "0.47" means what it says too. */
    const bool cents =
        binary(m) && !strchr(f->line.text, 'c') && strncmp(f->line.text, "0.", 2) && f->line.text[0] != '.';
    snprintf(text, sizeof text, "%s%s", f->line.text, cents ? "c" : "");
    return arg_price(f->label, text, m, side, out, r);
}

static bool ticket_intent(const struct session *s, const struct ticket *t, const struct market *m, struct intent *in,
                          struct command_result *r) {
    static const enum order_tif tifs[] = {TIF_GTC, TIF_IOC, TIF_FOK};
    const bool market = t->f[F_TYPE].chosen == TYPE_MARKET;
    intent_start(in, INTENT_PLACE, t->account);
    in->market = m->id;
    in->action = (uint8_t)action_of(t);
    in->side = (uint8_t)side_of(s, t, m);
    in->type = market ? ORDER_MARKET : ORDER_LIMIT;
    in->tif = market ? TIF_IOC : (uint8_t)tifs[t->f[F_TIF].chosen];
    in->route = (uint8_t)t->f[F_ROUTE].chosen;
    in->flags = (uint8_t)((!t->f[F_POST].hidden && t->f[F_POST].chosen ? ORDER_POST_ONLY : 0) |
                          (t->f[F_REDUCE].chosen ? ORDER_REDUCE_ONLY : 0));
    const enum order_side side = (enum order_side)in->side;
    if (!market && !t->f[F_PRICE].line.len)
        return fail(r, ERR_USAGE, "price: missing");
    if (!t->f[F_SIZE].line.len)
        return fail(r, ERR_USAGE, "size: missing");
    if (t->f[F_UNIT].chosen == UNIT_USD) {
        if (!arg_decimal("size", t->f[F_SIZE].line.text, &in->amount.micro, r))
            return false;
        if (in->amount.micro <= 0)
            return fail(r, ERR_BAD_VALUE, "size: the amount is above 0");
    } else if (!arg_size("size", t->f[F_SIZE].line.text, m, &in->size, r)) {
        return false;
    }
    int64_t leverage = 0;
    if (!t->f[F_LEVERAGE].hidden && t->f[F_LEVERAGE].line.len &&
        !arg_int("leverage", t->f[F_LEVERAGE].line.text, 1, m->max_leverage, &leverage, r))
        return false;
    in->leverage = (uint8_t)leverage;
    if (!read_price(t, F_PRICE, m, side, &in->limit, r) || !read_price(t, F_STOP, m, side, &in->stop, r) ||
        !read_price(t, F_TARGET, m, side, &in->target, r))
        return false;
    /* Selling YES that nobody holds is a bet on NO: say so instead of sending it. */
    const struct order *pos = view_position_of(s->view, t->account, m->id);
    if (binary(m) && in->action == ACTION_SELL && (!pos || pos->side != in->side))
        return fail(r, ERR_NOT_OPEN, "you hold no %s to sell; to bet against it BUY %s", format_side(side),
                    side == SIDE_YES ? "NO" : "YES");
    return true;
}

static void review(struct session *s, struct ticket *t) {
    struct view_market vm;
    struct intent in;
    struct command_result r = {0};
    struct view_preview pv;
    if (!view_market(s->view, t->market, &vm))
        return;
    if (!ticket_intent(s, t, vm.m, &in, &r)) {
        session_message(s, NOTICE_WARN, "%s", r.text);
        return;
    }
    view_preview(s->view, &in, &pv);
    if (pv.refusal != ERR_OK)
        session_message(s, NOTICE_WARN, "would be refused: %s", pv.text[0] ? pv.text : err_text(pv.refusal));
    else
        session_confirm(s, &in, NULL);
}

/* --- keys --- */
static unsigned key(struct session *s, void *state, uint32_t k) {
    struct ticket *t = state;
    struct view_market vm;
    if (k == KEYS_ESC || k == 3 || !view_market(s->view, t->market, &vm))
        return REACT_NONE;
    struct field *f = &t->f[t->at];
    const bool choice = f->choices[0] != NULL;
    if (k == KEYS_ENTER) {
        review(s, t);
    } else if (k == KEYS_TAB || k == KEYS_DOWN || (choice && k == 'j')) {
        t->at = field_next(t->f, FIELDS, t->at, 1);
    } else if (k == KEYS_BTAB || k == KEYS_UP || (choice && k == 'k')) {
        t->at = field_next(t->f, FIELDS, t->at, -1);
    } else if (k == '[' || k == ']' || k == '{' || k == '}') {
        field_step(&t->f[F_SIZE], k == ']' ? 1 : k == '[' ? -1 : k == '}' ? 10 : -10);
    } else if (field_key(f, k)) {
        const bool sides = t->at == F_ACTION || t->at == F_SIDE;
        if (sides && choice) /* another side has another price: pinned anew */
            field_set(&t->f[F_PRICE], touch_of(s, t, &vm).micro);
    } else {
        return REACT_NONE;
    }
    adapt(t, vm.m);
    return REACT_HANDLED | REACT_DRAW;
}

static void paste(struct session *s, void *state, const char *text, size_t n) {
    (void)s;
    struct ticket *t = state;
    if (!t->f[t->at].choices[0])
        lineedit_insert(&t->f[t->at].line, text, n);
}

/* --- drawing --- */
static int line(struct canvas *c, struct rect r, int y, enum role role, const char *label, const char *text) {
    if (y >= r.y + r.h)
        return y;
    canvas_text(c, r.x, y, 8, ROLE_MUTED, 0, label);
    canvas_text(c, r.x + 8, y, r.w - 8, role, 0, text);
    return y + 1;
}

static void draw_preview(struct session *s, const struct ticket *t, const struct view_market *vm, struct canvas *c,
                         struct rect r) {
    const struct market *m = vm->m;
    const unsigned unit = FORMAT_UNIT | (session_ascii(s) ? FORMAT_ASCII : 0);
    char a[FORMAT_MAX], b[FORMAT_MAX], text[NOTE_MAX];
    struct intent in;
    struct command_result res = {0};
    struct view_preview pv;
    int y = r.y;
    if (!ticket_intent(s, t, m, &in, &res)) {
        line(c, r, y, ROLE_WARN, "", res.text);
        return;
    }
    view_preview(s->view, &in, &pv);
    if (pv.now.filled.micro)
        snprintf(text, sizeof text, "%s now at %s avg%s", format_size(m, pv.now.filled, a),
                 format_price(m, pv.now.average, FORMAT_FINE | unit, b),
                 pv.now.levels > 1 ? ", eats more than one level" : "");
    else
        snprintf(text, sizeof text, "nothing now");
    if (pv.rests.micro)
        snprintf(text + strlen(text), sizeof text - strlen(text), "; %s %s", format_size(m, pv.rests, a),
                 in.tif == TIF_GTC || in.tif == TIF_GTD ? "rests on the book" : "is dropped");
    y = line(c, r, y, ROLE_TEXT, "fills", text);
    snprintf(text, sizeof text, "%s   fee %s", format_usd(pv.cost, a), format_usd(pv.fee, b));
    if (pv.margin.micro && !binary(m))
        snprintf(text + strlen(text), sizeof text - strlen(text), "   margin %s", format_usd(pv.margin, a));
    y = line(c, r, y, ROLE_TEXT, "cost", text);
    y = line(c, r, y, ROLE_TEXT, "worst",
             format_pnl(pv.worst_case.micro > 0 ? USD(-pv.worst_case.micro) : pv.worst_case, a));
    const int rows = ticket_route_rows(&pv.route);
    if (rows)
        ticket_route_draw(s, &pv.route, in.action == ACTION_BUY, c, (struct rect){r.x, y, r.w, r.y + r.h - y - 1});
    y += y + rows < r.y + r.h ? rows : r.y + r.h - y - 1;
    if (pv.refusal != ERR_OK)
        line(c, r, y, ROLE_ALERT, "REFUSED", pv.text[0] ? pv.text : err_text(pv.refusal));
    else
        line(c, r, y, ROLE_HINT, "",
             in.type == ORDER_LIMIT ? "price pinned: it will not follow the book"
                                    : "at market: takes what the book gives");
}

static void draw_touch(struct session *s, const struct view_market *vm, struct canvas *c, struct rect r, int y) {
    const unsigned unit = FORMAT_UNIT | (session_ascii(s) ? FORMAT_ASCII : 0);
    char bid[FORMAT_MAX], ask[FORMAT_MAX];
    canvas_textf(c, r.x, y, r.w, vm->stale ? ROLE_STALE : ROLE_MUTED, 0, "bid %s  ask %s%s",
                 format_price(vm->m, vm->bid, unit, bid), format_price(vm->m, vm->ask, unit, ask),
                 vm->stale ? "  STALE" : "");
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect body, int64_t now_us) {
    struct ticket *t = state;
    struct view_market vm;
    struct view_account va;
    char right[80] = "";
    (void)now_us;
    if (!view_market(s->view, t->market, &vm))
        return;
    if (view_account(s->view, t->account, &va))
        snprintf(right, sizeof right, "%s %s", va.a->live ? "LIVE" : "PAPER", va.a->name);
    int visible = 0;
    for (int i = 0; i < FIELDS; i++)
        visible += !t->f[i].hidden;
    const bool wide = body.w >= 96;
    const int venues = t->f[F_ROUTE].hidden ? 0 : ROUTE_MAX + 1, last = 4 + venues;
    const int want = 2 + 2 + visible + (wide ? 0 : 1 + last);
    const struct rect in = dialog_box(s, c, body, wide ? 96 : 62, want, "TICKET", right);
    canvas_text(c, in.x, in.y, in.w, ROLE_TITLE, CELL_BOLD, vm.m->title[0] ? vm.m->title : vm.m->symbol);
    draw_touch(s, &vm, c, in, in.y + 1);
    /* Where the screen is short, the fields scroll and the preview keeps its lines. */
    const int room = wide ? in.h - 2 : in.h - 2 - last, left_w = wide ? 40 : in.w;
    int row = 0, at_row = 0;
    for (int i = 0; i <= t->at; i++)
        at_row += !t->f[i].hidden;
    const int skip = at_row > room ? at_row - room : 0;
    for (int i = 0; i < FIELDS; i++) {
        if (t->f[i].hidden)
            continue;
        if (row >= skip && row - skip < room)
            field_draw(&t->f[i], c, in.x, in.y + 2 + row - skip, 11, left_w, i == t->at);
        row++;
    }
    const struct rect below = {in.x, in.y + in.h - last, in.w, last}, beside = {in.x + 42, in.y + 3, in.w - 42, in.h - 3};
    draw_preview(s, t, &vm, c, wide ? beside : below);
}

static void sent(struct session *s, void *state) {
    (void)state;
    session_close_modal(s);
}

static const struct modal ticket_modal = {
    .name = "ticket",
    .state_size = sizeof(struct ticket),
    .key = key,
    .paste = paste,
    .draw = draw,
    .sent = sent,
    .hint = "Tab field  arrows choose  + - step  [ ] { } size  Enter review  Esc back",
};
