/* The command table: one row a command; help, man page, completion, the ':' line and the command line are made from it.
 */
#include "turret/ui/command.h"

#include <string.h>

#include "turret/base/str.h"
#include "ui/commands/sniper.h"

#define PLACE_ARGS                                                                                                     \
    "MARKET SIZE[@PRICE] [yes|no] [--usd AMOUNT] [--tif gtc|gtd|ioc|fok] [--expires TIME] [--post-only] "              \
    "[--reduce-only] "                                                                                                 \
    "[--leverage N] [--stop PRICE] [--target PRICE] [--trail PRICE|PERCENT|1.5atr] [--break-even PRICE] [--ladder PRICE:PERCENT,...] "                 \
    "[--before-close TIME] [--time-exit TIME] [--route here|best|split] [--account NAME] [--strategy NAME]"

/* clang-format off: one row a command */
const struct command command_table[] = {
    /* trading */
    {"buy", PLACE_ARGS, "buy a market: at once without a price, as a limit order with @PRICE", CMD_MONEY, run_buy,
     complete_trade},
    {"sell", PLACE_ARGS, "sell what is held; on a perpetual without a long position sell short", CMD_MONEY, run_sell,
     complete_trade},
    {"close", "POSITION [SIZE] [@PRICE] [--account NAME]",
     "close a position (its number or market), all of it at market unless told otherwise", CMD_MONEY | CMD_SAFE,
     run_close, complete_position},
    {"cancel", "ORDER", "cancel a working order", CMD_MONEY | CMD_SAFE, run_cancel, complete_order},
    {"amend", "ORDER [SIZE][@PRICE]", "change size or price of a working order", CMD_MONEY, run_amend, complete_order},
    {"protect",
     "POSITION [--stop PRICE|none] [--target PRICE|none] [--trail PRICE|PERCENT|1.5atr|none] [--break-even PRICE|none] [--ladder PRICE:PERCENT,...|none] "
     "[--before-close TIME|none] [--time-exit TIME] [--account NAME]",
     "set or remove the exits of a position; what is not named stays", CMD_MONEY | CMD_SAFE, run_protect, complete_position},
    /* automations: turret-automations(7) */
    {"sniper", "list [--all] [--from ID] [--limit N] | new MARKET [SIDE] | edit ID | arm ID | disarm ID | delete ID | show ID | history [ID] | dry-run ID|MARKET [SIDE] [--since TIME] [--tape FILE]; " SNIPER_OPTIONS " [--once] [--no-reduce-only] [--no-keep] [--account NAME]",
     "orders that wait for a price: a new or edited one is off until it is armed", CMD_MONEY | CMD_READ, run_sniper, complete_sniper},
    {"alert", "list [--all] [--from ID] [--limit N] | new MARKET [SIDE]|account NAME|position N|model NAME|venue NAME FIGURE<=LEVEL | arm ID | disarm ID | delete ID | show ID | history [ID]; [--hold TIME] [--repeat] [--expires TIME] [--account NAME]",
     "tell when a price, position, account, model or venue reaches a level; armed at once", CMD_MONEY | CMD_READ, run_alert, complete_alert},
    {"copy", "list [--all] | new WALLET|model NAME | edit ID | on ID | off ID | delete ID | show ID | history [ID]; " FOLLOW_OPTIONS " [--venue NAME] [--account NAME]",
     "do what another trader or model does; a new one is off until it is switched on", CMD_MONEY | CMD_READ, run_copy, complete_copy},
    {"counter", "list [--all] | new WALLET|model NAME | edit ID | on ID | off ID | delete ID | show ID | history [ID]; " FOLLOW_OPTIONS " [--venue NAME] [--account NAME]",
     "take the other side of another trader or model; a new one is off until it is switched on", CMD_MONEY | CMD_READ, run_counter, complete_counter},
    {"router", "links | link MARKET MARKET | unlink ID | compare MARKET SIZE[@PRICE] [SIDE]; [--inverted] [--note TEXT] [--sell] [--split] [--account NAME]",
     "markets of two venues that pay for the same outcome, and where an order would go", CMD_MONEY | CMD_READ, run_router, complete_router},
    {"trading", "[active|reducing|halted] [REASON]", "what may trade: all, only what reduces, or nothing by automations either; without arguments say which",
     CMD_MONEY | CMD_READ, run_trading, complete_trading},
    {"history", "[sniper|alert|follow|exit|risk|account] [ID] [--limit N]", "what happened to automations and accounts, newest first", CMD_READ, run_history, complete_history},
    {"note", "ORDER|DAY [TEXT] [--remove]", "write, show or remove a note on an order or a day (2026-12-31, today, yesterday)", CMD_MONEY | CMD_READ, run_note, complete_order},
    {"notes", "", "all notes", CMD_READ, run_notes, NULL},
    /* safety */
    {"cancel-all", "[MARKET] [--account NAME]", "cancel all working orders", CMD_MONEY | CMD_SAFE, run_cancel_all,
     complete_market},
    {"flatten", "[MARKET] [--account NAME]", "close all positions at market", CMD_MONEY | CMD_SAFE, run_flatten,
     complete_market},
    {"kill", "[--reason TEXT]",
     "kill switch on: block new exposure and cancel the orders that add it; survives a restart", CMD_SAFE, run_kill,
     NULL},
    {"unkill", "", "kill switch off", CMD_MONEY, run_unkill, NULL},
    {"resume", "[--account NAME]", "lift today's loss pause of an account, or the stop after too many refusals", CMD_MONEY, run_resume, NULL},
    {"limit", "[KEY VALUE]", "set a risk limit (off switches it off); without arguments list them",
     CMD_MONEY | CMD_READ, run_limit, complete_limit},
    {"account", "[NAME | reset [NAME]]", "choose the account shown; reset a paper account to its start",
     CMD_MONEY | CMD_READ, run_account, complete_account},
    {"live", "[ACCOUNT [off]]", "let an account of a real venue open positions with REAL MONEY, after its name was typed; off: only exits and cancels from then on; without arguments list them",
     CMD_MONEY | CMD_READ, run_live, complete_live},
    {"list", "MARKET [--venue NAME]", "have a market listed that is not on the desk yet: its slug, its address on the site, or the venue's own id", CMD_SAFE, run_list, NULL},
    /* reading */
    {"status", "", "state of the desk, venues, store and accounts", CMD_READ, run_status, NULL},
    {"accounts", "", "accounts with equity, day P&L, margin and exposure", CMD_READ, run_accounts, NULL},
    {"venues", "", "connections: ages, latency, rate budget left, reconnects, clock", CMD_READ, run_venues, NULL},
    {"claims", "[--account NAME]", "winnings of resolved markets to be claimed at the venue, and where", CMD_READ, run_claims, NULL},
    {"markets", "[TEXT] [--category NAME]", "markets, those that contain TEXT", CMD_READ, run_markets, NULL},
    {"book", "MARKET [LEVELS]", "order book of a market", CMD_READ, run_book, complete_market},
    {"trades", "MARKET [COUNT]", "last public trades of a market", CMD_READ, run_trades, complete_market},
    {"positions", "[--all] [--account NAME]", "open positions; with --all closed ones too", CMD_READ, run_positions,
     NULL},
    {"orders", "[--all] [--account NAME]", "working orders; with --all every order in memory", CMD_READ, run_orders,
     NULL},
    {"fills", "[COUNT] [--account NAME]", "last fills, newest first", CMD_READ, run_fills, NULL},
    {"risk", "[--account NAME]", "trading state, risk limits with what is used, and what they refused", CMD_READ, run_risk, NULL},
    {"pnl", "[--days [COUNT]] [--by-day] [--day DATE] [--since TIME] [--account NAME|all]",
     "today's P&L by market, another day's, or by day with fees, funding and the cost of models", CMD_READ, run_pnl, NULL},
    {"since", "[TIME] [--account NAME|all]", "what happened since a time (24h, 2026-12-31T12:00): fills, firings, followed trades, refusals, runs", CMD_READ, run_since, NULL},
    {"days", "[--account NAME|all]", "P&L by day, newest first", CMD_READ, run_days, NULL},
    {"equity", "[COUNT] [--account NAME]", "equity curve, one sample a minute", CMD_READ, run_equity, NULL},
    {"limits", "[--account NAME]", "risk limits and how much of them is used", CMD_READ, run_limits, NULL},
    {"log", "[COUNT]", "last notices, oldest first", CMD_READ, run_log, NULL},
    {"export", "KIND [--format csv|json] [--account NAME] [--from TIME] [--to TIME]",
     "every row of orders, fills, ledger, equity, pnl, watches, follow-trades, history, invocations, tool-calls or prompts; positions or days of the running desk", CMD_READ, run_export, complete_export},
    {"doctor", "", "recompute positions, cash and exposure from orders and fills and compare", CMD_READ, run_doctor,
     NULL},
    /* models */
    {"models", "", "the models: state, next run, runs, failures, equity and cost", CMD_READ, run_models, NULL},
    {"leaderboard", "[--sort COLUMN]", "models and person by return; with too few trades they are not ranked", CMD_READ, run_leaderboard, NULL},
    {"runs", "[MODEL] [--limit N] [--failed]", "what models did, newest first", CMD_READ, run_runs, complete_model},
    {"inspect", "RUN", "one run step by step: reasoning, tool calls, results, refusals", CMD_READ, run_run_view, NULL},
    {"prompt", "RUN|HASH", "what a model was told", CMD_READ, run_prompt, NULL},
    {"rerun", "RUN", "ask again with the prompts of a recorded run and place nothing; the answer is a run of its own", CMD_READ, run_rerun, NULL},
    {"why", "ORDER|POSITION|MARKET", "why it exists: the run, its reasoning and call, the exit plan, what came after", CMD_READ, run_why, complete_position},
    {"metrics", "MODEL|ACCOUNT", "all figures of an account with their formulas", CMD_READ, run_metrics, complete_model},
    {"calibration", "MODEL|ACCOUNT", "confidence against what came true, in ten bins", CMD_READ, run_calibration, complete_model},
    {"health", "", "the schedule: healthy or degraded and why, failures by model", CMD_READ, run_health, NULL},
    {"model", "pause|resume|run MODEL|all", "pause (a run in progress is stopped), resume or invoke a model now", CMD_MONEY | CMD_SAFE, run_model, complete_model_verb},
    /* the screen */
    {"page", "NUMBER|NAME", "go to a page", CMD_UI, run_page, NULL},
    {"market", "MARKET", "show a market in book, chart and ticket", CMD_UI, run_market, complete_market},
    {"filter", "[TEXT]", "show only the pane's rows that contain TEXT; nothing clears", CMD_UI, run_filter, NULL},
    {"sort", "[COLUMN] [--reverse]", "sort the pane by a column; nothing restores its own order", CMD_UI, run_sort,
     complete_cols},
    {"cols", "[COLUMN...]", "columns the pane shows; nothing restores the usual ones", CMD_UI, run_cols, complete_cols},
    {"theme", "[NAME]", "change the colours; without a name list the themes", CMD_UI, run_theme, complete_theme},
    {"set", "KEY VALUE", "ascii on|off, hide on|off (money), chart braille|block|ascii|line|candles", CMD_UI, run_set,
     complete_set},
    {"help", "[COMMAND|KEY]", "keys of the pane, or one command", CMD_UI, run_help, complete_command},
    {"man", "", "all commands on one page", CMD_UI, run_man, NULL},
    {"quit", "", "leave; the engine's own screen asks before it stops the engine", CMD_UI, run_quit, NULL},
    {"quit!", "", "stop the engine, after a question", CMD_UI, run_quit, NULL},
    /* only on the command line: app/cli.c */
    {"run",
     "[--data DIR] [--db URL] [--config FILE] [--headless] [--for TIME] [--until-end] [--feed "
     "generated|tape:FILE|live] [--seed N] [--speed X|max] [--journal FILE] [--json]",
     "engine in the foreground, with its screen unless --headless or no terminal", CMD_CLI, NULL, NULL},
    {"start", "[--data DIR] [--db URL] [--config FILE] [--feed generated|tape:FILE|live] [--seed N]",
     "engine in the background, then attach", CMD_CLI, NULL, NULL},
    {"attach", "[--data DIR] [--readonly]", "screen of a running engine", CMD_CLI, NULL, NULL},
    {"stop", "[--data DIR]", "stop the running engine", CMD_CLI, NULL, NULL},
    {"tail", "[--data DIR] [--from ID] [--json]", "the event stream: the state now, then every change with its id; --from resumes after one", CMD_CLI, NULL, NULL},
    {"replay", "FILE [--json]", "replay a journal; ends in the same state hash", CMD_CLI, NULL, NULL},
    {"tape", "import binance|quotes FILE... -o FILE | info FILE | record FILE",
     "import, inspect and record market data", CMD_CLI, NULL, NULL},
    {"backup", "FILE [--data DIR] [--db URL]", "write the database as plain SQL", CMD_CLI, NULL, NULL},
    {"restore", "FILE [--data DIR] [--db URL]", "read such a backup into an empty database", CMD_CLI, NULL, NULL},
    {"keys", "[--json]", "the key table as bound now", CMD_CLI, NULL, NULL},
    {"version", "", "version of the program", CMD_CLI, NULL, NULL},
};
/* clang-format on */
const int command_count = sizeof command_table / sizeof *command_table;

