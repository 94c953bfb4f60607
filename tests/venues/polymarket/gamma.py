"""Gamma: discovery of markets and events, tags, search."""
import base64
import json

from aiohttp import web

from common import MICRO, Error, human, whole
from polymarket import verify, views


def invalid(text):
    return Error(422, {"type": "validation error", "error": text})


def missing(key):
    return Error(404, {"type": "not found error", "error": key + " not found"})


def number(query, name, default, least=0, most=1 << 40):
    try:
        return whole(query.get(name) or str(default), least, most)
    except ValueError as e:
        raise invalid(f"{name} is invalid") from e


def between(value, least, most, kind):
    try:
        return (not least or kind(least) <= value) and (not most or value <= kind(most))
    except ValueError as e:
        raise invalid(f"{least or most} is invalid") from e


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
        r.add_get("/events/pagination", self.event_pages)
        r.add_get("/events/slug/{slug}", self.one(self.event_rows, "slug"))
        r.add_get("/events/{id}", self.one(self.event_rows, "id"))
        r.add_get("/tags", self.tags)
        for by in ("slug/{slug}", "{id}"):
            r.add_get("/tags/" + by, self.tag)
            r.add_get(f"/tags/{by}/related-tags", self.related)
            r.add_get(f"/tags/{by}/related-tags/tags", self.related)
        r.add_get("/markets/{id}/tags", self.tags_of(self.market_rows))
        r.add_get("/events/{id}/tags", self.tags_of(self.event_rows))
        r.add_get("/markets/{id}/description", self.described)
        r.add_get("/public-search", self.search)
        r.add_get("/public-profile", self.profile)
        r.add_get("/comments", self.comments)
        r.add_get("/sports/market-types", self.sports_types)
        r.add_get("/status", self.status)
        for name in ("series", "sports", "teams", "market-clarifications", "comments/{id}", "comments/user_address/{address}"):
            r.add_get("/" + name, self.nothing)
        for name in ("series/{id}", "teams/{id}", "profiles/user_address/{id}"):
            r.add_get("/" + name, self.unknown)
        for name in ("events/{id}/comments/count", "series/{id}/comments/count"):
            r.add_get("/" + name, self.count)

    async def nothing(self, request):
        return []

    async def count(self, request):
        return {"count": 0}

    async def status(self, request):
        return web.Response(text="OK")

    async def unknown(self, request):
        raise missing("id")

    async def sports_types(self, request):
        return {"marketTypes": ["moneyline", "spreads", "totals"]}

    async def comments(self, request):
        if request.query.get("parent_entity_type") not in ("Event", "Series", "market") or not request.query.get("parent_entity_id", "").isascii():
            raise invalid("parent_entity_type and parent_entity_id are required")
        return []

    async def profile(self, request):
        address = request.query.get("address", "")
        if not verify.address_ok(address):
            raise Error(400, {"type": "validation error", "error": "invalid address"})
        w = self.ledger.wallets.get(address.lower())
        if w is None:
            raise Error(404, {"type": "not found error", "error": "profile not found"})
        return {"createdAt": self.v.iso(self.v.started), "proxyWallet": w.address, "profileImage": "", "displayUsernamePublic": bool(w.name), "bio": "",
                "pseudonym": w.name, "name": w.name, "users": [], "xUsername": "", "verifiedBadge": False}

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
               "endDateIso": self.v.iso(m.end)[:10], "startDateIso": self.v.iso(m.created)[:10], "updatedAt": self.v.iso(self.v.now()), "image": "", "icon": "",
               "volume": human(m.volume), "volumeNum": views.number(m.volume), "volumeClob": views.number(m.volume),
               **{k: views.number(m.volume) for k in ("volume24hr", "volume1wk", "volume1mo", "volume1yr")},
               "liquidity": human(m.liquidity()), "liquidityNum": views.number(m.liquidity()), "liquidityClob": views.number(m.liquidity()),
               **{k: 0 for k in ("oneHourPriceChange", "oneDayPriceChange", "oneWeekPriceChange", "competitive")},
               "active": True, "closed": m.closed, "archived": False, "new": False, "restricted": True, "questionID": m.condition,
               "enableOrderBook": True, "acceptingOrders": m.accepting, "orderPriceMinTickSize": views.number(m.tick), "orderMinSize": views.number(m.min_size),
               "clobTokenIds": None if v2 else json.dumps(m.tokens), "umaResolutionStatuses": "[]", "makerBaseFee": 1000, "takerBaseFee": 1000,
               "negRisk": m.neg_risk, "secondsDelay": int(m.delay_s), "clearBookOnStart": m.clear_at_start, "feesEnabled": bool(m.fee_rate),
               "bestBid": views.number(bid or 0), "bestAsk": views.number(MICRO if ask is None else ask), "lastTradePrice": views.number(last or 0),
               "spread": views.number((MICRO if ask is None else ask) - (bid or 0)), "groupItemTitle": "", "groupItemThreshold": "0", "marketMakerAddress": "",
               "resolutionSource": "", "rewardsMinSize": 50, "rewardsMaxSpread": 4.5, "negRiskOther": False, "featured": False, "cyom": False, "funded": False,
               "ready": False, "approved": True, "holdingRewardsEnabled": False, "rfqEnabled": False, "umaResolutionStatus": ""}
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
                "archived": False, "negRisk": ms[0].neg_risk, "volume": views.number(sum(m.volume for m in ms)), "volume24hr": views.number(sum(m.volume for m in ms)),
                "liquidity": views.number(sum(m.liquidity() for m in ms)), "image": "", "icon": "", "new": False, "featured": False, "restricted": True,
                "enableOrderBook": True, "commentCount": 0, "openInterest": 0, "competitive": 0, "createdAt": self.v.iso(ms[0].created),
                "updatedAt": self.v.iso(self.v.now()), "endDate": self.v.iso(max(m.end for m in ms)), "startDate": self.v.iso(ms[0].created),
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
        liquid, volume = m.liquidity() / MICRO, m.volume / MICRO
        for k, n in (("liquidity_num", liquid), ("volume_num", volume), ("liquidity", liquid), ("volume", volume)):
            if not between(n, q.get(k + "_min"), q.get(k + "_max"), float):
                return False
        return between(self.v.iso(m.end), q.get("end_date_min"), q.get("end_date_max"), str) and between(
            self.v.iso(m.created), q.get("start_date_min"), q.get("start_date_max"), str)

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
                raise invalid("offset is not supported, use after_cursor")
            limit = number(q, "limit", 20, 1, 100)
            try:
                at = whole(base64.b64decode(q["after_cursor"], validate=True).decode()) if q.get("after_cursor") else 0
            except ValueError as e:
                raise invalid("invalid cursor") from e
            found = rows(q)
            doc = {name: found[at:at + limit]}
            if at + limit < len(found):
                doc["next_cursor"] = base64.b64encode(str(at + limit).encode()).decode()
            return doc
        return handler

    def offset(self, rows):
        async def handler(request):
            at, limit = number(request.query, "offset", 0), number(request.query, "limit", 20)
            return rows(request.query)[at:at + min(limit, 500)]
        return handler

    def one(self, rows, key):
        async def handler(request):
            q = request.query.copy()
            q["closed"] = "any"
            found = [r for r in rows(q) if r[key] == request.match_info[key]]
            if not found:
                raise missing(key)
            return found[0]
        return handler

    async def event_pages(self, request):
        found = self.event_rows(request.query)
        at, limit = number(request.query, "offset", 0), number(request.query, "limit", 20)
        return {"data": found[at:at + limit], "pagination": {"hasMore": at + limit < len(found), "totalResults": len(found)}}

    async def described(self, request):
        await self.one(self.market_rows, "id")(request)
        return {"description": ""}

    async def tags(self, request):
        at, limit = number(request.query, "offset", 0), number(request.query, "limit", 100)
        return self.tag_rows(self.all_tags())[at:at + limit]

    async def tag(self, request):
        key, value = next(iter(request.match_info.items()))
        found = [t for t in self.tag_rows(self.all_tags()) if t[key] == value]
        if not found:
            raise missing(key)
        return found[0]

    async def related(self, request):
        """No tag of this venue is related to another."""
        await self.tag(request)
        return []

    def tags_of(self, rows):
        async def handler(request):
            found = await self.one(rows, "id")(request)
            return found["tags"] if "tags" in found else self.tag_rows(next(m for m in self.ledger.markets.values() if m.id == found["id"]).tags)
        return handler

    async def search(self, request):
        q = request.query
        if not q.get("q"):
            raise invalid("q is required")
        words, most, turn = q["q"].lower().split(), number(q, "limit_per_type", 10, 1, 100), number(q, "page", 1, 1)
        slugs = []
        for m in self.listed():
            text = f"{m.question} {m.event_title} {m.slug}".lower()
            if all(w in text for w in words) and m.event not in slugs:
                slugs.append(m.event)
        rows = [{**self.event_head(s), "markets": [self.market(m, False) for m in self.ledger.markets.values() if m.event == s]} for s in slugs]
        return {"events": rows[(turn - 1) * most:turn * most], "tags": [t for t in self.tag_rows(self.all_tags()) if any(w in t["slug"] for w in words)],
                "profiles": None, "pagination": {"hasMore": len(rows) > turn * most, "totalResults": len(rows)}}


def geoblock(venue):
    async def handler(request):
        return {"blocked": venue.options["blocked"], "ip": "127.0.0.1", "country": venue.options["country"], "region": "ZH"}
    return handler


def add_geoblock(app, venue):
    app.router.add_get("/api/geoblock", geoblock(venue))
