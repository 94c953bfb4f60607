/* The codec between records and rows: one table row a column, from which INSERT, UPDATE and SELECT are made. */
#ifndef STORE_PG_ROWS_H
#define STORE_PG_ROWS_H

#include "turret/base/str.h"
#include "turret/desk/effect.h"

#include <libpq-fe.h>

enum col_kind {
    COL_INT,  /* any integer by its size, unsigned; 8 bytes go through as bigint's bits */
    COL_DEC,  /* int64 millionths as numeric */
    COL_TIME, /* int64 microseconds as timestamptz */
    COL_ENUM, /* a word of `words` */
    COL_TEXT, /* char[size] */
    COL_BOOL,
    COL_FLAG, /* bit `bit` of a uint8 */
    COL_ERR,  /* enum err as its name */
    COL_PLAN, /* struct exit_plan as jsonb */
    COL_RULES, /* read of it: what moves or comes in parts */
    COL_ROUTE, /* struct route as jsonb, null without options */
    COL_PACKED, /* the whole struct watch (watch_pack.h) */
    COL_E4,   /* ten-thousandths, unsigned, as numeric: 200 = 0.02 */
    COL_AVG,  /* value at `off` per quantity at `guard`, null for none */
    COL_LIMITS, /* struct agent_limits as jsonb */
    COL_SIGN, /* signed small integer, with `absent` for SQL null */
};
enum col_flag {
    COL_NULL = 1,       /* 0 and "" are SQL null */
    COL_WRITE_ONLY = 2, /* a cache of another column: not read back */
    COL_READ_ONLY = 4,
    COL_KEY = 8, /* of the primary key: not updated */
    COL_IF_SET = 16, /* written only where the guard column is set (trigger price of a working exit) */
};
struct col {
    const char *name, *type;
    enum col_kind kind;
    size_t off, size;
    unsigned flags;
    const char *(*word)(int v); /* COL_ENUM */
    int bit;
    size_t guard;       /* COL_IF_SET: offset of a uint64; COL_AVG: of the quantity */
    const char *select; /* expression to read instead of the name */
    const char *bind;   /* expression to write, with one %d for the parameter's number */
};
struct row_type {
    const char *table;
    const struct col *cols;
    int n;
};
extern const struct row_type row_order, row_intent /* its first columns: no position */, row_event, row_fill, row_ledger, row_setting, row_market, row_equity, row_day, row_account, row_model;
extern const struct row_type row_watch, row_fire /* what a firing changes */, row_follow, row_follow_trade, row_link, row_history, row_remark;
#define WATCH_WORDS 6
extern const char *(*const watch_words[WATCH_WORDS])(int); /* kind, status, figure, direction, side, action */
#define PG_EPOCH_US 946684800000000LL /* 2000-01-01: what the server counts from */

#define BIND_MAX 80
struct binder { /* parameters of one statement; texts live in buf */
    const char *values[BIND_MAX];
    int lens[BIND_MAX], formats[BIND_MAX];
    int n;
    size_t used;
    char buf[8192];
};
void bind_reset(struct binder *b);
void bind_u64(struct binder *b, uint64_t v);
void bind_text(struct binder *b, const char *text);
void bind_row(struct binder *b, const struct row_type *t, const void *row);

int row_params(const struct row_type *t);                          /* how many parameters bind_row makes */
void row_names(struct str *s, const struct row_type *t);           /* "id, num, ..." as written */
void row_values(struct str *s, const struct row_type *t, int from); /* "$from::bigint, ..." */
void row_sets(struct str *s, const struct row_type *t, int from);  /* "num = $2::integer, ..." without the key; 0 = excluded.* */
void row_select(struct str *s, const struct row_type *t, const char *prefix);
/* Reads the columns of row_select, starting at column `at`, into a zeroed record. */
void row_read(const PGresult *r, int line, int at, const struct row_type *t, void *row);
int row_word(const char *(*word)(int v), const char *text); /* the value whose word that is; 0 for an unknown one */

#endif
