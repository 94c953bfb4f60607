/* Commands that a running engine carries out: asked over the control socket, printed here. A money command is shown and asked
 * for first; without a terminal it wants --yes. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/cli_impl.h"
#include "app/out.h"
#include "app/proto.h"
#include "turret/io/ctl.h"
#include "turret/io/loop.h"

#define ANSWER_MS 20000
#define START_WAIT_US 15000000

int cli_engine_down(struct cli *c) {
    return out_errorf(c->json, ERR_ENGINE_DOWN, "no engine runs for %s (`turret start` starts one)", c->data_dir);
}

enum err cli_ask(const char *data_dir, cJSON *request, cJSON **answer) {
    uint8_t type, *bytes = NULL;
    size_t n;
    int fd;
    enum err e = ctl_connect(data_dir, CTL_NAME, &fd);
    char *text = cJSON_PrintUnformatted(request);
    *answer = NULL;
    if (e == ERR_OK) {
        e = ctl_write(fd, PROTO_REQUEST, text, strlen(text));
        int64_t until = clock_mono_us() + (int64_t)ANSWER_MS * 1000;
        while (e == ERR_OK && !*answer) {
            int64_t left = (until - clock_mono_us()) / 1000;
            e = ctl_read(fd, left > 0 ? (int)left : 0, &type, &bytes, &n);
            if (e == ERR_OK && type == PROTO_ANSWER && !(*answer = cJSON_ParseWithLength((char *)bytes, n)))
                e = ERR_CORRUPT;
            free(bytes);
            bytes = NULL;
        }
        if (e == ERR_ENGINE_DOWN || e == ERR_TIMEOUT)
            e = ERR_OUTCOME_UNKNOWN; /* asked, and never answered */
        close(fd);
    }
    cJSON_free(text);
    return e;
}

enum err cli_ask_op(const char *data_dir, const char *op, bool confirm, cJSON **answer) {
    cJSON *req = cJSON_CreateObject();
    cJSON_AddStringToObject(req, "op", op);
    cJSON_AddBoolToObject(req, "confirm", confirm);
    enum err e = cli_ask(data_dir, req, answer);
    cJSON_Delete(req);
    return e;
}

static const char *text_of(const cJSON *o, const char *key) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(v) ? v->valuestring : NULL;
}

/* What became of an order, in a line: "order 4 filled, 100 at 0.72". */
static void print_order(const cJSON *o, const char *text) {
    const cJSON *num = cJSON_GetObjectItemCaseSensitive(o, "num");
    const char *filled = text_of(o, "filled"), *average = text_of(o, "average");
    printf("order %d %s", cJSON_IsNumber(num) ? num->valueint : 0, text_of(o, "state") ? text_of(o, "state") : "");
    if (filled && strcmp(filled, "0") != 0)
        printf(", %s at %s", filled, average ? average : "?");
    printf("%s%s\n", text && strcmp(text, "done") != 0 ? ": " : "", text && strcmp(text, "done") != 0 ? text : "");
}

int cli_print_answer(struct cli *c, cJSON *answer) {
    cJSON *err = cJSON_GetObjectItemCaseSensitive(answer, "error");
    cJSON *data = cJSON_DetachItemFromObjectCaseSensitive(answer, "data");
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "ok"))) {
        const cJSON *exit_code = cJSON_GetObjectItemCaseSensitive(answer, "exit");
        int code = cJSON_IsNumber(exit_code) ? exit_code->valueint : 1;
        cJSON_Delete(data);
        if (c->json) {
            cJSON *o = cJSON_CreateObject();
            cJSON_AddNumberToObject(o, "v", 1);
            cJSON_AddFalseToObject(o, "ok");
            cJSON_AddItemToObject(o, "error", cJSON_Duplicate(err, true));
            char *text = cJSON_PrintUnformatted(o);
            puts(text);
            cJSON_free(text);
            cJSON_Delete(o);
        } else
            fprintf(stderr, "turret: %s\n", text_of(err, "msg") ? text_of(err, "msg") : "failed");
        return code;
    }
    if (c->json)
        return out_ok_json(data);
    const char *format = NULL, *text = text_of(answer, "text");
    for (int i = 1; i < c->argc; i++)
        if (!strcmp(c->argv[i], "--format") && i + 1 < c->argc)
            format = c->argv[i + 1];
        else if (!strncmp(c->argv[i], "--format=", 9))
            format = c->argv[i] + 9;
    if (!strcmp(c->command, "export")) {
        if (format && !strcmp(format, "json")) {
            char *rows = cJSON_Print(data);
            puts(rows);
            cJSON_free(rows);
        } else
            out_csv(stdout, data);
    } else if (cJSON_HasObjectItem(data, "state") && cJSON_HasObjectItem(data, "num") && strcmp(c->command, "protect") != 0) {
        print_order(data, text);
    } else if (cJSON_IsArray(data) || (cJSON_IsObject(data) && data->child && !cJSON_GetObjectItemCaseSensitive(data, "reads_as")))
        out_data(stdout, data, text_of(answer, "table"), out_width(stdout));
    else if (text)
        printf("%s\n", strcmp(text, "done") != 0 || !text_of(data, "reads_as") ? text : text_of(data, "reads_as"));
    cJSON_Delete(data);
    return 0;
}

