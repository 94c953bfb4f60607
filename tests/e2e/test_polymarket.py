"""Turret trades at the mock Polymarket with a live account. After each case the oracle: the venue's ledger and the desk's database agree."""
import hashlib
import itertools
import json
import pathlib
import shutil
import sys
import tempfile
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from pm_desk import LiveDesk, turret_venue  # noqa: E402
from pm_venue import KEYS, BookView, Official, Signer, mock_venue  # noqa: E402

from conftest import wait_for  # noqa: E402

COUNT = itertools.count()


@pytest.fixture(scope="module")
def venue():
    with mock_venue() as m:
        m.ctl("options", mined_ms=50, confirmed_ms=50, cdn=False)
        m.market("anchor", volume="900000")
        m.quote("anchor", bid="0.45", ask="0.55", size="1000")
        yield m


@pytest.fixture(scope="module")
def shared(venue):
    """One live desk for all cases of this file: each has markets of its own."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="turret-e2e-"))
    path.chmod(0o755)
    d = LiveDesk(path, venue, usd="100000")
    d.run("--seed", 5)
    d.go_live()
    yield d
    d.close()
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def live(shared):
    """The desk, with options and script as they were, and after the test the oracle."""
    before, seen = shared.mock.ctl("options"), len(shared.requests("(POST|DELETE)"))
    shared.ready()
    yield shared
    shared.mock.ctl("script", clear=True)
    shared.mock.ctl("options", **before)
    shared.mock.ctl("mode", mode="open")
    if [r for r in shared.requests("(POST|DELETE)")[seen:] if r["status"] in (401, 403, 425, 429, 503)]:
        def open_again():
            r = shared.json("buy", "anchor", f"5@0.{next(COUNT) % 40 + 2:02d}", "--account", shared.name, "--yes", "--live")
            assert r.code == 0, r
            return True
        wait_for(open_again, 60, 0.5, what="an open venue")
    for o in shared.my_orders():
        if o["state"] in ("created", "pending", "partial"):
            shared.cancel(o["order"], code=None)
    shared.oracle()


@pytest.fixture
def slug(request):
    return "m-" + hashlib.sha1(request.node.nodeid.encode()).hexdigest()[:8] + str(next(COUNT))


def market(live, slug, bid="0.30", ask="0.55", size="100", **doc):
    """A market with a book, on the desk."""
    m = live.mock.market(slug, **doc)
    if bid or ask:
        live.mock.quote(slug, bid, ask, size)
    row = live.listed(slug)
    if bid and ask:
        wait_for(lambda: all(live.touch(slug)), what="a book")
    return m, row


def order_row(live, num):
    return next(o for o in live.my_orders() if o["order"] == num)


def state(live, num, *states, timeout=15):
    def there():
        row = order_row(live, num)
        assert row["state"] in states, row
        return row
    return wait_for(there, timeout, what=f"order {num}: {states}")


def position(live, slug, side="yes"):
    return next((p for p in live.mine(live.positions()) if p["market"] == slug and p["side"] == side), None)


# --- trading ---
def test_login_checks_pass(venue, work):
    d = LiveDesk(work, venue, key=KEYS[4], wallet="0x" + "e4" * 20)
    code, out, err = turret_venue(d, "test", "polymarket", "--json")
    assert code == 0, (out, err)
    d.close()


@pytest.mark.parametrize("side", ["yes", "no"])
def test_a_resting_order_is_seen_filled_as_maker_and_settles(live, slug, side):
    market(live, slug)
    px = "0.40" if side == "yes" else "0.50"
    o = live.buy(slug, f"20@{px}", side)
    assert o["state"] == "pending"
    want = live.oracle(settled=False)
    assert want["orders"][order_row(live, o["num"])["venue_order_id"]] == (True, 0)
    # the complement takes part of it: minted
    live.mock.ctl("settle", plans=[[["MINED", -1]]])
    live.mock.put(slug, "BUY", "0.60" if side == "yes" else "0.50", "8", outcome=1 if side == "yes" else 0)
    state(live, o["num"], "partial")
    p = wait_for(lambda: position(live, slug, side), what="the position")
    assert p["size"] == "8" and p["unsettled"] == "8"
    refused = live.json("close", p["position"], "--yes", "--live")
    assert refused.code != 0 and refused.error["code"] == "unsettled", refused
    live.mock.ctl("settle", status="CONFIRMED")
    wait_for(lambda: position(live, slug, side)["unsettled"] == "0", what="settlement")
    assert live.cancel(o["num"])
    state(live, o["num"], "cancelled")
    r = live.json("close", position(live, slug, side)["position"], "--yes", "--live")
    assert r.code == 0, r
    wait_for(lambda: position(live, slug, side) is None, what="a closed position")


@pytest.mark.parametrize("words", [("10@0.55",), ("10",), ("10@0.60", "--tif", "ioc"), ("10@0.55", "--tif", "fok"), ("10@0.70", "no"), ("12.34",)])
@pytest.mark.parametrize("kind", ["standard", "neg_risk", "v3"])
def test_orders_that_match_at_once(live, slug, words, kind):
    market(live, slug, neg_risk=kind == "neg_risk", protocol="v2" if kind == "v3" else "v1", fee_rate="0.05")
    o = live.buy(slug, *words, code=None)
    if words == ("12.34",):  # 6.787 of collateral is 6.78: the venue takes whole cents
        assert o.code == 10 and 12.3 < float(live.my_orders()[-1]["filled"]) < 12.34
    else:
        state(live, o["num"], "filled")
    live.oracle()


def test_the_official_client_is_the_other_side(live, slug):
    m, _ = market(live, slug, bid="0.20", ask=None)
    official = Official(live.mock)
    key = "0x" + hashlib.sha256(slug.encode()).hexdigest()
    Signer(live.mock, key, usd="1000")
    official.open("other", key)
    asked = official.op("post", name="other", order={"tokenID": m["tokens"][1], "price": 0.4, "size": 25, "side": "BUY"})
    assert asked["status"] == "live", asked
    wait_for(lambda: live.touch(slug)[1] == 0.6, what="the ask")
    state(live, live.buy(slug, "10@0.60")["num"], "filled")
    rest = live.buy(slug, "10@0.30")
    wait_for(lambda: official.call("other", "getOrderBook", m["tokens"][1])["asks"][-1] == {"price": "0.7", "size": "10"}, what="our order in his book")
    book = {k: [x for x in live.json("book", slug).data if x["side"] == k] for k in ("bid", "ask")}
    official.call("other", "cancelAll")
    wait_for(lambda: live.touch(slug)[1] == 0, what="an empty ask")
    assert [(float(x["price"]), x["size"]) for x in book["ask"] + book["bid"]] == [(0.6, "15"), (0.3, "10"), (0.2, "100")]
    live.cancel(rest["num"])
    official.close()


# --- requests that go wrong: (script, does the venue have the order) ---
POSTS = {
    "accepted, answer lost": (dict(act="close_after"), True),
    "lost on the way": (dict(act="close_before"), False),
    "accepted, 502": (dict(act="answer", after=True, status=502, body="<html>bad gateway</html>"), True),
    "500 and nothing": (dict(act="answer", status=500, body={"error": "could not insert order"}), False),
    "503 and nothing": (dict(act="answer", status=503, body={"error": "Trading is currently disabled. Check polymarket.com for updates"},
                                   headers={"Retry-After": "1"}), False),
    "accepted, truncated JSON": (dict(act="truncate"), True),
    "accepted, cut in the body": (dict(act="truncate", honest=False), True),
    "accepted, said to be a duplicate": (dict(act="answer", after=True, status=400, body={"error": "order 0x1 is invalid. Duplicated."}), True),
    "429": (dict(act="answer", status=429, body={"error": "Too Many Requests"}, headers={"Retry-After": "1"}), False),
    "425": (dict(act="answer", status=425, body={"error": "engine restarting"}, headers={"Retry-After": "1"}), False),
    "403 of the wall": (dict(act="answer", status=403, body="<html><title>Attention Required! | Cloudflare</title></html>"), False),
    "another order's id in the answer": (dict(act="mutate", how={"set": {"orderID": "0x" + "ab" * 32}}), True),
    "an array instead of an object": (dict(act="mutate", how={"wrap": True}), True),
    "answer late, fill first": (dict(act="delay", after=True, ms=700), True),
}


@pytest.mark.parametrize("name", POSTS)
def test_post_goes_wrong(live, slug, name):
    rule, has_it = POSTS[name]
    market(live, slug)
    before = len(live.requests())
    live.mock.ctl("script", match={"method": "POST", "path": "^/orders?$"}, **rule)
    live.order("buy", slug, "10@0.40", code=None)
    num = max(o["order"] for o in live.my_orders() if o["market"] == slug)
    if has_it:
        assert state(live, num, "pending", timeout=30)
        live.mock.put(slug, "SELL", "0.40", "4")
        state(live, num, "partial")
        live.cancel(num)
        state(live, num, "cancelled")
    else:
        assert state(live, num, "failed", "rejected", "cancelled", timeout=40)
    live.oracle(timeout=30)
    bodies = [r["body"] for r in live.requests()[before:]]
    assert len(set(bodies)) <= 1, "sent anew, not asked after"
