/* Tapes as files: mapped to read, written under another name first. */
#include "tape_file.h"

#include "turret/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err io_error(char text[REASON_MAX], const char *what, const char *path) {
    snprintf(text, REASON_MAX, "can't %s %.48s: %.32s", what, path, strerrordesc_np(errno));
    return ERR_IO;
}

static enum err map_file(struct tape_file *f, int fd, const char *path, char text[REASON_MAX]) {
    struct stat st;
    if (fstat(fd, &st) != 0)
        return io_error(text, "read", path);
    if (!S_ISREG(st.st_mode) || st.st_size == 0) {
        snprintf(text, REASON_MAX, "%.60s is %s, not a tape", path, S_ISREG(st.st_mode) ? "empty" : "no plain file");
        return ERR_CORRUPT;
    }
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return io_error(text, "map", path);
    madvise(p, (size_t)st.st_size, MADV_SEQUENTIAL);
    f->bytes = p;
    f->len = (size_t)st.st_size;
    return ERR_OK;
}

enum err tape_file_open(struct tape_file *f, const char *path, char text[REASON_MAX]) {
    *f = (struct tape_file){0};
    *text = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return io_error(text, "open", path);
    enum err e = map_file(f, fd, path, text);
    close(fd);
    if (e == ERR_OK)
        e = tape_reader_new(f->bytes, f->len, &f->reader, &f->cut, text, REASON_MAX);
    if (e != ERR_OK)
        tape_file_close(f);
    return e;
}

void tape_file_close(struct tape_file *f) {
    tape_reader_free(f->reader);
    if (f->bytes)
        munmap((void *)(uintptr_t)f->bytes, f->len);
    *f = (struct tape_file){0};
}

bool tape_write_all(int fd, const uint8_t *p, size_t n) {
    while (n > 0) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

enum err tape_out_open(struct tape_out *o, const char *path, char text[REASON_MAX]) {
    *o = (struct tape_out){.fd = -1};
    if (strlen(path) >= sizeof o->path) {
        snprintf(text, REASON_MAX, "the path of the tape is too long");
        return ERR_IO;
    }
    str_copy(o->path, sizeof o->path, path);
    snprintf(o->part, sizeof o->part, "%s.part", path);
    o->fd = open(o->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (o->fd < 0)
        return io_error(text, "write", o->part);
    o->w = tape_writer_new();
    return ERR_OK;
}

static enum err put(struct tape_out *o, bool finish, char text[REASON_MAX]) {
    size_t n;
    const uint8_t *p = tape_writer_take(o->w, finish, &n);
    o->bytes += n;
    return tape_write_all(o->fd, p, n) ? ERR_OK : io_error(text, "write", o->part);
}

enum err tape_out_flush(struct tape_out *o, char text[REASON_MAX]) { return put(o, false, text); }

enum err tape_out_finish(struct tape_out *o, uint64_t *bytes, char text[REASON_MAX]) {
    enum err e = put(o, true, text);
    *bytes = o->bytes;
    if (e == ERR_OK && (fsync(o->fd) != 0 || rename(o->part, o->path) != 0))
        e = io_error(text, "write", o->path);
    if (e == ERR_OK)
        *o->part = 0;
    tape_out_drop(o);
    return e;
}

void tape_out_drop(struct tape_out *o) {
    if (o->fd >= 0)
        close(o->fd);
    if (*o->part)
        unlink(o->part);
    tape_writer_free(o->w);
    *o = (struct tape_out){.fd = -1};
}