/* "y" on the terminal, everything else is no. */
bool cli_confirm(const char *what) {
    char line[16] = "";
    fprintf(stderr, "%s  [y/N] ", what);
    fflush(stderr);
    return fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y') && (line[1] == '\n' || line[1] == 0);
}

static cJSON *request_of(struct cli *c, bool confirmed, bool live) {
    cJSON *req = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(req, "argv");
    for (int i = 0; i < c->argc; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(c->argv[i]));
    cJSON_AddBoolToObject(req, "confirm", confirmed);
    cJSON_AddBoolToObject(req, "live", live);
    cJSON_AddBoolToObject(req, "dry_run", c->opt[OPT_DRY_RUN] != NULL);
    return req;
}

/* An engine that still loads says so; commands wait for it a while. */
static enum err ask_patiently(struct cli *c, bool confirmed, bool live, cJSON **answer) {
    cJSON *req = request_of(c, confirmed, live);
    int64_t until = clock_mono_us() + START_WAIT_US;
    enum err e;
    for (;;) {
        e = cli_ask(c->data_dir, req, answer);
        if (e || !cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(*answer, "starting")) || clock_mono_us() > until)
            break;
        cJSON_Delete(*answer);
        usleep(100000);
    }
    cJSON_Delete(req);
    return e;
}

/* The kill switch works without an engine too: the file makes the next start halted. */
static int kill_by_file(struct cli *c) {
    char path[4200];
    struct stat st;
    snprintf(path, sizeof path, "%s/KILL", c->data_dir);
    FILE *f = stat(c->data_dir, &st) == 0 ? fopen(path, "we") : NULL;
    if (!f)
        return cli_engine_down(c);
    fclose(f);
    if (c->json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "kill_file", path);
        return out_ok_json(o);
    }
    printf("no engine runs; %s makes the next one start halted\n", path);
    return 0;
}

/* The name, letter by letter: who only nods does not go live. */
static bool typed(const char *name) {
    char line[64] = "";
    fprintf(stderr, "Type the account's name to go live (%s): ", name);
    fflush(stderr);
    if (!fgets(line, sizeof line, stdin))
        return false;
    line[strcspn(line, "\n")] = 0;
    return !strcmp(line, name);
}

/* Shows what would be sent and asks; real money is named, and going live takes the account's name. */
static bool sure_of(const cJSON *answer) {
    const char *what = text_of(cJSON_GetObjectItemCaseSensitive(answer, "data"), "reads_as"), *type = text_of(answer, "type"), *account = text_of(answer, "account");
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "live")))
        fprintf(stderr, "LIVE  %s  REAL MONEY\n", account ? account : "live accounts too");
    if (!type)
        return cli_confirm(what ? what : "Send it?");
    fprintf(stderr, "%s\n", what ? what : "");
    return typed(type);
}

int cli_engine_command(struct cli *c) {
    cJSON *answer;
    bool yes = c->opt[OPT_YES] != NULL, dry = c->opt[OPT_DRY_RUN] != NULL;
    enum err e = ask_patiently(c, yes, c->opt[OPT_LIVE] != NULL, &answer);
    if (e == ERR_ENGINE_DOWN)
        return !strcmp(c->command, "kill") && !dry ? kill_by_file(c) : cli_engine_down(c);
    if (e == ERR_OUTCOME_UNKNOWN && yes)
        return out_error(c->json, e, "the engine went away before it answered; look at `turret orders --all` before you try again", "unknown");
    if (e)
        return out_error(c->json, e == ERR_OUTCOME_UNKNOWN ? ERR_UNREACHABLE : e, "the engine does not answer", NULL);
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "confirm"))) {
        const char *what = text_of(cJSON_GetObjectItemCaseSensitive(answer, "data"), "reads_as");
        if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
            int code = out_errorf(c->json, ERR_USAGE, "%s: needs --yes%s without a terminal to ask on (%s)", c->command,
                                  cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "live")) ? " and --live (REAL MONEY)" : "", what ? what : "");
            cJSON_Delete(answer);
            return code;
        }
        const bool live = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "live")), sure = sure_of(answer);
        cJSON_Delete(answer);
        if (!sure)
            return out_error(c->json, ERR_CANCELLED, "nothing was sent", NULL);
        e = ask_patiently(c, true, live, &answer); /* what was shown said what it is */
        if (e)
            return out_error(c->json, ERR_OUTCOME_UNKNOWN, "the engine does not answer", "unknown");
    }
    int code = cli_print_answer(c, answer);
    cJSON_Delete(answer);
    return code;
}

