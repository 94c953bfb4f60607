"""The mock Polymarket itself: it takes what the official client sends, refuses what the real venue refuses, and its books, ledger and
events agree with each other."""
import hashlib
import json
import os
import pathlib
import re
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from pm_venue import KEYS, BookView, Official, Signer, Stream, mock_venue  # noqa: E402

from conftest import wait_for  # noqa: E402

SHARED = pathlib.Path(os.environ.get("TURRET_SHARED", pathlib.Path(__file__).resolve().parent.parent.parent.parent / "shared"))


@pytest.fixture(scope="module")
def venue():
    with mock_venue() as m:
        m.ctl("options", mined_ms=30, confirmed_ms=30)
        yield m


@pytest.fixture(scope="module")
def official(venue):
    o = Official(venue)
    yield o
    o.close()


@pytest.fixture
def slug(request):
    return "m-" + hashlib.sha1(request.node.nodeid.encode()).hexdigest()[:10]


@pytest.fixture
def key(request):
    return "0x" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()


@pytest.fixture
def fresh(venue):
    """Options and script as they were."""
    before = venue.ctl("options")
    yield venue
    venue.ctl("script", clear=True)
    venue.ctl("options", **before)
    venue.ctl("mode", mode="open")


def trader(venue, key, kind=0, **more):
    wallet = None if kind == 0 else "0x" + hashlib.sha256(f"{key}/{kind}".encode()).hexdigest()[:40]
    return Signer(venue, key, kind, wallet, **more).login()


# --- verification against vectors of the official client ---
@pytest.mark.skipif(not (SHARED / "vectors/polymarket").exists(), reason="no shared vectors (TURRET_SHARED)")
def test_the_mock_signs_and_verifies_as_the_official_client(venue):
    from polymarket import verify as v
    n = 0
    for x in json.loads((SHARED / "vectors/polymarket/orders_v2.json").read_text())["vectors"]:
        e = x["expected"]
        o, domain = e["http"]["body"]["order"], e["domain"]
        name = next(k for k, (version, c) in v.EXCHANGES.items() if version == domain["version"] and c.get(domain["chainId"]) == domain["verifyingContract"])
        assert "0x" + v.separator(name, domain["chainId"]).hex() == e["domainSeparator"]
        assert "0x" + v.order_digest(o, name, domain["chainId"]).hex() == e["orderDigest"], x["name"]
        assert v.order_signer(o, name, domain["chainId"]) == "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266", x["name"]
        n += 1
    for x in json.loads((SHARED / "vectors/polymarket/l1_auth.json").read_text())["vectors"]:
        h = x["headers"]
        assert v.l1_signer(h["POLY_ADDRESS"], h["POLY_TIMESTAMP"], h["POLY_NONCE"], x["chainId"], h["POLY_SIGNATURE"]) == h["POLY_ADDRESS"].lower()
        n += 1
    assert n >= 60


# --- what is refused ---
def body_of(s, t, **over):
    return s.limit(t, "BUY", "0.4", "10", **over)


