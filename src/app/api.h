/* The order API over HTTP (turret-api(7)): the founding trading controller and the event stream, for programs on this machine. Every
 * order takes the same way as one typed at the command line and gets the same codes. */
#ifndef TURRET_APP_API_H
#define TURRET_APP_API_H

#include "app/tail.h"

#define API_TOKEN_FILE "api-token"

struct api;

struct api_cfg {
    const char *listen;   /* "127.0.0.1:8417" */
    bool anywhere;        /* not only this machine's addresses */
    const char *data_dir; /* where the token is */
    struct engine *engine;
    struct tail *tail;
};

/* ERR_CONFIG, ERR_IO: the address; ERR_CREDENTIALS: the token's file is not safe. It is made at first use, with new randomness. */
enum err api_open(const struct api_cfg *cfg, struct api **out, char *text, size_t cap);
void api_close(struct api *a);
const char *api_address(const struct api *a);

/* For the man page: routes ("POST /api/v1/trading/order") and the fields of an order, NULL at the end. */
struct api_doc { const char *method, *name, *help; };
bool api_route_doc(int i, struct api_doc *out);
bool api_field_doc(int i, struct api_doc *out);
#endif
