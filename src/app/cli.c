/* Parses the command line against the tables and dispatches. Words are read like getopt_long does: --name value, --name=value,
 * unique prefixes, -- ends the options. */
#include "app/cli.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/database.h"
#include "app/out.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/ui/command.h"

#define WORDS_MAX 64

const struct option_row option_table[OPT_COUNT] = {
#define X(N, name, letter, arg, commands, help) {name, letter, arg, commands, help},
    OPTION_TABLE(X)
#undef X
};

const struct cli_command cli_commands[] = {
    {"run", "", "engine in the foreground, with its screen unless --headless or no terminal", cli_run},
    {"start", "", "engine in the background, then its screen", cli_start},
    {"stop", "", "stop the engine in order", cli_stop},
    {"attach", "", "screen of the running engine", cli_attach},
    {"tail", "", "stream notices, fills and order changes as they happen", cli_tail},
    {"replay", "FILE", "feed a journal to the desk; ends in the same state", cli_replay},
    {"tape", "import binance RAW.gz -o FILE | import quotes QUOTES.csv MARKETS.csv -o FILE | info FILE | record -o FILE", "make and look at tapes of market data", cli_tape},
    {"backup", "[FILE]", "write the database as plain SQL", cli_backup},
    {"restore", "FILE", "read such a file into an empty database; with --yes over what is there, which is saved beside the file first", cli_restore},
    {"doctor", "", "recompute everything from orders, fills and ledger and compare", cli_doctor},
    {"venue", "login|test|accounts|search|cancel-all [VENUE] [QUERY|MARKET]", "a real venue's account from the shell, without the engine: store its key, check everything, look, search markets, cancel all its orders", cli_venue},
    {"keys", "", "the keys as bound now", cli_keys},
    {"theme", "list | check [NAME|FILE]", "list the themes, or check one for roles that are hard to read", cli_theme},
    {"config", "check [FILE] | show | reload", "check or show the settings, or have the engine read them again", cli_config_command},
    {"completion", "bash|zsh|fish", "completion script for a shell", cli_completion},
    {"version", "", "print the version", cli_version},
    {"help", "[COMMAND]", "help on a command", cli_help},
    {NULL, NULL, NULL, NULL},
};

bool option_allowed(const struct option_row *o, const char *command) {
    const char *p = o->commands;
    size_t n = strlen(command);
    if (!strcmp(p, "*"))
        return true;
    if (!n)
        return strstr(p, "turret") != NULL;
    for (; (p = strstr(p, command)); p += n)
        if ((p == o->commands || p[-1] == ' ') && (p[n] == 0 || p[n] == ' '))
            return true;
    return false;
}

/* --- words --- */

static const struct option_row *option_find(const char *name, size_t n, const char *command, bool *ambiguous) {
    const struct option_row *best = NULL;
    *ambiguous = false;
    for (int i = 0; i < OPT_COUNT; i++) {
        const struct option_row *o = &option_table[i];
        if ((command && !option_allowed(o, command)) || strncmp(o->name, name, n) != 0)
            continue;
        if (strlen(o->name) == n)
            return o;
        if (best)
            *ambiguous = true;
        best = o;
    }
    return *ambiguous ? NULL : best;
}

static const struct option_row *option_letter(char c, const char *command) {
    for (int i = 0; i < OPT_COUNT; i++)
        if (option_table[i].letter == c && (!command || option_allowed(&option_table[i], command)))
            return &option_table[i];
    return NULL;
}

/* Does the command's own argument line know this option? (--tif and the like: the engine reads them) */
static bool command_knows(const struct command *cmd, const char *word) {
    size_t n = strcspn(word, "=");
    for (const char *p = cmd->args; (p = strstr(p, "--")); p += 2)
        if (!strncmp(p, word, n) && !strchr("abcdefghijklmnopqrstuvwxyz-", p[n] ? p[n] : ' '))
            return true;
    return false;
}

