/* All built-in rules. A new one is a file here and a row. */
#include "agent/builtin/parts.h"
#include "turret/base/str.h"

const struct builtin *const builtin_table[] = {&builtin_trend, &builtin_meanrev, &builtin_breakout, &builtin_hold, &builtin_random, NULL};

const struct builtin *builtin_find(const char *name) {
    for (const struct builtin *const *b = builtin_table; *b; b++)
        if (str_eq_nocase((*b)->name, name))
            return *b;
    return NULL;
}
