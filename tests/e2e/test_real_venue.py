"""A real venue from the outside: `turret venue`, what real money takes on the command line and over HTTP, accounts by name over restarts, paper on live
books. The venue is the mock."""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from pm_venue import Signer, mock_venue  # noqa: E402

from conftest import Desk, Tmux, wait_for  # noqa: E402



@pytest.fixture(scope="module")
def venue():
    with mock_venue() as m:
        m.ctl("options", mined_ms=30, confirmed_ms=30, cdn=False)
        for i, slug in enumerate(("fed-cut", "btc-150k", "recession")):
            m.market(slug, question=f"Question of {slug}?", volume=str(90000 - i))
            m.quote(slug, bid="0.44", ask="0.48", size="500")
        yield m


@pytest.fixture
def mock(venue):
    before = venue.ctl("options")
    yield venue
    venue.ctl("script", clear=True)
    venue.ctl("options", **before)


class RealDesk(Desk):
    def __init__(self, path, mock, db="memory", **conf):
        super().__init__(path, db=db)
        self.mock, self.secrets = mock, self.data / "secrets"
        self.key = "0x" + hashlib.sha256(str(path).encode()).hexdigest()  # each test has money of its own
        self.wallet = "0x" + hashlib.sha256(self.key.encode()).hexdigest()[:40]
        self.conf(**conf)

    def conf(self, simulation="no", **more):
        u = self.mock.urls
        rows = {"enabled": "yes", "wallet": self.wallet, "top": "10", "clob_url": u["clob"], "gamma_url": u["gamma"], "data_url": u["data"], "stream_url": u["stream"],
                "geoblock_url": u["geoblock"], **more}
        folder = self.path / "config" / "turret"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "turret.conf").write_text(f"[engine]\nsimulation = {simulation}\n[polymarket]\n" + "".join(f"{k} = {v}\n" for k, v in rows.items()))

    def give_key(self):
        self.secrets.mkdir(parents=True, exist_ok=True)
        self.data.chmod(0o700)
        self.secrets.chmod(0o700)
        path = self.secrets / "polymarket-key"
        path.write_text(self.key + "\n")
        path.chmod(0o600)

    def fund(self, usd="1000", **more):
        return Signer(self.mock, self.key, 3, self.wallet, usd=usd, **more)

    def named(self, name):
        return next((a for a in self.json("accounts").data if a["name"] == name), None)

    def wait_account(self, name="main"):
        return wait_for(lambda: self.named(name) and self.named(name)["reconciled"] and self.named(name), what=f"account {name}, reconciled")

    def wait_book(self, symbol, venue="polymarket"):
        return wait_for(lambda: next((m for m in self.json("markets").data if m["symbol"] == symbol and m["venue"] == venue and m["ask"]), None), what=f"the book of {symbol}")


@pytest.fixture
def real(work, mock):
    d = RealDesk(work, mock)
    yield d
    d.close()


# --- turret venue ---
def test_login_stores_the_key_and_checks_everything(real):
    real.fund()
    r = real.cli("venue", "login", "--yes", "--json", input="  " + real.key + " \r\n")
    assert r.code == 0, r
    states = {c["check"]: c["state"] for c in r.data["checks"]}
    assert {"clock", "version", "place", "key", "wallet", "credentials", "access", "balance", "allowances", "orders"} <= set(states)
    assert set(states.values()) <= {"ok", "warn"}
    key = real.secrets / "polymarket-key"
    assert key.stat().st_mode & 0o777 == 0o600 and real.secrets.stat().st_mode & 0o777 == 0o700
    assert key.read_text().strip() == real.key
    assert real.key[2:] not in r.out + r.err
    assert len(list(real.secrets.iterdir())) == 2  # and what was derived from it
    text = real.cli("venue", "test")
    assert text.code == 0 and re.search(r"^ok +clock ", text.out, re.M) and "1000.00 pUSD" in text.out


def test_what_is_no_key_is_not_stored(real):
    for said in ("", "abc", "0x" + "g" * 64, "0x" + "1" * 63, "1" * 65):
        r = real.cli("venue", "login", "--json", input=said + "\n")
        assert r.code == 4 and r.error["code"] == "credentials", (said, r)
    assert not (real.secrets / "polymarket-key").exists()
    r = real.json("venue", "test")
    assert r.code == 4 and "turret venue login" in r.error["msg"]


def test_a_key_that_others_may_read_is_refused(real):
    real.give_key()
    (real.secrets / "polymarket-key").chmod(0o644)
    r = real.json("venue", "accounts")
    assert r.code == 4 and "chmod 600" in r.error["msg"]
    p = subprocess.run(real.args("run", "--headless", "--db", "memory"), env=real.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30, text=True)
    assert p.returncode == 4 and "chmod 600" in p.stderr


