"""The order API over HTTP: every route, the command line's codes, one order a clientId, and clients that mean harm."""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import wait_for
from test_database import children_of, shared  # noqa: F401 (a fixture)
from test_router import SECOND, house, links

JSON = {"Content-Type": "application/json"}


class Api:
    """A client of one desk's order API."""

    def __init__(self, desk, *words, env=None, wait=True):
        desk.env.update(env or {})
        self.desk = desk
        self.engine = desk.run("--seed", 5, "--http", "127.0.0.1:0", *words, wait=wait)
        self.host, self.port = "127.0.0.1", int(wait_for(lambda: re.search(r"http://127\.0\.0\.1:(\d+)", open(self.engine.log).read()), what="the address").group(1))
        self.token = (desk.data / "api-token").read_text().strip()

    @property
    def auth(self):
        return {"Authorization": f"Bearer {self.token}"}

    def call(self, method, path, body=None, headers=None, auth=True, timeout=15):
        c = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        h = {**(self.auth if auth else {}), **(JSON if body is not None else {}), **(headers or {})}
        c.request(method, f"/api/v1/{path}", body if body is None or isinstance(body, (bytes, str)) else json.dumps(body), h)
        r = c.getresponse()
        text = r.read()
        c.close()
        return r.status, json.loads(text), r

    def get(self, path, **kw):
        status, doc, _ = self.call("GET", path, **kw)
        assert status == 200, (status, doc)
        return doc

    def order(self, **fields):
        status, doc, _ = self.call("POST", "trading/order", fields)
        return status, doc

    def bought(self, **fields):
        status, doc = self.order(**fields)
        assert status == 201, doc
        return doc

    def open(self):
        s = socket.create_connection((self.host, self.port), 15)
        return s

    def raw(self, data, timeout=15):
        """What the server says to these bytes until it closes or stays silent."""
        s = self.open()
        s.settimeout(timeout)
        out = b""
        try:
            s.sendall(data)
            while got := s.recv(65536):
                out += got
                if re.search(rb"Content-Length: (\d+)\r\n", out) and complete(out):
                    break
        except OSError:
            pass
        s.close()
        return out

    def head(self, line, *more, auth=True, host=None):
        rows = [line, f"Host: {host or f'{self.host}:{self.port}'}"] + ([f"Authorization: Bearer {self.token}"] if auth else []) + list(more)
        return ("\r\n".join(rows) + "\r\n\r\n").encode()


