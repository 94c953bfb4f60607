/* Markets in a prompt: what can be read of each (the same for every model), and what this model may do there. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/prompt_parts.h"
#include "agent/sizing.h"

enum { TITLE_MAX = 96, LINE_NUMBER_MAX = 32 };

static int step_digits(int64_t step) {
    int d = 6;
    for (; d > 0 && step > 0 && step % 10 == 0; d--)
        step /= 10;
    return d;
}

/* Three, more where the market's steps are finer; a binary's averages need two more than its tick. */
static int digits_of(const struct market *m) {
    int d = step_digits(m->tick.micro) + (m->kind == MARKET_BINARY ? 2 : 0);
    return d < 3 ? 3 : d > 6 ? 6 : d;
}

static void put_number(struct str *out, double v, int digits) {
    char t[LINE_NUMBER_MAX];
    if (!isfinite(v)) {
        str_add(out, "n/a");
        return;
    }
    snprintf(t, sizeof t, "%.*f", digits, v);
    str_add(out, t);
}
static void put_px(struct str *out, const char *name, price px) {
    str_add(out, name);
    if (px.micro == 0)
        str_add(out, "n/a");
    else
        prompt_dec(out, px.micro, 0);
}

/* Not all indicators are prices: the others have three digits everywhere. */
static bool is_share(enum indicator i) {
    return i == IND_RSI7 || i == IND_RSI14 || i == IND_ADX14 || i == IND_PLUS_DI || i == IND_MINUS_DI || i == IND_VOLUME_RATIO;
}

static void put_values(struct str *out, const struct frame *f, const enum indicator *list, int n, int digits) {
    for (int i = 0; i < n; i++) {
        str_addf(out, "%s%s ", i > 0 ? ", " : "", indicator_info(list[i])->label);
        put_number(out, frame_value(f, list[i], 0), is_share(list[i]) ? 3 : digits);
    }
}

static void put_series(struct str *out, const struct frame *f, enum indicator i, int digits) {
    int defined = 0;
    for (int back = 0; back < FRAME_RECENT; back++)
        defined += isfinite(frame_value(f, i, back));
    str_addf(out, "  %s: [", indicator_info(i)->label);
    if (defined == 0) {
        str_add(out, "n/a]\n");
        return;
    }
    for (int back = FRAME_RECENT - 1; back >= 0; back--) {
        put_number(out, frame_value(f, i, back), is_share(i) ? 3 : digits);
        str_add(out, back > 0 ? ", " : "]\n");
    }
}

static void put_mids(struct str *out, const struct frame *f, int digits) {
    const struct candle_series *s = frame_candles(f);
    int n = (int)s->count, from = n > FRAME_RECENT ? n - FRAME_RECENT : 0;
    str_add(out, "  mid: [");
    for (int i = from; i < n; i++) {
        const struct candle *k = candle_at(s, i);
        str_add(out, i > from ? ", " : "");
        put_number(out, (double)(k->open.micro + k->close.micro) / 2e6, digits);
    }
    str_add(out, n == 0 ? "n/a]\n" : "]\n");
}

/* Words for what a model would otherwise have to work out: trend strength, cloud, squeeze, distances. */
static void put_labels(struct str *out, const struct frame *f, double now, int digits) {
    double adx = frame_value(f, IND_ADX14, 0), a = frame_value(f, IND_SPAN_A, 0), b = frame_value(f, IND_SPAN_B, 0), vwap = frame_value(f, IND_VWAP, 0);
    double st = frame_value(f, IND_SUPERTREND, 0), bu = frame_value(f, IND_BB_UPPER, 0), bl = frame_value(f, IND_BB_LOWER, 0), ku = frame_value(f, IND_KC_UPPER, 0), kl = frame_value(f, IND_KC_LOWER, 0);
    str_add(out, "  ADX 14 ");
    put_number(out, adx, 3);
    str_addf(out, " (%s), +DI ", isfinite(adx) ? adx_word(adx) : "n/a");
    put_number(out, frame_value(f, IND_PLUS_DI, 0), 3);
    str_add(out, ", -DI ");
    put_number(out, frame_value(f, IND_MINUS_DI, 0), 3);
    str_addf(out, "; price %s the Ichimoku cloud (span A ", isfinite(a) && isfinite(b) && isfinite(now) ? cloud_word(now, a, b) : "n/a against");
    put_number(out, a, digits);
    str_add(out, ", span B ");
    put_number(out, b, digits);
    str_add(out, "); Supertrend ");
    put_number(out, st, digits);
    str_add(out, !isfinite(st) || !isfinite(now) ? "" : st < now ? " (up)" : " (down)");
    str_add(out, "; VWAP ");
    put_number(out, vwap, digits);
    str_add(out, ", distance ");
    put_number(out, vwap > 0 ? (now - vwap) / vwap * 100 : NAN, 3);
    str_add(out, " %; squeeze (Bollinger inside Keltner) ");
    str_add(out, isfinite(bu) && isfinite(ku) ? (bu < ku && bl > kl ? "yes" : "no") : "n/a");
    str_addc(out, '\n');
}

