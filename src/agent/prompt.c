/* Builds the two prompts of a run: the variant's text with its limits, and the user template with what is true now. */
#include "turret/agent/prompt.h"

#include <math.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/prompt_parts.h"
#include "agent/sizing.h"
#include "turret/base/mem.h"
#include "turret/base/utf8.h"

/* --- figures --- */
void prompt_dec(struct str *out, int64_t micro, int min_digits) {
    char t[DEC_TEXT_MAX];
    dec_format(micro, min_digits, t);
    str_add(out, t);
}
void prompt_usd(struct str *out, usd v) {
    char t[32];
    dec_format_fixed(v.micro, 2, false, t);
    str_add(out, t);
}
void prompt_pct(struct str *out, int64_t part, int64_t whole) {
    if (whole <= 0)
        str_add(out, "n/a");
    else
        str_addf(out, "%.2f", (double)part / (double)whole * 100);
}
void prompt_time(struct str *out, int64_t at_us) {
    char t[32];
    time_t s = (time_t)(at_us / 1000000);
    struct tm at;
    gmtime_r(&s, &at);
    strftime(t, sizeof t, "%Y-%m-%dT%H:%M:%SZ", &at);
    str_add(out, t);
}
void prompt_span(struct str *out, int64_t us) {
    int64_t s = us < 0 ? 0 : us / 1000000;
    if (s < 120)
        str_addf(out, "%lld s", (long long)s);
    else if (s < 7200)
        str_addf(out, "%lld min", (long long)(s / 60));
    else if (s < 172800)
        str_addf(out, "%.1f h", (double)s / 3600);
    else
        str_addf(out, "%.1f days", (double)s / 86400);
}

/* No run of '<' or '>' of the foreign text may close or open the marks. */
void prompt_foreign(struct str *out, const char *text, size_t longest) {
    char clean[512];
    utf8_sanitise(clean, longest + 1 < sizeof clean ? longest + 1 : sizeof clean, text, strlen(text));
    str_add(out, "<<<");
    for (char *p = clean; *p; p++)
        str_addc(out, *p == '<' || *p == '>' || *p == '{' || *p == '}' ? '\'' : *p);
    str_add(out, ">>>");
}

/* --- of the run --- */
void put_TOTAL_MINUTES(const struct prompt_ctx *c, struct str *out) { str_addf(out, "%llu", (unsigned long long)c->m->total_minutes); }
void put_INVOCATION_TIMES(const struct prompt_ctx *c, struct str *out) {
    str_addf(out, "%llu", (unsigned long long)(c->m->runs + c->m->failed_runs + 1));
}
void put_CURRENT_TIME(const struct prompt_ctx *c, struct str *out) { prompt_time(out, c->now_us); }
void put_MODEL_NAME(const struct prompt_ctx *c, struct str *out) { str_add(out, c->m->name); }
void put_INTERVAL(const struct prompt_ctx *c, struct str *out) {
    if (c->m->interval_s > 0)
        prompt_span(out, (int64_t)c->m->interval_s * 1000000);
    else
        str_add(out, "few minutes");
}
void put_SNAPSHOT_ID(const struct prompt_ctx *c, struct str *out) { str_addf(out, "%llx", (unsigned long long)c->snap->at_us); }
void put_SNAPSHOT_TIME(const struct prompt_ctx *c, struct str *out) { prompt_time(out, c->snap->at_us); }
void put_DATA_AGE(const struct prompt_ctx *c, struct str *out) {
    int64_t oldest = INT64_MAX;
    for (int i = 0; i < c->snap->market_count; i++)
        if (c->snap->markets[i].book_us > 0 && c->snap->markets[i].book_us < oldest)
            oldest = c->snap->markets[i].book_us;
    if (oldest == INT64_MAX)
        str_add(out, "n/a");
    else
        prompt_span(out, c->now_us - oldest);
}

void put_BUDGET_LEFT(const struct prompt_ctx *c, struct str *out) {
    const struct model *m = c->m;
    int32_t today = (int32_t)(c->now_us / 86400000000LL);
    usd spent = m->cost_date == today ? m->cost_day : USD(0);
    if (m->builtin || (m->budget_run.micro == 0 && m->budget_day.micro == 0)) {
        str_add(out, "no limit");
        return;
    }
    if (m->budget_run.micro > 0)
        prompt_usd(out, m->budget_run), str_add(out, " USD in this run");
    if (m->budget_day.micro > 0) {
        int64_t left = m->budget_day.micro - spent.micro;
        str_add(out, m->budget_run.micro > 0 ? ", " : "");
        prompt_usd(out, USD(left > 0 ? left : 0));
        str_add(out, " USD today");
    }
}

void put_MARKET_INTELLIGENCE(const struct prompt_ctx *c, struct str *out) { str_add(out, c->snap->intelligence ? c->snap->intelligence : "Market data unavailable."); }

/* --- building --- */
static void hash_of(const char *text, char hex[RUN_HASH_MAX]) {
    unsigned char d[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)text, strlen(text), d);
    for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
        snprintf(hex + 2 * i, 3, "%02x", d[i]);
}

/* One pass over all positions there ever were, for everything that asks for them. */
static void gather(struct prompt_ctx *c) {
    int cursor = 0, shown = c->snap->market_count < PROMPT_MARKETS ? c->snap->market_count : PROMPT_MARKETS;
    for (const struct order *o; (o = view_next_position(c->view, &cursor, false)) != NULL;) {
        if (o->pos.status == POSITION_OPEN) {
            c->open = xgrow(c->open, &c->open_cap, c->open_count + 1, sizeof *c->open);
            c->open[c->open_count++] = o;
            continue;
        }
        int64_t until = o->account == c->m->account ? rest_after(c->m, o) : 0;
        for (int i = 0; until > c->now_us && i < shown; i++)
            if (c->snap->markets[i].id == o->market && until > c->rest_until_us[i])
                c->rest_until_us[i] = until;
    }
}

static enum err fill(const char *file, const char *text, int line, const struct prompt_ctx *c, char **out, struct read_err *e) {
    struct str s;
    str_init(&s);
    str_copy(e->file, sizeof e->file, file);
    enum err r = template_fill(text, line, c, &s, e);
    if (r == ERR_OK)
        *out = xstrdup(s.p ? s.p : "");
    str_free(&s);
    return r;
}

enum err prompt_build(struct library *l, const struct desk *view, const struct model *m, const struct run_snapshot *s, int64_t now_us, struct prompt *out, char *text, size_t cap) {
    struct prompt_ctx c = {.lib = l, .view = view, .m = m, .snap = s, .now_us = now_us};
    struct read_err e = {.text = text, .cap = cap};
    const struct variant *v = library_variant(l, m->variant);
    *out = (struct prompt){0};
    if (cap > 0)
        text[0] = '\0';
    str_copy(e.file, sizeof e.file, "models.conf");
    if (!v)
        return read_fail(&e, 1, "[%s]: there is no variant %s", m->name, m->variant);
    c.has_account = view_account(view, m->account, &c.account);
    gather(&c);
    enum err r = fill(v->file, v->system, v->system_line, &c, &out->system, &e);
    if (r == ERR_OK)
        r = fill(l->user.file, l->user.text, l->user.line, &c, &out->user, &e);
    free(c.open);
    if (r) {
        prompt_free(out);
        return r;
    }
    hash_of(out->system, out->system_hash);
    hash_of(out->user, out->user_hash);
    return ERR_OK;
}

void prompt_free(struct prompt *p) {
    free(p->system);
    free(p->user);
    *p = (struct prompt){0};
}
