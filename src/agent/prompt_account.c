/* The model's own account in a prompt: figures, positions with their plans, orders, refusals, and the line after every step. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/prompt_parts.h"

enum { ROWS_MAX = 40, NOTICES_READ = 128, REFUSALS_MAX = 5 };

static void put_price(struct str *out, price px) {
    if (px.micro == 0)
        str_add(out, "n/a");
    else
        prompt_dec(out, px.micro, 0);
}

static int64_t cash_of(const struct prompt_ctx *c) { return c->has_account ? c->account.available.micro : 0; }
static int64_t equity_of(const struct prompt_ctx *c) { return c->has_account ? c->account.equity.micro : 0; }

struct sums { int64_t gross, longs, shorts, risk, worst; int count, without_stop; char worst_symbol[MARKET_SYMBOL_MAX]; };

/* A position without a stop risks what it can lose: a binary its value. A perpetual without one has no figure. */
static struct sums sum_positions(const struct prompt_ctx *c) {
    struct sums s = {0};
    for (size_t i = 0; i < c->open_count; i++) {
        const struct order *o = c->open[i];
        struct view_position p;
        struct view_market m;
        if (o->account != c->m->account || !view_position(c->view, o->id, &p))
            continue;
        s.count++;
        s.gross += p.notional.micro;
        *(o->side == SIDE_SHORT || o->side == SIDE_NO ? &s.shorts : &s.longs) += p.notional.micro;
        bool binary = o->side == SIDE_YES || o->side == SIDE_NO;
        int64_t risk = o->pos.plan.stop.micro > 0 ? p.risk.micro : binary ? o->pos.cost.micro : 0;
        s.without_stop += o->pos.plan.stop.micro == 0 && !binary;
        s.risk += risk;
        if (risk > s.worst && view_market(c->view, o->market, &m)) {
            s.worst = risk;
            str_copy(s.worst_symbol, sizeof s.worst_symbol, m.m->symbol);
        }
    }
    return s;
}

void put_AVAILABLE_CASH(const struct prompt_ctx *c, struct str *out) {
    if (c->has_account)
        prompt_usd(out, c->account.available);
    else
        str_add(out, "n/a");
}
void put_EXPOSURE_TO_EQUITY_PCT(const struct prompt_ctx *c, struct str *out) { prompt_pct(out, equity_of(c) - cash_of(c), equity_of(c)); }
void put_RISK_TO_EQUITY_PCT(const struct prompt_ctx *c, struct str *out) {
    struct sums s = sum_positions(c);
    prompt_pct(out, s.risk, equity_of(c));
}

static void line_usd(struct str *out, const char *name, int64_t micro) {
    str_addf(out, "%s: ", name);
    prompt_usd(out, USD(micro));
    str_addc(out, '\n');
}
static void line_pct(struct str *out, const char *name, int64_t part, int64_t whole) {
    str_addf(out, "%s: ", name);
    prompt_pct(out, part, whole);
    str_addc(out, '\n');
}

void put_PORTFOLIO_SNAPSHOT(const struct prompt_ctx *c, struct str *out) {
    if (!c->has_account) {
        str_add(out, "The account is not there yet.");
        return;
    }
    const struct view_account *a = &c->account;
    struct sums s = sum_positions(c);
    line_usd(out, "portfolio_value", a->equity.micro);
    line_usd(out, "cash", a->cash.micro);
    line_usd(out, "available_cash", a->available.micro);
    str_addf(out, "open_positions: %d\nopen_orders: %d\n", s.count, a->open_orders);
    line_pct(out, "cash_utilization_pct", equity_of(c) - cash_of(c), equity_of(c));
    line_usd(out, "gross_exposure", s.gross);
    line_pct(out, "gross_exposure_pct", s.gross, equity_of(c));
    line_usd(out, "long_exposure", s.longs);
    line_usd(out, "short_exposure", s.shorts);
    line_usd(out, "net_exposure", s.longs - s.shorts);
    line_usd(out, "margin", a->margin.micro);
    line_usd(out, "unrealized_pnl", a->unrealized.micro);
    line_usd(out, "realized_pnl_today", a->realized_day.micro);
    line_usd(out, "fees_today", a->fees_day.micro);
    line_usd(out, "funding_today", a->funding_day.micro);
    line_usd(out, "pnl_today", a->day_pnl.micro);
    line_usd(out, "gross_risk_usd", s.risk);
    line_pct(out, "risk_to_equity_pct", s.risk, equity_of(c));
    line_usd(out, "max_position_risk_usd", s.worst);
    str_add(out, "max_position_risk_pct: ");
    prompt_pct(out, s.worst, equity_of(c));
    if (s.worst_symbol[0])
        str_addf(out, " (%s)", s.worst_symbol);
    if (s.without_stop > 0)
        str_addf(out, "\nWARNING: %d position(s) without a stop: their risk is not in these sums", s.without_stop);
    if (a->day_paused)
        str_add(out, "\nWARNING: the day's loss limit is reached: only exits until midnight UTC");
}

