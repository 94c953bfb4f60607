/* Writes and reads journals (journal.h). A chunk is written whole with one write(); its CRC-32 says whether it is. */
#include "app/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "turret/base/mem.h"

#define CHUNK_BYTES (256u << 10)
#define CHUNK_MAX (CHUNK_BYTES + EVENT_SIZE_MAX + 4096)
#define MAGIC "TURRETJ\1"

struct head { char magic[8]; uint32_t version, event_size; }; /* event_size: records of another build do not fit */
struct chunk_head { uint32_t len, crc; };

struct journal { int fd; size_t used; bool bad; uint8_t buf[sizeof(struct chunk_head) + CHUNK_MAX]; };

static struct head head_now(void) {
    struct head h = {.version = 1, .event_size = (uint32_t)sizeof(union event_body)};
    memcpy(h.magic, MAGIC, sizeof h.magic);
    return h;
}

static bool write_all(int fd, const uint8_t *p, size_t n) {
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return false;
        p += w;
        n -= (size_t)w;
    }
    return true;
}

struct journal *journal_create(const char *path, char *text, size_t cap) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct head h = head_now();
    if (fd < 0 || !write_all(fd, (const uint8_t *)&h, sizeof h)) {
        snprintf(text, cap, "can't write the journal %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct journal *j = xmalloc(sizeof *j);
    j->fd = fd;
    j->used = 0;
    j->bad = false;
    return j;
}

bool journal_flush(struct journal *j) {
    if (j->used == 0 || j->bad)
        return !j->bad;
    struct chunk_head h = {.len = (uint32_t)j->used, .crc = (uint32_t)crc32(0, j->buf + sizeof h, (uInt)j->used)};
    memcpy(j->buf, &h, sizeof h);
    j->bad = !write_all(j->fd, j->buf, sizeof h + j->used);
    j->used = 0;
    return !j->bad;
}

bool journal_write(struct journal *j, const struct event *ev) {
    if (j->bad || ev->size > EVENT_SIZE_MAX + 4096)
        return false;
    memcpy(j->buf + sizeof(struct chunk_head) + j->used, ev, ev->size);
    j->used += ev->size;
    return j->used < CHUNK_BYTES || journal_flush(j);
}

void journal_close(struct journal *j) {
    journal_flush(j);
    close(j->fd);
    free(j);
}

struct journal_reader { FILE *f; uint8_t *buf; size_t len, at; uint64_t chunk; bool ended; };

enum err journal_open(const char *path, struct journal_reader **out, char *text, size_t cap) {
    FILE *f = fopen(path, "rbe");
    struct head h, want = head_now();
    if (!f) {
        snprintf(text, cap, "can't read %s: %s", path, strerror(errno));
        return ERR_IO;
    }
    if (fread(&h, sizeof h, 1, f) != 1 || memcmp(h.magic, want.magic, sizeof h.magic)) {
        snprintf(text, cap, "%s is not a journal", path);
        fclose(f);
        return ERR_CORRUPT;
    }
    if (h.version != want.version || h.event_size != want.event_size) {
        snprintf(text, cap, "%s was written by another version of Turret (format %u/%u, this is %u/%u)", path, h.version, h.event_size,
                 want.version, want.event_size);
        fclose(f);
        return ERR_CORRUPT;
    }
    *out = xcalloc(1, sizeof **out);
    (*out)->f = f;
    (*out)->buf = xmalloc(CHUNK_MAX);
    return ERR_OK;
}

static bool next_chunk(struct journal_reader *r, bool *cut, char *text, size_t cap) {
    struct chunk_head h;
    size_t n = fread(&h, 1, sizeof h, r->f);
    if (n == 0) {
        r->ended = true;
        return false;
    }
    if (n != sizeof h || h.len > CHUNK_MAX || fread(r->buf, 1, h.len, r->f) != h.len || crc32(0, r->buf, (uInt)h.len) != h.crc) {
        *cut = r->ended = true;
        snprintf(text, cap, "chunk %llu is cut or damaged; everything before it was read", (unsigned long long)r->chunk);
        return false;
    }
    r->chunk++;
    r->len = h.len;
    r->at = 0;
    return true;
}

const struct event *journal_next(struct journal_reader *r, bool *cut, char *text, size_t cap) {
    if (r->ended || (r->at == r->len && !next_chunk(r, cut, text, cap)))
        return NULL;
    const struct event *ev = (const void *)(r->buf + r->at);
    if (!event_valid(ev, r->len - r->at)) {
        *cut = r->ended = true;
        snprintf(text, cap, "chunk %llu holds a malformed event; everything before it was read", (unsigned long long)r->chunk);
        return NULL;
    }
    r->at += ev->size;
    return ev;
}

void journal_reader_close(struct journal_reader *r) {
    fclose(r->f);
    free(r->buf);
    free(r);
}
