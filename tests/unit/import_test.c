/* Importers and recorder: frames and quotes as exchanges really send them (retyped), broken ones, and the real recordings where
 * they are at hand. What counts is the book that the tape plays. */
#include "turret/base/mem.h"
#include "venue/sim/import.h"
#include "venue/sim/tape_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

static char dir[] = "/tmp/turret-import-XXXXXX";
static char in_path[64], out_path[64], markets_path[64];

static int group_setup(void **state) {
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(in_path, sizeof in_path, "%s/in", dir);
    snprintf(out_path, sizeof out_path, "%s/out.tape", dir);
    snprintf(markets_path, sizeof markets_path, "%s/markets", dir);
    return 0;
}
static int group_teardown(void **state) {
    (void)state;
    unlink(in_path);
    unlink(out_path);
    unlink(markets_path);
    return rmdir(dir);
}

static void put_file(const char *path, const char *text, size_t n) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
}

static enum err import(const char *text, struct import_report *rep) {
    char why[REASON_MAX];
    unlink(out_path);
    put_file(in_path, text, strlen(text));
    return tape_import_binance(in_path, out_path, rep, why);
}

/* A tape being played: the book of each market, and the last record. */
struct player { struct tape_file file; struct tape_record r; struct book *books[8]; };

static void player_open(struct player *p) {
    char why[REASON_MAX];
    assert_int_equal(tape_file_open(&p->file, out_path, why), ERR_OK);
    for (int i = 0; i < 8; i++)
        p->books[i] = book_new();
}
static bool player_next(struct player *p) {
    char why[REASON_MAX];
    enum err e = tape_next(p->file.reader, &p->r, why, sizeof why);
    if (e != ERR_OK) {
        assert_int_equal(e, ERR_NOT_FOUND);
        return false;
    }
    if (p->r.kind == TAPE_BOOK) {
        struct book *b = p->books[p->r.market];
        if (p->r.flags & BOOK_SNAPSHOT)
            book_clear(b);
        for (int i = 0; i < p->r.n_bids + p->r.n_asks; i++)
            book_set(b, i < p->r.n_bids ? BOOK_BID : BOOK_ASK, p->r.levels[i].px, p->r.levels[i].size);
    }
    return true;
}
static void player_close(struct player *p) {
    for (int i = 0; i < 8; i++)
        book_free(p->books[i]);
    tape_file_close(&p->file);
}

static int64_t micro(const char *s) {
    int64_t v = -1;
    assert_true(dec_parse_str(s, &v));
    return v;
}
static void assert_level(const struct book *b, enum book_side side, int i, const char *px, const char *size) {
    const struct level *l = book_level(b, side, i);
    assert_non_null(l);
    assert_int_equal(l->px.micro, micro(px));
    assert_int_equal(l->size.micro, micro(size));
}

#define FUT_SNAP(t, u, bids, asks) #t " {\"lastUpdateId\":" #u ",\"E\":1,\"T\":1,\"bids\":[" bids "],\"asks\":[" asks "]}\n"
#define FUT_DIFF(t, U, u, pu, bids, asks) \
    #t " {\"stream\":\"abcusdt@depth@0ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1,\"T\":1,\"s\":\"ABCUSDT\",\"U\":" #U ",\"u\":" #u ",\"pu\":" #pu ",\"b\":[" bids "],\"a\":[" asks "]}}\n"
#define FUT_TICK(t, u, b, B, a, A) \
    #t " {\"stream\":\"abcusdt@bookTicker\",\"data\":{\"e\":\"bookTicker\",\"u\":" #u ",\"s\":\"ABCUSDT\",\"b\":\"" b "\",\"B\":\"" B "\",\"a\":\"" a "\",\"A\":\"" A "\",\"T\":1,\"E\":1}}\n"
#define FUT_TRADE(t, p, q, m) \
    #t " {\"stream\":\"abcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1,\"T\":1,\"s\":\"ABCUSDT\",\"t\":7,\"p\":\"" p "\",\"q\":\"" q "\",\"X\":\"MARKET\",\"m\":" #m "}}\n"
#define L(p, q) "[\"" p "\",\"" q "\"]"

