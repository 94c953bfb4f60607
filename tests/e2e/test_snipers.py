"""Snipers and alerts with the real engine and its database: fired once whatever is killed, storms, a million at start, alarms."""
import json
import random
import signal
import subprocess
import time

from conftest import wait_for
from test_database import shared, wait_status  # noqa: F401
from test_doctor import sql

QUICK = {"TURRET_SIM_LATENCY_MIN": "1ms", "TURRET_SIM_LATENCY_MAX": "5ms"}


def query(desk, text):
    """Rows of a statement as lists of words, from the desk's own database."""
    r = sql(desk, f"COPY ({text}) TO STDOUT")
    assert r.returncode == 0, r.stderr
    return [line.split("\t") for line in r.stdout.splitlines()]


def new(desk, *words):
    r = desk.json("sniper", "new", *words)
    assert r.code == 0, r
    name = next(s["sniper"] for s in desk.json("sniper", "list").data[::-1])
    return name


def arm(desk, name):
    r = desk.json("sniper", "arm", name, "--yes")
    assert r.code == 0, r


def sniper(desk, name):
    return desk.json("sniper", "show", name).data


def test_it_fires_and_its_history_says_so(pg_desk):
    desk = pg_desk
    desk.env.update(QUICK)
    desk.run("--seed", 5)
    m = desk.live_market()
    name = new(desk, m["symbol"], "yes", "--when", f"ask<={float(m['ask']) + 0.05:.2f}", "--amount", "20")
    assert sniper(desk, name)["state"] == "WATCHING" and sniper(desk, name)["armed"] is False
    time.sleep(0.6)
    assert desk.orders() == [] and desk.positions() == []  # off
    arm(desk, name)
    wait_for(lambda: sniper(desk, name)["state"] == "FILLED", what="the sniper's fill")
    order = next(o for o in desk.json("orders", "--all").data if o["source"] == "sniper")
    position = desk.positions()[0]
    assert position["market"] == m["symbol"] and float(order["filled"]) > 0 and float(position["size"]) == float(order["filled"])
    told = [h["what"] for h in desk.json("sniper", "history", name).data]
    assert told[0] == "filled" and {"made", "armed", "fired"} <= set(told)
    desk.stop()
    desk.engines[-1].wait(20)
    desk.run("--seed", 5)
    assert sniper(desk, name)["state"] == "FILLED"
    assert [h["what"] for h in desk.json("sniper", "history", name).data] == told
    desk.check()


def test_killed_again_and_again_each_fires_once(pg_desk):
    """Snipers whose level is reached while the engine is killed at random: one order each, and the database says the same."""
    desk = pg_desk
    desk.env.update(QUICK, TURRET_RISK_MAX_ORDERS_PER_SECOND="0")
    rng = random.Random(3)
    p = desk.run("--seed", 5)
    m = desk.live_market()
    names = []
    for _ in range(6):
        batch = [new(desk, m["symbol"], "yes", "--when", "ask<=0.98", "--amount", "3", "--hold", f"{rng.randrange(100, 700)}ms") for _ in range(4)]
        for name in batch:
            arm(desk, name)
        names += batch
        time.sleep(rng.uniform(0.05, 0.6))
        p.send_signal(signal.SIGKILL)
        p.wait()
        p = desk.run("--seed", 5)
    def settled():
        return all(sniper(desk, n)["state"] in ("FILLED", "FAILED") for n in names)
    wait_for(settled, 40, what="the end of every sniper")
    for watch, n in query(desk, "SELECT link_id, count(*) FROM orders WHERE source = 'sniper' GROUP BY link_id"):
        assert n == "1", f"sniper {watch} has {n} orders"
    fired = {n for n in names if sniper(desk, n)["fires"]}
    assert len(fired) == len(names)
    assert not [r for r in query(desk, "SELECT id FROM watches WHERE status = 'EXECUTING'")]
    wait_for(lambda: desk.json("doctor").code == 0, 15, what="a clean doctor")


def plant(desk, n, market, level, kind="sniper", armed=True, first=100000):
    """Rows straight into the table, as if they had been made one by one."""
    amount, side = ("5", "yes") if kind == "sniper" else ("NULL", "yes")
    market_id = query(desk, f"SELECT id FROM markets WHERE symbol = '{market}'")[0][0]
    r = sql(desk, f"""INSERT INTO watches (id, kind, account_id, status, figure, subject, direction, trigger_price, side, action, amount, slippage, armed, repeat, in_units,
        reduce_only, away, keep_armed, fires, version) SELECT {first} + i, '{kind}', {'1' if kind == 'sniper' else 'NULL'}, 'WATCHING', 'ask', {market_id}, 'below', {level},
        '{side}', 'buy', {amount}, 0.02, {armed}, false, false, false, false, false, 0, 1 FROM generate_series(1, {n}) i""")
    assert r.returncode == 0, r.stderr


