"""Attempts to cheat the mock Polymarket: forged, replayed, altered, malformed, unaffordable. Each is refused in the venue's words, nothing ends in a 500,
and the ledger stays conserved."""
import asyncio
import copy
import hashlib
import json
import pathlib
import random
import re
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from pm_venue import KEYS, Signer, Stream, mock_venue  # noqa: E402

from conftest import wait_for  # noqa: E402

PAYLOAD = "Invalid order payload"
FORGED = "invalid signature"
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # of secp256k1


@pytest.fixture(scope="module")
def venue():
    with mock_venue() as m:
        m.ctl("options", mined_ms=20, confirmed_ms=20)
        yield m


@pytest.fixture
def slug(request):
    return "c-" + hashlib.sha1(request.node.nodeid.encode()).hexdigest()[:10]


@pytest.fixture
def key(request):
    return "0x" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()


def trader(venue, key, kind=0, **more):
    wallet = None if kind == 0 else "0x" + hashlib.sha256(f"{key}/{kind}".encode()).hexdigest()[:40]
    return Signer(venue, key, kind, wallet, **more).login()


def untouched(venue, s, usd="1000"):
    """Nothing of the wallet moved, nothing of it rests, and the venue's books balance (the control checks them)."""
    doc = venue.ledger(s.wallet.lower())
    w, = doc["wallets"]
    assert doc["orders"] == [] and doc["trades"] == [] and w["usd"] == w["available"] == usd and w["reserved"] == "0"


# --- signatures of every type ---
def resigned(s, body, sign):
    """The body with another signature: sign(order, bytes of the right one) -> bytes."""
    o = body["order"]
    o["signature"] = "0x" + sign(o, bytes.fromhex(o["signature"][2:])).hex()
    return body


def flipped(sig, at):
    return sig[:at] + bytes([sig[at] ^ 1]) + sig[at + 1:]


def high_s(sig):
    """The other signature of the same message, which chains refuse."""
    return sig[:32] + (N - int.from_bytes(sig[32:64], "big")).to_bytes(32, "big") + bytes([55 - sig[64]]) + sig[65:]


FORGERIES = {
    "another key": lambda s, t: s.limit(t, "BUY", "0.4", "10", key=KEYS[7]),
    "high s": lambda s, t: resigned(s, s.limit(t, "BUY", "0.4", "10"), lambda o, sig: high_s(sig)),
    "v of 0 or 1": lambda s, t: resigned(s, s.limit(t, "BUY", "0.4", "10"), lambda o, sig: sig[:64] + bytes([sig[64] - 27]) + sig[65:]),
    "r changed": lambda s, t: resigned(s, s.limit(t, "BUY", "0.4", "10"), lambda o, sig: flipped(sig, 3)),
    "one byte more": lambda s, t: resigned(s, s.limit(t, "BUY", "0.4", "10"), lambda o, sig: sig + b"\0"),
    "one byte less": lambda s, t: resigned(s, s.limit(t, "BUY", "0.4", "10"), lambda o, sig: sig[:-1]),
    "all zero": lambda s, t: resigned(s, s.limit(t, "BUY", "0.4", "10"), lambda o, sig: bytes(len(sig))),
    "empty": lambda s, t: s.limit(t, "BUY", "0.4", "10", wire={"signature": "0x"}),
    "no hex": lambda s, t: s.limit(t, "BUY", "0.4", "10", wire={"signature": "0x" + "zz" * 65}),
    "neg-risk exchange": lambda s, t: s.limit(t, "BUY", "0.4", "10", exchange="neg_risk"),
    "exchange of PolyV2": lambda s, t: s.limit(t, "BUY", "0.4", "10", exchange="v3"),
    "salt changed after": lambda s, t: s.limit(t, "BUY", "0.4", "10", wire={"salt": 77}),
    "amounts changed after": lambda s, t: s.limit(t, "BUY", "0.4", "10", wire={"takerAmount": "20000000", "makerAmount": "8000000"}),
    "side changed after": lambda s, t: s.limit(t, "BUY", "0.4", "10", wire={"side": "SELL", "makerAmount": "10000000", "takerAmount": "4000000"}),
    "token changed after": lambda s, t: s.limit(str(int(t) ^ 1), "BUY", "0.4", "10", wire={"tokenId": t}),
    "builder changed after": lambda s, t: s.limit(t, "BUY", "0.4", "10", wire={"builder": "0x" + "01" * 32}),
    "metadata changed after": lambda s, t: s.limit(t, "BUY", "0.4", "10", wire={"metadata": "0x" + "01" * 32}),
    "time changed after": lambda s, t: s.limit(t, "BUY", "0.4", "10", wire={"timestamp": str(int(time.time() * 1000) + 1000)}),
}


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("name", FORGERIES)
def test_forged_signatures(venue, slug, key, kind, name):
    t = venue.market(slug)["tokens"][0]
    s = trader(venue, key, kind)
    assert s.call("POST", "/order", FORGERIES[name](s, t)) == (400, {"error": FORGED})
    untouched(venue, s)
    assert s.post(t, "BUY", "0.4", "10")[0] == 200  # it was the forgery, not the wallet