static void futures_with_snapshot(void **state) {
    (void)state;
    struct import_report rep;
    struct player p;
    assert_int_equal(import(FUT_SNAP(1700000000000001000, 100, L("99.9", "2.5") "," L("99.8", "1.25"), L("100.10", "3") "," L("100.2", "0.001"))
                            FUT_DIFF(1700000000000002000, 90, 99, 89, L("50", "9"), "")             /* in the snapshot already */
                            FUT_DIFF(1700000000000003000, 98, 105, 99, L("99.9", "2"), L("100.1", "0")) /* the first that counts */
                            FUT_TRADE(1700000000000004000, "100.2", "0.5", false) FUT_TRADE(1700000000000005000, "99.9", "0.25", true)
                            FUT_DIFF(1700000000000006000, 106, 110, 105, L("99.8", "0") "," L("99.7", "4"), ""), &rep), ERR_OK);
    assert_int_equal(rep.records, 6);
    assert_int_equal(rep.gaps + rep.bad, 0);
    assert_int_equal(rep.stale, 1);
    player_open(&p);
    const struct market *m = tape_market(p.file.reader, 0);
    assert_string_equal(m->symbol, "ABCUSDT");
    assert_string_equal(m->title, "ABC/USDT perpetual");
    assert_int_equal(m->kind, MARKET_PERP);
    assert_int_equal(m->max_leverage, 20);
    assert_int_equal(m->tick.micro, 100000);
    assert_int_equal(m->lot.micro, 1000);
    assert_int_equal(m->price_digits, 1);
    assert_true(player_next(&p));
    assert_int_equal(p.r.flags, BOOK_SNAPSHOT);
    assert_int_equal(p.r.at_us, 1700000000000001);
    assert_true(player_next(&p) && p.r.n_bids + p.r.n_asks == 0);
    assert_true(player_next(&p) && p.r.flags == 0);
    assert_true(player_next(&p) && p.r.kind == TAPE_TRADE && p.r.flags == 1);
    assert_int_equal(p.r.size.micro, 500000);
    assert_true(player_next(&p) && p.r.kind == TAPE_TRADE && p.r.flags == 0);
    assert_true(player_next(&p));
    assert_false(player_next(&p));
    assert_int_equal(book_count(p.books[0], BOOK_BID), 2);
    assert_level(p.books[0], BOOK_BID, 0, "99.9", "2");
    assert_level(p.books[0], BOOK_BID, 1, "99.7", "4");
    assert_int_equal(book_count(p.books[0], BOOK_ASK), 1);
    assert_level(p.books[0], BOOK_ASK, 0, "100.2", "0.001");
    player_close(&p);
}

static void snapshot_in_the_middle(void **state) {
    (void)state;
    struct import_report rep;
    struct player p;
    assert_int_equal(import(FUT_DIFF(1000, 10, 20, 9, L("99", "1"), L("101", "1")) FUT_DIFF(2000, 21, 30, 20, L("98", "7"), "") /* older than the snapshot */
                            FUT_DIFF(3000, 31, 40, 30, L("97", "5"), "") /* newer than the snapshot: waits for it */
                            FUT_SNAP(4000, 33, L("99", "3") "," L("96", "2"), L("102", "6"))
                            FUT_DIFF(5000, 41, 50, 40, L("99", "4"), ""), &rep), ERR_OK);
    assert_int_equal(rep.gaps, 0);
    player_open(&p);
    for (int i = 0; i < 3; i++)
        assert_true(player_next(&p) && (p.r.flags & BOOK_GAP));
    assert_true(player_next(&p));
    assert_int_equal(p.r.flags, BOOK_SNAPSHOT);
    assert_int_equal(p.r.n_bids, 3);
    assert_true(player_next(&p) && p.r.flags == 0);
    assert_int_equal(book_count(p.books[0], BOOK_BID), 3);
    assert_level(p.books[0], BOOK_BID, 0, "99", "4");
    assert_level(p.books[0], BOOK_BID, 1, "97", "5");
    assert_level(p.books[0], BOOK_BID, 2, "96", "2");
    assert_int_equal(book_count(p.books[0], BOOK_ASK), 1); /* 101 was before the snapshot */
    player_close(&p);
}

static void gap_is_reported_and_flagged_until_the_next_snapshot(void **state) {
    (void)state;
    struct import_report rep;
    struct player p;
    assert_int_equal(import(FUT_SNAP(1000, 10, L("99", "1"), L("101", "1")) FUT_DIFF(2000, 9, 20, 8, L("98", "1"), "")
                            FUT_DIFF(3000, 41, 50, 40, L("97", "1"), "") /* 21 to 40 are missing */
                            FUT_DIFF(4000, 51, 60, 50, L("96", "1"), "") FUT_SNAP(5000, 60, L("96", "1") "," L("95", "2"), L("105", "2"))
                            FUT_DIFF(6000, 61, 70, 60, L("94", "1"), ""), &rep), ERR_OK);
    assert_int_equal(rep.gaps, 1);
    assert_int_equal(rep.n_notes, 1);
    assert_int_equal(rep.notes[0].line, 3);
    assert_non_null(strstr(rep.notes[0].text, "gap"));
    const unsigned want[] = {BOOK_SNAPSHOT, 0, BOOK_GAP, BOOK_GAP, BOOK_SNAPSHOT, 0};
    player_open(&p);
    for (size_t i = 0; i < 6; i++) {
        assert_true(player_next(&p));
        assert_int_equal(p.r.flags, want[i]);
    }
    assert_int_equal(book_count(p.books[0], BOOK_BID), 3);
    player_close(&p);
}