def complete(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    m = re.search(rb"Content-Length: (\d+)", head)
    return bool(m) and len(body) >= int(m.group(1))


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


class Events:
    """A reader of the stream: (id, event, data) as they come."""

    def __init__(self, api, last=None):
        self.s = api.open()
        self.s.settimeout(0.5)
        self.s.sendall(api.head("GET /api/v1/events HTTP/1.1", "Accept: text/event-stream", *([f"Last-Event-ID: {last}"] if last else [])))
        self.buf, self.chunks, self.got, self.headed, self.ended = b"", b"", [], False, False

    def read(self):
        try:
            new = self.s.recv(1 << 20)
            self.ended |= not new
            self.chunks += new
        except TimeoutError:
            pass
        except OSError:
            self.ended = True
        if not self.headed and b"\r\n\r\n" in self.chunks:
            head, self.chunks = self.chunks.split(b"\r\n\r\n", 1)
            self.headed, self.status = True, int(head.split(b" ", 2)[1])
            assert b"text/event-stream" in head or self.status != 200, head
        while self.headed and (m := re.match(rb"([0-9a-fA-F]+)\r\n", self.chunks)):
            n = int(m.group(1), 16)
            if len(self.chunks) < m.end() + n + 2:
                break
            self.buf += self.chunks[m.end():m.end() + n]
            self.chunks = self.chunks[m.end() + n + 2:]
        while b"\n\n" in self.buf:
            block, self.buf = self.buf.split(b"\n\n", 1)
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n") if not line.startswith(":"))
            if fields:
                self.got.append((fields["id"], fields["event"], json.loads(fields["data"])))
        return self.got

    def wait(self, check, timeout=15, what="an event"):
        return wait_for(lambda: check(self.read()), timeout, 0.01, what)

    def close(self):
        self.s.close()


@pytest.fixture
def api(desk):
    return Api(desk)


def no_repeat():  # the desk refuses the same order within 500 ms
    time.sleep(0.55)


# --- what it does ---

def test_every_route(api):
    m = api.desk.live_market()
    assert api.get("trading/orders") == {"orders": [], "more": False}
    o = api.bought(market=m["symbol"], side="yes", type="market", amount=5)
    price = float(o["avgFillPrice"])
    assert o["status"] == "FILLED" and o["source"] == "manual" and o["strategy"] == "main" and o["exchange"] == "sim"
    assert o["quantity"] == o["filledQuantity"] and float(o["total"]) <= 5.01 and o["marketSlug"] == m["symbol"]
    cli = api.desk.json("orders", "--all").data[0]
    assert {k: v for k, v in o.items() if k in cli and not k.startswith(("age", "updated"))} == {k: v for k, v in cli.items() if not k.startswith(("age", "updated"))}
    assert api.get(f"trading/order/{o['order']}")["id"] == api.get(f"trading/order/{o['id']}")["id"] == o["id"]
    p = api.get("trading/positions")["positions"][0]
    assert p["positionId"] == o["id"] and p["takeProfitPrice"] is None
    low, high = f"{max(0.01, price - 0.3):.2f}", f"{min(0.99, price + 0.3):.2f}"
    for method in "PUT", "POST":
        status, doc, _ = api.call(method, f"trading/positions/{p['position']}/tp-sl", {"stopLoss": low, "takeProfit": high})
        assert status == 200 and float(doc["stopLossPrice"]) == float(low) and float(doc["takeProfitPrice"]) == float(high), doc
    status, doc, _ = api.call("PUT", f"trading/positions/{p['id']}/tp-sl", {"stopLoss": None})
    assert status == 200 and doc["stopLossPrice"] is None and float(doc["takeProfitPrice"]) == float(high)
    status, doc, _ = api.call("DELETE", f"trading/positions/{p['position']}/tp-sl")
    assert status == 200 and doc["takeProfitPrice"] is None
    perp = api.desk.live_market("perp")
    rests = api.bought(market=perp["symbol"], side="long", type="limit", quantity="0.01", price=f"{float(perp['bid']) * 0.9:.0f}", leverage=3, postOnly=True)
    assert rests["state"] == "pending" and rests["status"] == "OPEN" and rests["leverage"] == 3 and rests["post_only"] is True
    assert [x["id"] for x in api.get("trading/orders?state=open")["orders"]] == [rests["id"]]
    status, doc, _ = api.call("DELETE", f"trading/order/{rests['order']}")
    assert status == 200 and doc["state"] == "cancelled" and doc["status"] == "CANCELLED"
    status, doc, _ = api.call("DELETE", f"trading/order/{rests['order']}")
    assert status == 409 and doc["error"]["code"] == "not_open" and doc["error"]["order"]["id"] == rests["id"]
    assert [x["order"] for x in api.get("trading/orders")["orders"]] == [2, 1]
    assert [x["order"] for x in api.get("trading/orders?limit=1")["orders"]] == [2] and api.get("trading/orders?limit=1")["more"] is True
    assert [x["order"] for x in api.get(f"trading/orders?state=filled&market={m['symbol']}")["orders"]] == [1]
    assert api.get("trading/orders?account=nobody")["orders"] == []
    sold = api.bought(market=o["marketId"], side="yes", type="market", action="sell", quantity=o["size"], reduceOnly=True)
    assert sold["state"] == "filled" and sold["action"] == "sell" and api.get("trading/positions")["positions"] == []
    api.desk.check()


def test_preview_places_nothing(api):
    m = api.desk.live_market()
    status, doc = api.order(market=m["symbol"], side="no", type="market", quantity=20, preview=True, clientId="p")
    assert status == 200 and doc["preview"] is True and doc["refusal"] is None and doc["fills_now"] == "20" and float(doc["cost"]) > 0 and float(doc["fee"]) > 0
    dry = api.desk.json("buy", m["symbol"], 20, "no", "--dry-run").data
    assert set(dry) <= set(doc) and doc["reads_as"].split(" at ")[0] == dry["reads_as"].split(" at ")[0]
    status, doc = api.order(market=m["symbol"], side="yes", type="market", amount="9000000", preview=True)
    assert status == 200 and doc["refusal"] in ("risk_order_notional", "insufficient_funds", "risk_market_exposure"), doc
    assert api.desk.json("orders", "--all").data == [] and api.call("GET", "trading/order/client:p")[0] == 404


def test_same_codes_as_the_command_line(api):
    desk = api.desk
    m, perp = desk.live_market(), desk.live_market("perp")
    s, b = m["symbol"], perp["symbol"]
    far = f"{float(perp['bid']) * 0.9:.0f}"
    cases = [
        (["buy", s, "5@0.505"], dict(market=s, side="yes", type="limit", quantity=5, price=0.505)),
        (["buy", s, "5@1.5"], dict(market=s, side="yes", type="limit", quantity=5, price="1.5")),
        (["buy", s, "0.5"], dict(market=s, side="yes", type="market", quantity=0.5)),
        (["sell", s, "5", "yes"], dict(market=s, side="yes", type="market", action="sell", quantity=5)),
        (["buy", b, "0.01", "--leverage", "200"], dict(market=b, side="long", type="market", quantity=0.01, leverage=200)),
        (["buy", s, "5", "--leverage", "2"], dict(market=s, side="yes", type="market", quantity=5, leverage=2)),
        (["buy", b, f"90@{far}"], dict(market=b, side="long", type="limit", quantity=90, price=far)),
        (["buy", s, "5", "--stop", "0.99"], dict(market=s, side="yes", type="market", quantity=5, stopLoss=0.99)),
        (["buy", s, "5", "--post-only"], dict(market=s, side="yes", type="market", quantity=5, postOnly=True)),
        (["buy", s, "5@0.99", "--post-only"], dict(market=s, side="yes", type="limit", quantity=5, price=0.99, postOnly=True)),
        (["buy", s, "5", "--account", "nobody"], dict(market=s, side="yes", type="market", quantity=5, account="nobody")),
        (["buy", s, "5", "--tif", "gtc"], dict(market=s, side="yes", type="market", quantity=5, timeInForce="gtc")),
        (["buy", s, "5", "long"], dict(market=s, side="long", type="market", quantity=5)),
        (["buy", "NOSUCH", "5"], dict(market="NOSUCH", side="yes", type="market", quantity=5)),
        (["cancel", "99"], ("DELETE", "trading/order/99")),
        (["protect", "99", "--stop", "0.5"], ("DELETE", "trading/positions/99/tp-sl")),
    ]
    classes = {2: (400, 501), 6: (422,), 7: (409, 422, 429, 503), 8: (404, 409)}
    for words, what in cases:
        cli = desk.json(*words, "--yes")
        assert cli.code != 0, (words, cli)
        no_repeat()
        status, doc, _ = api.call("POST", "trading/order", what) if isinstance(what, dict) else api.call(*what)
        assert doc["error"]["code"] == cli.error["code"], (words, doc, cli.error)
        assert status in classes[cli.code], (words, status, cli)
    assert desk.cli("kill", "--yes").code == 0
    status, doc = api.order(market=s, side="yes", type="market", quantity=5)
    assert (status, doc["error"]["code"]) == (409, "killed")


def test_routes_over_two_venues(desk):
    limits = {f"TURRET_RISK_MAX_{k}": "10000000" for k in ("ORDER_NOTIONAL", "MARKET_EXPOSURE", "ACCOUNT_EXPOSURE")}
    api = Api(desk, env={**SECOND, **limits, "TURRET_SIM_INITIAL_CASH": "1000000"})
    wait_for(lambda: len(links(desk)) >= 4 and all(a["reconciled"] for a in desk.json("accounts").data), what="links and accounts")
    market = house(desk)
    status, doc = api.order(market=market, side="yes", type="market", quantity=50, route="best", preview=True)
    dry = desk.json("buy", market, 50, "--route", "best", "--dry-run").data
    assert status == 200 and [o["venue"] for o in doc["routes"]["options"]] == [o["venue"] for o in dry["routes"]["options"]] == ["sim", "sim2"]
    assert sum(o["chosen"] for o in doc["routes"]["options"]) == 1
    o = api.bought(market=f"sim2:{market}", side="yes", type="market", quantity=40)
    assert (o["exchange"], o["account"]) == ("sim2", "paper2")
    no_repeat()
    named = api.bought(market=o["marketId"], side="yes", type="market", quantity=40)
    assert named["exchange"] == "sim2", "an id names the venue too"
    chosen = api.bought(market="BTC-PERP", side="long", type="market", quantity=0.05, leverage=5, route="best", clientId="routed")
    assert chosen["exchange"] == next(x["venue"] for x in chosen["routes"]["options"] if x["chosen"])
    assert api.get("trading/order/client:routed")["id"] == chosen["id"]
    for i in range(6):
        ask = dict(market="ETH-PERP", side="long", type="market", quantity=100, leverage=10, route="split", clientId=f"split{i}")
        before = len(desk.json("orders", "--all").data)
        first = api.bought(**ask)
        parts = len(desk.json("orders", "--all").data) - before
        again = api.bought(**ask)
        assert again == first and len(desk.json("orders", "--all").data) == before + parts, "both parts are one order to a clientId"
        if parts == 2:
            assert "also order" in first["text"]
            break
        desk.cli("flatten", "--yes")
        wait_for(lambda: not [p for p in desk.positions() if p["market"] == "ETH-PERP"], what="flat")
        no_repeat()
    assert parts == 2
    desk.check()


# --- one order a clientId ---

def test_the_same_client_id_is_one_order(api):
    m = api.desk.live_market()["symbol"]
    ask = dict(market=m, side="yes", type="market", quantity=5, clientId="job:1")
    status, first, _ = api.call("POST", "trading/order", ask)
    assert status == 201 and first["clientId"] == "job:1"
    for _ in range(3):
        status, doc, r = api.call("POST", "trading/order", ask)
        assert status == 201 and doc == first and r.getheader("Idempotency-Replayed") == "true"
    status, doc = api.order(**{**ask, "quantity": 6})
    assert (status, doc["error"]["code"]) == (409, "duplicate")
    assert api.get("trading/order/client:job:1")["id"] == first["id"]
    status, doc = api.order(**{**ask, "clientId": "job:2", "side": "long"})  # refused: nothing came of it, the key is free
    assert status == 400
    no_repeat()
    assert api.bought(**{**ask, "clientId": "job:2"})["id"] != first["id"]
    assert len(api.desk.json("orders", "--all").data) == 2


def test_the_same_client_id_at_the_same_time(api):
    m = api.desk.live_market()["symbol"]
    got = []

    def ask():
        got.append(api.order(market=m, side="yes", type="market", quantity=7, clientId="once"))
    threads = [threading.Thread(target=ask) for _ in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [s for s, _ in got] == [201] * 12 and len({d["id"] for _, d in got}) == 1
    assert len(api.desk.json("orders", "--all").data) == 1


@pytest.mark.parametrize("point", ["intent-save", "intent-committed", "before-send", "after-send", "ack-received", "fill-received"])
def test_killed_during_a_post(pg_desk, point):
    """The order is in the database or it is not; asking again with the same clientId never makes a second one."""
    api = Api(pg_desk, "--crash-point", f"{point}:1")
    m = pg_desk.live_market()["symbol"]
    ask = dict(market=m, side="yes", type="market", quantity=6, clientId="k")
    with pytest.raises((http.client.HTTPException, OSError)):
        api.order(**ask)
    assert api.engine.wait(10) == -signal.SIGKILL
    api = Api(pg_desk)
    rows = pg_desk.json("orders", "--all").data
    assert len(rows) <= 1
    status, doc = api.order(**ask)
    if rows:
        assert status == 200 and doc["id"] == rows[0]["id"]
    else:
        assert status == 201
    wait_for(lambda: all(r["state"] in ("filled", "failed", "cancelled") for r in pg_desk.json("orders", "--all").data), 30, what="settled orders")
    status, again = api.order(**ask)
    assert again["id"] == doc["id"] and len(pg_desk.json("orders", "--all").data) == 1
    assert len(pg_desk.fills()) <= 1
    pg_desk.check()


def test_client_ids_outlive_a_restart(pg_desk):
    api = Api(pg_desk)
    token = api.token
    m = pg_desk.live_market()["symbol"]
    ask = dict(market=m, side="yes", type="market", quantity=6, clientId="a.b-c_1")
    first = api.bought(**ask)
    assert pg_desk.stop().code == 0
    api = Api(pg_desk)
    assert api.token == token
    status, doc, r = api.call("POST", "trading/order", ask)
    assert status == 200 and doc["id"] == first["id"] and r.getheader("Idempotency-Replayed") == "true"
    assert api.get("trading/order/client:a.b-c_1")["id"] == first["id"]
    assert len(pg_desk.json("orders", "--all").data) == 1
    pg_desk.check()


def test_database_down_refuses_and_exits_pass(pg_desk):
    api = Api(pg_desk)
    m = pg_desk.live_market()["symbol"]
    p = api.bought(market=m, side="yes", type="market", quantity=6)
    server = pg_desk.postmaster()
    stopped = [server, *children_of(server)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        status, doc, _ = api.call("POST", "trading/order", dict(market=m, side="yes", type="market", action="sell", quantity=p["size"], clientId="out"), timeout=30)
        assert status in (201, 504), doc
        wait_for(lambda: api.get("trading/positions")["positions"] == [], 20, what="the closed position")
        wait_for(lambda: pg_desk.json("status").data["store_up"] is False, 20, what="a hung database noticed")
        status, doc, r = api.call("POST", "trading/order", dict(market=m, side="yes", type="market", quantity=3, clientId="in"))
        assert (status, doc["error"]["code"], doc["error"]["retry"], r.getheader("Retry-After")) == (503, "store_down", True, "1")
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    wait_for(lambda: pg_desk.json("status").data["store_up"] is True, 60, what="the database")
    again = wait_for(lambda: (lambda a: a[1] if a[0] in (200, 201) else None)(api.order(market=m, side="yes", type="market", quantity=3, clientId="in")), 30, 0.6, what="the same order later")
    assert again["state"] == "filled"
    status, doc = api.order(market=m, side="yes", type="market", action="sell", quantity=p["size"], clientId="out")
    assert status in (200, 201) and doc["action"] == "sell" and doc["state"] == "filled"
    assert len(pg_desk.json("orders", "--all").data) == 3
    pg_desk.check()


# --- who may ask ---

def test_token_and_its_file(desk):
    api = Api(desk)
    path = desk.data / "api-token"
    assert path.stat().st_mode & 0o777 == 0o600 and re.fullmatch(r"[0-9a-f]{64}", api.token)
    assert api.token not in open(api.engine.log).read() + (desk.data / "turret.log").read_text()
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer " + api.token[:-1]}, {"Authorization": "Bearer " + api.token + "0"},
                    {"Authorization": "Basic " + api.token}, {"Authorization": api.token}, {"Authorization": "Bearer " + "x" * 5000}):
        for path_ in "trading/orders", "events", "nothing":
            status, doc, r = api.call("GET", path_, headers=headers, auth=False)
            assert (status, doc["error"]["code"], r.getheader("WWW-Authenticate")) == (401, "credentials", "Bearer")
    assert api.call("POST", "trading/order", {"market": "x"}, auth=False)[0] == 401
    twice = api.head("GET /api/v1/trading/orders HTTP/1.1", f"Authorization: Bearer {api.token}")
    assert status_of(api.raw(twice)) == 401
    assert "Access-Control" not in str(api.call("GET", "trading/orders", headers={"Origin": "http://evil.example"})[2].headers)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660])
