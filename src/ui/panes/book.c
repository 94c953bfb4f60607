/* BOOK: the levels around the spread of the session's market, with depth bars and own orders; h and l switch YES and
 * NO. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/format.h"
#include "ui/panes/panes.h"

#define TAPE_MAX 12
#define OWN_MAX 64
#define SIDE_ROWS 128

struct book_state {
    bool no_view;
    int scroll;
    market_id market;
};

struct own {
    bool bid;
    price px;
    qty rest;
};
struct shown { /* one draw */
    struct session *s;
    struct view_market vm;
    bool no_view, ascii;
    unsigned price_flags;
    struct own own[OWN_MAX];
    int n_own;
    int64_t widest; /* largest size shown: a full bar */
};

/* The i-th best level of a side as this view shows it: NO asks are YES bids turned round. */
static bool level_at(const struct shown *v, bool bid, int i, struct level *out) {
    const enum book_side side = (bid != v->no_view) ? BOOK_BID : BOOK_ASK;
    const struct level *l = book_level(v->vm.book, side, i);
    if (!l)
        return false;
    *out = *l;
    if (v->no_view)
        out->px = price_complement(l->px);
    return true;
}

static void find_own(struct shown *v) {
    int cursor = 0;
    for (const struct order *o; v->n_own < OWN_MAX && (o = view_next_order(v->s->view, &cursor, true));) {
        if (o->market != v->vm.m->id || o->type != ORDER_LIMIT || o->account != session_account(v->s))
            continue;
        const price px = book_price((enum order_side)o->side, o->limit);
        const bool bid = order_book_dir(o) > 0;
        v->own[v->n_own++] = (struct own){bid != v->no_view, v->no_view ? price_complement(px) : px, order_rest(o)};
    }
}

static qty own_at(const struct shown *v, bool bid, price px) {
    qty sum = {0};
    for (int i = 0; i < v->n_own; i++)
        if (v->own[i].bid == bid && v->own[i].px.micro == px.micro)
            sum.micro += v->own[i].rest.micro;
    return sum;
}

/* size price cum | bar | mine: columns of the ladder by width. */
struct ladder {
    int size_x, price_x, cum_x, bar_x, bar_w, own_x, own_w;
};
static struct ladder ladder_of(struct rect r) {
    struct ladder d = {.size_x = r.x + 1, .price_x = r.x + 11, .cum_x = -1, .own_w = 8};
    int x = r.x + 21;
    if (r.w >= 48)
        d.cum_x = x, x += 11;
    d.own_x = r.x + r.w - d.own_w - 1;
    d.bar_x = x + 1;
    d.bar_w = d.own_x - d.bar_x - 1;
    if (d.bar_w < 3) {
        d.own_w = r.w >= 34 ? 7 : 0;
        d.own_x = r.x + r.w - d.own_w;
        d.bar_w = d.own_x - d.bar_x;
    }
    return d;
}

static void draw_level(const struct shown *v, struct canvas *c, const struct ladder *d, int y, bool bid,
                       const struct level *l, int64_t total) {
    char text[FORMAT_MAX];
    const struct market *m = v->vm.m;
    const enum role role = v->vm.stale ? ROLE_STALE : bid ? ROLE_BID : ROLE_ASK;
    canvas_right(c, d->size_x, y, 9, v->vm.stale ? ROLE_STALE : ROLE_TEXT, 0, format_size(m, l->size, text));
    canvas_right(c, d->price_x, y, 9, role, CELL_BOLD, format_price(m, l->px, 0, text));
    if (d->cum_x >= 0)
        canvas_right(c, d->cum_x, y, 10, ROLE_MUTED, 0, format_size(m, QTY(total), text));
    if (d->bar_w > 0)
        canvas_bar(c, d->bar_x, y, d->bar_w, l->size.micro, v->widest, false, v->ascii,
                   v->vm.stale ? ROLE_STALE
                   : bid       ? ROLE_BID_BAR
                               : ROLE_ASK_BAR);
    const qty own = own_at(v, bid, l->px);
    if (own.micro && d->own_w > 0) {
        char mine[FORMAT_MAX + 4];
        snprintf(mine, sizeof mine, "%s %s", bid ? "B" : "S", format_size(m, own, text));
        canvas_right(c, d->own_x, y, d->own_w, ROLE_OWN, CELL_BOLD, mine);
    } else if (own.micro) {
        canvas_put(c, d->price_x - 1, y, v->ascii ? '*' : 0x25cf, ROLE_OWN, CELL_BOLD);
    }
}

