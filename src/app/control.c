/* Connections of the control socket: each is a one-shot request, a tail stream or a viewer (control_view.c). Commands run
 * against the view; an intent is proposed and answered when the desk replies or at its deadline. */
#include "app/control_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/json.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/log.h"
#include "turret/io/loop.h"
#include "turret/ui/command.h"

#define ARGS_LIMIT 40
#define REPLY_GRACE_US 2000000
#define INTENT_DEADLINE_US 5000000

void peer_send_json(struct peer *p, uint8_t type, cJSON *doc) {
    char *text = cJSON_PrintUnformatted(doc);
    cJSON_Delete(doc);
    if (text)
        ctl_send(p->conn, type, text, strlen(text));
    cJSON_free(text);
}

void peer_answer_error(struct peer *p, enum err e, const char *msg, const char *order) {
    cJSON *o = cJSON_CreateObject(), *err;
    cJSON_AddFalseToObject(o, "ok");
    cJSON_AddNumberToObject(o, "exit", err_exit_code(e));
    err = cJSON_AddObjectToObject(o, "error");
    cJSON_AddStringToObject(err, "code", err_name(e));
    cJSON_AddBoolToObject(err, "retry", err_class(e) == ERR_CLASS_RETRY);
    cJSON_AddStringToObject(err, "msg", msg && msg[0] ? msg : err_text(e));
    if (order)
        cJSON_AddStringToObject(err, "order", order);
    else
        cJSON_AddNullToObject(err, "order");
    peer_send_json(p, PROTO_ANSWER, o);
}

void peer_answer_data(struct peer *p, cJSON *data, const char *table, const char *text) {
    cJSON *o = cJSON_CreateObject();
    cJSON_AddTrueToObject(o, "ok");
    cJSON_AddItemToObject(o, "data", data ? data : cJSON_CreateObject());
    if (table)
        cJSON_AddStringToObject(o, "table", table);
    if (text && text[0])
        cJSON_AddStringToObject(o, "text", text);
    peer_send_json(p, PROTO_ANSWER, o);
}

/* --- answers to intents --- */

static void on_reply(void *ctx, const struct fx_reply *r) {
    struct peer *p = ctx;
    if (!p->waiting || r->token != p->waiting)
        return;
    p->waiting = 0;
    ev_timer_stop(loop_get(), &p->late);
    if (r->result == ERR_OK && !r->order && r->num) {
        char text[SENTENCE_MAX + 64];
        intent_done_text(&p->asked, r->num, p->reads_as, text, sizeof text);
        cJSON *data = reply_json(engine_view(p->all->engine), r, p->reads_as);
        char label[16];
        if (intent_brief_label(&p->asked, r->num, label))
            cJSON_AddStringToObject(data, "label", label);
        peer_answer_data(p, data, NULL, text);
        return;
    }
    if (r->result == ERR_OK) {
        peer_answer_data(p, reply_json(engine_view(p->all->engine), r, p->reads_as), NULL, r->text[0] ? r->text : p->reads_as);
        return;
    }
    const char *state = r->unknown ? "unknown" : r->order ? order_state_name((enum order_state)r->state) : NULL;
    peer_answer_error(p, (enum err)r->result, r->text, state);
}

static void on_late(struct ev_loop *loop, ev_timer *t, int revents) {
    struct peer *p = t->data;
    (void)loop;
    (void)revents;
    if (p->waiting)
        peer_answer_error(p, ERR_OUTCOME_UNKNOWN, "no answer by the deadline; look at `turret orders` before you try again", "unknown");
    p->waiting = 0;
}

void peer_listen(struct peer *p) {
    if (p->listed)
        return;
    p->client.ctx = p;
    p->client.reply = on_reply;
    engine_client_add(p->all->engine, &p->client);
    p->listed = true;
}

/* --- requests --- */

enum { CONFIRMED = 1, DRY_RUN = 2, RECALLED = 4, LIVE_TOO = 8 /* real money is meant */ };

static void propose(struct peer *p, struct command_result *r) {
    struct engine *e = p->all->engine;
    struct intent in = r->intent;
    if (p->waiting) {
        peer_answer_error(p, ERR_FAILED, "one intent at a time on a connection", NULL);
        return;
    }
    peer_listen(p);
    in.token = engine_token(e, &p->client);
    str_copy(p->reads_as, sizeof p->reads_as, r->reads_as);
    p->asked = intent_brief_of(engine_view(e), &in);
    enum err err = engine_propose(e, &in);
    if (err) {
        peer_answer_error(p, err, engine_loaded(e) ? NULL : "still starting: the stored state is not loaded yet", NULL);
        return;
    }
    p->waiting = in.token;
    int64_t wait = REPLY_GRACE_US + INTENT_DEADLINE_US;
    if (in.deadline_us > engine_now_us(e))
        wait = in.deadline_us - engine_now_us(e) + REPLY_GRACE_US;
    ev_timer_set(&p->late, (double)wait / 1e6, 0);
    ev_timer_start(loop_get(), &p->late);
}

