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

struct shelf { struct run_info **list; /* newest last */ size_t n, cap; };

struct runs {
    struct shelf newest, recalled;
    size_t bytes;
    uint32_t recalls;
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
    struct shelf *const shelves[] = {&r->newest, &r->recalled};
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < shelves[k]->n; i++)
            run_free(r, shelves[k]->list[i]);
        free(shelves[k]->list);
    }
    for (int i = 0; i < PROMPTS_KEEP; i++)
        free(r->prompts[i].text);
    free(r);
}

static void drop(struct runs *r, struct shelf *s, size_t i) {
    run_free(r, s->list[i]);
    memmove(&s->list[i], &s->list[i + 1], (s->n - i - 1) * sizeof *s->list);
    s->n--;
}

/* A place by time: recovered and recalled ones are older than what began meanwhile. */
static struct run_info *put(struct runs *r, struct shelf *s, const struct run_info *what) {
    struct run_info *x = xcalloc(1, sizeof *x);
    *x = *what;
    runs_set_text(r, &x->response, "");
    s->list = xgrow(s->list, &s->cap, s->n + 1, sizeof *s->list);
    size_t at = s->n++;
    for (; at > 0 && s->list[at - 1]->started_us > x->started_us; at--)
        s->list[at] = s->list[at - 1];
    s->list[at] = x;
    return x;
}

static void make_room(struct runs *r, model_id m) {
    struct shelf *s = &r->newest;
    size_t of_model = 0;
    for (size_t i = s->n; i-- > 0;)
        if (s->list[i]->model == m && ++of_model >= RUNS_KEEP && s->list[i]->status != RUN_RUNNING)
            drop(r, s, i);
    while (r->bytes > BYTES_MOST && r->recalled.n)
        drop(r, &r->recalled, 0);
    for (size_t i = 0; r->bytes > BYTES_MOST && i < s->n;) /* the oldest of all first */
        if (s->list[i]->status != RUN_RUNNING)
            drop(r, s, i);
        else
            i++;
}

void runs_set_text(struct runs *r, char **slot, const char *text) {
    text_free(r, slot);
    *slot = utf8_sanitise_lines(text ? text : "", text ? strlen(text) : 0, TEXT_MOST);
    r->bytes += strlen(*slot) + 1;
}

static void recalled_drop(struct runs *r, run_id id) {
    for (size_t i = r->recalled.n; i-- > 0;)
        if (r->recalled.list[i]->id == id)
            drop(r, &r->recalled, i);
}

struct run_info *runs_begin(struct runs *r, run_id id, model_id model, account_id account, int64_t at_us) {
    make_room(r, model);
    recalled_drop(r, id);
    return put(r, &r->newest, &(struct run_info){.id = id, .model = model, .account = account, .started_us = at_us, .status = RUN_RUNNING});
}

struct run_info *runs_recall(struct runs *r, run_id id, model_id model, account_id account, int64_t at_us) {
    recalled_drop(r, id);
    while (r->recalled.n && (r->recalled.n >= RUNS_RECALLED || r->bytes > BYTES_MOST))
        drop(r, &r->recalled, 0);
    return put(r, &r->recalled, &(struct run_info){.id = id, .model = model, .account = account, .started_us = at_us, .recovered = 1, .recalled = 1});
}

void runs_recalled(struct runs *r) { r->recalls++; }

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

static struct run_info *find(const struct shelf *s, run_id id) {
    for (size_t i = s->n; i-- > 0;)
        if (s->list[i]->id == id)
            return s->list[i];
    return NULL;
}

struct run_info *runs_edit(struct runs *r, run_id id) {
    struct run_info *x = find(&r->newest, id);
    return x ? x : find(&r->recalled, id);
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
    for (size_t k = r ? r->newest.n : 0; k-- > 0;)
        if (r->newest.list[k]->model == m && i-- == 0)
            return r->newest.list[k];
    return NULL;
}

static const struct run_info *nth(const struct shelf *s, int i) { return i >= 0 && (size_t)i < s->n ? s->list[s->n - 1 - (size_t)i] : NULL; }

const struct run_info *runs_at(const struct runs *r, int i) { return r ? nth(&r->newest, i) : NULL; }
const struct run_info *runs_recalled_at(const struct runs *r, int i) { return r ? nth(&r->recalled, i) : NULL; }
uint32_t runs_recalls(const struct runs *r) { return r ? r->recalls : 0; }

const struct run_info *runs_find(const struct runs *r, run_id id) {
    const struct run_info *x = r ? find(&r->newest, id) : NULL;
    return x || !r ? x : find(&r->recalled, id);
}

const char *runs_prompt(const struct runs *r, const char *hash) {
    for (int i = 0; r && hash[0] && i < PROMPTS_KEEP; i++)
        if (r->prompts[i].text && strcmp(r->prompts[i].hash, hash) == 0)
            return r->prompts[i].text;
    return NULL;
}
