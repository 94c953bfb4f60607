/* Fields of the dialogs: text with a step, or a choice. Shared by the ticket and the editors. */
#ifndef UI_DIALOG_H
#define UI_DIALOG_H

#include "turret/base/dec.h"
#include "turret/ui/key.h"
#include "ui/session_state.h"

#define CHOICES_MAX 16 /* more than fit beside each other are turned through, one at a time */
#define FIELD_WIDTH 14

struct field {
    const char *label;
    struct lineedit line;                 /* text fields */
    const char *choices[CHOICES_MAX + 1]; /* choice fields: NULL-terminated; [0] NULL = text */
    int chosen;
    int64_t step;  /* micro units of + and -; 0 = none */
    int64_t scale; /* what one shown unit is in micro units: DEC_ONE, or a cent */
    const char *hint;
    int width; /* of the text shown; 0 = FIELD_WIDTH */
    bool hidden;
    bool fresh; /* shows a value nobody typed: the first character typed replaces it */
};

/* Field keys: text editing, arrows in choices, + - [ ] { } by step. False when it is none of its keys. */
bool field_key(struct field *f, uint32_t key);
void field_step(struct field *f, int64_t steps); /* never below 0 */
void field_set(struct field *f, int64_t micro);  /* shows a value; 0 = empty */
/* The next field that is not hidden in direction dir. */
int field_next(const struct field *fields, int n, int at, int dir);
void field_draw(const struct field *f, struct canvas *c, int x, int y, int label_w, int w, bool focused);
/* A box in the middle of `body`, cleared; returns its inside. */
struct rect dialog_box(struct session *s, struct canvas *c, struct rect body, int w, int h, const char *title,
                       const char *right);

#endif