static const struct { const char *title; enum indicator values[16]; int value_count; enum indicator series[8]; int series_count; } frames[FRAME_COUNT] = {
    [FRAME_FAST] = {"5-minute candles",
                    {IND_EMA50, IND_SMA20, IND_ATR10, IND_BB_LOWER, IND_BB_UPPER, IND_KC_LOWER, IND_KC_UPPER, IND_TENKAN, IND_KIJUN, IND_HIGH20, IND_LOW20, IND_VOLUME_RATIO}, 12,
                    {IND_EMA20, IND_MACD, IND_MACD_SIGNAL, IND_RSI7, IND_RSI14, IND_ATR14}, 6},
    [FRAME_SLOW] = {"4-hour candles",
                    {IND_EMA50, IND_ATR10, IND_ATR14, IND_BB_LOWER, IND_BB_UPPER, IND_TENKAN, IND_KIJUN, IND_HIGH20, IND_LOW20, IND_VOLUME_RATIO}, 10,
                    {IND_EMA20, IND_MACD, IND_RSI14}, 3},
};

static void put_frame(struct str *out, const struct frame *f, enum intel_frame which, double now, int digits) {
    str_addf(out, "%s, now: ", frames[which].title);
    put_values(out, f, frames[which].values, frames[which].value_count, digits);
    str_addc(out, '\n');
    put_labels(out, f, now, digits);
    put_mids(out, f, digits);
    for (int i = 0; i < frames[which].series_count; i++)
        put_series(out, f, frames[which].series[i], digits);
}

static void put_carry(struct str *out, const struct view_market *k, const struct intel *x) {
    double now, mean;
    str_addf(out, "funding rate %.6f", (double)intel_funding_ppm(x) / 1e6);
    if (k->m->funding_interval_s > 0)
        str_addf(out, " per %d h", k->m->funding_interval_s / 3600);
    str_add(out, ", open interest ");
    if (intel_open_interest_get(x, &now, &mean)) {
        put_number(out, now, 3);
        str_add(out, " (average ");
        put_number(out, mean, 3);
        str_add(out, ")\n");
    } else {
        str_add(out, "n/a\n");
    }
}

void market_text_write(const struct desk *view, const struct view_market *k, int64_t now_us, struct str *out) {
    const struct intel *x = view_intel(view, k->m->id);
    double now = k->mark.micro > 0 ? (double)k->mark.micro / 1e6 : NAN;
    int digits = digits_of(k->m);
    str_addf(out, "### %s ", k->m->symbol);
    prompt_foreign(out, k->m->title, TITLE_MAX);
    str_addf(out, " (%s on %s)\n", k->m->kind == MARKET_PERP ? "perpetual" : "binary, prices of YES", venue_name((enum venue_id)k->m->venue));
    prompt_time(out, now_us); /* the text may be shared by runs up to two minutes later */
    put_px(out, ": mark ", k->mark);
    put_px(out, ", bid ", k->bid);
    put_px(out, ", ask ", k->ask);
    put_px(out, ", last ", k->last);
    str_add(out, ", since midnight UTC ");
    put_number(out, k->day_open.micro > 0 ? (now * 1e6 / (double)k->day_open.micro - 1) * 100 : NAN, 3);
    str_add(out, " %, volume today ");
    prompt_usd(out, k->volume_day);
    str_add(out, " USD, book ");
    if (k->book_us > 0)
        prompt_span(out, now_us - k->book_us), str_add(out, " old");
    else
        str_add(out, "n/a");
    str_add(out, k->stale ? ", STALE: do not open here\n" : "\n");
    if (k->m->closes_us > 0) {
        str_add(out, "closes ");
        prompt_time(out, k->m->closes_us);
        str_add(out, ", in ");
        prompt_span(out, k->m->closes_us - now_us);
        str_addc(out, '\n');
    }
    if (!x) {
        str_add(out, "no candles\n");
        return;
    }
    if (k->m->kind == MARKET_PERP)
        put_carry(out, k, x);
    for (int f = 0; f < FRAME_COUNT; f++)
        put_frame(out, intel_frame(x, (enum intel_frame)f), (enum intel_frame)f, now, digits);
}

