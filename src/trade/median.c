/* Two heaps whose sizes differ by at most one; their tops are the middle. */
#include "trade/median.h"

#include <stdlib.h>

#include "turret/base/mem.h"

static void heap_push(struct heap *h, int64_t v) {
    h->v = xgrow(h->v, &h->cap, h->n + 1, sizeof *h->v);
    size_t i = h->n++;
    for (; i > 0 && h->v[(i - 1) / 2] > v; i = (i - 1) / 2)
        h->v[i] = h->v[(i - 1) / 2];
    h->v[i] = v;
}

static int64_t heap_pop(struct heap *h) {
    int64_t top = h->v[0], last = h->v[--h->n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && h->v[child + 1] < h->v[child])
            child++;
        if (h->v[child] >= last)
            break;
        h->v[i] = h->v[child];
    }
    h->v[i] = last;
    return top;
}

void median_add(struct median *m, int64_t value) {
    if (value < -INT64_MAX)
        value = -INT64_MAX;
    if (m->low.n == 0 || value <= -m->low.v[0])
        heap_push(&m->low, -value);
    else
        heap_push(&m->high, value);
    if (m->low.n > m->high.n + 1)
        heap_push(&m->high, -heap_pop(&m->low));
    else if (m->high.n > m->low.n)
        heap_push(&m->low, -heap_pop(&m->high));
}

double median_value(const struct median *m) {
    if (m->low.n == 0)
        return 0;
    if (m->low.n > m->high.n)
        return -(double)m->low.v[0];
    return (-(double)m->low.v[0] + (double)m->high.v[0]) / 2;
}

void median_free(struct median *m) {
    free(m->low.v);
    free(m->high.v);
    *m = (struct median){0};
}
