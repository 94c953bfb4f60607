/* The books of a venue as its stream tells them: one copy each, changes collected and told once a flush (one event a book and loop turn), gaps until
 * the next snapshot, and empty changes for books that are quiet but alive. Shared by all real venues; it does no I/O. */
#ifndef TURRET_VENUE_BOOKS_H
#define TURRET_VENUE_BOOKS_H

#include "turret/desk/event.h"

struct books;
struct vbook;

struct books *books_new(enum venue_id venue, struct event_sink sink);
void books_free(struct books *s);
struct vbook *books_add(struct books *s, market_id market, void *owner); /* nothing is known of it yet */
void books_remove(struct books *s, struct vbook *b);
void *vbook_owner(const struct vbook *b);

/* A snapshot begins: all levels are gone, what is set before the next flush is its content. It ends a gap. */
void vbook_clear(struct vbook *b);
/* One level, absolute (0 removes). Without a snapshot, or in a gap, it is dropped. */
void vbook_set(struct vbook *b, enum book_side side, price px, qty size);
/* The content can't be relied on until the next snapshot; the levels are gone. */
void vbook_gap(struct vbook *b);
bool vbook_good(const struct vbook *b); /* a snapshot came, and no gap since */
bool vbook_dirty(const struct vbook *b); /* has something the sink was not told yet */
const struct book *vbook_book(const struct vbook *b);
int64_t vbook_told_us(const struct vbook *b); /* last event of it, 0: none */

/* Tells what changed, for at most budget_us of clock_us (NULL: no limit); true: some books are left for the next turn. */
bool books_flush(struct books *s, int64_t now_us, int64_t (*clock_us)(void), int64_t budget_us);
/* An empty change for each good book that said nothing for quiet_us and of which alive() says that it would have. */
void books_beat(struct books *s, int64_t now_us, int64_t quiet_us, bool (*alive)(const struct vbook *b));
/* The sink took them for lost (the venue was down): each good book is told whole at the next flush. */
void books_again(struct books *s);
int books_good(const struct books *s); /* how many can be relied on */

#endif
