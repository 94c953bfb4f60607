/* The inside of a session, for the ui room: its state, and what panes, the ticket and commands may ask of it.
 * Panes use the functions, not the fields. Pane names: positions orders fills book chart markets account log. */
#ifndef TURRET_UI_SESSION_STATE_H
#define TURRET_UI_SESSION_STATE_H

#include "lineedit.h"
#include "turret/base/rng.h"
#include "turret/ui/command.h"
#include "turret/ui/keymap.h"
#include "turret/ui/layout.h"
#include "turret/ui/pane.h"
#include "turret/ui/session.h"
#include "turret/ui/theme.h"

#define HISTORY_MAX 64
#define FILTER_MAX 64
#define SORT_KEY_MAX 24
#define ACKED_MAX 32
#define DEAF_US 150000 /* a question just opened hears nothing: the finger was on its way to another key */

/* What the session keeps for each pane. */
struct pane_slot {
    const struct pane *pane;
    void *state;                 /* pane->state_size zeroed bytes */
    char filter[FILTER_MAX];     /* "" = none; rows that do not contain it are not shown */
    int shown, total;            /* live count of the filter, set by the pane while drawing */
    char sort_key[SORT_KEY_MAX]; /* column key, "" = the pane's own order */
    bool sort_reverse;
    int64_t moved_us;            /* when the cursor last moved (monotonic): rows keep their order for 2 s after */
    int64_t sorted_us;
    int grow;                    /* rows added to its height with + and - */
};

/* A dialog that takes the keys while it is open (ticket, exit editor). One at a time; questions open above it. */
struct modal {
    const char *name;
    size_t state_size;
    /* enum reaction bits. Esc that it does not handle closes it. '!' never arrives. */
    unsigned (*key)(struct session *s, void *state, uint32_t key);
    void (*paste)(struct session *s, void *state, const char *text, size_t n); /* may be NULL */
    void (*draw)(struct session *s, void *state, struct canvas *c, struct rect body, int64_t now_us);
    /* The intent it proposed with session_confirm was sent by `y`; usually session_close_modal. May be NULL. */
    void (*sent)(struct session *s, void *state);
    const char *hint; /* its keys for the hint bar: "Tab field  Enter review  Esc back" */
};

enum ask { ASK_NONE, ASK_CONFIRM, ASK_PANIC, ASK_QUIT, ASK_NAME /* typed: the account goes live */ };
enum entry { ENTRY_NONE, ENTRY_COMMAND, ENTRY_FILTER, ENTRY_PROMPT, ENTRY_SEARCH };
typedef void session_text_fn(struct session *s, const char *text); /* an answered prompt */

struct session {
    const struct desk *view;
    struct session_cfg cfg;
    struct session_host host;
    uint32_t id;                    /* upper half of its tokens */
    uint32_t last_token;
    int w, h, page;                 /* page 1..PAGE_COUNT */
    int focus;                      /* index in slots */
    bool touched;                   /* a key moved in the panes: until then the focus is where there is something to move in */
    bool zoom, money_hidden, log_hidden, terminal_focused;
    struct pane_slot *slots;        /* one for each row of pane_table */
    int slot_count;
    market_id market;               /* book, chart and ticket show it */
    account_id account;
    bool one_account;               /* lists show the session's account only */
    model_id model;                 /* under the cursor of the leaderboard */
    run_id run;                     /* chosen with [ and ]; 0 = the newest */
    order_id why;                   /* asked about with w; 0 = the model's newest position */
    struct {                        /* of the archive: what was asked for and is not here yet (session_runs.c) */
        uint32_t count;             /* runs_recalls() then */
        char line[LINE_MAX_BYTES];  /* runs again when it has come */
        run_id run;                 /* the last one asked for by a pane */
        model_id model;             /* one step to an older run of this model */
        int64_t before_us;
    } recall;
    watch_id watch;                 /* under the cursor of the last list of snipers or alerts that had the focus */
    struct { uint64_t subject; uint8_t kind; } remark; /* what the prompt for a note is about */
    int64_t left_us, key_us;        /* UTC: away since, last key (session_auto.c) */
    bool diff;                      /* the why pane shows the difference of two runs */
    struct keymap *keys;
    char theme[THEME_NAME_MAX];
    struct { uint64_t token; struct intent_brief what; } sent; /* the last intent that went out */
    /* questions, above everything: only `y` answers a confirmation */
    struct {
        enum ask kind;
        struct intent intent;
        char text[SENTENCE_MAX];
        struct lineedit name;
        int64_t opened_us;
        bool drawn;                 /* it was visible: before that no key counts */
        bool from_modal, stop_engine;
    } ask;
    const struct modal *modal;
    void *modal_state;
    struct { bool open; char title[64]; char *text; int top, lines; char search[FILTER_MAX]; } overlay; /* help, results */
    struct {
        enum entry kind;
        struct lineedit line;
        char prompt[64];
        session_text_fn *done;
        char before[FILTER_MAX];    /* filter to go back to on Esc */
        int completion;             /* Tab cycles; -1 = not completing */
        char stem[LINE_MAX_BYTES];
    } entry;
    char *history[HISTORY_MAX];
    int history_count, history_at;
    struct { char text[NOTE_MAX]; int level; int64_t until_us; } message;
    int64_t alerts_seen_us;         /* alerts up to here are acknowledged on this session */
    int64_t acked_us[ACKED_MAX]; unsigned acked_count; /* and these one by one */
    int64_t interrupt_us;           /* last Ctrl-C */
    /* drawing */
    bool draw_self, draw_all;       /* a key changed something; more than the focused pane */
    bool partial;                   /* the last frame drew only what the key changed */
    unsigned dirty, watched;        /* data changed since the last data frame; bits of the panes on show */
    int64_t mono_us, now_us, data_due_us, tick_us;
    struct canvas last;             /* the last frame */
    char title[64];                 /* of the terminal's window, as sent */
};

