/* Market data inside: the table of markets (pm_table.c), asking (pm_rest.c), which markets are listed (pm_discover.c), one by one (pm_need.c), the
 * stream (pm_stream.c), books (pm_feed.c), comparison with the REST side (pm_compare.c), history (pm_history.c). pm_data.c holds them together. */
#ifndef TURRET_VENUE_POLYMARKET_PM_DATA_H
#define TURRET_VENUE_POLYMARKET_PM_DATA_H

#include <ev.h>

#include "turret/base/map.h"
#include "turret/base/str.h"
#include "turret/venue/books.h"
#include "venue/polymarket/market/pm_activity.h"
#include "venue/polymarket/market/pm_parse.h"

#define PM_SECOND 1000000LL
#define PM_PRINTS 8

struct pm_conn;
struct pm_entry { /* a market of the table; lives as long as the table */
    struct pm_market pm;        /* first: what others are given points here */
    struct pm_data *d;
    struct vbook *book;         /* NULL: never subscribed */
    struct pm_conn *conn;       /* whose assets it is among */
    size_t place;
    bool needed;                /* an order, a position, a followed trade: stays subscribed until it is resolved */
    bool renew;                 /* unsubscribe and subscribe again: that forces a snapshot */
    bool queued;                /* its subscription waits to be sent */
    uint8_t history;            /* enum pm_history */
    int history_left;           /* requests under way */
    int64_t history_us;         /* asked, or put in the queue */
    int64_t seen_us;            /* last time a listing told of it */
    int64_t polled_us;          /* last time it was asked whether it is over */
    int64_t tick_us;            /* the stream changed its tick: a listing may be behind */
    int64_t asked_us;           /* a snapshot was asked for, 0: none is awaited */
    int waits;                  /* snapshots that did not come */
    int64_t snapshot_ms, change_ms; /* the venue's times of the last snapshot and change */
    int64_t change_us;          /* ours */
    int64_t wrong_us;           /* its best prices differ from what changes say since then; 0: they agree */
    struct pm_summary *summary; /* what is needed for its hash; NULL: can't be made */
    int64_t hashed_us, summary_us;
    /* comparison */
    int64_t compared_us, suspect_us, suspect_change_us;
    int suspect;                /* comparisons in a row that differed */
    bool urgent;                /* to be compared next */
    bool hash_differed;         /* that is why */
    uint64_t prints[PM_PRINTS]; /* trades told: hash, and of which token */
    uint8_t print_of[PM_PRINTS], print_at;
};
enum pm_history { PM_HISTORY_NONE, PM_HISTORY_QUEUED, PM_HISTORY_ASKED, PM_HISTORY_DONE };

/* --- asking ------------------------------------------------------------------------------------------------------------------------------ */
enum pm_lane { PM_LANE_MARKETS, PM_LANE_EVENTS, PM_LANE_SEARCH, PM_LANE_TAGS, PM_LANE_CLOB, PM_LANE_BOOKS, PM_LANE_HISTORY, PM_LANE_COUNT };
struct pm_got {
    enum err err;             /* ERR_NOT_FOUND: 404 */
    bool old_list;            /* of a list: by offset, it has no cursor */
    const struct json *root;  /* NULL where it failed, or where it was asked for raw */
    const char *body;
    size_t len;
    char why[REASON_MAX];     /* sanitised */
};
typedef void pm_got_fn(void *ctx, const struct pm_got *g);
struct pm_ask { enum pm_lane lane; const char *path /* with the query */; const char *body; /* NULL: GET */ bool raw, first /* before the others of its lane */; int tries; };
struct pm_rest;
struct pm_rest *pm_rest_new(const struct pm_hosts *h);
void pm_rest_free(struct pm_rest *r);
void pm_rest_ask(struct pm_rest *r, const struct pm_ask *a, pm_got_fn *got, void *ctx); /* never calls back from inside */
void pm_rest_drop(struct pm_rest *r, const void *ctx);
void pm_rest_health(const struct pm_rest *r, struct ev_health *h);
void pm_url_add(struct str *s, const char *text); /* percent-encoded */
void pm_query_condition(struct str *s, const char *condition); /* "&condition_ids=...", as Gamma calls it */

/* --- discovery and needs --------------------------------------------------------------------------------------------------------------------- */
struct pm_discover;
struct pm_discover *pm_discover_new(struct pm_data *d, const struct pm_markets_cfg *m);
void pm_discover_free(struct pm_discover *x);
void pm_discover_run(struct pm_discover *x, int64_t now_us);
void pm_discover_poll(struct pm_discover *x); /* which markets are over: soon */
void pm_discover_list(struct pm_discover *x, const char *what);
bool pm_discover_wants_tag(const struct pm_discover *x, const struct json_text *tags);
bool pm_discover_idle(const struct pm_discover *x); /* every listing was tried once */

