/* The archive in memory and in PostgreSQL: the same cases for both; then what only a server can do: go away between a write
 * and its answer, be another desk's, come late. */
#include "store_cluster.h"

#include "turret/base/str.h"
#include "turret/io/proc.h"
#include "turret/store/archive.h"

#define RUN "4611686018427387904"

static struct cluster c;
static struct archive *ar;
static uint64_t epoch;
static bool real; /* PostgreSQL */

struct got {
    int n, in_call;
    enum err err;
    char text[200];
    cJSON *rows;
};
static bool calling;

static void done(void *ctx, enum err e, const char *text) {
    struct got *g = ctx;
    g->n++;
    g->in_call += calling;
    g->err = e;
    snprintf(g->text, sizeof g->text, "%s", text);
}
static void rows_come(void *ctx, enum err e, const cJSON *rows) {
    struct got *g = ctx;
    done(ctx, e, "");
    cJSON_Delete(g->rows);
    g->rows = cJSON_Duplicate(rows, true);
}

static uint64_t epoch_now(void *ctx) {
    (void)ctx;
    return epoch;
}

static void start(struct got *g, bool update, enum archive_kind kind, const char *json) {
    cJSON *doc = cJSON_Parse(json);
    if (!doc)
        fail_msg("bad test document: %s", json);
    calling = true;
    if (update)
        ar->ops->update(ar, kind, doc, done, g);
    else
        ar->ops->insert(ar, kind, doc, done, g);
    calling = false;
    cJSON_Delete(doc); /* nothing of it is needed any more */
}
static enum err write_doc(bool update, enum archive_kind kind, const char *json, char text[200]) {
    struct got g = {0};
    start(&g, update, kind, json);
    assert_int_equal(g.n, 0);
    assert_false(ar->ops->idle(ar));
    run_until(&g.n, 1, 8);
    assert_int_equal(g.in_call, 0);
    if (text)
        snprintf(text, 200, "%s", g.text);
    return g.err;
}
static enum err put(enum archive_kind kind, const char *json) { return write_doc(false, kind, json, NULL); }
static enum err set(enum archive_kind kind, const char *json) { return write_doc(true, kind, json, NULL); }

static cJSON *list(struct archive_query q) {
    static struct got g;
    g.n = 0;
    ar->ops->read(ar, &q, rows_come, &g);
    assert_int_equal(g.n, 0);
    run_until(&g.n, 1, 8);
    assert_int_equal(g.err, ERR_OK);
    cJSON *rows = g.rows;
    g.rows = NULL;
    return rows;
}
static const char *text_at(const cJSON *rows, int i, const char *field) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(rows, i), field);
    return cJSON_IsString(v) ? v->valuestring : cJSON_IsNull(v) ? "null" : "?";
}

/* --- set-up --- */

static void saw(void *ctx, const struct event *ev) {
    int *n = ctx;
    if (ev->type == EVENT_SAVED || ev->type == EVENT_LEADER)
        ++*n;
    if (ev->type == EVENT_LEADER)
        epoch = ev->u.leader.epoch;
    if (ev->type == EVENT_SAVED)
        assert_int_equal(ev->u.saved.result, ERR_OK);
}

static struct fx_save model_rec(uint64_t seq, model_id id) {
    struct fx_save r = {.seq = seq, .epoch = epoch, .kind = SAVE_MODEL, .last = 1};
    r.u.model = (struct model){.id = id, .account = id + 10, .enabled = 1, .interval_s = 300, .version = 1};
    snprintf(r.u.model.name, sizeof r.u.model.name, "model-%u", id);
    strcpy(r.u.model.variant, "guardian");
    return r;
}

/* The schema and two models, by the store; then it goes, but its lease stays. */
static void make_database(void) {
    int n = 0;
    struct store_pg_cfg cfg = {.conninfo = c.conninfo, .holder = "desk-1", .exclusive = true};
    struct store *st = store_pg_new(&cfg, (struct event_sink){saw, &n});
    run_until(&n, 1, 20);
    for (model_id id = 1; id <= 2; id++) {
        struct fx_save r = model_rec(id, id);
        store_save(st, &r);
    }
    run_until(&n, 3, 5);
    store_close(st);
}

