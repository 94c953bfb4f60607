/* What the tools of the command line share (login, search, cancel-all): addresses of the venue, key, session, and the parts of a request. */
#ifndef TURRET_VENUE_POLYMARKET_PM_TOOL_H
#define TURRET_VENUE_POLYMARKET_PM_TOOL_H

#include <ev.h>

#include "turret/base/str.h"
#include "venue/polymarket/trade/pm_clob.h"

struct pm_tool {
    struct pm_hosts hosts;      /* all set; own copies */
    char *copies[5];
    struct pm_key *key;         /* NULL: none, or not a key */
    bool key_given;
    struct pm_clob *clob;
    int64_t chain_id;
    int signature_type;
    char wallet[PM_ADDRESS_TEXT + 21], *secrets_dir;
    ev_timer first;             /* the work begins on the next turn of the loop */
    bool *gone;                 /* set when the tool is freed from inside of its own callback */
};
void pm_tool_open(struct pm_tool *t, const struct pm_hosts *hosts, const struct pm_account_cfg *account, int64_t chain_id, void (*begin)(void *ctx), void *ctx);
void pm_tool_close(struct pm_tool *t);
bool pm_tool_real(const struct pm_tool *t); /* Polymarket's own address, no test's */
void pm_tool_encode(struct str *out, const char *text); /* into a query */

#endif
