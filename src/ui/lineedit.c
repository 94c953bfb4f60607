/* One editable line of UTF-8: keys in, text out. The cursor is a byte offset at a character boundary; the text is always
 * sanitised, so it may be drawn and run as it is. */
#include "lineedit.h"

#include <string.h>

#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/ui/key.h"

#define CTRL(c) ((c) & 31)

void lineedit_set(struct lineedit *l, const char *text) {
    memset(l, 0, sizeof *l);
    lineedit_insert(l, text, strlen(text));
}

static int before(const struct lineedit *l, int pos) {
    if (pos > 0)
        pos--;
    while (pos > 0 && ((unsigned char)l->text[pos] & 0xc0) == 0x80)
        pos--;
    return pos;
}

static int after(const struct lineedit *l, int pos) {
    int len = 1;
    if (pos >= l->len)
        return l->len;
    utf8_decode(l->text + pos, (size_t)(l->len - pos), &len);
    return pos + len;
}

static void cut(struct lineedit *l, int from, int to) {
    memmove(l->text + from, l->text + to, (size_t)(l->len - to) + 1);
    l->len -= to - from;
    l->pos = from;
}

void lineedit_insert(struct lineedit *l, const char *text, size_t n) {
    char clean[LINE_MAX_BYTES];
    size_t room = (size_t)(LINE_MAX_BYTES - 1 - l->len);
    size_t len = utf8_sanitise(clean, room + 1, text, n);
    memmove(l->text + l->pos + len, l->text + l->pos, (size_t)(l->len - l->pos) + 1);
    memcpy(l->text + l->pos, clean, len);
    l->len += (int)len;
    l->pos += (int)len;
}

static int word_start(const struct lineedit *l) {
    int at = l->pos;
    while (at > 0 && l->text[at - 1] == ' ')
        at--;
    while (at > 0 && l->text[at - 1] != ' ')
        at--;
    return at;
}

bool lineedit_key(struct lineedit *l, uint32_t key) {
    switch (key) {
    case KEYS_LEFT:
    case CTRL('b'):
        l->pos = before(l, l->pos);
        return true;
    case KEYS_RIGHT:
    case CTRL('f'):
        l->pos = after(l, l->pos);
        return true;
    case KEYS_HOME:
    case CTRL('a'):
        l->pos = 0;
        return true;
    case KEYS_END:
    case CTRL('e'):
        l->pos = l->len;
        return true;
    case KEYS_BACKSPACE:
    case CTRL('h'):
        cut(l, before(l, l->pos), l->pos);
        return true;
    case KEYS_DELETE:
    case CTRL('d'):
        cut(l, l->pos, after(l, l->pos));
        return true;
    case CTRL('w'):
        cut(l, word_start(l), l->pos);
        return true;
    case CTRL('u'):
        cut(l, 0, l->pos);
        return true;
    case CTRL('k'):
        cut(l, l->pos, l->len);
        return true;
    default:
        break;
    }
    if (key < ' ' || key == 127 || key >= KEY_BASE)
        return false;
    char buf[4];
    size_t n = utf8_encode(key, buf);
    lineedit_insert(l, buf, n);
    return true;
}

void lineedit_draw(const struct lineedit *l, struct canvas *c, int x, int y, int width, enum role role, bool cursor) {
    if (width <= 0)
        return;
    canvas_fill(c, (struct rect){x, y, width, 1}, ' ', role, 0);
    char head[LINE_MAX_BYTES];
    str_copy(head, (size_t)l->pos + 1 < sizeof head ? (size_t)l->pos + 1 : sizeof head, l->text);
    int at = utf8_str_width(head), from = 0;
    while (at >= width) { /* scroll: the cursor stays inside */
        int next = after(l, from);
        char one[8];
        str_copy(one, (size_t)(next - from) + 1 < sizeof one ? (size_t)(next - from) + 1 : sizeof one, l->text + from);
        at -= utf8_str_width(one);
        from = next;
        if (from >= l->len)
            break;
    }
    canvas_text(c, x, y, width, role, 0, l->text + from);
    if (cursor) {
        c->cursor_x = x + (at < width ? at : width - 1);
        c->cursor_y = y;
        c->cursor_shown = true;
    }
}
