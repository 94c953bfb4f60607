"""Automations by command: snipers, alerts, followed traders, exits, notes, states; what they answer, what survives, what is refused."""
import pytest

from conftest import wait_for


def code(r):
    return r.code, r.error["code"]


def first(desk, *words):
    return desk.json(*words).data[0]


def test_a_sniper_from_words_to_a_fill(pg_desk):
    desk = pg_desk
    desk.run("--seed", 5)
    m = desk.live_market("perp")["symbol"]
    top = float(desk.live_market("perp")["ask"]) * 1.05
    made = desk.json("sniper", "new", m, "--when", f"ask<={top:.1f}", "--amount", "500", "--hold", "300ms", "--budget", "900")
    assert made.code == 0, made
    label = made.data["label"]
    assert label == f"S-{made.data['id']}" and made.data["reads_as"].startswith("NEW sniper, off until it is armed: when ")
    row = first(desk, "sniper", "list")
    assert (row["sniper"], row["armed"], row["status"] if "status" in row else row["state"]) == (label, False, "WATCHING")
    assert row["amount"] == "500.00" and row["hold_ms"] == 300 and row["distance"] == "0"

    # it is in its zone, and does nothing until somebody says so
    asked = desk.cli("sniper", "arm", label)
    assert asked.code == 2 and "ARM " + label in asked.err
    assert desk.json("sniper", "history", label).data[-1]["what"] == "made" and desk.fills() == []
    assert desk.json("sniper", "edit", label, "--amount", "400").code == 0
    said = desk.cli("sniper", "new", m, "--when", "ask<=1", "--amount", "5")
    assert said.code == 0 and "` arms it)" in said.out

    # over a restart
    desk.stop()
    desk.run("--seed", 5)
    rows = {r["sniper"]: r for r in desk.json("sniper", "list").data}
    assert rows[label]["amount"] == "400.00" and not rows[label]["armed"]
    assert desk.json("sniper", "arm", label, "--yes").code == 0
    shown = wait_for(lambda: (lambda d: d["state"] == "FILLED" and d)(desk.json("sniper", "show", label).data), what="a filled sniper")
    assert [h["what"] for h in shown["history"]][:2] == ["filled", "fired"] and shown["fires"] == 1
    fill = desk.fills()[0]
    assert 350 < float(fill["price"]) * float(fill["size"]) <= 400.0
    order = first(desk, "orders", "--all")
    assert order["source"] == "sniper"
    assert code(desk.json("sniper", "arm", label, "--yes")) == (8, "not_open")
    assert label not in {r["sniper"] for r in desk.json("sniper", "list").data}
    assert label in {r["sniper"] for r in desk.json("sniper", "list", "--all").data}
    since = desk.json("since", "1h").data
    assert since["snipers_fired"] == 1 and since["fills"] >= 1 and any(e["kind"] == "fill" and "by sniper" in e["what"] for e in since["events"])
    desk.check()


def test_mistakes_are_told_with_what_is_right(desk):
    desk.run("--seed", 5)
    m = desk.live_market()["symbol"]
    for words, want in [
        (["sniper", "new", m, "--amount", "5"], "--when is missing"),
        (["sniper", "new", m, "--when", "asc<=0.4", "--amount", "5"], "did you mean ask"),
        (["sniper", "new", m, "--when", "ask<=40", "--amount", "5"], "between 0 and 1"),
        (["sniper", "arm", "S-999"], "no sniper S-999"),
        (["sniper", "arm", "S-1", "--amount", "5"], "takes no --amount"),
        (["copy", "new", "model", "nobody", "--size", "5", "--max-position", "9"], "no model"),
        (["counter", "new", "0xab", "--exit", "never"], "neither mirror"),
        (["alert", "new", "account", "paper", "ask<=1"], "equity"),
        (["trading", "fast"], "active, reducing"),
        (["router", "compare", m, "10"], "router link"),
        (["note", "999", "x"], "no order"),
        (["history", "nonsense", "4"], "none of sniper"),
    ]:
        r = desk.json(*words)
        assert r.code in (1, 2, 6, 7, 8) and (want in r.error["msg"] or "lies between 0 and 1" in r.error["msg"]), (words, r)
    # the desk's own checks
    paper = desk.json("accounts").data[0]["name"]
    own = desk.json("counter", "new", paper, "--multiplier", "1")
    assert own.code != 0 and own.error["code"] == "own_wallet", own


def test_alerts_fire_once_or_each_time(desk):
    desk.run("--seed", 5)
    m = desk.live_market("perp")
    once = desk.json("alert", "new", m["symbol"], f"mark>={float(m['bid']) * 0.5:.1f}").data["label"]
    wait_for(lambda: any(h["id"] == once and h["what"] == "fired" for h in desk.json("alert", "history").data), what="a fired alert")
    assert once not in {a["alert"] for a in desk.json("alert", "list").data}
    assert any("alert " + once in n["text"] for n in desk.json("log").data)
    day = desk.json("alert", "new", "account", "paper", "day<=-100").data["label"]
    row = first(desk, "alert", "list")
    assert (row["alert"], row["armed"], row["level"], row["distance"]) == (day, True, "-100", "100")
    assert desk.json("alert", "disarm", day).code == 0 and not first(desk, "alert", "list")["armed"]
    assert desk.json("alert", "delete", day).code == 0 and desk.json("alert", "list").data == []


