/* Events: names, sizes, and the check of records from outside (journal, control socket).
 * A record that passes event_valid can do no harm to memory; whether it makes sense is the handlers' to judge. */
#include "turret/desk/event.h"

#include <stddef.h>
#include <string.h>

#define HEAD offsetof(struct event, u)

static const char *const event_names[EVENT_TYPE_COUNT] = {
#define X(N, m, s) [EVENT_##N] = s,
    EVENT_TABLE(X)
#undef X
};

static const uint32_t event_sizes[EVENT_TYPE_COUNT] = {
#define X(N, m, s) [EVENT_##N] = (uint32_t)((HEAD + sizeof(((struct event *)0)->u.m) + 7) & ~(size_t)7),
    EVENT_TABLE(X)
#undef X
};

static const char *const intent_names[INTENT_KIND_COUNT] = {
#define X(n, s) [INTENT_##n] = s,
    INTENT_KINDS(X)
#undef X
};

const char *event_name(enum event_type t) { return (unsigned)t < EVENT_TYPE_COUNT ? event_names[t] : "?"; }
const char *intent_name(enum intent_kind k) { return (unsigned)k < INTENT_KIND_COUNT ? intent_names[k] : "?"; }
uint32_t event_base_size(enum event_type t) { return (unsigned)t < EVENT_TYPE_COUNT ? event_sizes[t] : 0; }

void event_init(struct event *ev, enum event_type t, enum venue_id venue, int64_t at_us) {
    memset(ev, 0, event_base_size(t));
    ev->size = event_base_size(t);
    ev->type = (uint16_t)t;
    ev->venue = (uint16_t)venue;
    ev->at_us = at_us;
}

/* --- validation -------------------------------------------------------------------------------- */
#define TEXT_OK(field) (memchr((field), 0, sizeof(field)) != NULL)

static bool bool_ok(uint8_t b) { return b <= 1; }

static bool plan_ok(const struct exit_plan *p) {
    return p->stop.micro >= 0 && p->target.micro >= 0 && p->invalidation_price.micro >= 0 && p->confidence >= -1 &&
           p->confidence <= 100 && TEXT_OK(p->invalidation);
}

static bool position_ok(const struct position *p) {
    return p->status <= POSITION_CLOSED && p->close_trigger < CLOSE_COUNT && p->open.micro >= 0 && p->closed.micro >= 0 &&
           p->reserved.micro >= 0 && p->reserved.micro <= p->open.micro && p->entry_price.micro >= 0 &&
           p->exit_price.micro >= 0 && plan_ok(&p->plan);
}

static bool order_ok(const struct order *o) {
    return o->side <= SIDE_SHORT && o->action <= ACTION_SELL && o->type <= ORDER_TAKE_PROFIT && o->tif <= TIF_FOK &&
           o->state < STATE_COUNT && o->source < SOURCE_COUNT && o->reason >= 0 && o->reason < ERR_COUNT &&
           o->limit.micro >= 0 && o->trigger.micro >= 0 && o->size.micro >= 0 && o->filled.micro >= 0 && o->reversed.micro >= 0 &&
           TEXT_OK(o->strategy) && TEXT_OK(o->client_id) && TEXT_OK(o->venue_id) && TEXT_OK(o->reason_text) &&
           position_ok(&o->pos);
}

static bool fill_ok(const struct fill *f) {
    return f->kind <= FILL_ADJUSTMENT && f->finality <= FILL_REVERSED && f->side <= SIDE_SHORT && f->action <= ACTION_SELL &&
           f->px.micro >= 0 && f->size.micro > 0 && TEXT_OK(f->venue_trade);
}

