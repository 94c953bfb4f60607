"""Other traders: makers that quote around a wandering price, takers that hit them. Seeded, so a test can be had again."""
import asyncio
import random

from common import MICRO, Error, micro


class Background:
    def __init__(self, venue):
        self.v, self.on, self.rate, self.markets, self.random, self.fair, self.quotes = venue, False, 5.0, [], random.Random(1), {}, {}

    def set(self, doc):
        """{on, seed, rate (steps a second), markets: [slug]}"""
        self.on = bool(doc.get("on", True))
        self.rate = float(doc.get("rate", self.rate))
        if "seed" in doc:
            self.random = random.Random(doc["seed"])
        if "markets" in doc:
            self.markets = [self.v.ledger.find_market(x) for x in doc["markets"]]
        if not self.on:
            for o in [o for q in self.quotes.values() for o in q if o.status == "LIVE"]:
                self.v.engine.cancel(o)
            self.quotes = {}

    def wallet(self, name, m):
        w = self.v.ledger.wallet("0x" + name.encode().hex().rjust(40, "b")[-40:], name=name)
        if self.v.ledger.available(w) < micro("100000"):
            self.v.ledger.deposit(w, micro("1000000"))
        for token in m.tokens:
            if w.tokens.get(token, 0) < micro("10000"):
                self.v.ledger.give(w, m, micro("100000"))
        return w

    async def run(self):
        while True:
            await asyncio.sleep(1 / max(0.1, self.rate))
            if self.on:
                for m in self.markets:
                    if not m.closed and m.accepting:
                        self.step(m)

    def step(self, m):
        r, tick = self.random, m.tick
        fair = self.fair.get(m.condition, MICRO // 2)
        fair = max(5 * tick, min(MICRO - 5 * tick, fair + r.randint(-1, 1) * tick))
        self.fair[m.condition] = fair
        quotes = [o for o in self.quotes.get(m.condition, []) if o.status == "LIVE"]
        for o in quotes[:-10] + [o for o in quotes if abs(o.yes_price - fair) > 6 * tick]:
            if o.status == "LIVE":
                self.v.engine.cancel(o)
        self.quotes[m.condition] = [o for o in quotes if o.status == "LIVE"]
        maker = self.wallet("crowd-maker", m)
        try:
            up, t = r.random() < 0.5, r.randint(0, 1)  # which side of the YES book, by which token
            yes = fair // tick * tick + (r.randint(1, 4) * tick if up else -r.randint(1, 4) * tick)
            price = yes if t == 0 else MICRO - yes
            if tick <= price <= MICRO - tick:
                side = "SELL" if up == (t == 0) else "BUY"
                o, _ = self.v.put(maker, m, t, side, price, micro(r.randint(10, 200)))
                self.quotes[m.condition].append(o)
            if r.random() < 0.15:
                side = r.choice(("BUY", "SELL"))
                bid, ask = m.touch(0)
                best = ask if side == "BUY" else bid
                if best is not None:
                    self.v.put(self.wallet("crowd-taker", m), m, 0, side, best, micro(r.randint(5, 30)), "FAK")
        except Error:
            pass
