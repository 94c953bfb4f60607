/* Polymarket's stand: the mock venue of tests/venues as a child, its control addresses asked by curl. Each stand has a wallet and a market of its
 * own on the one mock. */
#include "support/venue_contract.h"

#include <curl/curl.h>
#include <ev.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "turret/venue/polymarket.h"
#include "venue/polymarket/sign/pm_sign.h"

static struct {
    pid_t pid;
    bool tried;
    char clob[64], gamma[64], data[64], stream[80], geoblock[80], control[80];
    unsigned stands;
} mock;

struct stand_pm { struct stand head; char key[72], slug[32], crowd[32], address[PM_ADDRESS_TEXT], target[PM_ADDRESS_TEXT]; struct secret secret; };
static struct stand_pm *pm_of(struct stand *s) { return (struct stand_pm *)s; }

/* --- the mock --- */
static void mock_end(void) {
    if (mock.pid > 0) {
        kill(mock.pid, SIGKILL);
        waitpid(mock.pid, NULL, 0);
    }
    mock.pid = 0;
}

static bool folder(char out[PATH_MAX]) {
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0)
        return false;
    exe[n] = 0;
    for (int up = 0; up < 6; up++) { /* build/tests/unit/x, build/asan/tests/unit/x ... */
        char *slash = strrchr(exe, '/');
        if (!slash)
            return false;
        *slash = 0;
        snprintf(out, PATH_MAX, "%.3900s/tests/venues", exe);
        char probe[PATH_MAX + 32];
        snprintf(probe, sizeof probe, "%s/polymarket/server.py", out);
        if (access(probe, R_OK) == 0)
            return true;
    }
    return false;
}

/* "name": "value" of one line of JSON that we wrote ourselves. */
static bool member(const char *line, const char *name, char *out, size_t cap) {
    char want[32];
    snprintf(want, sizeof want, "\"%s\": \"", name);
    const char *p = strstr(line, want);
    if (!p)
        return false;
    p += strlen(want);
    size_t n = strcspn(p, "\"");
    if (n >= cap)
        return false;
    memcpy(out, p, n);
    out[n] = 0;
    return true;
}

static bool mock_begin(char why[REASON_MAX]) {
    char dir[PATH_MAX], line[1024] = "";
    int out[2];
    if (mock.pid > 0)
        return true;
    snprintf(why, REASON_MAX, "the mock venue (tests/venues) does not start here");
    if (mock.tried || !folder(dir) || pipe(out))
        return false;
    mock.tried = true;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out[1], 1);
        close(out[0]);
        setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
        if (chdir(dir) == 0)
            execl("/usr/bin/python3", "python3", "-m", "polymarket", (char *)NULL);
        _exit(1);
    }
    close(out[1]);
    FILE *f = fdopen(out[0], "r");
    bool ok = f && fgets(line, sizeof line, f) && member(line, "clob", mock.clob, sizeof mock.clob) && member(line, "gamma", mock.gamma, sizeof mock.gamma) &&
              member(line, "data", mock.data, sizeof mock.data) && member(line, "stream", mock.stream, sizeof mock.stream) && member(line, "geoblock", mock.geoblock, sizeof mock.geoblock) &&
              member(line, "control", mock.control, sizeof mock.control);
    if (f)
        fclose(f);
    mock.pid = pid;
    if (!ok) {
        mock_end();
        return false;
    }
    atexit(mock_end);
    return true;
}

static size_t keep(char *p, size_t size, size_t n, void *ctx) {
    struct str *s = ctx;
    str_add_n(s, p, size * n);
    return size * n;
}

static void __attribute__((format(printf, 3, 4))) control(struct str *answer, const char *name, const char *fmt, ...) {
    char url[160], body[1024];
    long status = 0;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(body, sizeof body, fmt, ap);
    va_end(ap);
    snprintf(url, sizeof url, "%s/%s", mock.control, name);
    CURL *c = curl_easy_init();
    struct str own;
    str_init(&own);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, answer ? answer : &own);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 10L);
    CURLcode e = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(c);
    if (e != CURLE_OK || (status != 200 && !(strcmp(name, "order") == 0 && strstr(body, "FAK")))) { /* nobody is there to be taken: fine */
        fprintf(stderr, "mock: %s %s: %ld %s\n", name, body, status, (answer ? answer : &own)->len ? (answer ? answer : &own)->p : "");
        abort();
    }
    str_free(&own);
}

/* --- the stand --- */
static void address_of(struct stand_pm *s) {
    struct pm_key *k;
    if (pm_key_new(s->key, strlen(s->key), &k) != ERR_OK)
        abort();
    pm_address_text(pm_key_address(k), s->address);
    pm_key_free(k);
}

