/* The market stream: connections of a few hundred assets, subscribed as they open, watched, and each with a queue of what could not be read within a
 * loop turn. Only YES tokens are subscribed; the NO token's book is the same one mirrored. */
#include <stdio.h>
#include <stdlib.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/io/loop.h"
#include "venue/polymarket/market/pm_data.h"
#include "venue/polymarket/market/pm_stream.h"

#define BACKLOG_MAX (48u << 20)
#define INLINE_MAX 8192     /* longer messages are read in pieces */
#define TURN_US 1000        /* reading and telling in one loop turn */
#define ALIVE_US (8 * PM_SECOND)
#define MUTE_US (20 * PM_SECOND)
#define QUIET_US (10 * PM_SECOND)

/* --- messages ------------------------------------------------------------------------------------------------------------------------------- */
struct pm_text { struct pm_text *next; size_t len; char text[]; };

static bool time_left(const struct pm_stream *s) { return s->spent_us + clock_mono_us() - s->since_us < TURN_US; }
static void begin(struct pm_stream *s) { s->since_us = clock_mono_us(); }
static void end(struct pm_stream *s) { s->spent_us += clock_mono_us() - s->since_us; }

/* Reads what is open up to the end, or until the turn's time is over; true: there is more of it. */
static bool read_on(struct pm_conn *c, bool whole) {
    const struct pm_ws_event *ev;
    const int64_t now = clock_now_us();
    int n = 0;
    while ((ev = pm_ws_next(&c->parser))) {
        pm_feed_event(c, ev, c->parser.what, now);
        if (c->broken)
            return false;
        if (!whole && (ev->kind == PM_WS_BOOK || (++n & 15) == 0) && !time_left(c->s))
            return true;
    }
    if (c->parser.what[0] && c->parser.r.what)
        pm_stream_reconnect(c, "a message that is not JSON to its end");
    return false;
}

static void backlog_drop(struct pm_conn *c) {
    for (struct pm_text *t; (t = c->first);) {
        c->first = t->next;
        free(t);
    }
    c->last = NULL;
    c->backlog = 0;
    c->reading = false;
}

static void backlog_read(struct pm_conn *c) {
    while (c->first) {
        if (!c->reading && !pm_ws_open(&c->parser, c->first->text, c->first->len)) {
            /* PONG and such */
        } else {
            c->reading = read_on(c, false);
            if (c->broken)
                return;
            if (c->reading)
                return;
        }
        struct pm_text *t = c->first;
        c->first = t->next;
        c->backlog -= t->len;
        if (!c->first)
            c->last = NULL;
        free(t);
        if (!time_left(c->s))
            return;
    }
}

static void on_message(void *ctx, const char *text, size_t len) {
    struct pm_conn *c = ctx;
    if (c->broken || len == 0 || (text[0] != '{' && text[0] != '[' && text[0] > ' '))
        return;
    c->data_us = clock_now_us();
    c->fruitless = 0;
    c->s->messages++;
    if (!c->first && len <= INLINE_MAX && c->s->spent_us < TURN_US) {
        begin(c->s);
        if (pm_ws_open(&c->parser, text, len))
            read_on(c, true);
        end(c->s);
    } else if (c->backlog + len > BACKLOG_MAX) {
        pm_stream_reconnect(c, "more came than could be read");
    } else {
        struct pm_text *t = xmalloc(sizeof *t + len);
        t->next = NULL;
        t->len = len;
        memcpy(t->text, text, len);
        *(c->last ? &c->last->next : &c->first) = t;
        c->last = t;
        c->backlog += len;
    }
    pm_hurry(c->s->d);
}

/* --- subscriptions ------------------------------------------------------------------------------------------------------------------------------ */
static void add_tokens(struct str *s, const struct pm_conn *c, bool (*which)(const struct pm_entry *e)) {
    const char *comma = "";
    str_add(s, "\"assets_ids\":[");
    for (size_t i = 0; i < c->n; i++)
        if (which(c->list[i])) {
            str_addf(s, "%s\"%s\"", comma, c->list[i]->pm.token[0]);
            comma = ",";
        }
    str_addc(s, ']');
}
static bool is_renewed(const struct pm_entry *e) { return e->renew; }
static bool is_queued(const struct pm_entry *e) { return e->queued; }
static bool any(const struct pm_entry *e) { return e != NULL; }

static void asked(struct pm_entry *e, int64_t now_us) {
    e->queued = e->renew = false;
    e->asked_us = now_us;
    e->pm.wanted = 1;
}

static bool send_whole(struct pm_conn *c) {
    struct str s = {0};
    str_addc(&s, '{');
    add_tokens(&s, c, any);
    str_add(&s, ",\"type\":\"market\",\"custom_feature_enabled\":true,\"initial_dump\":true,\"level\":2}");
    const bool sent = ws_send(c->ws, s.p, s.len);
    str_free(&s);
    return sent;
}

static bool send_change(struct pm_conn *c, const char *operation, bool (*which)(const struct pm_entry *e)) {
    struct str s = {0};
    str_addf(&s, "{\"operation\":\"%s\",", operation);
    add_tokens(&s, c, which);
    str_add(&s, ",\"custom_feature_enabled\":true,\"initial_dump\":true,\"level\":2}");
    const bool sent = ws_send(c->ws, s.p, s.len);
    str_free(&s);
    return sent;
}