REFUSALS = {
    "another key signed": (lambda s, t: body_of(s, t, key=KEYS[8]), 400, "invalid signature"),
    "wrong exchange": (lambda s, t: body_of(s, t, exchange="neg_risk"), 400, "invalid signature"),
    "signature broken": (lambda s, t: body_of(s, t, wire={"signature": "0x" + "11" * 65}), 400, "invalid signature"),
    "amount changed after signing": (lambda s, t: body_of(s, t, wire={"makerAmount": "4100000", "takerAmount": "10250000"}), 400, "invalid signature"),
    "owner is not the key's": (lambda s, t: {**body_of(s, t), "owner": "00000000-0000-4000-8000-000000000001"}, 400, "the order owner has to be the owner"),
    "signer is another": (lambda s, t: body_of(s, t, signer="0x" + "22" * 20), 400, "the order signer address has to be the address of the API KEY"),
    "unknown token": (lambda s, t: body_of(s, "123456"), 404, "No orderbook exists"),
    "salt above 2^53": (lambda s, t: body_of(s, t, salt=1 << 53), 400, "Invalid order payload"),
    "salt in a string": (lambda s, t: body_of(s, t, wire={"salt": "77"}), 400, "Invalid order payload"),
    "number for an amount": (lambda s, t: body_of(s, t, wire={"makerAmount": 4000000}), 400, "Invalid order payload"),
    "side as a number": (lambda s, t: body_of(s, t, wire={"side": 0}), 400, "Invalid order payload"),
    "bad checksum": (lambda s, t: body_of(s, t, wire={"maker": s.wallet.swapcase().replace("0X", "0x")}), 400, "Invalid order payload"),
    "not on the tick": (lambda s, t: s.order(t, "BUY", 4_050_000, 10_000_000), 400, r"Price \(0.405\) breaks minimum tick size rule: 0.01"),
    "price of one": (lambda s, t: s.order(t, "BUY", 10_000_000, 10_000_000), 400, r"Price \(1\.?\) breaks minimum tick size rule"),
    "three decimals of size": (lambda s, t: s.order(t, "BUY", 4_002_000, 10_005_000), 400, "Invalid order payload"),
    "below the minimum": (lambda s, t: s.limit(t, "BUY", "0.4", "4.99"), 400, r"Size \(4.99\) lower than the minimum: 5"),
    "expiration without GTD": (lambda s, t: body_of(s, t, expiration=str(int(time.time()) + 1000)), 400, "invalid expiration"),
    "GTD too near": (lambda s, t: body_of(s, t, kind="GTD", expiration=str(int(time.time()) + 120)), 400, "invalid expiration"),
    "order of an hour ago": (lambda s, t: body_of(s, t, timestamp=str(int((time.time() - 3600) * 1000))), 400, "Invalid order payload"),
    "market order of 3 decimals": (lambda s, t: s.order(t, "BUY", 5_501_000, 10_001_800, "FOK"), 400, "invalid amounts, the market buy orders maker amount"),
    "market order of 5 decimals": (lambda s, t: s.order(t, "BUY", 10_000_000, 18_181_810, "FAK"), 400, "taker amount a max of 4 decimals"),
    "marketable below a dollar": (lambda s, t: s.order(t, "BUY", 990_000, 1_800_000, "FAK"), 400, r"invalid amount for a marketable BUY order \(\$0.99\), min size: \$1"),
    "more than there is": (lambda s, t: s.limit(t, "BUY", "0.4", "2501"), 400, "not enough balance / allowance: the balance is not enough -> balance: 1000000000, order amount: 1000400000"),
    "shares not owned": (lambda s, t: s.limit(t, "SELL", "0.6", "10"), 400, "not enough balance / allowance: the balance is not enough -> balance: 0, order amount: 10000000"),
    "post-only that crosses": (lambda s, t: s.limit(t, "BUY", "0.55", "10", post_only=True), 400, "invalid post-only order: order crosses book"),
    "FOK bigger than the book": (lambda s, t: s.order(t, "BUY", 110_000_000, 200_000_000, "FOK"), 400, "FOK orders are fully filled or killed"),
    "FAK without a match": (lambda s, t: s.order(t, "BUY", 5_000_000, 10_000_000, "FAK"), 400, "no orders found to match with FAK order"),
    "not an order": (lambda s, t: [], 400, "Invalid order payload"),
}


