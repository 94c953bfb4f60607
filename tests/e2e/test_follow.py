"""Copy and counter trading on generated markets: a named wallet is followed from now on, each of its trades once, over a restart and
a kill; what is skipped says why."""
import os
import signal

from conftest import wait_for

WALLETS = {"whale": "0x51d8885e391c92cdad1ee43d9af202436f70b8e4", "trend": "0x7bbd7d797654ae182bf5e96a98e7895a9529cc1b"}


def follow(desk, kind, wallet, *options):
    made = desk.json(kind, "new", wallet, *options, "--yes")
    assert made.code == 0, made
    name = made.data["label"]
    assert desk.json(kind, "on", name, "--yes").code == 0
    return name


def trades(desk, kind, name):
    return desk.json(kind, "history", name).data


def test_a_wallet_is_copied_once_over_restart_and_kill(pg_desk):
    desk = pg_desk
    desk.run("--seed", 5)
    desk.live_market()
    name = follow(desk, "copy", WALLETS["trend"], "--size", 20, "--max-position", 500, "--slippage", 5)
    wait_for(lambda: [t for t in trades(desk, "copy", name) if t["status"] == "executed" and float(t["total"] or 0) > 0], timeout=60, what="a followed trade")
    for how in (signal.SIGTERM, signal.SIGKILL):
        os.killpg(desk.engines[-1].pid, how)
        desk.engines[-1].wait(20)
        desk.run("--seed", 5)
        desk.live_market()
        before = len(trades(desk, "copy", name))
        wait_for(lambda: len(trades(desk, "copy", name)) > before, timeout=60, what="the next trade of the wallet")
    desk.json("copy", "off", name, "--yes")
    rows = trades(desk, "copy", name)
    assert len({t["trade"] for t in rows}) == len(rows)
    assert all(t["reason"] for t in rows if t["status"] in ("skipped", "failed") and t["text"] != "baseline"), rows
    done = [t["order"] for t in rows if t["status"] == "executed"]
    assert done and len(set(done)) == len(done) and not [o for o in desk.orders() if o["order"] in done]
    desk.check()


def test_what_cant_be_followed_says_so(desk):
    desk.run("--seed", 5)
    desk.live_market()
    wrong = desk.json("copy", "new", "paper", "--size", 20, "--max-position", 500, "--yes")
    assert wrong.code == 7 and wrong.error["code"] == "own_wallet", wrong
    without = desk.json("copy", "new", WALLETS["whale"], "--size", 20, "--yes")
    assert without.code == 2, without
    copy = follow(desk, "copy", WALLETS["whale"], "--size", 20, "--max-position", 500)
    made = desk.json("counter", "new", WALLETS["whale"], "--multiplier", "0.5", "--yes")
    assert made.code == 0, made
    other = desk.json("counter", "on", made.data["label"], "--yes")
    assert other.code == 7 and other.error["code"] == "opposite_strategy", other
    assert desk.json("copy", "delete", copy, "--yes").code == 0
    assert desk.json("counter", "on", made.data["label"], "--yes").code == 0
