/* help, `COMMAND --help` and completion scripts: all from the tables of commands and options. */
#include <stdio.h>
#include <string.h>

#include "app/cli.h"
#include "app/out.h"
#include "turret/ui/command.h"

static void print_option(const struct option_row *o) {
    char head[64];
    snprintf(head, sizeof head, "%s%c%s--%s%s%s", o->letter ? "-" : "", o->letter ? o->letter : ' ', o->letter ? ", " : "   ", o->name, o->arg[0] ? " " : "", o->arg);
    printf("  %-24s %s\n", head, o->help);
}

static bool shown(const struct command *cmd) {
    return !(cmd->flags & (CMD_UI | CMD_CLI));
}

/* A command with verbs gets a line for each, and one for what they take. */
static void print_usage(const char *name, const char *args) {
    const char *end = strstr(args, "; [");
    const size_t n = end ? (size_t)(end - args) : 0;
    if (!end) {
        printf("usage: turret %s %s\n", name, args);
        return;
    }
    for (const char *p = args; p < args + n;) {
        const char *bar = strstr(p, " | ");
        const size_t len = bar && bar < args + n ? (size_t)(bar - p) : (size_t)(args + n - p);
        printf("%s turret %s %.*s\n", p == args ? "usage:" : "      ", name, (int)len, p);
        p += len + (bar && bar < args + n ? 3 : 0);
    }
    printf("Options of these:\n");
    for (const char *p = end + 2; p && *p;) {
        const char *close = strchr(p, ']');
        printf("      %.*s\n", close ? (int)(close + 1 - p) : (int)strlen(p), p);
        p = close ? strchr(close, '[') : NULL;
    }
}

int cli_help_of(const char *name) {
    const char *args = NULL, *help = NULL;
    if (!name[0]) {
        printf("usage: turret [COMMAND] [ARGUMENTS] [OPTIONS]\n\nWithout a command: attach to the running engine, else run one with its screen.\n\nEngine:\n");
        for (const struct cli_command *l = cli_commands; l->name; l++)
            printf("  %-12s %s\n", l->name, l->help);
        printf("\nIn the running engine:\n");
        for (int i = 0; i < command_count; i++) {
            bool local = false;
            for (const struct cli_command *l = cli_commands; l->name; l++)
                local |= !strcmp(l->name, command_table[i].name);
            if (shown(&command_table[i]) && !local)
                printf("  %-12s %s\n", command_table[i].name, command_table[i].help);
        }
        printf("\nOptions (turret COMMAND --help shows those of a command):\n");
        for (int i = 0; i < OPT_COUNT; i++)
            if (option_table[i].help[0] && option_allowed(&option_table[i], ""))
                print_option(&option_table[i]);
        printf("\nManual: turret(1), turret.conf(5), turret-keys(7), turret-automations(7), turret-polymarket(7)\n");
        return 0;
    }
    for (int i = 0; i < command_count; i++)
        if (!strcmp(command_table[i].name, name) && shown(&command_table[i]))
            args = command_table[i].args, help = command_table[i].help;
    for (const struct cli_command *l = cli_commands; l->name; l++)
        if (!strcmp(l->name, name))
            args = l->args, help = l->help;
    print_usage(name, args ? args : "");
    printf("\n%s\n\nOptions:\n", help ? help : "");
    for (int i = 0; i < OPT_COUNT; i++)
        if (option_table[i].help[0] && option_allowed(&option_table[i], name))
            print_option(&option_table[i]);
    return 0;
}

int cli_help(struct cli *c) {
    if (c->opt[OPT_MDOC])
        return mdoc_table(c->opt[OPT_MDOC]);
    if (c->argc < 2)
        return cli_help_of("");
    for (const struct cli_command *l = cli_commands; l->name; l++)
        if (!strcmp(l->name, c->argv[1]))
            return cli_help_of(l->name);
    for (int i = 0; i < command_count; i++)
        if (!strcmp(command_table[i].name, c->argv[1]) && shown(&command_table[i]))
            return cli_help_of(command_table[i].name);
    return out_errorf(c->json, ERR_NOT_FOUND, "no command '%.40s'", c->argv[1]);
}

/* --- completion --- */

static void each_command(void (*fn)(const char *name, const char *help)) {
    for (const struct cli_command *l = cli_commands; l->name; l++)
        fn(l->name, l->help);
    for (int i = 0; i < command_count; i++)
        if (shown(&command_table[i]) && strcmp(command_table[i].name, "doctor") != 0)
            fn(command_table[i].name, command_table[i].help);
}

static void print_quoted(const char *s) {
    for (; *s; s++)
        if (*s == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*s);
}

static void word(const char *name, const char *help) {
    (void)help;
    printf("%s ", name);
}

static void zsh_word(const char *name, const char *help) {
    printf("    '%s:", name);
    print_quoted(help);
    printf("'\n");
}

static void fish_word(const char *name, const char *help) {
    printf("complete -c turret -n __fish_use_subcommand -f -a %s -d '", name);
    print_quoted(help);
    printf("'\n");
}

static void options(const char *before) {
    for (int i = 0; i < OPT_COUNT; i++)
        if (option_table[i].help[0])
            printf("%s%s ", before, option_table[i].name);
}

int cli_completion(struct cli *c) {
    const char *shell = c->argc > 1 ? c->argv[1] : "";
    if (!strcmp(shell, "bash")) {
        printf("_turret() {\n  local cur=${COMP_WORDS[COMP_CWORD]}\n  case $cur in\n    -*) COMPREPLY=($(compgen -W '");
        options("--");
        printf("' -- \"$cur\"));;\n    *) if [ \"$COMP_CWORD\" = 1 ]; then COMPREPLY=($(compgen -W '");
        each_command(word);
        printf("' -- \"$cur\")); else COMPREPLY=($(compgen -f -- \"$cur\")); fi;;\n  esac\n}\ncomplete -F _turret turret\n");
    } else if (!strcmp(shell, "zsh")) {
        printf("#compdef turret\n_turret() {\n  local -a commands\n  commands=(\n");
        each_command(zsh_word);
        printf("  )\n  if (( CURRENT == 2 )); then _describe command commands; else _files; fi\n  compadd -- ");
        options("--");
        printf("\n}\n_turret \"$@\"\n");
    } else if (!strcmp(shell, "fish")) {
        each_command(fish_word);
        for (int i = 0; i < OPT_COUNT; i++)
            if (option_table[i].help[0]) {
                printf("complete -c turret -l %s%s -d '", option_table[i].name, option_table[i].arg[0] ? " -r" : "");
                print_quoted(option_table[i].help);
                printf("'\n");
            }
    } else
        return out_error(c->json, ERR_USAGE, "completion: bash, zsh or fish", NULL);
    return 0;
}
