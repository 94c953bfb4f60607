"""Polymarket of the tests: the venue's state, its options, rates, events, and the control API of the tests."""
import asyncio
import datetime
import random

import common
from common import MICRO, Bucket, Error, Venue, Window, human, micro
from polymarket import rules, verify, views
from polymarket.background import Background
from polymarket.boards import Boards
from polymarket.data import Data
from polymarket.data_v1 import DataV1
from polymarket.gamma import Gamma, add_geoblock
from polymarket.ledger import Ledger, Market, Order, condition_id, token_ids
from polymarket.match import Engine
from polymarket.private import Private
from polymarket.public import Public
from polymarket.relayer import Relayer
from polymarket.rewards import Rewards
from polymarket.streams import Streams

OPTIONS = {
    "version": 2, "mined_ms": 150, "confirmed_ms": 150, "index_ms": 0, "fok_target": "collateral", "taker_delay_ms": 0, "page": 100, "batch_max": 15,
    "auth_window_s": 60, "order_window_s": 600, "gtd_min_s": 180, "heartbeat_s": 10, "ping_s": 125, "missing_order": "404", "cdn": True, "data_v1": True, "gamma_lag_s": 0,
    "blocked": False, "country": "CH", "no_resolved_event": False, "deny_auth": False, "rates": "on", "orders_rate": 40, "orders_burst": 60, "cancels_rate": 80,
    "cancels_burst": 120, "rate_scale": 1.0, "retry_after": 0,
}
LIMITS = {  # requests of one address in 10 s: (method, path or its beginning) -> limit
    ("GET", "/book"): 1500, ("GET", "/price"): 1500, ("GET", "/midpoint"): 1500, ("POST", "/books"): 500, ("POST", "/prices"): 500, ("POST", "/midpoints"): 500,
    ("GET", "/prices-history"): 1000, ("GET", "/tick-size"): 200, ("GET", "/balance-allowance"): 200, ("GET", "/balance-allowance/update"): 50,
    ("GET", "/data/orders"): 500, ("GET", "/data/trades"): 500, ("GET", "/notifications"): 125, ("POST", "/auth/api-key"): 100,
    ("GET", "/auth/derive-api-key"): 100, ("POST", "/order"): 5000, ("DELETE", "/order"): 5000, ("POST", "/orders"): 2000, ("DELETE", "/orders"): 2000,
    ("DELETE", "/cancel-all"): 250, ("DELETE", "/cancel-market-orders"): 1500, ("GET", "/markets/keyset"): 900, ("GET", "/events/keyset"): 900,
    ("GET", "/public-search"): 350, ("GET", "/v2/activity"): 400, ("GET", "/v2/trades"): 200, ("GET", "/v2/positions"): 150,
}


