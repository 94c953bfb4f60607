/* Columns of models, the leaderboard and runs. */
/* clang-format off: tables, one row a column */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "turret/agent/runs.h"
#include "turret/base/str.h"
#include "ui/columns_private.h"

#define VM struct view_model
#define ST struct standing
#define RI struct run_info

/* --- figures of trade/metrics.h ------------------------------------------------------------------- */
void column_set_metric(struct column_value *out, const struct metrics *m, enum metric k) {
    const char *unit = metric_info(k)->unit;
    double v = m != NULL ? metrics_value(m, k) : NAN;
    out->number = true;
    if (isnan(v)) {
        str_copy(out->text, sizeof out->text, "-");
        return;
    }
    if (isinf(v)) {
        column_set_pair(out, "inf", "inf");
        out->number = true;
        return;
    }
    snprintf(out->raw, sizeof out->raw, strcmp(unit, "count") == 0 ? "%.0f" : strcmp(unit, "usd") == 0 ? "%.2f" : "%.4f", v);
    if (strcmp(unit, "time") == 0)
        format_age((int64_t)(v * 1e6), out->text);
    else if (strcmp(unit, "usd") == 0)
        format_usd(USD((int64_t)llround(v * 1e6)), out->text);
    else
        snprintf(out->text, sizeof out->text, strcmp(unit, "count") == 0 ? "%.0f" : strcmp(unit, "pct") == 0 ? "%.1f" : "%.2f", v);
}

static void set_signed(struct column_value *out, const struct metrics *m, enum metric k) {
    double v = m != NULL ? metrics_value(m, k) : NAN;
    column_set_metric(out, m, k);
    if (isnan(v))
        return;
    if (v > 0 && out->text[0] != '+') {
        char text[sizeof out->text];
        snprintf(text, sizeof text, "+%.100s", out->text);
        str_copy(out->text, sizeof out->text, text);
    }
    out->role = v > 0 ? ROLE_UP : v < 0 ? ROLE_DOWN : ROLE_TEXT;
}

static void set_cost(struct column_value *out, usd cost, bool unknown) {
    column_set_usd(out, cost);
    if (unknown && cost.micro == 0) {
        str_copy(out->text, sizeof out->text, "?"); /* no price is known: never shown as nothing */
        out->raw[0] = 0;
    } else if (unknown) {
        char text[sizeof out->text];
        snprintf(text, sizeof text, ">%.100s", out->text);
        str_copy(out->text, sizeof out->text, text);
    }
}

/* --- models --------------------------------------------------------------------------------------- */
static const char *state_word(const struct view_model *r) {
    static const char *const words[] = {[MODEL_IDLE] = "idle", [MODEL_RUNNING] = "running", [MODEL_PAUSED] = "PAUSED", [MODEL_DISABLED] = "off"};
    return words[r->state];
}
static const char *state_raw(const struct view_model *r) {
    static const char *const words[] = {[MODEL_IDLE] = "idle", [MODEL_RUNNING] = "running", [MODEL_PAUSED] = "paused", [MODEL_DISABLED] = "disabled"};
    return words[r->state];
}
static void set_equity(struct column_value *out, const struct desk *view, account_id a) {
    struct view_account va;
    if (view_account(view, a, &va))
        column_set_usd(out, va.equity);
}

COLUMN_GET(m_id, VM) column_set_int(out, r->m->id); COLUMN_GET_END
COLUMN_GET(m_name, VM) column_set_text(out, r->m->name); COLUMN_GET_END
COLUMN_GET(m_variant, VM) column_set_text(out, r->m->variant); COLUMN_GET_END
COLUMN_GET(m_provider, VM) column_set_text(out, r->m->provider); COLUMN_GET_END
COLUMN_GET(m_model, VM) column_set_text(out, r->m->model); COLUMN_GET_END
COLUMN_GET(m_state, VM)
    column_set_pair(out, state_word(r), state_raw(r));
    out->role = r->state == MODEL_PAUSED || r->degraded ? ROLE_WARN : r->state == MODEL_RUNNING ? ROLE_UP : ROLE_MUTED;
COLUMN_GET_END
COLUMN_GET(m_interval, VM) column_set_int(out, r->m->interval_s); COLUMN_GET_END
COLUMN_GET(m_next, VM)
    char text[FORMAT_MAX];
    column_set_time(out, r->m->next_run_us);
    if (r->state == MODEL_IDLE && r->m->next_run_us > 0)
        str_copy(out->text, sizeof out->text, format_left(r->m->next_run_us > now_us ? r->m->next_run_us - now_us : 0, text));
    else
        str_copy(out->text, sizeof out->text, "-");
