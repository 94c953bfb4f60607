/* Questions: the confirmation that only `y` answers, the panic menu, and quitting an engine. A question hears nothing for
 * its first 150 ms, nothing that comes in a burst, and nothing before it was wholly visible. */
#include <stdio.h>
#include <string.h>

#include "format.h"
#include "session_private.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"

enum { BOX_WIDTH = 76, LINES_MAX = 14, LINE_BYTES = 256 };

static void open_ask(struct session *s, enum ask kind) {
    s->ask.kind = kind;
    s->ask.opened_us = s->mono_us;
    s->ask.drawn = false;
    s->ask.from_modal = s->modal != NULL;
    session_redraw(s);
}

void ask_close(struct session *s) {
    s->ask.kind = ASK_NONE;
    s->ask.drawn = false;
    session_redraw(s);
}

static void send(struct session *s, struct intent in) {
    in.token = session_token(s) | ++s->last_token;
    in.source = SOURCE_MANUAL;
    s->sent.token = in.token;
    s->sent.what = intent_brief_of(s->view, &in);
    s->host.intent(s->host.ctx, s, &in);
}

void session_send(struct session *s, const struct intent *in) {
    if (s->cfg.readonly) {
        session_message(s, NOTICE_WARN, "%s", err_text(ERR_READ_ONLY));
        return;
    }
    send(s, *in);
}

bool session_confirm(struct session *s, const struct intent *in, const char *text) {
    if (s->cfg.readonly) {
        session_message(s, NOTICE_WARN, "%s", err_text(ERR_READ_ONLY));
        return false;
    }
    if (s->ask.kind) {
        session_message(s, NOTICE_WARN, "answer the open question first");
        return false;
    }
    if (session_size(s) == SIZE_TINY) {
        session_message(s, NOTICE_WARN, "the screen is too small for a confirmation (40x10); ! works");
        return false;
    }
    s->ask.intent = *in;
    if (!s->ask.intent.account)
        s->ask.intent.account = in->kind == INTENT_PLACE ? session_account(s) : 0;
    if (text && *text)
        str_copy(s->ask.text, sizeof s->ask.text, text);
    else
        intent_reads_as(s->view, &s->ask.intent, s->ask.text, sizeof s->ask.text);
    lineedit_set(&s->ask.name, "");
    open_ask(s, in->kind == INTENT_LIVE && in->order ? ASK_NAME : ASK_CONFIRM);
    return true;
}

void session_ask_panic(struct session *s) {
    if (s->cfg.readonly) {
        session_message(s, NOTICE_WARN, "%s", err_text(ERR_READ_ONLY));
        return;
    }
    open_ask(s, ASK_PANIC);
}

/* Which positions lose their watcher: "2 positions then have no watched stop: ETH-PERP LONG 0.8 (stop 3,100), ..." */
static void quit_text(struct session *s, char *buf, size_t cap) {
    struct str t;
    int cursor = 0, open = 0, watched = 0;
    const struct order *o;
    str_init(&t);
    while ((o = view_next_position(s->view, &cursor, true))) {
        struct view_market m;
        open++;
        if (!o->pos.plan.stop.micro || ++watched > 4 || !view_market(s->view, o->market, &m))
            continue;
        char size[FORMAT_MAX], stop[FORMAT_MAX];
        str_addf(&t, "%s%s %s %s (stop %s)", watched > 1 ? ", " : "", m.m->symbol, format_side((enum order_side)o->side),
                 format_size(m.m, o->pos.open, size), format_price(m.m, o->pos.plan.stop, 0, stop));
    }
    if (watched)
        snprintf(buf, cap, "Stop the engine? %d of %d open positions then have no watched stop: %s%s", watched, open, t.p, watched > 4 ? ", ..." : "");
    else if (open)
        snprintf(buf, cap, "Stop the engine? %d open positions stay open; none has a stop to watch.", open);
    else
        snprintf(buf, cap, "Stop the engine? No position is open.");
    str_free(&t);
}

void session_ask_quit(struct session *s, bool stop_engine) {
    if (!stop_engine) {
        s->host.quit(s->host.ctx, s, false); /* detaching needs no question: the engine goes on */
        return;
    }
    if (s->cfg.readonly) {
        session_message(s, NOTICE_WARN, "%s; q detaches", err_text(ERR_READ_ONLY));
        return;
    }
    quit_text(s, s->ask.text, sizeof s->ask.text);
    s->ask.stop_engine = true;
    open_ask(s, ASK_QUIT);
}

