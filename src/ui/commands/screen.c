/* Commands that act on one session's screen. */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/commands/commands.h"
#include "ui/panes/panes.h"
#include "ui/session_state.h"

COMMAND_RUN(run_page) {
    struct args a;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, 1, r))
        return;
    const char *names[PAGE_COUNT];
    for (int page = 1; page <= PAGE_COUNT; page++) {
        char number[12];
        snprintf(number, sizeof number, "%d", page);
        names[page - 1] = page_title(page);
        if (strcmp(number, a.pos[0]) && !str_eq_nocase(page_key(page), a.pos[0]) && !str_has_prefix_nocase(names[page - 1], a.pos[0]))
            continue;
        session_set_page(c->session, page);
        return;
    }
    const char *close = str_closest(a.pos[0], names, PAGE_COUNT);
    fail(r, ERR_NOT_FOUND, "no page \"%.24s\"; %s%s", a.pos[0], close ? "did you mean " : "pages are 1 to 9, 0, follow, risk and day",
         close ? close : "");
}

COMMAND_RUN(run_market) {
    struct args a;
    struct view_market vm;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 1, 1, r) || !arg_market(c, a.pos[0], &vm, r))
        return;
    session_set_market(c->session, vm.m->id);
    say(r, "market %s", vm.m->symbol);
}

static void join(const struct args *a, char *out, size_t cap) {
    out[0] = 0;
    for (int i = 0; i < a->n; i++) {
        const size_t n = strlen(out);
        snprintf(out + n, cap - n, "%s%s", i ? " " : "", a->pos[i]);
    }
}

COMMAND_RUN(run_filter) {
    struct args a;
    char text[FILTER_MAX];
    if (!args_parse(argc, argv, &a, r))
        return;
    join(&a, text, sizeof text);
    session_set_filter(c->session, text);
}

COMMAND_RUN(run_sort) {
    struct args a;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 1, r))
        return;
    session_set_sort(c->session, a.n ? a.pos[0] : "", args_option(&a, "--reverse") != NULL);
}

COMMAND_RUN(run_cols) {
    struct args a;
    char text[NOTE_MAX] = "";
    if (!args_parse(argc, argv, &a, r))
        return;
    if (!list_set_columns(c->session, a.pos, a.n, text, sizeof text))
        fail(r, ERR_USAGE, "%s", text);
}

COMMAND_RUN(run_theme) {
    struct args a;
    char text[NOTE_MAX] = "";
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 1, r))
        return;
    if (!a.n) {
        const char *name;
        for (int i = 0; (name = theme_name_at(i)); i++) {
            const size_t n = strlen(text);
            snprintf(text + n, sizeof text - n, "%s%s", i ? ", " : "themes: ", name);
        }
        say(r, "%s", text);
        return;
    }
    const enum err e = session_set_theme(c->session, a.pos[0], text, sizeof text);
    if (e != ERR_OK)
        fail(r, e, "%s", text[0] ? text : err_text(e));
    else
        say(r, "theme %s", session_theme(c->session));
}

COMMAND_RUN(run_set) {
    static const char *const keys[] = {"ascii", "hide", "chart"};
    struct args a;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 2, 2, r))
        return;
    const char *key = a.pos[0], *value = a.pos[1];
    const bool on = str_eq_nocase(value, "on"), off = str_eq_nocase(value, "off");
    if (!strcmp(key, "chart")) {
        if (!chart_set(c->session, value))
            fail(r, ERR_USAGE, "set chart: \"%.16s\" is none of braille, block, ascii, line, candles", value);
        return;
    }
    const char *close = str_closest(key, keys, 3);
    if (strcmp(key, "ascii") && strcmp(key, "hide"))
        fail(r, ERR_USAGE, "set: no setting \"%.16s\"; %s%s", key,
             close ? "did you mean " : "there are ascii, hide and chart", close ? close : "");
    else if (!on && !off)
        fail(r, ERR_USAGE, "set %s: \"%.16s\" is neither on nor off", key, value);
    else if (!strcmp(key, "hide"))
        session_set_money_hidden(c->session, on);
    else {
        c->session->cfg.ascii = on;
        session_redraw(c->session);
    }
}

COMMAND_RUN(run_help) {
    struct args a;
    if (args_parse(argc, argv, &a, r) && args_count(&a, 0, 1, r))
        session_help(c->session, a.n ? a.pos[0] : NULL);
}

COMMAND_RUN(run_man) {
    struct args a;
    struct str s;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 0, r))
        return;
    str_init(&s);
    for (int i = 0; i < command_count; i++) {
        const struct command *cmd = &command_table[i];
        str_addf(&s, "%s%s %s\n    %s%s\n", cmd->flags & CMD_CLI ? "turret " : "", cmd->name, cmd->args, cmd->help,
                 cmd->flags & CMD_CLI ? " (from the shell)" : "");
    }
    str_add(&s, "\nThe manual pages: turret(1), turret.conf(5), turret-keys(7).\n");
    session_open_text(c->session, "COMMANDS", s.p);
    str_free(&s);
}

COMMAND_RUN(run_quit) {
    struct args a;
    if (args_parse(argc, argv, &a, r) && args_count(&a, 0, 0, r))
        session_ask_quit(c->session, !strcmp(a.cmd->name, "quit!"));
}
