/* The page of text over the body: the key help made from the key table, and what commands answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_private.h"
#include "turret/base/mem.h"
#include "turret/base/str.h"
#include "turret/base/utf8.h"

enum { KEY_WIDTH = 10, NAME_WIDTH = 14, NAMES_FROM = 100, COLUMNS_MAX = 16 };

void overlay_close(struct session *s) {
    free(s->overlay.text);
    memset(&s->overlay, 0, sizeof s->overlay);
    if (s->entry.kind == ENTRY_SEARCH)
        line_close(s);
    session_redraw(s);
}

void session_open_text(struct session *s, const char *title, const char *text) {
    overlay_close(s);
    s->overlay.open = true;
    str_copy(s->overlay.title, sizeof s->overlay.title, title);
    s->overlay.text = xstrdup(text);
    session_redraw(s);
}

/* --- help --- */

static void help_keys(struct session *s, struct str *t) {
    static const char *const GROUPS[] = {"Moving", "Looking", "Trading", "Safety", "General"};
    for (int g = 0; g <= GROUP_GENERAL; g++) {
        str_addf(t, "%c%s\n", OVERLAY_TITLE, GROUPS[g]);
        for (int a = 1; a < ACT_COUNT; a++) {
            const struct action_info *i = action_info((enum action)a);
            char keys[64];
            if (i->group != g)
                continue;
            bool dead = s->cfg.readonly && (i->kind == ACT_MONEY || g == GROUP_TRADE || a == ACT_PANIC);
            keymap_keys(s->keys, (enum action)a, keys, sizeof keys);
            str_addf(t, "%s  %-*s", dead ? "\t" : "", KEY_WIDTH, keys);
            if (s->w >= NAMES_FROM) /* the names are for key files */
                str_addf(t, " %-*s", NAME_WIDTH, i->name);
            str_addf(t, " %s%s\n", i->help, dead ? " (read-only)" : "");
        }
    }
    str_addf(t, "%cAlways\n  Only y on a question sends anything; Enter and Esc never do. A question hears nothing for 0.15 s\n"
                "  and nothing that comes in a burst or a paste. :commands lists all commands; keys: turret-keys(7).\n", OVERLAY_TITLE);
}

void session_help(struct session *s, const char *topic) {
    struct str t;
    enum err e;
    str_init(&t);
    str_add(&t, "");
    const struct command *cmd = topic && *topic ? command_find(topic, &e) : NULL;
    if (cmd) {
        str_addf(&t, "%c:%s %s\n  %s\n", OVERLAY_TITLE, cmd->name, cmd->args, cmd->help);
    } else {
        help_keys(s, &t);
    }
    session_open_text(s, cmd ? "HELP" : "KEYS", t.p);
    if (topic && *topic && !cmd)
        str_copy(s->overlay.search, FILTER_MAX, topic);
    str_free(&t);
}

/* --- answers of commands --- */

static void json_text(const cJSON *v, char *buf, size_t cap) {
    if (cJSON_IsString(v))
        str_copy(buf, cap, v->valuestring);
    else if (cJSON_IsNumber(v))
        snprintf(buf, cap, "%lld", (long long)v->valuedouble);
    else
        str_copy(buf, cap, cJSON_IsTrue(v) ? "yes" : cJSON_IsFalse(v) ? "no" : cJSON_IsNull(v) ? "-" : "...");
}

static void json_object(const cJSON *o, struct str *t) {
    for (const cJSON *v = o->child; v; v = v->next) {
        char text[MARKET_TITLE_MAX];
        if (cJSON_IsObject(v) || cJSON_IsArray(v)) {
            char *inner = cJSON_PrintUnformatted(v);
            str_addf(t, "  %-20s %s\n", v->string ? v->string : "", inner ? inner : "");
            cJSON_free(inner);
            continue;
        }
        json_text(v, text, sizeof text);
        str_addf(t, "  %-20s %s\n", v->string ? v->string : "", text);
    }
}

static void pad(struct str *t, const char *text, int width, bool right) {
    int used = utf8_str_width(text);
    for (int i = used; right && i < width; i++)
        str_addc(t, ' ');
    str_add(t, text);
    for (int i = used; !right && i < width; i++)
        str_addc(t, ' ');
    str_addc(t, ' ');
}

static void json_rows(const cJSON *rows, const struct column_table *table, struct str *t) {
    const struct column *cols[COLUMNS_MAX];
    int width[COLUMNS_MAX], n = 0;
    for (int i = 0; i < table->count && n < COLUMNS_MAX; i++) {
        if (table->columns[i].priority < 0)
            continue;
        cols[n] = &table->columns[i];
        width[n] = utf8_str_width(cols[n]->title);
        const cJSON *row;
        cJSON_ArrayForEach(row, rows) {
            char text[MARKET_TITLE_MAX];
            json_text(cJSON_GetObjectItem(row, cols[n]->key), text, sizeof text);
            int w = utf8_str_width(text);
            width[n] = w > width[n] ? w : width[n];
        }
        n++;
    }
    str_addc(t, OVERLAY_TITLE);
    for (int i = 0; i < n; i++)
        pad(t, cols[i]->title, width[i], cols[i]->right);
    const cJSON *row;
    cJSON_ArrayForEach(row, rows) {
        str_addc(t, '\n');
        for (int i = 0; i < n; i++) {
            char text[MARKET_TITLE_MAX];
            json_text(cJSON_GetObjectItem(row, cols[i]->key), text, sizeof text);
            pad(t, text, width[i], cols[i]->right);
        }
    }
    str_addc(t, '\n');
}

