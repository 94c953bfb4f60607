/* Orders over HTTP: what was sent becomes the words of a command, so that an order by API and one typed by a person are read, refused
 * and worded alike. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/api_impl.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/ui/columns.h"

#define WORDS_MAX 24

/* --- an order as JSON: our columns, then the founding names --- */

static void add_six(cJSON *o, const char *key, int64_t micro, bool there) { /* six decimals, as the founding events have them */
    char text[DEC_TEXT_MAX];
    dec_format(micro, DEC_DIGITS, text);
    cJSON_AddItemToObject(o, key, there ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static void add_id(cJSON *o, const char *key, uint64_t id) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)id);
    cJSON_AddStringToObject(o, key, text);
}

static void add_market(struct api *a, cJSON *o, market_id id) {
    struct view_market vm;
    if (!view_market(engine_view(a->engine), id, &vm))
        return;
    add_id(o, "marketId", id);
    cJSON_AddStringToObject(o, "marketSlug", vm.m->symbol);
    cJSON_AddStringToObject(o, "exchange", venue_name((enum venue_id)vm.m->venue));
}

static const char *founding_status(const struct order *o) { /* the founding system's wider words */
    switch ((enum order_state)o->state) {
    case STATE_CREATED: return "CREATED";
    case STATE_PENDING: return o->cancel_requested_us ? "CANCELLING" : o->venue_id[0] ? "OPEN" : "SUBMITTING";
    case STATE_PARTIAL: return o->cancel_requested_us ? "CANCELLING" : "PARTIALLY_FILLED";
    case STATE_FILLED: return "FILLED";
    case STATE_CANCELLED: return "CANCELLED";
    default: return o->flags & ORDER_SENT ? "REJECTED" : "FAILED";
    }
}

cJSON *api_order_json(struct api *a, const struct order *o) {
    const struct desk *view = engine_view(a->engine);
    cJSON *doc = columns_json(column_table("orders"), view, o, engine_now_us(a->engine));
    price average = {0};
    const bool filled = order_avg_fill(o, &average);
    usd total = filled ? o->filled_value : usd_of_sat(o->limit, o->size);
    add_id(doc, "orderId", o->id);
    add_market(a, doc, o->market);
    cJSON_AddStringToObject(doc, "status", founding_status(o));
    add_six(doc, "quantity", o->size.micro, true);
    add_six(doc, "filledQuantity", o->filled.micro, true);
    add_six(doc, "avgFillPrice", average.micro, filled);
    add_six(doc, "total", total.micro, true);
    add_six(doc, "takeProfit", o->pos.plan.target.micro, o->pos.plan.target.micro > 0);
    add_six(doc, "stopLoss", o->pos.plan.stop.micro, o->pos.plan.stop.micro > 0);
    if (o->source == SOURCE_COPY_TRADE && o->link)
        add_id(doc, "copyTradeSubId", o->link);
    if (o->route.n)
        cJSON_AddItemToObject(doc, "routes", route_json(view, &o->route));
    return doc;
}

cJSON *api_position_json(struct api *a, const struct order *o) {
    cJSON *doc = columns_json(column_table("positions"), engine_view(a->engine), o, engine_now_us(a->engine));
    add_id(doc, "positionId", o->id);
    add_market(a, doc, o->market);
    add_six(doc, "quantity", o->pos.open.micro, true);
    add_six(doc, "takeProfitPrice", o->pos.plan.target.micro, o->pos.plan.target.micro > 0);
    add_six(doc, "stopLossPrice", o->pos.plan.stop.micro, o->pos.plan.stop.micro > 0);
    return doc;
}

/* --- POST --- */

struct words { int n; char *argv[WORDS_MAX], text[WORDS_MAX][64]; };

static void put(struct words *w, const char *text) {
    if (w->n >= WORDS_MAX - 1)
        return;
    str_copy(w->text[w->n], sizeof w->text[w->n], text);
    w->argv[w->n] = w->text[w->n];
    w->argv[++w->n] = NULL;
}

static void put_dec(struct words *w, const char *option, int64_t micro) {
    char text[DEC_TEXT_MAX];
    if (micro <= 0)
        return;
    dec_format(micro, 0, text);
    put(w, option);
    put(w, text);
}

/* Exactly this symbol, venue:SYMBOL or id: a program has no use for a guess. `word` gets what the command understands; a venue that is
 * named, also by an id, is meant (turret(1)). */
static bool market_exact(struct api *a, const char *text, char word[64], struct api_fault *f) {
    const struct desk *view = engine_view(a->engine);
    struct view_market vm;
    market_id id = 0;
    char *end;
    const char *colon = strchr(text, ':');
    enum err e = view_market_find(view, text, &id);
    if (e == ERR_OK && view_market(view, id, &vm) && str_eq_nocase(vm.m->symbol, colon ? colon + 1 : text)) {
        str_copy(word, 64, text);
        return true;
    }
    id = strtoull(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == 0 && view_market(view, id, &vm)) {
        snprintf(word, 64, "%s:%s", venue_name((enum venue_id)vm.m->venue), vm.m->symbol);
        return true;
    }
    if (e == ERR_AMBIGUOUS)
        return api_fault(f, e, "market: more than one is %.48s; name its id", text);
    return api_fault(f, ERR_NOT_FOUND, "market: there is no %.48s", text);
}