static int set_up_mem(void **state) {
    (void)state;
    real = false;
    ar = archive_mem_new();
    return 0;
}
static int set_up_pg(void **state) {
    (void)state;
    real = true;
    cluster_make(&c);
    make_database();
    ar = archive_pg_new(c.conninfo, epoch_now, NULL);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    if (ar)
        ar->ops->close(ar);
    ar = NULL;
    if (real)
        cluster_end(&c);
    return 0;
}

static void put_run(const char *id, int model, const char *at, const char *status) {
    char json[400];
    snprintf(json, sizeof json, "{\"id\":\"%s\",\"model_id\":%d,\"account_id\":11,\"started_at\":\"%s\",\"status\":\"%s\"}", id, model, at, status);
    assert_int_equal(put(ARCHIVE_INVOCATION, json), ERR_OK);
}

/* --- the same for both --- */

static void a_run_goes_in_is_changed_and_comes_out_again(void **state) {
    (void)state;
    assert_int_equal(put(ARCHIVE_INVOCATION, "{\"id\":\"" RUN "\",\"model_id\":1,\"account_id\":11,\"started_at\":\"2026-11-21T05:00:00.123456+01:00\",\"status\":\"running\",\"system_hash\":\"aa\"}"), ERR_OK);
    assert_int_equal(set(ARCHIVE_INVOCATION, "{\"id\":\"" RUN "\",\"ended_at\":\"2026-11-21T04:00:09Z\",\"status\":\"ok\",\"response\":\"held\",\"payload\":{\"x\":\"\\\"\",\"steps\":[1,2.5,null]},\"tokens_in\":123456789012,\"cost\":\"0.012300\",\"latency_ms\":8123,\"rerun_of\":\"0\"}"), ERR_OK);
    cJSON *rows = list((struct archive_query){.list = LIST_RUNS, .run = 4611686018427387904ull});
    char *text = cJSON_PrintUnformatted(rows);
    assert_string_equal(text, "[{\"id\":\"" RUN "\",\"model_id\":1,\"account_id\":11,\"started_at\":\"2026-11-21T04:00:00.123456Z\",\"ended_at\":\"2026-11-21T04:00:09.000000Z\",\"status\":\"ok\",\"system_hash\":\"aa\",\"prompt_hash\":null,\"response\":\"held\",\"payload\":{\"x\":\"\\\"\",\"steps\":[1,2.5,null]},\"tokens_in\":123456789012,\"tokens_out\":null,\"tokens_cached\":null,\"cost\":\"0.0123\",\"latency_ms\":8123,\"steps\":null,\"error\":null,\"rerun_of\":null}]");
    cJSON_free(text);
    cJSON_Delete(rows);
    rows = list((struct archive_query){.list = LIST_RUNS});
    assert_int_equal(cJSON_GetArraySize(rows), 1);
    assert_string_equal(text_at(rows, 0, "cost"), "0.0123");
    assert_string_equal(text_at(rows, 0, "response"), "?"); /* lists are without the big texts */
    assert_string_equal(text_at(rows, 0, "payload"), "?");
    cJSON_Delete(rows);
}

