/* bench wire: from a decision to the order's bytes at the venue, with everything between: the ids made before, the row committed, the request
 * signed and sent; beside a plain INSERT on the same cluster. The venue is a process that reads the request and notes when it had it whole. */
#include "cluster.h"
#include "pm_market.h"

#include "turret/base/mem.h"
#include "turret/io/http.h"
#include "turret/io/loop.h"
#include "venue/polymarket/market/pm_data.h"
#include "venue/polymarket/trade/pm_trade.h"

#include <arpa/inet.h>
#include <ev.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK 50
#define BLOCKS 16
#define WARM 40
#define KEY "5f1d9c3a7be24680d1ace0f2b4c6d8ea0123456789abcdef0fedcba987654321"

struct peer { int64_t whole_ns; int requests; };
static struct { struct peer *peer; pid_t pid; struct pm_session s; int answers; market_id market; struct pm_hosts h; char url[64]; } w;

/* --- the venue --- */

#define CONNECTIONS 64
struct conn { char buf[16384]; size_t have; };

/* True while the connection lives. */
static bool serve(int fd, struct conn *c, struct peer *peer) {
    static const char body[] = "{\"success\":false,\"errorMsg\":\"not enough balance / allowance\",\"orderID\":\"\"}";
    char answer[512];
    ssize_t got = read(fd, c->buf + c->have, sizeof c->buf - 1 - c->have);
    if (got <= 0)
        return false;
    c->buf[c->have += (size_t)got] = '\0';
    const char *end = strstr(c->buf, "\r\n\r\n"), *length = strcasestr(c->buf, "content-length:");
    if (!end || c->have < (size_t)(end + 4 - c->buf) + (length ? strtoul(length + 15, NULL, 10) : 0))
        return true;
    peer->whole_ns = bench_now_ns();
    __atomic_add_fetch(&peer->requests, 1, __ATOMIC_SEQ_CST);
    c->have = 0;
    int n = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nPoly-RateLimit-Tier: elite\r\nContent-Length: %zu\r\n\r\n%s", sizeof body - 1, body);
    return write(fd, answer, (size_t)n) == n;
}

static void serve_all(int listener, struct peer *peer) {
    static struct conn conns[CONNECTIONS];
    struct pollfd p[CONNECTIONS + 1] = {{.fd = listener, .events = POLLIN}};
    for (int i = 1; i <= CONNECTIONS; i++)
        p[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    while (poll(p, CONNECTIONS + 1, -1) >= 0)
        for (int i = CONNECTIONS; i >= 0; i--) {
            if (!p[i].revents)
                continue;
            if (i > 0) {
                if (!serve(p[i].fd, &conns[i - 1], peer)) {
                    close(p[i].fd);
                    p[i].fd = -1;
                }
                continue;
            }
            int fd = accept(listener, NULL, NULL), at = 1;
            while (at < CONNECTIONS && p[at].fd >= 0)
                at++;
            conns[at - 1].have = 0;
            p[at].fd = fd;
        }
}

static bool peer_start(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    w.peer = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 64) != 0 || getsockname(fd, (struct sockaddr *)&a, &len) != 0 || w.peer == MAP_FAILED)
        return false;
    snprintf(w.url, sizeof w.url, "http://127.0.0.1:%d", ntohs(a.sin_port));
    if ((w.pid = fork()) != 0)
        return close(fd) == 0 && w.pid > 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve_all(fd, w.peer);
    _exit(0);
}

/* --- the measurement --- */

static void on_event(void *ctx, const struct event *ev) {
    (void)ctx;
    w.answers += ev->type == EVENT_REJECT || ev->type == EVENT_UNKNOWN;
}

/* An order as the funnel takes it: ids, row, commit, request. Nanoseconds until the venue had it. */
static uint32_t order_ns(struct cluster *c, uint32_t *sent_ns /* the part behind the commit */) {
    struct fx_save r = {.seq = ++c->seq, .epoch = c->epoch, .kind = SAVE_ORDER, .intent = 1, .insert = 1, .last = 1};
    struct order *o = &r.u.order;
    int answers = w.answers;
    int64_t start = bench_now_ns();
    cluster_order(o, c->seq);
    o->limit = PRICE(510000);
    o->market = w.market;
    if (pm_orders_prepare(w.s.orders, o, clock_now_us()) != ERR_OK)
        return 0;
    store_save(c->store, &r);
    cluster_saved(c);
    int64_t committed = bench_now_ns();
    if (pm_orders_place(w.s.orders, o, clock_now_us()) != ERR_OK)
        return 0;
    while (w.answers == answers)
        ev_run(loop_get(), EVRUN_ONCE);
    *sent_ns = (uint32_t)(w.peer->whole_ns - committed);
    return (uint32_t)(w.peer->whole_ns - start);
}