#define SPOT_DIFF(t, U, u, bids, asks) \
    #t " {\"stream\":\"xyzusdc@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"XYZUSDC\",\"U\":" #U ",\"u\":" #u ",\"b\":[" bids "],\"a\":[" asks "]}}\n"
#define SPOT_TICK(t, u, b, B, a, A) \
    #t " {\"stream\":\"xyzusdc@bookTicker\",\"data\":{\"u\":" #u ",\"s\":\"XYZUSDC\",\"b\":\"" b "\",\"B\":\"" B "\",\"a\":\"" a "\",\"A\":\"" A "\"}}\n"

static void spot_has_no_pu(void **state) {
    (void)state;
    struct import_report rep;
    struct player p;
    assert_int_equal(import("1000 {\"lastUpdateId\":10,\"bids\":[[\"1.5000\",\"10.00\"]],\"asks\":[[\"1.6000\",\"5.00\"]]}\n"
                            SPOT_DIFF(2000, 5, 10, L("1.4", "1"), "") /* holds nothing new */
                            SPOT_DIFF(3000, 11, 15, L("1.5001", "2"), "") SPOT_DIFF(4000, 16, 16, "", L("1.6", "0") "," L("1.61", "7"))
                            SPOT_DIFF(5000, 18, 19, L("1.3", "1"), ""), &rep), ERR_OK);
    assert_int_equal(rep.stale, 1);
    assert_int_equal(rep.gaps, 1); /* 17 is missing */
    assert_int_equal(rep.notes[0].line, 5);
    player_open(&p);
    const struct market *m = tape_market(p.file.reader, 0);
    assert_string_equal(m->title, "XYZ/USDC spot");
    assert_int_equal(m->max_leverage, 1);
    assert_int_equal(m->tick.micro, 100);
    for (int i = 0; i < 4; i++)
        assert_true(player_next(&p) && !(p.r.flags & BOOK_GAP));
    assert_level(p.books[0], BOOK_BID, 0, "1.5001", "2");
    assert_level(p.books[0], BOOK_ASK, 0, "1.61", "7");
    assert_int_equal(book_count(p.books[0], BOOK_BID), 2);
    assert_true(player_next(&p) && p.r.flags == BOOK_GAP);
    player_close(&p);
}

static void without_snapshot_the_ticker_confirms(void **state) {
    (void)state;
    struct import_report rep;
    struct player p;
    assert_int_equal(import(SPOT_DIFF(1000, 1, 5, L("1.4", "1"), L("1.9", "1")) SPOT_TICK(2000, 6, "1.5", "3", "1.6", "4") /* not yet what the book has */
                            SPOT_DIFF(3000, 6, 9, L("1.5", "3"), L("1.6", "4")) SPOT_TICK(4000, 9, "1.5", "3", "1.6", "4")
                            SPOT_DIFF(5000, 10, 11, L("1.5", "2"), ""), &rep), ERR_OK);
    assert_int_equal(rep.never_complete, 0);
    player_open(&p);
    for (int i = 0; i < 3; i++)
        assert_true(player_next(&p) && (p.r.flags & BOOK_GAP));
    assert_true(player_next(&p));
    assert_int_equal(p.r.flags, BOOK_SNAPSHOT);
    assert_int_equal(book_count(p.books[0], BOOK_BID), 2);
    assert_true(player_next(&p) && p.r.flags == 0);
    assert_level(p.books[0], BOOK_BID, 0, "1.5", "2");
    player_close(&p);
    /* never confirmed: it says so, and every record is flagged */
    assert_int_equal(import(SPOT_DIFF(1000, 1, 5, L("1.4", "1"), L("1.9", "1")), &rep), ERR_OK);
    assert_int_equal(rep.never_complete, 1);
}

