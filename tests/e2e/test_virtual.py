"""Virtual time: the same seed and feed give the same state, with any store; journals replay to it; damage is named."""
import json
import subprocess

import pytest

from conftest import TURRET, wait_for


def run(desk, *words, db="memory", data="v"):
    p = subprocess.run([TURRET, "run", "--headless", "--json", "--data", str(desk.path / data), *(["--db", db] if db else []), *map(str, words)],
                       env=desk.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    assert p.returncode == 0, (p.stdout, p.stderr)
    return json.loads(p.stdout)["data"]


def test_same_seed_same_state(desk):
    a, b = run(desk, "--seed", 3, "--for", "5m", "--speed", "max"), run(desk, "--seed", 3, "--for", "5m", "--speed", "max", data="w")
    assert a["state_hash"] == b["state_hash"] and a["events"] == b["events"] > 10000
    assert run(desk, "--seed", 4, "--for", "5m", "--speed", "max", data="x")["state_hash"] != a["state_hash"]


def test_postgres_and_memory_agree(pg_desk):
    with_pg = run(pg_desk, "--seed", 3, "--for", "2m", "--speed", "max", db="", data="data")
    assert run(pg_desk, "--seed", 3, "--for", "2m", "--speed", "max")["state_hash"] == with_pg["state_hash"]


def test_for_counts_the_feeds_time(desk):
    r = run(desk, "--seed", 3, "--for", "1h", "--speed", "max")
    assert r["wall_ms"] < 60000
    slow = run(desk, "--seed", 3, "--for", "2s", "--speed", "4")
    assert 300 < slow["wall_ms"] < 3000


def test_journal_replays_to_the_same_state(desk):
    j = desk.path / "j"
    r = run(desk, "--seed", 3, "--for", "1m", "--speed", "max", "--journal", j)
    back = desk.json("replay", j).data
    assert back["state_hash"] == r["state_hash"] and back["events"] == r["events"] and back["cut"] is False


def test_journal_with_trades_replays(pg_desk):
    desk = pg_desk
    desk.run("--seed", 3, "--journal", desk.path / "j")
    m = desk.live_market()["symbol"]
    desk.buy(m, 7)
    desk.json("protect", 1, "--stop", "0.02", "--yes")
    desk.json("close", 1, "3", "--yes")
    engine = desk.engines[0]
    pos, cash = desk.positions()[0], desk.account()["cash"]
    desk.stop()
    engine.wait(10)
    back = desk.json("replay", desk.path / "j").data
    assert back["positions"] == 1 and back["accounts"][0]["cash"] == str(float(cash)).rstrip("0").rstrip(".") or float(back["accounts"][0]["cash"]) == float(cash)
    assert pos["size"] == "4"


def test_journal_of_a_killed_engine_is_readable(desk):
    engine = desk.run("--seed", 3, "--journal", desk.path / "j")
    desk.buy(desk.live_market()["symbol"], 7)
    wait_for(lambda: (desk.path / "j").stat().st_size > 20000, what="a journal")
    engine.kill()
    engine.wait()
    r = desk.json("replay", desk.path / "j")
    assert r.code == 0 and r.data["events"] > 10, r


@pytest.mark.parametrize("damage", ["cut", "flip", "magic", "empty", "zeros"])
def test_damaged_journals_are_named(desk, damage):
    j = desk.path / "j"
    run(desk, "--seed", 3, "--for", "1m", "--speed", "max", "--journal", j)
    raw = bytearray(j.read_bytes())
    whole = desk.json("replay", j).data["events"]
    if damage == "cut":
        raw = raw[:len(raw) - 100]
    elif damage == "flip":
        raw[len(raw) // 2] ^= 0x40
    elif damage == "magic":
        raw[0] ^= 1
    elif damage == "empty":
        raw = b""
    else:
        raw[16:] = bytes(len(raw) - 16)
    j.write_bytes(bytes(raw))
    r = desk.json("replay", j)
    if damage in ("magic", "empty"):
        assert r.code == 1 and r.error["code"] == "corrupt", r
    else:
        assert r.code == 0 and r.data["cut"] is True and r.data["events"] < whole and "damaged" in r.err or "malformed" in r.err, r


def test_tape_recorded_is_played(desk):
    desk.run("--seed", 3)
    tape = desk.path / "t.tape"
    desk.live_market()
    r = desk.json("tape", "record", "-o", tape, "--for", "2s")
    assert r.code == 0 and r.data["records"] > 10, r
    assert desk.json("tape", "record", "-o", tape, "--for", "1s").code == 1  # an existing file is not overwritten
    assert desk.json("tape", "info", tape).code == 0
    a = run(desk, "--feed", f"tape:{tape}", "--speed", "max", "--until-end", "--seed", 1)
    b = run(desk, "--feed", f"tape:{tape}", "--speed", "max", "--until-end", "--seed", 1, data="w")
    assert a["state_hash"] == b["state_hash"] and a["feed_records"] > 10


@pytest.mark.parametrize("content", [b"", b"not a tape", b"\0" * 4096])
def test_bad_tapes_end_with_a_message(desk, content):
    tape = desk.path / "bad"
    tape.write_bytes(content)
    r = desk.json("run", "--headless", "--db", "memory", "--feed", f"tape:{tape}", "--speed", "max", "--until-end")
    assert r.code != 0 and r.error["msg"], r
    r = desk.json("tape", "info", tape)
    assert r.code == 1 and r.error["code"] == "corrupt", r
