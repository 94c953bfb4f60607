/* Layouts as data: where each pane of a page stands, in thousandths of the body, for each class of size. */
#include "turret/ui/layout.h"

#include <string.h>

enum { BIG = 1 << SIZE_BIG, MID = 1 << SIZE_MID, POCKET = 1 << SIZE_POCKET, ALL = BIG | MID | POCKET, ROWS_MIN = 3 };

/* In Tab order. A pane that has no place at a size is still reached with Tab: then it has the whole body. */
static const struct place { uint8_t page, sizes; const char *pane; int16_t x0, y0, x1, y1; } places[] = {
    {1, BIG, "positions", 0, 0, 630, 320},      {1, BIG, "orders", 0, 320, 630, 510},
    {1, BIG, "snipers", 0, 510, 630, 680},      {1, BIG, "fills", 0, 680, 630, 840},
    {1, BIG, "book", 630, 0, 1000, 450},        {1, BIG, "follows", 630, 450, 1000, 640},
    {1, BIG, "markets", 630, 640, 1000, 840},   {1, BIG, "chart", 0, 0, 0, 0},
    {1, BIG, "log", 0, 840, 1000, 1000},
    {1, MID, "positions", 0, 0, 1000, 360},     {1, MID, "book", 0, 360, 500, 780},
    {1, MID, "snipers", 500, 360, 1000, 590},   {1, MID, "follows", 500, 590, 1000, 780},
    {1, MID, "orders", 0, 780, 1000, 1000},     {1, MID, "markets", 0, 0, 0, 0},
    {1, MID, "fills", 0, 0, 0, 0},              {1, MID, "chart", 0, 0, 0, 0},
    {1, POCKET, "positions", 0, 0, 1000, 380},  {1, POCKET, "orders", 0, 380, 1000, 620},
    {1, POCKET, "book", 0, 620, 1000, 1000},    {1, POCKET, "markets", 0, 0, 0, 0},
    {1, POCKET, "snipers", 0, 0, 0, 0},         {1, POCKET, "follows", 0, 0, 0, 0},
    {1, POCKET, "fills", 0, 0, 0, 0},
    {2, BIG | MID, "positions", 0, 0, 1000, 620}, {2, BIG | MID, "chart", 0, 620, 1000, 1000},
    {2, POCKET, "positions", 0, 0, 1000, 1000},
    {3, BIG | MID, "orders", 0, 0, 1000, 560},  {3, BIG | MID, "fills", 0, 560, 1000, 1000},
    {3, POCKET, "orders", 0, 0, 1000, 1000},    {3, POCKET, "fills", 0, 0, 0, 0},
    {4, BIG | MID, "book", 0, 0, 500, 1000},    {4, BIG | MID, "chart", 500, 0, 1000, 500},
    {4, BIG | MID, "orders", 500, 500, 1000, 1000}, {4, POCKET, "book", 0, 0, 1000, 1000},
    {5, BIG | MID, "chart", 0, 0, 1000, 680},   {5, BIG | MID, "markets", 0, 680, 1000, 1000},
    {5, POCKET, "chart", 0, 0, 1000, 1000},
    {6, BIG, "snipers", 0, 0, 1000, 380},       {6, BIG, "trigger", 0, 380, 1000, 780},
    {6, BIG, "alerts", 0, 780, 1000, 1000},
    {6, MID, "snipers", 0, 0, 1000, 380},       {6, MID, "trigger", 0, 380, 1000, 1000},
    {6, MID, "alerts", 0, 0, 0, 0},             {6, POCKET, "snipers", 0, 0, 1000, 1000},
    {6, POCKET, "trigger", 0, 0, 0, 0},         {6, POCKET, "alerts", 0, 0, 0, 0},
    {7, BIG | MID, "markets", 0, 0, 1000, 600}, {7, BIG | MID, "book", 0, 600, 500, 1000},
    {7, BIG | MID, "chart", 500, 600, 1000, 1000}, {7, POCKET, "markets", 0, 0, 1000, 1000},
    {8, ALL, "account", 0, 0, 1000, 1000},
    {9, BIG | MID, "log", 0, 0, 1000, 720},     {9, BIG | MID, "venues", 0, 720, 1000, 1000},
    {9, POCKET, "log", 0, 0, 1000, 1000},       {9, POCKET, "venues", 0, 0, 0, 0},
    {10, BIG, "models", 560, 0, 1000, 440},     {10, BIG, "curves", 0, 0, 560, 440},
    {10, BIG, "runs", 0, 440, 1000, 720},       {10, BIG, "why", 0, 720, 1000, 1000},
    {10, MID, "models", 0, 0, 1000, 440},       {10, MID, "curves", 0, 440, 1000, 1000},
    {10, MID, "runs", 0, 0, 0, 0},              {10, MID, "why", 0, 0, 0, 0},
    {10, POCKET, "models", 0, 0, 1000, 1000},   {10, POCKET, "curves", 0, 0, 0, 0},
    {10, POCKET, "runs", 0, 0, 0, 0},           {10, POCKET, "why", 0, 0, 0, 0},
    {10, ALL, "health", 0, 0, 0, 0},
    {11, BIG | MID, "follows", 0, 0, 1000, 500}, {11, BIG | MID, "followed", 0, 500, 1000, 1000},
    {11, POCKET, "follows", 0, 0, 1000, 1000},  {11, POCKET, "followed", 0, 0, 0, 0},
    {12, BIG, "risk", 0, 0, 1000, 640},         {12, MID, "risk", 0, 0, 1000, 720},
    {12, BIG, "refusals", 0, 640, 1000, 1000},  {12, MID, "refusals", 0, 720, 1000, 1000},
    {12, POCKET, "risk", 0, 0, 1000, 1000},     {12, POCKET, "refusals", 0, 0, 0, 0},
    {13, BIG, "day", 0, 0, 560, 560},           {13, BIG, "daypnl", 560, 0, 1000, 560},
    {13, BIG, "since", 0, 560, 1000, 1000},
    {13, MID, "day", 0, 0, 1000, 600},          {13, MID, "since", 0, 600, 1000, 1000},
    {13, MID, "daypnl", 0, 0, 0, 0},            {13, POCKET, "day", 0, 0, 1000, 1000},
    {13, POCKET, "daypnl", 0, 0, 0, 0},         {13, POCKET, "since", 0, 0, 0, 0},
};
enum { PLACES = sizeof places / sizeof *places };