static void words_of(const struct api *a, const struct api_order *q, const char *market, struct words *w) {
    static const char *const sides[] = {"yes", "no", "long", "short"}, *const tifs[] = {"gtc", "gtd", "ioc", "fok"}, *const routes[] = {"here", "best", "split"};
    char size[2 * DEC_TEXT_MAX + 2] = "", px[DEC_TEXT_MAX] = "", text[4 * DEC_TEXT_MAX];
    w->n = 0;
    if (q->quantity)
        dec_format(q->quantity, 0, size);
    if (q->price)
        dec_format(q->price, 0, px);
    put(w, q->action == ACTION_SELL ? "sell" : "buy");
    put(w, market);
    if (size[0] || px[0]) {
        snprintf(text, sizeof text, "%s%s%s", size, px[0] ? "@" : "", px);
        put(w, text);
    }
    put(w, sides[q->side]);
    put_dec(w, "--usd", q->amount);
    put_dec(w, "--target", q->take_profit);
    put_dec(w, "--stop", q->stop_loss);
    if (q->tif >= 0)
        put(w, "--tif"), put(w, tifs[q->tif]);
    if (q->expires_us) {
        char seconds[DEC_TEXT_MAX];
        const int64_t left = q->expires_us - engine_now_us(a->engine); /* microseconds: millionths of a second */
        dec_format(left > 0 ? left : 0, 0, seconds);
        snprintf(text, sizeof text, "%ss", seconds);
        put(w, "--expires"), put(w, text);
    }
    if (q->leverage) {
        snprintf(text, sizeof text, "%lld", (long long)q->leverage);
        put(w, "--leverage"), put(w, text);
    }
    if (q->route >= 0)
        put(w, "--route"), put(w, routes[q->route]);
    if (q->reduce_only)
        put(w, "--reduce-only");
    if (q->post_only)
        put(w, "--post-only");
    if (q->account[0])
        put(w, "--account"), put(w, q->account);
}

static void answer_preview(struct api *a, httpd_handle h, const struct command_result *c) {
    cJSON *doc = preview_json(engine_view(a->engine), &c->intent, c->reads_as);
    struct view_preview p = {0};
    view_preview(engine_view(a->engine), &c->intent, &p);
    cJSON_AddTrueToObject(doc, "preview");
    add_market(a, doc, c->intent.market);
    add_six(doc, "quantity", p.size.micro, true);
    add_six(doc, "filledQuantity", p.now.filled.micro, true);
    add_six(doc, "avgFillPrice", p.now.average.micro, p.now.filled.micro > 0);
    add_six(doc, "total", p.cost.micro, true);
    api_answer(a, h, 200, doc);
}

void api_order_post(struct api *a, const struct httpd_request *r, const char *id) {
    struct api_fault f = {0};
    struct api_order q;
    struct words w;
    struct command_result c = {0};
    char market[64];
    (void)id;
    if (!api_read_order(r->body, r->body_len, &q, &f)) {
        api_refuse(a, r->handle, &f, NULL);
        return;
    }
    const uint64_t key = q.preview ? 0 : api_key_of(q.client_id);
    if (key && api_key_again(a, r->handle, &q))
        return;
    if (market_exact(a, q.market, market, &f)) {
        words_of(a, &q, market, &w);
        api_words(a, w.n, w.argv, &c, &f);
        if (!f.err && !q.preview && !q.live && intent_is_live(engine_view(a->engine), &c.intent))
            api_fault(&f, ERR_BAD_VALUE, "live: the account trades REAL MONEY; \"live\": true says that it is meant");
    }
    if (f.err) {
        api_key_settle(a, key, api_fault_status(&f), "", false);
        api_refuse(a, r->handle, &f, NULL);
    } else {
        c.intent.link = key;
        if (q.preview)
            answer_preview(a, r->handle, &c);
        else {
            struct api_wait wait = {.h = r->handle, .key = key};
            str_copy(wait.client_id, sizeof wait.client_id, q.client_id);
            api_propose(a, &c.intent, &wait);
        }
    }
    command_result_free(&c);
}

/* --- GET, DELETE --- */

/* By number, id, or "client:" and a clientId. */
static const struct order *order_of(struct api *a, const char *id, struct api_fault *f) {
    const struct order *o = NULL;
    if (!strncmp(id, "client:", 7) && api_client_id_ok(id + 7))
        o = api_key_order(a, api_key_of(id + 7));
    else if (strspn(id, "0123456789") == strlen(id) && strlen(id) <= 20)
        o = view_order_find(engine_view(a->engine), id);
    if (!o)
        api_fault(f, ERR_NOT_FOUND, "there is no order %.70s", id);
    return o;
}