def test_states_notes_and_follows(pg_desk):
    desk = pg_desk
    desk.run("--seed", 5)
    m = desk.live_market()
    bought = desk.buy(m["symbol"], 20, "--trail", "40c", "--ladder", "0.98:50%")
    assert desk.json("note", bought["num"], "a first try").code == 0
    assert desk.json("note", "today", "quiet").code == 0
    c = desk.json("counter", "new", "0xABC", "--percent", "50", "--delay", "5s", "--day-loss", "100").data["label"]
    assert desk.cli("counter", "on", c).code == 2  # asks
    assert desk.json("counter", "on", c, "--yes").code == 0
    assert desk.json("trading", "reducing", "going", "to", "bed").code == 0
    refused = desk.json("buy", m["symbol"], 1, "--yes")
    assert refused.code == 7 and refused.error["code"] == "trading_reducing", refused
    desk.stop()
    desk.run("--seed", 5)
    assert desk.json("trading").data["reason"] == "going to bed"
    risk = desk.json("risk").data
    assert risk["trading"] == "reducing" and {r["limit"] for r in risk["limits"]} >= {"max_total_exposure", "drawdown_halt", "max_rejects"}
    assert {n["text"] for n in desk.json("notes").data} == {"a first try", "quiet"}
    row = first(desk, "counter", "list")
    assert (row["follow"], row["enabled"], row["target"], row["size"], row["delay_ms"]) == (c, True, "0xabc", "0.5", 5000)
    wait_for(lambda: desk.json("markets", m["symbol"]).data[0]["bid"], what="a bid after the restart")
    closed = wait_for(lambda: (lambda r: (r.code == 0 or r.error["code"] not in ("stale_book", "no_liquidity")) and r)(desk.json("close", bought["num"], "--yes")), what="an answer")
    assert closed.code == 0, closed  # what reduces passes
    assert desk.json("trading", "active", "--yes").code == 0
    assert desk.json("counter", "off", c).code == 0 and not first(desk, "counter", "list")["enabled"]
    assert desk.json("counter", "delete", c, "--yes").code == 0 and desk.json("counter", "list").data == []
    day = first(desk, "pnl", "--days")
    assert day["note"] == "quiet" and day["llm_cost"] == "0.00"
    assert {h["kind"] for h in desk.json("history").data} >= {"follow", "risk"}
    assert desk.json("note", "today", "--remove").code == 0 and len(desk.json("notes").data) == 1
    desk.check()


def test_exits_of_a_position(desk):
    desk.run("--seed", 5)
    perp = desk.live_market("perp")
    desk.buy(perp["symbol"], 0.05)
    pos = first(desk, "positions")
    entry = float(pos["entry_price"])
    r = desk.json("protect", pos["position"], "--trail", "2%", "--break-even", f"{entry * 1.1:.1f}", "--ladder", f"{entry * 1.2:.1f}:50%,{entry * 1.3:.1f}:50%", "--yes")
    assert r.code == 0 and " trail 2%" in r.data["reads_as"] and "ladder" in r.data["reads_as"], r
    stop = wait_for(lambda: first(desk, "positions")["stop"], what="a stop drawn by the trail")
    assert entry * 0.95 < float(stop) < entry
    assert desk.json("protect", pos["position"], "--trail", "none", "--yes").code == 0
    wrong = desk.json("protect", pos["position"], "--ladder", f"{entry * 0.5:.1f}:50%", "--yes")
    assert wrong.code == 7 and wrong.error["code"] == "target_side", wrong


def test_dry_runs_say_what_they_were_judged_by(desk):
    desk.run("--seed", 5)
    m = desk.live_market("perp")
    high = f"{float(m['ask']) * 1.5:.1f}"
    r = desk.json("sniper", "dry-run", m["symbol"], "--when", f"ask<={high}", "--amount", "50", "--hold", "1s")
    assert r.code == 0 and r.data["fires"] == 1 and "candles" in r.data["source"] and "the hold" in r.data["not_judged"], r
    tape = desk.path / "x.tape"
    assert desk.cli("tape", "record", "-o", tape, "--for", "3s").code == 0
    for extra, fires in [((), 1), (("--depth", "100000000"), 0), (("--hold", "1h"), 0)]:
        r = desk.json("sniper", "dry-run", m["symbol"], "--when", f"ask<={high}", "--amount", "50", "--tape", tape, *extra)
        assert r.code == 0 and r.data["fires"] == fires and r.data["not_judged"] == "", (extra, r)
    label = desk.json("sniper", "new", m["symbol"], "--when", f"ask<={high}", "--amount", "50").data["label"]
    assert desk.json("sniper", "dry-run", label, "--tape", tape).data["fires"] == 1
    assert desk.fills() == []  # nothing was sent by all this
    desk.stop()
    r = desk.json("sniper", "dry-run", m["symbol"], "--when", f"ask<={high}", "--amount", "50", "--tape", tape)
    assert r.code == 0 and r.data["fires"] == 1  # options and a tape need no engine
    assert desk.json("sniper", "dry-run", label, "--tape", tape).code == 11
    assert code(desk.json("sniper", "dry-run", "NOPE", "--when", "1", "--amount", "5", "--tape", tape))[1] == "not_found"
    (desk.path / "bad.tape").write_bytes(b"nonsense" * 40)
    assert desk.json("sniper", "dry-run", m["symbol"], "--when", "1", "--amount", "5", "--tape", desk.path / "bad.tape").error["code"] == "corrupt"


@pytest.mark.parametrize("name", ["sniper", "alert", "copy", "counter", "router", "trading", "risk", "note", "notes", "history", "pnl", "since"])
def test_help_knows_the_command(desk, name):
    r = desk.cli(name, "--help")
    assert r.code == 0 and r.out.startswith(f"usage: turret {name}")
