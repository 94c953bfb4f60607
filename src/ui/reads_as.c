/* An intent in one sentence of words and money: what a person confirms. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/ui/columns.h"
#include "turret/ui/command.h"
#include "ui/columns_private.h"
#include "ui/format.h"
#include "ui/reads_as.h"

#define TITLE_COLS 40

static const struct market *market_of(const struct desk *view, market_id id) {
    return column_market(view, id);
}

/* The title in quotes, clipped: money must not be pushed out of the sentence by a long name. */
static void add_title(struct str *s, const struct market *m) {
    if (!m) {
        str_add(s, "an unknown market");
        return;
    }
    const char *name = m->title[0] ? m->title : m->symbol;
    int used;
    const size_t n = utf8_clip(name, TITLE_COLS, &used);
    str_addc(s, '"');
    str_add_n(s, name, n);
    str_add(s, name[n] ? "...\"" : "\"");
}

static void add_price(struct str *s, const struct market *m, price px, unsigned flags) {
    char text[FORMAT_MAX];
    str_add(s, format_price(m, px, flags | FORMAT_UNIT | FORMAT_ASCII, text));
}

static void add_usd(struct str *s, const char *label, usd cash) {
    char text[FORMAT_MAX];
    str_addf(s, "%s %s", label, format_usd(cash, text));
}

static void time_exit_as(const struct intent *in, struct str *s) {
    char text[FORMAT_MAX];
    if ((in->flags & INTENT_PLAN) && in->time_exit_us)
        str_addf(s, "  close at %.16sZ", format_rfc3339(in->time_exit_us, text));
}

static void place_as(const struct desk *view, const struct intent *in, struct str *s) {
    const struct market *m = market_of(view, in->market);
    struct view_preview pv;
    char text[FORMAT_MAX];
    view_preview(view, in, &pv);
    str_addf(s, "%s ", format_action((enum order_action)in->action));
    if (in->size.micro)
        str_add(s, format_size(m, in->size, text));
    else
        str_addf(s, "%s USD", format_usd(in->amount, text));
    str_addf(s, " %s ", format_side((enum order_side)in->side));
    add_title(s, m);
    if (in->type == ORDER_MARKET) {
        str_add(s, " at market");
        if (pv.now.filled.micro) {
            str_add(s, " ~");
            add_price(s, m, pv.now.average, FORMAT_FINE);
        }
    } else {
        str_add(s, " @ ");
        add_price(s, m, in->limit, 0);
        str_addf(s, " %s", format_upper(order_tif_name((enum order_tif)in->tif), text));
    }
    if (in->leverage > 1)
        str_addf(s, " %ux", in->leverage);
    if (in->flags & ORDER_POST_ONLY)
        str_add(s, " post-only");
    if (in->flags & ORDER_REDUCE_ONLY)
        str_add(s, " reduce-only");
    const bool opens = in->action == side_opening_action((enum order_side)in->side);
    if (pv.cost.micro)
        add_usd(s, opens ? "  cost" : "  value", pv.cost);
    if (pv.margin.micro && !format_cents(m))
        add_usd(s, " margin", pv.margin);
    if (pv.fee.micro)
        add_usd(s, " fee", pv.fee);
    if (in->stop.micro)
        str_add(s, "  stop "), add_price(s, m, in->stop, 0);
    if (in->target.micro)
        str_add(s, "  target "), add_price(s, m, in->target, 0);
    char more[SENTENCE_MAX];
    if (in->flags & INTENT_RULES) {
        rules_text(m, &in->rules, more, sizeof more);
        str_addf(s, " %s", more);
    }
    time_exit_as(in, s);
    if (pv.route.n > 1) {
        route_text(view, &pv.route, (enum order_side)in->side, more, sizeof more);
        str_addf(s, "  route %s", more);
    }
    if (pv.refusal != ERR_OK)
        str_addf(s, "  REFUSED: %s", pv.text[0] ? pv.text : err_text(pv.refusal));
}

static void order_as(const struct desk *view, const struct order *o, struct str *s) {
    char text[FORMAT_MAX];
    if (!o) {
        str_add(s, "an unknown order");
        return;
    }
    const struct market *m = market_of(view, o->market);
    str_addf(s, "order %u: %s %s %s ", o->num, format_action((enum order_action)o->action),
             format_size(m, o->size, text), format_side((enum order_side)o->side));
    add_title(s, m);
    if (o->type != ORDER_MARKET)
        str_add(s, " @ "), add_price(s, m, o->limit, 0);
    if (o->filled.micro)
        str_addf(s, ", %s filled", format_size(m, o->filled, text));
}

