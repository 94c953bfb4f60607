/* Importers: any bytes as exchange frames, or as quotes with a list of markets (first byte odd; split at a NUL). What they
 * accept must be a tape that plays to its end. */
#include "fuzz.h"

#include "venue/sim/import.h"
#include "venue/sim/tape_file.h"

static void plays(const char *path, uint64_t records) {
    struct tape_file f;
    struct tape_record r;
    char text[REASON_MAX];
    uint64_t n = 0;
    enum err e;
    MUST(tape_file_open(&f, path, text) == ERR_OK && !f.cut);
    while ((e = tape_next(f.reader, &r, text, sizeof text)) == ERR_OK)
        n++;
    MUST(e == ERR_NOT_FOUND && n == records);
    tape_file_close(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static char out[64];
    struct import_report rep;
    struct str s;
    char in[32], markets[32], text[REASON_MAX];
    enum err e;
    if (len == 0)
        return 0;
    if (!*out)
        snprintf(out, sizeof out, "/dev/shm/turret-fuzz-%d.tape", (int)getpid());
    if (data[0] & 1) {
        const uint8_t *nul = memchr(data + 1, 0, len - 1), *end = data + len;
        nul = nul ? nul : end;
        int q = fuzz_file(data + 1, (size_t)(nul - data - 1), in), m = fuzz_file(nul, (size_t)(end - nul), markets);
        e = tape_import_quotes(in, markets, out, &rep, text);
        close(q);
        close(m);
    } else {
        int fd = fuzz_file(data + 1, len - 1, in);
        e = tape_import_binance(in, out, &rep, text);
        close(fd);
    }
    if (e == ERR_OK)
        plays(out, rep.records);
    else
        MUST(e == ERR_CORRUPT && text[0]);
    str_init(&s);
    import_report_json(&rep, &s);
    str_free(&s);
    unlink(out);
    return 0;
}
