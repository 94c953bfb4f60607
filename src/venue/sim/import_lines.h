/* What both importers need: lines out of plain or gzip files, notes for the report, steps from the numbers seen. */
#ifndef TURRET_VENUE_SIM_IMPORT_LINES_H
#define TURRET_VENUE_SIM_IMPORT_LINES_H

#include "import.h"

struct lines {
    void *gz; /* gzFile */
    char *buf;
    size_t cap, start, end;
    uint64_t number; /* of the line last given, from 1 */
    bool eof, cut;   /* cut: the compressed stream ended in the middle */
};
enum err lines_open(struct lines *l, const char *path, char text[REASON_MAX]);
/* The next line without its end, empty lines left out; valid until the next call. False at the end. A line longer than
 * IMPORT_LINE_MAX comes with *len = IMPORT_LINE_MAX + 1 and no content. */
bool lines_next(struct lines *l, const char **text, size_t *len);
void lines_close(struct lines *l);

void import_note(struct import_report *rep, uint64_t line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The step of a set of numbers: the largest power of ten (at most `most`) that divides all, or a 2 or 5 times that when many
 * numbers say so. */
struct step_seen { int64_t gcd; uint64_t count; };
void step_see(struct step_seen *s, int64_t micro);
int64_t step_guess(const struct step_seen *s, int64_t most);
uint8_t step_digits(int64_t step); /* fraction digits that show every multiple of it */

#endif
