/* What a WebSocket was asked for, checked and copied: URL, headers, limits with their defaults. */
#ifndef TURRET_IO_WS_SETUP_H
#define TURRET_IO_WS_SETUP_H

#include "turret/io/ws.h"

struct ws_setup {
    struct ws_cfg cfg; /* defaults filled in; url and headers NULL: they are here */
    char *url;         /* http or https, for curl */
    char *host, *target, **headers, *ping_text;
};
/* NULL: good. Else why it is not allowed; _free all the same. */
const char *ws_setup_take(struct ws_setup *s, const struct ws_cfg *cfg);
void ws_setup_free(struct ws_setup *s);

#endif
