/* MARKETS: everything that trades, with search. */
#include "turret/base/str.h"
#include "ui/panes/panes.h"

struct markets_state {
    struct list list;
    account_id account; /* whose markets come first */
};

/* More markets than a list holds: the filter works before the rows are taken, so that search still finds them. */
static bool wanted(const struct market *m, const char *filter) {
    return str_contains_nocase(m->title, filter) || str_contains_nocase(m->symbol, filter) ||
           str_contains_nocase(m->category, filter);
}

static void fetch(struct session *s, void *state, struct list_rows *rows) {
    const struct pane_slot *slot = session_slot(s, state);
    const bool search = view_market_count(s->view) > LIST_MAX && slot && slot->filter[0];
    struct view_market vm;
    struct view_account va = {0};
    const int own = view_account(s->view, session_account(s), &va) ? va.a->venue : VENUE_NONE;
    for (int others = 0; others < 2; others++) /* first where the account on the screen trades */
        for (int i = 0; rows->n < LIST_MAX && view_market_at(s->view, i, &vm); i++)
            if ((vm.m->venue != own) == others && (!search || wanted(vm.m, slot->filter)))
                list_push_copy(rows, vm.m->id, &vm, sizeof vm);
}

static enum role row_role(struct session *s, const void *row, int64_t now_us) {
    (void)s, (void)now_us;
    const struct view_market *vm = row;
    return vm->m->status != MARKET_OPEN ? ROLE_MUTED : vm->stale ? ROLE_STALE : ROLE_COUNT;
}

static const struct list_source source = {
    .table = "markets",
    .empty = "No markets yet: the venues have not listed any",
    .fetch = fetch,
    .role = row_role,
};

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    struct markets_state *p = state;
    const bool others = p->account && p->account != session_account(s);
    p->account = session_account(s);
    list_draw(s, state, &p->list, &source, c, r, focused, now_us);
    if (!others)
        return;
    list_action(s, state, &p->list, &source, ACT_FIRST_ROW);
    canvas_clear(c, r, ROLE_TEXT);
    list_draw(s, state, &p->list, &source, c, r, focused, now_us);
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    struct markets_state *p = state;
    list_subtitle(s, state, &p->list, &source, buf, cap);
}

static unsigned action(struct session *s, void *state, enum action a) {
    struct markets_state *p = state;
    const market_id m = list_current(&p->list);
    const unsigned done = pane_market_action(s, a, m ? m : session_market(s));
    return done ? done : list_action(s, state, &p->list, &source, a);
}

const struct pane pane_markets = {
    .name = "markets",
    .title = "MARKETS",
    .dirty = DIRTY_MARKETS | DIRTY_BOOK,
    .min_w = 24,
    .min_h = 3,
    .state_size = sizeof(struct markets_state),
    .draw = draw,
    .subtitle = subtitle,
    .action = action,
};
