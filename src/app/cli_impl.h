/* Shared by the command line's files: asking the engine. */
#ifndef TURRET_APP_CLI_IMPL_H
#define TURRET_APP_CLI_IMPL_H

#include <cjson/cJSON.h>

#include "app/cli.h"
#include "turret/io/pg_boot.h"

/* One request, one answer (cJSON_Delete it). ERR_ENGINE_DOWN, ERR_TIMEOUT. */
enum err cli_ask(const char *data_dir, cJSON *request, cJSON **answer);
enum err cli_ask_op(const char *data_dir, const char *op, bool confirm, cJSON **answer);
int cli_engine_down(struct cli *c);
int cli_print_answer(struct cli *c, cJSON *answer);
bool cli_confirm(const char *what);
/* cli_db.c: a way to the database for one command. `make`: a new cluster may be made (restore). open: an exit code. */
struct db_access {
    char conninfo[PG_BOOT_CONNINFO_MAX * 2], text[PG_BOOT_TEXT_MAX];
    struct pg_boot *boot;
    enum err err;
    bool done, stopped, memory; /* memory: there is no database, ask the engine */
};
int db_access_open(struct cli *c, struct db_access *a, bool make);
void db_access_close(struct db_access *a);
/* viewer.c: shows the engine's screen until detached; exit code. */
int viewer_run(struct cli *c, bool readonly);

#endif
