/* The user stream of an account: logs in, hears of own orders and trades, and is never trusted alone. After every connection both lists are read by
 * REST (it replays nothing) and only then it counts as up; while orders work they are read again every half minute, which shows a stream that is
 * open and mute. A login that is refused just closes the socket: REST, which says why, is asked then. */
#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/hash.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "venue/polymarket/trade/pm_user_impl.h"

#define TICK_S 0.25
#define READ_EVERY_US (30 * PM_SECOND)      /* while orders work */
#define READ_BLIND_US (10 * PM_SECOND)      /* while there is no stream */
#define READ_AFTER_OPEN_US (2 * PM_SECOND / 5) /* the subscription has taken effect by then */
#define READ_AGAIN_US (5 * PM_SECOND)       /* or by then */
#define EARLY_US (10 * PM_SECOND)           /* closed so soon without a word: the login was refused */
#define MESSAGE_MAX (8u << 20)
#define SEEN_MAX 100000

void pm_user_note(struct pm_user *u, int level, const char *fmt, ...) {
    struct event ev;
    va_list ap;
    int64_t now = clock_now_us();
    event_init(&ev, EVENT_NOTE, VENUE_POLYMARKET, now);
    ev.u.note.level = level;
    va_start(ap, fmt);
    vsnprintf(ev.u.note.text, sizeof ev.u.note.text, fmt, ap);
    va_end(ap);
    uint64_t key = fnv64(FNV64_INIT, fmt, strlen(fmt));
    if (key == u->note_key && now - u->note_us < 60 * PM_SECOND)
        return;
    u->note_key = key;
    u->note_us = now;
    u->s->sink.put(u->s->sink.ctx, &ev);
}

/* --- reading by REST ---------------------------------------------------------------------------------------------- */
void pm_user_read_soon(struct pm_user *u, int64_t at_us) {
    if (u->read_due_us == 0 || at_us < u->read_due_us)
        u->read_due_us = at_us;
}

static void on_read_end(void *ctx, const struct pm_error *e) {
    struct pm_user *u = ctx;
    int64_t now = clock_now_us();
    u->read_last_us = now;
    if (e->err == ERR_OK) {
        u->read_fails = 0;
        u->refused = false;
        if (!u->open || u->caught_up || u->read.started_us < u->opened_us + READ_AFTER_OPEN_US / 2)
            return;
        u->caught_up = true;
        pm_user_read_soon(u, u->opened_us + READ_AGAIN_US);
        return;
    }
    if (e->err == ERR_CREDENTIALS) {
        u->refused = true;
        pm_user_note(u, NOTICE_ALERT, "Polymarket refuses the account's API credentials: %.80s (turret venue login polymarket)", e->text);
    }
    snprintf(u->unread, sizeof u->unread, "user stream: connected; orders and trades can't be read: %s", e->text);
    pm_user_read_soon(u, now + (PM_SECOND << (u->read_fails < 5 ? u->read_fails : 5)));
    u->read_fails++;
}

static void read_run(struct pm_user *u, int64_t now_us) {
    const bool working = tracker_next_open(u->s->tracker, NULL) != NULL;
    int64_t every = !u->open ? READ_BLIND_US : working ? READ_EVERY_US : 10 * READ_EVERY_US;
    if (u->read.running || (u->read_due_us != 0 ? now_us < u->read_due_us : now_us - u->read_last_us < every))
        return;
    u->read_due_us = 0;
    pm_read_start(&u->read, u, 0, on_read_end, u);
}

/* --- the stream ------------------------------------------------------------------------------------------------------ */
static void on_open(void *ctx) {
    struct pm_user *u = ctx;
    const struct pm_creds *c = pm_clob_creds(u->s->clob);
    struct str text;
    u->open = true;
    u->caught_up = false;
    u->messages = 0;
    u->opened_us = clock_now_us();
    map_clear(&u->seen);
    if (c == NULL)
        return;
    str_init(&text); /* credentials are printable words: nothing in them needs an escape */
    str_addf(&text, "{\"auth\":{\"apiKey\":\"%s\",\"secret\":\"%s\",\"passphrase\":\"%s\"},\"type\":\"user\"}", c->key, c->secret, c->passphrase);
    ws_send(u->ws, text.p, text.len);
    explicit_bzero(text.p, text.len);
    str_free(&text);
    u->read_due_us = 0;
    pm_user_read_soon(u, u->opened_us + READ_AFTER_OPEN_US);
}

static void on_closed(void *ctx, int status, const char *why) {
    struct pm_user *u = ctx;
    int64_t now = clock_now_us();
    snprintf(u->closed, sizeof u->closed, "user stream: not connected%s%.80s", why && why[0] ? ": " : "", why ? why : "");
    (void)status;
    if (u->open && u->messages == 0 && now - u->opened_us < EARLY_US)
        u->early_closes++;
    else if (u->open)
        u->early_closes = 0;
    u->open = u->caught_up = false;
    u->closes++;
    if (u->early_closes >= 2) { /* REST names it when it is the credentials */
        pm_user_read_soon(u, now);
        pm_user_note(u, NOTICE_WARN, "Polymarket closes the user stream right after the login (%.60s): its API credentials may be refused", why);
    }
}

