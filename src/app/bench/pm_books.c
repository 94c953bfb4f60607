/* bench pmbooks: 500 books over WebSocket from a process beside, 2,000 changes a second, into a desk: share of a core, and the longest turn of the
 * loop while all snapshots come at once. */
#include "bench.h"

#include <arpa/inet.h>
#include <ev.h>
#include <math.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pm_market.h"
#include "turret/base/mem.h"
#include "turret/base/ring.h"
#include "turret/desk/desk.h"
#include "turret/io/loop.h"
#include "venue/polymarket/market/pm_data.h"

#define BOOKS 500
#define CHANGES_S 2000
#define LEVELS 100
#define SECONDS 8
#define DRAIN_EVENTS 256 /* as the engine does */
#define DRAIN_US 2000

/* --- the venue: a process, and one of its own for each connection ------------------------------------------------------------------------- */
static bool all(int fd, void *p, size_t n, bool out) {
    for (char *c = p; n;) {
        ssize_t k = out ? write(fd, c, n) : read(fd, c, n);
        if (k <= 0)
            return false;
        c += k;
        n -= (size_t)k;
    }
    return true;
}

static bool say(int fd, const char *text, size_t n) {
    unsigned char head[10] = {0x81};
    size_t h = n < 126 ? 2 : n < 65536 ? 4 : 10;
    head[1] = (unsigned char)(n < 126 ? n : n < 65536 ? 126 : 127);
    for (size_t i = 2; i < h; i++)
        head[i] = (unsigned char)(n >> (8 * (h - 1 - i)));
    return all(fd, head, h, true) && all(fd, (void *)(uintptr_t)text, n, true);
}

static void shake_hands(int fd) {
    char in[4096] = "", joined[128], accept[64], out[256];
    unsigned char d[20];
    unsigned n = 0;
    for (size_t len = 0; !strstr(in, "\r\n\r\n") && len + 1 < sizeof in && read(fd, in + len, 1) == 1;)
        in[++len] = 0;
    const char *key = strcasestr(in, "sec-websocket-key: ");
    if (!key)
        _exit(1);
    snprintf(joined, sizeof joined, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 19);
    EVP_Digest(joined, strlen(joined), d, &n, EVP_sha1(), NULL);
    EVP_EncodeBlock((unsigned char *)accept, d, 20);
    int k = snprintf(out, sizeof out, "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
    all(fd, out, (size_t)k, true);
}

static char *hear(int fd) {
    unsigned char h[2], more[8], mask[4];
    if (!all(fd, h, 2, false))
        _exit(0);
    size_t n = h[1] & 127, extra = n == 126 ? 2 : n == 127 ? 8 : 0;
    if (extra && !all(fd, more, extra, false))
        _exit(0);
    for (size_t i = 0; extra && i < extra; i++)
        n = (i ? n << 8 : 0) | more[i];
    char *text = xmalloc(n + 1);
    if (!all(fd, mask, 4, false) || !all(fd, text, n, false))
        _exit(0);
    for (size_t i = 0; i < n; i++)
        text[i] ^= (char)mask[i & 3];
    text[n] = 0;
    return text;
}

/* All snapshots in one message, then changes for ever at this connection's share of the rate. */
static void serve(int fd) {
    struct rng r;
    struct str s = {0};
    int mine[BOOKS], n = 0;
    rng_seed(&r, 9);
    shake_hands(fd);
    char *text = hear(fd);
    for (int i = 0; i < BOOKS; i++)
        if (strstr(text, pm_bench_token(i, 0)))
            mine[n++] = i;
    str_addc(&s, '[');
    for (int i = 0; i < n; i++) {
        struct str one = {0};
        pm_bench_book(&one, mine[i], LEVELS, &r, 1757908892000);
        str_add_n(&s, i ? "," : "", i ? 1 : 0);
        str_add_n(&s, one.p + 1, one.len - 2);
        str_free(&one);
    }
    str_addc(&s, ']');
    say(fd, s.p, s.len);
    sleep(2);
    const int64_t start = bench_now_ns();
    for (int64_t sent = 0; n > 0;) {
        const int64_t due = (bench_now_ns() - start) / 1000 * CHANGES_S * n / BOOKS / 1000000;
        for (; sent < due; sent++) {
            str_reset(&s);
            pm_bench_change(&s, mine[rng_below(&r, (uint64_t)n)], LEVELS, &r, 1757908893000 + sent);
            if (!say(fd, s.p, s.len))
                _exit(0);
        }
        usleep(1000);
    }
    _exit(0);
}

static pid_t venue_start(int *port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (bind(fd, (struct sockaddr *)&a, len) != 0 || listen(fd, 16) != 0 || getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        return -1;
    *port = ntohs(a.sin_port);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGCHLD, SIG_IGN);
        for (;;) {
            int c = accept(fd, NULL, NULL);
            setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            if (c >= 0 && fork() == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                serve(c);
            }
            close(c);
        }
    }
    close(fd);
    return pid;
}