struct pm_needs;
struct pm_needs *pm_needs_new(struct pm_data *d);
void pm_needs_free(struct pm_needs *n);
void pm_needs_run(struct pm_needs *n, int64_t now_us);
void pm_needs_add(struct pm_needs *n, const char *key, bool needed, pm_market_fn *done, void *ctx);
void pm_needs_drop(struct pm_needs *n, const void *ctx);
void pm_needs_refresh(struct pm_needs *n, struct pm_entry *e, pm_market_fn *done, void *ctx);

/* --- the table ------------------------------------------------------------------------------------------------------------------------------- */
struct pm_table { struct pm_entry **list; size_t n, cap; struct map by_id, by_token, by_condition; };
struct pm_entry *pm_table_condition(const struct pm_table *t, const char *condition);
struct pm_entry *pm_table_token(const struct pm_table *t, const char *token, size_t len, int *outcome);
enum pm_taken { PM_TAKEN, PM_NOT_READY /* later */, PM_NO_FEE /* its fee must be asked for first */, PM_NO_BOOK /* nothing to trade on */, PM_OVER /* closed and not known here */ };
/* A listing: adds or updates, tells what changed. `over`: also markets that are closed already. */
enum pm_taken pm_table_take(struct pm_data *d, const struct pm_listing *l, bool over, int64_t now_us, struct pm_entry **out);
void pm_table_tick(struct pm_data *d, struct pm_entry *e, int64_t tick_micro, int64_t now_us); /* true tick of the stream or of a book */
void pm_table_resolve(struct pm_data *d, struct pm_entry *e, enum market_outcome o, int64_t now_us);
void pm_table_free(struct pm_table *t);

/* --- the stream and its books ------------------------------------------------------------------------------------------------------------------ */
struct pm_stream;
struct pm_stream *pm_stream_new(struct pm_data *d);
void pm_stream_free(struct pm_stream *s);
void pm_stream_add(struct pm_stream *s, struct pm_entry *e);
void pm_stream_remove(struct pm_stream *s, struct pm_entry *e);
void pm_stream_renew(struct pm_stream *s, struct pm_entry *e, const char *why); /* gap, and a new snapshot; the whole connection when it is mute */
void pm_stream_reconnect(struct pm_conn *c, const char *why);
void pm_stream_turn(struct pm_stream *s);                     /* once a loop turn: what was left, subscriptions */
void pm_stream_run(struct pm_stream *s, int64_t now_us);      /* now and then: snapshots that did not come */
bool pm_stream_alive(const struct pm_entry *e, int64_t now_us); /* its connection was heard a moment ago */
bool pm_stream_up(const struct pm_stream *s, const char **why);
void pm_stream_health(const struct pm_stream *s, struct ev_health *h);
/* pm_feed.c: one event into books and sink. */
void pm_feed_event(struct pm_conn *c, const struct pm_ws_event *ev, const char *what, int64_t now_us);

struct pm_compare;
struct pm_compare *pm_compare_new(struct pm_data *d);
void pm_compare_free(struct pm_compare *c);
void pm_compare_run(struct pm_compare *c, int64_t now_us);

struct pm_past;
struct pm_past *pm_past_new(struct pm_data *d);
void pm_past_free(struct pm_past *h);
void pm_past_add(struct pm_past *h, struct pm_entry *e); /* its history, then its stream */
void pm_past_run(struct pm_past *h, int64_t now_us);

struct pm_pace { /* how often things are done; tests are in a hurry */
    int64_t again_us;                     /* listings */
    int64_t poll_every_us, poll_quiet_us; /* markets no listing tells of any more */
    int64_t compare_every_us, compare_often_us /* no book more often without a reason */, differ_again_us;
    int64_t try_first_us;                 /* a needed market that was not found */
    int64_t snapshot_us;                  /* a book that was asked for */
    int64_t beat_quiet_us;                /* less than half the age at which the desk calls a book stale */
};
struct pm_data {
    struct pm_hosts hosts;
    struct pm_pace pace;
    char *host_text;            /* what they point into */
    enum venue_id as;
    struct event_sink sink;
    struct pm_table table;
    struct books *books;
    struct pm_rest *rest;
    struct pm_discover *discover;
    struct pm_needs *needs;
    struct pm_stream *stream;
    struct pm_compare *compare;
    struct pm_past *past;
    struct pm_activity *activity; /* NULL until somebody is followed */
    struct pm_stored { market_id id; char condition[PM_CONDITION_MAX]; } *stored; /* markets of earlier runs */
    size_t n_stored, cap_stored;
    struct map stored_of;       /* market id -> place in stored */
    market_id *held;            /* stored markets that something depends on */
    size_t n_held, cap_held;
    ev_timer beat;
    ev_prepare turn;
    ev_idle more;
    uint64_t hash_good, hash_false; /* hashes that came out; those that did not though the book was right */
    int64_t second_us;
    bool started, up, told;
    char why[REASON_MAX];       /* what was told with it */
};

void pm_put(struct pm_data *d, const struct event *ev);
void pm_note(struct pm_data *d, enum notice_level level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void pm_hurry(struct pm_data *d); /* something is left: the loop shall not sleep */
void pm_listed(struct pm_data *d, struct pm_entry *e); /* new in the table: history, then books */

#endif
