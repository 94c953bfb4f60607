"""The Data API of before, which the unified SDK and others still ask: v2's rows under their old names, as bare arrays. Option data_v1 retires it (410)."""
import json
import re

from aiohttp import web

from common import Error, micro

OLD = {"token_id": "asset", "opposite_token_id": "oppositeAsset", "current_size": "size", "entry_cost_usdc": "initialValue", "unrealized_pnl": "cashPnl",
       "total_size": "totalBought", "current_price": "curPrice"}
POSITION = ("proxy_wallet", "token_id", "condition_id", "current_size", "avg_price", "entry_cost_usdc", "current_value", "unrealized_pnl", "percent_pnl", "total_size",
            "realized_pnl", "percent_realized_pnl", "current_price", "redeemable", "mergeable", "title", "slug", "icon", "event_id", "event_slug", "outcome",
            "outcome_index", "opposite_outcome", "opposite_token_id", "end_date", "negative_risk")
CLOSED = ("proxy_wallet", "token_id", "condition_id", "avg_price", "total_size", "realized_pnl", "current_price", "title", "slug", "icon", "event_slug", "outcome",
          "outcome_index", "opposite_outcome", "opposite_token_id", "end_date")
IN_MARKET = ("proxy_wallet", "name", "profile_image", "verified", "token_id", "condition_id", "avg_price", "current_size", "current_value", "unrealized_pnl",
             "total_size", "realized_pnl", "total_pnl", "outcome", "outcome_index")
NAMES = {"market": "condition", "eventId": "event_id", "takerOnly": "taker_only", "filterType": "filter_type", "filterAmount": "filter_amount",
         "sortDirection": "sort_direction", "excludeDepositsWithdrawals": "exclude_deposits_withdrawals"}


def camel(key):
    return re.sub(r"_([a-z])", lambda m: m[1].upper(), key)


def old(row, keys=None):
    return {OLD.get(k) or camel(k): row[k] for k in keys or row}


class DataV1:
    def __init__(self, venue, data, boards):
        self.v, self.ledger, self.data, self.boards = venue, venue.ledger, data, boards

    def routes(self, app):
        for path, fn in (("/", self.health), ("/trades", self.trades), ("/activity", self.activity), ("/positions", self.positions),
                         ("/closed-positions", self.closed), ("/value", self.value), ("/traded", self.traded), ("/holders", self.holders), ("/oi", self.interest),
                         ("/live-volume", self.volume), ("/v1/market-positions", self.in_market), ("/v1/leaderboard", self.leaders),
                         ("/v1/builders/leaderboard", self.builders), ("/v1/builders/volume", self.builders), ("/v1/approvals", self.approvals)):
            app.router.add_get(path, self.served(fn))

    def served(self, fn):
        async def handler(request):
            if not self.v.options["data_v1"]:
                raise Error(410, {"error": "this endpoint has been retired, use /v2"})
            q = {NAMES.get(k, k): v for k, v in request.query.items()}
            try:
                doc = fn(q)
            except Error as e:
                raise Error(e.status, {"error": e.body["error"]}) from e
            return web.Response(text=json.dumps(doc), content_type="application/json")
        return handler

    def paged(self, fn, q, most=500):
        """All pages of v2 in one, then limit and offset."""
        limit, at = self.data.number(q, "limit", min(100, most), 0, 10000), self.data.number(q, "offset", 0, 0, 10000)
        rows, more = [], {**q, "limit": "1000"}
        while True:
            doc = fn(more)
            rows += doc["data"]
            if not doc["pagination"]["has_more"]:
                return rows[at:at + min(limit, most)]
            more["cursor"] = doc["pagination"]["next_cursor"]

    def health(self, q):
        return {"data": "OK"}

    def trades(self, q):
        return [self.known(old(r)) for r in self.paged(self.data.trades, q, 10000)]

    def known(self, row):
        """The outcome's index, which v2 may leave open (999)."""
        if row.get("asset") in self.ledger.tokens:
            row["outcomeIndex"] = self.ledger.tokens[row["asset"]][1]
        return row

    def activity(self, q):
        return [{**self.known(old(r)), "isCombo": False} for r in self.paged(self.data.activity, q)]

    def positions(self, q):
        try:
            least = micro(q.get("sizeThreshold") or "1") / 1e6
        except ValueError as e:
            raise self.data.bad("sizeThreshold") from e
        states = [("status", s) for s in (("REDEEMABLE",) if q.get("redeemable") == "true" else ("OPEN", "REDEEMABLE"))]
        rows = [r for k, s in states for r in self.paged(self.data.positions, {**q, k: s}) if r["current_size"] >= least]
        return [old(r, POSITION) for r in rows]

    def closed(self, q):
        return [{**old(r, CLOSED), "timestamp": r["last_event_at"]} for r in self.paged(self.data.positions, {**q, "status": "CLOSED"}, 50)]

    def value(self, q):
        doc = self.boards.value(q)["data"]
        return [{"user": doc["proxy_wallet"], "value": doc["value"]}]

    def traded(self, q):
        user = self.data.user(q)
        return {"user": user, "traded": len({x[1].market.condition for x in self.data.fills() if x[1].wallet.address == user})}

    def holders(self, q):
        return [{"token": g["token_id"], "holders": [old(h) for h in g["holders"]]} for g in self.boards.holders(q)["data"]]

    def interest(self, q):
        return [{"market": r["condition_id"], "value": r["value"]} for r in self.boards.interest(q)["data"]]

    def volume(self, q):
        names = self.data.markets({"event_id": q.get("id", "")})
        if names is None:
            raise self.data.bad("id", "required query param 'id' not provided")
        rows = [{"market": m.condition, "value": m.volume / 1e6} for m in self.ledger.markets.values() if m.condition in names]
        return [{"total": sum(r["value"] for r in rows), "markets": rows}]

    def in_market(self, q):
        names = self.data.markets(q)
        if names is None:
            raise self.data.bad("market", "required query param 'market' not provided")
        rows = [r for r in self.data.holdings(self.data.user(q, False)) if r["condition_id"] in names]
        tokens = [t for m in self.ledger.markets.values() if m.condition in names for t in m.tokens]
        return [{"token": t, "positions": [{**old(r, IN_MARKET), "currPrice": r["current_price"]} for r in rows if r["token_id"] == t]} for t in tokens]

    def leaders(self, q):
        sort = {"orderBy": "sort_by"}
        rows = self.paged(self.boards.leaders, {sort.get(k, k): v for k, v in q.items() if k not in ("user",)}, 50)
        return [{"rank": str(r["rank"]), "proxyWallet": r["user_id"], "userName": r["user_name"], "vol": r["volume"], "pnl": r["pnl"], "profileImage": "",
                 "xUsername": "", "verifiedBadge": False} for r in rows if q.get("user", r["user_id"]).lower() == r["user_id"]]

    def builders(self, q):
        return []

    def approvals(self, q):
        doc = self.boards.approvals(q)["data"]
        return old(doc)