static void amend_as(const struct desk *view, const struct intent *in, struct str *s) {
    char text[FORMAT_MAX];
    const struct market *m = market_of(view, in->market);
    str_add(s, "AMEND ");
    order_as(view, view_order(view, in->order), s);
    str_add(s, " to");
    if (in->size.micro)
        str_addf(s, " %s", format_size(m, in->size, text));
    if (in->limit.micro)
        str_add(s, " @ "), add_price(s, m, in->limit, 0);
}

static void close_as(const struct desk *view, const struct intent *in, struct str *s) {
    const struct order *o = view_order(view, in->order);
    struct view_position vp;
    char text[FORMAT_MAX];
    if (!o || !view_position(view, in->order, &vp)) {
        str_add(s, "CLOSE an unknown position");
        return;
    }
    const struct market *m = market_of(view, o->market);
    const bool all = !in->size.micro || in->size.micro == o->pos.open.micro;
    str_addf(s, "CLOSE %s %s ", format_size(m, all ? o->pos.open : in->size, text),
             format_side((enum order_side)o->side));
    add_title(s, m);
    if (in->limit.micro) {
        str_add(s, " @ ");
        add_price(s, m, in->limit, 0);
    } else {
        str_add(s, " at market");
    }
    if (all && !in->limit.micro && vp.exit.filled.micro) {
        str_add(s, " ~");
        add_price(s, m, vp.exit.average, FORMAT_FINE);
        add_usd(s, "  fee", vp.exit_fee);
        str_addf(s, "  P&L %s", format_pnl(vp.exit_pnl, text));
        if (vp.exit.filled.micro < o->pos.open.micro)
            str_addf(s, "  (the book holds only %s)", format_size(m, vp.exit.filled, text));
    }
    if (vp.stale)
        str_add(s, "  STALE BOOK");
}

static void level_as(const struct market *m, const char *what, price px, struct str *s) {
    if (px.micro == PROTECT_KEEP.micro)
        return;
    str_addf(s, "  %s ", what);
    if (px.micro)
        add_price(s, m, px, 0);
    else
        str_add(s, "none");
}

static void protect_as(const struct desk *view, const struct intent *in, struct str *s) {
    const struct order *o = view_order(view, in->order);
    const struct market *m = market_of(view, in->market);
    char text[FORMAT_MAX];
    if (o)
        str_addf(s, "PROTECT %s %s ", format_size(m, o->pos.open, text), format_side((enum order_side)o->side));
    add_title(s, m);
    level_as(m, "stop", in->stop, s);
    level_as(m, "target", in->target, s);
    if (in->flags & INTENT_RULES) {
        char rules[SENTENCE_MAX];
        rules_text(m, &in->rules, rules, sizeof rules);
        str_addf(s, " %s", rules[0] ? rules : " no trail, break-even or ladder");
    }
    time_exit_as(in, s);
}

/* " in MARKET", " of account NAME", with how many it is about. */
static void filter_as(const struct desk *view, const struct intent *in, const char *verb, bool orders, struct str *s) {
    int count = 0, cursor = 0;
    usd unrealized = {0};
    for (const struct order *o;
         (o = orders ? view_next_order(view, &cursor, true) : view_next_position(view, &cursor, true));) {
        if ((in->account && o->account != in->account) || (in->market && o->market != in->market))
            continue;
        struct view_position vp;
        if (!orders && view_position(view, o->id, &vp))
            unrealized = usd_add_sat(unrealized, vp.unrealized);
        count++;
    }
    str_addf(s, "%s all %d %s%s", verb, count, orders ? "working order" : "open position", count == 1 ? "" : "s");
    if (in->market) {
        str_add(s, " in ");
        add_title(s, market_of(view, in->market));
    }
    if (in->account)
        str_addf(s, " of account %s", column_account(view, in->account));
    char text[FORMAT_MAX];
    if (!orders)
        str_addf(s, " at market, unrealized P&L %s", format_pnl(unrealized, text));
}

static void limit_as(const struct desk *view, const struct intent *in, struct str *s) {
    int n;
    const struct risk_limit_info *table = risk_limit_table(&n);
    if (in->order >= (order_id)n) {
        str_add(s, "LIMIT unknown");
        return;
    }
    const struct risk_limit_info *info = &table[in->order];
    int64_t now;
    memcpy(&now, (const char *)view_limits(view) + info->offset, sizeof now);
    char before[64], after[64], raw[64];
    limit_text(info, now, before, raw);
    limit_text(info, in->size.micro, after, raw);
    const bool looser = !in->size.micro || (now && in->size.micro > now);
    str_addf(s, "LIMIT %s: %s -> %s%s", info->key, before, after,
             now == in->size.micro ? " (no change)"
             : looser              ? " (LOOSER)"
                                   : " (tighter)");
}

