"""What the venue knows: wallets, markets, orders, trades. Money and shares are integers of a millionth; nothing here does I/O."""
import dataclasses
import hashlib
import json
import secrets
import uuid
from decimal import ROUND_HALF_UP, Decimal

from common import MICRO, human
from polymarket import verify

UNLIMITED = (1 << 256) - 1


def fee_of(shares, price, rate_ppm, exponent):
    """Taker fee in millionths: shares * rate * (p (1 - p)) ^ exponent, to 5 decimals, at least 0.00001 where there is one."""
    if not rate_ppm or not shares:
        return 0
    p = Decimal(price) / MICRO
    raw = Decimal(shares) / MICRO * Decimal(rate_ppm) / MICRO * (p * (1 - p)) ** exponent
    fee = raw.quantize(Decimal("0.00001"), ROUND_HALF_UP)
    return int(max(fee, Decimal("0.00001")) * MICRO)


@dataclasses.dataclass
class Wallet:
    address: str            # lower case
    owner: str              # the key's address
    type: int
    name: str = ""
    usd: int = 0
    tokens: dict = dataclasses.field(default_factory=dict)
    usd_allowed: dict = dataclasses.field(default_factory=dict)     # exchange -> amount
    tokens_allowed: dict = dataclasses.field(default_factory=dict)  # exchange -> bool
    uncached: int = 0       # deposited, not seen by the CLOB until /balance-allowance/update
    deployed: bool = True
    new: bool = False       # of a time when only deposit wallets may trade
    banned: bool = False
    closed_only: bool = False
    pending: list = dataclasses.field(default_factory=list)  # trades matched, not mined

    def allow(self, amount=UNLIMITED):
        for x in verify.EXCHANGES:
            self.usd_allowed[x], self.tokens_allowed[x] = amount, bool(amount)