def test_a_token_that_others_may_read_is_refused(desk, mode):
    desk.data.mkdir(parents=True, mode=0o700)
    path = desk.data / "api-token"
    path.write_text("f" * 64 + "\n")
    path.chmod(mode)
    p = desk.run("--http", "127.0.0.1:0", wait=False)
    assert p.wait(20) == 4
    assert "chmod 600" in open(p.log).read() and "f" * 64 not in open(p.log).read()
    path.chmod(0o600)
    api = Api(desk)
    assert api.token == "f" * 64 and api.get("trading/orders")["orders"] == []


def test_short_token_and_symlink_are_refused(desk):
    desk.data.mkdir(parents=True, mode=0o700)
    path = desk.data / "api-token"
    path.write_text("short\n")
    path.chmod(0o600)
    assert desk.run("--http", "127.0.0.1:0", wait=False).wait(20) == 4
    path.rename(desk.data / "other")
    path.symlink_to("other")
    assert desk.run("--http", "127.0.0.1:0", wait=False).wait(20) == 4


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:80", "example.com:80", "127.0.0.1", "127.0.0.1:99999", ":80", "127.0.0.1:", "127.0.0.1:8x"])
def test_addresses_that_are_refused(desk, address):
    p = desk.run("--http", address, wait=False)
    assert p.wait(20) == 3, open(p.log).read()
    assert address in open(p.log).read()


