/* Reading one HTTP/1.1 answer from the bytes of a connection. Pure; strict where two readings would be possible. */
#ifndef TURRET_IO_HTTP_LINE_ANSWER_H
#define TURRET_IO_HTTP_LINE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

enum line_read { LINE_MORE, LINE_WHOLE, LINE_BROKEN, LINE_TOO_LONG };

struct line_answer {
    char *buf;             /* NUL-terminated; a whole head's lines are ended by NULs, the last is "\n" */
    size_t have, cap, max; /* max: of the body */
    size_t head, body, body_len;
    int status;
    bool headed, keep /* the connection serves the next one */, to_end /* the body ends with the connection */, chunked;
    const char *why;
};

void line_answer_init(struct line_answer *a, size_t max);
void line_answer_free(struct line_answer *a);
/* Room for n more bytes at the end; then look with how many came. */
char *line_answer_room(struct line_answer *a, size_t n);
enum line_read line_answer_look(struct line_answer *a, size_t came, bool end);
/* A header's value in the lines of a head, NULL = absent. */
const char *http_line_header(const char *head, const char *name);

#endif
