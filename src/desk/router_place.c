/* A routed order's way through the funnel: a draft for each part, all of them before any is sent; what its answer says; and what
 * a ticket shows before. */
#include "desk/router.h"
#include "turret/base/str.h"

#include <stdio.h>
#include <string.h>

static void refused(struct desk *d, const struct intent *in, enum err e, const char *text) {
    char line[NOTE_MAX];
    snprintf(line, sizeof line, "%s%s%s", err_text(e), text[0] != 0 ? ": " : "", text);
    notice_about(d, NOTICE_WARN, in->market, in->account, "refused: %s", line);
    refusal_keep(d, in, e, text);
    reply(d, in->token, e, NULL, line);
}

static enum err part_draft(const struct desk *d, const struct way *w, const struct intent *in, int lane, struct draft *x, char text[REASON_MAX]) {
    struct intent part = way_intent(w, in, lane);
    enum err e = draft_make(d, &part, x, text);
    if (e != ERR_OK)
        return e;
    way_route(w, (enum route_mode)in->route, &x->o.route);
    x->o.route.chosen = (uint8_t)lane;
    return ERR_OK;
}

static struct rec *part_submit(struct desk *d, const struct way *w, const struct intent *in, int lane, enum err *e, char text[REASON_MAX]) {
    struct draft x;
    *e = part_draft(d, w, in, lane, &x, text);
    struct rec *r = *e == ERR_OK ? funnel_submit(d, &x) : NULL;
    if (*e == ERR_OK && r == NULL)
        *e = ERR_INTERNAL;
    return r;
}

bool router_place(struct desk *d, const struct intent *in) {
    struct way w;
    char text[REASON_MAX];
    if (!way_find(d, in, &w))
        return false;
    enum err e = w.e;
    str_copy(text, sizeof text, w.text);
    for (int i = 0; i < w.n && e == ERR_OK; i++) {
        struct draft x;
        if (w.taken[i].micro > 0 || i == w.chosen)
            e = part_draft(d, &w, in, i, &x, text);
    }
    struct rec *first = e == ERR_OK ? part_submit(d, &w, in, w.chosen, &e, text) : NULL;
    if (first == NULL) {
        refused(d, in, e, text);
        return true;
    }
    for (int i = 0; i < w.n; i++)
        if (i != w.chosen && w.taken[i].micro > 0 && part_submit(d, &w, in, i, &e, text) == NULL) /* with the parts before it, it is too much */
            notice(d, NOTICE_ALERT, first, "the part of order %u for %s was refused: %s%s%s", first->o.num, venue_name((enum venue_id)w.lane[i].m->m.venue),
                   err_text(e), text[0] != 0 ? ": " : "", text);
    waiter_add(d, in->token, WAIT_PLACE, first->o.id, in->deadline_us);
    return true;
}

/* --- what is told --------------------------------------------------------------------------------------------- */
static const struct rec *part_of(const struct desk *d, const struct rec *r, int lane) {
    for (size_t i = d->order_count; i-- > 0 && d->orders[i]->o.created_us >= r->o.created_us;) {
        const struct order *o = &d->orders[i]->o;
        if (o->created_us == r->o.created_us && o->route.chosen == lane && o->route.n == r->o.route.n && memcmp(o->route.o, r->o.route.o, sizeof o->route.o) == 0)
            return d->orders[i];
    }
    return NULL;
}

/* "by sim2; also order 14 for 40 at sim": the answer to who placed it. */
const char *router_text(const struct desk *d, const struct rec *r, enum err e, char out[NOTE_MAX]) {
    const struct route *t = &r->o.route;
    int n = snprintf(out, NOTE_MAX, "%s, by %s", err_text(e), venue_name((enum venue_id)r->m->m.venue));
    for (int i = 0; i < t->n && t->mode == ROUTE_SPLIT && n > 0 && n < NOTE_MAX; i++) {
        const struct mkt *m = mkt_find(d, t->o[i].market);
        if (i == t->chosen || t->o[i].taken.micro == 0 || m == NULL)
            continue;
        const struct rec *p = part_of(d, r, i);
        if (p != NULL)
            n += snprintf(out + n, NOTE_MAX - (size_t)n, "; also order %u for %s at %s", p->o.num, num_text(t->o[i].taken.micro).s, venue_name((enum venue_id)m->m.venue));
        else
            n += snprintf(out + n, NOTE_MAX - (size_t)n, "; the part for %s was refused", venue_name((enum venue_id)m->m.venue));
    }
    return out;
}

/* The parts of a routed order together, each as the ticket shows a plain one. */
bool preview_route(const struct desk *d, const struct intent *in, struct view_preview *out) {
    struct way w;
    if (!way_find(d, in, &w))
        return false;
    if (w.n > 0)
        way_route(&w, (enum route_mode)in->route, &out->route);
    if (in->route == ROUTE_HERE)
        return false;
    out->refusal = w.e;
    str_copy(out->text, sizeof out->text, w.text);
    for (int i = 0; i < w.n && w.e == ERR_OK; i++) {
        struct view_preview p;
        if (w.taken[i].micro == 0 && i != w.chosen)
            continue;
        struct intent part = way_intent(&w, in, i);
        view_preview(d, &part, &p);
        if (p.refusal != ERR_OK && out->refusal == ERR_OK) {
            out->refusal = p.refusal;
            str_copy(out->text, sizeof out->text, p.text);
        }
        out->size.micro += p.size.micro;
        out->rests.micro += p.rests.micro;
        out->now.filled.micro += p.now.filled.micro;
        out->now.notional = usd_add_sat(out->now.notional, p.now.notional);
        out->now.levels += p.now.levels;
        if (out->now.worst.micro == 0 || (w.sell ? p.now.worst.micro < out->now.worst.micro : p.now.worst.micro > out->now.worst.micro))
            out->now.worst = p.now.worst;
        out->cost = usd_add_sat(out->cost, p.cost);
        out->fee = usd_add_sat(out->fee, p.fee);
        out->margin = usd_add_sat(out->margin, p.margin);
        out->worst_case = usd_add_sat(out->worst_case, p.worst_case);
    }
    if (out->now.filled.micro > 0 && !price_of(out->now.notional, out->now.filled, ROUND_HALF_EVEN, &out->now.average))
        out->now.average = out->now.worst;
    return true;
}
