/* The login's checks from inside: pm_login.c goes through the table, pm_login_funds.c holds the checks of the account. Each check ends in exactly one
 * login_report, its last statement: the login may be gone afterwards. */
#ifndef TURRET_VENUE_POLYMARKET_PM_LOGIN_H
#define TURRET_VENUE_POLYMARKET_PM_LOGIN_H

#include "venue/polymarket/tool/pm_tool.h"

struct pm_login {
    struct pm_tool t;
    bool create;
    pm_check_fn *check;
    pm_end_fn *end;
    void *ctx;
    size_t step;
    enum err worst;
    int failed, warned;
    char worst_text[REASON_MAX * 2 + 32];
    bool reachable, accepted /* by L2 */;
    struct http_handle place;
    bool asking_place;
    /* funds */
    bool updated, funds_known;
    int probe, found_type;      /* which signature type is being asked; where something was found, -1 nowhere */
    usd balance, found;
    struct { bool told; usd amount; } allowed[3]; /* by enum pm_exchange */
    /* orders */
    int orders, others;
    char other[PM_ADDRESS_TEXT];
};

void login_report(struct pm_login *l, enum pm_check_state state, enum err e, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void login_call(struct pm_login *l, const char *method, const char *path, const char *query, enum pm_auth auth, enum pm_bucket bucket, pm_call_fn *done);

void login_key(struct pm_login *l);
void login_wallet(struct pm_login *l);
void login_balance(struct pm_login *l);
void login_allowances(struct pm_login *l);
void login_orders(struct pm_login *l);

#endif
