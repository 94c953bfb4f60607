/* Kills a desk that trades: the exchange lives in this process, the desk (engine and PostgreSQL store) in a child that is
 * killed with SIGKILL at random moments and at every named point. Afterwards a last desk comes up, settles what it left
 * open, and the exchange's own ledger must equal the database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/crash_child.h"
#include "support/remote_venue.h"
#include "support/test_cluster.h"
#include "turret/base/mem.h"
#include "turret/io/loop.h"
#include "venue/sim/exchange.h"

#define MARKETS_MAX 64

struct shadow { /* what a new connection is told first */
    struct market m;
    struct book *book;
    struct event mark;
};

struct host {
    struct exchange *x;
    struct feed *feed;
    int fd; /* -1: no desk is connected and what the exchange says is lost */
    struct wire rx, tx;
    struct shadow markets[MARKETS_MAX];
    int count;
};

static struct shadow *shadow_of(struct host *h, market_id id, bool add) {
    for (int i = 0; i < h->count; i++)
        if (h->markets[i].m.id == id)
            return &h->markets[i];
    if (!add || h->count == MARKETS_MAX)
        return NULL;
    h->markets[h->count].book = book_new();
    return &h->markets[h->count++];
}

static void shadow_apply(struct host *h, const struct event *ev) {
    struct shadow *s;
    switch (ev->type) {
    case EVENT_MARKET:
        if ((s = shadow_of(h, ev->u.market.id, true)))
            s->m = ev->u.market;
        break;
    case EVENT_MARKET_STATUS:
        if ((s = shadow_of(h, ev->u.market_status.market, false))) {
            s->m.status = ev->u.market_status.status;
            s->m.outcome = ev->u.market_status.outcome;
        }
        break;
    case EVENT_MARK:
        if ((s = shadow_of(h, ev->u.mark.market, false)))
            memcpy(&s->mark, ev, ev->size);
        break;
    case EVENT_BOOK:
        if (!(s = shadow_of(h, ev->u.book.market, false)))
            break;
        if (ev->u.book.flags & BOOK_SNAPSHOT)
            book_clear(s->book);
        for (int i = 0; i < ev->u.book.n_bids + ev->u.book.n_asks; i++)
            book_set(s->book, i < ev->u.book.n_bids ? BOOK_BID : BOOK_ASK, ev->u.book.levels[i].px, ev->u.book.levels[i].size);
        break;
    default:
        break;
    }
}

static void host_put(void *ctx, const struct event *ev) {
    struct host *h = ctx;
    shadow_apply(h, ev);
    if (h->fd >= 0)
        wire_put(&h->tx, ev, ev->size);
}

static void send_book(struct host *h, const struct shadow *s, int64_t now) {
    int nb = book_count(s->book, BOOK_BID), na = book_count(s->book, BOOK_ASK);
    size_t size = event_base_size(EVENT_BOOK) + (size_t)(nb + na) * sizeof(struct level);
    struct event *ev = xcalloc(1, size + 8);
    event_init(ev, EVENT_BOOK, VENUE_SIM, now);
    ev->size = (uint32_t)((size + 7) & ~7ull);
    ev->u.book.market = s->m.id;
    ev->u.book.flags = BOOK_SNAPSHOT;
    ev->u.book.n_bids = (uint16_t)nb;
    ev->u.book.n_asks = (uint16_t)na;
    for (int i = 0; i < nb + na; i++)
        ev->u.book.levels[i] = *(i < nb ? book_level(s->book, BOOK_BID, i) : book_level(s->book, BOOK_ASK, i - nb));
    wire_put(&h->tx, ev, ev->size);
    free(ev);
}

static void host_connect(struct host *h, int fd) {
    int64_t now = clock_now_us();
    struct event ev;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    h->fd = fd;
    h->rx.len = h->tx.len = 0;
    event_init(&ev, EVENT_VENUE, VENUE_SIM, now);
    ev.u.venue_state.venue = VENUE_SIM;
    ev.u.venue_state.up = 1;
    wire_put(&h->tx, &ev, ev.size);
    for (int i = 0; i < h->count; i++) {
        event_init(&ev, EVENT_MARKET, VENUE_SIM, now);
        ev.u.market = h->markets[i].m;
        wire_put(&h->tx, &ev, ev.size);
        send_book(h, &h->markets[i], now);
        if (h->markets[i].mark.size) {
            h->markets[i].mark.at_us = now;
            wire_put(&h->tx, &h->markets[i].mark, h->markets[i].mark.size);
        }
    }
}