static void object_heard(struct pm_user *u, const struct json *at, int64_t now_us) {
    const char *event = "", *type = "", *id = "";
    json_get_str(at, "event_type", JSON_OPTIONAL, &event);
    json_get_str(at, "type", JSON_OPTIONAL, &type);
    json_get_str(at, "id", JSON_OPTIONAL, &id);
    const bool trade = strcmp(event, "trade") == 0 || (event[0] == 0 && str_eq_nocase(type, "TRADE"));
    const bool order = !trade && (strcmp(event, "order") == 0 || (event[0] == 0 && (str_eq_nocase(type, "PLACEMENT") || str_eq_nocase(type, "UPDATE") || str_eq_nocase(type, "CANCELLATION"))));
    if (!trade && !order)
        return;
    if (u->seen.count > SEEN_MAX)
        map_clear(&u->seen);
    char key[VENUE_ORDER_ID_MAX];
    size_t n = 0;
    for (; id[n] != 0 && n + 1 < sizeof key; n++) /* ids of orders are told apart without their case */
        key[n] = order && id[n] >= 'A' && id[n] <= 'F' ? (char)(id[n] + 32) : id[n];
    map_put(&u->seen, fnv64(FNV64_INIT, key, n), 1);
    if (trade)
        pm_user_trade(u, at, 0, now_us);
    else
        pm_user_order(u, at, 0, now_us);
}

static void on_message(void *ctx, const char *text, size_t len) {
    struct pm_user *u = ctx;
    struct cJSON *doc = NULL;
    struct json_err err = {0};
    int64_t now = clock_now_us();
    u->messages++;
    while (len > 0 && (*text == ' ' || *text == '\n' || *text == '\r' || *text == '\t'))
        text++, len--;
    if (len == 0 || (*text != '{' && *text != '['))
        return; /* PONG and such */
    if (!json_parse(text, len, MESSAGE_MAX, &doc, &err)) {
        pm_user_note(u, NOTICE_WARN, "Polymarket: a message of the user stream can't be read: %.60s", err.text);
        pm_user_read_soon(u, now); /* whatever it said, the lists say it too */
        return;
    }
    struct json root = json_root(doc, &err);
    if (cJSON_IsArray(doc)) {
        for (struct json it = json_first(&root); it.node != NULL; it = json_next(&it)) {
            struct json_err own = {0};
            it.err = &own;
            object_heard(u, &it, now);
            it.err = &err;
        }
    } else {
        object_heard(u, &root, now);
    }
    json_free(doc);
}

static void stream_open(struct pm_user *u) {
    struct str url;
    char text[REASON_MAX] = "";
    str_init(&url);
    str_addf(&url, "%s/user", pm_data_hosts(u->s->data)->stream);
    const struct ws_cfg cfg = {.url = url.p, .ping_text = "PING", .ping_every_ms = 10000, .silence_ms = 30000};
    const struct ws_handler h = {.ctx = u, .open = on_open, .message = on_message, .closed = on_closed};
    u->ws = ws_open(&cfg, &h, text, sizeof text);
    if (u->ws == NULL)
        pm_user_note(u, NOTICE_ALERT, "Polymarket: no user stream: %s", text);
    str_free(&url);
}

/* --- clockwork --------------------------------------------------------------------------------------------------------- */
static void on_tick(struct ev_loop *loop, ev_timer *w, int events) {
    (void)loop, (void)events;
    struct pm_user *u = w->data;
    int64_t now = clock_now_us();
    tracker_run(u->s->tracker, now);
    pm_user_waits_run(u, now);
    pm_settle_run(u, now);
    read_run(u, now);
    pm_recon_run(u->recon, now);
}

struct pm_user *pm_user_new(struct pm_session *s) {
    struct pm_user *u = xcalloc(1, sizeof *u);
    u->s = s;
    u->read.u = u;
    u->recon = pm_recon_new(u);
    map_init(&u->seen);
    map_init(&u->absent);
    ev_init(&u->tick, on_tick);
    u->tick.data = u;
    return u;
}

void pm_user_free(struct pm_user *u) {
    if (u == NULL)
        return;
    ev_timer_stop(loop_get(), &u->tick);
    ws_close(u->ws);
    pm_read_stop(&u->read);
    pm_recon_free(u->recon);
    pm_settle_free(u);
    pm_user_waits_free(u);
    map_free(&u->seen);
    map_free(&u->absent);
    free(u->ends);
    free(u);
}

void pm_user_start(struct pm_user *u, int64_t now_us) {
    if (u->started) { /* logged in anew: the stream is to know the new credentials */
        if (u->ws != NULL)
            ws_reconnect(u->ws, "new credentials", true);
        return;
    }
    u->started = true;
    pm_user_read_soon(u, now_us);
    stream_open(u);
    ev_timer_set(&u->tick, TICK_S, TICK_S);
    ev_timer_start(loop_get(), &u->tick);
}

bool pm_user_up(const struct pm_user *u) { return u->open && u->caught_up; }

const char *pm_user_missing(const struct pm_user *u) {
    if (pm_user_up(u))
        return NULL;
    if (u->refused)
        return "user stream: the venue refuses the API credentials (turret venue login polymarket)";
    if (u->early_closes >= 2)
        return "user stream: closed right after the login, its API credentials may be refused";
    if (u->open)
        return u->read_fails > 0 ? u->unread : "user stream: connected; reading orders and trades";
    return u->closed[0] ? u->closed : "user stream: not connected";
}

void pm_user_health(const struct pm_user *u, struct ev_health *h) {
    struct ws_stats st = {0};
    if (u->ws != NULL)
        ws_stats(u->ws, &st);
    h->user_up = pm_user_up(u);
    h->user_us = st.last_us > 0 ? st.last_us : -1;
    h->reconnects += st.connects > 1 ? (uint32_t)(st.connects - 1) : 0;
}

void pm_user_catch_up(struct pm_user *u, int64_t now_us) { pm_user_read_soon(u, now_us + PM_SECOND / 2); }