static void ticker_moves_the_top_between_changes(void **state) {
    (void)state;
    struct import_report rep;
    struct player p;
    assert_int_equal(import(FUT_SNAP(1000, 10, L("99", "1") "," L("98", "1"), L("100", "1") "," L("101", "1")) FUT_TICK(2000, 15, "98", "0.5", "99", "2") /* the market fell through the bid */
                            FUT_DIFF(3000, 9, 12, 9, L("97", "1"), "")                          /* older than the ticker: the top stays */
                            FUT_TICK(4000, 11, "99", "1", "100", "1")                           /* late: older than the book */
                            FUT_DIFF(5000, 13, 20, 12, L("99", "0") "," L("98", "6"), L("99", "3")), &rep), ERR_OK);
    assert_int_equal(rep.records, 5);
    assert_int_equal(rep.stale, 1);
    player_open(&p);
    for (int i = 0; i < 5; i++) {
        assert_true(player_next(&p));
        assert_false(book_crossed(p.books[0]));
        if (i >= 1 && i <= 3) {
            assert_level(p.books[0], BOOK_BID, 0, "98", "0.5");
            assert_level(p.books[0], BOOK_ASK, 0, "99", "2");
            assert_level(p.books[0], BOOK_ASK, 1, "100", "1");
        }
    }
    assert_level(p.books[0], BOOK_BID, 0, "98", "6");
    assert_level(p.books[0], BOOK_ASK, 0, "99", "3");
    assert_int_equal(book_count(p.books[0], BOOK_BID), 2);
    player_close(&p);
}

static void sizes_may_be_contracts(void **state) {
    (void)state;
    struct import_report rep;
    struct player p;
    assert_int_equal(import(FUT_SNAP(1000, 10, L("27001.5", "1200"), L("27002.0", "35")) FUT_TRADE(2000, "27001.5", "7", true) FUT_DIFF(3000, 9, 12, 9, L("26990.5", "11"), ""), &rep), ERR_OK);
    player_open(&p);
    const struct market *m = tape_market(p.file.reader, 0);
    assert_int_equal(m->lot.micro, DEC_ONE);
    assert_int_equal(m->qty_digits, 0);
    player_next(&p);
    assert_level(p.books[0], BOOK_BID, 0, "27001.5", "1200");
    player_close(&p);
}

static void two_symbols_get_their_own_snapshots(void **state) {
    (void)state;
    struct import_report rep;
    struct player p;
    assert_int_equal(import(FUT_SNAP(500, 10, L("99", "1"), L("101", "1")) SPOT_TICK(1000, 1, "1.5", "1", "1.6", "1") FUT_TICK(1000, 9, "99", "1", "101", "1")
                            "1500 {\"lastUpdateId\":20,\"bids\":[[\"1.5\",\"9\"]],\"asks\":[[\"1.7\",\"9\"]]}\n"
                            SPOT_DIFF(2000, 20, 22, L("1.4", "1"), "") FUT_DIFF(3000, 9, 12, 9, L("98", "1"), ""), &rep), ERR_OK);
    assert_int_equal(rep.markets, 2);
    assert_int_equal(rep.bad + rep.gaps, 0);
    player_open(&p);
    while (player_next(&p))
        ;
    int fut = strcmp(tape_market(p.file.reader, 0)->symbol, "ABCUSDT") == 0 ? 0 : 1;
    assert_int_equal(book_count(p.books[fut], BOOK_BID), 2);
    assert_level(p.books[fut], BOOK_BID, 0, "99", "1");
    assert_level(p.books[1 - fut], BOOK_ASK, 0, "1.7", "9");
    assert_int_equal(book_count(p.books[1 - fut], BOOK_BID), 2);
    player_close(&p);
}

