/* backup, restore and doctor: what concerns the database as a whole. */
#include <stdio.h>
#include <string.h>

#include "app/cli_impl.h"
#include "app/out.h"

int cli_doctor(struct cli *c) {
    return cli_engine_command(c);
}
