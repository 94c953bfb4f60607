/* Looks the host names of a conninfo up with getaddrinfo_a (glibc's own threads) and adds them as hostaddr; the names
 * stay for TLS checks and passwords. Sockets, numeric addresses and a given hostaddr pass through untouched. */
#include "pg_resolve.h"

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"

#include <arpa/inet.h>
#include <ev.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS_MAX 16

struct pg_resolve {
    ev_timer poll;
    pg_resolve_fn *fn;
    void *ctx;
    PQconninfoOption *opts;
    char hosts[HOSTS_MAX][256];
    struct gaicb *req[HOSTS_MAX];
    int n;
    bool cancelled;
};

static const char *option(const PQconninfoOption *o, const char *key) {
    for (; o->keyword; o++)
        if (!strcmp(o->keyword, key))
            return o->val;
    return NULL;
}

/* A socket folder, an address or nothing needs no look-up. */
static bool is_name(const char *host) {
    unsigned char buf[16];
    return host[0] && host[0] != '/' && host[0] != '@' && inet_pton(AF_INET, host, buf) != 1 && inet_pton(AF_INET6, host, buf) != 1;
}

static int split_hosts(const char *list, char out[][256]) {
    int n = 0;
    while (list && *list && n < HOSTS_MAX) {
        size_t len = strcspn(list, ",");
        snprintf(out[n++], 256, "%.*s", (int)(len < 255 ? len : 255), list);
        list += len + (list[len] == ',');
    }
    return n;
}

static void add_quoted(struct str *s, const char *key, const char *value) {
    str_addf(s, "%s%s='", s->len ? " " : "", key);
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\')
            str_addc(s, '\\');
        str_addc(s, *value);
    }
    str_addc(s, '\'');
}

static void release(struct pg_resolve *r) {
    for (int i = 0; i < r->n; i++)
        if (r->req[i]) {
            if (r->req[i]->ar_result)
                freeaddrinfo(r->req[i]->ar_result);
            free(r->req[i]);
        }
    PQconninfoFree(r->opts);
    free(r);
}

/* The first address of each name; a name without one keeps its place with an address that refuses. */
static void finish(struct pg_resolve *r) {
    struct str info, addrs;
    char error[320] = "";
    bool any = false;
    str_init(&info);
    str_init(&addrs);
    for (int i = 0; i < r->n; i++) {
        char text[INET6_ADDRSTRLEN + 1] = "";
        const struct addrinfo *a = r->req[i] ? r->req[i]->ar_result : NULL;
        if (!r->req[i])
            str_copy(text, sizeof text, r->hosts[i]);
        else if (gai_error(r->req[i]) != 0 || !a)
            snprintf(error, sizeof error, "the server's name %.200s can't be resolved: %s", r->hosts[i], gai_strerror(gai_error(r->req[i])));
        else if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST))
            text[0] = 0;
        any = any || text[0];
        str_addf(&addrs, "%s%s", i ? "," : "", text[0] ? text : "0.0.0.1");
    }
    for (const PQconninfoOption *o = r->opts; o->keyword; o++)
        if (o->val && strcmp(o->keyword, "hostaddr"))
            add_quoted(&info, o->keyword, o->val);
    add_quoted(&info, "hostaddr", addrs.p);
    pg_resolve_fn *fn = r->fn;
    void *ctx = r->ctx;
    release(r);
    fn(ctx, any ? info.p : NULL, any ? NULL : error);
    str_free(&info);
    str_free(&addrs);
}

static void on_poll(struct ev_loop *loop, ev_timer *w, int revents) {
    (void)revents;
    struct pg_resolve *r = w->data;
    for (int i = 0; i < r->n; i++)
        if (r->req[i] && gai_error(r->req[i]) == EAI_INPROGRESS)
            return;
    ev_timer_stop(loop, w);
    if (r->cancelled)
        release(r);
    else
        finish(r);
}

struct pg_resolve *pg_resolve(const char *conninfo, pg_resolve_fn *fn, void *ctx) {
    char *wrong = NULL;
    PQconninfoOption *opts = PQconninfoParse(conninfo, &wrong);
    if (!opts) {
        fn(ctx, NULL, wrong ? wrong : "the connection string can't be read");
        PQfreemem(wrong);
        return NULL;
    }
    const char *hosts = option(opts, "host"), *addr = option(opts, "hostaddr");
    struct pg_resolve *r = xcalloc(1, sizeof *r);
    r->fn = fn;
    r->ctx = ctx;
    r->opts = opts;
    r->n = split_hosts(hosts ? hosts : getenv("PGHOST"), r->hosts);
    struct gaicb *list[HOSTS_MAX];
    int names = 0;
    bool sockets = false;
    for (int i = 0; i < r->n; i++) {
        sockets = sockets || r->hosts[i][0] == '/' || !r->hosts[i][0];
        if (!is_name(r->hosts[i]))
            continue;
        r->req[i] = xcalloc(1, sizeof **r->req);
        r->req[i]->ar_name = r->hosts[i];
        list[names++] = r->req[i];
    }
    /* a list that mixes names and sockets can't have hostaddr: libpq looks those up itself */
    if (addr || getenv("PGHOSTADDR") || !names || sockets || getaddrinfo_a(GAI_NOWAIT, list, names, NULL) != 0) {
        release(r);
        fn(ctx, conninfo, NULL);
        return NULL;
    }
    if (!hosts) /* the name came from PGHOST: keep it in the string that is made */
        for (PQconninfoOption *o = opts; o->keyword; o++)
            if (!strcmp(o->keyword, "host"))
                o->val = strdup(getenv("PGHOST"));
    ev_timer_init(&r->poll, on_poll, 0.005, 0.01);
    r->poll.data = r;
    ev_timer_start(loop_get(), &r->poll);
    return r;
}

void pg_resolve_cancel(struct pg_resolve *r) {
    r->cancelled = true; /* the look-up writes into r until it ends: the poll frees it then */
}