static void bad_lines_are_counted_by_number(void **state) {
    (void)state;
    struct import_report rep;
    struct stat st;
    char why[REASON_MAX];
    const char *bad[] = {
        "{\"stream\":\"abcusdt@trade\"}",
        "99999999999999999999 {}",
        "1000 {\"stream\":\"abcusdt@trade\",\"data\":{\"e\":\"trade\",\"s\":\"ABCUSDT\",\"p\":\"NaN\",\"q\":\"1\",\"m\":true}}",
        "1000 {\"stream\":\"abcusdt@trade\",\"data\":{\"e\":\"trade\",\"s\":\"ABCUSDT\",\"p\":\"1e999\",\"q\":\"1\",\"m\":true}}",
        "1000 {\"stream\":\"abcusdt@trade\",\"data\":{\"e\":\"trade\",\"s\":\"ABCUSDT\",\"p\":\"-5\",\"q\":\"1\",\"m\":true}}",
        "1000 {\"stream\":\"abcusdt@trade\",\"data\":{\"e\":\"trade\",\"s\":\"ABCUSDT\",\"p\":\"5\",\"q\":\"99999999999999999999\",\"m\":true}}",
        "1000 {\"stream\":\"abcusdt@bookTicker\",\"data\":{\"u\":1,\"b\":\"101\",\"B\":\"1\",\"a\":\"100\",\"A\":\"1\"}}",
        "1000 {\"stream\":\"../../etc@trade\",\"data\":{\"e\":\"trade\",\"p\":\"5\",\"q\":\"1\",\"m\":true}}",
        "1000 {\"stream\":\"abcusdt@depth\",\"data\":{\"e\":\"depthUpdate\",\"U\":1,\"u\":2,\"b\":[[\"1\"]],\"a\":[]}}",
        "1000 {\"stream\":\"abcusdt@trade\",\"data\":{\"e\":\"trade\"",
        "1000 [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "1000 {} trailing",
        "\x1b]0;owned\x07",
    };
    const size_t n = sizeof bad / sizeof bad[0];
    char text[8192] = "";
    for (size_t i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n", bad[i]);
    assert_int_equal(import(text, &rep), ERR_CORRUPT);
    assert_int_equal(rep.bad, n);
    assert_int_equal(stat(out_path, &st), -1);
    snprintf(text + strlen(text), sizeof text - strlen(text), FUT_TRADE(2000, "5", "1", true));
    assert_int_equal(import(text, &rep), ERR_OK);
    assert_int_equal(rep.bad, n);
    assert_int_equal(rep.records, 1);
    for (uint32_t i = 0; i < rep.n_notes; i++) {
        assert_int_equal(rep.notes[i].line, i + 1);
        assert_true(rep.notes[i].text[0] >= 'a' && rep.notes[i].text[0] <= 'z'); /* our words, not the file's */
    }
    assert_int_equal(tape_import_binance("/nonexistent/x", out_path, &rep, why), ERR_IO);
    assert_true(*why);
    put_file(in_path, "", 0);
    assert_int_equal(tape_import_binance(in_path, out_path, &rep, why), ERR_CORRUPT);
}

static void cut_gzip_gives_what_came_before(void **state) {
    (void)state;
    struct import_report rep;
    char line[256], why[REASON_MAX];
    gzFile gz = gzopen(in_path, "wb");
    for (int i = 0; i < 20000; i++) {
        int n = snprintf(line, sizeof line, "%d {\"stream\":\"abcusdt@trade\",\"data\":{\"e\":\"trade\",\"p\":\"%d.%d\",\"q\":\"0.%d1\",\"m\":true}}\n", 1000 + i, 100 + i * 7919 % 31, i * 1047 % 10, i * 15485 % 97);
        gzwrite(gz, line, (unsigned)n);
    }
    gzclose(gz);
    assert_int_equal(tape_import_binance(in_path, out_path, &rep, why), ERR_OK);
    assert_int_equal(rep.records, 20000);
    assert_false(rep.cut);
    struct stat st;
    assert_int_equal(stat(in_path, &st), 0);
    assert_int_equal(truncate(in_path, st.st_size * 2 / 3), 0);
    assert_int_equal(tape_import_binance(in_path, out_path, &rep, why), ERR_OK);
    assert_true(rep.cut);
    assert_int_equal(rep.bad, 0);
    assert_true(rep.records > 8000 && rep.records < 20000);
}

static enum err import_q(const char *markets, const char *quotes, struct import_report *rep) {
    char why[REASON_MAX];
    unlink(out_path);
    put_file(in_path, quotes, strlen(quotes));
    put_file(markets_path, markets, strlen(markets));
    return tape_import_quotes(in_path, markets_path, out_path, rep, why);
}

static void quotes_make_one_level_books_and_settle(void **state) {
    (void)state;
    struct import_report rep;
    struct player p;
    assert_int_equal(import_q("slug,category,question,outcome_yes\nrain-a,weather,\"Rain, or \"\"snow\"\"?\",1\nrain-b,weather,Plain\x1b[31m?,0\nrain-c,weather,Open?,\nunseen,x,y,1\n",
                              "ts_ms,slug,bid,ask\n2000,rain-a,0.61,0.63\n1000,rain-b,0,0.05\n3000,rain-c,0.412,0.42\n3000,rain-d,0.5,1\n", &rep), ERR_OK);
    assert_int_equal(rep.quotes, 4);
    assert_int_equal(rep.settlements, 2);
    assert_int_equal(rep.markets, 4);
    assert_int_equal(rep.back_steps, 1);
    player_open(&p);
    assert_int_equal(tape_market_count(p.file.reader), 4);
    const struct market *a = tape_market(p.file.reader, 0);
    assert_string_equal(a->title, "Rain, or \"snow\"?");
    assert_int_equal(a->kind, MARKET_BINARY);
    assert_int_equal(a->quote_only, 1);
    assert_int_equal(a->tick.micro, 10000);
    assert_null(strchr(tape_market(p.file.reader, 1)->title, '\x1b'));
    assert_int_equal(tape_market(p.file.reader, 2)->tick.micro, 1000);
    assert_string_equal(tape_market(p.file.reader, 3)->title, "rain-d");
    assert_true(player_next(&p) && p.r.market == 1 && p.r.at_us == 1000000 && p.r.n_bids == 0 && p.r.n_asks == 1);
    assert_true(player_next(&p) && p.r.market == 0);
    char units[16];
    snprintf(units, sizeof units, "%d", IMPORT_QUOTE_UNITS);
    assert_level(p.books[0], BOOK_BID, 0, "0.61", units);
    assert_level(p.books[0], BOOK_ASK, 0, "0.63", units);
    assert_true(player_next(&p) && player_next(&p) && p.r.market == 3 && p.r.n_asks == 0);
    assert_true(player_next(&p) && p.r.kind == TAPE_STATUS && p.r.status == MARKET_RESOLVED && p.r.outcome == OUTCOME_YES);
    assert_true(player_next(&p) && p.r.market == 1 && p.r.outcome == OUTCOME_NO);
    assert_false(player_next(&p));
    player_close(&p);
}

static void impossible_quotes_are_refused_by_line(void **state) {
    (void)state;
    struct import_report rep;
    const char *bad[] = {"1000,m,-0.1,0.5", "1000,m,0.5,1.2", "1000,m,NaN,0.5", "1000,m,0.2,1e999", "1000,m,0.6,0.5", "1000,m,0.5,0.5", "1000,m,,0.5", "1000,m,0.4,", "x,m,0.4,0.5",
                         "-1,m,0.4,0.5", "1000,,0.4,0.5", "1000,m,0.4", "1000,m,0.4,0.5,0.6", "1000,m\x1b,0.4,0.5", "1000,m,0.40000001,0.5", "99999999999999999999,m,0.4,0.5", "1000,\"m,0.4,0.5"};
    const size_t n = sizeof bad / sizeof bad[0];
    char text[4096] = "ts_ms,slug,bid,ask\n";
    for (size_t i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n", bad[i]);
    assert_int_equal(import_q("slug,category,question,outcome_yes\n", text, &rep), ERR_CORRUPT);
    assert_int_equal(rep.bad, n);
    strcat(text, "1000,m,0.4,0.5\n");
    assert_int_equal(import_q("slug,category,question,outcome_yes\nm,c,q,maybe\n", text, &rep), ERR_OK);
    assert_int_equal(rep.bad, n + 1);
    assert_int_equal(rep.records, 1);
    for (uint32_t i = 1; i < rep.n_notes; i++) /* the first is of the markets */
        assert_int_equal(rep.notes[i].line, i + 1);
}

static void recorder_survives_a_kill(void **state) {
    (void)state;
    struct tape_recorder *rec;
    struct player p;
    char why[REASON_MAX];
    uint64_t n;
    struct event *ev = xcalloc(1, sizeof *ev + 8 * sizeof(struct level));
    unlink(out_path);
    assert_int_equal(tape_recorder_open(out_path, &rec, why), ERR_OK);
    event_init(ev, EVENT_MARKET, VENUE_SIM, 1000000);
    ev->u.market = (struct market){.venue = VENUE_SIM, .kind = MARKET_BINARY, .max_leverage = 1, .tick = {10000}, .min_price = {10000}, .max_price = {990000}, .lot = {DEC_ONE}, .symbol = "REC"};
    market_id id = ev->u.market.id = market_id_of(VENUE_SIM, "REC");
    assert_int_equal(tape_recorder_event(rec, ev), ERR_OK);
    for (int i = 1; i <= 10; i++) {
        event_init(ev, EVENT_BOOK, VENUE_SIM, 1000000 + i * 600000);
        ev->u.book.market = id;
        ev->u.book.n_bids = 1;
        ev->u.book.levels[0] = (struct level){PRICE(100000 + i * 10000), QTY(i * DEC_ONE)};
        assert_int_equal(tape_recorder_event(rec, ev), ERR_OK);
    }
    event_init(ev, EVENT_TRADE, VENUE_SIM, 8000000);
    ev->u.trade = (struct ev_trade){.market = id + 1, .px = {500000}, .size = {DEC_ONE}}; /* of a market nobody listed */
    assert_int_equal(tape_recorder_event(rec, ev), ERR_OK);
    /* as a kill leaves it */
    player_open(&p);
    assert_true(p.file.cut);
    int seen = 0;
    while (player_next(&p))
        seen++;
    assert_true(seen >= 8);
    player_close(&p);
    assert_int_equal(tape_recorder_close(rec, &n, why), ERR_OK);
    assert_int_equal(n, 10);
    player_open(&p);
    assert_false(p.file.cut);
    for (seen = 0; player_next(&p); seen++)
        ;
    assert_int_equal(seen, 10);
    assert_level(p.books[0], BOOK_BID, 0, "0.2", "10");
    player_close(&p);
    assert_int_equal(tape_recorder_open(out_path, &rec, why), ERR_IO); /* it is not written over */
    free(ev);
}

static void info_and_report_are_json(void **state) {
    (void)state;
    struct import_report rep;
    struct str s;
    char why[REASON_MAX];
    str_init(&s);
    assert_int_equal(import(FUT_SNAP(1000000, 10, L("99", "1"), L("101", "1")) "junk \"line\\\n" FUT_TICK(2000000, 10, "99", "1", "101", "1") FUT_TRADE(3000000, "99", "1", true), &rep), ERR_OK);
    import_report_json(&rep, &s);
    cJSON *j = cJSON_Parse(s.p);
    assert_non_null(j);
    assert_int_equal(cJSON_GetObjectItem(j, "bad")->valueint, 1);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(j, "notes")), 1);
    cJSON_Delete(j);
    str_reset(&s);
    assert_int_equal(tape_info_json(out_path, &s, why), ERR_OK);
    j = cJSON_Parse(s.p);
    assert_non_null(j);
    assert_int_equal(cJSON_GetObjectItem(j, "records")->valueint, 3);
    assert_int_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(cJSON_GetObjectItem(j, "markets"), 0), "trades")->valueint, 1);
    cJSON_Delete(j);
    str_reset(&s);
    assert_int_equal(tape_info_print(out_path, &s, why), ERR_OK);
    assert_non_null(strstr(s.p, "ABCUSDT"));
    assert_int_equal(tape_info_print(in_path, &s, why), ERR_CORRUPT);
    str_free(&s);
}

