/* The editors of a position's stop and target and of an order's price and size: two fields, Enter reviews, `y` sends.
 */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/commands/commands.h"
#include "ui/dialog.h"
#include "ui/format.h"
#include "ui/ticket.h"

struct editor {
    order_id id;
    bool position;
    int at;
    struct field f[2];
};
static const struct modal editor_modal;

static bool binary(const struct market *m) {
    return m->kind == MARKET_BINARY;
}

static void setup(struct field *f, const char *label, int64_t step, int64_t scale, const char *hint, int64_t value) {
    f->label = label;
    f->step = step;
    f->scale = scale;
    f->hint = hint;
    field_set(f, value);
}

static struct editor *editor_new(struct session *s, order_id id, bool position) {
    if (session_readonly(s)) {
        session_message(s, NOTICE_WARN, "%s", err_text(ERR_READ_ONLY));
        return NULL;
    }
    struct editor *e = session_open_modal(s, &editor_modal);
    e->id = id;
    e->position = position;
    return e;
}

void edit_position_open(struct session *s, order_id id) {
    const struct order *o = view_order(s->view, id);
    struct view_market vm;
    struct editor *e;
    if (!o || !view_market(s->view, o->market, &vm) || !(e = editor_new(s, id, true)))
        return;
    const int64_t scale = binary(vm.m) ? DEC_ONE / 100 : DEC_ONE;
    const char *hint = binary(vm.m) ? "cents; empty = none" : "empty = none";
    setup(&e->f[0], "stop", vm.m->tick.micro, scale, hint, o->pos.plan.stop.micro);
    setup(&e->f[1], "target", vm.m->tick.micro, scale, hint, o->pos.plan.target.micro);
}

void edit_order_open(struct session *s, order_id id) {
    const struct order *o = view_order(s->view, id);
    struct view_market vm;
    struct editor *e;
    if (!o || !view_market(s->view, o->market, &vm))
        return;
    if (!order_open(o) || o->type != ORDER_LIMIT) {
        session_message(s, NOTICE_WARN, "order %u can't be changed: it is %s", o->num,
                        order_open(o) ? "no limit order" : order_state_name((enum order_state)o->state));
        return;
    }
    if (!(e = editor_new(s, id, false)))
        return;
    setup(&e->f[0], "price", vm.m->tick.micro, binary(vm.m) ? DEC_ONE / 100 : DEC_ONE, binary(vm.m) ? "cents" : "",
          o->limit.micro);
    setup(&e->f[1], "size", vm.m->lot.micro > 0 ? vm.m->lot.micro * 10 : DEC_ONE, DEC_ONE,
          "in all, with what is filled", o->size.micro);
}

/* An empty field removes the level. */
static bool read_level(const struct field *f, const struct market *m, enum order_side side, price *out,
                       struct command_result *r) {
    char text[LINE_MAX_BYTES + 2];
    *out = PRICE(0);
    if (!f->line.len || str_eq_nocase(f->line.text, "none"))
        return true;
    const bool cents =
        binary(m) && !strchr(f->line.text, 'c') && strncmp(f->line.text, "0.", 2) && f->line.text[0] != '.';
    snprintf(text, sizeof text, "%s%s", f->line.text, cents ? "c" : "");
    return arg_price(f->label, text, m, side, out, r);
}

static bool editor_intent(const struct session *s, const struct editor *e, struct intent *in,
                          struct command_result *r) {
    const struct order *o = view_order(s->view, e->id);
    struct view_market vm;
    if (!o || !view_market(s->view, o->market, &vm))
        return fail(r, ERR_NOT_FOUND, "it is gone");
    const enum order_side side = (enum order_side)o->side;
    intent_start(in, e->position ? INTENT_PROTECT : INTENT_AMEND, o->account);
    in->order = o->id;
    in->market = o->market;
    in->side = o->side;
    if (e->position) {
        if (!read_level(&e->f[0], vm.m, side, &in->stop, r) || !read_level(&e->f[1], vm.m, side, &in->target, r))
            return false;
        /* What did not change is left alone: an old stop just passed must not keep a target from being set. */
        if (in->stop.micro == o->pos.plan.stop.micro)
            in->stop = PROTECT_KEEP;
        if (in->target.micro == o->pos.plan.target.micro)
            in->target = PROTECT_KEEP;
        return in->stop.micro == PROTECT_KEEP.micro && in->target.micro == PROTECT_KEEP.micro
                   ? fail(r, ERR_USAGE, "nothing has changed")
                   : true;
    }
    if (!read_level(&e->f[0], vm.m, side, &in->limit, r) || !arg_size("size", e->f[1].line.text, vm.m, &in->size, r))
        return false;
    if (!in->limit.micro)
        return fail(r, ERR_USAGE, "price: missing");
    return in->limit.micro == o->limit.micro && in->size.micro == o->size.micro
               ? fail(r, ERR_USAGE, "nothing has changed")
               : true;
}

