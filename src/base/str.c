/* Text builders and small string helpers. */
#include "turret/base/str.h"

#include "turret/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void str_init(struct str *s) { memset(s, 0, sizeof *s); }

void str_free(struct str *s) {
    free(s->p);
    str_init(s);
}

void str_reset(struct str *s) {
    s->len = 0;
    if (s->p)
        s->p[0] = 0;
}

static void reserve(struct str *s, size_t more) { s->p = xgrow(s->p, &s->cap, s->len + more + 1, 1); }

void str_add_n(struct str *s, const char *text, size_t n) {
    reserve(s, n);
    if (n)
        memcpy(s->p + s->len, text, n);
    s->len += n;
    s->p[s->len] = 0;
}

void str_add(struct str *s, const char *text) { str_add_n(s, text, strlen(text)); }
void str_addc(struct str *s, char c) { str_add_n(s, &c, 1); }

void str_addf(struct str *s, const char *fmt, ...) {
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n > 0) {
        reserve(s, (size_t)n);
        vsnprintf(s->p + s->len, (size_t)n + 1, fmt, again);
        s->len += (size_t)n;
    }
    va_end(again);
}

char *str_copy(char *dst, size_t cap, const char *src) {
    if (!cap)
        return dst;
    size_t n = strnlen(src, cap);
    if (n == cap) {
        n = cap - 1;
        while (n > 0 && ((unsigned char)src[n] & 0xC0) == 0x80) /* not in the middle of a character */
            n--;
    }
    memmove(dst, src, n);
    dst[n] = 0;
    return dst;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

bool str_eq_nocase(const char *a, const char *b) {
    while (*a && lower(*a) == lower(*b))
        a++, b++;
    return lower(*a) == lower(*b);
}

bool str_has_prefix_nocase(const char *s, const char *prefix) {
    while (*prefix)
        if (lower(*s++) != lower(*prefix++))
            return false;
    return true;
}

bool str_contains_nocase(const char *s, const char *part) {
    do
        if (str_has_prefix_nocase(s, part))
            return true;
    while (*s++);
    return false;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

int str_split(const char *line, char *buf, size_t cap, char **words, int max) {
    int count = 0;
    size_t at = 0;
    for (;;) {
        while (is_blank(*line))
            line++;
        if (!*line)
            return count;
        if (count == max || at >= cap)
            return -1;
        words[count++] = buf + at;
        char quote = 0;
        for (; *line && (quote || !is_blank(*line)); line++) {
            char c = *line;
            if (quote ? c == quote : c == '\'' || c == '"') {
                quote = quote ? 0 : c;
                continue;
            }
            if (c == '\\' && quote != '\'' && line[1])
                c = *++line;
            if (at + 1 >= cap)
                return -1;
            buf[at++] = c;
        }
        if (quote || at >= cap)
            return -1;
        buf[at++] = 0;
    }
}

#define DISTANCE_MAX 8
#define WORD_MAX 64

static int distance(const char *a, const char *b) {
    size_t la = strlen(a), lb = strlen(b);
    if (la >= WORD_MAX || lb >= WORD_MAX)
        return DISTANCE_MAX;
    int row[WORD_MAX + 1];
    for (size_t j = 0; j <= lb; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= la; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= lb; j++) {
            int best = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[lb] < DISTANCE_MAX ? row[lb] : DISTANCE_MAX;
}

const char *str_closest(const char *word, const char *const *candidates, int count) {
    const char *best = NULL;
    int best_distance = DISTANCE_MAX;
    for (int i = 0; i < count; i++) {
        int d = distance(word, candidates[i]);
        if (d < best_distance && (size_t)d * 2 <= strlen(candidates[i])) {
            best = candidates[i];
            best_distance = d;
        }
    }
    return best;
}
