/* export: whole tables straight from the database, with or without an engine. What only a running desk computes (positions,
 * days), and a desk that keeps everything in memory, answer for themselves. */
#include <stdio.h>
#include <string.h>

#include "app/cli_impl.h"
#include "app/out.h"
#include "turret/store/pg.h"

/* Value of an option among the command's own words; NULL if it is not there. */
static const char *own_option(const struct cli *c, const char *name) {
    size_t n = strlen(name);
    for (int i = 1; i < c->argc; i++) {
        if (!strncmp(c->argv[i], name, n) && c->argv[i][n] == '=')
            return c->argv[i] + n + 1;
        if (!strcmp(c->argv[i], name))
            return i + 1 < c->argc ? c->argv[i + 1] : "";
    }
    return NULL;
}

int cli_export(struct cli *c) {
    struct db_access a;
    char text[REASON_MAX * 2] = "";
    bool begun;
    const char *kind = c->argc > 1 ? c->argv[1] : "", *format = own_option(c, "--format"), *account = own_option(c, "--account");
    bool json = c->json || (format && !strcmp(format, "json"));
    if (!store_pg_exports(kind))
        return cli_engine_command(c);
    if (format && !json && strcmp(format, "csv") != 0)
        return out_error(c->json, ERR_USAGE, "--format is csv or json", NULL);
    int code = db_access_open(c, &a, false);
    if (code)
        return code;
    if (a.memory)
        return cli_engine_command(c);
    const struct export_form form = {json, c->json ? "{\"v\":1,\"ok\":true,\"data\":" : "", c->json ? "}" : "", own_option(c, "--from"), own_option(c, "--to")};
    enum err e = store_pg_export(a.conninfo, kind, account && strcmp(account, "all") != 0 ? account : NULL, &form, stdout, &begun, text);
    db_access_close(&a);
    if (fflush(stdout) != 0 && !e)
        return out_error(false, ERR_IO, "the rows can't be written", NULL);
    return e ? out_error(c->json && !begun, e, text, NULL) : 0; /* with rows out already the word about it goes to stderr */
}
