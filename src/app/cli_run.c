/* run, start, stop, attach and plain `turret`: the commands around an engine's life. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/app.h"
#include "app/cli_impl.h"
#include "app/database.h"
#include "app/out.h"
#include "app/proto.h"
#include "turret/base/dec.h"
#include "turret/base/str.h"
#include "turret/io/ctl.h"
#include "turret/io/loop.h"

#define START_MS 20000
#define STOP_MS 30000

static bool engine_runs(const char *data_dir) {
    int fd;
    if (ctl_connect(data_dir, CTL_NAME, &fd))
        return false;
    close(fd);
    return true;
}

/* live: Polymarket's books, paper money. */
static int check_feed(struct cli *c, const char *feed) {
    if (!strcmp(feed, "generated"))
        return 0;
    if (!strcmp(feed, "live"))
        return c->opt[OPT_SPEED] ? out_error(c->json, ERR_USAGE, "--feed live runs in real time: without --speed", NULL) : 0;
    if (strncmp(feed, "tape:", 5) != 0 || !feed[5])
        return out_errorf(c->json, ERR_USAGE, "--feed: '%.60s' is none of generated, tape:FILE, live", feed);
    if (access(feed + 5, R_OK) != 0)
        return out_errorf(c->json, ERR_USAGE, "--feed: can't read %s: %s", feed + 5, strerror(errno));
    return 0;
}

static int read_options(struct cli *c, struct app_cfg *a) {
    int64_t speed;
    *a = (struct app_cfg){.config = c->config, .config_path = c->config_path, .data_dir = c->data_dir, .journal = c->opt[OPT_JOURNAL],
                          .crash_point = c->opt[OPT_CRASH], .headless = c->opt[OPT_HEADLESS] != NULL, .json = c->json,
                          .until_end = c->opt[OPT_UNTIL_END] != NULL};
    const char *plain = getenv("TURRET_PLAIN"), *s = c->opt[OPT_SPEED];
    a->plain = c->opt[OPT_PLAIN] || (plain && plain[0] && strcmp(plain, "0") != 0);
    if (c->opt[OPT_FOR] && (!duration_parse(c->opt[OPT_FOR], &a->run_us) || a->run_us <= 0))
        return out_errorf(c->json, ERR_USAGE, "--for: '%.40s' is not a duration like 30s, 5m or 1h", c->opt[OPT_FOR]);
    if (s && strcmp(s, "max") != 0 && (!dec_parse_str(s, &speed) || speed < 1000 || speed > 1000000 * DEC_ONE))
        return out_errorf(c->json, ERR_USAGE, "--speed: '%.40s' is neither max nor a number from 0.001 to 1000000", s);
    a->virtual_time = s != NULL;
    a->pace_milli = s && strcmp(s, "max") != 0 ? speed / 1000 : 0;
    a->db = config_text(c->config, "database", "url");
    if (!a->db[0] && (getenv("PGHOST") || getenv("PGSERVICE") || getenv("PGDATABASE")))
        a->db = "application_name=turret"; /* the rest comes from PG* */
    if (a->json && !a->headless && !isatty(STDOUT_FILENO))
        a->headless = true;
    return check_feed(c, config_text(c->config, "engine", "feed"));
}

int cli_run(struct cli *c) {
    struct app_cfg a;
    int code = cli_config(c);
    if (!code)
        code = read_options(c, &a);
    return code ? code : app_run(&a);
}

int cli_attach(struct cli *c) {
    int code = cli_config(c);
    if (code)
        return code;
    if (!engine_runs(c->data_dir))
        return cli_engine_down(c);
    return viewer_run(c, c->opt[OPT_READONLY] != NULL);
}

int cli_turret(struct cli *c) {
    if (engine_runs(c->data_dir) && !c->opt[OPT_PLAIN]) {
        int code = cli_config(c);
        return code ? code : viewer_run(c, false);
    }
    return cli_run(c);
}

/* --- start --- */

