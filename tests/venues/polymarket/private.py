"""CLOB REST with a key: credentials, orders, cancels, lists, balances, heartbeats, notifications."""
import asyncio
import json
import re
import uuid

from common import Error, parse_json, whole
from polymarket import auth, rules, verify, views
from polymarket.public import page

ORDER_ID = re.compile(r"0x[0-9a-fA-F]{1,64}")
DISABLED = "Trading is currently disabled. Check polymarket.com for updates"
CANCEL_ONLY = "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed."
POST_ONLY = "post-only mode: only post-only orders and cancels are allowed"


class Private:
    def __init__(self, venue):
        self.v, self.ledger, self.engine = venue, venue.ledger, venue.engine
        self.beats, self.notes = {}, {}   # api key -> (id, when); api key -> list

    def routes(self, app):
        r = app.router
        r.add_post("/auth/api-key", self.create_key)
        r.add_get("/auth/derive-api-key", self.derive_key)
        for method, path, fn in (("GET", "/auth/api-keys", self.keys), ("DELETE", "/auth/api-key", self.drop_key),
                                 ("GET", "/auth/ban-status/closed-only", self.closed_only), ("GET", "/balance-allowance", self.balance),
                                 ("GET", "/balance-allowance/update", self.update), ("PUT", "/balance-allowance", self.update), ("POST", "/order", self.post_one), ("POST", "/orders", self.post_many),
                                 ("DELETE", "/order", self.cancel_one), ("DELETE", "/orders", self.cancel_many), ("DELETE", "/cancel-all", self.cancel_all),
                                 ("DELETE", "/cancel-market-orders", self.cancel_market), ("GET", "/data/orders", self.orders),
                                 ("GET", "/data/order/{id}", self.order), ("GET", "/data/trades", self.trades), ("POST", "/v1/heartbeats", self.heartbeat),
                                 ("GET", "/notifications", self.notifications), ("DELETE", "/notifications", self.drop_notifications),
                                 ("GET", "/order-scoring", self.scoring), ("POST", "/orders-scoring", self.scorings)):
            r.add_route(method, path, self.signed(fn))

    def signed(self, fn):
        async def handler(request):
            creds = await auth.l2(self.v, request)
            return await fn(request, creds)
        return handler

    @staticmethod
    async def body(request, refusal=rules.PAYLOAD):
        if "json" not in request.content_type:
            raise Error(400, refusal)
        try:
            return parse_json(await request.read())
        except ValueError as e:
            raise Error(400, refusal) from e

    # --- credentials ---
    async def create_key(self, request):
        address, nonce = auth.l1(self.v, request)
        if self.ledger.creds_of(address, nonce):
            raise Error(400, "Could not create api key")
        return self.shown(self.ledger.creds_make(address, nonce))

    async def derive_key(self, request):
        address, nonce = auth.l1(self.v, request)
        got = self.ledger.creds_of(address, nonce)
        if not got:
            raise Error(400, "Could not derive api key!")
        return self.shown(got[0])

    @staticmethod
    def shown(c):
        return {k: c[k] for k in ("apiKey", "secret", "passphrase")}

    async def keys(self, request, creds):
        return {"apiKeys": [c["apiKey"] for c in self.ledger.creds_of(creds["address"])]}

    async def drop_key(self, request, creds):
        del self.ledger.creds[creds["apiKey"]]
        return "OK"

    async def closed_only(self, request, creds):
        return {"closed_only": any(w.closed_only for w in self.ledger.wallets.values() if w.owner == creds["address"])}

    # --- balances ---
    def asset(self, request, creds):
        kind, sig = request.query.get("asset_type", ""), request.query.get("signature_type", "0")
        if kind not in ("COLLATERAL", "CONDITIONAL", "CONDITIONAL-V2"):
            raise Error(400, "Invalid asset type")
        if sig not in ("0", "1", "2", "3"):
            raise Error(400, "Invalid signature_type")
        token = request.query.get("token_id") if kind != "COLLATERAL" else None
        if kind != "COLLATERAL":
            m, _ = self.ledger.tokens.get(token, (None, 0))
            if m is None or (m.exchange == "v3") != (kind == "CONDITIONAL-V2"):
                raise Error(400, "Invalid asset type")
        return self.ledger.wallet_of(creds["address"], int(sig)), token

    async def balance(self, request, creds):
        w, token = self.asset(request, creds)
        n = self.ledger.balance(w, token) if w else 0
        allowed = {}
        for x in verify.EXCHANGES:
            if token is None:
                amount = w.usd_allowed.get(x, 0) if w else 0
            else:
                amount = (1 << 256) - 1 if w and w.tokens_allowed.get(x) else 0
            allowed[verify.contract(x, self.ledger.chain)] = str(amount)
        return {"balance": str(n), "allowances": allowed}

    async def update(self, request, creds):
        w, token = self.asset(request, creds)
        if w:
            w.uncached = 0
        return {}

    # --- placing ---
    def open_for(self, docs):
        """Windows in which nothing, only cancels, or only post-only orders are taken."""
        mode, until = self.v.mode()
        after = {"Retry-After": str(self.v.options["retry_after"])} if self.v.options["retry_after"] else {}
        if mode == "restarting":
            raise Error(425, {"error": "engine restarting"}, after)
        if mode == "disabled":
            raise Error(503, DISABLED, after)
        if mode == "cancel_only":
            raise Error(503, CANCEL_ONLY, after)
        left = max(1, int(until - self.v.now()))
        return {"error": POST_ONLY, "code": "post_only_mode", "retry_after_seconds": left} if mode == "post_only" else None

    async def post_one(self, request, creds):
        doc = await self.body(request)
        if not isinstance(doc, dict):
            raise Error(400, rules.PAYLOAD)
        closed = self.open_for([doc])
        if closed and not doc.get("postOnly"):
            raise Error(503, closed)
        order, marketable = rules.check(self.v, doc, creds)
        return await self.take(order, marketable)

    async def take(self, order, marketable):
        m = order.market
        if m.delay_s and marketable:
            self.engine.delay(order)
            return views.posted(order, [], "delayed")
        if marketable and self.v.options["taker_delay_ms"]:
            self.engine.hold(order)
            await asyncio.sleep(self.v.options["taker_delay_ms"] / 1000)
            self.engine.let_go(order)
        return views.posted(order, self.engine.enter(order))

    async def post_many(self, request, creds):
        docs = await self.body(request)
        if not isinstance(docs, list) or not docs:
            raise Error(400, rules.PAYLOAD)
        most = self.v.options["batch_max"]
        if len(docs) > most:
            raise Error(400, f"Too many orders in payload: {len(docs)}, max allowed: {most}")
        closed = self.open_for(docs)
        for doc in docs:
            rules.shape(doc)
            if doc["owner"] != creds["apiKey"]:
                raise Error(400, "the order owner has to be the owner of the API KEY")
        out = []
        for doc in docs:
            try:
                if closed and not doc.get("postOnly"):
                    raise Error(503, POST_ONLY)
                out.append(await self.take(*rules.check(self.v, doc, creds)))
            except Error as e:
                out.append({"errorMsg": e.body["error"], "orderID": "", "takingAmount": "", "makingAmount": "", "status": "", "success": True})
        return out

    # --- cancelling ---
    def cancel(self, ids, creds):
        if self.v.mode()[0] == "disabled":
            raise Error(503, DISABLED)
        if self.v.mode()[0] == "restarting":
            raise Error(425, {"error": "engine restarting"})
        done, kept = [], {}
        for ident in ids:
            o = self.ledger.orders.get(ident.lower())
            why = self.engine.cancel_reason(o, creds["apiKey"])
            if why:
                kept[ident] = why
            else:
                self.engine.cancel(o)
                done.append(ident)
        return {"canceled": done, "not_canceled": kept}

    async def cancel_one(self, request, creds):
        doc = await self.body(request)
        ident = doc.get("orderID") if isinstance(doc, dict) else None
        if not isinstance(ident, str) or not ORDER_ID.fullmatch(ident):
            raise Error(400, "Invalid orderID" if isinstance(doc, dict) else rules.PAYLOAD)
        return self.cancel([ident], creds)

    async def cancel_many(self, request, creds):
        ids = await self.body(request)
        if not isinstance(ids, list) or not ids:
            raise Error(400, rules.PAYLOAD)
        if len(ids) > 1000:
            raise Error(400, "Too many orders in payload, max allowed: 1000")
        if not all(isinstance(x, str) and ORDER_ID.fullmatch(x) for x in ids):
            raise Error(400, "Invalid orderID")
        return self.cancel(ids, creds)

    async def cancel_all(self, request, creds):
        return self.cancel([o.id for o in self.ledger.open_orders(owner=creds["apiKey"])], creds)

    async def cancel_market(self, request, creds):
        doc = await self.body(request)
        if not isinstance(doc, dict) or not (doc.get("market") or doc.get("asset_id")) or not all(isinstance(doc.get(k) or "", str) for k in ("market", "asset_id")):
            raise Error(400, rules.PAYLOAD)
        return self.cancel([o.id for o in self.ledger.open_orders(owner=creds["apiKey"]) if doc.get("market") in (None, "", o.market.condition) and
                            doc.get("asset_id") in (None, "", o.token)], creds)

    # --- reading ---
    async def orders(self, request, creds):
        q = request.query
        rows = [o for o in self.ledger.open_orders(owner=creds["apiKey"]) if q.get("id") in (None, "", o.id) and q.get("market") in (None, "", o.market.condition) and
                q.get("asset_id") in (None, "", o.token) and o.status == "LIVE"]
        return page([views.order_row(o) for o in rows], q.get("next_cursor"), self.v.options["page"])

    async def order(self, request, creds):
        ident = request.match_info["id"]
        if not ORDER_ID.fullmatch(ident):
            raise Error(400, "Invalid orderID")
        o = self.ledger.orders.get(ident.lower())
        if o is None or o.owner != creds["apiKey"] or o.status != "LIVE":
            if self.v.options["missing_order"] == "null":
                return json.loads("null")
            raise Error(404, "Order not found")
        return views.order_row(o)

    async def trades(self, request, creds):
        q, mine = request.query, creds["apiKey"]
        try:
            after, before = whole(q.get("after") or "0"), whole(q.get("before") or str(1 << 40))
        except ValueError as e:
            raise Error(400, "Invalid trade params payload") from e
        rows = []
        for t in reversed(self.ledger.trades):
            maker = q.get("maker_address", "").lower()
            seen = {t.taker.wallet.address} | {x.order.wallet.address for x in t.legs}
            if (mine in views.trade_owners(t) and q.get("id") in (None, "", t.id) and q.get("market") in (None, "", t.market.condition) and
                    q.get("asset_id") in (None, "", t.taker.token) and (not maker or maker in seen) and
                    after <= int(t.at) <= before):
                rows.append(views.trade_row(t, mine))
        return page(rows, q.get("next_cursor"), self.v.options["page"])

    # --- the rest ---
    async def heartbeat(self, request, creds):
        doc = await self.body(request, "Invalid payload")
        if not isinstance(doc, dict) or not isinstance(doc.get("heartbeat_id") or "", str):
            raise Error(400, "Invalid payload")
        given = doc.get("heartbeat_id")
        known = self.beats.get(creds["apiKey"])
        if known and given != known[0]:
            raise Error(400, {"error": "Invalid Heartbeat ID", "error_msg": "Invalid Heartbeat ID", "heartbeat_id": known[0]})
        ident = known[0] if known else str(uuid.uuid4())
        self.beats[creds["apiKey"]] = (ident, self.v.now())
        return {"heartbeat_id": ident}

    def check_beats(self):
        """Called each 5 s: who fell silent loses all his orders."""
        for key, (_, at) in list(self.beats.items()):
            if self.v.now() - at > self.v.options["heartbeat_s"]:
                del self.beats[key]
                for o in self.ledger.open_orders(owner=key):
                    if o.status == "LIVE":
                        self.engine.cancel(o)

    def note(self, owner, kind, o):
        rows = self.notes.setdefault(owner, [])
        rows.append({"id": len(rows) + 1, "owner": owner, "type": kind, "timestamp": int(self.v.now()), "payload": {
            "order_id": o.id, "market": o.market.condition, "asset_id": o.token, "side": o.side, "price": views.human(o.price), "original_size": views.human(o.size),
            "matched_size": views.human(o.matched), "remaining_size": views.human(o.left), "outcome": o.market.outcomes[o.t], "outcome_index": o.t}})

    async def notifications(self, request, creds):
        if request.query.get("signature_type", "0") not in ("0", "1", "2", "3"):
            raise Error(400, "Invalid signature_type")
        return self.notes.get(creds["apiKey"], [])

    async def drop_notifications(self, request, creds):
        ids = request.query.get("ids", "").split(",")
        if not all(re.fullmatch("[0-9]+", i) for i in ids):
            raise Error(400, "Invalid ids")
        self.notes[creds["apiKey"]] = [n for n in self.notes.get(creds["apiKey"], []) if str(n["id"]) not in ids]
        return "OK"

    async def scoring(self, request, creds):
        ident = request.query.get("order_id", "")
        if not ORDER_ID.fullmatch(ident):
            raise Error(400, "Invalid order_id")
        return {"scoring": self.scores(ident)}

    def scores(self, ident):
        o = self.ledger.orders.get(ident.lower())
        return bool(o and o.status == "LIVE")

    async def scorings(self, request, creds):
        ids = await self.body(request, "Invalid payload")
        if not isinstance(ids, list):
            raise Error(400, "Invalid payload")
        if not all(isinstance(i, str) and ORDER_ID.fullmatch(i) for i in ids):
            raise Error(400, "Invalid orderID")
        return {i: self.scores(i) for i in ids}
