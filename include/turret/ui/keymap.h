/* The key table: one row an action. Dispatch, `?` help, hint bar, turret-keys(7) and `turret keys` are made from it.
 * Lower case never sends money; only `y` on a visible confirmation sends. */
#ifndef TURRET_UI_KEYMAP_H
#define TURRET_UI_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "turret/base/err.h"
#include "turret/ui/key.h"

enum action_group { GROUP_MOVE, GROUP_VIEW, GROUP_TRADE, GROUP_SAFETY, GROUP_GENERAL };
enum action_kind { ACT_PLAIN, ACT_MONEY /* proposes: never Enter, Esc, Space, Ctrl */ };

/* X(NAME, "name", "default keys", GROUP, KIND, "hint" ("" = not in the hint bar), "help") */
#define ACTION_TABLE(X)                                                                                                          \
    X(NEXT_ROW, "down", "j down", MOVE, PLAIN, "move", "next row")                                                               \
    X(PREV_ROW, "up", "k up", MOVE, PLAIN, "", "previous row")                                                                   \
    X(LEFT, "left", "h left", MOVE, PLAIN, "", "left: previous tab, scroll or time span")                                        \
    X(RIGHT, "right", "l right", MOVE, PLAIN, "", "right: next tab, scroll or time span")                                        \
    X(FIRST_ROW, "first", "g home", MOVE, PLAIN, "", "first row")                                                                \
    X(LAST_ROW, "last", "G end", MOVE, PLAIN, "", "last row; follow again")                                                      \
    X(HALF_DOWN, "page-down", "^d pgdn", MOVE, PLAIN, "", "half a page down")                                                    \
    X(HALF_UP, "page-up", "^u pgup", MOVE, PLAIN, "", "half a page up")                                                          \
    X(NEXT_PANE, "next-pane", "tab", MOVE, PLAIN, "pane", "next pane")                                                           \
    X(PREV_PANE, "prev-pane", "btab", MOVE, PLAIN, "", "previous pane")                                                          \
    X(OPEN, "open", "enter", MOVE, PLAIN, "open", "open the row: show its market in book and chart (never sends)")               \
    X(BACK, "back", "esc", MOVE, PLAIN, "", "step out: close dialog, clear filter, leave zoom")                                  \
    X(ZOOM, "zoom", "z", VIEW, PLAIN, "zoom", "give the pane the whole screen, and back")                                        \
    X(FILTER, "filter", "/", VIEW, PLAIN, "filter", "filter the pane's rows while typing; Esc clears")                           \
    X(NEXT_MATCH, "next-match", "n", VIEW, PLAIN, "", "next row that matches the filter; without a filter a note on the order or day under the cursor") \
    X(PREV_MATCH, "prev-match", "N", VIEW, PLAIN, "", "previous row that matches")                                               \
    X(SORT, "sort", "o", VIEW, PLAIN, "", "sort by the next column")                                                             \
    X(SORT_REVERSE, "sort-reverse", "O", VIEW, PLAIN, "", "reverse the order")                                                   \
    X(LOG, "log", "`", VIEW, PLAIN, "", "show or hide the log pane")                                                             \
    X(HIDE_MONEY, "hide-money", "H", VIEW, PLAIN, "", "hide amounts of money")                                                   \
    X(GROW, "grow", "+", VIEW, PLAIN, "", "make the pane higher")                                                                \
    X(SHRINK, "shrink", "-", VIEW, PLAIN, "", "make the pane lower")                                                             \
    X(PAGE1, "page-1", "1", VIEW, PLAIN, "", "page 1: the main workspace")                                                       \
    X(PAGE2, "page-2", "2", VIEW, PLAIN, "", "page 2: positions")                                                                \
    X(PAGE3, "page-3", "3", VIEW, PLAIN, "", "page 3: orders and fills")                                                          \
    X(PAGE4, "page-4", "4", VIEW, PLAIN, "", "page 4: book")                                                                     \
    X(PAGE5, "page-5", "5", VIEW, PLAIN, "", "page 5: chart")                                                                    \
    X(PAGE6, "page-6", "6", VIEW, PLAIN, "", "page 6: sniper orders and alerts")                                                \
    X(PAGE7, "page-7", "7", VIEW, PLAIN, "", "page 7: markets")                                                                  \
    X(PAGE8, "page-8", "8", VIEW, PLAIN, "", "page 8: account, P&L and risk limits")                                             \
    X(PAGE9, "page-9", "9", VIEW, PLAIN, "", "page 9: log and connections")                                                                      \
    X(PAGE10, "page-0", "0", VIEW, PLAIN, "", "page 0: models, their runs and why")                                              \
    X(PAGE11, "page-follow", "f2", VIEW, PLAIN, "", "page Follow: copy and counter trading")                                     \
    X(PAGE12, "page-risk", "f3", VIEW, PLAIN, "", "page Risk: trading state, limits in use, refusals")                           \
    X(PAGE13, "page-day", "f4", VIEW, PLAIN, "", "page Day: P&L, calendar, notes, what happened since you left")                 \
    X(NEXT_PAGE, "next-page", ">", VIEW, PLAIN, "", "next page")                                                                 \
    X(PREV_PAGE, "prev-page", "<", VIEW, PLAIN, "", "page before")                                                               \
    X(ACCOUNT, "account", "a", VIEW, PLAIN, "", "choose the account the screen is about: paper or real money")                   \
    X(KIND, "kind", "v", VIEW, PLAIN, "", "another view: what the curves show; in lists the session's account or all accounts")  \
    X(WHY, "why", "w", VIEW, PLAIN, "", "why the position or order under the cursor exists")                                     \
    X(DIFF, "diff", "d", VIEW, PLAIN, "", "models: what is different from the run before")                                       \
    X(DRY_RUN, "dry-run", "T", VIEW, PLAIN, "", "sniper or alert: what it would have done on the candles in memory")             \
    X(BUY, "buy", "b", TRADE, PLAIN, "buy", "open a ticket to buy (nothing is sent)")                                            \
    X(SELL, "sell", "s", TRADE, PLAIN, "sell", "open a ticket to sell (nothing is sent)")                                        \
    X(EDIT, "edit", "e", TRADE, PLAIN, "edit", "edit the position's exits, the order's price and size, the sniper, alert, follow or limit") \
    X(NEW, "new", "c", TRADE, PLAIN, "", "new sniper, alert or follow in that pane: it starts off")                              \
    X(TOGGLE, "toggle", "space", TRADE, PLAIN, "", "off at once; on after y: sniper, alert or follow under the cursor")          \
    X(FADE, "fade", "f", TRADE, PLAIN, "", "counter-trade the model under the cursor: opens a form, starts off")                 \
    X(CLOSE, "close", "x", TRADE, MONEY, "close", "close the position, or cancel or delete what is under the cursor, after y") \
    X(CLOSE_ALL, "close-all", "X", TRADE, MONEY, "", "the same for every row of the pane, after y")                              \
    X(SIZE_UP, "size-up", "]", TRADE, PLAIN, "", "ticket: one step more; models: newer run")                                                        \
    X(SIZE_DOWN, "size-down", "[", TRADE, PLAIN, "", "ticket: one step less; models: older run")                                                    \
    X(SIZE_UP10, "size-up-10", "}", TRADE, PLAIN, "", "ticket: ten steps more")                                                  \
    X(SIZE_DOWN10, "size-down-10", "{", TRADE, PLAIN, "", "ticket: ten steps less")                                              \
    X(PAUSE, "pause", "p", SAFETY, PLAIN, "", "pause the model under the cursor at once, on a paused one resume after y; risk: only reduce") \
    X(PAUSE_ALL, "pause-all", "P", SAFETY, PLAIN, "", "pause all models at once, if all are paused resume them after y; risk: halt automations") \
    X(PANIC, "panic", "!", SAFETY, PLAIN, "PANIC", "panic menu: c cancel all, f flatten all, k cancel, flatten and lock")        \
    X(ACK, "ack", "m", SAFETY, PLAIN, "", "acknowledge the newest alert")                                                        \
    X(ACK_ALL, "ack-all", "A", SAFETY, PLAIN, "", "acknowledge all alerts")                                                      \
    X(YANK, "yank", "y", GENERAL, PLAIN, "", "copy the row's id to the clipboard (in a confirmation: send)")                     \
    X(YANK_JSON, "yank-json", "Y", GENERAL, PLAIN, "", "copy the row as JSON")                                                   \
    X(COMMAND, "command", ":", GENERAL, PLAIN, "command", "command line, with history and completion")                           \
    X(HELP, "help", "? f1", GENERAL, PLAIN, "help", "keys of this pane; / searches them")                                        \
    X(REDRAW, "redraw", "^l", GENERAL, PLAIN, "", "draw everything again")                                                       \
    X(SUSPEND, "suspend", "^z", GENERAL, PLAIN, "", "suspend the viewer, never the engine")                                      \
    X(INTERRUPT, "interrupt", "^c", GENERAL, PLAIN, "", "close the dialog; twice: ask to quit")                                  \
    X(QUIT, "quit", "q f10", GENERAL, PLAIN, "", "detach; on the engine's own screen ask before it stops")

enum action {
    ACTION_NONE,
#define X(n, name, keys, group, kind, hint, help) ACT_##n,
    ACTION_TABLE(X)
#undef X
    ACT_COUNT
};

struct action_info { const char *name, *keys, *hint, *help; uint8_t group, kind; };
const struct action_info *action_info(enum action a);

struct keymap;
struct keymap *keymap_new(void); /* the defaults */
void keymap_free(struct keymap *k);
/* Reads `action = key [key...]` lines (INI section [keys]) over the defaults. ERR_CONFIG with "file:line: what, did you mean"
 * in text: unknown action or key, a money action on Enter, Esc, Space or Ctrl, one key for two actions (both lines named). */
enum err keymap_load(struct keymap *k, const char *path, char *text, size_t cap);
enum action keymap_find(const struct keymap *k, uint32_t key);
/* "j, Down": the keys bound now. */
void keymap_keys(const struct keymap *k, enum action a, char *buf, size_t cap);
bool key_parse(const char *name, uint32_t *key);
void key_name(uint32_t key, char *buf, size_t cap);

#endif
