"""Data API v2: what any wallet did and holds, from trades that are mined; answers are cached by URL as the real one's CDN does."""
import base64
import json
import re
import secrets
import time

from aiohttp import web

from common import MICRO, Error, human, micro, whole

KINDS = {"TRADE", "SPLIT", "MERGE", "REDEEM", "CONVERSION", "MIGRATION", "REWARD", "YIELD", "MAKER_REBATE", "TAKER_REBATE", "REFERRAL_REWARD", "DEPOSIT",
         "WITHDRAWAL", "TIP"}
CACHE_S = {"/v2/activity": 15, "/v2/trades": 300, "/v2/positions": 5}


def num(n):
    return float(human(n))


class Data:
    def __init__(self, venue):
        self.v, self.ledger, self.cache, self.extra = venue, venue.ledger, {}, []

    def routes(self, app):
        for name in ("activity", "trades", "positions"):
            app.router.add_get("/v2/" + name, self.cached(getattr(self, name)))

    @staticmethod
    def bad(name, text=None, status=400, code="invalid_request"):
        return Error(status, {"error": text or f"invalid value for query param '{name}'", "code": code, "retryable": False,
                              "trace_id": secrets.token_hex(16), "parameter": name})

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

    def number(self, q, name, default, least=0, most=1 << 40):
        try:
            return whole(q.get(name) or str(default), least, most)
        except ValueError as e:
            raise self.bad(name) from e

    def user(self, q, needed=True):
        user = q.get("user", "").lower()
        if not user and not needed:
            return ""
        if not user:
            raise self.bad("user", "required query param 'user' not provided")
        if not re.fullmatch("0x[0-9a-f]{40}", user):
            raise self.bad("user")
        return user

    def choice(self, q, name, values, default):
        got = q.get(name) or default
        if got not in values:
            raise self.bad(name)
        return got

    def markets(self, q):
        """The markets that condition or event_id name; None: all."""
        if q.get("condition") and q.get("event_id"):
            raise self.bad("event_id", "'condition' and 'event_id' are mutually exclusive")
        wanted = [x for x in (q.get("condition") or q.get("event_id") or "").split(",") if x]
        if not wanted:
            return None
        if len(wanted) > 20 or (q.get("condition") and not all(re.fullmatch("0x[0-9a-fA-F]{64}", x) for x in wanted)):
            raise self.bad("condition" if q.get("condition") else "event_id")
        key = (lambda m: m.condition) if q.get("condition") else (lambda m: "9" + self.first(m).id)
        return {m.condition for m in self.ledger.markets.values() if key(m) in wanted}

    def first(self, m):
        """The market whose id its event goes by."""
        return next(x for x in self.ledger.markets.values() if x.event == m.event)

    def envelope(self, rows, q):
        limit = self.number(q, "limit", 100, 1, 1000)
        try:
            at = whole(base64.b64decode(q["cursor"], validate=True).decode()) if q.get("cursor") else 0
        except ValueError as e:
            raise self.bad("cursor") from e
        more = at + limit < len(rows)
        return {"data": rows[at:at + limit], "pagination": {"limit": limit, "offset": at, "has_more": more,
                                                            "next_cursor": base64.b64encode(str(at + limit).encode()).decode() if more else None}}

    def feed(self, rows, q, bounds=True):
        """Rows within what both feeds are filtered by."""
        start, end = self.number(q, "start", 0), self.number(q, "end", 0) or 1 << 40
        side, markets = self.choice(q, "side", ("", "BUY", "SELL"), ""), self.markets(q)
        return [r for r in rows if (not bounds or start <= r["timestamp"] <= end) and side in ("", r["side"]) and (markets is None or r["condition_id"] in markets)]

    def activity(self, q):
        user = self.user(q)
        kinds = [k for k in q.get("type", "").split(",") if k]
        if not set(kinds) <= KINDS:
            raise self.bad("type")
        hidden = set() if q.get("exclude_deposits_withdrawals") == "false" else {"DEPOSIT", "WITHDRAWAL"}
        hidden |= set() if "TIP" in kinds else {"TIP"}
        order = self.choice(q, "sort_direction", ("ASC", "DESC"), "DESC")
        rows = [{**self.row(t, o, n), "type": "TRADE", "usdc_size": num(cost + fee if o.side == "BUY" else cost - fee)}
                for t, o, n, cost, fee in self.fills() if o.wallet.address == user]
        rows += [r for r in self.extra if r["proxy_wallet"] == user]
        rows = [r for r in self.feed(rows, q) if (not kinds or r["type"] in kinds) and r["type"] not in hidden]
        rows.sort(key=lambda r: r["timestamp"], reverse=order == "DESC")
        return self.envelope(rows, q)

    def trades(self, q):
        user, takers = self.user(q, False), self.choice(q, "taker_only", ("true", "false"), "true") == "true"
        cash = self.choice(q, "filter_type", ("TOKENS", "CASH"), "TOKENS") == "CASH"
        try:
            least = micro(q.get("filter_amount") or "0.01")
        except ValueError as e:
            raise self.bad("filter_amount") from e
        rows = [self.row(t, o, n) for t, o, n, cost, _ in self.fills() if user in ("", o.wallet.address) and (not takers or o is t.taker) and
                (cost if cash else n) >= least]
        return self.envelope(self.feed(rows, q, bool(user)), q)

    def positions(self, q):
        user, markets = self.user(q, not q.get("condition")), self.markets(q)
        want = self.choice(q, "status", ("OPEN", "REDEEMABLE", "CLOSED"), "OPEN")
        rows = [r for r in self.holdings(user) if r["status"] == want and (markets is None or r["condition_id"] in markets) and
                (want == "CLOSED" or r["current_size"] > 0.1)]
        rows.sort(key=lambda r: r["realized_pnl" if want == "CLOSED" else "current_size"], reverse=True)
        return self.envelope(rows, q)

    def holdings(self, user=""):
        """Every position that wallets have or had."""
        rows = []
        for w in self.ledger.wallets.values():
            if user in ("", w.address):
                rows += [self.position(w, token, n) for token, n in list(w.tokens.items())]
        return [r for r in rows if r["status"] != "CLOSED" or r["total_size"]]

    def position(self, w, token, n):
        m, t = self.ledger.tokens[token]
        state = "CLOSED" if n <= 0 else "REDEEMABLE" if m.closed else "OPEN"
        held = bought = basis = paid = fees = gain = 0  # basis: what the held shares cost
        times = []
        for tr, o, shares, cost, fee in reversed(self.fills()):
            if o.wallet is not w or o.token != token:
                continue
            times.append(int(tr.at))
            fees += fee
            if o.side == "BUY":
                held, bought, basis, paid = held + shares, bought + shares, basis + cost, paid + cost
            else:
                part = basis * shares // held if held else 0
                gain, basis, held = gain + cost - part, basis - part, max(0, held - shares)
        price = m.last[t] or MICRO // 2
        if m.winner is not None:
            price = MICRO // 2 if m.winner < 0 else MICRO if m.winner == t else 0
        avg = paid * MICRO // bought if bought else 0
        entry, worth = n * avg // MICRO, n * price // MICRO
        rest = worth - entry if n > 0 else 0
        now = int(self.v.now())
        return {"proxy_wallet": w.address, "token_id": token, "condition_id": m.condition, "current_size": num(n), "avg_price": num(avg),
                "entry_cost_usdc": num(entry), "entry_fees_usdc": num(fees), "total_cost_usdc": num(entry + fees), "current_price": num(price),
                "current_value": num(worth), "total_size": num(bought), "realized_pnl": num(gain), "unrealized_pnl": num(rest), "total_pnl": num(gain + rest),
                "percent_pnl": round(100 * rest / entry, 4) if entry else 0.0, "percent_realized_pnl": round(100 * gain / paid, 4) if paid else 0.0,
                "status": state, "redeemable": state == "REDEEMABLE", "mergeable": all(w.tokens.get(x, 0) > 0 for x in m.tokens), "negative_risk": m.neg_risk,
                "archived": False, "title": m.question, "slug": m.slug, "icon": "", "event_id": "9" + self.first(m).id, "event_slug": m.event,
                "outcome": m.outcomes[t], "outcome_index": t, "opposite_outcome": m.outcomes[1 - t], "opposite_token_id": m.tokens[1 - t],
                "end_date": self.v.iso(m.end)[:10], "last_event_at": max(times, default=now), "first_entry_at": min(times, default=now), "name": "",
                "profile_image": "", "verified": False}
