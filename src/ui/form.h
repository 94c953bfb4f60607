/* A dialog of many fields: moving between them, drawing those that fit around the one being edited, reading what they say. */
#ifndef UI_FORM_H
#define UI_FORM_H

#include "turret/trade/watch.h"
#include "ui/commands/commands.h"
#include "ui/dialog.h"
#include "ui/wrap.h"

#define FORM_MAX 24

struct form {
    struct field f[FORM_MAX];
    int n, at, label_w;
};

void form_choice(struct form *form, int i, const char *label, const char *const *choices, int chosen);
void form_text(struct form *form, int i, const char *label, int width, const char *hint, const char *value);
void form_number(struct form *form, int i, const char *label, int64_t step, int64_t scale, const char *hint, int64_t value);
/* Tab, arrows and the field's own keys; false when it is none of them. */
bool form_key(struct form *form, uint32_t key);
void form_paste(struct form *form, const char *text, size_t n);
int form_visible(const struct form *form);
/* The fields into r; one that is hidden takes no line. */
void form_draw(const struct form *form, struct canvas *c, struct rect r);

/* What a field says; false with a sentence in r that names the field. An empty one gives 0. */
const char *form_said(const struct form *form, int i); /* without blanks around it */
bool form_price(const struct form *form, int i, const struct market *m, enum order_side side, price *out, struct command_result *r);
bool form_micro(const struct form *form, int i, int64_t scale, int64_t *out, struct command_result *r); /* 5 with scale 10000 = 50000 */
bool form_span(const struct form *form, int i, int64_t *us, struct command_result *r);                  /* 2s, 30m */
/* A span from now or a time: 30m, 2026-12-31, 2026-12-31T13:25Z. */
bool form_until(const struct form *form, int i, int64_t now_us, int64_t *at_us, struct command_result *r);
/* 1500 ms as 1500ms, 2 s as 2s, 30 min as 30m; "" for 0. */
void form_span_text(int64_t us, char *buf, size_t cap);
void form_until_text(int64_t at_us, char *buf, size_t cap); /* 2026-12-31T13:25Z; "" for 0 */
#endif
