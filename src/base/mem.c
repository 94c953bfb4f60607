/* Allocation that can't fail. Running out of memory is the one thing no caller can handle well:
 * the terminal is restored by the registered hook, one line goes to stderr, the program ends. */
#include "turret/base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void (*fatal_hook)(void);

void mem_on_fatal(void (*fn)(void)) { fatal_hook = fn; }

static void out_of_memory(size_t n) {
    if (fatal_hook)
        fatal_hook();
    fprintf(stderr, "turret: out of memory (%zu bytes asked for)\n", n);
    abort();
}

void *xmalloc(size_t n) {
    void *p = malloc(n ? n : 1);
    if (!p)
        out_of_memory(n);
    return p;
}

void *xcalloc(size_t n, size_t size) {
    void *p = calloc(n ? n : 1, size ? size : 1);
    if (!p)
        out_of_memory(n * size);
    return p;
}

void *xrealloc(void *p, size_t n) {
    void *q = realloc(p, n ? n : 1);
    if (!q)
        out_of_memory(n);
    return q;
}

char *xstrdup(const char *s) {
    size_t n = strlen(s) + 1;
    return memcpy(xmalloc(n), s, n);
}

void *xgrow(void *p, size_t *cap, size_t need, size_t elem_size) {
    if (need <= *cap)
        return p;
    size_t n = *cap ? *cap : 8, bytes = 0;
    while (n < need && n <= SIZE_MAX / 2)
        n *= 2;
    if (n < need)
        n = need;
    if (__builtin_mul_overflow(n, elem_size, &bytes))
        out_of_memory(SIZE_MAX);
    *cap = n;
    return xrealloc(p, bytes);
}
