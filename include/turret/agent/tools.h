/* The tools models have: one table of name, description, schema, reader and runner. Language models, built-in agents and tests
 * all call them here, with JSON arguments. Reading tools answer at once from the view; trading tools become intents. */
#ifndef TURRET_AGENT_TOOLS_H
#define TURRET_AGENT_TOOLS_H

#include <cjson/cJSON.h>

#include "turret/desk/view.h"

#define TOOL_ACTIONS_MAX 16 /* intents of one call */

enum tool_flag { TOOL_TRADES = 1, TOOL_ENDS = 2 /* holding: ends the run */ };

/* One thing a trading tool wants: an intent, or why there is none. */
struct tool_action { market_id market; struct intent intent; enum err refusal; char symbol[MARKET_SYMBOL_MAX]; char text[REASON_MAX]; enum err result; char answer[NOTE_MAX]; qty filled; price average; order_id order; };
struct tool_ctx { /* of one run */
    const struct desk *view;
    const struct model *model;
    run_id run;
    const struct run_snapshot *snapshot; /* prices and intel the run started with (prompt.h) */
    int64_t now_us;
    market_id acted[64]; /* markets already acted on in this run */
    int acted_count;
};
struct tool_result { /* zero it first */
    enum err err;          /* ERR_INVALID_ARGUMENTS: nothing was done; text tells the model what is wrong */
    cJSON *answer;         /* reading tools, holding: what the model reads; owned */
    struct tool_action actions[TOOL_ACTIONS_MAX];
    int action_count;
    char text[512];
};
struct tool {
    const char *name, *description;
    const char *archive_type; /* CREATE_POSITION | CLOSE_POSITION | UPDATE_EXIT_PLAN | HOLDING | READ */
    unsigned flags;           /* enum tool_flag */
    const char *schema;       /* JSON schema of the arguments; the validator is made from it */
    void (*run)(struct tool_ctx *c, const cJSON *args, struct tool_result *r);
};
extern const struct tool tool_table[];
extern const int tool_count;
const struct tool *tool_find(const char *name);
/* {name, description, parameters} of all tools for chat_send; symbols are the model's allowed markets. Caller frees. */
cJSON *tools_schema(const struct tool_ctx *c);
/* Parses strictly (base/json.h), validates against the schema (unknown, missing and duplicate keys, types, ranges, precision, enum
 * case, length), then runs. Never repairs. Quantities and prices may be numbers or decimal strings. */
void tool_call(struct tool_ctx *c, const char *name, const char *arguments, struct tool_result *r);
/* What the model reads of a trading tool when its intents are answered: per symbol what was done, refused (with code) or skipped. */
cJSON *tool_answer(const struct tool *t, const struct tool_result *r);
/* An answer (also one from the archive) as a person reads it: "ETH-PERP 0.3 @ 3161.2; BTC-PERP risk_exposure: ...". malloc'd; NULL gives "". */
char *tool_outcome(const cJSON *answer);
void tool_result_free(struct tool_result *r);

#endif
