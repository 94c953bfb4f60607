"""The built-in agents at work: schedule, accounts of their own, records, leaderboard, event stream, simulation switch."""
import json
import subprocess
import time

import pytest

from conftest import wait_for

FAST = {"TURRET_MODELS_ENABLED": "yes", "TURRET_MODELS_BUILTIN_INTERVAL": "1s", "TURRET_SIM_LATENCY_MIN": "1ms", "TURRET_SIM_LATENCY_MAX": "5ms"}
BUILTINS = {"trend", "mean-reversion", "breakout", "buy-and-hold", "random"}


def models(desk):
    return {m["name"]: m for m in desk.json("models").data}


def test_they_compete_within_a_minute(desk):
    desk.env.update(FAST)
    desk.run()
    assert set(models(desk)) == BUILTINS
    wait_for(lambda: {p["account"] for p in desk.positions()} >= {"buy-and-hold"}, 40, what="positions of a model")
    wait_for(lambda: all(m["runs"] >= 3 for m in models(desk).values()), 20, what="three runs each")
    accounts = {a["name"]: a for a in desk.json("accounts").data}
    assert set(accounts) == BUILTINS | {"paper"} and float(accounts["paper"]["equity"]) == 10000
    for order in desk.json("orders", "--all").data:
        assert order["source"] in ("agent", "tpsl") and order["account"] in BUILTINS
    board = desk.json("leaderboard").data
    assert {r["name"] for r in board} == set(accounts) and all(r["few"] and r["rank"] is None for r in board)  # too few trades to rank
    why = desk.json("why", str(desk.positions()[0]["position"])).data
    assert why["source"] == "agent" and why["thesis"] and why["call"]["tool"] == "createPosition"
    health = desk.json("health").data
    assert health["state"] == "healthy" and health["enabled"] == 5 and health["failed_cycles_in_row"] == 0
    found = desk.json("runs", "trend", "--limit", "5").data
    assert 0 < len(found) <= 5 and all(r["status"] in ("ok", "running") for r in found)
    metrics = {m["metric"]: m["value"] for m in desk.json("metrics", "trend").data}
    assert len(metrics) > 30 and int(metrics["trades"]) >= 0
    prompt = desk.json("prompt", found[-1]["id"])
    assert prompt.code == 0 and "BTC-PERP" in prompt.data["user"]
    desk.check()


def test_a_paused_model_stays_paused_over_a_restart(pg_desk):
    desk = pg_desk
    desk.env.update(FAST)
    desk.run()
    wait_for(lambda: models(desk)["random"]["runs"] >= 2, what="runs")
    assert desk.cli("model", "pause", "random").code == 0
    n = models(desk)["random"]["runs"]
    time.sleep(2.5)
    assert models(desk)["random"]["runs"] == n and models(desk)["random"]["state"] == "paused"
    before = models(desk)
    held = {(p["account"], p["market"], p["size"]) for p in desk.positions()}
    desk.stop()
    desk.engines[-1].wait(20)
    desk.env["TURRET_MODELS_BUILTIN_INTERVAL"] = "1h"
    desk.run()
    after = models(desk)
    assert after["random"]["state"] == "paused" and after["random"]["runs"] == n
    assert all(after[k]["runs"] >= before[k]["runs"] and after[k]["id"] == before[k]["id"] for k in BUILTINS)
    assert {a for a, _, _ in held} >= {p["account"] for p in desk.positions()} - {"trend", "breakout", "mean-reversion", "buy-and-hold"}
    r = desk.cli("model", "resume", "random", input="n\n")
    assert models(desk)["random"]["state"] == "paused", r  # it asks
    assert desk.cli("model", "resume", "random", "--yes").code == 0 and models(desk)["random"]["state"] != "paused"
    assert desk.cli("model", "pause", "all").code == 0 and all(m["state"] == "paused" for m in models(desk).values())
    desk.check()


def essence(step):
    """Without the time: a moment between call and row."""
    return {k: v for k, v in step.items() if k != "at"}


