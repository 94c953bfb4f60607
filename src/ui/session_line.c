/* The text line at the bottom: ':' commands with history and completion, the '/' filter, prompts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_private.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"

enum { CANDIDATES_MAX = 64 };

void line_open(struct session *s, enum entry kind, const char *prompt, const char *initial) {
    s->entry.kind = kind;
    str_copy(s->entry.prompt, sizeof s->entry.prompt, prompt);
    lineedit_set(&s->entry.line, initial);
    s->entry.completion = -1;
    s->history_at = s->history_count;
    if (kind == ENTRY_FILTER)
        str_copy(s->entry.before, sizeof s->entry.before, s->slots[s->focus].filter);
    s->draw_self = true;
}

void line_close(struct session *s) {
    s->entry.kind = ENTRY_NONE;
    s->entry.done = NULL;
    session_redraw(s);
}

void session_prompt(struct session *s, const char *prompt, const char *initial, session_text_fn *done) {
    line_open(s, ENTRY_PROMPT, prompt, initial);
    s->entry.done = done;
}

/* --- history --- */

static void remember(struct session *s, const char *line) {
    if (!*line || (s->history_count && strcmp(s->history[s->history_count - 1], line) == 0))
        return;
    if (s->history_count == HISTORY_MAX) {
        free(s->history[0]);
        memmove(s->history, s->history + 1, (HISTORY_MAX - 1) * sizeof *s->history);
        s->history_count--;
    }
    s->history[s->history_count++] = xstrdup(line);
}

static void walk_history(struct session *s, int by) {
    int at = s->history_at + by;
    if (at < 0 || at > s->history_count)
        return;
    s->history_at = at;
    lineedit_set(&s->entry.line, at < s->history_count ? s->history[at] : "");
}

/* --- completion --- */

static struct command_ctx context(struct session *s) {
    return (struct command_ctx){.view = s->view, .session = s, .now_us = s->now_us, .runs = s->cfg.runs};
}

/* Candidates for the last word of `stem`; *from gets where that word begins. */
static int candidates(struct session *s, const char *stem, int *from, char out[CANDIDATES_MAX][LINE_MAX_BYTES]) {
    const char *last = strrchr(stem, ' ');
    const struct command_ctx c = context(s);
    int n = 0;
    *from = last ? (int)(last - stem) + 1 : 0;
    for (const char *word; n < CANDIDATES_MAX && (word = command_complete_line(&c, stem, n)); n++)
        str_copy(out[n], LINE_MAX_BYTES, word);
    return n;
}

static void complete(struct session *s, int by) {
    static char found[CANDIDATES_MAX][LINE_MAX_BYTES];
    int from = 0;
    if (s->entry.completion < 0)
        str_copy(s->entry.stem, sizeof s->entry.stem, s->entry.line.text);
    int n = candidates(s, s->entry.stem, &from, found);
    if (n == 0)
        return;
    s->entry.completion = s->entry.completion < 0 ? (by > 0 ? 0 : n - 1) : (s->entry.completion + by + n) % n;
    lineedit_set(&s->entry.line, s->entry.stem);
    s->entry.line.text[from] = '\0';
    s->entry.line.len = s->entry.line.pos = from;
    lineedit_insert(&s->entry.line, found[s->entry.completion], strlen(found[s->entry.completion]));
    if (n == 1)
        lineedit_insert(&s->entry.line, " ", 1);
    if (n == 1)
        s->entry.completion = -1;
}

