/* The stream inside: what pm_stream.c keeps of a connection, for pm_feed.c, which reads its events. */
#ifndef TURRET_VENUE_POLYMARKET_PM_STREAM_H
#define TURRET_VENUE_POLYMARKET_PM_STREAM_H

#include "turret/io/log.h"
#include "venue/polymarket/market/pm_data.h"

#define PM_ASSETS_MAX 200 /* of one connection */

struct pm_text;
struct pm_conn {
    struct pm_conn *next;
    struct pm_stream *s;
    struct ws *ws;
    struct pm_entry **list;
    size_t n, cap;
    bool open, begun /* the first subscription went out */, changed /* there is something to send */, broken /* ends as soon as it can */, reading;
    struct pm_ws_parser parser;
    struct pm_text *first, *last; /* messages not read yet */
    size_t backlog;               /* bytes of them */
    struct str leaving;           /* an unsubscription being put together */
    int fruitless;                /* connections in a row that told nothing */
    int64_t patient_us;           /* so long no new one because of that */
    int64_t data_us, probed_us;   /* last message that was data; last time it was put to the test */
};
struct pm_stream {
    struct pm_data *d;
    struct pm_conn *conns;
    int64_t since_us, spent_us;   /* monotonic: when what is being read was begun; of this turn so far */
    uint64_t messages, events, bad;
    uint32_t opened, lost, renewed;
    int64_t bad_us;               /* last time one was told */
    char why[REASON_MAX];
};

#endif
