"""Killed at each point between intent, commit, send, answer and fill with a live account; database and network cut; a second desk; bad
certificates. The next start converges: nothing sent twice, nothing lost."""
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from fault_proxy import Faults, FaultProxy, Script  # noqa: E402
from pm_desk import LiveDesk  # noqa: E402
from pm_venue import mock_venue  # noqa: E402

from conftest import wait_for  # noqa: E402


@pytest.fixture(scope="module")
def venue():
    with mock_venue() as m:
        m.ctl("options", mined_ms=50, confirmed_ms=50, cdn=False)
        yield m


@pytest.fixture
def make(venue, work):
    """A live desk with one market of a quoted book; not started."""
    made = []

    def build(**more):
        slug = "k" + os.urandom(4).hex()
        key = "0x" + os.urandom(32).hex()
        d = LiveDesk(work, venue, key=key, wallet="0x" + os.urandom(20).hex(), markets=slug, top="0", **more)
        venue.market(slug)
        venue.quote(slug, bid="0.30")
        d.slug = slug
        made.append(d)
        return d
    yield build
    venue.ctl("script", clear=True)
    for d in made:
        d.close()


def settled(desk):
    rows = desk.my_orders()
    assert not [r for r in rows if r["outcome_unknown"] or r["state"] == "created"], rows
    return rows or [None]


def start(desk, *words, **kw):
    p = desk.run("--seed", 5, *words, **kw)
    if kw.get("wait", True):
        desk.listed(desk.slug)
        desk.ready()
    return p


POINTS = ["intent-save", "intent-committed", "before-send", "after-send", "ack-received", "fill-received", "fill-save"]


@pytest.mark.parametrize("price", ["0.40", "0.55"])
@pytest.mark.parametrize("point", POINTS)
def test_killed_while_buying(make, point, price):
    if price == "0.40" and point.startswith("fill"):
        pytest.skip("no fill")
    desk = make()
    engine = start(desk)
    desk.go_live()
    desk.stop()
    engine.wait(20)
    engine = start(desk, "--crash-point", f"{point}:1")
    desk.order("buy", desk.slug, f"10@{price}", code=None)
    assert engine.wait(20) == -signal.SIGKILL
    start(desk)
    wait_for(lambda: settled(desk), 40, what="every order settled")
    desk.oracle(timeout=30)
    posts = [r["body"] for r in desk.requests() if desk.me.address[2:].lower() in r["body"].lower() or desk.wallet[2:] in r["body"].lower()]
    assert len(posts) <= 1, "sent twice"
    if point in ("intent-save", "intent-committed", "before-send"):
        assert posts == []


@pytest.mark.parametrize("act", ["close_after", "blackhole_after"])
def test_killed_between_request_and_answer(make, venue, act):
    """The order lives at the venue, its answer never came: after the start it is known by its digest."""
    desk = make()
    engine = start(desk)
    desk.go_live()
    venue.script("blackhole_after", method="POST", path="^/orders?$", body=desk.wallet[2:8])
    p = subprocess.Popen(desk.args("buy", desk.slug, "10@0.40", "--account", desk.name, "--yes", "--live", "--json"), env=desk.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: [o for o in venue.ledger(desk.wallet)["orders"]], what="the order at the venue")
    engine.kill()
    engine.wait()
    p.wait(30)
    start(desk)
    row = wait_for(lambda: next((o for o in desk.my_orders() if o["state"] == "pending"), None), 30, what="the order adopted")
    assert row["venue_order_id"] == venue.ledger(desk.wallet)["orders"][0]["id"] and row["source"] != "external"
    desk.oracle()


@pytest.mark.parametrize("point", ["before-cancel", "after-cancel"])
def test_killed_while_cancelling(make, point):
    desk = make()
    engine = start(desk, "--crash-point", f"{point}:1")
    desk.go_live()
    o = desk.buy(desk.slug, "10@0.40")
    desk.cancel(o["num"], code=None)
    assert engine.wait(20) == -signal.SIGKILL
    start(desk)
    wait_for(lambda: settled(desk), 40, what="every order settled")
    desk.oracle(timeout=30)


def test_filled_while_away_and_started_again_and_again(make, venue):
    desk = make()
    engine = start(desk)
    desk.go_live()
    o = desk.buy(desk.slug, "20@0.40")
    engine.kill()
    engine.wait()
    venue.put(desk.slug, "SELL", "0.40", "8")
    for point in ("loaded", "reconcile", "reconciling"):
        p = desk.run("--seed", 5, "--crash-point", f"{point}:1", wait=False)
        assert p.wait(30) == -signal.SIGKILL
    start(desk)
    want = desk.oracle(timeout=30)
    assert len(want["fills"]) == 1
    row = next(x for x in desk.my_orders() if x["order"] == o["num"])
    assert row["filled"] == "8" and row["state"] == "partial"


def test_stopped_in_order_keeps_its_orders_at_the_venue(make, venue):
    desk = make()
    engine = start(desk)
    desk.go_live()
    desk.buy(desk.slug, "20@0.40")
    assert desk.stop().code == 0 and engine.wait(20) == 0
    assert [o["status"] for o in venue.ledger(desk.wallet)["orders"]] == ["LIVE"]
    start(desk)
    assert desk.account()["may_trade"] in (True, "live", "yes")
    desk.oracle()


def test_the_line_is_cut_and_heals(make, venue):
    port = int(venue.clob.rsplit(":", 1)[1])
    with FaultProxy(("127.0.0.1", port)) as proxy:
        desk = make(proxies={"clob": proxy.port, "stream": proxy.port})
        start(desk)
        desk.go_live()
        o = desk.buy(desk.slug, "20@0.40")
        proxy.refuse(True)
        proxy.sever()
        venue.put(desk.slug, "SELL", "0.40", "8")
        desk.order("buy", desk.slug, "10@0.41", code=None)
        time.sleep(1)
        proxy.refuse(False)
        wait_for(lambda: next(x for x in desk.my_orders() if x["order"] == o["num"])["filled"] == "8", 60, what="the fill of the gap")
        wait_for(lambda: settled(desk), 60, what="every order settled")
        desk.oracle(timeout=30)


@pytest.mark.parametrize("cut", [1, 17, 60, 150, 400])
def test_the_answer_of_an_order_is_cut(make, venue, cut):
    port = int(venue.clob.rsplit(":", 1)[1])
    with FaultProxy(("127.0.0.1", port)) as proxy:
        desk = make(proxies={"clob": proxy.port})
        start(desk)
        desk.go_live()
        proxy.script(Script(down=Faults(cut_at=cut)))
        proxy.sever()
        desk.order("buy", desk.slug, "10@0.40", code=None)
        wait_for(lambda: settled(desk), 60, what="every order settled")
        desk.oracle(timeout=30)