static void a_taken_key_is_told_and_changes_nothing(void **state) {
    (void)state;
    put_run("5", 1, "2026-11-21T04:00:00Z", "running");
    assert_int_equal(put(ARCHIVE_INVOCATION, "{\"id\":\"5\",\"model_id\":2,\"account_id\":1,\"started_at\":\"2026-11-21T04:00:00Z\",\"status\":\"ok\"}"), ERR_DUPLICATE);
    const char *call = "{\"invocation_id\":\"5\",\"step\":1,\"index\":0,\"type\":\"CREATE_POSITION\",\"name\":\"create_position\",\"arguments\":\"{\",\"at\":\"2026-11-21T04:00:01Z\"}";
    assert_int_equal(put(ARCHIVE_TOOL_CALL, call), ERR_OK);
    assert_int_equal(put(ARCHIVE_TOOL_CALL, call), ERR_DUPLICATE); /* so that a call given twice is carried out once */
    assert_int_equal(set(ARCHIVE_TOOL_CALL, "{\"invocation_id\":\"5\",\"step\":1,\"index\":0,\"code\":\"stale_book\",\"result\":{\"n\":1},\"latency_ms\":12,\"order_id\":\"9000000000000000001\"}"), ERR_OK);
    assert_int_equal(set(ARCHIVE_TOOL_CALL, "{\"invocation_id\":\"5\",\"step\":1,\"index\":1,\"code\":\"ok\"}"), ERR_FAILED); /* another call */
    cJSON *calls = list((struct archive_query){.list = LIST_TOOL_CALLS, .order = 9000000000000000001ull});
    char *all = cJSON_PrintUnformatted(calls);
    assert_string_equal(all, "[{\"invocation_id\":\"5\",\"step\":1,\"index\":0,\"type\":\"CREATE_POSITION\",\"name\":\"create_position\",\"arguments\":\"{\",\"result\":{\"n\":1},\"code\":\"stale_book\","
                             "\"at\":\"2026-11-21T04:00:01.000000Z\",\"latency_ms\":12,\"order_id\":\"9000000000000000001\"}]");
    cJSON_free(all);
    cJSON_Delete(calls);
    assert_int_equal(put(ARCHIVE_PROMPT, "{\"hash\":\"h\",\"text\":\"one\",\"at\":\"2026-11-21T04:00:00Z\"}"), ERR_OK);
    assert_int_equal(put(ARCHIVE_PROMPT, "{\"hash\":\"h\",\"text\":\"two\",\"at\":\"2026-11-21T04:00:00Z\"}"), ERR_OK);
    cJSON *rows = list((struct archive_query){.list = LIST_PROMPTS, .hash = "h"});
    assert_string_equal(text_at(rows, 0, "text"), "one");
    cJSON_Delete(rows);
    rows = list((struct archive_query){.list = LIST_RUNS});
    assert_string_equal(text_at(rows, 0, "status"), "running");
    cJSON_Delete(rows);
}

static void what_can_not_be_a_document_is_refused_with_a_sentence(void **state) {
    (void)state;
    put_run("5", 1, "2026-11-21T04:00:00Z", "running");
    static const struct {
        bool update;
        enum archive_kind kind;
        const char *json, *says;
    } bad[] = {
        {false, ARCHIVE_INVOCATION, "{\"id\":\"6\",\"account_id\":1,\"started_at\":\"2026-11-21T04:00:00Z\",\"status\":\"ok\"}", "model_id is missing"},
        {false, ARCHIVE_INVOCATION, "{\"id\":\"0\",\"model_id\":1,\"account_id\":1,\"started_at\":\"2026-11-21T04:00:00Z\",\"status\":\"ok\"}", "id has a value"},
        {false, ARCHIVE_INVOCATION, "{\"id\":\"9223372036854775808\",\"model_id\":1,\"account_id\":1,\"started_at\":\"2026-11-21T04:00:00Z\",\"status\":\"ok\"}", "id has a value"},
        {true, ARCHIVE_INVOCATION, "{\"id\":\"5\",\"cost\":0.1}", "cost has a value"},
        {true, ARCHIVE_INVOCATION, "{\"id\":\"5\",\"cost\":\"0.0000001\"}", "cost has a value"},
        {true, ARCHIVE_INVOCATION, "{\"id\":\"5\",\"ended_at\":\"yesterday\"}", "ended_at has a value"},
        {true, ARCHIVE_INVOCATION, "{\"id\":\"5\",\"status\":null}", "status has a value"},
        {true, ARCHIVE_INVOCATION, "{\"id\":\"5\",\"x; DROP TABLE orders\":1}", "is no column"},
        {true, ARCHIVE_INVOCATION, "{\"id\":\"5\"}", "nothing to change"},
        {true, ARCHIVE_INVOCATION, "{\"id\":\"77\",\"status\":\"ok\"}", "no such document"},
        {false, ARCHIVE_TOOL_CALL, "{\"invocation_id\":\"5\",\"step\":1,\"index\":0,\"type\":\"BUY\",\"name\":\"x\",\"at\":\"2026-11-21T04:00:01Z\"}", "type has a value"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[200];
        assert_int_equal(write_doc(bad[i].update, bad[i].kind, bad[i].json, text), ERR_FAILED);
        if (!strstr(text, bad[i].says))
            fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].json, text, bad[i].says);
    }
    assert_int_equal(put(ARCHIVE_TOOL_CALL, "{\"invocation_id\":\"99\",\"step\":1,\"index\":0,\"type\":\"READ\",\"name\":\"x\",\"at\":\"2026-11-21T04:00:01Z\"}"), ERR_FAILED);
}

