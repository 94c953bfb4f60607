/* INI files: the configuration and the keys; what is refused says why, in printable words. */
#include "fuzz.h"

#include "turret/app/config.h"
#include "turret/ui/keymap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    char path[32], text[300] = "";
    int fd = fuzz_file(data, len, path);
    struct config *c = config_new();
    if (config_load(c, path, text, sizeof text) != ERR_OK)
        MUST(text[0]);
    config_free(c);
    text[0] = 0;
    struct keymap *k = keymap_new();
    if (keymap_load(k, path, text, sizeof text) != ERR_OK)
        MUST(text[0]);
    keymap_free(k);
    for (const char *p = text; *p; p++)
        MUST((unsigned char)*p >= 0x20 && *p != 0x7f);
    close(fd);
    return 0;
}
