/* prices.conf: what a million tokens cost. A price that is not known stays unknown: it is never taken for nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/library.h"
#include "chat_private.h"
#include "turret/base/mem.h"
#include "turret/io/inifile.h"
#include "turret/io/loop.h"

struct reading { struct price_table *t; struct read_err *e; };

static bool money(const char *word, bool may_be_unknown, int64_t *out) {
    *out = -1;
    if (!strcmp(word, "-"))
        return may_be_unknown;
    return dec_parse_str(word, out) && *out >= 0;
}

/* price = MODEL INPUT CACHED CACHE_WRITE OUTPUT [YYYY-MM-DD] */
static int on_value(void *user, const char *section, const char *name, const char *value, int line) {
    struct reading *r = user;
    struct price_row row = {0};
    char buf[200], when[32], *words[7];
    int n = str_split(value, buf, sizeof buf, words, 7);
    if (strcmp(name, "price") != 0 || !section[0] || strlen(section) >= sizeof row.provider)
        return read_fail(r->e, line, "expected [provider], then lines of price = MODEL INPUT CACHED CACHE_WRITE OUTPUT [DATE]"), 0;
    if (n < 5 || n > 6 || strlen(words[0]) >= sizeof row.model)
        return read_fail(r->e, line, "expected MODEL INPUT CACHED CACHE_WRITE OUTPUT [DATE]"), 0;
    if (!money(words[1], false, &row.in) || !money(words[2], true, &row.cached) || !money(words[3], true, &row.cache_write) || !money(words[4], false, &row.out))
        return read_fail(r->e, line, "a price is USD for a million tokens, like 0.25; - = as input"), 0;
    snprintf(when, sizeof when, "%.10sT00:00:00Z", n == 6 ? words[5] : "1970-01-01");
    if (n == 6 && (strlen(words[5]) != 10 || !clock_parse_rfc3339(when, &row.from_us)))
        return read_fail(r->e, line, "a date is like 2026-01-31"), 0;
    str_copy(row.provider, sizeof row.provider, section);
    str_copy(row.model, sizeof row.model, words[0]);
    r->t->rows = xgrow(r->t->rows, &r->t->cap, r->t->count + 1, sizeof *r->t->rows);
    r->t->rows[r->t->count++] = row;
    return 1;
}

enum err prices_read(struct price_table *t, const char *text, size_t n, struct read_err *e) {
    struct reading r = {t, e};
    if (lines_check(text, n, e))
        return ERR_CONFIG;
    int bad = inifile_parse(text, n, on_value, &r);
    return bad ? read_fail(e, bad, "can't be read") : ERR_OK;
}

/* 0 = not meant; else the longer, the better: the name itself before a pattern that ends in '*'. */
static size_t match(const char *pattern, const char *model) {
    size_t n = strlen(pattern);
    if (!strcmp(pattern, model))
        return SIZE_MAX;
    return n > 0 && pattern[n - 1] == '*' && !strncmp(pattern, model, n - 1) ? n : 0;
}

/* The closest name counts, of its rows the newest that is valid, of equal ones the first (the user's). */
static const struct price_row *row_for(const struct price_table *t, const char *provider, const char *model, int64_t now_us) {
    const struct price_row *best = NULL;
    size_t best_match = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct price_row *row = &t->rows[i];
        size_t m = str_eq_nocase(row->provider, provider) && row->from_us <= now_us ? match(row->model, model) : 0;
        if (m > best_match || (m && m == best_match && row->from_us > best->from_us)) {
            best = row;
            best_match = m;
        }
    }
    return best;
}

bool provider_cost(const struct provider *p, const char *model, const struct chat_usage *u, usd *out) {
    if (u->cost_known) { /* what the provider took */
        *out = u->cost;
        return true;
    }
    const struct price_row *row = u->known ? row_for(p->prices, p->name, model, clock_now_us()) : NULL;
    if (!row)
        return false;
    uint64_t special = u->cached + u->cache_write, plain = u->in > special ? u->in - special : 0;
    __int128 sum = (__int128)plain * row->in + (__int128)u->cached * (row->cached < 0 ? row->in : row->cached) +
                   (__int128)u->cache_write * (row->cache_write < 0 ? row->in : row->cache_write) + (__int128)u->out * row->out;
    *out = USD((int64_t)((sum + DEC_ONE - 1) / DEC_ONE)); /* never less than it was */
    return true;
}