void line_hint(struct session *s, char *buf, size_t cap) {
    static char found[CANDIDATES_MAX][LINE_MAX_BYTES];
    int from = 0;
    enum err e;
    buf[0] = '\0';
    if (s->entry.kind == ENTRY_FILTER) {
        const struct pane_slot *p = &s->slots[s->focus];
        snprintf(buf, cap, "%s: %d of %d   Enter keep   Esc clear", p->pane->name, p->shown, p->total);
        return;
    }
    if (s->entry.kind != ENTRY_COMMAND)
        return;
    const char *stem = s->entry.completion >= 0 ? s->entry.stem : s->entry.line.text;
    int n = candidates(s, stem, &from, found);
    if (!strchr(stem, ' ') || s->entry.completion >= 0) {
        struct str t;
        str_init(&t);
        str_add(&t, "");
        for (int i = 0; i < n && t.len < 200; i++)
            str_addf(&t, i == s->entry.completion ? "%s[%s]" : "%s%s", i ? "  " : "", found[i]);
        if (n > 1 || s->entry.completion >= 0) {
            str_copy(buf, cap, t.p);
            str_free(&t);
            return;
        }
        str_free(&t);
    }
    char word[64];
    str_copy(word, sizeof word, stem);
    word[strcspn(word, " ")] = '\0';
    const struct command *cmd = *word ? command_find(word, &e) : NULL;
    if (cmd)
        snprintf(buf, cap, "%s %s   %s", cmd->name, cmd->args, cmd->help);
}

/* --- running --- */

static void run(struct session *s, const char *line, bool recalled) {
    struct command_ctx c = context(s);
    struct command_result r;
    memset(&r, 0, sizeof r);
    c.recalled = recalled;
    command_run_line(&c, line, &r);
    if (r.has_fetch && r.fetch.list == LIST_RUNS) {
        if (session_recall_line(s, line, &r.fetch))
            session_message(s, NOTICE_INFO, "reading from the database ...");
        else
            run(s, line, true); /* there is none: what is known */
        command_result_free(&r);
        return;
    }
    if (r.has_intent && !r.err && !intent_asks(&r.intent))
        session_send(s, &r.intent);
    else if (r.has_intent && !r.err)
        session_confirm(s, &r.intent, r.reads_as);
    else if (r.data && !r.err)
        overlay_show_json(s, line, r.data, r.table);
    if (r.text[0])
        session_message(s, r.err ? NOTICE_WARN : NOTICE_INFO, "%s", r.text);
    else if (r.err)
        session_message(s, NOTICE_WARN, "%s", err_text(r.err));
    command_result_free(&r);
}

void line_run_recalled(struct session *s, const char *line) { run(s, line, true); }

static void enter(struct session *s) {
    char line[LINE_MAX_BYTES];
    enum entry kind = s->entry.kind;
    session_text_fn *done = s->entry.done;
    str_copy(line, sizeof line, s->entry.line.text);
    line_close(s);
    if (kind == ENTRY_COMMAND && line[strspn(line, " ")]) {
        remember(s, line);
        run(s, line, false);
    } else if (kind == ENTRY_PROMPT && done)
        done(s, line);
}

void line_key(struct session *s, uint32_t key) {
    struct lineedit *l = &s->entry.line;
    bool command = s->entry.kind == ENTRY_COMMAND;
    if (key == KEYS_ESC || key == 3 || (key == KEYS_BACKSPACE && l->len == 0)) {
        if (s->entry.kind == ENTRY_FILTER)
            session_set_filter(s, "");
        line_close(s);
        return;
    }
    if (key == KEYS_ENTER) {
        enter(s);
        return;
    }
    if (command && (key == KEYS_TAB || key == KEYS_BTAB)) {
        complete(s, key == KEYS_TAB ? 1 : -1);
        return;
    }
    s->entry.completion = -1;
    if (command && (key == KEYS_UP || key == 16 || key == KEYS_DOWN || key == 14)) {
        walk_history(s, key == KEYS_UP || key == 16 ? -1 : 1);
        return;
    }
    if (!lineedit_key(l, key))
        return;
    if (s->entry.kind == ENTRY_FILTER) {
        str_copy(s->slots[s->focus].filter, FILTER_MAX, l->text);
        s->draw_all = true;
    } else if (s->entry.kind == ENTRY_SEARCH) {
        str_copy(s->overlay.search, FILTER_MAX, l->text);
        s->overlay.top = 0;
        s->draw_all = true;
    }
}

void line_draw(struct session *s, struct canvas *c, int y) {
    int used = canvas_text(c, 0, y, c->w / 2, ROLE_KEY, 0, s->entry.prompt);
    if (used > 1)
        used++;
    lineedit_draw(&s->entry.line, c, used, y, c->w - used, ROLE_INPUT, true);
}
