/* What the store in memory keeps, shown to tests and models of it. */
#include "turret/store/mem.h"

#include "mem_rows.h"
#include "turret/base/str.h"

#define LIST(name, table, type)                                \
    int name(const struct store *s, const type **out) {        \
        const struct mem_rows *t = store_mem_rows(s);          \
        *out = t->table;                                       \
        return (int)t->n_##table;                              \
    }
LIST(store_mem_orders, order, struct order)
LIST(store_mem_fills, fill, struct fill)
LIST(store_mem_ledger, ledger, struct ledger_entry)
LIST(store_mem_events, event, struct save_order_event)
LIST(store_mem_watches, watch, struct watch)
LIST(store_mem_follows, follow, struct follow)
LIST(store_mem_follow_trades, follow_trade, struct follow_trade)
LIST(store_mem_history, history, struct history)

const struct order *store_mem_order(const struct store *s, order_id id) { return mem_rows_order(store_mem_rows(s), id); }
const struct watch *store_mem_watch(const struct store *s, watch_id id) { return mem_rows_watch(store_mem_rows(s), id); }

int store_mem_violations(const struct store *s, char *text, size_t cap) {
    const struct mem_rows *t = store_mem_rows(s);
    str_copy(text, cap, t->violations ? t->violation : "");
    return t->violations;
}