static void draw_spread(const struct shown *v, struct canvas *c, struct rect r, int y, int64_t now_us) {
    struct level bid, ask;
    char spread[FORMAT_MAX], mid[FORMAT_MAX], ratio[FORMAT_MAX], age[FORMAT_MAX], text[160];
    const char *dash = v->ascii ? "--" : "──";
    const struct market *m = v->vm.m;
    enum role role = ROLE_MUTED;
    if (v->vm.gap) {
        snprintf(text, sizeof text, "%s GAP in the feed: waits for a snapshot %s", dash, dash);
        role = ROLE_WARN;
    } else if (v->vm.stale && v->vm.book_us) {
        snprintf(text, sizeof text, "%s STALE %s %s", dash, format_age(now_us - v->vm.book_us, age), dash);
        role = ROLE_WARN;
    } else if (level_at(v, true, 0, &bid) && level_at(v, false, 0, &ask)) {
        const int64_t gap = ask.px.micro - bid.px.micro, middle = bid.px.micro + gap / 2;
        snprintf(text, sizeof text, "%s spread %s %s %s mid %s %s", dash,
                 gap ? format_price(m, PRICE(gap), v->price_flags, spread) : "0",
                 format_percent(gap, middle, gap < middle / 1000 ? 4 : 1, false, ratio), v->ascii ? "-" : "─",
                 format_price(m, PRICE(middle), FORMAT_FINE, mid), v->vm.crossed ? "CROSSED" : dash);
        if (v->vm.crossed)
            role = ROLE_WARN;
    } else {
        snprintf(text, sizeof text, "%s one side is empty %s", dash, dash);
        role = ROLE_WARN;
    }
    canvas_text(c, r.x + 1, y, r.w - 1, role, 0, text);
}

static void draw_imbalance(const struct shown *v, struct canvas *c, struct rect r, int y) {
    int64_t bids = 0, asks = 0;
    struct level l;
    for (int i = 0; i < 10 && level_at(v, true, i, &l); i++)
        bids += l.size.micro / 1000;
    for (int i = 0; i < 10 && level_at(v, false, i, &l); i++)
        asks += l.size.micro / 1000;
    if (bids + asks == 0)
        return;
    const int part = (int)(bids * 100 / (bids + asks));
    int x = r.x + 1;
    x += canvas_textf(c, x, y, r.w - 1, ROLE_MUTED, 0, "imbalance bid %d%% ", part);
    const int width = r.w - (x - r.x) - 10 < 16 ? r.w - (x - r.x) - 10 : 16;
    if (width > 2) {
        canvas_bar(c, x, y, width, bids, bids + asks, false, v->ascii, ROLE_BID_BAR);
        x += width;
    }
    canvas_textf(c, x + 1, y, r.x + r.w - x - 1, ROLE_MUTED, 0, "ask %d%%", 100 - part);
}

static void draw_tape(const struct shown *v, struct canvas *c, struct rect r, int y) {
    struct view_trade t[TAPE_MAX];
    const int n = view_trades(v->s->view, v->vm.m->id, t, TAPE_MAX);
    int x = r.x + 1 + canvas_text(c, r.x + 1, y, r.w - 1, ROLE_MUTED, 0, n ? "tape " : "tape: no trades yet");
    for (int i = 0; i < n; i++) {
        char px[FORMAT_MAX], size[FORMAT_MAX], text[FORMAT_MAX * 2 + 4];
        const bool sold = (t[i].taker_side == ACTION_SELL) != v->no_view;
        const price at = v->no_view ? price_complement(t[i].px) : t[i].px;
        snprintf(text, sizeof text, "%s%s%s%s",
                 v->ascii ? (sold ? "-" : "+")
                 : sold   ? "▼"
                          : "▲",
                 format_price(v->vm.m, at, 0, px), v->ascii ? "x" : "×", format_size(v->vm.m, t[i].size, size));
        const int room = r.x + r.w - x;
        if ((int)strlen(text) - (v->ascii ? 0 : 3) > room)
            break;
        x += canvas_text(c, x, y, room, sold ? ROLE_DOWN : ROLE_UP, 0, text) + 1;
    }
}

static int count_of(const struct shown *v, bool bid) {
    return book_count(v->vm.book, (bid != v->no_view) ? BOOK_BID : BOOK_ASK);
}

/* Asks above, worst first, so that the two best prices meet at the spread. */
static void draw_ladder(struct shown *v, struct book_state *p, struct canvas *c, struct rect r, int64_t now_us) {
    const struct ladder d = ladder_of(r);
    const int asks = count_of(v, false), bids = count_of(v, true);
    /* Scrolling ends with the last level of a side in view. */
    const int middle = (r.h - 1) / 2, highest = asks > middle ? asks : middle,
              lowest = r.h - 1 - bids < middle ? r.h - 1 - bids : middle;
    int above = middle + p->scroll;
    above = above > highest ? highest : above < lowest ? lowest : above;
    p->scroll = above - middle;
    const int mid_y = r.y + above; /* the spread's line; may lie outside when scrolled */
    struct level l;
    v->widest = 1;
    for (int y = r.y; y < r.y + r.h; y++) {
        const bool bid = y > mid_y;
        if (y != mid_y && level_at(v, bid, bid ? y - mid_y - 1 : mid_y - y - 1, &l) && l.size.micro > v->widest)
            v->widest = l.size.micro;
    }
    int64_t total = 0;
    for (int i = 0; mid_y - 1 - i >= r.y && level_at(v, false, i, &l); i++) {
        total += l.size.micro;
        if (mid_y - 1 - i < r.y + r.h)
            draw_level(v, c, &d, mid_y - 1 - i, false, &l, total);
    }
    if (mid_y >= r.y && mid_y < r.y + r.h)
        draw_spread(v, c, r, mid_y, now_us);
    total = 0;
    for (int i = 0; mid_y + 1 + i < r.y + r.h && level_at(v, true, i, &l); i++) {
        total += l.size.micro;
        if (mid_y + 1 + i >= r.y)
            draw_level(v, c, &d, mid_y + 1 + i, true, &l, total);
    }
}

