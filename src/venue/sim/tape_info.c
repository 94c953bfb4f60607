/* What is on a tape: totals and a line a market, for people or as JSON. Reads the whole tape, so it finds damage too. */
#include "import.h"
#include "tape_file.h"

#include "turret/base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct tally { uint64_t books, trades, marks, gaps; int64_t first_us, last_us; uint8_t status, outcome; bool any; };
struct contents { struct tape_file file; struct tape_info info; struct tally *markets; int n; char warning[REASON_MAX]; };

static void count(struct contents *c, const struct tape_record *r) {
    struct tally *t = &c->markets[r->market];
    t->first_us = t->any ? t->first_us : r->at_us;
    t->any = true;
    t->last_us = r->at_us;
    t->books += r->kind == TAPE_BOOK;
    t->gaps += r->kind == TAPE_BOOK && (r->flags & BOOK_GAP);
    t->trades += r->kind == TAPE_TRADE;
    t->marks += r->kind == TAPE_MARK;
    if (r->kind == TAPE_STATUS) {
        t->status = r->status;
        t->outcome = r->outcome;
    }
}

static enum err contents_read(struct contents *c, const char *path, char text[REASON_MAX]) {
    struct tape_record r;
    memset(c, 0, sizeof *c);
    enum err e = tape_file_open(&c->file, path, text);
    if (e != ERR_OK)
        return e;
    memcpy(c->warning, text, sizeof c->warning);
    *text = 0;
    tape_info(c->file.reader, &c->info);
    c->n = tape_market_count(c->file.reader);
    c->markets = xcalloc((size_t)c->n + 1, sizeof *c->markets);
    for (int i = 0; i < c->n; i++)
        c->markets[i].status = tape_market(c->file.reader, i)->status;
    while ((e = tape_next(c->file.reader, &r, text, REASON_MAX)) == ERR_OK)
        count(c, &r);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static void contents_free(struct contents *c) {
    tape_file_close(&c->file);
    free(c->markets);
}

static void time_text(int64_t us, char out[40]) {
    time_t s = (time_t)(us / 1000000);
    struct tm tm;
    memset(&tm, 0, sizeof tm);
    gmtime_r(&s, &tm);
    size_t n = strftime(out, 24, "%Y-%m-%d %H:%M:%S", &tm);
    snprintf(out + n, 40 - n, ".%03d", (int)(us / 1000 % 1000));
}

enum err tape_info_print(const char *path, struct str *out, char text[REASON_MAX]) {
    struct contents c;
    char from[40], to[40], px[DEC_TEXT_MAX];
    enum err e = contents_read(&c, path, text);
    if (e == ERR_OK) {
        time_text(c.info.first_us, from);
        time_text(c.info.last_us, to);
        str_addf(out, "%" PRIu64 " records in %" PRIu64 " blocks, %zu bytes; %" PRIu64 " levels, %" PRIu64 " trades\n", c.info.records, c.info.blocks, c.file.len,
                 c.info.levels, c.info.trades);
        if (c.info.records)
            str_addf(out, "from %s to %s UTC (%" PRId64 ".%03d s)\n", from, to, (c.info.last_us - c.info.first_us) / 1000000,
                     (int)((c.info.last_us - c.info.first_us) / 1000 % 1000));
        if (*c.warning)
            str_addf(out, "%s\n", c.warning);
        str_addf(out, "%-40s %-7s %9s %9s %8s %8s  %-9s %s\n", "MARKET", "KIND", "BOOKS", "TRADES", "GAPS", "TICK", "STATUS", "TITLE");
    }
    for (int i = 0; i < c.n && e == ERR_OK; i++) {
        const struct market *m = tape_market(c.file.reader, i);
        const struct tally *t = &c.markets[i];
        dec_format(m->tick.micro, 0, px);
        str_addf(out, "%-40s %-7s %9" PRIu64 " %9" PRIu64 " %8" PRIu64 " %8s  %-9s %s\n", m->symbol, market_kind_name(m->kind), t->books, t->trades, t->gaps, px,
                 t->outcome ? market_outcome_name(t->outcome) : market_status_name(t->status), m->title);
    }
    contents_free(&c);
    return e;
}

static void json_string(struct str *out, const char *s) {
    str_addc(out, '"');
    for (; *s; s++) { /* texts on a tape are sanitised: no control characters */
        if (*s == '"' || *s == '\\')
            str_addc(out, '\\');
        str_addc(out, *s);
    }
    str_addc(out, '"');
}

static void json_market(struct str *out, const struct market *m, const struct tally *t) {
    char tick[DEC_TEXT_MAX], lot[DEC_TEXT_MAX];
    dec_format(m->tick.micro, 0, tick);
    dec_format(m->lot.micro, 0, lot);
    str_add(out, "{\"symbol\":");
    json_string(out, m->symbol);
    str_add(out, ",\"title\":");
    json_string(out, m->title);
    str_add(out, ",\"category\":");
    json_string(out, m->category);
    str_addf(out, ",\"kind\":\"%s\",\"tick\":\"%s\",\"lot\":\"%s\",\"quote_only\":%s,\"status\":\"%s\",\"outcome\":\"%s\"", market_kind_name(m->kind), tick, lot,
             m->quote_only ? "true" : "false", market_status_name(t->status), market_outcome_name(t->outcome));
    str_addf(out, ",\"books\":%" PRIu64 ",\"trades\":%" PRIu64 ",\"marks\":%" PRIu64 ",\"unreliable_books\":%" PRIu64 ",\"first_us\":%" PRId64 ",\"last_us\":%" PRId64 "}", t->books,
             t->trades, t->marks, t->gaps, t->first_us, t->last_us);
}

enum err tape_info_json(const char *path, struct str *out, char text[REASON_MAX]) {
    struct contents c;
    enum err e = contents_read(&c, path, text);
    if (e == ERR_OK) {
        str_addf(out, "{\"records\":%" PRIu64 ",\"levels\":%" PRIu64 ",\"trades\":%" PRIu64 ",\"blocks\":%" PRIu64 ",\"bytes\":%zu,\"first_us\":%" PRId64 ",\"last_us\":%" PRId64
                      ",\"cut\":%s,\"markets\":[",
                 c.info.records, c.info.levels, c.info.trades, c.info.blocks, c.file.len, c.info.first_us, c.info.last_us, c.file.cut ? "true" : "false");
        for (int i = 0; i < c.n; i++) {
            str_add(out, i ? "," : "");
            json_market(out, tape_market(c.file.reader, i), &c.markets[i]);
        }
        str_add(out, "]}");
    }
    contents_free(&c);
    return e;
}