def test_runs_older_than_memory_come_from_the_archive(desk):
    """Memory keeps 24 runs of a model; the run that opened a position may be older, and is shown in the same shape."""
    desk.env.update(FAST)
    desk.run("--speed", "20")
    position = wait_for(lambda: [p for p in desk.positions() if p["account"] == "buy-and-hold"], 20, what="a position")[0]
    first = desk.json("why", position["position"]).data
    inspected = desk.json("inspect", first["run"]).data
    asked = desk.json("prompt", first["run"]).data
    wait_for(lambda: models(desk)["buy-and-hold"]["runs"] >= 60, 20, what="more runs than memory keeps")
    assert first["run"] not in [r["id"] for r in desk.json("runs", "buy-and-hold", "--limit", "24").data]
    again = desk.json("why", position["position"]).data
    assert again["run"] == first["run"] and again["thesis"] == first["thesis"] and essence(again["call"]) == essence(first["call"])
    old = desk.json("inspect", first["run"]).data
    calls = [s for s in inspected["trace"] if s["kind"] == "call"]  # what else was thought in between is in the answer
    apart = {"trace": 0, "steps": 0, "ended_at": 0}  # the archive's times are milliseconds, its trace has no thoughts
    assert {**old, **apart} == {**inspected, **apart} and old["ended_at"][:23] == inspected["ended_at"][:23] and [essence(c) for c in old["trace"]] == [essence(c) for c in calls]
    assert desk.json("prompt", first["run"]).data == asked
    every = desk.json("runs", "buy-and-hold", "--limit", "60").data
    ids = [int(r["id"]) for r in every]
    assert len(ids) == 60 == len(set(ids)) and ids == sorted(ids, reverse=True)
    assert desk.json("inspect", "123").code != 0 and desk.json("inspect", "123").error["code"] == "not_found"
    desk.check()


def test_killed_at_work(pg_desk):
    desk = pg_desk
    desk.env.update(FAST)
    engine = desk.run()
    wait_for(lambda: models(desk)["random"]["runs"] >= 2, what="runs")
    engine.kill()
    engine.wait()
    desk.run()
    wait_for(lambda: models(desk)["trend"]["runs"] >= 3, 20, what="runs go on")
    open_runs = [r for r in desk.json("runs", "--limit", "500").data if r["status"] == "running"]
    assert len(open_runs) <= 5
    desk.check()


def test_what_is_configured_no_more_is_off_and_keeps_its_history(pg_desk):
    desk = pg_desk
    desk.env.update(FAST)
    desk.run()
    wait_for(lambda: models(desk)["random"]["runs"] >= 1, what="a run")
    desk.stop()
    desk.engines[-1].wait(20)
    folder = desk.path / "config" / "turret"
    folder.mkdir(parents=True)
    (folder / "models.conf").write_text("[random]\nenabled = no\n[again]\nprovider = builtin\nmodel = trend\nvariant = Guardian\n")
    desk.run()
    now = models(desk)
    assert now["random"]["state"] == "disabled" and now["random"]["runs"] >= 1
    assert now["again"]["variant"] == "Guardian" and now["again"]["account"] == "again"
    (folder / "models.conf").write_text("[x]\nprovider = nobody\nmodel = m\nvariant = Apex\n")
    desk.stop()
    desk.engines[-1].wait(20)
    p = desk.run(wait=False)
    assert p.wait(20) == 3 and "nobody" in open(p.log).read()


def test_the_same_seed_gives_the_same_competition(desk):
    desk.env["TURRET_MODELS_ENABLED"] = "yes"
    docs = []
    for i in range(2):
        r = desk.cli("run", "--headless", "--db", "memory", "--seed", "11", "--speed", "max", "--for", "20m", "--journal", str(desk.path / f"{i}.j"), "--json", timeout=60)
        docs.append(r.data)
    assert docs[0]["state_hash"] == docs[1]["state_hash"]
    assert sum(a["positions"] for a in docs[0]["accounts"]) > 0
    assert desk.json("replay", str(desk.path / "0.j")).data["state_hash"] == docs[0]["state_hash"]