def test_public_only_when_said(desk):
    desk.env["TURRET_ENGINE_HTTP_PUBLIC"] = "yes"
    p = desk.run("--http", "0.0.0.0:0")
    port = int(re.search(r"http://0\.0\.0\.0:(\d+)", open(p.log).read()).group(1))
    token = (desk.data / "api-token").read_text().strip()
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    c.request("GET", "/api/v1/trading/orders", headers={"Host": "desk.example", "Authorization": f"Bearer {token}"})
    assert c.getresponse().status == 200


def test_host_is_checked_against_rebinding(api):
    for host in ("evil.example", f"evil.example:{api.port}", "127.0.0.1", "127.0.0.1:1", f"localhost.evil:{api.port}", f"127.0.0.1:{api.port}@evil", f"[::1]:{api.port}", " "):
        answer = api.raw(api.head("GET /api/v1/trading/orders HTTP/1.1", host=host))
        assert status_of(answer) in (400, 421), (host, answer)
    for host in (f"localhost:{api.port}", f"127.0.0.1:{api.port}", f"LOCALHOST:{api.port}"):
        assert status_of(api.raw(api.head("GET /api/v1/trading/orders HTTP/1.1", host=host))) == 200


def test_v6_loopback(desk):
    p = desk.run("--http", "[::1]:0")
    port = int(re.search(r"http://\[::1\]:(\d+)", open(p.log).read()).group(1))
    c = http.client.HTTPConnection("::1", port, timeout=10)
    c.request("GET", "/api/v1/trading/orders", headers={"Authorization": "Bearer " + (desk.data / "api-token").read_text().strip()})
    assert c.getresponse().status == 200


