"""The SmartRouter on two simulated venues: the choice and its record, splits, sells, links over a restart, links.conf, virtual time."""
import json
import time

from conftest import wait_for

SECOND = {"TURRET_SIM_SECOND": "yes", "TURRET_SIM_LATENCY_MIN": "1ms", "TURRET_SIM_LATENCY_MAX": "5ms",
          "TURRET_SIM_SECOND_LATENCY_MIN": "2ms", "TURRET_SIM_SECOND_LATENCY_MAX": "9ms"}


def links(desk):
    return desk.json("router", "links").data


def start(desk, **more):
    desk.env.update(SECOND, **more)
    desk.run()
    wait_for(lambda: len(links(desk)) >= 4, what="links of the two venues")
    wait_for(lambda: all(a["reconciled"] for a in desk.json("accounts").data), what="both accounts")


def house(desk):
    """A market of both venues that closes in years."""
    return next(m["symbol"] for m in desk.json("markets").data if m["symbol"].startswith("HOUSE-"))


def net(o, size):
    return float(o["average"]) + float(o["fee"]) / size


def test_both_venues_list_it_and_links_say_so(desk):
    start(desk)
    rows = desk.json("markets").data
    one, two = ({m["symbol"]: m for m in rows if m["venue"] == v} for v in ("sim", "sim2"))
    assert set(two) < set(one) and len(two) >= 6
    assert all(float(two[s]["tick"]) != float(one[s]["tick"]) and float(two[s]["min_size"]) > float(one[s]["min_size"]) for s in two)
    assert {(x["market_a"], x["market_b"]) for x in links(desk)} == {(s, s) for s in two}
    assert {a["name"]: a["venue"] for a in desk.json("accounts").data} == {"paper": "sim", "paper2": "sim2"}


def test_the_cheaper_venue_after_fees_gets_it(desk):
    start(desk)
    where = set()
    for market, size, words in ((house(desk), 50, []), ("BTC-PERP", 0.05, ["--leverage", "5"]), ("ETH-PERP", 1, ["--leverage", "5"]), (house(desk), 1, [])):
        shown = desk.json("buy", market, size, "--dry-run", "--yes", "--route", "best", *words).data
        options = {o["venue"]: o for o in shown["routes"]["options"]}
        usable = [v for v, o in options.items() if not o["refusal"] and float(o["fillable"]) == size]
        chosen = next(v for v, o in options.items() if o["chosen"])
        assert chosen == min(usable, key=lambda v: (net(options[v], size), v))
        if size == 1 and market != "ETH-PERP":
            assert options["sim2"]["refusal"] == "min_size"
        order = desk.buy(market, size, "--route", "best", *words)
        row = next(o for o in desk.json("orders", "--all").data if o["order"] == order["num"])
        assert order["state"] == "filled" and order["text"].endswith(f"by {row['venue']}")
        where.add(row["venue"])
    desk.check()
    assert "sim" in where  # one contract is too small for the other


def test_a_split_has_a_part_at_each_venue(desk):
    limits = ("ORDER_NOTIONAL", "MARKET_EXPOSURE", "ACCOUNT_EXPOSURE")
    start(desk, TURRET_SIM_INITIAL_CASH="1000000", **{f"TURRET_RISK_MAX_{k}": "10000000" for k in limits})
    for _ in range(6):
        before = len(desk.json("orders", "--all").data)
        order = desk.json("buy", "ETH-PERP", 100, "--leverage", "10", "--route", "split", "--yes")
        assert order.code == 0, order
        parts = wait_for(lambda: [o for o in desk.json("orders", "--all").data if o["state"] == "filled"][before:], what="filled parts")
        rows = sorted(desk.json("orders", "--all").data, key=lambda o: o["order"])[before:]
        assert parts and abs(sum(float(o["size"]) for o in rows) - 100) < 1e-9
        assert len({o["venue"] for o in rows}) == len(rows)
        if len(rows) == 2:
            break
        desk.cli("flatten", "--yes")
        wait_for(lambda: not desk.positions(), what="flat")
        time.sleep(0.5)  # the duplicate window
    assert len(rows) == 2
    other = next(o for o in rows if o["order"] != order.data["num"])
    assert f"also order {other['order']} for {float(other['size']):g} at {other['venue']}" in order.data["text"]
    wait_for(lambda: len(desk.positions()) == 2, what="a position at each")
    desk.check()