@dataclasses.dataclass
class Order:
    id: str
    wallet: Wallet
    owner: str              # api key
    market: "Market"
    t: int                  # outcome
    side: str
    price: int              # limit, of its own token; of FOK and FAK: nearest tick
    maker: int
    taker: int
    type: str
    expiration: int = 0
    post_only: bool = False
    builder: str = ""
    created: float = 0.0
    seq: int = 0
    matched: int = 0        # shares
    spent: int = 0          # collateral moved
    status: str = "NEW"     # LIVE MATCHED CANCELED ... DELAYED
    reason: str = ""
    trades: list = dataclasses.field(default_factory=list)
    external: bool = False  # put in by the control API

    @property
    def size(self):
        return self.taker if self.side == "BUY" else self.maker

    @property
    def left(self):
        return self.size - self.matched

    @property
    def yes_bid(self):
        """On the bid side of the YES book?"""
        return (self.side == "BUY") == (self.t == 0)

    @property
    def yes_price(self):
        return self.price if self.t == 0 else MICRO - self.price

    @property
    def token(self):
        return self.market.tokens[self.t]

    def reserve(self):
        """(collateral, shares) that the open rest holds."""
        if self.status not in ("LIVE", "DELAYED"):
            return 0, 0
        if self.side == "SELL":
            return 0, self.left
        return (max(0, self.maker - self.spent), 0) if self.type in ("FOK", "FAK") else (-(-self.left * self.price // MICRO), 0)


@dataclasses.dataclass
class Market:
    condition: str
    tokens: list
    outcomes: list
    slug: str
    question: str
    id: str
    tick: int = 10_000
    min_size: int = 5 * MICRO
    neg_risk: bool = False
    protocol: str = "v1"    # v2: PolyV2, ExchangeV3
    fee_rate: int = 0       # ppm
    fee_exponent: int = 1
    delay_s: float = 0      # sports
    clear_at_start: bool = False
    accepting: bool = True
    closed: bool = False
    winner: int | None = None    # outcome; -1 = half each
    end: float = 0.0
    tags: list = dataclasses.field(default_factory=list)
    event: str = ""
    event_title: str = ""
    volume: int = 0
    created: float = 0.0
    bids: dict = dataclasses.field(default_factory=dict)  # YES price -> [Order]
    asks: dict = dataclasses.field(default_factory=dict)
    last: list = dataclasses.field(default_factory=lambda: ["", ""])       # last price a token
    last_side: list = dataclasses.field(default_factory=lambda: ["", ""])
    changed_ms: int = 0
    history: list = dataclasses.field(default_factory=list)  # (second, YES price)

    @property
    def exchange(self):
        return "v3" if self.protocol == "v2" else "neg_risk" if self.neg_risk else "standard"

    def levels(self, t):
        """(bids, asks) of a token: [(price, shares)], best first."""
        bids = [(p, sum(o.left for o in q)) for p, q in sorted(self.bids.items(), reverse=True)]
        asks = [(p, sum(o.left for o in q)) for p, q in sorted(self.asks.items())]
        if t == 0:
            return bids, asks
        return [(MICRO - p, n) for p, n in asks], [(MICRO - p, n) for p, n in bids]

    def touch(self, t):
        bid, ask = (max(self.bids, default=None), min(self.asks, default=None))
        if t == 0:
            return bid, ask
        return (None if ask is None else MICRO - ask), (None if bid is None else MICRO - bid)

    def liquidity(self):
        """Collateral and shares that rest, at the price of what they would pay."""
        return sum(p * o.left // MICRO for p, q in self.bids.items() for o in q) + sum((MICRO - p) * o.left // MICRO for p, q in self.asks.items() for o in q)

    def level(self, t, bid, price):
        """Shares at one price of a token's side."""
        yes = price if t == 0 else MICRO - price
        return sum(o.left for o in (self.bids if bid == (t == 0) else self.asks).get(yes, []))

    def summary(self, t):
        bids, asks = self.levels(t)
        doc = {"market": self.condition, "asset_id": self.tokens[t], "timestamp": str(self.changed_ms), "hash": "",
               "bids": [{"price": human(p), "size": human(n)} for p, n in reversed(bids)],
               "asks": [{"price": human(p), "size": human(n)} for p, n in reversed(asks)],
               "min_order_size": human(self.min_size), "tick_size": human(self.tick), "neg_risk": self.neg_risk,
               "last_trade_price": self.last[t] and human(self.last[t])}
        if self.protocol == "v2":
            doc["version"] = "v2"
        doc["hash"] = hashlib.sha1(json.dumps(doc, separators=(",", ":")).encode()).hexdigest()
        return doc


@dataclasses.dataclass
class Leg:
    """One maker order's part of a trade."""
    order: Order
    shares: int


@dataclasses.dataclass
class Trade:
    id: str
    taker: Order
    legs: list
    yes_price: int
    shares: int
    cost: int               # the taker's collateral
    fee: int
    at: float
    tx: str
    bucket: int = 0
    status: str = "MATCHED"
    updated: float = 0.0
    moves: list = dataclasses.field(default_factory=list)  # (wallet, usd, token, shares)
    settled: bool = False
    indexed: float = 0.0    # when the Data API sees it
    seq: int = 0

    @property
    def market(self):
        return self.taker.market

    def price(self, t):
        return self.yes_price if t == 0 else MICRO - self.yes_price


class Ledger:
    def __init__(self, chain=137):
        self.chain = chain
        self.wallets, self.markets, self.tokens = {}, {}, {}   # by address, condition, token -> (market, outcome)
        self.orders, self.trades, self.creds = {}, [], {}      # by id; list; api key -> dict
        self.deposited = self.fees = self.seq = 0

    # --- wallets ---
    def wallet(self, address, owner=None, kind=0, **more):
        address = address.lower()
        w = self.wallets.get(address)
        if w is None:
            w = self.wallets[address] = Wallet(address, (owner or address).lower(), int(kind))
            w.allow()
        elif owner:
            w.owner, w.type = owner.lower(), int(kind)
        for k, v in more.items():
            setattr(w, k, v)
        return w

    def wallet_of(self, owner, kind):
        return next((w for w in self.wallets.values() if w.owner == owner and w.type == kind), None)

    def find_wallet(self, text):
        return self.wallets.get(str(text).lower()) or next(w for w in self.wallets.values() if w.name == text)

    def deposit(self, w, usd, cached=True):
        self.deposited += usd
        w.usd += usd
        if not cached:
            w.uncached += usd

    def give(self, w, market, shares):
        """Whole sets, so that the collateral behind all tokens stays right."""
        self.deposited += shares
        for token in market.tokens:
            w.tokens[token] = w.tokens.get(token, 0) + shares

    def open_orders(self, wallet=None, owner=None):
        return [o for o in self.orders.values() if o.status in ("LIVE", "DELAYED") and wallet in (None, o.wallet) and owner in (None, o.owner)]

    def reserved(self, w, token=None):
        return sum(o.reserve()[0] if token is None else o.reserve()[1] for o in self.open_orders(w) if token in (None, o.token))

    def pending(self, w, token=None):
        """What trades that are not mined will take."""
        out = 0
        for t in w.pending:
            for who, usd, tok, shares in t.moves:
                if who is w and token is None:
                    out += max(0, -usd)
                elif who is w and tok == token:
                    out += max(0, -shares)
        return out

    def balance(self, w, token=None):
        """As the CLOB's cache has it."""
        return w.usd - w.uncached if token is None else w.tokens.get(token, 0)

    def available(self, w, token=None):
        return self.balance(w, token) - self.reserved(w, token) - self.pending(w, token)

    # --- markets ---
    def add_market(self, m):
        self.markets[m.condition] = m
        for t, token in enumerate(m.tokens):
            self.tokens[token] = (m, t)

    def find_market(self, text):
        return self.markets.get(text) or (self.tokens[text][0] if text in self.tokens else None) or next(
            m for m in self.markets.values() if text in (m.slug, m.id))

    # --- credentials ---
    def creds_make(self, address, nonce):
        key = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{address}/{nonce}"))
        seed = hashlib.sha256(f"{address}/{nonce}/secret".encode()).digest()
        import base64
        self.creds[key] = {"apiKey": key, "secret": base64.urlsafe_b64encode(seed).decode(), "passphrase": hashlib.sha256(seed).hexdigest(),
                           "address": address, "nonce": int(nonce)}
        return self.creds[key]

    def creds_of(self, address, nonce=None):
        return [c for c in self.creds.values() if c["address"] == address and nonce in (None, c["nonce"])]

    # --- settlement ---
    def settle(self, t):
        if t.settled:
            return
        t.settled = True
        self.fees += t.fee
        for w, usd, token, shares in t.moves:
            w.usd += usd
            w.tokens[token] = w.tokens.get(token, 0) + shares
            if t in w.pending:
                w.pending.remove(t)
        self.check()

    def unsettle(self, t):
        """A trade that failed: what was moved moves back."""
        if t.settled:
            self.fees -= t.fee
        for w, usd, token, shares in t.moves:
            if t.settled:
                w.usd -= usd
                w.tokens[token] -= shares
            if t in w.pending:
                w.pending.remove(t)
        t.settled = False
        self.check()

    def check(self):
        """Collateral in = collateral in wallets + behind whole sets + fees. A resolved market pays one outcome, or half each."""
        behind = 0
        for m in self.markets.values():
            supply = [sum(w.tokens.get(tok, 0) for w in self.wallets.values()) for tok in m.tokens]
            if m.winner is None:
                assert supply[0] == supply[1], (m.slug, supply)
                behind += supply[0]
            else:
                behind += sum(supply) // 2 if m.winner < 0 else supply[m.winner]
        have = sum(w.usd for w in self.wallets.values()) + behind + self.fees
        assert have == self.deposited, (have, self.deposited)

    def redeem(self, w, m):
        paid = 0
        for t, token in enumerate(m.tokens):
            n = w.tokens.get(token, 0)
            paid += n // 2 if m.winner < 0 else n if t == m.winner else 0
            w.tokens[token] = 0
        w.usd += paid
        return paid


def new_tx():
    return "0x" + secrets.token_hex(32)


def condition_id(slug, protocol):
    h = hashlib.sha256(slug.encode()).hexdigest()
    return "0x" + (h if protocol == "v1" else h[:62][:34] + "0" * 30)


def token_ids(slug, protocol):
    """Two token ids; those of PolyV2 have the form of position ids: bits 40..103 are zero."""
    n = int(hashlib.sha256(("token/" + slug).encode()).hexdigest(), 16)
    if protocol == "v1":
        return [str(n | 1 << 60), str(int(hashlib.sha256(("no/" + slug).encode()).hexdigest(), 16) | 1 << 60)]
    n = (n >> 104 << 104) & ((1 << 249) - 1)
    return [str(n), str(n + 1)]
