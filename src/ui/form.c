/* Dialogs of many fields. */
#include "ui/form.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "turret/base/str.h"
#include "ui/session_private.h"

void form_choice(struct form *form, int i, const char *label, const char *const *choices, int chosen) {
    struct field *f = &form->f[i];
    *f = (struct field){.label = label, .chosen = chosen};
    for (int k = 0; k < CHOICES_MAX && choices[k]; k++)
        f->choices[k] = choices[k];
    form->n = i >= form->n ? i + 1 : form->n;
}

void form_text(struct form *form, int i, const char *label, int width, const char *hint, const char *value) {
    struct field *f = &form->f[i];
    *f = (struct field){.label = label, .width = width, .hint = hint};
    lineedit_set(&f->line, value);
    f->fresh = value[0] != '\0';
    form->n = i >= form->n ? i + 1 : form->n;
}

void form_number(struct form *form, int i, const char *label, int64_t step, int64_t scale, const char *hint, int64_t value) {
    struct field *f = &form->f[i];
    *f = (struct field){.label = label, .step = step, .scale = scale, .hint = hint};
    field_set(f, value);
    form->n = i >= form->n ? i + 1 : form->n;
}

bool form_key(struct form *form, uint32_t key) {
    struct field *f = &form->f[form->at];
    const bool choice = f->choices[0] != NULL;
    if (key == KEYS_TAB || key == KEYS_DOWN || (choice && key == 'j'))
        form->at = field_next(form->f, form->n, form->at, 1);
    else if (key == KEYS_BTAB || key == KEYS_UP || (choice && key == 'k'))
        form->at = field_next(form->f, form->n, form->at, -1);
    else
        return field_key(f, key);
    return true;
}

void form_paste(struct form *form, const char *text, size_t n) {
    struct field *f = &form->f[form->at];
    if (f->choices[0])
        return;
    if (f->fresh)
        lineedit_set(&f->line, "");
    f->fresh = false;
    lineedit_insert(&f->line, text, n);
}

int form_visible(const struct form *form) {
    int n = 0;
    for (int i = 0; i < form->n; i++)
        n += !form->f[i].hidden;
    return n;
}

void form_draw(const struct form *form, struct canvas *c, struct rect r) {
    int at_row = 0, row = 0, all = form_visible(form);
    for (int i = 0; i < form->at; i++)
        at_row += !form->f[i].hidden;
    int skip = at_row - r.h / 2;
    skip = skip > all - r.h ? all - r.h : skip;
    skip = skip < 0 ? 0 : skip;
    for (int i = 0; i < form->n; i++) {
        if (form->f[i].hidden)
            continue;
        if (row >= skip && row - skip < r.h)
            field_draw(&form->f[i], c, r.x, r.y + row - skip, form->label_w, r.w, i == form->at);
        row++;
    }
}

/* --- values --- */

const char *form_said(const struct form *form, int i) {
    static char text[LINE_MAX_BYTES];
    const char *p = form->f[i].line.text;
    while (*p == ' ')
        p++;
    str_copy(text, sizeof text, p);
    for (size_t n = strlen(text); n > 0 && text[n - 1] == ' '; n--)
        text[n - 1] = '\0';
    return str_eq_nocase(text, "none") || str_eq_nocase(text, "-") ? "" : text;
}

bool form_price(const struct form *form, int i, const struct market *m, enum order_side side, price *out, struct command_result *r) {
    char text[LINE_MAX_BYTES + 2];
    const char *said = form_said(form, i);
    *out = PRICE(0);
    if (form->f[i].hidden || !*said)
        return true;
    /* The fields of binary markets count cents, as the book shows them; "0.47" means what it says too. */
    const bool cents = format_cents(m) && !strchr(said, 'c') && strncmp(said, "0.", 2) && said[0] != '.';
    snprintf(text, sizeof text, "%s%s", said, cents ? "c" : "");
    return arg_price(form->f[i].label, text, m, side, out, r);
}

