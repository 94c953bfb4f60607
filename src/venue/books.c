/* Books of a venue. Changes go into the copy at once and into a short list of what the sink has not heard; a book whose list grows longer than its
 * content is told whole. */
#include "turret/venue/books.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"

#define LOOK_BACK 24 /* changes of one turn in which the same level is looked for */

struct change { price px; uint8_t side; };

struct vbook {
    struct books *all;
    void *owner;
    struct book *book;
    market_id market;
    size_t place;              /* in all->list */
    struct change *changes;
    size_t n, cap;
    int64_t told_us;
    bool good, gap_told, whole /* to be told as a snapshot */, waiting /* in all->dirty */;
};

struct books {
    enum venue_id venue;
    struct event_sink sink;
    struct vbook **list, **dirty;
    size_t n, cap, n_dirty, cap_dirty;
    uint8_t *scratch;
    size_t cap_scratch;
    int good;
};

struct books *books_new(enum venue_id venue, struct event_sink sink) {
    struct books *s = xcalloc(1, sizeof *s);
    s->venue = venue;
    s->sink = sink;
    return s;
}

static void vbook_free(struct vbook *b) {
    book_free(b->book);
    free(b->changes);
    free(b);
}

void books_free(struct books *s) {
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        vbook_free(s->list[i]);
    free(s->list);
    free(s->dirty);
    free(s->scratch);
    free(s);
}

struct vbook *books_add(struct books *s, market_id market, void *owner) {
    struct vbook *b = xcalloc(1, sizeof *b);
    b->all = s;
    b->market = market;
    b->owner = owner;
    b->book = book_new();
    b->gap_told = true; /* before its first snapshot nobody relies on it */
    b->place = s->n;
    s->list = xgrow(s->list, &s->cap, s->n + 1, sizeof(struct vbook *));
    s->list[s->n++] = b;
    return b;
}

void books_remove(struct books *s, struct vbook *b) {
    assert(s->list[b->place] == b);
    s->good -= b->good;
    s->list[b->place] = s->list[--s->n];
    s->list[b->place]->place = b->place;
    for (size_t i = 0; b->waiting && i < s->n_dirty; i++)
        if (s->dirty[i] == b) {
            memmove(&s->dirty[i], &s->dirty[i + 1], (s->n_dirty - i - 1) * sizeof(struct vbook *));
            s->n_dirty--;
            break;
        }
    vbook_free(b);
}

void *vbook_owner(const struct vbook *b) { return b->owner; }
bool vbook_good(const struct vbook *b) { return b->good; }
bool vbook_dirty(const struct vbook *b) { return b->waiting; }
const struct book *vbook_book(const struct vbook *b) { return b->book; }
int64_t vbook_told_us(const struct vbook *b) { return b->told_us; }
int books_good(const struct books *s) { return s->good; }

static void wait_for_flush(struct vbook *b) {
    struct books *s = b->all;
    if (b->waiting)
        return;
    b->waiting = true;
    s->dirty = xgrow(s->dirty, &s->cap_dirty, s->n_dirty + 1, sizeof(struct vbook *));
    s->dirty[s->n_dirty++] = b;
}

void vbook_clear(struct vbook *b) {
    b->all->good += !b->good;
    b->good = b->whole = true;
    b->n = 0;
    book_clear(b->book);
    wait_for_flush(b);
}

void vbook_gap(struct vbook *b) {
    b->all->good -= b->good;
    b->good = b->whole = false;
    b->n = 0;
    book_clear(b->book);
    if (!b->gap_told)
        wait_for_flush(b);
}

void vbook_set(struct vbook *b, enum book_side side, price px, qty size) {
    if (!b->good)
        return;
    book_set(b->book, side, px, size);
    if (b->whole)
        return;
    for (size_t i = b->n, far = b->n > LOOK_BACK ? b->n - LOOK_BACK : 0; i-- > far;)
        if (b->changes[i].px.micro == px.micro && b->changes[i].side == side)
            return; /* told with the size it has at the flush */
    b->changes = xgrow(b->changes, &b->cap, b->n + 1, sizeof *b->changes);
    b->changes[b->n++] = (struct change){px, (uint8_t)side};
    if (b->n > LOOK_BACK && b->n > (size_t)(book_count(b->book, BOOK_BID) + book_count(b->book, BOOK_ASK))) {
        b->whole = true;
        b->n = 0;
    }
    wait_for_flush(b);
}

