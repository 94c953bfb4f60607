/* Reading JSON documents from outside: a strict parse, then typed getters over cJSON that check everything, look
 * keys up with their case, and name the path of what is wrong ("orders[3].price: missing"). */
#ifndef TURRET_BASE_JSON_H
#define TURRET_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;

/* The first error of a document stays; later ones are dropped, so a caller may read on and look once at the end. */
struct json_err {
    bool set;
    char text[160]; /* path and what is wrong; printable, nothing of the document but its path */
};

/* A place in a document. Its parents and its err must outlive it (they usually stand on the caller's stack). */
struct json {
    const struct cJSON *node; /* NULL where there is nothing */
    const struct json *up;
    const char *key; /* under an object, else NULL */
    int index;       /* in an array */
    struct json_err *err;
};

enum json_need { JSON_REQUIRED, JSON_OPTIONAL };

#define JSON_DEPTH_MAX 32

/* Parses exactly len bytes: one value and nothing after it but blanks, numbers in JSON's own grammar, no NUL (also
 * not as \u0000), at most max_len bytes and JSON_DEPTH_MAX levels. On false *err has the reason. */
bool json_parse(const char *text, size_t len, size_t max_len, struct cJSON **out, struct json_err *err);
void json_free(struct cJSON *doc);
struct json json_root(const struct cJSON *doc, struct json_err *err);

/* Getters. False is an error: missing though required, the wrong type, out of range, a key given twice. Absent or null
 * and optional: true, and *out keeps what it had. On an error *out keeps it too. `from` without a node: false. */
bool json_get_dec(const struct json *from, const char *key, enum json_need need, int64_t *micro);
bool json_get_int(const struct json *from, const char *key, enum json_need need, int64_t low, int64_t high, int64_t *out);
bool json_get_bool(const struct json *from, const char *key, enum json_need need, bool *out);
/* The string itself: foreign bytes, valid as long as the document. */
bool json_get_str(const struct json *from, const char *key, enum json_need need, const char **out);
/* Sanitised (utf8_sanitise) into dst. */
bool json_get_text(const struct json *from, const char *key, enum json_need need, char *dst, size_t cap);
/* One of `names`; *out gets its index. */
bool json_get_choice(const struct json *from, const char *key, enum json_need need, const char *const *names, int count, int *out);
/* Child objects and arrays; optional and absent gives a place without a node (and true). */
bool json_get_object(const struct json *from, const char *key, enum json_need need, struct json *out);
bool json_get_array(const struct json *from, const char *key, enum json_need need, struct json *out);

/* Elements: for (struct json it = json_first(&list); it.node; it = json_next(&it)). Their `up` is the list. */
struct json json_first(const struct json *list);
struct json json_next(const struct json *item);
int json_count(const struct json *list);
/* The value at this place itself, as the getters read a child. */
bool json_as_dec(const struct json *at, int64_t *micro);
bool json_as_int(const struct json *at, int64_t low, int64_t high, int64_t *out);
bool json_as_str(const struct json *at, const char **out);
/* Notes an error at this place (for rules of the caller's own). Always false. */
bool json_fail(const struct json *at, const char *what);

#endif
