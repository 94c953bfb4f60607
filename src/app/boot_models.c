/* At the load, configured models meet the stored ones by name and variant. New ones get an id and an account of their own on the
 * simulator; those that are configured no more are disabled, their rows stay. */
#include <string.h>

#include "app/engine_impl.h"
#include "turret/base/str.h"

static const struct model *stored_one(const struct engine *e, const struct model *m) {
    for (size_t i = 0; i < e->known_count; i++)
        if (!strcmp(e->known[i].name, m->name) && !strcmp(e->known[i].variant, m->variant))
            return &e->known[i];
    return NULL;
}

static bool configured(const struct engine *e, const struct model *known) {
    for (int i = 0; i < e->model_count; i++)
        if (!strcmp(e->models[i].name, known->name) && !strcmp(e->models[i].variant, known->variant))
            return true;
    return false;
}

static void put_model(struct engine *e, const struct model *m) {
    struct event ev;
    event_init(&ev, EVENT_MODEL, VENUE_NONE, e->now_us);
    ev.u.model.model = *m;
    engine_put(e, &ev);
}

void boot_models(struct engine *e, account_id max_account, void (*restore)(struct engine *, const struct event *)) {
    model_id max_id = 0;
    for (size_t i = 0; i < e->known_count; i++)
        max_id = e->known[i].id > max_id ? e->known[i].id : max_id;
    for (int i = 0; i < e->model_count; i++) {
        const struct model *known = stored_one(e, &e->models[i]);
        struct model conf = e->models[i];
        if (known) {
            conf.id = known->id;
            conf.account = known->account;
            put_model(e, &conf);
            continue;
        }
        struct event ev;
        event_init(&ev, EVENT_ACCOUNT, VENUE_SIM, e->now_us);
        ev.u.account = (struct account){.id = ++max_account, .venue = VENUE_SIM, .initial = e->cfg.initial_cash};
        str_copy(ev.u.account.name, sizeof ev.u.account.name, conf.name);
        engine_put(e, &ev);
        restore(e, &ev);
        conf.id = ++max_id;
        conf.account = max_account;
        put_model(e, &conf);
    }
    for (size_t i = 0; i < e->known_count; i++)
        if (!configured(e, &e->known[i]) && e->known[i].enabled) {
            struct model off = e->known[i];
            off.enabled = 0;
            put_model(e, &off);
        }
}
