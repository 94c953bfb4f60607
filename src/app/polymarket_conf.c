/* Reads the section [polymarket] and the private key: from the credentials directory, DATA/secrets, the environment or beside turret.conf. */
#include "app/polymarket_conf.h"

#include <stdio.h>
#include <string.h>

#include "turret/base/str.h"

void config_folder(const char *config_path, char *buf, size_t cap) {
    const char *slash = strrchr(config_path, '/');
    if (!config_path[0])
        config_dir(buf, cap);
    else
        snprintf(buf, cap, "%.*s", slash ? (int)(slash - config_path) : 1, slash ? config_path : ".");
}

static enum err read_key(const char *config_path, struct polymarket_conf *p, char *text, size_t cap) {
    char beside[4096];
    config_folder(config_path, beside, sizeof beside);
    enum err e = secret_read(p->secrets_dir, POLYMARKET_KEY_FILE, &p->key, text, cap);
    if (e == ERR_NOT_FOUND && beside[0])
        e = secret_read(beside, POLYMARKET_KEY_FILE, &p->key, text, cap);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err polymarket_conf_read(const struct config *c, const char *data_dir, const char *config_path, bool key, struct polymarket_conf *out, char *text, size_t cap) {
    static const char section[] = "polymarket";
    *out = (struct polymarket_conf){
        .cfg = {.hosts = {.clob = config_text(c, section, "clob_url"), .gamma = config_text(c, section, "gamma_url"), .data = config_text(c, section, "data_url"),
                          .stream = config_text(c, section, "stream_url"), .geoblock = config_text(c, section, "geoblock_url")},
                .markets = {.top = (int)config_num(c, section, "top"), .words = config_text(c, section, "markets")}}};
    snprintf(out->secrets_dir, sizeof out->secrets_dir, "%s/secrets", data_dir);
    snprintf(out->key_text, sizeof out->key_text, "$CREDENTIALS_DIRECTORY/%s, %.180s/%s, or %s beside turret.conf", POLYMARKET_KEY_FILE, out->secrets_dir, POLYMARKET_KEY_FILE,
             POLYMARKET_KEY_FILE);
    if (!key)
        return ERR_OK;
    enum err e = read_key(config_path, out, text, cap);
    out->cfg.account = (struct pm_account_cfg){
        .name = config_text(c, section, "account"), .key = out->key.p ? &out->key : NULL, .wallet = config_text(c, section, "wallet"),
        .signature_type = (int)config_num(c, section, "signature_type") % 4 /* a word or its number */, .builder = config_text(c, section, "builder"),
        .heartbeat = config_num(c, section, "heartbeat"), .secrets_dir = out->secrets_dir};
    return e;
}

void polymarket_conf_free(struct polymarket_conf *p) {
    if (p)
        secret_free(&p->key);
}
