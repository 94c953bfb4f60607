/* Trades that are matched but neither confirmed nor failed: asked after one by one, less and less often, until the venue says how they ended. */
#include "venue/polymarket/trade/pm_user_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"

#define FIRST_US (4 * PM_SECOND)
#define LATER_MAX_US (60 * PM_SECOND)
#define AT_ONCE 4
#define LONG_US (1800 * PM_SECOND) /* then a person is told */

static struct pm_settle *settle_find(const struct pm_user *u, const char *trade) {
    for (size_t i = 0; i < u->settle_count; i++)
        if (strcmp(u->settles[i]->trade, trade) == 0)
            return u->settles[i];
    return NULL;
}

static bool on_item(void *ctx, const struct json *item) {
    struct pm_settle *s = ctx;
    struct json_err err = {0};
    struct json at = {.node = item->node, .err = &err};
    pm_user_trade(s->u, &at, 0, clock_now_us());
    return true;
}

static void on_end(void *ctx, const struct pm_error *e) {
    struct pm_settle *s = ctx;
    int64_t wait = FIRST_US << (s->tries < 4 ? s->tries : 4);
    (void)e; /* whatever went wrong: again later */
    s->asking = false;
    s->tries++;
    s->next_us = clock_now_us() + (wait < LATER_MAX_US ? wait : LATER_MAX_US);
}

static void ask(struct pm_settle *s) {
    char query[VENUE_ORDER_ID_MAX + 8];
    snprintf(query, sizeof query, "id=%s", s->trade);
    struct pm_call call = {.method = "GET", .path = "/data/trades", .query = query, .auth = PM_L2, .bucket = PM_RATE_TRADES_READ, .op = PM_OP_READ};
    s->asking = true;
    pm_clob_pages(s->u->s->clob, &call, on_item, on_end, s);
}

static bool id_plain(const char *s) { return s[0] != 0 && s[strspn(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.")] == 0; }

/* Those that are no longer provisional are forgotten, new ones noted. */
static void settles_match(struct pm_user *u, int64_t now_us) {
    char trade[VENUE_ORDER_ID_MAX];
    for (size_t i = 0; i < u->settle_count;) {
        struct pm_settle *s = u->settles[i];
        bool still = s->asking;
        for (const struct fill *f = NULL; !still && (f = tracker_next_provisional(u->s->tracker, f)) != NULL;)
            still = pm_fill_trade(f->venue_trade, trade) && strcmp(trade, s->trade) == 0;
        if (still) {
            i++;
            continue;
        }
        free(s);
        u->settles[i] = u->settles[--u->settle_count];
    }
    for (const struct fill *f = NULL; (f = tracker_next_provisional(u->s->tracker, f)) != NULL;) {
        if (!pm_fill_trade(f->venue_trade, trade) || !id_plain(trade) || settle_find(u, trade) != NULL)
            continue;
        u->settles = xgrow(u->settles, &u->settle_cap, u->settle_count + 1, sizeof(struct pm_settle *));
        struct pm_settle *s = u->settles[u->settle_count++] = xcalloc(1, sizeof *s);
        *s = (struct pm_settle){.u = u, .next_us = now_us + FIRST_US};
        str_copy(s->trade, sizeof s->trade, trade);
    }
}

void pm_settle_run(struct pm_user *u, int64_t now_us) {
    int asking = 0;
    int64_t oldest = 0;
    settles_match(u, now_us);
    if (tracker_provisional(u->s->tracker, &oldest) > 0 && oldest > 0 && now_us - oldest > LONG_US)
        pm_user_note(u, NOTICE_WARN, "Polymarket: a trade is neither confirmed nor failed for over half an hour");
    for (size_t i = 0; i < u->settle_count; i++)
        asking += u->settles[i]->asking;
    for (size_t i = 0; i < u->settle_count && asking < AT_ONCE; i++)
        if (!u->settles[i]->asking && u->settles[i]->next_us <= now_us) {
            ask(u->settles[i]);
            asking++;
        }
}

void pm_settle_free(struct pm_user *u) {
    for (size_t i = 0; i < u->settle_count; i++) {
        if (u->settles[i]->asking)
            pm_clob_drop(u->s->clob, u->settles[i]);
        free(u->settles[i]);
    }
    free(u->settles);
}
