/* The tables of the man pages, printed in mdoc from the tables of the code: commands, options, settings, keys, exit codes, errors.
 * man/splice.py puts them between markers; a test fails when page and code differ. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "app/api.h"
#include "app/cli.h"
#include "app/out.h"
#include "turret/app/config.h"
#include "turret/ui/command.h"
#include "turret/ui/keymap.h"

/* Text of a line: backslashes and a control character at its start are escaped; sentences begin on a capital. */
static void put_text(const char *s, bool sentence) {
    if (*s == '.' || *s == '\'')
        fputs("\\&", stdout);
    for (const char *p = s; *p; p++) {
        if (*p == '\\')
            fputs("\\e", stdout);
        else if (*p == '-')
            fputs("\\-", stdout);
        else if (*p == '"')
            fputs("\\(dq", stdout);
        else if (*p == '^')
            fputs("\\(ha", stdout);
        else if (*p == '~')
            fputs("\\(ti", stdout);
        else if (*p == '`')
            fputs("\\(ga", stdout);
        else if (*p == '\'')
            fputs("\\(aq", stdout);
        else
            putchar(sentence && p == s ? toupper((unsigned char)*p) : *p);
    }
}

static void put_sentence(const char *s) {
    put_text(s, true);
    puts(".");
}

static void item(const char *macro, const char *name, const char *args) {
    printf(".It %s ", macro);
    put_text(name, false);
    if (args && args[0]) {
        printf(" No \"");
        put_text(args, false);
        putchar('"');
    }
    putchar('\n');
}

static int commands(void) {
    puts(".Bl -tag -width Ds");
    for (const struct cli_command *l = cli_commands; l->name; l++) {
        item("Cm", l->name, l->args);
        put_sentence(l->help);
    }
    for (int i = 0; i < command_count; i++) {
        bool local = (command_table[i].flags & (CMD_UI | CMD_CLI)) != 0;
        for (const struct cli_command *l = cli_commands; l->name; l++)
            local |= !strcmp(l->name, command_table[i].name);
        if (local)
            continue;
        item("Cm", command_table[i].name, command_table[i].args);
        put_sentence(command_table[i].help);
    }
    puts(".El");
    return 0;
}

static int screen_commands(void) {
    puts(".Bl -tag -width Ds");
    for (int i = 0; i < command_count; i++)
        if (command_table[i].flags & CMD_UI) {
            item("Cm", command_table[i].name, command_table[i].args);
            put_sentence(command_table[i].help);
        }
    puts(".El");
    return 0;
}

static int options(void) {
    puts(".Bl -tag -width Ds");
    for (int i = 0; i < OPT_COUNT; i++) {
        const struct option_row *o = &option_table[i];
        if (!o->help[0])
            continue;
        printf(".It ");
        if (o->letter)
            printf("Fl %c , ", o->letter);
        printf("Fl \\-");
        put_text(o->name, false);
        if (o->arg[0])
            printf(" Ar %s", o->arg);
        putchar('\n');
        put_sentence(o->help);
        if (strcmp(o->commands, "*") != 0) {
            printf("(");
            put_text(o->commands, false);
            puts(")");
        }
    }
    puts(".El");
    return 0;
}

static int settings(void) {
    const char *section = "";
    for (int i = 0; i < config_setting_count(); i++) {
        const struct setting *s = config_setting(i);
        char env[96];
        setting_env_name(s, env, sizeof env);
        if (strcmp(section, s->section) != 0) {
            if (section[0])
                puts(".El");
            section = s->section;
            printf(".Ss [%s]\n.Bl -tag -width Ds\n", section);
        }
        printf(".It Ic ");
        put_text(s->key, false);
        printf(" No \"= ");
        put_text(s->unit, false);
        puts("\"");
        put_sentence(s->help);
        printf("Default: ");
        put_text(s->def[0] ? s->def : "empty", false);
        puts(".");
        if (s->live)
            puts("Read again on SIGHUP.");
        printf("Environment:\n.Ev %s .\n", env);
    }
    puts(".El");
    return 0;
}

