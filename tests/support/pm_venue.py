"""The mock Polymarket and its users for tests: start it, steer it, sign for it by hand, or let the official client talk to it."""
import asyncio
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VENUES = ROOT / "tests" / "venues"
NPM = ROOT / "build" / "npm"
if str(VENUES) not in sys.path:
    sys.path.insert(0, str(VENUES))

KEYS = [f"0x{i + 1:064x}" for i in range(9)]  # of nobody
ZERO32 = "0x" + "00" * 32


class Mock:
    """One process of the mock."""

    def __init__(self, *args, chain=137):
        self.chain = chain
        self.p = subprocess.Popen(["/usr/bin/python3", "-m", "polymarket", "--chain", str(chain), *args], cwd=VENUES, stdout=subprocess.PIPE, stderr=None,
                                  stdin=subprocess.DEVNULL, start_new_session=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        line = self.p.stdout.readline()
        assert line, "the mock did not start"
        self.urls = json.loads(line)

    def __getattr__(self, name):
        if name in ("clob", "gamma", "data", "stream", "geoblock", "control"):
            return self.urls[name]
        raise AttributeError(name)

    def ask(self, url, doc=None, method=None, headers=None):
        data = None if doc is None else doc if isinstance(doc, bytes) else json.dumps(doc).encode()
        rq = urllib.request.Request(url, data=data, method=method or ("POST" if data is not None else "GET"), headers=headers or {})
        with urllib.request.urlopen(rq, timeout=20) as r:
            text = r.read().decode()
        try:
            return json.loads(text)
        except ValueError:
            return text

    def ctl(self, control, /, **doc):
        try:
            return self.ask(f"{self.urls['control']}/{control}", doc)
        except urllib.error.HTTPError as e:
            raise AssertionError(f"control {control} {doc}: {e.code} {e.read().decode()}") from None

    def script(self, act, times=1, **doc):
        """Rule of misbehaviour; its id."""
        match = {k: doc.pop(k) for k in ("host", "method", "path", "query", "body", "stream", "event") if k in doc and not (k == "body" and act == "answer")}
        return self.ctl("script", act=act, times=times, match=match, **doc)["id"]

    def hits(self, ident):
        return next((r["hits"] for r in self.ctl("script")["rules"] if r["id"] == ident), 0)

    def market(self, slug, **doc):
        return self.ctl("market", slug=slug, **doc)

    def quote(self, slug, bid="0.45", ask="0.55", size="100", name="crowd"):
        """Both sides of a book, by a rich stranger."""
        self.ctl("wallet", name=name, usd="10000", sets={slug: "10000"})
        out = []
        if bid:
            out.append(self.ctl("order", wallet=name, market=slug, side="BUY", price=bid, size=size))
        if ask:
            out.append(self.ctl("order", wallet=name, market=slug, side="SELL", price=ask, size=size))
        return out

    def put(self, slug, side, price, size, wallet="crowd", **doc):
        return self.ctl("order", wallet=wallet, market=slug, side=side, price=price, size=size, **doc)

    def ledger(self, wallet=None):
        return self.ctl("ledger", **({"wallet": wallet} if wallet else {}))

    def requests(self, **doc):
        return self.ctl("requests", **doc)["requests"]

    def close(self):
        self.p.kill()
        self.p.wait()
        self.p.stdout.close()


@contextlib.contextmanager
def mock_venue(*args, **kw):
    try:
        import aiohttp  # noqa: F401
        import Cryptodome  # noqa: F401
        import ecdsa  # noqa: F401
    except ImportError as e:
        pytest.skip(f"the mock venue needs python3-aiohttp, python3-pycryptodome and python3-ecdsa ({e})")
    m = Mock(*args, **kw)
    try:
        yield m
    finally:
        m.close()


class Signer:
    """A wallet whose requests are made by hand, so that each part of them can be wrong."""

    def __init__(self, mock, key=KEYS[0], kind=0, wallet=None, usd="1000", fund=True, **more):
        from polymarket import verify
        self.verify, self.mock, self.key, self.kind = verify, mock, key, kind
        self.address = verify.checksum(verify.key_address(key))
        self.wallet = verify.checksum(wallet) if wallet else self.address
        self.salt, self.creds = 0, None
        if fund:
            mock.ctl("wallet", address=self.wallet, owner=self.address, type=kind, usd=usd, **more)

    def l1(self, method, path, at=None, nonce=0, key=None, address=None):
        at = int(time.time()) if at is None else at
        address = address or self.address
        sig = self.verify.sign(key or self.key, self.verify.l1_digest(address, at, nonce, self.mock.chain))
        head = {"POLY_ADDRESS": address, "POLY_SIGNATURE": "0x" + sig.hex(), "POLY_TIMESTAMP": str(at), "POLY_NONCE": str(nonce)}
        return self.http(method, path, b"" if method == "POST" else None, head)

    def login(self):
        status, doc = self.l1("POST", "/auth/api-key")
        if status == 400:
            status, doc = self.l1("GET", "/auth/derive-api-key")
        assert status == 200, doc
        self.creds = doc
        return self

    def http(self, method, path, body=None, head=None):
        rq = urllib.request.Request(self.mock.clob + path, data=body, method=method, headers={"Content-Type": "application/json", **(head or {})})
        try:
            with urllib.request.urlopen(rq, timeout=20) as r:
                status, text = r.status, r.read().decode()
                self.head = dict(r.headers)
        except urllib.error.HTTPError as e:
            status, text = e.code, e.read().decode()
            self.head = dict(e.headers)
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    def call(self, method, path, doc=None, at=None, query="", spoil=None, creds=None):
        """(status, answer) of a request with L2 headers. spoil(headers) may break them."""
        c = creds or self.creds
        body = b"" if doc is None else doc if isinstance(doc, bytes) else json.dumps(doc, separators=(",", ":")).encode()
        at = int(time.time()) if at is None else at
        head = {"POLY_ADDRESS": self.address, "POLY_TIMESTAMP": str(at), "POLY_API_KEY": c["apiKey"], "POLY_PASSPHRASE": c["passphrase"],
                "POLY_SIGNATURE": self.verify.l2_signature(c["secret"], at, method, path, body)}
        if spoil:
            spoil(head)
        return self.http(method, path + ("?" + query if query else ""), body or None, head)

    def order(self, token, side, maker, taker, /, kind="GTC", exchange="standard", key=None, post_only=False, wire=None, **over):
        """The body of POST /order; amounts in millionths. over: fields set before signing; wire: after."""
        self.salt += 1
        o = {"salt": self.salt, "maker": self.wallet, "signer": self.wallet if self.kind == 3 else self.address, "tokenId": token, "makerAmount": str(maker),
             "takerAmount": str(taker), "side": side, "signatureType": self.kind, "timestamp": str(int(time.time() * 1000)), "expiration": "0",
             "metadata": ZERO32, "builder": ZERO32, **over}
        v, chain = self.verify, self.mock.chain
        if self.kind == 3:
            inner = v.ORDER_TYPE.encode()
            sig = v.sign(key or self.key, v.wrapped_digest(o, exchange, chain)) + v.separator(exchange, chain) + v.struct_hash(o) + inner + len(inner).to_bytes(2, "big")
        else:
            sig = v.sign(key or self.key, v.order_digest(o, exchange, chain))
        self.digest = "0x" + v.order_digest(o, exchange, chain).hex()
        o["signature"] = "0x" + sig.hex()
        o.update(wire or {})
        return {"deferExec": False, "postOnly": post_only, "order": o, "owner": self.creds["apiKey"], "orderType": kind}

    def limit(self, token, side, price, size, kind="GTC", **more):
        """price and size in text."""
        from common import MICRO, micro
        p, n = micro(price), micro(size)
        cost = p * n // MICRO
        return self.order(token, side, *((cost, n) if side == "BUY" else (n, cost)), kind, **more)

    def post(self, *args, **kw):
        return self.call("POST", "/order", self.limit(*args, **kw))

    def orders(self):
        return self.call("GET", "/data/orders")[1]["data"]

    def trades(self):
        return self.call("GET", "/data/trades")[1]["data"]

    def balance(self, token=None, kind=None):
        query = f"asset_type={'CONDITIONAL' if token else 'COLLATERAL'}&signature_type={self.kind if kind is None else kind}" + (f"&token_id={token}" if token else "")
        return self.call("GET", "/balance-allowance", query=query)[1]


class Stream:
    """A WebSocket read by a thread; frames as they came, and parsed (arrays opened up)."""

    def __init__(self, url, first=None, ping=5):
        self.frames, self.closed, self.loop, self.ws, self.ping = [], False, asyncio.new_event_loop(), None, ping
        self.opened = threading.Event()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self.run(url, first),), daemon=True)
        self.thread.start()
        assert self.opened.wait(10), "no stream"

    async def run(self, url, first):
        import aiohttp
        async with aiohttp.ClientSession() as session:
            try:
                async with session.ws_connect(url) as self.ws:
                    if first is not None:
                        await self.ws.send_str(json.dumps(first))
                    self.opened.set()
                    async for m in self.ws:
                        self.frames.append(m.data)
            except aiohttp.ClientError:
                pass
            finally:
                self.closed = True
                self.opened.set()

    def say(self, text):
        asyncio.run_coroutine_threadsafe(self.ws.send_str(text if isinstance(text, str) else json.dumps(text)), self.loop).result(10)

    def events(self, kind=None):
        out = []
        for f in list(self.frames):
            try:
                doc = json.loads(f)
            except ValueError:
                continue
            out += doc if isinstance(doc, list) else [doc]
        return [e for e in out if kind in (None, e.get("event_type"))]

    def close(self):
        if self.ws is not None and not self.closed:
            asyncio.run_coroutine_threadsafe(self.ws.close(), self.loop).result(10)
        self.thread.join(10)