def test_a_desk_that_watches_is_read_only_until_it_leads(shared):
    first, second = shared
    api = Api(first)
    m = first.live_market()["symbol"]
    ask = dict(market=m, side="yes", type="market", quantity=4, clientId="one")
    o = api.bought(**ask)
    other = Api(second, wait=False)
    assert other.token != api.token
    wait_for(lambda: other.call("GET", "trading/orders")[0] == 200 and other.get("trading/positions")["positions"], 40, 0.5, what="the position at the other desk")
    for call in (("POST", "trading/order", ask), ("DELETE", "trading/order/1"), ("DELETE", "trading/positions/1/tp-sl")):
        status, doc, _ = other.call(*call)
        assert (status, doc["error"]["code"]) == (403, "not_leader")
    api.engine.kill()
    api.engine.wait()
    status, doc = wait_for(lambda: (lambda a: a if a[0] in (200, 201) else None)(other.order(**ask)), 60, 0.5, what="an answer of the new leader")
    assert status == 200 and doc["id"] == o["id"], "the other desk knows what this clientId stands for"
    assert len(second.json("orders", "--all").data) == 1


# --- hostile clients ---

BAD_BODIES = [b"", b"{", b"[]", b"null", b"1", b'"x"', b"{}", b"{}{}", b"\xff\xfe", b'{"market":"X"}', b"[" * 5000, b'{"market":' + b"[" * 40 + b"]" * 40 + b"}",
              b'{"a\\u0000b":1}', b'{"market":"X\\u0000","side":"yes","type":"market","amount":1}', b'\x00' * 10, b"NaN", b'{"market":NaN}']


