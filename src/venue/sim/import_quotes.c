/* Imports best bids and asks of prediction markets: `ts_ms,slug,bid,ask` rows and the list of the markets. Rows may stand in
 * any order of time; impossible quotes are refused by line. Known outcomes settle the markets at the end of the tape. */
#include "import_lines.h"
#include "tape_file.h"

#include "turret/base/hash.h"
#include "turret/base/map.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 8
#define TICK_MOST (DEC_ONE / 100)
#define FLUSH_EVERY 4096
#define TIME_MAX_MS 99999999999999LL

struct quoted { struct market m; struct step_seen steps; uint8_t outcome; bool seen; uint32_t index; };
struct row { int64_t at_us; uint32_t market; price bid, ask; uint64_t order; };

struct quotes {
    struct import_report *rep;
    struct quoted *markets;
    size_t n_markets, cap_markets;
    struct map by_slug; /* hash of the slug -> index + 1 */
    struct row *rows;
    size_t n_rows, cap_rows;
};

struct field { char *p; size_t n; };

/* One CSV line into fields; "..." quotes, "" is a quote inside. Unquoted in place. -1: a quote is left open. */
static int csv_split(char *line, size_t len, struct field *out, int max) {
    size_t i = 0;
    for (int n = 0;; n++) {
        bool quoted = i < len && line[i] == '"';
        size_t w = i += quoted ? 1 : 0;
        struct field f = {line + i, 0};
        while (i < len) {
            if (quoted && line[i] == '"') {
                if (i + 1 < len && line[i + 1] == '"')
                    i++;
                else
                    break;
            } else if (!quoted && line[i] == ',') {
                break;
            }
            line[w++] = line[i++];
        }
        f.n = (size_t)(line + w - f.p);
        if (quoted && i >= len)
            return -1;
        i += quoted ? 1 : 0;
        if (n < max)
            out[n] = f;
        if (i >= len)
            return n + 1;
        if (line[i++] != ',')
            return -1;
    }
}

static bool slug_ok(struct field f) {
    for (size_t i = 0; i < f.n; i++)
        if (f.p[i] <= ' ' || f.p[i] > '~')
            return false;
    return f.n > 0 && f.n <= 256;
}

static struct quoted *market_of(struct quotes *q, struct field slug, bool make) {
    uint64_t key = fnv64(FNV64_INIT, slug.p, slug.n), at = 0;
    if (map_get(&q->by_slug, key, &at))
        return &q->markets[at - 1];
    if (!make || q->n_markets >= 100000)
        return NULL;
    q->markets = xgrow(q->markets, &q->cap_markets, q->n_markets + 1, sizeof *q->markets);
    struct quoted *k = &q->markets[q->n_markets++];
    memset(k, 0, sizeof *k);
    k->m = (struct market){.venue = VENUE_SIM, .kind = MARKET_BINARY, .status = MARKET_OPEN, .max_leverage = 1, .quote_only = 1,
                           .lot = {DEC_ONE}, .min_size = {DEC_ONE}, .maker_ppm = 200, .taker_ppm = 500};
    char *symbol = k->m.symbol;
    if (slug.n < sizeof k->m.symbol) {
        memcpy(symbol, slug.p, slug.n);
    } else { /* too long for a symbol: its start and a sum of the whole */
        size_t keep = sizeof k->m.symbol - 10;
        memcpy(symbol, slug.p, keep);
        snprintf(symbol + keep, 10, "-%08" PRIx32, (uint32_t)(key ^ key >> 32));
    }
    str_copy(k->m.title, sizeof k->m.title, symbol);
    k->m.id = market_id_of(VENUE_SIM, symbol);
    map_put(&q->by_slug, key, q->n_markets);
    return k;
}

static void refuse(struct quotes *q, const struct lines *l, const char *file, const char *why) {
    q->rep->bad++;
    import_note(q->rep, l->number, "%s: %s", file, why);
}

static bool is_word(struct field f, const char *word) { return f.n == strlen(word) && memcmp(f.p, word, f.n) == 0; }

