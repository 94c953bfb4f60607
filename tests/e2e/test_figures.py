"""Indicators and metrics against calculations of their own, written from the definitions: whole series at once, exact sums, no shared code."""
import math
import random
import statistics
import subprocess
from fractions import Fraction

import pytest

from conftest import BUILD

PROBE = str(BUILD / "tests" / "probe" / "figures_probe")
NAN = math.nan


def close(a, b, rel=1e-9):
    return (math.isnan(a) and math.isnan(b)) or a == b or math.isclose(a, b, rel_tol=rel, abs_tol=1e-9)


# --- indicators -----------------------------------------------------------------------------------------
def ema(xs, n):
    out, value = [], None
    for i, x in enumerate(xs):
        if i < n - 1:
            out.append(NAN)
            continue
        value = sum(xs[:n]) / n if i == n - 1 else x * 2 / (n + 1) + value * (1 - 2 / (n + 1))
        out.append(value)
    return out


def wilder(xs, n):
    out, value = [], None
    for i, x in enumerate(xs):
        if i < n - 1:
            out.append(NAN)
            continue
        value = sum(xs[:n]) / n if i == n - 1 else (value * (n - 1) + x) / n
        out.append(value)
    return out


def rsi(closes, n):
    moves = [b - a for a, b in zip(closes, closes[1:])]
    gains, losses = wilder([max(m, 0) for m in moves], n), wilder([max(-m, 0) for m in moves], n)
    return [NAN] + [NAN if math.isnan(g) else 50 if g == l == 0 else 100 if l == 0 else 100 - 100 / (1 + g / l) for g, l in zip(gains, losses)]


def true_ranges(cs):
    return [c[2] - c[3] if i == 0 else max(c[2] - c[3], abs(c[2] - cs[i - 1][4]), abs(c[3] - cs[i - 1][4])) for i, c in enumerate(cs)]


def window(xs, n, f):
    return [NAN if i < n - 1 else f(xs[i - n + 1:i + 1]) for i in range(len(xs))]


def adx(cs):
    tr, up, down = true_ranges(cs)[1:], [], []
    for a, b in zip(cs, cs[1:]):
        u, d = b[2] - a[2], a[3] - b[3]
        up.append(u if u > d and u > 0 else 0)
        down.append(d if d > u and d > 0 else 0)

    def smooth(xs):
        out, s = [], None
        for i, x in enumerate(xs):
            s = sum(xs[:14]) if i == 13 else None if i < 13 else s - s / 14 + x
            out.append(s)
        return out
    st, sp, sm = smooth(tr), smooth(up), smooth(down)
    plus = [NAN if t is None else 100 * p / t if t else 0 for p, t in zip(sp, st)]
    minus = [NAN if t is None else 100 * m / t if t else 0 for m, t in zip(sm, st)]
    dx = [0 if p + m == 0 else 100 * abs(p - m) / (p + m) for p, m in zip(plus, minus) if not math.isnan(p)]
    return [NAN] + plus, [NAN] + minus, [NAN] * (len(cs) - len(dx)) + wilder(dx, 14)


def supertrend(cs):
    atr = wilder(true_ranges(cs), 10)
    out, up, down, rising = [], None, None, False
    for i, c in enumerate(cs):
        if math.isnan(atr[i]):
            out.append(NAN)
            continue
        mid = (c[2] + c[3]) / 2
        u, d = mid + 3 * atr[i], mid - 3 * atr[i]
        if up is not None:
            before = cs[i - 1][4]
            u = u if u < up or before > up else up
            d = d if d > down or before < down else down
            rising = c[4] >= d if rising else c[4] > u
        up, down = u, d
        out.append(down if rising else up)
    return out


def vwap(cs):
    out, day = [], None
    for c in cs:
        if c[0] // 86400000000 != day:
            day, pv, v = c[0] // 86400000000, 0, 0
        pv, v = pv + (c[2] + c[3] + c[4]) / 3 * c[5], v + c[5]
        out.append(pv / v)
    return out


