/* Inside of the control socket's server: control.c (connections, commands), control_view.c (attached viewers), records.c (JSON of
 * what the desk keeps). */
#ifndef TURRET_APP_CONTROL_IMPL_H
#define TURRET_APP_CONTROL_IMPL_H

#include <ev.h>

#include "app/control.h"
#include "app/proto.h"
#include "turret/io/ctl.h"

struct peer { /* one connection */
    struct peer *next;
    struct control *all;
    struct ctl_conn *conn;
    struct engine_client client;
    bool listed;            /* in the engine's list of clients */
    bool tail, tail_gap;    /* reads the event stream; missed some of it */
    uint64_t waiting;       /* token of the intent that waits for its answer, 0 = none */
    ev_timer late;
    char reads_as[NOTE_MAX];
    struct viewer_end *viewer;
    struct fetch *fetch; /* rows it waits for */
    struct tape_recorder *recorder;
};

void peer_answer_error(struct peer *p, enum err e, const char *msg, const char *order);
void peer_answer_data(struct peer *p, cJSON *data, const char *table, const char *text);

struct control {
    struct engine *engine;
    struct peer *recording; /* who has the one recorder */
    struct peer *peers;
    struct tail *tail;
    int tails; /* readers of the event stream */
    struct frames *frames;
    struct ctl_server *server;
    struct control_host host;
    struct session_cfg defaults;
};

void peer_send_json(struct peer *p, uint8_t type, cJSON *doc); /* frees doc */
void peer_listen(struct peer *p);                              /* joins the engine's clients */

/* An attached viewer's frames; false: not for viewers, or malformed. */
bool viewer_attach(struct peer *p, const uint8_t *bytes, size_t n);
bool viewer_frame(struct peer *p, uint8_t type, const uint8_t *bytes, size_t n);
void viewer_gone(struct peer *p);

/* The event stream (control_tail.c). */
void tail_open(struct control *c);
void tail_close(struct control *c);
void tail_start(struct peer *p, const uint8_t *bytes, size_t n);
void tail_gone(struct peer *p);

/* Rows of the archive as the answer to a command (control_fetch.c). */
void fetch_start(struct peer *p, const struct archive_query *q);
void fetch_recall(struct peer *p, const struct archive_query *q, int argc, char **argv); /* and runs the command again */
void peer_run_recalled(struct peer *p, int argc, char **argv);
void fetch_rerun(struct peer *p, run_id run);
void fetch_gone(struct peer *p);

/* Records market data while the connection lasts (control_record.c). */
void record_start(struct peer *p, const uint8_t *bytes, size_t n);
void record_stop(struct peer *p, bool answer);

/* {"type":"order",...}, "fill", "notice": one record of the tail stream; NULL for kinds that are not told. */
cJSON *record_json(const struct desk *view, const struct fx_save *rec);
cJSON *notice_json(const struct desk *view, const struct fx_notice *n, int64_t now_us);
cJSON *reply_json(const struct desk *view, const struct fx_reply *r, const char *reads_as);
cJSON *preview_json(const struct desk *view, const struct intent *in, const char *reads_as);

#endif