static void put_plan(struct str *out, const struct exit_plan *p) {
    str_add(out, "  exit plan: stop ");
    put_price(out, p->stop);
    str_add(out, ", target ");
    put_price(out, p->target);
    str_add(out, ", invalidation price ");
    put_price(out, p->invalidation_price);
    str_add(out, ", time exit ");
    if (p->time_exit_us > 0)
        prompt_time(out, p->time_exit_us);
    else
        str_add(out, "n/a");
    str_add(out, "\n  invalidation: ");
    if (p->invalidation[0])
        prompt_foreign(out, p->invalidation, INVALIDATION_MAX);
    else
        str_add(out, "n/a");
    if (p->confidence >= 0)
        str_addf(out, ", confidence at entry %d", p->confidence);
    str_addc(out, '\n');
}

static void put_position(const struct prompt_ctx *c, const struct order *o, struct str *out) {
    struct view_position p;
    struct view_market m;
    if (!view_position(c->view, o->id, &p) || !view_market(c->view, o->market, &m))
        return;
    char side[8] = "";
    for (size_t i = 0; i < sizeof side - 1 && order_side_name((enum order_side)o->side)[i]; i++)
        side[i] = (char)(order_side_name((enum order_side)o->side)[i] & ~0x20); /* as the tools take it */
    str_addf(out, "- %s %s ", m.m->symbol, side);
    prompt_dec(out, o->pos.open.micro, 0);
    str_add(out, ": entry ");
    put_price(out, o->pos.entry_price);
    str_add(out, ", mark ");
    put_price(out, p.mark);
    str_add(out, ", value ");
    prompt_usd(out, p.notional);
    if (m.m->kind == MARKET_PERP) {
        str_addf(out, ", leverage %dx, liquidation ", o->pos.leverage);
        put_price(out, p.liquidation);
    }
    str_add(out, ", open for ");
    prompt_span(out, c->now_us - o->pos.opened_us);
    str_add(out, p.stale ? ", STALE DATA\n  unrealized " : "\n  unrealized ");
    prompt_usd(out, p.unrealized);
    str_add(out, " USD, realized ");
    prompt_usd(out, o->pos.realized_pnl);
    str_add(out, ", fees ");
    prompt_usd(out, o->pos.fees);
    str_add(out, ", risk ");
    prompt_usd(out, p.risk);
    str_add(out, " (");
    prompt_pct(out, p.risk.micro, equity_of(c));
    str_add(out, " % of equity), reward ");
    prompt_usd(out, p.reward);
    str_add(out, ", reward/risk ");
    if (p.risk.micro > 0)
        str_addf(out, "%.2f\n", (double)p.reward.micro / (double)p.risk.micro);
    else
        str_add(out, "n/a\n");
    if (p.unprotected)
        str_add(out, "  UNPROTECTED: its stop can't fire now\n");
    put_plan(out, &o->pos.plan);
}

