/* JSON from outside: parse and every getter over whatever stands there. */
#include "fuzz.h"

#include "turret/base/json.h"

static void read_object(const struct json *o, int depth) {
    static const char *const names[] = {"buy", "sell"};
    int64_t v = 0;
    int choice = 0;
    bool yes = false;
    char text[16] = "";
    const char *raw = NULL;
    struct json child;
    json_get_dec(o, "p", JSON_OPTIONAL, &v);
    if (json_get_int(o, "i", JSON_REQUIRED, -5, 1000, &v))
        MUST(v >= -5 && v <= 1000);
    json_get_bool(o, "b", JSON_OPTIONAL, &yes);
    json_get_str(o, "s", JSON_REQUIRED, &raw);
    json_get_text(o, "s", JSON_OPTIONAL, text, sizeof text);
    json_get_choice(o, "c", JSON_OPTIONAL, names, 2, &choice);
    MUST(choice == 0 || choice == 1);
    if (json_get_object(o, "o", JSON_OPTIONAL, &child) && child.node)
        read_object(&child, depth + 1);
    if (json_get_array(o, "a", JSON_OPTIONAL, &child))
        for (struct json it = json_first(&child); it.node; it = json_next(&it)) {
            json_as_dec(&it, &v);
            json_as_str(&it, &raw);
            read_object(&it, depth + 1);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct cJSON *doc;
    struct json_err err;
    char *copy = malloc(len ? len : 1); /* exactly as long as the input: reading past it is seen */
    memcpy(copy, data, len);
    if (json_parse(copy, len, 4096, &doc, &err)) {
        MUST(doc);
        struct json root = json_root(doc, &err);
        read_object(&root, 0);
    } else {
        MUST(!doc && err.set && err.text[0]);
    }
    for (const char *p = err.text; err.set && *p; p++)
        MUST((unsigned char)*p >= 0x20 && *p != 0x7f);
    json_free(doc);
    free(copy);
    return 0;
}
