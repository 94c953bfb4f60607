/* The newest runs of every model in memory. Bounded twice: by number for each model, by bytes of text for all. */
#include <stdlib.h>
#include <string.h>

#include "agent/runs_edit.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"

#define BYTES_MOST (16u << 20)
#define TEXT_MOST (96u << 10) /* of one text */
#define PROMPTS_KEEP 64

struct kept_prompt { char hash[RUN_HASH_MAX]; char *text; };

struct runs {
    struct run_info **list; /* newest last */
    size_t n, cap, bytes;
    struct kept_prompt prompts[PROMPTS_KEEP];
    int prompt_at;
};

struct runs *runs_new(void) { return xcalloc(1, sizeof(struct runs)); }

static void text_free(struct runs *r, char **slot) {
    if (*slot)
        r->bytes -= strlen(*slot) + 1;
    free(*slot);
    *slot = NULL;
}

static void run_free(struct runs *r, struct run_info *x) {
    for (int i = 0; i < x->step_count; i++) {
        text_free(r, &x->steps[i].arguments);
        text_free(r, &x->steps[i].text);
    }
    r->bytes -= (size_t)x->step_count * sizeof *x->steps;
    free(x->steps);
    text_free(r, &x->prompt);
    text_free(r, &x->response);
    free(x);
}

void runs_free(struct runs *r) {
    for (size_t i = 0; i < r->n; i++)
        run_free(r, r->list[i]);
    for (int i = 0; i < PROMPTS_KEEP; i++)
        free(r->prompts[i].text);
    free(r->list);
    free(r);
}

static void drop(struct runs *r, size_t i) {
    run_free(r, r->list[i]);
    memmove(&r->list[i], &r->list[i + 1], (r->n - i - 1) * sizeof *r->list);
    r->n--;
}

static void make_room(struct runs *r, model_id m) {
    size_t of_model = 0;
    for (size_t i = r->n; i-- > 0;)
        if (r->list[i]->model == m && ++of_model >= RUNS_KEEP && r->list[i]->status != RUN_RUNNING)
            drop(r, i);
    for (size_t i = 0; r->bytes > BYTES_MOST && i < r->n;) /* the oldest of all first */
        if (r->list[i]->status != RUN_RUNNING)
            drop(r, i);
        else
            i++;
}

void runs_set_text(struct runs *r, char **slot, const char *text) {
    text_free(r, slot);
    *slot = utf8_sanitise_lines(text ? text : "", text ? strlen(text) : 0, TEXT_MOST);
    r->bytes += strlen(*slot) + 1;
}

struct run_info *runs_begin(struct runs *r, run_id id, model_id model, account_id account, int64_t at_us) {
    make_room(r, model);
    struct run_info *x = xcalloc(1, sizeof *x);
    *x = (struct run_info){.id = id, .model = model, .account = account, .started_us = at_us, .status = RUN_RUNNING};
    runs_set_text(r, &x->response, "");
    r->list = xgrow(r->list, &r->cap, r->n + 1, sizeof *r->list);
    size_t at = r->n++;
    for (; at > 0 && r->list[at - 1]->started_us > at_us; at--) /* recovered ones are older than what began meanwhile */
        r->list[at] = r->list[at - 1];
    r->list[at] = x;
    return x;
}

struct run_step *runs_step(struct runs *r, struct run_info *run, enum step_kind kind, int64_t at_us, const char *text) {
    if ((run->step_count & (run->step_count - 1)) == 0)
        run->steps = xrealloc(run->steps, (size_t)(run->step_count ? run->step_count * 2 : 1) * sizeof *run->steps);
    struct run_step *s = &run->steps[run->step_count++];
    *s = (struct run_step){.kind = (uint8_t)kind, .at_us = at_us, .code = -1};
    r->bytes += sizeof *s;
    runs_set_text(r, &s->arguments, "");
    runs_set_text(r, &s->text, text);
    return s;
}

struct run_info *runs_edit(struct runs *r, run_id id) {
    for (size_t i = r->n; i-- > 0;)
        if (r->list[i]->id == id)
            return r->list[i];
    return NULL;
}

void runs_keep_prompt(struct runs *r, const char *hash, const char *text) {
    if (runs_prompt(r, hash))
        return;
    struct kept_prompt *p = &r->prompts[r->prompt_at++ % PROMPTS_KEEP];
    free(p->text);
    p->text = utf8_sanitise_lines(text, strlen(text), TEXT_MOST);
    str_copy(p->hash, sizeof p->hash, hash);
}

/* --- reading ----------------------------------------------------------------------------------------- */
const struct run_info *runs_of(const struct runs *r, model_id m, int i) {
    for (size_t k = r ? r->n : 0; k-- > 0;)
        if (r->list[k]->model == m && i-- == 0)
            return r->list[k];
    return NULL;
}

const struct run_info *runs_at(const struct runs *r, int i) { return r && i >= 0 && (size_t)i < r->n ? r->list[r->n - 1 - (size_t)i] : NULL; }

const struct run_info *runs_find(const struct runs *r, run_id id) {
    for (size_t i = r ? r->n : 0; i-- > 0;)
        if (r->list[i]->id == id)
            return r->list[i];
    return NULL;
}

const char *runs_prompt(const struct runs *r, const char *hash) {
    for (int i = 0; r && hash[0] && i < PROMPTS_KEEP; i++)
        if (r->prompts[i].text && strcmp(r->prompts[i].hash, hash) == 0)
            return r->prompts[i].text;
    return NULL;
}
