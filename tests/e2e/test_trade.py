"""A person's way through the desk on generated markets: buy, protect, close; restart and kill lose nothing."""
import os
import signal
import time

import pytest

from conftest import wait_for


def money(x):
    return round(float(x) * 1e6)


def test_buy_protect_close(pg_desk):
    desk = pg_desk
    desk.run("--seed", 5)
    m = desk.live_market()
    start = desk.account()
    bought = desk.buy(m["symbol"], 20)
    assert bought["state"] == "filled" and bought["filled"] == "20"
    pos = desk.positions()[0]
    assert pos["side"] == "yes" and pos["size"] == "20" and money(pos["entry_price"]) == money(bought["average"])
    low, high = f"{max(0.01, float(pos['entry_price']) - 0.3):.2f}", f"{min(0.99, float(pos['entry_price']) + 0.3):.2f}"
    assert desk.json("protect", pos["position"], "--stop", low, "--target", high, "--yes").code == 0
    pos = desk.positions()[0]
    assert (float(pos["stop"]), float(pos["target"])) == (float(low), float(high))
    wrong = desk.json("protect", pos["position"], "--stop", "0.99", "--yes")
    assert wrong.code == 7 and wrong.error["code"] == "stop_side", wrong
    closed = desk.json("close", pos["position"], "--yes")
    assert closed.code == 0 and closed.data["state"] == "filled", closed
    assert desk.positions() == []
    fills = desk.fills()
    assert len(fills) == 2 and {f["action"] for f in fills} == {"buy", "sell"}
    gained = sum(money(f["realized_pnl"]) - money(f["fee"]) for f in fills)
    assert money(desk.account()["cash"]) == money(start["cash"]) + gained
    desk.check()


def test_limit_order_rests_is_amended_and_cancelled(desk):
    desk.run("--seed", 5)
    m = desk.live_market("perp")
    low = float(m["bid"]) * 0.9
    price = f"{low - low % 1:.1f}"
    o = desk.buy(m["symbol"], f"0.05@{price}")
    assert o["state"] == "pending" and o["filled"] == "0"
    num = o["num"]
    assert desk.json("amend", num, f"0.03@{float(price) - 5:.1f}", "--yes").code == 0
    row = wait_for(lambda: [r for r in desk.orders() if r["order"] == num and r["size"] == "0.03"], what="the amended order")[0]
    assert float(row["price"]) == float(price) - 5
    assert desk.json("cancel", num, "--yes").code == 0
    wait_for(lambda: desk.orders() == [], what="an empty list of orders")
    again = desk.json("cancel", num, "--yes")
    assert again.code == 8 and again.error["code"] == "not_open", again
    desk.check()


def test_short_and_no_side(desk):
    desk.run("--seed", 6)
    perp, binary = desk.live_market("perp"), desk.live_market()
    r = desk.json("sell", perp["symbol"], "0.02", "--leverage", 5, "--yes")
    assert r.code == 0, r
    assert desk.json("buy", binary["symbol"], 4, "no", "--yes").code == 0
    sides = {p["side"]: p for p in desk.positions()}
    assert set(sides) == {"short", "no"}
    assert float(sides["short"]["liquidation_price"]) > float(sides["short"]["entry_price"])
    assert desk.json("flatten", "--yes").code == 0
    wait_for(lambda: desk.positions() == [], what="no positions")
    desk.check()


def same_state(desk):
    keep = ("position", "market", "side", "size", "entry_price", "cost", "stop", "target", "fees", "opened_at", "id")
    working = ("order", "market", "side", "price", "size", "filled", "state", "id")
    return ([{k: p[k] for k in keep} for p in desk.positions()], [{k: o[k] for k in working} for o in desk.orders()],
            desk.account()["cash"], desk.account()["realized_day"], sorted(f["venue_trade"] for f in desk.fills()))


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_restart_restores_everything(pg_desk, how):
    desk = pg_desk
    engine = desk.run("--seed", 5)
    m, perp = desk.live_market(), desk.live_market("perp")
    desk.buy(m["symbol"], 10)
    desk.json("protect", 1, "--stop", "0.02", "--target", "0.98", "--yes")
    desk.buy(m["symbol"], 4)
    desk.json("close", 1, "3", "--yes")
    desk.buy(perp["symbol"], f"0.01@{float(perp['bid']) * 0.8:.0f}")
    before = same_state(desk)
    assert before[0][0]["size"] == "11" and len(before[1]) == 1
    if how == "stop":
        assert desk.stop().code == 0
        assert engine.wait(10) == 0
    else:
        engine.kill()
        engine.wait()
    desk.run("--seed", 5)
    assert same_state(desk) == before
    desk.check()
    assert desk.json("close", 1, "--yes").code == 0
    desk.check()


