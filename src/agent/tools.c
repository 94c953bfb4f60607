/* The table of tools: name, description, schema, runner. The schema is what models read and what arguments are checked against. */
#include "turret/agent/tools.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/tools_private.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"

#define OBJECT(props, required) "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{" props "},\"required\":[" required "]}"
#define SYMBOL "\"symbol\":{\"type\":\"string\",\"format\":\"symbol\",\"maxLength\":47,\"description\":\"the market's symbol, exactly\"}"
#define PRICE_OF(name, text) "\"" name "\":{\"type\":[\"string\",\"number\"],\"format\":\"decimal\",\"exclusiveMinimum\":0,\"description\":\"" text "\"}"
#define TIME_OF(name, text) "\"" name "\":{\"type\":\"string\",\"format\":\"time\",\"maxLength\":40,\"description\":\"" text ", RFC 3339 UTC\"}"

#define DECISION                                                                                                                        \
    OBJECT(SYMBOL ",\"side\":{\"type\":\"string\",\"enum\":[\"LONG\",\"SHORT\",\"YES\",\"NO\",\"HOLD\"],\"description\":\"LONG or SHORT of a perpetual, YES or NO of a binary market; HOLD does nothing\"}," \
           "\"quantity\":{\"type\":[\"string\",\"number\"],\"format\":\"decimal\",\"minimum\":0,\"maximum\":1000000000,\"description\":\"units of the market, never money\"}," \
           "\"leverage\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":125},"                                                         \
           PRICE_OF("profit_target", "price at which the gain is taken, in the side's own price") ","                                   \
           PRICE_OF("stop_loss", "price at which the loss is taken, in the side's own price") ","                                       \
           "\"invalidation_condition\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":400,\"description\":\"what would prove the idea wrong\"}," \
           PRICE_OF("invalidation_price", "price at which the position is closed because the idea is wrong") ","                        \
           TIME_OF("time_exit", "when the position is closed whatever its price") ","                                                   \
           TIME_OF("cooldown_until", "no new position on the other side of this market before") ","                                     \
           "\"confidence\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":100,\"description\":\"percent; for a binary market the probability that the side comes true\"}", \
           "\"symbol\",\"side\",\"quantity\",\"invalidation_condition\",\"confidence\"")
#define UPDATE                                                                                                                          \
    OBJECT(SYMBOL "," PRICE_OF("new_stop_loss", "only nearer to the price") "," PRICE_OF("new_target_price", "only nearer to the price") "," \
           "\"reason\":{\"type\":\"string\",\"minLength\":3,\"maxLength\":400}," PRICE_OF("invalidation_price", "only nearer to the price") "," \
           TIME_OF("time_exit", "only earlier") "," TIME_OF("cooldown_until", "only later"),                                            \
           "\"symbol\",\"new_stop_loss\",\"reason\"")
#define LIST_OF(name, item, most) "\"" name "\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":" most ",\"items\":" item "}"

const struct tool tool_table[] = {
    {"createPosition", "Open positions, or add to them, at the market. Every decision needs an exit plan; limits are enforced and a refusal says what would pass.",
     "CREATE_POSITION", TOOL_TRADES, OBJECT(LIST_OF("decisions", DECISION, "16"), "\"decisions\""), tool_create},
    {"closePosition", "Close your positions in these markets, all of each, at the market.", "CLOSE_POSITION", TOOL_TRADES,
     OBJECT(LIST_OF("symbols", "{\"type\":\"string\",\"format\":\"symbol\",\"maxLength\":47}", "16"), "\"symbols\""), tool_close},
    {"updateExitPlan", "Tighten the exit plan of open positions. A stop may only come nearer to the price, a target may not move away.", "UPDATE_EXIT_PLAN",
     TOOL_TRADES, OBJECT(LIST_OF("updates", UPDATE, "16"), "\"updates\""), tool_update},
    {"holding", "Do nothing more in this run. Call it when no trade is justified, or when you are done.", "HOLDING", TOOL_ENDS,
     OBJECT("\"reason\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":1000}", "\"reason\""), tool_hold},
    {"getPositions", "Your open positions with their exit plans and what closing them would bring now.", "READ", 0, OBJECT("", ""), tool_get_positions},
    {"getOrderBook", "The order book of a market.", "READ", 0, OBJECT(SYMBOL ",\"depth\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":50}", "\"symbol\""), tool_get_book},
    {"getCandles", "Candles of a market, oldest first.", "READ", 0,
     OBJECT(SYMBOL ",\"interval\":{\"type\":\"string\",\"enum\":[\"5m\",\"4h\"]},\"count\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":180}", "\"symbol\",\"interval\""), tool_get_candles},
    {"getIndicators", "Indicators of a market, the last ten values of each, oldest first.", "READ", 0,
     OBJECT(SYMBOL ",\"interval\":{\"type\":\"string\",\"enum\":[\"5m\",\"4h\"]}", "\"symbol\""), tool_get_indicators},
    {"getMarkets", "Markets you may trade, with steps, fees and prices; query is a part of symbol or title.", "READ", 0,
     OBJECT("\"query\":{\"type\":\"string\",\"maxLength\":80}", ""), tool_get_markets},
};
const int tool_count = sizeof tool_table / sizeof *tool_table;

