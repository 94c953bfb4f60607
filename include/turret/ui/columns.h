/* Columns as rows: how a position, order, fill, market, account ... shows as text and as JSON. The panes, the command
 * line's tables and its JSON are all made from these tables. */
#ifndef TURRET_UI_COLUMNS_H
#define TURRET_UI_COLUMNS_H

#include <cjson/cJSON.h>

#include "turret/desk/view.h"
#include "turret/ui/canvas.h"

struct column_value {
    char text[MARKET_TITLE_MAX]; /* for people */
    char raw[MARKET_TITLE_MAX];  /* for JSON: exact decimal, RFC 3339 time, enum name; "" = null */
    bool number;                 /* raw stays a string in JSON (decimals), this only aligns it right */
    bool json_number;            /* small integers: a JSON number */
    enum role role;
};
struct column {
    const char *key, *title;  /* JSON key (never renamed), column head */
    int width;                /* preferred; 0 = takes what is left */
    bool right;
    int priority;             /* 0 always shown, larger dropped first when narrow; < 0 only in JSON and with :cols */
    void (*get)(const struct desk *view, const void *row, int64_t now_us, struct column_value *out);
    int64_t (*sort)(const struct desk *view, const void *row); /* NULL: by text */
};
struct column_table {
    const char *name; /* "positions", "orders", "fills", "markets", "accounts", "book", "notices", "pnl" */
    const struct column *columns;
    int count;
};
const struct column_table *column_table(const char *name);
/* A row as a JSON object with every column. */
cJSON *columns_json(const struct column_table *t, const struct desk *view, const void *row, int64_t now_us);

#endif
