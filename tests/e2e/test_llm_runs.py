"""Language models trade: a real desk against a peer that is scripted, checks the history it is sent, and misbehaves. Whatever happens,
orders, records and what the model was told agree, and no rule of the variant is broken."""
import json
import os
import signal
import subprocess
import sys
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from conftest import wait_for  # noqa: E402
from llm_peer import Peer, Turn, call, calls, fail, html, raw, say  # noqa: E402

BUILTINS = ("trend", "mean-reversion", "breakout", "buy-and-hold", "random")
HOLD = call("holding", {"reason": "done"})


def decision(symbol="ETH-PERP", side="LONG", quantity="0.3", **kw):
    d = {"symbol": symbol, "side": side, "quantity": quantity, "leverage": 2, "profit_target": "3500", "stop_loss": "3000",
         "invalidation_condition": "a close below 3000", "confidence": 90, **kw}
    return {k: v for k, v in d.items() if v is not None}


def create(*decisions):
    return ("createPosition", {"decisions": list(decisions)})


def write(desk, peers, **settings):
    """Config files: one model for each peer (name -> (peer, protocol, lines))."""
    folder = desk.path / "config" / "turret"
    folder.mkdir(parents=True, exist_ok=True)
    providers, models = "", ""
    for name, (peer, protocol, lines) in peers.items():
        base = peer.url + ("/v1" if protocol == "openai" else "")
        providers += f"[p-{name}]\nprotocol = {protocol}\nbase_url = {base}\nneeds_key = no\n"
        models += f"[{name}]\nprovider = p-{name}\nmodel = m1\nvariant = Apex\ninterval = 1h\n{lines}\n"
    (folder / "providers.conf").write_text(providers)
    (folder / "models.conf").write_text(models + "".join(f"[{b}]\nenabled = no\n" for b in BUILTINS))
    desk.env.update({"TURRET_MODELS_ENABLED": "yes", "TURRET_SIM_LATENCY_MIN": "1ms", "TURRET_SIM_LATENCY_MAX": "5ms", **{f"TURRET_MODELS_{k.upper()}": v for k, v in settings.items()}})


def runs(desk, *words):
    return desk.json("runs", *words).data


def ended(desk, n=1, timeout=25):
    def done():
        found = [r for r in runs(desk) if r["status"] != "running"]
        return len(found) >= n and found
    return wait_for(done, timeout, what=f"{n} ended runs")


def trace(desk, run):
    return desk.json("inspect", run["id"]).data["trace"]


def trading_desk(desk, turns, protocol="openai", lines="", **settings):
    """One run of a scripted model; (run, trace, peer)."""
    with Peer(turns) as peer:
        write(desk, {"scripted": (peer, protocol, lines)}, **settings)
        desk.run()
        run = ended(desk)[0]
        return run, trace(desk, run), peer


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_a_model_trades_and_everything_about_it_is_kept(pg_desk, protocol):
    desk = pg_desk
    script = [call("getPositions"), calls(create(decision()), ("getIndicators", {"symbol": "ETH-PERP"})),
              call("updateExitPlan", {"updates": [{"symbol": "ETH-PERP", "new_stop_loss": "3050", "reason": "locking in"}]}), HOLD]
    run, steps, peer = trading_desk(desk, script, protocol)
    assert run["status"] == "ok" and run["actions"] == 1, (run, steps)
    assert not peer.violations and len(peer.requests) == 4
    made = next(s for s in steps if s.get("tool") == "createPosition")
    assert made["code"] == "ok" and made["order"]
    # acted once in a run: the update of the same market is a second action
    assert next(s for s in steps if s.get("tool") == "updateExitPlan")["code"] == "already_acted"
    position = desk.positions()[0]
    assert position["account"] == "scripted" and position["size"] == "0.3" and position["stop"].startswith("3000")
    why = desk.json("why", "ETH-PERP").data
    assert why["run"] == run["id"] and why["call"]["order"] == made["order"] and why["exit_plan"]["confidence"] == 90
    # the state line follows the tools' results
    assert any("[STATE UPDATE]" in u for u in peer.requests[2].users)
    # and it is all there again after a restart
    desk.stop()
    desk.engines[-1].wait(20)
    desk.run()
    again = wait_for(lambda: desk.json("inspect", run["id"]).data, what="the recovered run")
    assert again["status"] == "ok"
    wait_for(lambda: any(s.get("tool") == "createPosition" and s["order"] == made["order"] for s in desk.json("inspect", run["id"]).data["trace"]), what="its calls")
    wait_for(lambda: desk.json("why", "ETH-PERP").data["run"] == run["id"], what="why")
    desk.check()


