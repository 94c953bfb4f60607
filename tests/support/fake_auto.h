/* The view of automations over tables of a test; included by fake_view_impl.h. */
#ifndef TESTS_FAKE_AUTO_H
#define TESTS_FAKE_AUTO_H

struct fake_auto {
    int n_watches, n_follows, n_trades, n_links, n_history, n_refusals, n_remarks, n_uses;
    struct watch watch[FAKE_MAX];
    struct view_watch live[FAKE_MAX]; /* of watch[i]; w is set when asked for */
    struct follow follow[16];
    usd follow_pnl[16];
    struct follow_trade trade[FAKE_MAX]; /* newest first */
    struct market_link link[16];
    struct route route;
    struct view_limit use[48];
    struct view_refusal refusal[FAKE_MAX]; /* newest first */
    struct history history[FAKE_MAX];      /* newest first */
    struct remark remark[FAKE_MAX];
};
static struct fake_auto fake_auto;

size_t view_watch_count(const struct desk *d, enum watch_kind k, bool armed_only) {
    (void)d;
    size_t n = 0;
    for (int i = 0; i < fake_auto.n_watches; i++)
        n += fake_auto.watch[i].kind == k && (!armed_only || (fake_auto.watch[i].flags & WATCH_ARMED));
    return n;
}
const struct watch *view_next_watch(const struct desk *d, size_t *cursor, enum watch_kind k, bool live) {
    (void)d;
    while (*cursor < (size_t)fake_auto.n_watches) {
        const struct watch *w = &fake_auto.watch[(*cursor)++];
        if (w->kind == k && (!live || watch_live(w)))
            return w;
    }
    return NULL;
}
bool view_watch(const struct desk *d, watch_id id, struct view_watch *out) {
    (void)d;
    for (int i = 0; i < fake_auto.n_watches; i++)
        if (fake_auto.watch[i].id == id) {
            *out = fake_auto.live[i];
            out->w = &fake_auto.watch[i];
            return true;
        }
    return false;
}
const struct follow *view_next_follow(const struct desk *d, int *cursor) {
    (void)d;
    return *cursor < fake_auto.n_follows ? &fake_auto.follow[(*cursor)++] : NULL;
}
const struct follow *view_follow(const struct desk *d, follow_id id) {
    (void)d;
    for (int i = 0; i < fake_auto.n_follows; i++)
        if (fake_auto.follow[i].id == id)
            return &fake_auto.follow[i];
    return NULL;
}
int view_follow_trades(const struct desk *d, follow_id id, const struct follow_trade **out, int max) {
    (void)d;
    int n = 0;
    for (int i = 0; i < fake_auto.n_trades && n < max; i++)
        if (!id || fake_auto.trade[i].follow == id)
            out[n++] = &fake_auto.trade[i];
    return n;
}
usd view_follow_pnl(const struct desk *d, const struct follow *f) {
    (void)d;
    return fake_auto.follow_pnl[f - fake_auto.follow];
}
const struct market_link *view_next_link(const struct desk *d, int *cursor) {
    (void)d;
    return *cursor < fake_auto.n_links ? &fake_auto.link[(*cursor)++] : NULL;
}
void view_route(const struct desk *d, const struct intent *in, struct route *out) {
    (void)d, (void)in;
    *out = fake_auto.route;
}
int view_limit_use(const struct desk *d, account_id a, struct view_limit *out, int max) {
    (void)d;
    if (fake_auto.n_uses) {
        memcpy(out, fake_auto.use, (size_t)fake_auto.n_uses * sizeof *out);
        return fake_auto.n_uses;
    }
    static const char *const keys[] = {"max_account_exposure", "max_day_loss", "max_open_orders"};
    struct view_account va;
    int rows, n = 0;
    const struct risk_limit_info *table = risk_limit_table(&rows);
    if (!view_account(d, a, &va))
        return 0;
    const int64_t used[] = {va.exposure.micro, va.day_pnl.micro < 0 ? -va.day_pnl.micro : 0, va.open_orders};
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < 3 && n < max; k++)
            if (!strcmp(table[i].key, keys[k])) {
                out[n] = (struct view_limit){.info = &table[i], .account = a, .used = used[k]};
                memcpy(&out[n++].limit, (const char *)&fake.limits + table[i].offset, sizeof out->limit);
            }
    return n;
}
int view_refusals(const struct desk *d, struct view_refusal *out, int max) {
    (void)d;
    const int n = fake_auto.n_refusals < max ? fake_auto.n_refusals : max;
    memcpy(out, fake_auto.refusal, (size_t)n * sizeof *out);
    return n;
}
int view_history(const struct desk *d, int kind, uint64_t id, const struct history **out, int max) {
    (void)d;
    int n = 0;
    for (int i = 0; i < fake_auto.n_history && n < max; i++)
        if ((kind < 0 || fake_auto.history[i].kind == kind) && (!id || fake_auto.history[i].id == id))
            out[n++] = &fake_auto.history[i];
    return n;
}
const struct remark *view_remark(const struct desk *d, enum remark_kind k, uint64_t subject) {
    (void)d;
    for (int i = 0; i < fake_auto.n_remarks; i++)
        if (fake_auto.remark[i].kind == k && fake_auto.remark[i].subject == subject)
            return &fake_auto.remark[i];
    return NULL;
}
const struct remark *view_next_remark(const struct desk *d, int *cursor) {
    (void)d;
    return *cursor < fake_auto.n_remarks ? &fake_auto.remark[(*cursor)++] : NULL;
}

#endif
