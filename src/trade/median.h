/* The exact median of values that come one at a time: the lower half in a max-heap, the upper in a min-heap. O(log n) a value. */
#ifndef TRADE_MEDIAN_H
#define TRADE_MEDIAN_H

#include <stddef.h>
#include <stdint.h>

struct heap { int64_t *v; size_t n, cap; };
struct median { struct heap low, high; }; /* zero is empty; low holds the negated values, so that both are min-heaps */

void median_add(struct median *m, int64_t value);
/* Mean of the middle two of an even count; 0 when empty. */
double median_value(const struct median *m);
void median_free(struct median *m);

#endif