static int measure(struct cluster *c) {
    static uint32_t order[BLOCK * BLOCKS], plain[BLOCK * BLOCKS], sent[BLOCK * BLOCKS], ratio[BLOCKS];
    size_t n = 0;
    for (int i = 0; i < WARM; i++) {
        (void)order_ns(c, sent);
        (void)cluster_plain_ns(c, i);
    }
    for (int b = 0; b < BLOCKS; b++, n += BLOCK) {
        for (size_t i = 0; i < BLOCK; i++) { /* in turns: both find the machine as the other left it */
            order[n + i] = order_ns(c, &sent[n + i]);
            plain[n + i] = cluster_plain_ns(c, (int)(n + i));
        }
        ratio[b] = (uint32_t)(1000.0 * bench_quantile(order + n, BLOCK, 0.5) / bench_quantile(plain + n, BLOCK, 0.5));
    }
    printf("{\"bench\":\"wire\",\"n\":%zu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"send_p50_us\":%.1f,\"insert_p50_us\":%.1f,\"ratio\":%.3f}\n", n, bench_quantile(order, n, 0.5) / 1e3, bench_quantile(order, n, 0.99) / 1e3, bench_quantile(sent, n, 0.5) / 1e3,
           bench_quantile(plain, n, 0.5) / 1e3, bench_quantile(ratio, BLOCKS, 0.5) / 1e3);
    return w.peer->requests == (int)n + WARM ? 0 : 1;
}

static void data_event(void *ctx, const struct event *ev) { (void)ctx, (void)ev; }

static bool market_list(struct pm_session *s) {
    char text[REASON_MAX];
    struct pm_listing l;
    struct pm_entry *e;
    s->data = pm_data_open(&w.h, &(struct pm_markets_cfg){.words = ""}, VENUE_POLYMARKET, (struct event_sink){data_event, NULL}, text);
    pm_bench_listing(0, &l);
    if (!s->data || pm_table_take(s->data, &l, false, clock_now_us(), &e) != PM_TAKEN)
        return false;
    w.market = e->pm.m.id;
    return true;
}

static int run(int argc, char **argv) {
    struct pm_creds creds = {.key = "11112222-3333-4444-5555-666677778888", .secret = "c2VjcmV0IG9mIHRoZSBiZW5jaG1hcmsgd2l0aCBpdA==", .passphrase = "passphrase"};
    struct pm_session *s = &w.s;
    if (!peer_start() || pm_key_new(KEY, strlen(KEY), &s->key) != ERR_OK)
        return 1;
    w.h.clob = w.url;
    if (!market_list(s))
        return 1;
    s->sink = (struct event_sink){on_event, NULL};
    s->account = 1;
    s->chain_id = 137;
    s->balance = USD(-1);
    s->wallet = *pm_key_address(s->key);
    s->clob = pm_clob_new(&w.h, 137, s->key);
    pm_clob_creds_set(s->clob, &creds);
    pm_clob_warm(s->clob);
    s->tracker = tracker_new(1, VENUE_POLYMARKET, s->sink);
    s->user = pm_user_new(s);
    s->orders = pm_orders_new(s);
    s->ready = true;
    int code = cluster_with(argc, argv, measure);
    pm_orders_free(s->orders);
    pm_user_free(s->user);
    pm_clob_free(s->clob);
    pm_data_close(s->data);
    tracker_free(s->tracker);
    pm_key_free(s->key);
    http_close_all();
    kill(w.pid, SIGKILL);
    waitpid(w.pid, NULL, 0);
    return code;
}

const struct bench bench_wire = {"wire", "[DIR]      from a decision to the order at the venue, the row committed between, beside a plain INSERT", run};
