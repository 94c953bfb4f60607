/* Answers of the Data API: pages as trades of a wallet, errors, the clock. */
#ifndef TURRET_VENUE_POLYMARKET_PM_ACTIVITY_ROWS_H
#define TURRET_VENUE_POLYMARKET_PM_ACTIVITY_ROWS_H

#include "venue/polymarket/market/pm_parse.h"

struct act_row { /* one trade of the wallet */
    int64_t at_s;
    uint64_t what, key;             /* of the transaction and what was traded; of `trade` */
    price px;
    qty size;
    enum order_action action;
    char condition[PM_CONDITION_MAX], token[PM_TOKEN_MAX];
    char trade[VENUE_ORDER_ID_MAX]; /* the same in every answer, unique: transaction, what was traded, which of equal ones */
};
struct act_page {
    struct act_row *rows;           /* newest first; free */
    int n, seen /* rows of any kind */, ignored /* other kinds, other wallets, combos */, bad;
    int64_t oldest_s;               /* of all rows, INT64_MAX none */
    bool more;
    char cursor[512];               /* for the next page, "" none */
    char why[160];                  /* the first row that could not be read */
};
/* False: not such an answer at all (why says so). */
bool act_page_read(const struct json *root, const char *wallet, struct act_page *out);
/* Newest first to oldest first; equal seconds keep the venue's order. */
void act_rows_order(struct act_row *rows, size_t n);
/* Their clock less ours, by the head of an answer that was made just now; else it stays. */
void act_clock(const struct http_answer *a, int64_t *skew_us);
/* Why an answer is none: its failure, or its status and what its body says ({error, code, retryable, ...}); foreign. */
void act_error_text(const struct http_answer *a, char *out, size_t cap);

#endif
