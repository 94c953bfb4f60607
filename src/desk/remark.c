/* A person's notes on orders and days. */
#include "desk/state.h"

void on_remark(struct desk *d, const struct event *ev) { (void)d; (void)ev; }
const struct remark *view_remark(const struct desk *d, enum remark_kind k, uint64_t subject) { (void)d; (void)k; (void)subject; return NULL; }
const struct remark *view_next_remark(const struct desk *d, int *cursor) { (void)d; (void)cursor; return NULL; }
void intent_remark(struct desk *d, const struct intent *in) { reply(d, in->token, ERR_UNSUPPORTED, NULL, NULL); }
int view_limit_use(const struct desk *d, account_id a, struct view_limit *out, int max) { (void)d; (void)a; (void)out; (void)max; return 0; }
int view_refusals(const struct desk *d, struct view_refusal *out, int max) { (void)d; (void)out; (void)max; return 0; }
