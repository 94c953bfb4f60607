/* Tapes as files: opening one to read (mapped), and writing one so that it appears whole or not at all. */
#ifndef TURRET_VENUE_SIM_TAPE_FILE_H
#define TURRET_VENUE_SIM_TAPE_FILE_H

#include "turret/market/tape.h"
#include "turret/trade/order.h"

struct tape_file {
    const uint8_t *bytes;
    size_t len;
    struct tape_reader *reader;
    bool cut;
};
/* On ERR_OK `text` is empty or a warning (the tape is cut). */
enum err tape_file_open(struct tape_file *f, const char *path, char text[REASON_MAX]);
void tape_file_close(struct tape_file *f);

/* Writes PATH.part and renames it when done. */
struct tape_out {
    int fd;
    char path[4096], part[4096 + 8];
    uint64_t bytes;
    struct tape_writer *w;
};
enum err tape_out_open(struct tape_out *o, const char *path, char text[REASON_MAX]);
enum err tape_out_flush(struct tape_out *o, char text[REASON_MAX]); /* what the writer has ready */
enum err tape_out_finish(struct tape_out *o, uint64_t *bytes, char text[REASON_MAX]);
void tape_out_drop(struct tape_out *o); /* gives up; harmless after finish */

/* All of it, whatever write() says at first. */
bool tape_write_all(int fd, const uint8_t *p, size_t n);

#endif
