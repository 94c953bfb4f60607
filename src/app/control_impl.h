/* Inside of the control socket's server: control.c (connections, commands), control_view.c (attached viewers), control_tail.c
 * (readers of the event stream). */
#ifndef TURRET_APP_CONTROL_IMPL_H
#define TURRET_APP_CONTROL_IMPL_H

#include <ev.h>

#include "app/control.h"
#include "app/proto.h"
#include "app/records.h"
#include "app/tail.h"
#include "turret/io/ctl.h"
#include "turret/ui/command.h"

struct peer { /* one connection */
    struct peer *next;
    struct control *all;
    struct ctl_conn *conn;
    struct engine_client client;
    bool listed;            /* in the engine's list of clients */
    bool tail;              /* reads the event stream */
    struct tail_reader reader;
    uint64_t waiting;       /* token of the intent that waits for its answer, 0 = none */
    ev_timer late;
    char reads_as[SENTENCE_MAX];
    struct intent_brief asked; /* what the answer that is waited for is about */
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

/* Reads the event stream from now on (control_tail.c). */
void peer_tail(struct peer *p, const uint8_t *bytes, size_t n);
void peer_tail_end(struct peer *p);

/* Rows of the archive as the answer to a command (control_fetch.c). */
void fetch_start(struct peer *p, const struct archive_query *q);
void fetch_recall(struct peer *p, const struct archive_query *q, int argc, char **argv); /* and runs the command again */
void peer_run_recalled(struct peer *p, int argc, char **argv);
void fetch_rerun(struct peer *p, run_id run);
void fetch_gone(struct peer *p);

/* Records market data while the connection lasts (control_record.c). */
void record_start(struct peer *p, const uint8_t *bytes, size_t n);
void record_stop(struct peer *p, bool answer);

#endif
