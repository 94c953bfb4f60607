/* Splitting a command's words into arguments and options. The options a command knows are those its `args` line names.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/commands/commands.h"

bool fail(struct command_result *r, enum err e, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(r->text, sizeof r->text, fmt, ap);
    va_end(ap);
    r->err = e;
    return false;
}

void say(struct command_result *r, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(r->text, sizeof r->text, fmt, ap);
    va_end(ap);
}

bool option_next(const char **line, char name[24], char value[64]) {
    const char *at = strstr(*line, "--");
    if (!at)
        return false;
    const size_t n = strcspn(at, " ]|");
    snprintf(name, 24, "%.*s", (int)n, at);
    at += n;
    value[0] = 0;
    if (*at == ' ' && at[1] && at[1] != '[' && strncmp(at + 1, "--", 2)) {
        const size_t v = strcspn(at + 1, " ]");
        snprintf(value, 64, "%.*s", (int)v, at + 1);
        at += 1 + v;
    }
    *line = at;
    return true;
}

static bool option_known(const struct command *cmd, const char *name, char value[64]) {
    const char *line = cmd->args;
    char known[24];
    while (option_next(&line, known, value))
        if (!strcmp(known, name))
            return true;
    return false;
}

static bool option_unknown(const struct command *cmd, const char *name, struct command_result *r) {
    char names[OPTIONS_MAX][24], value[64];
    const char *list[OPTIONS_MAX], *line = cmd->args;
    int n = 0;
    while (n < OPTIONS_MAX && option_next(&line, names[n], value))
        list[n] = names[n], n++;
    const char *close = str_closest(name, list, n);
    if (close)
        return fail(r, ERR_USAGE, "%s: unknown option %.24s; did you mean %s?", cmd->name, name, close);
    return fail(r, ERR_USAGE, "%s: unknown option %.24s; usage: %s %s", cmd->name, name, cmd->name, cmd->args);
}

static bool option_add(struct args *a, int argc, char **argv, int *i, struct command_result *r) {
    const char *word = argv[*i], *equals = strchr(word, '=');
    char name[24], value[64];
    snprintf(name, sizeof name, "%.*s", (int)(equals ? equals - word : (long)strlen(word)), word);
    if (!option_known(a->cmd, name, value))
        return option_unknown(a->cmd, name, r);
    if (args_option(a, name))
        return fail(r, ERR_USAGE, "%s: %s is given twice", a->cmd->name, name);
    const char *given = "";
    if (value[0]) {
        given = equals ? equals + 1 : *i + 1 < argc ? argv[++*i] : "";
        if (!given[0])
            return fail(r, ERR_USAGE, "%s: %s needs a value: %s %s", a->cmd->name, name, name, value);
    } else if (equals) {
        return fail(r, ERR_USAGE, "%s: %s takes no value", a->cmd->name, name);
    }
    if (a->n_options == OPTIONS_MAX)
        return fail(r, ERR_USAGE, "%s: too many options", a->cmd->name);
    str_copy(a->options[a->n_options].name, sizeof a->options[0].name, name);
    a->options[a->n_options++].value = given;
    return true;
}

bool args_parse(int argc, char **argv, struct args *a, struct command_result *r) {
    memset(a, 0, sizeof *a);
    enum err e;
    a->cmd = command_find(argv[0], &e);
    if (!a->cmd)
        return fail(r, e, "%s: no such command", argv[0]);
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "--", 2) && argv[i][2]) {
            if (!option_add(a, argc, argv, &i, r))
                return false;
        } else if (a->n == ARGS_MAX) {
            return fail(r, ERR_USAGE, "%s: too many arguments; usage: %s %s", a->cmd->name, a->cmd->name, a->cmd->args);
        } else {
            a->pos[a->n++] = argv[i];
        }
    }
    return true;
}

bool args_count(const struct args *a, int min, int max, struct command_result *r) {
    if (a->n < min)
        return fail(r, ERR_USAGE, "%s: an argument is missing; usage: %s %s", a->cmd->name, a->cmd->name, a->cmd->args);
    if (a->n > max)
        return fail(r, ERR_USAGE, "%s: \"%.24s\" is one argument too many; usage: %s %s", a->cmd->name, a->pos[max],
                    a->cmd->name, a->cmd->args);
    return true;
}

const char *args_option(const struct args *a, const char *name) {
    for (int i = 0; i < a->n_options; i++)
        if (!strcmp(a->options[i].name, name))
            return a->options[i].value;
    return NULL;
}

bool arg_size_price(const struct args *a, int first, struct size_price *out, struct command_result *r) {
    memset(out, 0, sizeof *out);
    for (int i = first; i < a->n; i++) {
        const char *word = a->pos[i], *at = strchr(word, '@');
        if (!at && !(*word >= '0' && *word <= '9') && *word != '.' && *word != '-') {
            if (out->word)
                return fail(r, ERR_USAGE, "%s: \"%.24s\": unexpected; usage: %s %s", a->cmd->name, word, a->cmd->name,
                            a->cmd->args);
            out->word = word;
            continue;
        }
        if (!at || at > word) {
            if (out->size[0])
                return fail(r, ERR_USAGE, "%s: two sizes, \"%s\" and \"%.24s\"; a price begins with @", a->cmd->name,
                            out->size, word);
            snprintf(out->size, sizeof out->size, "%.*s", (int)(at ? at - word : (long)strlen(word)), word);
        }
        if (at) {
            const char *px = at[1] ? at + 1 : i + 1 < a->n ? a->pos[++i] : "";
            if (!px[0] || out->px[0])
                return fail(r, ERR_USAGE, "%s: %s after @: write SIZE@PRICE, like 100@0.47", a->cmd->name,
                            px[0] ? "a second price" : "no price");
            str_copy(out->px, sizeof out->px, px);
        }
    }
    return true;
}
