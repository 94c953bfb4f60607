/* API credentials out of any answer of the venue: those taken go into headers and files, so they are short, printable and without blanks; a
 * file of them gives the same back. */
#include "fuzz.h"

#include "turret/base/json.h"
#include "venue/polymarket/trade/pm_clob.h"

static void part_good(const char *text, size_t cap) {
    MUST(text[0] && strnlen(text, cap) < cap);
    for (; *text; text++)
        MUST(*text > ' ' && *text <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static char dir[64];
    static unsigned runs;
    struct cJSON *doc = NULL;
    struct json_err err;
    struct pm_creds c = {.key = ""}, again = {.key = ""};
    char text[200], out[64];
    if (!json_parse((const char *)data, len, 1 << 20, &doc, &err))
        return 0;
    if (pm_creds_of(doc, &c)) {
        part_good(c.key, sizeof c.key);
        part_good(c.secret, sizeof c.secret);
        part_good(c.passphrase, sizeof c.passphrase);
        enum err e = pm_l2_signature(&c, 1, "GET", "/data/orders", NULL, 0, out);
        MUST(e == ERR_OK || e == ERR_CREDENTIALS);
        if (!dir[0])
            MUST(mkdtemp(strcpy(dir, "/tmp/fuzz-creds-XXXXXX")));
        if (runs++ % 64 == 0) { /* a file is slow */
            const struct pm_address who = {{1, 2, 3}};
            MUST(pm_creds_keep(dir, &who, 137, &c, text, sizeof text) == ERR_OK);
            MUST(pm_creds_read(dir, &who, 137, &again));
            MUST(strcmp(c.key, again.key) == 0 && strcmp(c.secret, again.secret) == 0 && strcmp(c.passphrase, again.passphrase) == 0);
        }
    }
    json_free(doc);
    return 0;
}
