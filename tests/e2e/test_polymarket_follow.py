"""Wallets of Polymarket followed by the Data API while paper money trades on its live books: baseline, late rows, several fills of one
transaction, markets nobody had listed, a venue that fails, a restart. Then the tools of the command line against the same venue."""
import hashlib
import os
import pathlib
import signal
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from pm_venue import KEYS, mock_venue  # noqa: E402

from conftest import wait_for  # noqa: E402

TARGET = "0x51d8885e391c92cdad1ee43d9af202436f70b8e4"


def configure(desk, mock, *more):
    path = desk.path / "config" / "turret"
    path.mkdir(parents=True, exist_ok=True)
    keys = {"clob": "clob_url", "gamma": "gamma_url", "data": "data_url", "stream": "stream_url", "geoblock": "geoblock_url"}
    lines = ["[polymarket]"] + [f"{setting} = {mock.urls[key]}" for key, setting in keys.items()] + list(more)
    (path / "turret.conf").write_text("\n".join(lines) + "\n")


@pytest.fixture
def venue():
    with mock_venue() as m:
        m.market("rain-in-may", volume="9000")
        m.quote("rain-in-may", "0.45", "0.55", "1000")
        yield m


def row(mock, slug, outcome=0, side="BUY", size=10.0, price=0.55, ago=0, tx=None, condition=None, **more):
    m = next(x for x in mock.ledger()["markets"] if x["slug"] == slug)
    made = {"proxy_wallet": TARGET, "timestamp": int(time.time()) - ago, "condition_id": condition or m["condition"], "type": "TRADE", "size": size, "usdc_size": size * price,
            "transaction_hash": tx or "0x" + hashlib.sha256(repr((slug, outcome, side, size, price, ago, time.time())).encode()).hexdigest(), "price": price,
            "token_id": m["tokens"][outcome], "side": side, "outcome_index": 999, "title": slug, "slug": slug, "icon": "", "event_slug": "", "outcome": "", "name": "",
            "pseudonym": "", "bio": "", "profile_image": ""}
    return {**made, **more}


def tell(mock, *rows):
    mock.ctl("activity", rows=list(rows))


def follow(desk, *options):
    made = desk.json("copy", "new", TARGET, "--size", 20, "--max-position", 500, "--slippage", 5, *options, "--yes")
    assert made.code == 0, made
    name = made.data["label"]
    assert desk.json("copy", "on", name, "--yes").code == 0
    return name


def history(desk, name, n=0):
    rows = desk.json("copy", "history", name).data
    assert len(rows) >= n, rows
    return rows


def seen(desk, name, n, timeout=30):
    return wait_for(lambda: history(desk, name, n), timeout, what=f"{n} trades of the target")


def listed(desk, slug):
    return [m for m in desk.json("markets").data if m["symbol"].startswith(slug[:30]) and m["bid"]]


def test_a_wallet_is_followed_on_live_books(desk, venue):
    tell(venue, row(venue, "rain-in-may", ago=3600), row(venue, "rain-in-may", outcome=1, ago=50, price=0.5))
    configure(desk, venue)
    desk.run("--feed", "live")
    wait_for(lambda: listed(desk, "rain-in-may"), what="a book")
    name = follow(desk)
    seen(desk, name, 2)
    tx = "0x" + "ab" * 32
    same = row(venue, "rain-in-may", tx=tx, size=8.0)
    tell(venue, same, same, {**same, "size": 9.5}, row(venue, "rain-in-may", condition="0x" + "7" * 62), row(venue, "rain-in-may", proxy_wallet="0x" + "22" * 20))
    rows = seen(desk, name, 5)
    time.sleep(4)  # two more readings change nothing
    rows = history(desk, name)
    assert len(rows) == 5 and len({r["trade"] for r in rows}) == 5, rows
    old = [r for r in rows if r["text"] == "baseline"]
    new = [r for r in rows if r not in old]
    assert len(old) == 2 and all(r["status"] == "skipped" for r in old), rows
    assert len(new) == 3 and all(r["trade"].startswith(tx) for r in new), rows
    done = wait_for(lambda: [r for r in history(desk, name) if r["status"] == "executed" and float(r["total"] or 0) > 0], what="a copy")
    assert done and desk.positions(), rows
    desk.check()


def test_markets_that_nobody_listed_and_a_venue_that_fails(desk, venue):
    venue.market("snow-in-july", volume="1")
    venue.quote("snow-in-july", "0.30", "0.40", "1000")
    configure(desk, venue, "top = 1")
    desk.run("--feed", "live")
    wait_for(lambda: listed(desk, "rain-in-may"), what="a book")
    assert not listed(desk, "snow-in-july")
    name = follow(desk)
    wait_for(lambda: venue.requests(path="/v2/activity"), what="a reading")
    time.sleep(1)
    rule = venue.script("answer", times=2, path="/v2/activity", status=503, body={"error": "upstream", "code": "x", "retryable": True})
    tell(venue, row(venue, "snow-in-july", outcome=1, price=0.70))
    rows = seen(desk, name, 1, timeout=40)
    assert venue.hits(rule) == 2
    assert rows[0]["text"] != "baseline" and rows[0]["side"] == "no" and rows[0]["market"].startswith("snow-in-july"), rows
    wait_for(lambda: listed(desk, "snow-in-july"), what="its book")
    done = wait_for(lambda: [r for r in history(desk, name) if r["status"] != "detected"], what="a decision")
    assert done[0]["status"] == "executed", str(done)
    starts = [r["path"] if "query" not in r else r["query"] for r in venue.requests(path="/v2/activity")]
    assert len(set(map(str, starts))) > len(starts) * 0.8, starts  # answers are cached by URL


def test_trades_of_the_time_between_are_told_after_a_restart(pg_desk, venue):
    desk = pg_desk
    configure(desk, venue)
    desk.run("--feed", "live")
    wait_for(lambda: listed(desk, "rain-in-may"), what="a book")
    name = follow(desk)
    tell(venue, row(venue, "rain-in-may"))
    seen(desk, name, 1)
    os.killpg(desk.engines[-1].pid, signal.SIGKILL)
    desk.engines[-1].wait(20)
    tell(venue, row(venue, "rain-in-may", size=12.0))
    desk.run("--feed", "live")
    rows = seen(desk, name, 2)
    time.sleep(3)
    rows = history(desk, name)
    assert len(rows) == 2 and len({r["trade"] for r in rows}) == 2 and all(r["text"] != "baseline" for r in rows), rows
    desk.check()