WRAPPERS = {
    "plain signature": lambda s, o, sig: sig[:65],
    "signed without the wallet": lambda s, o, sig: s.verify.sign(s.key, s.verify.order_digest(o, "standard", 137)) + sig[65:],
    "other domain in the suffix": lambda s, o, sig: sig[:65] + s.verify.separator("neg_risk", 137) + sig[97:],
    "other contents in the suffix": lambda s, o, sig: flipped(sig, 100),
    "other type in the suffix": lambda s, o, sig: flipped(sig, 200),
    "other length in the suffix": lambda s, o, sig: flipped(sig, 316),
    "suffix cut": lambda s, o, sig: sig[:131],
    "suffix twice": lambda s, o, sig: sig + sig[65:],
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_deposit_wallets_need_the_whole_wrapper(venue, slug, key, name):
    t = venue.market(slug)["tokens"][0]
    s = trader(venue, key, 3)
    assert s.call("POST", "/order", resigned(s, s.limit(t, "BUY", "0.4", "10"), lambda o, sig: WRAPPERS[name](s, o, sig))) == (400, {"error": FORGED})
    untouched(venue, s)


def test_nobody_trades_for_another(venue, slug, key):
    t = venue.market(slug)["tokens"][0]
    a, b = trader(venue, key), trader(venue, "0x" + hashlib.sha256(key.encode()).hexdigest())
    deposit = trader(venue, key, 3)
    signer = "the order signer address has to be the address of the API KEY"
    theirs = a.limit(t, "BUY", "0.4", "10")
    rows = [  # (who posts, body, refusal)
        (b, theirs, "the order owner has to be the owner of the API KEY"),
        (b, {**theirs, "owner": b.creds["apiKey"]}, signer),
        (b, b.limit(t, "BUY", "0.4", "10", maker=a.wallet), signer),
        (b, b.limit(t, "BUY", "0.4", "10", maker=a.wallet, signatureType=1), FORGED),
        (b, b.limit(t, "BUY", "0.4", "10", maker=deposit.wallet, signatureType=2), FORGED),
        (b, b.limit(t, "BUY", "0.4", "10", maker=deposit.wallet, signer=deposit.wallet, signatureType=0), signer),
        (b, b.limit(t, "BUY", "0.4", "10", maker="0x" + "12" * 20, signatureType=1), "maker address not allowed, please use the deposit wallet flow"),
        (b, b.limit(t, "BUY", "0.4", "10", maker="0x" + "00" * 20, signer="0x" + "00" * 20), signer),
    ]
    b.kind, mine, b.wallet = 3, b.wallet, deposit.wallet
    rows.append((b, b.limit(t, "BUY", "0.4", "10"), signer))
    b.kind, b.wallet = 0, mine
    for s, body, text in rows:
        assert s.call("POST", "/order", body) == (400, {"error": text}), body["order"]
    for s in (a, b, deposit):
        untouched(venue, s)
    oid = a.post(t, "BUY", "0.4", "10")[1]["orderID"]
    gone = "Order not found or already canceled"
    assert b.call("DELETE", "/order", {"orderID": oid})[1] == b.call("DELETE", "/orders", [oid])[1] == {"canceled": [], "not_canceled": {oid: gone}}
    assert b.call("DELETE", "/cancel-all")[1] == {"canceled": [], "not_canceled": {}} and b.call("GET", f"/data/order/{oid}")[0] == 404
    assert len(a.orders()) == 1 and b.orders() == []


# --- requests taken from elsewhere ---
def test_an_hmac_fits_one_request_only(venue, slug, key):
    t = venue.market(slug)["tokens"][0]
    a, b = trader(venue, key), trader(venue, "0x" + hashlib.sha256(key.encode()).hexdigest())
    at, body = int(time.time()), a.limit(t, "BUY", "0.4", "10")
    raw = json.dumps(body, separators=(",", ":")).encode()

    def head(method="POST", path="/order", data=raw, when=at, who=a, secret=None):
        return {"POLY_ADDRESS": who.address, "POLY_TIMESTAMP": str(when), "POLY_API_KEY": who.creds["apiKey"], "POLY_PASSPHRASE": who.creds["passphrase"],
                "POLY_SIGNATURE": a.verify.l2_signature((secret or who.creds)["secret"], when, method, path, data)}
    bad = (401, {"error": "Unauthorized/Invalid api key"})
    for h in (head("GET"), head(path="/orders"), head(path="/order?x=1"), head(data=b""), head(data=raw + b" "), head(when=at - 61), head(when=at + 61),
              head(secret=b.creds), {**head(), "POLY_TIMESTAMP": str(at - 1)}, {**head(), "POLY_API_KEY": b.creds["apiKey"]},
              {**head(), "POLY_ADDRESS": b.address}, {**head(), "POLY_PASSPHRASE": ""}, {**head(), "POLY_TIMESTAMP": "1e9"}, {**head(), "POLY_TIMESTAMP": "\u00b2"},
              {**head(), "POLY_SIGNATURE": "\u00e9"}, {k: v for k, v in head().items() if k != "POLY_SIGNATURE"}):
        h = {k: v.encode().decode("latin-1") for k, v in h.items()}
        assert a.http("POST", "/order", raw, h) == bad, h
    assert a.http("POST", "/order", raw.replace(b'"GTC"', b'"FOK"'), head()) == bad  # the body changed after signing
    untouched(venue, a)
    good = head()
    assert a.http("POST", "/order", raw, good)[0] == 200
    for _ in range(2):  # the same bytes again, while it rests and when it is gone
        assert a.http("POST", "/order", raw, good) == (400, {"error": f"order {a.digest} is invalid. Duplicated."})
        a.call("DELETE", "/cancel-all")


def test_l1_is_as_strict(venue, key):
    s, bad = Signer(venue, key), (401, {"error": "Invalid L1 Request headers"})
    at = int(time.time())
    sig = "0x" + s.verify.sign(key, s.verify.l1_digest(s.address, at, 0, 137)).hex()
    head = {"POLY_ADDRESS": s.address, "POLY_SIGNATURE": sig, "POLY_TIMESTAMP": str(at), "POLY_NONCE": "0"}
    for change in ({"POLY_NONCE": "1"}, {"POLY_NONCE": "-1"}, {"POLY_NONCE": "9" * 80}, {"POLY_NONCE": ""}, {"POLY_TIMESTAMP": str(at - 1)}, {"POLY_TIMESTAMP": "0"},
                   {"POLY_ADDRESS": s.verify.checksum(s.verify.key_address(KEYS[3]))}, {"POLY_ADDRESS": s.address.swapcase().replace("0X", "0x")}, {"POLY_ADDRESS": "me"},
                   {"POLY_SIGNATURE": "zz" + sig[2:]}, {"POLY_SIGNATURE": sig + "00"}, {"POLY_SIGNATURE": ""},
                   {"POLY_SIGNATURE": "0x" + s.verify.sign(key, s.verify.l1_digest(s.address, at, 0, 80002)).hex()}):
        assert s.http("POST", "/auth/api-key", b"", {**head, **change}) == bad, change
    assert s.http("POST", "/auth/api-key", b"", head)[0] == 200


# --- numbers ---
def wired(**fields):
    return lambda s, t: s.limit(t, "BUY", "0.4", "10", wire=fields)


AMOUNTS = ("-4000000", "+4000000", "4e6", "4000000.0", " 4000000", "04000000", "", "0", "0x3d0900", str(1 << 256), "9" * 78, "9" * 5000, None, True, [], {})
BAD_FIELDS = [(k, v) for k in ("makerAmount", "takerAmount", "tokenId", "timestamp", "expiration") for v in AMOUNTS if not (k == "expiration" and v == "0")]
BAD_FIELDS += [("salt", v) for v in (0, -1, 1 << 53, 1.5, "1", True, None, 10 ** 40)]
BAD_FIELDS += [("side", v) for v in ("buy", 0, None, "")] + [("signatureType", v) for v in (4, -1, "0", None, True, 0.5)]
BAD_FIELDS += [(k, v) for k in ("maker", "signer") for v in ("", "0x", "0x" + "g" * 40, "1" * 42, None, 5)]
BAD_FIELDS += [(k, v) for k in ("metadata", "builder") for v in ("", "0x", "0x" + "0" * 63, None, 0)] + [("signature", v) for v in (None, 5, [])]


def test_fields_that_are_none(venue, slug, key):
    t = venue.market(slug)["tokens"][0]
    s = trader(venue, key)
    venue.ctl("options", rates="off")
    for k, v in BAD_FIELDS:
        status, doc = s.call("POST", "/order", wired(**{k: v})(s, t))
        want = {("tokenId", "0"): (404, {"error": "No orderbook exists for the requested token id"}), ("timestamp", "0"): (400, {"error": FORGED})}  # numbers, these
        assert (status, doc) == want.get((k, v) if isinstance(v, str) else None, (400, {"error": PAYLOAD})), (k, v, doc)
    for k in ("salt", "maker", "signer", "tokenId", "makerAmount", "takerAmount", "side", "signatureType", "timestamp", "expiration", "metadata", "builder", "signature"):
        body = s.limit(t, "BUY", "0.4", "10")
        del body["order"][k]
        assert s.call("POST", "/order", body) == (400, {"error": PAYLOAD}), k
    for change in ({"orderType": "IOC"}, {"orderType": None}, {"owner": None}, {"postOnly": "true"}, {"deferExec": 1}, {"order": []}, {"order": None}):
        assert s.call("POST", "/order", {**s.limit(t, "BUY", "0.4", "10"), **change}) == (400, {"error": PAYLOAD}), change
    venue.ctl("options", rates="on")
    untouched(venue, s)


# signed rightly, worth nothing: (how, refusal)
PRICES = {
    "price of zero": (lambda s, t: s.order(t, "BUY", 1, 1_000_000_000), "breaks minimum tick size rule"),
    "price above one": (lambda s, t: s.order(t, "BUY", 15_000_000, 10_000_000), "breaks minimum tick size rule"),
    "sold at one": (lambda s, t: s.order(t, "SELL", 10_000_000, 10_000_000), "breaks minimum tick size rule"),
    "between two ticks": (lambda s, t: s.order(t, "BUY", 4_010_000, 10_000_000), r"Price \(0.401\) breaks minimum tick size rule: 0.01"),
    "a millionth beside the tick": (lambda s, t: s.order(t, "BUY", 4_000_001, 10_000_000), "breaks minimum tick size rule"),
    "huge": (lambda s, t: s.order(t, "BUY", (1 << 255) // 10 ** 6 * 400_000, (1 << 255) // 10 ** 6 * 10 ** 6), "not enough balance|Invalid order payload"),
    "shares of nobody": (lambda s, t: s.order(t, "SELL", 10 ** 20, 6 * 10 ** 19), "not enough balance / allowance: the balance is not enough -> balance: 0"),
    "too small": (lambda s, t: s.limit(t, "BUY", "0.4", "4.99"), r"Size \(4.99\) lower than the minimum: 5"),
    "three decimals": (lambda s, t: s.order(t, "BUY", 4_000_400, 10_001_000), PAYLOAD),
    "five decimals at once": (lambda s, t: s.order(t, "BUY", 10_000_000, 18_181_810, "FOK"), "max accuracy of 2 decimals, taker amount a max of 4"),
    "FOK off its price": (lambda s, t: s.order(t, "BUY", 10_000_000, 18_200_000, "FOK"), "breaks minimum tick size rule"),
    "FOK rounded the wrong way": (lambda s, t: s.order(t, "BUY", 10_000_000, 18_181_900, "FOK"), "FOK orders are fully filled or killed"),
    "FAK rounded the wrong way": (lambda s, t: s.order(t, "BUY", 10_000_000, 18_181_900, "FAK"), "no orders found to match with FAK order"),
    "under a dollar": (lambda s, t: s.order(t, "BUY", 990_000, 1_800_000, "FAK"), r"invalid amount for a marketable BUY order \(\$0.99\)"),
    "GTD of the past": (lambda s, t: s.limit(t, "BUY", "0.4", "10", kind="GTD", expiration=str(int(time.time()) - 10)), "invalid expiration"),
    "GTD without an end": (lambda s, t: s.limit(t, "BUY", "0.4", "10", kind="GTD"), "invalid expiration"),
    "FOK with an end": (lambda s, t: s.order(t, "BUY", 11_000_000, 20_000_000, "FOK", expiration=str(int(time.time()) + 999)), "invalid expiration"),
    "made yesterday": (lambda s, t: s.limit(t, "BUY", "0.4", "10", timestamp=str(int((time.time() - 86400) * 1000))), PAYLOAD),
    "made tomorrow": (lambda s, t: s.limit(t, "BUY", "0.4", "10", timestamp=str(int((time.time() + 86400) * 1000))), PAYLOAD),
    "made in seconds": (lambda s, t: s.limit(t, "BUY", "0.4", "10", timestamp=str(int(time.time()))), PAYLOAD),
    "post-only FOK": (lambda s, t: s.order(t, "BUY", 11_000_000, 20_000_000, "FOK", post_only=True), PAYLOAD),
}


@pytest.mark.parametrize("name", PRICES)
def test_orders_that_are_signed_but_wrong(venue, slug, key, name):
    make, text = PRICES[name]
    t = venue.market(slug)["tokens"][0]
    venue.quote(slug)
    s = trader(venue, key)
    status, doc = s.call("POST", "/order", make(s, t))
    assert status == 400 and re.search(text, doc["error"]), doc
    untouched(venue, s)


def test_orders_of_the_old_version_are_refused_by_its_name(venue, slug, key):
    t = venue.market(slug)["tokens"][0]
    s = trader(venue, key)
    body = s.limit(t, "BUY", "0.4", "10", wire={"nonce": "0", "feeRateBps": "0", "taker": "0x" + "00" * 20})
    for k in ("timestamp", "metadata", "builder"):
        del body["order"][k]
    assert s.call("POST", "/order", body) == s.call("POST", "/orders", [body]) == (400, {"error": "order_version_mismatch"})


# --- bodies ---
BODIES = (b"", b"{", b"null", b"5", b'"x"', b"[]", b"[[]]", b"{}", b"[{}]", b"[null]", b'{"order":NaN}', b'{"a":Infinity}', b"\xff\xfe{\x00}\x00", b'{"order":"\xc3\x28"}',
          b"[" * 100_000, b'{"order":' * 5_000, b'{"orderID":5}', b'{"orderID":"0x"}', b'{"orderID":null}', b'["0x12",5]', b'{"market":5}')
POSTS = (("POST", "/order"), ("POST", "/orders"), ("DELETE", "/order"), ("DELETE", "/orders"), ("DELETE", "/cancel-market-orders"), ("POST", "/v1/heartbeats"),
         ("POST", "/orders-scoring"), ("DELETE", "/auth/readonly-api-key"))


def test_bodies_that_are_none(venue, key):
    s = trader(venue, key)
    venue.ctl("options", rates="off")
    for method, path in POSTS:
        for body in BODIES:
            if path == "/v1/heartbeats" and body == b"{}":
                continue
            status, doc = s.call(method, path, body)
            none = body == b"[]" and path == "/orders-scoring"
            assert (status == 400 and isinstance(doc["error"], str)) or (none and (status, doc) == (200, {})) or (
                path == "/v1/heartbeats" and status == 200 and isinstance(json.loads(body or b"0"), dict)), (method, path, body[:20], status, doc)
    raw = b'{"orderID":"0x12"}'
    at = int(time.time())
    head = {"POLY_ADDRESS": s.address, "POLY_TIMESTAMP": str(at), "POLY_API_KEY": s.creds["apiKey"], "POLY_PASSPHRASE": s.creds["passphrase"],
            "POLY_SIGNATURE": s.verify.l2_signature(s.creds["secret"], at, "DELETE", "/order", raw)}
    assert s.http("DELETE", "/order", raw, head)[0] == 200
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/octet-stream"):
        assert s.http("DELETE", "/order", raw, {**head, "Content-Type": kind}) == (400, {"error": PAYLOAD}), kind
    assert s.http("DELETE", "/order", raw, {**head, "Content-Type": "application/json; charset=nonsense"})[0] == 200
    venue.ctl("options", rates="on")


def test_methods_and_paths_that_are_none(venue, key):
    s = trader(venue, key)
    for method, path in (("GET", "/order"), ("PUT", "/order"), ("PATCH", "/order"), ("POST", "/data/orders"), ("DELETE", "/book"), ("POST", "/time"), ("GET", "/cancel-all"),
                         ("GET", "/auth/api-key"), ("DELETE", "/v1/heartbeats")):
        assert s.call(method, path) == (405, {"error": "method not allowed"}), (method, path)
    for path in ("/nothing", "/data", "/order/", "/data/order/", "/markets/", "/%2e%2e/etc/passwd"):
        status, doc = s.call("GET", path)
        assert status == 404 and isinstance(doc["error"], str), (path, status, doc)


def test_queries_that_are_none(venue, slug, key):
    """Whatever stands in a query, the answer is JSON of the venue: never a fault of its own."""
    m = venue.market(slug)
    s = trader(venue, key)
    venue.ctl("options", rates="off")
    junk = ("", "x", "-1", "1e9", "0x", "%00", "%C2%B2", "9" * 400, "NaN", "null", "MA", "%FF", "a,b,,", "{}")
    names = ("token_id", "token_ids", "side", "sides", "market", "interval", "startTs", "endTs", "fidelity", "next_cursor", "id", "asset_id", "asset_type", "signature_type",
             "before", "after", "maker_address", "order_id", "ids", "date", "builder_code", "limit", "offset", "after_cursor", "closed", "tag_id", "order", "ascending", "q",
             "limit_per_type", "page", "condition_ids", "volume_num_min", "end_date_min", "user", "condition", "event_id", "type", "start", "end", "cursor", "taker_only",
             "filter_amount", "status", "sort_direction", "sizeThreshold", "address", "parent_entity_type", "parent_entity_id", "startTs")
    paths = {"clob": ("/book", "/books", "/price", "/prices", "/midpoint", "/midpoints", "/spread", "/last-trade-price", "/last-trades-prices", "/tick-size", "/neg-risk",
                      "/fee-rate", "/markets", "/simplified-markets", "/prices-history", "/data/orders", "/data/trades", "/balance-allowance", "/balance-allowance/update",
                      "/notifications", "/order-scoring", "/rewards/user", "/rewards/user/markets", "/rewards/markets/current", "/builder/trades", "/rebates/current"),
             "gamma": ("/markets", "/events", "/markets/keyset", "/events/keyset", "/tags", "/public-search", "/public-profile", "/comments", "/events/pagination"),
             "data": ("/v2/activity", "/v2/trades", "/v2/positions", "/v2/value", "/v2/holders", "/v2/leaderboard", "/v2/oi", "/v2/prices-history", "/v2/resolutions",
                      "/v2/user-stats", "/v2/approvals", "/positions", "/activity", "/trades", "/closed-positions", "/live-volume"),
             "relayer": ("/deployed", "/transaction")}
    rnd = random.Random(5)
    base = {"token_id": m["tokens"][0], "market": m["tokens"][0], "interval": "1d", "user": s.wallet.lower(), "condition": m["condition"], "side": "BUY", "q": "x",
            "asset_type": "COLLATERAL", "date": "2026-01-01"}
    import urllib.error
    for host, ps in paths.items():
        s.mock = type("Host", (), {"clob": venue.urls[host], "chain": 137})
        for path in ps:
            for _ in range(25):
                q = dict(rnd.sample(sorted(base.items()), rnd.randint(0, 6)))
                q.update({k: rnd.choice(junk) for k in rnd.sample(names, 4)})
                status, doc = s.call("GET", path, query="&".join(f"{k}={v}" for k, v in q.items()))
                assert status in (200, 400, 404, 422) and not isinstance(doc, str), (host, path, q, status, doc)
                assert status == 200 or isinstance(doc.get("error"), str), (host, path, q, doc)
    venue.ctl("options", rates="on")


def test_streams_outlive_junk(venue, slug, key):
    m = venue.market(slug)
    venue.quote(slug)
    s = Stream(venue.stream + "/market")
    for text in ("x", "5", "null", "[]", "[1]", '"market"', "{}", '{"type":"market","assets_ids":5}', '{"type":"market","assets_ids":[5]}', '{"operation":"subscribe"}',
                 "[" * 50_000, '{"type":"user"}'):
        s.say(text)
    wait_for(lambda: len(s.frames) == 12 and set(s.frames) == {"INVALID OPERATION"}, what="refusals")
    s.say({"type": "market", "assets_ids": m["tokens"] + ["no such token"]})
    wait_for(lambda: len(s.events("book")) == 2, what="books")
    s.say({"operation": "subscribe", "assets_ids": m["tokens"], "custom_feature_enabled": True})
    wait_for(lambda: s.frames[-1] == "NO NEW ASSETS", what="a duplicate")
    venue.put(slug, "BUY", "0.46", "5")
    wait_for(lambda: s.events("best_bid_ask"), what="the feature, though no asset was new")
    s.close()
    c = trader(venue, key).creds
    for first in ("x", [], {"type": "user"}, {"type": "user", "auth": c["apiKey"]}, {"type": "user", "auth": {**c, "passphrase": 5}},
                  {"type": "user", "auth": {**c, "apiKey": ["x"]}}, {"type": "user", "auth": c, "markets": [5]}, {"type": "market", "auth": c}):
        u = Stream(venue.stream + "/user", first)
        wait_for(lambda u=u: u.closed, what="the end")
        assert u.frames == [], first


# --- money ---
def test_nothing_is_spent_twice(venue, slug, key):
    m = venue.market(slug, fee_rate="0.05")
    yes, no = m["tokens"]
    venue.quote(slug)
    s = trader(venue, key, usd="100", sets={slug: "20"})
    venue.ctl("options", rates="off")
    for i in range(60):  # resting orders on both tokens, more than there is money and shares
        token, side, price = ((yes, "BUY", "0.4"), (no, "BUY", "0.3"), (yes, "SELL", "0.7"), (no, "SELL", "0.8"))[i % 4]
        s.post(token, side, price, str(5 + i % 7))
    docs = s.call("POST", "/orders", [s.limit(yes, "BUY", "0.4", "50") for _ in range(15)])[1]
    w, = venue.ledger(s.wallet.lower())["wallets"]
    assert 0 <= float(w["available"]) < 100 and float(w["reserved"]) <= 100 and any("not enough balance" in d["errorMsg"] for d in docs)
    for t in (yes, no):
        assert sum(float(o["original_size"]) for o in s.orders() if o["asset_id"] == t and o["side"] == "SELL") <= 20
    venue.ctl("options", rates="on")
    before = float(w["available"])
    status, doc = s.post(yes, "BUY", "0.55", str(int(before / 0.55) + 1))
    assert status == 400 and "not enough balance" in doc["error"]


def test_a_crossing_order_with_a_rest_pays_fees_from_what_there_is(venue, slug, key):
    """10 of 20 shares trade at once, for their price and a fee; the rest would need money that the fee has taken."""
    t = venue.market(slug, fee_rate="0.05")["tokens"][0]
    venue.quote(slug, ask="0.5", bid=None, size="10")
    s = trader(venue, key, usd="10")
    status, doc = s.post(t, "BUY", "0.5", "20")
    assert status == 400 and "not enough balance / allowance" in doc["error"]
    untouched(venue, s, "10")
    assert s.post(t, "BUY", "0.5", "19")[1]["status"] == "matched" and venue.ledger(s.wallet.lower())["wallets"][0]["available"] == "0.375"


def test_orders_that_wait_hold_what_they_need(venue, slug, key):
    """While the taker's delay runs neither the same order nor the same money can be used again."""
    t = venue.market(slug)["tokens"][0]
    venue.quote(slug)
    s = trader(venue, key, usd="6", sets={slug: "10"})
    venue.ctl("options", taker_delay_ms=400)
    try:
        for make in (lambda: s.limit(t, "BUY", "0.55", "10"), lambda: s.limit(t, "SELL", "0.45", "20")):  # of 20 by then
            same, other, got = make(), make(), []
            threads = [threading.Thread(target=lambda b=b: got.append(Signer.call(copy.copy(s), "POST", "/order", b))) for b in (same, same, other)]
            for x in threads:
                x.start()
                time.sleep(0.05)
            for x in threads:
                x.join()
            good = [d for status, d in got if status == 200]
            bad = sorted(d["error"] for status, d in got if status == 400)
            assert len(good) == 1 and good[0]["status"] == "matched" and len(bad) == 2 and "not enough balance" in bad[0] and "Duplicated" in bad[1], got
            wait_for(lambda: s.trades()[0]["status"] == "CONFIRMED", what="settlement")
    finally:
        venue.ctl("options", taker_delay_ms=0)
    w, = venue.ledger(s.wallet.lower())["wallets"]
    assert w["usd"] == "9.5" and t not in w["tokens"]


def test_trading_with_oneself_makes_nothing(venue, slug, key):
    m = venue.market(slug, fee_rate="0.05")
    yes, no = m["tokens"]
    s = trader(venue, key, sets={slug: "50"})
    for a, b in (((yes, "SELL", "0.6"), (yes, "BUY", "0.6")), ((no, "BUY", "0.4"), (yes, "BUY", "0.6")), ((no, "SELL", "0.4"), (yes, "SELL", "0.6"))):
        assert s.post(*a, "10")[1]["status"] == "live" and s.post(*b, "10")[1]["status"] == "matched"
    wait_for(lambda: {t["status"] for t in s.trades()} == {"CONFIRMED"}, what="settlement")
    doc = venue.ledger(s.wallet.lower())
    w, = doc["wallets"]
    fees = sum(float(t["fee"]) for t in doc["trades"])
    assert fees > 0 and w["tokens"] == {yes: "50", no: "50"} and abs(float(w["usd"]) - 1000 + fees) < 1e-6 and w["available"] == w["usd"]


@pytest.mark.parametrize("seed", range(3))
def test_changed_orders_are_refused_or_fit(seed):
    """Right orders with some fields spoilt, by the checks alone: each is refused in words of the venue; the unchanged one is taken."""
    from common import Error
    from polymarket import rules, verify
    from polymarket.server import Polymarket

    async def run():
        v, r = Polymarket(seed=seed), random.Random(seed)
        v.control_market({"slug": "x"})
        token, key = v.ledger.find_market("x").tokens[0], "0x" + f"{seed + 9:064x}"
        owner = verify.key_address(key)
        v.ledger.deposit(v.ledger.wallet(owner), 1000_000_000)
        creds = v.ledger.creds_make(owner, 0)
        nasty = (None, "", 0, -1, 1 << 256, "1" * 90, 1e308, [], {}, "0x", True, "\ud800", "BUY", "SELL", "GTD", "0x" + "00" * 32)
        for i in range(120):
            o = {"salt": i + 1, "maker": verify.checksum(owner), "signer": verify.checksum(owner), "tokenId": token, "makerAmount": "4000000", "takerAmount": "10000000",
                 "side": "BUY", "signatureType": 0, "timestamp": str(int(time.time() * 1000)), "expiration": "0", "metadata": "0x" + "00" * 32, "builder": "0x" + "00" * 32}
            o["signature"] = "0x" + verify.sign(key, verify.order_digest(o, "standard", 137)).hex()
            doc = {"order": o, "owner": creds["apiKey"], "orderType": "GTC", "postOnly": False, "deferExec": False}
            if i % 10 == 0:
                assert rules.check(v, doc, creds)[0].size == 10_000_000
                continue
            before = copy.deepcopy(doc)
            for _ in range(r.randint(1, 3)):
                where = r.choice((doc, o, o, o))
                where[r.choice([k for k in where if k != "order"])] = r.choice(nasty)
            try:
                rules.check(v, doc, creds)
                soft = ("postOnly", "deferExec")  # not signed, and true is as good as false
                assert all(doc[k] == before[k] for k in doc if k not in soft), doc
            except Error as e:
                assert e.status in (400, 404) and isinstance(e.body["error"], str)
    asyncio.run(run())