/* What the exchange refuses at once is answered as a venue's reject. */
static void refuse(struct host *h, const struct effect *fx, enum err e) {
    struct event ev;
    enum event_type t = fx->type == FX_PLACE ? EVENT_REJECT : fx->type == FX_RECONCILE ? EVENT_RECON_END : EVENT_REFUSED;
    event_init(&ev, t, VENUE_SIM, clock_now_us());
    if (t == EVENT_REJECT) {
        ev.u.reject.order = fx->u.place.order.id;
        ev.u.reject.reason = (int32_t)e;
    } else if (t == EVENT_RECON_END) {
        ev.u.recon_end.account = fx->u.reconcile.account;
        ev.u.recon_end.round = fx->u.reconcile.round;
    } else {
        ev.u.refused.order = fx->type == FX_CANCEL ? fx->u.cancel.order : fx->u.amend.order.id;
        ev.u.refused.what = fx->type == FX_AMEND;
        ev.u.refused.reason = (int32_t)e;
    }
    host_put(h, &ev);
}

static void host_effect(struct host *h, const struct effect *fx, int64_t now) {
    enum err e = ERR_OK;
    switch (fx->type) {
    case FX_PLACE: e = exchange_place(h->x, &fx->u.place.order, now); break;
    case FX_CANCEL: e = exchange_cancel(h->x, &fx->u.cancel, now); break;
    case FX_AMEND: e = exchange_amend(h->x, &fx->u.amend, now); break;
    case FX_QUERY: exchange_query(h->x, &fx->u.query.order, now); break;
    case FX_RECONCILE: e = exchange_reconcile(h->x, &fx->u.reconcile, now); break;
    default: break;
    }
    if (e)
        refuse(h, fx, e);
}

static void host_turn(struct host *h) {
    const struct effect *fx;
    int64_t now = clock_now_us();
    struct pollfd p = {.fd = h->fd, .events = (short)(POLLIN | (h->tx.len ? POLLOUT : 0))};
    poll(&p, h->fd >= 0, 1);
    if (h->fd >= 0) {
        if (!wire_read(&h->rx, h->fd) || !wire_write(&h->tx, h->fd))
            h->tx.len = 0; /* the desk is gone: nobody hears */
        while ((fx = wire_first(&h->rx))) {
            host_effect(h, fx, now);
            wire_drop(&h->rx);
        }
    }
    if (h->feed->ops->next_us(h->feed) <= now)
        h->feed->ops->run(h->feed, now);
    exchange_run(h->x, now);
}

static struct host *host_new(uint64_t seed) {
    struct host *h = xcalloc(1, sizeof *h);
    struct exchange_cfg cfg;
    struct event acc;
    exchange_cfg_default(&cfg);
    cfg.seed = seed;
    cfg.latency_min_us = 500;
    cfg.latency_max_us = 8000;
    h->fd = -1;
    h->x = exchange_new(&cfg, (struct event_sink){host_put, h});
    h->feed = gen_feed_new(h->x, seed);
    event_init(&acc, EVENT_ACCOUNT, VENUE_SIM, clock_now_us());
    acc.u.account = (struct account){.id = 1, .venue = VENUE_SIM, .initial = cfg.initial_cash, .name = "paper"};
    exchange_restore(h->x, &acc);
    event_init(&acc, EVENT_LOAD_CASH, VENUE_SIM, clock_now_us());
    acc.u.load_cash.account = 1;
    acc.u.load_cash.cash = cfg.initial_cash;
    exchange_restore(h->x, &acc);
    event_init(&acc, EVENT_LOADED, VENUE_SIM, clock_now_us());
    exchange_restore(h->x, &acc);
    h->feed->ops->start(h->feed, clock_now_us());
    return h;
}

static void host_free(struct host *h) {
    for (int i = 0; i < h->count; i++)
        book_free(h->markets[i].book);
    h->feed->ops->close(h->feed);
    exchange_free(h->x);
    free(h->rx.bytes);
    free(h->tx.bytes);
    free(h);
}

