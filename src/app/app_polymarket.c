/* Polymarket in the engine's process: the venue, its account, and the live feed of the simulator. */
#include <stdlib.h>
#include <string.h>

#include "app/app_impl.h"
#include "app/polymarket_conf.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/log.h"

static struct venue *open_venue(void *ctx, struct event_sink sink, char text[REASON_MAX]) {
    struct app *a = ctx;
    struct venue *v = NULL;
    return pm_open(&a->polymarket->cfg, sink, &v, text) == ERR_OK ? v : NULL;
}

bool app_polymarket(struct app *a) {
    const struct config *c = a->cfg->config;
    const bool enabled = config_num(c, "polymarket", "enabled"), feed = !strcmp(config_text(c, "engine", "feed"), "live");
    if (!enabled && !feed)
        return true;
    if (enabled && a->cfg->virtual_time) { /* a real venue has only the one time */
        a->failure = ERR_USAGE;
        str_copy(a->failure_text, sizeof a->failure_text, "--speed: Polymarket's markets run in real time only; set polymarket.enabled = no for this run");
        return false;
    }
    a->polymarket = xcalloc(1, sizeof *a->polymarket);
    a->failure = polymarket_conf_read(c, a->cfg->data_dir, a->cfg->config_path, enabled, a->polymarket, a->failure_text, sizeof a->failure_text);
    if (a->failure || !enabled)
        return a->failure == ERR_OK;
    engine_add_venue(a->engine, VENUE_POLYMARKET, open_venue, a);
    if (a->polymarket->key.p)
        engine_first_account(a->engine, VENUE_POLYMARKET, a->polymarket->cfg.account.name, true);
    else
        log_info("polymarket", "no key: market data only (a key is looked for in %s)", a->polymarket->key_text);
    return true;
}

void app_polymarket_down(struct app *a) {
    polymarket_conf_free(a->polymarket);
    free(a->polymarket);
    a->polymarket = NULL;
}
