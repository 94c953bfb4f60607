/* Links that are not put by hand: those of links.conf, and the second simulated venue's markets with the first's. Each is
 * proposed as its markets are listed; the desk links a pair once. */
#include <stdlib.h>
#include <string.h>

#include "app/engine_impl.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"

void engine_set_links(struct engine *e, const struct market_link *l, int count) {
    free(e->links);
    e->links = xmalloc((size_t)(count > 0 ? count : 1) * sizeof *l);
    if (count > 0)
        memcpy(e->links, l, (size_t)count * sizeof *l);
    e->link_count = count;
}

static void propose(struct engine *e, const struct market_link *l, int64_t at_us) {
    struct event ev;
    event_init(&ev, EVENT_INTENT, VENUE_NONE, at_us);
    ev.u.intent.kind = INTENT_LINK_PUT;
    ev.u.intent.u.link = *l;
    ev.u.intent.u.link.origin = LINK_BY_FILE;
    engine_put(e, &ev);
}

void links_listed(struct engine *e, const struct event *ev) {
    const struct market *m = &ev->u.market;
    if (ev->type != EVENT_MARKET || m->status == MARKET_RESOLVED)
        return;
    for (int i = 0; i < e->link_count; i++)
        if (e->links[i].a == m->id || e->links[i].b == m->id)
            propose(e, &e->links[i], ev->at_us);
    if (m->venue != VENUE_SIM2)
        return;
    struct market_link same = {.a = market_id_of(VENUE_SIM, m->symbol), .b = m->id};
    str_copy(same.note, sizeof same.note, "simulated");
    propose(e, &same, ev->at_us);
}
