/* pnl, days and since: what was made and lost by market and by day, what it cost, and what happened since a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/commands/verbs.h"

#define DAY_US 86400000000LL
#define FILLS_MOST 2000
#define MARKETS_MOST 256
#define EVENTS_MOST 200

/* --- by day --------------------------------------------------------------------------------------- */
/* What the models of that account (0 = all) cost on that UTC day. Today's is counted; older ones come from the runs in memory, and only a
 * day that lies wholly within them is known. */
static bool llm_cost(const struct desk *view, const struct runs *runs, account_id a, int32_t day, int32_t today, usd *out) {
    struct view_model vm;
    const struct run_info *run;
    bool models = false, covered = false;
    *out = USD(0);
    for (int i = 0; view_model_at(view, i, &vm); i++)
        if (!a || vm.m->account == a) {
            models = true;
            if (day == today)
                *out = usd_add_sat(*out, vm.m->cost_day);
        }
    if (!models || day == today)
        return true;
    for (int i = 0; (run = runs ? runs_at(runs, i) : NULL); i++) {
        if (a && run->account != a)
            continue;
        const int64_t of = run->started_us / DAY_US;
        covered |= of < day;
        if (of == day)
            *out = usd_add_sat(*out, run->cost);
    }
    return covered;
}

static int add_day(struct day_row *rows, int n, int max, const struct view_day *d) {
    for (int i = 0; i < n; i++)
        if (rows[i].d.day == d->day) {
            rows[i].d.realized = usd_add_sat(rows[i].d.realized, d->realized);
            rows[i].d.fees = usd_add_sat(rows[i].d.fees, d->fees);
            rows[i].d.funding = usd_add_sat(rows[i].d.funding, d->funding);
            return n;
        }
    if (n == max)
        return n;
    rows[n] = (struct day_row){.d = *d};
    return n + 1;
}

static int newer_day(const void *x, const void *y) {
    const struct day_row *a = x, *b = y;
    return (b->d.day > a->d.day) - (b->d.day < a->d.day);
}

int day_rows(const struct desk *view, const struct runs *runs, account_id a, int64_t now_us, struct day_row *out, int max) {
    struct view_account va;
    struct view_day days[366];
    int n = 0;
    for (int i = 0; view_account_at(view, i, &va); i++) {
        if (a && va.a->id != a)
            continue;
        const int count = view_pnl_by_day(view, va.a->id, days, 366);
        for (int k = 0; k < count; k++)
            n = add_day(out, n, max, &days[k]);
    }
    qsort(out, (size_t)n, sizeof *out, newer_day);
    for (int i = 0; i < n; i++)
        out[i].llm_known = llm_cost(view, runs, a, out[i].d.day, (int32_t)(now_us / DAY_US), &out[i].llm);
    return n;
}

static void by_day(const struct command_ctx *c, account_id a, int most, struct command_result *r) {
    struct day_row rows[366];
    rows_begin(r, "daily");
    const int n = day_rows(c->view, c->runs, a, c->now_us, rows, 366);
    for (int i = 0; i < n && i < most; i++)
        rows_add(c, r, &rows[i]);
}

/* --- by market ------------------------------------------------------------------------------------ */
static int add_market(struct view_pnl *rows, int n, const struct view_pnl *p) {
    for (int i = 0; i < n; i++)
        if (rows[i].market == p->market) {
            rows[i].realized = usd_add_sat(rows[i].realized, p->realized);
            rows[i].fees = usd_add_sat(rows[i].fees, p->fees);
            rows[i].funding = usd_add_sat(rows[i].funding, p->funding);
            rows[i].unrealized = usd_add_sat(rows[i].unrealized, p->unrealized);
            return n;
        }
    if (n < MARKETS_MOST)
        rows[n++] = *p;
    return n;
}

static void by_market(const struct command_ctx *c, account_id a, struct command_result *r) {
    static struct view_pnl rows[MARKETS_MOST], some[MARKETS_MOST];
    struct view_account va;
    int n = 0;
    for (int i = 0; view_account_at(c->view, i, &va); i++) {
        const int count = !a || va.a->id == a ? view_pnl_by_market(c->view, va.a->id, some, MARKETS_MOST) : 0;
        for (int k = 0; k < count; k++)
            n = add_market(rows, n, &some[k]);
    }
    rows_begin(r, "pnl");
    for (int i = 0; i < n; i++)
        rows_add(c, r, &rows[i]);
}

/* An older day by market, from the fills in memory; funding is not in them. */
static void by_market_of(const struct command_ctx *c, account_id a, int32_t day, struct command_result *r) {
    static const struct fill *fills[FILLS_MOST];
    static struct view_pnl rows[MARKETS_MOST];
    int n = 0;
    const int count = view_fills(c->view, fills, FILLS_MOST);
    for (int i = 0; i < count; i++)
        if ((!a || fills[i]->account == a) && fills[i]->at_us / DAY_US == day && fills[i]->finality != FILL_REVERSED) {
            const struct view_pnl p = {.market = fills[i]->market, .realized = fills[i]->realized_pnl, .fees = fills[i]->fee};
            n = add_market(rows, n, &p);
        }
    rows_begin(r, "pnl");
    for (int i = 0; i < n; i++)
        rows_add(c, r, &rows[i]);
    if (!count || fills[count - 1]->at_us / DAY_US >= day)
        say(r, "from the fills in memory, which may not hold all of that day; `turret export fills` has them");
}

