/* Automations in words: names of their numbers, their levels, and one plain sentence a person can check before arming. Commands, panes and
 * dialogs say the same with these. */
#ifndef UI_READS_AS_H
#define UI_READS_AS_H

#include "turret/ui/command.h"
#include "ui/format.h"

#define AUTO_LABEL_MAX 16
#define READS_AS_MAX SENTENCE_MAX

/* "S-7", "A-7", "C-7", "T-7": what a person types and reads. */
char *watch_label(const struct watch *w, char buf[AUTO_LABEL_MAX]);
char *watch_label_of(enum watch_kind k, watch_id id, char buf[AUTO_LABEL_MAX]);
char *follow_label(const struct follow *f, char buf[AUTO_LABEL_MAX]);
/* The number in "S-7", "s7" or "7"; false when it is none of that letter. */
bool auto_label_parse(const char *text, char letter, uint32_t *out);

/* A value of a figure with its unit: "60.0c", "-100.00 USD", "12.5%", "3", "30s". m may be NULL. */
char *figure_text(const struct market *m, enum figure f, int64_t value, char buf[FORMAT_MAX]);
/* What is watched: the market's title with its side, "position 12", "account paper", "model gpt", "venue sim". */
void watch_subject(const struct desk *view, const struct watch *w, char *text, size_t cap);
void watch_when(const struct desk *view, const struct watch *w, char *text, size_t cap);   /* "ask <= 60c for 2s" */
void watch_then(const struct desk *view, const struct watch *w, char *text, size_t cap);   /* "BUY 50.00 USD" */
void watch_guards(const struct desk *view, const struct watch *w, char *text, size_t cap); /* "slip 2% depth 300 budget 180" */
/* "when NO of "BTC > 120k" can be bought at 60c or less for 2s, buy 50.00 USD of NO at no more than 2% above that, once" */
void watch_reads_as(const struct desk *view, const struct watch *w, char *text, size_t cap);

void follow_target(const struct desk *view, const struct follow *f, char *text, size_t cap); /* "model gpt", "wallet 0x8f..21c" */
char *follow_size_text(const struct follow *f, char buf[FORMAT_MAX]);                         /* "25.00 USD", "50%", "0.5x" */
void follow_caps(const struct follow *f, char *text, size_t cap);                             /* "trade 300 position 1,000 day 5,000" */
const char *follow_state(const struct desk *view, const struct follow *f);                    /* "off", "paused", "waiting", "following", "deleted" */
void follow_reads_as(const struct desk *view, const struct follow *f, char *text, size_t cap);

/* Exit rules, each with a blank in front: " trail 2% break-even at 55c ladder 60c:50%,70c:50% 1h before the close"; "" for none. */
void rules_text(const struct market *m, const struct exit_rules *r, char *text, size_t cap);
/* A route's choice and why not the others: "sim2 at 46.1c (sim 46.5c)"; "" for none. */
void route_text(const struct desk *view, const struct route *r, enum order_side side, char *text, size_t cap);

#endif