def reference(cs):
    closes, mids, highs, lows, volumes = [c[4] for c in cs], [(c[1] + c[4]) / 2 for c in cs], [c[2] for c in cs], [c[3] for c in cs], [c[5] for c in cs]
    macd = [a - b for a, b in zip(ema(mids, 12), ema(mids, 26))]
    first = next((i for i, m in enumerate(macd) if not math.isnan(m)), len(macd))
    sma, dev = window(closes, 20, lambda w: sum(w) / 20), window(closes, 20, statistics.pstdev)
    kc, atr10 = ema(closes, 20), wilder(true_ranges(cs), 10)
    hl = lambda n: [NAN if i < n - 1 else (max(highs[i - n + 1:i + 1]) + min(lows[i - n + 1:i + 1])) / 2 for i in range(len(cs))]
    late = lambda xs: [xs[i - 26] if i >= 26 else NAN for i in range(len(xs))]
    plus, minus, strength = adx(cs)
    return {
        "ema20": ema(mids, 20), "ema50": ema(mids, 50), "macd": macd, "macd_signal": [NAN] * first + ema(macd[first:], 9), "rsi7": rsi(closes, 7), "rsi14": rsi(closes, 14),
        "atr10": atr10, "atr14": wilder(true_ranges(cs), 14), "sma20": sma, "bb_upper": [s + 2 * d for s, d in zip(sma, dev)], "bb_lower": [s - 2 * d for s, d in zip(sma, dev)],
        "kc_upper": [e + 1.5 * a for e, a in zip(kc, atr10)], "kc_lower": [e - 1.5 * a for e, a in zip(kc, atr10)], "vwap": vwap(cs), "adx14": strength, "plus_di": plus, "minus_di": minus,
        "supertrend": supertrend(cs), "tenkan": hl(9), "kijun": hl(26), "span_a": late([(a + b) / 2 for a, b in zip(hl(9), hl(26))]), "span_b": late(hl(52)),
        "high20": [NAN if i < 20 else max(highs[i - 20:i]) for i in range(len(cs))], "low20": [NAN if i < 20 else min(lows[i - 20:i]) for i in range(len(cs))],
        "volume_ratio": [NAN if i == 0 or not sum(volumes[max(0, i - 30):i]) else volumes[i] / (sum(volumes[max(0, i - 30):i]) / len(volumes[max(0, i - 30):i])) for i in range(len(cs))],
    }


def series(seed, n, interval_s, start=64000.0, flat=False):
    rng, px, out = random.Random(seed), start, []
    for i in range(n):
        o = px
        c = o if flat else max(1.0, o * (1 + rng.gauss(0, 0.004)))
        h, l = (o, o) if flat else (max(o, c) * (1 + abs(rng.gauss(0, 0.001))), min(o, c) * (1 - abs(rng.gauss(0, 0.001))))
        row = [round(v * 1e6) for v in (o, h, l, c)]
        out.append((1767225600000000 + i * interval_s * 1000000, *row, rng.randrange(4, 9000000)))
        px = c
    return out


@pytest.mark.parametrize("seed,interval_s,kw", [(1, 300, {}), (2, 300, {"start": 2.5}), (3, 14400, {}), (4, 300, {"flat": True})])
def test_indicators_equal_an_independent_calculation(seed, interval_s, kw):
    rows = series(seed, 700, interval_s, **kw)
    p = subprocess.run([PROBE, "indicators", str(interval_s)], input="\n".join(" ".join(map(str, r)) for r in rows), capture_output=True, text=True, check=True)
    got = [dict(pair.split("=") for pair in line.split()) for line in p.stdout.splitlines()]
    want = reference([(r[0], *(v / 1e6 for v in r[1:])) for r in rows])
    assert len(got) == len(rows) and set(got[0]) == set(want) | {"back"}
    for key, values in want.items():
        for i, value in enumerate(values):
            assert close(float(got[i][key]), value, 1e-7), (key, i, got[i][key], value)
    for i in range(30, len(rows)):  # three candles back it was the same
        assert close(float(got[i]["back"]), want["ema20"][i - 3], 1e-7)


