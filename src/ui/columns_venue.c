/* Columns of venues (how their connections are) and of winnings to be claimed there. */
/* clang-format off: tables, one row a column */
#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"
#include "ui/columns_private.h"

int venue_rows(const struct desk *view, struct venue_row *out, int max) {
    bool used[VENUE_COUNT] = {0};
    struct view_account va;
    int n = 0;
    for (int i = 0; view_account_at(view, i, &va); i++)
        used[va.a->venue < VENUE_COUNT ? va.a->venue : 0] = true;
    for (int v = 1; v < VENUE_COUNT && n < max; v++) {
        struct venue_row *r = &out[n];
        view_venue(view, (enum venue_id)v, &r->v);
        r->id = (enum venue_id)v;
        n += used[v] || r->v.up || r->v.health_known || r->v.last_data_us;
    }
    return n;
}

/* With word of the connection its last byte counts: a quiet market is not a lost one. */
int64_t venue_heard_us(const struct view_venue *v) { return v->health_known && v->health.market_us ? v->health.market_us : v->last_data_us; }

enum venue_state venue_state(const struct desk *view, const struct view_venue *v, int64_t now_us) {
    const int64_t heard = venue_heard_us(v), limit = v->health_known ? VENUE_SILENT_US : view_limits(view)->max_data_age * 1000;
    if (!v->up || (v->health_known && !v->health.market_up))
        return VENUE_IS_DOWN;
    return !heard ? VENUE_NO_DATA : now_us - heard > limit ? VENUE_IS_STALE : VENUE_IS_OK;
}

#define VR struct venue_row

static void set_ms(struct column_value *out, bool known, int64_t us, bool calm) {
    if (!known) {
        str_copy(out->text, sizeof out->text, "-");
        return;
    }
    column_set_int(out, us / 1000);
    if (calm)
        format_age_calm(us, out->text);
    else
        format_age(us, out->text);
}

COLUMN_GET(get_venue, VR)
    column_set_pair(out, venue_label(r->id), venue_name(r->id));
    out->role = ROLE_STRONG;
COLUMN_GET_END
COLUMN_GET(get_up, VR) column_set_bool(out, r->v.up, "up"); COLUMN_GET_END
COLUMN_GET(get_reconciled, VR) column_set_bool(out, r->v.reconciled, "yes"); COLUMN_GET_END
COLUMN_GET(get_state, VR)
    static const struct { const char *text, *raw; enum role role; } states[] = {
        [VENUE_IS_OK] = {"ok", "ok", ROLE_OK}, [VENUE_IS_STALE] = {"STALE", "stale", ROLE_STALE}, [VENUE_NO_DATA] = {"no data", "no_data", ROLE_WARN},
        [VENUE_IS_DOWN] = {"DOWN", "down", ROLE_ALERT}};
    const enum venue_state st = venue_state(view, &r->v, now_us);
    column_set_pair(out, states[st].text, states[st].raw);
    out->role = states[st].role;
COLUMN_GET_END
COLUMN_GET(get_market_age, VR) set_ms(out, venue_heard_us(&r->v) > 0, now_us - venue_heard_us(&r->v), true); COLUMN_GET_END
COLUMN_GET(get_user, VR)
    static const char *const states[] = {"down", "up", "none"};
    if (!r->v.health_known) {
        str_copy(out->text, sizeof out->text, "-");
        return;
    }
    const int user = r->v.health.user_up < 3 ? r->v.health.user_up : 0;
    column_set_text(out, states[user]);
    if (user == 0)
        out->role = ROLE_ALERT;
    else if (user == 2)
        out->role = ROLE_MUTED;
COLUMN_GET_END
COLUMN_GET(get_user_age, VR) set_ms(out, r->v.health_known && r->v.health.user_us > 0, now_us - r->v.health.user_us, true); COLUMN_GET_END
COLUMN_GET(get_latency, VR) set_ms(out, r->v.health_known && r->v.health.latency_us > 0, r->v.health.latency_us, false); COLUMN_GET_END
COLUMN_GET(get_rate, VR)
    if (!r->v.health_known || r->v.health.rate_size <= 0) {
        str_copy(out->text, sizeof out->text, "-");
        return;
    }
    column_set_int(out, r->v.health.rate_left);
    snprintf(out->text, sizeof out->text, "%d/%d", r->v.health.rate_left, r->v.health.rate_size);
    if (r->v.health.rate_left * 10 < r->v.health.rate_size)
        out->role = ROLE_WARN;
