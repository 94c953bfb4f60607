/* Bounded and growing text builders, small string helpers. */
#ifndef TURRET_BASE_STR_H
#define TURRET_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct str { char *p; size_t len, cap; }; /* growing; p is NUL-terminated once anything was added */

void str_init(struct str *s);
void str_free(struct str *s);
void str_reset(struct str *s);
void str_add(struct str *s, const char *text);
void str_add_n(struct str *s, const char *text, size_t n);
void str_addc(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Copies with truncation at a UTF-8 boundary; always terminates. Returns dst. */
char *str_copy(char *dst, size_t cap, const char *src);
bool str_eq_nocase(const char *a, const char *b);
bool str_has_prefix_nocase(const char *s, const char *prefix);
bool str_contains_nocase(const char *s, const char *part);
/* Splits a command line into words: blanks separate, '...' and "..." quote, '\' escapes. Words live in `buf`.
 * Returns the count, -1 for an open quote or too many words. */
int str_split(const char *line, char *buf, size_t cap, char **words, int max);
/* Levenshtein distance capped at 8; the closest candidate within 1/2 of its length, else NULL ("did you mean"). */
const char *str_closest(const char *word, const char *const *candidates, int count);

#endif