/* What changed since the last turn, in at most three messages. */
static void subscribe(struct pm_conn *c) {
    const int64_t now = clock_now_us();
    bool renew = false, queued = false;
    if (!c->open || !c->changed)
        return;
    if (!c->begun) {
        c->begun = c->n > 0 && send_whole(c);
        for (size_t i = 0; c->begun && i < c->n; i++)
            asked(c->list[i], now);
        c->changed = c->n > 0 && !c->begun;
        return;
    }
    for (size_t i = 0; i < c->n; i++) {
        if (c->list[i]->renew)
            c->list[i]->queued = renew = true;
        queued = queued || c->list[i]->queued;
    }
    c->changed = false;
    if (c->leaving.len) {
        str_add(&c->leaving, "]}");
        c->changed = !ws_send(c->ws, c->leaving.p, c->leaving.len);
        str_reset(&c->leaving);
    }
    if ((renew && !send_change(c, "unsubscribe", is_renewed)) || (queued && !send_change(c, "subscribe", is_queued))) {
        pm_stream_reconnect(c, "what is to be sent does not go out");
        return;
    }
    for (size_t i = 0; i < c->n; i++)
        if (c->list[i]->queued)
            asked(c->list[i], now);
}

/* --- connections ----------------------------------------------------------------------------------------------------------------------------------- */
static void books_gap(struct pm_conn *c) {
    for (size_t i = 0; i < c->n; i++) {
        struct pm_entry *e = c->list[i];
        vbook_gap(e->book);
        e->asked_us = 0;
        e->waits = e->suspect = 0;
        e->wrong_us = 0;
        e->renew = false;
        e->queued = true;
    }
}

static void on_open(void *ctx) {
    struct pm_conn *c = ctx;
    c->open = c->changed = true;
    c->begun = c->broken = false;
    c->data_us = clock_now_us();
    str_reset(&c->leaving);
    c->s->opened++;
    pm_hurry(c->s->d);
}

static void on_closed(void *ctx, int status, const char *why) {
    struct pm_conn *c = ctx;
    if (c->open)
        c->s->lost++;
    c->open = false;
    c->broken = false;
    backlog_drop(c);
    books_gap(c);
    if (status >= 400)
        snprintf(c->s->why, sizeof c->s->why, "market stream: answer %d", status);
    else
        snprintf(c->s->why, sizeof c->s->why, "market stream: %.70s", why && why[0] ? why : "closed");
    pm_hurry(c->s->d);
}

/* From inside of reading too: the connection ends when the stack is its own again. */
void pm_stream_reconnect(struct pm_conn *c, const char *why) {
    if (c->broken)
        return;
    c->broken = true;
    str_copy(c->s->why, sizeof c->s->why, why);
    log_line(LOG_LEVEL_WARN, "polymarket", "market stream: connected anew: %s", why);
    books_gap(c);
    ws_reconnect(c->ws, why, true);
}

static struct pm_conn *conn_new(struct pm_stream *s) {
    char text[REASON_MAX], url[512];
    snprintf(url, sizeof url, "%s/market", s->d->hosts.stream);
    struct pm_conn *c = xcalloc(1, sizeof *c);
    c->s = s;
    struct ws_cfg cfg = {.url = url, .ping_text = "PING", .ping_every_ms = 5000, .silence_ms = 30000, .message_max = 32u << 20};
    struct ws_handler h = {.ctx = c, .open = on_open, .message = on_message, .closed = on_closed};
    c->ws = ws_open(&cfg, &h, text, sizeof text);
    if (!c->ws) {
        snprintf(s->why, sizeof s->why, "market stream: %.70s", text);
        free(c);
        return NULL;
    }
    c->next = s->conns;
    s->conns = c;
    return c;
}

static void conn_free(struct pm_conn *c) {
    struct pm_conn **at = &c->s->conns;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    ws_close(c->ws);
    backlog_drop(c);
    pm_ws_parser_free(&c->parser);
    str_free(&c->leaving);
    free(c->list);
    free(c);
}

/* --- markets come and go --------------------------------------------------------------------------------------------------------------------------- */
void pm_stream_add(struct pm_stream *s, struct pm_entry *e) {
    struct pm_conn *c = s->conns;
    while (c && c->n >= PM_ASSETS_MAX)
        c = c->next;
    if (e->conn || (!c && !(c = conn_new(s))))
        return;
    if (!e->book)
        e->book = books_add(s->d->books, e->pm.m.id, e);
    c->list = xgrow(c->list, &c->cap, c->n + 1, sizeof(struct pm_entry *));
    e->conn = c;
    e->place = c->n;
    c->list[c->n++] = e;
    e->queued = c->changed = true;
    pm_hurry(s->d);
}