BAD = [
    ("over leverage", create(decision(leverage=11)), "risk_leverage"),
    ("no stop", create(decision(stop_loss=None)), "risk_stop_required"),
    ("stop on the wrong side", create(decision(stop_loss="3400")), "stop_side"),
    ("target on the wrong side", create(decision(profit_target="2900")), "target_side"),
    ("too much risk", create(decision(quantity="4")), "risk_per_trade"),
    ("not confident", create(decision(confidence=5)), "risk_confidence"),
    ("a market that is not there", create(decision(symbol="DOGE-PERP")), "invalid_arguments"),
    ("a side of another kind", create(decision(side="YES")), "invalid_arguments"),
    ("an enum in lower case", create(decision(side="long")), "invalid_arguments"),
    ("notional is no quantity", create({**decision(quantity=None), "notional": "500"}), "invalid_arguments"),
    ("an amount beside it", create({**decision(), "amount": 100}), "invalid_arguments"),
    ("negative", create(decision(quantity="-1")), "invalid_arguments"),
    ("zero", create(decision(quantity="0")), "min_size"),
    ("finer than the lot", create(decision(quantity="0.30001234")), "invalid_arguments"),
    ("finer than the tick", create(decision(stop_loss="3000.00001")), "tick_size"),
    ("a number too large for a double", ("createPosition", '{"decisions":[{"symbol":"ETH-PERP","side":"LONG","quantity":1e999,"invalidation_condition":"x","confidence":90}]}'), "invalid_arguments"),
    ("NaN", ("createPosition", '{"decisions":[{"symbol":"ETH-PERP","side":"LONG","quantity":NaN,"invalidation_condition":"x","confidence":90}]}'), "invalid_arguments"),
    ("a key given twice", ("createPosition", '{"decisions":[{"symbol":"ETH-PERP","symbol":"BTC-PERP","side":"LONG","quantity":"1","invalidation_condition":"x","confidence":90}]}'), "invalid_arguments"),
    ("cut off", ("createPosition", '{"decisions":[{"symbol":"ETH-PERP"'), "invalid_arguments"),
    ("no object", ("createPosition", '"ETH-PERP"'), "invalid_arguments"),
    ("nothing at all", ("createPosition", ""), "invalid_arguments"),
    ("an unknown tool", ("transferFunds", {"to": "me"}), "invalid_arguments"),
    ("a person's position", ("closePosition", {"symbols": ["BTC-PERP"]}), "not_found"),
    ("a position it does not have", ("updateExitPlan", {"updates": [{"symbol": "ETH-PERP", "new_stop_loss": "1", "reason": "wide"}]}), "not_found"),
    ("escape sequences", ("createPosition", {"decisions": [decision(symbol="\x1b]52;c;aGk=\x07ETH")]}), "invalid_arguments"),
    ("a time that is none", create(decision(time_exit="tomorrow")), "invalid_arguments"),
    ("confidence as text", create(decision(confidence="90")), "invalid_arguments"),
    ("more than anybody holds", create(decision(quantity="1000000001")), "invalid_arguments"),
]


def test_a_model_that_tries_everything(desk):
    """Two calls a run, so that the two corrections of a run are never used up; every refusal is read by the model, none leaves a trace in the account."""
    seen = []

    def script(request):
        results = {i: (t, e) for i, t, e in request.results}
        seen.append(results)
        return calls(*[(name, args) for _, (name, args), _ in part]) if not results else HOLD

    with Peer(script, strict=True) as peer:
        write(desk, {"scripted": (peer, "openai", "")})
        parts = [BAD[i:i + 2] for i in range(0, len(BAD), 2)]
        part = parts[0]
        desk.run()
        person = desk.buy("BTC-PERP", "0.01")
        for n, part_n in enumerate(parts):
            if n:
                part = part_n
                assert desk.cli("model", "run", "scripted", "--yes").code == 0
            run = ended(desk, n + 1)[0]
            codes = [s["code"] for s in trace(desk, run) if s["kind"] == "call" and s["tool"] != "holding"]
            assert codes == [code for _, _, code in part], (part, trace(desk, run))
        assert not peer.violations
    assert [p["account"] for p in desk.positions()] == ["paper"]
    assert all(o["source"] != "agent" or o["state"] in ("failed",) for o in desk.json("orders", "--all").data), person
    text = "".join(desk.cli(*w).out for w in (["runs", "--limit", "100"], ["inspect", run["id"]], ["log"]))
    assert not any(ord(c) < 32 and c != "\n" and c != "\t" for c in text)


