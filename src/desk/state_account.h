/* The desk's state of an account. Included by desk/state.h. */
#ifndef TURRET_DESK_STATE_ACCOUNT_H
#define TURRET_DESK_STATE_ACCOUNT_H

struct recon_pos { market_id market; uint8_t side; qty net; price entry; };
struct acct {
    struct account a;
    usd cash;
    bool cash_known, day_known, day_paused, day_lifted, saved;
    usd realized, fees, funding, start_equity; /* of d->day */
    bool reconciled, once, asking;
    bool first_look;       /* a live account nothing was ever booked of: what the venue has is where it begins */
    bool opened;           /* that was done */
    bool recon_cash_known;
    uint8_t tries, mismatches;
    uint64_t round, mismatch_sum;
    int64_t asked_us, next_us;
    usd recon_cash;
    struct recon_pos *recon;
    size_t recon_count, recon_cap;
    struct holding *holdings;
    struct view_equity *equity;
    size_t equity_count, equity_cap;
    struct view_day *days; /* closed days, oldest first */
    size_t day_count, day_cap;
    struct metrics *metrics;
    int rejects;           /* refusals by the venue in a row */
    usd equity_peak;       /* since the start or the last reset */
    uint8_t feed;          /* bits of enum feed_kind to tell at the end of the step */
    int provisional;       /* fills that are not settled */
    bool live_on;          /* a person has set this live account live */
    bool funds_known;
    struct ev_funds funds; /* as the venue says */
    struct ev_claim *claims;
    size_t claim_count, claim_cap;
    usd base_cash, other_cash; /* at load; ledger entries since that are no fills (audit) */
    size_t audit_from;         /* first fill after that */
};

#endif
