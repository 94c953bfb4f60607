/* The error table as code: names, sentences, classes, exit codes, HTTP statuses, all from ERR_TABLE. */
#include "turret/base/err.h"

#include <stddef.h>

#define NAME_MAX_LEN 32

static const struct {
    char name[NAME_MAX_LEN]; /* as in the table, upper case */
    const char *text;
    enum err_class class;
    int exit_code, http;
} table[ERR_COUNT] = {
#define X(name, class, code, http, text) [ERR_##name] = {#name, text, ERR_CLASS_##class, code, http},
    ERR_TABLE(X)
#undef X
};

static enum err known(enum err e) { return (unsigned)e < ERR_COUNT ? e : ERR_INTERNAL; }

const char *err_name(enum err e) {
    static char lower[ERR_COUNT][NAME_MAX_LEN]; /* made on first use: the preprocessor can't lower the case */
    e = known(e);
    if (!lower[e][0])
        for (size_t i = 0; i < NAME_MAX_LEN && table[e].name[i]; i++) {
            char c = table[e].name[i];
            lower[e][i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        }
    return lower[e];
}

const char *err_text(enum err e) { return table[known(e)].text; }
enum err_class err_class(enum err e) { return table[known(e)].class; }
int err_exit_code(enum err e) { return table[known(e)].exit_code; }
int err_http_status(enum err e) { return table[known(e)].http; }