static struct stand *pm_stand_open(char why[REASON_MAX]) {
    if (!mock_begin(why))
        return NULL;
    struct stand_pm *s = xcalloc(1, sizeof *s);
    struct market *m = &s->head.market;
    const unsigned n = ++mock.stands;
    s->head.ops = &stand_polymarket;
    s->head.account = 1;
    s->head.live = true;
    s->head.patience_us = 15000000;
    str_copy(s->head.name, sizeof s->head.name, "contract");
    snprintf(s->key, sizeof s->key, "0x%064x", 0xc0de000 + n);
    s->secret = (struct secret){.p = s->key, .len = strlen(s->key)};
    address_of(s);
    snprintf(s->slug, sizeof s->slug, "contract-%u", n);
    snprintf(s->crowd, sizeof s->crowd, "crowd-%u", n);
    snprintf(s->target, sizeof s->target, "0x%040x", 0x7a6000 + n);
    str_copy(s->head.wallet, sizeof s->head.wallet, s->target);
    control(NULL, "options", "{\"mined_ms\": 60, \"confirmed_ms\": 60, \"cdn\": false}");
    control(NULL, "market", "{\"slug\": \"%s\", \"question\": \"Does it keep its word?\", \"volume\": \"1000000\", \"fee_rate\": \"0.04\"}", s->slug);
    control(NULL, "wallet", "{\"address\": \"%s\", \"owner\": \"%s\", \"type\": 0, \"usd\": \"1000\"}", s->address, s->address);
    control(NULL, "wallet", "{\"name\": \"%s\", \"usd\": \"100000\", \"sets\": {\"%s\": \"100000\"}}", s->crowd, s->slug);
    control(NULL, "wallet", "{\"address\": \"%s\", \"usd\": \"100000\", \"sets\": {\"%s\": \"1000\"}}", s->target, s->slug);
    *m = (struct market){.venue = VENUE_POLYMARKET, .kind = MARKET_BINARY, .tick = PRICE(10000), .lot = QTY(10000), .min_size = QTY(5 * DEC_ONE)};
    str_copy(m->symbol, sizeof m->symbol, s->slug);
    m->id = market_id_of(VENUE_POLYMARKET, m->symbol);
    return &s->head;
}

static struct venue *pm_stand_venue(struct stand *head, struct event_sink sink) {
    struct stand_pm *s = pm_of(head);
    struct pm_cfg cfg = {.hosts = {.clob = mock.clob, .gamma = mock.gamma, .data = mock.data, .stream = mock.stream, .geoblock = mock.geoblock},
                         .markets = {.top = 0, .words = s->slug},
                         .account = {.name = head->name, .key = &s->secret, .wallet = "", .signature_type = PM_EOA, .builder = ""}};
    struct venue *v;
    char text[REASON_MAX];
    if (pm_open(&cfg, sink, &v, text) == ERR_OK)
        return v;
    fprintf(stderr, "%s\n", text);
    return NULL;
}

static int64_t pm_stand_now(const struct stand *s) { return (void)s, clock_now_us(); }

static void nothing(struct ev_loop *loop, ev_timer *w, int events) { (void)loop, (void)w, (void)events; }

static void pm_stand_run(struct stand *s, struct venue *v, int64_t us) {
    const int64_t end = clock_mono_us() + us;
    ev_timer t;
    (void)s, (void)v;
    ev_timer_init(&t, nothing, (double)us / 1e6, 0);
    ev_timer_start(loop_get(), &t);
    while (clock_mono_us() < end)
        ev_run(loop_get(), EVRUN_ONCE);
    ev_timer_stop(loop_get(), &t);
}

static void order(const struct stand_pm *s, const char *wallet, int dir, price px, qty size, const char *type) {
    char p[DEC_TEXT_MAX], n[DEC_TEXT_MAX];
    dec_format(px.micro, 0, p);
    dec_format(size.micro, 0, n);
    control(NULL, "order", "{\"wallet\": \"%s\", \"market\": \"%s\", \"outcome\": 0, \"side\": \"%s\", \"price\": \"%s\", \"size\": \"%s\", \"type\": \"%s\"}", wallet, s->slug, dir > 0 ? "BUY" : "SELL", p, n, type);
}

static void pm_stand_quote(struct stand *s, struct venue *v, int dir, price px, qty size) { (void)v, order(pm_of(s), pm_of(s)->crowd, dir, px, size, "GTC"); }
static void pm_stand_take(struct stand *s, struct venue *v, int dir, price px, qty size) { (void)v, order(pm_of(s), pm_of(s)->crowd, dir, px, size, "FAK"); }

static void pm_stand_trade(struct stand *s, struct venue *v) {
    pm_stand_quote(s, v, -1, PRICE(900000), QTY(10 * DEC_ONE));
    order(pm_of(s), pm_of(s)->target, 1, PRICE(900000), QTY(10 * DEC_ONE), "FAK");
}

static void pm_stand_close(struct stand *s) { free(s); }

const struct stand_ops stand_polymarket = {.name = "polymarket", .open = pm_stand_open, .venue = pm_stand_venue, .now = pm_stand_now, .run = pm_stand_run, .quote = pm_stand_quote,
                                           .take = pm_stand_take, .trade = pm_stand_trade, .close = pm_stand_close};