/* --- for panes, ticket and commands --- */
const struct desk *session_view(const struct session *s);
struct pane_slot *session_slot(struct session *s, const void *pane_state); /* of the pane with that state */
struct pane_slot *session_slot_named(struct session *s, const char *pane);
void *session_pane_state(struct session *s, int i); /* i-th row of pane_table */
account_id session_account(const struct session *s);
void session_set_account(struct session *s, account_id a);
market_id session_market(const struct session *s);  /* 0 only while there are no markets */
void session_set_market(struct session *s, market_id m);
bool session_shows(const struct session *s, account_id a); /* do lists show rows of that account? */
void session_toggle_accounts(struct session *s);
void session_send(struct session *s, const struct intent *in); /* without a question: only what is safe (intent_asks) */
bool session_readonly(const struct session *s);
bool session_money_hidden(const struct session *s);
int64_t session_mono_us(const struct session *s);   /* time of the key or draw at hand */
int64_t session_now_us(const struct session *s);    /* UTC at the last draw */
/* May row orders change now? Not while the cursor moved within 2 s, and at most every 2 s. Notes it when yes. */
bool session_may_sort(struct session *s, struct pane_slot *p);
void session_cursor_moved(struct session *s, struct pane_slot *p);

/* One line at the bottom for 8 s; level is enum notice_level. */
void session_message(struct session *s, int level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Opens the question that restates `in`; only a later `y` sends it. False (with a message) when read-only, when the
 * screen is too small for the question, or when another is open. Fills account and token; text NULL: intent_reads_as. */
bool session_confirm(struct session *s, const struct intent *in, const char *text);
void *session_open_modal(struct session *s, const struct modal *m); /* its zeroed state; closes another */
void session_close_modal(struct session *s);
void *session_modal_state(struct session *s, const struct modal *m); /* NULL if that one is not open */
/* A scrollable page of text over the body (results, help). */
void session_open_text(struct session *s, const char *title, const char *text);
/* Asks for a line at the bottom; done is called with it on Enter, not on Esc. */
void session_prompt(struct session *s, const char *prompt, const char *initial, session_text_fn *done);
void session_copy(struct session *s, const char *what, const char *text); /* clipboard by OSC 52, says what */

/* --- what CMD_UI commands do --- */
bool session_set_page(struct session *s, int page);
bool session_focus_pane(struct session *s, const char *pane); /* shows it on this page or on its own */
enum err session_set_theme(struct session *s, const char *name, char *text, size_t cap);
void session_set_filter(struct session *s, const char *text); /* of the focused pane */
void session_set_sort(struct session *s, const char *key, bool reverse);
void session_set_money_hidden(struct session *s, bool hidden);
void session_help(struct session *s, const char *topic);      /* NULL: keys; else a command's or action's name */
void session_ask_quit(struct session *s, bool stop_engine);   /* detaches, or asks */
void session_ask_panic(struct session *s);
void session_redraw(struct session *s);
void session_bell(struct session *s);

#include "ui/session_auto.h"
#include "ui/session_runs.h"

#endif
