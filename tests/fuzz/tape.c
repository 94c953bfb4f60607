/* Tapes: any bytes; and, with the first byte odd, as the records of a block with a right head and checksum behind a
 * sound table of two markets, so that the record decoder is reached. */
#include "fuzz.h"

#include "market/tape_format.h"

static void read_all(const uint8_t *bytes, size_t len) {
    struct tape_reader *r = NULL;
    struct tape_record rec;
    struct tape_info info;
    char text[160] = "";
    bool cut = false;
    if (tape_reader_new(bytes, len, &r, &cut, text, sizeof text) != ERR_OK) {
        MUST(text[0]);
        return;
    }
    int64_t last = INT64_MIN;
    while (tape_next(r, &rec, text, sizeof text) == ERR_OK) {
        MUST(rec.market < (uint32_t)tape_market_count(r) && rec.at_us >= last);
        for (int i = 0; i < rec.n_bids + rec.n_asks; i++)
            MUST(rec.levels[i].size.micro >= 0);
        last = rec.at_us;
    }
    tape_info(r, &info);
    tape_seek(r, last);
    while (tape_next(r, &rec, text, sizeof text) == ERR_OK)
        ;
    tape_reader_free(r);
}

static size_t sound_start(uint8_t *out) {
    struct tape_writer *w = tape_writer_new();
    size_t len = 0, all = 0;
    for (int i = 0; i < 2; i++) {
        struct market m = {.id = (uint64_t)i + 1, .venue = VENUE_SIM, .kind = (uint8_t)i, .tick = PRICE(1000), .lot = QTY(1000), .max_leverage = 1};
        snprintf(m.symbol, sizeof m.symbol, "M%d", i);
        tape_write_market(w, &m);
    }
    struct tape_record rec = {.kind = TAPE_TRADE, .market = 1, .at_us = 1000, .px = PRICE(5000), .size = QTY(1000)};
    tape_write(w, &rec);
    const uint8_t *bytes = tape_writer_take(w, true, &len);
    /* without its index and trailer: as a recording that was cut off */
    uint64_t index = 0;
    memcpy(&index, bytes + len - TAPE_TRAILER_BYTES, sizeof index);
    all = (size_t)index;
    memcpy(out, bytes, all);
    tape_writer_free(w);
    return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    if (len < 8 || !(data[0] & 1)) {
        uint8_t *copy = malloc(len ? len : 1);
        memcpy(copy, data, len);
        read_all(copy, len);
        free(copy);
        return 0;
    }
    static uint8_t start[4096];
    static size_t start_len;
    static struct tape_crc crc;
    if (!start_len) {
        tape_crc_init(&crc);
        start_len = sound_start(start);
    }
    struct tape_block b = {.kind = BLOCK_RECORDS, .len = (uint32_t)len - 8, .records = data[1], .levels = data[2], .trades = data[3], .first_us = 1000 + data[4],
                           .last_us = 1000 + data[4] + data[5] * 256};
    b.crc = tape_block_crc(&crc, &b, data + 8);
    uint8_t *file = malloc(start_len + TAPE_BLOCK_HEAD + len - 8);
    memcpy(file, start, start_len);
    tape_block_put(file + start_len, &b);
    memcpy(file + start_len + TAPE_BLOCK_HEAD, data + 8, len - 8);
    read_all(file, start_len + TAPE_BLOCK_HEAD + len - 8);
    free(file);
    return 0;
}
