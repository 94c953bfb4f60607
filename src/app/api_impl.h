/* Inside of the order API: api.c (routes, answers, waiting intents), api_auth.c (who may ask), api_body.c (reading what was sent),
 * api_orders.c (orders and positions), api_keys.c (the same request twice), api_events.c (the event stream). */
#ifndef TURRET_APP_API_IMPL_H
#define TURRET_APP_API_IMPL_H

#include <cjson/cJSON.h>
#include <ev.h>

#include "app/api.h"
#include "app/records.h"
#include "turret/base/json.h"
#include "turret/base/map.h"
#include "turret/io/httpd.h"
#include "turret/ui/command.h"

#define API_CONNECTIONS 64
#define API_STREAMS 8
#define API_BODY_MAX 65536u
#define API_STREAM_UNSENT (8u << 20) /* more than all lines that the hub keeps */
#define API_TIMEOUT_MS 10000
#define API_LIST_MAX 1000
#define API_KEY_MAX 64    /* characters of a clientId */
#define API_KEYS_KEPT 8192 /* first answers in memory; behind that the order itself answers */
#define API_DIGEST 32
#define API_PATH "/api/v1/"
#define API_DAY_US 86400000000LL

struct api_wait { /* a request whose intent is on its way, or that waits for another one with the same key */
    struct api_wait *next;
    httpd_handle h;
    bool gone;          /* the client is */
    bool position;      /* it is about a position: that is shown */
    uint64_t token;     /* 0: waits for the one with the same key */
    int64_t until_us;   /* monotonic */
    order_id subject;   /* order or position it is about; 0 = the new one */
    uint64_t key;       /* of its clientId; 0 = none */
    char client_id[API_KEY_MAX + 1];
};

struct api_key { /* a clientId that was used */
    uint64_t key;
    uint8_t digest[API_DIGEST]; /* of what was asked */
    int64_t at_us;
    bool pending;
    int status;
    char *body; /* the first answer */
};

struct api_stream { bool used; struct api *all; httpd_handle h; struct tail_reader reader; };

struct api {
    struct engine *engine;
    struct tail *tail;
    struct httpd *httpd;
    struct engine_client client;
    bool anywhere;
    uint8_t token[API_DIGEST]; /* its digest */
    struct api_wait *waits;
    ev_timer tick;
    unsigned refused, refused_told; /* without a valid token */
    int64_t told_us;
    /* clientIds: those of this process with their first answer, oldest first, and all orders that came with one */
    struct api_key *keys[API_KEYS_KEPT];
    unsigned key_at;
    struct map key_map, key_orders;
    uint64_t key_epoch;
    bool keys_known;
    struct api_stream streams[API_STREAMS];
    uint32_t stream_tag; /* ids of another process are not ours */
};

/* --- answers --- */
struct api_fault { enum err err; int status; /* 0 = the code's */ char text[NOTE_MAX]; };
bool api_fault(struct api_fault *f, enum err e, const char *fmt, ...) __attribute__((format(printf, 3, 4))); /* false */
void api_answer(struct api *a, httpd_handle h, int status, cJSON *doc); /* frees doc */
void api_answer_text(struct api *a, httpd_handle h, int status, const char *body, bool again);
/* order: NULL, or what became of it; freed. */
void api_refuse(struct api *a, httpd_handle h, const struct api_fault *f, cJSON *order);
cJSON *api_error_json(const struct api_fault *f, cJSON *order);
int api_fault_status(const struct api_fault *f);

/* --- who may ask (api_auth.c) --- */
enum err api_token_read(struct api *a, const char *data_dir, char *text, size_t cap);
bool api_may(struct api *a, const struct httpd_request *r, struct api_fault *f);

/* --- what was sent (api_body.c) --- */
struct api_order {
    char market[MARKET_SYMBOL_MAX + 14], account[STRATEGY_MAX]; /* "polymarket:SYMBOL" */
    char client_id[API_KEY_MAX + 1];
    int side, type, action, tif, route; /* -1 = not given */
    int64_t amount, quantity, price, take_profit, stop_loss; /* micro, 0 = not given */
    int64_t leverage, expires_us;
    bool preview, reduce_only, post_only, live;
};
struct api_exits { bool has_target, has_stop; int64_t target, stop; /* micro; 0 = remove */ };
struct api_filter { char state[16], market[MARKET_SYMBOL_MAX + 14], account[STRATEGY_MAX]; int limit; };
bool api_read_order(const char *body, size_t n, struct api_order *out, struct api_fault *f);
bool api_read_exits(const char *body, size_t n, struct api_exits *out, struct api_fault *f);
bool api_read_filter(const char *query, bool states, struct api_filter *out, struct api_fault *f);
bool api_client_id_ok(const char *s);

/* --- intents --- */
/* Runs the words as the command line does: the intent, or the fault with the same code and sentence. */
bool api_words(struct api *a, int argc, char **argv, struct command_result *r, struct api_fault *f);
/* Proposes it; the answer comes with the desk's. w: what the waiting request is; copied. */
void api_propose(struct api *a, const struct intent *in, const struct api_wait *w);
struct api_wait *api_wait_add(struct api *a, const struct api_wait *w);

/* --- routes --- */
void api_order_post(struct api *a, const struct httpd_request *r, const char *id);
void api_order_list(struct api *a, const struct httpd_request *r, const char *id);
void api_order_get(struct api *a, const struct httpd_request *r, const char *id);
void api_order_delete(struct api *a, const struct httpd_request *r, const char *id);
void api_position_list(struct api *a, const struct httpd_request *r, const char *id);
void api_position_exits(struct api *a, const struct httpd_request *r, const char *id);
void api_events(struct api *a, const struct httpd_request *r, const char *id);
void api_events_end(struct api *a, httpd_handle h);
cJSON *api_order_json(struct api *a, const struct order *o);
cJSON *api_position_json(struct api *a, const struct order *o);

/* --- the same request twice (api_keys.c) --- */
uint64_t api_key_of(const char *client_id); /* also what the order keeps as its link */
void api_digest(const void *bytes, size_t n, uint8_t out[API_DIGEST]);
/* The order that came with this clientId within a day; NULL = none that is known. */
const struct order *api_key_order(struct api *a, uint64_t key);
/* True: it was answered (or waits) as a repetition. False: it is new and is kept as pending. */
bool api_key_again(struct api *a, httpd_handle h, const struct api_order *q);
/* The first answer; keep false: nothing came of it, the clientId is free again. */
void api_key_settle(struct api *a, uint64_t key, int status, const char *body, bool keep);
void api_key_saved(struct api *a, const struct fx_save *rec);
void api_keys_free(struct api *a);

#endif