/* --- tail --- */

static void print_event(const cJSON *o) {
    const char *type = text_of(o, "type"), *at = text_of(o, "at");
    const cJSON *row = type ? cJSON_GetObjectItemCaseSensitive(o, type) : NULL;
    printf("%.8s %-6s", at && strlen(at) > 19 ? at + 11 : "", type ? type : "");
    if (!row)
        printf(" %s %s", text_of(o, "level") ? text_of(o, "level") : "", text_of(o, "text") ? text_of(o, "text") : "");
    const cJSON *k;
    cJSON_ArrayForEach(k, row) {
        if (cJSON_IsString(k) && k->valuestring[0])
            printf(" %s=%s", k->string, k->valuestring);
        else if (cJSON_IsNumber(k))
            printf(" %s=%d", k->string, k->valueint);
    }
    putchar('\n');
}

int cli_tail(struct cli *c) {
    int fd;
    char ask[64] = "{}";
    if (c->opt[OPT_FROM]) {
        char *end;
        unsigned long long from = strtoull(c->opt[OPT_FROM], &end, 10);
        if (*end || !c->opt[OPT_FROM][0])
            return out_errorf(c->json, ERR_USAGE, "--from: '%.40s' is no id of an event", c->opt[OPT_FROM]);
        snprintf(ask, sizeof ask, "{\"from\":%llu}", from);
    }
    if (ctl_connect(c->data_dir, CTL_NAME, &fd) || ctl_write(fd, PROTO_TAIL, ask, strlen(ask)))
        return cli_engine_down(c);
    for (;;) {
        uint8_t type, *bytes;
        size_t n;
        enum err e = ctl_read(fd, -1, &type, &bytes, &n);
        if (e) {
            close(fd);
            return e == ERR_ENGINE_DOWN ? 0 : out_error(c->json, e, NULL, NULL);
        }
        cJSON *o = type == PROTO_EVENT ? cJSON_ParseWithLength((char *)bytes, n) : NULL;
        if (o && c->json)
            printf("%.*s\n", (int)n, (char *)bytes);
        else if (o)
            print_event(o);
        fflush(stdout);
        cJSON_Delete(o);
        free(bytes);
        if (ferror(stdout))
            return 1;
    }
}

/* --- tape record --- */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signum) {
    (void)signum;
    interrupted = 1;
}

static enum err read_answer(int fd, int timeout_ms, cJSON **answer) {
    uint8_t type, *bytes;
    size_t n;
    enum err e = ctl_read(fd, timeout_ms, &type, &bytes, &n);
    *answer = NULL;
    if (e)
        return e;
    *answer = type == PROTO_ANSWER ? cJSON_ParseWithLength((char *)bytes, n) : NULL;
    free(bytes);
    return *answer ? ERR_OK : ERR_ENGINE_DOWN;
}

int cli_tape_record(struct cli *c, const char *to) {
    char path[4096], cwd[2048] = "";
    int64_t for_us = 0;
    int fd, code;
    cJSON *answer;
    if (c->opt[OPT_FOR] && (!duration_parse(c->opt[OPT_FOR], &for_us) || for_us <= 0))
        return out_errorf(c->json, ERR_USAGE, "--for: '%.40s' is not a duration like 30s, 5m or 1h", c->opt[OPT_FOR]);
    if (to[0] != '/' && !getcwd(cwd, sizeof cwd))
        return out_error(c->json, ERR_IO, NULL, NULL);
    snprintf(path, sizeof path, "%s%s%.2000s", to[0] == '/' ? "" : cwd, to[0] == '/' ? "" : "/", to);
    if (ctl_connect(c->data_dir, CTL_NAME, &fd) || ctl_write(fd, PROTO_RECORD, path, strlen(path)) || read_answer(fd, ANSWER_MS, &answer))
        return cli_engine_down(c);
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "ok"))) {
        code = cli_print_answer(c, answer);
        cJSON_Delete(answer);
        close(fd);
        return code;
    }
    cJSON_Delete(answer);
    struct sigaction sa = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    fprintf(stderr, "recording to %s%s\n", path, for_us ? "" : "; Ctrl-C ends it");
    for (int64_t until = clock_mono_us() + for_us; !interrupted && (for_us == 0 || clock_mono_us() < until);) {
        struct pollfd pf = {.fd = fd, .events = POLLIN};
        if (poll(&pf, 1, 100) > 0)
            break; /* the engine has something to say: it could not go on */
    }
    ctl_write(fd, PROTO_RECORD, NULL, 0);
    code = read_answer(fd, ANSWER_MS, &answer) ? cli_engine_down(c) : cli_print_answer(c, answer);
    cJSON_Delete(answer);
    close(fd);
    return code;
}
