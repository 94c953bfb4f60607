/* Lists of the CLOB that come in pages: one request after the other by their cursor, item by item to the caller. The caller may drop the list
 * or free the session from inside of its callbacks. */
#include "venue/polymarket/trade/pm_clob_impl.h"

#include "turret/base/mem.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_MAX 1000
#define CURSOR_MAX 128

struct clob_pages {
    struct clob_pages *next;
    struct pm_clob *clob;
    struct pm_call call;
    char *path, *query, cursor[CURSOR_MAX];
    int count;
    bool inside, dead; /* dropped while its callback ran */
    pm_item_fn *item;
    pm_list_fn *end;
    void *ctx;
};

static void on_page(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a);

static void pages_free(struct clob_pages *p) {
    free(p->path);
    free(p->query);
    free(p);
}

static void pages_unlink(struct clob_pages *p) {
    struct clob_pages **at = clob_pages_list(p->clob);
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
}

/* The session's calls of a list are dropped by the session itself: their ctx is the list. */
void clob_pages_drop(struct clob_pages **list, const void *ctx, bool all) {
    for (struct clob_pages **at = list, *p; (p = *at) != NULL;) {
        if (!all && p->ctx != ctx) {
            at = &p->next;
            continue;
        }
        *at = p->next;
        p->dead = true;
        if (!p->inside) {
            if (!all)
                pm_clob_drop(p->clob, p);
            pages_free(p);
            if (!all)
                at = list; /* dropping went through the list itself */
        }
    }
}

/* Cursors are base64 of the venue's making: what has a meaning in a query is escaped. */
static void query_escape(struct str *out, const char *text) {
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || strchr("-_.~", *p))
            str_addc(out, (char)*p);
        else
            str_addf(out, "%%%02X", *p);
}

static void page_ask(struct clob_pages *p) {
    struct pm_call call = p->call;
    struct str q;
    str_init(&q);
    str_add(&q, p->query ? p->query : "");
    if (p->cursor[0]) {
        str_add(&q, q.len ? "&next_cursor=" : "next_cursor=");
        query_escape(&q, p->cursor);
    }
    call.path = p->path;
    call.query = q.p;
    pm_clob_call(p->clob, &call, on_page, p);
    str_free(&q);
}

static void pages_end(struct clob_pages *p, enum err err, const char *text) {
    struct pm_error e = {.err = err, .definite = true, .retry_after_ms = -1, .balance = USD(-1), .needed = USD(-1)};
    str_copy(e.text, sizeof e.text, text);
    pages_unlink(p);
    p->end(p->ctx, &e);
    pages_free(p);
}

/* The items of a page, counted; false: enough, or the list is gone. */
static bool page_items(struct clob_pages *p, const struct json *root, struct json *data, int *count) {
    bool more = true;
    *count = 0;
    const struct cJSON *list = cJSON_IsObject(root->node) ? cJSON_GetObjectItemCaseSensitive(root->node, "data") : NULL;
    if (list && cJSON_IsNull(list))
        return true; /* empty, as some write it */
    if (cJSON_IsArray(root->node))
        *data = *root;
    else
        json_get_array(root, "data", JSON_REQUIRED, data);
    p->inside = true;
    for (struct json it = json_first(data); it.node && more && !p->dead && !root->err->set; it = json_next(&it), ++*count)
        more = p->item(p->ctx, &it);
    p->inside = false;
    return more && !p->dead;
}

/* Lists end with the cursor LTE=, or without one. Some go on giving one behind their last item: then a page is empty, or the cursor stands still on
 * a page that is not full. One that stands still on a full page never ends. */
static bool list_over(const struct json *root, const char *cursor, const char *sent, int count) {
    int64_t limit = 0;
    if (!cursor[0] || !strcmp(cursor, "LTE=") || count == 0)
        return true;
    json_get_int(root, "limit", JSON_OPTIONAL, 0, 1000000, &limit);
    return !strcmp(cursor, sent) && count < limit;
}

static void on_page(void *ctx, const struct pm_error *e, const struct cJSON *doc, const struct http_answer *a) {
    struct clob_pages *p = ctx;
    struct json_err err = {0};
    struct json root = json_root(doc, &err), data = {0};
    const char *cursor = "";
    int count = 0;
    (void)a;
    if (e->err != ERR_OK || !doc) {
        pages_unlink(p);
        struct pm_error own = {.err = ERR_FAILED, .definite = true, .retry_after_ms = -1, .balance = USD(-1), .needed = USD(-1), .text = "the list can't be read"};
        p->end(p->ctx, e->err != ERR_OK ? e : &own);
        pages_free(p);
        return;
    }
    if (cJSON_IsNull(doc)) { /* an empty list */
        pages_end(p, ERR_OK, "");
        return;
    }
    bool more = page_items(p, &root, &data, &count);
    if (p->dead) {
        pages_free(p);
        return;
    }
    if (!err.set && more && cJSON_IsObject(doc))
        json_get_str(&root, "next_cursor", JSON_OPTIONAL, &cursor);
    bool over = !more || (!err.set && list_over(&root, cursor, p->cursor, count));
    if (err.set)
        pages_end(p, ERR_FAILED, err.text);
    else if (over)
        pages_end(p, ERR_OK, "");
    else if (!strcmp(cursor, p->cursor) || strlen(cursor) >= sizeof p->cursor || ++p->count >= PAGES_MAX)
        pages_end(p, ERR_FAILED, "the venue's list does not end");
    else {
        str_copy(p->cursor, sizeof p->cursor, cursor);
        page_ask(p);
    }
}

void pm_clob_pages(struct pm_clob *c, const struct pm_call *call, pm_item_fn *item, pm_list_fn *end, void *ctx) {
    struct clob_pages *p = xcalloc(1, sizeof *p);
    *p = (struct clob_pages){.next = *clob_pages_list(c), .clob = c, .call = *call, .path = xstrdup(call->path), .query = call->query ? xstrdup(call->query) : NULL,
                             .item = item, .end = end, .ctx = ctx};
    *clob_pages_list(c) = p;
    page_ask(p);
}
