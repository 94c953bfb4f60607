/* Terminal bytes to keys. An own parser over raw reads, so that a paste and a burst of keys can be told from a finger. */
#ifndef TURRET_UI_INPUT_H
#define TURRET_UI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_SEQ_MAX 32
#define INPUT_EXTRA_MAX 32
#define INPUT_PASTE_MAX 65536 /* of a longer paste the rest is dropped */
#define INPUT_ESC_MS 25       /* a lone Esc is one after this silence */

enum input_kind { INPUT_KEY, INPUT_PASTE, INPUT_FOCUS_IN, INPUT_FOCUS_OUT, INPUT_MODE /* DECRQM answer */ };
struct input_event {
    enum input_kind kind;
    uint32_t key;
    bool burst;        /* more than one key came in this read */
    const char *text;  /* INPUT_PASTE */
    size_t len;
    int mode, value;   /* INPUT_MODE: mode number, 0 unknown 1 set 2 reset ... */
};
typedef void input_fn(void *ctx, const struct input_event *ev);

struct input {
    uint8_t seq[INPUT_SEQ_MAX]; /* an unfinished sequence */
    int seq_len;
    bool pasting, overlong;
    char *paste;
    size_t paste_len, paste_cap;
    int tail; /* matched bytes of the end-of-paste mark */
    struct { char seq[12]; uint32_t key; } extra[INPUT_EXTRA_MAX]; /* from terminfo */
    int extra_count;
};

void input_init(struct input *in);
void input_free(struct input *in);
void input_add(struct input *in, const char *seq, uint32_t key); /* the terminal's own sequence for a key */
/* One read()'s bytes. */
void input_feed(struct input *in, const uint8_t *bytes, size_t n, input_fn *fn, void *ctx);
bool input_pending(const struct input *in); /* an Esc waits to be told from a sequence */
void input_timeout(struct input *in, input_fn *fn, void *ctx);

#endif
