/* One pass over the text of a JSON document: depth, numbers by JSON's grammar, NUL bytes and \u0000, control bytes
 * in strings, and bytes after the value. */
#include "json_scan.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
/* Bytes of a number, true, false or null. */
static bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' || c == 'E'; }

/* -?(0|[1-9]d*)(.d+)?([eE][+-]?d+)? over exactly [p, end) */
static bool number_ok(const char *p, const char *end) {
    if (p < end && *p == '-')
        p++;
    const char *start = p;
    while (p < end && is_digit(*p))
        p++;
    if (p == start || (*start == '0' && p > start + 1))
        return false;
    if (p < end && *p == '.') {
        start = ++p;
        while (p < end && is_digit(*p))
            p++;
        if (p == start)
            return false;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        start = p;
        while (p < end && is_digit(*p))
            p++;
        if (p == start)
            return false;
    }
    return p == end;
}

/* Past the closing quote, or NULL with *what set. p is behind the opening one. */
static const char *string_end(const char *p, const char *end, const char **what) {
    for (; p < end && *p != '"'; p++) {
        if ((unsigned char)*p < 0x20) {
            *what = "a control byte in a string";
            return NULL;
        }
        if (*p != '\\')
            continue;
        if (end - p >= 6 && p[1] == 'u' && p[2] == '0' && p[3] == '0' && p[4] == '0' && p[5] == '0') {
            *what = "a NUL in a string";
            return NULL;
        }
        if (++p == end)
            break;
    }
    if (p >= end) {
        *what = "the document ends in a string";
        return NULL;
    }
    return p + 1;
}

const char *json_scan(const char *text, size_t len, int max_depth) {
    const char *p = text, *end = text + len, *what = "";
    int depth = 0;
    bool done = false; /* the one value at the top is complete */
    while (p < end) {
        char c = *p;
        if (is_blank(c)) {
            p++;
            continue;
        }
        if (done)
            return "more bytes after the value";
        if (c == '"') {
            p = string_end(p + 1, end, &what);
            if (!p)
                return what;
        } else if (c == '{' || c == '[') {
            if (++depth > max_depth)
                return "nested too deeply";
            p++;
        } else if (c == '}' || c == ']') {
            if (--depth < 0)
                return "a bracket too many";
            p++;
        } else if (is_word(c)) {
            const char *start = p;
            while (p < end && is_word(*p))
                p++;
            if ((is_digit(c) || c == '-') && !number_ok(start, p))
                return "a malformed number";
        } else if (c == ',' || c == ':') {
            p++;
        } else {
            return "not JSON";
        }
        done = depth == 0;
    }
    return done ? NULL : "the document is cut off or empty";
}

bool json_scan_int(const char *text, int64_t *out) {
    bool negative = *text == '-';
    const char *p = text + negative;
    int64_t v = 0;
    if (!is_digit(*p))
        return false;
    for (; is_digit(*p); p++) /* downward: the range is one wider there */
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, *p - '0', &v))
            return false;
    if (*p || (!negative && v == INT64_MIN))
        return false;
    *out = negative ? v : -v;
    return true;
}
