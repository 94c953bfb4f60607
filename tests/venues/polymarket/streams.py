"""The two WebSockets: market (books, trades, ticks, resolution) and user (own orders and trades)."""
from common import human, parse_json
from polymarket import auth, views


class Streams:
    def __init__(self, venue):
        self.v, self.ledger, self.fanout = venue, venue.ledger, venue.fanout

    def routes(self, app):
        app.router.add_get("/ws/market", self.market)
        app.router.add_get("/ws/user", self.user)

    # --- market ---
    async def market(self, request):
        return await self.v.peer(request, "market", self.market_text)

    def market_text(self, peer, text):
        doc = self.parsed(text)
        if not self.listed(doc, "assets_ids"):
            peer.send("INVALID OPERATION")
            return
        subs = getattr(peer, "assets", None)
        if subs is None and doc.get("type") == "market":
            peer.assets, peer.custom = set(), bool(doc.get("custom_feature_enabled"))
            self.subscribe(peer, doc.get("assets_ids") or [], doc.get("initial_dump", True))
        elif subs is not None and doc.get("operation") == "subscribe":
            if isinstance(doc.get("custom_feature_enabled"), bool):  # counts even where no asset is new
                peer.custom = doc["custom_feature_enabled"]
            self.subscribe(peer, doc.get("assets_ids") or [], True)
        elif subs is not None and doc.get("operation") == "unsubscribe":
            subs -= set(doc.get("assets_ids") or [])
        else:
            peer.send("INVALID OPERATION")

    @staticmethod
    def parsed(text):
        try:
            return parse_json(text.encode())
        except ValueError:
            return None

    @staticmethod
    def listed(doc, key):
        """An object whose list holds texts only?"""
        rows = (doc.get(key) or []) if isinstance(doc, dict) else None
        return isinstance(rows, list) and all(isinstance(x, str) for x in rows)

    def subscribe(self, peer, assets, dump):
        new = [a for a in assets if a not in peer.assets]
        peer.assets |= set(new)
        books = [self.book_doc(a) for a in new if a in self.ledger.tokens and not self.ledger.tokens[a][0].closed]
        if dump and books:
            self.fanout.send(peer, "book", books)
        elif assets and not new:
            peer.send("NO NEW ASSETS")

    def book_doc(self, token):
        m, t = self.ledger.tokens[token]
        return {**m.summary(t), "event_type": "book"}

    def to_market(self, m, event, doc, custom=False):
        for p in self.fanout.of("market"):
            assets = getattr(p, "assets", None)
            if assets is not None and (not custom or p.custom) and (event == "new_market" or assets & set(m.tokens)):
                self.fanout.send(p, event, doc)

    def now_ms(self):
        return str(int(self.v.now() * 1000))

    def touch_text(self, m, t):
        bid, ask = m.touch(t)
        return ("" if bid is None else human(bid)), ("" if ask is None else human(ask))

    def on_book(self, market, changed, trade):
        m, rows = market, []
        for bid, yes in sorted(changed):
            for t in (0, 1):
                p, side = (yes, bid) if t == 0 else (1_000_000 - yes, not bid)
                best = self.touch_text(m, t)
                rows.append({"asset_id": m.tokens[t], "price": human(p), "size": human(m.level(t, side, p)), "side": "BUY" if side else "SELL",
                             "hash": m.summary(t)["hash"], "best_bid": best[0], "best_ask": best[1]})
        if rows:
            self.to_market(m, "price_change", {"market": m.condition, "price_changes": rows, "timestamp": str(m.changed_ms), "event_type": "price_change"})
        for t in (0, 1):
            bid, ask = m.touch(t)
            best = self.touch_text(m, t)
            if changed and (bid, ask) != self.v.touched.get(m.tokens[t]):
                self.v.touched[m.tokens[t]] = (bid, ask)
                spread = human(ask - bid) if bid is not None and ask is not None else ""
                self.to_market(m, "best_bid_ask", {"event_type": "best_bid_ask", "market": m.condition, "asset_id": m.tokens[t], "best_bid": best[0],
                                                   "best_ask": best[1], "spread": spread, "timestamp": str(m.changed_ms)}, custom=True)
        if trade:
            t = trade.taker.t
            self.to_market(m, "last_trade_price", {"market": m.condition, "asset_id": m.tokens[t], "price": human(trade.price(t)), "size": human(trade.shares),
                                                   "fee_rate_bps": "0", "side": trade.taker.side, "timestamp": self.now_ms(), "event_type": "last_trade_price",
                                                   "transaction_hash": trade.tx})
        if trade or not changed:
            for t in (0, 1):
                for p in self.fanout.of("market"):
                    if m.tokens[t] in (getattr(p, "assets", None) or ()):
                        self.fanout.send(p, "book", self.book_doc(m.tokens[t]))

    def on_tick(self, market, old):
        for t in (0, 1):
            self.to_market(market, "tick_size_change", {"event_type": "tick_size_change", "asset_id": market.tokens[t], "market": market.condition,
                                                        "old_tick_size": human(old), "new_tick_size": human(market.tick), "timestamp": self.now_ms()})

    def on_resolved(self, market):
        m = market
        if m.winner is not None and m.winner >= 0 and not self.v.options["no_resolved_event"]:
            self.to_market(m, "market_resolved", {"event_type": "market_resolved", "id": m.id, "market": m.condition, "assets_ids": m.tokens,
                                                  "winning_asset_id": m.tokens[m.winner], "winning_outcome": m.outcomes[m.winner],
                                                  "timestamp": self.now_ms(), "tags": m.tags}, custom=True)

    def on_new_market(self, market):
        m = market
        self.to_market(m, "new_market", {"event_type": "new_market", "id": m.id, "question": m.question, "market": m.condition, "slug": m.slug,
                                         "assets_ids": m.tokens, "outcomes": m.outcomes, "tags": m.tags, "condition_id": m.condition, "active": True,
                                         "clob_token_ids": m.tokens, "order_price_min_tick_size": human(m.tick), "timestamp": self.now_ms(),
                                         "description": "", "sports_market_type": "", "line": "", "game_start_time": "", "group_item_title": "",
                                         "event_message": {"id": "9" + m.id, "ticker": m.event, "slug": m.event, "title": m.event_title or m.event,
                                                           "description": ""}}, custom=True)

    # --- user ---
    async def user(self, request):
        return await self.v.peer(request, "user", self.user_text)

    def user_text(self, peer, text):
        doc = self.parsed(text)
        if not self.listed(doc, "markets"):
            peer.close()
            return
        if getattr(peer, "owner", None) is None:
            creds = auth.stream(self.v, doc) if doc.get("type") == "user" else None
            if creds is None:  # no word about it
                peer.close()
                return
            peer.owner, peer.markets = creds["apiKey"], set(doc.get("markets") or [])
        elif doc.get("operation") == "subscribe":
            peer.markets |= set(doc.get("markets") or [])
        elif doc.get("operation") == "unsubscribe":
            peer.markets -= set(doc.get("markets") or [])

    def to_user(self, owner, market, event, doc):
        for p in self.fanout.of("user"):
            if getattr(p, "owner", None) == owner and (not p.markets or market.condition in p.markets):
                self.fanout.send(p, event, doc)

    def on_order(self, order, what):
        self.to_user(order.owner, order.market, "order", views.order_event(order, what, self.v.now()))

    def on_trade(self, trade):
        for owner in sorted(views.trade_owners(trade)):
            self.to_user(owner, trade.market, "trade", views.trade_event(trade, owner, self.v.now()))
