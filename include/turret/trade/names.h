/* The words for the enumerations of an order, a fill and the ledger, and back. */
#ifndef TURRET_TRADE_NAMES_H
#define TURRET_TRADE_NAMES_H

#include "turret/trade/order.h"

/* Names as in the store, JSON and the screen; *_parse returns false on an unknown word. */
const char *order_side_name(enum order_side s);
const char *order_action_name(enum order_action a);
const char *order_type_name(enum order_type t);
const char *order_tif_name(enum order_tif t);
const char *order_state_name(enum order_state s);
const char *order_event_name(enum order_event_kind e);
const char *order_source_name(enum order_source s);
const char *position_status_name(enum position_status s);
const char *close_trigger_name(enum close_trigger c); /* "" for CLOSE_BY_HAND */
const char *fill_kind_name(enum fill_kind k);
const char *fill_finality_name(enum fill_finality f);
const char *ledger_kind_name(enum ledger_kind k);
bool order_side_parse(const char *s, enum order_side *out);
bool order_action_parse(const char *s, enum order_action *out);
bool order_type_parse(const char *s, enum order_type *out);
bool order_tif_parse(const char *s, enum order_tif *out);
bool order_state_parse(const char *s, enum order_state *out);
bool order_source_parse(const char *s, enum order_source *out);
bool close_trigger_parse(const char *s, enum close_trigger *out);
bool fill_kind_parse(const char *s, enum fill_kind *out);
bool ledger_kind_parse(const char *s, enum ledger_kind *out);

#endif
