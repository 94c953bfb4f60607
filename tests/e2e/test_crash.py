"""SIGKILL at every named point between intent, commit, send, fill and position: the next start converges, nothing lost or doubled."""
import signal
import subprocess

import pytest

from conftest import wait_for

BUY_POINTS = ["intent-save", "intent-committed", "before-send", "after-send", "ack-received", "fill-received", "fill-save"]


def settled(desk):
    rows = desk.json("orders", "--all").data
    assert not [r for r in rows if r["outcome_unknown"] or r["state"] in ("created", "pending", "partial")], rows
    return rows or [None]


def consistent(desk):
    """Orders, fills, positions and cash say the same, each once."""
    rows, fills, positions = desk.json("orders", "--all").data, desk.fills(), desk.positions()
    assert len({r["id"] for r in rows}) == len(rows)
    assert len({f["venue_trade"] for f in fills}) == len(fills)
    net = sum(int(f["size"]) * (1 if f["action"] == "buy" else -1) for f in fills)
    assert net == sum(int(p["size"]) for p in positions)
    cost = sum(round(float(f["price"]) * 1e6) * int(f["size"]) * (1 if f["action"] == "buy" else -1) + round(float(f["fee"]) * 1e6) for f in fills)
    assert round(float(desk.account()["cash"]) * 1e6) == 10000 * 10**6 - cost
    desk.check()
    return rows, fills, positions


@pytest.mark.parametrize("point", BUY_POINTS)
def test_killed_while_buying(pg_desk, point):
    desk = pg_desk
    engine = desk.run("--seed", 5, "--crash-point", f"{point}:1")
    m = desk.live_market()["symbol"]
    r = desk.json("buy", m, 6, "--yes")
    if point != "fill-save":  # there the answer is out before the fill is stored
        assert r.code == 9 and r.error["order"] == "unknown", r
    assert engine.wait(10) == -signal.SIGKILL
    desk.run("--seed", 5)
    wait_for(lambda: settled(desk), 30, what="every order settled")
    rows, fills, positions = consistent(desk)
    assert len(rows) <= 1 and len(fills) <= 1
    if point in ("intent-save", "intent-committed", "before-send"):
        assert fills == [] and positions == []  # it never left: failed, not silently sent
    desk.buy(m, 3)
    consistent(desk)


@pytest.mark.parametrize("point", ["intent-save", "before-send", "after-send", "fill-received", "fill-save"])
def test_killed_while_closing(pg_desk, point):
    desk = pg_desk
    n = {"fill-received": 2, "fill-save": 2, "after-send": 2, "before-send": 2, "intent-save": 2}[point]
    engine = desk.run("--seed", 5, "--crash-point", f"{point}:{n}")
    m = desk.live_market()["symbol"]
    desk.buy(m, 6)
    r = desk.json("close", 1, "--yes")
    assert r.code == 9 or point == "fill-save", r
    assert engine.wait(10) == -signal.SIGKILL
    desk.run("--seed", 5)
    wait_for(lambda: settled(desk), 30, what="every order settled")
    _, fills, positions = consistent(desk)
    assert len(fills) + len(positions) == 2
    if positions:
        assert desk.json("close", 1, "--yes").code == 0
    assert desk.positions() == []
    consistent(desk)


@pytest.mark.parametrize("point", ["before-cancel", "after-cancel"])
def test_killed_while_cancelling(pg_desk, point):
    desk = pg_desk
    engine = desk.run("--seed", 5, "--crash-point", f"{point}:1")
    m = desk.live_market("perp")
    o = desk.buy(m["symbol"], f"0.02@{float(m['bid']) * 0.8:.0f}")
    assert desk.json("cancel", o["num"], "--yes").code == 9
    engine.wait(10)
    desk.run("--seed", 5)
    wait_for(lambda: all(not r["outcome_unknown"] for r in desk.json("orders", "--all").data), 20, what="a settled order")
    wait_for(lambda: desk.orders() == [] or desk.json("cancel", o["num"], "--yes").code in (0, 8) and desk.orders() == [], 40, what="no working order")
    desk.check()


