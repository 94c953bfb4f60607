"""CLOB REST beside trading: rewards and rebates (this venue pays a fixed rate and has paid nobody yet), builders' keys and trades."""
import re
import secrets
import uuid

from common import Error, human, parse_json, whole
from polymarket import auth, verify, views
from polymarket.public import page

PUSD = "0xC011a7E12a19f7B1f670d46F03B03f3342E82DFB"
CONFIG = {"id": 0, "asset_address": PUSD, "start_date": "2026-01-01", "end_date": "2500-12-31", "rate_per_day": 1, "total_rewards": 100,
          "total_days": 100}
DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
CODE = re.compile(r"0x[0-9a-fA-F]{64}")


class Rewards:
    def __init__(self, venue):
        self.reading = []  # (api key of its owner, key)
        self.v, self.ledger, self.builders = venue, venue.ledger, {}  # builder key -> (api key of its owner, credentials)

    def routes(self, app):
        r = app.router
        r.add_get("/rewards/markets/current", self.current)
        r.add_get("/rewards/markets/multi", self.multi)
        r.add_get("/rewards/markets/{condition}", self.market)
        r.add_get("/rebates/current", self.rebates)
        r.add_get("/builder/trades", self.trades)
        for method, path, fn in (("GET", "/rewards/user", self.earned), ("GET", "/rewards/user/total", self.total), ("GET", "/rewards/user/percentages", self.percentages),
                                 ("GET", "/rewards/user/markets", self.user_markets), ("POST", "/auth/builder-api-key", self.make_key),
                                 ("GET", "/auth/builder-api-key", self.keys), ("DELETE", "/auth/builder-api-key", self.revoke),
                                 ("POST", "/auth/readonly-api-key", self.make_reader), ("GET", "/auth/readonly-api-keys", self.readers),
                                 ("DELETE", "/auth/readonly-api-key", self.drop_reader), ("GET", "/data/pre-migration-orders", self.old_orders)):
            r.add_route(method, path, self.signed(fn))

    def signed(self, fn):
        async def handler(request):
            return await fn(request, await auth.l2(self.v, request))
        return handler

    # --- rewards of markets ---
    def rows(self, request, row, among=None):
        return page([row(m) for m in among or self.ledger.markets.values() if among or not m.closed], request.query.get("next_cursor"), 100)

    @staticmethod
    def tokens(m):
        return [{k: t[k] for k in ("token_id", "outcome", "price")} for t in views.tokens(m)]

    def head(self, m):
        return {"condition_id": m.condition, "question": m.question, "market_slug": m.slug, "event_slug": m.event, "image": "", "rewards_max_spread": 4.5,
                "rewards_min_size": 50, "market_competitiveness": 0.5, "tokens": self.tokens(m), "rewards_config": [CONFIG]}

    def wide(self, m):
        bid, ask = m.touch(0)
        spread = 1 if bid is None or ask is None else views.number(ask - bid)
        return {**self.head(m), "market_id": m.id, "event_id": "9" + m.id, "volume_24hr": views.number(m.volume), "spread": spread}

    async def current(self, request):
        return self.rows(request, lambda m: {"condition_id": m.condition, "rewards_max_spread": 4.5, "rewards_min_size": 50, "rewards_config": [CONFIG],
                                             "sponsored_daily_rate": 0, "sponsors_count": 0, "native_daily_rate": 1, "total_daily_rate": 1})

    async def multi(self, request):
        return self.rows(request, lambda m: {**self.wide(m), "created_at": self.v.iso(m.created), "group_item_title": "", "one_day_price_change": 0,
                                             "end_date": self.v.iso(m.end).replace("T", " ").rstrip("Z")})

    async def market(self, request):
        m = self.ledger.markets.get(request.match_info["condition"])
        if m is None:
            raise Error(400, "Invalid market")
        return self.rows(request, self.head, [m])

    async def rebates(self, request):
        self.day(request, "Invalid date")
        if not verify.address_ok(request.query.get("maker_address")):
            raise Error(400, "Invalid maker_address")
        return []

    # --- rewards of a user ---
    @staticmethod
    def day(request, refusal="Invalid date (format: YYYY-MM-DD)"):
        if not DAY.fullmatch(request.query.get("date", "")):
            raise Error(400, refusal)

    @staticmethod
    def kind(request):
        if request.query.get("signature_type", "0") not in ("0", "1", "2", "3"):
            raise Error(400, "Invalid signature_type")
        maker = request.query.get("maker_address")
        if maker and not verify.address_ok(maker):
            raise Error(400, "Invalid maker_address")

    async def earned(self, request, creds):
        self.day(request)
        self.kind(request)
        return page([], request.query.get("next_cursor"), 100)

    async def total(self, request, creds):
        self.day(request)
        self.kind(request)
        return []

    async def percentages(self, request, creds):
        self.kind(request)
        return {}

    async def user_markets(self, request, creds):
        self.day(request)
        self.kind(request)
        doc = self.rows(request, lambda m: {**self.wide(m), "maker_address": verify.checksum(creds["address"]), "earning_percentage": 0,
                                            "earnings": [{"asset_address": PUSD, "earnings": 0, "asset_rate": 1}]})
        return {**doc, "total_count": sum(not m.closed for m in self.ledger.markets.values())}

    # --- builders ---
    async def make_key(self, request, creds):
        key = str(uuid.uuid4())
        self.builders[key] = (creds["apiKey"], {"key": key, "secret": secrets.token_urlsafe(32), "passphrase": secrets.token_hex(32)})
        return self.builders[key][1]

    async def keys(self, request, creds):
        return [k for k, (owner, _) in self.builders.items() if owner == creds["apiKey"]]

    async def revoke(self, request, creds):
        mine = [k for k, (owner, _) in self.builders.items() if owner == creds["apiKey"]]
        if not mine:
            raise Error(401, "Invalid auth")
        del self.builders[mine[-1]]
        return "OK"

    # --- keys that only read: made and listed, nothing takes them ---
    async def make_reader(self, request, creds):
        self.reading.append((creds["apiKey"], str(uuid.uuid4())))
        return {"apiKey": self.reading[-1][1]}

    async def readers(self, request, creds):
        return [k for owner, k in self.reading if owner == creds["apiKey"]]

    async def drop_reader(self, request, creds):
        try:
            self.reading.remove((creds["apiKey"], parse_json(await request.read())["key"]))
        except (ValueError, KeyError, TypeError) as e:
            raise Error(400, "Invalid payload") from e
        return True

    async def old_orders(self, request, creds):
        """Of V1: none is left."""
        return page([], request.query.get("next_cursor"), 100)

    async def trades(self, request):
        """What was traded by orders that carry a builder's code."""
        q = request.query
        try:
            after, before = whole(q.get("after") or "0"), whole(q.get("before") or str(1 << 40))
        except ValueError as e:
            raise Error(400, "invalid builder trade params") from e
        if not CODE.fullmatch(q.get("builder_code", "")):
            raise Error(400, "invalid builder trade params")
        rows = []
        for t in reversed(self.ledger.trades):
            if after <= int(t.at) <= before and q.get("id") in (None, "", t.id) and q.get("market") in (None, "", t.market.condition):
                rows += [self.trade(t, o, n, usd, kind) for o, n, usd, kind in self.parts(t) if o.builder.lower() == q["builder_code"].lower() and
                         q.get("asset_id") in (None, "", o.token)]
        return page(rows, q.get("next_cursor"), 300)

    @staticmethod
    def parts(t):
        return [(t.taker, t.shares, t.cost, "TAKER")] + [(x.order, x.shares, x.shares * t.price(x.order.t) // 1_000_000, "MAKER") for x in t.legs]

    def trade(self, t, o, shares, usd, kind):
        fee = human(t.fee) if kind == "TAKER" else "0"
        return {"id": t.id, "tradeType": kind, "takerOrderHash": t.taker.id, "builder": o.builder, "market": o.market.condition, "assetId": o.token, "side": o.side,
                "size": human(shares), "sizeUsdc": human(usd), "price": human(t.price(o.t)), "status": "TRADE_STATUS_" + t.status, "outcome": o.market.outcomes[o.t],
                "outcomeIndex": o.t, "owner": o.owner, "maker": verify.checksum(o.wallet.address), "transactionHash": t.tx, "matchTime": str(int(t.at)),
                "bucketIndex": t.bucket, "fee": fee, "feeUsdc": fee, "err_msg": None, "createdAt": self.v.iso(t.at), "updatedAt": self.v.iso(t.updated)}
