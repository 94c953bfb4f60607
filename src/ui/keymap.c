/* The key table made usable: names of keys, default bindings, the user's key file, look-up by key. */
#include "turret/ui/keymap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"
#include "turret/io/inifile.h"

#define KEYS_PER_ACTION 6

static const struct action_info infos[ACT_COUNT] = {
    [ACTION_NONE] = {"none", "", "", "", GROUP_GENERAL, ACT_PLAIN},
#define X(n, name, keys, group, kind, hint, help) [ACT_##n] = {name, keys, hint, help, GROUP_##group, ACT_##kind},
    ACTION_TABLE(X)
#undef X
};

struct binding { uint32_t key; int line; /* in the user's file; 0 = default */ };
struct keymap { struct binding bound[ACT_COUNT][KEYS_PER_ACTION]; };

static const struct { const char *name, *shown; uint32_t key; } names[] = {
    {"enter", "Enter", KEYS_ENTER}, {"return", "Enter", KEYS_ENTER}, {"esc", "Esc", KEYS_ESC}, {"tab", "Tab", KEYS_TAB},
    {"btab", "S-Tab", KEYS_BTAB}, {"s-tab", "S-Tab", KEYS_BTAB}, {"space", "Space", KEYS_SPACE},
    {"backspace", "Backspace", KEYS_BACKSPACE}, {"up", "Up", KEYS_UP}, {"down", "Down", KEYS_DOWN},
    {"left", "Left", KEYS_LEFT}, {"right", "Right", KEYS_RIGHT}, {"home", "Home", KEYS_HOME}, {"end", "End", KEYS_END},
    {"pgup", "PgUp", KEYS_PGUP}, {"pgdn", "PgDn", KEYS_PGDN}, {"insert", "Insert", KEYS_INSERT},
    {"delete", "Delete", KEYS_DELETE}, {"f1", "F1", KEYS_F1}, {"f2", "F2", KEYS_F2}, {"f3", "F3", KEYS_F3},
    {"f4", "F4", KEYS_F4}, {"f5", "F5", KEYS_F5}, {"f6", "F6", KEYS_F6}, {"f7", "F7", KEYS_F7}, {"f8", "F8", KEYS_F8},
    {"f9", "F9", KEYS_F9}, {"f10", "F10", KEYS_F10}, {"f11", "F11", KEYS_F11}, {"f12", "F12", KEYS_F12},
};
enum { NAME_COUNT = sizeof names / sizeof *names };

const struct action_info *action_info(enum action a) { return &infos[a < ACT_COUNT ? a : ACTION_NONE]; }

