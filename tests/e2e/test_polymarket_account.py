"""The account's side of Polymarket with the real engine against the mock: fills that settle or fail while streams spoil, the engine is killed and
lists come in small pages; both sides of a market, claims, what another hand did. The venue's ledger and the database agree in the end."""
import itertools
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from pm_desk import LiveDesk  # noqa: E402
from pm_venue import mock_venue  # noqa: E402

from conftest import wait_for  # noqa: E402

COUNT = itertools.count()


@pytest.fixture(scope="module")
def venue():
    with mock_venue() as m:
        m.ctl("options", mined_ms=50, confirmed_ms=50)
        yield m


@pytest.fixture
def make(venue, request):
    """A live desk with a wallet of its own, not started; its markets are quoted."""
    made = []

    def one(*slugs, **kw):
        n = next(COUNT)
        path = pathlib.Path(tempfile.mkdtemp(prefix="turret-e2e-"))
        path.chmod(0o755)
        d = LiveDesk(path, venue, key=f"0x{0xacc0000 + n:064x}", wallet=f"0x{0xacc0000 + n:040x}", usd="1000", **kw)
        made.append(d)
        for s in slugs:
            venue.market(s, volume="900000", fee_rate="0.05")
            venue.quote(s, "0.45", "0.55", "1000")
        return d
    before = venue.ctl("options")
    yield one
    venue.ctl("script", clear=True)
    venue.ctl("options", **before)
    for d in made:
        d.close()
        shutil.rmtree(d.path, ignore_errors=True)


def account(d):
    return next(a for a in d.json("accounts").data if a["name"] == d.name)


def start(d, *slugs, live=True):
    d.run("--seed", 5)
    if live:
        d.go_live()
    for s in slugs:
        d.listed(s)
        wait_for(lambda s=s: d.listed(s)["ask"] and d.listed(s)["bid"], what="a book")
    wait_for(lambda: account(d)["reconciled"], what="reconciliation")


def kill(d):
    p = d.engines[-1]
    p.send_signal(signal.SIGKILL)
    p.wait()


def slugs(n):
    return [f"acc-{next(COUNT)}" for _ in range(n)]


def held(d, slug):
    return {(p["side"], p["size"]) for p in d.mine(d.json("positions").data) if p["market"] == slug}


def differences(d):
    """What reconciliation had to put right."""
    return d.query("SELECT * FROM orders WHERE source = 'reconcile' AND num > 1") + d.query("SELECT * FROM ledger WHERE kind = 'adjustment'")


def test_yes_and_no_are_two_positions(make, venue):
    (slug,) = slugs(1)
    d = make(slug)
    start(d, slug)
    d.buy(slug, "10@0.55")
    d.order("buy", slug, "8@0.56", "no")
    wait_for(lambda: held(d, slug) == {("yes", "10"), ("no", "8")}, what="both sides")
    d.oracle()
    kill(d)
    start(d, slug, live=False)
    assert held(d, slug) == {("yes", "10"), ("no", "8")}
    d.oracle()
    assert not differences(d)


def test_holdings_and_orders_that_were_there_are_taken_over(make, venue):
    a, b = slugs(2)
    d = make(a, b)
    venue.ctl("wallet", address=d.wallet, sets={a: "20"})
    theirs = venue.ctl("order", wallet=d.wallet, market=a, outcome=1, side="SELL", price="0.70", size="10")["id"]
    bid = venue.ctl("order", wallet=d.wallet, market=b, outcome=0, side="BUY", price="0.50", size="50")["id"]
    start(d, a, b)
    assert held(d, a) == {("yes", "20"), ("no", "20")}
    rows = {o["venue_order_id"]: o for o in d.my_orders()}
    assert {theirs, bid} <= set(rows) and rows[theirs]["source"] == "external"
    venue.put(b, "SELL", "0.50", "20")  # fills of an order of another hand are booked, the rest stays
    wait_for(lambda: held(d, b) == {("yes", "20")}, what="a fill of it")
    d.oracle()
    kill(d)
    venue.put(b, "SELL", "0.50", "10")
    venue.ctl("cancel", ids=[theirs])
    start(d, a, b, live=False)
    wait_for(lambda: held(d, b) == {("yes", "30")}, what="what it filled meanwhile")
    d.oracle()


def test_an_order_of_the_website_appears_at_once(make, venue):
    (slug,) = slugs(1)
    d = make(slug)
    start(d, slug)
    ident = venue.ctl("order", wallet=d.wallet, market=slug, outcome=0, side="BUY", price="0.40", size="30")["id"]
    row = wait_for(lambda: next((o for o in d.my_orders() if o["venue_order_id"] == ident), None), 5, what="the order")
    assert row["source"] == "external" and row["state"] == "pending"
    d.json("cancel", row["order"], "--yes", "--live")
    wait_for(lambda: next(o for o in d.my_orders() if o["order"] == row["order"])["state"] == "cancelled", what="its end")
    d.oracle()


