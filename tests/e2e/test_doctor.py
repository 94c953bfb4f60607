"""doctor finds what does not agree; backup and restore carry a desk over; export writes whole tables."""
import json
import subprocess

import pytest

from conftest import Desk, wait_for
from test_control import answer, connect, frame


def sql(desk, text):
    s = connect(desk)
    s.sendall(frame("R", b'{"op":"database"}'))
    info = json.loads(answer(s)[1])["data"]["conninfo"]
    s.close()
    return subprocess.run(["psql", info, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", text], env=desk.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("damage, check", [
    ("UPDATE orders SET fee = fee + 1 WHERE num = 1", "fee"),
    ("UPDATE orders SET filled_quantity = filled_quantity - 1 WHERE num = 1", "filled"),
    ("UPDATE orders SET open_quantity = open_quantity + 1, quantity = quantity + 5 WHERE num = 1", "open_quantity"),
    ("UPDATE orders SET realized_pnl = 99 WHERE num = 1", "realized_pnl"),
])
def test_planted_differences_are_found(pg_desk, damage, check):
    desk = pg_desk
    desk.run("--seed", 5)
    desk.buy(desk.live_market()["symbol"], 5)
    desk.check()
    r = sql(desk, damage)
    assert r.returncode == 0, r.stderr
    found = desk.json("doctor")
    bad = [c["name"] for c in found.data["checks"] if c["differences"]]
    assert found.code == 1 and found.data["ok"] is False and check in bad, found
    assert "DIFFER" in desk.cli("doctor").out


def test_fills_and_ledger_only_grow(pg_desk):
    desk = pg_desk
    desk.run("--seed", 5)
    desk.buy(desk.live_market()["symbol"], 5)
    for text in ("DELETE FROM ledger", "UPDATE ledger SET amount = amount + 1", "DELETE FROM order_events"):
        assert sql(desk, text).returncode != 0, text
    desk.check()


def test_doctor_without_an_engine_and_without_a_desk(pg_desk):
    desk = pg_desk
    assert desk.json("doctor").code == 8
    assert not desk.data.exists()
    desk.run("--seed", 5)
    desk.buy(desk.live_market()["symbol"], 5)
    desk.stop()
    desk.engines[0].wait(10)
    desk.check()


def test_backup_and_restore(pg_desk):
    desk = pg_desk
    desk.run("--seed", 5)
    m = desk.live_market()["symbol"]
    desk.buy(m, 5)
    desk.json("protect", 1, "--stop", "0.02", "--yes")
    file = desk.path / "saved.sql"
    assert desk.json("backup", "-o", file).code == 0
    assert file.stat().st_mode & 0o077 == 0
    cash, pos = desk.account()["cash"], desk.positions()[0]
    r = desk.json("restore", file)
    assert r.code == 1 and r.error["code"] == "engine_runs", r  # not under a running engine
    other = Desk(desk.path / "other", db="")
    other.path.mkdir()
    try:
        r = other.json("restore", file)
        assert r.code == 0, r
        other.run("--seed", 5)
        assert other.account()["cash"] == cash
        back = other.positions()[0]
        assert all(back[k] == pos[k] for k in ("position", "market", "size", "entry_price", "stop", "id"))
        other.check()
        other.stop()
        other.engines[0].wait(10)
        r = other.json("restore", file)
        assert r.code != 0 and "--yes" in r.error["msg"], r
        assert other.json("restore", file, "--yes").code == 0
        (other.path / "cut.sql").write_bytes(file.read_bytes()[:3000])
        assert other.json("restore", other.path / "cut.sql", "--yes").code != 0
        other.check()
    finally:
        other.close()


def test_export_reads_the_whole_database_with_and_without_an_engine(pg_desk):
    desk = pg_desk
    desk.run()
    desk.buy(desk.live_market()["symbol"], 3)
    ledger = desk.json("export", "ledger").data
    assert {r["kind"] for r in ledger} >= {"deposit", "fill"}
    assert desk.cli("export", "fills", "--account", "nobody").code != 0
    desk.stop()
    assert desk.json("export", "ledger").data == ledger
    orders = json.loads(desk.cli("export", "orders", "--format=json").out)
    assert orders[0]["size"] == "3" and orders[0]["id"].isdigit() and orders[0]["created_at"].endswith("Z")
    assert desk.cli("export", "tool-calls").out.startswith("time,invocation,model,")
    assert json.loads(desk.cli("export", "invocations", "--format", "json").out) == []