static void model_as(const struct desk *view, const struct intent *in, struct str *s, const char *verb) {
    struct view_model vm;
    if (in->order == 0)
        str_addf(s, "%s all models", verb);
    else if (view_model(view, (model_id)in->order, &vm))
        str_addf(s, "%s model %s (%s)%s", verb, vm.m->name, vm.m->variant, in->kind == INTENT_MODEL_RUN ? " now: it may trade" : "");
    else
        str_addf(s, "%s model %" PRIu64, verb, in->order);
}

/* --- automations ------------------------------------------------------------------------------- */
static void watch_as(const struct desk *view, const struct intent *in, struct str *s) {
    char label[AUTO_LABEL_MAX], text[SENTENCE_MAX];
    const struct watch *w = &in->u.watch;
    struct view_watch vw;
    if (in->kind != INTENT_WATCH_PUT && view_watch(view, (watch_id)in->order, &vw))
        w = vw.w;
    watch_label(w, label);
    if (in->kind == INTENT_WATCH_PUT && !w->id)
        str_addf(s, w->kind == WATCH_ALERT ? "NEW alert: " : "NEW sniper, off until it is armed: ");
    else
        str_addf(s, "%s %s%s: ", in->kind == INTENT_WATCH_ARM ? "ARM" : in->kind == INTENT_WATCH_DISARM ? "DISARM" : in->kind == INTENT_WATCH_CANCEL ? "DELETE" : "CHANGE", label,
                 in->kind == INTENT_WATCH_PUT && w->kind == WATCH_SNIPER ? ", off until it is armed again" : "");
    watch_reads_as(view, w, text, sizeof text);
    str_add(s, text);
    if (in->kind == INTENT_WATCH_ARM && view_watch(view, w->id, &vw) && vw.known && vw.distance == 0) /* nobody should learn it from the fill */
        str_add(s, w->kind == WATCH_SNIPER ? ". IT IS THERE NOW: it may fire at once" : ". It is there now");
}

static void follow_as(const struct desk *view, const struct intent *in, struct str *s) {
    char label[AUTO_LABEL_MAX], text[SENTENCE_MAX];
    const struct follow *f = in->kind == INTENT_FOLLOW_PUT ? NULL : view_follow(view, (follow_id)in->order);
    if (!f)
        f = &in->u.follow;
    follow_label(f, label);
    if (in->kind == INTENT_FOLLOW_PUT && !f->id)
        str_addf(s, "NEW %s, off until it is switched on: ", follow_kind_name((enum follow_kind)f->kind));
    else
        str_addf(s, "%s %s: ", in->kind == INTENT_FOLLOW_ON ? "ON" : in->kind == INTENT_FOLLOW_OFF ? "OFF" : in->kind == INTENT_FOLLOW_DELETE ? "DELETE" : "CHANGE", label);
    follow_reads_as(view, f, text, sizeof text);
    str_add(s, text);
}

static void linked_market(struct str *s, const struct market *m) {
    add_title(s, m);
    str_addf(s, " (%s)", m ? venue_label((enum venue_id)m->venue) : "?");
}

static void link_as(const struct desk *view, const struct intent *in, struct str *s) {
    const struct market_link *l = &in->u.link;
    str_add(s, in->kind == INTENT_LINK_PUT ? "LINK " : "UNLINK ");
    linked_market(s, market_of(view, l->a));
    str_add(s, " and ");
    linked_market(s, market_of(view, l->b));
    if (in->kind == INTENT_LINK_PUT)
        str_add(s, l->inverted ? ": YES of one pays as NO of the other; orders may go to either" : ": they pay for the same outcome; orders may go to either");
}

static void trading_as(const struct intent *in, struct str *s) {
    static const char *const meaning[] = {"everything may trade", "nothing that adds exposure passes", "nothing new, and automations fire nothing; exits and cancels pass"};
    const unsigned state = in->order < TRADING_STATE_COUNT ? (unsigned)in->order : TRADING_HALTED;
    char text[FORMAT_MAX];
    str_addf(s, "TRADING %s: %s (%s)", format_upper(trading_state_name((enum trading_state)state), text), meaning[state], in->note);
}

