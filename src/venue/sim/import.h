/* Making tapes: importers for recorded exchange frames and quote files, the recorder of a running desk, and what
 * `turret tape info` prints. Inputs may be plain or gzip; outputs appear whole or not at all (the recorder's grow). */
#ifndef TURRET_VENUE_SIM_IMPORT_H
#define TURRET_VENUE_SIM_IMPORT_H

#include "turret/base/str.h"
#include "turret/desk/event.h"

#define IMPORT_NOTES 20 /* lines named in a report; the rest is only counted */
#define IMPORT_LINE_MAX (16u << 20)
/* Quote files carry no sizes: every quote is shown with this many units a side (and the market is quote_only). */
#define IMPORT_QUOTE_UNITS 1000

struct import_note {
    uint64_t line;
    char text[REASON_MAX];
};
struct import_report {
    uint64_t lines;     /* read, empty ones not counted */
    uint64_t records;   /* written to the tape: one a good line, plus settlements */
    uint64_t snapshots, diffs, tickers, trades, marks, quotes, settlements; /* good lines by kind */
    uint64_t ignored;   /* well-formed lines of kinds a tape does not hold (klines, liquidations, doubled trade streams) */
    uint64_t stale;     /* diffs and tickers older than the book: written as records that change nothing */
    uint64_t bad;       /* lines refused; the first IMPORT_NOTES are in notes */
    uint64_t gaps;      /* breaks in a chain of diffs; they are in notes too */
    uint64_t top_checks, top_differs; /* bookTickers compared with the book at the same update, and how many differed */
    uint64_t back_steps; /* lines whose time went back (they get the time before) */
    uint32_t markets, never_complete; /* markets on the tape; those whose book never became reliable */
    bool cut;           /* the input ended in the middle (a cut gzip stream or line): all before it was imported */
    uint32_t n_notes;
    struct import_note notes[IMPORT_NOTES];
    int64_t first_us, last_us;
    uint64_t bytes_out;
};

/* `<receive time in ns> <JSON>` a line: raw Binance frames, futures or spot, of one or several symbols. ERR_CORRUPT when no line
 * is good, ERR_IO when a file can't be read or written; `text` says what. The report is filled in any case. */
enum err tape_import_binance(const char *in, const char *out, struct import_report *rep, char text[REASON_MAX]);
/* ts_ms,slug,bid,ask rows and the markets' slug,category,question,outcome_yes. */
enum err tape_import_quotes(const char *quotes, const char *markets, const char *out, struct import_report *rep,
                            char text[REASON_MAX]);
void import_report_text(const struct import_report *rep, struct str *out); /* lines for people */
void import_report_json(const struct import_report *rep, struct str *out); /* one JSON object, no line end */

/* What is on a tape: appends a table for people or one JSON object. `text` is set on errors. */
enum err tape_info_print(const char *path, struct str *out, char text[REASON_MAX]);
enum err tape_info_json(const char *path, struct str *out, char text[REASON_MAX]);

/* Records EVENT_MARKET, BOOK, TRADE, MARK and MARKET_STATUS events of a desk; other events are passed over. Whole blocks are
 * appended and synced at least once a second of event time, so that a kill at any moment loses no more than that. */
struct tape_recorder;
/* Makes a new file (an existing one is refused: ERR_IO with a sentence). */
enum err tape_recorder_open(const char *path, struct tape_recorder **out, char text[REASON_MAX]);
/* ERR_IO once the disk refuses; the recorder then stays silent. */
enum err tape_recorder_event(struct tape_recorder *r, const struct event *ev);
/* Writes index and trailer, syncs and closes. */
enum err tape_recorder_close(struct tape_recorder *r, uint64_t *records, char text[REASON_MAX]);

#endif