def test_a_storm_keeps_loop_and_limits(pg_desk):
    """10,000 due at once: commands are answered meanwhile, no second has more orders than the limit."""
    desk = pg_desk
    desk.env.update(QUICK, TURRET_RISK_MAX_ORDERS_PER_SECOND="50")
    desk.run("--seed", 5)
    m = desk.live_market()
    desk.buy(m["symbol"], 1)  # the market is stored with its first order
    plant(desk, 5000, m["symbol"], 0.99)
    plant(desk, 5000, m["symbol"], 0.99, kind="alert", first=200000)
    desk.stop()
    desk.engines[-1].wait(20)
    desk.run("--seed", 5)
    slow = []
    for _ in range(30):
        start = time.monotonic()
        assert desk.json("status").code == 0
        slow.append(time.monotonic() - start)
        time.sleep(0.05)
    assert sorted(slow)[len(slow) // 2] < 0.5, slow  # far above what it takes: only a loop that stands still is caught here
    wait_for(lambda: query(desk, "SELECT count(*) FROM watches WHERE kind = 'alert' AND status = 'FILLED'")[0][0] == "5000", 40, what="all alerts")
    most = query(desk, "SELECT max(n) FROM (SELECT count(*) AS n FROM orders WHERE source = 'sniper' GROUP BY floor(extract(epoch FROM created_at))) x")[0][0]
    assert int(most) <= 100, most  # 50 in any second of the desk's clock; a second of the wall may cut across two
    assert query(desk, "SELECT count(*) FROM (SELECT link_id FROM orders WHERE source = 'sniper' GROUP BY link_id HAVING count(*) > 1) x")[0][0] == "0"
    assert desk.cli("trading", "halted", "storm").code == 0
    n = len(query(desk, "SELECT id FROM orders WHERE source = 'sniper'"))
    time.sleep(1.5)
    assert len(query(desk, "SELECT id FROM orders WHERE source = 'sniper'")) <= n + 50  # what was on its way
    n = len(query(desk, "SELECT id FROM orders WHERE source = 'sniper'"))
    time.sleep(1)
    assert len(query(desk, "SELECT id FROM orders WHERE source = 'sniper'")) == n
    desk.check()


def test_a_hundred_thousand_are_loaded_and_shown(pg_desk):
    desk = pg_desk
    desk.run("--seed", 5)
    m = desk.live_market()
    desk.buy(m["symbol"], 1)
    plant(desk, 100000, m["symbol"], 0.01)
    desk.stop()
    desk.engines[-1].wait(20)
    desk.run("--seed", 5)
    status = desk.json("status").data
    assert status["stage"] == "live"
    found = desk.json("sniper", "list")
    assert found.code == 0 and 0 < len(found.data)
    assert sniper(desk, "S-150000")["armed"] is True


def test_alarms_start_the_command(desk):
    log = desk.path / "alarms"
    desk.env.update(QUICK, TURRET_ALERTS_ON_ALERT=f'echo "$TURRET_ALERT_ID $TURRET_ALERT_MARKET $TURRET_ALERT" >> {log}')
    desk.run("--seed", 5)
    m = desk.live_market("perp")
    r = desk.json("alert", "new", m["symbol"], f"ask>={float(m['ask']) * 0.5:.0f}")
    assert r.code == 0, r
    line = wait_for(lambda: log.exists() and log.read_text(), what="the command")
    number = desk.json("alert", "list", "--all").data[-1]["id"]
    assert line.startswith(f"{number} {m['symbol']} alert A-{number}")
    assert desk.cli("kill", "a test", "--yes").code == 0
    wait_for(lambda: "KILL" in log.read_text(), what="another alarm")


def test_only_the_leader_fires(shared):  # noqa: F811
    """Two desks on one database: one order for each sniper, whoever leads; the other takes over and fires what comes then."""
    a, b = shared
    for d in shared:
        d.env.update(QUICK)
    first = a.run("--seed", 5)
    m = a.live_market()["symbol"]
    now, later = (new(a, m, "yes", "--when", "ask<=0.98", "--amount", "5") for _ in range(2))
    b.run("--seed", 5, wait=False)
    wait_status(b, leader=False)
    wait_for(lambda: b.json("sniper", "arm", later, "--yes").error["code"] == "not_leader", what="a refusal")
    arm(a, now)
    wait_for(lambda: sniper(a, now)["state"] == "FILLED", what="the first sniper")
    first.kill()
    first.wait()
    wait_status(b, leader=True, stage="live")
    wait_for(lambda: b.json("sniper", "arm", later, "--yes").code == 0, 30, what="arming at the new leader")
    wait_for(lambda: sniper(b, later)["state"] == "FILLED", 30, what="the second sniper")
    assert sniper(b, now)["state"] == "FILLED"
    assert len([o for o in b.json("orders", "--all").data if o["source"] == "sniper"]) == 2


def test_the_event_stream_tells_of_them(desk):
    """A sniper's firing and its order, and what a counter trade made of a model's trade, line by line."""
    desk.env.update(QUICK, TURRET_MODELS_ENABLED="yes", TURRET_MODELS_BUILTIN_INTERVAL="1s")
    desk.run("--seed", 5)
    m = desk.live_market()["symbol"]
    tail = subprocess.Popen(desk.args("tail", "--json"), env=desk.env, stdout=subprocess.PIPE, text=True)
    try:
        name = new(desk, m, "yes", "--when", "ask<=0.98", "--amount", "5")
        arm(desk, name)
        assert desk.cli("counter", "new", "model", "random", "--multiplier", "0.1", "--max-trade", "50", "--slippage", "20%").code == 0
        number = desk.json("counter", "list").data[0]["id"]
        assert desk.cli("counter", "on", str(number), "--yes").code == 0
        states, followed = [], set()
        end = time.monotonic() + 40
        while time.monotonic() < end and not (states and states[-1] == "FILLED" and followed & {"executed", "skipped", "failed"}):
            line = json.loads(tail.stdout.readline())
            if line["type"] == "sniper" and line["sniper"]["sniper"] == name:
                states.append(line["sniper"]["state"])
            if line["type"] == "followed":
                followed.add(line["followed"]["status"])
        assert states[-1] == "FILLED" and "EXECUTING" in states, states
        assert followed & {"executed", "skipped", "failed"}, followed
    finally:
        tail.kill()
        tail.wait()