class BookView:
    """Books kept from the events of a market stream, as a client keeps them."""

    def __init__(self):
        self.sides = {}

    def apply(self, events):
        for e in events:
            if e["event_type"] == "book":
                self.sides[e["asset_id"]] = {"BUY": {x["price"]: x["size"] for x in e["bids"]}, "SELL": {x["price"]: x["size"] for x in e["asks"]}}
            elif e["event_type"] == "price_change":
                for c in e["price_changes"]:
                    side = self.sides.setdefault(c["asset_id"], {"BUY": {}, "SELL": {}})[c["side"]]
                    side[c["price"]] = c["size"]
                    if c["size"] == "0":
                        del side[c["price"]]
        return self.sides

    @staticmethod
    def of(summary):
        return {"BUY": {x["price"]: x["size"] for x in summary["bids"]}, "SELL": {x["price"]: x["size"] for x in summary["asks"]}}


class Official:
    """The official client in a node process."""

    def __init__(self, mock):
        if not shutil.which("node") or not (NPM / ".done").exists() or not (NPM / "node_modules" / "@polymarket").exists():
            pytest.skip("no official client from npm (make build/npm/.done)")
        self.mock, self.count = mock, 0
        node = os.environ.get("TURRET_NODE", "node")
        self.p = subprocess.Popen([node, str(VENUES / "official_client.mjs"), str(NPM / "node_modules")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                  start_new_session=True)

    def op(self, op, **doc):
        self.count += 1
        self.p.stdin.write(json.dumps({"id": self.count, "op": op, **doc}) + "\n")
        self.p.stdin.flush()
        out = json.loads(self.p.stdout.readline())
        assert out["id"] == self.count
        if not out["ok"]:
            raise RuntimeError(out["error"])
        return out["value"]

    def open(self, name, key, kind=0, funder=None, **more):
        self.op("open", name=name, host=self.mock.clob, chain=self.mock.chain, key=key, type=kind, funder=funder, **more)
        return self.op("creds", name=name)

    def call(self, name, method, *args):
        return self.op("call", name=name, method=method, args=list(args))

    def close(self):
        self.p.kill()
        self.p.wait()
        self.p.stdin.close()
        self.p.stdout.close()