static bool market_ok(const struct market *m) {
    return m->id != 0 && m->venue > VENUE_NONE && m->venue < VENUE_COUNT && m->kind <= MARKET_PERP && m->status <= MARKET_RESOLVED &&
           m->outcome <= OUTCOME_VOID && m->tick.micro > 0 && m->lot.micro > 0 && m->min_size.micro >= 0 &&
           m->min_price.micro >= 0 && (m->max_price.micro == 0 || m->max_price.micro >= m->min_price.micro) && m->price_digits <= DEC_DIGITS &&
           m->qty_digits <= DEC_DIGITS && m->fee_kind < FEE_KIND_COUNT && TEXT_OK(m->symbol) && TEXT_OK(m->title) && TEXT_OK(m->category) &&
           TEXT_OK(m->native);
}

static bool follow_ok(const struct follow *f) {
    return f->kind < FOLLOW_KIND_COUNT && f->strategy < FOLLOW_STRATEGY_COUNT && f->sizing < SIZING_COUNT && f->exit < FOLLOW_EXIT_COUNT && f->venue < VENUE_COUNT &&
           bool_ok(f->enabled) && bool_ok(f->paused) && bool_ok(f->deleted) && bool_ok(f->baselined) && TEXT_OK(f->wallet) && TEXT_OK(f->categories);
}

static bool link_ok(const struct market_link *l) {
    return bool_ok(l->inverted) && l->origin <= LINK_BY_FILE && bool_ok(l->deleted) && TEXT_OK(l->note);
}

static bool intent_ok(const struct intent *in) {
    return in->kind < INTENT_KIND_COUNT && in->side <= SIDE_SHORT && in->action <= ACTION_SELL && in->type <= ORDER_TAKE_PROFIT &&
           in->tif <= TIF_FOK && in->source < SOURCE_COUNT && in->route <= ROUTE_SPLIT && in->close_trigger < CLOSE_COUNT && in->limit.micro >= 0 &&
           in->stop.micro >= PROTECT_KEEP.micro && in->target.micro >= PROTECT_KEEP.micro && in->size.micro >= 0 &&
           in->amount.micro >= 0 && in->invalidation_price.micro >= 0 && in->time_exit_us >= 0 && in->cooldown_until_us >= 0 && in->confidence >= -1 &&
           in->confidence <= 100 && TEXT_OK(in->invalidation) && TEXT_OK(in->strategy) && TEXT_OK(in->note) &&
           (in->kind != INTENT_FOLLOW_PUT || follow_ok(&in->u.follow)) && (in->kind != INTENT_LINK_PUT || link_ok(&in->u.link)) &&
           (in->kind != INTENT_LIST || TEXT_OK(in->u.wanted));
}

static bool book_ok(const struct event *ev) {
    const struct ev_book *b = &ev->u.book;
    uint32_t n = (uint32_t)b->n_bids + b->n_asks;
    if (ev->size != event_sizes[EVENT_BOOK] + n * sizeof(struct level) || (b->flags & ~(uint32_t)(BOOK_SNAPSHOT | BOOK_GAP)))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (b->levels[i].px.micro <= 0 || b->levels[i].size.micro < 0)
            return false;
    return true;
}

static bool watch_ok(const struct watch *w) {
    return w->id != 0 && w->kind < WATCH_KIND_COUNT && w->status < WATCH_STATUS_COUNT && w->figure < FIGURE_COUNT && w->dir <= TRIGGER_AT_OR_ABOVE && w->side <= SIDE_SHORT &&
           w->action <= ACTION_SELL;
}

static bool watches_ok(const struct event *ev) {
    const struct ev_watches *w = &ev->u.watches;
    if (ev->size != ((event_sizes[EVENT_WATCHES] + (uint64_t)w->n * sizeof(struct watch) + 7) & ~7ull))
        return false;
    for (uint32_t i = 0; i < w->n; i++)
        if (!watch_ok(&w->watches[i]))
            return false;
    return true;
}

static bool model_ok(const struct model *m) {
    return m->id != 0 && m->account != 0 && bool_ok(m->enabled) && bool_ok(m->paused) && bool_ok(m->builtin) && bool_ok(m->cost_unknown) &&
           m->cost_total.micro >= 0 && m->cost_day.micro >= 0 && TEXT_OK(m->name) && m->name[0] != 0 && TEXT_OK(m->variant) && TEXT_OK(m->provider) &&
           TEXT_OK(m->model) && TEXT_OK(m->markets) && TEXT_OK(m->reason);
}

