/* What cJSON lets through and the desk does not, checked on the text before it is parsed. */
#ifndef TURRET_BASE_JSON_SCAN_H
#define TURRET_BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NULL when the text has one value's worth of balanced brackets, well-formed numbers, no NUL and nothing but blanks
 * after the value; else what is wrong. The rest of the grammar is cJSON's to check. */
const char *json_scan(const char *text, size_t len, int max_depth);
/* `-?digits` of a whole string; false on anything else or overflow. */
bool json_scan_int(const char *text, int64_t *out);

#endif
