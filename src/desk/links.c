/* Links between markets of different venues that pay for the same outcome: the equality rules, their rows, and the groups
 * they make. Resolved ones are taken away as new ones come. */
#include "desk/router.h"
#include "turret/base/hash.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"

#include <stdlib.h>
#include <string.h>

struct links { /* live ones, by id */
    struct market_link *l;
    size_t n, cap;
};

static struct links *links_of(struct desk *d) {
    if (d->links == NULL)
        d->links = xcalloc(1, sizeof *d->links);
    return d->links;
}

static struct market_link *link_find(const struct desk *d, uint64_t id) {
    for (size_t i = 0; d->links != NULL && i < d->links->n; i++)
        if (d->links->l[i].id == id)
            return &d->links->l[i];
    return NULL;
}

static struct market_link *link_pair(const struct desk *d, market_id a, market_id b) {
    for (size_t i = 0; d->links != NULL && i < d->links->n; i++) {
        struct market_link *l = &d->links->l[i];
        if ((l->a == a && l->b == b) || (l->a == b && l->b == a))
            return l;
    }
    return NULL;
}

static void link_add(struct desk *d, const struct market_link *l) {
    struct links *s = links_of(d);
    s->l = xgrow(s->l, &s->cap, s->n + 1, sizeof *s->l);
    size_t at = s->n++;
    for (; at > 0 && s->l[at - 1].id > l->id; at--)
        s->l[at] = s->l[at - 1];
    s->l[at] = *l;
}

static void link_drop(struct desk *d, struct market_link *l) {
    struct links *s = d->links;
    l->deleted = 1;
    save_add(d, SAVE_LINK)->u.link = *l;
    size_t at = (size_t)(l - s->l);
    memmove(l, l + 1, (s->n - at - 1) * sizeof *l);
    s->n--;
}

/* --- groups ------------------------------------------------------------------------------------------ */
struct reach { int n; market_id id[ROUTE_MAX + 1]; bool inverted[ROUTE_MAX + 1]; };

static void reach_from(const struct desk *d, market_id from, uint32_t without, struct reach *r) {
    *r = (struct reach){.n = 1, .id = {from}};
    for (int i = 0; i < r->n; i++)
        for (size_t k = 0; d->links != NULL && k < d->links->n && r->n <= ROUTE_MAX; k++) {
            const struct market_link *l = &d->links->l[k];
            market_id other = l->a == r->id[i] ? l->b : l->b == r->id[i] ? l->a : 0;
            bool known = other == 0 || l->id == without;
            for (int j = 0; j < r->n; j++)
                known = known || r->id[j] == other;
            if (known)
                continue;
            r->id[r->n] = other;
            r->inverted[r->n++] = r->inverted[i] != (l->inverted != 0);
        }
}

void group_of(const struct desk *d, struct mkt *m, struct group *out) {
    struct reach r;
    reach_from(d, m->m.id, 0, &r);
    *out = (struct group){.n = 1, .m = {m}};
    for (int i = 1; i < r.n && out->n < ROUTE_MAX; i++) {
        struct mkt *k = mkt_find(d, r.id[i]);
        if (k == NULL) /* not listed since the start */
            continue;
        out->m[out->n] = k;
        out->inverted[out->n++] = r.inverted[i];
    }
}

bool links_join(const struct desk *d, market_id a, market_id b) {
    struct reach r;
    reach_from(d, a, 0, &r);
    for (int i = 0; i < r.n; i++)
        if (r.id[i] == b)
            return true;
    return false;
}

/* --- the equality rules --------------------------------------------------------------------------------- */
static const char *groups_collide(const struct desk *d, const struct market_link *l) {
    struct reach a, b;
    reach_from(d, l->a, l->id, &a);
    reach_from(d, l->b, l->id, &b);
    for (int i = 0; i < a.n; i++)
        if (a.id[i] == l->b)
            return "they are linked already, by way of another market";
    if (a.n + b.n > ROUTE_MAX)
        return "too many markets for one outcome";
    for (int i = 0; i < a.n; i++)
        for (int k = 0; k < b.n; k++) {
            const struct mkt *x = mkt_find(d, a.id[i]), *y = mkt_find(d, b.id[k]);
            if (x != NULL && y != NULL && x->m.venue == y->m.venue)
                return "one of the two is linked with a market of the other's venue already";
        }
    return NULL;
}

