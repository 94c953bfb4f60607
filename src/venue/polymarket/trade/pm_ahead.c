/* Signing ahead: an order that was prepared is signed on the next turn of the loop, while the store commits its row; when it is placed, only the
 * request's own signature is still to be made. What was signed is used for exactly the same order or not at all. */
#include "venue/polymarket/trade/pm_orders_impl.h"

#include "turret/base/mem.h"
#include "turret/io/loop.h"

#include <stdlib.h>
#include <string.h>

#define A_TURN 8

static void describe(struct pm_signed *x, const struct pm_session *s, const struct order *o, const struct pm_market *m, const struct pm_domain *d, const struct pm_order *made) {
    const struct pm_creds *creds = pm_clob_creds(s->clob);
    memset(x, 0, sizeof *x);
    x->id = o->id;
    x->domain = *d;
    x->made = *made;
    str_copy(x->token, sizeof x->token, m->token[o->side == SIDE_NO]);
    str_copy(x->owner, sizeof x->owner, creds ? creds->key : "");
    memcpy(x->type, pm_order_type(o), 4);
    x->post_only = (o->flags & ORDER_POST_ONLY) != 0;
}

static char *sign(const struct pm_session *s, const struct pm_signed *x) {
    char signature[PM_SIGNATURE_TEXT];
    struct str json;
    str_init(&json);
    pm_order_sign(s->key, &x->domain, &x->made, signature);
    pm_order_json(&json, &x->made, &(struct pm_wire){.token = x->token, .signature = signature, .owner = x->owner, .type = x->type, .post_only = x->post_only});
    return json.p;
}

static bool same_order(const struct pm_order *a, const struct pm_order *b) {
    return a->salt == b->salt && a->maker_amount == b->maker_amount && a->taker_amount == b->taker_amount && a->side == b->side && a->signature_type == b->signature_type &&
           a->timestamp_ms == b->timestamp_ms && a->expiration_s == b->expiration_s && !memcmp(&a->maker, &b->maker, sizeof a->maker) && !memcmp(&a->signer, &b->signer, sizeof a->signer) &&
           !memcmp(&a->token, &b->token, sizeof a->token) && !memcmp(&a->metadata, &b->metadata, sizeof a->metadata) && !memcmp(&a->builder, &b->builder, sizeof a->builder);
}
static bool same(const struct pm_signed *a, const struct pm_signed *b) {
    return a->id == b->id && a->domain.chain_id == b->domain.chain_id && a->domain.exchange == b->domain.exchange && same_order(&a->made, &b->made) && !strcmp(a->token, b->token) &&
           !strcmp(a->owner, b->owner) && !strcmp(a->type, b->type) && a->post_only == b->post_only;
}

static void on_sign(struct ev_loop *loop, ev_timer *w, int events) {
    struct pm_orders *p = w->data;
    int left = A_TURN;
    (void)events;
    for (int i = 0; i < PM_SIGNED_MAX; i++) {
        struct pm_signed *x = &p->ahead[i];
        if (!x->id || x->json)
            continue;
        if (left-- == 0)
            return; /* the timer repeats */
        x->json = sign(p->s, x);
    }
    ev_timer_stop(loop, w);
}

void pm_ahead_init(struct pm_orders *p) {
    ev_init(&p->sign, on_sign);
    p->sign.data = p;
}

static void drop(struct pm_signed *x) {
    free(x->json);
    memset(x, 0, sizeof *x);
}

void pm_ahead_free(struct pm_orders *p) {
    ev_timer_stop(loop_get(), &p->sign);
    for (int i = 0; i < PM_SIGNED_MAX; i++)
        drop(&p->ahead[i]);
}

void pm_ahead_add(struct pm_orders *p, const struct order *o, const struct pm_market *m, const struct pm_domain *d, const struct pm_order *made) {
    struct pm_signed *x = &p->ahead[p->ahead_next++ % PM_SIGNED_MAX];
    drop(x);
    describe(x, p->s, o, m, d, made);
    if (!ev_is_active(&p->sign)) {
        ev_timer_set(&p->sign, 0., 0.0001);
        ev_timer_start(loop_get(), &p->sign);
    }
}

char *pm_ahead_json(struct pm_orders *p, const struct order *o, const struct pm_domain *d, const struct pm_order *made) {
    struct pm_signed now;
    char *json = NULL;
    describe(&now, p->s, o, pm_market_by_id(p->s->data, o->market), d, made);
    for (int i = 0; i < PM_SIGNED_MAX; i++) {
        struct pm_signed *x = &p->ahead[i];
        if (x->id != o->id)
            continue;
        if (x->json && same(x, &now)) {
            json = x->json;
            x->json = NULL;
        }
        drop(x);
    }
    return json ? json : sign(p->s, &now);
}