/* --- answers --- */

static void panic(struct session *s, uint32_t key) {
    struct intent cancel = {.kind = INTENT_CANCEL_ALL, .note = "panic key"}, flatten = {.kind = INTENT_FLATTEN, .note = "panic key"};
    struct intent kill = {.kind = INTENT_KILL, .note = "panic key"};
    ask_close(s);
    overlay_close(s);
    if (key == 'k')
        send(s, kill); /* first: nothing new may slip in between */
    if (key == 'c' || key == 'k')
        send(s, cancel);
    if (key == 'f' || key == 'k')
        send(s, flatten);
    session_message(s, NOTICE_WARN, "%s", key == 'c' ? "PANIC: cancelling all orders" : key == 'f' ? "PANIC: closing all positions" : "PANIC: locked, cancelling and closing everything");
}

static void confirmed(struct session *s) {
    struct intent in = s->ask.intent;
    bool from_modal = s->ask.from_modal;
    ask_close(s);
    session_message(s, NOTICE_INFO, "sent: %s", s->ask.text);
    send(s, in);
    if (from_modal && s->modal && s->modal->sent)
        s->modal->sent(s, s->modal_state);
}

/* Going live: only the account's name, letter by letter, and Enter by itself. */
static void name_key(struct session *s, uint32_t key, bool burst) {
    struct lineedit *l = &s->ask.name;
    if (key == KEYS_ESC || key == 3) {
        ask_close(s);
        session_message(s, NOTICE_INFO, "nothing has changed");
    } else if (!s->ask.drawn || s->mono_us - s->ask.opened_us < DEAF_US) {
        return;
    } else if (key != KEYS_ENTER) {
        lineedit_key(l, key);
    } else if (burst) {
        session_message(s, NOTICE_WARN, "keys came in one burst, like a paste: press Enter by itself");
    } else if (strcmp(l->text, s->ask.intent.note) != 0) {
        lineedit_set(l, "");
        session_message(s, NOTICE_WARN, "that is not the account's name; nothing has changed");
    } else {
        confirmed(s);
    }
}

void ask_key(struct session *s, uint32_t key, bool burst) {
    enum ask kind = s->ask.kind;
    if (kind == ASK_NAME && keymap_find(s->keys, key) != ACT_PANIC) {
        name_key(s, key, burst);
        return;
    }
    bool yes = kind == ASK_PANIC ? key == 'c' || key == 'f' || key == 'k' : key == 'y';
    if (key == KEYS_ESC || key == 'n' || key == 3) {
        ask_close(s);
        if (kind == ASK_CONFIRM)
            session_message(s, NOTICE_INFO, "nothing was sent");
        return;
    }
    if (kind != ASK_PANIC && keymap_find(s->keys, key) == ACT_PANIC && !burst) {
        open_ask(s, ASK_PANIC);
        return;
    }
    if (!yes)
        return;
    if (burst) {
        session_message(s, NOTICE_WARN, "keys came in one burst, like a paste: ignored. Press the key by itself");
        return;
    }
    if (!s->ask.drawn || s->mono_us - s->ask.opened_us < DEAF_US)
        return;
    if (kind == ASK_PANIC)
        panic(s, key);
    else if (kind == ASK_CONFIRM)
        confirmed(s);
    else {
        ask_close(s);
        s->host.quit(s->host.ctx, s, s->ask.stop_engine);
    }
}

/* --- drawing --- */

struct line { char text[LINE_BYTES]; enum role role; unsigned flags; };

static void add(struct line *l, int *n, enum role role, unsigned flags, const char *text) {
    if (*n < LINES_MAX) {
        str_copy(l[*n].text, sizeof l->text, text);
        l[*n].role = role;
        l[*n].flags = flags;
    }
    ++*n;
}

static void add_wrapped(struct line *l, int *n, int width, enum role role, unsigned flags, const char *text) {
    const char *start[LINES_MAX];
    int bytes[LINES_MAX], lines = text_wrap(text, width, start, bytes, LINES_MAX);
    for (int i = 0; i < lines && i < LINES_MAX; i++) {
        char part[LINE_BYTES];
        str_copy(part, (size_t)bytes[i] + 1 < sizeof part ? (size_t)bytes[i] + 1 : sizeof part, start[i]);
        add(l, n, role, flags, part);
    }
    if (lines > LINES_MAX)
        *n = LINES_MAX + 1; /* does not fit: it may not be answered */
}