const struct command *command_find(const char *name, enum err *err) {
    const struct command *best = NULL;
    *err = ERR_OK;
    for (int i = 0; i < command_count; i++) {
        const struct command *cmd = &command_table[i];
        if (!strcmp(cmd->name, name))
            return cmd;
        if (strncmp(cmd->name, name, strlen(name)))
            continue;
        if (!best) {
            best = cmd;
        } else if (!strncmp(best->name, cmd->name, strlen(cmd->name))) {
            best = cmd; /* the shorter name that all matches begin with: "cancel" before "cancel-all" */
        } else if (strncmp(cmd->name, best->name, strlen(best->name))) {
            *err = ERR_AMBIGUOUS;
        }
    }
    if (!best || !name[0])
        *err = ERR_NOT_FOUND;
    return *err ? NULL : best;
}

static void not_found(const char *name, enum err e, struct command_result *r) {
    const char *names[192], *close;
    char some[120] = "";
    int n = 0, shown = 0;
    for (int i = 0; i < command_count; i++) {
        names[n++] = command_table[i].name;
        if (e == ERR_AMBIGUOUS && shown < 6 && !strncmp(names[i], name, strlen(name)))
            strncat(some, shown++ ? ", " : "", sizeof some - strlen(some) - 1),
                strncat(some, names[i], sizeof some - strlen(some) - 1);
    }
    if (e == ERR_AMBIGUOUS)
        fail(r, ERR_USAGE, "\"%.24s\" could be %s", name, some);
    else if ((close = str_closest(name, names, n)))
        fail(r, ERR_USAGE, "no command \"%.24s\"; did you mean %s?", name, close);
    else
        fail(r, ERR_USAGE, "no command \"%.24s\"; help lists them", name);
}

void command_run(const struct command_ctx *c, int argc, char **argv, struct command_result *r) {
    if (argc < 1)
        return;
    enum err e;
    const struct command *cmd = command_find(argv[0], &e);
    if (!cmd)
        not_found(argv[0], e, r);
    else if (!cmd->run)
        fail(r, ERR_UNSUPPORTED, "%s works only from the shell: turret %s %s", cmd->name, cmd->name, cmd->args);
    else if ((cmd->flags & CMD_UI) && !c->session)
        fail(r, ERR_UNSUPPORTED, "%s acts on a screen; it works only after ':' there", cmd->name);
    else
        cmd->run(c, argc, argv, r);
}

void command_run_line(const struct command_ctx *c, const char *line, struct command_result *r) {
    char buf[1024], *words[48];
    while (*line == ':' || *line == ' ')
        line++;
    const int n = str_split(line, buf, sizeof buf, words, 48);
    if (n < 0)
        fail(r, ERR_USAGE, "an open quote, or more than 48 words");
    else
        command_run(c, n, words, r);
}

void command_result_free(struct command_result *r) {
    cJSON_Delete(r->data);
    r->data = NULL;
}