/* What a model can say: bytes that are no UTF-8, control characters, escapes that JSON has and PostgreSQL has not. */
static void hostile_text_is_kept_as_it_is_where_it_can_be(void **state) {
    (void)state;
    put_run("5", 1, "2026-11-21T04:00:00Z", "running");
    cJSON *doc = cJSON_Parse("{\"invocation_id\":\"5\",\"step\":1,\"index\":0,\"type\":\"CREATE_POSITION\",\"name\":\"create_position\",\"at\":\"2026-11-21T04:00:01Z\"}");
    cJSON_AddStringToObject(doc, "arguments", "{\"a\":\"\\u0000\\ud800'; DROP TABLE orders; --\xff\xed\xa0\x80\xc3(\x1b[31m\x01\n\xf0\x9f\x92\xa9");
    cJSON *result = cJSON_AddObjectToObject(doc, "result");
    cJSON_AddStringToObject(result, "t\xfe", "\xed\xb0\x80 \x1b]0;x\x07 naïve");
    struct got g = {0};
    ar->ops->insert(ar, ARCHIVE_TOOL_CALL, doc, done, &g);
    cJSON_ReplaceItemInObject(doc, "index", cJSON_CreateNumber(1));
    cJSON_ReplaceItemInObject(doc, "result", cJSON_CreateRaw("{\"a\":\"\\ud800\"}")); /* no JSON that anybody could keep */
    ar->ops->insert(ar, ARCHIVE_TOOL_CALL, doc, done, &g);
    cJSON_ReplaceItemInObject(doc, "index", cJSON_CreateNumber(2));
    cJSON_ReplaceItemInObject(doc, "result", cJSON_CreateRaw("{\"a\":\"x\\u0000y\"}"));
    ar->ops->insert(ar, ARCHIVE_TOOL_CALL, doc, done, &g);
    cJSON_Delete(doc);
    run_until(&g.n, 3, 5);
    if (g.err)
        fail_msg("%s", g.text);
    cJSON *rows = list((struct archive_query){.list = LIST_TOOL_CALLS, .run = 5});
    assert_int_equal(cJSON_GetArraySize(rows), 3);
    assert_string_equal(text_at(rows, 0, "result"), "{\"a\":\"x\\u0000y\"}");
    assert_string_equal(text_at(rows, 1, "result"), "{\"a\":\"\\ud800\"}");
    assert_string_equal(text_at(rows, 2, "arguments"), "{\"a\":\"\\u0000\\ud800'; DROP TABLE orders; --\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD(\x1b[31m\x01\n\xf0\x9f\x92\xa9");
    const cJSON *kept = cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(rows, 2), "result");
    assert_string_equal(kept->child->string, "t\xEF\xBF\xBD");
    assert_string_equal(kept->child->valuestring, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD \x1b]0;x\x07 naïve");
    cJSON_Delete(rows);
}