def test_kill_at_random_under_orders(pg_desk):
    """Orders without pause, SIGKILL in the middle, again and again: no id twice, nothing differs, no order in the air."""
    desk = pg_desk
    nums = set()
    for round_ in range(4):
        engine = desk.run("--seed", 5 + round_)
        m = desk.live_market()["symbol"]
        import subprocess
        noise = [subprocess.Popen(desk.args("buy", m, str(2 + i), "--yes", "--json"), env=desk.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for i in range(6)]
        time.sleep(0.05 + 0.06 * round_)
        engine.kill()
        engine.wait()
        for p in noise:
            p.communicate()
            assert p.returncode in (0, 1, 7, 9, 11), p.returncode
    desk.run("--seed", 50)
    rows = desk.json("orders", "--all").data
    ids = [r["id"] for r in rows]
    assert len(ids) == len(set(ids)) and len({r["order"] for r in rows}) == len(rows)
    wait_for(lambda: not [r for r in desk.json("orders", "--all").data if r["outcome_unknown"] or r["state"] in ("created", "pending")], 20, what="every order settled")
    size = sum(int(r["filled"]) for r in desk.json("orders", "--all").data)
    assert size == sum(int(p["size"]) for p in desk.positions())
    desk.check()


@pytest.mark.parametrize("path", ["command", "file", "signal"])
def test_kill_switch_survives_a_restart(pg_desk, path):
    desk = pg_desk
    engine = desk.run("--seed", 5)
    m, perp = desk.live_market()["symbol"], desk.live_market("perp")
    desk.buy(m, 5)
    desk.buy(perp["symbol"], f"0.01@{float(perp['bid']) * 0.8:.0f}")
    if path == "command":
        assert desk.json("kill", "--reason", "by test").code == 0
    elif path == "file":
        (desk.data / "KILL").touch()
    else:
        engine.send_signal(signal.SIGUSR1)
    wait_for(lambda: desk.json("status").data["killed"] is True, what="the kill switch")
    wait_for(lambda: desk.orders() == [], what="the working order's end")
    r = desk.json("buy", m, 1, "--yes")
    assert r.code == 7 and r.error["code"] == "killed", r
    engine.kill()
    engine.wait()
    desk.run("--seed", 5)
    assert desk.json("status").data["killed"] is True
    assert desk.json("buy", m, 2, "--yes").code == 7
    assert desk.json("close", 1, "--yes").code == 0
    assert desk.json("unkill", "--yes").code == 0
    assert not (desk.data / "KILL").exists()
    assert desk.json("buy", m, 3, "--yes").code == 0
    desk.check()


def test_kill_without_an_engine_halts_the_next_start(desk):
    desk.run().terminate()
    desk.engines[0].wait(10)
    assert desk.json("kill").code == 0
    desk.run()
    wait_for(lambda: desk.json("status").data["killed"] is True, what="the kill switch")


@pytest.mark.parametrize("sig, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_stop_it_in_order(pg_desk, sig, code):
    desk = pg_desk
    engine = desk.run("--seed", 5)
    desk.buy(desk.live_market()["symbol"], 5)
    server = desk.postmaster()
    engine.send_signal(sig)
    assert engine.wait(15) == code
    wait_for(lambda: not os.path.exists(f"/proc/{server}") or open(f"/proc/{server}/stat").read().split()[2] == "Z", 5, what="the server's last breath")
    assert not (desk.data / "ctl").exists()


def test_state_goes_to_the_log_on_usr2(desk):
    engine = desk.run()
    desk.buy(desk.live_market()["symbol"], 5)
    engine.send_signal(signal.SIGUSR2)
    wait_for(lambda: "position 1: yes 5" in (desk.data / "turret.log").read_text(), what="the dump")


@pytest.mark.parametrize("policy, left", [("keep", 1), ("cancel", 0)])
def test_resting_orders_when_the_engine_stops(pg_desk, policy, left):
    desk = pg_desk
    conf = desk.path / "t.conf"
    conf.write_text(f"[engine]\non_exit = {policy}\n")
    engine = desk.run("--seed", 5, "--config", conf)
    m = desk.live_market("perp")
    desk.buy(m["symbol"], f"0.02@{float(m['bid']) * 0.8:.0f}")
    assert desk.stop().code == 0
    assert engine.wait(10) == 0
    desk.run("--seed", 5)
    assert len(desk.orders()) == left
    desk.check()


def test_paper_account_reset(pg_desk):
    desk = pg_desk
    desk.run("--seed", 5)
    desk.buy(desk.live_market()["symbol"], 5)
    assert desk.json("account", "reset", "--yes").code == 0
    wait_for(lambda: desk.positions() == [] and float(desk.account()["cash"]) == 10000, what="the reset account")
    desk.check()
