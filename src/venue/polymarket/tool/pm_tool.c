/* The common part of the tools (pm_tool.h). */
#include "venue/polymarket/tool/pm_tool.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/io/loop.h"

#define CLOB "https://clob.polymarket.com"

struct begin { void (*fn)(void *ctx); void *ctx; };

static void on_first(struct ev_loop *loop, ev_timer *w, int events) {
    (void)events;
    struct begin b = *(struct begin *)w->data;
    ev_timer_stop(loop, w);
    free(w->data);
    w->data = NULL;
    b.fn(b.ctx);
}

static const char *host_of(struct pm_tool *t, int i, const char *given, const char *usual) {
    t->copies[i] = xstrdup(given && given[0] ? given : usual);
    size_t n = strlen(t->copies[i]);
    while (n > 0 && t->copies[i][n - 1] == '/') /* paths begin with one */
        t->copies[i][--n] = 0;
    return t->copies[i];
}

void pm_tool_open(struct pm_tool *t, const struct pm_hosts *hosts, const struct pm_account_cfg *account, int64_t chain_id, void (*begin)(void *ctx), void *ctx) {
    static const struct pm_hosts none = {0};
    const struct pm_hosts *h = hosts ? hosts : &none;
    *t = (struct pm_tool){.chain_id = chain_id ? chain_id : 137};
    t->hosts = (struct pm_hosts){.clob = host_of(t, 0, h->clob, CLOB), .gamma = host_of(t, 1, h->gamma, "https://gamma-api.polymarket.com"),
                                 .data = host_of(t, 2, h->data, "https://data-api.polymarket.com"),
                                 .stream = host_of(t, 3, h->stream, "wss://ws-subscriptions-clob.polymarket.com/ws"),
                                 .geoblock = host_of(t, 4, h->geoblock, "https://polymarket.com/api/geoblock")};
    if (account && account->key && account->key->p) {
        t->key_given = true;
        if (pm_key_new(account->key->p, account->key->len, &t->key) != ERR_OK)
            t->key = NULL;
    }
    if (account) {
        t->signature_type = account->signature_type;
        str_copy(t->wallet, sizeof t->wallet, account->wallet ? account->wallet : "");
        t->secrets_dir = account->secrets_dir && account->secrets_dir[0] ? xstrdup(account->secrets_dir) : NULL;
    }
    t->clob = pm_clob_new(&t->hosts, t->chain_id, t->key);
    struct begin *b = xmalloc(sizeof *b);
    *b = (struct begin){begin, ctx};
    ev_init(&t->first, on_first);
    t->first.data = b;
    ev_now_update(loop_get());
    ev_timer_set(&t->first, 0., 0.);
    ev_timer_start(loop_get(), &t->first);
}

void pm_tool_close(struct pm_tool *t) {
    if (t->gone)
        *t->gone = true;
    ev_timer_stop(loop_get(), &t->first);
    free(t->first.data);
    pm_clob_free(t->clob);
    pm_key_free(t->key);
    free(t->secrets_dir);
    for (size_t i = 0; i < sizeof t->copies / sizeof *t->copies; i++)
        free(t->copies[i]);
    *t = (struct pm_tool){0};
}

bool pm_tool_real(const struct pm_tool *t) { return !strcmp(t->hosts.clob, CLOB); }

void pm_tool_encode(struct str *out, const char *text) {
    for (; *text; text++) {
        bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9') || strchr("-_.~", *text);
        if (plain)
            str_addc(out, *text);
        else
            str_addf(out, "%%%02X", (unsigned char)*text);
    }
}
