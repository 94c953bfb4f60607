/* Fields of the dialogs: keys, steps, drawing. */
#include "ui/dialog.h"

#include <stdio.h>
#include <string.h>

#include "turret/base/utf8.h"

static bool is_choice(const struct field *f) {
    return f->choices[0] != NULL;
}

/* The text without thousands separators; false when it is no number (yet). */
static bool field_value(const struct field *f, int64_t *micro) {
    char plain[LINE_MAX_BYTES];
    size_t n = 0;
    for (const char *p = f->line.text; *p; p++)
        if (*p != ',' && *p != 'c' && *p != ' ')
            plain[n++] = *p;
    plain[n] = 0;
    return n > 0 && dec_parse_str(plain, micro);
}

void field_set(struct field *f, int64_t micro) {
    char text[DEC_TEXT_MAX] = "";
    int64_t shown = 0;
    if (micro && dec_muldiv(micro, DEC_ONE, f->scale ? f->scale : DEC_ONE, ROUND_HALF_EVEN, &shown))
        dec_format(shown, 0, text);
    lineedit_set(&f->line, text);
    f->fresh = text[0] != '\0';
}

void field_step(struct field *f, int64_t steps) {
    int64_t shown = 0, micro = 0;
    if (is_choice(f) || !f->step || (f->line.len && !field_value(f, &shown)))
        return;
    if (!dec_muldiv(shown, f->scale ? f->scale : DEC_ONE, DEC_ONE, ROUND_HALF_EVEN, &micro))
        return;
    /* From between two steps to the next one. */
    int64_t to = 0;
    if (!dec_to_step(micro, f->step, steps > 0 ? ROUND_DOWN : ROUND_UP, &to) || !dec_add(to, f->step * steps, &to))
        return;
    field_set(f, to > 0 ? to : f->step);
}

bool field_key(struct field *f, uint32_t key) {
    static const struct {
        uint32_t key;
        int64_t steps;
    } stepping[] = {{'+', 1}, {'-', -1}, {'=', 1}, {']', 1}, {'[', -1}, {'}', 10}, {'{', -10}};
    if (is_choice(f)) {
        int n = 0;
        while (f->choices[n])
            n++;
        if (key == KEYS_LEFT || key == 'h')
            f->chosen = (f->chosen + n - 1) % n;
        else if (key == KEYS_RIGHT || key == KEYS_SPACE || key == 'l')
            f->chosen = (f->chosen + 1) % n;
        else
            return false;
        return true;
    }
    for (size_t i = 0; f->step && i < sizeof stepping / sizeof *stepping; i++)
        if (stepping[i].key == key) {
            field_step(f, stepping[i].steps);
            return true;
        }
    if (f->scale && key > ' ' && key < 127 && !strchr("0123456789.,c%", (int)key))
        return false; /* a number takes no letters */
    if (f->fresh && key >= ' ' && key < 127)
        lineedit_set(&f->line, "");
    const bool mine = lineedit_key(&f->line, key);
    f->fresh = f->fresh && !mine;
    return mine;
}

int field_next(const struct field *fields, int n, int at, int dir) {
    for (int i = 0; i < n; i++) {
        at = (at + dir + n) % n;
        if (!fields[at].hidden)
            return at;
    }
    return at;
}

/* The choices beside each other, or the chosen one between arrows where there is no room for all. */
static void draw_choices(const struct field *f, struct canvas *c, int x, int y, int room, bool focused) {
    const enum role role = focused ? ROLE_SELECT : ROLE_STRONG;
    int all = 0, used = 0;
    for (int i = 0; f->choices[i]; i++)
        all += 3 + utf8_str_width(f->choices[i]);
    if (all > room) {
        used = canvas_textf(c, x, y, room, role, CELL_REVERSE, " < %s > ", f->choices[f->chosen]);
        if (f->hint)
            canvas_text(c, x + used + 1, y, room - used - 1, ROLE_HINT, 0, f->hint);
    }
    for (int i = 0; f->choices[i] && all <= room; i++)
        used += 1 + canvas_textf(c, x + used, y, room - used, i == f->chosen ? role : ROLE_MUTED, i == f->chosen ? CELL_REVERSE : 0, " %s ", f->choices[i]);
    if (f->hint && all <= room)
        canvas_text(c, x + used, y, room - used, ROLE_HINT, 0, f->hint);
    if (focused)
        c->cursor_x = x, c->cursor_y = y;
}

void field_draw(const struct field *f, struct canvas *c, int x, int y, int label_w, int w, bool focused) {
    canvas_text(c, x, y, label_w, focused ? ROLE_STRONG : ROLE_MUTED, focused ? CELL_BOLD : 0, f->label);
    const int at = x + label_w, room = w - label_w, want = f->width ? f->width : FIELD_WIDTH;
    if (is_choice(f)) {
        draw_choices(f, c, at, y, room, focused);
        return;
    }
    const int width = room < want ? room : want;
    canvas_fill(c, (struct rect){at, y, width, 1}, focused ? '_' : ' ', ROLE_INPUT, 0);
    lineedit_draw(&f->line, c, at, y, width, ROLE_INPUT, focused);
    if (f->hint)
        canvas_text(c, at + width + 1, y, room - width - 1, ROLE_HINT, 0, f->hint);
}

struct rect dialog_box(struct session *s, struct canvas *c, struct rect body, int w, int h, const char *title,
                       const char *right) {
    w = w > body.w ? body.w : w;
    h = h > body.h ? body.h : h;
    const struct rect box = {body.x + (body.w - w) / 2, body.y + (body.h - h) / 2, w, h};
    canvas_clear(c, box, ROLE_DIALOG);
    canvas_box(c, box, true, session_ascii(s), title, right);
    return (struct rect){box.x + 2, box.y + 1, w - 4 > 0 ? w - 4 : 0, h - 2 > 0 ? h - 2 : 0};
}