void put_OPEN_POSITIONS_TABLE(const struct prompt_ctx *c, struct str *out) {
    int n = 0;
    for (size_t i = 0; i < c->open_count; i++)
        if (c->open[i]->account == c->m->account && n++ < ROWS_MAX)
            put_position(c, c->open[i], out);
    if (n == 0)
        str_add(out, "none");
    else if (n > ROWS_MAX)
        str_addf(out, "and %d more: see the positions tool", n - ROWS_MAX);
}

void put_OPEN_ORDERS(const struct prompt_ctx *c, struct str *out) {
    int cursor = 0, n = 0;
    for (const struct order *o; (o = view_next_order(c->view, &cursor, true)) != NULL;) {
        struct view_market m;
        if (o->account != c->m->account || !view_market(c->view, o->market, &m) || n++ >= ROWS_MAX)
            continue;
        str_addf(out, "- %u %s %s %s %s ", o->num, m.m->symbol, order_action_name((enum order_action)o->action), order_side_name((enum order_side)o->side),
                 order_type_name((enum order_type)o->type));
        prompt_dec(out, o->size.micro, 0);
        if (o->limit.micro > 0)
            str_add(out, " @ "), prompt_dec(out, o->limit.micro, 0);
        str_add(out, ", filled ");
        prompt_dec(out, o->filled.micro, 0);
        str_addf(out, ", %s%s, from %s, ", order_state_name((enum order_state)o->state), o->flags & ORDER_OUTCOME_UNKNOWN ? " (outcome unknown: do not repeat it)" : "",
                 order_source_name((enum order_source)o->source));
        prompt_span(out, c->now_us - o->created_us);
        str_add(out, " old\n");
    }
    if (n == 0)
        str_add(out, "none");
    else if (n > ROWS_MAX)
        str_addf(out, "and %d more", n - ROWS_MAX);
}

void put_LAST_REFUSALS(const struct prompt_ctx *c, struct str *out) {
    struct view_notice list[NOTICES_READ];
    int n = view_notices(c->view, list, NOTICES_READ), told = 0;
    for (int i = 0; i < n && told < REFUSALS_MAX; i++) {
        const struct fx_notice *x = &list[i].n;
        struct view_market m;
        if (x->account != c->m->account || (x->level != NOTICE_WARN && x->level != NOTICE_ALERT))
            continue;
        str_add(out, told++ > 0 ? "\n- " : "- ");
        prompt_span(out, c->now_us - list[i].at_us);
        str_addf(out, " ago%s%s: ", x->market && view_market(c->view, x->market, &m) ? ", " : "", x->market && view_market(c->view, x->market, &m) ? m.m->symbol : "");
        prompt_foreign(out, x->text, 160);
    }
    if (told == 0)
        str_add(out, "none");
}

void prompt_state_line(const struct desk *view, const struct model *m, char *buf, size_t cap) {
    struct view_account a;
    struct str s;
    str_init(&s);
    str_add(&s, "[STATE UPDATE] ");
    if (view_account(view, m->account, &a)) {
        str_add(&s, "Cash ");
        prompt_usd(&s, a.available);
        str_add(&s, " | Exposure ");
        prompt_pct(&s, a.equity.micro - a.available.micro, a.equity.micro);
        str_add(&s, "% | Portfolio ");
        prompt_usd(&s, a.equity);
    } else {
        str_add(&s, "no account");
    }
    str_add(&s, " | Open: ");
    int cursor = 0, n = 0;
    for (const struct order *o; (o = view_next_position(view, &cursor, true)) != NULL;) {
        struct view_position p;
        struct view_market k;
        if (o->account != m->account || !view_position(view, o->id, &p) || !view_market(view, o->market, &k))
            continue;
        if (n++ > 0)
            str_add(&s, ", ");
        str_addf(&s, "%s %s @ ", k.m->symbol, order_side_name((enum order_side)o->side));
        prompt_dec(&s, o->pos.entry_price.micro, 0);
        str_add(&s, p.unrealized.micro < 0 ? " (" : " (+");
        prompt_usd(&s, p.unrealized);
        str_addc(&s, ')');
    }
    str_add(&s, n == 0 ? "none" : "");
    str_copy(buf, cap, s.p);
    str_free(&s);
}