/* --- the real recordings --- */

static const char *shared_tapes(void) {
    static char path[512];
    const char *root = getenv("TURRET_SHARED");
    snprintf(path, sizeof path, "%s/data/tapes", root ? root : "../shared");
    struct stat st;
    if (stat(path, &st) == 0)
        return path;
    print_message("skipped: no recordings (TURRET_SHARED or ../shared)\n");
    return NULL;
}

/* A second opinion: snapshot and changes only, through another parser and without any of the importer's code. */
struct rebuild { gzFile gz; struct book *book; uint64_t u, ticker_u; bool live; char *line; cJSON *early[64]; int n_early; };

static void side_set(struct book *b, enum book_side side, const cJSON *list) {
    const cJSON *l;
    cJSON_ArrayForEach(l, list) book_set(b, side, PRICE(micro(cJSON_GetArrayItem(l, 0)->valuestring)), QTY(micro(cJSON_GetArrayItem(l, 1)->valuestring)));
}
static uint64_t whole(const cJSON *o, const char *key) { return (uint64_t)cJSON_GetObjectItemCaseSensitive(o, key)->valuedouble; }

static void rebuild_diff(struct rebuild *r, const cJSON *d) {
    if (whole(d, "u") < r->u)
        return;
    side_set(r->book, BOOK_BID, cJSON_GetObjectItemCaseSensitive(d, "b"));
    side_set(r->book, BOOK_ASK, cJSON_GetObjectItemCaseSensitive(d, "a"));
    r->u = whole(d, "u");
}

