/* The editors of a position's exits (stop, target, trail, break-even, ladder, before the close) and of an order's price and size: Enter
 * reviews, `y` sends. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/form.h"
#include "ui/ticket.h"

enum { F_STOP, F_TARGET, F_TRAIL_BY, F_TRAIL, F_BREAK_EVEN, F_LADDER, F_BEFORE_CLOSE };
enum { F_PRICE, F_SIZE };

struct editor {
    order_id id;
    bool position;
    struct form form;
};
static const struct modal editor_modal;
static const char *const trail_words[] = {"off", "distance", "percent", "ATR", NULL};

static bool binary(const struct market *m) {
    return m->kind == MARKET_BINARY;
}

static struct editor *editor_new(struct session *s, order_id id, bool position) {
    if (session_readonly(s)) {
        session_message(s, NOTICE_WARN, "%s", err_text(ERR_READ_ONLY));
        return NULL;
    }
    struct editor *e = session_open_modal(s, &editor_modal);
    e->id = id;
    e->position = position;
    e->form.label_w = position ? 14 : 8;
    return e;
}

static int64_t price_scale(const struct market *m) {
    return binary(m) ? DEC_ONE / 100 : DEC_ONE;
}

/* What one shown unit of the trail is in its own: cents or dollars, percent (of a million), multiples of the ATR. */
static int64_t trail_scale(const struct market *m, int kind) {
    return kind == TRAIL_PERCENT ? 10000 : kind == TRAIL_ATR ? DEC_ONE : price_scale(m);
}

/* "60:50, 70:50": price and percent of the size, as read_ladder takes it. */
static void ladder_text(const struct market *m, const struct exit_rules *r, char *buf, size_t cap) {
    char px[DEC_TEXT_MAX], part[DEC_TEXT_MAX];
    buf[0] = '\0';
    for (int i = 0; i < r->rung_count && i < LADDER_MAX; i++) {
        int64_t shown = r->rungs[i].level.micro;
        if (binary(m))
            shown *= 100;
        dec_format(shown, 0, px);
        dec_format((int64_t)r->rungs[i].part_ppm * 100, 0, part);
        const size_t n = strlen(buf);
        snprintf(buf + n, cap - n, "%s%s:%s", i ? ", " : "", px, part);
    }
}

void edit_position_open(struct session *s, order_id id) {
    const struct order *o = view_order(s->view, id);
    struct view_market vm;
    struct editor *e;
    if (!o || !view_market(s->view, o->market, &vm) || !(e = editor_new(s, id, true)))
        return;
    const struct exit_plan *plan = &o->pos.plan;
    const int64_t scale = price_scale(vm.m), tick = vm.m->tick.micro;
    const char *hint = binary(vm.m) ? "cents; empty = none" : "empty = none";
    char ladder[LINE_MAX_BYTES], span[32];
    struct form *f = &e->form;
    form_number(f, F_STOP, "stop", tick, scale, hint, plan->stop.micro);
    form_number(f, F_TARGET, "target", tick, scale, hint, plan->target.micro);
    form_choice(f, F_TRAIL_BY, "trail by", trail_words, plan->rules.trail_kind);
    form_number(f, F_TRAIL, "trailing stop", 0, trail_scale(vm.m, plan->rules.trail_kind), "behind the best price", plan->rules.trail);
    form_number(f, F_BREAK_EVEN, "break-even at", tick, scale, "then the stop moves to the entry", plan->rules.break_even.micro);
    ladder_text(vm.m, &plan->rules, ladder, sizeof ladder);
    form_text(f, F_LADDER, "ladder", 24, "60:50, 70:50", ladder);
    form_span_text((int64_t)plan->rules.before_close_s * 1000000, span, sizeof span);
    form_text(f, F_BEFORE_CLOSE, "before close", 0, "30m: closes before the market", span);
    f->f[F_TRAIL].hidden = plan->rules.trail_kind == TRAIL_NONE;
    f->f[F_BEFORE_CLOSE].hidden = !vm.m->closes_us;
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
    form_number(&e->form, F_PRICE, "price", vm.m->tick.micro, price_scale(vm.m), binary(vm.m) ? "cents" : "", o->limit.micro);
    form_number(&e->form, F_SIZE, "size", vm.m->lot.micro > 0 ? vm.m->lot.micro * 10 : DEC_ONE, DEC_ONE, "in all, with what is filled", o->size.micro);
}