/* --- the desk, drained as the engine drains it ---------------------------------------------------------------------------------------------- */
static struct rig {
    struct desk *desk;
    struct ring queue;
    ev_prepare drain;
    ev_check woke;
    ev_idle more;
    int64_t woke_ns, longest_ns, worked_ns, most_worked_ns; /* worked: of our own time, without what others took of the machine */
    uint64_t books, snapshots, turns;
    uint32_t *turn_ns;
    size_t n_turns, cap_turns;
} g;

static int64_t own_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void sink(void *ctx, const struct event *ev) {
    (void)ctx;
    g.books += ev->type == EVENT_BOOK;
    g.snapshots += ev->type == EVENT_BOOK && (ev->u.book.flags & BOOK_SNAPSHOT);
    memcpy(ring_push(&g.queue, ev->size), ev, ev->size);
    ev_idle_start(loop_get(), &g.more);
}

static void step(const struct event *ev) {
    desk_step(g.desk, ev);
    while (desk_effect(g.desk))
        ;
}

static void on_drain(struct ev_loop *loop, ev_prepare *w, int events) {
    const struct event *ev;
    const int64_t start = bench_now_ns();
    int n = 0;
    (void)w, (void)events;
    while (n++ < DRAIN_EVENTS && (ev = ring_peek(&g.queue))) {
        step(ev);
        ring_pop(&g.queue);
        if ((n & 15) == 0 && bench_now_ns() - start > DRAIN_US * 1000)
            break;
    }
    if (ring_empty(&g.queue))
        ev_idle_stop(loop, &g.more);
    if (!g.woke_ns)
        return;
    const int64_t took = bench_now_ns() - g.woke_ns; /* the last of all prepare watchers */
    const int64_t worked = own_ns() - g.worked_ns;
    g.longest_ns = took > g.longest_ns ? took : g.longest_ns;
    g.most_worked_ns = worked > g.most_worked_ns ? worked : g.most_worked_ns;
    g.turn_ns = xgrow(g.turn_ns, &g.cap_turns, g.n_turns + 1, sizeof *g.turn_ns);
    g.turn_ns[g.n_turns++] = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
    g.woke_ns = 0;
}
static void on_woke(struct ev_loop *loop, ev_check *w, int events) {
    (void)loop, (void)w, (void)events;
    g.woke_ns = bench_now_ns();
    g.worked_ns = own_ns();
}
static void on_more(struct ev_loop *loop, ev_idle *w, int events) { (void)loop, (void)w, (void)events; }

