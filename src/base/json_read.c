/* The reader without a tree. Depth is a counter and a bit a level; a value that is not wanted is read over by the same checks. */
#include "turret/base/json_read.h"

#include "turret/base/json.h"

enum { PLAIN, QUOTE, BACKSLASH, CONTROL };
static const uint8_t classes[256] = {
    [0 ... 31] = CONTROL, ['"'] = QUOTE, ['\\'] = BACKSLASH,
};

bool json_wrong(struct json_reader *r, const char *what) {
    if (!r->what)
        r->what = what;
    return false;
}

void json_reader_init(struct json_reader *r, const char *text, size_t len) { *r = (struct json_reader){.p = text, .end = text + len}; }

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

static inline void blanks(struct json_reader *r) {
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
        r->p++;
}

enum json_kind json_peek(struct json_reader *r) {
    blanks(r);
    if (r->what || r->p == r->end)
        return JSON_KIND_BAD;
    switch (*r->p) {
    case '{': return JSON_KIND_OBJECT;
    case '[': return JSON_KIND_ARRAY;
    case '"': return JSON_KIND_STRING;
    case 't': return JSON_KIND_TRUE;
    case 'f': return JSON_KIND_FALSE;
    case 'n': return JSON_KIND_NULL;
    default: return is_digit(*r->p) || *r->p == '-' ? JSON_KIND_NUMBER : JSON_KIND_BAD;
    }
}

bool json_enter(struct json_reader *r, enum json_kind kind) {
    if (json_peek(r) != kind)
        return json_wrong(r, kind == JSON_KIND_OBJECT ? "not an object" : "not an array");
    if (r->depth == JSON_DEPTH_MAX)
        return json_wrong(r, "nested too deeply");
    r->p++;
    r->depth++;
    r->begun &= ~(1ull << r->depth);
    return true;
}

/* At the next thing of the open object or array: true; at its closing bracket: out of it and false. */
static bool next(struct json_reader *r, char close) {
    blanks(r);
    if (r->what || r->depth == 0)
        return false;
    if (r->p == r->end)
        return json_wrong(r, "the document is cut off");
    const uint64_t bit = 1ull << r->depth;
    if (*r->p == close) {
        r->p++;
        r->depth--;
        return false;
    }
    if (r->begun & bit) {
        if (*r->p != ',')
            return json_wrong(r, "a comma is missing");
        r->p++;
        blanks(r);
    }
    r->begun |= bit;
    return true;
}

/* The value of four hex digits, -1 when they are not. */
static int hex4(const char *p) {
    int v = 0;
    for (int i = 0; i < 4; i++) {
        const int c = p[i] | 32;
        if (!is_digit(p[i]) && !(c >= 'a' && c <= 'f'))
            return -1;
        v = v * 16 + (is_digit(p[i]) ? p[i] - '0' : c - 'a' + 10);
    }
    return v;
}

/* A backslash at r->p: past what it stands for. */
static bool escape(struct json_reader *r) {
    const size_t left = (size_t)(r->end - r->p);
    if (left < 2)
        return json_wrong(r, "the document ends in a string");
    if (r->p[1] != 'u') {
        if (!strchr("\"\\/bfnrt", r->p[1]) || r->p[1] == 0)
            return json_wrong(r, "a bad escape in a string");
        r->p += 2;
        return true;
    }
    const int unit = left < 6 ? -1 : hex4(r->p + 2);
    const bool high = unit >= 0xd800 && unit < 0xdc00, low = unit >= 0xdc00 && unit < 0xe000;
    if (unit == 0)
        return json_wrong(r, "a NUL in a string");
    if (unit < 0 || low || (high && (left < 12 || memcmp(r->p + 6, "\\u", 2) != 0 || hex4(r->p + 8) < 0xdc00 || hex4(r->p + 8) > 0xdfff)))
        return json_wrong(r, "a bad escape in a string");
    r->p += high ? 12 : 6;
    return true;
}

