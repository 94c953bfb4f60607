/* Recorded messages of the user stream and of private REST (the shared folder's fixtures, where they are): what each becomes. */
#include "pm_user_rig.h"

#include <sys/stat.h>

static const char *shared(void) {
    struct stat st;
    const char *dir = getenv("TURRET_SHARED");
    if (dir == NULL || dir[0] == 0)
        dir = "../shared";
    return stat(dir, &st) == 0 ? dir : NULL;
}

/* Whole file; NULL where there is none. */
static char *file_text(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/data/fixtures/polymarket/%s", shared(), name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return NULL;
    char *text = xcalloc(1, 1 << 20);
    size_t n = fread(text, 1, (1 << 20) - 1, f);
    fclose(f);
    text[n] = 0;
    return text;
}

struct seen { int fills, acks, dones, notes, adopted; enum err why; uint8_t side, action, maker, finality; int64_t px, size; };
struct row { const char *file; const char *key, *wallet, *order; /* ours, sent before; NULL */ enum order_side order_side; struct seen want; };

#define NT_KEY "00000000-0000-0000-0000-000000000001"
#define NT_WALLET "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
#define NT_ORDER "0x1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef12"
#define PY_WALLET "0xa3D82Ed56F4c68d2328Fb8c29e568Ba2cAF7d7c8"
static const struct row rows[] = {
    {"nautilus_trader/ws_user_order_placement.json", NT_KEY, NT_WALLET, NT_ORDER, SIDE_YES, {.acks = 1}},
    {"nautilus_trader/ws_user_order_msg.json", NT_KEY, NT_WALLET, NULL, SIDE_YES, {.adopted = 1}},
    {"nautilus_trader/ws_user_order_update.json", NT_KEY, NT_WALLET, NT_ORDER, SIDE_YES, {.acks = 1}},
    {"nautilus_trader/ws_user_order_matched.json", NT_KEY, NT_WALLET, NT_ORDER, SIDE_YES, {.acks = 1, .dones = 1, .why = ERR_CANCELLED}},
    {"nautilus_trader/ws_user_order_cancellation.json", NT_KEY, NT_WALLET, NT_ORDER, SIDE_YES, {.dones = 1, .why = ERR_CANCELLED}},
    {"nautilus_trader/ws_user_order_fok_killed.json", NT_KEY, NT_WALLET, "0x78xx", SIDE_YES, {.dones = 1, .why = ERR_FOK_UNFILLED}},
    {"nautilus_trader/ws_user_order_venue_cancel.json", NT_KEY, NT_WALLET, "0x0e", SIDE_YES, {.dones = 1, .why = ERR_VENUE_REJECTED}},
    {"nautilus_trader/ws_user_trade.json", NT_KEY, NT_WALLET, NT_ORDER, SIDE_YES,
     {.fills = 1, .side = SIDE_YES, .action = ACTION_BUY, .finality = FILL_FINAL, .px = 500000, .size = 25000000}},
    {"nautilus_trader/ws_user_trade_msg.json", NT_KEY, NT_WALLET, NULL, SIDE_YES,
     {.fills = 1, .side = SIDE_YES, .action = ACTION_BUY, .finality = FILL_FINAL, .px = 500000, .size = 25000000}},
    {"nautilus_trader/http_trade_report.json", NT_KEY, NT_WALLET, NT_ORDER, SIDE_YES,
     {.fills = 1, .side = SIDE_YES, .action = ACTION_BUY, .finality = FILL_FINAL, .px = 500000, .size = 25000000}},
    {"nautilus_trader/http_open_order.json", NT_KEY, NT_WALLET, NULL, SIDE_YES, {.adopted = 1}},
    {"nautilus_py/ws_messages__order_placement.json", "", PY_WALLET, NULL, SIDE_YES, {.adopted = 1}},
    {"nautilus_py/ws_messages__order_cancel.json", "", PY_WALLET, "0xc6e99c14f1c7cae9e0538eb2d45a4d8b93ffd743e850edd1502a8c85700be5d3", SIDE_YES, {.dones = 1, .why = ERR_CANCELLED}},
    {"nautilus_py/ws_messages__user_trade1.json", "", PY_WALLET, NULL, SIDE_YES, {.fills = 1, .side = SIDE_YES, .action = ACTION_SELL, .maker = 1, .px = 518000, .size = 5000000}},
    {"nautilus_py/ws_messages__user_trade2.json", "", PY_WALLET, NULL, SIDE_YES, {.fills = 1, .side = SIDE_YES, .action = ACTION_BUY, .px = 520000, .size = 5000000}},
    {"nautilus_py/ws_messages__user_trade3.json", "", PY_WALLET, NULL, SIDE_YES,
     {.fills = 1, .side = SIDE_YES, .action = ACTION_BUY, .maker = 1, .finality = FILL_FINAL, .px = 513000, .size = 5000000}},
    {"nautilus_py/ws_messages__user_trade4.json", "", PY_WALLET, NULL, SIDE_YES,
     {.fills = 2, .side = SIDE_YES, .action = ACTION_BUY, .maker = 1, .finality = FILL_FINAL, .px = 400000, .size = 5000000}},
    {"official_docs/ws_user__order.json", "9180014b-33c8-9240-a14b-bdca11c0a465", NT_WALLET, NULL, SIDE_YES, {.adopted = 1}},
    {"official_docs/ws_user__order_1.json", "", NT_WALLET, "0xff354cd7ca7539dfa9c28d90943ab5779a4eac34b9b37a757d7b32bdfb11790b", SIDE_NO, {.dones = 1, .why = ERR_EXPIRED}},
    {"official_docs/ws_user__trade.json", "9180014b-33c8-9240-a14b-bdca11c0a465", NT_WALLET, NULL, SIDE_YES,
     {.fills = 2, .side = SIDE_NO, .action = ACTION_BUY, .px = 570000, .size = 10000000}}, /* its example has one owner on both sides */
};

