/* build/vectors KIND FILE: recomputes every vector of a file of known answers and ends with `N passed, M failed`; exit code 0 only when
 * none failed and there was one, 1 when one failed, 2 for a bad command line or file. */
#include "vectors.h"

#include "turret/base/json.h"
#include "turret/base/mem.h"
#include "turret/base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)64 << 20)

static const struct kind *const kinds[] = {&kind_pm_orders, &kind_pm_l1, &kind_pm_l2, &kind_pm_amounts};
#define KINDS (sizeof kinds / sizeof *kinds)

static void help(FILE *to) {
    fputs("vectors KIND FILE: recomputes every vector of a JSON file, prints one line for each value that differs\n"
          "(vector: field: expected, got) and `N passed, M failed` at the end.\n"
          "Exit code 0: all passed and there was one. 1: one failed. 2: bad command line, or the file can't be read.\n\n",
          to);
    for (size_t i = 0; i < KINDS; i++)
        fprintf(to, "  %-20s %s\n", kinds[i]->name, kinds[i]->what);
}

void vector_begin(struct vector *v, struct run *run, const char *name, const char *list, int index) {
    *v = (struct vector){.run = run};
    if (name)
        utf8_sanitise(v->name, sizeof v->name, name, strlen(name));
    else
        snprintf(v->name, sizeof v->name, "%s[%d]", list, index);
}

void vector_end(struct vector *v) {
    if (v->faults)
        v->run->failed++;
    else
        v->run->passed++;
}

/* The part of a long text where it begins to differ. */
static void print_from(const char *text, size_t at) {
    char piece[240];
    size_t from = at > 40 ? at - 40 : 0, n = strlen(text);
    utf8_sanitise(piece, sizeof piece, text + from, n - from < 160 ? n - from : 160);
    printf("%s%s%s", from ? "..." : "", piece, n - from > 160 ? "..." : "");
}

void fault(struct vector *v, const char *field, const char *expected, const char *got) {
    size_t same = 0;
    v->faults++;
    while (expected[same] && expected[same] == got[same])
        same++;
    printf("%s: %s: expected ", v->name, field);
    print_from(expected, same);
    fputs(", got ", stdout);
    print_from(got, same);
    if (same > 40)
        printf(" (they differ at byte %zu)", same);
    putchar('\n');
}

bool unusable(struct vector *v, const char *field, const char *why) {
    v->faults++;
    printf("%s: %s: %s\n", v->name, field, why);
    return false;
}

const cJSON *list_of(struct run *run, const cJSON *root, const char *key, bool required) {
    const cJSON *list = child(root, key);
    if (cJSON_IsArray(list) || (!list && !required))
        return list;
    struct vector v;
    vector_begin(&v, run, "file", NULL, 0);
    unusable(&v, key, list ? "not a list" : "missing");
    vector_end(&v);
    return NULL;
}

static bool file_read(const char *path, char **text, size_t *len) {
    FILE *f = fopen(path, "rb");
    if (!f) {
        fprintf(stderr, "vectors: %s: %s\n", path, strerror(errno));
        return false;
    }
    size_t cap = 0;
    for (*text = NULL, *len = 0; *len <= FILE_MAX;) {
        *text = xgrow(*text, &cap, *len + 65536, 1);
        size_t n = fread(*text + *len, 1, 65536, f);
        if (n == 0)
            break;
        *len += n;
    }
    bool good = !ferror(f);
    if (!good)
        fprintf(stderr, "vectors: %s: %s\n", path, strerror(errno));
    fclose(f);
    return good;
}

/* Line and column where the parser stopped. */
static void place_of(const char *text, size_t len, int *line, int *column) {
    const char *stop = NULL;
    cJSON_Delete(cJSON_ParseWithLengthOpts(text, len, &stop, 0));
    *line = *column = 1;
    for (const char *p = text; stop && p < stop && p < text + len; p++) {
        *column = *p == '\n' ? 1 : *column + 1;
        *line += *p == '\n';
    }
}

static int run_file(const struct kind *k, const char *path) {
    char *text = NULL;
    size_t len = 0;
    struct cJSON *root = NULL;
    struct json_err err;
    struct run run = {0};
    if (!file_read(path, &text, &len)) {
        free(text);
        return 2;
    }
    if (!json_parse(text, len, FILE_MAX, &root, &err)) {
        int line, column;
        place_of(text, len, &line, &column);
        fprintf(stderr, "vectors: %s:%d:%d: %s\n", path, line, column, err.text);
        free(text);
        return 2;
    }
    free(text);
    k->run(&run, root, path);
    json_free(root);
    if (run.passed + run.failed == 0)
        fprintf(stderr, "vectors: %s: no vectors in it\n", path);
    printf("%d passed, %d failed\n", run.passed, run.failed);
    return run.failed || !run.passed ? 1 : 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        help(stdout);
        return 0;
    }
    if (argc != 3) {
        help(stderr);
        return 2;
    }
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(argv[1], kinds[i]->name) == 0)
            return run_file(kinds[i], argv[2]);
    fprintf(stderr, "vectors: no kind of file is called so: %s\n\n", argv[1]);
    help(stderr);
    return 2;
}