/* r->p is at the opening quote. */
static bool string(struct json_reader *r, struct json_text *out) {
    const char *start = ++r->p;
    bool escaped = false;
    for (;;) {
        while (r->p < r->end && classes[(unsigned char)*r->p] == PLAIN)
            r->p++;
        if (r->p == r->end)
            return json_wrong(r, "the document ends in a string");
        if (*r->p == '"')
            break;
        if (*r->p != '\\')
            return json_wrong(r, "a control byte in a string");
        escaped = true;
        if (!escape(r))
            return false;
    }
    *out = (struct json_text){start, (size_t)(r->p - start), escaped};
    r->p++;
    return true;
}

static bool digits(struct json_reader *r) {
    const char *start = r->p;
    while (r->p < r->end && is_digit(*r->p))
        r->p++;
    return r->p > start;
}

static bool number(struct json_reader *r, struct json_text *out) {
    const char *start = r->p;
    r->p += *r->p == '-';
    const char *whole = r->p;
    bool good = digits(r) && (*whole != '0' || r->p == whole + 1);
    if (good && r->p < r->end && *r->p == '.') {
        r->p++;
        good = digits(r);
    }
    if (good && r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
        r->p++;
        r->p += r->p < r->end && (*r->p == '+' || *r->p == '-');
        good = digits(r);
    }
    *out = (struct json_text){start, (size_t)(r->p - start), false};
    return good || json_wrong(r, "a malformed number");
}

static bool word(struct json_reader *r, const char *text, size_t len, struct json_text *out) {
    if ((size_t)(r->end - r->p) < len || memcmp(r->p, text, len) != 0)
        return json_wrong(r, "not JSON");
    *out = (struct json_text){r->p, len, false};
    r->p += len;
    return true;
}

bool json_member(struct json_reader *r, struct json_text *key) {
    if (!next(r, '}'))
        return false;
    if (r->p == r->end || *r->p != '"')
        return json_wrong(r, "a key is missing");
    if (!string(r, key))
        return false;
    blanks(r);
    if (r->p == r->end || *r->p != ':')
        return json_wrong(r, "a colon is missing");
    r->p++;
    return true;
}

bool json_element(struct json_reader *r) {
    if (!next(r, ']'))
        return false;
    return (r->p < r->end && *r->p != ']') || json_wrong(r, "a value is missing");
}

static bool whole(struct json_reader *r, enum json_kind kind, struct json_text *out) {
    const char *start = r->p;
    struct json_text key;
    if (!json_enter(r, kind))
        return false;
    while (kind == JSON_KIND_OBJECT ? json_member(r, &key) : json_element(r))
        if (!json_skip(r))
            return false;
    *out = (struct json_text){start, (size_t)(r->p - start), false};
    return !r->what;
}

bool json_value(struct json_reader *r, enum json_kind *kind, struct json_text *out) {
    switch (*kind = json_peek(r)) {
    case JSON_KIND_OBJECT:
    case JSON_KIND_ARRAY: return whole(r, *kind, out);
    case JSON_KIND_STRING: return string(r, out);
    case JSON_KIND_NUMBER: return number(r, out);
    case JSON_KIND_TRUE: return word(r, "true", 4, out);
    case JSON_KIND_FALSE: return word(r, "false", 5, out);
    case JSON_KIND_NULL: return word(r, "null", 4, out);
    case JSON_KIND_BAD: break;
    }
    return json_wrong(r, r->p == r->end ? "the document is cut off or empty" : "not JSON");
}

bool json_skip(struct json_reader *r) {
    enum json_kind kind;
    struct json_text text;
    return json_value(r, &kind, &text);
}

bool json_done(struct json_reader *r) {
    blanks(r);
    if (r->what)
        return false;
    return (r->depth == 0 && r->p == r->end) || json_wrong(r, "more bytes after the value");
}