/* --account NAME, all; else the one shown. */
static bool pnl_account(const struct command_ctx *c, const struct args *a, account_id *out, struct command_result *r) {
    const char *name = args_option(a, "--account");
    *out = 0;
    return (name && str_eq_nocase(name, "all")) || arg_account(c, a, out, r);
}

void pnl_rows(const struct command_ctx *c, account_id account, bool days, struct command_result *r) {
    if (days)
        by_day(c, account, 366, r);
    else
        by_market(c, account, r);
}

COMMAND_RUN(run_pnl) {
    struct args a;
    account_id account;
    int64_t most = 366;
    int32_t day = (int32_t)(c->now_us / DAY_US);
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 1, r) || !pnl_account(c, &a, &account, r))
        return;
    const char *date = args_option(&a, "--day"), *since = args_option(&a, "--since");
    const bool days = args_option(&a, "--days") != NULL || args_option(&a, "--by-day") != NULL;
    if (since) {
        since_rows(c, since, account, r);
        return;
    }
    if (a.n && !days) {
        fail(r, ERR_USAGE, "pnl: \"%.24s\": a count goes with --days; usage: pnl %s", a.pos[0], a.cmd->args);
        return;
    }
    if ((a.n && !arg_int("COUNT", a.pos[0], 1, 366, &most, r)) || (date && !arg_day("--day", date, &day, r)))
        return;
    if (days)
        by_day(c, account, (int)most, r);
    else if (day == c->now_us / DAY_US)
        by_market(c, account, r);
    else
        by_market_of(c, account, day, r);
}

COMMAND_RUN(run_days) {
    struct args a;
    account_id account;
    if (args_parse(argc, argv, &a, r) && args_count(&a, 0, 0, r) && pnl_account(c, &a, &account, r))
        by_day(c, account, 366, r);
}

/* --- since ------------------------------------------------------------------------------------------ */
struct happened { int64_t at_us; const char *kind; market_id market; char text[SENTENCE_MAX]; };
struct since { int64_t from; account_id account; int n, fills, fired, alerts, followed, skipped, refusals, runs, failed_runs; usd realized, fees, llm; struct happened *list; };

static struct happened *add_event(struct since *s, int64_t at_us, const char *kind, market_id m) {
    static struct happened none;
    struct happened *h = s->n < EVENTS_MOST * 5 ? &s->list[s->n++] : &none;
    *h = (struct happened){.at_us = at_us, .kind = kind, .market = m};
    return h;
}

static void since_fills(const struct command_ctx *c, struct since *s) {
    static const struct fill *fills[FILLS_MOST];
    char size[FORMAT_MAX], px[FORMAT_MAX], pnl[FORMAT_MAX];
    const int n = view_fills(c->view, fills, FILLS_MOST);
    for (int i = 0; i < n && fills[i]->at_us >= s->from; i++) {
        const struct fill *f = fills[i];
        const struct order *o = view_order(c->view, f->order);
        struct view_market vm = {0};
        if (s->account && f->account != s->account)
            continue;
        view_market(c->view, f->market, &vm);
        s->fills++;
        s->realized = usd_add_sat(s->realized, f->realized_pnl);
        s->fees = usd_add_sat(s->fees, f->fee);
        if (s->fills > EVENTS_MOST)
            continue;
        struct happened *h = add_event(s, f->at_us, "fill", f->market);
        snprintf(h->text, sizeof h->text, "%s %s %s @ %s by %s%s%s", format_action((enum order_action)f->action), format_size(vm.m, f->size, size),
                 format_side((enum order_side)f->side), format_price(vm.m, f->px, FORMAT_UNIT | FORMAT_ASCII, px), o ? order_source_name((enum order_source)o->source) : "?",
                 f->realized_pnl.micro ? ", P&L " : "", f->realized_pnl.micro ? format_pnl(f->realized_pnl, pnl) : "");
    }
}

