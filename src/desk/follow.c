/* Copy and counter trading. */
#include "desk/state.h"

void on_follow(struct desk *d, const struct event *ev) { (void)d; (void)ev; }
void on_follow_trade(struct desk *d, const struct event *ev) { (void)d; (void)ev; }
void on_target(struct desk *d, const struct event *ev) { (void)d; (void)ev; }
void intent_follow(struct desk *d, const struct intent *in) { reply(d, in->token, ERR_UNSUPPORTED, NULL, NULL); }
void follow_fill(struct desk *d, const struct fill *f) { (void)d; (void)f; }
void follow_order_over(struct desk *d, struct rec *r) { (void)d; (void)r; }
void follow_closed(struct desk *d, const struct rec *pos) { (void)d; (void)pos; }
void follow_timer(struct desk *d) { (void)d; }
void follow_loaded(struct desk *d) { (void)d; }
uint64_t hash_follows(const struct desk *d, uint64_t h) { (void)d; return h; }
void follow_free(struct desk *d) { (void)d; }
void follow_step(struct desk *d) { (void)d; }
void follow_unsaved(struct desk *d, const struct fx_save *s) { (void)d; (void)s; }
const struct follow *view_next_follow(const struct desk *d, int *cursor) { (void)d; (void)cursor; return NULL; }
const struct follow *view_follow(const struct desk *d, follow_id id) { (void)d; (void)id; return NULL; }
int view_follow_trades(const struct desk *d, follow_id id, const struct follow_trade **out, int max) { (void)d; (void)id; (void)out; (void)max; return 0; }
usd view_follow_pnl(const struct desk *d, const struct follow *f) { (void)d; (void)f; return USD(0); }