static const char *market_line(struct quotes *q, char *line, size_t len) {
    struct field f[FIELDS_MAX];
    int n = csv_split(line, len, f, FIELDS_MAX);
    if (n != 4)
        return n < 0 ? "a quote that does not close" : "not four fields";
    if (!slug_ok(f[0]))
        return "a slug that is empty or not plain text";
    int64_t outcome = -1;
    if (f[3].n && (!dec_parse(f[3].p, f[3].n, &outcome) || (outcome != 0 && outcome != DEC_ONE)))
        return "an outcome that is neither 1, 0 nor empty";
    struct quoted *k = market_of(q, f[0], true);
    if (!k)
        return "too many markets";
    if (f[2].n)
        utf8_sanitise(k->m.title, sizeof k->m.title, f[2].p, f[2].n);
    if (!*k->m.title)
        str_copy(k->m.title, sizeof k->m.title, k->m.symbol);
    utf8_sanitise(k->m.category, sizeof k->m.category, f[1].p, f[1].n);
    k->outcome = outcome < 0 ? OUTCOME_NONE : outcome ? OUTCOME_YES : OUTCOME_NO;
    return NULL;
}

static bool quote_number(struct field f, price *px) {
    return dec_parse(f.p, f.n, &px->micro) && px->micro >= 0 && px->micro <= DEC_ONE;
}

static const char *quote_line(struct quotes *q, char *line, size_t len) {
    struct field f[FIELDS_MAX];
    struct row r;
    int64_t ms;
    if (csv_split(line, len, f, FIELDS_MAX) != 4)
        return "not four fields";
    if (!dec_parse(f[0].p, f[0].n, &ms) || ms <= 0 || ms % DEC_ONE || ms / DEC_ONE > TIME_MAX_MS)
        return "a time that can't be read";
    if (!slug_ok(f[1]))
        return "a slug that is empty or not plain text";
    if (f[2].n == 0 || f[3].n == 0)
        return "an empty bid or ask";
    if (!quote_number(f[2], &r.bid) || !quote_number(f[3], &r.ask))
        return "a bid or ask that is no number from 0 to 1";
    if (r.bid.micro >= r.ask.micro)
        return "bid and ask are crossed";
    struct quoted *k = market_of(q, f[1], true);
    if (!k)
        return "too many markets";
    r.at_us = ms / DEC_ONE * 1000;
    r.market = (uint32_t)(k - q->markets);
    r.order = q->n_rows;
    if (r.bid.micro > 0)
        step_see(&k->steps, r.bid.micro);
    if (r.ask.micro < DEC_ONE)
        step_see(&k->steps, r.ask.micro);
    k->seen = true;
    q->rows = xgrow(q->rows, &q->cap_rows, q->n_rows + 1, sizeof *q->rows);
    q->rows[q->n_rows++] = r;
    q->rep->quotes++;
    return NULL;
}

static enum err read_csv(struct quotes *q, const char *path, const char *what, const char *first_field,
                         const char *(*each)(struct quotes *, char *, size_t), char text[REASON_MAX]) {
    struct lines l;
    const char *line;
    size_t len;
    enum err e = lines_open(&l, path, text);
    if (e != ERR_OK)
        return e;
    while (lines_next(&l, &line, &len)) {
        const char *comma = len <= IMPORT_LINE_MAX ? memchr(line, ',', len) : NULL;
        size_t bom = len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        if (comma && is_word((struct field){(char *)(uintptr_t)line + bom, (size_t)(comma - line) - bom}, first_field))
            continue; /* the heading */
        q->rep->lines++;
        /* the line lives in our own buffer: fields are unquoted in place */
        const char *why = len > IMPORT_LINE_MAX ? "longer than 16 MiB" : each(q, (char *)(uintptr_t)line, len);
        if (why)
            refuse(q, &l, what, why);
    }
    q->rep->cut = q->rep->cut || l.cut;
    lines_close(&l);
    return ERR_OK;
}

