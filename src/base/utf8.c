/* UTF-8: strict decoding, display width from a table of our own, and the one place where foreign text is made
 * harmless before it may reach a screen, a log or a prompt. */
#include "turret/base/utf8.h"

#include "turret/base/mem.h"
#include "utf8_width.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT 0xFFFD
#define COMBINING_MAX 3 /* marks kept on one base character: real scripts need no more */

uint32_t utf8_decode(const char *s, size_t n, int *len) {
    const unsigned char *p = (const unsigned char *)s;
    *len = 1;
    if (n == 0)
        return REPLACEMENT;
    if (p[0] < 0x80)
        return p[0];
    int more = p[0] >= 0xF0 ? 3 : p[0] >= 0xE0 ? 2 : 1;
    if (p[0] < 0xC2 || p[0] > 0xF4 || (size_t)more >= n)
        return REPLACEMENT;
    uint32_t cp = p[0] & (0x3Fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return REPLACEMENT;
        cp = cp << 6 | (p[i] & 0x3F);
    }
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    if (cp < smallest[more] || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
        return REPLACEMENT; /* overlong, out of range, surrogate */
    *len = more + 1;
    return cp;
}

size_t utf8_encode(uint32_t cp, char out[4]) {
    if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
        cp = REPLACEMENT;
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, cp >>= 6)
        out[i] = (char)(0x80 | (cp & 0x3F));
    out[0] = (char)((0xF00u >> n & 0xFF) | cp);
    return n;
}

int utf8_width(uint32_t cp) {
    if (cp < 0x7F)
        return cp >= 0x20 ? 1 : -1;
    if (cp > 0x10FFFF)
        return -1;
    int low = 0, high = utf8_width_run_count - 1; /* the last run that starts at or before cp */
    while (low < high) {
        int mid = (low + high + 1) / 2;
        if (utf8_width_runs[mid] >> 2 <= cp)
            low = mid;
        else
            high = mid - 1;
    }
    int width = (int)(utf8_width_runs[low] & 3);
    return width == 3 ? -1 : width;
}

size_t utf8_clip(const char *s, int cols, int *used) {
    size_t n = strlen(s), at = 0;
    int columns = 0;
    while (at < n) {
        int len, width = utf8_width(utf8_decode(s + at, n - at, &len));
        if (width > 0 && columns + width > cols)
            break;
        columns += width > 0 ? width : 0;
        at += (size_t)len;
    }
    *used = columns;
    return at;
}

int utf8_str_width(const char *s) {
    int used;
    utf8_clip(s, INT32_MAX, &used);
    return used;
}

static bool is_break(uint32_t cp) {
    return (cp >= 0x09 && cp <= 0x0D) || cp == 0x85 || cp == 0x2028 || cp == 0x2029;
}

size_t utf8_sanitise(char *dst, size_t cap, const char *src, size_t n) {
    size_t out = 0;
    int marks = COMBINING_MAX; /* none before the first base character */
    char *copy = NULL; /* in place a bad byte would grow to three over bytes not yet read */
    if (!cap)
        return 0;
    if (dst == src && n)
        src = copy = memcpy(xmalloc(n), src, n);
    for (size_t at = 0; at < n;) {
        int len;
        uint32_t cp = utf8_decode(src + at, n - at, &len);
        if (cp == '\r' && at + 1 < n && src[at + 1] == '\n')
            cp = 0; /* the \n makes the blank */
        at += (size_t)len;
        if (is_break(cp))
            cp = ' ';
        int width = utf8_width(cp);
        if (width < 0 || (width == 0 && marks >= COMBINING_MAX))
            continue;
        marks = width == 0 ? marks + 1 : 0;
        char bytes[4];
        size_t size = utf8_encode(cp, bytes);
        if (out + size >= cap)
            break;
        memcpy(dst + out, bytes, size);
        out += size;
    }
    dst[out] = 0;
    free(copy);
    return out;
}

char *utf8_sanitise_lines(const char *src, size_t n, size_t most) {
    n = n < most ? n : most;
    const size_t cap = n * 3 + 4;
    char *out = xmalloc(cap);
    size_t at = 0;
    for (;;) {
        const char *end = memchr(src, '\n', n);
        const size_t len = end ? (size_t)(end - src) : n;
        at += utf8_sanitise(out + at, cap - at, src, len);
        if (!end)
            break;
        out[at++] = '\n';
        src += len + 1;
        n -= len + 1;
    }
    out[at] = 0;
    return out;
}