static bool read_rung(const char *word, const struct market *m, enum order_side side, struct exit_rung *out, struct command_result *r) {
    struct form one = {.n = 2};
    char px[48];
    int64_t part;
    const char *colon = strchr(word, ':');
    if (!colon || (size_t)(colon - word) >= sizeof px)
        return fail(r, ERR_USAGE, "ladder: \"%.32s\": write price:percent, as 60:50, 70:50", word);
    str_copy(px, (size_t)(colon - word) + 1, word);
    form_text(&one, 0, "ladder", 0, NULL, px);
    form_text(&one, 1, "ladder", 0, NULL, colon + 1);
    if (!form_price(&one, 0, m, side, &out->level, r) || !form_micro(&one, 1, 10000, &part, r))
        return false;
    if (part <= 0 || part > DEC_ONE || !out->level.micro)
        return fail(r, ERR_BAD_VALUE, "ladder: \"%.32s\": the part is above 0 and at most 100 percent", word);
    out->part_ppm = (int32_t)part;
    return true;
}

static bool read_ladder(const struct form *f, const struct market *m, const struct order *o, struct exit_rules *out, struct command_result *r) {
    char text[LINE_MAX_BYTES], *save = NULL;
    int64_t sum = 0;
    str_copy(text, sizeof text, form_said(f, F_LADDER));
    for (char *w = strtok_r(text, ", ", &save); w; w = strtok_r(NULL, ", ", &save)) {
        if (out->rung_count == LADDER_MAX)
            return fail(r, ERR_BAD_VALUE, "ladder: at most %d parts", LADDER_MAX);
        struct exit_rung *rung = &out->rungs[out->rung_count];
        if (!read_rung(w, m, (enum order_side)o->side, rung, r))
            return false;
        for (int i = 0; i < o->pos.plan.rules.rung_count; i++) /* what was taken already is not taken again */
            if (o->pos.plan.rules.rungs[i].level.micro == rung->level.micro && o->pos.plan.rules.rungs[i].part_ppm == rung->part_ppm)
                rung->done = o->pos.plan.rules.rungs[i].done;
        sum += rung->part_ppm;
        out->rung_count++;
    }
    return sum > DEC_ONE ? fail(r, ERR_BAD_VALUE, "ladder: the parts come to more than 100 percent") : true;
}

static bool read_rules(const struct form *f, const struct market *m, const struct order *o, struct exit_rules *out, struct command_result *r) {
    int64_t before;
    *out = (struct exit_rules){.trail_kind = (uint8_t)f->f[F_TRAIL_BY].chosen};
    if (out->trail_kind && !form_micro(f, F_TRAIL, trail_scale(m, out->trail_kind), &out->trail, r))
        return false;
    if (out->trail_kind && out->trail <= 0)
        return fail(r, ERR_USAGE, "trailing stop: how far behind the best price?");
    if (!form_price(f, F_BREAK_EVEN, m, (enum order_side)o->side, &out->break_even, r) || !read_ladder(f, m, o, out, r) ||
        !form_span(f, F_BEFORE_CLOSE, &before, r))
        return false;
    out->before_close_s = (int32_t)(before / 1000000);
    return true;
}

static bool rules_same(const struct exit_rules *a, const struct exit_rules *b) {
    bool same = a->trail_kind == b->trail_kind && a->trail == b->trail && a->break_even.micro == b->break_even.micro && a->before_close_s == b->before_close_s &&
                a->rung_count == b->rung_count;
    for (int i = 0; same && i < a->rung_count && i < LADDER_MAX; i++)
        same = a->rungs[i].level.micro == b->rungs[i].level.micro && a->rungs[i].part_ppm == b->rungs[i].part_ppm;
    return same;
}

static bool protect_intent(const struct editor *e, const struct order *o, const struct market *m, struct intent *in, struct command_result *r) {
    const struct exit_plan *plan = &o->pos.plan;
    const enum order_side side = (enum order_side)o->side;
    if (!form_price(&e->form, F_STOP, m, side, &in->stop, r) || !form_price(&e->form, F_TARGET, m, side, &in->target, r) ||
        !read_rules(&e->form, m, o, &in->rules, r))
        return false;
    /* What did not change is left alone: an old stop just passed must not keep a target from being set. */
    if (in->stop.micro == plan->stop.micro)
        in->stop = PROTECT_KEEP;
    if (in->target.micro == plan->target.micro)
        in->target = PROTECT_KEEP;
    if (!rules_same(&in->rules, &plan->rules))
        in->flags |= INTENT_RULES;
    return in->stop.micro == PROTECT_KEEP.micro && in->target.micro == PROTECT_KEEP.micro && !(in->flags & INTENT_RULES)
               ? fail(r, ERR_USAGE, "nothing has changed")
               : true;
}

