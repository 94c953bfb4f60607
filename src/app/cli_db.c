/* What concerns the database as a whole. */
#include "app/cli.h"

int cli_doctor(struct cli *c) {
    return cli_engine_command(c);
}
