/* Columns as rows: how a position, order, fill, market, account ... shows as text and as JSON. The panes, the command
 * line's tables and its JSON are all made from these tables. */
#ifndef TURRET_UI_COLUMNS_H
#define TURRET_UI_COLUMNS_H

#include <cjson/cJSON.h>

#include "turret/desk/view.h"
#include "turret/ui/canvas.h"

#define COLUMN_TEXT_MAX 400 /* a whole sentence about an automation */

struct column_value {
    char text[COLUMN_TEXT_MAX]; /* for people */
    char raw[COLUMN_TEXT_MAX];  /* for JSON: exact decimal, RFC 3339 time, enum name; "" = null */
    bool number;                 /* raw stays a string in JSON (decimals), this only aligns it right */
    bool json_number;            /* small integers: a JSON number; "true" and "false": a JSON boolean */
    enum role role;
};
struct column {
    const char *key, *title;  /* JSON key (never renamed), column head */
    int width;                /* preferred; 0 = takes what is left */
    bool right;
    int priority;             /* 0 always shown, larger dropped first when narrow; < 0 only in JSON and with :cols */
    bool money;               /* hidden by H */
    void (*get)(const struct desk *view, const void *row, int64_t now_us, struct column_value *out);
    int64_t (*sort)(const struct desk *view, const void *row); /* NULL: by text */
};
struct column_table {
    const char *name;
    const struct column *columns;
    int count;
};
/* What `row` points to, by table:
 *   positions, orders  struct order        fills    struct fill         markets  struct view_market
 *   accounts           struct view_account notices  struct view_notice  pnl      struct view_pnl
 *   days               struct view_day     equity   struct view_equity  book     struct book_row
 *   trades             struct view_trade   limits   struct limit_row    models   struct view_model
 *   leaderboard        struct standing     runs     struct run_info      snipers, alerts  struct watch
 *   follows            struct follow       history  struct history       follow_trades    struct follow_trade
 *   daily              struct day_row     venues   struct venue_row     claims   struct ev_claim
 *   links              struct market_link  remarks  struct remark        refusals         struct view_refusal */
struct day_row { struct view_day d; usd llm; bool llm_known; };
struct venue_row { enum venue_id id; struct view_venue v; };
struct book_row { uint8_t side /* enum book_side */; market_id market; price px; qty size, total /* from the top */, own; };
struct standing { account_id account; int rank; /* 0 = too few trades to rank */ };
struct limit_row { int index; int64_t value; account_id account; };

/* NULL for an unknown name. */
const struct column_table *column_table(const char *name);
const struct column *column_find(const struct column_table *t, const char *key); /* NULL if there is none */
/* "500 USD", "20%", "off": a risk limit's value as its kind wants it; `raw` the exact decimal. */
void limit_text(const struct risk_limit_info *info, int64_t value, char text[64], char raw[64]);
usd account_claims(const struct view_account *a); /* all winnings to be claimed */
/* Paper and real money side by side? Then rows say which is whose. */
bool accounts_mixed(const struct desk *view);
/* Every venue that has accounts or a connection, or had one. The count. */
int venue_rows(const struct desk *view, struct venue_row *out, int max);
#define VENUE_SILENT_US 20000000 /* a real venue's stream is pinged every 10 s */
enum venue_state { VENUE_IS_OK, VENUE_IS_STALE, VENUE_NO_DATA, VENUE_IS_DOWN };
enum venue_state venue_state(const struct desk *view, const struct view_venue *v, int64_t now_us);
int64_t venue_heard_us(const struct view_venue *v); /* 0 never */
/* Every account that counts, by return; those with too few trades after the others. The count. */
int standings(const struct desk *view, struct standing *out, int max);
struct runs;
/* P&L by day of an account (0 = all together) with what its models cost, newest first. The count. */
int day_rows(const struct desk *view, const struct runs *runs, account_id a, int64_t now_us, struct day_row *out, int max);
/* A row as a JSON object with every column. */
cJSON *columns_json(const struct column_table *t, const struct desk *view, const void *row, int64_t now_us);

#endif