COLUMN_GET_END
COLUMN_GET(m_last, VM) column_set_time(out, r->m->last_run_us); COLUMN_GET_END
COLUMN_GET(m_last_ok, VM) column_set_time(out, r->m->last_ok_us); COLUMN_GET_END
COLUMN_GET(m_runs, VM) column_set_int(out, (int64_t)r->m->runs); COLUMN_GET_END
COLUMN_GET(m_failed, VM) column_set_int(out, (int64_t)r->m->failed_runs); out->role = r->m->failed_in_row ? ROLE_WARN : ROLE_TEXT; COLUMN_GET_END
COLUMN_GET(m_failed_calls, VM) column_set_int(out, (int64_t)r->m->failed_calls); COLUMN_GET_END
COLUMN_GET(m_skipped, VM) column_set_int(out, (int64_t)r->m->skipped_runs); COLUMN_GET_END
COLUMN_GET(m_minutes, VM) column_set_int(out, (int64_t)r->m->total_minutes); COLUMN_GET_END
COLUMN_GET(m_equity, VM) set_equity(out, view, r->m->account); COLUMN_GET_END
COLUMN_GET(m_return, VM) set_signed(out, view_metrics(view, r->m->account), METRIC_RETURN); COLUMN_GET_END
COLUMN_GET(m_cost_day, VM) set_cost(out, r->m->cost_day, r->m->cost_unknown); COLUMN_GET_END
COLUMN_GET(m_cost, VM) set_cost(out, r->m->cost_total, r->m->cost_unknown); COLUMN_GET_END
COLUMN_GET(m_tokens_in, VM) column_set_int(out, (int64_t)r->m->tokens_in); COLUMN_GET_END
COLUMN_GET(m_tokens_out, VM) column_set_int(out, (int64_t)r->m->tokens_out); COLUMN_GET_END
COLUMN_GET(m_account, VM) column_set_account(out, view, r->m->account); COLUMN_GET_END
COLUMN_GET(m_reason, VM) column_set_text(out, r->m->reason); COLUMN_GET_END

static const struct column models[] = {
    {"name", "model", 16, false, 0, false, m_name, NULL},
    {"variant", "variant", 11, false, 1, false, m_variant, NULL},
    {"state", "state", 8, false, 0, false, m_state, NULL},
    {"next_run_at", "next", 7, true, 1, false, m_next, NULL},
    {"equity", "equity", 11, true, 0, true, m_equity, NULL},
    {"return", "ret %", 7, true, 0, false, m_return, NULL},
    {"runs", "runs", 6, true, 2, false, m_runs, NULL},
    {"failed_runs", "fail", 5, true, 2, false, m_failed, NULL},
    {"skipped_runs", "skip", 5, true, 5, false, m_skipped, NULL},
    {"failed_calls", "bad", 5, true, 5, false, m_failed_calls, NULL},
    {"cost_day", "$/day", 7, true, 3, true, m_cost_day, NULL},
    {"provider", "provider", 11, false, 4, false, m_provider, NULL},
    {"model", "served by", 20, false, 4, false, m_model, NULL},
    {"interval_s", "every s", 7, true, 6, false, m_interval, NULL},
    {"reason", "last failure", 0, false, 3, false, m_reason, NULL},
    {"id", "id", 3, true, -1, false, m_id, NULL},
    {"account", "account", 12, false, -1, false, m_account, NULL},
    {"cost_total", "cost", 9, true, -1, true, m_cost, NULL},
    {"tokens_in", "in", 9, true, -1, false, m_tokens_in, NULL},
    {"tokens_out", "out", 9, true, -1, false, m_tokens_out, NULL},
    {"total_minutes", "minutes", 8, true, -1, false, m_minutes, NULL},
    {"last_run_at", "last", 12, false, -1, false, m_last, NULL},
    {"last_ok_at", "last ok", 12, false, -1, false, m_last_ok, NULL},
};
const struct column_table columns_models = {"models", models, sizeof models / sizeof *models};

/* --- leaderboard ---------------------------------------------------------------------------------- */
static const struct metrics *of(const struct desk *view, const ST *r) { return view_metrics(view, r->account); }