/* Changes that came before the snapshot may be newer than it. */
static void rebuild_snapshot(struct rebuild *r, const cJSON *j) {
    side_set(r->book, BOOK_BID, cJSON_GetObjectItem(j, "bids"));
    side_set(r->book, BOOK_ASK, cJSON_GetObjectItem(j, "asks"));
    r->u = whole(j, "lastUpdateId");
    r->live = true;
    for (int i = 0; i < r->n_early; i++) {
        rebuild_diff(r, cJSON_GetObjectItem(r->early[i], "data"));
        cJSON_Delete(r->early[i]);
    }
}

/* Reads one frame; true when the book now stands at a change no bookTicker is ahead of. */
static bool rebuild_line(struct rebuild *r, bool *end) {
    *end = gzgets(r->gz, r->line, 4 << 20) == NULL;
    if (*end)
        return false;
    cJSON *j = cJSON_Parse(strchr(r->line, ' ') + 1);
    const cJSON *d = cJSON_GetObjectItem(j, "data"), *e = d ? cJSON_GetObjectItem(d, "e") : NULL;
    bool is_diff = e && strcmp(e->valuestring, "depthUpdate") == 0;
    if (!d) {
        rebuild_snapshot(r, j);
    } else if (is_diff && !r->live) {
        assert_true(r->n_early < 64);
        r->early[r->n_early++] = j;
        return false;
    } else if (is_diff) {
        rebuild_diff(r, d);
    } else if (strcmp(e->valuestring, "bookTicker") == 0 && whole(d, "u") > r->ticker_u) {
        r->ticker_u = whole(d, "u");
    }
    cJSON_Delete(j);
    return is_diff && r->ticker_u <= r->u;
}

