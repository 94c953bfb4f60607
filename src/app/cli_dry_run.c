/* sniper dry-run --tape FILE: the trigger over recorded books, trades and marks, in this process; nothing is sent anywhere. A stored
 * sniper is asked of the engine; one given by options needs none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli_impl.h"
#include "app/out.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/desk/desk.h"
#include "turret/trade/replay.h"
#include "ui/commands/verbs.h"
#include "venue/sim/tape_file.h"

#define WORDS 64

/* Takes an option and its value out of the words; NULL if it is not there. */
static const char *take(int *argc, char **argv, const char *name) {
    const size_t n = strlen(name);
    for (int i = 1; i < *argc; i++) {
        const bool joined = !strncmp(argv[i], name, n) && argv[i][n] == '=';
        if (!joined && strcmp(argv[i], name))
            continue;
        const char *value = joined ? argv[i] + n + 1 : i + 1 < *argc ? argv[i + 1] : "";
        const int gone = joined || i + 1 == *argc ? 1 : 2;
        memmove(argv + i, argv + i + gone, (size_t)(*argc - i - gone) * sizeof *argv);
        *argc -= gone;
        return value;
    }
    return NULL;
}

bool cli_dry_run_wanted(const struct cli *c) {
    bool tape = false;
    for (int i = 1; i < c->argc; i++)
        tape |= !strcmp(c->argv[i], "--tape") || !strncmp(c->argv[i], "--tape=", 7);
    return tape && c->argc > 1 && !strcmp(c->command, "sniper") && !strcmp(c->argv[1], "dry-run");
}

/* --- a desk that only knows the tape's markets, so that the words are read as everywhere ---------------- */
static void step(struct desk *d, const struct event *ev) {
    desk_step(d, ev);
    while (desk_effect(d))
        continue;
}

static struct desk *desk_of(const struct tape_file *f, int64_t now_us) {
    struct desk *d = desk_new();
    struct event ev;
    event_init(&ev, EVENT_BOOT, VENUE_NONE, now_us);
    ev.u.boot.nonce = ev.u.boot.seed = 1;
    ev.u.boot.next_num = 1;
    risk_limits_default(&ev.u.boot.limits);
    step(d, &ev);
    for (int i = 0; i < tape_market_count(f->reader); i++) {
        const struct market *m = tape_market(f->reader, i);
        event_init(&ev, EVENT_MARKET, (enum venue_id)m->venue, now_us);
        ev.u.market = *m;
        ev.u.market.id = market_id_of((enum venue_id)m->venue, m->symbol);
        step(d, &ev);
    }
    event_init(&ev, EVENT_ACCOUNT, VENUE_SIM, now_us);
    ev.u.account = (struct account){.id = 1, .venue = VENUE_SIM, .name = "dry-run"};
    step(d, &ev);
    return d;
}

/* --- a stored one -------------------------------------------------------------------------------------- */
static const char *text_of(const cJSON *o, const char *key) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}

struct stored { cJSON *answer; char when[96], hold[24], age[24], slip[24]; };

