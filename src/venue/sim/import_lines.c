/* Lines out of plain or gzip files, and the import report. */
#include "import_lines.h"

#include "turret/base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define CHUNK (256u << 10)

enum err lines_open(struct lines *l, const char *path, char text[REASON_MAX]) {
    *l = (struct lines){0};
    errno = 0;
    gzFile gz = gzopen(path, "rbe");
    if (!gz) {
        snprintf(text, REASON_MAX, "can't open %.48s: %.32s", path, errno ? strerrordesc_np(errno) : "out of memory");
        return ERR_IO;
    }
    gzbuffer(gz, CHUNK);
    l->gz = gz;
    l->cap = 2 * CHUNK;
    l->buf = xmalloc(l->cap);
    return ERR_OK;
}

void lines_close(struct lines *l) {
    if (l->gz)
        gzclose(l->gz);
    free(l->buf);
    *l = (struct lines){0};
}

/* More bytes at the end of the buffer; the start of it is given up first. */
static void lines_fill(struct lines *l) {
    memmove(l->buf, l->buf + l->start, l->end - l->start);
    l->end -= l->start;
    l->start = 0;
    l->buf = xgrow(l->buf, &l->cap, l->end + CHUNK, 1);
    int n = gzread(l->gz, l->buf + l->end, CHUNK);
    int code = Z_OK;
    if (n < (int)CHUNK) {
        gzerror(l->gz, &code);
        l->eof = n <= 0 || gzeof(l->gz) || code != Z_OK;
        l->cut = l->cut || (code != Z_OK && code != Z_STREAM_END);
    }
    if (n > 0)
        l->end += (size_t)n;
}

bool lines_next(struct lines *l, const char **text, size_t *len) {
    bool too_long = false;
    size_t seen = 0; /* of the line, already known to hold no end */
    for (;;) {
        char *from = l->buf + l->start, *nl = memchr(from + seen, '\n', l->end - l->start - seen);
        size_t n = nl ? (size_t)(nl - from) : l->end - l->start;
        if (!nl && !l->eof) {
            too_long = too_long || n > IMPORT_LINE_MAX;
            if (too_long)
                l->start = l->end;
            seen = l->end - l->start;
            lines_fill(l);
            continue;
        }
        if (!nl && (n == 0 || l->cut)) { /* the rest of a cut file is no line */
            l->start = l->end;
            return false;
        }
        l->start += n + (nl ? 1 : 0);
        l->number++;
        seen = 0;
        if (n > 0 && from[n - 1] == '\r')
            n--;
        if (n == 0 && !too_long)
            continue;
        *text = from;
        *len = too_long || n > IMPORT_LINE_MAX ? IMPORT_LINE_MAX + 1 : n;
        return true;
    }
}

void import_note(struct import_report *rep, uint64_t line, const char *fmt, ...) {
    if (rep->n_notes >= IMPORT_NOTES)
        return;
    struct import_note *n = &rep->notes[rep->n_notes++];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(n->text, sizeof n->text, fmt, ap);
    va_end(ap);
    n->line = line;
}

void step_see(struct step_seen *s, int64_t micro) {
    int64_t a = s->gcd, b = micro < 0 ? -micro : micro;
    if (b == 0)
        return;
    while (b) {
        int64_t t = a % b;
        a = b;
        b = t;
    }
    s->gcd = a;
    s->count++;
}

#define STEP_EVIDENCE 1000 /* numbers that make a step of 2 or 5 believable */

int64_t step_guess(const struct step_seen *s, int64_t most) {
    if (s->gcd <= 0)
        return most;
    int64_t step = 1;
    while (step < most && s->gcd % (step * 10) == 0)
        step *= 10;
    if (s->count >= STEP_EVIDENCE && step < most)
        for (int k = 5; k >= 2; k -= 3)
            if (s->gcd == step * k)
                return s->gcd;
    return step;
}

uint8_t step_digits(int64_t step) {
    uint8_t digits = DEC_DIGITS;
    while (digits > 0 && step % 10 == 0) {
        step /= 10;
        digits--;
    }
    return digits;
}

#define ROW(member, what) {what, #member, offsetof(struct import_report, member)}
static const struct { const char *what, *key; size_t at; } rows[] = {
    ROW(lines, "lines read"), ROW(records, "records written"), ROW(snapshots, "book snapshots"), ROW(diffs, "book changes"),
    ROW(tickers, "best bid and ask"), ROW(trades, "trades"), ROW(marks, "marks"), ROW(quotes, "quotes"),
    ROW(settlements, "settlements"), ROW(stale, "older than the book"), ROW(ignored, "of kinds left out"), ROW(bad, "refused"),
    ROW(gaps, "gaps in the chain"), ROW(top_checks, "tops compared"), ROW(top_differs, "tops that differed"),
    ROW(back_steps, "times that went back"), ROW(bytes_out, "bytes written"),
};
#define ROWS (sizeof rows / sizeof rows[0])

static uint64_t row_value(const struct import_report *rep, size_t i) {
    uint64_t v;
    memcpy(&v, (const char *)rep + rows[i].at, sizeof v);
    return v;
}

void import_report_text(const struct import_report *rep, struct str *out) {
    for (size_t i = 0; i < ROWS; i++)
        if (i < 2 || row_value(rep, i))
            str_addf(out, "%12" PRIu64 "  %s\n", row_value(rep, i), rows[i].what);
    str_addf(out, "%12" PRIu32 "  market%s\n", rep->markets, rep->markets == 1 ? "" : "s");
    if (rep->never_complete)
        str_addf(out, "%12" PRIu32 "  with a book that never became reliable\n", rep->never_complete);
    for (uint32_t i = 0; i < rep->n_notes; i++)
        str_addf(out, "line %" PRIu64 ": %s\n", rep->notes[i].line, rep->notes[i].text);
    if (rep->bad + rep->gaps > rep->n_notes)
        str_addf(out, "and %" PRIu64 " more\n", rep->bad + rep->gaps - rep->n_notes);
    if (rep->cut)
        str_add(out, "the input ends in the middle; all before it was imported\n");
}

static void json_text(struct str *out, const char *s) {
    str_addc(out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            str_addc(out, '\\');
        if ((unsigned char)*s >= 0x20)
            str_addc(out, *s);
    }
    str_addc(out, '"');
}

void import_report_json(const struct import_report *rep, struct str *out) {
    str_addc(out, '{');
    for (size_t i = 0; i < ROWS; i++)
        str_addf(out, "\"%s\":%" PRIu64 ",", rows[i].key, row_value(rep, i));
    str_addf(out, "\"markets\":%" PRIu32 ",\"never_complete\":%" PRIu32 ",\"cut\":%s,\"first_us\":%" PRId64 ",\"last_us\":%" PRId64 ",\"notes\":[",
             rep->markets, rep->never_complete, rep->cut ? "true" : "false", rep->first_us, rep->last_us);
    for (uint32_t i = 0; i < rep->n_notes; i++) {
        str_addf(out, "%s{\"line\":%" PRIu64 ",\"text\":", i ? "," : "", rep->notes[i].line);
        json_text(out, rep->notes[i].text);
        str_addc(out, '}');
    }
    str_add(out, "]}");
}
