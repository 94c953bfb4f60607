/* The tables of the store in memory and what may be done to them; the same rules as sql/. */
#ifndef STORE_MEM_ROWS_H
#define STORE_MEM_ROWS_H

#include "turret/base/map.h"
#include "turret/desk/effect.h"

#define MEM_TABLES(X)                                                                                                     \
    X(order, struct order) X(event, struct save_order_event) X(fill, struct fill) X(ledger, struct ledger_entry)          \
    X(setting, struct ev_setting) X(market, struct ev_load_market) X(equity, struct ev_equity) X(day, struct ev_load_day) \
    X(account, struct account) X(model, struct model)                                                                     \
    X(watch, struct watch) X(follow, struct follow) X(follow_trade, struct follow_trade) X(link, struct market_link)     \
    X(history, struct history) X(remark, struct remark)

struct mem_rows {
#define X(name, type) \
    type *name;       \
    size_t n_##name, cap_##name;
    MEM_TABLES(X)
#undef X
    struct map order_by_id, fill_by_key, ledger_by_key, market_by_id, open_by_key, watch_by_id, follow_trade_by_key, first_stop /* of positions: what PostgreSQL keeps as initial_stop */;
    int violations;
    char violation[160]; /* the first one */
};

void mem_rows_init(struct mem_rows *t);
void mem_rows_free(struct mem_rows *t);
/* Would the whole batch be taken? (checked first: a batch is kept wholly or not at all) */
enum err mem_rows_check(struct mem_rows *t, const struct fx_save *recs, size_t n, bool merge);
/* Keeps one record. `merge`: idempotent, the newest version wins (outbox). */
void mem_rows_apply(struct mem_rows *t, const struct fx_save *rec, bool merge);
/* What PostgreSQL would not have done; the first is kept. Always ERR_INTERNAL. */
enum err mem_rows_violation(struct mem_rows *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const struct order *mem_rows_order(const struct mem_rows *t, order_id id);
/* Orders whose position is closed, oldest close first; *out is to be freed. */
size_t mem_rows_closed(const struct mem_rows *t, const struct order ***out);

/* Figures of one account and day out of fills and ledger (market 0 = all). */
struct ev_load_day mem_rows_day(const struct mem_rows *t, account_id account, market_id market, int32_t day);
int32_t day_of(int64_t us);

/* mem_auto.c: watches, follows, links, history, remarks */
typedef void mem_emit_fn(void *ctx, struct event *ev);
const struct watch *mem_rows_watch(const struct mem_rows *t, watch_id id);
bool mem_auto_apply(struct mem_rows *t, const struct fx_save *rec, bool merge); /* false: not one of its kinds */
bool mem_auto_fires(const struct mem_rows *t, const struct fx_save *recs, size_t n);
void mem_auto_load(const struct mem_rows *t, int64_t now_us, mem_emit_fn *emit, void *ctx);
void mem_auto_load_watches(const struct mem_rows *t, int64_t now_us, mem_emit_fn *emit, void *ctx); /* and history: they come last */

struct store;
const struct mem_rows *store_mem_rows(const struct store *s);

#endif