static void draw_head(const struct shown *v, struct canvas *c, struct rect r) {
    const struct ladder d = ladder_of(r);
    canvas_right(c, d.size_x, r.y, 9, ROLE_MUTED, 0, "size");
    canvas_right(c, d.price_x, r.y, 9, ROLE_MUTED, 0, format_cents(v->vm.m) ? (v->no_view ? "NO" : "YES") : "price");
    if (d.cum_x >= 0)
        canvas_right(c, d.cum_x, r.y, 10, ROLE_MUTED, 0, "cum");
    if (d.bar_w > 6)
        canvas_text(c, d.bar_x, r.y, d.bar_w, ROLE_MUTED, 0, "depth");
    canvas_right(c, d.own_x, r.y, d.own_w, ROLE_MUTED, 0, "mine");
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    struct book_state *p = state;
    static struct shown v; /* one draw's scratch: too large for comfort on the stack */
    memset(&v, 0, sizeof v);
    v.s = s;
    v.ascii = session_ascii(s);
    v.price_flags = FORMAT_UNIT | (v.ascii ? FORMAT_ASCII : 0);
    if (focused)
        c->cursor_x = r.x, c->cursor_y = r.y + r.h - 1;
    if (!view_market(s->view, session_market(s), &v.vm)) {
        canvas_text(c, r.x + 1, r.y, r.w - 1, ROLE_MUTED, 0, "No market yet. 7 finds markets");
        return;
    }
    if (p->market && p->market != v.vm.m->id)
        *p = (struct book_state){0}; /* another market starts at its spread */
    p->market = v.vm.m->id;
    v.no_view = p->no_view && format_cents(v.vm.m);
    find_own(&v);
    if (!book_count(v.vm.book, BOOK_BID) && !book_count(v.vm.book, BOOK_ASK)) {
        canvas_text(c, r.x + 1, r.y, r.w - 1, ROLE_MUTED, 0,
                    v.vm.m->status == MARKET_OPEN ? "The book is empty"
                                                  : market_status_name((enum market_status)v.vm.m->status));
        return;
    }
    const int head = r.h >= 8, foot = r.h >= 12 ? 2 : r.h >= 9 ? 1 : 0;
    if (head)
        draw_head(&v, c, r);
    draw_ladder(&v, p, c, (struct rect){r.x, r.y + head, r.w, r.h - head - foot}, now_us);
    if (foot == 2)
        draw_imbalance(&v, c, r, r.y + r.h - 2);
    if (foot)
        draw_tape(&v, c, r, r.y + r.h - 1);
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    struct book_state *p = state;
    struct view_market vm;
    char tick[FORMAT_MAX];
    if (!view_market(s->view, session_market(s), &vm))
        return;
    format_price(vm.m, vm.m->tick, FORMAT_UNIT | (session_ascii(s) ? FORMAT_ASCII : 0), tick);
    snprintf(buf, cap, "%s %s%s tick %s", venue_label((enum venue_id)vm.m->venue),
             vm.m->title[0] ? vm.m->title : vm.m->symbol, format_cents(vm.m) ? (p->no_view ? " NO" : " YES") : "",
             tick);
}

static unsigned action(struct session *s, void *state, enum action a) {
    struct book_state *p = state;
    switch (a) {
    case ACT_LEFT:
    case ACT_RIGHT:
        p->no_view = a == ACT_RIGHT;
        return REACT_HANDLED | REACT_DRAW;
    case ACT_NEXT_ROW:
        p->scroll--;
        return REACT_HANDLED | REACT_DRAW;
    case ACT_PREV_ROW:
        p->scroll++;
        return REACT_HANDLED | REACT_DRAW;
    case ACT_HALF_DOWN:
        p->scroll -= 8;
        break;
    case ACT_HALF_UP:
        p->scroll += 8;
        break;
    case ACT_FIRST_ROW:
    case ACT_LAST_ROW:
        p->scroll = 0;
        break;
    default:
        return pane_market_action(s, a, session_market(s));
    }
    if (p->scroll > SIDE_ROWS)
        p->scroll = SIDE_ROWS;
    if (p->scroll < -SIDE_ROWS)
        p->scroll = -SIDE_ROWS;
    return REACT_HANDLED | REACT_DRAW;
}

const struct pane pane_book = {
    .name = "book",
    .title = "BOOK",
    .dirty = DIRTY_BOOK | DIRTY_ORDERS,
    .min_w = 24,
    .min_h = 3,
    .state_size = sizeof(struct book_state),
    .draw = draw,
    .subtitle = subtitle,
    .action = action,
};
