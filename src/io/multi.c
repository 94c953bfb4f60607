/* curl on libev (multi.h). curl may not be called again from inside of its own callbacks, so who starts or ends something there only
 * marks it and comes back with a timer of zero. */
#include "multi.h"

#include <assert.h>
#include <ev.h>
#include <stdlib.h>

#include "turret/base/mem.h"
#include "turret/io/loop.h"

static struct {
    CURLM *multi;
    ev_timer timer;
    bool inside; /* of curl */
} g;

static void take_done(void) {
    int left;
    for (CURLMsg *m; g.multi && (m = curl_multi_info_read(g.multi, &left)) != NULL;) {
        struct multi_owner *o = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode code = m->data.result; /* gone with the message as soon as the owner acts */
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &o);
        o->done(o, code);
    }
}

static void act(curl_socket_t fd, int bits) {
    int running;
    g.inside = true;
    curl_multi_socket_action(g.multi, fd, bits, &running);
    g.inside = false;
    take_done();
}

static void on_io(struct ev_loop *loop, ev_io *w, int events) {
    (void)loop;
    act(w->fd, (events & EV_READ ? CURL_CSELECT_IN : 0) | (events & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events) {
    (void)events;
    ev_timer_stop(loop, w);
    act(CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long ms, void *ctx) {
    (void)multi;
    (void)ctx;
    struct ev_loop *loop = loop_get();
    ev_timer_stop(loop, &g.timer);
    if (ms < 0)
        return 0;
    ev_now_update(loop); /* curl forgets a timer that fires too early */
    ev_timer_set(&g.timer, ms == 0 ? 0. : (double)(ms + 1) / 1000., 0.);
    ev_timer_start(loop, &g.timer);
    return 0;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *watch) {
    (void)easy;
    (void)ctx;
    ev_io *w = watch;
    struct ev_loop *loop = loop_get();
    if (w)
        ev_io_stop(loop, w);
    if (what == CURL_POLL_REMOVE) {
        free(w);
        curl_multi_assign(g.multi, fd, NULL);
        return 0;
    }
    if (!w) {
        w = xcalloc(1, sizeof *w);
        ev_init(w, on_io);
        curl_multi_assign(g.multi, fd, w);
    }
    ev_io_set(w, fd, (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
    ev_io_start(loop, w);
    return 0;
}

void multi_open(void) {
    if (g.multi)
        return;
    bool ok = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK && (g.multi = curl_multi_init()) != NULL;
    assert(ok);
    curl_multi_setopt(g.multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(g.multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(g.multi, CURLMOPT_MAXCONNECTS, 32L);
    ev_init(&g.timer, on_timer);
}

bool multi_add(CURL *easy, struct multi_owner *owner) {
    assert(!g.inside);
    multi_open();
    return curl_easy_setopt(easy, CURLOPT_PRIVATE, owner) == CURLE_OK && curl_multi_add_handle(g.multi, easy) == CURLM_OK;
}

void multi_remove(CURL *easy) {
    assert(!g.inside);
    if (g.multi)
        curl_multi_remove_handle(g.multi, easy);
}

bool multi_inside(void) { return g.inside; }

bool multi_rules(CURL *e, bool loopback) {
    const char *file = getenv("SSL_CERT_FILE"), *dir = getenv("SSL_CERT_DIR");
    bool ok = e != NULL;
#define SET(option, value) (ok = ok && curl_easy_setopt(e, (option), (value)) == CURLE_OK)
    SET(CURLOPT_PROTOCOLS_STR, loopback ? "http,https" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* keys would go along */
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1); /* a stuck connection is one request's own */
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* giving up never waits for a resolver's thread */
    if (file && *file)
        SET(CURLOPT_CAINFO, file);
    if (dir && *dir)
        SET(CURLOPT_CAPATH, dir);
    if (loopback)
        SET(CURLOPT_PROXY, ""); /* https_proxy of the environment counts for other hosts only */
#undef SET
    return ok;
}

void multi_close(void) {
    if (!g.multi)
        return;
    assert(!g.inside);
    curl_multi_cleanup(g.multi);
    g.multi = NULL;
    ev_timer_stop(loop_get(), &g.timer);
    curl_global_cleanup();
}
