/* What the command files share: arguments split by the command's own `args` line, values read with messages that name
 * the argument, what is wrong and what to do, and the run functions that the table in ui/command.c lists. */
#ifndef UI_COMMANDS_H
#define UI_COMMANDS_H

#include "turret/ui/columns.h"
#include "turret/ui/command.h"
#include "ui/format.h"

#define ARGS_MAX 24
#define OPTIONS_MAX 32

struct args {
    const struct command *cmd;
    int n; /* positional arguments, without the name */
    const char *pos[ARGS_MAX];
    int n_options;
    struct {
        char name[24];
        const char *value;
    } options[OPTIONS_MAX];
};

/* Sets the error and its sentence; false, so that callers can return it. */
bool fail(struct command_result *r, enum err e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void say(struct command_result *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Splits argv[1..] by the options that the command's `args` line names; unknown ones get a "did you mean". */
bool args_parse(int argc, char **argv, struct args *a, struct command_result *r);
bool args_count(const struct args *a, int min, int max, struct command_result *r);
const char *args_option(const struct args *a, const char *name); /* NULL if not given, "" for a bare one */
/* Walks the options of an `args` line: "--tif gtc|gtd" gives name "--tif", value "gtc|gtd". False at the end. */
bool option_next(const char **line, char name[24], char value[64]);

bool arg_decimal(const char *what, const char *text, int64_t *micro, struct command_result *r);
bool arg_int(const char *what, const char *text, int64_t min, int64_t max, int64_t *out, struct command_result *r);
bool arg_price(const char *what, const char *text, const struct market *m, enum order_side side, price *out,
               struct command_result *r);
bool arg_size(const char *what, const char *text, const struct market *m, qty *out, struct command_result *r);
bool arg_duration(const char *what, const char *text, int64_t *us, struct command_result *r);
bool arg_market(const struct command_ctx *c, const char *text, struct view_market *vm, struct command_result *r);
bool arg_market_for(const struct command_ctx *c, const struct args *a, const char *text, struct view_market *vm, struct command_result *r); /* at --account's venue, if need be */
bool account_at_venue(const struct command_ctx *c, const struct args *a, uint8_t venue, account_id *account, struct command_result *r);
/* --account, else the session's, else the first. */
bool arg_account(const struct command_ctx *c, const struct args *a, account_id *out, struct command_result *r);
bool account_find(const struct command_ctx *c, const char *text, account_id *out, struct command_result *r);
const struct order *arg_order(const struct command_ctx *c, const char *text, bool open, struct command_result *r);
const struct order *arg_position(const struct command_ctx *c, const struct args *a, const char *text,
                                 struct command_result *r);
/* Splits "100@47c", "100", "@47c", "@ 47c" found from pos[first] on; texts are NULL where not given. Words it does not
 * know go to `word` (at most one, else it fails). */
struct size_price {
    char size[48], px[48];
    const char *word;
};
bool arg_size_price(const struct args *a, int first, struct size_price *out, struct command_result *r);

void intent_start(struct intent *in, enum intent_kind kind, account_id account);
void yield_intent(const struct command_ctx *c, const struct intent *in, struct command_result *r);

/* clang-format off */
#define COMMAND_RUN(name) void name(const struct command_ctx *c, int argc, char **argv, struct command_result *r)
COMMAND_RUN(run_buy); COMMAND_RUN(run_sell); COMMAND_RUN(run_close); COMMAND_RUN(run_cancel); COMMAND_RUN(run_amend);
COMMAND_RUN(run_protect); COMMAND_RUN(run_kill); COMMAND_RUN(run_unkill); COMMAND_RUN(run_flatten);
COMMAND_RUN(run_cancel_all); COMMAND_RUN(run_resume); COMMAND_RUN(run_limit); COMMAND_RUN(run_account);
COMMAND_RUN(run_status); COMMAND_RUN(run_accounts); COMMAND_RUN(run_markets); COMMAND_RUN(run_book); COMMAND_RUN(run_trades);
COMMAND_RUN(run_positions); COMMAND_RUN(run_orders); COMMAND_RUN(run_fills); COMMAND_RUN(run_pnl); COMMAND_RUN(run_days);
COMMAND_RUN(run_equity); COMMAND_RUN(run_limits); COMMAND_RUN(run_log); COMMAND_RUN(run_export); COMMAND_RUN(run_doctor);
COMMAND_RUN(run_theme); COMMAND_RUN(run_set); COMMAND_RUN(run_page); COMMAND_RUN(run_market); COMMAND_RUN(run_filter);
COMMAND_RUN(run_sort); COMMAND_RUN(run_cols); COMMAND_RUN(run_help); COMMAND_RUN(run_man); COMMAND_RUN(run_quit);

COMMAND_RUN(run_models); COMMAND_RUN(run_leaderboard); COMMAND_RUN(run_metrics); COMMAND_RUN(run_calibration); COMMAND_RUN(run_health);
COMMAND_RUN(run_model); COMMAND_RUN(run_runs); COMMAND_RUN(run_run_view); COMMAND_RUN(run_prompt); COMMAND_RUN(run_why); COMMAND_RUN(run_rerun);

COMMAND_RUN(run_sniper); COMMAND_RUN(run_alert); COMMAND_RUN(run_copy); COMMAND_RUN(run_counter); COMMAND_RUN(run_router);
COMMAND_RUN(run_venues); COMMAND_RUN(run_claims); COMMAND_RUN(run_live); COMMAND_RUN(run_list);
COMMAND_RUN(run_trading); COMMAND_RUN(run_risk); COMMAND_RUN(run_note); COMMAND_RUN(run_notes); COMMAND_RUN(run_history); COMMAND_RUN(run_since);

#define COMMAND_COMPLETE(name) const char *name(const struct command_ctx *c, int arg, const char *prefix, int i)
COMMAND_COMPLETE(complete_trade); COMMAND_COMPLETE(complete_market); COMMAND_COMPLETE(complete_order);
COMMAND_COMPLETE(complete_position); COMMAND_COMPLETE(complete_account); COMMAND_COMPLETE(complete_limit);
COMMAND_COMPLETE(complete_export); COMMAND_COMPLETE(complete_theme); COMMAND_COMPLETE(complete_set);
COMMAND_COMPLETE(complete_model); COMMAND_COMPLETE(complete_model_verb);
COMMAND_COMPLETE(complete_sniper); COMMAND_COMPLETE(complete_alert); COMMAND_COMPLETE(complete_copy); COMMAND_COMPLETE(complete_counter);
COMMAND_COMPLETE(complete_live); COMMAND_COMPLETE(complete_router); COMMAND_COMPLETE(complete_trading); COMMAND_COMPLETE(complete_history);
COMMAND_COMPLETE(complete_command); COMMAND_COMPLETE(complete_cols);
/* clang-format on */

#endif
