/* The command line: options as one table, commands that need no session as another; everything else is a command of ui/command.h
 * run in the engine. Help, completion and the man page are made from the same rows. */
#ifndef TURRET_APP_CLI_H
#define TURRET_APP_CLI_H

#include "turret/app/config.h"

/* X(NAME, "name", 'letter' or 0, "ARG" or "", "commands" ("*" = all), "help") */
#define OPTION_TABLE(X)                                                                                                                   \
    X(DATA, "data", 0, "DIR", "*", "directory that holds everything of one desk: private database, socket, lock, log")                    \
    X(JSON, "json", 0, "", "*", "one JSON object on standard output")                                                                     \
    X(HELP, "help", 'h', "", "*", "help on the command")                                                                                  \
    X(FROM, "from", 0, "ID", "tail", "go on after this event of the stream")                                                              \
    X(VERSION, "version", 'V', "", "turret", "print the version")                                                                         \
    X(CONFIG, "config", 0, "FILE", "run start attach backup restore doctor config keys venue turret", "configuration file instead of turret.conf")     \
    X(DB, "db", 0, "URL", "run start backup restore doctor turret", "PostgreSQL server to use instead of the private one; no password in it")        \
    X(HEADLESS, "headless", 0, "", "run", "no screen, even on a terminal")                                                                \
    X(PLAIN, "plain", 0, "", "run turret", "lines of words instead of a screen")                                                          \
    X(FOR, "for", 0, "DURATION", "run tape", "stop after so much time (with --speed: of the feed's time): 30s, 5m, 1h")                   \
    X(UNTIL_END, "until-end", 0, "", "run", "stop when the feed ends")                                                                    \
    X(FEED, "feed", 0, "FEED", "run start turret", "generated, tape:FILE or live")                                                        \
    X(SEED, "seed", 0, "N", "run start turret", "seed of generated markets and of virtual time")                                          \
    X(SPEED, "speed", 0, "X", "run start turret", "virtual time: so many seconds of the feed a second, or max")                           \
    X(JOURNAL, "journal", 0, "FILE", "run start turret", "write every event to FILE")                                                     \
    X(THEME, "theme", 0, "NAME", "run start attach turret", "colours")                                                                    \
    X(ASCII, "ascii", 0, "", "run start attach turret", "draw with ASCII characters only")                                                \
    X(HTTP, "http", 0, "ADDRESS", "run start turret", "serve the order API there, like 127.0.0.1:8417; off by default (turret-api(7))")         \
    X(READONLY, "readonly", 0, "", "attach", "a viewer that can look but not trade")                                                      \
    X(YES, "yes", 'y', "", "*", "do not ask before an order is sent")                                                                     \
    X(LIVE, "live", 0, "", "*", "with --yes: it may be real money; without it orders of a live account are refused on the command line")   \
    X(DRY_RUN, "dry-run", 0, "", "*", "show what would happen and send nothing")                                                          \
    X(OUTPUT, "output", 'o', "FILE", "tape backup", "file to write")                                                                      \
    X(ORIGIN, "origin", 0, "", "config", "say where each value comes from")                                                               \
    X(MDOC, "mdoc", 0, "TABLE", "help", "")                                                                                               \
    X(CRASH, "crash-point", 0, "NAME:N", "run start", "")

enum cli_option {
#define X(N, name, letter, arg, commands, help) OPT_##N,
    OPTION_TABLE(X)
#undef X
    OPT_COUNT
};
struct option_row { const char *name; char letter; const char *arg, *commands, *help; }; /* help "": not shown */
extern const struct option_row option_table[OPT_COUNT];

struct cli {
    const char *command;      /* as found: full name; "" = none given */
    const char *opt[OPT_COUNT]; /* NULL = not given, "" or the argument */
    int argc;                 /* the rest: argv[0] is the command's name */
    char **argv;
    bool json;
    char data_dir[4096], config_path[4096];
    struct config *config;
};

struct cli_command {
    const char *name, *args, *help;
    int (*run)(struct cli *c); /* exit code */
};
extern const struct cli_command cli_commands[]; /* NULL name ends it */

int cli_main(int argc, char **argv);
bool option_allowed(const struct option_row *o, const char *command);
/* Reads configuration file and environment into c->config; exit code, 0 = fine. */
int cli_config(struct cli *c);

/* cli_run.c */
int cli_turret(struct cli *c);
int cli_run(struct cli *c);
int cli_start(struct cli *c);
int cli_stop(struct cli *c);
int cli_attach(struct cli *c);
/* cli_client.c */
int cli_engine_command(struct cli *c); /* any command of ui/command.h, in the engine */
int cli_tail(struct cli *c);
int cli_backup(struct cli *c);
int cli_restore(struct cli *c);
int cli_doctor(struct cli *c);
bool cli_dry_run_wanted(const struct cli *c); /* sniper dry-run --tape: needs no engine */
int cli_dry_run(struct cli *c);
int cli_export(struct cli *c); /* cli_export.c */
int cli_venue(struct cli *c);  /* cli_venue.c */
/* cli_local.c */
int cli_replay(struct cli *c);
int cli_tape(struct cli *c);
int cli_tape_record(struct cli *c, const char *to); /* cli_client.c */
int cli_keys(struct cli *c);
int cli_theme(struct cli *c);
int cli_config_command(struct cli *c);
int cli_version(struct cli *c);
/* cli_db.c */
/* cli_help.c */
int cli_help(struct cli *c);
int cli_completion(struct cli *c);
int cli_help_of(const char *command); /* `turret COMMAND --help` */
/* mdoc.c */
int mdoc_table(const char *name);

#endif