void api_order_get(struct api *a, const struct httpd_request *r, const char *id) {
    struct api_fault f = {0};
    const struct order *o = r->query[0] ? NULL : order_of(a, id, &f);
    if (r->query[0])
        api_fault(&f, ERR_BAD_VALUE, "no query here");
    if (o)
        api_answer(a, r->handle, 200, api_order_json(a, o));
    else
        api_refuse(a, r->handle, &f, NULL);
}

void api_order_delete(struct api *a, const struct httpd_request *r, const char *id) {
    struct api_fault f = {0};
    struct command_result c = {0};
    const struct order *o = order_of(a, id, &f);
    char num[24];
    if (o) {
        snprintf(num, sizeof num, "%u", o->num);
        char *argv[] = {(char[]){"cancel"}, num, NULL};
        api_words(a, 2, argv, &c, &f);
    }
    if (f.err)
        api_refuse(a, r->handle, &f, o ? api_order_json(a, o) : NULL);
    else
        api_propose(a, &c.intent, &(struct api_wait){.h = r->handle, .subject = o->id});
    command_result_free(&c);
}

static bool wanted(const struct api *a, const struct api_filter *q, const struct order *o) {
    const struct desk *view = engine_view(a->engine);
    struct view_market vm;
    struct view_account va;
    if (q->state[0] && strcmp(q->state, "all") != 0 &&
        (strcmp(q->state, "open") ? strcmp(q->state, order_state_name((enum order_state)o->state)) != 0 : !order_open(o)))
        return false;
    if (q->market[0]) {
        char id[24];
        snprintf(id, sizeof id, "%llu", (unsigned long long)o->market);
        if (strcmp(id, q->market) != 0 && (!view_market(view, o->market, &vm) || !str_eq_nocase(vm.m->symbol, q->market)))
            return false;
    }
    return !q->account[0] || (view_account(view, o->account, &va) && str_eq_nocase(va.a->name, q->account));
}

static void answer_list(struct api *a, const struct httpd_request *r, bool positions) {
    struct api_fault f = {0};
    struct api_filter q;
    const struct desk *view = engine_view(a->engine);
    int cursor = 0;
    size_t seen = 0;
    if (!api_read_filter(r->query, !positions, &q, &f)) {
        api_refuse(a, r->handle, &f, NULL);
        return;
    }
    const struct order **rows = xcalloc((size_t)q.limit, sizeof *rows);
    for (const struct order *o; (o = positions ? view_next_position(view, &cursor, true) : view_next_order(view, &cursor, !strcmp(q.state, "open")));)
        if (wanted(a, &q, o))
            rows[seen++ % (size_t)q.limit] = o; /* the newest stay */
    cJSON *doc = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(doc, positions ? "positions" : "orders");
    const size_t n = seen < (size_t)q.limit ? seen : (size_t)q.limit;
    for (size_t i = 1; i <= n; i++) {
        const struct order *o = rows[(seen - i) % (size_t)q.limit];
        cJSON_AddItemToArray(list, positions ? api_position_json(a, o) : api_order_json(a, o));
    }
    cJSON_AddBoolToObject(doc, "more", seen > n);
    free(rows);
    api_answer(a, r->handle, 200, doc);
}

void api_order_list(struct api *a, const struct httpd_request *r, const char *id) {
    (void)id;
    answer_list(a, r, false);
}

void api_position_list(struct api *a, const struct httpd_request *r, const char *id) {
    (void)id;
    answer_list(a, r, true);
}

/* --- take profit and stop loss of a position: PUT and POST set what they name, DELETE removes both --- */

static void put_level(struct words *w, const char *option, bool named, int64_t micro) {
    char text[DEC_TEXT_MAX];
    if (!named)
        return;
    dec_format(micro, 0, text);
    put(w, option);
    put(w, micro > 0 ? text : "none");
}

void api_position_exits(struct api *a, const struct httpd_request *r, const char *id) {
    struct api_fault f = {0};
    struct api_exits x = {.has_stop = true, .has_target = true};
    struct command_result c = {0};
    struct words w = {0};
    char num[24];
    if (!strcmp(r->method, "DELETE") || api_read_exits(r->body, r->body_len, &x, &f)) {
        const struct order *o = strspn(id, "0123456789") == strlen(id) ? view_order_find(engine_view(a->engine), id) : NULL;
        if (!o)
            api_fault(&f, ERR_NOT_FOUND, "there is no position %.70s", id);
        else {
            snprintf(num, sizeof num, "%u", o->num);
            put(&w, "protect");
            put(&w, num);
            put_level(&w, "--stop", x.has_stop, x.stop);
            put_level(&w, "--target", x.has_target, x.target);
            api_words(a, w.n, w.argv, &c, &f);
        }
    }
    if (f.err)
        api_refuse(a, r->handle, &f, NULL);
    else
        api_propose(a, &c.intent, &(struct api_wait){.h = r->handle, .subject = c.intent.order, .position = true});
    command_result_free(&c);
}
