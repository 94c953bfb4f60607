/* Commands: one table for the ':' line, the command line (`turret buy ...`) and, through keys, for panes. Help, man page,
 * completion and parser are made from its rows. A money command only yields an intent: who sends it asks first. */
#ifndef TURRET_UI_COMMAND_H
#define TURRET_UI_COMMAND_H

#include <cjson/cJSON.h>

#include "turret/agent/runs.h"
#include "turret/desk/view.h"

#define SENTENCE_MAX 400 /* an intent in words */

struct session;

enum command_flag {
    CMD_MONEY = 1,   /* yields an intent that needs a confirmation */
    CMD_SAFE = 2,    /* yields an intent that only reduces (cancel, close, kill): allowed when killed, stale ... */
    CMD_READ = 4,    /* yields data (JSON rows) */
    CMD_UI = 8,      /* acts on the session; not on the command line */
    CMD_CLI = 16,    /* only on the command line (run, attach, stop, tape, ...): app/cli.c has the code */
};

struct command_ctx {
    const struct desk *view;
    struct session *session; /* NULL on the command line */
    const struct runs *runs; /* NULL = none known */
    bool recalled;           /* what the command asked the archive for (LIST_RUNS) has come: it asks no more */
    int64_t now_us;
};

struct command_result { /* zero it first; free with command_result_free */
    enum err err;
    char text[SENTENCE_MAX]; /* sentence for a person: error or outcome */
    bool has_intent;
    struct intent intent;
    char reads_as[SENTENCE_MAX]; /* the intent in words and money, for the confirmation */
    cJSON *data;             /* CMD_READ: object or array of objects; owned */
    bool has_fetch;          /* CMD_READ: the archive is needed: LIST_RUNS = recall these and run it again, else its rows are the data */
    struct archive_query fetch;
    run_id rerun;            /* ask this run's question again (nothing is placed); 0 = no */
    const char *table;       /* columns to show `data` with (ui/columns.h), NULL = key: value lines */
};

struct command {
    const char *name, *args, *help; /* "buy", "MARKET SIZE[@PRICE] [--tif TIF] ...", one sentence */
    unsigned flags;
    void (*run)(const struct command_ctx *c, int argc, char **argv, struct command_result *r); /* NULL for CMD_CLI */
    /* i-th completion of argument n starting with prefix; NULL at the end; may be NULL. */
    const char *(*complete)(const struct command_ctx *c, int arg, const char *prefix, int i);
};

extern const struct command command_table[];
extern const int command_count;

/* Exact name or unique prefix. */
const struct command *command_find(const char *name, enum err *err);
/* i-th completion of the last word of a ':' line (command names, options, their values, arguments), NULL at the end;
 * valid until the next call. `arg` of the rows' complete() counts the arguments without options from 0. */
const char *command_complete_line(const struct command_ctx *c, const char *line, int i);
/* Splits and runs a ':' line. */
void command_run_line(const struct command_ctx *c, const char *line, struct command_result *r);
void command_run(const struct command_ctx *c, int argc, char **argv, struct command_result *r);
void command_result_free(struct command_result *r);
/* Does it need a confirmation? (Pausing a model is safe.) */
bool intent_asks(const struct intent *in);
/* Does it move real money, or may it from then on? On the command line such a one needs --live too. Cancels, exits' levels and off switches never do. */
bool intent_is_live(const struct desk *view, const struct intent *in);
/* What a reply is about once the intent itself is gone, and the sentence that tells it was done, with what comes next: "S-7: ...". */
struct intent_brief { uint16_t kind; uint8_t alert, counter, live; char name[STRATEGY_MAX]; /* of the account that goes live or not */ };
bool intent_brief_label(const struct intent_brief *b, uint32_t num, char label[16]); /* "S-7"; false where it has none */
struct intent_brief intent_brief_of(const struct desk *view, const struct intent *in);
void intent_done_line(const struct intent_brief *b, uint32_t num, char *text, size_t cap); /* "S-7 is armed"; "" where there is nothing to say */
void intent_done_text(const struct intent_brief *b, uint32_t num, const char *reads_as, char *text, size_t cap);
/* An intent in one sentence: "BUY 100 YES \"Fed cut in Dec?\" @ 46.0c GTC  cost 46.00". */
void intent_reads_as(const struct desk *view, const struct intent *in, char *text, size_t cap);

#endif
