/* The recorder: a running desk's market events appended to a tape file, block by block, synced at least once a second. */
#include "import.h"
#include "tape_file.h"

#include "turret/base/map.h"
#include "turret/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYNC_US 1000000

struct tape_recorder {
    int fd;
    bool failed;
    struct tape_writer *w;
    struct map markets; /* id -> index + 1 */
    int64_t last_us, synced_us;
    uint64_t records;
};

enum err tape_recorder_open(const char *path, struct tape_recorder **out, char text[REASON_MAX]) {
    *out = NULL;
    *text = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        snprintf(text, REASON_MAX, "can't make %.48s: %.32s", path, strerrordesc_np(errno));
        return ERR_IO;
    }
    struct tape_recorder *r = xcalloc(1, sizeof *r);
    r->fd = fd;
    r->w = tape_writer_new();
    map_init(&r->markets);
    *out = r;
    return ERR_OK;
}

static bool put(struct tape_recorder *r, bool finish) {
    size_t n;
    const uint8_t *p = tape_writer_take(r->w, finish, &n);
    r->failed = r->failed || !tape_write_all(r->fd, p, n) || fdatasync(r->fd) != 0;
    return !r->failed;
}

/* A market's index on the tape; listed anew only once. */
static bool market_index(struct tape_recorder *r, market_id id, uint32_t *index) {
    uint64_t at;
    if (!map_get(&r->markets, id, &at))
        return false;
    *index = (uint32_t)(at - 1);
    return true;
}

static bool level_fits(const struct level *l) {
    return l->px.micro >= 0 && l->px.micro <= TAPE_PRICE_MAX && l->size.micro >= 0 && l->size.micro <= TAPE_SIZE_MAX;
}

static bool record_of(struct tape_recorder *r, const struct event *ev, struct tape_record *rec) {
    market_id id = 0;
    *rec = (struct tape_record){.at_us = ev->at_us > r->last_us ? ev->at_us : r->last_us};
    switch ((enum event_type)ev->type) {
    case EVENT_BOOK: {
        const struct ev_book *b = &ev->u.book;
        id = b->market;
        *rec = (struct tape_record){.kind = TAPE_BOOK, .flags = (uint8_t)(b->flags & 3), .at_us = rec->at_us, .n_bids = b->n_bids, .n_asks = b->n_asks, .levels = b->levels};
        if (b->n_bids + b->n_asks > TAPE_LEVELS_MAX)
            return false;
        for (int i = 0; i < b->n_bids + b->n_asks; i++)
            if (!level_fits(&b->levels[i]))
                return false;
        break;
    }
    case EVENT_TRADE:
        id = ev->u.trade.market;
        rec->kind = TAPE_TRADE;
        rec->flags = ev->u.trade.taker_side == ACTION_BUY;
        rec->px = ev->u.trade.px;
        rec->size = ev->u.trade.size;
        break;
    case EVENT_MARK:
        id = ev->u.mark.market;
        rec->kind = TAPE_MARK;
        rec->px = ev->u.mark.mark;
        break;
    case EVENT_MARKET_STATUS:
        id = ev->u.market_status.market;
        rec->kind = TAPE_STATUS;
        rec->status = ev->u.market_status.status;
        rec->outcome = ev->u.market_status.outcome;
        break;
    default: return false;
    }
    struct level l = {rec->px, rec->size};
    return level_fits(&l) && market_index(r, id, &rec->market);
}

enum err tape_recorder_event(struct tape_recorder *r, const struct event *ev) {
    struct tape_record rec;
    uint32_t index;
    if (r->failed)
        return ERR_IO;
    if (ev->type == EVENT_MARKET) {
        const struct market *m = &ev->u.market;
        if (market_index(r, m->id, &index) || m->tick.micro <= 0 || m->lot.micro <= 0)
            return ERR_OK;
        map_put(&r->markets, m->id, (uint64_t)tape_write_market(r->w, m) + 1);
        return ERR_OK;
    }
    if (!record_of(r, ev, &rec))
        return ERR_OK;
    tape_write(r->w, &rec);
    r->records++;
    r->last_us = rec.at_us;
    if (r->synced_us == 0 || r->last_us - r->synced_us >= SYNC_US) {
        tape_writer_flush(r->w);
        put(r, false);
        r->synced_us = r->last_us;
    }
    return r->failed ? ERR_IO : ERR_OK;
}

enum err tape_recorder_close(struct tape_recorder *r, uint64_t *records, char text[REASON_MAX]) {
    *text = 0;
    *records = r->records;
    bool good = !r->failed && put(r, true);
    if (!good)
        snprintf(text, REASON_MAX, "the tape could not be written to its end: it plays up to its last whole block");
    close(r->fd);
    tape_writer_free(r->w);
    map_free(&r->markets);
    free(r);
    return good ? ERR_OK : ERR_IO;
}