@pytest.mark.parametrize("env,code,words", [
    ({"IS_SIMULATION_ENABLED": "true", "TRADING_MODE": "live"}, 3, "contradicts"),
    ({"TRADING_MODE": "live"}, 3, "contradicts"),
    ({"IS_SIMULATION_ENABLED": "false", "TRADING_MODE": "simulated"}, 3, "contradicts"),
    ({"IS_SIMULATION_ENABLED": "perhaps"}, 3, "IS_SIMULATION_ENABLED"),
    ({"IS_SIMULATION_ENABLED": "false", "TRADING_MODE": "live"}, 0, "no"),
    ({"IS_SIMULATION_ENABLED": "true", "TRADING_MODE": "simulated"}, 0, "yes"),
    ({}, 0, "yes"),
])
def test_the_simulation_switch(desk, env, code, words):
    desk.env.update(env)
    r = desk.json("config", "show")
    assert r.code == code, r
    if code:
        assert words in r.out + r.err
    else:
        assert next(s for s in r.data if s["setting"] == "engine.simulation")["value"] == words


def test_the_founding_names_of_settings(desk):
    desk.env.update(SIM_INITIAL_CAPITAL="2500", SIM_MIN_LATENCY_MS="7", SIM_FUNDING_PERIOD_HOURS="4", SIM_TAKER_FEE_BPS="7.5", SIM_QUOTE_CURRENCY="USDT", LIGHTER_API_KEY_INDEX="3")
    values = {s["setting"]: s["value"] for s in desk.json("config", "show").data}
    assert values["sim.initial_cash"] == "2500" and values["sim.latency_min"] == "7ms" and values["sim.funding_period"] == "4h"
    assert values["sim.taker_fee_bps"] == "7.5" and values["sim.currency"] == "USDT" and values["lighter.api_key_index"] == "3"
    desk.run()
    assert float(desk.account()["cash"]) == 2500
    symbol = desk.live_market("perp")["symbol"]
    desk.buy(symbol, "0.01")
    fill = desk.fills()[0]
    assert float(fill["fee"]) == pytest.approx(float(fill["price"]) * 0.01 * 0.00075, rel=1e-3)


class Tail:
    def __init__(self, desk, *words):
        self.p = subprocess.Popen(desk.args("tail", "--json", *words), env=desk.env, stdout=subprocess.PIPE, text=True)

    def lines(self, n):
        return [json.loads(self.p.stdout.readline()) for _ in range(n)]

    def until(self, kinds, most=4000):
        seen = []
        for _ in range(most):
            seen.append(json.loads(self.p.stdout.readline()))
            if kinds <= {s["type"] for s in seen}:
                return seen
        raise AssertionError({s["type"] for s in seen})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.p.kill()
        self.p.wait()


def test_the_event_stream_begins_with_the_state_and_resumes(desk):
    desk.env.update(FAST)
    desk.run()
    with Tail(desk) as tail:
        seen = tail.until({"state", "workflow:complete", "batch:complete", "conversations:changed", "positions:changed", "order", "fill"})
    assert seen[0]["type"] == "state" and {m["name"] for m in seen[0]["models"]} == BUILTINS and len(seen[0]["accounts"]) == 6
    ids = [s["id"] for s in seen]
    assert ids == sorted(ids)
    done = next(s for s in seen if s["type"] == "workflow:complete")
    assert done["model"] in BUILTINS and done["run"] and done["ok"] is True
    middle = seen[len(seen) // 2]["id"]
    with Tail(desk, "--from", str(middle)) as tail:
        again = tail.lines(len([s for s in seen if s["id"] > middle]))
    assert again == [s for s in seen if s["id"] > middle]
    with Tail(desk, "--from", "999999999") as tail:
        assert [s["type"] for s in tail.lines(2)] == ["gap", "state"]
    assert desk.cli("tail", "--from", "x").code == 2