void pm_stream_remove(struct pm_stream *s, struct pm_entry *e) {
    struct pm_conn *c = e->conn;
    if (!c)
        return;
    c->list[e->place] = c->list[--c->n];
    c->list[e->place]->place = e->place;
    e->conn = NULL;
    e->pm.wanted = 0;
    e->asked_us = 0;
    vbook_gap(e->book);
    if (c->begun) {
        str_addf(&c->leaving, "%s\"%s\"", c->leaving.len ? "," : "{\"operation\":\"unsubscribe\",\"assets_ids\":[", e->pm.token[0]);
        c->changed = true;
    }
    pm_hurry(s->d); /* an empty connection is closed at the end of the turn */
}

void pm_stream_renew(struct pm_stream *s, struct pm_entry *e, const char *why) {
    if (!e->conn)
        return;
    log_line(LOG_LEVEL_WARN, "polymarket", "%s: a new snapshot is asked for: %s", e->pm.m.symbol, why);
    s->renewed++;
    if (e->conn->open && clock_now_us() - e->conn->data_us > MUTE_US) {
        pm_stream_reconnect(e->conn, "it answers, but tells nothing");
        return;
    }
    vbook_gap(e->book);
    e->suspect = 0;
    e->wrong_us = 0;
    e->renew = e->conn->changed = true;
    pm_hurry(s->d);
}

/* --- time -------------------------------------------------------------------------------------------------------------------------------------------- */
/* The connection that was read first is last the next time. */
static void rotate(struct pm_stream *s) {
    struct pm_conn *head = s->conns, **at = &s->conns;
    if (!head || !head->next)
        return;
    s->conns = head->next;
    while (*at)
        at = &(*at)->next;
    *at = head;
    head->next = NULL;
}

void pm_stream_turn(struct pm_stream *s) {
    begin(s);
    for (struct pm_conn *c = s->conns, *next; c; c = next) {
        next = c->next;
        if (c->n == 0) {
            conn_free(c);
            continue;
        }
        if (c->open && !c->broken)
            backlog_read(c);
        subscribe(c);
        if (c->first)
            pm_hurry(s->d);
    }
    s->spent_us = 0;
    rotate(s);
}

/* Nothing is told by it for a while: all is quiet, or it only answers. The book that moved last is looked at. */
static void suspect_mute(struct pm_conn *c, int64_t now_us) {
    struct pm_entry *newest = NULL;
    if (now_us - c->data_us < QUIET_US || now_us - c->probed_us < QUIET_US)
        return;
    c->probed_us = now_us;
    for (size_t i = 0; i < c->n; i++)
        if (vbook_good(c->list[i]->book) && (!newest || c->list[i]->change_us > newest->change_us))
            newest = c->list[i];
    if (newest)
        newest->urgent = true;
}

/* Snapshots that did not come are asked for again, later each time; over another line when this one tells nothing at all. */
void pm_stream_run(struct pm_stream *s, int64_t now_us) {
    for (struct pm_conn *c = s->conns; c; c = c->next) {
        if (c->open && !c->broken)
            suspect_mute(c, now_us);
        for (size_t i = 0; c->open && !c->broken && !c->first && i < c->n; i++) {
            struct pm_entry *e = c->list[i];
            if (!e->asked_us || vbook_good(e->book) || now_us - e->asked_us < (s->d->pace.snapshot_us << (e->waits < 4 ? e->waits : 4)))
                continue;
            if (c->data_us < e->asked_us && now_us >= c->patient_us) {
                c->fruitless += c->fruitless < 6;
                c->patient_us = now_us + ((10 * PM_SECOND) << c->fruitless); /* perhaps there is nothing to tell */
                pm_stream_reconnect(c, "no book comes, and nothing else");
                break;
            }
            e->waits++;
            e->renew = c->changed = true;
            e->asked_us = now_us;
            e->urgent = e->waits > 1; /* is there a book at all? */
            pm_hurry(s->d);
        }
    }
}

bool pm_stream_alive(const struct pm_entry *e, int64_t now_us) {
    struct ws_stats st;
    if (!e->conn || !e->conn->open || e->conn->broken)
        return false;
    ws_stats(e->conn->ws, &st);
    return now_us - st.last_us < ALIVE_US;
}

bool pm_stream_up(const struct pm_stream *s, const char **why) {
    *why = s->why[0] ? s->why : "market stream: not connected yet";
    for (const struct pm_conn *c = s->conns; c; c = c->next)
        if (c->open)
            return true;
    return !s->conns; /* nothing is wanted */
}

void pm_stream_health(const struct pm_stream *s, struct ev_health *h) {
    h->reconnects += s->opened > s->lost ? s->lost : s->opened;
    for (const struct pm_conn *c = s->conns; c; c = c->next) {
        struct ws_stats st;
        ws_stats(c->ws, &st);
        if (st.last_us > h->market_us)
            h->market_us = st.last_us;
    }
}

struct pm_stream *pm_stream_new(struct pm_data *d) {
    struct pm_stream *s = xcalloc(1, sizeof *s);
    s->d = d;
    return s;
}

void pm_stream_free(struct pm_stream *s) {
    while (s && s->conns) {
        for (size_t i = 0; i < s->conns->n; i++)
            s->conns->list[i]->conn = NULL;
        conn_free(s->conns);
    }
    free(s);
}
