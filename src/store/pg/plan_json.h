/* Exit plans and routes as the jsonb of an order's row. Money is exact: numbers, or text where a number would not be. */
#ifndef STORE_PG_PLAN_JSON_H
#define STORE_PG_PLAN_JSON_H

#include "turret/base/str.h"
#include "turret/trade/order.h"

bool plan_is_empty(const struct exit_plan *p);
void plan_to_json(struct str *s, const struct exit_plan *p);
/* What moves or comes in parts (trail, break-even, ladder ...); the rest of a plan is read by SQL. */
void rules_from_json(const char *text, struct exit_plan *p);
void route_to_json(struct str *s, const struct route *r);
void route_from_json(const char *text, struct route *r);

#endif
