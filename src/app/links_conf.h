/* links.conf beside turret.conf: markets of different venues that pay for the same outcome. */
#ifndef TURRET_APP_LINKS_CONF_H
#define TURRET_APP_LINKS_CONF_H

#include "turret/base/err.h"
#include "turret/trade/route.h"

#define LINKS_CONF_MAX 256

/* ERR_OK with *count = 0 when there is no file; ERR_CONFIG with a sentence that names file and line. out: malloc'd. */
enum err links_conf_load(const char *path, struct market_link **out, int *count, char *text, size_t cap);

#endif
