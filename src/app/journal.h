/* The journal: every event the desk was given, as it was. Header with version, then chunks {length, CRC, bytes}; a file cut by a
 * kill is readable up to its last whole chunk. */
#ifndef TURRET_APP_JOURNAL_H
#define TURRET_APP_JOURNAL_H

#include "turret/desk/event.h"

struct journal;
struct journal *journal_create(const char *path, char *text, size_t cap);
bool journal_write(struct journal *j, const struct event *ev); /* false: can't be written (full disk) */
bool journal_flush(struct journal *j);
void journal_close(struct journal *j);

struct journal_reader;
/* ERR_CORRUPT (not a journal, another version), ERR_IO. */
enum err journal_open(const char *path, struct journal_reader **out, char *text, size_t cap);
/* The next event, NULL at the end. *cut: the file ends in the middle of a chunk or in damage; text says where. */
const struct event *journal_next(struct journal_reader *r, bool *cut, char *text, size_t cap);
void journal_reader_close(struct journal_reader *r);

#endif