/* The engine, twice removed from the terminal; what goes wrong is said on `report`. */
static void engine_child(struct cli *c, struct app_cfg *a, int report) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)c;
    setsid();
    if (fork() != 0)
        _exit(0);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(report, STDERR_FILENO);
    fcntl(report, F_SETFD, FD_CLOEXEC);
    close(report);
    a->headless = a->background = true;
    a->json = false;
    exit(app_run(a));
}

static int wait_started(struct cli *c, int report, int *pid) {
    char said[1024] = "";
    size_t len = 0;
    int64_t until = clock_mono_us() + (int64_t)START_MS * 1000;
    while (clock_mono_us() < until) {
        struct pollfd pf = {.fd = report, .events = POLLIN};
        cJSON *answer;
        if (poll(&pf, 1, 30) > 0) {
            ssize_t n = read(report, said + len, sizeof said - 1 - len);
            if (n <= 0)
                break; /* it ended */
            len += (size_t)n;
            said[len] = 0;
        }
        if (engine_runs(c->data_dir) && cli_ask_op(c->data_dir, "info", false, &answer) == ERR_OK) {
            const cJSON *data = cJSON_GetObjectItemCaseSensitive(answer, "data"), *p = cJSON_GetObjectItemCaseSensitive(data, "pid");
            *pid = cJSON_IsNumber(p) ? p->valueint : 0;
            cJSON_Delete(answer);
            return 0;
        }
    }
    said[strcspn(said, "\n")] = 0;
    const char *msg = !strncmp(said, "turret: ", 8) ? said + 8 : said;
    return out_errorf(c->json, ERR_FAILED, "%s", msg[0] ? msg : "the engine did not start; see turret.log in the data directory");
}

int cli_start(struct cli *c) {
    struct app_cfg a;
    int report[2], pid = 0, code = cli_config(c);
    char text[400];
    if (!code)
        code = read_options(c, &a);
    if (code)
        return code;
    bool tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !c->json;
    if (engine_runs(c->data_dir))
        return tty ? viewer_run(c, false) : out_errorf(c->json, ERR_ENGINE_RUNS, "an engine already runs for %s", c->data_dir);
    if (!data_dir_make(c->data_dir, text, sizeof text))
        return out_error(c->json, ERR_IO, text, NULL);
    if (pipe2(report, O_CLOEXEC) != 0)
        return out_error(c->json, ERR_IO, strerror(errno), NULL);
    fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        return out_error(c->json, ERR_IO, strerror(errno), NULL);
    if (child == 0) {
        close(report[0]);
        engine_child(c, &a, report[1]);
    }
    close(report[1]);
    waitpid(child, NULL, 0);
    code = wait_started(c, report[0], &pid);
    close(report[0]);
    if (code)
        return code;
    if (tty)
        return viewer_run(c, false);
    if (c->json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddNumberToObject(o, "pid", pid);
        cJSON_AddStringToObject(o, "data_dir", c->data_dir);
        return out_ok_json(o);
    }
    printf("the engine runs, process %d\n", pid);
    return 0;
}

int cli_stop(struct cli *c) {
    cJSON *answer;
    char text[400];
    int pid, fd = -1;
    enum err e = cli_ask_op(c->data_dir, "stop", true, &answer);
    if (e)
        return e == ERR_ENGINE_DOWN ? cli_engine_down(c) : out_error(c->json, e, "the engine does not answer", NULL);
    cJSON_Delete(answer);
    for (int64_t until = clock_mono_us() + (int64_t)STOP_MS * 1000; fd < 0 && clock_mono_us() < until; usleep(20000))
        fd = data_dir_lock(c->data_dir, &pid, text, sizeof text);
    if (fd < 0)
        return out_error(c->json, ERR_TIMEOUT, "the engine takes long to stop; see turret.log in the data directory", NULL);
    close(fd);
    if (c->json)
        return out_ok_json(cJSON_CreateObject());
    printf("the engine has stopped\n");
    return 0;
}