@pytest.mark.parametrize("seed", range(6))
def test_money_and_shares_are_conserved_under_random_orders(seed):
    """The matching engine alone, thousands of orders of all kinds on both tokens: nothing is made or lost, no book stays crossed."""
    import asyncio
    import random

    from common import MICRO, Error
    from polymarket.server import Polymarket

    async def run():
        v, r = Polymarket(seed=seed), random.Random(seed)
        v.options.update(mined_ms=0, confirmed_ms=0, fok_target=r.choice(("collateral", "shares")))
        v.control_market({"slug": "x", "fee_rate": "0.07", "fee_exponent": r.choice((1, 2)), "tick": r.choice(("0.1", "0.01", "0.001"))})
        m = v.ledger.find_market("x")
        wallets = [v.ledger.wallet("0x" + f"{i:040x}") for i in range(1, 6)]
        for w in wallets:
            v.ledger.deposit(w, 500 * MICRO)
            v.ledger.give(w, m, r.randint(0, 300) * MICRO)
        done = 0
        for i in range(1500):
            w, t, side, kind = r.choice(wallets), r.randint(0, 1), r.choice(("BUY", "SELL")), r.choice(("GTC", "GTC", "GTC", "FAK", "FOK"))
            size = r.randint(500, 6000) * 10_000
            if r.random() < 0.2 and v.ledger.open_orders():
                o = r.choice(v.ledger.open_orders())
                v.engine.cancel(o)
            if r.random() < 0.1:
                v.engine.plans.append([("RETRYING", 0), ("FAILED", 0)])
            try:
                v.put(w, m, t, side, r.randint(1, MICRO // m.tick - 1) * m.tick, size, kind)
                done += 1
            except Error:
                pass
            if i % 7 == 0:
                await asyncio.sleep(0.002)
            bid, ask = m.touch(0)
            assert bid is None or ask is None or bid < ask, (bid, ask)
            for o in v.ledger.open_orders():
                assert 0 < o.left <= o.size
        await asyncio.sleep(0.05)
        v.ledger.check()
        assert done > 200 and len(v.ledger.trades) > 50 and all(t.status in ("CONFIRMED", "FAILED") for t in v.ledger.trades)
        for w in wallets:
            assert not w.pending and w.usd >= -len(v.ledger.trades) and all(n >= 0 for n in w.tokens.values()), (w.usd, w.tokens)
            assert v.ledger.available(w) >= -len(v.ledger.trades)
        v.engine.resolve(m, r.choice((0, 1, -1)))
        for w in wallets:
            v.ledger.redeem(w, m)
        v.ledger.check()
    asyncio.run(run())


@pytest.mark.parametrize("name", REFUSALS)
def test_it_refuses(venue, slug, key, name):
    make, status, text = REFUSALS[name]
    t = venue.market(slug)["tokens"][0]
    venue.quote(slug)
    s = trader(venue, key)
    got = s.call("POST", "/order", make(s, t))
    assert got[0] == status and re.search(text, got[1]["error"]), got
    assert venue.ledger(s.address)["orders"] == [] and s.post(t, "BUY", "0.4", "10")[0] == 200


def test_the_same_order_twice_is_a_duplicate_and_the_id_is_its_digest(venue, slug, key):
    t = venue.market(slug)["tokens"][0]
    s = trader(venue, key)
    body = s.limit(t, "BUY", "0.4", "10")
    status, doc = s.call("POST", "/order", body)
    assert status == 200 and doc["orderID"] == s.digest and doc["status"] == "live"
    assert s.call("POST", "/order", body) == (400, {"error": f"order {s.digest} is invalid. Duplicated."})
    assert [o["id"] for o in s.orders()] == [s.digest]


L2_BREAKS = {
    "signature": lambda h: h.update(POLY_SIGNATURE="AAAA" + h["POLY_SIGNATURE"][4:]), "key": lambda h: h.update(POLY_API_KEY="x"),
    "passphrase": lambda h: h.update(POLY_PASSPHRASE="x"), "address": lambda h: h.update(POLY_ADDRESS="0x" + "33" * 20),
    "time": lambda h: h.update(POLY_TIMESTAMP=str(int(h["POLY_TIMESTAMP"]) + 1)), "absent": lambda h: h.clear(),
}


@pytest.mark.parametrize("what", L2_BREAKS)
def test_private_requests_need_a_right_hmac(venue, key, what):
    s = trader(venue, key)
    assert s.call("GET", "/data/orders", spoil=L2_BREAKS[what]) == (401, {"error": "Unauthorized/Invalid api key"})
    assert s.call("GET", "/data/orders", at=int(time.time()) - 90)[0] == 401
    assert s.call("GET", "/data/orders", query="market=0x1")[0] == 200  # the query is not signed


def test_l1_needs_the_keys_own_signature(venue, key):
    s = Signer(venue, key)
    bad = (401, {"error": "Invalid L1 Request headers"})
    assert s.l1("GET", "/auth/derive-api-key", key=KEYS[8]) == bad
    assert s.l1("GET", "/auth/derive-api-key", at=int(time.time()) - 90) == bad
    assert s.l1("GET", "/auth/derive-api-key") == (400, {"error": "Could not derive api key!"})
    first = s.l1("POST", "/auth/api-key")
    assert first[0] == 200 and s.l1("POST", "/auth/api-key") == (400, {"error": "Could not create api key"}) and s.l1("GET", "/auth/derive-api-key") == first


def test_who_may_be_maker(venue, slug, key):
    t = venue.market(slug)["tokens"][0]
    s = trader(venue, key, new=True)
    assert s.post(t, "BUY", "0.4", "10") == (400, {"error": "maker address not allowed, please use the deposit wallet flow"})
    d = trader(venue, key, 3, deployed=False)
    assert d.post(t, "BUY", "0.4", "10")[1]["error"] == "the order signer address has to be the address of the API KEY"
    venue.ctl("wallet", address=d.wallet, deployed=True)
    assert d.post(t, "BUY", "0.4", "10")[0] == 200
    venue.ctl("wallet", address=d.wallet, closed_only=True)
    assert "in closed only mode" in d.post(t, "BUY", "0.4", "10")[1]["error"]
    venue.ctl("wallet", address=d.wallet, banned=True)
    assert "address banned" in d.post(t, "BUY", "0.4", "10")[1]["error"]


def test_money_is_reserved_and_allowances_count(venue, slug, key):
    t = venue.market(slug)["tokens"][0]
    s = trader(venue, key, usd="10")
    assert s.post(t, "BUY", "0.6", "10")[0] == 200
    assert "balance: 4000000, order amount: 5000000" in s.post(t, "BUY", "0.5", "10")[1]["error"]
    s.call("DELETE", "/cancel-all")
    venue.ctl("wallet", address=s.wallet, exchange="standard", allowance="0")
    assert s.post(t, "BUY", "0.5", "10") == (400, {"error": "not enough balance / allowance"})
    venue.ctl("wallet", address=s.wallet, allowance="1000", usd="90", uncached=True)
    assert s.balance()["balance"] == "10000000"
    assert s.call("GET", "/balance-allowance/update", query="asset_type=COLLATERAL&signature_type=0")[0] == 200
    assert s.balance()["balance"] == "100000000"


def test_cancels_answer_for_each_id(venue, slug, key):
    t = venue.market(slug)["tokens"][0]
    venue.quote(slug)
    s = trader(venue, key)
    live, gone = [s.post(t, "BUY", "0.4", "10")[1]["orderID"] for _ in range(2)]
    matched = s.post(t, "BUY", "0.55", "10")[1]["orderID"]
    assert s.call("DELETE", "/order", {"orderID": gone})[1] == {"canceled": [gone], "not_canceled": {}}
    doc = s.call("DELETE", "/orders", [live, gone, matched, "0x12"])[1]
    assert doc["canceled"] == [live] and doc["not_canceled"] == {gone: "Order already canceled", matched: "Order already matched", "0x12": "Order not found or already canceled"}
    assert s.call("DELETE", "/order", {"orderID": "abc"})[1] == {"error": "Invalid orderID"}
    assert s.call("GET", f"/data/order/{live}")[0] == 404
    assert s.call("DELETE", "/cancel-market-orders", {"market": "0x00"})[1] == {"canceled": [], "not_canceled": {}}


def test_batches(fresh, slug, key):
    t = fresh.market(slug)["tokens"][0]
    fresh.quote(slug)
    s = trader(fresh, key)
    docs = s.call("POST", "/orders", [s.limit(t, "BUY", "0.4", "10"), s.limit(t, "SELL", "0.6", "10"), s.limit(t, "BUY", "0.55", "10")])[1]
    assert [d["status"] for d in docs] == ["live", "", "matched"] and docs[1]["success"] is True and docs[1]["orderID"] == "" and "not enough" in docs[1]["errorMsg"]
    assert s.call("POST", "/orders", [s.limit(t, "BUY", "0.4", "5")] * 16)[1] == {"error": "Too many orders in payload: 16, max allowed: 15"}
    fresh.ctl("options", orders_rate=1, orders_burst=4)
    batch = [s.limit(t, "BUY", "0.3", "5") for _ in range(5)]
    status, doc = s.call("POST", "/orders", batch)  # all or nothing
    assert status == 429 and int(s.head["Retry-After"]) > 0 and len(s.orders()) == 1
    assert s.call("POST", "/orders", batch[:4])[0] == 200 and s.head["Poly-RateLimit-Remaining"] == "0" and s.head["Poly-RateLimit-Tier"] == "standard"


def test_windows_of_the_engine(fresh, slug, key):
    t = fresh.market(slug)["tokens"][0]
    s = trader(fresh, key)
    oid = s.post(t, "BUY", "0.4", "10")[1]["orderID"]
    for mode, status, text in (("restarting", 425, "restart"), ("disabled", 503, "Trading is currently disabled"), ("cancel_only", 503, "cancel-only")):
        fresh.ctl("mode", mode=mode)
        got = s.post(t, "BUY", "0.4", "10")
        assert got[0] == status and text in got[1]["error"]
    assert s.call("DELETE", "/order", {"orderID": oid})[1]["canceled"] == [oid]
    fresh.ctl("mode", mode="post_only", seconds=60)
    status, doc = s.post(t, "BUY", "0.4", "10")
    assert status == 503 and doc["code"] == "post_only_mode" and 50 < doc["retry_after_seconds"] <= 60
    assert s.post(t, "BUY", "0.4", "10", post_only=True)[0] == 200
    assert s.call("POST", "/orders", [s.limit(t, "BUY", "0.4", "10")])[1][0]["errorMsg"].startswith("post-only mode")


# --- matching, settlement, money ---
CROSSINGS = [  # maker, taker, how the exchange settles
    ((0, "SELL", "0.6"), (0, "BUY", "0.6")), ((1, "BUY", "0.4"), (0, "BUY", "0.6")), ((1, "SELL", "0.4"), (0, "SELL", "0.6")), ((0, "BUY", "0.6"), (1, "BUY", "0.4")),
    ((0, "BUY", "0.6"), (0, "SELL", "0.5")), ((1, "BUY", "0.45"), (0, "BUY", "0.7")),
]


@pytest.mark.parametrize("maker,taker", CROSSINGS)
def test_complementary_orders_match_at_the_makers_price(venue, slug, key, maker, taker):
    m = venue.market(slug, fee_rate="0.05")
    a, b = trader(venue, key, sets={slug: "100"}), trader(venue, key[:-1] + ("0" if key[-1] != "0" else "1"), sets={slug: "100"})
    stream = Stream(venue.stream + "/user", {"type": "user", "auth": a.creds, "markets": [m["condition"]]})
    assert a.post(m["tokens"][maker[0]], maker[1], maker[2], "10")[1]["status"] == "live"
    doc = b.post(m["tokens"][taker[0]], taker[1], taker[2], "7")[1]
    assert doc["status"] == "matched"
    wait_for(lambda: [e["status"] for e in stream.events("trade")] == ["MATCHED", "MINED", "CONFIRMED"], what="settlement")
    stream.close()
    e = stream.events("trade")[-1]
    assert e["trader_side"] == "MAKER" and e["asset_id"] == m["tokens"][taker[0]] and e["side"] == taker[1] and e["taker_order_id"] == doc["orderID"]
    row, = e["maker_orders"]
    assert (row["owner"], row["asset_id"], row["side"], row["price"], row["matched_amount"]) == (a.creds["apiKey"], m["tokens"][maker[0]], maker[1], maker[2], "7")
    price = float(maker[2]) if maker[0] == taker[0] else 1 - float(maker[2])
    assert abs(float(e["price"]) - price) < 1e-9
    fee = round(7 * 0.05 * price * (1 - price), 5)
    wa, wb = (venue.ledger(x.address)["wallets"][0] for x in (a, b))
    gain = 7 * float(maker[2]) * (1 if maker[1] == "SELL" else -1)
    assert abs(float(wa["usd"]) - 1000 - gain) < 1e-6
    assert abs(float(wb["usd"]) - 1000 - 7 * price * (1 if taker[1] == "SELL" else -1) + fee) < 1e-6
    assert wa["tokens"][m["tokens"][maker[0]]] == ("93" if maker[1] == "SELL" else "107")
    assert b.trades()[0]["trader_side"] == "TAKER" and a.trades()[0]["trader_side"] == "MAKER"
    assert a.call("GET", "/data/trades", query="asset_id=" + m["tokens"][1 - taker[0]])[1]["data"] == []


def test_a_trade_that_fails_gives_everything_back(venue, slug, key):
    m = venue.market(slug)
    venue.quote(slug)
    s = trader(venue, key)
    venue.ctl("settle", plans=[[["RETRYING", 20], ["FAILED", 20]]])
    s.post(m["tokens"][0], "BUY", "0.55", "10")
    assert s.trades()[0]["status"] in ("MATCHED", "RETRYING") and venue.ledger(s.address)["wallets"][0]["pending"] == "5.5"
    wait_for(lambda: s.trades()[0]["status"] == "FAILED", what="failure")
    w = venue.ledger(s.address)["wallets"][0]
    assert w["usd"] == "1000" and w["tokens"] == {} and w["available"] == "1000"


def test_a_market_buy_spends_its_collateral_over_levels_in_one_transaction(venue, slug, key):
    t = venue.market(slug)["tokens"][0]
    venue.quote(slug, ask="0.5", size="10")
    venue.put(slug, "SELL", "0.6", "100")
    s = trader(venue, key)
    doc = s.call("POST", "/order", s.order(t, "BUY", 11_000_000, 18_333_300, "FOK"))[1]
    assert doc["makingAmount"] == "11" and doc["takingAmount"] == "20" and len(doc["tradeIDs"]) == 2
    rows = wait_for(lambda: [r for r in s.trades() if r["transaction_hash"]], what="mined")
    assert {(r["price"], r["size"]) for r in rows} == {("0.5", "10"), ("0.6", "10")} and len({r["transaction_hash"] for r in rows}) == 1


def test_sports_orders_are_delayed(venue, slug, key):
    t = venue.market(slug, delay_s=0.3)["tokens"][0]
    venue.quote(slug)
    s = trader(venue, key)
    stream = Stream(venue.stream + "/user", {"type": "user", "auth": s.creds})
    doc = s.post(t, "BUY", "0.55", "10")[1]
    assert doc["status"] == "delayed" and "tradeIDs" not in doc and s.orders() == []
    assert "delayed" in s.call("DELETE", "/order", {"orderID": doc["orderID"]})[1]["not_canceled"][doc["orderID"]]
    wait_for(lambda: stream.events("trade"), what="the trade")
    stream.close()


def test_expiry_resolution_and_ticks(fresh, slug, key):
    m = fresh.market(slug)
    s = trader(fresh, key)
    market = Stream(fresh.stream + "/market", {"type": "market", "assets_ids": m["tokens"], "custom_feature_enabled": True})
    user = Stream(fresh.stream + "/user", {"type": "user", "auth": s.creds})
    gtd = s.post(m["tokens"][0], "BUY", "0.41", "10", kind="GTD", expiration=str(int(time.time()) + 200))[1]["orderID"]
    keep = s.post(m["tokens"][0], "BUY", "0.4", "10")[1]["orderID"]
    fresh.ctl("clock", advance=145)
    wait_for(lambda: [o["id"] for o in s_orders(s, 145)] == [keep], what="expiry a minute early")
    fresh.ctl("clock", skew=0)
    fresh.ctl("tick", market=slug, tick="0.001")
    fine = s.post(m["tokens"][0], "BUY", "0.405", "10")[1]["orderID"]
    fresh.ctl("tick", market=slug, tick="0.01")
    assert [o["id"] for o in s.orders()] == [keep]
    fresh.ctl("resolve", market=slug, winner=0)
    wait_for(lambda: market.events("market_resolved"), what="resolution")
    assert s.orders() == [] and fresh.ask(fresh.gamma + "/markets/slug/" + slug)["closed"] is True
    user.close()
    market.close()
    status = {e["id"]: e["status"] for e in user.events("order") if e["type"] == "CANCELLATION"}
    assert status == {gtd: "CANCELED_expired", fine: "CANCELED_tick size changed", keep: "CANCELED_MARKET_RESOLVED"}
    assert [(e["old_tick_size"], e["new_tick_size"]) for e in market.events("tick_size_change")][::2] == [("0.01", "0.001"), ("0.001", "0.01")]


def s_orders(s, ahead):
    return s.call("GET", "/data/orders", at=int(time.time()) + ahead)[1]["data"]


def test_heartbeats_cancel_all_when_they_stop(fresh, slug, key):
    t = fresh.market(slug)["tokens"][0]
    s = trader(fresh, key)
    fresh.ctl("options", heartbeat_s=1)
    s.post(t, "BUY", "0.4", "10")
    status, doc = s.call("POST", "/v1/heartbeats", {"heartbeat_id": ""})
    assert status == 200
    status, refused = s.call("POST", "/v1/heartbeats", {"heartbeat_id": "zz"})
    assert status == 400 and refused["error"] == refused["error_msg"] == "Invalid Heartbeat ID" and refused["heartbeat_id"] == doc["heartbeat_id"]
    assert s.call("POST", "/v1/heartbeats", doc)[1] == doc and len(s.orders()) == 1
    wait_for(lambda: s.orders() == [], what="the dead man's switch")
    assert [n["type"] for n in s.call("GET", "/notifications", query="signature_type=0")[1]] == [1]


# --- books ---
def test_books_by_rest_and_by_stream_are_the_ledgers(venue, slug):
    m = venue.market(slug)
    venue.quote(slug)
    s = Stream(venue.stream + "/market", {"type": "market", "assets_ids": m["tokens"], "custom_feature_enabled": True, "initial_dump": True, "level": 2})
    venue.ctl("background", on=True, rate=200, seed=7, markets=[slug])
    wait_for(lambda: len(s.events("last_trade_price")) > 3 and len(s.events("price_change")) > 100, what="a busy market")
    venue.ctl("background", on=False)
    truth = {t: BookView.of(b) for t, b in venue.ctl("books")["books"].items() if t in m["tokens"]}
    wait_for(lambda: {t: b for t, b in BookView().apply(s.events()).items()} == truth, what="the same books")
    rest = venue.ask(venue.clob + "/books", [{"token_id": t} for t in m["tokens"]] + [{"token_id": "1"}])
    assert {b["asset_id"]: BookView.of(b) for b in rest} == truth
    s.say("PING")
    s.say({"operation": "subscribe", "assets_ids": m["tokens"]})
    wait_for(lambda: "PONG" in s.frames and "NO NEW ASSETS" in s.frames, what="PONG")
    s.close()
    for book in rest:
        assert float(book["bids"][-1]["price"]) < float(book["asks"][-1]["price"]) and [float(x["price"]) for x in book["bids"]] == sorted(float(x["price"]) for x in book["bids"])
        want, book["hash"] = book["hash"], ""
        assert hashlib.sha1(json.dumps(book, separators=(",", ":")).encode()).hexdigest() == want


def test_a_user_stream_with_bad_credentials_is_closed_without_a_word(venue, key):
    s = trader(venue, key)
    stream = Stream(venue.stream + "/user", {"type": "user", "auth": {**s.creds, "secret": "x"}})
    wait_for(lambda: stream.closed, what="the end")
    assert stream.frames == []


# --- discovery, data ---
def test_gamma_pages_and_searches(venue, slug):
    for i in range(3):
        venue.market(f"{slug}-{i}", event=f"event-{slug}", tags=["t" + slug], volume=str(100 * i + 1), question=f"Will Zanzibar {slug} win {i}?")
    g, slugs, after = venue.gamma, [], ""
    tag = venue.ask(f"{g}/tags/slug/t{slug}")["id"]
    while True:
        doc = venue.ask(f"{g}/markets/keyset?limit=2&tag_id={tag}&order=volumeNum&ascending=false" + (f"&after_cursor={after}" if after else ""))
        slugs += [x["slug"] for x in doc["markets"]]
        after = doc.get("next_cursor")
        if not after:
            break
    assert slugs == [f"{slug}-{i}" for i in (2, 1, 0)]
    found = venue.ask(f"{g}/public-search?q=zanzibar%20{slug}")
    assert [e["slug"] for e in found["events"]] == [f"event-{slug}"] and len(found["events"][0]["markets"]) == 3 and found["profiles"] is None


def test_what_a_wallet_did_is_seen_by_the_data_api_with_its_cache(venue, slug, key):
    t = venue.market(slug, fee_rate="0.05")["tokens"][0]
    venue.quote(slug)
    s = trader(venue, key)
    url = f"{venue.data}/v2/activity?user={s.address.lower()}&start="
    assert venue.ask(url + "0")["data"] == []
    s.post(t, "BUY", "0.55", "10")
    row, = wait_for(lambda: venue.ask(url + str(time.time_ns() % 1000))["data"], what="the row")
    assert row["type"] == "TRADE" and row["usdc_size"] == 5.62375 and row["price"] == 0.55 and row["token_id"] == t
    assert venue.ask(url + "0")["data"] == []  # the same address is cached for 15 s
    assert venue.ask(f"{venue.data}/v2/positions?user={s.address.lower()}")["data"][0]["current_size"] == 10


# --- misbehaviour ---
def test_scripted_misbehaviour(fresh, slug, key):
    t = fresh.market(slug)["tokens"][0]
    s = trader(fresh, key)
    fresh.script("close_after", method="POST", path="^/order$")
    with pytest.raises(OSError):
        s.post(t, "BUY", "0.4", "10")
    kept = s.digest
    assert [o["id"] for o in s.orders()] == [kept]  # taken, though never answered
    fresh.script("close_before", method="POST", path="^/order$")
    with pytest.raises(OSError):
        s.post(t, "BUY", "0.4", "10")
    fresh.script("mutate", path="^/data/orders$", how={"omit": kept})
    assert s.orders() == [] and len(s.orders()) == 1
    fresh.script("answer", path="^/data/orders$", status=403, body="<html>Attention Required! | Cloudflare</html>")
    status, text = s.call("GET", "/data/orders")
    assert status == 403 and text.startswith("<html>")
    fresh.script("truncate", path="^/data/orders$")
    assert isinstance(s.call("GET", "/data/orders")[1], str)
    fresh.script("mutate", path="^/book$", how={"bare_point": True, "extra": True}, tail="\n")
    assert fresh.ask(fresh.clob + f"/book?token_id={t}")["bids"][0]["price"] == ".4"
    fresh.script("mutate", path="^/data/orders$", how={"numbers": True, "null": ["expiration"]})
    row, = s.orders()
    assert row["price"] == 0.4 and row["original_size"] == 10 and row["expiration"] is None
    fresh.ctl("lose", wallet=s.wallet.lower())
    assert s.orders() == []


def test_scripted_streams(fresh, slug, key):
    m = fresh.market(slug)
    fresh.quote(slug)
    s = Stream(fresh.stream + "/market", {"type": "market", "assets_ids": m["tokens"]})
    wait_for(lambda: s.events("book"), what="the snapshot")

    def change():
        fresh.put(slug, "BUY", "0.3", "5")
    fresh.script("duplicate", stream="market", event="price_change")
    change()
    wait_for(lambda: len(s.events("price_change")) == 2, what="a double")
    fresh.script("drop", stream="market", event="price_change")
    change()
    fresh.script("hold", stream="market", event="price_change")
    change()
    change()
    rows = wait_for(lambda: len(s.events("price_change")) == 4 and s.events("price_change"), what="a reordered pair")
    assert [r["price_changes"][0]["size"] for r in rows] == ["5", "5", "20", "15"]
    fresh.script("silence", stream="market", event="price_change")
    change()
    change()
    s.say("PING")
    wait_for(lambda: s.frames[-1] == "PONG", what="PONG of a silent stream")
    assert len(s.events("price_change")) == 4
    fresh.ctl("streams", close="market")
    wait_for(lambda: s.closed, what="the end")


# --- the official client ---
KINDS = [(0, False), (0, True), (1, False), (2, False), (3, False)]


@pytest.mark.parametrize("kind,viem", KINDS)
def test_official_client_of_every_signature_type(venue, official, slug, key, kind, viem):
    m = venue.market(slug, neg_risk=kind == 2, tick="0.01", fee_rate="0.04")
    venue.quote(slug)
    me = Signer(venue, key, kind, None if kind == 0 else "0x" + hashlib.sha256(key.encode()).hexdigest()[:40], sets={slug: "50"})
    name = f"{kind}{viem}{slug}"
    creds = official.open(name, key, kind, None if kind == 0 else me.wallet, viem=viem)
    assert official.op("creds", name=name) == creds  # derived, since they exist
    yes, no = m["tokens"]
    post = lambda order, **kw: official.op("post", name=name, order=order, **kw)  # noqa: E731
    live = post({"tokenID": yes, "price": 0.41, "size": 21.04, "side": "BUY"})
    assert live["success"] and live["status"] == "live", live
    gtd = post({"tokenID": no, "price": 0.33, "size": 10, "side": "BUY", "expiration": int(time.time()) + 600}, type="GTD")
    quiet = post({"tokenID": yes, "price": 0.7, "size": 10, "side": "SELL"}, postOnly=True)
    assert gtd["status"] == quiet["status"] == "live", (gtd, quiet)
    assert "crosses book" in post({"tokenID": yes, "price": 0.55, "size": 10, "side": "BUY"}, postOnly=True)["error"]
    fok = post({"tokenID": yes, "amount": 10, "side": "BUY"}, type="FOK")
    fak = post({"tokenID": yes, "amount": 5, "side": "SELL"}, type="FAK")
    assert fok["status"] == fak["status"] == "matched" and fok["makingAmount"] == "10" and fak["takingAmount"] == "2.25", (fok, fak)
    assert len(fok["transactionsHashes"]) == 1
    batch = official.op("batch", name=name, orders=[{"tokenID": yes, "price": 0.2 + i / 100, "size": 10, "side": "BUY"} for i in range(4)])
    assert [b["status"] for b in batch] == ["live"] * 4
    opened = {o["id"] for o in official.call(name, "getOpenOrders")}
    assert opened == {live["orderID"], gtd["orderID"], quiet["orderID"], *(b["orderID"] for b in batch)}
    assert official.call(name, "getOrder", live["orderID"])["original_size"] == "21.04"
    assert official.call(name, "cancelOrder", {"orderID": live["orderID"]})["canceled"] == [live["orderID"]]
    gone = official.call(name, "cancelOrders", [live["orderID"], gtd["orderID"]])
    assert gone["canceled"] == [gtd["orderID"]] and live["orderID"] in gone["not_canceled"]
    assert len(official.call(name, "cancelMarketOrders", {"market": m["condition"], "asset_id": yes})["canceled"]) == 5
    assert official.call(name, "cancelAll") == {"canceled": [], "not_canceled": {}}
    trades = official.call(name, "getTrades")
    assert {t["taker_order_id"] for t in trades} == {fok["orderID"], fak["orderID"]}
    wallet = venue.ledger(me.wallet)["wallets"][0]
    assert official.call(name, "getBalanceAllowance", {"asset_type": "COLLATERAL"})["balance"] == str(round(float(wallet["usd"]) * 1e6))
    held = official.call(name, "getBalanceAllowance", {"asset_type": "CONDITIONAL", "token_id": yes})["balance"]
    assert held == str(round(float(wallet["tokens"][yes]) * 1e6))
    for t, book in venue.ctl("books")["books"].items():
        if t in m["tokens"]:
            assert official.call(name, "getOrderBook", t) == book


@pytest.mark.parametrize("tick", ["0.1", "0.01", "0.005", "0.0025", "0.001", "0.0001"])
def test_official_client_on_every_tick(venue, official, slug, key, tick):
    m = venue.market(slug, tick=tick)
    venue.quote(slug, bid="0.3", ask="0.6")
    Signer(venue, key, sets={slug: "50"})
    official.open(slug, key)
    price = 0.4 + float(tick)
    got = official.op("post", name=slug, order={"tokenID": m["tokens"][0], "price": price, "size": 33.33, "side": "BUY"})
    assert got.get("status") == "live", got
    assert float(official.call(slug, "getOpenOrders")[0]["price"]) == round(price, 4)
    # an amount that does not divide: on the fine ticks this client keeps 5 and 6 decimals, which the venue refuses
    venue.put(slug, "SELL", "0.7", "100")
    got = official.op("post", name=slug, order={"tokenID": m["tokens"][0], "amount": 65.41, "side": "BUY", "price": 0.7}, type="FAK")
    if tick in ("0.1", "0.01"):
        assert got.get("status") == "matched", got
    else:
        assert "max accuracy of 2 decimals" in got["error"]


def test_official_client_on_exchange_v3(venue, official, slug, key):
    m = venue.market(slug, protocol="v2")
    Signer(venue, key)
    official.open(slug, key)
    got = official.op("post", name=slug, order={"v3": {"tokenID": m["tokens"][0], "makerAmount": "4000000", "takerAmount": "10000000", "side": "BUY"}})
    assert got["status"] == "live", got
    wrong = official.op("post", name=slug, order={"tokenID": m["tokens"][0], "price": 0.4, "size": 10, "side": "BUY"})
    assert wrong["error"] == "invalid signature"  # signed for the standard exchange
    assert venue.ask(venue.clob + "/book?token_id=" + m["tokens"][0])["version"] == "v2"


def test_official_clients_trade_with_each_other_and_see_the_same(venue, official, slug, key):
    m = venue.market(slug)
    yes, no = m["tokens"]
    keys = [hashlib.sha256(f"{key}{i}".encode()).hexdigest() for i in range(2)]
    me = [Signer(venue, "0x" + k) for k in keys]
    creds = [official.open(f"{slug}{i}", "0x" + k) for i, k in enumerate(keys)]
    official.op("stream", name=slug, url=venue.stream + "/market", first={"type": "market", "assets_ids": m["tokens"], "initial_dump": True})
    official.op("stream", name="u" + slug, url=venue.stream + "/user",
                first={"type": "user", "auth": {"apiKey": creds[0]["key"], "secret": creds[0]["secret"], "passphrase": creds[0]["passphrase"]}})
    maker = official.op("post", name=slug + "0", order={"tokenID": no, "price": 0.35, "size": 20, "side": "BUY"})
    taker = official.op("post", name=slug + "1", order={"tokenID": yes, "price": 0.65, "size": 8, "side": "BUY"})
    assert maker["status"] == "live" and taker["status"] == "matched"

    def frames(name):
        out = []
        for f in official.op("frames", name=name)["frames"]:
            doc = json.loads(f)
            out += doc if isinstance(doc, list) else [doc]
        return out
    wait_for(lambda: [e["status"] for e in frames("u" + slug) if e["event_type"] == "trade"] == ["MATCHED", "MINED", "CONFIRMED"], what="settlement")
    books = venue.ctl("books")["books"]
    wait_for(lambda: BookView().apply(frames(slug)) == {t: BookView.of(books[t]) for t in m["tokens"]}, what="the same books")
    assert [official.call(slug + "0", "getOrderBook", t) for t in m["tokens"]] == [books[t] for t in m["tokens"]]
    w = [venue.ledger(s.wallet)["wallets"][0] for s in me]
    assert w[0]["tokens"] == {no: "8"} and w[1]["tokens"] == {yes: "8"} and w[0]["usd"] == "997.2" and w[1]["usd"] == "994.8"
