/* A reconciliation from inside: pm_recon.c (the round), pm_recon_list.c (which tokens), pm_recon_holdings.c (how much of each), pm_recon_tell.c (what
 * that means). */
#ifndef TURRET_VENUE_POLYMARKET_PM_RECON_IMPL_H
#define TURRET_VENUE_POLYMARKET_PM_RECON_IMPL_H

#include "venue/polymarket/trade/pm_user_impl.h"

struct pm_holding { /* one outcome token */
    struct pm_recon *r;
    char token[PM_TOKEN_MAX], condition[PM_CONDITION_MAX];
    market_id market;      /* 0: not listed (yet) */
    uint8_t side;
    bool listed;           /* by the Data API */
    bool redeemable, refresh /* the CLOB is to look again first */, ask, asked, lost /* its market can't be listed */;
    qty listed_size, size; /* size: of the balance, as fresh as can be */
    price entry, worth;    /* of its own side; micro 0: not known */
};
struct pm_claim_told { market_id market; uint8_t side; qty size; bool seen; };

enum pm_recon_stage { RECON_IDLE, RECON_LISTS, RECON_MARKETS, RECON_BALANCES };
struct pm_recon {
    struct pm_recon *self; /* its address is what the calls for cash are dropped by */
    struct pm_user *u;
    uint64_t round;       /* 0: a look of our own at what is resolved; no RECON event */
    enum pm_recon_stage stage;
    int64_t started_us, born_us, look_us, looked_us;
    struct pm_read read;
    bool read_done, listed_done, advancing;
    int list_from, list_kind, pages;
    bool no_list_told;
    struct http_handle http;
    struct pm_holding **h;
    size_t count, cap;
    int waiting;          /* answers */
    bool cash_known;
    usd cash, allowance;
    struct map lost;      /* tokens whose market was asked for in vain: how often */
    struct pm_claim_told *claims;
    size_t claim_count, claim_cap;
    char why[REASON_MAX]; /* it can't be whole */
};

enum pm_due { PM_DUE_NOT, PM_DUE_CLAIM /* told, not claimed yet */, PM_DUE_NOW };
enum pm_due pm_settlements_due(const struct pm_recon *r);
void pm_recon_fail(struct pm_recon *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pm_recon_advance(struct pm_recon *r);

#define PM_BALANCES_MAX 120 /* asked in a round: the venue allows 200 in ten seconds */
struct pm_holding *pm_holding_get(struct pm_recon *r, const char *token);
/* Adds what the tracker and the Data API name; then the markets, then the balances. Each calls pm_recon_advance when it is through. */
void pm_holdings_list(struct pm_recon *r);
void pm_holdings_markets(struct pm_recon *r);
void pm_holdings_balances(struct pm_recon *r);
void pm_holdings_settled(struct pm_recon *r); /* balances of what is held in resolved markets */
void pm_holdings_drop(struct pm_recon *r); /* nothing more is wanted of them */
/* RECON_POSITION, settlements, claims, cash and funds of a round that is whole; outside of one settlements, claims and funds. */
void pm_recon_tell(struct pm_recon *r, int64_t now_us);

#endif
