/* What is read from files at start, and the cache of market texts that hangs on it. Private to library*.c, prompt*.c and snapshot.c. */
#ifndef TURRET_AGENT_LIBRARY_PRIVATE_H
#define TURRET_AGENT_LIBRARY_PRIVATE_H

#include "turret/agent/prompt.h"
#include "turret/base/str.h"

#define SNAPSHOT_TTL_US (120 * 1000000LL)
#define PROMPT_MARKETS 24 /* in one prompt; the tools show the rest */

struct template { char *text; int line; char file[160]; }; /* `line`: of the file, where the text starts */

struct market_text { market_id market; char *text; }; /* what is the same for every reader of a market */

struct library {
    struct variant *variants;
    size_t variant_count, variant_cap;
    struct model *models;
    size_t model_count, model_cap;
    struct template user;
    struct intel_cache {
        int64_t built_us;
        uint64_t hits, misses;
        struct market_text *texts; /* sorted as asked for; few */
        size_t count, cap;
    } cache;
};

/* Where an error is told: "file:line: what", the first one only. */
struct read_err { char *text; size_t cap; bool set; char file[400]; };
enum err read_fail(struct read_err *e, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* No line of INI text may be longer than inih takes: it cuts them, and a cut list of markets must not pass for a whole one. */
enum err lines_check(const char *text, size_t n, struct read_err *e);

/* Values as a person writes them. False: not of that kind. */
bool conf_usd(const char *s, int64_t *micro);         /* "500", "500 USD", "$500" */
bool conf_ppm(const char *s, int64_t *ppm);           /* "2%" or "0.02" */
bool conf_duration_ms(const char *s, int64_t *ms);    /* "15m", "30s", "2h", "1d", "500ms"; a plain number is seconds */
bool conf_count(const char *s, const char *unit, int64_t *n); /* "5", with the unit's own mark too: "5x", "40%" */
bool conf_flag(const char *s, bool *on);              /* yes, no, on, off, true, false, 1, 0 */
/* One of a variant's limits by its kind. */
bool conf_limit(const struct risk_limit_info *info, const char *s, int64_t *out);

/* library_variant.c: reads one file's text into *out. */
enum err variant_read(const char *file, const char *stem, const char *text, size_t n, struct variant *out, struct read_err *e);
void variant_clear(struct variant *v);
/* library_models.c: sections of one file into l->models; a section replaces one of the same name. */
enum err models_read(struct library *l, const char *text, size_t n, struct read_err *e);
void models_settle(struct library *l); /* drops the ones that are switched off */

/* prompt_fill.c: every {{NAME}} of the text must be in the table, and static where only_static. */
enum err template_check(const char *text, int line, bool only_static, struct read_err *e);

#endif
