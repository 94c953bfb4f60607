/* Allocation that can't fail: out of memory ends the program (limits everywhere keep that from happening). */
#ifndef TURRET_BASE_MEM_H
#define TURRET_BASE_MEM_H

#include <stddef.h>

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
/* Grows a dynamic array to hold at least `need` elements (doubling); *cap is updated. */
void *xgrow(void *p, size_t *cap, size_t need, size_t elem_size);
/* Called before the program ends for lack of memory (restores the terminal). */
void mem_on_fatal(void (*fn)(void));

#endif