static int keys(void) {
    static const char *const groups[] = {"Moving", "Looking", "Trading", "Safety", "General"};
    struct keymap *k = keymap_new();
    char bound[128];
    for (int g = 0; g < 5; g++) {
        printf(".Ss %s\n.Bl -tag -width \"Ctrl-d, PgDn\"\n", groups[g]);
        for (int a = 1; a < ACT_COUNT; a++) {
            const struct action_info *info = action_info((enum action)a);
            if (info->group != g)
                continue;
            keymap_keys(k, (enum action)a, bound, sizeof bound);
            printf(".It Sy \"\\&");
            put_text(bound, false);
            printf("\" No \"");
            put_text(info->name, false);
            puts("\"");
            put_sentence(info->help);
        }
        puts(".El");
    }
    keymap_free(k);
    return 0;
}

static int exits(void) {
    static const struct { int code; const char *text; } rows[] = {
        {0, "done"}, {1, "another failure"}, {2, "bad command line, or a question that could not be asked"}, {3, "bad configuration, or a database of a newer version"},
        {4, "credentials missing or refused"}, {5, "can't be reached; nothing was sent, safe to retry"}, {6, "refused by the venue"},
        {7, "refused by an own risk limit or the kill switch"}, {8, "not found, or no longer open"}, {9, "the outcome is not known: do not retry"},
        {10, "partly done"}, {11, "no engine runs"}, {130, "stopped by SIGINT"}, {143, "stopped by SIGTERM"}};
    puts(".Bl -tag -width 130");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        printf(".It %d\n", rows[i].code);
        put_sentence(rows[i].text);
    }
    puts(".El");
    return 0;
}

static int errors(void) {
    puts(".Bl -tag -width insufficient_funds");
    for (int e = 1; e < ERR_COUNT; e++) {
        printf(".It ");
        put_text(err_name((enum err)e), false);
        printf(" Pq exit %d\n", err_exit_code((enum err)e));
        put_sentence(err_text((enum err)e));
    }
    puts(".El");
    return 0;
}

static int aliases(void) {
    puts(".Bl -tag -width Ds");
    for (int i = 0; i < config_alias_count(); i++) {
        const struct config_alias *a = config_alias(i);
        char line[160];
        item("Ev", a->env, NULL);
        snprintf(line, sizeof line, "%s.%s%s%s", a->section, a->key, a->unit[0] ? ", in " : "", a->unit);
        put_text(line, false);
        puts(".");
    }
    puts(".El");
    return 0;
}

static int api_routes(void) {
    struct api_doc d;
    puts(".Bl -tag -width Ds");
    for (int i = 0; api_route_doc(i, &d); i++) {
        char path[96];
        const char *star = strchr(d.name, '*');
        snprintf(path, sizeof path, "/api/v1/%.*s%s%s", star ? (int)(star - d.name) : (int)strlen(d.name), d.name, star ? "ID" : "", star ? star + 1 : "");
        item("Cm", d.method, path);
        put_sentence(d.help);
    }
    puts(".El");
    return 0;
}

static int api_fields(void) {
    struct api_doc d;
    puts(".Bl -tag -width timeInForce");
    for (int i = 0; api_field_doc(i, &d); i++) {
        item("Cm", d.name, NULL);
        put_sentence(d.help);
    }
    puts(".El");
    return 0;
}

static int statuses(void) { /* codes by HTTP status */
    puts(".Bl -tag -width Ds");
    for (int status = 400; status < 600; status++) {
        int n = 0;
        for (int e = 1; e < ERR_COUNT; e++)
            if (err_http_status((enum err)e) == status) {
                if (n++ == 0)
                    printf(".It %d\n", status);
                else
                    puts(" ,");
                printf(".Li %s", err_name((enum err)e));
            }
        if (n)
            putchar('\n');
    }
    puts(".El");
    return 0;
}

static int figures(void) {
    puts(".Bl -tag -width drawdown");
    for (int i = 0; i < FIGURE_COUNT; i++) {
        const struct figure_info *f = figure_info((enum figure)i);
        item("Cm", f->name, NULL);
        printf("(%s)\n", subject_kind_name((enum subject_kind)f->subject));
        put_sentence(f->help);
    }
    puts(".El");
    return 0;
}

int mdoc_table(const char *name) {
    static const struct { const char *name; int (*print)(void); } tables[] = {
        {"commands", commands}, {"screen-commands", screen_commands}, {"options", options}, {"settings", settings},
        {"keys", keys}, {"exits", exits}, {"errors", errors},
        {"aliases", aliases}, {"api-routes", api_routes}, {"api-fields", api_fields}, {"statuses", statuses}, {"figures", figures}};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (!strcmp(tables[i].name, name))
            return tables[i].print();
    return out_errorf(false, ERR_NOT_FOUND, "no table '%.40s'", name);
}