static bool candle_ok(const struct ev_candle *e) {
    const struct candle *c = &e->candle;
    return e->interval_s > 0 && c->start_us >= 0 && c->low.micro > 0 && c->low.micro <= c->open.micro && c->low.micro <= c->close.micro &&
           c->high.micro >= c->open.micro && c->high.micro >= c->close.micro && c->volume.micro >= 0;
}

static bool reason_ok(int32_t r) { return r >= 0 && r < ERR_COUNT; }

static bool body_ok(const struct event *ev) {
    switch ((enum event_type)ev->type) {
    case EVENT_ACCOUNT:
        return ev->u.account.id != 0 && ev->u.account.venue < VENUE_COUNT && bool_ok(ev->u.account.live) && TEXT_OK(ev->u.account.name);
    case EVENT_MARKET:
        return market_ok(&ev->u.market);
    case EVENT_LOAD_MARKET:
        return market_ok(&ev->u.load_market.market);
    case EVENT_LOAD_ORDER:
        return ev->u.order.id != 0 && order_ok(&ev->u.order);
    case EVENT_LOAD_FILL:
        return fill_ok(&ev->u.fill);
    case EVENT_SETTING:
        return TEXT_OK(ev->u.setting.key) && TEXT_OK(ev->u.setting.value);
    case EVENT_BOOK:
        return book_ok(ev);
    case EVENT_TRADE:
        return ev->u.trade.px.micro > 0 && ev->u.trade.size.micro >= 0 && bool_ok(ev->u.trade.taker_side);
    case EVENT_MARK:
        return ev->u.mark.mark.micro >= 0 && ev->u.mark.index.micro >= 0;
    case EVENT_MARKET_STATUS:
        return ev->u.market_status.status <= MARKET_RESOLVED && ev->u.market_status.outcome <= OUTCOME_VOID;
    case EVENT_VENUE:
        return ev->u.venue_state.venue < VENUE_COUNT && bool_ok(ev->u.venue_state.up) && TEXT_OK(ev->u.venue_state.text);
    case EVENT_ACK:
        return TEXT_OK(ev->u.ack.venue_id);
    case EVENT_FILL:
        return fill_ok(&ev->u.fill_ev.fill) && TEXT_OK(ev->u.fill_ev.venue_order);
    case EVENT_DONE:
        return reason_ok(ev->u.done.reason) && ev->u.done.filled.micro >= 0 && TEXT_OK(ev->u.done.text);
    case EVENT_REJECT:
        return reason_ok(ev->u.reject.reason) && TEXT_OK(ev->u.reject.text);
    case EVENT_REFUSED:
        return reason_ok(ev->u.refused.reason) && ev->u.refused.what <= 1 && TEXT_OK(ev->u.refused.text);
    case EVENT_AMENDED:
        return ev->u.amended.limit.micro >= 0 && ev->u.amended.size.micro >= 0;
    case EVENT_UNKNOWN:
        return TEXT_OK(ev->u.unknown.text);
    case EVENT_PREPARED:
        return TEXT_OK(ev->u.prepared.client_id) && TEXT_OK(ev->u.prepared.venue_id);
    case EVENT_FINALITY:
        return (ev->u.finality.finality == FILL_FINAL || ev->u.finality.finality == FILL_REVERSED) && ev->u.finality.leg <= UINT8_MAX &&
               TEXT_OK(ev->u.finality.venue_trade);
    case EVENT_DELAYED:
        return ev->u.delayed.until_us >= 0 && TEXT_OK(ev->u.delayed.text);
    case EVENT_CLAIM:
        return ev->u.claim.side <= SIDE_SHORT && ev->u.claim.size.micro >= 0 && ev->u.claim.amount.micro >= 0 && TEXT_OK(ev->u.claim.where);
    case EVENT_HEALTH:
        return ev->u.health.venue < VENUE_COUNT && bool_ok(ev->u.health.market_up) && ev->u.health.user_up <= 2 && bool_ok(ev->u.health.cancel_only);
    case EVENT_CASH:
        return ev->u.cash.entry.kind <= LEDGER_ADJUSTMENT && TEXT_OK(ev->u.cash.entry.ref);
    case EVENT_RECON_ORDER:
        return order_ok(&ev->u.recon_order.order);
    case EVENT_RECON_FILL:
        return fill_ok(&ev->u.recon_fill.fill);
    case EVENT_RECON_POSITION:
        return ev->u.recon_position.side <= SIDE_SHORT && ev->u.recon_position.entry.micro >= 0;
    case EVENT_SAVED:
        return reason_ok(ev->u.saved.result) && ev->u.saved.outbox <= 1;
    case EVENT_STORE:
        return bool_ok(ev->u.store.up) && TEXT_OK(ev->u.store.text);
    case EVENT_LEADER:
        return bool_ok(ev->u.leader.leads) && TEXT_OK(ev->u.leader.holder);
    case EVENT_MODEL:
        return model_ok(&ev->u.model.model) && bool_ok(ev->u.model.stored);
    case EVENT_LOAD_TRADE:
        return ev->u.load_trade.trade.size.micro >= 0 && ev->u.load_trade.trade.confidence >= -1 && ev->u.load_trade.trade.confidence <= 100;
    case EVENT_RUN_END:
        return ev->u.run_end.status > RUN_RUNNING && ev->u.run_end.status < RUN_STATUS_COUNT && reason_ok(ev->u.run_end.reason) &&
               ev->u.run_end.cost.micro >= 0 && TEXT_OK(ev->u.run_end.text);
    case EVENT_CANDLE:
        return candle_ok(&ev->u.candle);
    case EVENT_OPEN_INTEREST:
        return ev->u.open_interest.size.micro >= 0;
    case EVENT_INTENT:
        return intent_ok(&ev->u.intent);
    case EVENT_LINK:
        return ev->u.link.id != 0 && link_ok(&ev->u.link);
    case EVENT_FOLLOW:
        return follow_ok(&ev->u.follow) && ev->u.follow.id != 0;
    case EVENT_FOLLOW_TRADE:
        return ev->u.follow_trade.status < FOLLOWED_COUNT && ev->u.follow_trade.side <= SIDE_SHORT && ev->u.follow_trade.our_side <= SIDE_SHORT &&
               reason_ok(ev->u.follow_trade.reason) && TEXT_OK(ev->u.follow_trade.trade) && TEXT_OK(ev->u.follow_trade.text);
    case EVENT_TARGET_TRADE:
        return bool_ok(ev->u.target.baseline) && TEXT_OK(ev->u.target.wallet) && TEXT_OK(ev->u.target.trade);
    case EVENT_WATCHES:
        return watches_ok(ev);
    case EVENT_HISTORY:
        return ev->u.history.kind < HISTORY_KIND_COUNT && TEXT_OK(ev->u.history.what) && TEXT_OK(ev->u.history.text);
    case EVENT_REMARK:
        return ev->u.remark.kind <= REMARK_DAY && TEXT_OK(ev->u.remark.text);
    case EVENT_NOTE:
        return ev->u.note.level >= 0 && TEXT_OK(ev->u.note.text);
    default:
        return true;
    }
}

bool event_valid(const struct event *ev, size_t len) {
    if (len < HEAD || ev->size < HEAD || ev->size > len || ev->size > EVENT_SIZE_MAX || ev->size % 8 != 0)
        return false;
    if (ev->type >= EVENT_TYPE_COUNT || ev->venue >= VENUE_COUNT || ev->at_us < 0)
        return false;
    if (ev->size < event_sizes[ev->type] || (ev->type != EVENT_BOOK && ev->type != EVENT_WATCHES && ev->size != event_sizes[ev->type]))
        return false;
    return body_ok(ev);
}
