/* The SmartRouter. */
#include "desk/state.h"

#include <string.h>

void on_link(struct desk *d, const struct event *ev) { (void)d; (void)ev; }
void intent_link(struct desk *d, const struct intent *in) { reply(d, in->token, ERR_UNSUPPORTED, NULL, NULL); }
bool router_place(struct desk *d, const struct intent *in) { (void)d; (void)in; return false; }
uint64_t hash_links(const struct desk *d, uint64_t h) { (void)d; return h; }
void router_free(struct desk *d) { (void)d; }
const struct market_link *view_next_link(const struct desk *d, int *cursor) { (void)d; (void)cursor; return NULL; }
void view_route(const struct desk *d, const struct intent *in, struct route *out) { (void)d; (void)in; memset(out, 0, sizeof *out); }