static int by_time(const void *a, const void *b) {
    const struct row *x = a, *y = b;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static void write_market(struct quotes *q, struct tape_writer *w, struct quoted *k) {
    int64_t tick = step_guess(&k->steps, TICK_MOST);
    k->m.tick = k->m.min_price = PRICE(tick);
    k->m.max_price = PRICE(DEC_ONE - tick);
    k->m.price_digits = step_digits(tick);
    if (k->outcome != OUTCOME_NONE)
        k->m.closes_us = q->rows[q->n_rows - 1].at_us;
    k->index = tape_write_market(w, &k->m);
    q->rep->markets++;
}

/* A side at 0 (bid) or 1 (ask) means that nobody is there. */
static void write_row(const struct quotes *q, struct tape_writer *w, const struct row *r) {
    const qty shown = QTY(IMPORT_QUOTE_UNITS * DEC_ONE);
    struct level levels[2];
    struct tape_record rec = {.kind = TAPE_BOOK, .flags = BOOK_SNAPSHOT, .at_us = r->at_us, .market = q->markets[r->market].index, .levels = levels};
    if (r->bid.micro > 0)
        levels[rec.n_bids++] = (struct level){r->bid, shown};
    if (r->ask.micro < DEC_ONE)
        levels[rec.n_bids + rec.n_asks++] = (struct level){r->ask, shown};
    tape_write(w, &rec);
    q->rep->records++;
}

static enum err write_tape(struct quotes *q, struct tape_out *out, char text[REASON_MAX]) {
    for (size_t i = 1; i < q->n_rows; i++)
        q->rep->back_steps += q->rows[i].at_us < q->rows[i - 1].at_us;
    qsort(q->rows, q->n_rows, sizeof *q->rows, by_time);
    int64_t end_us = q->rows[q->n_rows - 1].at_us;
    for (size_t i = 0; i < q->n_markets; i++)
        if (q->markets[i].seen)
            write_market(q, out->w, &q->markets[i]);
    enum err e = ERR_OK;
    for (size_t i = 0; i < q->n_rows && e == ERR_OK; i++) {
        write_row(q, out->w, &q->rows[i]);
        if (i % FLUSH_EVERY == 0)
            e = tape_out_flush(out, text);
    }
    for (size_t i = 0; i < q->n_markets; i++) {
        const struct quoted *k = &q->markets[i];
        if (!k->seen || k->outcome == OUTCOME_NONE)
            continue;
        struct tape_record rec = {.kind = TAPE_STATUS, .at_us = end_us, .market = k->index, .status = MARKET_RESOLVED, .outcome = k->outcome};
        tape_write(out->w, &rec);
        q->rep->records++;
        q->rep->settlements++;
    }
    q->rep->first_us = q->rows[0].at_us;
    q->rep->last_us = end_us;
    return e;
}

static enum err import_run(struct quotes *q, const char *quotes, const char *markets, const char *path, char text[REASON_MAX]) {
    struct tape_out out;
    enum err e = read_csv(q, markets, "markets", "slug", market_line, text);
    if (e == ERR_OK)
        e = read_csv(q, quotes, "quotes", "ts_ms", quote_line, text);
    if (e == ERR_OK && q->n_rows == 0) {
        snprintf(text, REASON_MAX, "no line of %.60s is a quote", quotes);
        e = ERR_CORRUPT;
    }
    if (e == ERR_OK)
        e = tape_out_open(&out, path, text);
    if (e != ERR_OK)
        return e;
    e = write_tape(q, &out, text);
    if (e != ERR_OK) {
        tape_out_drop(&out);
        return e;
    }
    return tape_out_finish(&out, &q->rep->bytes_out, text);
}

enum err tape_import_quotes(const char *quotes, const char *markets, const char *out, struct import_report *rep, char text[REASON_MAX]) {
    struct quotes q = {.rep = rep};
    *rep = (struct import_report){0};
    *text = 0;
    map_init(&q.by_slug);
    enum err e = import_run(&q, quotes, markets, out, text);
    map_free(&q.by_slug);
    free(q.markets);
    free(q.rows);
    return e;
}
