/* Journals: any bytes as a file; and, with the first byte odd, as the content of a chunk with the right checksum. */
#include "fuzz.h"

#include "app/journal.h"

#include <zlib.h>

static void read_all(const uint8_t *data, size_t len) {
    char path[32], text[200] = "";
    struct journal_reader *r;
    bool cut = false;
    int fd = fuzz_file(data, len, path);
    if (journal_open(path, &r, text, sizeof text) == ERR_OK) {
        const struct event *ev;
        while ((ev = journal_next(r, &cut, text, sizeof text)))
            MUST(event_valid(ev, ev->size));
        journal_reader_close(r);
    } else {
        MUST(text[0]);
    }
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    if (len == 0 || !(data[0] & 1)) {
        read_all(data, len);
        return 0;
    }
    struct { char magic[8]; uint32_t version, event_size, len, crc; } head = {"TURRETJ\1", 1, sizeof(union event_body), (uint32_t)len - 1, 0};
    head.crc = (uint32_t)crc32(crc32(0, NULL, 0), data + 1, (unsigned)len - 1);
    uint8_t *file = malloc(sizeof head + len);
    memcpy(file, &head, sizeof head);
    memcpy(file + sizeof head, data + 1, len - 1);
    read_all(file, sizeof head + len - 1);
    free(file);
    return 0;
}