const struct tool *tool_find(const char *name) {
    for (int i = 0; i < tool_count; i++)
        if (strcmp(tool_table[i].name, name) == 0)
            return &tool_table[i];
    return NULL;
}

static const cJSON *schema_of(const struct tool *t) { /* parsed once; the program's own text */
    static cJSON *parsed[sizeof tool_table / sizeof *tool_table];
    const size_t i = (size_t)(t - tool_table);
    if (!parsed[i])
        parsed[i] = cJSON_Parse(t->schema);
    return parsed[i];
}

/* Our formats are our own; models get the symbols as an enumeration instead. */
static void for_models(cJSON *schema, const cJSON *symbols) {
    cJSON *child = schema->child;
    const cJSON *format = cJSON_GetObjectItemCaseSensitive(schema, "format");
    if (cJSON_IsString(format)) {
        if (strcmp(format->valuestring, "symbol") == 0 && cJSON_GetArraySize(symbols) > 0)
            cJSON_AddItemToObject(schema, "enum", cJSON_Duplicate(symbols, true));
        cJSON_DeleteItemFromObjectCaseSensitive(schema, "format");
        child = schema->child;
    }
    for (; child; child = child->next)
        if (cJSON_IsObject(child) || cJSON_IsArray(child))
            for_models(child, symbols);
}

cJSON *tools_schema(const struct tool_ctx *c) {
    cJSON *all = cJSON_CreateArray(), *symbols = cJSON_CreateArray();
    struct view_market vm;
    for (int i = 0; view_market_at(c->view, i, &vm); i++)
        if (vm.m->status == MARKET_OPEN && model_may_trade(c->model, vm.m))
            cJSON_AddItemToArray(symbols, cJSON_CreateString(vm.m->symbol));
    for (int i = 0; i < tool_count; i++) {
        cJSON *o = cJSON_CreateObject(), *schema = cJSON_Duplicate(schema_of(&tool_table[i]), true);
        for_models(schema, symbols);
        cJSON_AddStringToObject(o, "name", tool_table[i].name);
        cJSON_AddStringToObject(o, "description", tool_table[i].description);
        cJSON_AddItemToObject(o, "parameters", schema);
        cJSON_AddItemToArray(all, o);
    }
    cJSON_Delete(symbols);
    return all;
}

/* --- a call -------------------------------------------------------------------------------------------- */
static void invalid(struct tool_result *r, const char *text) {
    r->err = ERR_INVALID_ARGUMENTS;
    utf8_sanitise(r->text, sizeof r->text, text, strlen(text));
}

void tool_call(struct tool_ctx *c, const char *name, const char *arguments, struct tool_result *r) {
    const struct tool *t = tool_find(name);
    struct json_err err = {0};
    cJSON *args = NULL;
    if (!t) {
        char text[200], shown[64];
        utf8_sanitise(shown, sizeof shown, name, strlen(name));
        snprintf(text, sizeof text, "there is no tool \"%s\"", shown);
        invalid(r, text);
        return;
    }
    const bool empty = arguments[strspn(arguments, " \t\r\n")] == 0;
    if (empty && cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(schema_of(t), "required")) == 0)
        arguments = "{}";
    if (!json_parse(arguments, strlen(arguments), 1u << 16, &args, &err)) {
        invalid(r, err.text);
        return;
    }
    struct json root = json_root(args, &err);
    if (schema_check(c, &root, schema_of(t)))
        t->run(c, args, r);
    else
        invalid(r, err.text);
    json_free(args);
}

