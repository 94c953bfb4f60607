"""export: whole tables out of the database, as csv that other programs read back as it was, over any span of time."""
import csv
import io
import json

from test_doctor import sql

NASTY = 'say "hi", he said;\nsecond line \u00e9\u65e5'


def rows(desk, *args):
    r = desk.cli("export", *args)
    assert r.code == 0, r
    return list(csv.DictReader(io.StringIO(r.out, newline="")))


def harm(desk, text):
    r = sql(desk, text)
    assert r.returncode == 0, r.stderr


def test_csv_reads_back_what_was_stored(pg_desk):
    desk = pg_desk
    desk.run("--seed", 5)
    symbol = desk.live_market()["symbol"]
    desk.buy(symbol, 5)
    desk.buy(symbol, 2)
    quoted = NASTY.replace("'", "''")
    harm(desk, f"UPDATE orders SET reason_text = '{quoted}' WHERE num = 1")
    harm(desk, "UPDATE orders SET reason_text = '=HYPERLINK(\"http://x\",\"y\")', source = 'sniper', link_id = 9 WHERE num = 2")
    harm(desk, """UPDATE orders SET route = jsonb_build_object('mode', 'best', 'chosen', 0, 'options', jsonb_build_array(jsonb_build_object(
        'market', market_id::text, 'account', 1, 'code', 'ok', 'average', 0.42, 'fee', 0.01, 'fillable', 7, 'taken', 2))) WHERE num = 2""")
    orders = rows(desk, "orders", "--format", "csv")
    assert [o["order"] for o in orders] == ["1", "2"]
    assert orders[0]["reason_text"] == NASTY and orders[0]["source"] == "manual" and orders[0]["route"] == ""
    assert orders[1]["reason_text"].startswith("'="), "a spreadsheet must not take it for a formula"
    assert (orders[1]["source"], orders[1]["link"]) == ("sniper", "9")
    route = json.loads(orders[1]["route"])
    assert route["mode"] == "best" and route["options"][0]["market"] == symbol and route["options"][0]["average"] == 0.42, route
    same = json.loads(desk.cli("export", "orders", "--format", "json").out)
    assert same[0]["reason_text"] == NASTY and same[1]["route"] == route
    assert [{k: o[k] for k in ("order", "size", "filled", "fee", "market")} for o in orders] == [{k: str(o[k]) for k in ("order", "size", "filled", "fee", "market")} for o in same]


def test_pnl_is_by_account_market_and_day(pg_desk):
    desk = pg_desk
    desk.run("--seed", 5)
    symbol = desk.live_market()["symbol"]
    desk.buy(symbol, 5)
    harm(desk, "INSERT INTO fills (venue, account_id, venue_trade_id, leg, order_id, market_id, kind, finality, maker, side, action, price, quantity, fee, realized_pnl, at) "
               "SELECT venue, account_id, 'p' || g, 0, order_id, market_id, kind, finality, maker, side, action, price, quantity, 0.25, -1.5, timestamptz '2025-03-01 23:59:59.9Z' + g * interval '0.1 s' "
               "FROM (SELECT * FROM fills LIMIT 1) f, generate_series(0, 1) g")
    harm(desk, "INSERT INTO ledger (account_id, kind, ref, market_id, amount, at) SELECT account_id, 'funding', 'x', market_id, -0.125, '2025-03-02T12:00:00Z' FROM fills LIMIT 1")
    pnl = rows(desk, "pnl")
    assert len(pnl) == 3
    day1, day2, today = pnl
    assert day1 == {"day": "2025-03-01", "account": today["account"], "venue": today["venue"], "market": symbol, "realized": "-1.5", "fees": "0.25", "funding": "0", "net": "-1.75"}, day1
    assert (day2["day"], day2["realized"], day2["fees"], day2["funding"], day2["net"]) == ("2025-03-02", "-1.5", "0.25", "-0.125", "-1.875")
    assert json.loads(desk.cli("export", "pnl", "--format", "json").out)[1]["net"] == "-1.875"
    # any span of time: the end is not included, but a day alone is
    assert [r["day"] for r in rows(desk, "pnl", "--from", "2025-03-02", "--to=2025-03-02")] == ["2025-03-02"]
    assert [r["day"] for r in rows(desk, "pnl", "--to", "2025-03-01")] == ["2025-03-01"]
    assert len(rows(desk, "fills", "--from", "2025-03-02T00:00:00Z", "--to", "2025-03-02T00:00:00.1Z")) == 1
    assert len(rows(desk, "fills", "--to", "2025-03-02T00:00:00Z")) == 1
    assert rows(desk, "orders", "--to", "2025-01-01") == []
    assert desk.cli("export", "pnl", "--from", "yesterday'; DROP TABLE fills").code == 2
    assert len(rows(desk, "fills")) == 3
    assert rows(desk, "pnl", "--account", today["account"]) == pnl and desk.cli("export", "pnl", "--account", "nobody").code != 0


def test_automations_are_exported(pg_desk):
    desk = pg_desk
    desk.run()
    for kind, head in (("watches", "watch,kind,status,"), ("follow-trades", "time,follow,kind,"), ("history", "time,kind,id,")):
        assert desk.cli("export", kind).out.startswith(head)
