/* What a real venue gives to `turret venue`: a row of functions; questions, output and exit codes are common (cli_venue.c). */
#ifndef TURRET_APP_VENUE_CLI_H
#define TURRET_APP_VENUE_CLI_H

#include <cjson/cJSON.h>

#include "app/cli_impl.h"
#include "turret/io/secret.h"

#define VENUE_CLI_LIMIT_S 90.0

struct venue_run { /* one command */
    struct cli *c;
    const struct venue_cli *venue;
    bool key;             /* the account is wanted, not only public data */
    bool create;          /* what is missing at the venue may be made there */
    char words[200];      /* query or market */
    void *state;          /* the venue's own, between open and close */
    cJSON *rows, *facts;  /* answer: a list, and an object or NULL */
    enum err err;
    char text[400];
    bool done;
};

struct venue_cli {
    const char *name;            /* venue_name() */
    const char *secret, *prompt; /* file of its key in DATA/secrets, and what to ask for */
    const char *create_question;
    const char *(*secret_wrong)(const struct secret *s); /* NULL: its form is right */
    enum err (*open)(struct venue_run *r, char *text, size_t cap); /* reads settings and key */
    void (*close)(struct venue_run *r);
    /* Start something that ends in venue_cli_done; false: it is done already. */
    bool (*test)(struct venue_run *r);
    bool (*accounts)(struct venue_run *r);
    bool (*search)(struct venue_run *r);
    bool (*cancel_all)(struct venue_run *r);
};
extern const struct venue_cli venue_cli_polymarket;

void venue_cli_done(struct venue_run *r, enum err e, const char *text);
/* state: ok, warn, failed, skipped. */
void venue_cli_check(struct venue_run *r, const char *name, const char *state, enum err e, const char *text);

#endif
