/* Frames of the engine to a viewer: malformed ones are refused, sound ones encode back to the same canvas. */
#include "fuzz.h"

#include "turret/ui/canvas.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct canvas c, copy;
    canvas_init(&c, 20, 4);
    canvas_init(&copy, 1, 1);
    uint8_t *bytes = malloc(len ? len : 1);
    memcpy(bytes, data, len);
    if (canvas_decode(&c, bytes, len)) {
        size_t n = 0;
        uint8_t *all = canvas_encode(NULL, &c, &n);
        MUST(canvas_decode(&copy, all, n));
        MUST(copy.w == c.w && copy.h == c.h && memcmp(copy.cells, c.cells, sizeof *c.cells * (size_t)(c.w * c.h)) == 0);
        free(all);
    } else {
        MUST(c.w == 20 && c.h == 4);
    }
    free(canvas_dump(&c));
    free(bytes);
    canvas_free(&c);
    canvas_free(&copy);
    return 0;
}