def test_bad_bodies(api):
    m = api.desk.live_market()["symbol"]
    good = {"market": m, "side": "yes", "type": "market", "amount": "5"}
    for body in BAD_BODIES:
        status, doc, _ = api.call("POST", "trading/order", body)
        assert status == 400 and doc["error"]["code"] == "bad_value", (body[:40], doc)
    changes = [{"amount": None}, {"amount": -1}, {"amount": 0}, {"amount": "0.009"}, {"amount": "1e3"}, {"amount": "0.0000001"}, {"amount": True}, {"amount": []}, {"amount": {}},
               {"amount": "5", "quantity": 1}, {"price": 0.5}, {"type": "limit"}, {"type": "stop"}, {"side": "maybe"}, {"side": 1}, {"side": None}, {"action": "hold"},
               {"timeInForce": "GTC"}, {"timeInForce": "gtd"}, {"expiresAt": "2030-01-01T00:00:00Z"}, {"leverage": 0}, {"leverage": 1.5}, {"leverage": 256}, {"preview": 1},
               {"preview": "true"}, {"reduceOnly": "no"}, {"clientId": ""}, {"clientId": "a b"}, {"clientId": "x" * 65}, {"clientId": "\u00e9"}, {"clientId": 5},
               {"market": ""}, {"market": "--usd"}, {"market": "x" * 70}, {"market": "\u001b[31m"}, {"market": 5}, {"account": "-x"}, {"route": "cheapest"}, {"Market": m},
               {"takeprofit": 1}, {"__proto__": {}}, {"": 1}, {"\u001b[2J": 1}, {"source": "agent"}, {"strategy": "x"}]
    for change in changes:
        status, doc = api.order(**{**good, **change})
        assert status == 400 and doc["error"]["code"] == "bad_value" and "\x1b" not in json.dumps(doc, ensure_ascii=False), (change, doc)
    text = json.dumps(good)[:-1]
    for tail in (b',"amount":"6"}', b',"market":"' + m.encode() + b'"}', b',"side":"no"}', b',"preview":true,"preview":false}'):
        status, doc, _ = api.call("POST", "trading/order", text.encode() + tail)
        assert status == 400 and "twice" in doc["error"]["msg"], (tail, doc)
    for number in ("5.0000001", "1e1", "5.00000000000000000001", "99999999999999999999", "1000000000.5", "-0", "05", "+5", ".5", "5.", "0x5"):
        status, doc, _ = api.call("POST", "trading/order", json.dumps({**good, "amount": 0}).replace('"amount": 0', f'"amount": {number}'))
        assert status == 400, (number, doc)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""):
        status, doc, _ = api.call("POST", "trading/order", good, headers={"Content-Type": kind})
        assert status == 415, (kind, doc)
    for query in ("?limit=0", "?limit=1001", "?limit=x", "?state=odd", "?limit=1&limit=2", "?nothing=1", "?state", "?market=%zz", "?market=%1b", "?market=", "?state=open&&"):
        assert api.call("GET", "trading/orders" + query)[0] == 400, query
    for path in ("trading/order/x", "trading/order/client:", "trading/order/client:no", "trading/order/-1", "trading/order/99999999999999999999999", "trading/order/" + "9" * 100,
                 "trading/positions/x/tp-sl", "trading/order/1/2", "trading/order/", "trading/ORDERS"):
        assert api.call("GET" if "tp-sl" not in path else "DELETE", path)[0] == 404, path
    assert api.call("GET", "trading/order/%31")[0] == 400
    assert api.desk.json("orders", "--all").data == []
    log = (api.desk.data / "turret.log").read_bytes()
    assert b"\x1b" not in log


def test_size_limits(api):
    assert api.call("POST", "trading/order", b"{" + b" " * 65535)[0] == 400
    for n in (65537, 10**6, 10**18):
        head = api.head("POST /api/v1/trading/order HTTP/1.1", "Content-Type: application/json", f"Content-Length: {n}")
        assert status_of(api.raw(head)) == 413, n
    assert status_of(api.raw(api.head("GET /api/v1/trading/orders?market=" + "x" * 2000 + " HTTP/1.1"))) in (400, 414)
    assert status_of(api.raw(api.head("GET /api/v1/trading/orders HTTP/1.1", *[f"X-{i}: {'y' * 1000}" for i in range(100)]))) in (0, 413, 431, 400)
    assert api.get("trading/orders")["orders"] == []


