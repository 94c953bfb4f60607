/* Snipers and alerts. */
#include "desk/state.h"

void on_watches(struct desk *d, const struct event *ev) { (void)d; (void)ev; }
void on_history(struct desk *d, const struct event *ev) { (void)d; (void)ev; }
size_t view_watch_count(const struct desk *d, enum watch_kind k, bool armed_only) { (void)d; (void)k; (void)armed_only; return 0; }
const struct watch *view_next_watch(const struct desk *d, size_t *cursor, enum watch_kind k, bool live) { (void)d; (void)cursor; (void)k; (void)live; return NULL; }
bool view_watch(const struct desk *d, watch_id id, struct view_watch *out) { (void)d; (void)id; (void)out; return false; }
int view_history(const struct desk *d, int kind, uint64_t id, const struct history **out, int max) { (void)d; (void)kind; (void)id; (void)out; (void)max; return 0; }
