/* Plain mode (plain.h): notices, fills and a status sentence as they happen; `close 1` asks in words and wants "yes", going live the account's name. */
#include "app/plain.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/out.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/loop.h"
#include "turret/ui/command.h"

struct plain {
    struct engine *engine;
    struct engine_client client;
    void (*quit)(void *);
    void *ctx;
    ev_timer status;
    ev_io input;
    char line[1024];
    size_t len;
    bool has_question, broken;
    struct intent question;
};

void plain_line(struct plain *p, const char *tag, const char *text) {
    char at[16], clean[512];
    if (p->broken)
        return;
    clock_format_time(engine_now_us(p->engine), at);
    utf8_sanitise(clean, sizeof clean, text, strlen(text));
    if (printf("%s %s %s\n", at, tag, clean) < 0 || fflush(stdout) != 0) {
        clearerr(stdout);
        p->broken = errno != EAGAIN; /* the reader is gone: the engine is not */
    }
}

static void on_notice(void *ctx, const struct fx_notice *n) {
    static const char *const tags[] = {"INFO", "FILL", "WARN", "ALERT"};
    plain_line(ctx, n->level >= 0 && n->level < 4 ? tags[n->level] : "INFO", n->text);
}

static void on_reply(void *ctx, const struct fx_reply *r) {
    char text[NOTE_MAX * 2];
    snprintf(text, sizeof text, "%s", r->text[0] ? r->text : err_text((enum err)r->result));
    plain_line(ctx, r->result ? "REFUSED" : "DONE", text);
}

static void on_status(struct ev_loop *loop, ev_timer *t, int revents) {
    struct plain *p = t->data;
    const struct desk *d = engine_view(p->engine);
    struct view_status st;
    struct view_account a;
    char text[400], equity[32], day[32];
    (void)loop;
    (void)revents;
    view_status(d, &st);
    if (!engine_loaded(p->engine)) {
        plain_line(p, "STATUS", engine_store_text(p->engine)[0] ? engine_store_text(p->engine) : "Starting: waiting for the database.");
        return;
    }
    if (!view_account_at(d, 0, &a))
        return;
    dec_format_fixed(a.equity.micro, 2, true, equity);
    dec_format_fixed(a.day_pnl.micro, 2, true, day);
    snprintf(text, sizeof text, "%s Equity %s, today %s%s, %d position%s, %d open order%s, %d markets, %llu events.%s%s",
             a.a->live ? "LIVE." : "Paper.", equity, a.day_pnl.micro > 0 ? "plus " : "", day, a.positions, a.positions == 1 ? "" : "s",
             a.open_orders, a.open_orders == 1 ? "" : "s", view_market_count(d), (unsigned long long)st.events,
             st.killed ? " HALTED by the kill switch." : "", st.leader ? "" : " Watching: another desk trades.");
    plain_line(p, "STATUS", text);
    for (int i = 1; view_account_at(d, i, &a); i++) {
        if (!a.a->live)
            continue;
        dec_format_fixed(a.equity.micro, 2, true, equity);
        snprintf(text, sizeof text, "LIVE %s. Equity %s, %d position%s, %d open order%s%s.%s", a.a->name, equity, a.positions, a.positions == 1 ? "" : "s", a.open_orders,
                 a.open_orders == 1 ? "" : "s", a.provisional ? ", fills not settled" : "", a.may_trade ? "" : " Exits only.");
        plain_line(p, "STATUS", text);
    }
}

static void answer_question(struct plain *p, const char *line) {
    const bool name = p->question.kind == INTENT_LIVE && p->question.order;
    p->has_question = false;
    if (strcmp(line, name ? p->question.note : "yes") != 0) {
        plain_line(p, "CANCELLED", "Nothing was sent.");
        return;
    }
    p->question.token = engine_token(p->engine, &p->client);
    enum err e = engine_propose(p->engine, &p->question);
    if (e)
        plain_line(p, "REFUSED", err_text(e));
}

static void run_line(struct plain *p, char *line) {
    struct command_ctx ctx = {.view = engine_view(p->engine), .now_us = engine_now_us(p->engine)};
    struct command_result r = {0};
    char text[SENTENCE_MAX + 120];
    while (*line == ':' || *line == ' ')
        line++;
    if (p->has_question) {
        answer_question(p, line);
        return;
    }
    if (!*line)
        return;
    if (!strcmp(line, "q") || !strcmp(line, "quit")) {
        p->quit(p->ctx);
        return;
    }
    command_run_line(&ctx, line, &r);
    if (r.has_intent) {
        struct view_account a;
        const bool live = intent_is_live(ctx.view, &r.intent), known = view_account(ctx.view, r.intent.account, &a), name = r.intent.kind == INTENT_LIVE && r.intent.order;
        snprintf(text, sizeof text, "%s%s%s%s. Type %s.", live ? "LIVE " : "", live && known ? a.a->name : live ? "accounts too" : "", live ? ", REAL MONEY: " : "", r.reads_as,
                 name ? "the account's name" : "yes");
        p->question = r.intent;
        p->has_question = true;
        plain_line(p, "CONFIRM", text);
    } else if (r.err)
        plain_line(p, "REFUSED", r.text);
    else {
        if (r.data)
            out_data(stdout, r.data, r.table, 200);
        if (r.text[0])
            plain_line(p, "DONE", r.text);
    }
    command_result_free(&r);
}

static void on_input(struct ev_loop *loop, ev_io *w, int revents) {
    struct plain *p = w->data;
    (void)revents;
    ssize_t n = read(STDIN_FILENO, p->line + p->len, sizeof p->line - 1 - p->len);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        ev_io_stop(loop, w);
        return;
    }
    p->len += (size_t)n;
    p->line[p->len] = 0;
    for (char *nl; (nl = strchr(p->line, '\n'));) {
        *nl = 0;
        run_line(p, p->line);
        p->len -= (size_t)(nl + 1 - p->line);
        memmove(p->line, nl + 1, p->len + 1);
    }
    if (p->len == sizeof p->line - 1)
        p->len = 0;
}

struct plain *plain_open(struct engine *e, int64_t status_every_us, bool commands, void (*quit)(void *), void *ctx) {
    struct plain *p = xcalloc(1, sizeof *p);
    p->engine = e;
    p->quit = quit;
    p->ctx = ctx;
    p->client = (struct engine_client){.ctx = p, .notice = on_notice, .reply = on_reply};
    engine_client_add(e, &p->client);
    ev_timer_init(&p->status, on_status, 1.0, (double)status_every_us / 1e6);
    p->status.data = p;
    ev_timer_start(loop_get(), &p->status);
    ev_io_init(&p->input, on_input, STDIN_FILENO, EV_READ);
    p->input.data = p;
    if (commands)
        ev_io_start(loop_get(), &p->input);
    return p;
}

void plain_close(struct plain *p) {
    if (!p)
        return;
    ev_timer_stop(loop_get(), &p->status);
    ev_io_stop(loop_get(), &p->input);
    engine_client_remove(p->engine, &p->client);
    free(p);
}
