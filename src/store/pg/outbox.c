/* Layout: 16 bytes of head (mark, layout number), then records {u32 length, u32 crc, fx_save}. Length 0 ends it: the
 * reserved blocks are zeros. Synchronous on purpose: an exit must not leave before it is on the disk. */
#include "outbox.h"

#include "turret/base/mem.h"
#include "turret/io/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define OUTBOX_LAYOUT 2u
#define OUTBOX_RESERVE (512 << 10)
struct head {
    char mark[8];
    uint32_t layout, record;
};
struct rec_head {
    uint32_t len, crc;
};
static const struct head good = {"TRTOUTB", OUTBOX_LAYOUT, (uint32_t)sizeof(struct fx_save)};

static bool write_all(int fd, const void *p, size_t n, uint64_t at) {
    while (n) {
        ssize_t w = pwrite(fd, p, n, (off_t)at);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return false;
        p = (const char *)p + w;
        at += (uint64_t)w;
        n -= (size_t)w;
    }
    return true;
}

static uint32_t sum(const struct fx_save *r) { return (uint32_t)crc32(0, (const unsigned char *)r, sizeof *r); }

static bool read_rec(int fd, uint64_t at, struct fx_save *r) {
    struct rec_head h;
    return pread(fd, &h, sizeof h, (off_t)at) == (ssize_t)sizeof h && h.len == sizeof *r &&
           pread(fd, r, sizeof *r, (off_t)(at + sizeof h)) == (ssize_t)sizeof *r && h.crc == sum(r);
}

/* Walks whole batches; returns where the last one ends. */
static uint64_t walk(int fd, void (*fn)(void *, const struct fx_save *, size_t), void *ctx) {
    struct fx_save *recs = NULL;
    size_t n = 0, cap = 0;
    uint64_t at = sizeof good, end = at;
    for (;; at += sizeof(struct rec_head) + sizeof(struct fx_save)) {
        recs = xgrow(recs, &cap, n + 1, sizeof *recs);
        if (!read_rec(fd, at, &recs[n]))
            break;
        if (!recs[n++].last)
            continue;
        if (fn)
            fn(ctx, recs, n);
        n = 0;
        end = at + sizeof(struct rec_head) + sizeof(struct fx_save);
    }
    free(recs);
    return end;
}

static void count_one(void *ctx, const struct fx_save *recs, size_t n) {
    (void)recs;
    (void)n;
    (*(int *)ctx)++;
}

static bool begin(struct outbox *o) {
    (void)posix_fallocate(o->fd, 0, OUTBOX_RESERVE); /* where it can't be reserved, it grows as it can */
    o->end = sizeof good;
    o->batches = 0;
    return write_all(o->fd, &good, sizeof good, 0) && fsync(o->fd) == 0;
}

bool outbox_set_aside(struct outbox *o) {
    char other[sizeof o->path + 48];
    snprintf(other, sizeof other, "%s.unreadable-%lld", o->path, (long long)clock_now_us());
    outbox_close(o);
    if (rename(o->path, other))
        return false;
    o->fd = open(o->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return o->fd >= 0 && begin(o);
}

bool outbox_open(struct outbox *o, const char *dir, bool *aside) {
    struct head h;
    *o = (struct outbox){.fd = -1};
    *aside = false;
    snprintf(o->path, sizeof o->path, "%s/outbox", dir);
    o->fd = open(o->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (o->fd < 0)
        return false;
    ssize_t n = pread(o->fd, &h, sizeof h, 0);
    if (n == 0)
        return begin(o);
    if (n != (ssize_t)sizeof h || memcmp(&h, &good, sizeof h) != 0) {
        *aside = true;
        return outbox_set_aside(o);
    }
    o->end = walk(o->fd, count_one, &o->batches);
    return true;
}

void outbox_close(struct outbox *o) {
    if (o->fd >= 0)
        close(o->fd);
    o->fd = -1;
}

bool outbox_add(struct outbox *o, const struct fx_save *recs, size_t n) {
    if (o->fd < 0)
        return false;
    size_t each = sizeof(struct rec_head) + sizeof *recs, size = n * each + sizeof(struct rec_head);
    char *buf = xcalloc(1, size); /* a zero length behind it: remains of older records don't count */
    for (size_t i = 0; i < n; i++) {
        struct fx_save r = recs[i];
        r.last = i + 1 == n;
        struct rec_head h = {(uint32_t)sizeof r, sum(&r)};
        memcpy(buf + i * each, &h, sizeof h);
        memcpy(buf + i * each + sizeof h, &r, sizeof r);
    }
    bool ok = write_all(o->fd, buf, size, o->end) && fdatasync(o->fd) == 0;
    free(buf);
    if (ok) {
        o->end += n * each;
        o->batches++;
    }
    return ok;
}

void outbox_each(const struct outbox *o, void (*fn)(void *, const struct fx_save *, size_t), void *ctx) {
    if (o->fd >= 0)
        (void)walk(o->fd, fn, ctx);
}

bool outbox_clear(struct outbox *o) {
    if (o->fd < 0 || o->end == sizeof good)
        return true;
    static const char zeros[4096];
    uint64_t end = o->end + sizeof(struct rec_head);
    bool ok = true; /* zeros, not a truncation: the reserved blocks stay ours; from the front, so that a cut clears all */
    for (uint64_t at = sizeof good; at < end && ok; at += sizeof zeros)
        ok = write_all(o->fd, zeros, end - at < sizeof zeros ? (size_t)(end - at) : sizeof zeros, at);
    if (!ok || fdatasync(o->fd))
        return false;
    o->end = sizeof good;
    o->batches = 0;
    return true;
}
