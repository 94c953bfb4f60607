/* Polymarket's settings as the venue and the command line want them, and where its key is. */
#ifndef TURRET_APP_POLYMARKET_CONF_H
#define TURRET_APP_POLYMARKET_CONF_H

#include "turret/app/config.h"
#include "turret/venue/polymarket.h"

#define POLYMARKET_KEY_FILE "polymarket-key"

struct polymarket_conf {
    struct pm_cfg cfg;        /* points into the configuration and to what follows */
    struct secret key;        /* p NULL: none, market data only */
    char secrets_dir[4200];   /* DATA/secrets */
    char key_text[300];       /* where the key would be looked for */
};
/* Without `key` nothing of the account is read. ERR_CREDENTIALS: a key is there but can't be used; text says why. */
enum err polymarket_conf_read(const struct config *c, const char *data_dir, const char *config_path, bool key, struct polymarket_conf *out, char *text, size_t cap);
void polymarket_conf_free(struct polymarket_conf *p); /* wipes the key */
/* Folder of turret.conf: of the file that was read, else the user's; "" = none. */
void config_folder(const char *config_path, char *buf, size_t cap);

#endif
