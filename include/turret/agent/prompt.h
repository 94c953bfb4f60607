/* What a model is told: variants (data files with limits and a system prompt), the user prompt's template, and the snapshot of the
 * market a run starts with. A placeholder without a value is an error with file and line. */
#ifndef TURRET_AGENT_PROMPT_H
#define TURRET_AGENT_PROMPT_H

#include "turret/agent/runs.h"
#include "turret/desk/view.h"

/* --- variants: agents/variants/NAME.md, over them the user's DIR/variants/NAME.md --- */
struct variant {
    char name[VARIANT_NAME_MAX], title[48], colour[8] /* rrggbb */, file[160];
    struct agent_limits limits;
    int min_adx_pad;
    char *system; /* the prompt's text, placeholders not yet filled */
    int system_line; /* line of the file it starts in */
};
struct library; /* variants, template, models: what is read from files at start */
/* ERR_CONFIG with "file:line: what" in text: unknown limit, missing section, unknown placeholder. */
enum err library_load(const char *dir /* the user's, NULL = built-in only */, struct library **out, char *text, size_t cap);
void library_free(struct library *l);
int library_variant_count(const struct library *l);
const struct variant *library_variant_at(const struct library *l, int i);
const struct variant *library_variant(const struct library *l, const char *name); /* without regard to case */
/* Models of models.conf (the user's file replaces the built-in one): no ids yet. `interval_s` is 0 where the file says nothing. */
int library_model_count(const struct library *l);
const struct model *library_model_at(const struct library *l, int i);

/* --- the snapshot a run keeps --- */
struct snapshot_market { market_id id; price mark, bid, ask; int64_t book_us; bool stale; };
struct run_snapshot { int64_t at_us; int market_count; struct snapshot_market *markets; char *intelligence; /* MARKET_INTELLIGENCE text, shared */ };
/* The shared cache: built at most once in two minutes for all waiters, dropped after a batch (library_cache_drop). */
struct run_snapshot *snapshot_take(struct library *l, const struct desk *view, const struct model *m, int64_t now_us);
void snapshot_free(struct run_snapshot *s);
void library_cache_drop(struct library *l);
struct cache_status { bool cached; int64_t age_us; uint64_t hits, misses; };
void library_cache_status(const struct library *l, int64_t now_us, struct cache_status *out);

/* --- prompts --- */
struct prompt { char *system, *user; char system_hash[RUN_HASH_MAX], user_hash[RUN_HASH_MAX]; };
/* ERR_CONFIG with "file:line: placeholder NAME has no value". Foreign text in it is sanitised, delimited and capped. */
enum err prompt_build(struct library *l, const struct desk *view, const struct model *m, const struct run_snapshot *s, int64_t now_us, struct prompt *out, char *text, size_t cap);
void prompt_free(struct prompt *p);
/* "[STATE UPDATE] Cash | Exposure % | Portfolio | Open: SYM SIDE @ entry (pnl)", after every step. */
void prompt_state_line(const struct desk *view, const struct model *m, char *buf, size_t cap);
/* Placeholders and their help, for documentation and tests; NULL name ends. */
struct placeholder { const char *name, *help; };
extern const struct placeholder placeholder_table[];

#endif