static int unknown_option(struct cli *c, const char *word, const struct command *cmd) {
    const char *names[OPT_COUNT + 32], *p;
    static char own[32][32];
    int n = 0, k = 0;
    for (int i = 0; i < OPT_COUNT; i++)
        if (option_allowed(&option_table[i], c->command) && option_table[i].help[0])
            names[n++] = option_table[i].name;
    for (p = cmd ? cmd->args : ""; (p = strstr(p, "--")) && k < 32; p += 2) {
        snprintf(own[k], sizeof own[k], "%.*s", (int)strcspn(p + 2, " ]|="), p + 2);
        names[n++] = own[k++];
    }
    const char *bare = word + (word[0] == '-') + (word[1] == '-');
    const char *near = str_closest(bare, names, n);
    return out_errorf(c->json, ERR_USAGE, "%s%sunknown option %.60s%s%s%s", c->command, c->command[0] ? ": " : "", word, near ? "; did you mean --" : "",
                      near ? near : "", near ? "?" : "");
}

static int unknown_command(struct cli *c, const char *word) {
    const char *names[WORDS_MAX * 2];
    int n = 0;
    for (const struct cli_command *l = cli_commands; l->name; l++)
        names[n++] = l->name;
    for (int i = 0; i < command_count; i++)
        if (!(command_table[i].flags & (CMD_UI | CMD_CLI)))
            names[n++] = command_table[i].name;
    const char *near = str_closest(word, names, n);
    return out_errorf(c->json, ERR_USAGE, "unknown command '%.60s'%s%s%s", word, near ? "; did you mean " : "; `turret help` lists them", near ? near : "",
                      near ? "?" : "");
}

static const struct cli_command *local_find(const char *name) {
    for (const struct cli_command *l = cli_commands; l->name; l++)
        if (!strcmp(l->name, name))
            return l;
    return NULL;
}

/* Exact name, else a prefix that only one command has. */
static const char *command_name(const char *word) {
    const char *best = NULL;
    int n = 0;
    if (local_find(word))
        return local_find(word)->name;
    for (int i = 0; i < command_count; i++)
        if (!(command_table[i].flags & (CMD_UI | CMD_CLI))) {
            if (!strcmp(command_table[i].name, word))
                return command_table[i].name;
            if (!strncmp(command_table[i].name, word, strlen(word)) && !local_find(command_table[i].name))
                best = command_table[i].name, n++;
        }
    for (const struct cli_command *l = cli_commands; l->name; l++)
        if (!strncmp(l->name, word, strlen(word)))
            best = l->name, n++;
    return n == 1 && word[0] ? best : NULL;
}

static const struct command *engine_command(const char *name) {
    for (int i = 0; i < command_count; i++)
        if (!strcmp(command_table[i].name, name) && !(command_table[i].flags & (CMD_UI | CMD_CLI)))
            return &command_table[i];
    return NULL;
}

static void scan_json(struct cli *c, int argc, char **argv) {
    for (int i = 1; i < argc; i++) /* errors in the words before it should be JSON too */
        c->json |= !strcmp(argv[i], "--json");
}

static int find_command(struct cli *c, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        bool ambiguous;
        if (argv[i][0] != '-') {
            c->command = command_name(argv[i]);
            if (!c->command) {
                c->command = "";
                return unknown_command(c, argv[i]);
            }
            return 0;
        }
        const struct option_row *o = argv[i][1] == '-' ? option_find(argv[i] + 2, strcspn(argv[i] + 2, "="), NULL, &ambiguous) : option_letter(argv[i][1], NULL);
        if (o && o->arg[0] && !strchr(argv[i], '='))
            i++;
    }
    return 0;
}

static int take_option(struct cli *c, const struct option_row *o, const char *value, int argc, char **argv, int *i) {
    if (!o->arg[0] && value)
        return out_errorf(c->json, ERR_USAGE, "--%s takes no value", o->name);
    if (o->arg[0] && !value) {
        if (*i + 1 >= argc || !strncmp(argv[*i + 1], "--", 2))
            return out_errorf(c->json, ERR_USAGE, "--%s needs %s", o->name, o->arg);
        value = argv[++*i];
    }
    c->opt[o - option_table] = value ? value : "";
    return 0;
}