/* Runs one desk until it ends, or kills it after `life_ms`. Returns its wait status. */
static int desk_life(struct host *h, const struct crash_child_cfg *cfg, int life_ms) {
    int sv[2], status = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(sv[0]);
        fcntl(sv[1], F_SETFL, O_NONBLOCK);
        crash_child_main(cfg, sv[1]);
    }
    close(sv[1]);
    host_connect(h, sv[0]);
    int64_t end = clock_mono_us() + life_ms * 1000LL;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        host_turn(h);
        if (clock_mono_us() > end) {
            kill(pid, SIGKILL);
            end = INT64_MAX;
        }
    }
    close(h->fd);
    h->fd = -1;
    for (int i = 0; i < 20; i++) /* the exchange goes on while nobody watches */
        host_turn(h);
    return status;
}

static void compare(struct host *h, const char *conninfo, const char *what) {
    struct crash_truth t;
    struct exchange_position pos[MARKETS_MAX];
    char diff[4096];
    crash_truth_read(conninfo, &t);
    int n = exchange_positions(h->x, 1, pos, MARKETS_MAX), bad = 0;
    if (t.cash != exchange_cash(h->x, 1).micro) {
        print_message("%s: cash: store %lld, exchange %lld\n", what, (long long)t.cash, (long long)exchange_cash(h->x, 1).micro);
        bad++;
    }
    for (int i = 0; i < n; i++) {
        const struct shadow *s = shadow_of(h, pos[i].market, false);
        int64_t ours = crash_truth_net(&t, s ? s->m.symbol : "?");
        if (ours != pos[i].net_micro) {
            print_message("%s: %s: store %lld, exchange %lld\n", what, s ? s->m.symbol : "?", (long long)ours, (long long)pos[i].net_micro);
            bad++;
        }
    }
    if (t.open_positions != n || t.working != exchange_working(h->x, 1)) {
        print_message("%s: positions %d/%d, working %d/%d\n", what, t.open_positions, n, t.working, exchange_working(h->x, 1));
        bad++;
    }
    if (!crash_truth_consistent(conninfo, diff, sizeof diff)) {
        print_message("%s: %s\n", what, diff);
        bad++;
    }
    print_message("%s: %d fills, %d open positions, cash %lld\n", what, t.fills, t.open_positions, (long long)t.cash);
    assert_int_equal(bad, 0);
    assert_true(t.fills > 0); /* else nothing was tested */
}

static void settle_and_compare(struct host *h, struct crash_child_cfg *cfg, const char *what) {
    cfg->settle = true;
    cfg->crash_point = NULL;
    int status = desk_life(h, cfg, 30000);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        fail_msg("%s: the last desk did not settle (status %x)", what, status);
    compare(h, cfg->conninfo, what);
}

static void killed_at_random(void **st) {
    struct test_cluster *c = *st;
    struct host *h = host_new(7);
    struct crash_child_cfg cfg = {.conninfo = test_cluster_database(c), .data_dir = test_cluster_dir(c)};
    struct rng r;
    rng_seed(&r, 20261121);
    for (int i = 0; i < 12; i++) {
        cfg.seed = (uint64_t)i + 1;
        desk_life(h, &cfg, (int)rng_range(&r, 150, 900));
    }
    settle_and_compare(h, &cfg, "random kills");
    host_free(h);
}

static void killed_at_every_named_point(void **st) {
    static const char *const points[] = {"intent-save:2", "intent-committed:2", "before-send:3", "after-send:3", "ack-received:2",
                                         "fill-received:2", "fill-save:2", "before-cancel:1", "after-cancel:1", "reconcile:1", "reconciling:1"};
    struct test_cluster *c = *st;
    struct host *h = host_new(11);
    struct crash_child_cfg cfg = {.conninfo = test_cluster_database(c), .data_dir = test_cluster_dir(c)};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        cfg.seed = 100 + i;
        cfg.crash_point = points[i];
        int status = desk_life(h, &cfg, 8000);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
            fail_msg("%s: the desk ended by itself (status %x)", points[i], status);
    }
    settle_and_compare(h, &cfg, "named points");
    host_free(h);
}

static int up(void **st) {
    *st = test_cluster_new();
    return *st ? 0 : -1;
}
static int down(void **st) {
    test_cluster_free(*st);
    return 0;
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed_at_random, up, down),
        cmocka_unit_test_setup_teardown(killed_at_every_named_point, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