static bool editor_intent(const struct session *s, const struct editor *e, struct intent *in, struct command_result *r) {
    const struct order *o = view_order(s->view, e->id);
    struct view_market vm;
    if (!o || !view_market(s->view, o->market, &vm))
        return fail(r, ERR_NOT_FOUND, "it is gone");
    intent_start(in, e->position ? INTENT_PROTECT : INTENT_AMEND, o->account);
    in->order = o->id;
    in->market = o->market;
    in->side = o->side;
    if (e->position)
        return protect_intent(e, o, vm.m, in, r);
    if (!form_price(&e->form, F_PRICE, vm.m, (enum order_side)o->side, &in->limit, r) || !arg_size("size", e->form.f[F_SIZE].line.text, vm.m, &in->size, r))
        return false;
    if (!in->limit.micro)
        return fail(r, ERR_USAGE, "price: missing");
    return in->limit.micro == o->limit.micro && in->size.micro == o->size.micro ? fail(r, ERR_USAGE, "nothing has changed") : true;
}

/* Another kind of trail counts in another unit: the old number means nothing then. */
static void adapt(struct session *s, struct editor *e, int trail_before) {
    const struct order *o = view_order(s->view, e->id);
    struct view_market vm;
    struct form *f = &e->form;
    if (!e->position || trail_before == f->f[F_TRAIL_BY].chosen || !o || !view_market(s->view, o->market, &vm))
        return;
    const int kind = f->f[F_TRAIL_BY].chosen;
    f->f[F_TRAIL].hidden = kind == TRAIL_NONE;
    f->f[F_TRAIL].scale = trail_scale(vm.m, kind);
    f->f[F_TRAIL].hint = kind == TRAIL_PERCENT ? "% behind the best price" : kind == TRAIL_ATR ? "x ATR(14) of 5 minutes" : binary(vm.m) ? "cents behind the best price" : "behind the best price";
    lineedit_set(&f->f[F_TRAIL].line, "");
}

static unsigned key(struct session *s, void *state, uint32_t k) {
    struct editor *e = state;
    const int trail = e->form.f[F_TRAIL_BY].chosen;
    if (k == KEYS_ESC || k == 3)
        return REACT_NONE;
    if (k == KEYS_ENTER) {
        struct intent in;
        struct command_result r = {0};
        if (editor_intent(s, e, &in, &r))
            session_confirm(s, &in, NULL);
        else
            session_message(s, NOTICE_WARN, "%s", r.text);
    } else if (!form_key(&e->form, k)) {
        return REACT_NONE;
    }
    adapt(s, e, trail);
    return REACT_HANDLED | REACT_DRAW;
}

static void paste(struct session *s, void *state, const char *text, size_t n) {
    (void)s;
    form_paste(&((struct editor *)state)->form, text, n);
}

/* P&L of the open size if it closed at that price, before fees. */
static void draw_outcome(struct session *s, const struct order *o, const struct market *m, const struct form *form, int field,
                         struct canvas *c, int x, int y, int w) {
    price px;
    struct command_result r = {0};
    char text[FORMAT_MAX];
    if (!*form_said(form, field))
        return;
    if (!form_price(form, field, m, (enum order_side)o->side, &px, &r)) {
        canvas_text(c, x, y, w, ROLE_WARN, 0, r.text);
        return;
    }
    const usd pnl = position_unrealized(&o->pos, position_dir((enum order_side)o->side), px);
    canvas_textf(c, x, y, w, pnl.micro < 0 ? ROLE_DOWN : ROLE_UP, 0, "at the %s: P&L %s before fees", form->f[field].label,
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
    const int fields = form_visible(&e->form), outcome = e->position ? 2 : 0;
    const struct rect in = dialog_box(s, c, body, e->position ? 66 : 56, 4 + fields + outcome + !e->position * 2, e->position ? "EXITS" : "CHANGE ORDER", right);
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
    const int room = in.h - 2, below = room >= 2 + outcome ? outcome : 0;
    form_draw(&e->form, c, (struct rect){in.x, in.y + 2, in.w, room - below});
    if (below) {
        draw_outcome(s, o, vm.m, &e->form, F_STOP, c, in.x, in.y + in.h - 2, in.w);
        draw_outcome(s, o, vm.m, &e->form, F_TARGET, c, in.x, in.y + in.h - 1, in.w);
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
