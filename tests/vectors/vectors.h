/* build/vectors: files of known answers, recomputed. A kind of file is a row of the table in vectors.c; what its runner needs to read
 * values as they come (numbers or strings) and to report is here. */
#ifndef TURRET_TESTS_VECTORS_H
#define TURRET_TESTS_VECTORS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VALUE_TEXT 128 /* a number as text */

struct run { int passed, failed; }; /* of a file */
/* One vector: where its values are looked for, and whether anything of it was wrong yet. */
struct vector {
    struct run *run;
    char name[128];
    const cJSON *place[3]; /* its input, the vector itself, what the file says about all; NULL where there is none */
    int faults;
};

struct kind {
    const char *name, *what;
    void (*run)(struct run *run, const cJSON *root, const char *file);
};
extern const struct kind kind_pm_orders, kind_pm_l1, kind_pm_l2, kind_pm_amounts;

/* A vector begins (name NULL: LIST[INDEX]) and ends; it has passed when nothing was reported in between. */
void vector_begin(struct vector *v, struct run *run, const char *name, const char *list, int index);
void vector_end(struct vector *v);
void fault(struct vector *v, const char *field, const char *expected, const char *got);
/* Reports that nothing can be computed: what is missing or can't be read. Always false. */
bool unusable(struct vector *v, const char *field, const char *why);
/* A list of the file, NULL and a fault of the file when it is missing or no list. */
const cJSON *list_of(struct run *run, const cJSON *root, const char *key, bool required);

/* First of the places that has it (and not null), NULL when none has. */
const cJSON *find(const struct vector *v, const char *key);
const cJSON *child(const cJSON *at, const char *key); /* NULL: not there, null, or at is no object */
/* A string or a number (shortest decimal form) as text; NULL when it is neither. */
const char *value_text(const cJSON *at, char buf[VALUE_TEXT]);
bool value_int(const cJSON *at, int64_t *out);
bool value_real(const cJSON *at, double *out);
/* Millionths, cut after six decimals. */
bool value_micro(const cJSON *at, int64_t *out);
/* The same of a value of the vector: `fallback` when absent, false with a fault when it is no such value (or absent and need). */
bool get_int(struct vector *v, const char *key, bool need, int64_t fallback, int64_t *out);
bool get_micro(struct vector *v, const char *key, int64_t *out);
bool get_bool(struct vector *v, const char *key, bool fallback, bool *out);
const char *get_text(struct vector *v, const char *key, bool need, const char *fallback, char buf[VALUE_TEXT]);

/* Compares what is at at.key, as text, with what was computed; absent is a fault only when required. */
void expect(struct vector *v, const cJSON *at, const char *where, const char *key, const char *got, bool required);
void expect_int(struct vector *v, const cJSON *at, const char *where, const char *key, int64_t got, bool required);
void expect_bool(struct vector *v, const cJSON *at, const char *where, const char *key, bool got);
/* Every value of one document against the other, named by its path. */
void expect_json(struct vector *v, const char *where, const cJSON *want, const cJSON *got);

#endif