static void desk_open(void) {
    struct event ev;
    g.desk = desk_new();
    event_init(&ev, EVENT_BOOT, VENUE_NONE, clock_now_us());
    ev.u.boot = (struct ev_boot){.nonce = 5, .next_num = 1};
    risk_limits_default(&ev.u.boot.limits);
    step(&ev);
    ring_init(&g.queue, 1u << 16, 64u << 20);
    ev_prepare_init(&g.drain, on_drain);
    ev_check_init(&g.woke, on_woke);
    ev_idle_init(&g.more, on_more);
    ev_set_priority(&g.drain, EV_MINPRI);
    ev_set_priority(&g.woke, EV_MAXPRI);
    ev_prepare_start(loop_get(), &g.drain);
    ev_check_start(loop_get(), &g.woke);
}

static void stop_turning(struct ev_loop *loop, ev_timer *w, int events) {
    (void)w, (void)events;
    ev_break(loop, EVBREAK_ALL);
}
static void turn_for(double s) {
    ev_timer t;
    ev_timer_init(&t, stop_turning, s, 0.);
    ev_now_update(loop_get());
    ev_timer_start(loop_get(), &t);
    ev_run(loop_get(), 0);
    ev_timer_stop(loop_get(), &t);
}
static double cpu_s(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int run(int argc, char **argv) {
    char text[REASON_MAX], stream[64];
    int port = 0;
    (void)argc, (void)argv;
    pid_t pid = venue_start(&port);
    if (pid < 0)
        return 1;
    desk_open();
    snprintf(stream, sizeof stream, "ws://127.0.0.1:%d/ws", port);
    const char *nowhere = "http://127.0.0.1:9"; /* no listings, no comparison: the stream alone */
    struct pm_hosts h = {.clob = nowhere, .gamma = nowhere, .data = nowhere, .stream = stream};
    struct pm_data *d = pm_data_open(&h, &(struct pm_markets_cfg){.words = ""}, VENUE_POLYMARKET, (struct event_sink){sink, NULL}, text);
    pm_data_start(d, clock_now_us());
    for (int i = 0; i < BOOKS; i++) {
        struct pm_listing l;
        struct pm_entry *e;
        pm_bench_listing(i, &l);
        pm_table_take(d, &l, false, clock_now_us(), &e);
        e->history = PM_HISTORY_DONE;
        pm_stream_add(d->stream, e);
    }
    g.longest_ns = 0;
    const double before = cpu_s();
    for (int i = 0; i < 100 && g.snapshots < BOOKS; i++)
        turn_for(0.05);
    const double load_s = cpu_s() - before, wall_ms = (double)g.longest_ns / 1e6, stall_ms = (double)g.most_worked_ns / 1e6;
    const uint64_t snapshots = g.snapshots;
    const uint32_t usual_ns = bench_quantile(g.turn_ns, g.n_turns, 0.99);
    turn_for(2.5);
    g.longest_ns = 0;
    g.books = 0;
    const double from = cpu_s();
    const int64_t start = bench_now_ns();
    turn_for(SECONDS);
    const double wall = (double)(bench_now_ns() - start) / 1e9, cpu = (cpu_s() - from) / wall * 100;
    printf("{\"bench\":\"pmbooks\",\"books\":%llu,\"snapshots_cpu_ms\":%.1f,\"stall_ms\":%.2f,\"stall_wall_ms\":%.2f,\"stall_wall_p99_ms\":%.2f,\"changes_s\":%.0f,\"cpu_percent\":%.2f,\"turn_ms\":%.2f}\n", (unsigned long long)snapshots, load_s * 1e3,
           stall_ms, wall_ms, usual_ns / 1e6, (double)g.books / wall, cpu, (double)g.longest_ns / 1e6);
    pm_data_close(d);
    ev_prepare_stop(loop_get(), &g.drain);
    ev_check_stop(loop_get(), &g.woke);
    ev_idle_stop(loop_get(), &g.more);
    desk_free(g.desk);
    ring_free(&g.queue);
    free(g.turn_ns);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return snapshots == BOOKS ? 0 : 1;
}

const struct bench bench_pm_books = {"pmbooks", "500 books and 2,000 changes a second over WebSocket into a desk", run};
