"""Market data of Polymarket without a key: the desk's books are the mock's, whatever happens on the way. Paper accounts trade on them."""
import pathlib
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from pm_venue import mock_venue  # noqa: E402

from conftest import Desk, wait_for  # noqa: E402

SLUGS = ("rain", "snow", "a-market-with-a-name-much-longer-than-a-symbol-of-the-desk-may-be")


@pytest.fixture
def mock():
    with mock_venue() as m:
        for i, slug in enumerate(SLUGS):
            m.market(slug, volume=str(9000 - i), fee_rate="0.05", tags=["weather", "all"])
            m.quote(slug, bid="0.44", ask="0.48", size="500")
            m.put(slug, "BUY", "0.40", "70")
        yield m


class LiveDesk(Desk):
    def __init__(self, path, mock, **conf):
        super().__init__(path)
        self.mock = mock
        self.conf_again(**conf)

    def conf_again(self, **conf):
        u = self.mock.urls
        rows = {"top": "2", "clob_url": u["clob"], "gamma_url": u["gamma"], "data_url": u["data"], "stream_url": u["stream"], "geoblock_url": u["geoblock"], **conf}
        folder = self.path / "config" / "turret"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "turret.conf").write_text("[polymarket]\n" + "".join(f"{k} = {v}\n" for k, v in rows.items()))

    def book(self, symbol):
        rows = [(x["side"], float(x["price"]), float(x["size"])) for x in self.json("book", symbol, "1000").data]
        return [[r[1:] for r in rows if r[0] == "bid"], [r[1:] for r in reversed(rows) if r[0] == "ask"]]

    def theirs(self, slug):
        doc = next(m for m in self.mock.ledger()["markets"] if m["slug"] == slug)["books"][0]
        return [[(float(x["price"]), float(x["size"])) for x in reversed(doc[side])] for side in ("bids", "asks")]

    def row(self, symbol):
        return next((m for m in self.json("markets").data if m["symbol"] == symbol), None)

    def same(self, symbol, slug=None, timeout=30):
        def agree():
            row = self.row(symbol)
            assert row and not row["stale"], row
            assert self.book(symbol) == self.theirs(slug or symbol)
            return True
        wait_for(agree, timeout, 0.1, what=f"the same book of {symbol}")


@pytest.fixture
def desk(work, mock):
    d = LiveDesk(work, mock)
    yield d
    d.close()


def test_books_follow(desk, mock):
    desk.run("--feed", "live")
    desk.same("rain")
    desk.same("snow")
    mock.put("rain", "SELL", "0.47", "33.33")
    mock.put("rain", "BUY", "0.39", "12.5", outcome=1)  # of NO: 0.61 of YES
    mock.put("rain", "SELL", "0.40", "100")  # trades
    desk.same("rain")
    assert wait_for(lambda: desk.json("trades", "rain").data, what="the trade")[0]["price"] == "0.44"
    assert desk.row(SLUGS[2][:38]) is None  # below the top two
    assert desk.json("list", SLUGS[2]).code == 0
    row = wait_for(lambda: next((m for m in desk.json("markets").data if m["symbol"].startswith(SLUGS[2][:38])), None), what="a market that was asked for")
    assert len(row["symbol"]) == 47 and row["category"] == "weather"
    desk.same(row["symbol"], SLUGS[2])


def test_the_new_protocol(desk, mock):
    """PolyV2: position ids, condition ids of 62 digits at one interface and 64 at the others."""
    m = mock.market("new-rain", protocol="v2", volume="99999", fee_rate="0.07")
    mock.quote("new-rain", bid="0.30", ask="0.35")
    assert len(m["condition"]) == 66
    desk.run("--feed", "live")
    desk.same("new-rain")
    mock.put("new-rain", "BUY", "0.60", "8", outcome=1)
    desk.same("new-rain")
    mock.market("by-id", protocol="v2", volume="1")
    mock.quote("by-id")
    assert desk.json("list", next(x for x in mock.ledger()["markets"] if x["slug"] == "by-id")["condition"]).code == 0
    desk.same("by-id")
    mock.ctl("options", no_resolved_event=True)
    assert desk.json("buy", "new-rain", "10@0.35", "--yes").code == 0
    mock.ctl("options", no_resolved_event=False)
    mock.ctl("resolve", market="new-rain", winner=1)
    wait_for(lambda: desk.row("new-rain")["status"] == "resolved", what="the end")


def test_tick_and_end_of_a_market(desk, mock):
    desk.run("--feed", "live")
    desk.same("rain")
    r = desk.json("buy", "rain", "20@0.48", "--yes")
    assert r.code == 0, r
    mock.ctl("tick", market="rain", tick="0.001")
    mock.put("rain", "BUY", "0.445", "9")
    desk.same("rain")
    wait_for(lambda: desk.json("buy", "rain", "10@0.445", "--yes").code == 0, what="an order on the new grid")
    assert desk.json("buy", "snow", "10@0.445", "--yes").error["code"] == "tick_size"
    mock.ctl("options", no_resolved_event=True)  # nobody tells: it is asked for
    mock.ctl("resolve", market="snow", winner=1)
    mock.ctl("options", no_resolved_event=False)
    mock.ctl("resolve", market="rain", winner=0)
    wait_for(lambda: desk.row("rain")["status"] == "resolved", what="the end")
    fills = wait_for(lambda: [f for f in desk.json("fills").data if f["kind"] == "settlement"], what="what is paid")
    assert fills[0]["price"] == "1" and fills[0]["size"] == "20"


