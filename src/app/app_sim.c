/* The simulated venues of the engine's process, as the settings want them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app_impl.h"
#include "app/links_conf.h"
#include "app/polymarket_conf.h"
#include "turret/io/log.h"
#include "turret/venue/sim.h"

/* Of basis points in micro units; below zero: the market's own. */
static int32_t fee_ppm(int64_t bps_micro) { return bps_micro < 0 ? -1 : (int32_t)(bps_micro / 10000); }

static void cfg_read(const struct app *a, struct sim_cfg *cfg) {
    const struct config *c = a->cfg->config;
    sim_cfg_default(cfg);
    cfg->seed = a->seed;
    cfg->wall_clock = !a->cfg->virtual_time;
    cfg->initial_cash = USD(config_num(c, "sim", "initial_cash"));
    cfg->funding_period_us = config_num(c, "sim", "funding_period");
    cfg->funding_refresh_us = config_num(c, "sim", "funding_refresh");
    cfg->mark_every_us = config_num(c, "sim", "refresh");
}

static struct venue *open_first(void *ctx, struct event_sink sink, char text[REASON_MAX]) {
    struct app *a = ctx;
    const struct config *c = a->cfg->config;
    const char *feed = config_text(c, "engine", "feed");
    struct sim_cfg cfg;
    struct venue *v = NULL;
    cfg_read(a, &cfg);
    cfg.tape = !strncmp(feed, "tape:", 5) ? feed + 5 : NULL;
    if (!strcmp(feed, "live")) {
        cfg.live = &a->polymarket->cfg.hosts;
        cfg.live_markets = &a->polymarket->cfg.markets;
    }
    cfg.latency_min_us = (int32_t)config_num(c, "sim", "latency_min");
    cfg.latency_max_us = (int32_t)config_num(c, "sim", "latency_max");
    cfg.slippage_max_bps = (int32_t)config_num(c, "sim", "slippage_max_bps");
    cfg.maker_ppm = fee_ppm(config_num(c, "sim", "maker_fee_bps"));
    cfg.taker_ppm = fee_ppm(config_num(c, "sim", "taker_fee_bps"));
    return sim_open(&cfg, sink, &v, text) == ERR_OK ? v : NULL;
}

static struct venue *open_second(void *ctx, struct event_sink sink, char text[REASON_MAX]) {
    struct app *a = ctx;
    struct sim_cfg cfg;
    struct venue *v = NULL;
    cfg_read(a, &cfg);
    cfg.first = engine_venue(a->engine, VENUE_SIM);
    cfg.latency_min_us = (int32_t)config_num(a->cfg->config, "sim", "second_latency_min");
    cfg.latency_max_us = (int32_t)config_num(a->cfg->config, "sim", "second_latency_max");
    return sim_open(&cfg, sink, &v, text) == ERR_OK ? v : NULL;
}

void app_sim_venues(struct app *a) {
    const struct config *c = a->cfg->config;
    engine_add_venue(a->engine, VENUE_SIM, open_first, a);
    if (!config_num(c, "sim", "second"))
        return;
    if (strcmp(config_text(c, "engine", "feed"), "generated") != 0)
        log_warn("engine", "no second simulated venue: it needs generated markets");
    else
        engine_add_venue(a->engine, VENUE_SIM2, open_second, a);
}

bool app_links(struct app *a) {
    char dir[4096], path[4200];
    struct market_link *l = NULL;
    int n = 0;
    config_dir(dir, sizeof dir);
    if (!dir[0])
        return true;
    snprintf(path, sizeof path, "%s/links.conf", dir);
    a->failure = links_conf_load(path, &l, &n, a->failure_text, sizeof a->failure_text);
    if (a->failure == ERR_OK)
        engine_set_links(a->engine, l, n);
    free(l);
    return a->failure == ERR_OK;
}