static void remark_as(const struct desk *view, const struct intent *in, struct str *s) {
    const struct remark *m = &in->u.remark;
    const struct order *o = m->kind == REMARK_ORDER ? view_order(view, m->subject) : NULL;
    char day[FORMAT_MAX];
    str_add(s, m->text[0] ? "NOTE on " : "REMOVE the note on ");
    if (m->kind == REMARK_DAY)
        str_add(s, format_day((int32_t)m->subject, day));
    else
        str_addf(s, "order %u", o ? o->num : 0);
    if (m->text[0])
        str_addf(s, ": %s", m->text);
}

bool intent_asks(const struct intent *in) {
    switch ((enum intent_kind)in->kind) {
    case INTENT_MODEL_PAUSE:
    case INTENT_WATCH_PUT: /* off until armed; an alert spends nothing */
    case INTENT_WATCH_DISARM:
    case INTENT_FOLLOW_OFF:
    case INTENT_LINK_DELETE:
    case INTENT_REMARK:
        return false;
    case INTENT_FOLLOW_PUT: /* a new one is off; one that is on goes on with what it says now */
        return in->u.follow.id && in->u.follow.enabled;
    case INTENT_WATCH_ARM:
    case INTENT_WATCH_CANCEL:
        return in->u.watch.kind != WATCH_ALERT;
    case INTENT_TRADING_STATE:
        return in->order == TRADING_ACTIVE;
    case INTENT_LIST:
        return false;
    case INTENT_LIVE:
        return in->order != 0;
    default:
        return true;
    }
}

void intent_reads_as(const struct desk *view, const struct intent *in, char *text, size_t cap) {
    struct str s;
    str_init(&s);
    switch ((enum intent_kind)in->kind) {
    case INTENT_PLACE:
        place_as(view, in, &s);
        break;
    case INTENT_CANCEL:
        str_add(&s, "CANCEL "), order_as(view, view_order(view, in->order), &s);
        break;
    case INTENT_AMEND:
        amend_as(view, in, &s);
        break;
    case INTENT_CLOSE:
        close_as(view, in, &s);
        break;
    case INTENT_PROTECT:
        protect_as(view, in, &s);
        break;
    case INTENT_CANCEL_ALL:
        filter_as(view, in, "CANCEL", true, &s);
        break;
    case INTENT_FLATTEN:
        filter_as(view, in, "CLOSE", false, &s);
        break;
    case INTENT_KILL:
        str_addf(&s, "KILL SWITCH on: no new exposure, orders that add it are cancelled (%s)", in->note);
        break;
    case INTENT_UNKILL:
        str_add(&s, "KILL SWITCH off: orders that add exposure pass again");
        break;
    case INTENT_ACCOUNT_RESET:
        str_addf(&s, "RESET paper account %s: cancels its orders, drops its positions, cash back to the start",
                 column_account(view, in->account));
        break;
    case INTENT_LIMIT:
        limit_as(view, in, &s);
        break;
    case INTENT_RESUME_DAY:
        str_addf(&s, "RESUME account %s: lift today's loss pause", column_account(view, in->account));
        break;
    case INTENT_MODEL_PAUSE:
        model_as(view, in, &s, "PAUSE");
        break;
    case INTENT_MODEL_RESUME:
        model_as(view, in, &s, "RESUME");
        break;
    case INTENT_MODEL_RUN:
        model_as(view, in, &s, "INVOKE");
        break;
    case INTENT_WATCH_PUT:
    case INTENT_WATCH_ARM:
    case INTENT_WATCH_DISARM:
    case INTENT_WATCH_CANCEL:
        watch_as(view, in, &s);
        break;
    case INTENT_FOLLOW_PUT:
    case INTENT_FOLLOW_ON:
    case INTENT_FOLLOW_OFF:
    case INTENT_FOLLOW_DELETE:
        follow_as(view, in, &s);
        break;
    case INTENT_LINK_PUT:
    case INTENT_LINK_DELETE:
        link_as(view, in, &s);
        break;
    case INTENT_TRADING_STATE:
        trading_as(in, &s);
        break;
    case INTENT_LIST:
        str_addf(&s, "LIST %s on %s", in->u.wanted, venue_name((enum venue_id)in->order));
        break;
    case INTENT_LIVE:
        str_addf(&s, in->order ? "GO LIVE: account %s trades REAL MONEY from now on, by hand and by what uses it" : "NO LONGER LIVE: account %s, only exits and cancels pass; its orders that would open something are cancelled", in->note);
        break;
    case INTENT_REMARK:
        remark_as(view, in, &s);
        break;
    case INTENT_KIND_COUNT:
        break;
    }
    str_copy(text, cap, s.p ? s.p : "nothing");
    str_free(&s);
}