static void ask_confirmation(struct peer *p, const struct command_result *r) {
    cJSON *o = cJSON_CreateObject();
    struct view_account va;
    cJSON_AddTrueToObject(o, "ok");
    cJSON_AddTrueToObject(o, "confirm");
    cJSON_AddBoolToObject(o, "live", intent_is_live(engine_view(p->all->engine), &r->intent));
    if (view_account(engine_view(p->all->engine), r->intent.account, &va))
        cJSON_AddStringToObject(o, "account", va.a->name);
    if (r->intent.kind == INTENT_LIVE) /* to be typed */
        cJSON_AddStringToObject(o, "type", r->intent.note);
    cJSON_AddItemToObject(o, "data", preview_json(engine_view(p->all->engine), &r->intent, r->reads_as));
    peer_send_json(p, PROTO_ANSWER, o);
}

/* The stored state is not in the desk yet: "starting" lets the command line try again for a while. */
static void answer_starting(struct peer *p) {
    cJSON *o = cJSON_CreateObject(), *err;
    cJSON_AddFalseToObject(o, "ok");
    cJSON_AddTrueToObject(o, "starting");
    cJSON_AddNumberToObject(o, "exit", err_exit_code(ERR_RECONCILING));
    err = cJSON_AddObjectToObject(o, "error");
    cJSON_AddStringToObject(err, "code", err_name(ERR_RECONCILING));
    cJSON_AddTrueToObject(err, "retry");
    cJSON_AddStringToObject(err, "msg", "the engine is starting: its state is not loaded and reconciled yet");
    cJSON_AddNullToObject(err, "order");
    peer_send_json(p, PROTO_ANSWER, o);
}

/* The account it is about is being reconciled for the first time; one whose venue is away does not hold up the others. */
static bool reconciling(const struct engine *e, const struct intent *in) {
    struct view_status st;
    struct view_account va;
    struct view_venue vv;
    view_status(engine_view(e), &st);
    if (st.stage != START_RECONCILING || !st.leader || !view_account(engine_view(e), in->account, &va) || va.reconciled)
        return false;
    view_venue(engine_view(e), (enum venue_id)va.a->venue, &vv);
    return vv.up;
}

/* Real money on the command line: --live as well as --yes. */
static bool refuse_live(struct peer *p, const struct command_result *r, unsigned how) {
    char text[256];
    struct view_account va;
    if ((how & LIVE_TOO) || !intent_is_live(engine_view(p->all->engine), &r->intent))
        return false;
    const bool known = view_account(engine_view(p->all->engine), r->intent.account, &va);
    snprintf(text, sizeof text, "%s%s REAL MONEY: give --live as well as --yes", known ? va.a->name : "a live account", known ? " trades" : " is among them, with");
    peer_answer_error(p, ERR_USAGE, text, NULL);
    return true;
}

static void run_command(struct peer *p, int argc, char **argv, unsigned how) {
    struct engine *e = p->all->engine;
    struct command_result r = {0};
    struct command_ctx ctx = {.view = engine_view(e), .now_us = engine_now_us(e), .runs = p->all->defaults.runs, .recalled = how & RECALLED};
    enum err err;
    const struct command *cmd = command_find(argv[0], &err);
    if (!cmd || (cmd->flags & (CMD_UI | CMD_CLI)) || !cmd->run) {
        peer_answer_error(p, cmd ? ERR_UNSUPPORTED : err, "no such command for a running engine", NULL);
        return;
    }
    if (!engine_loaded(e) && strcmp(cmd->name, "status") != 0) {
        answer_starting(p);
        return;
    }
    command_run(&ctx, argc, argv, &r);
    if (r.has_intent && (cmd->flags & (CMD_MONEY | CMD_SAFE)) == CMD_MONEY && reconciling(e, &r.intent)) {
        answer_starting(p);
        command_result_free(&r);
        return;
    }
    if (r.err && !r.has_intent)
        peer_answer_error(p, r.err, r.text, NULL);
    else if (r.rerun)
        fetch_rerun(p, r.rerun);
    else if (r.has_fetch && r.fetch.list == LIST_RUNS)
        fetch_recall(p, &r.fetch, argc, argv);
    else if (r.has_fetch)
        fetch_start(p, &r.fetch);
    else if (!r.has_intent)
        peer_answer_data(p, cJSON_Duplicate(r.data, true), r.table, r.text);
    else if (how & DRY_RUN)
        peer_answer_data(p, preview_json(ctx.view, &r.intent, r.reads_as), NULL, r.reads_as);
    else if ((cmd->flags & CMD_MONEY) && intent_asks(&r.intent) && !(how & CONFIRMED))
        ask_confirmation(p, &r);
    else if (!refuse_live(p, &r, how))
        propose(p, &r);
    command_result_free(&r);
}

void peer_run_recalled(struct peer *p, int argc, char **argv) { run_command(p, argc, argv, RECALLED); }