struct tool_action *action_add(struct tool_result *r, const char *symbol) {
    if (r->action_count == TOOL_ACTIONS_MAX)
        return NULL;
    struct tool_action *a = &r->actions[r->action_count++];
    memset(a, 0, sizeof *a);
    a->intent.kind = INTENT_KIND_COUNT; /* nothing yet */
    str_copy(a->symbol, sizeof a->symbol, symbol);
    return a;
}

void action_refuse(struct tool_action *a, enum err e, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(a->text, sizeof a->text, fmt, ap);
    va_end(ap);
    a->refusal = e;
    a->intent.kind = INTENT_KIND_COUNT;
}

bool action_claim(struct tool_ctx *c, struct tool_action *a, market_id m) {
    for (int i = 0; i < c->acted_count; i++)
        if (c->acted[i] == m) {
            action_refuse(a, ERR_ALREADY_ACTED, "skipped: already acted on %.40s in this run", a->symbol);
            return false;
        }
    if (c->acted_count == (int)(sizeof c->acted / sizeof *c->acted)) {
        action_refuse(a, ERR_ALREADY_ACTED, "skipped: too many markets in one run");
        return false;
    }
    c->acted[c->acted_count++] = m;
    return true;
}

/* --- what the model reads --------------------------------------------------------------------------------- */
static void add_dec(cJSON *o, const char *key, int64_t micro) {
    char text[DEC_TEXT_MAX];
    dec_format(micro, 0, text);
    cJSON_AddStringToObject(o, key, text);
}

cJSON *tool_answer(const struct tool *t, const struct tool_result *r) {
    cJSON *o = cJSON_CreateObject();
    (void)t;
    if (r->err != ERR_OK) {
        cJSON_AddStringToObject(o, "error", err_name(r->err));
        cJSON_AddStringToObject(o, "detail", r->text);
        return o;
    }
    if (r->answer) {
        cJSON_Delete(o);
        return cJSON_Duplicate(r->answer, true);
    }
    cJSON *list = cJSON_AddArrayToObject(o, "results");
    for (int i = 0; i < r->action_count; i++) {
        const struct tool_action *a = &r->actions[i];
        cJSON *one = cJSON_CreateObject();
        const enum err e = a->refusal != ERR_OK ? a->refusal : a->result;
        cJSON_AddStringToObject(one, "symbol", a->symbol);
        cJSON_AddStringToObject(one, "result", a->intent.kind == INTENT_KIND_COUNT && e == ERR_OK ? "nothing" : e == ERR_OK ? "ok" : err_name(e));
        if (a->filled.micro) {
            add_dec(one, "filled", a->filled.micro);
            add_dec(one, "average_price", a->average.micro);
        }
        if (a->text[0] || a->answer[0])
            cJSON_AddStringToObject(one, "text", a->text[0] ? a->text : a->answer);
        else if (e != ERR_OK)
            cJSON_AddStringToObject(one, "text", err_text(e));
        cJSON_AddItemToArray(list, one);
    }
    return o;
}

static const char *word(const cJSON *o, const char *key) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}

static void add_outcome(struct str *s, const cJSON *one) {
    const char *result = word(one, "result"), *why = word(one, "text"), *filled = word(one, "filled");
    str_addf(s, "%s%s", s->p[0] ? "; " : "", word(one, "symbol"));
    if (strcmp(result, "ok") != 0 && strcmp(result, "nothing") != 0)
        str_addf(s, " %s: %s", result, why);
    else if (filled[0])
        str_addf(s, " %s @ %s", filled, word(one, "average_price"));
    else
        str_addf(s, " %s", why[0] ? why : "ok");
}

char *tool_outcome(const cJSON *answer) {
    const cJSON *one, *list = cJSON_GetObjectItemCaseSensitive(answer, "results");
    struct str s;
    str_init(&s);
    str_add(&s, word(answer, "detail"));
    cJSON_ArrayForEach(one, list)
        add_outcome(&s, one);
    if (s.p[0])
        return s.p;
    str_free(&s);
    return !answer || cJSON_IsNull(answer) ? xstrdup("") : cJSON_PrintUnformatted(answer);
}

void tool_result_free(struct tool_result *r) {
    cJSON_Delete(r->answer);
    memset(r, 0, sizeof *r);
}
