"""The rest of the Data API v2: a wallet's value, numbers and approvals, holders, interest, boards, history, resolutions, the service's own state."""
from common import MICRO
from polymarket import verify
from polymarket.data import num
from polymarket.public import SPANS

PUSD, CTF, MANAGER = "0xc011a7e12a19f7b1f670d46f03b03f3342e82dfb", "0x4d97dcd97ec945f40cf65f87097ace5ea0476045", "0x006f54f7f9a22e0000cc2ab60031000000ae9fef"
APPROVALS = (("UsdcExchange", "CtfExchangeIsApprovedForAll", "standard", CTF), ("UsdcNegRiskExchange", "CtfNegRiskExchangeIsApprovedForAll", "neg_risk", CTF),
             ("PusdV2Exchange", "V2PositionManagerExchangeIsApprovedForAll", "v3", MANAGER))


class Boards:
    def __init__(self, venue, data):
        self.v, self.ledger, self.data = venue, venue.ledger, data

    def routes(self, app):
        for path, fn in (("value", self.value), ("user-stats", self.stats), ("resolutions", self.resolutions), ("holders", self.holders), ("oi", self.interest),
                         ("leaderboard", self.leaders), ("prices-history", self.history), ("approvals", self.approvals), ("status", self.status)):
            app.router.add_get("/v2/" + path, self.data.cached(fn))

    # --- one wallet ---
    def worth(self, user):
        return sum(r["current_value"] for r in self.data.holdings(user))

    def value(self, q):
        user = self.data.user(q)
        return {"data": {"proxy_wallet": user, "value": round(self.worth(user), 6)}}

    def stats(self, q):
        user = self.data.user(q)
        mine = [x for x in self.data.fills() if x[1].wallet.address == user]
        rows = self.data.holdings(user)
        gain, rest = (round(sum(r[k] for r in rows), 6) for k in ("realized_pnl", "unrealized_pnl"))
        fees = -num(sum(x[4] for x in mine))
        zero = dict.fromkeys(("realized_lp_pnl", "realized_combo_pnl", "fees_refunded", "maker_rebate", "taker_rebate", "reward_income", "yield_income",
                              "referral_income", "wallet_income", "sponsored_income"), 0.0)
        pnl = {**zero, "timestamp": int(self.v.now()), "source_block": 1, "realized_market_pnl": gain, "unrealized_pnl": rest, "deposits": None, "withdrawals": None,
               "realized_pnl": gain, "position_pnl": round(gain + rest, 6), "settled_pnl": gain, "economic_pnl": round(gain + rest + fees, 6), "trade_pnl": gain,
               "fees": fees, "fees_paid": fees, "cashflow_net": None, "volume": num(sum(x[2] for x in mine)), "volume_usdc": num(sum(x[3] for x in mine)),
               "trade_count": len(mine)}
        return {"data": {"proxy_wallet": user, "trades": len(mine), "biggest_win": max([r["realized_pnl"] for r in rows] + [0.0]), "views": 0,
                         "join_date": int(self.v.started), "all_time_pnl": pnl}}

    def approvals(self, q):
        user = self.data.user(q)
        w, rows = self.ledger.wallets.get(user), []
        for money, shares, exchange, book in APPROVALS:
            spender = verify.contract(exchange, self.ledger.chain).lower()
            amount = w.usd_allowed.get(exchange, 0) if w else 0
            rows.append({"id": money, "feature": "trading", "token": PUSD, "spender": spender, "standard": "ERC20", "approved": amount > 0,
                         "amount": "max" if amount >= 1 << 255 else str(amount)})
            rows.append({"id": shares, "feature": "trading", "token": book, "spender": spender, "standard": "ERC1155",
                         "approved": bool(w and w.tokens_allowed.get(exchange))})
        return {"data": {"address": user, "chain_id": self.ledger.chain, "checked_at": self.v.iso(self.v.now()), "contracts": rows}}

    # --- markets ---
    def wanted(self, q, needed=True):
        if needed and not q.get("condition"):
            raise self.data.bad("condition", "required query param 'condition' not provided")
        names = self.data.markets(q)
        return [m for m in self.ledger.markets.values() if names is None or m.condition in names]

    def holders(self, q):
        groups, least = [], self.data.number(q, "limit", 20, 1, 1000)
        for m in self.wanted(q):
            for t, token in enumerate(m.tokens):
                have = sorted(((w.tokens.get(token, 0), w.address) for w in self.ledger.wallets.values() if w.tokens.get(token, 0) > 0), reverse=True)[:least]
                groups.append({"token_id": token, "holders": [{"proxy_wallet": a, "bio": "", "token_id": token, "pseudonym": "", "amount": num(n),
                                                               "display_username_public": False, "outcome_index": t, "name": "", "profile_image": "",
                                                               "profile_image_optimized": "", "verified": False} for n, a in have]})
        return {"data": groups, "pagination": {"limit": least, "offset": 0, "has_more": False, "next_cursor": None}}

    def sets(self, m):
        return sum(w.tokens.get(m.tokens[0], 0) for w in self.ledger.wallets.values())

    def interest(self, q):
        if not q.get("condition"):
            return {"data": [{"condition_id": "GLOBAL", "value": num(sum(self.sets(m) for m in self.ledger.markets.values()))}]}
        return {"data": [{"condition_id": m.condition, "value": num(self.sets(m))} for m in self.wanted(q)]}

    def history(self, q):
        token = q.get("token_id", "")
        if not token:
            raise self.data.bad("token_id", "required query param 'token_id' not provided")
        span = SPANS[self.data.choice(q, "interval", SPANS, "max")]
        start = self.data.number(q, "start", 0) or int(self.v.now()) - span
        end, step = self.data.number(q, "end", 0) or 1 << 40, self.data.number(q, "fidelity", 1, 1, 100000) * 60
        m, t = self.ledger.tokens.get(token, (None, 0))
        out = {}
        for s, yes in m.history if m else ():
            if start <= s <= end:
                out[s // step * step] = num(yes if t == 0 else MICRO - yes)
        return self.data.envelope([{"timestamp": s, "price": p, "resolution_seconds": step} for s, p in sorted(out.items())], q)

    def resolutions(self, q):
        """Condition ids of 64 digits: those of 62 are none."""
        rows = []
        for m in self.wanted(q):
            doc = {"question_id": m.condition, "condition_id": m.condition, "status": "initialized" if m.winner is None else "resolved", "extended_review": False,
                   "was_disputed": False, "new_version_q": False, "transaction_hash": "", "log_index": "", "last_update_timestamp": self.v.iso(self.v.now())}
            if m.winner is not None:
                pay = [MICRO // 2] * 2 if m.winner < 0 else [MICRO * (m.winner == i) for i in range(2)]
                doc.update(payouts=pay, resolution_source="reported", was_arbitrated=False, resolved_block=1, resolved_at=self.v.iso(self.v.now()))
            rows.append(doc)
        if not rows:
            raise self.data.bad("condition", "resolution not found", 404, "not_found")
        return {"data": rows}

    # --- everyone ---
    def leaders(self, q):
        by = {"PNL": "pnl", "VOL": "volume"}[self.data.choice(q, "sort_by", ("PNL", "VOL"), "PNL")]
        rows = []
        for a in {x[1].wallet.address for x in self.data.fills()}:
            volume = num(sum(x[3] for x in self.data.fills() if x[1].wallet.address == a))
            pnl = round(sum(r["total_pnl"] for r in self.data.holdings(a)), 6)
            rows.append({"rank": 0, "user_id": a, "pnl": pnl, "volume": volume, "user_name": "", "profile_image": "", "x_username": "", "verified": False})
        rows.sort(key=lambda r: (-r[by], r["user_id"]))
        for i, r in enumerate(rows):
            r["rank"] = i + 1
        return self.data.envelope(rows, q)

    def status(self, q):
        lag = self.v.options["index_ms"] // 1000
        return {"data": {"computed_at": self.v.iso(self.v.now()), "age_seconds": 0,
                         "serving": {"lag_seconds": lag, "worst": "activity_feed", "mechanisms": [{"name": "activity_feed", "age_seconds": lag}]},
                         "ingestion": {"cursors": 1, "network": "polygon", "chain_id": self.ledger.chain, "max_synced_block": 1, "min_synced_block": 1,
                                       "most_lagged": {"source": "trades", "block": 1, "behind_max": 0}, "lagging": []}}}