def test_malformed_calls_end_the_run_after_two_corrections(desk):
    run, steps, peer = trading_desk(desk, lambda r: call("createPosition", "{nonsense"))
    assert run["status"] == "failed" and "corrections" in run["text"]
    assert sum(s["kind"] == "call" for s in steps) == 3 and not peer.violations
    assert json.loads(peer.requests[1].results[0][1])["error"] == "invalid_arguments"


def test_parallel_and_repeated_calls_are_carried_out_once(desk):
    same = create(decision())
    other = create(decision(quantity="0.2"))
    run, steps, peer = trading_desk(desk, [calls((*same, "a"), (*same, "b"), (*other, "c"), ("getMarkets", {}, "d")), HOLD])
    codes = [s["code"] for s in steps if s.get("tool") == "createPosition"]
    assert codes == ["ok", "already_acted"] and not peer.violations, steps
    assert desk.positions()[0]["size"] == "0.3" and len(desk.json("orders", "--all").data) == 1


def test_a_flood_of_calls_is_no_trade(desk):
    run, steps, peer = trading_desk(desk, [calls(*[create(decision(quantity="0.1")) for _ in range(40)]), HOLD], retries="0")
    assert run["status"] in ("failed", "ok") and desk.positions() == []


@pytest.mark.parametrize("bad", [fail(500), fail(529, type="overloaded_error"), fail(429, retry_after=1), html(), raw(b"{}"), raw(b'{"error":{"message":"boom"}}'),
                                 Turn(text="x", cut=20), Turn(text="x", length=50)], ids=["500", "529", "429", "html", "empty", "200-error", "cut", "short"])
def test_only_the_request_is_repeated(desk, bad):
    """The fault comes after a tool ran: the request goes out again, the tool does not."""
    script = [call("getPositions"), calls(create(decision())), bad, HOLD]
    run, steps, peer = trading_desk(desk, script)
    assert run["status"] == "ok", (run, steps)
    assert sum(s.get("tool") == "createPosition" for s in steps) == 1 and any(s["kind"] == "retry" for s in steps)
    assert desk.positions()[0]["size"] == "0.3" and len(desk.json("orders", "--all").data) == 1
    assert not peer.violations


@pytest.mark.parametrize("bad", [fail(401), fail(402), fail(400), fail(404)], ids=["401", "402", "400", "404"])
def test_what_no_repeating_mends_fails_the_run(desk, bad):
    run, steps, peer = trading_desk(desk, lambda r: bad)
    assert run["status"] == "failed" and len(peer.requests) == 1
    health = desk.json("health").data
    assert health["state"] == "degraded" and "scripted" in health["reason"]
    model = desk.json("models").data[0]
    assert model["failed_runs"] == 1 and model["runs"] == 0 and model["reason"]


def test_a_hanging_model_touches_nobody_else(desk):
    with Peer(lambda r: Turn(hang=True)) as hanging, Peer([calls(create(decision())), HOLD]) as good:
        write(desk, {"hangs": (hanging, "openai", ""), "works": (good, "openai", "")}, call_timeout="2s", retries="0")
        desk.run()
        done = wait_for(lambda: [r for r in runs(desk) if r["model"] == "works" and r["status"] == "ok"], 10, what="the good run")
        assert done[0]["actions"] == 1
        failed = wait_for(lambda: [r for r in runs(desk) if r["model"] == "hangs" and r["status"] == "timeout"], 15, what="the hanging run's end")
        assert failed and desk.positions()[0]["account"] == "works"


def test_pausing_stops_the_run_and_its_late_answer_does_nothing(desk):
    with Peer(lambda r: calls(create(decision()), wait_s=3)) as peer:
        write(desk, {"slow": (peer, "openai", "")})
        desk.run()
        wait_for(lambda: runs(desk) and runs(desk)[0]["status"] == "running", what="a run")
        assert desk.cli("model", "pause", "slow").code == 0  # no question
        assert ended(desk)[0]["status"] == "cancelled"
        time.sleep(4)
        assert desk.positions() == [] and desk.json("orders", "--all").data == []
        assert desk.json("models").data[0]["state"] == "paused"
        assert desk.cli("model", "run", "slow", "--yes").code != 0
        assert desk.cli("model", "resume", "slow", "--yes").code == 0