static void lists_are_newest_first_and_filtered(void **state) {
    (void)state;
    for (int i = 1; i <= 30; i++) {
        char id[8], at[40];
        snprintf(id, sizeof id, "%d", i);
        snprintf(at, sizeof at, "2026-11-21T04:%02d:00Z", i);
        put_run(id, 1 + i % 2, at, i % 10 == 0 ? "failed" : i == 30 - 1 ? "running" : "ok");
    }
    for (int i = 0; i < 3; i++) {
        char json[400];
        snprintf(json, sizeof json, "{\"invocation_id\":\"7\",\"step\":%d,\"index\":%d,\"type\":\"READ\",\"name\":\"x\",\"arguments\":\"\",\"code\":\"%s\",\"at\":\"2026-11-21T05:00:00Z\",\"order_id\":\"%d\"}", i / 2, i % 2, i == 1 ? "killed" : "ok", i == 2 ? 900 : 0);
        assert_int_equal(put(ARCHIVE_TOOL_CALL, json), ERR_OK);
    }
    static const struct {
        struct archive_query q;
        int n;
        const char *field, *first;
    } cases[] = {
        {{.list = LIST_RUNS}, 30, "id", "30"},
        {{.list = LIST_RUNS, .limit = 4}, 4, "id", "30"},
        {{.list = LIST_RUNS, .limit = 100000}, 30, "id", "30"},
        {{.list = LIST_RUNS, .model = 2}, 15, "id", "29"},
        {{.list = LIST_RUNS, .failed_only = true}, 3, "id", "30"},
        {{.list = LIST_RUNS, .order = 900}, 1, "id", "7"},
        {{.list = LIST_RUNS, .order = 901}, 0, "", ""},
        {{.list = LIST_TOOL_CALLS}, 3, "order_id", "900"},
        {{.list = LIST_TOOL_CALLS, .run = 7}, 3, "order_id", "900"},
        {{.list = LIST_TOOL_CALLS, .run = 8}, 0, "", ""},
        {{.list = LIST_TOOL_CALLS, .order = 900}, 1, "order_id", "900"},
        {{.list = LIST_TOOL_CALLS, .model = 2}, 3, "order_id", "900"},
        {{.list = LIST_TOOL_CALLS, .model = 1}, 0, "", ""},
        {{.list = LIST_TOOL_CALLS, .failed_only = true}, 1, "code", "killed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *rows = list(cases[i].q);
        if (cJSON_GetArraySize(rows) != cases[i].n)
            fail_msg("case %d: %d rows", (int)i, cJSON_GetArraySize(rows));
        if (cases[i].n)
            assert_string_equal(text_at(rows, 0, cases[i].field), cases[i].first);
        cJSON_Delete(rows);
    }
    int64_t before;
    assert_true(clock_parse_rfc3339("2026-11-21T04:10:00Z", &before));
    cJSON *rows = list((struct archive_query){.list = LIST_RUNS, .before_us = before});
    assert_int_equal(cJSON_GetArraySize(rows), 9);
    assert_string_equal(text_at(rows, 0, "id"), "9");
    cJSON_Delete(rows);
}

static void close_in_close(void *ctx, enum err e, const char *text) {
    (void)e;
    (void)text;
    ++*(int *)ctx;
    if (ar)
        ar->ops->close(ar);
    ar = NULL;
}
static void a_close_from_an_answer_silences_the_rest(void **state) {
    (void)state;
    int n = 0;
    cJSON *doc = cJSON_Parse("{\"hash\":\"h\",\"text\":\"t\",\"at\":\"2026-11-21T04:00:00Z\"}");
    for (int i = 0; i < 5; i++)
        ar->ops->insert(ar, ARCHIVE_PROMPT, doc, close_in_close, &n);
    cJSON_Delete(doc);
    run_until(&n, 1, 5);
    run_for(0.2);
    assert_int_equal(n, 1);
}

/* --- only with a server --- */

static void end_server(void) {
    pid_t pid = cluster_pid(&c);
    pg_boot_leave(c.boot); /* no supervisor: the server stays dead */
    c.boot = NULL;
    kill(pid, SIGINT);
    for (int i = 0; i < 50 && cluster_pid(&c); i++)
        run_for(0.1);
}

static void another_epoch_writes_nothing(void **state) {
    (void)state;
    const uint64_t ours = epoch;
    sql_value(&c, "UPDATE leader SET epoch = epoch + 1", NULL);
    char text[200];
    assert_int_equal(write_doc(false, ARCHIVE_INVOCATION, "{\"id\":\"5\",\"model_id\":1,\"account_id\":1,\"started_at\":\"2026-11-21T04:00:00Z\",\"status\":\"ok\"}", text), ERR_NOT_LEADER);
    assert_string_equal(text, "another desk leads");
    epoch = 0;
    assert_int_equal(put(ARCHIVE_PROMPT, "{\"hash\":\"h\",\"text\":\"t\",\"at\":\"2026-11-21T04:00:00Z\"}"), ERR_NOT_LEADER);
    assert_int_equal(sql_int(&c, "SELECT (SELECT count(*) FROM invocations) + (SELECT count(*) FROM prompts)"), 0);
    cJSON_Delete(list((struct archive_query){.list = LIST_RUNS})); /* who watches may read */
    epoch = ours + 1;
    put_run("5", 1, "2026-11-21T04:00:00Z", "running");
    epoch = ours;
    assert_int_equal(set(ARCHIVE_INVOCATION, "{\"id\":\"5\",\"status\":\"ok\"}"), ERR_NOT_LEADER);
    assert_string_equal(sql_value(&c, "SELECT status FROM invocations", NULL), "running");
}

static void a_run_may_overtake_the_row_of_its_model(void **state) {
    (void)state;
    struct got g = {0};
    start(&g, false, ARCHIVE_INVOCATION, "{\"id\":\"5\",\"model_id\":7,\"account_id\":1,\"started_at\":\"2026-11-21T04:00:00Z\",\"status\":\"running\"}");
    run_for(0.25);
    assert_int_equal(g.n, 0);
    sql_value(&c, "INSERT INTO models SELECT (jsonb_populate_record(m, '{\"id\":7,\"name\":\"late\"}')).* FROM models m WHERE id = 1", NULL);
    run_until(&g.n, 1, 3);
    assert_int_equal(g.err, ERR_OK);
    assert_int_equal(put(ARCHIVE_INVOCATION, "{\"id\":\"6\",\"model_id\":8,\"account_id\":1,\"started_at\":\"2026-11-21T04:00:00Z\",\"status\":\"running\"}"), ERR_FAILED);
    char code[6];
    sql_value(&c, "DELETE FROM models WHERE id = 7", code); /* a model with a past stays */
    assert_string_equal(code, "23503");
}

static void a_server_away_is_told_soon_and_come_back_it_serves(void **state) {
    (void)state;
    put_run("5", 1, "2026-11-21T04:00:00Z", "running");
    end_server();
    int64_t from = clock_mono_us();
    assert_int_equal(put(ARCHIVE_PROMPT, "{\"hash\":\"h\",\"text\":\"t\",\"at\":\"2026-11-21T04:00:00Z\"}"), ERR_STORE_DOWN);
    assert_in_range(clock_mono_us() - from, 0, 5200000);
    from = clock_mono_us();
    struct got g = {0};
    ar->ops->read(ar, &(struct archive_query){.list = LIST_RUNS}, rows_come, &g);
    run_until(&g.n, 1, 5);
    assert_int_equal(g.err, ERR_STORE_DOWN);
    assert_int_equal(cJSON_GetArraySize(g.rows), 0);
    cJSON_Delete(g.rows);
    assert_in_range(clock_mono_us() - from, 0, 1500000); /* known to be away: no waiting */
    cluster_boot(&c);
    enum err e = ERR_STORE_DOWN;
    for (int i = 0; i < 40 && e == ERR_STORE_DOWN; i++) {
        e = put(ARCHIVE_PROMPT, "{\"hash\":\"h\",\"text\":\"t\",\"at\":\"2026-11-21T04:00:00Z\"}");
        run_for(0.1);
    }
    assert_int_equal(e, ERR_OK);
}

static void a_hung_server_is_given_up_after_five_seconds(void **state) {
    (void)state;
    put_run("5", 1, "2026-11-21T04:00:00Z", "running");
    const int pid = (int)cluster_pid(&c);
    shell("pkill -STOP -P %d; kill -STOP %d", pid, pid);
    struct got g = {0};
    int64_t from = clock_mono_us();
    start(&g, false, ARCHIVE_PROMPT, "{\"hash\":\"h\",\"text\":\"t\",\"at\":\"2026-11-21T04:00:00Z\"}");
    run_until(&g.n, 1, 7);
    assert_int_equal(g.err, ERR_STORE_DOWN);
    assert_in_range(clock_mono_us() - from, 3000000, 5500000);
    shell("kill -CONT %d; pkill -CONT -P %d", pid, pid);
    run_for(0.3);
    assert_int_equal(g.n, 1); /* once, whatever comes late */
}

/* A connection that dies while writes are under way: what was answered OK is there; nothing is there twice. */
static void lost_answers_never_lie(void **state) {
    (void)state;
    enum { N = 60 };
    struct got g[N] = {{0}};
    int there = 0;
    for (int i = 0; i < N; i++) {
        char json[200];
        snprintf(json, sizeof json, "{\"id\":\"%d\",\"model_id\":1,\"account_id\":1,\"started_at\":\"2026-11-21T04:00:00Z\",\"status\":\"running\"}", i + 1);
        start(&g[i], false, ARCHIVE_INVOCATION, json);
        if (i % 6 == 5) {
            for (int k = 0; k < i % 4; k++)
                ev_run(loop_get(), EVRUN_NOWAIT);
            sql_value(&c, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()", NULL);
        }
    }
    for (int i = 0; i < N; i++)
        run_until(&g[i].n, 1, 10);
    for (int i = 0; i < N; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM invocations WHERE id = %d", i + 1);
        long long n = sql_int(&c, sql);
        assert_int_equal(g[i].n, 1);
        assert_true(g[i].err == ERR_OK || g[i].err == ERR_STORE_DOWN); /* never DUPLICATE: it was ours */
        if (g[i].err == ERR_OK)
            assert_int_equal(n, 1);
        there += (int)n;
    }
    assert_true(there >= N / 2);
}

static void what_waits_is_bounded(void **state) {
    (void)state;
    end_server();
    struct got g = {0};
    for (int i = 0; i < 600; i++)
        start(&g, false, ARCHIVE_PROMPT, "{\"hash\":\"h\",\"text\":\"t\",\"at\":\"2026-11-21T04:00:00Z\"}");
    run_until(&g.n, 600, 7);
    assert_int_equal(g.err, ERR_STORE_DOWN);
    cluster_boot(&c);
}

/* What leaves for other programs: whole, in order, and safe for a terminal. */
static void exports_are_whole_and_safe(void **state) {
    (void)state;
    char text[REASON_MAX * 2], *out = NULL;
    size_t n = 0;
    bool begun;
    put_run("5", 1, "2026-11-21T04:00:00Z", "running");
    cJSON *doc = cJSON_Parse("{\"invocation_id\":\"5\",\"step\":0,\"index\":0,\"type\":\"READ\",\"name\":\"x\",\"at\":\"2026-11-21T04:00:01Z\",\"result\":{\"k\":[1,\"\\u001b]0;x\\u0007\\u202e\"]}}");
    cJSON_AddStringToObject(doc, "arguments", "say \"hi\",\n\x1b[2J\xc2\x9bmoon");
    struct got g = {0};
    ar->ops->insert(ar, ARCHIVE_TOOL_CALL, doc, done, &g);
    cJSON_Delete(doc);
    run_until(&g.n, 1, 5);
    assert_int_equal(g.err, ERR_OK);

    FILE *f = open_memstream(&out, &n);
    assert_int_equal(store_pg_export(c.conninfo, "tool-calls", NULL, &(struct export_form){.before = "", .after = ""}, f, &begun, text), ERR_OK);
    fclose(f);
    assert_string_equal(out, "time,invocation,model,variant,step,index,type,name,arguments,result,code,latency_ms,order\n"
                             "2026-11-21T04:00:01.000Z,5,model-1,guardian,0,0,READ,x,\"say \"\"hi\"\",\n[2Jmoon\",\"{\"\"k\"\": [1, \"\"\\u001b]0;x\\u0007\"\"]}\",,,\n");
    free(out);
    f = open_memstream(&out, &n);
    assert_int_equal(store_pg_export(c.conninfo, "tool-calls", NULL, &(struct export_form){.json = true, .before = "<", .after = ">"}, f, &begun, text), ERR_OK);
    fclose(f);
    assert_non_null(strstr(out, "\"arguments\":\"say \\\"hi\\\",\\n[2Jmoon\",\"result\":{\"k\":[1,\"]0;x\"]}"));
    assert_true(out[0] == '<' && out[n - 2] == '>');
    free(out);
    assert_int_equal(store_pg_export(c.conninfo, "orders", "nobody", &(struct export_form){0}, stderr, &begun, text), ERR_NOT_FOUND);
    assert_false(begun);
    assert_int_equal(store_pg_export(c.conninfo, "leader", NULL, &(struct export_form){0}, stderr, &begun, text), ERR_USAGE);
}

#define BOTH(name) cmocka_unit_test_setup_teardown(name, set_up_mem, tear_down), cmocka_unit_test_setup_teardown(name, set_up_pg, tear_down)
#define SERVER(name) cmocka_unit_test_setup_teardown(name, set_up_pg, tear_down)
int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(a_run_goes_in_is_changed_and_comes_out_again),
        BOTH(a_taken_key_is_told_and_changes_nothing),
        BOTH(what_can_not_be_a_document_is_refused_with_a_sentence),
        BOTH(hostile_text_is_kept_as_it_is_where_it_can_be),
        BOTH(lists_are_newest_first_and_filtered),
        BOTH(a_close_from_an_answer_silences_the_rest),
        SERVER(another_epoch_writes_nothing),
        SERVER(a_run_may_overtake_the_row_of_its_model),
        SERVER(a_server_away_is_told_soon_and_come_back_it_serves),
        SERVER(a_hung_server_is_given_up_after_five_seconds),
        SERVER(lost_answers_never_lie),
        SERVER(what_waits_is_bounded),
        SERVER(exports_are_whole_and_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
