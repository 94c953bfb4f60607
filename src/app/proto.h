/* What travels on the control socket: frame types and the few binary payloads. Requests and answers are JSON. */
#ifndef TURRET_APP_PROTO_H
#define TURRET_APP_PROTO_H

#include <stdint.h>

#define CTL_NAME "ctl"

enum proto_type {
    /* to the engine */
    PROTO_REQUEST = 'R', /* {"argv":[...],"confirm":bool,"dry_run":bool} or {"op":"stop|doctor|info|reload"} */
    PROTO_TAIL = 'T',    /* {"from": id} or {}: stream events until the connection ends */
    PROTO_RECORD = 'D', /* path: record market data to a tape until the connection ends, or an empty one ends it */
    PROTO_ATTACH = 'A',  /* {"w","h","readonly","ascii","theme"} */
    PROTO_KEY = 'K',     /* struct proto_key */
    PROTO_PASTE = 'P',   /* text */
    PROTO_FOCUS = 'F',   /* u8 */
    PROTO_SIZE = 'W',    /* struct proto_size */
    PROTO_SHOWN = 'S',   /* the last frame is on the terminal */
    /* from the engine */
    PROTO_ANSWER = 'r',  /* JSON */
    PROTO_EVENT = 'e',   /* one JSON object of the tail stream */
    PROTO_FRAME = 'f',   /* canvas_encode */
    PROTO_EMIT = 'o',    /* bytes for the terminal */
    PROTO_THEME = 'h',   /* name */
    PROTO_SUSPEND = 'z',
    PROTO_BYE = 'q',     /* why: a sentence; "" = detached by the user */
};

struct proto_key { uint32_t key; uint8_t burst, pad[3]; };
struct proto_size { uint16_t w, h; };

#define VIEWER_SIDE_MAX 1000 /* columns or rows a viewer may ask for */

#endif