@pytest.mark.parametrize("winner, kind", [(0, "won"), (1, "lost"), (None, "void")])
def test_a_resolved_market_is_settled_when_it_is_claimed(make, venue, winner, kind):
    (slug,) = slugs(1)
    d = make(slug)
    start(d, slug)
    d.buy(slug, "10@0.55")
    wait_for(lambda: held(d, slug) == {("yes", "10")}, what="a position")
    d.oracle()
    venue.ctl("resolve", market=slug, winner=winner)
    if kind == "void":  # no event tells of it: found at a start, else by asking after closed markets now and then
        kill(d)
        start(d, live=False)
    wait_for(lambda: d.listed(slug)["status"] == "resolved", 30, what="resolution")
    def settled():
        rows = d.query("SELECT price, quantity FROM fills WHERE kind = 'settlement'")
        return rows and [(float(r["price"]), float(r["quantity"])) for r in rows]
    if kind == "lost":
        assert wait_for(settled, 30, what="settlement") == [(0.0, 10.0)]
        assert held(d, slug) == set()
    else:
        pays = 1.0 if kind == "won" else 0.5
        claimable = lambda: float(account(d)["claimable"]) == 10 * pays  # noqa: E731
        wait_for(claimable, 30, what="a claim")
        assert held(d, slug) == {("yes", "10")}
        kill(d)
        start(d, live=False)
        wait_for(claimable, 30, what="the claim after a restart")
        venue.ctl("redeem", wallet=d.wallet, market=slug)
        if kind == "won":  # while it was away; else while it looks
            kill(d)
            start(d, live=False)
        assert wait_for(settled, 60, what="settlement") == [(pays, 10.0)]
        assert held(d, slug) == set() and float(account(d)["claimable"]) == 0
    kill(d)
    start(d, live=False)
    assert len(settled()) == 1
    assert not differences(d)


def take(venue, slug, r):
    """Somebody hits what rests here, with the same token or the other."""
    side, price = r.choice([("SELL", "0.46"), ("BUY", "0.54")])
    try:
        venue.put(slug, side, price, str(r.randint(5, 20)), type="FAK", outcome=r.choice([0, 1]))
    except AssertionError as e:
        assert "no orders found" in str(e), e


def spoil(venue, r):
    """Something that goes wrong with the stream or the lists."""
    kind = r.choice(["duplicate", "drop", "hold", "replay", "page", "numbers", "extra", "bare", "close"])
    if kind in ("duplicate", "drop", "hold", "replay"):
        venue.ctl("script", match={"stream": "user"}, act=kind, times=r.randint(1, 3))
    elif kind == "close":
        venue.ctl("script", match={"stream": "user"}, act="close")
    elif kind == "page":
        venue.ctl("options", page=r.choice([1, 2, 3, 100]))
    else:
        how = {"numbers": {"numbers": True}, "extra": {"extra": True}, "bare": {"bare_point": True}}[kind]
        venue.ctl("script", match={"host": "clob", "method": "^GET$", "path": "^/data/|^/balance"}, act="mutate", how=how, times=r.randint(1, 4))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_everything_at_once_and_killed(make, venue, seed):
    """Orders, makers on either token, trades that fail or are retried, spoilt streams and lists, and the engine killed again and again."""
    r, names = random.Random(seed), slugs(2)
    d = make(*names)
    start(d, *names)
    plans = [[["MINED", 50], ["CONFIRMED", 50]], [["RETRYING", 50], ["FAILED", 300]], [["RETRYING", 50], ["MINED", 100], ["CONFIRMED", 100]], [["FAILED", 400]]]
    for step in range(25):
        s, side = r.choice(names), r.choice(["yes", "no"])
        venue.ctl("settle", plans=[r.choice(plans)])
        what = r.random()
        if what < 0.35:
            d.order("buy", s, f"{r.randint(5, 12)}@0.{r.choice([55, 56])}", side, code=None)
        elif what < 0.6:
            d.order("buy", s, f"{r.randint(5, 12)}@0.{r.randint(46, 53)}", side, code=None)
        elif what < 0.75:
            take(venue, s, r)
        elif what < 0.85:
            rows = [o for o in d.my_orders() if o["state"] in ("pending", "partial")]
            if rows:
                d.json("cancel", r.choice(rows)["order"], "--yes", "--live")
        elif what < 0.93:
            spoil(venue, r)
        else:
            kill(d)
            if r.random() < 0.7:
                take(venue, s, r)
            start(d, live=False)
    venue.ctl("script", clear=True)
    venue.ctl("options", page=100)
    venue.ctl("settle", plans=[])
    for o in d.my_orders():
        if o["state"] in ("created", "pending", "partial"):
            d.json("cancel", o["order"], "--yes", "--live")
    d.oracle(timeout=45)
    kill(d)
    start(d, live=False)
    d.oracle(timeout=45)
    assert not differences(d)  # all of it by fills, nothing put right afterwards