static enum err link_check(const struct desk *d, const struct market_link *l, const char **why) {
    const struct mkt *a = mkt_find(d, l->a), *b = mkt_find(d, l->b);
    *why = NULL;
    if (a == NULL || b == NULL)
        return *why = "one of the markets is not known", ERR_NOT_FOUND;
    if (a->m.status == MARKET_RESOLVED || b->m.status == MARKET_RESOLVED)
        return ERR_MARKET_CLOSED;
    if (a->m.venue == b->m.venue)
        *why = "both markets are of the same venue";
    else if (a->m.kind != b->m.kind)
        *why = "one pays by outcome, the other is a perpetual";
    else if (l->inverted && a->m.kind != MARKET_BINARY)
        *why = "only markets with two outcomes can be inverted";
    else if (a->m.closes_us > 0 && b->m.closes_us > 0 && llabs(a->m.closes_us - b->m.closes_us) > DAY_US)
        *why = "they close more than a day apart";
    else
        *why = groups_collide(d, l);
    return *why != NULL ? ERR_BAD_VALUE : ERR_OK;
}

/* --- wishes ------------------------------------------------------------------------------------------------ */
static void links_sweep(struct desk *d) {
    for (size_t i = d->links != NULL ? d->links->n : 0; i-- > 0;) {
        struct market_link *l = &d->links->l[i];
        const struct mkt *a = mkt_find(d, l->a), *b = mkt_find(d, l->b);
        if ((a != NULL && a->m.status == MARKET_RESOLVED) || (b != NULL && b->m.status == MARKET_RESOLVED))
            link_drop(d, l);
    }
}

static void link_put(struct desk *d, const struct intent *in) {
    struct market_link l = in->u.link;
    const char *why;
    links_sweep(d);
    struct market_link *old = l.id != 0 ? link_find(d, l.id) : link_pair(d, l.a, l.b);
    if (l.id != 0 && old == NULL) {
        reply(d, in->token, ERR_NOT_FOUND, NULL, NULL);
        return;
    }
    if (old != NULL && l.id == 0 && old->inverted == l.inverted && (l.origin == LINK_BY_FILE || strcmp(old->note, l.note) == 0)) {
        reply_num(d, in->token, ERR_OK, old->id, NULL);
        return;
    }
    l.id = old != NULL ? old->id : 0;
    l.deleted = 0;
    utf8_sanitise(l.note, sizeof l.note, in->u.link.note, strnlen(in->u.link.note, sizeof l.note - 1));
    enum err e = link_check(d, &l, &why);
    if (e != ERR_OK) {
        reply(d, in->token, e, NULL, why);
        return;
    }
    if (old != NULL) {
        *old = l;
    } else {
        l.id = d->next_num++;
        link_add(d, &l);
    }
    save_add(d, SAVE_LINK)->u.link = l;
    save_after(d, AFTER_REPLY, l.id, in->token, PRICE(0), QTY(0));
    d->dirty |= DIRTY_MARKETS;
}

void intent_link(struct desk *d, const struct intent *in) {
    if (!d->leader || !d->loaded) {
        reply(d, in->token, d->leader ? ERR_RECONCILING : ERR_NOT_LEADER, NULL, NULL);
        return;
    }
    if (in->kind == INTENT_LINK_PUT) {
        link_put(d, in);
        return;
    }
    struct market_link *l = link_find(d, in->order);
    if (l == NULL) {
        reply(d, in->token, ERR_NOT_FOUND, NULL, NULL);
        return;
    }
    save_after(d, AFTER_REPLY, l->id, in->token, PRICE(0), QTY(0));
    link_drop(d, l);
    num_keep(d);
    d->dirty |= DIRTY_MARKETS;
}

void on_link(struct desk *d, const struct event *ev) {
    const struct market_link *l = &ev->u.link;
    if (l->id >= d->next_num)
        d->next_num = l->id + 1;
    if (!l->deleted && !d->loaded && link_find(d, l->id) == NULL)
        link_add(d, l);
}

/* --- for everybody ------------------------------------------------------------------------------------------ */
uint64_t hash_links(const struct desk *d, uint64_t h) {
    for (size_t i = 0; d->links != NULL && i < d->links->n; i++) {
        const struct market_link *l = &d->links->l[i];
        h = fnv64_u64(fnv64_u64(fnv64_u64(h, l->id), l->a), l->b);
        h = fnv64(fnv64_u64(h, (uint64_t)l->inverted << 1 | l->origin), l->note, strlen(l->note));
    }
    return h;
}

void router_free(struct desk *d) {
    if (d->links != NULL)
        free(d->links->l);
    free(d->links);
    d->links = NULL;
}

const struct market_link *view_next_link(const struct desk *d, int *cursor) {
    return d->links != NULL && *cursor >= 0 && (size_t)*cursor < d->links->n ? &d->links->l[(*cursor)++] : NULL;
}