/* --- what this model may do there --- */
static void put_side(const struct prompt_ctx *c, const struct view_market *k, enum order_side side, const char *word, struct str *out) {
    struct room r;
    room_of(c->view, c->m, k, side, 100, &r);
    str_addf(out, "; %s ", word);
    if (!r.open) {
        str_addf(out, "no: %s", r.why);
        return;
    }
    str_add(out, "at ");
    prompt_dec(out, r.px.micro, 0);
    str_add(out, " up to ");
    prompt_dec(out, r.size.micro, 0);
    str_add(out, " (");
    prompt_usd(out, r.notional);
    str_addf(out, " USD, bound by %s)", r.bound);
}

static void put_rules_of(const struct prompt_ctx *c, const struct view_market *k, int64_t rest, struct str *out) {
    const struct market *m = k->m;
    str_addf(out, "- %s: tick ", m->symbol);
    prompt_dec(out, m->tick.micro, 0);
    str_add(out, ", lot ");
    prompt_dec(out, m->lot.micro, 0);
    str_add(out, ", least ");
    prompt_dec(out, m->min_size.micro, 0);
    str_add(out, ", fee maker ");
    prompt_dec(out, (int64_t)m->maker_ppm * 100, 0);
    str_add(out, " % taker ");
    prompt_dec(out, (int64_t)m->taker_ppm * 100, 0);
    str_add(out, " %, spread ");
    int64_t mid = (k->bid.micro + k->ask.micro) / 2;
    put_number(out, k->bid.micro > 0 && k->ask.micro > 0 ? (double)(k->ask.micro - k->bid.micro) / (double)mid * 100 : NAN, 3);
    str_add(out, " %");
    if (m->kind == MARKET_PERP) {
        int64_t lev = c->m->limits.max_leverage > 0 && c->m->limits.max_leverage < m->max_leverage ? c->m->limits.max_leverage : m->max_leverage;
        str_addf(out, ", leverage 1-%lld", (long long)lev);
    }
    if (rest > 0) {
        str_add(out, "; no entry, it rests until ");
        prompt_time(out, rest);
    } else {
        bool perp = m->kind == MARKET_PERP;
        put_side(c, k, perp ? SIDE_LONG : SIDE_YES, perp ? "LONG" : "YES", out);
        put_side(c, k, perp ? SIDE_SHORT : SIDE_NO, perp ? "SHORT" : "NO", out);
    }
    str_addc(out, '\n');
}

void put_MARKET_RULES(const struct prompt_ctx *c, struct str *out) {
    int shown = c->snap->market_count < PROMPT_MARKETS ? c->snap->market_count : PROMPT_MARKETS;
    for (int i = 0; i < shown; i++) {
        struct view_market k;
        if (view_market(c->view, c->snap->markets[i].id, &k))
            put_rules_of(c, &k, c->rest_until_us[i], out);
    }
    if (c->snap->market_count == 0) {
        str_add(out, "nothing: no market is open to you");
        return;
    }
    if (c->m->limits.max_risk > 0 && c->has_account) {
        usd all, half;
        usd_ppm(c->account.equity, c->m->limits.max_risk, ROUND_DOWN, &all);
        usd_ppm(c->account.equity, c->m->limits.max_risk / 2, ROUND_DOWN, &half);
        str_add(out, "Risk of one position: size x |entry - stop| at most ");
        prompt_usd(out, all);
        str_addf(out, " USD; below a confidence of %lld at most ", (long long)c->m->limits.full_confidence);
        prompt_usd(out, half);
        str_add(out, " USD. This cuts the sizes above further.");
    } else {
        str_add(out, "The sizes are what cash and exposure leave; no limit of risk per position is set.");
    }
}
