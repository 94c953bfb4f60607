/* LOG: every notice. FILLS, ALERTS: own fills and what needs attention. Newest last; reading freezes them. */
#include <stdio.h>
#include <string.h>

#include "turret/base/hash.h"
#include "turret/base/str.h"
#include "ui/format.h"
#include "ui/panes/panes.h"

#define NOTICES 200
#define FILLS 100

struct feed_state {
    struct list list;
};

static uint64_t notice_id(const struct view_notice *n) {
    return fnv64(fnv64_u64(FNV64_INIT, (uint64_t)n->at_us), n->n.text, strnlen(n->n.text, sizeof n->n.text));
}

static void fetch_log(struct session *s, void *state, struct list_rows *rows) {
    (void)state;
    static struct view_notice notices[NOTICES];
    for (int i = view_notices(s->view, notices, NOTICES) - 1; i >= 0; i--)
        list_push_copy(rows, notice_id(&notices[i]), &notices[i], sizeof notices[i]);
}

/* "4409 BUY 80 YES Fed cut in Dec? @ 47c  fee 0.02  P&L +4.10" */
static void fill_notice(struct session *s, const struct fill *f, struct view_notice *out) {
    struct view_market vm;
    const struct market *m = view_market(s->view, f->market, &vm) ? vm.m : NULL;
    const struct order *o = view_order(s->view, f->order);
    char size[FORMAT_MAX], px[FORMAT_MAX], fee[FORMAT_MAX], pnl[FORMAT_MAX];
    *out = (struct view_notice){.at_us = f->at_us,
                                .n = {.level = NOTICE_FILL,
                                      .market = f->market,
                                      .account = f->account,
                                      .order = f->order,
                                      .num = o ? o->num : 0}};
    int n =
        snprintf(out->n.text, sizeof out->n.text, "%s%u %s%s %s%s %s %.60s @ %s", f->finality == FILL_REVERSED ? "TAKEN BACK " : "", out->n.num,
                 f->kind == FILL_TRADE ? "" : fill_kind_name((enum fill_kind)f->kind),
                 f->kind == FILL_TRADE ? format_action((enum order_action)f->action) : "", f->finality == FILL_PROVISIONAL ? "~" : "",
                 format_size(m, f->size, size), format_side((enum order_side)f->side), m ? m->title : "?",
                 f->px.micro ? format_price(m, f->px, FORMAT_UNIT | (session_ascii(s) ? FORMAT_ASCII : 0), px) : "0");
    const bool hidden = session_money_hidden(s);
    if (n > 0 && (size_t)n < sizeof out->n.text && f->fee.micro)
        n += snprintf(out->n.text + n, sizeof out->n.text - (size_t)n, "  fee %s",
                      hidden ? "***" : format_usd(f->fee, fee));
    if (n > 0 && (size_t)n < sizeof out->n.text && f->finality == FILL_PROVISIONAL)
        n += snprintf(out->n.text + n, sizeof out->n.text - (size_t)n, "  ~ not settled");
    if (n > 0 && (size_t)n < sizeof out->n.text && f->realized_pnl.micro)
        snprintf(out->n.text + n, sizeof out->n.text - (size_t)n, "  P&L %s",
                 hidden ? "***" : format_pnl(f->realized_pnl, pnl));
}

static uint64_t fill_id(const struct fill *f) {
    uint64_t h = fnv64_u64(fnv64_u64(FNV64_INIT, f->order), (uint64_t)f->at_us);
    return fnv64(fnv64_u64(h, f->leg), f->venue_trade, strnlen(f->venue_trade, sizeof f->venue_trade));
}

/* Both come newest first; merged oldest first. Notices of fills are left out: the fill itself says more. */
static void fetch_fills(struct session *s, void *state, struct list_rows *rows) {
    (void)state;
    static struct view_notice notices[NOTICES];
    static const struct fill *fills[FILLS];
    int n = view_notices(s->view, notices, NOTICES) - 1, f = view_fills(s->view, fills, FILLS) - 1;
    while (n >= 0 || f >= 0) {
        if (n >= 0 && notices[n].n.level <= NOTICE_FILL) {
            n--;
        } else if (f < 0 || (n >= 0 && notices[n].at_us < fills[f]->at_us)) {
            list_push_copy(rows, notice_id(&notices[n]), &notices[n], sizeof notices[n]);
            n--;
        } else {
            struct view_notice v;
            if (session_shows(s, fills[f]->account)) {
                fill_notice(s, fills[f], &v);
                list_push_copy(rows, fill_id(fills[f]), &v, sizeof v);
            }
            f--;
        }
    }
}

static const struct list_source log_source = {
    .table = "notices", .empty = "Nothing has happened yet", .feed = true, .fetch = fetch_log};
static const struct list_source fills_source = {
    .table = "notices", .empty = "No fills and no alerts yet", .feed = true, .fetch = fetch_fills};

/* The market of the row under the cursor. */
static market_id market_under(struct session *s, struct feed_state *p, bool fills) {
    const uint64_t id = list_current(&p->list);
    if (fills) {
        static const struct fill *list[FILLS];
        for (int i = view_fills(s->view, list, FILLS) - 1; i >= 0; i--)
            if (fill_id(list[i]) == id)
                return list[i]->market;
    }
    static struct view_notice notices[NOTICES];
    for (int i = view_notices(s->view, notices, NOTICES) - 1; i >= 0; i--)
        if (notice_id(&notices[i]) == id)
            return notices[i].n.market;
    return 0;
}

static void draw_log(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    list_draw(s, state, &((struct feed_state *)state)->list, &log_source, c, r, focused, now_us);
}
static void draw_fills(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    list_draw(s, state, &((struct feed_state *)state)->list, &fills_source, c, r, focused, now_us);
}
static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    list_subtitle(s, state, &((struct feed_state *)state)->list, &log_source, buf, cap);
}

static unsigned act(struct session *s, void *state, enum action a, const struct list_source *src) {
    struct feed_state *p = state;
    if (a == ACT_OPEN || a == ACT_BUY || a == ACT_SELL) {
        const market_id m = market_under(s, p, src == &fills_source);
        return pane_market_action(s, a, m ? m : a == ACT_OPEN ? 0 : session_market(s));
    }
    return list_action(s, state, &p->list, src, a);
}
static unsigned action_log(struct session *s, void *state, enum action a) {
    return act(s, state, a, &log_source);
}
static unsigned action_fills(struct session *s, void *state, enum action a) {
    return act(s, state, a, &fills_source);
}

const struct pane pane_log = {
    .name = "log",
    .title = "LOG",
    .dirty = DIRTY_NOTICES,
    .min_w = 20,
    .min_h = 1,
    .state_size = sizeof(struct feed_state),
    .draw = draw_log,
    .subtitle = subtitle,
    .action = action_log,
};
const struct pane pane_fills = {
    .name = "fills",
    .title = "FILLS, ALERTS",
    .dirty = DIRTY_NOTICES | DIRTY_FILLS,
    .min_w = 20,
    .min_h = 1,
    .state_size = sizeof(struct feed_state),
    .draw = draw_fills,
    .subtitle = subtitle,
    .action = action_fills,
};
