/* The documents of the archive as tables of columns, shared by its implementations: what a caller gives is checked and
 * brought into one form, so that memory and PostgreSQL take and give back the same. */
#ifndef STORE_ARCHIVE_DOC_H
#define STORE_ARCHIVE_DOC_H

#include "turret/base/str.h"
#include "turret/store/archive.h"

enum doc_type {
    DOC_ID,    /* 1 .. 2^63-1; a string (a whole number is taken too), comes back as a string */
    DOC_REF,   /* the same, 0 is null */
    DOC_INT,   /* whole number */
    DOC_MONEY, /* decimal string of at most six digits behind the point */
    DOC_TIME,  /* RFC 3339, comes back in UTC with microseconds */
    DOC_TEXT,
    DOC_CALL,  /* one of the tool call types */
    DOC_JSON,  /* any value */
};
enum doc_flag { DOC_KEY = 1, DOC_NEEDED = 2 /* in an insert */, DOC_BIG = 4 /* not in lists */ };
struct doc_col {
    const char *name;
    enum doc_type type;
    unsigned flags;
};
struct doc_kind {
    const char *table;
    const struct doc_col *cols;
    int n;
};
#define DOC_COLS_MAX 20
#define DOC_BYTES_MAX (16u << 20) /* of one document */
#define ARCHIVE_ROWS_MAX 1000
#define ARCHIVE_TEXT_MAX 160

const struct doc_kind *doc_kind(enum archive_kind k);
enum archive_kind doc_kind_of(enum archive_list l);
/* The document in canonical form: known fields only, absent ones left out, bad bytes of texts replaced by U+FFFD. NULL if a
 * field can't be taken, with a sentence. `update`: the key and at least one more field. To be freed with cJSON_Delete. */
cJSON *doc_normalise(enum archive_kind k, const cJSON *doc, bool update, char text[ARCHIVE_TEXT_MAX]);
/* Roughly what a normalised document takes, in bytes. */
size_t doc_bytes(const cJSON *doc);
/* A JSON value as text with every bad byte replaced. */
void doc_print(struct str *out, const cJSON *value);
/* Microseconds as RFC 3339 with all six digits. */
void doc_format_time(int64_t us, char buf[40]);

#endif
