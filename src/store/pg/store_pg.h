/* The inside of the PostgreSQL store: one struct, its parts a file each. */
#ifndef STORE_PG_STORE_PG_H
#define STORE_PG_STORE_PG_H

#include "turret/io/pg.h"
#include "turret/store/pg.h"

#include "turret/base/map.h"

#include "outbox.h"
#include "rows.h"

#include <ev.h>

struct batch { /* one transaction of the desk's */
    struct batch *next;
    uint64_t seq, epoch;
    struct fx_save *recs;
    size_t n, cap;
    bool intent, exit;
    bool solo;     /* a group with it failed: goes alone */
    bool merge;    /* idempotent: newest version wins, what is there already is fine */
    bool later;    /* split off another, which has the answer: still to be stored */
    struct batch *words; /* split off this one, until it is stored */
    bool answered; /* the desk has its answer (outbox) */
    bool general;  /* not by the short way for intents: the same id was there, or nothing was done */
    bool undone;   /* the short way of a firing did nothing */
    bool stored;   /* comes from the outbox */
    bool not_leader;
    uint16_t behind; /* merge: the stored version, where it was newer than ours */
    int tries;
    int64_t since_us;
};
struct batch_list { struct batch *first, **tail; };

struct unit_map { /* which batch each statement of the unit under way belongs to */
    struct batch **of;
    char *kind; /* 'i' intent, 'f' firing, 'm' merged order, '-' */
    size_t n, cap_of, cap_kind;
};

enum sp_life {
    SP_DOWN,       /* no connection */
    SP_STARTING,   /* connected: schema, statements, lease, outbox */
    SP_UP,
    SP_SICK,       /* connected, but writing fails (disk full, read-only): probing */
    SP_REFUSED,    /* a newer schema: for good */
};

struct store_pg {
    struct store head;
    struct event_sink sink;
    struct store_pg_cfg cfg;
    char *conninfo, *holder;
    struct pg *pg;
    enum sp_life life;
    enum err fault;
    char text[REASON_MAX];
    bool told_up, told_any; /* what the desk was last told */

    struct batch *building;
    struct batch_list queue, flight, unknown; /* flight: the one unit under way; unknown: intents to be looked up */
    struct batch_list words; /* about firings that are stored: queued at the next tick */
    struct unit_map map;
    struct outbox outbox;
    bool merging, merge_refused, merge_stuck;
    int merge_count; /* batches of the outbox that are being merged */

    uint64_t epoch;
    bool leads, told_leads;
    bool server_dead; /* the last attempt was refused by the host: nobody is served */
    char leader_name[64];
    int64_t lease_sent_us; /* when the last successful renewal was sent */
    bool prepared;
    int lease_units; /* lease statements without an answer */
    ev_timer lease_timer, spill_timer;

    struct map venue_of; /* account → venue, for the events of a load */
    int want_load; /* loads asked for and not yet done */
    bool loading;
    struct trades *trades; /* of the load under way */
    struct autos *autos;
    long long history_at; /* the last entry given */
    struct trade_key { int64_t closed_us; uint64_t id; } trade_at; /* the last closed position given: a load cut short gives none twice */
    ev_timer thin_timer;
    long thinned; /* rows the last statement deleted */
    int probes; /* unknown intents being looked up */
};

/* store_pg.c */
void sp_event(struct store_pg *s, struct event *ev);
void sp_note(struct store_pg *s, int level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void sp_go_up(struct store_pg *s);  /* everything is settled: tell, load, work */
void sp_sick(struct store_pg *s, const char *text, bool full);
void sp_step(struct store_pg *s);   /* whatever comes next while up or starting */
/* migrate.c */
void sp_migrate(struct store_pg *s); /* then sp_prepare */
/* statements.c */
void sp_prepare_all(struct pg *pg);
/* leader.c */
void leader_init(struct store_pg *s);
void leader_take(struct store_pg *s, void (*then)(struct store_pg *s));
void leader_lost(struct store_pg *s, const char *why);
void leader_tell(struct store_pg *s);
void leader_release(struct store_pg *s);
void leader_close(struct store_pg *s);
/* batch.c */
void batch_init(struct store_pg *s);
void batch_save(struct store_pg *s, const struct fx_save *rec);
void batch_pump(struct store_pg *s);
void batch_connection_lost(struct store_pg *s); /* flight ended: what becomes of waiting ones */
void batch_refuse_waiting(struct store_pg *s);  /* exits to the outbox, the rest STORE_DOWN */
void batch_look_up_unknown(struct store_pg *s); /* after a reconnect */
bool batch_merge_outbox(struct store_pg *s);    /* queues what is in the outbox; false when there is nothing */
void batch_close(struct store_pg *s);
bool batch_idle(const struct store_pg *s);
void batch_free(struct batch *b);
void batch_answer(struct store_pg *s, struct batch *b, enum err result, bool outbox); /* once; later ones are dropped */
bool batch_to_outbox(struct store_pg *s, struct batch *b); /* an exit, not answered yet: durable and answered */
void batch_refuse(struct store_pg *s, struct batch *b);    /* outbox or STORE_DOWN; frees it */
void batch_merge_progress(struct store_pg *s);             /* has the last batch of the outbox gone in? */
/* batch_answer.c */
void batch_on_result(void *ctx, int index, const PGresult *r);
void batch_on_unit(void *ctx, const struct pg_outcome *out);
bool error_is_sick(const char *sqlstate); /* the server can't write now */
/* retention.c */
void retention_init(struct store_pg *s);
void retention_close(struct store_pg *s);
/* load.c */
void load_start(struct store_pg *s);
/* load_trades.c: trades_rewind before the first piece of a new load; EVENT_LOAD_TRADE of every closed position, in pieces; then one of the two */
void trades_rewind(struct store_pg *s);
void trades_start(struct store_pg *s, void (*done)(struct store_pg *s), void (*failed)(struct store_pg *s, const struct pg_outcome *out));
/* load_auto.c: EVENT_WATCHES and EVENT_HISTORY, in pieces; then one of the two */
void autos_prepare(struct pg *pg);
void autos_start(struct store_pg *s, void (*done)(struct store_pg *s), void (*failed)(struct store_pg *s, const struct pg_outcome *out));
void autos_free(struct store_pg *s);

static inline void list_init(struct batch_list *l) {
    l->first = NULL;
    l->tail = &l->first;
}
static inline void list_push(struct batch_list *l, struct batch *b) {
    b->next = NULL;
    *l->tail = b;
    l->tail = &b->next;
}
static inline struct batch *list_pop(struct batch_list *l) {
    struct batch *b = l->first;
    if (b && !(l->first = b->next))
        l->tail = &l->first;
    return b;
}
static inline void list_push_front(struct batch_list *l, struct batch *b) {
    if (!(b->next = l->first))
        l->tail = &b->next;
    l->first = b;
}

#endif
