/* What the files of the session share among themselves. */
#ifndef TURRET_UI_SESSION_PRIVATE_H
#define TURRET_UI_SESSION_PRIVATE_H

#include "session_state.h"

/* session_panes.c */
void step_pane(struct session *s, int by);
void grow_pane(struct session *s, int rows);

/* session_ask.c: questions */
void ask_key(struct session *s, uint32_t key, bool burst);
void ask_close(struct session *s);
/* Draws the open question in the body; notes whether it is wholly visible. */
void ask_draw(struct session *s, struct canvas *c, struct rect body);

/* session_line.c: the ':' line, the filter, prompts */
void line_open(struct session *s, enum entry kind, const char *prompt, const char *initial);
void line_key(struct session *s, uint32_t key);
void line_close(struct session *s);
void line_run_recalled(struct session *s, const char *line); /* a ":" line whose older runs have come */
void line_draw(struct session *s, struct canvas *c, int y);
/* Candidates or usage for the hint line; "" when there are none. */
void line_hint(struct session *s, char *buf, size_t cap);

/* session_text.c: the page of text over the body (results, help) */
void overlay_close(struct session *s);
void overlay_key(struct session *s, uint32_t key);
void overlay_draw(struct session *s, struct canvas *c, struct rect body);
#define OVERLAY_MUTED '\t' /* first character of a line */
#define OVERLAY_TITLE '\v'
void overlay_show_json(struct session *s, const char *title, const cJSON *data, const char *table);

/* session_head.c: header, bars, tabs */
int head_draw(struct session *s, struct canvas *c, enum size_class size); /* rows used */
void head_tiny(struct session *s, struct canvas *c);
struct rect head_clock(const struct session *s); /* where the clock stands: it alone is no reason to paint */
int session_alerts(struct session *s, int64_t *newest_us);

/* session_draw.c */
int session_layout(struct session *s, struct layout_place out[LAYOUT_MAX], struct rect *body);
int session_bars(struct session *s); /* rows of HALTED, STANDBY ... */
enum size_class session_size(const struct session *s);
int text_wrap(const char *text, int width, const char **start, int *bytes, int max); /* lines; max + 1 when it does not fit */

#endif
