/* Notes on orders and days: the prompt, and the line that shows one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/format.h"
#include "ui/panes/auto.h"

static void written(struct session *s, const char *text) {
    struct intent in = {.kind = INTENT_REMARK, .source = SOURCE_MANUAL};
    in.u.remark = (struct remark){.kind = s->remark.kind, .subject = s->remark.subject, .at_us = session_now_us(s)};
    str_copy(in.u.remark.text, sizeof in.u.remark.text, text);
    session_send(s, &in);
}

unsigned pane_remark(struct session *s, enum remark_kind k, uint64_t subject) {
    const struct remark *old = view_remark(s->view, k, subject);
    const struct order *o = k == REMARK_ORDER ? view_order(s->view, subject) : NULL;
    char prompt[48], day[FORMAT_MAX];
    if (session_readonly(s)) {
        session_message(s, NOTICE_WARN, "%s", err_text(ERR_READ_ONLY));
        return REACT_HANDLED;
    }
    if (k == REMARK_ORDER && !o)
        return REACT_HANDLED;
    s->remark.kind = (uint8_t)k;
    s->remark.subject = subject;
    if (o)
        snprintf(prompt, sizeof prompt, "note on order %u: ", o->num);
    else
        snprintf(prompt, sizeof prompt, "note on %s: ", format_day((int32_t)subject, day));
    session_prompt(s, prompt, old ? old->text : "", written);
    return REACT_HANDLED | REACT_DRAW;
}

/* `n` where there is no filter to step through. */
unsigned pane_note_key(struct session *s, void *state, enum action a, order_id order) {
    const struct pane_slot *slot = session_slot(s, state);
    if (a != ACT_NEXT_MATCH || !slot || slot->filter[0])
        return REACT_NONE;
    if (!order) {
        session_message(s, NOTICE_WARN, "no order under the cursor to write a note on");
        return REACT_HANDLED;
    }
    return pane_remark(s, REMARK_ORDER, order);
}

const char *pane_note_of(struct session *s, order_id order) {
    const struct remark *r = order ? view_remark(s->view, REMARK_ORDER, order) : NULL;
    return r ? r->text : "";
}
