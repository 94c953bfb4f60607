/* WebSocket client on the loop: curl makes the connection (DNS, proxy, TLS verified; ws:// to loopback only), wslay the frames. It lives until
 * ws_close: what breaks is connected again by itself, after a back-off with jitter. Text is told as whole messages. */
#ifndef TURRET_IO_WS_H
#define TURRET_IO_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws;
enum ws_state { WS_CONNECTING, WS_OPEN, WS_WAITING /* for the next try */ };

struct ws_cfg { /* everything is copied; 0 = the default in brackets */
    const char *url;
    const char *const *headers; /* of the upgrade, NULL-terminated; may be NULL */
    const char *ping_text;      /* the venue's own ping, sent as text ("PING"); NULL, or where it is never answered: ping frames of the protocol */
    int ping_every_ms;          /* [10 s] */
    int silence_ms;             /* so long without a byte: dead, connected anew [30 s] */
    int connect_timeout_ms;     /* until the upgrade is answered [10 s] */
    int backoff_min_ms, backoff_max_ms; /* doubled each time, between half and whole of it at random [500 ms, 30 s] */
    int stable_ms;              /* open so long: the next back-off starts small again [60 s] */
    size_t message_max;         /* a longer message ends the connection [8 MiB] */
    size_t turn_bytes;          /* read in one loop turn at most; the rest waits for the next [256 KiB] */
    size_t send_max;            /* queued bytes above which ws_send refuses [1 MiB] */
};

/* Callbacks never come from inside of ws_open, ws_send or ws_close. Any may be NULL. `closed` comes once for every connection that was open
 * or failed to; why is sanitised. The message is valid during the call, NUL-terminated, foreign bytes. */
struct ws_handler {
    void *ctx;
    void (*open)(void *ctx);
    void (*message)(void *ctx, const char *text, size_t len);
    void (*closed)(void *ctx, int status /* of the upgrade's answer or close code; 0 none */, const char *why);
};

struct ws_stats {
    enum ws_state state;
    int64_t opened_us, last_us; /* UTC: of this connection, of the last byte; 0 never */
    int64_t latency_us;         /* last ping to its answer (any frame, with ping_text); -1 unknown */
    int64_t next_try_us;        /* UTC, while waiting */
    uint64_t messages, bytes, connects;
    char why[160];              /* what ended the last connection */
};

/* Starts to connect. NULL only when the URL is not allowed (text says why). */
struct ws *ws_open(const struct ws_cfg *cfg, const struct ws_handler *h, char *text, size_t cap);
/* Queues a text message. False: not open, or more than send_max is queued (nothing was queued). */
bool ws_send(struct ws *w, const char *text, size_t len);
/* Ends the connection and makes a new one at once (`now`) or after the back-off. */
void ws_reconnect(struct ws *w, const char *why, bool now);
void ws_stats(const struct ws *w, struct ws_stats *out);
/* Ends it for good and frees it, also from inside of its callbacks. NULL is nothing. */
void ws_close(struct ws *w);

#endif
