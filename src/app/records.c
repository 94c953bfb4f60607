/* JSON of what the desk keeps and says: the tail stream, answers to intents, previews. Decimals are strings, times RFC 3339. */
#include <stdio.h>
#include <string.h>

#include "app/records.h"
#include "turret/io/loop.h"
#include "turret/ui/columns.h"

void json_add_dec(cJSON *o, const char *key, int64_t micro) {
    char buf[DEC_TEXT_MAX];
    dec_format(micro, 0, buf);
    cJSON_AddStringToObject(o, key, buf);
}

static void add_time(cJSON *o, int64_t at_us) {
    char buf[32];
    clock_format_rfc3339(at_us, buf);
    cJSON_AddStringToObject(o, "at", buf);
}

static cJSON *row_json(const char *table, const char *type, const struct desk *view, const void *row, int64_t at_us) {
    const struct column_table *t = column_table(table);
    cJSON *o = t ? columns_json(t, view, row, at_us) : cJSON_CreateObject();
    cJSON *all = cJSON_CreateObject();
    cJSON_AddStringToObject(all, "type", type);
    add_time(all, at_us);
    cJSON_AddItemToObject(all, type, o);
    return all;
}

cJSON *record_json(const struct desk *view, const struct fx_save *rec) {
    struct view_status now;
    view_status(view, &now);
    switch ((enum save_kind)rec->kind) {
    case SAVE_ORDER: return row_json("orders", "order", view, &rec->u.order, rec->u.order.updated_us);
    case SAVE_FILL: return row_json("fills", "fill", view, &rec->u.fill, rec->u.fill.at_us);
    case SAVE_WATCH:
        return rec->u.watch.kind == WATCH_ALERT ? row_json("alerts", "alert", view, &rec->u.watch, now.now_us) : row_json("snipers", "sniper", view, &rec->u.watch, now.now_us);
    case SAVE_FOLLOW: return row_json("follows", "follow", view, &rec->u.follow, now.now_us);
    case SAVE_FOLLOW_TRADE: return row_json("follow_trades", "followed", view, &rec->u.follow_trade, now.now_us);
    default: return NULL;
    }
}

cJSON *notice_json(const struct desk *view, const struct fx_notice *n, int64_t now_us) {
    static const char *const levels[] = {"info", "fill", "warn", "alert"};
    cJSON *o = cJSON_CreateObject();
    struct view_market vm;
    cJSON_AddStringToObject(o, "type", "notice");
    add_time(o, now_us);
    cJSON_AddStringToObject(o, "level", n->level >= 0 && n->level < 4 ? levels[n->level] : "info");
    cJSON_AddStringToObject(o, "text", n->text);
    if (n->num)
        cJSON_AddNumberToObject(o, "num", n->num);
    if (n->market && view_market(view, n->market, &vm))
        cJSON_AddStringToObject(o, "market", vm.m->symbol);
    return o;
}

cJSON *reply_json(const struct desk *view, const struct fx_reply *r, const char *reads_as) {
    cJSON *o = cJSON_CreateObject();
    (void)view;
    if (!r->order && r->num) /* of an automation */
        cJSON_AddNumberToObject(o, "id", r->num);
    else if (r->order || r->num) {
        char id[24];
        snprintf(id, sizeof id, "%llu", (unsigned long long)r->order);
        cJSON_AddStringToObject(o, "order", id);
        cJSON_AddNumberToObject(o, "num", r->num);
        cJSON_AddStringToObject(o, "state", r->unknown ? "unknown" : order_state_name((enum order_state)r->state));
        json_add_dec(o, "filled", r->filled.micro);
        if (r->average.micro)
            json_add_dec(o, "average", r->average.micro);
        else
            cJSON_AddNullToObject(o, "average");
    }
    cJSON_AddStringToObject(o, "reads_as", reads_as);
    if (r->text[0])
        cJSON_AddStringToObject(o, "text", r->text);
    return o;
}

cJSON *route_json(const struct desk *view, const struct route *r) {
    static const char *const modes[] = {"here", "best", "split"};
    cJSON *all = cJSON_CreateObject(), *list;
    cJSON_AddStringToObject(all, "mode", r->mode < sizeof modes / sizeof *modes ? modes[r->mode] : "");
    list = cJSON_AddArrayToObject(all, "options");
    for (int i = 0; i < r->n && i < ROUTE_MAX; i++) {
        const struct route_option *x = &r->o[i];
        struct view_market vm;
        cJSON *o = cJSON_CreateObject();
        const bool known = view_market(view, x->market, &vm);
        cJSON_AddStringToObject(o, "market", known ? vm.m->symbol : "");
        cJSON_AddStringToObject(o, "venue", known ? venue_name((enum venue_id)vm.m->venue) : "");
        cJSON_AddBoolToObject(o, "chosen", x->code == ERR_OK && (x->taken.micro > 0 || i == r->chosen));
        cJSON_AddItemToObject(o, "refusal", x->code ? cJSON_CreateString(err_name((enum err)x->code)) : cJSON_CreateNull());
        json_add_dec(o, "average", x->average.micro);
        json_add_dec(o, "fee", x->fee.micro);
        json_add_dec(o, "fillable", x->fillable.micro);
        json_add_dec(o, "taken", x->taken.micro);
        cJSON_AddItemToArray(list, o);
    }
    return all;
}

cJSON *preview_json(const struct desk *view, const struct intent *in, const char *reads_as) {
    struct view_preview p = {0};
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "reads_as", reads_as);
    cJSON_AddStringToObject(o, "intent", intent_name((enum intent_kind)in->kind));
    if (in->kind <= INTENT_PROTECT) /* the others are no orders */
        view_preview(view, in, &p);
    if (p.refusal)
        cJSON_AddStringToObject(o, "refusal", err_name(p.refusal));
    else
        cJSON_AddNullToObject(o, "refusal");
    if (p.text[0])
        cJSON_AddStringToObject(o, "text", p.text);
    if (in->kind != INTENT_PLACE && in->kind != INTENT_CLOSE)
        return o;
    json_add_dec(o, "size", p.size.micro);
    json_add_dec(o, "fills_now", p.now.filled.micro);
    if (p.now.average.micro)
        json_add_dec(o, "average", p.now.average.micro);
    json_add_dec(o, "rests", p.rests.micro);
    json_add_dec(o, "cost", p.cost.micro);
    json_add_dec(o, "fee", p.fee.micro);
    json_add_dec(o, "margin", p.margin.micro);
    json_add_dec(o, "worst_case", p.worst_case.micro);
    if (p.route.n)
        cJSON_AddItemToObject(o, "routes", route_json(view, &p.route));
    return o;
}