#define METRIC_COLUMN(fn, k, set)                                                     \
    COLUMN_GET(fn, ST) set(out, of(view, r), METRIC_##k); COLUMN_GET_END              \
    static int64_t sort_##fn(const struct desk *view, const void *row) {              \
        const struct metrics *m = of(view, row);                                      \
        double v = m != NULL ? metrics_value(m, METRIC_##k) : NAN;                    \
        return isnan(v) ? INT64_MIN : v > 1e12 ? (int64_t)1e18 : v < -1e12 ? -(int64_t)1e18 : (int64_t)(v * 1e6); \
    }
METRIC_COLUMN(l_return, RETURN, set_signed)
METRIC_COLUMN(l_pnl, TOTAL_PNL, set_signed)
METRIC_COLUMN(l_drawdown, MAX_DRAWDOWN, column_set_metric)
METRIC_COLUMN(l_sharpe, SHARPE, column_set_metric)
METRIC_COLUMN(l_sortino, SORTINO, column_set_metric)
METRIC_COLUMN(l_calmar, CALMAR, column_set_metric)
METRIC_COLUMN(l_win, WIN_RATE, column_set_metric)
METRIC_COLUMN(l_factor, PROFIT_FACTOR, column_set_metric)
METRIC_COLUMN(l_expectancy, EXPECTANCY, column_set_metric)
METRIC_COLUMN(l_trades, TRADES, column_set_metric)
METRIC_COLUMN(l_r, AVG_R, column_set_metric)
METRIC_COLUMN(l_best, BIGGEST_WIN, column_set_metric)
METRIC_COLUMN(l_worst, BIGGEST_LOSS, column_set_metric)
METRIC_COLUMN(l_quality, DECISION_QUALITY, column_set_metric)
METRIC_COLUMN(l_brier, BRIER, column_set_metric)
METRIC_COLUMN(l_fees, FEES, column_set_metric)

COLUMN_GET(l_rank, ST) column_set_int(out, r->rank); if (r->rank == 0) { str_copy(out->text, sizeof out->text, "-"); out->raw[0] = 0; } COLUMN_GET_END
COLUMN_GET(l_name, ST) column_set_text(out, column_account(view, r->account)); COLUMN_GET_END
COLUMN_GET(l_variant, ST) const struct model *m = view_model_of(view, r->account); column_set_text(out, m != NULL ? m->variant : ""); COLUMN_GET_END
COLUMN_GET(l_equity, ST) set_equity(out, view, r->account); COLUMN_GET_END
COLUMN_GET(l_day, ST) struct view_account va; if (view_account(view, r->account, &va)) column_set_pnl(out, va.day_pnl); COLUMN_GET_END
COLUMN_GET(l_cost, ST)
    const struct model *m = view_model_of(view, r->account);
    if (m != NULL && !m->builtin)
        set_cost(out, m->cost_day, m->cost_unknown);
    else
        str_copy(out->text, sizeof out->text, "-");
COLUMN_GET_END
COLUMN_GET(l_few, ST) const struct metrics *m = of(view, r); column_set_bool(out, m == NULL || metrics_few(m), "few"); out->role = ROLE_MUTED; COLUMN_GET_END
COLUMN_GET(l_state, ST)
    const struct model *m = view_model_of(view, r->account);
    struct view_model vm;
    if (m != NULL && view_model(view, m->id, &vm))
        m_state(view, &vm, now_us, out);
    else
        column_set_pair(out, "me", "person");
COLUMN_GET_END
COLUMN_GET(l_next, ST)
    const struct model *m = view_model_of(view, r->account);
    struct view_model vm;
    if (m != NULL && view_model(view, m->id, &vm))
        m_next(view, &vm, now_us, out);
COLUMN_GET_END
static int64_t sort_l_equity(const struct desk *view, const void *row) {
    struct view_account va;
    return view_account(view, ((const ST *)row)->account, &va) ? va.equity.micro : INT64_MIN;
}

static const struct column leaderboard[] = {
    {"rank", "#", 2, true, 0, false, l_rank, NULL},
    {"name", "model", 0, false, 0, false, l_name, NULL},
    {"return", "ret %", 7, true, 0, false, l_return, sort_l_return},
    {"max_drawdown", "dd %", 5, true, 2, false, l_drawdown, sort_l_drawdown},
    {"sharpe", "Sharpe", 6, true, 3, false, l_sharpe, sort_l_sharpe},
    {"win_rate", "win %", 5, true, 3, false, l_win, sort_l_win},
    {"trades", "trades", 6, true, 4, false, l_trades, sort_l_trades},
    {"few", "", 3, false, 4, false, l_few, NULL},
    {"state", "state", 7, false, 1, false, l_state, NULL},
    {"next_run_at", "next", 5, true, 6, false, l_next, NULL},
    {"equity", "equity", 10, true, 5, true, l_equity, sort_l_equity},
    {"day_pnl", "day", 9, true, 6, true, l_day, NULL},
    {"cost_day", "$/day", 6, true, 6, true, l_cost, NULL},
    {"variant", "variant", 11, false, 7, false, l_variant, NULL},
    {"total_pnl", "P&L", 10, true, 8, true, l_pnl, sort_l_pnl},
    {"profit_factor", "factor", 6, true, 8, false, l_factor, sort_l_factor},
    {"expectancy", "expect", 8, true, 9, true, l_expectancy, sort_l_expectancy},
    {"sortino", "Sortino", 7, true, 9, false, l_sortino, sort_l_sortino},
    {"calmar", "Calmar", 6, true, 9, false, l_calmar, sort_l_calmar},
    {"avg_r", "R", 5, true, 9, false, l_r, sort_l_r},
    {"biggest_win", "best", 9, true, -1, true, l_best, sort_l_best},
    {"biggest_loss", "worst", 9, true, -1, true, l_worst, sort_l_worst},
    {"decision_quality", "quality", 7, true, -1, false, l_quality, sort_l_quality},
    {"brier", "Brier", 6, true, -1, false, l_brier, sort_l_brier},
    {"fees", "fees", 8, true, -1, true, l_fees, sort_l_fees},
};
const struct column_table columns_leaderboard = {"leaderboard", leaderboard, sizeof leaderboard / sizeof *leaderboard};

/* --- runs ------------------------------------------------------------------------------------------- */
COLUMN_GET(r_id, RI) column_set_id(out, r->id); COLUMN_GET_END
COLUMN_GET(r_model, RI) struct view_model vm; column_set_text(out, view_model(view, r->model, &vm) ? vm.m->name : "?"); COLUMN_GET_END
COLUMN_GET(r_started, RI) column_set_time(out, r->started_us); COLUMN_GET_END
COLUMN_GET(r_ended, RI) column_set_time(out, r->ended_us); COLUMN_GET_END
COLUMN_GET(r_status, RI)
    column_set_text(out, run_status_name((enum run_status)r->status));
    out->role = r->status == RUN_OK ? ROLE_TEXT : r->status == RUN_RUNNING ? ROLE_UP : ROLE_WARN;
COLUMN_GET_END
COLUMN_GET(r_took, RI) char text[FORMAT_MAX]; if (r->ended_us > r->started_us) column_set_text(out, format_age(r->ended_us - r->started_us, text)); COLUMN_GET_END
COLUMN_GET(r_steps, RI) column_set_int(out, r->step_count); COLUMN_GET_END
COLUMN_GET(r_actions, RI) column_set_int(out, r->actions); COLUMN_GET_END
COLUMN_GET(r_refusals, RI) column_set_int(out, r->refusals); out->role = r->refusals ? ROLE_WARN : ROLE_TEXT; COLUMN_GET_END
COLUMN_GET(r_in, RI) column_set_int(out, (int64_t)r->tokens_in); COLUMN_GET_END
COLUMN_GET(r_out, RI) column_set_int(out, (int64_t)r->tokens_out); COLUMN_GET_END
COLUMN_GET(r_cost, RI) set_cost(out, r->cost, r->cost_unknown); COLUMN_GET_END
COLUMN_GET(r_rerun, RI) column_set_bool(out, r->rerun, "rerun"); COLUMN_GET_END
COLUMN_GET(r_text, RI) column_set_text(out, r->error[0] != 0 ? r->error : r->response != NULL ? r->response : ""); COLUMN_GET_END

static const struct column runs[] = {
    {"id", "run", 20, false, 0, false, r_id, NULL},
    {"model", "model", 14, false, 0, false, r_model, NULL},
    {"started_at", "at", 12, false, 0, false, r_started, NULL},
    {"status", "status", 9, false, 0, false, r_status, NULL},
    {"actions", "did", 3, true, 1, false, r_actions, NULL},
    {"refusals", "ref", 3, true, 1, false, r_refusals, NULL},
    {"steps", "steps", 5, true, 3, false, r_steps, NULL},
    {"took", "took", 6, true, 2, false, r_took, NULL},
    {"tokens_in", "in", 7, true, 4, false, r_in, NULL},
    {"tokens_out", "out", 6, true, 4, false, r_out, NULL},
    {"cost", "cost", 7, true, 3, true, r_cost, NULL},
    {"rerun", "", 5, false, 5, false, r_rerun, NULL},
    {"text", "says", 0, false, 2, false, r_text, NULL},
    {"ended_at", "ended", 12, false, -1, false, r_ended, NULL},
};
const struct column_table columns_runs = {"runs", runs, sizeof runs / sizeof *runs};