static const struct { const char *title, *brief, *key; } pages[PAGE_COUNT + 1] = {
    {"", "", ""}, {"Main", "Main", "1"}, {"Positions", "Pos", "2"}, {"Orders", "Orders", "3"}, {"Book", "Book", "4"}, {"Chart", "Chart", "5"},
    {"Snipers", "Snipers", "6"}, {"Markets", "Mkts", "7"}, {"Account", "Acct", "8"}, {"Log", "Log", "9"}, {"Models", "Models", "0"},
    {"Follow", "Follow", "F2"}, {"Risk", "Risk", "F3"}, {"Day", "Day", "F4"},
};

enum size_class size_class_of(int w, int h) {
    return w >= 120 && h >= 36 ? SIZE_BIG : w >= 80 && h >= 24 ? SIZE_MID : w >= 40 && h >= 10 ? SIZE_POCKET : SIZE_TINY;
}

static int page_row(int page) { return page >= 1 && page <= PAGE_COUNT ? page : 0; }
const char *page_title(int page) { return pages[page_row(page)].title; }
const char *page_short(int page) { return pages[page_row(page)].brief; }
const char *page_key(int page) { return pages[page_row(page)].key; }

int layout_panes(int page, const char *out[LAYOUT_MAX]) {
    int n = 0;
    for (int i = 0; i < PLACES; i++) {
        bool known = places[i].page != page || n == LAYOUT_MAX;
        for (int k = 0; k < n && !known; k++)
            known = strcmp(out[k], places[i].pane) == 0;
        if (!known)
            out[n++] = places[i].pane;
    }
    return n;
}

int layout_places(int page, enum size_class size, struct rect body, const char *only, bool hide_log, struct layout_place out[LAYOUT_MAX]) {
    int n = 0, log_top = 1000;
    if (only) {
        out[0] = (struct layout_place){only, body};
        return 1;
    }
    bool low = size == SIZE_POCKET && (body.h < 14 || body.w < 56); /* room for one pane */
    for (int i = 0; i < PLACES && hide_log && page == 1; i++)
        if (places[i].page == page && (places[i].sizes & (1 << size)) && strcmp(places[i].pane, "log") == 0)
            log_top = places[i].y0;
    for (int i = 0; i < PLACES && n < LAYOUT_MAX; i++) {
        const struct place *p = &places[i];
        if (p->page != page || !(p->sizes & (1 << size)) || p->x1 == 0 || (log_top < 1000 && p->y0 == log_top))
            continue;
        int y1 = p->y1 == log_top ? 1000 : p->y1;
        struct rect at = {body.x + body.w * p->x0 / 1000, body.y + body.h * p->y0 / 1000, 0, 0};
        at.w = body.x + body.w * p->x1 / 1000 - at.x;
        at.h = body.y + body.h * y1 / 1000 - at.y;
        out[n++] = (struct layout_place){p->pane, low ? body : at};
        if (low)
            break;
    }
    return n;
}

bool layout_grow(struct layout_place *p, int n, int i, int rows, struct rect body) {
    struct rect *at = &p[i].at;
    int edge = at->y + at->h, bottom = body.y + body.h;
    bool last = edge >= bottom; /* then the upper edge moves */
    int line = last ? at->y : edge, by = last ? -rows : rows;
    if (line <= body.y || line >= bottom || rows == 0)
        return false;
    bool moves[LAYOUT_MAX] = {false};
    moves[i] = true;
    for (int round = 0; round < n; round++) { /* whoever shares the line with one that moves, moves too */
        for (int k = 0; k < n * n; k++) {
            const struct rect *a = &p[k / n].at, *b = &p[k % n].at;
            bool across = a->x < b->x + b->w && b->x < a->x + a->w, on_line = b->y == line || b->y + b->h == line;
            moves[k % n] = moves[k % n] || (moves[k / n] && across && on_line);
        }
    }
    for (int k = 0; k < n; k++)
        if (moves[k] && p[k].at.h + (p[k].at.y == line ? -by : by) < ROWS_MIN)
            return false;
    for (int k = 0; k < n; k++) {
        struct rect *r = &p[k].at;
        if (!moves[k])
            continue;
        bool below = r->y == line;
        r->y += below ? by : 0;
        r->h += below ? -by : by;
    }
    return true;
}
