/* Own orders and trades of Polymarket, from any JSON: what is taken is whole, printable and within its bounds. */
#include "fuzz.h"

#include "turret/base/json.h"
#include "venue/polymarket/trade/pm_user_parse.h"

static void plain(const char *s, size_t cap) {
    MUST(memchr(s, 0, cap) != NULL);
    for (; *s; s++)
        MUST(*s > ' ' && *s <= '~');
}

static void printable(const char *s, size_t cap) {
    MUST(memchr(s, 0, cap) != NULL);
    for (; *s; s++)
        MUST((unsigned char)*s >= 0x20 && *s != 0x7f);
}

static void trade_check(const struct pm_own_trade *t) {
    char id[VENUE_ORDER_ID_MAX], back[VENUE_ORDER_ID_MAX];
    price px;
    usd value;
    plain(t->id, sizeof t->id);
    plain(t->token, sizeof t->token);
    MUST(t->id[0] != 0 && t->size.micro > 0 && t->px.micro > 0 && t->px.micro < DEC_ONE && t->at_us >= 0);
    pm_fill_id(t->id, t->taker_order, id);
    MUST(memchr(id, 0, sizeof id) != NULL);
    if (pm_fill_trade(id, back))
        MUST(strcmp(back, t->id) == 0);
    pm_taker_price(t, &px, &value);
    MUST(px.micro > 0 && px.micro < DEC_ONE && value.micro >= -1 && value.micro <= t->size.micro);
    for (struct json it = json_first(&t->makers); it.node; it = json_next(&it)) {
        struct pm_maker_leg leg;
        if (pm_maker_leg_parse(&it, t, &leg))
            MUST(leg.size.micro > 0 && leg.px.micro > 0 && leg.px.micro < DEC_ONE && leg.order[0] != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct cJSON *doc;
    struct json_err err, err2 = {0};
    char *copy = malloc(len ? len : 1);
    memcpy(copy, data, len);
    if (json_parse(copy, len, 65536, &doc, &err)) {
        struct json root = json_root(doc, &err), again = json_root(doc, &err2);
        struct pm_own_order o;
        struct pm_own_trade t;
        if (pm_own_order_parse(&root, &o)) {
            plain(o.id, sizeof o.id);
            printable(o.text, sizeof o.text);
            MUST(o.id[0] != 0 && o.size.micro >= 0 && o.matched.micro >= 0 && o.expires_us >= 0 && o.created_us >= 0);
            MUST(!o.whole || (o.px.micro > 0 && o.px.micro < DEC_ONE && o.size.micro > 0 && o.token[0] != 0));
        } else {
            MUST(err.set && err.text[0] != 0);
        }
        if (pm_own_trade_parse(&again, &t))
            trade_check(&t);
        else
            MUST(err2.set && err2.text[0] != 0);
    }
    json_free(doc);
    free(copy);
    return 0;
}