def test_smuggling_shapes(api):
    m = api.desk.live_market()["symbol"]
    order = json.dumps({"market": m, "side": "yes", "type": "market", "amount": 5})
    inner = api.head("POST /api/v1/trading/order HTTP/1.1", "Content-Type: application/json", f"Content-Length: {len(order)}").decode() + order
    post = "POST /api/v1/trading/order HTTP/1.1"
    shapes = [
        api.head(post, "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + inner.encode(),
        api.head(post, "Transfer-Encoding: chunked") + b"0\r\n\r\n" + inner.encode(),
        api.head(post, "Transfer-Encoding: xchunked", "Content-Length: 0") + inner.encode(),
        api.head(post, "Transfer-Encoding : chunked", "Content-Length: 0") + inner.encode(),
        api.head(post, "Content-Length: 0", f"Content-Length: {len(inner)}") + inner.encode(),
        api.head(post, f"Content-Length: 0, {len(inner)}") + inner.encode(),
        api.head(post, "Content-Length: -1") + inner.encode(),
        api.head(post, "Content-Length: +5") + inner.encode(),
        api.head(post, "Content-Length: 0x5") + inner.encode(),
        api.head("GET /api/v1/trading/orders HTTP/1.1", f"Content-Length: {len(inner)}") + inner.encode(),
        api.head("GET /api/v1/trading/orders HTTP/1.1", "Host: second"),
        api.head("GET http://evil.example/api/v1/trading/orders HTTP/1.1"),
        api.head("GET /api/v1/trading/orders HTTP/3.7"),
        api.head("OPTIONS * HTTP/1.1"), api.head("CONNECT evil.example:80 HTTP/1.1"), api.head("TRACE / HTTP/1.1"), api.head("PATCH /api/v1/trading/order HTTP/1.1"),
        b"\x16\x03\x01\x02\x00\x01\x00", b"\r\n\r\n\r\n", b"GET\r\n\r\n", b"\x00" * 100, os.urandom(300), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]
    for shape in shapes:
        answer = api.raw(shape, timeout=1.5)
        assert not re.search(rb"^HTTP/1.1 20[01]", answer, re.M), (shape[:60], answer[:200])
        assert api.get("trading/orders")["orders"] == [], (shape, "a hidden request was run")
    assert api.get("trading/orders")["orders"] == []


def test_pipelining_keeps_order(api):
    m = api.desk.live_market()["symbol"]
    get = api.head("GET /api/v1/trading/orders HTTP/1.1")
    body = json.dumps({"market": m, "side": "yes", "type": "market", "amount": 5})
    post = api.head("POST /api/v1/trading/order HTTP/1.1", "Content-Type: application/json", f"Content-Length: {len(body)}") + body.encode()
    s = api.open()
    s.settimeout(10)
    s.sendall(get + post + get + api.head("GET /api/v1/trading/order/1 HTTP/1.1", "Connection: close"))
    out = b""
    while got := s.recv(65536):
        out += got
    assert [int(x) for x in re.findall(rb"HTTP/1.1 (\d+)", out)] == [200, 201, 200, 200]
    assert out.count(b'"more":false') == 2 and b'"orders":[],' in out.split(b"HTTP/1.1 201")[0]


def test_slow_clients_are_cut(api):
    """One byte at a time, heads and bodies: each ends at its deadline, and meanwhile others are served."""
    head = api.head("POST /api/v1/trading/order HTTP/1.1", "Content-Type: application/json", "Content-Length: 100")
    slow = [api.open() for _ in range(6)]
    for i, s in enumerate(slow):
        s.sendall(head if i % 2 else head[:20])
    start, cut = time.monotonic(), {}
    while len(cut) < len(slow) and time.monotonic() - start < 20:
        for i, s in enumerate(slow):
            if i in cut:
                continue
            try:
                s.settimeout(0.01)
                s.sendall(b" ")
                if s.recv(100) == b"":
                    cut[i] = time.monotonic() - start
            except TimeoutError:
                pass
            except OSError:
                cut[i] = time.monotonic() - start
        assert api.get("trading/orders")["orders"] == []
        time.sleep(0.3)
    assert len(cut) == len(slow) and all(8 < t < 14 for t in cut.values()), cut


def test_cut_in_the_middle(api):
    m = api.desk.live_market()["symbol"]
    for i in range(20):
        body = json.dumps({"market": m, "side": "yes", "type": "market", "quantity": 2 + i})
        post = api.head("POST /api/v1/trading/order HTTP/1.1", "Content-Type: application/json", f"Content-Length: {len(body)}") + body.encode()
        s = api.open()
        s.sendall(post[:len(post) * (i % 5) // 4] if i % 5 != 4 else post)
        if i % 2:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        s.close()
    whole, reset = {2 + i for i in (4, 14)}, {2 + i for i in (9, 19)}  # a reset may take the request along

    def sizes():
        return {int(r["size"]) for r in api.desk.json("orders", "--all").data}
    wait_for(lambda: whole <= sizes(), 20, what="the orders whose request was whole")
    time.sleep(1)
    assert sizes() <= whole | reset
    assert api.get("trading/orders?state=filled")["more"] is False
    api.desk.check()


def test_hundred_connections(api):
    many = [api.open() for _ in range(100)]
    t0 = time.monotonic()
    assert api.desk.json("status").code == 0
    assert api.get("trading/orders")["orders"] == [], "silent ones keep nobody out"
    assert time.monotonic() - t0 < 3
    assert len(os.listdir(f"/proc/{api.engine.pid}/fd")) < 64 + 60
    for s in many:
        s.close()
    live = [api.open() for _ in range(60)]
    for s in live:
        s.sendall(api.head("GET /api/v1/trading/orders HTTP/1.1"))
    for s in live:
        s.settimeout(10)
        assert s.recv(1000).startswith(b"HTTP/1.1 200")
        s.close()
    assert api.engine.poll() is None


def test_random_requests(api):
    import random
    rng = random.Random(7)
    seeds = [api.head("GET /api/v1/trading/orders HTTP/1.1"), api.head("POST /api/v1/trading/order HTTP/1.1", "Content-Length: 20") + b'{"market":"BTC-PERP"}',
             api.head("DELETE /api/v1/trading/positions/1/tp-sl HTTP/1.1"), api.head("GET /api/v1/events HTTP/1.1", "Last-Event-ID: 00000000-5")]
    for _ in range(150):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.randrange(1, 8)):
            at = rng.randrange(len(data))
            data[at:at + rng.randrange(3)] = rng.randbytes(rng.randrange(4))
        s = api.open()
        s.settimeout(0.05)
        try:
            s.sendall(bytes(data))
            s.recv(4096)
        except OSError:
            pass
        s.close()
    assert api.engine.poll() is None and api.desk.json("orders", "--all").data == []
    assert wait_for(lambda: api.get("trading/orders", timeout=5), 20)


# --- the event stream ---

def test_stream_begins_with_the_state_and_resumes(api):
    m = api.desk.live_market()["symbol"]
    p = api.bought(market=m, side="yes", type="market", quantity=5)
    a = Events(api)
    a.wait(lambda got: got, what="the state")
    assert a.got[0][1] == "state" and a.got[0][2]["positions"][0]["id"] == p["id"] and {"orders", "accounts", "models"} <= set(a.got[0][2])
    api.bought(market=m, side="yes", type="market", quantity=6)
    a.wait(lambda got: [g for g in got if g[1] == "fill"], what="a fill")
    a.close()
    last = a.got[-1][0]
    for i in range(3):
        api.bought(market=m, side="yes", type="market", quantity=7 + i)
    b = Events(api, last)
    b.wait(lambda got: [g for g in got if g[1] == "fill" and g[2]["fill"]["size"] == "9"], what="what was missed")
    ids = [int(g[0].split("-")[1]) for g in a.got[1:] + b.got]
    assert ids == list(range(ids[0], ids[0] + len(ids))), "no gap, no duplicate"
    assert "state" not in [g[1] for g in b.got] and all(int(g[0].split("-")[1]) == g[2]["id"] for g in b.got)
    tail = subprocess.Popen(api.desk.args("tail", "--json", "--from", str(ids[0])), env=api.desk.env, stdout=subprocess.PIPE, text=True)
    lines = [json.loads(tail.stdout.readline()) for _ in ids[1:]]
    tail.kill()
    tail.wait()
    streamed = {g[2]["id"]: g[2] for g in a.got[1:] + b.got}
    assert [{k: v for k, v in x.items() if k != "v"} for x in lines] == [streamed[i] for i in ids[1:]], "the same lines as turret tail"
    for strange in ("0-1", "ffffffff-7", "x", "-", last.split("-")[0] + "-999999", last.split("-")[0] + "-1x"):
        c = Events(api, strange)
        c.wait(lambda got: len(got) > 1, what="gap and state")
        assert [g[1] for g in c.got[:2]] == ["gap", "state"], strange
        c.close()
    b.close()


def test_resume_from_far_behind(desk):
    off = {f"TURRET_RISK_MAX_{k}": "0" for k in ("ORDERS_PER_SECOND", "OPEN_ORDERS", "MARKET_EXPOSURE", "ACCOUNT_EXPOSURE", "ORDER_NOTIONAL")}
    api = Api(desk, env={**off, "TURRET_RISK_DUPLICATE_WINDOW": "0ms", "TURRET_SIM_LATENCY_MIN": "0ms", "TURRET_SIM_LATENCY_MAX": "0ms", "TURRET_SIM_INITIAL_CASH": "1000000"})
    m = desk.live_market()["symbol"]
    a = Events(api)
    a.wait(lambda got: got)
    api.bought(market=m, side="yes", type="limit", quantity=2, price="0.01")
    a.wait(lambda got: len(got) > 1)
    a.close()
    last = a.got[-1][0]
    n = int(last.split("-")[1])

    def post(c, i):
        c.request("POST", "/api/v1/trading/order", json.dumps(dict(market=m, side="yes", type="limit", quantity=2 + i % 9, price="0.01")), {**api.auth, **JSON})
        r = c.getresponse()
        assert r.status == 201, r.read()
        r.read()
    c = http.client.HTTPConnection(api.host, api.port, timeout=15)
    for i in range(900):
        post(c, i)
    b = Events(api, last)
    b.wait(lambda got: len(got) > 2500, 20, "the lines that were missed")
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        b.read()
    assert [int(g[0].split("-")[1]) for g in b.got] == list(range(n + 1, n + 1 + len(b.got))), "no gap, no duplicate"
    assert len([g for g in b.got if g[1] == "order" and g[2]["order"]["state"] == "pending"]) >= 900
    for i in range(900):
        post(c, i)
    d = Events(api, last)
    d.wait(lambda got: len(got) > 1)
    assert [g[1] for g in d.got[:2]] == ["gap", "state"] and len(d.got[1][2]["orders"]) == 1801, "too far behind"
    b.close(), d.close()


def test_streams_are_few_and_are_given_back(api):
    some = [Events(api) for _ in range(8)]
    for e in some:
        e.wait(lambda got: got)
    ninth = Events(api)
    ninth.wait(lambda _: ninth.headed)
    assert ninth.status == 429
    for e in some[:4]:
        e.close()
    def again():
        e = Events(api)
        e.wait(lambda _: e.headed)
        return e.status == 200
    assert wait_for(again, 5, what="a free stream")
    assert api.desk.json("status").code == 0


def test_a_stalled_reader_is_cut_and_delays_nobody(api):
    m = api.desk.live_market()["symbol"]
    stalled = []
    for _ in range(3):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        s.connect((api.host, api.port))
        s.sendall(api.head("GET /api/v1/events HTTP/1.1"))
        stalled.append(s)
    reader = Events(api)
    worst, start, n = 0, time.monotonic(), 0
    while time.monotonic() - start < 20:
        t0 = time.monotonic()
        assert api.desk.json("status").code == 0
        for _ in range(6):
            api.order(market=m, side="yes" if n % 2 else "no", type="limit", quantity=2 + n, price="0.02")
            n += 1
        worst = max(worst, time.monotonic() - t0)
        reader.read()
    assert worst < 4, worst
    assert not reader.ended and len(reader.got) > 2 * n
    for s in stalled:
        s.settimeout(5)
        got = 0
        try:
            while more := s.recv(1 << 16):
                got += len(more)
        except ConnectionResetError:
            pass
        assert got < 1 << 20  # a timeout here: it was not cut
        s.close()
    assert wait_for(lambda: len([e for e in [Events(api) for _ in range(5)] if e.wait(lambda _: e.headed) or e.status == 200]) == 5, 10)


def test_stop_ends_streams_and_requests(pg_desk):
    api = Api(pg_desk)
    e = Events(api)
    e.wait(lambda got: got)
    idle = api.open()
    assert pg_desk.stop().code == 0 and api.engine.wait(15) == 0
    e.wait(lambda _: e.ended, 5, "the end of the stream")
    idle.close()
    again = Api(pg_desk)
    assert again.get("trading/orders")["orders"] == []


def test_off_by_default(desk):
    p = desk.run()
    assert not (desk.data / "api-token").exists() and "http://" not in open(p.log).read()
