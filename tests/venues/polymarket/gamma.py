"""Gamma: discovery of markets and events, tags, search."""
import base64
import json

from common import MICRO, Error, human
from polymarket.views import number


class Gamma:
    def __init__(self, venue):
        self.v, self.ledger = venue, venue.ledger

    def routes(self, app):
        r = app.router
        r.add_get("/markets/keyset", self.keyset("markets", self.market_rows))
        r.add_get("/events/keyset", self.keyset("events", self.event_rows))
        r.add_get("/markets", self.offset(self.market_rows))
        r.add_get("/events", self.offset(self.event_rows))
        r.add_get("/markets/slug/{slug}", self.one(self.market_rows, "slug"))
        r.add_get("/markets/{id}", self.one(self.market_rows, "id"))
        r.add_get("/events/slug/{slug}", self.one(self.event_rows, "slug"))
        r.add_get("/events/{id}", self.one(self.event_rows, "id"))
        r.add_get("/tags", self.tags)
        r.add_get("/tags/slug/{slug}", self.tag)
        r.add_get("/tags/{id}/related-tags", self.related)
        r.add_get("/public-search", self.search)
        for name in ("series", "sports", "teams"):
            r.add_get("/" + name, self.nothing)

    async def nothing(self, request):
        return []

    # --- rows ---
    def market(self, m, with_event=True):
        bid, ask = m.touch(0)
        last = m.last[0] or None
        price = last or (((bid or 0) + (ask or MICRO)) // 2)
        if m.winner is not None:
            price = MICRO // 2 if m.winner < 0 else MICRO if m.winner == 0 else 0
        v2 = m.protocol == "v2"
        doc = {"id": m.id, "question": m.question, "conditionId": m.condition[:64] if v2 else m.condition, "slug": m.slug,
               "endDate": self.v.iso(m.end), "startDate": self.v.iso(m.created), "createdAt": self.v.iso(m.created), "description": "",
               "outcomes": json.dumps(m.outcomes), "outcomePrices": json.dumps([human(price), human(MICRO - price)]),
               "volume": human(m.volume), "volumeNum": number(m.volume), "volume24hr": number(m.volume), "liquidity": "0", "liquidityNum": 0,
               "active": True, "closed": m.closed, "archived": False, "new": False, "restricted": True, "questionID": m.condition,
               "enableOrderBook": True, "acceptingOrders": m.accepting, "orderPriceMinTickSize": number(m.tick), "orderMinSize": number(m.min_size),
               "clobTokenIds": None if v2 else json.dumps(m.tokens), "umaResolutionStatuses": "[]", "makerBaseFee": 1000, "takerBaseFee": 1000,
               "negRisk": m.neg_risk, "secondsDelay": int(m.delay_s), "clearBookOnStart": m.clear_at_start, "feesEnabled": bool(m.fee_rate),
               "bestBid": number(bid or 0), "bestAsk": number(MICRO if ask is None else ask), "lastTradePrice": number(last or 0),
               "spread": number((MICRO if ask is None else ask) - (bid or 0)), "groupItemTitle": "", "groupItemThreshold": "0", "marketMakerAddress": ""}
        if v2:
            doc.update(version="v2", positionIds=m.tokens)
        if m.fee_rate:
            doc.update(feeSchedule={"rate": m.fee_rate / 1e6, "exponent": m.fee_exponent, "takerOnly": True, "rebateRate": 0.2}, feeType="mock_fees")
        if m.closed:
            doc.update(closedTime=self.v.iso(self.v.now()).replace("T", " ").replace("Z", "+00"), umaResolutionStatus="resolved")
        if with_event:
            doc["events"] = [self.event_head(m.event)]
        return doc

    def tag_rows(self, names):
        return [{"id": str(1 + self.all_tags().index(n)), "label": n.title(), "slug": n} for n in names]

    def all_tags(self):
        return sorted({t for m in self.ledger.markets.values() for t in m.tags})

    def event_head(self, slug):
        ms = [m for m in self.ledger.markets.values() if m.event == slug]
        closed = all(m.closed for m in ms)
        return {"id": "9" + ms[0].id, "ticker": slug, "slug": slug, "title": ms[0].event_title or slug, "description": "", "active": True, "closed": closed,
                "archived": False, "negRisk": ms[0].neg_risk, "volume": number(sum(m.volume for m in ms)), "volume24hr": number(sum(m.volume for m in ms)),
                "liquidity": 0, "endDate": self.v.iso(max(m.end for m in ms)), "startDate": self.v.iso(ms[0].created),
                "tags": self.tag_rows(sorted({t for m in ms for t in m.tags}))}

    def listed(self):
        return [m for m in self.ledger.markets.values() if self.v.now() - m.created >= self.v.options["gamma_lag_s"]]

    def market_rows(self, q):
        rows = []
        for m in self.listed():
            if self.wanted(m, q):
                rows.append(self.market(m))
        return self.ordered(rows, q)

    def event_rows(self, q):
        slugs = []
        for m in self.listed():
            if m.event not in slugs and self.wanted(m, q, event=True):
                slugs.append(m.event)
        rows = [{**self.event_head(s), "markets": [self.market(m, False) for m in self.ledger.markets.values() if m.event == s]} for s in slugs]
        return self.ordered(rows, q)

    def wanted(self, m, q, event=False):
        closed = q.get("closed", "false")
        many = {k: q.getall(k, []) for k in ("condition_ids", "clob_token_ids", "slug", "id", "question_ids", "tag_id")}
        many = {k: [y for x in v for y in x.split(",")] for k, v in many.items()}
        if (closed == "false" and m.closed) or (closed == "true" and not m.closed):
            return False
        if many["condition_ids"] and m.condition not in many["condition_ids"] and m.condition[:64] not in many["condition_ids"]:
            return False
        if many["clob_token_ids"] and not set(m.tokens) & set(many["clob_token_ids"]):
            return False
        if many["slug"] and (m.event if event else m.slug) not in many["slug"]:
            return False
        if many["id"] and ("9" + m.id if event else m.id) not in many["id"]:
            return False
        if many["tag_id"] and not {t["id"] for t in self.tag_rows(m.tags)} & set(many["tag_id"]):
            return False
        if q.get("tag_slug") and q["tag_slug"] not in m.tags:
            return False
        for k, n in (("liquidity_num_min", 0), ("volume_num_min", m.volume / MICRO)):
            if q.get(k) and n < float(q[k]):
                return False
        return True

    @staticmethod
    def ordered(rows, q):
        for key in reversed([k for k in q.get("order", "").split(",") if k]):
            rows = sorted(rows, key=lambda r: (r.get(key) is not None, float(r[key]) if str(r.get(key, "")).replace(".", "", 1).isdigit() else 0, str(r.get(key))),
                          reverse=q.get("ascending", "true") == "false")
        return rows

    # --- answers ---
    def keyset(self, name, rows):
        async def handler(request):
            q = request.query
            if "offset" in q:
                raise Error(422, {"error": "offset is not supported, use after_cursor"})
            limit = int(q.get("limit", 20))
            if not 1 <= limit <= 100:
                raise Error(422, {"error": "limit must be between 1 and 100"})
            try:
                at = int(base64.b64decode(q["after_cursor"]).decode()) if q.get("after_cursor") else 0
            except ValueError as e:
                raise Error(422, {"error": "invalid cursor"}) from e
            found = rows(q)
            doc = {name: found[at:at + limit]}
            if at + limit < len(found):
                doc["next_cursor"] = base64.b64encode(str(at + limit).encode()).decode()
            return doc
        return handler

    def offset(self, rows):
        async def handler(request):
            at = int(request.query.get("offset", 0))
            return rows(request.query)[at:at + int(request.query.get("limit", 20))]
        return handler

    def one(self, rows, key):
        async def handler(request):
            q = request.query.copy()
            q["closed"] = "any"
            found = [r for r in rows(q) if r[key] == request.match_info[key]]
            if not found:
                raise Error(404, {"type": "not found error", "error": "id not found" if key == "id" else "slug not found"})
            return found[0]
        return handler

    async def tags(self, request):
        return self.tag_rows(self.all_tags())

    async def tag(self, request):
        found = [t for t in self.tag_rows(self.all_tags()) if t["slug"] == request.match_info["slug"]]
        if not found:
            raise Error(404, {"type": "not found error", "error": "slug not found"})
        return found[0]

    async def related(self, request):
        return []

    async def search(self, request):
        q = request.query
        if not q.get("q"):
            raise Error(422, {"type": "validation error", "error": "q is required"})
        words, most = q["q"].lower().split(), int(q.get("limit_per_type", 10))
        slugs = []
        for m in self.listed():
            text = f"{m.question} {m.event_title} {m.slug}".lower()
            if all(w in text for w in words) and m.event not in slugs:
                slugs.append(m.event)
        rows = [{**self.event_head(s), "markets": [self.market(m, False) for m in self.ledger.markets.values() if m.event == s]} for s in slugs]
        return {"events": rows[:most], "tags": [t for t in self.tag_rows(self.all_tags()) if any(w in t["slug"] for w in words)], "profiles": None,
                "pagination": {"hasMore": len(rows) > most, "totalResults": len(rows)}}


def geoblock(venue):
    async def handler(request):
        return {"blocked": venue.options["blocked"], "ip": "127.0.0.1", "country": venue.options["country"], "region": "ZH"}
    return handler


def add_geoblock(app, venue):
    app.router.add_get("/api/geoblock", geoblock(venue))
