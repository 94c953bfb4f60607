/* JSON of what the desk keeps and says, the same for the control socket, the event stream and the order API. */
#ifndef TURRET_APP_RECORDS_H
#define TURRET_APP_RECORDS_H

#include <cjson/cJSON.h>

#include "turret/desk/view.h"

/* {"type":"order",...}, "fill", "notice": one record of the event stream; NULL for kinds that are not told. */
cJSON *record_json(const struct desk *view, const struct fx_save *rec);
cJSON *notice_json(const struct desk *view, const struct fx_notice *n, int64_t now_us);
cJSON *reply_json(const struct desk *view, const struct fx_reply *r, const char *reads_as);
cJSON *preview_json(const struct desk *view, const struct intent *in, const char *reads_as);
cJSON *route_json(const struct desk *view, const struct route *r); /* the venues compared */
void json_add_dec(cJSON *o, const char *key, int64_t micro); /* a decimal string */

#endif
