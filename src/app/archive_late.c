/* An archive whose database comes later: until then nothing is kept and everybody is told so (on the next loop turn, as the port
 * promises). */
#include <ev.h>
#include <stdlib.h>

#include "app/archive_late.h"
#include "turret/base/mem.h"
#include "turret/io/loop.h"

struct waiting { struct waiting *next; archive_done_fn *done; archive_rows_fn *rows; void *ctx; };
struct late { struct archive head; struct archive *behind; struct waiting *first; ev_timer soon; };

static struct late *late_of(const struct archive *a) { return (struct late *)(uintptr_t)a; }

static void on_soon(struct ev_loop *loop, ev_timer *t, int revents) {
    struct late *l = t->data;
    (void)loop;
    (void)revents;
    for (struct waiting *w; (w = l->first);) {
        l->first = w->next;
        if (w->done)
            w->done(w->ctx, ERR_STORE_DOWN, "the database is not there yet");
        else
            w->rows(w->ctx, ERR_STORE_DOWN, NULL);
        free(w);
    }
}

static void later(struct late *l, archive_done_fn *done, archive_rows_fn *rows, void *ctx) {
    struct waiting *w = xmalloc(sizeof *w);
    *w = (struct waiting){l->first, done, rows, ctx};
    l->first = w;
    if (!ev_is_active(&l->soon)) {
        ev_timer_set(&l->soon, 0, 0);
        ev_timer_start(loop_get(), &l->soon);
    }
}

static void late_insert(struct archive *a, enum archive_kind kind, const cJSON *doc, archive_done_fn *done, void *ctx) {
    struct late *l = late_of(a);
    if (l->behind)
        l->behind->ops->insert(l->behind, kind, doc, done, ctx);
    else
        later(l, done, NULL, ctx);
}

static void late_update(struct archive *a, enum archive_kind kind, const cJSON *doc, archive_done_fn *done, void *ctx) {
    struct late *l = late_of(a);
    if (l->behind)
        l->behind->ops->update(l->behind, kind, doc, done, ctx);
    else
        later(l, done, NULL, ctx);
}

static void late_read(struct archive *a, const struct archive_query *q, archive_rows_fn *rows, void *ctx) {
    struct late *l = late_of(a);
    if (l->behind)
        l->behind->ops->read(l->behind, q, rows, ctx);
    else
        later(l, NULL, rows, ctx);
}

static bool late_idle(const struct archive *a) {
    const struct late *l = late_of(a);
    return !l->first && (!l->behind || l->behind->ops->idle(l->behind));
}

static void late_close(struct archive *a) {
    struct late *l = late_of(a);
    ev_timer_stop(loop_get(), &l->soon);
    for (struct waiting *w; (w = l->first);) {
        l->first = w->next;
        free(w);
    }
    if (l->behind)
        l->behind->ops->close(l->behind);
    free(l);
}

static const struct archive_ops ops = {"late", late_insert, late_update, late_read, late_idle, late_close};

struct archive *archive_late_new(void) {
    struct late *l = xcalloc(1, sizeof *l);
    l->head.ops = &ops;
    ev_init(&l->soon, on_soon);
    l->soon.data = l;
    return &l->head;
}

void archive_late_set(struct archive *a, struct archive *behind) {
    struct late *l = late_of(a);
    if (l->behind)
        l->behind->ops->close(l->behind);
    l->behind = behind;
}
