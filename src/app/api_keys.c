/* The same request twice: a clientId stands for one order within a day. First answers are kept in memory; the order itself keeps the
 * clientId's hash (its link), in the same transaction, so that no kill and no restart makes a second order of a repetition. */
#include <stdlib.h>
#include <string.h>

#include "app/api_impl.h"
#include "turret/base/mem.h"

uint64_t api_key_of(const char *client_id) {
    uint8_t digest[API_DIGEST];
    char text[API_KEY_MAX + 16] = "clientId:";
    uint64_t key;
    if (!client_id[0])
        return 0;
    strncat(text, client_id, API_KEY_MAX);
    api_digest(text, strlen(text), digest);
    memcpy(&key, digest, sizeof key);
    return (key & INT64_MAX) | 1; /* a bigint of the store; never 0 */
}

/* --- orders by clientId --- */

/* Of the parts of a split order the first; a key that is used again after a day stands for the new one. */
static void order_note(struct api *a, const struct order *o) {
    uint64_t id;
    const struct order *old = map_get(&a->key_orders, o->link, &id) ? view_order(engine_view(a->engine), id) : NULL;
    if (o->source == SOURCE_MANUAL && o->link && (!old || old->created_us <= o->created_us - API_DAY_US))
        map_put(&a->key_orders, o->link, o->id);
}

static void orders_scan(struct api *a) { /* again after another desk led: the orders are loaded anew then */
    const struct desk *view = engine_view(a->engine);
    struct view_status st;
    int cursor = 0;
    view_status(view, &st);
    if (a->keys_known && st.epoch == a->key_epoch)
        return;
    map_clear(&a->key_orders);
    for (const struct order *o; (o = view_next_order(view, &cursor, false));)
        order_note(a, o);
    a->keys_known = true;
    a->key_epoch = st.epoch;
}

void api_key_saved(struct api *a, const struct fx_save *rec) {
    if (rec->kind == SAVE_ORDER && rec->insert)
        order_note(a, &rec->u.order);
}

const struct order *api_key_order(struct api *a, uint64_t key) {
    uint64_t id;
    orders_scan(a);
    if (!map_get(&a->key_orders, key, &id))
        return NULL;
    const struct order *o = view_order(engine_view(a->engine), id);
    return o && o->created_us > engine_now_us(a->engine) - API_DAY_US ? o : NULL;
}

/* --- first answers --- */

static void key_drop(struct api *a, struct api_key *k) {
    struct api_key **slot = NULL;
    for (unsigned i = 0; i < API_KEYS_KEPT && !slot; i++)
        if (a->keys[i] == k)
            slot = &a->keys[i];
    if (slot)
        *slot = NULL;
    map_del(&a->key_map, k->key);
    free(k->body);
    free(k);
}

static void key_add(struct api *a, uint64_t key, const uint8_t digest[API_DIGEST]) {
    struct api_key *k = xcalloc(1, sizeof *k);
    while (a->keys[a->key_at] && a->keys[a->key_at]->pending) /* at most one a connection */
        a->key_at = (a->key_at + 1) % API_KEYS_KEPT;
    if (a->keys[a->key_at])
        key_drop(a, a->keys[a->key_at]);
    k->key = key;
    memcpy(k->digest, digest, sizeof k->digest);
    k->at_us = engine_now_us(a->engine);
    k->pending = true;
    a->keys[a->key_at] = k;
    a->key_at = (a->key_at + 1) % API_KEYS_KEPT;
    map_put_ptr(&a->key_map, key, k);
}

static void answer_order(struct api *a, httpd_handle h, const struct order *o, const char *client_id) {
    cJSON *doc = api_order_json(a, o);
    cJSON_AddStringToObject(doc, "clientId", client_id);
    char *text = cJSON_PrintUnformatted(doc);
    cJSON_Delete(doc);
    api_answer_text(a, h, 200, text ? text : "{}", true);
    cJSON_free(text);
}

bool api_key_again(struct api *a, httpd_handle h, const struct api_order *q) {
    const uint64_t key = api_key_of(q->client_id);
    uint8_t digest[API_DIGEST];
    api_digest(q, sizeof *q, digest);
    struct api_key *k = map_get_ptr(&a->key_map, key);
    if (k && !k->pending && k->at_us <= engine_now_us(a->engine) - API_DAY_US) {
        key_drop(a, k);
        k = NULL;
    }
    const struct order *o = !k || k->status == err_http_status(ERR_OUTCOME_UNKNOWN) ? api_key_order(a, key) : NULL;
    if (k && memcmp(k->digest, digest, sizeof digest) != 0) {
        struct api_fault f = {0};
        api_fault(&f, ERR_DUPLICATE, "clientId %s: it was used for another order within a day", q->client_id);
        api_refuse(a, h, &f, NULL);
    } else if (o)
        answer_order(a, h, o, q->client_id); /* what is known now: more than the first answer said, or that one is not kept */
    else if (k && k->pending)
        api_wait_add(a, &(struct api_wait){.h = h, .key = key});
    else if (k)
        api_answer_text(a, h, k->status, k->body, true);
    else {
        key_add(a, key, digest);
        return false;
    }
    return true;
}

void api_key_settle(struct api *a, uint64_t key, int status, const char *body, bool keep) {
    struct api_key *k = key ? map_get_ptr(&a->key_map, key) : NULL;
    if (!k)
        return;
    for (struct api_wait *w = a->waits; w; w = w->next)
        if (w->key == key && !w->token && !w->gone) {
            api_answer_text(a, w->h, status, body, true);
            w->gone = true;
        }
    k->pending = false;
    if (!keep) {
        key_drop(a, k);
        return;
    }
    k->status = status;
    free(k->body);
    k->body = xstrdup(body);
}

void api_keys_free(struct api *a) {
    for (unsigned i = 0; i < API_KEYS_KEPT; i++)
        if (a->keys[i])
            key_drop(a, a->keys[i]);
    map_free(&a->key_map);
    map_free(&a->key_orders);
}