def test_killed_in_the_middle_of_a_run(pg_desk):
    desk = pg_desk
    with Peer([calls(create(decision())), Turn(hang=True)]) as peer:
        write(desk, {"scripted": (peer, "openai", "")})
        engine = desk.run()
        wait_for(lambda: desk.positions(), what="the position")
        wait_for(lambda: len(peer.requests) == 2, what="the second question")
        engine.kill()
        engine.wait()
    with Peer(lambda r: HOLD) as peer:
        write(desk, {"scripted": (peer, "openai", "")})
        desk.run()
        run = wait_for(lambda: [r for r in runs(desk, "--limit", "50") if r["status"] == "aborted"], what="the aborted run")[0]
        assert desk.positions()[0]["size"] == "0.3" and len(desk.json("orders", "--all").data) == 1
        why = desk.json("why", "ETH-PERP").data
        assert (why["run"] if isinstance(why, dict) else why[0]["invocation_id"]) == run["id"]
        assert desk.json("models").data[0]["next_run_at"]
        desk.check()


def test_unknown_prices_are_unknown_and_budgets_end_the_day(desk):
    with Peer(lambda r: HOLD) as peer:
        write(desk, {"scripted": (peer, "openai", "budget_day = 0.000001\ninterval = 1s")})
        (desk.path / "config" / "turret" / "prices.conf").write_text("")
        desk.run()
        assert ended(desk)[0]["cost"] is None and desk.json("models").data[0]["cost_day"] is None
        desk.stop()
        desk.engines[-1].wait(20)
    with Peer(lambda r: HOLD) as peer:
        write(desk, {"scripted": (peer, "openai", "budget_day = 0.000001\ninterval = 1s")})
        (desk.path / "config" / "turret" / "prices.conf").write_text("[p-scripted]\nprice = m1 10 10 10 30\n")
        desk.run()
        first = ended(desk)[0]
        assert float(first["cost"]) > 0
        wait_for(lambda: "budget" in (desk.json("models").data[0]["reason"] or ""), 10, what="the budget's end")
        n = len(runs(desk, "--limit", "100"))
        time.sleep(2.5)
        assert len(runs(desk, "--limit", "100")) == n


def test_rerun_asks_again_and_places_nothing(pg_desk):
    desk = pg_desk
    run, steps, _ = trading_desk(desk, [calls(create(decision())), HOLD])
    assert desk.positions()
    desk.stop()
    desk.engines[-1].wait(20)
    with Peer(lambda r: calls(create(decision(symbol="BTC-PERP", quantity="0.01", stop_loss="50000", profit_target="90000"))) if not r.results else HOLD) as peer:
        write(desk, {"scripted": (peer, "openai", "")})
        desk.run()
        before = len(desk.json("orders", "--all").data)
        answer = desk.json("rerun", run["id"]).data
        done = wait_for(lambda: [r for r in runs(desk) if r["id"] == answer["run"] and r["status"] == "ok"], what="the rerun's end")[0]
        assert done["rerun"] is True and "not placed" in json.dumps(trace(desk, done))
        assert len(desk.json("orders", "--all").data) == before


def server(desk, sig):
    """The signal to the database server and all its processes."""
    parent = desk.postmaster()
    os.kill(parent, sig)
    for child in subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True).stdout.split():
        try:
            os.kill(int(child), sig)
        except ProcessLookupError:
            pass


def test_the_database_goes_away_during_a_run(pg_desk):
    """A call whose record can't be kept opens nothing."""
    desk = pg_desk
    with Peer(lambda r: calls(create(decision()), wait_s=2) if not r.results else HOLD) as peer:
        write(desk, {"scripted": (peer, "openai", "")})
        desk.run()
        wait_for(lambda: len(peer.requests) == 1, what="the question")
        server(desk, signal.SIGSTOP)
        time.sleep(10)
        assert desk.positions() == []
        server(desk, signal.SIGCONT)
        wait_for(lambda: [r for r in runs(desk) if r["status"] != "running"], 40, what="the run's end")
        assert desk.positions() == []
