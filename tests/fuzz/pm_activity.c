/* Pages of a wallet's trades: what is taken has a name of its own, a price and a size; the same page gives the same names. */
#include "fuzz.h"

#include "turret/base/json.h"
#include "venue/polymarket/market/pm_activity_rows.h"

#define WALLET "0xab5801a7d398351b8be11c439e05c5b3259aec9b"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct json_err err = {0};
    struct cJSON *doc = NULL;
    if (!json_parse((const char *)data, len, 1 << 20, &doc, &err))
        return 0;
    struct act_page a, b;
    struct json root = json_root(doc, &err);
    bool good = act_page_read(&root, WALLET, &a);
    err = (struct json_err){0};
    MUST(act_page_read(&root, WALLET, &b) == good && a.n == b.n && (good || a.why[0]));
    MUST(a.n + a.ignored + a.bad == a.seen && (!a.bad || a.why[0]) && (!a.more || a.cursor[0]));
    for (int i = 0; i < a.n; i++) {
        const struct act_row *r = &a.rows[i];
        MUST(r->px.micro > 0 && r->px.micro < 1000000 && r->size.micro > 0 && r->at_s > 0 && r->at_s >= a.oldest_s);
        MUST(strlen(r->trade) > 70 && strlen(r->trade) < sizeof r->trade && r->token[0] && strlen(r->condition) == 66);
        MUST(!strcmp(r->trade, b.rows[i].trade) && r->key == b.rows[i].key);
        for (int k = 0; k < i && k < 50; k++)
            MUST(strcmp(r->trade, a.rows[k].trade) != 0);
    }
    act_rows_order(a.rows, (size_t)a.n);
    for (int i = 1; i < a.n; i++)
        MUST(a.rows[i - 1].at_s <= a.rows[i].at_s);
    free(a.rows);
    free(b.rows);
    json_free(doc);
    return 0;
}
