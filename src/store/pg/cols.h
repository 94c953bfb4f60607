/* How the column tables are written: a row a column, by the kind of its value. The record is the first argument. */
#ifndef STORE_PG_COLS_H
#define STORE_PG_COLS_H

#include "rows.h"

/* The words of an enumeration for a column, by the function that names its values. */
#define WORD(fn, type) \
    static const char *fn##_word(int v) { return fn((enum type)v); }
#define WORDS(fn, ...)                                                    \
    static const char *fn##_word(int v) {                                 \
        static const char *const words[] = {__VA_ARGS__};                 \
        return v >= 0 && v < (int)(sizeof words / sizeof *words) ? words[v] : "?"; \
    }

#define NUM "numeric"
#define TS "timestamptz"
#define PLACE(T, f) .off = offsetof(T, f), .size = sizeof(((T *)0)->f)
#define INT_(T, f, nm, sql, ...) {.name = nm, .type = sql, .kind = COL_INT, PLACE(T, f), __VA_ARGS__}
#define DEC_(T, f, nm, ...) {.name = nm, .type = NUM, .kind = COL_DEC, PLACE(T, f), __VA_ARGS__}
#define E4_(T, f, nm, ...) {.name = nm, .type = NUM, .kind = COL_E4, PLACE(T, f), __VA_ARGS__}
#define TIME_(T, f, nm, ...) {.name = nm, .type = TS, .kind = COL_TIME, PLACE(T, f), __VA_ARGS__}
#define ENUM_(T, f, nm, sql, w, ...) {.name = nm, .type = sql, .kind = COL_ENUM, PLACE(T, f), .word = w##_word, __VA_ARGS__}
#define TEXT_(T, f, nm, ...) {.name = nm, .type = "text", .kind = COL_TEXT, PLACE(T, f), __VA_ARGS__}
#define BOOL_(T, f, nm, ...) {.name = nm, .type = "boolean", .kind = COL_BOOL, PLACE(T, f), __VA_ARGS__}
#define ERR_(T, f, nm, ...) {.name = nm, .type = "text", .kind = COL_ERR, PLACE(T, f), __VA_ARGS__}
#define FLAG_(T, f, nm, b) {.name = nm, .type = "boolean", .kind = COL_FLAG, PLACE(T, f), .bit = b}
#define SIGN_(T, f, nm, sql, ...) {.name = nm, .type = sql, .kind = COL_SIGN, PLACE(T, f), __VA_ARGS__}
#define DAY_(T, f, nm, ...) SIGN_(T, f, nm, "date", .bind = "date '1970-01-01' + $%d::integer", .select = nm " - date '1970-01-01'", __VA_ARGS__)
#define N_ .flags = COL_NULL
#define KEY_ .flags = COL_KEY

#define TYPE(name_, table_, cols_) const struct row_type name_ = {table_, cols_, (int)(sizeof cols_ / sizeof *cols_)}

#endif