@pytest.mark.parametrize("point", ["loaded", "reconcile", "reconciling"])
def test_killed_while_starting_again_and_again(pg_desk, point):
    desk = pg_desk
    engine = desk.run("--seed", 5)
    m = desk.live_market()["symbol"]
    desk.buy(m, 6)
    engine.kill()
    engine.wait()
    for _ in range(3):
        p = desk.run("--seed", 5, "--crash-point", f"{point}:1", wait=False)
        assert p.wait(20) == -signal.SIGKILL
    desk.run("--seed", 5)
    assert desk.positions()[0]["size"] == "6"
    consistent(desk)


@pytest.mark.parametrize("point", BUY_POINTS)
def test_killed_while_a_sniper_fires(pg_desk, point):
    """Its row and its order are one transaction: it has fired, with one order, or it is armed and fires in the next life."""
    desk = pg_desk
    engine = desk.run("--seed", 5, "--crash-point", f"{point}:1")
    m = desk.live_market()["symbol"]
    assert desk.json("sniper", "new", m, "yes", "--when", "ask<=0.98", "--amount", "5").code == 0
    desk.cli("sniper", "arm", "S-1", "--yes")
    assert engine.wait(10) == -signal.SIGKILL
    desk.run("--seed", 5)
    state = lambda: desk.json("sniper", "show", "1").data  # noqa: E731
    if not state()["armed"] and state()["state"] == "WATCHING":  # the arming itself was not committed
        assert point == "intent-save" and desk.json("sniper", "arm", "S-1", "--yes").code == 0
    wait_for(lambda: state()["state"] in ("FILLED", "FAILED"), 40, what="the sniper's end")
    wait_for(lambda: settled(desk), 30, what="every order settled")
    rows, fills, _ = consistent(desk)
    assert len({f["order"] for f in fills}) <= 1 and len([r for r in rows if float(r["filled"]) > 0]) <= 1
    assert (state()["state"] == "FILLED") == bool(fills)


@pytest.mark.parametrize("point", BUY_POINTS)
def test_killed_while_a_trade_is_followed(pg_desk, point):
    """A counter trade of a model, killed on the way: each trade of the target has one order or none, and says which."""
    desk = pg_desk
    desk.env.update({"TURRET_MODELS_ENABLED": "yes", "TURRET_MODELS_BUILTIN_INTERVAL": "1s"})
    engine = desk.run("--seed", 5)
    assert desk.json("counter", "new", "model", "random", "--multiplier", "0.2", "--max-trade", "20", "--slippage", "30%").code == 0
    number = str(desk.json("counter", "list").data[0]["id"])
    desk.stop()
    engine.wait(20)
    for life in range(2):
        engine = desk.run("--seed", 5, "--crash-point", f"{point}:{5 + 4 * life}", wait=False)
        while engine.poll() is None and desk.json("counter", "on", number, "--yes").code != 0:
            pass
        try:
            engine.wait(8)
        except subprocess.TimeoutExpired:  # fewer orders than that in this life
            engine.kill()
            engine.wait()
    desk.run("--seed", 5)
    desk.cli("counter", "off", number)
    wait_for(lambda: not [r for r in desk.json("orders", "--all").data if r["outcome_unknown"] or (r["source"] == "counter-trade" and r["state"] in ("created", "pending", "partial"))], 40,
             what="every order settled")
    orders = [o for o in desk.json("orders", "--all").data if o["source"] == "counter-trade"]
    named = [t["order"] for t in desk.json("counter", "history", number).data if t.get("order")]
    assert len(named) == len(set(named))
    sent = [o for o in orders if float(o["filled"]) > 0]
    assert len(sent) <= len(named), (sent, named)
    desk.check()
