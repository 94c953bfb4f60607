"""CLOB REST without a key: books, prices, markets, history, time."""
import base64
import re

from common import Error, human, parse_json, whole
from polymarket import views

SPANS = {"1h": 3600, "6h": 21600, "1d": 86400, "1w": 604800, "1m": 2592000, "max": 1 << 40, "all": 1 << 40}
TOKEN = re.compile("[0-9]{1,78}")
NO_BOOK = "No orderbook exists for the requested token id"


def cursor(n):
    return base64.b64encode(str(n).encode()).decode()


def page(rows, text, limit):
    """One page of {limit,count,next_cursor,data}."""
    try:
        at = int(base64.b64decode(text or "MA==").decode())
    except ValueError as e:
        raise Error(400, "Invalid next_cursor") from e
    part = rows[at:at + limit] if at >= 0 else []
    more = at >= 0 and at + limit < len(rows)
    return {"limit": limit, "count": len(part), "next_cursor": cursor(at + limit) if more else "LTE=", "data": part}


class Public:
    def __init__(self, venue):
        self.v, self.ledger = venue, venue.ledger

    def routes(self, app):
        r = app.router
        r.add_get("/", self.ok)
        r.add_get("/ok", self.ok)
        r.add_get("/time", self.time)
        r.add_get("/version", self.version)
        for name, one, fn in (("book", "books", self.book), ("price", "prices", self.price), ("midpoint", "midpoints", self.midpoint), ("spread", "spreads", self.spread),
                              ("last-trade-price", "last-trades-prices", self.last)):
            r.add_get("/" + name, self.single(fn))
            r.add_post("/" + one, self.many(name, fn))
            r.add_get("/" + one, self.many(name, fn))
        for name, fn in (("tick-size", self.tick_size), ("neg-risk", self.neg_risk), ("fee-rate", self.fee_rate)):
            missing = "fee rate not found for market" if name == "fee-rate" else "market not found"
            r.add_get("/" + name, self.token_info(fn, missing))
            r.add_get("/" + name + "/{token}", self.token_info(fn, missing))
        r.add_get("/clob-markets/{condition}", self.clob_market)
        r.add_get("/markets/{condition}", self.market)
        r.add_get("/markets-by-token/{token}", self.by_token)
        for name, row in (("markets", views.long_market), ("sampling-markets", views.long_market), ("simplified-markets", views.simple_market),
                          ("sampling-simplified-markets", views.simple_market)):
            r.add_get("/" + name, self.markets(row, name.startswith("sampling")))
        r.add_post("/markets/live-activity", self.live_markets)
        r.add_get("/markets/live-activity/{condition}", self.live_market)
        r.add_get("/prices-history", self.history)
        r.add_post("/batch-prices-history", self.histories)
        r.add_get("/fees/builder-fees/{code}", self.builder_fees)

    async def ok(self, request):
        return "OK"

    async def time(self, request):
        return int(self.v.now())

    async def version(self, request):
        return {"version": self.v.options["version"]}

    async def builder_fees(self, request):
        return {"builder_maker_fee_rate_bps": 0, "builder_taker_fee_rate_bps": 0}

    def find(self, token, missing=NO_BOOK):
        if not token or not TOKEN.fullmatch(str(token)):
            raise Error(400, "Invalid token id")
        found = self.ledger.tokens.get(str(token))
        if found is None or (found[0].closed and missing == NO_BOOK):
            raise Error(404, missing)
        return found

    # each: (market, outcome, row) -> answer of the single form
    def book(self, m, t, row):
        return m.summary(t)

    def price(self, m, t, row):
        bid, ask = m.touch(t)
        side = row.get("side", "")
        if side not in ("BUY", "SELL"):
            raise Error(400, "Invalid side")
        p = bid if side == "BUY" else ask
        return {"price": human(p) if p is not None else "0"}

    def midpoint(self, m, t, row):
        bid, ask = m.touch(t)
        if bid is None or ask is None:
            raise Error(404, NO_BOOK)
        return {"mid": human((bid + ask) // 2)}

    def spread(self, m, t, row):
        bid, ask = m.touch(t)
        if bid is None or ask is None:
            raise Error(404, NO_BOOK)
        return {"spread": human(ask - bid)}

    def last(self, m, t, row):
        if m is None:  # no trade is known of it
            return {"price": "0.5", "side": ""}
        return {"price": human(m.last[t]) if m.last[t] else "0.5", "side": m.last_side[t]}

    def single(self, fn):
        async def handler(request):
            token = request.query.get("token_id")
            if fn == self.last and token and TOKEN.fullmatch(token) and token not in self.ledger.tokens:
                return self.last(None, 0, request.query)
            m, t = self.find(token)
            return fn(m, t, request.query)
        return handler

    def many(self, name, fn):
        async def handler(request):
            try:
                rows = self.named(request.query) if request.method == "GET" else parse_json(await request.read())
                wanted = [(str(x["token_id"]), x) for x in rows]
            except (ValueError, KeyError, TypeError) as e:
                raise Error(400, "Invalid payload") from e
            if len(wanted) > 500:
                raise Error(400, "Payload exceeds the limit")
            found = []
            for token, row in wanted:
                m, t = self.ledger.tokens.get(token, (None, 0))
                if m is not None and not m.closed:
                    try:
                        found.append((token, row, fn(m, t, row)))
                    except Error as e:
                        if e.status == 400:
                            raise
            if name == "book":
                return [doc for _, _, doc in found]
            if name == "last-trade-price":
                return [{"token_id": token, **doc} for token, _, doc in found]
            out = {}
            for token, row, doc in found:
                value = next(iter(doc.values()))
                if name == "price":
                    out.setdefault(token, {})[row["side"]] = value
                else:
                    out[token] = value
            return out
        return handler

    @staticmethod
    def named(query):
        """The rows of a query: token_ids=a,b and, of prices, sides=BUY,SELL."""
        tokens, sides = query["token_ids"].split(","), query.get("sides")
        sides = sides.split(",") if sides else [""] * len(tokens)
        if len(sides) != len(tokens):
            raise ValueError("sides")
        return [{"token_id": t, "side": s} for t, s in zip(tokens, sides)]

    def token_info(self, fn, missing="market not found"):
        async def handler(request):
            m, t = self.find(request.match_info.get("token") or request.query.get("token_id"), missing)
            return fn(m)
        return handler

    def tick_size(self, m):
        return {"minimum_tick_size": views.number(m.tick)}

    def neg_risk(self, m):
        return {"neg_risk": m.neg_risk}

    def fee_rate(self, m):
        return {"base_fee": 1000 if m.fee_rate else 0}

    def condition(self, request):
        m = self.ledger.markets.get(request.match_info["condition"])
        if m is None:
            raise Error(404, "market not found")
        return m

    async def clob_market(self, request):
        return views.clob_market(self.condition(request), bool(self.v.options["taker_delay_ms"]))

    async def market(self, request):
        return views.long_market(self.condition(request), self.v.iso)

    async def by_token(self, request):
        found = self.ledger.tokens.get(request.match_info["token"])
        if found is None:
            raise Error(404, "market not found")
        m = found[0]
        return {"condition_id": m.condition, "primary_token_id": m.tokens[0], "secondary_token_id": m.tokens[1]}

    def markets(self, row, sampling):
        async def handler(request):
            rows = [row(m, self.v.iso) for m in self.ledger.markets.values() if not sampling or not m.closed]
            return page(rows, request.query.get("next_cursor"), 500)
        return handler

    async def live_market(self, request):
        return views.live_market(self.condition(request))

    async def live_markets(self, request):
        try:
            wanted = parse_json(await request.read())
            found = [self.ledger.markets[c] for c in wanted if c in self.ledger.markets]
        except (ValueError, TypeError) as e:
            raise Error(400, "Invalid markets") from e
        if not found:
            raise Error(404, "markets not found")
        return [views.live_market(m) for m in found]

    # --- history ---
    def points(self, token, query):
        """query: the single form's names; ValueError where a number is none."""
        now = int(self.v.now())
        if query.get("interval", "max") not in SPANS:
            raise ValueError("interval")
        start = whole(query["startTs"]) if "startTs" in query else now - SPANS[query.get("interval", "max")]
        end, step = whole(query.get("endTs", now + 1)), whole(query.get("fidelity", 1), 1, 100000) * 60
        m, t = self.ledger.tokens.get(token, (None, 0))
        out = {}
        for s, yes in m.history if m else ():
            if start <= s <= end:
                out[s // step * step] = yes if t == 0 else 1_000_000 - yes
        return [{"t": s, "p": views.number(p)} for s, p in sorted(out.items())]

    async def history(self, request):
        q = request.query
        if not q.get("market"):
            raise Error(400, "invalid filters: 'market' is required")
        if "interval" not in q and "startTs" not in q:
            raise Error(400, "invalid filters: 'startTs' and 'endTs' or 'interval' are required")
        try:
            return {"history": self.points(q["market"], q)}
        except ValueError as e:
            raise Error(400, f"invalid filters: {e}") from e

    async def histories(self, request):
        try:
            doc = parse_json(await request.read())
            query = {{"start_ts": "startTs", "end_ts": "endTs"}.get(k, k): v for k, v in doc.items() if k != "markets"}
            if not 1 <= len(doc["markets"]) <= 20:
                raise ValueError("1 to 20 markets")
            return {"history": {str(token): self.points(token, query) for token in doc["markets"]}}
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            raise Error(400, f"invalid filters: {e}") from e
