/* The choice of the account that the screen is about: its badge, border and tickets follow. Choosing sends nothing. */
#include <stdio.h>
#include <string.h>

#include "ui/dialog.h"
#include "ui/format.h"
#include "ui/session_private.h"
#include "ui/ticket.h"

struct pick { int at, top; };

static int count(struct session *s) {
    struct view_account a;
    int n = 0;
    while (view_account_at(s->view, n, &a))
        n++;
    return n;
}

static unsigned key(struct session *s, void *state, uint32_t k) {
    struct pick *p = state;
    struct view_account a;
    const int n = count(s);
    if (k == 'j' || k == KEYS_DOWN || k == KEYS_TAB || k == 'a')
        p->at = (p->at + 1) % (n ? n : 1);
    else if (k == 'k' || k == KEYS_UP || k == KEYS_BTAB)
        p->at = (p->at + n - 1) % (n ? n : 1);
    else if (k == KEYS_ENTER && view_account_at(s->view, p->at, &a)) {
        session_set_account(s, a.a->id);
        session_close_modal(s);
        session_message(s, a.a->live ? NOTICE_WARN : NOTICE_INFO, "the screen is about %s/%s now: %s%s", format_venue((enum venue_id)a.a->venue), a.a->name,
                        a.a->live ? "REAL MONEY" : "paper", a.a->live && !a.may_trade ? ", only exits until :live" : "");
    } else
        return REACT_NONE;
    return REACT_HANDLED | REACT_DRAW;
}

static void draw_row(struct session *s, struct canvas *c, struct rect r, int y, const struct view_account *a, bool chosen) {
    char equity[FORMAT_MAX], who[64];
    canvas_text(c, r.x, y, 1, ROLE_SELECT, CELL_BOLD, chosen ? s->cfg.ascii ? ">" : "►" : " ");
    canvas_text(c, r.x + 2, y, 7, a->a->live ? ROLE_LIVE : ROLE_MUTED, a->a->live ? CELL_BOLD : 0, a->a->live ? " LIVE " : "paper");
    snprintf(who, sizeof who, "%s/%s", format_venue((enum venue_id)a->a->venue), a->a->name);
    canvas_text(c, r.x + 10, y, r.w - 24, ROLE_TEXT, chosen ? CELL_BOLD : 0, who);
    canvas_right(c, r.x + r.w - 14, y, 14, ROLE_TEXT, 0, session_money_hidden(s) ? "***" : format_usd(a->equity, equity));
    if (!chosen)
        return;
    canvas_paint(c, (struct rect){r.x, y, r.w, 1}, ROLE_SELECT, CELL_REVERSE);
    c->cursor_x = r.x;
    c->cursor_y = y;
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect body, int64_t now_us) {
    struct pick *p = state;
    struct view_account a;
    const int n = count(s);
    (void)now_us;
    const struct rect in = dialog_box(s, c, body, 60, n + 2, "ACCOUNT", NULL);
    if (p->at < p->top)
        p->top = p->at;
    if (p->at >= p->top + in.h)
        p->top = p->at - in.h + 1;
    for (int i = 0; i < in.h && view_account_at(s->view, p->top + i, &a); i++)
        draw_row(s, c, in, in.y + i, &a, p->top + i == p->at);
}

static const struct modal account_modal = {
    .name = "account", .state_size = sizeof(struct pick), .key = key, .draw = draw, .hint = "j k move  Enter choose (sends nothing)  Esc back"};

void account_pick_open(struct session *s) {
    struct view_account a;
    struct pick *p = session_open_modal(s, &account_modal);
    for (int i = 0; view_account_at(s->view, i, &a); i++)
        if (a.a->id == session_account(s))
            p->at = i;
}
