/* Reading a JSON document once, front to back, without a tree: for streams, where most of what comes is looked at once and small.
 * Checks the whole grammar as it goes (numbers, brackets, commas, no NUL, depth); strings stay where they are in the text. */
#ifndef TURRET_BASE_JSON_READ_H
#define TURRET_BASE_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct json_text { /* a piece of the document */
    const char *p;
    size_t len;
    bool escaped; /* a string with backslashes: not to be taken as it stands */
};
enum json_kind { JSON_KIND_BAD, JSON_KIND_OBJECT, JSON_KIND_ARRAY, JSON_KIND_STRING, JSON_KIND_NUMBER, JSON_KIND_TRUE, JSON_KIND_FALSE, JSON_KIND_NULL };

struct json_reader {
    const char *p, *end;
    const char *what; /* the first thing that is wrong; then every call says false */
    int depth;
    uint64_t begun;   /* bit d: something was read at depth d */
};

void json_reader_init(struct json_reader *r, const char *text, size_t len);
/* What the next value is, without reading it. */
enum json_kind json_peek(struct json_reader *r);
/* Steps into the object or array that is next; then json_member or json_element until it says false: at its end (left by then), or at an error. */
bool json_enter(struct json_reader *r, enum json_kind kind);
bool json_member(struct json_reader *r, struct json_text *key); /* its value is next */
bool json_element(struct json_reader *r);
/* Reads the next value: a string without its quotes, a number, true, false or null as written; an object or array as a whole. */
bool json_value(struct json_reader *r, enum json_kind *kind, struct json_text *out);
bool json_skip(struct json_reader *r);
/* Nothing but blanks is left. */
bool json_done(struct json_reader *r);
bool json_wrong(struct json_reader *r, const char *what); /* notes an error of the caller's own; always false */

static inline bool json_text_is(const struct json_text *t, const char *word, size_t len) { return t->len == len && !t->escaped && memcmp(t->p, word, len) == 0; }
#define JSON_IS(t, word) json_text_is((t), word, sizeof word - 1)

#endif