static void confirm_lines(struct session *s, int width, struct line *l, int *n) {
    struct view_account a;
    struct view_market m;
    char text[LINE_BYTES];
    account_id id = s->ask.intent.account ? s->ask.intent.account : session_account(s);
    const char *dot = s->cfg.ascii ? "-" : "·";
    const bool known = view_account(s->view, id, &a), all = !s->ask.intent.account && s->ask.intent.kind == INTENT_FLATTEN;
    if (all && intent_is_live(s->view, &s->ask.intent)) {
        snprintf(text, sizeof text, " ALL ACCOUNTS, LIVE TOO %s REAL MONEY ", dot);
        add(l, n, ROLE_LIVE, CELL_BOLD, text);
    } else if (known && a.a->live) {
        snprintf(text, sizeof text, " LIVE %s %s/%s %s REAL MONEY ", dot, format_venue((enum venue_id)a.a->venue), a.a->name, dot);
        add(l, n, ROLE_LIVE, CELL_BOLD, text);
    } else if (known) {
        snprintf(text, sizeof text, "PAPER  %s/%s", venue_name((enum venue_id)a.a->venue), a.a->name);
        add(l, n, ROLE_PAPER, CELL_BOLD, text);
    }
    add_wrapped(l, n, width, ROLE_STRONG, CELL_BOLD, s->ask.text);
    struct view_position vp;
    if (s->ask.intent.kind == INTENT_CLOSE && view_position(s->view, s->ask.intent.order, &vp) && vp.unsettled.micro > 0 && view_market(s->view, vp.o->market, &m)) {
        char size[FORMAT_MAX];
        snprintf(text, sizeof text, "~%s of it is not settled yet and can't be sold now", format_size(m.m, vp.unsettled, size));
        add_wrapped(l, n, width, ROLE_WARN, CELL_BOLD, text);
    }
    if (s->ask.intent.market && view_market(s->view, s->ask.intent.market, &m) && (m.stale || m.gap || m.crossed)) {
        char age[FORMAT_MAX];
        snprintf(text, sizeof text, "the book is %s old", m.book_us ? format_age(s->now_us - m.book_us, age) : "not");
        add(l, n, ROLE_STALE, CELL_BOLD, m.crossed ? "the book is crossed" : text);
    }
    add(l, n, ROLE_TEXT, 0, "");
    add(l, n, ROLE_KEY, 0, width >= 50 ? "y send        n / Esc back (nothing is sent)" : "y send     n / Esc back");
    if (intent_is_live(s->view, &s->ask.intent) && width >= 50)
        add(l, n, ROLE_MUTED, 0, "(the first 150 ms and keys typed ahead are ignored)");
}

static void name_lines(struct session *s, int width, struct line *l, int *n) {
    struct view_account a;
    char text[LINE_BYTES], balance[FORMAT_MAX], allowance[FORMAT_MAX];
    if (view_account(s->view, s->ask.intent.account, &a)) {
        snprintf(text, sizeof text, " GOING LIVE %s %s/%s %s REAL MONEY ", s->cfg.ascii ? "-" : "·", format_venue((enum venue_id)a.a->venue), a.a->name, s->cfg.ascii ? "-" : "·");
        add(l, n, ROLE_LIVE, CELL_BOLD, text);
        if (a.funds_known && a.funds.balance.micro >= 0 && !s->money_hidden) {
            format_usd(a.funds.balance, balance);
            snprintf(text, sizeof text, "balance %s%s%s", balance, a.funds.allowance.micro >= 0 ? "   spendable by the venue's contracts " : "",
                     a.funds.allowance.micro >= 0 ? format_allowance(a.funds.allowance, allowance) : "");
            add_wrapped(l, n, width, ROLE_TEXT, 0, text);
        }
    }
    add_wrapped(l, n, width, ROLE_STRONG, CELL_BOLD, s->ask.text);
    add_wrapped(l, n, width, ROLE_MUTED, 0, "It stays so after a restart, until :live NAME off. Exits and cancels always pass.");
    add(l, n, ROLE_TEXT, 0, "");
    add(l, n, ROLE_KEY, 0, width >= 50 ? "Type the account's name, then Enter:        Esc back" : "Type its name, then Enter (Esc back):");
    add(l, n, ROLE_INPUT, 0, "");
}