static void row_run(const struct row *r) {
    rig_start(NULL);
    str_copy(g.creds.key, sizeof g.creds.key, r->key);
    assert_true(pm_address_parse(r->wallet, &g.s.wallet));
    market_set(1, 51, "71321045679252212594626385532706912750332728571942532289631379312455583992563",
               "52114319501245915516055106046884209969926127482827954674443846427813813222426", "0xdd22472e552920b8438158ea7238bfadfa4f736aa4cee91a6b86c39ead110917");
    market_set(2, 52, "21742633143463906290569050155826241533067272736897614950488156847949938836455",
               "48331043336612883890938759509493159234755048973500640148014422747788308965732", "0xpy");
    g.n_markets = 3;
    if (r->order != NULL)
        order_sent(1, r->order, r->order_side, ACTION_BUY, 500000, 100000000);
    char *text = file_text(r->file);
    assert_non_null(text);
    if (strstr(strchr(r->file, '/'), "trade") != NULL)
        trade_doc(text);
    else
        order_doc(text);
    free(text);
    if (count(EVENT_FILL) != r->want.fills || count(EVENT_ACK) != r->want.acks || count(EVENT_DONE) != r->want.dones || count(EVENT_NOTE) != r->want.notes ||
        count(EVENT_RECON_ORDER) != r->want.adopted)
        fail_msg("%s: %d fills, %d acks, %d ends, %d notes, %d adopted; %s", r->file, count(EVENT_FILL), count(EVENT_ACK), count(EVENT_DONE), count(EVENT_NOTE), count(EVENT_RECON_ORDER), count(EVENT_NOTE) > 0 ? nth(EVENT_NOTE, 0)->note.text : "");
    if (r->want.dones > 0)
        assert_int_equal(nth(EVENT_DONE, 0)->done.reason, r->want.why);
    if (r->want.fills > 0) {
        const struct fill *f = &nth(EVENT_FILL, 0)->fill_ev.fill;
        assert_int_equal(f->side, r->want.side);
        assert_int_equal(f->action, r->want.action);
        assert_int_equal(f->maker, r->want.maker);
        assert_int_equal(f->finality, r->want.finality);
        assert_int_equal(f->px.micro, r->want.px);
        assert_int_equal(f->size.micro, r->want.size);
        assert_true(f->at_us > 1600000000LL * PM_SECOND);
    }
    rig_stop(NULL);
}

static void recorded_messages(void **st) {
    (void)st;
    if (shared() == NULL) {
        print_message("no shared folder: skipped\n");
        skip();
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        row_run(&rows[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(recorded_messages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