def test_a_venue_that_is_named_is_meant_and_sells_go_to_the_position(desk):
    start(desk)
    market = house(desk)
    order = desk.buy(f"sim2:{market}", 40)
    row = next(o for o in desk.json("orders", "--all").data if o["order"] == order["num"])
    assert (row["venue"], row["account"]) == ("sim2", "paper2")
    fee = float(row["fee"])
    assert fee > 0 and abs(fee * 100 - round(fee * 100)) < 1e-9  # whole cents
    assert desk.json("sell", market, 15, "--yes").code == 0
    left = desk.positions()
    assert [(p["venue"], float(p["size"])) for p in left] == [("sim2", 25.0)]
    desk.check()


def test_refusals_name_each_venue(desk):
    start(desk)
    r = desk.json("buy", house(desk), 5, "@0.02", "--tif", "fok", "--route", "best", "--yes")
    assert r.code == 7 and r.error["code"] == "no_route", r
    assert "sim: no_liquidity" in r.error["msg"] and "sim2: no_liquidity" in r.error["msg"]


def test_links_outlive_a_restart(pg_desk):
    desk = pg_desk
    start(desk)
    btc = next(x for x in links(desk) if x["market_a"] == "BTC-PERP")
    assert desk.json("router", "unlink", btc["id"], "--yes").code == 0
    assert desk.json("router", "link", "sim:BTC-PERP", "sim2:BTC-PERP", "--note", "by hand", "--yes").code == 0
    order = desk.buy("sim2:" + house(desk), 10)
    before = {x["id"]: (x["market_a"], x["note"], x["origin"]) for x in links(desk)}
    assert ("BTC-PERP", "by hand", "hand") in before.values()
    desk.stop()
    desk.engines[-1].wait(20)
    desk.run()
    wait_for(lambda: len(links(desk)) >= len(before), what="links")
    after = {x["id"]: (x["market_a"], x["note"], x["origin"]) for x in links(desk)}
    assert {k: after.get(k) for k in before} == before
    assert order["num"] not in after
    wait_for(lambda: all(a["reconciled"] for a in desk.json("accounts").data), what="both accounts")
    assert [(p["venue"], float(p["size"])) for p in desk.positions()] == [("sim2", 10.0)]
    desk.check()


def test_links_conf(desk):
    conf = desk.path / "config" / "turret"
    conf.mkdir(parents=True)
    (conf / "links.conf").write_text("[sol]\na = sim:SOL-PERP\nb = sim2:ETH-PERP\nnote = not really\n")
    start(desk)
    assert any(x["note"] == "not really" and x["origin"] == "file" for x in links(desk))
    desk.stop()
    desk.engines[-1].wait(20)
    (conf / "links.conf").write_text("[sol]\na = sim:SOL-PERP\nb = moon:SOL-PERP\n")
    r = desk.cli("run", "--headless", "--db", "memory")
    assert r.code == 3 and "links.conf:3:" in r.err and "moon:SOL-PERP" in r.err


def test_virtual_time_repeats_with_it_and_without(desk):
    hashes = {}
    for second in ("no", "yes"):
        desk.env["TURRET_SIM_SECOND"] = second
        for i in range(2):
            path = desk.path / f"{second}{i}.j"
            r = desk.cli("run", "--headless", "--db", "memory", "--seed", "4", "--speed", "max", "--for", "20m", "--journal", str(path), "--json", timeout=60)
            assert r.code == 0, r
            hashes.setdefault(second, set()).add(r.data["state_hash"])
            played = desk.cli("replay", str(path), "--json")
            assert json.loads(played.out)["data"]["state_hash"] == r.data["state_hash"]
    assert all(len(h) == 1 for h in hashes.values()) and hashes["no"] != hashes["yes"]
