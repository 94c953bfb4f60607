/* Shared by sniper.c, alert.c and dry_run.c. */
#ifndef UI_COMMANDS_SNIPER_H
#define UI_COMMANDS_SNIPER_H

#include "ui/commands/verbs.h"

#define SNIPER_OPTIONS                                                                                                    \
    "[--when ask<=PRICE] [--amount USD] [--size N] [--sell] [--buy] [--slippage PERCENT] [--hold TIME] [--depth N] "      \
    "[--max-age TIME] [--budget USD] [--expires TIME] [--repeat] [--oco ID] [--reduce-only] [--keep]"

/* A sniper from "MARKET [SIDE]" at pos[1] and the options. */
bool sniper_new(const struct command_ctx *c, const struct args *a, struct watch *w, struct command_result *r);
bool sniper_change(const struct command_ctx *c, const struct args *a, struct watch *w, struct command_result *r); /* the options over it */
const struct watch *sniper_find(const struct command_ctx *c, const char *text); /* by "S-7" or "7", NULL */
void sniper_dry_run(const struct command_ctx *c, const struct args *a, struct command_result *r);
/* For the trigger pane too: a candle into a replay; what candles can't tell about that watch, "" = nothing. */
struct replay;
void dry_run_feed(struct replay *x, const struct candle *c, int64_t interval_us, int64_t now_us);
void dry_run_blind(const struct watch *w, char *text, size_t cap);


/* Verbs of both, by the command that is run. */
void watch_list(const struct command_ctx *c, const struct args *a, struct command_result *r);
void watch_show(const struct command_ctx *c, const struct args *a, struct command_result *r);
void watch_history(const struct command_ctx *c, const struct args *a, struct command_result *r);
void watch_act(const struct command_ctx *c, const struct args *a, struct command_result *r); /* arm, disarm, delete */
void watch_put(const struct command_ctx *c, const struct watch *w, struct command_result *r);
void watch_set_flag(struct watch *w, uint8_t flag, bool on);
bool watch_set_expiry(const struct command_ctx *c, const struct args *a, struct watch *w, struct command_result *r);
const char *watch_complete_ids(const struct command_ctx *c, enum watch_kind k, const char *prefix, int i);

#endif
