"""Data API v2: what any wallet did and holds, from trades that are mined; answers are cached by URL as the real one's CDN does."""
import base64
import json
import time

from aiohttp import web

from common import MICRO, Error, human

CACHE_S = {"/v2/activity": 15, "/v2/trades": 300, "/v2/positions": 5}


def num(n):
    return float(human(n))


class Data:
    def __init__(self, venue):
        self.v, self.ledger, self.cache, self.extra = venue, venue.ledger, {}, []

    def routes(self, app):
        for name in ("activity", "trades", "positions", "value", "resolutions", "status"):
            app.router.add_get("/v2/" + name, self.cached(getattr(self, name)))
        for name in ("activity", "trades", "positions"):
            app.router.add_get("/" + name, self.gone)

    async def gone(self, request):
        raise Error(410, {"error": "v1 has been retired", "code": "gone", "retryable": False, "trace_id": "0", "parameter": None})

    @staticmethod
    def bad(name, text):
        return Error(400, {"error": text, "code": "invalid_parameter", "retryable": False, "trace_id": "0", "parameter": name})

    def cached(self, fn):
        async def handler(request):
            key, now = str(request.rel_url), time.monotonic()
            life = CACHE_S.get(request.path, 0) if self.v.options["cdn"] else 0
            old = self.cache.get(key)
            if old and now - old[0] < life:
                return web.Response(text=old[1], content_type="application/json", headers={"cf-cache-status": "HIT"})
            text = json.dumps(fn(request.query))
            self.cache[key] = (now, text)
            return web.Response(text=text, content_type="application/json", headers={"cf-cache-status": "MISS"})
        return handler

    # --- rows ---
    def fills(self):
        """(when indexed, trade, order, shares, collateral with fee): each order's part of each mined trade, newest first."""
        now, out = self.v.now(), []
        for t in self.ledger.trades:
            if not t.settled or now < t.indexed:
                continue
            out.append((t, t.taker, t.shares, t.cost, t.fee))
            for x in t.legs:
                out.append((t, x.order, x.shares, x.shares * t.price(x.order.t) // MICRO, 0))
        return list(reversed(out))

    def row(self, t, o, shares):
        m = o.market
        return {"proxy_wallet": o.wallet.address, "timestamp": int(t.at), "condition_id": m.condition, "size": num(shares),
                "transaction_hash": t.tx, "price": num(t.price(o.t)), "token_id": o.token, "side": o.side, "outcome_index": 999 if t.seq % 3 == 0 else o.t,
                "title": m.question, "slug": m.slug, "icon": "", "event_slug": m.event, "outcome": m.outcomes[o.t], "name": "", "pseudonym": "", "bio": "",
                "profile_image": "", "profile_image_optimized": ""}

    def envelope(self, rows, q):
        limit = int(q.get("limit", 100))
        if not 1 <= limit <= 1000:
            raise self.bad("limit", "limit must be between 1 and 1000")
        try:
            at = int(base64.b64decode(q["cursor"]).decode()) if q.get("cursor") else 0
        except ValueError as e:
            raise self.bad("cursor", "invalid cursor") from e
        more = at + limit < len(rows)
        return {"data": rows[at:at + limit], "pagination": {"limit": limit, "offset": at, "has_more": more,
                                                            "next_cursor": base64.b64encode(str(at + limit).encode()).decode() if more else None}}

    @staticmethod
    def within(row, q):
        return int(q.get("start", 0)) <= row["timestamp"] <= int(q.get("end", 1 << 40)) and q.get("side", row["side"]) == row["side"]

    def activity(self, q):
        user = q.get("user", "").lower()
        if not user.startswith("0x") or len(user) != 42:
            raise self.bad("user", "user is required")
        kinds = [k for k in q.get("type", "").split(",") if k]
        rows = [{**self.row(t, o, n), "type": "TRADE", "usdc_size": num(cost + fee if o.side == "BUY" else cost - fee)}
                for t, o, n, cost, fee in self.fills() if o.wallet.address == user]
        rows += [r for r in self.extra if r["proxy_wallet"] == user]
        rows = [r for r in rows if self.within(r, q) and (not kinds or r["type"] in kinds)]
        rows.sort(key=lambda r: r["timestamp"], reverse=q.get("sort_direction", "DESC") != "ASC")
        return self.envelope(rows, q)

    def trades(self, q):
        user, takers = q.get("user", "").lower(), q.get("taker_only", "true") != "false"
        rows = [self.row(t, o, n) for t, o, n, _, _ in self.fills() if (not user or o.wallet.address == user) and (not takers or o is t.taker) and
                q.get("condition", o.market.condition) == o.market.condition]
        return self.envelope([r for r in rows if self.within(r, q)], q)

    def positions(self, q):
        user, want = q.get("user", "").lower(), q.get("status", "OPEN")
        if not user and not q.get("condition"):
            raise self.bad("user", "user or condition is required")
        rows = []
        for w in self.ledger.wallets.values():
            for token, n in w.tokens.items():
                m, t = self.ledger.tokens[token]
                state = "REDEEMABLE" if m.closed else "OPEN"
                if (user in ("", w.address) and q.get("condition", m.condition) == m.condition and n > MICRO // 10 and state == want):
                    rows.append(self.position(w, m, t, token, n, state))
        return self.envelope(rows, q)

    def position(self, w, m, t, token, n, state):
        bought = [(shares, cost, fee) for tr, o, shares, cost, fee in self.fills() if o.wallet is w and o.token == token and o.side == "BUY"]
        shares, cost, fees = (sum(x[i] for x in bought) for i in range(3))
        price = m.last[t] or MICRO // 2
        if m.winner is not None:
            price = MICRO // 2 if m.winner < 0 else MICRO if m.winner == t else 0
        avg = cost * MICRO // shares if shares else 0
        return {"proxy_wallet": w.address, "token_id": token, "condition_id": m.condition, "current_size": num(n), "avg_price": num(avg),
                "entry_cost_usdc": num(n * avg // MICRO), "entry_fees_usdc": num(fees), "total_cost_usdc": num(n * avg // MICRO + fees), "current_price": num(price),
                "current_value": num(n * price // MICRO), "total_size": num(shares), "realized_pnl": 0.0, "unrealized_pnl": num(n * (price - avg) // MICRO),
                "total_pnl": num(n * (price - avg) // MICRO), "percent_pnl": 0.0, "percent_realized_pnl": 0.0, "status": state,
                "redeemable": state == "REDEEMABLE", "mergeable": False, "negative_risk": m.neg_risk, "archived": False, "title": m.question, "slug": m.slug,
                "icon": "", "event_id": "9" + m.id, "event_slug": m.event, "outcome": m.outcomes[t], "outcome_index": t, "opposite_outcome": m.outcomes[1 - t],
                "opposite_token_id": m.tokens[1 - t], "end_date": self.v.iso(m.end)[:10], "last_event_at": int(self.v.now()), "first_entry_at": int(self.v.now()),
                "name": "", "profile_image": "", "verified": False}

    def value(self, q):
        rows = self.positions(q)["data"]
        return {"data": [{"user": q.get("user", "").lower(), "value": sum(r["current_value"] for r in rows)}]}

    def resolutions(self, q):
        m = self.ledger.markets.get(q.get("condition", ""))
        if m is None:
            raise Error(404 if len(q.get("condition", "")) == 66 else 400, {"error": "condition not found", "code": "not_found", "retryable": False,
                                                                            "trace_id": "0", "parameter": "condition"})
        pay = [] if m.winner is None else [0.5, 0.5] if m.winner < 0 else [float(m.winner == i) for i in range(2)]
        return {"data": [{"condition_id": m.condition, "resolved": m.winner is not None, "payouts": pay,
                          "winning_token_id": m.tokens[m.winner] if m.winner is not None and m.winner >= 0 else None}]}

    def status(self, q):
        return {"data": {"lag_seconds": 0}}