static int parse_words(struct cli *c, int argc, char **argv) {
    const struct command *cmd = local_find(c->command) ? NULL : engine_command(c->command);
    bool named = false, ended = false, ambiguous;
    int code = 0;
    for (int i = 1; i < argc && !code; i++) {
        char *w = argv[i];
        bool number = w[0] == '-' && (w[1] == '.' || (w[1] >= '0' && w[1] <= '9'));
        if (!ended && !strcmp(w, "--")) {
            ended = true;
            continue;
        }
        if (ended || w[0] != '-' || !w[1] || number) {
            if (c->argc >= WORDS_MAX - 1)
                return out_errorf(c->json, ERR_USAGE, "too many arguments");
            c->argv[c->argc++] = named ? w : (char *)(uintptr_t)c->command;
            named = true;
            continue;
        }
        if (w[1] != '-') {
            const struct option_row *o = option_letter(w[1], c->command);
            code = o && !w[2] ? take_option(c, o, NULL, argc, argv, &i) : unknown_option(c, w, cmd);
            continue;
        }
        const char *eq = strchr(w, '=');
        size_t n = strcspn(w + 2, "=");
        if (cmd && command_knows(cmd, w)) {
            c->argv[c->argc++] = w; /* the command reads it, and its value, itself */
            continue;
        }
        const struct option_row *o = option_find(w + 2, n, c->command, &ambiguous);
        code = o ? take_option(c, o, eq ? eq + 1 : NULL, argc, argv, &i) : unknown_option(c, w, cmd);
    }
    c->argv[c->argc] = NULL;
    return code;
}

/* --- settings --- */

int cli_config(struct cli *c) {
    char text[1400], dir[4096];
    const char *path = c->opt[OPT_CONFIG] ? c->opt[OPT_CONFIG] : getenv("TURRET_CONFIG");
    static const struct { enum cli_option opt; const char *section, *key; } flags[] = {
        {OPT_FEED, "engine", "feed"}, {OPT_SEED, "engine", "seed"}, {OPT_DB, "database", "url"}, {OPT_THEME, "ui", "theme"}, {OPT_HTTP, "engine", "http"}};
    c->config = config_new();
    if (path && path[0])
        str_copy(c->config_path, sizeof c->config_path, path);
    else {
        config_dir(dir, sizeof dir);
        snprintf(c->config_path, sizeof c->config_path, "%.4000s/turret.conf", dir);
        if (!dir[0] || access(c->config_path, F_OK) != 0)
            c->config_path[0] = 0;
    }
    if (c->config_path[0] && config_load(c->config, c->config_path, text, sizeof text))
        return out_error(c->json, ERR_CONFIG, text, NULL);
    if (config_env(c->config, text, sizeof text))
        return out_error(c->json, ERR_CONFIG, text, NULL);
    if (c->opt[OPT_DB] && !database_url_safe(c->opt[OPT_DB], text, sizeof text))
        return out_error(c->json, ERR_USAGE, text, NULL);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (c->opt[flags[i].opt] && config_set(c->config, flags[i].section, flags[i].key, c->opt[flags[i].opt], ORIGIN_FLAG, text, sizeof text))
            return out_errorf(c->json, ERR_USAGE, "--%s: %s", option_table[flags[i].opt].name, text);
    if (c->opt[OPT_ASCII])
        config_set(c->config, "ui", "ascii", "yes", ORIGIN_FLAG, text, sizeof text);
    return 0;
}

static void find_data_dir(struct cli *c) {
    const char *dir = c->opt[OPT_DATA] ? c->opt[OPT_DATA] : getenv("TURRET_DATA");
    char path[4096];
    if (!dir || !dir[0]) {
        config_data_dir(c->data_dir, sizeof c->data_dir);
        return;
    }
    if (dir[0] == '/' || !getcwd(path, sizeof path))
        str_copy(c->data_dir, sizeof c->data_dir, dir);
    else
        snprintf(c->data_dir, sizeof c->data_dir, "%.3000s/%.1000s", path, dir);
}

int cli_main(int argc, char **argv) {
    char *words[WORDS_MAX];
    struct cli c = {.command = "", .argv = words};
    setlocale(LC_CTYPE, ""); /* never LC_NUMERIC: decimals have points */
    scan_json(&c, argc, argv);
    int code = find_command(&c, argc, argv);
    if (!code)
        code = parse_words(&c, argc, argv);
    if (code)
        return code;
    c.json = c.opt[OPT_JSON] != NULL;
    find_data_dir(&c);
    if (c.opt[OPT_HELP])
        code = cli_help_of(c.command);
    else if (c.opt[OPT_VERSION])
        code = cli_version(&c);
    else if (!c.command[0])
        code = cli_turret(&c);
    else if (local_find(c.command))
        code = local_find(c.command)->run(&c);
    else /* export reads the database where there is one */
        code = !strcmp(c.command, "export") ? cli_export(&c) : cli_dry_run_wanted(&c) ? cli_dry_run(&c) : cli_engine_command(&c);
    config_free(c.config);
    return code;
}
