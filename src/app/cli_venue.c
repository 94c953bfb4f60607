/* turret venue: a real venue's account looked at and cleared from the shell, without engine and database. What the venues have in
 * common is here; each is a row of operations (venue_cli.h). */
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "app/app.h"
#include "app/out.h"
#include "app/venue_cli.h"
#include "turret/base/str.h"
#include "turret/io/http.h"
#include "turret/io/loop.h"

static const struct venue_cli *const venue_table[] = {&venue_cli_polymarket};
enum { VENUES = sizeof venue_table / sizeof *venue_table };

/* --- the loop --- */

void venue_cli_done(struct venue_run *r, enum err e, const char *text) {
    r->err = e;
    str_copy(r->text, sizeof r->text, text ? text : "");
    r->done = true;
    ev_break(loop_get(), EVBREAK_ALL);
}

static void on_late(struct ev_loop *loop, ev_timer *t, int revents) {
    struct venue_run *r = t->data;
    (void)loop;
    (void)revents;
    venue_cli_done(r, ERR_TIMEOUT, "no answer in time");
}

static void run_loop(struct venue_run *r) {
    ev_timer late;
    ev_timer_init(&late, on_late, VENUE_CLI_LIMIT_S, 0);
    late.data = r;
    ev_timer_start(loop_get(), &late);
    while (!r->done)
        ev_run(loop_get(), EVRUN_ONCE);
    ev_timer_stop(loop_get(), &late);
}

/* --- checks as lines, rows as tables, or all of it as one object --- */

void venue_cli_check(struct venue_run *r, const char *name, const char *state, enum err e, const char *text) {
    static const struct { const char *state, *shown; } marks[] = {{"ok", "ok"}, {"warn", "WARN"}, {"failed", "FAILED"}, {"skipped", "-"}};
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "check", name);
    cJSON_AddStringToObject(o, "state", state);
    cJSON_AddItemToObject(o, "code", e ? cJSON_CreateString(err_name(e)) : cJSON_CreateNull());
    cJSON_AddStringToObject(o, "text", text);
    cJSON_AddItemToArray(r->rows, o);
    if (r->c->json)
        return;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (!strcmp(marks[i].state, state))
            printf("%-7s %-14s %s\n", marks[i].shown, name, text);
    fflush(stdout);
}

static int finish(struct venue_run *r, const char *list, const char *table) {
    int code = r->err ? err_exit_code(r->err) : 0;
    if (r->c->json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "venue", r->venue->name);
        cJSON_AddItemToObject(o, list, r->rows);
        for (cJSON *f; r->facts && (f = r->facts->child);)
            cJSON_AddItemToObject(o, f->string, cJSON_DetachItemViaPointer(r->facts, f));
        cJSON_Delete(r->facts);
        return r->err ? out_error_data(r->err, r->text, o) : out_ok_json(o);
    }
    if (r->facts && !r->err)
        out_data(stdout, r->facts, NULL, out_width(stdout));
    const int n = cJSON_GetArraySize(r->rows);
    if (table && !r->err && r->facts && n)
        putchar('\n');
    if (table && !r->err && n)
        out_data(stdout, r->rows, table, out_width(stdout));
    else if (table && !r->err && !r->facts)
        printf("nothing found\n");
    cJSON_Delete(r->rows);
    cJSON_Delete(r->facts);
    if (r->err)
        return out_error(false, r->err, r->text, NULL);
    if (r->text[0])
        printf("%s\n", r->text);
    return code;
}

static int start(struct venue_run *r, bool (*go)(struct venue_run *r), const char *list, const char *table) {
    char text[400] = "";
    r->rows = cJSON_CreateArray();
    r->err = r->venue->open(r, text, sizeof text);
    if (r->err)
        str_copy(r->text, sizeof r->text, text);
    else if (go(r))
        run_loop(r);
    r->venue->close(r);
    http_close_all();
    return finish(r, list, table);
}

/* --- login --- */

static volatile sig_atomic_t interrupted;
static void on_interrupt(int signum) { interrupted = signum; }

/* A line of standard input, never shown and never from the arguments. An interrupt leaves the terminal as it was. */
static bool read_secret(const char *prompt, struct secret *out) {
    struct sigaction sa = {.sa_handler = on_interrupt}, before;
    struct termios was, quiet;
    const bool tty = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &was) == 0;
    char line[512] = "";
    if (tty) {
        fprintf(stderr, "%s", prompt);
        fflush(stderr);
        quiet = was;
        quiet.c_lflag &= (tcflag_t)~ECHO;
        sigaction(SIGINT, &sa, &before);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    ssize_t n = 0;
    while (!interrupted && n < (ssize_t)sizeof line - 1 && read(STDIN_FILENO, line + n, 1) == 1 && line[n] != '\n') /* no buffer of stdio keeps a copy */
        n++;
    line[n] = 0;
    if (tty) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
        sigaction(SIGINT, &before, NULL);
        fputc('\n', stderr);
    }
    if (interrupted) {
        explicit_bzero(line, sizeof line);
        exit(128 + SIGINT);
    }
    while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == ' ' || line[n - 1] == '\t'))
        line[--n] = 0;
    const size_t skip = strspn(line, " \t"), len = strlen(line + skip);
    if (len > 0) {
        secret_new(out, len);
        memcpy(out->p, line + skip, len);
    }
    explicit_bzero(line, sizeof line);
    return len > 0;
}