/* What of it is real money: said before all is cancelled or closed. */
static void panic_live(struct session *s, struct line *l, int *n) {
    struct view_account a;
    char text[LINE_BYTES];
    int orders = 0, positions = 0;
    for (int i = 0; view_account_at(s->view, i, &a); i++) {
        orders += a.a->live ? a.open_orders : 0;
        positions += a.a->live ? a.positions : 0;
    }
    if (orders + positions == 0)
        return;
    snprintf(text, sizeof text, " LIVE %s REAL MONEY: %d orders, %d positions of these ", s->cfg.ascii ? "-" : "·", orders, positions);
    add(l, n, ROLE_LIVE, CELL_BOLD, text);
}

static void panic_lines(struct session *s, int width, struct line *l, int *n) {
    int cursor = 0, orders = 0, positions = 0;
    char text[LINE_BYTES];
    while (view_next_order(s->view, &cursor, true))
        orders++;
    cursor = 0;
    while (view_next_position(s->view, &cursor, true))
        positions++;
    panic_live(s, l, n);
    snprintf(text, sizeof text, "c  cancel all: %d working orders", orders);
    add(l, n, ROLE_TEXT, CELL_BOLD, text);
    snprintf(text, sizeof text, "f  flatten all: close %d positions%s", positions, width >= 50 ? " at the market" : "");
    add(l, n, ROLE_TEXT, CELL_BOLD, text);
    add(l, n, ROLE_ALERT, 0, width >= 50 ? "k  cancel, flatten and lock: no new exposure (:unkill)" : "k  cancel, flatten and lock");
    add(l, n, ROLE_TEXT, 0, "");
    add(l, n, ROLE_KEY, 0, width >= 50 ? "The second key does it at once.   Esc back" : "Esc back");
}

void ask_draw(struct session *s, struct canvas *c, struct rect body) {
    static const char *const TITLES[] = {"", "CONFIRM", "PANIC", "QUIT", "LIVE"};
    struct line l[LINES_MAX];
    int n = 0, width = body.w - 2 < BOX_WIDTH ? body.w - 2 : BOX_WIDTH, inner = width - 4;
    if (s->ask.kind == ASK_CONFIRM)
        confirm_lines(s, inner, l, &n);
    else if (s->ask.kind == ASK_PANIC)
        panic_lines(s, inner, l, &n);
    else if (s->ask.kind == ASK_NAME)
        name_lines(s, inner, l, &n);
    else {
        add_wrapped(l, &n, inner, ROLE_STRONG, CELL_BOLD, s->ask.text);
        add(l, &n, ROLE_TEXT, 0, "");
        add(l, &n, ROLE_KEY, 0, "y stop the engine     n / Esc stay");
    }
    s->ask.drawn = n <= LINES_MAX && n + 2 <= body.h && inner >= 20;
    if (!s->ask.drawn) {
        session_message(s, NOTICE_WARN, "the screen is too small for this question: Esc, or a larger screen");
        return;
    }
    struct rect box = {body.x + (body.w - width) / 2, body.y + (body.h - n - 2) / 2, width, n + 2};
    canvas_clear(c, box, ROLE_DIALOG);
    const bool live = c->live;
    c->live = live || s->ask.kind == ASK_NAME || (s->ask.kind == ASK_CONFIRM && intent_is_live(s->view, &s->ask.intent));
    canvas_box(c, box, true, s->cfg.ascii, TITLES[s->ask.kind], NULL);
    c->live = live;
    for (int i = 0; i < n; i++)
        canvas_text(c, box.x + 2, box.y + 1 + i, inner, l[i].role, l[i].flags, l[i].text);
    c->cursor_x = box.x + 2;
    c->cursor_y = box.y + n;
    c->cursor_shown = false;
    if (s->ask.kind == ASK_NAME)
        lineedit_draw(&s->ask.name, c, box.x + 2, box.y + n, inner < STRATEGY_MAX ? inner : STRATEGY_MAX, ROLE_INPUT, true);
}
