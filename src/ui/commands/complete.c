/* Completion: what may stand at a place of a command line. Returned text is valid until the next call. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "turret/ui/theme.h"
#include "ui/commands/verbs.h"

static const char *from_number(uint32_t num, const char *prefix, int *i) {
    static char text[16];
    snprintf(text, sizeof text, "%u", num);
    return str_has_prefix_nocase(text, prefix) && (*i)-- == 0 ? text : NULL;
}

COMMAND_COMPLETE(complete_market) {
    struct view_market vm;
    if (arg == 0)
        for (int k = 0; view_market_at(c->view, k, &vm); k++)
            if (str_has_prefix_nocase(vm.m->symbol, prefix) && i-- == 0)
                return vm.m->symbol;
    return NULL;
}

COMMAND_COMPLETE(complete_trade) {
    static const char *const sides[] = {"yes", "no", NULL};
    return arg == 0 ? complete_market(c, 0, prefix, i) : arg >= 2 ? complete_words(sides, prefix, i) : NULL;
}

COMMAND_COMPLETE(complete_order) {
    int cursor = 0;
    const char *text;
    if (arg == 0)
        for (const struct order *o; (o = view_next_order(c->view, &cursor, true));)
            if ((text = from_number(o->num, prefix, &i)))
                return text;
    return NULL;
}

COMMAND_COMPLETE(complete_position) {
    int cursor = 0;
    const char *text;
    if (arg != 0)
        return NULL;
    for (const struct order *o; (o = view_next_position(c->view, &cursor, true));) {
        struct view_market vm;
        if ((text = from_number(o->num, prefix, &i)))
            return text;
        if (prefix[0] && view_market(c->view, o->market, &vm) && str_has_prefix_nocase(vm.m->symbol, prefix) &&
            i-- == 0)
            return vm.m->symbol;
    }
    return NULL;
}

const char *complete_account_name(const struct command_ctx *c, const char *prefix, int i) {
    struct view_account va;
    for (int k = 0; view_account_at(c->view, k, &va); k++)
        if (str_has_prefix_nocase(va.a->name, prefix) && i-- == 0)
            return va.a->name;
    return NULL;
}

COMMAND_COMPLETE(complete_account) {
    if (arg == 0 && str_has_prefix_nocase("reset", prefix) && i-- == 0)
        return "reset";
    return arg <= 1 ? complete_account_name(c, prefix, i) : NULL;
}

COMMAND_COMPLETE(complete_limit) {
    int n;
    const struct risk_limit_info *table = risk_limit_table(&n);
    (void)c;
    for (int k = 0; arg == 0 && k < n; k++)
        if (str_has_prefix_nocase(table[k].key, prefix) && i-- == 0)
            return table[k].key;
    return NULL;
}

COMMAND_COMPLETE(complete_export) {
    static const char *const kinds[] = {"orders", "fills", "ledger", "equity", "pnl", "watches", "follow-trades", "history", "invocations", "tool-calls", "prompts", "positions", "days", NULL};
    (void)c;
    return arg == 0 ? complete_words(kinds, prefix, i) : NULL;
}

COMMAND_COMPLETE(complete_theme) {
    (void)c;
    const char *name;
    for (int k = 0; arg == 0 && (name = theme_name_at(k)); k++)
        if (str_has_prefix_nocase(name, prefix) && i-- == 0)
            return name;
    return NULL;
}

COMMAND_COMPLETE(complete_set) {
    static const char *const keys[] = {"ascii", "hide", "chart", NULL};
    static const char *const values[] = {"on", "off", "braille", "block", "ascii", "line", "candles", NULL};
    (void)c;
    return arg == 0 ? complete_words(keys, prefix, i) : arg == 1 ? complete_words(values, prefix, i) : NULL;
}

COMMAND_COMPLETE(complete_cols) {
    static const char *const tables[] = {"positions", "orders", "fills", "markets"};
    (void)c;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        const struct column_table *table = column_table(tables[t]);
        for (int k = 0; k < table->count; k++)
            if (str_has_prefix_nocase(table->columns[k].key, prefix) && i-- == 0)
                return table->columns[k].key;
    }
    return arg < 0 ? prefix : NULL;
}

COMMAND_COMPLETE(complete_command) {
    (void)c;
    for (int k = 0; arg == 0 && k < command_count; k++)
        if (!(command_table[k].flags & CMD_CLI) && str_has_prefix_nocase(command_table[k].name, prefix) && i-- == 0)
            return command_table[k].name;
    return NULL;
}

static const char *complete_option(const struct command *cmd, const char *prefix, int i) {
    static char name[24];
    char value[64];
    const char *line = cmd->args;
    while (option_next(&line, name, value))
        if (str_has_prefix_nocase(name, prefix) && i-- == 0)
            return name;
    return NULL;
}

/* Values of "a|b|c" after that option; accounts after --account. */
static const char *complete_value(const struct command_ctx *c, const struct command *cmd, const char *option,
                                  const char *prefix, int i) {
    static char word[32];
    char name[24], value[64];
    const char *line = cmd->args;
    while (option_next(&line, name, value)) {
        if (strcmp(name, option))
            continue;
        if (!strcmp(name, "--account"))
            return complete_account_name(c, prefix, i);
        for (const char *p = value; strchr(value, '|') && *p; p += strcspn(p, "|"), p += *p == '|') {
            snprintf(word, sizeof word, "%.*s", (int)strcspn(p, "|"), p);
            const bool placeholder = word[0] >= 'A' && word[0] <= 'Z'; /* PRICE|none */
            if (!placeholder && str_has_prefix_nocase(word, prefix) && i-- == 0)
                return word;
        }
    }
    return NULL;
}

const char *command_complete_line(const struct command_ctx *c, const char *line, int i) {
    char buf[1024], *words[48];
    int n = str_split(line, buf, sizeof buf, words, 47);
    const size_t len = strlen(line);
    if (n < 0 || n > 47)
        return NULL;
    if (!len || line[len - 1] == ' ' || n == 0)
        words[n++] = (char *)"";
    const char *prefix = words[n - 1];
    if (n == 1)
        return complete_command(c, 0, prefix, i);
    enum err e;
    const struct command *cmd = command_find(words[0], &e);
    if (!cmd)
        return NULL;
    if (!strncmp(prefix, "--", 2))
        return complete_option(cmd, prefix, i);
    if (n > 2 && !strncmp(words[n - 2], "--", 2)) {
        const char *value = complete_value(c, cmd, words[n - 2], prefix, i);
        if (value)
            return value;
    }
    int arg = 0;
    str_copy(complete_verb, sizeof complete_verb, n > 2 && words[1][0] != '-' ? words[1] : "");
    str_copy(complete_second, sizeof complete_second, n > 3 && words[2][0] != '-' ? words[2] : "");
    for (int k = 1; k < n - 1; k++)
        arg += strncmp(words[k], "--", 2) != 0 && (k == 1 || strncmp(words[k - 1], "--", 2) != 0);
    return cmd->complete ? cmd->complete(c, arg, prefix, i) : NULL;
}
