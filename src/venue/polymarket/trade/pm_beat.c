/* Heartbeats, for those who want that the venue cancels everything when we fall silent: one in five seconds, each with the id of the last answer. */
#include "venue/polymarket/trade/pm_orders_impl.h"

#include "turret/io/loop.h"

#include <stdio.h>
#include <string.h>

#define EVERY_S 5.
#define SILENT_US (10 * PM_SECOND_US) /* after so long the venue cancels */

static void beat(struct pm_orders *p);

static bool id_good(const char *id) {
    for (; *id; id++)
        if (!((*id >= '0' && *id <= '9') || (*id >= 'a' && *id <= 'z') || (*id >= 'A' && *id <= 'Z') || *id == '-' || *id == '_'))
            return false;
    return true;
}

static void on_beat(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct pm_orders *p = ctx;
    struct json_err err = {0};
    struct json root = json_root(doc, &err);
    const char *id = NULL;
    int64_t now = clock_mono_us();
    bool known = doc && json_get_str(&root, "heartbeat_id", JSON_OPTIONAL, &id) && id && strlen(id) < sizeof p->beat.id && id_good(id);
    bool adopt = known && a->status == 400 && strcmp(id, p->beat.id) != 0;
    p->beat.running = false;
    if (known)
        str_copy(p->beat.id, sizeof p->beat.id, id);
    if (e->err == ERR_OK) {
        p->beat.ok_us = now;
        p->beat.warned = false;
    } else if (adopt) {
        beat(p); /* with the id the venue expects */
    } else if (!p->beat.warned && p->beat.ok_us > 0 && now - p->beat.ok_us > SILENT_US) {
        p->beat.warned = true;
        pm_orders_note(p, 3, "Polymarket has no heartbeat of ours for 10 s: it cancels this account's orders");
    }
}

static void beat(struct pm_orders *p) {
    char body[128];
    if (p->beat.running || !p->s->ready)
        return;
    p->beat.running = true;
    snprintf(body, sizeof body, "{\"heartbeat_id\":\"%s\"}", p->beat.id);
    pm_clob_call(p->s->clob, &(struct pm_call){.method = "POST", .path = "/v1/heartbeats", .body = body, .auth = PM_L2, .bucket = PM_RATE_OTHER, .op = PM_OP_LOGIN, .timeout_ms = 4000}, on_beat, p);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events) {
    (void)loop, (void)events;
    beat(w->data);
}

void pm_beat_start(struct pm_orders *p) {
    if (!p->s->heartbeat || p->beat.started)
        return;
    p->beat.started = true;
    ev_timer_init(&p->beat.timer, on_timer, 0., EVERY_S);
    p->beat.timer.data = p;
    ev_timer_start(loop_get(), &p->beat.timer);
}

void pm_orders_start(struct pm_orders *p) { pm_beat_start(p); }

void pm_beat_free(struct pm_orders *p) {
    if (p->beat.started)
        ev_timer_stop(loop_get(), &p->beat.timer);
    pm_clob_drop(p->s->clob, p);
}
