/* What the files of the tools share: the check against a schema, markets by exact symbol, actions. */
#ifndef AGENT_TOOLS_PRIVATE_H
#define AGENT_TOOLS_PRIVATE_H

#include "turret/agent/tools.h"
#include "turret/base/json.h"

/* Does the value fit the schema? Notes what is wrong, with its path, in at->err. Beside JSON schema's words, "format" knows
 * decimal (a number or a decimal string), symbol (a market this model may trade, exactly) and time (RFC 3339). */
bool schema_check(const struct tool_ctx *c, const struct json *at, const cJSON *schema);
bool tool_time(const char *text, int64_t *us); /* RFC 3339, UTC or with an offset */
/* By exact symbol, without regard to case; only what the model may trade. */
bool tool_market(const struct tool_ctx *c, const char *symbol, struct view_market *out);

struct tool_action *action_add(struct tool_result *r, const char *symbol);
void action_refuse(struct tool_action *a, enum err e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Marks the market as acted on; false (and the action refused) if it was before. */
bool action_claim(struct tool_ctx *c, struct tool_action *a, market_id m);

void tool_get_positions(struct tool_ctx *c, const cJSON *args, struct tool_result *r);
void tool_get_book(struct tool_ctx *c, const cJSON *args, struct tool_result *r);
void tool_get_candles(struct tool_ctx *c, const cJSON *args, struct tool_result *r);
void tool_get_indicators(struct tool_ctx *c, const cJSON *args, struct tool_result *r);
void tool_get_markets(struct tool_ctx *c, const cJSON *args, struct tool_result *r);
void tool_create(struct tool_ctx *c, const cJSON *args, struct tool_result *r);
void tool_close(struct tool_ctx *c, const cJSON *args, struct tool_result *r);
void tool_update(struct tool_ctx *c, const cJSON *args, struct tool_result *r);
void tool_hold(struct tool_ctx *c, const cJSON *args, struct tool_result *r);

#endif
