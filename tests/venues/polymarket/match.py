"""Matching by price and time over one book a condition: an order for NO at p meets the YES book at 1 - p (mint, merge or a plain exchange).
Also the life of trades after matching, expiry, resolution. Emits events by self.emit(kind, **data); time comes from the venue."""
import asyncio
import uuid

from common import MICRO, Error
from polymarket.ledger import Leg, Trade, fee_of, new_tx

FOK_KILLED = "order couldn't be fully filled. FOK orders are fully filled or killed."
FAK_KILLED = "no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found."
DUST = 10_000  # a rest below 0.01 share is not kept on the book


class Engine:
    def __init__(self, venue):
        self.v, self.ledger = venue, venue.ledger
        self.plans, self.timers = [], {}

    def emit(self, kind, **data):
        self.v.emit(kind, **data)

    # --- what an order would meet ---
    def crosses(self, o):
        m = o.market
        best = min(m.asks, default=None) if o.yes_bid else max(m.bids, default=None)
        return best is not None and self.price_ok(o, best)

    def price_ok(self, o, yes):
        """Is the book's price within the order's exact limit (its amounts, not a rounded price)?"""
        p = yes if o.t == 0 else MICRO - yes
        return p * o.taker <= o.maker * MICRO if o.side == "BUY" else p * o.maker >= o.taker * MICRO

    def plan(self, o):
        """Fills against the book as it stands: [(yes price, [Leg], shares, taker's collateral)]. A BUY of FOK or FAK spends its collateral."""
        m, out = o.market, []
        side = m.asks if o.yes_bid else m.bids
        by_money = o.side == "BUY" and o.type in ("FOK", "FAK") and self.v.options["fok_target"] == "collateral"
        shares_left, money_left = (1 << 62 if by_money else o.left), o.maker - o.spent
        for yes in sorted(side, reverse=not o.yes_bid):
            if not self.price_ok(o, yes) or shares_left <= 0:
                break
            p, legs, shares = (yes if o.t == 0 else MICRO - yes), [], 0
            want = min(shares_left, money_left * MICRO // p) if o.side == "BUY" else shares_left
            for k in side[yes]:
                n = min(k.left, want - shares)
                if n <= 0:
                    break
                legs.append(Leg(k, n))
                shares += n
            if not legs:
                break
            cost = -(-shares * p // MICRO) if o.side == "BUY" else shares * p // MICRO
            if o.side == "BUY":
                cost = min(cost, money_left)
                money_left -= cost
            shares_left -= shares
            out.append((yes, legs, shares, cost))
            if by_money and money_left * MICRO // p <= 0:
                break
        return out

    def full(self, o, plan):
        if o.side == "BUY" and o.type in ("FOK", "FAK") and self.v.options["fok_target"] == "collateral":
            return o.maker - sum(c for _, _, _, c in plan) <= max((y if o.t == 0 else MICRO - y for y, *_ in plan), default=0) // MICRO + 1
        return sum(n for _, _, n, _ in plan) >= o.size

    def fee(self, o, yes, shares):
        return fee_of(shares, yes, o.market.fee_rate, o.market.fee_exponent)

    # --- placing ---
    def enter(self, o):
        """A checked order meets the book. Trades made; the rest rests or is killed. Raises for FOK and FAK that find nothing."""
        plan = self.plan(o)
        if o.type == "FOK" and not self.full(o, plan):
            raise Error(400, FOK_KILLED)
        if o.type == "FAK" and not plan:
            raise Error(400, FAK_KILLED)
        if o.side == "BUY" and plan:
            rests = 0 if o.type in ("FOK", "FAK") else o.left - sum(n for _, _, n, _ in plan)
            need = sum(c + self.fee(o, y, n) for y, _, n, c in plan) + -(-rests * o.price // MICRO)
            have = self.ledger.available(o.wallet)
            if need > have:
                raise Error(400, f"not enough balance / allowance: the balance is not enough -> balance: {have}, order amount: {need}")
        self.ledger.seq += 1
        o.seq, o.created = self.ledger.seq, o.created or self.v.now()
        self.ledger.orders[o.id] = o
        o.status = "LIVE"
        self.emit("order", order=o, what="PLACEMENT")
        tx = new_tx()
        trades = [self.trade(o, yes, legs, shares, cost, tx) for yes, legs, shares, cost in plan]
        if trades:
            o.status = "MATCHED" if o.left < DUST or o.type in ("FOK", "FAK") else "LIVE"
            self.emit("order", order=o, what="UPDATE")
        if o.status == "LIVE":
            self.rest(o)
        for t in trades:
            self.after(t)
        return trades

    def rest(self, o):
        m = o.market
        (m.bids if o.yes_bid else m.asks).setdefault(o.yes_price, []).append(o)
        self.book(m, {(o.yes_bid, o.yes_price)})

    def unbook(self, o):
        side = o.market.bids if o.yes_bid else o.market.asks
        queue = side.get(o.yes_price, [])
        if o in queue:
            queue.remove(o)
            if not queue:
                del side[o.yes_price]

    def book(self, m, changed, trade=None):
        m.changed_ms = max(int(self.v.now() * 1000), m.changed_ms + 1)
        self.emit("book", market=m, changed=changed, trade=trade)

    def trade(self, o, yes, legs, shares, cost, tx):
        m, now = o.market, self.v.now()
        t = Trade(str(uuid.uuid4()), o, legs, yes, shares, cost, self.fee(o, yes, shares), now, tx, updated=now, seq=len(self.ledger.trades))
        o.matched += shares
        o.spent += cost
        o.trades.append(t.id)
        usd = -cost - t.fee if o.side == "BUY" else cost - t.fee
        t.moves.append((o.wallet, usd, o.token, shares if o.side == "BUY" else -shares))
        for leg in legs:
            k = leg.order
            p = yes if k.t == 0 else MICRO - yes
            part = leg.shares * p // MICRO
            k.matched += leg.shares
            k.spent += part
            k.trades.append(t.id)
            t.moves.append([k.wallet, -part if k.side == "BUY" else part, k.token, leg.shares if k.side == "BUY" else -leg.shares])
        self.balance_moves(t)
        for w in {id(x[0]): x[0] for x in t.moves}.values():
            w.pending.append(t)
        m.volume += shares * yes // MICRO
        m.last[o.t], m.last[1 - o.t] = t.price(o.t), t.price(1 - o.t)
        m.last_side[o.t], m.last_side[1 - o.t] = o.side, "SELL" if o.side == "BUY" else "BUY"
        m.history.append((int(now), yes))
        self.ledger.trades.append(t)
        for leg in legs:
            k = leg.order
            if k.left < DUST:
                k.status = "MATCHED"
                self.unbook(k)
            self.emit("order", order=k, what="UPDATE")
        self.emit("trade", trade=t)
        self.book(m, {(not o.yes_bid, yes)}, trade=t)
        return t

    @staticmethod
    def balance_moves(t):
        """Rounding of millionths falls on the makers, so that collateral and sets come out even."""
        minted = sum(s for _, _, tok, s in t.moves if tok == t.market.tokens[0])
        left = -sum(usd for _, usd, _, _ in t.moves) - t.fee - minted
        for x in t.moves[1:]:
            step = max(-len(t.moves), min(len(t.moves), left))
            x[1] += step
            left -= step
        assert left == 0, left

    # --- after matching ---
    def after(self, t):
        plan = list(self.plans.pop(0)) if self.plans else None
        if plan is None:
            plan = [("MINED", self.v.options["mined_ms"]), ("CONFIRMED", self.v.options["confirmed_ms"])]
        self.step(t, plan)

    def step(self, t, plan):
        if not plan:
            return
        status, ms = plan[0][0], plan[0][1]
        if ms < 0:  # held until the control API says
            self.timers[t.id] = (None, plan)
            return
        self.timers[t.id] = (asyncio.get_running_loop().call_later(ms / 1000, self.become, t, status, plan[1:]), plan)

    def become(self, t, status, plan=()):
        if t.status in ("CONFIRMED", "FAILED"):
            return
        t.status, t.updated = status, self.v.now()
        if status in ("MINED", "CONFIRMED"):
            self.ledger.settle(t)
            t.indexed = t.indexed or t.updated + self.v.options["index_ms"] / 1000
        elif status == "FAILED":
            self.ledger.unsettle(t)
        self.emit("trade", trade=t)
        self.step(t, list(plan))

    def cancel(self, o, status="CANCELED", reason=""):
        self.unbook(o)
        o.status, o.reason = status, reason
        self.emit("order", order=o, what="CANCELLATION")
        self.book(o.market, {(o.yes_bid, o.yes_price)})

    def cancel_reason(self, o, owner):
        """Why it can't be cancelled; None: it can."""
        if o is None or o.owner != owner:
            return "Order not found or already canceled"
        if o.status == "DELAYED":
            return "Order is delayed and can't be canceled"
        if o.status == "MATCHED":
            return "Order already matched"
        return None if o.status == "LIVE" else "Order already canceled"

    # --- placed later ---
    def hold(self, o):
        """Its money or shares are taken, its id is known, no one else sees it."""
        self.ledger.seq += 1
        o.seq, o.created, o.status = self.ledger.seq, self.v.now(), "DELAYED"
        self.ledger.orders[o.id] = o

    def let_go(self, o):
        if o.status != "DELAYED":
            raise Error(400, "the market is not yet ready to process new orders")
        o.status = "NEW"
        del self.ledger.orders[o.id]

    def delay(self, o):
        """Sports."""
        self.hold(o)
        asyncio.get_running_loop().call_later(o.market.delay_s, self.undelay, o)

    def undelay(self, o):
        if o.status != "DELAYED":
            return
        o.status = "NEW"
        try:
            self.enter(o)
        except Error as e:
            o.status, o.reason = "CANCELED", e.body.get("error", "")
            self.emit("order", order=o, what="CANCELLATION")

    # --- the market's life ---
    def resolve(self, m, winner):
        m.closed, m.accepting, m.winner = True, False, winner
        for o in list(self.ledger.open_orders()):
            if o.market is m:
                self.cancel(o, "CANCELED_MARKET_RESOLVED")
        self.emit("resolved", market=m)

    def retick(self, m, tick):
        old, m.tick = m.tick, tick
        for o in list(self.ledger.open_orders()):
            if o.market is m and o.price % tick:
                self.cancel(o, "CANCELED", "tick size changed")
        self.emit("tick", market=m, old=old)
        self.book(m, set())

    def expire(self):
        now = self.v.now()
        for o in self.ledger.open_orders():
            if o.type == "GTD" and o.status == "LIVE" and now >= o.expiration - 60:
                self.cancel(o, "CANCELED", "expired")