COLUMN_GET_END
COLUMN_GET(get_rate_size, VR) if (r->v.health_known && r->v.health.rate_size > 0) column_set_int(out, r->v.health.rate_size); COLUMN_GET_END
COLUMN_GET(get_reconnects, VR) if (r->v.health_known) column_set_int(out, r->v.health.reconnects); else str_copy(out->text, sizeof out->text, "-"); COLUMN_GET_END
COLUMN_GET(get_skew, VR)
    if (!r->v.health_known) {
        str_copy(out->text, sizeof out->text, "-");
        return;
    }
    column_set_int(out, r->v.health.skew_us / 1000);
    snprintf(out->text, sizeof out->text, "%+lldms", (long long)(r->v.health.skew_us / 1000));
    if (r->v.health.skew_us > 5000000 || r->v.health.skew_us < -5000000)
        out->role = ROLE_WARN;
COLUMN_GET_END
COLUMN_GET(get_books, VR) if (r->v.health_known) column_set_int(out, r->v.health.books); else str_copy(out->text, sizeof out->text, "-"); COLUMN_GET_END
COLUMN_GET(get_cancel_only, VR) column_set_bool(out, r->v.health_known && r->v.health.cancel_only, "cancel-only"); COLUMN_GET_END
COLUMN_GET(get_text, VR)
    column_set_text(out, r->v.text);
    if (r->v.health_known && r->v.health.cancel_only && !r->v.text[0])
        str_copy(out->text, sizeof out->text, "takes cancels only");
    if (!r->v.reconciled && r->v.up && !out->text[0])
        str_copy(out->text, sizeof out->text, "reconciling");
COLUMN_GET_END
COLUMN_GET(get_last_data, VR) column_set_time(out, r->v.last_data_us); COLUMN_GET_END

static const struct column venues[] = {
    {"venue", "ven", 4, false, 0, false, get_venue, NULL},
    {"state", "state", 7, false, 0, false, get_state, NULL},
    {"market_age_ms", "data", 6, true, 0, false, get_market_age, NULL},
    {"user_stream", "orders", 6, false, 1, false, get_user, NULL},
    {"user_age_ms", "heard", 6, true, 3, false, get_user_age, NULL},
    {"latency_ms", "latency", 7, true, 1, false, get_latency, NULL},
    {"rate_left", "rate", 9, true, 2, false, get_rate, NULL},
    {"reconnects", "reconn", 6, true, 3, false, get_reconnects, NULL},
    {"clock_skew_ms", "skew", 8, true, 4, false, get_skew, NULL},
    {"books", "books", 5, true, 4, false, get_books, NULL},
    {"text", "", 0, false, 0, false, get_text, NULL},
    {"up", "up", 4, false, -1, false, get_up, NULL},
    {"reconciled", "reconciled", 10, false, -1, false, get_reconciled, NULL},
    {"cancel_only", "cancel only", 11, false, -1, false, get_cancel_only, NULL},
    {"rate_size", "rate size", 9, true, -1, false, get_rate_size, NULL},
    {"last_data_at", "last data", 9, false, -1, false, get_last_data, NULL},
};
const struct column_table columns_venues = {"venues", venues, sizeof venues / sizeof *venues};

/* --- winnings --- */
#define CL struct ev_claim
COLUMN_GET(get_claim_account, CL) column_set_account(out, view, r->account); COLUMN_GET_END
COLUMN_GET(get_claim_market, CL) column_set_market(out, view, r->market); COLUMN_GET_END
COLUMN_GET(get_claim_side, CL) column_set_side(out, (enum order_side)r->side); COLUMN_GET_END
COLUMN_GET(get_claim_size, CL) column_set_size(out, column_market(view, r->market), r->size); COLUMN_GET_END
COLUMN_GET(get_claim_amount, CL)
    column_set_usd(out, r->amount);
    out->role = ROLE_UP;
COLUMN_GET_END
COLUMN_GET(get_claim_where, CL) column_set_text(out, r->where); COLUMN_GET_END
static const struct column claims[] = {
    {"account", "account", 8, false, 2, false, get_claim_account, NULL},
    {"market", "market", 0, false, 0, false, get_claim_market, NULL},
    {"side", "side", 5, false, 1, false, get_claim_side, NULL},
    {"size", "size", 8, true, 1, false, get_claim_size, NULL},
    {"amount", "amount", 10, true, 0, true, get_claim_amount, NULL},
    {"where", "where", 34, false, 3, false, get_claim_where, NULL},
};
const struct column_table columns_claims = {"claims", claims, sizeof claims / sizeof *claims};
