/* What happened to automations, what was refused, and a person's notes. The newest in memory, all of it in the store. */
#include "desk/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/str.h"

#define HISTORY_KEEP 1024
#define REFUSALS_KEEP 256

struct autolog {
    struct history *list; /* a ring of HISTORY_KEEP */
    size_t head, n;
    struct view_refusal *refusals;
    size_t refusal_head, refusal_n;
    struct remark *remarks;
    size_t remark_n, remark_cap;
};

static struct autolog *log_of(struct desk *d) {
    if (d->autolog == NULL) {
        d->autolog = xcalloc(1, sizeof *d->autolog);
        d->autolog->list = xcalloc(HISTORY_KEEP, sizeof *d->autolog->list);
        d->autolog->refusals = xcalloc(REFUSALS_KEEP, sizeof *d->autolog->refusals);
    }
    return d->autolog;
}

void autolog_free(struct desk *d) {
    if (d->autolog == NULL)
        return;
    free(d->autolog->list);
    free(d->autolog->refusals);
    free(d->autolog->remarks);
    free(d->autolog);
    d->autolog = NULL;
}

/* --- history --- */
static void keep(struct desk *d, const struct history *h) {
    struct autolog *l = log_of(d);
    l->list[l->head] = *h;
    l->head = (l->head + 1) % HISTORY_KEEP;
    l->n += l->n < HISTORY_KEEP;
    d->dirty |= DIRTY_AUTOS;
}

void history_add(struct desk *d, enum history_kind k, uint64_t id, const struct mkt *m, order_id order, const char *what, const char *fmt, ...) {
    struct history h = {.at_us = d->now_us, .id = id, .order = order, .market = m != NULL ? m->m.id : 0, .kind = (uint8_t)k};
    va_list ap;
    str_copy(h.what, sizeof h.what, what);
    va_start(ap, fmt);
    vsnprintf(h.text, sizeof h.text, fmt, ap);
    va_end(ap);
    keep(d, &h);
    save_add(d, SAVE_HISTORY)->u.history = h;
}

void on_history(struct desk *d, const struct event *ev) { keep(d, &ev->u.history); }

int view_history(const struct desk *d, int kind, uint64_t id, const struct history **out, int max) {
    const struct autolog *l = d->autolog;
    int n = 0;
    for (size_t i = 0; l != NULL && i < l->n && n < max; i++) {
        const struct history *h = &l->list[(l->head + HISTORY_KEEP - 1 - i) % HISTORY_KEEP];
        if ((kind < 0 || h->kind == kind) && (id == 0 || h->id == id))
            out[n++] = h;
    }
    return n;
}

/* --- refusals --- */
void refusal_keep(struct desk *d, const struct intent *in, enum err e, const char *text) {
    struct autolog *l = log_of(d);
    struct view_refusal *r = &l->refusals[l->refusal_head];
    *r = (struct view_refusal){.at_us = d->now_us, .account = in->account, .market = in->market, .code = (int32_t)e, .source = in->source};
    str_copy(r->text, sizeof r->text, text);
    l->refusal_head = (l->refusal_head + 1) % REFUSALS_KEEP;
    l->refusal_n += l->refusal_n < REFUSALS_KEEP;
    d->dirty |= DIRTY_AUTOS;
}

int view_refusals(const struct desk *d, struct view_refusal *out, int max) {
    const struct autolog *l = d->autolog;
    int n = 0;
    for (size_t i = 0; l != NULL && i < l->refusal_n && n < max; i++)
        out[n++] = l->refusals[(l->refusal_head + REFUSALS_KEEP - 1 - i) % REFUSALS_KEEP];
    return n;
}

/* --- notes --- */
static struct remark *remark_find(const struct desk *d, uint8_t kind, uint64_t subject) {
    const struct autolog *l = d->autolog;
    for (size_t i = 0; l != NULL && i < l->remark_n; i++)
        if (l->remarks[i].kind == kind && l->remarks[i].subject == subject)
            return &l->remarks[i];
    return NULL;
}

static void remark_put(struct desk *d, const struct remark *r) {
    struct remark *old = remark_find(d, r->kind, r->subject);
    struct autolog *l = log_of(d);
    if (old == NULL) {
        l->remarks = xgrow(l->remarks, &l->remark_cap, l->remark_n + 1, sizeof *l->remarks);
        old = &l->remarks[l->remark_n++];
    }
    *old = *r;
    d->dirty |= DIRTY_AUTOS;
}

void on_remark(struct desk *d, const struct event *ev) { remark_put(d, &ev->u.remark); }

void intent_remark(struct desk *d, const struct intent *in) {
    struct remark r = in->u.remark;
    const enum err e = !d->leader ? ERR_NOT_LEADER : !d->loaded ? ERR_RECONCILING : r.kind > REMARK_DAY ? ERR_BAD_VALUE
                     : r.kind == REMARK_ORDER && rec_find(d, r.subject) == NULL ? ERR_NOT_FOUND : ERR_OK;
    if (e != ERR_OK) {
        reply(d, in->token, e, NULL, NULL);
        return;
    }
    r.at_us = d->now_us;
    remark_put(d, &r); /* an empty one stays as a row: it takes a stored text back */
    save_add(d, SAVE_REMARK)->u.remark = r;
    save_after(d, AFTER_REPLY, 0, in->token, PRICE(0), QTY(0));
}

const struct remark *view_remark(const struct desk *d, enum remark_kind k, uint64_t subject) {
    const struct remark *r = remark_find(d, (uint8_t)k, subject);
    return r != NULL && r->text[0] != 0 ? r : NULL;
}

const struct remark *view_next_remark(const struct desk *d, int *cursor) {
    const struct autolog *l = d->autolog;
    while (l != NULL && (size_t)*cursor < l->remark_n) {
        const struct remark *r = &l->remarks[(*cursor)++];
        if (r->text[0] != 0)
            return r;
    }
    return NULL;
}