@pytest.mark.parametrize("rule", [
    {"act": "drop", "event": "price_change", "times": 2},
    {"act": "duplicate", "event": "price_change", "times": 3},
    {"act": "hold", "event": "price_change", "times": 1},
    {"act": "replay", "event": "price_change", "times": 1},
    {"act": "close", "event": "price_change", "times": 1},
    {"act": "delay", "event": "price_change", "times": 1, "ms": 1500},
    {"act": "mutate", "event": "price_change", "times": 1, "how": {"drop": ["size"]}},
    {"act": "mutate", "event": "price_change", "times": 1, "how": {"set": {"price": "7"}}},
    {"act": "mutate", "event": "price_change", "times": 2, "how": {"numbers": True}},
    {"act": "mutate", "event": "price_change", "times": 1, "raw": "{\"event_type\":\"price_change\",\"price_changes\":[{", "how": {}},
    {"act": "silence", "event": "price_change", "times": 1},
], ids=lambda r: r["act"] + ("-" + "-".join(r.get("how", {})) if r["act"] == "mutate" else ""))
def test_a_stream_that_lies(desk, mock, rule):
    desk.run("--feed", "live")
    desk.same("rain")
    mock.script(stream="market", **rule)
    for px in ("0.41", "0.42", "0.43"):
        mock.put("rain", "BUY", px, "11")
    time.sleep(0.3)
    mock.put("rain", "SELL", "0.47", "15")
    desk.same("rain", timeout=60)
    desk.same("snow", timeout=60)


def test_the_line_is_cut_and_the_listing_fails(desk, mock):
    mock.script("answer", times=2, host="gamma", path="keyset", status=503, body="")
    mock.script("truncate", times=1, host="gamma", path="keyset")
    desk.run("--feed", "live")
    desk.same("rain", timeout=60)
    mock.script("refuse", times=2, stream="market")
    mock.script("close", times=1, stream="market", event="price_change")
    mock.put("rain", "BUY", "0.43", "11")
    wait_for(lambda: desk.json("buy", "rain", "10@0.30", "--yes").error["code"] == "stale_book", 5, 0.02, what="a gap")
    desk.same("rain", timeout=60)


def test_words_choose_what_is_listed(work, mock):
    for i, (slug, tag) in enumerate((("fed-may", "economy"), ("fed-june", "economy"), ("the-cup", "sports"))):
        mock.market(slug, tags=["all", tag], volume=str(i))
        mock.quote(slug)
    d = LiveDesk(work, mock, top="0", markets="tag:economy, the-cup, search:snow")
    try:
        d.run("--feed", "live")
        want = {"fed-may", "fed-june", "the-cup", "snow"}
        wait_for(lambda: {m["symbol"] for m in d.json("markets").data} == want, what="the markets that were named")
        assert {m["symbol"]: m["category"] for m in d.json("markets").data}["the-cup"] == "sports"
        mock.market("fed-july", tags=["economy"])  # a new one of a tag that is wanted
        mock.quote("fed-july")
        d.same("fed-july")
    finally:
        d.close()


def test_a_busy_venue_with_faults_ends_equal(desk, mock):
    """A crowd trades, the stream and the listings are spoilt at random; when it is quiet again every book is the venue's."""
    desk.conf_again(top="20")
    for i in range(12):
        mock.market(f"busy-{i}", volume="50000", fee_rate="0.04", neg_risk=i % 2)
        mock.quote(f"busy-{i}", size="40")
    desk.run("--feed", "live")
    for i in range(12):
        desk.same(f"busy-{i}", timeout=60)
    mock.ctl("background", markets=[f"busy-{i}" for i in range(12)], rate=12, seed=7)
    for act, more in (("drop", {}), ("duplicate", {}), ("hold", {}), ("delay", {"ms": 700}), ("mutate", {"how": {"drop": ["side"]}}), ("close", {}), ("mutate", {"how": {"numbers": True}})):
        mock.script(act, stream="market", times=2, skip=25, **more)
        time.sleep(1.2)
    mock.ctl("tick", market="busy-3", tick="0.001")
    mock.script("blackhole_after", host="clob", path="^/books", times=1)
    mock.script("answer", host="clob", path="^/books", times=2, status=429, headers={"Retry-After": "1"}, body="")
    time.sleep(3)
    mock.ctl("background", on=False)
    mock.ctl("script", clear=True)
    for i in range(12):
        desk.same(f"busy-{i}", timeout=90)
    assert desk.row("busy-3")["status"] == "open"
    log = (desk.data / "turret.log").read_text()
    assert "runtime error" not in log


def test_a_wallet_is_copied_on_paper(desk, mock):
    """Who trades on the real venue is followed by a paper account on its live books; what was before is history."""
    target = "0x" + "7a" * 20
    mock.ctl("wallet", address=target, usd="1000")
    mock.ctl("options", cdn=False)
    mock.put("rain", "BUY", "0.48", "30", wallet=target)
    desk.run("--feed", "live")
    desk.same("rain")
    r = desk.json("copy", "new", target, "--percent", "50", "--max-position", "500", "--slippage", "10", "--yes")
    assert r.code == 0, r
    name = r.data["label"]
    assert desk.json("copy", "on", name, "--yes").code == 0
    wait_for(lambda: desk.json("copy", "history", name).data, 30, what="the baseline")
    mock.put("snow", "BUY", "0.48", "40", wallet=target)
    fill = wait_for(lambda: desk.json("fills").data, 60, what="a copied fill")[0]
    assert fill["market"] == "snow" and 15 < float(fill["size"]) <= 20 and fill["price"] == "0.48", fill
    assert len(desk.json("positions").data) == 1
