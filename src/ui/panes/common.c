/* The table of panes, and what their keys have in common. */
#include "ui/panes/panes.h"

#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/ticket.h"

const struct pane *const pane_table[] = {
    &pane_positions, &pane_book, &pane_orders, &pane_fills, &pane_chart, &pane_markets, &pane_account, &pane_log,
    &pane_models, &pane_curves, &pane_runs, &pane_why_pane, &pane_health,
    &pane_snipers, &pane_alerts, &pane_trigger, &pane_follows, &pane_followed, &pane_risk, &pane_refusals, &pane_day, &pane_daypnl, &pane_since, &pane_venues, NULL,
};

/* Panes whose state begins with their list, and the table it shows. */
static const struct {
    const struct pane *pane;
    const char *table;
} lists[] = {
    {&pane_positions, "positions"}, {&pane_orders, "orders"}, {&pane_fills, "notices"},
    {&pane_markets, "markets"},     {&pane_log, "notices"},   {&pane_models, "leaderboard"},
    {&pane_health, "models"},       {&pane_snipers, "snipers"}, {&pane_alerts, "alerts"},     {&pane_follows, "follows"},
    {&pane_followed, "follow_trades"}, {&pane_refusals, "refusals"}, {&pane_since, "notices"}, {&pane_venues, "venues"},
};

bool list_set_columns(struct session *s, const char *const *keys, int n, char *text, size_t cap) {
    struct pane_slot *slot = &s->slots[s->focus];
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (lists[i].pane != slot->pane)
            continue;
        const struct column_table *t = column_table(lists[i].table);
        struct list *l = slot->state;
        for (int k = 0; k < n; k++)
            if (!column_find(t, keys[k])) {
                snprintf(text, cap, "cols: %s has no column \"%.24s\"; Tab completes them", t->name, keys[k]);
                return false;
            }
        l->n_columns = n < LIST_COLUMNS ? n : LIST_COLUMNS;
        for (int k = 0; k < l->n_columns; k++)
            str_copy(l->columns[k], sizeof l->columns[k], keys[k]);
        session_redraw(s);
        return true;
    }
    snprintf(text, cap, "cols: this pane has no columns to choose");
    return false;
}

/* A market's row stands for the position in it. */
static unsigned position_action(struct session *s, enum action a, market_id m) {
    const struct order *o = view_position_of(s->view, session_account(s), m);
    struct view_market vm;
    if (!o) {
        session_message(s, NOTICE_WARN, "no position in %s", view_market(s->view, m, &vm) ? vm.m->symbol : "this market");
        return REACT_HANDLED;
    }
    if (a == ACT_CLOSE)
        return pane_propose_close(s, o->id);
    edit_position_open(s, o->id);
    return REACT_HANDLED | REACT_DRAW;
}

unsigned pane_market_action(struct session *s, enum action a, market_id m) {
    if (m && (a == ACT_CLOSE || a == ACT_EDIT))
        return position_action(s, a, m);
    if (a == ACT_BUY || a == ACT_SELL) {
        ticket_open(s, m, a == ACT_BUY ? ACTION_BUY : ACTION_SELL);
        return REACT_HANDLED | REACT_DRAW;
    }
    if (a != ACT_OPEN || !m)
        return REACT_NONE;
    session_set_market(s, m);
    return REACT_HANDLED | REACT_DRAW;
}

static struct intent intent_of(enum intent_kind kind, account_id account) {
    return (struct intent){.kind = (uint16_t)kind, .account = account, .source = SOURCE_MANUAL};
}

unsigned pane_propose_close(struct session *s, order_id position) {
    const struct order *o = view_order(s->view, position);
    if (!o || o->pos.status != POSITION_OPEN) {
        session_message(s, NOTICE_WARN, "that position is not open any more");
        return REACT_HANDLED;
    }
    struct intent in = intent_of(INTENT_CLOSE, o->account);
    in.order = o->id;
    in.market = o->market;
    in.side = o->side;
    in.action = (uint8_t)side_closing_action((enum order_side)o->side);
    in.type = ORDER_MARKET;
    session_confirm(s, &in, NULL);
    return REACT_HANDLED | REACT_DRAW;
}

unsigned pane_propose_cancel(struct session *s, order_id order) {
    const struct order *o = view_order(s->view, order);
    if (!o || !order_open(o)) {
        session_message(s, NOTICE_WARN, o ? "order %u is already %s" : "that order is gone", o ? o->num : 0,
                        o ? order_state_name((enum order_state)o->state) : "");
        return REACT_HANDLED;
    }
    struct intent in = intent_of(INTENT_CANCEL, o->account);
    in.order = o->id;
    in.market = o->market;
    session_confirm(s, &in, NULL);
    return REACT_HANDLED | REACT_DRAW;
}

unsigned pane_propose_all(struct session *s, enum intent_kind kind) {
    const struct intent in = intent_of(kind, session_shows(s, 0) ? 0 : session_account(s)); /* what the pane shows */
    session_confirm(s, &in, NULL);
    return REACT_HANDLED | REACT_DRAW;
}

static void limit_entered(struct session *s, const char *text) {
    char line[LINE_MAX_BYTES + 8];
    snprintf(line, sizeof line, "limit %s", text);
    struct command_result r = {0};
    const struct command_ctx ctx = {.view = s->view, .session = s, .now_us = session_now_us(s)};
    command_run_line(&ctx, line, &r);
    if (r.has_intent)
        session_confirm(s, &r.intent, r.reads_as);
    else
        session_message(s, NOTICE_WARN, "%s", r.text);
    command_result_free(&r);
}

unsigned pane_edit_limit(struct session *s, int index) {
    int n;
    const struct risk_limit_info *table = risk_limit_table(&n);
    if (index < 0 || index >= n)
        return REACT_NONE;
    int64_t value;
    memcpy(&value, (const char *)view_limits(s->view) + table[index].offset, sizeof value);
    char text[64], raw[64], initial[128];
    limit_text(&table[index], value, text, raw);
    snprintf(initial, sizeof initial, "%s %s", table[index].key, raw);
    session_prompt(s, "limit ", initial, limit_entered);
    return REACT_HANDLED | REACT_DRAW;
}
