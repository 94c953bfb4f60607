/* The dialogs that compose an intent: the order ticket and the editors of stop/target and price/size. None of them
 * sends: Enter opens the confirmation, and only `y` there does. */
#ifndef UI_TICKET_H
#define UI_TICKET_H

#include "turret/trade/order.h"

struct session;

/* Opens the ticket for a market (0 = the session's). */
void ticket_open(struct session *s, market_id m, enum order_action action);
void edit_position_open(struct session *s, order_id position); /* stop and target */
void edit_order_open(struct session *s, order_id order);       /* price and size */

#endif
