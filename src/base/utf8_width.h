/* The generated table behind utf8_width. */
#ifndef TURRET_BASE_UTF8_WIDTH_H
#define TURRET_BASE_UTF8_WIDTH_H

#include <stdint.h>

extern const uint32_t utf8_width_runs[]; /* first code point << 2 | width; sorted; width 3 = not printable */
extern const int utf8_width_run_count;

#endif
