/* A window on the snipers or alerts. */
#include "ui/panes/watch_window.h"

#include <string.h>

#include "ui/session_private.h"

enum { WALK_US = 1000000, MANY = 20000 };

static bool shows(const struct session *s, const struct watch *w) { return w->account == 0 || session_shows(s, w->account); }

static bool in_window(const struct watch_window *w, watch_id id) {
    for (int i = 0; i < w->n; i++)
        if (w->id[i] == id)
            return true;
    return false;
}

/* The other one of a pair comes right behind it, wherever its number stands. */
static void add(const struct desk *view, struct watch_window *w, const struct watch *at, size_t place, bool live) {
    struct view_watch partner;
    const int room = live ? WINDOW_ROWS : WINDOW_ROWS + WINDOW_DONE;
    if (at->oco && in_window(w, at->id))
        return;
    if (live)
        w->at[w->n] = place;
    w->id[w->n++] = at->id;
    if (!at->oco || w->n >= room || in_window(w, at->oco) || !view_watch(view, at->oco, &partner) || watch_live(partner.w) != live || partner.w->kind != at->kind)
        return;
    if (live)
        w->at[w->n] = place;
    w->id[w->n++] = at->oco;
}

static void add_done(struct session *s, struct watch_window *w, enum watch_kind k) {
    watch_id recent[WINDOW_DONE];
    size_t cursor = 0;
    int n = 0;
    for (const struct watch *at; (at = view_next_watch(s->view, &cursor, k, false));)
        if (!watch_live(at) && shows(s, at))
            recent[n++ % WINDOW_DONE] = at->id;
    for (int i = 0; i < n && i < WINDOW_DONE; i++) /* the newest first */
        w->id[w->n++] = recent[(n - 1 - i) % WINDOW_DONE];
}

static void walk(struct session *s, struct watch_window *w, enum watch_kind k) {
    size_t cursor = w->start, place = cursor;
    w->n = 0;
    w->more = false;
    for (const struct watch *at; (at = view_next_watch(s->view, &cursor, k, true)); place = cursor) {
        if (!shows(s, at))
            continue;
        if (w->n >= WINDOW_ROWS) {
            w->more = true;
            break;
        }
        add(s->view, w, at, place, true);
    }
    w->live = w->n;
    if (!w->more)
        add_done(s, w, k);
    w->built = true;
    w->walked_us = session_mono_us(s);
}

void window_refresh(struct session *s, struct watch_window *w, enum watch_kind k) {
    const size_t count = view_watch_count(s->view, k, false), armed = view_watch_count(s->view, k, true);
    const int64_t age = session_mono_us(s) - w->walked_us;
    const bool same = w->built && w->one_account == s->one_account && w->account == session_account(s);
    const bool many = count + view_watch_count(s->view, k == WATCH_SNIPER ? WATCH_ALERT : WATCH_SNIPER, false) > MANY; /* a walk takes milliseconds then */
    if (same && (many || (count == w->count && armed == w->armed)) && age < WALK_US && age >= 0)
        return;
    w->count = count;
    w->armed = armed;
    w->one_account = s->one_account;
    w->account = session_account(s);
    walk(s, w, k);
}

bool window_down(struct session *s, struct watch_window *w, enum watch_kind k) {
    if (!w->more || w->live < 2)
        return false;
    w->start = w->at[w->live / 2];
    walk(s, w, k);
    return true;
}

/* Back by half a window of places; further where most of them are over or of the other kind. */
bool window_up(struct session *s, struct watch_window *w, enum watch_kind k) {
    const watch_id first = w->n ? w->id[0] : 0;
    if (w->start == 0)
        return false;
    for (size_t back = WINDOW_ROWS / 2; w->start > 0; back *= 4) {
        w->start = w->start > back ? w->start - back : 0;
        walk(s, w, k);
        if (w->n == 0 || w->id[0] != first)
            break;
    }
    return true;
}

void window_first(struct watch_window *w) {
    w->built = w->built && w->start == 0;
    w->start = 0;
}

void window_last(struct session *s, struct watch_window *w, enum watch_kind k) {
    size_t cursor = w->start, places[2] = {w->start, w->start}; /* half a window before the last row seen, in steps */
    int n = 0;
    if (!w->more)
        return;
    while (view_next_watch(s->view, &cursor, k, true))
        if (++n % (WINDOW_ROWS / 2) == 0)
            places[0] = places[1], places[1] = cursor;
    w->start = places[0];
    walk(s, w, k);
}