# --- metrics ----------------------------------------------------------------------------------------------
def metric_reference(trades, samples):
    m, n = {}, len(trades)
    pnl = [Fraction(t[0], 1000000) for t in trades]
    wins, losses = [p for p in pnl if p > 0], [p for p in pnl if p < 0]
    mean = lambda xs: float(sum(xs) / len(xs)) if xs else NAN
    m["trades"], m["total_pnl"], m["fees"] = n, float(sum(pnl)), sum(t[1] for t in trades) / 1e6
    m["win_rate"] = 100 * len(wins) / n if n else NAN
    m["avg_win"], m["avg_loss"] = mean(wins), mean(losses)
    m["biggest_win"], m["biggest_loss"] = (float(max(pnl)), float(min(pnl))) if n else (NAN, NAN)
    m["expectancy"] = float(sum(pnl) / n) if n else NAN
    m["profit_factor"] = float(sum(wins) / abs(sum(losses))) if losses else math.inf if wins else NAN
    m["payoff"] = m["avg_win"] / abs(m["avg_loss"]) if losses and wins else NAN
    rs = [Fraction(t[0], t[3]) for t in trades if t[3] > 0]
    m["avg_r"] = mean(rs)
    dev = statistics.pstdev([float(p) for p in pnl]) if n else 0
    m["trade_sharpe"] = max(-100, min(100, statistics.fmean(map(float, pnl)) / dev)) if n >= 2 and dev > 0 else NAN
    holds = [t[6] - t[5] for t in trades]
    m["avg_hold"], m["median_hold"], m["max_hold"] = (statistics.fmean(holds) / 1e6, statistics.median(holds) / 1e6, max(holds) / 1e6) if n else (NAN,) * 3
    m["avg_hold_win"] = mean([Fraction(h, 1000000) for h, p in zip(holds, pnl) if p > 0])
    m["avg_hold_loss"] = mean([Fraction(h, 1000000) for h, p in zip(holds, pnl) if p < 0])
    sizes = [t[2] / 1e6 for t in trades]
    m["avg_size"], m["median_size"], m["max_size"] = (statistics.fmean(sizes), statistics.median(sizes), max(sizes)) if n else (NAN,) * 3
    m["long_share"] = 100 * sum(t[8] in (0, 2) for t in trades) / n if n else NAN
    best = {1: 0, -1: 0}
    streak = 0
    for p in pnl:
        sign = (p > 0) - (p < 0)
        streak = 0 if sign == 0 else streak + sign if streak * sign > 0 else sign
        best[1], best[-1] = max(best[1], streak), max(best[-1], -streak)
    m["win_streak"], m["loss_streak"], m["streak"] = best[1], best[-1], streak
    tagged = [t for t in trades if t[7] >= 0]
    m["avg_confidence"], m["median_confidence"] = (statistics.fmean(t[7] for t in tagged), statistics.median(t[7] for t in tagged)) if tagged else (NAN, NAN)
    xs, ys = [t[7] for t in tagged], [t[0] / 1e6 for t in tagged]
    m["decision_quality"] = statistics.correlation(xs, ys) if len(tagged) >= 3 and len(set(xs)) > 1 and len(set(ys)) > 1 else NAN
    known = [t for t in tagged if t[9]]
    m["brier_count"] = len(known)
    m["brier"] = statistics.fmean((t[7] / 100 - (t[9] == 1)) ** 2 for t in known) if known else NAN
    m["brier_market"] = statistics.fmean((t[4] / 1e6 - (t[9] == 1)) ** 2 for t in known) if known else NAN
    m["top3_share"] = float(100 * sum(sorted(wins)[-3:]) / sum(wins)) if wins else NAN
    # equity
    returns, counted = [], samples[0] if samples else None
    for at, v in samples[1:]:
        if at - counted[0] < 30e6:
            continue
        if at - counted[0] <= 120e6:
            returns.append((v - counted[1]) / counted[1])
        counted = (at, v)
    mu, sd = (statistics.fmean(returns), statistics.pstdev(returns)) if returns else (0, 0)
    below = sum(r * r for r in returns if r < 0)
    m["sharpe"] = mu / sd * math.sqrt(525600) if len(returns) >= 30 and sd > 1e-12 else NAN
    m["sortino"] = mu / math.sqrt(below / len(returns)) * math.sqrt(525600) if len(returns) >= 30 and below > 0 else NAN
    peak, fall, share = 0, 0, 0
    for _, v in samples:
        peak = max(peak, v)
        fall, share = max(fall, peak - v), max(share, (peak - v) / peak)
    first, now = (samples[0][1], samples[-1][1]) if samples else (0, 0)
    m["return"] = 100 * (now - first) / first if samples else NAN
    m["max_drawdown"], m["drawdown"] = (100 * share, 100 * (peak - now) / peak) if samples else (NAN, NAN)
    m["calmar"] = m["return"] / (100 * share) if share else NAN
    m["recovery"] = (now - first) / fall if fall else NAN
    return m


def trade_list(seed, n, win=0.5, confidence=True, constant=False):
    rng, out = random.Random(seed), []
    for i in range(n):
        pnl = 0 if rng.random() < 0.05 else round(abs(rng.gauss(0, 20)) * 1e6) * (1 if rng.random() < win else -1)
        opened = i * 60000000
        out.append((5000000 if constant else pnl, rng.randrange(0, 900000), rng.randrange(1000000, 900000000), rng.choice([0, 20000000, 7000001]), rng.randrange(10000, 990000), opened,
                    opened + rng.randrange(1, 90000000000), rng.randrange(0, 101) if confidence and rng.random() < 0.8 else -1, rng.randrange(0, 4), rng.choice([0, 0, 1, 2])))
    return out


def sample_list(seed, n, constant=False):
    rng, at, v, out = random.Random(seed), 1767225600000000, 10000000000, []
    for _ in range(n):
        out.append((at, v))
        at += rng.choice([60000000, 60000000, 60000000, 10000000, 45000000, 7200000000])
        v = v if constant else max(1000000, round(v * (1 + rng.gauss(0, 0.002))))
    return out


@pytest.mark.parametrize("trades,samples", [
    (trade_list(1, 5000), sample_list(1, 3000)), (trade_list(2, 1), sample_list(2, 1)), ([], []), (trade_list(3, 40, win=1), sample_list(3, 31)),
    (trade_list(4, 50, win=0, confidence=False), sample_list(4, 200, constant=True)), (trade_list(5, 10, constant=True), sample_list(5, 29)), (trade_list(6, 2), []),
], ids=["many", "one", "none", "all win", "all lose, flat", "all equal", "two"])
def test_metrics_equal_an_independent_calculation(trades, samples):
    lines = ["trade " + " ".join(map(str, t)) for t in trades] + [f"equity {a} {v}" for a, v in samples]
    p = subprocess.run([PROBE, "metrics"], input="\n".join(lines), capture_output=True, text=True, check=True)
    got = {k: float(v) for k, v in (line.split("=") for line in p.stdout.splitlines())}
    want = metric_reference(trades, samples)
    assert set(got) == set(want)
    for key, value in want.items():
        assert close(got[key], float(value), 1e-9), (key, got[key], value)
