/* Commands of several words ("sniper new ...", "copy on ..."): one table of verbs each, and the values that automations share. */
#ifndef UI_COMMANDS_VERBS_H
#define UI_COMMANDS_VERBS_H

#include "ui/commands/commands.h"
#include "ui/reads_as.h"

#define FOLLOW_OPTIONS                                                                                                      \
    "[--size USD] [--percent PERCENT] [--multiplier TIMES] [--strategy inverse|mirror] [--delay TIME] [--max-trade USD] "   \
    "[--max-position USD] [--max-day USD] [--day-loss USD] [--trades N] [--positions N] [--slippage PERCENT] "              \
    "[--categories A,B] [--prob FROM-TO] [--liquidity USD] [--exit mirror|manual] [--tp PERCENT] [--sl PERCENT] [--max-age TIME]"

struct verb {
    const char *name, *usage; /* "new", "MARKET [SIDE] --when ...": its arguments, and the only options it takes; NULL = those of the command */
    int min, max;             /* words after the verb */
    void (*run)(const struct command_ctx *c, const struct args *a, struct command_result *r);
};
/* Parses, finds the verb (the first one without any word) and runs it; a->pos[0] is the verb. */
void verbs_run(const struct verb *verbs, int count, const struct command_ctx *c, int argc, char **argv, struct command_result *r);
const char *verbs_complete(const struct verb *verbs, int count, const char *prefix, int i);
/* While a line is completed: its first argument, "" while that is being typed. */
extern char complete_verb[24], complete_second[48];
const char *complete_account_name(const struct command_ctx *c, const char *prefix, int i);
const char *complete_words(const char *const *list, const char *prefix, int i); /* i-th of a NULL-terminated list */

/* Values of automations; each message names the option, what is wrong and what is right. "none" is 0 where `none` says so. */
bool arg_ms(const char *what, const char *text, bool none, uint32_t *ms, struct command_result *r);       /* 250ms, 2s, 1m */
bool arg_e4(const char *what, const char *text, uint32_t max, uint32_t *e4, struct command_result *r);     /* 2%, 0.5 */
bool arg_cash(const char *what, const char *text, bool none, usd *out, struct command_result *r);
bool arg_count(const char *what, const char *text, uint32_t *out, struct command_result *r);               /* none = 0 */
bool arg_time(const char *what, const char *text, int64_t now_us, bool past, int64_t *us, struct command_result *r); /* 2026-12-31[T12:00], 30d */
bool arg_day(const char *what, const char *text, int32_t *day, struct command_result *r);                  /* 2026-12-31, today, yesterday */
/* A price of the market whether or not on a tick: what is watched need not be tradable. m may be NULL. */
bool arg_level(const char *what, const char *text, const struct market *m, int64_t *micro, struct command_result *r);
/* yes, no, long, short of that market: false with a message. */
bool arg_side(const char *word, const struct market *m, enum order_side *out, struct command_result *r);
/* "ask<=0.60": figure (none given: `fallback`), direction (none given: `dir`) and the text of the level. */
struct when { enum figure figure; enum trigger_dir dir; bool dir_given; char level[48]; };
bool arg_when(const char *what, const char *text, enum figure fallback, enum trigger_dir dir, struct when *out, struct command_result *r);
/* Options that change exits: --trail, --break-even, --ladder, --before-close. True when none or all are good; *any says if there were. */
bool rules_options(const struct args *a, const struct market *m, enum order_side side, struct exit_rules *rules, bool *any, struct command_result *r);
/* The words from the n-th on, as one text without what a terminal would obey. */
void args_rest(const struct args *a, int from, char *text, size_t cap);

void pnl_rows(const struct command_ctx *c, account_id account, bool days, struct command_result *r);      /* account 0 = all */
void since_rows(const struct command_ctx *c, const char *since, account_id account, struct command_result *r);
struct replay;
/* The answer of a dry-run: what it was judged by, and what that can't tell. */
cJSON *dry_run_json(const struct replay *x, const struct market *m, const char *source, const char *cannot);

void rows_begin(struct command_result *r, const char *table);
void rows_add(const struct command_ctx *c, struct command_result *r, const void *row);

#endif
