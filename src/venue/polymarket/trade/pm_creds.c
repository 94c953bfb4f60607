/* API credentials: read from the venue's answer, kept as a secret file of three lines under the key's address. */
#include "venue/polymarket/trade/pm_clob.h"

#include <stdio.h>
#include <string.h>

/* They travel in headers: printable ASCII only. */
static bool part_take(const char *from, size_t n, char *to, size_t cap) {
    if (n == 0 || n >= cap)
        return false;
    for (size_t i = 0; i < n; i++)
        if (from[i] <= ' ' || from[i] > '~')
            return false;
    memcpy(to, from, n);
    to[n] = '\0';
    return true;
}

bool pm_creds_of(const struct cJSON *doc, struct pm_creds *out) {
    struct json_err err = {0};
    struct json root = json_root(doc, &err);
    const char *key, *secret, *passphrase;
    if (!doc || !json_get_str(&root, "apiKey", JSON_REQUIRED, &key) || !json_get_str(&root, "secret", JSON_REQUIRED, &secret) || !json_get_str(&root, "passphrase", JSON_REQUIRED, &passphrase))
        return false;
    return part_take(key, strlen(key), out->key, sizeof out->key) && part_take(secret, strlen(secret), out->secret, sizeof out->secret) &&
           part_take(passphrase, strlen(passphrase), out->passphrase, sizeof out->passphrase);
}

static void name_of(const struct pm_address *who, int64_t chain_id, char out[80]) {
    int n = snprintf(out, 80, "polymarket-api-");
    for (size_t i = 0; i < sizeof who->b; i++)
        n += snprintf(out + n, 80 - (size_t)n, "%02x", who->b[i]);
    if (chain_id != 0 && chain_id != 137)
        snprintf(out + n, 80 - (size_t)n, "-%lld", (long long)chain_id);
}

bool pm_creds_read(const char *dir, const struct pm_address *who, int64_t chain_id, struct pm_creds *out) {
    char name[80], text[REASON_MAX];
    struct secret s = {0};
    name_of(who, chain_id, name);
    if (!dir || secret_read(dir, name, &s, text, sizeof text) != ERR_OK)
        return false;
    const char *key = s.p, *secret = strchr(key, '\n'), *passphrase = secret ? strchr(secret + 1, '\n') : NULL;
    bool good = passphrase && part_take(key, (size_t)(secret - key), out->key, sizeof out->key) &&
                part_take(secret + 1, (size_t)(passphrase - secret - 1), out->secret, sizeof out->secret) &&
                part_take(passphrase + 1, strcspn(passphrase + 1, "\n"), out->passphrase, sizeof out->passphrase);
    secret_free(&s);
    return good;
}

enum err pm_creds_keep(const char *dir, const struct pm_address *who, int64_t chain_id, const struct pm_creds *c, char *text, size_t cap) {
    char name[80], bytes[sizeof *c + 4];
    if (!dir || !dir[0])
        return ERR_OK;
    name_of(who, chain_id, name);
    int n = snprintf(bytes, sizeof bytes, "%s\n%s\n%s\n", c->key, c->secret, c->passphrase);
    enum err e = secret_write(dir, name, bytes, (size_t)n, text, cap);
    explicit_bzero(bytes, sizeof bytes);
    return e;
}

void pm_creds_forget(const char *dir, const struct pm_address *who, int64_t chain_id) {
    char name[80], text[REASON_MAX];
    name_of(who, chain_id, name);
    if (dir && dir[0])
        (void)secret_remove(dir, name, text, sizeof text);
}