/* Its words from what the engine says of it; the options that were given come after them and count instead. */
static int words_of(struct cli *c, const char *id, struct stored *s, char **words, int *n) {
    cJSON *req = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(req, "argv");
    const char *const show[] = {"sniper", "show", id};
    int64_t slip = 0;
    for (size_t i = 0; i < 3; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(show[i]));
    enum err e = cli_ask(c->data_dir, req, &s->answer);
    cJSON_Delete(req);
    if (e)
        return cli_engine_down(c);
    const cJSON *o = cJSON_GetObjectItemCaseSensitive(s->answer, "data");
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(s->answer, "ok")))
        return cli_print_answer(c, s->answer);
    const cJSON *hold = cJSON_GetObjectItemCaseSensitive(o, "hold_ms"), *age = cJSON_GetObjectItemCaseSensitive(o, "max_age_ms");
    snprintf(s->when, sizeof s->when, "%s%s%s", text_of(o, "figure"), !strcmp(text_of(o, "direction"), "at_or_below") ? "<=" : ">=", text_of(o, "trigger_price"));
    snprintf(s->hold, sizeof s->hold, "%dms", hold ? hold->valueint : 0);
    snprintf(s->age, sizeof s->age, "%dms", age ? age->valueint : 0);
    if (dec_parse_str(text_of(o, "slippage"), &slip))
        dec_format(slip * 100, 0, s->slip);
    const struct { const char *option, *value; } put[] = {
        {"--when", s->when}, {cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "amount_in_units")) ? "--size" : "--amount", text_of(o, "amount")},
        {"--hold", hold && hold->valueint ? s->hold : NULL}, {"--max-age", age && age->valueint ? s->age : NULL}, {"--slippage", s->slip},
        {"--depth", strcmp(text_of(o, "depth"), "0") ? text_of(o, "depth") : NULL}, {"--budget", strcmp(text_of(o, "budget"), "0.00") ? text_of(o, "budget") : NULL},
        {!strcmp(text_of(o, "action"), "sell") ? "--sell" : "--buy", ""}, {cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "repeat")) ? "--repeat" : NULL, ""}};
    words[(*n)++] = (char *)(uintptr_t)text_of(o, "market");
    words[(*n)++] = (char *)(uintptr_t)text_of(o, "side");
    for (size_t i = 0; i < sizeof put / sizeof *put; i++) {
        if (!put[i].option || !put[i].value)
            continue;
        words[(*n)++] = (char *)(uintptr_t)put[i].option;
        if (put[i].value[0])
            words[(*n)++] = (char *)(uintptr_t)put[i].value;
    }
    return 0;
}

/* --- over the tape ----------------------------------------------------------------------------------------- */
struct over { struct replay x; struct book *book; price mark, last; };

static price own(const struct over *o, price px) { return book_price((enum order_side)o->x.w.side, px); }

static bool value_of(const struct over *o, int64_t *out) {
    const bool no = o->x.w.side == SIDE_NO;
    struct level l;
    price px;
    switch ((enum figure)o->x.w.figure) {
    case FIGURE_BID:
    case FIGURE_ASK:
        if (!book_best(o->book, (o->x.w.figure == FIGURE_ASK) != no ? BOOK_ASK : BOOK_BID, &l))
            return false;
        px = l.px;
        break;
    case FIGURE_LAST: px = o->last; break;
    default:
        px = o->mark;
        if (!px.micro && !book_mid(o->book, &px))
            return false;
    }
    *out = own(o, px).micro;
    return px.micro != 0;
}

/* What is there at the level and within its slippage; nothing in a book that the desk would not use. */
static qty size_there(const struct over *o) {
    const struct watch *w = &o->x.w;
    const enum book_side from = book_dir((enum order_side)w->side, (enum order_action)w->action) > 0 ? BOOK_ASK : BOOK_BID;
    int64_t limit;
    price mid;
    if (!book_mid(o->book, &mid) || book_crossed(o->book) || !dec_muldiv(w->level.micro, w->action == ACTION_BUY ? 10000 + w->slippage_e4 : 10000 - w->slippage_e4, 10000, ROUND_HALF_EVEN, &limit))
        return QTY(0);
    const price bound = own(o, PRICE(limit)); /* beyond the range of prices: any will do */
    return book_walk(o->book, from, QTY(TAPE_SIZE_MAX), bound.micro > 0 ? bound : PRICE(0)).filled;
}

static void take_record(struct over *o, const struct tape_record *r) {
    if (r->kind == TAPE_BOOK) {
        if (r->flags & BOOK_SNAPSHOT)
            book_clear(o->book);
        for (int i = 0; i < r->n_bids + r->n_asks; i++)
            book_set(o->book, i < r->n_bids ? BOOK_BID : BOOK_ASK, r->levels[i].px, r->levels[i].size);
    } else if (r->kind == TAPE_TRADE) {
        o->last = r->px;
    } else if (r->kind == TAPE_MARK) {
        o->mark = r->px;
    }
}

