/* The models page: leaderboard, curves, a run step by step, why a position exists, the difference of two runs, health. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/runs_edit.h"
#include "fixture.h"
#include "golden.h"
#include "turret/ui/key.h"

static struct fixture fix;
static struct canvas canvas;
static struct runs *memory;
static struct intent last;
static int sent;
static int64_t mono;

static void on_intent(void *ctx, struct session *s, const struct intent *in) {
    (void)ctx, (void)s;
    last = *in;
    sent++;
}
static void on_quit(void *ctx, struct session *s, bool stop) { (void)ctx, (void)s, (void)stop; }
static void on_emit(void *ctx, struct session *s, const char *bytes, size_t n) { (void)ctx, (void)s, (void)bytes, (void)n; }

static struct session *open_session(int w, int h, bool ascii) {
    static const struct session_host host = {.intent = on_intent, .quit = on_quit, .emit = on_emit};
    struct session_cfg cfg = {.w = w, .h = h, .ascii = ascii, .local = true, .runs = memory};
    mono = 1000000;
    return session_new(fix.desk, &cfg, &host);
}
static void draw(struct session *s) {
    mono += 1000000;
    session_wants_draw(s, ~0u, mono);
    session_draw(s, &canvas, fix.now_us + 42000);
}
static void keys(struct session *s, const char *text) {
    for (; *text; text++) {
        mono += 200000;
        session_key(s, (uint32_t)(unsigned char)*text, false, mono);
        draw(s);
    }
}
static void shot(const char *name, int w, int h, const char *pressed, bool ascii) {
    struct session *s = open_session(w, h, ascii);
    draw(s);
    keys(s, pressed);
    golden_check(&canvas, name);
    session_free(s);
}

static void add_model(model_id id, const char *name, const char *variant, bool builtin, uint64_t runs, const char *reason) {
    struct event ev = fix_event(&fix, EVENT_ACCOUNT);
    ev.u.account = (struct account){.id = 100 + id, .venue = VENUE_SIM, .initial = USD(10000 * DEC_ONE)};
    snprintf(ev.u.account.name, sizeof ev.u.account.name, "%s", name);
    fix_step(&fix, &ev);
    ev = fix_event(&fix, EVENT_MODEL);
    struct model *m = &ev.u.model.model;
    *m = (struct model){.id = id, .account = 100 + id, .enabled = 1, .builtin = builtin, .interval_s = 300, .runs = runs, .next_run_us = fix.now_us + 90000000};
    agent_limits_default(&m->limits);
    snprintf(m->name, sizeof m->name, "%s", name);
    snprintf(m->variant, sizeof m->variant, "%s", variant);
    snprintf(m->provider, sizeof m->provider, "%s", builtin ? "builtin" : "openrouter");
    snprintf(m->reason, sizeof m->reason, "%s", reason);
    m->failed_in_row = reason[0] ? 3 : 0;
    m->failed_runs = reason[0] ? 3 : 0;
    m->cost_day = m->cost_total = USD(builtin ? 0 : 380000);
    m->cost_date = (int32_t)(fix.now_us / 86400000000LL);
    fix_step(&fix, &ev);
}

static void equity(model_id id, const int *values, int n) {
    for (int i = 0; i < n; i++) {
        struct event ev = fix_event(&fix, EVENT_EQUITY);
        ev.u.equity = (struct ev_equity){100 + id, USD((10000 + values[i]) * DEC_ONE), fix.now_us - (n - i) * 60000000LL};
        fix_step(&fix, &ev);
    }
}

static struct run_step *call(struct run_info *r, int64_t at, const char *tool, const char *args, const char *result, enum err code, order_id order) {
    struct run_step *s = runs_step(memory, r, STEP_CALL, at, result);
    runs_set_text(memory, &s->arguments, args);
    snprintf(s->tool, sizeof s->tool, "%s", tool);
    s->code = (int32_t)code;
    s->latency_us = 212000;
    s->order = order;
    s->trades = strncmp(tool, "get", 3) != 0;
    return s;
}

static void a_run(run_id id, int64_t at, bool first) {
    struct run_info *r = runs_begin(memory, id, 1, 101, at);
    r->ended_us = at + 6800000;
    r->status = RUN_OK;
    r->tokens_in = 14202;
    r->tokens_out = 1118;
    r->tokens_cached = 9900;
    r->cost = USD(21000);
    snprintf(r->system_hash, sizeof r->system_hash, "aa");
    snprintf(r->prompt_hash, sizeof r->prompt_hash, first ? "bb" : "cc");
    runs_step(memory, r, STEP_PROMPT, at, "Apex, 3 markets, 14202 characters");
    call(r, at + 1200000, "getOrderBook", "{\"symbol\":\"FED-CUT-DEC\"}", "{\"bids\":[{\"price\":\"0.41\"}]}", ERR_OK, 0);
    runs_step(memory, r, STEP_THINK, at + 2000000, first ? "Nothing to do yet." : "The dots moved 25 bp lower; 41 looks low against my 53.");
    if (!first) {
        call(r, at + 4000000, "createPosition", "{\"decisions\":[{\"symbol\":\"FED-CUT-DEC\",\"side\":\"YES\",\"quantity\":\"5000\"}]}", "{\"results\":[{\"symbol\":\"FED-CUT-DEC\",\"result\":\"risk_per_trade\"}]}", ERR_RISK_PER_TRADE, 0);
        call(r, at + 5000000, "createPosition", "{\"decisions\":[{\"symbol\":\"FED-CUT-DEC\",\"side\":\"YES\",\"quantity\":\"250\"}]}", "{\"results\":[{\"symbol\":\"FED-CUT-DEC\",\"result\":\"ok\",\"filled\":\"250\"}]}", ERR_OK, 77);
        r->refusals = 1;
        r->actions = 1;
    }
    runs_set_text(memory, &r->response, first ? "Holding." : "Bought 250 YES: weak jobs and lower dots; out if CPI comes hot.");
}

static void scene(void) {
    static const int up[] = {0, 40, 60, 30, 90, 120, 110, 150, 160, 190}, down[] = {0, -10, -40, -30, -60, -80, -70, -110, -100, -140}, flat[] = {0, 5, 4, 6, 3, 5, 6, 8, 7, 8};
    fix_morning(&fix);
    memory = runs_new();
    add_model(1, "gpt-apex", "Apex", false, 288, "");
    add_model(2, "trend", "Trendsurfer", true, 1200, "");
    add_model(3, "qwen-guard", "Guardian", false, 41, "the provider's answer can't be used");
    equity(1, up, 10);
    equity(2, flat, 10);
    equity(3, down, 10);
    a_run(5001, fix.now_us - 400000000, true);
    a_run(5002, fix.now_us - 100000000, false);
}

static void over(void) {
    runs_free(memory);
    memory = NULL;
    fix_free(&fix);
}

static void test_page(void **state) {
    (void)state;
    scene();
    shot("models-120x40", 120, 40, "0", false);
    shot("models-120x40-ascii", 120, 40, "0", true);
    shot("models-80x24", 80, 24, "0", false);
    shot("models-60x20", 60, 20, "0", false);
    shot("models-36x8", 36, 8, "0", false);
    shot("models-run-80x24", 80, 24, "0\t\t", false);
    shot("models-why-80x24", 80, 24, "0\t\t\t", false);
    shot("models-diff-80x24", 80, 24, "0\t\td\t", false);
    shot("models-health-120x40", 120, 40, "0\t\t\t\t", false);
    shot("models-drawdown-120x40", 120, 40, "0\tvv", false);
    over();
}

/* Pausing is sent at once, resuming asks first; another model's row pauses another model. */
static void test_pause(void **state) {
    (void)state;
    scene();
    struct session *s = open_session(120, 40, false);
    draw(s);
    keys(s, "0");
    sent = 0;
    while (canvas.w && sent == 0 && mono < 60000000) /* the person's own row has no model: go down to one */
        keys(s, "jp");
    assert_int_equal(sent, 1);
    assert_int_equal(last.kind, INTENT_MODEL_PAUSE);
    assert_in_range(last.order, 1, 3);
    struct event ev = fix_event(&fix, EVENT_INTENT);
    ev.u.intent = last;
    fix_step(&fix, &ev);
    draw(s);
    keys(s, "p");
    assert_int_equal(sent, 1); /* it asks */
    keys(s, "y");
    assert_int_equal(sent, 2);
    assert_int_equal(last.kind, INTENT_MODEL_RESUME);
    keys(s, "P");
    assert_int_equal(sent, 3);
    assert_int_equal(last.order, 0);
    session_free(s);
    over();
}

/* What a model said never reaches the screen raw, and there is something to see without any model. */
static void test_hostile(void **state) {
    (void)state;
    scene();
    struct run_info *r = runs_begin(memory, 6000, 1, 101, fix.now_us);
    runs_step(memory, r, STEP_THINK, fix.now_us, "\x1b]52;c;aGk=\x07 \x1b[31mred\x9b" "31m \xe2\x80\xae evil");
    call(r, fix.now_us, "createPosition", "{\"symbol\":\"\x1b[2J\"}", "\x1b[H", ERR_INVALID_ARGUMENTS, 0);
    struct session *s = open_session(120, 40, false);
    draw(s);
    keys(s, "0\t\t\r");
    for (int i = 0; i < canvas.w * canvas.h; i++) {
        uint32_t cp = canvas.cells[i].cp;
        assert_false(cp && (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (cp >= 0x202a && cp <= 0x202e)));
    }
    session_free(s);
    over();
    fix_morning(&fix);
    shot("models-none-80x24", 80, 24, "0", false);
    fix_free(&fix);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_page), cmocka_unit_test(test_pause), cmocka_unit_test(test_hostile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