static void since_history(const struct command_ctx *c, struct since *s) {
    const struct history *rows[EVENTS_MOST];
    const struct follow_trade *trades[EVENTS_MOST];
    char id[AUTO_LABEL_MAX];
    int n = view_history(c->view, -1, 0, rows, EVENTS_MOST);
    for (int i = 0; i < n && rows[i]->at_us >= s->from; i++) {
        const struct history *h = rows[i];
        const bool watch = h->kind == HISTORY_SNIPER || h->kind == HISTORY_ALERT;
        if (h->kind == HISTORY_FOLLOW)
            continue; /* told as trades below */
        s->fired += h->kind == HISTORY_SNIPER && !strcmp(h->what, "fired");
        s->alerts += h->kind == HISTORY_ALERT && !strcmp(h->what, "fired");
        snprintf(add_event(s, h->at_us, history_kind_name((enum history_kind)h->kind), h->market)->text, SENTENCE_MAX, "%s%s%s%s%s",
                 watch ? watch_label_of(h->kind == HISTORY_ALERT ? WATCH_ALERT : WATCH_SNIPER, (watch_id)h->id, id) : "", watch ? " " : "", h->what, h->text[0] ? ": " : "", h->text);
    }
    n = view_follow_trades(c->view, 0, trades, EVENTS_MOST);
    for (int i = 0; i < n && trades[i]->seen_us >= s->from; i++) {
        const struct follow_trade *t = trades[i];
        const struct follow *f = view_follow(c->view, t->follow);
        s->followed += t->status == FOLLOWED_EXECUTED;
        s->skipped += t->status == FOLLOWED_SKIPPED || t->status == FOLLOWED_FAILED;
        snprintf(add_event(s, t->seen_us, "follow", t->market)->text, SENTENCE_MAX, "%s %s%s%s", f ? follow_label(f, id) : "?", follow_status_name((enum follow_status)t->status),
                 t->text[0] ? ": " : "", t->text);
    }
}

static void since_others(const struct command_ctx *c, struct since *s) {
    struct view_refusal refused[EVENTS_MOST];
    const struct run_info *run;
    struct view_model vm;
    const int n = view_refusals(c->view, refused, EVENTS_MOST);
    for (int i = 0; i < n && refused[i].at_us >= s->from; i++) {
        if (s->account && refused[i].account && refused[i].account != s->account)
            continue;
        s->refusals++;
        snprintf(add_event(s, refused[i].at_us, "refusal", refused[i].market)->text, SENTENCE_MAX, "%s of %s: %s", err_name((enum err)refused[i].code),
                 order_source_name((enum order_source)refused[i].source), refused[i].text[0] ? refused[i].text : err_text((enum err)refused[i].code));
    }
    for (int i = 0; c->runs && (run = runs_at(c->runs, i)) && run->started_us >= s->from; i++) {
        if (s->account && run->account != s->account)
            continue;
        s->runs++;
        s->failed_runs += run->status > RUN_OK;
        s->llm = usd_add_sat(s->llm, run->cost);
        if (run->status > RUN_OK || run->actions)
            snprintf(add_event(s, run->started_us, "run", 0)->text, SENTENCE_MAX, "%s %s, %d trade%s%s%s", view_model(c->view, run->model, &vm) ? vm.m->name : "?",
                     run_status_name((enum run_status)run->status), run->actions, run->actions == 1 ? "" : "s", run->error[0] ? ": " : "", run->error);
    }
}

static int newer(const void *x, const void *y) {
    const struct happened *a = x, *b = y;
    return (b->at_us > a->at_us) - (b->at_us < a->at_us);
}

static void add_usd(cJSON *o, const char *key, usd cash) {
    char text[FORMAT_MAX];
    dec_format(cash.micro, 2, text);
    cJSON_AddStringToObject(o, key, text);
}

void since_rows(const struct command_ctx *c, const char *text, account_id account, struct command_result *r) {
    struct since s = {.account = account};
    char at[FORMAT_MAX];
    struct view_market vm;
    if (!arg_time("since", text, c->now_us, true, &s.from, r))
        return;
    s.list = calloc(EVENTS_MOST * 5, sizeof *s.list);
    if (!s.list)
        return;
    since_fills(c, &s);
    since_history(c, &s);
    since_others(c, &s);
    qsort(s.list, (size_t)s.n, sizeof *s.list, newer);
    cJSON *o = r->data = cJSON_CreateObject();
    const struct { const char *key; int n; } counts[] = {{"fills", s.fills}, {"snipers_fired", s.fired}, {"alerts_fired", s.alerts}, {"trades_followed", s.followed},
                                                         {"trades_not_followed", s.skipped}, {"refusals", s.refusals}, {"runs", s.runs}, {"failed_runs", s.failed_runs}};
    cJSON_AddStringToObject(o, "since", format_rfc3339(s.from, at));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        cJSON_AddNumberToObject(o, counts[i].key, counts[i].n);
    add_usd(o, "realized", s.realized);
    add_usd(o, "fees", s.fees);
    add_usd(o, "llm_cost", s.llm);
    cJSON *list = cJSON_AddArrayToObject(o, "events");
    for (int i = 0; i < s.n && i < EVENTS_MOST; i++) {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "at", format_rfc3339(s.list[i].at_us, at));
        cJSON_AddStringToObject(one, "kind", s.list[i].kind);
        cJSON_AddStringToObject(one, "market", s.list[i].market && view_market(c->view, s.list[i].market, &vm) ? vm.m->symbol : "");
        cJSON_AddStringToObject(one, "what", s.list[i].text);
        cJSON_AddItemToArray(list, one);
    }
    free(s.list);
}

COMMAND_RUN(run_since) {
    struct args a;
    account_id account = 0;
    if (!args_parse(argc, argv, &a, r) || !args_count(&a, 0, 1, r) || (args_option(&a, "--account") && !pnl_account(c, &a, &account, r)))
        return;
    since_rows(c, a.n ? a.pos[0] : "24h", account, r);
}