/* The market's index on the tape; -1 = not there. */
static int index_of(const struct tape_file *f, market_id id) {
    for (int i = 0; i < tape_market_count(f->reader); i++) {
        const struct market *m = tape_market(f->reader, i);
        if (market_id_of((enum venue_id)m->venue, m->symbol) == id)
            return i;
    }
    return -1;
}

static enum err play(struct over *o, const struct tape_file *f, int market, int64_t since_us, char *text) {
    struct tape_record r;
    enum err e;
    int64_t value, at = 0;
    while ((e = tape_next(f->reader, &r, text, REASON_MAX)) == ERR_OK) {
        if (r.market != (uint32_t)market || r.kind == TAPE_STATUS)
            continue;
        take_record(o, &r);
        at = r.at_us;
        if (at >= since_us && value_of(o, &value))
            replay_value(&o->x, at, value, size_there(o));
    }
    replay_end(&o->x, at);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static int judged(struct cli *c, const struct tape_file *f, const char *path, const char *since, int argc, char **argv) {
    struct over *o = xcalloc(1, sizeof *o);
    struct tape_info info;
    struct command_result r = {0};
    char text[REASON_MAX] = "", source[160];
    int64_t since_us = 0;
    int code = 0;
    tape_info(f->reader, &info);
    struct desk *d = desk_of(f, info.last_us);
    const struct command_ctx ctx = {.view = d, .now_us = info.last_us};
    bool good = !since || arg_time("--since", since, info.last_us, true, &since_us, &r);
    if (good)
        command_run(&ctx, argc, argv, &r);
    o->x.w = r.intent.u.watch; /* the command's own answer is over this desk's candles: there are none */
    const int market = index_of(f, o->x.w.subject);
    if (!good || market < 0) {
        code = out_errorf(c->json, r.err ? r.err : ERR_NOT_FOUND, "%s", r.text[0] ? r.text : "that market is not on the tape");
    } else {
        o->x.holds = true;
        o->x.w.expires_us = 0;
        o->x.max_age_us = (int64_t)o->x.w.max_age_ms * 1000;
        o->book = book_new();
        const enum err e = play(o, f, market, since_us, text);
        book_free(o->book);
        snprintf(source, sizeof source, "tape %.100s, %llu figures", path, (unsigned long long)o->x.values);
        if (e || !o->x.values)
            code = out_errorf(c->json, e ? e : ERR_NOT_FOUND, "%s", e ? text : "the tape has nothing of that figure");
        else {
            cJSON *data = dry_run_json(&o->x, tape_market(f->reader, market), source, "");
            if (c->json)
                code = out_ok_json(data);
            else {
                out_data(stdout, data, NULL, out_width(stdout));
                cJSON_Delete(data);
            }
        }
    }
    command_result_free(&r);
    desk_free(d);
    free(o);
    return code;
}

int cli_dry_run(struct cli *c) {
    struct tape_file f;
    struct stored s = {0};
    char *words[WORDS * 2], text[REASON_MAX];
    uint32_t id;
    int n = 0, code = 0, argc = c->argc;
    const char *path = take(&argc, c->argv, "--tape"), *since = take(&argc, c->argv, "--since");
    if (!path || !path[0] || argc < 3)
        return out_error(c->json, ERR_USAGE, "usage: turret sniper dry-run ID|MARKET [SIDE] --tape FILE [--since TIME] [options of `sniper new`]", NULL);
    words[n++] = c->argv[0], words[n++] = c->argv[1];
    if (auto_label_parse(c->argv[2], 'S', &id)) {
        if ((code = words_of(c, c->argv[2], &s, words, &n))) {
            cJSON_Delete(s.answer);
            return code;
        }
    } else {
        words[n++] = c->argv[2];
    }
    for (int i = 3; i < argc && n < WORDS * 2 - 1; i++)
        words[n++] = c->argv[i];
    words[n] = NULL;
    const enum err e = tape_file_open(&f, path, text);
    if (e)
        code = out_errorf(c->json, e, "%s", text);
    else {
        if (text[0])
            fprintf(stderr, "turret: %s\n", text);
        code = judged(c, &f, path, since, n, words);
        tape_file_close(&f);
    }
    cJSON_Delete(s.answer);
    return code;
}
