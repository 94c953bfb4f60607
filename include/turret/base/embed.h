/* Files compiled into the binary (sql/, themes/): the table is made by the Makefile. */
#ifndef TURRET_BASE_EMBED_H
#define TURRET_BASE_EMBED_H

struct embed {
    const char *name; /* "sql/001_orders.sql"; NULL ends the table */
    const char *data, *end;
};
extern const struct embed embed_table[];

#endif
