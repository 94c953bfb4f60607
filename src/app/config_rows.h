/* The settings' table and what must fit together among them; used by config.c. */
#ifndef TURRET_APP_CONFIG_ROWS_H
#define TURRET_APP_CONFIG_ROWS_H

#include "turret/app/config.h"

extern const struct setting config_rows[];
extern const int config_row_count;

/* Settings that are right one by one but not together, or texts with a form of their own. False: text says which and why. */
bool config_together(const struct config *c, char *text, size_t cap);

#endif
