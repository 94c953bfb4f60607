"""The checks an order must pass before it meets the book, in the venue's words."""
import re

from common import MICRO, Error, human, micro
from polymarket import verify
from polymarket.ledger import Order

WHOLE = re.compile(r"(0|[1-9]\d{0,77})")
BYTES32 = re.compile(r"0x[0-9a-fA-F]{64}")
PAYLOAD = "Invalid order payload"
ALLOWANCE = "not enough balance / allowance"
ACCURACY = {"BUY": "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals, taker amount a max of 4 decimals",
            "SELL": "invalid amounts, the market sell orders maker amount supports a max accuracy of 2 decimals, taker amount a max of 4 decimals"}


def shape(doc):
    """The wire form of one order of POST /order; (order, type, post_only)."""
    o = doc.get("order") if isinstance(doc, dict) else None
    whole = ("tokenId", "makerAmount", "takerAmount", "timestamp", "expiration")
    if isinstance(o, dict) and "nonce" in o and "feeRateBps" in o and "timestamp" not in o:
        raise Error(400, "order_version_mismatch")  # an order of V1
    good = (isinstance(o, dict) and all(isinstance(o.get(k), str) and WHOLE.fullmatch(o[k]) and int(o[k]) < 1 << 256 for k in whole) and
            type(o.get("salt")) is int and 0 < o["salt"] <= (1 << 53) - 1 and o.get("side") in ("BUY", "SELL") and
            type(o.get("signatureType")) is int and 0 <= o["signatureType"] <= 3 and verify.address_ok(o.get("maker")) and verify.address_ok(o.get("signer")) and
            all(isinstance(o.get(k), str) and BYTES32.fullmatch(o[k]) for k in ("metadata", "builder")) and isinstance(o.get("signature"), str) and
            doc.get("orderType") in ("GTC", "GTD", "FOK", "FAK") and isinstance(doc.get("owner"), str) and
            type(doc.get("postOnly", False)) is bool and type(doc.get("deferExec", False)) is bool)
    if not good or int(o["makerAmount"]) <= 0 or int(o["takerAmount"]) <= 0:
        raise Error(400, PAYLOAD)
    return o, doc["orderType"], doc.get("postOnly", False)


def whose(v, o, creds):
    """The wallet that pays, or the refusal: address, key and signature type must belong together."""
    maker, signer, kind = o["maker"].lower(), o["signer"].lower(), o["signatureType"]
    w = v.ledger.wallets.get(maker)
    if w is not None and w.banned:
        raise Error(400, f"'{o['maker']}' address banned")
    if signer != (maker if kind == 3 else creds["address"]) or (kind == 0 and maker != signer):
        raise Error(400, "the order signer address has to be the address of the API KEY")
    if kind != 3 and (w is None or w.new):
        raise Error(400, "maker address not allowed, please use the deposit wallet flow")
    if kind == 3 and (w is None or not w.deployed or w.owner != creds["address"]):
        raise Error(400, "the order signer address has to be the address of the API KEY")
    if w.type != kind or w.owner != creds["address"]:
        raise Error(400, "invalid signature")
    return w


def nearest(value, tick):
    return (value + tick // 2) // tick * tick


def limits(v, m, o, kind, ident):
    """Price (nearest tick), after ticks, decimals and sizes."""
    maker, taker, buy, t = int(o["makerAmount"]), int(o["takerAmount"]), o["side"] == "BUY", m.tick
    money, shares = (maker, taker) if buy else (taker, maker)
    exact = money * MICRO
    price = nearest(exact // shares, t)
    text = f"{exact / shares / MICRO:.6f}".rstrip("0")
    bad_tick = Error(400, f"order {ident} is invalid. Price ({text}) breaks minimum tick size rule: {human(t)}")
    if kind in ("FOK", "FAK"):
        if maker % 10_000 or taker % 100:
            raise Error(400, ACCURACY[o["side"]])
        unit = 1000 if t == 100_000 else 100  # the taker side was rounded down to 4 decimals (3 at the widest tick)
        slack = (price * unit if buy else unit * MICRO) + MICRO
        if abs(exact - price * shares) > slack:  # rounded the other way it is taken too, but meets no order at its price
            raise bad_tick
    elif price * shares != exact:
        raise bad_tick
    if not t <= price <= MICRO - t:
        raise bad_tick
    if kind in ("GTC", "GTD"):
        if shares % 10_000:
            raise Error(400, PAYLOAD)
        if shares < m.min_size:
            raise Error(400, f"order {ident} is invalid. Size ({human(shares)}) lower than the minimum: {human(m.min_size)}")
    return price


def expiry(v, o, kind):
    at = int(o["expiration"])
    if (at < v.now() + v.options["gtd_min_s"]) if kind == "GTD" else at != 0:
        raise Error(400, "invalid expiration")
    return at


def covered(v, w, order):
    """Balance less what open orders and trades on their way hold, and the allowance of the market's exchange."""
    m = order.market
    token = order.token if order.side == "SELL" else None
    need = order.maker
    have = v.ledger.available(w, token)
    if need > have:
        raise Error(400, f"{ALLOWANCE}: the balance is not enough -> balance: {have}, order amount: {need}")
    if (token is None and w.usd_allowed.get(m.exchange, 0) < need) or (token is not None and not w.tokens_allowed.get(m.exchange)):
        raise Error(400, ALLOWANCE)


def check(v, doc, creds):
    """An Order ready for the book, from one object of POST /order."""
    o, kind, post_only = shape(doc)
    if doc["owner"] != creds["apiKey"]:
        raise Error(400, "the order owner has to be the owner of the API KEY")
    w = whose(v, o, creds)
    found = v.ledger.tokens.get(o["tokenId"])
    if found is None:
        raise Error(404, "No orderbook exists for the requested token id")
    m, t = found
    if v.options["version"] != 2:
        raise Error(400, "order_version_mismatch")
    ident = "0x" + verify.order_digest(o, m.exchange, v.ledger.chain).hex()
    if verify.order_signer(o, m.exchange, v.ledger.chain) != w.owner:
        raise Error(400, "invalid signature")
    if m.closed or not m.accepting:
        raise Error(400, "the market is not yet ready to process new orders")
    if ident in v.ledger.orders:
        raise Error(400, f"order {ident} is invalid. Duplicated.")
    stamp = int(o["timestamp"]) / 1000
    if abs(stamp - v.now()) > v.options["order_window_s"]:
        raise Error(400, PAYLOAD)
    if post_only and kind not in ("GTC", "GTD"):
        raise Error(400, PAYLOAD)
    expires = expiry(v, o, kind)
    price = limits(v, m, o, kind, ident)
    order = Order(ident, w, doc["owner"], m, t, o["side"], price, int(o["makerAmount"]), int(o["takerAmount"]), kind, expires, post_only, o["builder"])
    if w.closed_only and order.side == "BUY":
        raise Error(400, f"'{o['maker']}' address in closed only mode")
    marketable = v.engine.crosses(order)
    if post_only and marketable:
        raise Error(400, "invalid post-only order: order crosses book")
    money = order.maker if order.side == "BUY" else 0
    if order.side == "BUY" and (marketable or kind in ("FOK", "FAK")) and money < micro("1"):
        raise Error(400, f"invalid amount for a marketable BUY order (${human(money)}), min size: $1")
    covered(v, w, order)
    return order, marketable
