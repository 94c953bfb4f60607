/* Canvases against text files. TURRET_ACCEPT=1 writes the files instead: look at the difference before committing it. */
#ifndef TESTS_SCREEN_GOLDEN_H
#define TESTS_SCREEN_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/ui/canvas.h"

static inline void golden_check(const struct canvas *c, const char *name) {
    char path[256], *want = calloc(1, 1 << 20), *got = canvas_dump(c);
    snprintf(path, sizeof path, "tests/screen/golden/%s.txt", name);
    if (getenv("TURRET_ACCEPT")) {
        FILE *out = fopen(path, "w");
        assert_non_null(out);
        fprintf(out, "%s\n", got);
        fclose(out);
        free(got);
        free(want);
        return;
    }
    FILE *in = fopen(path, "r");
    if (!in)
        fail_msg("%s is missing: TURRET_ACCEPT=1 writes it", path);
    size_t n = fread(want, 1, (1 << 20) - 1, in);
    fclose(in);
    if (n && want[n - 1] == '\n')
        want[n - 1] = '\0';
    bool same = strcmp(want, got) == 0;
    for (char *a = want, *b = got; !same && (*a || *b);) { /* only the lines that differ: cmocka cuts long messages */
        size_t x = strcspn(a, "\n"), y = strcspn(b, "\n");
        if (x != y || memcmp(a, b, x) != 0)
            fprintf(stderr, "- %.*s\n+ %.*s\n", (int)x, a, (int)y, b);
        a += x + (a[x] != '\0');
        b += y + (b[y] != '\0');
    }
    if (!same)
        fail_msg("%s differs (TURRET_ACCEPT=1 accepts what is drawn now)", path);
    free(got);
    free(want);
}

#endif