static void on_request(struct peer *p, const uint8_t *bytes, size_t n) {
    cJSON *doc;
    struct json_err jerr = {0};
    char *argv[ARGS_LIMIT], text[NOTE_MAX * 2];
    const char *op = NULL;
    bool confirmed = false, dry_run = false, live = false;
    int argc = 0;
    if (!json_parse((const char *)bytes, n, CTL_REQUEST_MAX, &doc, &jerr)) {
        peer_answer_error(p, ERR_USAGE, jerr.text, NULL);
        return;
    }
    struct json root = json_root(doc, &jerr), list = {0};
    json_get_str(&root, "op", JSON_OPTIONAL, &op);
    json_get_bool(&root, "confirm", JSON_OPTIONAL, &confirmed);
    json_get_bool(&root, "dry_run", JSON_OPTIONAL, &dry_run);
    json_get_bool(&root, "live", JSON_OPTIONAL, &live);
    json_get_array(&root, "argv", JSON_OPTIONAL, &list);
    for (struct json it = json_first(&list); it.node && argc < ARGS_LIMIT - 1; it = json_next(&it)) {
        const char *s;
        if (json_as_str(&it, &s))
            argv[argc++] = (char *)(uintptr_t)s;
    }
    argv[argc] = NULL;
    if (jerr.set)
        peer_answer_error(p, ERR_USAGE, jerr.text, NULL);
    else if (op && !strcmp(op, "stop")) {
        peer_answer_data(p, NULL, NULL, "stopping");
        p->all->host.stop(p->all->host.ctx);
    } else if (op) {
        cJSON *out = cJSON_CreateObject();
        text[0] = 0;
        enum err e = p->all->host.op(p->all->host.ctx, op, doc, out, text, sizeof text);
        if (e) {
            peer_answer_error(p, e, text, NULL);
            cJSON_Delete(out);
        } else
            peer_answer_data(p, out, NULL, text);
    } else if (argc == 0)
        peer_answer_error(p, ERR_USAGE, "empty request", NULL);
    else
        run_command(p, argc, argv, (confirmed ? CONFIRMED : 0u) | (dry_run ? DRY_RUN : 0u) | (live ? LIVE_TOO : 0u));
    json_free(doc);
}

/* --- connections --- */

static void on_opened(void *ctx, struct ctl_conn *conn) {
    struct peer *p = xcalloc(1, sizeof *p);
    p->all = ctx;
    p->conn = conn;
    p->next = p->all->peers;
    p->all->peers = p;
    ev_init(&p->late, on_late);
    p->late.data = p;
    ctl_set_user(conn, p);
}

static void on_frame(void *ctx, struct ctl_conn *conn, uint8_t type, const uint8_t *bytes, size_t n) {
    struct peer *p = ctl_user(conn);
    (void)ctx;
    bool good = true;
    if (type == PROTO_REQUEST)
        on_request(p, bytes, n);
    else if (type == PROTO_TAIL)
        peer_tail(p, bytes, n);
    else if (type == PROTO_RECORD)
        record_start(p, bytes, n);
    else if (type == PROTO_ATTACH)
        good = viewer_attach(p, bytes, n);
    else
        good = viewer_frame(p, type, bytes, n);
    if (!good) {
        log_warn("ctl", "closed a connection after a malformed frame of type %u, %zu bytes", type, n);
        ctl_close(conn, false);
    }
}

static void on_closed(void *ctx, struct ctl_conn *conn, enum err why) {
    struct peer *p = ctl_user(conn);
    (void)ctx;
    if (why == ERR_CORRUPT || why == ERR_TIMEOUT)
        log_warn("ctl", "closed a connection: %s", why == ERR_CORRUPT ? "oversized frame" : "it reads too slowly");
    viewer_gone(p);
    fetch_gone(p);
    peer_tail_end(p);
    for (struct peer **at = &p->all->peers; *at; at = &(*at)->next)
        if (*at == p) {
            *at = p->next;
            break;
        }
    record_stop(p, false);
    if (p->listed)
        engine_client_remove(p->all->engine, &p->client);
    ev_timer_stop(loop_get(), &p->late);
    free(p);
}

struct control *control_open(const char *data_dir, struct engine *e, struct frames *f, const struct session_cfg *viewer_defaults,
                             const struct control_host *host, char *text, size_t cap) {
    static const struct ctl_ops ops = {.opened = on_opened, .frame = on_frame, .closed = on_closed};
    struct control *c = xcalloc(1, sizeof *c);
    c->engine = e;
    c->frames = f;
    c->host = *host;
    c->defaults = *viewer_defaults;
    c->tail = tail_open(e);
    c->server = ctl_listen(data_dir, CTL_NAME, &ops, c, text, cap);
    if (c->server)
        return c;
    tail_close(c->tail);
    free(c);
    return NULL;
}

struct tail *control_tail(struct control *c) { return c->tail; }

void control_close(struct control *c, const char *why) {
    if (!c)
        return;
    ctl_broadcast(c->server, PROTO_BYE, why, strlen(why));
    ctl_server_close(c->server);
    tail_close(c->tail);
    free(c);
}