/* --- telling ---------------------------------------------------------------------------------------------------------------------------- */
static struct event *book_event(struct books *s, const struct vbook *b, size_t levels, uint32_t flags, int64_t now_us) {
    const size_t size = offsetof(struct event, u.book.levels) + levels * sizeof(struct level);
    assert(size <= EVENT_SIZE_MAX + offsetof(struct event, u.book.levels));
    s->scratch = xgrow(s->scratch, &s->cap_scratch, size, 1);
    struct event *ev = (struct event *)(void *)s->scratch;
    ev->size = (uint32_t)size;
    ev->type = EVENT_BOOK;
    ev->venue = (uint16_t)s->venue;
    ev->at_us = now_us;
    ev->u.book.market = b->market;
    ev->u.book.n_bids = ev->u.book.n_asks = 0;
    ev->u.book.flags = flags;
    return ev;
}

static struct event *whole_event(struct books *s, const struct vbook *b, int64_t now_us) {
    const int bids = book_count(b->book, BOOK_BID), asks = book_count(b->book, BOOK_ASK);
    struct event *ev = book_event(s, b, (size_t)(bids + asks), BOOK_SNAPSHOT, now_us);
    struct level *to = ev->u.book.levels;
    for (int i = 0; i < bids; i++)
        *to++ = *book_level(b->book, BOOK_BID, i);
    for (int i = 0; i < asks; i++)
        *to++ = *book_level(b->book, BOOK_ASK, i);
    ev->u.book.n_bids = (uint16_t)bids;
    ev->u.book.n_asks = (uint16_t)asks;
    return ev;
}

static struct event *change_event(struct books *s, const struct vbook *b, int64_t now_us) {
    struct event *ev = book_event(s, b, b->n, 0, now_us);
    struct level *to = ev->u.book.levels;
    for (int side = BOOK_BID; side <= BOOK_ASK; side++)
        for (size_t i = 0; i < b->n; i++)
            if (b->changes[i].side == side) {
                *to++ = (struct level){b->changes[i].px, book_size_at(b->book, (enum book_side)side, b->changes[i].px)};
                *(side == BOOK_BID ? &ev->u.book.n_bids : &ev->u.book.n_asks) += 1;
            }
    return ev;
}

static void tell(struct books *s, struct vbook *b, int64_t now_us) {
    struct event *ev;
    b->waiting = false;
    if (!b->good) {
        if (b->gap_told)
            return;
        ev = book_event(s, b, 0, BOOK_GAP, now_us);
    } else if (b->whole) {
        ev = whole_event(s, b, now_us);
    } else {
        ev = change_event(s, b, now_us);
    }
    b->gap_told = !b->good;
    b->whole = false;
    b->n = 0;
    b->told_us = now_us;
    s->sink.put(s->sink.ctx, ev);
}

void books_again(struct books *s) {
    for (size_t i = 0; i < s->n; i++)
        if (s->list[i]->good) {
            s->list[i]->whole = true;
            s->list[i]->n = 0;
            wait_for_flush(s->list[i]);
        }
}

bool books_flush(struct books *s, int64_t now_us, int64_t (*clock_us)(void), int64_t budget_us) {
    const int64_t until = clock_us && s->n_dirty ? clock_us() + budget_us : 0;
    size_t i = 0;
    while (i < s->n_dirty) {
        tell(s, s->dirty[i++], now_us);
        if (clock_us && i < s->n_dirty && (i & 3) == 0 && clock_us() > until)
            break;
    }
    if (i)
        memmove(s->dirty, s->dirty + i, (s->n_dirty - i) * sizeof(struct vbook *));
    s->n_dirty -= i;
    return s->n_dirty > 0;
}

void books_beat(struct books *s, int64_t now_us, int64_t quiet_us, bool (*alive)(const struct vbook *b)) {
    for (size_t i = 0; i < s->n; i++) {
        struct vbook *b = s->list[i];
        if (!b->good || b->waiting || now_us - b->told_us < quiet_us || !alive(b))
            continue;
        b->told_us = now_us;
        s->sink.put(s->sink.ctx, book_event(s, b, 0, 0, now_us));
    }
}
