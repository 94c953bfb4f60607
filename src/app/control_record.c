/* `turret tape record`: market data of the running desk goes to a tape while the asking connection lasts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/control_impl.h"
#include "turret/base/mem.h"
#include "venue/sim/import.h"

static void put_market(struct tape_recorder *r, const struct view_market *vm, int64_t now_us) {
    struct event ev;
    event_init(&ev, EVENT_MARKET, (enum venue_id)vm->m->venue, now_us);
    ev.u.market = *vm->m;
    tape_recorder_event(r, &ev);
}

/* The book as it stands, so that the tape begins complete. */
static void put_book(struct tape_recorder *r, const struct view_market *vm, int64_t now_us) {
    int bids = book_count(vm->book, BOOK_BID), asks = book_count(vm->book, BOOK_ASK);
    size_t size = event_base_size(EVENT_BOOK) + (size_t)(bids + asks) * sizeof(struct level);
    if (bids + asks == 0 || bids > UINT16_MAX || asks > UINT16_MAX || size > EVENT_SIZE_MAX)
        return;
    struct event *ev = xcalloc(1, size > sizeof *ev ? size : sizeof *ev);
    event_init(ev, EVENT_BOOK, (enum venue_id)vm->m->venue, now_us);
    ev->size = (uint32_t)size;
    ev->u.book.market = vm->m->id;
    ev->u.book.flags = BOOK_SNAPSHOT;
    ev->u.book.n_bids = (uint16_t)bids;
    ev->u.book.n_asks = (uint16_t)asks;
    for (int i = 0; i < bids; i++)
        ev->u.book.levels[i] = *book_level(vm->book, BOOK_BID, i);
    for (int i = 0; i < asks; i++)
        ev->u.book.levels[bids + i] = *book_level(vm->book, BOOK_ASK, i);
    tape_recorder_event(r, ev);
    free(ev);
}

static void on_event(void *ctx, const struct event *ev) {
    struct peer *p = ctx;
    if (tape_recorder_event(p->recorder, ev) == ERR_OK)
        return;
    peer_answer_error(p, ERR_IO, "the tape can't be written any more (full disk?)", NULL);
    record_stop(p, false);
}

void record_start(struct peer *p, const uint8_t *bytes, size_t n) {
    struct control *c = p->all;
    char path[4096], text[REASON_MAX] = "";
    if (n == 0) {
        record_stop(p, true);
        return;
    }
    if (c->recording || n >= sizeof path || bytes[0] != '/' || memchr(bytes, 0, n)) {
        peer_answer_error(p, c->recording ? ERR_FAILED : ERR_USAGE, c->recording ? "a recording runs already" : "bad path", NULL);
        return;
    }
    snprintf(path, sizeof path, "%.*s", (int)n, (const char *)bytes);
    enum err e = tape_recorder_open(path, &p->recorder, text);
    if (e) {
        peer_answer_error(p, e, text, NULL);
        return;
    }
    const struct desk *d = engine_view(c->engine);
    struct view_market vm;
    for (int i = 0; view_market_at(d, i, &vm); i++)
        put_market(p->recorder, &vm, engine_now_us(c->engine));
    for (int i = 0; view_market_at(d, i, &vm); i++)
        put_book(p->recorder, &vm, engine_now_us(c->engine));
    c->recording = p;
    engine_set_tap(c->engine, on_event, p);
    peer_answer_data(p, NULL, NULL, "recording");
}

void record_stop(struct peer *p, bool answer) {
    uint64_t records = 0;
    char text[REASON_MAX] = "";
    if (!p->recorder)
        return;
    engine_set_tap(p->all->engine, NULL, NULL);
    p->all->recording = NULL;
    enum err e = tape_recorder_close(p->recorder, &records, text);
    p->recorder = NULL;
    if (!answer)
        return;
    if (e) {
        peer_answer_error(p, e, text, NULL);
        return;
    }
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "records", (double)records);
    peer_answer_data(p, o, NULL, NULL);
}