static unsigned key(struct session *s, void *state, uint32_t k) {
    struct editor *e = state;
    if (k == KEYS_ESC || k == 3)
        return REACT_NONE;
    if (k == KEYS_ENTER) {
        struct intent in;
        struct command_result r = {0};
        if (editor_intent(s, e, &in, &r))
            session_confirm(s, &in, NULL);
        else
            session_message(s, NOTICE_WARN, "%s", r.text);
    } else if (k == KEYS_TAB || k == KEYS_DOWN || k == KEYS_UP || k == KEYS_BTAB) {
        e->at = !e->at;
    } else if (!field_key(&e->f[e->at], k)) {
        return REACT_NONE;
    }
    return REACT_HANDLED | REACT_DRAW;
}

static void paste(struct session *s, void *state, const char *text, size_t n) {
    (void)s;
    struct editor *e = state;
    lineedit_insert(&e->f[e->at].line, text, n);
}

/* P&L of the open size if it closed at that price, before fees. */
static void draw_outcome(struct session *s, const struct order *o, const struct market *m, const struct field *f,
                         struct canvas *c, int x, int y, int w) {
    price px;
    struct command_result r = {0};
    char text[FORMAT_MAX];
    if (!f->line.len)
        return;
    if (!read_level(f, m, (enum order_side)o->side, &px, &r)) {
        canvas_text(c, x, y, w, ROLE_WARN, 0, r.text);
        return;
    }
    const usd pnl = position_unrealized(&o->pos, position_dir((enum order_side)o->side), px);
    canvas_textf(c, x, y, w, pnl.micro < 0 ? ROLE_DOWN : ROLE_UP, 0, "at the %s: P&L %s before fees", f->label,
                 session_money_hidden(s) ? "***" : format_pnl(pnl, text));
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect body, int64_t now_us) {
    (void)now_us;
    struct editor *e = state;
    const struct order *o = view_order(s->view, e->id);
    struct view_market vm;
    char right[32], size[FORMAT_MAX], px[FORMAT_MAX], mark[FORMAT_MAX];
    const unsigned unit = FORMAT_UNIT | (session_ascii(s) ? FORMAT_ASCII : 0);
    if (!o || !view_market(s->view, o->market, &vm))
        return;
    snprintf(right, sizeof right, "#%u", o->num);
    const struct rect in = dialog_box(s, c, body, 56, 8, e->position ? "STOP AND TARGET" : "CHANGE ORDER", right);
    canvas_text(c, in.x, in.y, in.w, ROLE_TITLE, CELL_BOLD, vm.m->title[0] ? vm.m->title : vm.m->symbol);
    struct view_position vp = {.o = o};
    if (e->position && view_position(s->view, o->id, &vp))
        canvas_textf(c, in.x, in.y + 1, in.w, ROLE_MUTED, 0, "%s %s  avg %s  mark %s",
                     format_size(vm.m, o->pos.open, size), format_side((enum order_side)o->side),
                     format_price(vm.m, o->pos.entry_price, unit | FORMAT_FINE, px),
                     format_price(vm.m, vp.mark, unit | FORMAT_FINE, mark));
    else
        canvas_textf(c, in.x, in.y + 1, in.w, ROLE_MUTED, 0, "%s %s  filled %s",
                     format_action((enum order_action)o->action), format_side((enum order_side)o->side),
                     format_size(vm.m, o->filled, size));
    for (int i = 0; i < 2; i++)
        field_draw(&e->f[i], c, in.x, in.y + 2 + i, 8, in.w, i == e->at);
    if (e->position && in.h >= 6) {
        draw_outcome(s, o, vm.m, &e->f[0], c, in.x, in.y + 4, in.w);
        draw_outcome(s, o, vm.m, &e->f[1], c, in.x, in.y + 5, in.w);
    }
}

static void sent(struct session *s, void *state) {
    (void)state;
    session_close_modal(s);
}

static const struct modal editor_modal = {
    .name = "editor",
    .state_size = sizeof(struct editor),
    .key = key,
    .paste = paste,
    .draw = draw,
    .sent = sent,
    .hint = "Tab field  + - step  Enter review  Esc back",
};
