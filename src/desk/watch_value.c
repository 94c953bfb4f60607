/* What a watch looks at, as it stands now. */
#include "desk/state_watch.h"

#include "turret/trade/position.h"

static bool own_price(const struct watch *w, const struct mkt *m, int64_t *out) {
    price px;
    struct watch plain = *w;
    plain.flags = 0;
    const struct trigger t = watch_trigger(&plain);
    if (!figure_of_lane(m, (enum trigger_price)t.source, &px))
        return false;
    *out = w->side == SIDE_NO ? book_price(SIDE_NO, px).micro : px.micro;
    return true;
}

static bool ratio_ppm(int64_t part, int64_t whole, int64_t *out) { return whole > 0 && dec_muldiv(part, DEC_ONE, whole, ROUND_HALF_EVEN, out); }

bool watch_value(const struct desk *d, const struct watch *w, int64_t *out) {
    const struct mkt *m = watch_market(d, w);
    const struct rec *pos;
    const struct acct *a;
    const struct mdl *model;
    price mark;
    switch ((enum figure)w->figure) {
    case FIGURE_BID: case FIGURE_ASK: case FIGURE_MARK: case FIGURE_LAST:
        return m != NULL && own_price(w, m, out);
    case FIGURE_PNL: case FIGURE_PNL_PERCENT:
        pos = rec_find(d, w->subject);
        if (pos == NULL || !pos->is_pos || (mark = own_mark(pos->m, pos->o.side)).micro <= 0)
            return false;
        *out = position_unrealized(&pos->o.pos, position_dir((enum order_side)pos->o.side), mark).micro;
        return w->figure == FIGURE_PNL || ratio_ppm(*out, pos->o.pos.cost.micro, out);
    case FIGURE_EQUITY: case FIGURE_DAY_PNL: case FIGURE_DRAWDOWN: case FIGURE_EXPOSURE:
        a = acct_find(d, (account_id)w->subject);
        if (a == NULL || !a->once || !a->cash_known)
            return false;
        *out = w->figure == FIGURE_EQUITY ? account_equity(a).micro : w->figure == FIGURE_DAY_PNL ? account_day_pnl(a).micro : w->figure == FIGURE_EXPOSURE ? account_exposure(d, a).micro
                                                                                                                              : account_drawdown_ppm(a);
        return true;
    case FIGURE_FAILURES: case FIGURE_COST_DAY:
        model = mdl_find(d, (model_id)w->subject);
        if (model == NULL)
            return false;
        *out = w->figure == FIGURE_FAILURES ? model->m.failed_in_row : model->m.cost_date == d->day ? model->m.cost_day.micro : 0;
        return true;
    case FIGURE_AGE: case FIGURE_DOWN:
        if (w->subject >= VENUE_COUNT || !d->venues[w->subject].known)
            return false;
        *out = w->figure == FIGURE_DOWN ? !d->venues[w->subject].up : d->venues[w->subject].data_us > 0 ? (d->now_us - d->venues[w->subject].data_us) / 1000 : 0;
        return true;
    case FIGURE_COUNT: break;
    }
    return false;
}
