/* The dialogs that compose an intent: the order ticket and the editors of stop/target and price/size. None of them
 * sends: Enter opens the confirmation, and only `y` there does. */
#ifndef UI_TICKET_H
#define UI_TICKET_H

#include "turret/trade/follow.h"
#include "turret/trade/watch.h"
#include "turret/ui/canvas.h"

struct session;

/* Opens the ticket for a market (0 = the session's). */
void ticket_open(struct session *s, market_id m, enum order_action action);
void edit_position_open(struct session *s, order_id position); /* stop and target */
void edit_order_open(struct session *s, order_id order);       /* price and size */

void account_pick_open(struct session *s); /* which account the screen is about */

/* Other automations' forms. */
void watch_form_open(struct session *s, enum watch_kind k, market_id m);      /* a new one, starts off */
void watch_form_edit(struct session *s, watch_id id);
void follow_form_open(struct session *s, enum follow_kind k, model_id model); /* model 0: a wallet or whatever is chosen */
void follow_form_edit(struct session *s, follow_id id);

/* The comparison of venues in the ticket. */
bool ticket_linked(const struct session *s, market_id m);
int ticket_route_rows(const struct route *route); /* 0 = nothing to compare */
void ticket_route_draw(struct session *s, const struct route *route, bool buys, struct canvas *c, struct rect r);

#endif