void overlay_show_json(struct session *s, const char *title, const cJSON *data, const char *table) {
    const struct column_table *columns = table ? column_table(table) : NULL;
    struct str t;
    str_init(&t);
    str_add(&t, "");
    if (cJSON_IsArray(data) && columns) {
        json_rows(data, columns, &t);
    } else if (cJSON_IsArray(data)) {
        const cJSON *row;
        cJSON_ArrayForEach(row, data) {
            json_object(row, &t);
            str_addc(&t, '\n');
        }
    } else if (data) {
        json_object(data, &t);
    }
    session_open_text(s, title, t.len ? t.p : "nothing");
    str_free(&t);
}

/* --- keys and drawing --- */

void overlay_key(struct session *s, uint32_t key) {
    enum action a = keymap_find(s->keys, key);
    int page = s->h > 12 ? (s->h - 8) / 2 : 2;
    session_redraw(s);
    switch (a) {
    case ACT_NEXT_ROW: s->overlay.top++; break;
    case ACT_PREV_ROW: s->overlay.top--; break;
    case ACT_HALF_DOWN: s->overlay.top += page; break;
    case ACT_HALF_UP: s->overlay.top -= page; break;
    case ACT_FIRST_ROW: s->overlay.top = 0; break;
    case ACT_LAST_ROW: s->overlay.top = s->overlay.lines; break;
    case ACT_FILTER: line_open(s, ENTRY_SEARCH, "/", s->overlay.search); break;
    case ACT_BACK:
        if (s->overlay.search[0])
            s->overlay.search[0] = '\0';
        else
            overlay_close(s);
        break;
    case ACT_HELP:
    case ACT_INTERRUPT:
    case ACT_QUIT: overlay_close(s); break;
    case ACT_COMMAND: line_open(s, ENTRY_COMMAND, ":", ""); break;
    default: break;
    }
}

static void draw_line(struct canvas *c, struct rect at, const char *line, size_t len) {
    char buf[1024];
    bool muted = len && *line == OVERLAY_MUTED, title = len && *line == OVERLAY_TITLE;
    if (muted || title)
        line++, len--;
    str_copy(buf, len + 1 < sizeof buf ? len + 1 : sizeof buf, line);
    canvas_text(c, at.x, at.y, at.w, muted ? ROLE_MUTED : title ? ROLE_TITLE : ROLE_TEXT, title ? CELL_BOLD : 0, buf);
}

/* The i-th line that contains the search; NULL past the end. Titles are left out while searching. */
static const char *find_line(const struct session *s, int i, size_t *len) {
    char buf[1024];
    for (const char *p = s->overlay.text; *p;) {
        size_t n = strcspn(p, "\n");
        str_copy(buf, n + 1 < sizeof buf ? n + 1 : sizeof buf, p);
        bool match = !s->overlay.search[0] || (*p != OVERLAY_TITLE && str_contains_nocase(buf, s->overlay.search));
        if (match && i-- == 0) {
            *len = n;
            return p;
        }
        p += n + (p[n] == '\n');
    }
    return NULL;
}

void overlay_draw(struct session *s, struct canvas *c, struct rect body) {
    int room = body.h - 2, count = 0;
    size_t len = 0;
    char right[64] = "/ search  Esc close";
    while (find_line(s, count, &len))
        count++;
    s->overlay.lines = count;
    if (s->overlay.top > count - room)
        s->overlay.top = count - room;
    if (s->overlay.top < 0)
        s->overlay.top = 0;
    if (s->overlay.search[0])
        snprintf(right, sizeof right, "/%.24s (%d)  Esc clear", s->overlay.search, count);
    canvas_clear(c, body, ROLE_TEXT);
    canvas_box(c, body, true, s->cfg.ascii, s->overlay.title, right);
    for (int i = 0; i < room; i++) {
        const char *line = find_line(s, s->overlay.top + i, &len);
        if (!line)
            break;
        draw_line(c, (struct rect){body.x + 2, body.y + 1 + i, body.w - 4, 1}, line, len);
    }
    int below = count - s->overlay.top - room;
    if (below > 0)
        canvas_textf(c, body.x + 3, body.y + body.h - 1, body.w - 6, ROLE_HINT, 0, " %s %d more ", s->cfg.ascii ? "v" : "▼", below);
}