bool form_micro(const struct form *form, int i, int64_t scale, int64_t *out, struct command_result *r) {
    char text[LINE_MAX_BYTES];
    str_copy(text, sizeof text, form_said(form, i));
    *out = 0;
    if (form->f[i].hidden || !*text)
        return true;
    size_t n = strlen(text);
    if (text[n - 1] == '%' || text[n - 1] == 'x')
        text[n - 1] = '\0';
    int64_t micro;
    if (!arg_decimal(form->f[i].label, text, &micro, r))
        return false;
    if (micro < 0 || !dec_muldiv(micro, scale, DEC_ONE, ROUND_HALF_EVEN, out))
        return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\" is out of range", form->f[i].label, text);
    return true;
}

bool form_span(const struct form *form, int i, int64_t *us, struct command_result *r) {
    const char *said = form_said(form, i);
    const size_t n = strlen(said);
    *us = 0;
    if (form->f[i].hidden || !*said || strcmp(said, "0") == 0)
        return true;
    if (n > 2 && strcmp(said + n - 2, "ms") == 0) {
        char number[16];
        str_copy(number, n - 1 < sizeof number ? n - 1 : sizeof number, said);
        if (dec_parse_str(number, us) && *us > 0) {
            *us /= 1000;
            return true;
        }
    }
    return arg_duration(form->f[i].label, said, us, r);
}

bool form_until(const struct form *form, int i, int64_t now_us, int64_t *at_us, struct command_result *r) {
    const char *said = form_said(form, i), *rest = NULL;
    struct tm tm = {0};
    *at_us = 0;
    if (form->f[i].hidden || !*said)
        return true;
    if (strlen(said) >= 8 && said[4] == '-') {
        rest = strptime(said, "%Y-%m-%d", &tm);
        if (rest && (*rest == 'T' || *rest == ' ')) {
            const char *with_seconds = strptime(rest + 1, "%H:%M:%S", &tm);
            rest = with_seconds ? with_seconds : strptime(rest + 1, "%H:%M", &tm);
        }
        if (!rest || (*rest && strcmp(rest, "Z") != 0))
            return fail(r, ERR_BAD_VALUE, "%s: \"%.32s\" is no time; write 30m, 2d or 2026-12-31T13:25Z", form->f[i].label, said);
        *at_us = (int64_t)timegm(&tm) * 1000000;
        return true;
    }
    int64_t span;
    if (!arg_duration(form->f[i].label, said, &span, r))
        return false;
    *at_us = now_us + span;
    return true;
}

void form_span_text(int64_t us, char *buf, size_t cap) {
    static const struct { int64_t us; const char *unit; } units[] = {{86400000000, "d"}, {3600000000, "h"}, {60000000, "m"}, {1000000, "s"}, {1000, "ms"}};
    buf[0] = '\0';
    for (size_t i = 0; us > 0 && i < sizeof units / sizeof *units; i++)
        if (us % units[i].us == 0) {
            snprintf(buf, cap, "%lld%s", (long long)(us / units[i].us), units[i].unit);
            return;
        }
}

void form_until_text(int64_t at_us, char *buf, size_t cap) {
    char text[FORMAT_MAX];
    format_rfc3339(at_us, text);
    const size_t keep = at_us % 60000000 == 0 ? 16 : 19; /* seconds where there are some */
    if (strlen(text) > keep)
        str_copy(text + keep, sizeof text - keep, "Z");
    str_copy(buf, cap, text);
}

int wrap_draw(struct canvas *c, struct rect r, enum role role, const char *text) {
    const char *start[16];
    int bytes[16], n = r.w > 0 ? text_wrap(text, r.w, start, bytes, 16) : 0;
    n = n > 16 ? 16 : n;
    for (int i = 0; i < n && i < r.h; i++) {
        char part[512];
        const bool last = i == r.h - 1 && i + 1 < n; /* what has no room ends in an ellipsis */
        str_copy(part, last || (size_t)bytes[i] >= sizeof part ? sizeof part : (size_t)bytes[i] + 1, start[i]);
        canvas_text(c, r.x, r.y + i, r.w, role, 0, part);
    }
    return n < r.h ? n : r.h;
}
