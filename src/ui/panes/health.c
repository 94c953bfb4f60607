/* HEALTH: every model's runs, failures and cost, and the figures and calibration of the one under the cursor. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/columns_private.h"
#include "ui/format.h"
#include "ui/panes/panes.h"

struct health_state { struct list list; };

static void fetch(struct session *s, void *state, struct list_rows *rows) {
    (void)state;
    struct view_model vm;
    for (int i = 0; view_model_at(s->view, i, &vm); i++)
        list_push_copy(rows, vm.m->id, &vm, sizeof vm);
}

static enum role row_role(struct session *s, const void *row, int64_t now_us) {
    (void)s, (void)now_us;
    const struct view_model *vm = row;
    return vm->degraded ? ROLE_WARN : vm->m->enabled ? ROLE_COUNT : ROLE_MUTED;
}

static const struct list_source source = {.table = "models", .empty = "No models are configured: see turret-agents(5)", .fetch = fetch, .role = row_role};

/* Confidence against what came true, ten bins. */
static void draw_bins(struct session *s, struct canvas *c, struct rect r, const struct metrics *m) {
    struct metrics_bin bins[10];
    metrics_calibration(m, bins);
    canvas_text(c, r.x, r.y, r.w, ROLE_TITLE, 0, "confidence   n   came true");
    for (int i = 0; i < 10 && i + 1 < r.h; i++) {
        canvas_textf(c, r.x, r.y + 1 + i, r.w, ROLE_MUTED, 0, "%3d-%3d%%  %5u", i * 10, i * 10 + (i == 9 ? 10 : 9), bins[i].count);
        if (bins[i].count)
            canvas_bar(c, r.x + 17, r.y + 1 + i, r.w - 18, (int64_t)(bins[i].won * 100), 10000, false, session_ascii(s), bins[i].won >= bins[i].confidence ? ROLE_UP : ROLE_DOWN);
    }
}

static void draw_figures(struct canvas *c, struct rect r, const struct metrics *m) {
    const int columns = r.w / 26 > 0 ? r.w / 26 : 1;
    for (int k = 0; k < METRIC_COUNT; k++) {
        const int x = r.x + k % columns * 26, y = r.y + k / columns;
        struct column_value v = {.role = ROLE_TEXT};
        if (y >= r.y + r.h)
            return;
        column_set_metric(&v, m, (enum metric)k);
        canvas_text(c, x, y, 16, ROLE_MUTED, 0, metric_info((enum metric)k)->label);
        canvas_right(c, x + 15, y, 10, ROLE_TEXT, 0, v.text);
    }
}

static void draw(struct session *s, void *state, struct canvas *c, struct rect r, bool focused, int64_t now_us) {
    struct health_state *p = state;
    struct view_model vm;
    const int rows = r.h >= 20 ? r.h / 2 - 2 : r.h;
    list_draw(s, state, &p->list, &source, c, (struct rect){r.x, r.y, r.w, rows}, focused, now_us);
    if (rows == r.h || !list_current(&p->list) || !view_model(s->view, (model_id)list_current(&p->list), &vm))
        return;
    const struct metrics *m = view_metrics(s->view, vm.m->account);
    const struct rect rest = {r.x + 1, r.y + rows + 1, r.w - 2, r.h - rows - 1};
    if (!m)
        return;
    canvas_textf(c, r.x + 1, r.y + rows, r.w - 1, ROLE_STRONG, CELL_BOLD, "%s%s%s", vm.m->name, metrics_few(m) ? "  too few trades to rank" : "", vm.m->reason[0] ? "  last failure: " : "");
    const int bins = rest.w >= 100 ? 40 : 0;
    draw_figures(c, (struct rect){rest.x, rest.y, rest.w - bins, rest.h}, m);
    if (bins)
        draw_bins(s, c, (struct rect){rest.x + rest.w - bins + 1, rest.y, bins - 1, rest.h}, m);
}

static void subtitle(struct session *s, void *state, char *buf, size_t cap) {
    (void)state;
    struct view_schedule sc;
    view_schedule(s->view, &sc);
    snprintf(buf, cap, "%s%s%.60s", sc.healthy ? "healthy" : "DEGRADED", sc.reason[0] ? ": " : "", sc.reason);
}

static unsigned action(struct session *s, void *state, enum action a) {
    struct health_state *p = state;
    session_set_model(s, (model_id)list_current(&p->list));
    if (a == ACT_PAUSE || a == ACT_PAUSE_ALL)
        return pane_pause(s, a == ACT_PAUSE_ALL);
    return list_action(s, state, &p->list, &source, a);
}

const struct pane pane_health = {
    .name = "health",
    .title = "HEALTH",
    .dirty = DIRTY_MODELS,
    .min_w = 24,
    .min_h = 3,
    .state_size = sizeof(struct health_state),
    .draw = draw,
    .subtitle = subtitle,
    .action = action,
};