def test_the_check_that_fails_is_named_and_the_exit_code_is_its(real, mock):
    mock.ctl("creds", owner=real.fund().address)
    real.give_key()
    mock.ctl("options", blocked=True)
    r = real.json("venue", "test")
    checks = {c["check"]: c for c in r.doc["data"]["checks"]}
    assert r.code == 7 and checks["place"]["code"] == "geoblocked" and checks["balance"]["state"] == "ok", r
    mock.ctl("options", blocked=False, version=3)
    r = real.json("venue", "test")
    checks = {c["check"]: c for c in r.doc["data"]["checks"]}
    assert r.code != 0 and checks["version"]["state"] == "failed" and r.error["code"] == checks["version"]["code"], r
    text = real.cli("venue", "test")
    assert text.code == r.code and re.search(r"^FAILED +version ", text.out, re.M)


def test_accounts_search_and_cancel_all_need_no_engine(real, mock):
    s = real.fund(sets={"fed-cut": "50"})
    s.creds = mock.ctl("creds", owner=s.address)
    real.give_key()
    token = mock.ledger()["markets"][0]["tokens"][0]
    assert s.post(token, "BUY", "0.30", "20")[0] == 200 and s.post(token, "BUY", "0.31", "10")[0] == 200
    r = real.json("venue", "accounts", "polymarket")
    assert r.code == 0, r
    assert r.data["balance"] == "1000" and r.data["open_orders"] == 2 and r.data["in_orders"] == "9.1" and r.data["signature_type"] == "deposit"
    assert any(p["market"] == "fed-cut" and p["size"] == "50" for p in r.data["positions"])
    found = real.json("venue", "search", "btc")
    assert [m["slug"] for m in found.data["markets"]] == ["btc-150k"] and found.data["markets"][0]["ask"] == "0.48"
    assert real.cli("venue", "search", "nothing", "like", "it").code == 8
    assert real.cli("venue", "cancel-all").code == 2  # nobody to ask
    r = real.cli("venue", "cancel-all", "--yes")
    assert r.code == 0 and "2 cancelled" in r.out, r
    assert s.orders() == []


def test_words_of_venue(real):
    assert real.cli("venue").code == 2
    assert real.cli("venue", "login", "elsewhere").code == 2
    assert "usage" in real.cli("venue", "nonsense").err


# --- real money on the command line ---
def test_real_money_takes_three_words(real):
    real.fund()
    real.give_key()
    real.run()
    real.wait_account()
    real.wait_book("fed-cut")
    buy = ("buy", "fed-cut", "10@0.40", "--account", "main")
    r = real.json(*buy, "--yes", "--live")
    assert r.code == 7 and r.error["code"] == "not_live", r  # watched, and no more
    assert real.json("live", "main").code == 2
    assert real.json("live", "main", "--yes").code == 2
    assert real.json("live", "MAIN", "--yes", "--live").code == 2  # in full
    assert real.json("live", "paper", "--yes", "--live").error["code"] == "unsupported"
    assert real.json("live", "main", "--yes", "--live").code == 0
    assert real.named("main")["may_trade"] is True
    assert real.json(*buy).code == 2
    r = real.json(*buy, "--yes")
    assert r.code == 2 and "--live" in r.error["msg"], r
    r = real.json(*buy, "--yes", "--live")
    assert r.code == 0, r
    num = r.data["num"]
    assert real.json("buy", "polymarket:fed-cut", "10@0.40", "--yes").error["code"] == "usage"  # the first account is paper: not turned into real money
    wait_for(lambda: next(o for o in real.orders() if o["order"] == num)["state"] == "pending", what="the order")
    assert real.json("amend", num, "@0.39", "--yes").code == 2
    assert real.json("cancel", num, "--yes").code == 0  # never made harder
    r = real.json("live", "main", "off", "--yes")
    assert r.code == 0 and real.named("main")["may_trade"] is False
    row = next(o for o in real.json("orders", "--all").data if o["order"] == num)
    assert row["mode"] == "live" and row["account"] == "main"


def test_simulation_forbids_all_of_it(work, mock):
    d = RealDesk(work, mock, simulation="yes")
    d.fund()
    d.give_key()
    d.run()
    d.wait_account()
    r = d.json("live", "main", "--yes", "--live")
    assert r.code == 7 and r.error["code"] == "simulation_only", r
    d.close()


