/* UTF-8: validation, sanitising of foreign text, display width. */
#ifndef TURRET_BASE_UTF8_H
#define TURRET_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Decodes one code point; *len gets the bytes used (>= 1). Malformed input: returns 0xFFFD and skips one byte. */
uint32_t utf8_decode(const char *s, size_t n, int *len);
size_t utf8_encode(uint32_t cp, char out[4]);
/* Columns of a code point on a terminal: 0 combining, 1, 2 wide; -1 not printable. Own table (no locale). */
int utf8_width(uint32_t cp);
int utf8_str_width(const char *s); /* columns of a sanitised string */
/* Makes foreign text safe for screen, log, prompt: drops C0, C1, DEL, bidi controls, zero-width and
 * unassigned-width characters, bad bytes become U+FFFD, line breaks and tabs become blanks. Truncates at a character boundary to
 * cap-1 bytes. Returns bytes written. dst may equal src. */
size_t utf8_sanitise(char *dst, size_t cap, const char *src, size_t n);
/* The same of a text whose line breaks stay; at most `most` bytes of src are looked at. malloc'd. */
char *utf8_sanitise_lines(const char *src, size_t n, size_t most);
/* Bytes of the longest prefix that fits `cols` columns; *used gets its width. */
size_t utf8_clip(const char *s, int cols, int *used);

#endif