class Polymarket(Venue):
    def __init__(self, chain=137, seed=1):
        super().__init__()
        self.options = dict(OPTIONS)
        self.ledger = Ledger(chain)
        self.engine = Engine(self)
        self.touched, self.modes, self.windows, self.buckets = {}, ("open", 0.0), {}, {}
        self.public, self.private, self.streams = Public(self), Private(self), Streams(self)
        self.gamma, self.data, self.random = Gamma(self), Data(self), random.Random(seed)
        self.crowd = Background(self)
        clob, gamma, data, relayer = (self.app(x) for x in ("clob", "gamma", "data", "relayer"))
        self.control(clob)
        self.public.routes(clob)
        self.private.routes(clob)
        self.rewards, self.relayer = Rewards(self), Relayer(self)
        self.rewards.routes(clob)
        self.relayer.routes(relayer)
        self.streams.routes(clob)
        self.gamma.routes(gamma)
        self.boards = Boards(self, self.data)
        self.data_v1 = DataV1(self, self.data, self.boards)
        for part in (self.data, self.boards, self.data_v1):
            part.routes(data)
        add_geoblock(data, self)

    @staticmethod
    def iso(s):
        return datetime.datetime.fromtimestamp(s, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    # --- events ---
    def emit(self, kind, **data):
        getattr(self.streams, "on_" + kind)(**data)
        if kind == "order" and data["what"] != "PLACEMENT":
            o = data["order"]
            if data["what"] == "UPDATE" or o.status.startswith("CANCELED"):
                self.private.note(o.owner, 2 if data["what"] == "UPDATE" else 1, o)

    async def background(self):
        self.tasks = [asyncio.ensure_future(self.keep()), asyncio.ensure_future(self.crowd.run())]

    async def keep(self):
        """Expiry, heartbeats, silent peers."""
        while True:
            await asyncio.sleep(0.2)
            self.engine.expire()
            self.private.check_beats()
            for p in list(self.fanout.peers):
                if asyncio.get_running_loop().time() - p.last_in > self.options["ping_s"]:
                    p.close()

    # --- windows and rates ---
    def mode(self):
        name, until = self.modes
        return (name, until) if not until or self.now() < until else ("open", 0.0)

    async def limit(self, name, request, body):
        if self.options["rates"] == "off":
            return {}
        key = (request.method, request.path)
        if key in LIMITS:
            w = self.windows.get(key)
            limit = int(LIMITS[key] * self.options["rate_scale"])
            if w is None or w.limit != limit:
                w = self.windows[key] = Window(limit)
            wait = w.wait()
            if wait and self.options["rates"] == "reject":
                raise Error(429, "Too Many Requests", {"Retry-After": str(int(wait) + 1)})
            await asyncio.sleep(min(wait, 5))
        if name != "clob" or request.path not in ("/order", "/orders", "/cancel-all", "/cancel-market-orders") or request.method not in ("POST", "DELETE"):
            return {}
        return self.tokens(request, body)

    def tokens(self, request, body):
        """The signer's bucket: a batch costs its orders, all or nothing; cancel-all one and what it cancels."""
        key = request.headers.get("POLY_API_KEY", "")
        place = request.method == "POST"
        kind = "orders" if place else "cancels"
        b = self.buckets.get((key, kind))
        if b is None or (b.rate, b.burst) != (self.options[kind + "_rate"], self.options[kind + "_burst"]):
            b = self.buckets[(key, kind)] = Bucket(self.options[kind + "_rate"], self.options[kind + "_burst"])
        cost, negative = 1, False
        if request.path == "/orders":
            cost = max(1, body.count('"signature"') if place else body.count("0x"))
        elif request.path in ("/cancel-all", "/cancel-market-orders"):
            cost, negative = 1 + len(self.ledger.open_orders(owner=key)), True
        if not b.take(cost, negative and b.fill() > 0):
            wait = b.wait(cost)
            raise Error(429, "Too Many Requests", {"Retry-After": str(int(wait) + 1), "Poly-RateLimit-Remaining": str(int(b.tokens)),
                                                   "Poly-RateLimit-Reset": str(int(wait) + 1), "Poly-RateLimit-Tier": "standard"})
        head = {"Poly-RateLimit-Remaining": str(int(b.tokens)), "Poly-RateLimit-Reset": str(int(b.wait(b.burst)) + 1), "Poly-RateLimit-Tier": "standard"}
        if b.tokens < b.burst / 4:
            head["Poly-RateLimit-Warning"] = "approaching limit"
        return head

    # --- orders of the tests, without a signature ---
    def put(self, wallet, market, outcome, side, price, size, kind="GTC", owner=None, expiration=0, external=True):
        m = market
        if owner is None:  # the wallet's own key, if it has one: its owner sees the order as one of his
            owner = next((c["apiKey"] for c in self.ledger.creds_of(wallet.owner)), None)
        maker = -(-size * price // MICRO)
        ident = "0x" + verify.k256(f"put/{self.ledger.seq}/{self.random.random()}").hex()
        o = Order(ident, wallet, owner or "put:" + (wallet.name or wallet.address), m, outcome, side, price, maker if side == "BUY" else size,
                  size if side == "BUY" else maker, kind, expiration, False, external=external)
        if m.closed:
            raise Error(400, "the market is closed")
        rules.covered(self, wallet, o)
        return o, self.engine.enter(o)

    # --- control ---
    def control_options(self, doc):
        for k, v in doc.items():
            if k not in self.options:
                raise KeyError(k)
            self.options[k] = type(OPTIONS[k])(v)
        return self.options

    def control_wallet(self, doc):
        """Makes or changes a wallet: address, owner, type, name, usd, sets {market: shares}, allowance, uncached, flags."""
        if "address" in doc:
            w = self.ledger.wallet(doc["address"], doc.get("owner"), doc.get("type", 0))
        else:
            w = next((x for x in self.ledger.wallets.values() if x.name == doc["name"]), None)
            if w is None:
                w = self.ledger.wallet("0x" + verify.k256("wallet/" + doc["name"])[12:].hex())
        for k in ("name", "new", "deployed", "banned", "closed_only"):
            if k in doc:
                setattr(w, k, doc[k])
        if "usd" in doc:
            self.ledger.deposit(w, micro(doc["usd"]), not doc.get("uncached", False))
        for market, n in doc.get("sets", {}).items():
            self.ledger.give(w, self.ledger.find_market(market), micro(n))
        if "allowance" in doc:
            for x in [doc["exchange"]] if "exchange" in doc else verify.EXCHANGES:
                w.usd_allowed[x] = micro(doc["allowance"])
                w.tokens_allowed[x] = bool(w.usd_allowed[x])
        return self.wallet_doc(w)

    def control_market(self, doc):
        slug, protocol = doc["slug"], doc.get("protocol", "v1")
        m = Market(doc.get("condition") or condition_id(slug, protocol), doc.get("tokens") or token_ids(slug, protocol), doc.get("outcomes", ["Yes", "No"]), slug,
                   doc.get("question", slug.replace("-", " ").capitalize() + "?"), str(500000 + len(self.ledger.markets)), protocol=protocol)
        m.tick, m.min_size = micro(doc.get("tick", "0.01")), micro(doc.get("min_size", "5"))
        m.neg_risk, m.fee_rate, m.fee_exponent = bool(doc.get("neg_risk")), micro(doc.get("fee_rate", "0")), int(doc.get("fee_exponent", 1))
        m.delay_s, m.clear_at_start, m.accepting = float(doc.get("delay_s", 0)), bool(doc.get("clear_at_start")), doc.get("accepting", True)
        m.tags, m.event, m.event_title = doc.get("tags", ["all"]), doc.get("event", slug), doc.get("event_title", "")
        m.created, m.end, m.volume = self.now(), self.now() + float(doc.get("ends_in_s", 30 * 86400)), micro(doc.get("volume", "1000"))
        m.changed_ms = int(self.now() * 1000)
        self.ledger.add_market(m)
        self.emit("new_market", market=m)
        return self.market_doc(m)

    def control_order(self, doc):
        """An order of a wallet (address or name), not signed: {wallet, market, outcome: 0|1, side, price, size, type, owner}."""
        w, m = self.ledger.find_wallet(doc["wallet"]), self.ledger.find_market(doc["market"])
        o, trades = self.put(w, m, int(doc.get("outcome", 0)), doc["side"], micro(doc["price"]), micro(doc["size"]), doc.get("type", "GTC"), doc.get("owner"))
        return {"id": o.id, "status": o.status, "trades": [t.id for t in trades]}

    def control_cancel(self, doc):
        ids = doc.get("ids") or [o.id for o in self.ledger.open_orders() if doc.get("wallet") in (None, o.wallet.address, o.wallet.name) and
                                 doc.get("market") in (None, o.market.slug)]
        for i in ids:
            if self.ledger.orders[i].status == "LIVE":
                self.engine.cancel(self.ledger.orders[i], doc.get("status", "CANCELED"), doc.get("reason", ""))
        return {"canceled": ids}

    def control_lose(self, doc):
        """A restart of the venue that loses orders: no event tells of it."""
        lost = [o for o in self.ledger.open_orders() if doc.get("wallet") in (None, o.wallet.address, o.wallet.name)]
        for o in lost:
            self.engine.unbook(o)
            o.status = "CANCELED"
            self.engine.book(o.market, {(o.yes_bid, o.yes_price)})
        return {"lost": [o.id for o in lost]}

    def control_resolve(self, doc):
        m = self.ledger.find_market(doc["market"])
        self.engine.resolve(m, -1 if doc["winner"] is None else int(doc["winner"]))

    def control_redeem(self, doc):
        return {"paid": human(self.ledger.redeem(self.ledger.find_wallet(doc["wallet"]), self.ledger.find_market(doc["market"])))}

    def control_tick(self, doc):
        self.engine.retick(self.ledger.find_market(doc["market"]), micro(doc["tick"]))

    def control_accepting(self, doc):
        self.ledger.find_market(doc["market"]).accepting = bool(doc["on"])

    def control_clear(self, doc):
        """Game start: the book is emptied."""
        m = self.ledger.find_market(doc["market"])
        for o in [o for o in self.ledger.open_orders() if o.market is m]:
            self.engine.cancel(o, "CANCELED")

    def control_mode(self, doc):
        self.modes = (doc["mode"], self.now() + float(doc["seconds"]) if doc.get("seconds") else 0.0)

    def control_settle(self, doc):
        """Plans for the next trades: [[status, ms], ...] each (ms < 0: held); or {trade|all, status}: what a held trade becomes now."""
        if "plans" in doc:
            self.engine.plans += [[tuple(x) for x in plan] for plan in doc["plans"]]
        for t in list(self.ledger.trades):
            if "status" in doc and doc.get("trade") in (None, t.id) and t.status not in ("CONFIRMED", "FAILED"):
                timer, plan = self.engine.timers.pop(t.id, (None, []))
                if timer:
                    timer.cancel()
                self.engine.become(t, doc["status"], doc.get("then", ()))
        return {"trades": [self.trade_doc(t) for t in self.ledger.trades]}

    def control_activity(self, doc):
        """Rows of the Data API that come from elsewhere (a target wallet's trades, combos ...)."""
        self.data.extra += doc["rows"]
        self.data.cache.clear()

    def control_background(self, doc):
        self.crowd.set(doc)

    def control_creds(self, doc):
        """Credentials of an owner (made when there are none); drop: they are refused from now on."""
        owner = doc["owner"].lower()
        if doc.get("drop"):
            for c in self.ledger.creds_of(owner):
                del self.ledger.creds[c["apiKey"]]
            return None
        got = self.ledger.creds_of(owner, 0)
        return self.private.shown(got[0] if got else self.ledger.creds_make(owner, 0))

    # --- the ledger as JSON ---
    def wallet_doc(self, w):
        return {"address": w.address, "owner": w.owner, "type": w.type, "name": w.name, "usd": human(w.usd), "available": human(self.ledger.available(w)),
                "reserved": human(self.ledger.reserved(w)), "pending": human(self.ledger.pending(w)), "tokens": {t: human(n) for t, n in w.tokens.items() if n}}

    def market_doc(self, m):
        return {"condition": m.condition, "tokens": m.tokens, "slug": m.slug, "id": m.id, "tick": human(m.tick), "closed": m.closed, "winner": m.winner,
                "books": [m.summary(0), m.summary(1)]}

    @staticmethod
    def trade_doc(t):
        return {"id": t.id, "status": t.status, "market": t.market.condition, "yes_price": human(t.yes_price), "shares": human(t.shares), "cost": human(t.cost),
                "fee": human(t.fee), "at": t.at, "taker": t.taker.id, "taker_wallet": t.taker.wallet.address, "tx": t.tx, "settled": t.settled,
                "taker_token": t.taker.token, "taker_side": t.taker.side, "legs": [{"order": x.order.id, "wallet": x.order.wallet.address, "shares": human(x.shares),
                "token": x.order.token, "side": x.order.side, "price": human(t.price(x.order.t))} for x in t.legs]}

    def control_ledger(self, doc):
        w = self.ledger.find_wallet(doc["wallet"]) if doc.get("wallet") else None
        self.ledger.check()
        orders = [{**views.order_row(o), "status": o.status, "reason": o.reason, "external": o.external} for o in self.ledger.orders.values() if w in (None, o.wallet)]
        mine = [t for t in self.ledger.trades if w is None or w in [x[0] for x in t.moves]]
        return {"wallets": [self.wallet_doc(x) for x in self.ledger.wallets.values() if w in (None, x)], "orders": orders, "trades": [self.trade_doc(t) for t in mine],
                "markets": [self.market_doc(m) for m in self.ledger.markets.values()]}

    def control_books(self, doc):
        return {"books": {token: m.summary(t) for token, (m, t) in self.ledger.tokens.items()}}


def main(ports, chain, seed, setup, tls=None):
    venue = Polymarket(chain, seed)
    for name, doc in setup:
        getattr(venue, "control_" + name)(doc)

    def urls(got):
        s = "s" if tls else ""
        host = {k: f"http{s}://127.0.0.1:{p}" for k, p in got.items()}
        return {**host, "stream": f"ws{s}://127.0.0.1:{got['clob']}/ws", "geoblock": host["data"] + "/api/geoblock", "control": host["clob"] + "/_control"}
    common.serve(venue, ports, urls, tls)