bool key_parse(const char *name, uint32_t *key) {
    size_t n = strlen(name);
    for (int i = 0; i < NAME_COUNT; i++) {
        if (str_eq_nocase(name, names[i].name)) {
            *key = names[i].key;
            return true;
        }
    }
    bool caret = n == 2 && name[0] == '^', ctrl = n == 6 && str_has_prefix_nocase(name, "ctrl-");
    if (caret || ctrl) {
        unsigned char c = (unsigned char)name[n - 1];
        *key = c & 31u;
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
    int len = 0;
    if (n == 0)
        return false;
    uint32_t cp = utf8_decode(name, n, &len);
    *key = cp;
    return (size_t)len == n && cp > ' ' && cp != 127 && cp != 0xfffd && utf8_width(cp) > 0;
}

void key_name(uint32_t key, char *buf, size_t cap) {
    for (int i = 0; i < NAME_COUNT; i++) {
        if (names[i].key == key) {
            str_copy(buf, cap, names[i].shown);
            return;
        }
    }
    if (key >= 1 && key <= 26) {
        snprintf(buf, cap, "^%c", (char)('A' + (int)key - 1));
        return;
    }
    char text[5] = {0};
    if (key > ' ' && key < KEY_BASE)
        utf8_encode(key, text);
    str_copy(buf, cap, text);
}

static bool bind(struct keymap *k, enum action a, uint32_t key, int line) {
    for (int i = 0; i < KEYS_PER_ACTION; i++) {
        if (k->bound[a][i].key == 0 || k->bound[a][i].key == key) {
            k->bound[a][i] = (struct binding){key, line};
            return true;
        }
    }
    return false;
}

static void unbind(struct keymap *k, enum action a, uint32_t key) {
    for (int i = 0, to = 0; i < KEYS_PER_ACTION; i++) {
        struct binding b = k->bound[a][i];
        k->bound[a][i] = (struct binding){0, 0};
        if (b.key != key)
            k->bound[a][to++] = b;
    }
}

struct keymap *keymap_new(void) {
    struct keymap *k = xcalloc(1, sizeof *k);
    for (int a = 1; a < ACT_COUNT; a++) {
        char buf[64], *save = NULL;
        str_copy(buf, sizeof buf, infos[a].keys);
        for (char *w = strtok_r(buf, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
            uint32_t key = 0;
            if (key_parse(w, &key))
                bind(k, (enum action)a, key, 0);
        }
    }
    return k;
}

void keymap_free(struct keymap *k) { free(k); }

enum action keymap_find(const struct keymap *k, uint32_t key) {
    for (int a = 1; key && a < ACT_COUNT; a++)
        for (int i = 0; i < KEYS_PER_ACTION && k->bound[a][i].key; i++)
            if (k->bound[a][i].key == key)
                return (enum action)a;
    return ACTION_NONE;
}

void keymap_keys(const struct keymap *k, enum action a, char *buf, size_t cap) {
    struct str s;
    str_init(&s);
    str_add(&s, "");
    for (int i = 0; i < KEYS_PER_ACTION && k->bound[a][i].key; i++) {
        char name[16];
        key_name(k->bound[a][i].key, name, sizeof name);
        str_addf(&s, "%s%s", i ? ", " : "", name);
    }
    str_copy(buf, cap, s.p);
    str_free(&s);
}

/* --- the user's file --- */

struct load {
    struct keymap *k;
    const char *path;
    char *text;
    size_t cap;
    bool failed;
    bool seen[ACT_COUNT]; /* the first line of an action replaces its defaults */
};

static int fail(struct load *l, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int fail(struct load *l, int line, const char *fmt, ...) {
    char what[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    utf8_sanitise(what, sizeof what, what, strlen(what)); /* it quotes the file */
    if (!l->failed)
        snprintf(l->text, l->cap, "%s:%d: %s", l->path, line, what);
    l->failed = true;
    return 0;
}

static bool never_money(uint32_t key) { return key < 32 || key == KEYS_SPACE || key == KEYS_BACKSPACE; }

static int bind_word(struct load *l, enum action a, const char *word, int line) {
    uint32_t key = 0;
    if (!key_parse(word, &key)) {
        const char *all[NAME_COUNT];
        for (int i = 0; i < NAME_COUNT; i++)
            all[i] = names[i].name;
        const char *near = str_closest(word, all, NAME_COUNT);
        return near ? fail(l, line, "no key \"%s\", did you mean \"%s\"?", word, near) : fail(l, line, "no key \"%s\"", word);
    }
    if (infos[a].kind == ACT_MONEY && (never_money(key) || key == 'y'))
        return fail(l, line, "%s concerns money: not on Enter, Esc, Space, Tab, Ctrl or y", infos[a].name);
    for (int other = 1; other < ACT_COUNT; other++) {
        for (int i = 0; i < KEYS_PER_ACTION && l->k->bound[other][i].key; i++) {
            struct binding *b = &l->k->bound[other][i];
            if (b->key != key || other == (int)a)
                continue;
            if (b->line)
                return fail(l, line, "\"%s\" is already %s (line %d)", word, infos[other].name, b->line);
            unbind(l->k, (enum action)other, key); /* a default gives way */
            break;
        }
    }
    return bind(l->k, a, key, line) ? 1 : fail(l, line, "more than %d keys for %s", KEYS_PER_ACTION, infos[a].name);
}

static int on_line(void *user, const char *section, const char *name, const char *value, int line) {
    struct load *l = user;
    if (l->failed)
        return 0;
    if (strcmp(section, "keys") != 0)
        return fail(l, line, "section [%s] is not [keys]", section);
    enum action a = ACTION_NONE;
    const char *all[ACT_COUNT];
    for (int i = 1; i < ACT_COUNT; i++) {
        all[i - 1] = infos[i].name;
        if (str_eq_nocase(infos[i].name, name))
            a = (enum action)i;
    }
    if (a == ACTION_NONE) {
        const char *near = str_closest(name, all, ACT_COUNT - 1);
        return near ? fail(l, line, "no action \"%s\", did you mean \"%s\"?", name, near) : fail(l, line, "no action \"%s\"", name);
    }
    if (!l->seen[a])
        memset(l->k->bound[a], 0, sizeof l->k->bound[a]);
    l->seen[a] = true;
    char buf[256], *save = NULL;
    str_copy(buf, sizeof buf, value);
    for (char *w = strtok_r(buf, " \t", &save); w; w = strtok_r(NULL, " \t", &save))
        if (!bind_word(l, a, w, line))
            return 0;
    return 1;
}

enum err keymap_load(struct keymap *k, const char *path, char *text, size_t cap) {
    struct keymap before = *k;
    struct load l = {.k = k, .path = path, .text = text, .cap = cap};
    text[0] = '\0';
    size_t n = 0;
    char *data = inifile_slurp(path, &n);
    if (!data) {
        snprintf(text, cap, "%s: can't be read", path);
        return ERR_CONFIG;
    }
    int bad = inifile_parse(data, n, on_line, &l);
    free(data);
    if (bad && !l.failed)
        fail(&l, bad, "can't be read (want: action = key key ...)");
    if (!l.failed && keymap_find(k, KEYS_ESC) == ACTION_NONE)
        fail(&l, 1, "Esc must keep an action (back = esc)"); /* without it some dialogs could not be left */
    if (!l.failed)
        return ERR_OK;
    *k = before;
    return ERR_CONFIG;
}