static void real_recording(const char *name, uint64_t lines, uint64_t tickers, uint64_t diffs, uint64_t trades) {
    const char *tapes = shared_tapes();
    struct import_report rep;
    struct player p;
    struct rebuild r = {.book = book_new(), .line = xmalloc(4 << 20)};
    char path[600], why[REASON_MAX];
    if (!tapes) {
        book_free(r.book);
        free(r.line);
        skip();
    }
    snprintf(path, sizeof path, "%s/%s", tapes, name);
    assert_int_equal(tape_import_binance(path, out_path, &rep, why), ERR_OK);
    assert_int_equal(rep.lines, lines);
    assert_int_equal(rep.records, lines);
    assert_int_equal(rep.tickers, tickers);
    assert_int_equal(rep.diffs, diffs);
    assert_int_equal(rep.trades, trades);
    assert_int_equal(rep.gaps + rep.bad + rep.top_differs, 0);
    assert_true(rep.top_checks > 50);
    r.gz = gzopen(path, "rb");
    player_open(&p);
    int compared = 0;
    for (bool end = false; !end;) {
        bool compare = rebuild_line(&r, &end);
        if (end)
            break;
        assert_true(player_next(&p)); /* a record a frame */
        if (p.r.kind == TAPE_BOOK && !(p.r.flags & BOOK_GAP))
            assert_false(book_crossed(p.books[0]));
        if (!compare)
            continue;
        assert_int_equal(book_hash(p.books[0], 1), book_hash(r.book, 1));
        compared++;
    }
    assert_false(player_next(&p));
    assert_true(compared > 1000);
    player_close(&p);
    gzclose(r.gz);
    book_free(r.book);
    free(r.line);
}

static void real_btc(void **state) {
    (void)state;
    real_recording("btcusdt_20240808.gz", 93954, 66089, 6551, 21313);
}
static void real_eth(void **state) {
    (void)state;
    real_recording("ethusdt_20240808.gz", 74655, 53992, 6586, 14076);
}

static void real_quotes(void **state) {
    (void)state;
    const char *tapes = shared_tapes();
    struct import_report rep;
    char q[600], m[600], why[REASON_MAX];
    if (!tapes)
        skip();
    snprintf(q, sizeof q, "%s/prediction-2026-07-23.quotes.csv.gz", tapes);
    snprintf(m, sizeof m, "%s/prediction-2026-07-23.markets.csv", tapes);
    assert_int_equal(tape_import_quotes(q, m, out_path, &rep, why), ERR_OK);
    assert_int_equal(rep.quotes, 20757);
    assert_int_equal(rep.bad, 0);
    assert_int_equal(rep.markets, 31);
    assert_int_equal(rep.settlements, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(futures_with_snapshot),
        cmocka_unit_test(snapshot_in_the_middle),
        cmocka_unit_test(gap_is_reported_and_flagged_until_the_next_snapshot),
        cmocka_unit_test(spot_has_no_pu),
        cmocka_unit_test(without_snapshot_the_ticker_confirms),
        cmocka_unit_test(ticker_moves_the_top_between_changes),
        cmocka_unit_test(sizes_may_be_contracts),
        cmocka_unit_test(two_symbols_get_their_own_snapshots),
        cmocka_unit_test(bad_lines_are_counted_by_number),
        cmocka_unit_test(cut_gzip_gives_what_came_before),
        cmocka_unit_test(quotes_make_one_level_books_and_settle),
        cmocka_unit_test(impossible_quotes_are_refused_by_line),
        cmocka_unit_test(recorder_survives_a_kill),
        cmocka_unit_test(info_and_report_are_json),
        cmocka_unit_test(real_btc),
        cmocka_unit_test(real_eth),
        cmocka_unit_test(real_quotes),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