static int keep_secret(struct cli *c, const struct venue_cli *v) {
    char text[400] = "", dir[4200], prompt[200];
    struct secret key = {0}, old = {0};
    int code = 0;
    snprintf(dir, sizeof dir, "%s/secrets", c->data_dir);
    if (!data_dir_make(c->data_dir, text, sizeof text))
        return out_error(c->json, ERR_IO, text, NULL);
    const bool there = secret_read(dir, v->secret, &old, text, sizeof text) == ERR_OK;
    snprintf(prompt, sizeof prompt, "%s%s (not shown): ", v->prompt, there ? ", or Enter to keep the one that is stored" : "");
    const bool given = read_secret(prompt, &key);
    const bool same = given && there && key.len == old.len && !memcmp(key.p, old.p, key.len);
    secret_free(&old);
    const char *wrong = given ? v->secret_wrong(&key) : there ? NULL : "nothing was given";
    if (wrong)
        code = out_errorf(c->json, ERR_CREDENTIALS, "%s: %s; nothing was stored", v->name, wrong);
    else if (given && there && !same && !c->opt[OPT_YES] && isatty(STDIN_FILENO) && !cli_confirm("Replace the key that is stored?"))
        code = out_error(c->json, ERR_CANCELLED, "the stored key stays", NULL);
    else if (given && !same) {
        enum err e = secret_write(dir, v->secret, key.p, key.len, text, sizeof text);
        code = e ? out_error(c->json, e, text, NULL) : 0;
        if (!code && !c->json)
            fprintf(stderr, "stored in %s/%s, readable by you only\n", dir, v->secret);
    }
    secret_free(&key);
    return code;
}

static int login(struct venue_run *r) {
    struct cli *c = r->c;
    int code = keep_secret(c, r->venue);
    if (code)
        return code;
    r->create = c->opt[OPT_YES] != NULL || (isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && cli_confirm(r->venue->create_question));
    return start(r, r->venue->test, "checks", NULL);
}

/* --- the others --- */

static int test(struct venue_run *r) { return start(r, r->venue->test, "checks", NULL); }
static int accounts(struct venue_run *r) { return start(r, r->venue->accounts, "positions", "held"); }
static int search(struct venue_run *r) { return start(r, r->venue->search, "markets", "found"); }

static int cancel_all(struct venue_run *r) {
    char what[320];
    snprintf(what, sizeof what, "Cancel %s%s at %s, also those that another program sent?", r->words[0] ? "all orders in " : "ALL working orders", r->words, r->venue->name);
    if (!r->c->opt[OPT_YES]) {
        if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
            return out_error(r->c->json, ERR_USAGE, "venue cancel-all: needs --yes without a terminal to ask on", NULL);
        if (!cli_confirm(what))
            return out_error(r->c->json, ERR_CANCELLED, "nothing was cancelled", NULL);
    }
    return start(r, r->venue->cancel_all, "cancelled", NULL);
}

static const struct verb { const char *name; int (*run)(struct venue_run *r); bool key, words; } verbs[] = {
    {"login", login, true, false}, {"test", test, true, false}, {"accounts", accounts, true, false}, {"search", search, false, true}, {"cancel-all", cancel_all, true, true}};

static const struct venue_cli *venue_of(const char *name) {
    for (int i = 0; i < VENUES; i++)
        if (!strcmp(venue_table[i]->name, name))
            return venue_table[i];
    return NULL;
}

int cli_venue(struct cli *c) {
    const char *what = c->argc > 1 ? c->argv[1] : "";
    struct venue_run r = {.c = c, .venue = venue_table[0]};
    const struct verb *verb = NULL;
    int at = 2, code;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (!strcmp(verbs[i].name, what))
            verb = &verbs[i];
    if (!verb)
        return out_errorf(c->json, ERR_USAGE, "usage: turret venue login | test | accounts | search [QUERY] | cancel-all [MARKET], after each but the first word a venue (%s)", venue_table[0]->name);
    if (c->argc > at && venue_of(c->argv[at]))
        r.venue = venue_of(c->argv[at++]);
    for (; at < c->argc; at++) {
        if (!verb->words)
            return out_errorf(c->json, ERR_USAGE, "venue %s: \"%.40s\" is no venue of this program (%s)", verb->name, c->argv[at], venue_table[0]->name);
        const size_t n = strlen(r.words);
        snprintf(r.words + n, sizeof r.words - n, "%s%s", n ? " " : "", c->argv[at]);
    }
    if ((code = cli_config(c)))
        return code;
    r.key = verb->key;
    return verb->run(&r);
}