def test_over_http_it_is_a_field(real):
    real.fund()
    real.give_key()
    real.run("--http", "127.0.0.1:0")
    real.wait_account()
    real.wait_book("fed-cut")
    assert real.json("live", "main", "--yes", "--live").code == 0
    address = re.search(r"http://(127\.0\.0\.1:\d+)", open(real.engines[-1].log).read()).group(1)
    token = (real.data / "api-token").read_text().strip()

    def post(**doc):
        body = {"market": "polymarket:fed-cut", "side": "yes", "type": "limit", "price": "0.30", "quantity": "10", "account": "main", **doc}
        rq = urllib.request.Request(f"http://{address}/api/v1/trading/order", data=json.dumps(body).encode(),
                                    headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(rq, timeout=20) as a:
                return a.status, json.loads(a.read())
        except urllib.error.HTTPError as e:
            return e.code, json.loads(e.read())
    status, doc = post()
    assert status == 400 and "live" in json.dumps(doc), doc
    status, doc = post(live=True)
    assert status in (200, 201), doc
    assert real.json("cancel-all", "--yes").code == 0


# --- accounts over restarts ---
def test_going_live_survives_a_restart_and_goes_by_name(work, mock):
    d = RealDesk(work, mock, db="")
    d.fund()
    d.give_key()
    d.run()
    d.wait_account()
    assert d.json("live", "main", "--yes", "--live").code == 0
    assert d.stop().code == 0
    d.run()
    d.wait_account()
    assert d.named("main")["may_trade"] is True
    assert d.stop().code == 0
    d.conf(account="second")
    d.run(wait=False)
    d.wait_account("second")
    assert d.named("second")["may_trade"] is False and d.named("second")["mode"] == "live"  # another name is another account
    assert d.named("main") is not None  # its rows stay
    r = d.json("buy", "FED", "1", "--yes")
    assert r.code in (0, 6, 7, 8), r  # and paper goes on
    d.close()


def test_a_venue_that_is_away_does_not_hold_up_paper(work, mock):
    d = RealDesk(work, mock, clob_url="http://127.0.0.1:9", gamma_url="http://127.0.0.1:9", stream_url="ws://127.0.0.1:9/ws")
    d.give_key()
    d.run(wait=False)
    wait_for(lambda: d.json("status").code == 0, 30, what="an answer")
    market = d.live_market()
    r = d.json("buy", market["symbol"], "10", "--yes")
    assert r.code == 0, r
    row = wait_for(lambda: next(v for v in d.json("venues").data if v["venue"] == "polymarket"), what="the venue")
    assert row["state"] == "down", row
    d.close()


# --- paper on live books ---
def test_paper_on_live_books_sends_nothing(real, mock):
    real.conf(enabled="no")
    seen = len(mock.requests(host="clob", method="^(POST|DELETE)$", path="^/(order|orders|cancel|auth)"))
    real.run("--feed", "live")
    real.wait_book("btc-150k", "sim")
    r = real.json("buy", "btc-150k", "20@0.48", "--yes")
    assert r.code == 0, r
    fill = wait_for(lambda: real.fills(), what="a fill")[0]
    assert fill["price"] == "0.48" and fill["size"] == "20" and fill["account"] == "paper" and fill["mode"] == "paper"
    assert len(mock.requests(host="clob", method="^(POST|DELETE)$", path="^/(order|orders|cancel|auth)")) == seen
    mock.market("late-one", volume="1")
    mock.quote("late-one", bid="0.2", ask="0.3", size="50")
    assert real.json("list", "late-one").code == 0
    real.wait_book("late-one", "sim")
    assert [a["mode"] for a in real.json("accounts").data] == ["paper"]
    assert real.cli("run", "--feed", "live", "--speed", "2").code == 2


# --- the screen ---
def test_going_live_on_a_screen(real):
    real.fund()
    real.give_key()
    real.run()
    real.wait_account()
    real.wait_book("fed-cut")
    t = Tmux(real, (120, 40))

    def slowly(*keys):
        for k in keys:
            time.sleep(0.25)
            t.keys(k)
    try:
        t.start("attach")
        t.wait("PAPER")
        t.keys("a")
        t.wait("Polymarket/main")
        t.keys("j")
        t.keys("Enter")
        screen = t.wait("exits only")
        assert "LIVE" in screen and "╔" in screen and "┏" not in screen
        t.type(":live main")
        t.keys("Enter")
        t.wait("Type the account's name")
        slowly("y", "Enter")
        t.wait("not the account's name")
        slowly(*"main", "Enter")
        wait_for(lambda: real.named("main")["may_trade"], what="a live account")
        t.wait("is LIVE")
        t.type(":buy fed-cut 10@0.40")
        t.keys("Enter")
        t.wait("LIVE · Polymarket/main · REAL MONEY")
        t.keys("n")
        assert real.orders() == []
        t.type(":buy fed-cut 10@0.40")
        t.keys("Enter")
        t.wait("REAL MONEY")
        wait_for(lambda: t.keys("y") or real.orders(), every=0.5, what="the order")
        assert len(real.orders()) == 1 and real.orders()[0]["account"] == "main"
    finally:
        t.close()
    assert os.path.exists(real.data)
