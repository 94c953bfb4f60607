"""JSON of orders, trades and markets as the CLOB's REST and its user stream show them."""
from common import human, micro
from polymarket import verify


def order_row(o):
    status = o.status if o.status != "DELAYED" else "LIVE"
    return {"id": o.id, "status": status, "owner": o.owner, "maker_address": verify.checksum(o.wallet.address), "market": o.market.condition,
            "asset_id": o.token, "side": o.side, "original_size": human(o.size), "size_matched": human(o.matched), "price": human(o.price),
            "outcome": o.market.outcomes[o.t], "expiration": str(o.expiration), "order_type": o.type, "associate_trades": list(o.trades),
            "created_at": int(o.created)}


def order_event(o, what, now):
    status = o.status if not (o.status == "CANCELED" and o.reason) else f"CANCELED_{o.reason}"
    if what == "PLACEMENT":
        status = "LIVE"
    matched = human(o.matched if what != "PLACEMENT" else 0)
    return {"event_type": "order", "id": o.id, "owner": o.owner, "market": o.market.condition, "asset_id": o.token, "side": o.side,
            "order_owner": o.owner, "original_size": human(o.size), "size_matched": matched, "price": human(o.price),
            "associate_trades": list(o.trades) or None, "outcome": o.market.outcomes[o.t], "type": what, "created_at": str(int(o.created)),
            "expiration": str(o.expiration), "order_type": o.type, "status": status, "maker_address": verify.checksum(o.wallet.address),
            "timestamp": str(int(now * 1000))}


def maker_rows(t):
    return [{"order_id": x.order.id, "owner": x.order.owner, "maker_address": verify.checksum(x.order.wallet.address), "matched_amount": human(x.shares),
             "price": human(t.price(x.order.t)), "fee_rate_bps": "0", "asset_id": x.order.token, "outcome": t.market.outcomes[x.order.t],
             "side": x.order.side} for x in t.legs]


def trade_row(t, owner):
    """As seen by one api key: the top-level fields are the taker's, whoever asks."""
    o = t.taker
    return {"id": t.id, "taker_order_id": o.id, "market": t.market.condition, "asset_id": o.token, "side": o.side, "size": human(t.shares),
            "fee_rate_bps": "0", "price": human(t.price(o.t)), "status": t.status, "match_time": str(int(t.at)), "last_update": str(int(t.updated)),
            "outcome": t.market.outcomes[o.t], "bucket_index": t.bucket, "owner": o.owner, "maker_address": verify.checksum(o.wallet.address),
            "transaction_hash": t.tx if t.status != "MATCHED" else "", "trader_side": "TAKER" if owner == o.owner else "MAKER",
            "maker_orders": maker_rows(t)}


def trade_event(t, owner, now):
    return {"event_type": "trade", "type": "TRADE", **trade_row(t, owner), "trade_owner": t.taker.owner, "timestamp": str(int(now * 1000))}


def trade_owners(t):
    return {t.taker.owner} | {x.order.owner for x in t.legs}


def posted(o, trades, status=None):
    """The answer to POST /order."""
    doc = {"success": True, "errorMsg": "", "orderID": o.id, "status": status or ("matched" if trades else "live"), "makingAmount": "", "takingAmount": ""}
    if trades:
        money, shares = sum(t.cost for t in trades), sum(t.shares for t in trades)
        making, taking = (money, shares) if o.side == "BUY" else (shares, money)
        doc.update(makingAmount=human(making), takingAmount=human(taking), tradeIDs=[t.id for t in trades])
    return doc


def number(n):
    """Millionths as a JSON number."""
    return int(n // 1_000_000) if n % 1_000_000 == 0 else float(human(n))


def clob_market(m, delayed=False):
    """GET /clob-markets/{condition}: the short form."""
    doc = {"r": {"mi": 50, "ma": 4.5, "moas": 30}, "t": [{"t": x, "o": m.outcomes[i]} for i, x in enumerate(m.tokens)], "c": m.condition,
           "mos": number(m.min_size), "mts": number(m.tick), "mbf": 1000, "tbf": 1000, "ao": m.accepting, "cbos": m.clear_at_start, "aot": "2026-10-05T22:20:54Z"}
    if m.neg_risk:
        doc["nr"] = True
    if delayed:
        doc["itode"] = True
    if m.delay_s:
        doc["sd"] = int(m.delay_s) or 1
    if m.fee_rate:
        doc["fd"] = {"r": m.fee_rate / 1e6, "e": m.fee_exponent, "to": True}
    if m.protocol == "v2":
        doc["v"] = "v2"
    return doc


def tokens(m):
    price = [(m.last[i] or micro("0.5")) for i in range(2)]
    return [{"token_id": x, "outcome": m.outcomes[i], "price": number(price[i]), "winner": m.winner == i} for i, x in enumerate(m.tokens)]


REWARDS = {"rates": None, "min_size": 50, "max_spread": 4.5}


def long_market(m, iso):
    """GET /markets/{condition}."""
    return {"enable_order_book": not m.closed, "active": True, "closed": m.closed, "archived": False, "accepting_orders": m.accepting,
            "accepting_order_timestamp": iso(m.created), "minimum_order_size": number(m.min_size), "minimum_tick_size": number(m.tick),
            "condition_id": m.condition, "question_id": m.condition, "question": m.question, "description": "", "market_slug": m.slug,
            "end_date_iso": iso(m.end), "game_start_time": None, "seconds_delay": int(m.delay_s), "fpmm": "", "maker_base_fee": 0, "taker_base_fee": 0,
            "notifications_enabled": True, "neg_risk": m.neg_risk, "neg_risk_market_id": "", "neg_risk_request_id": "", "icon": "", "image": "",
            "rewards": REWARDS, "is_50_50_outcome": m.winner == -1, "tokens": tokens(m), "tags": list(m.tags)}


def simple_market(m, iso):
    return {"condition_id": m.condition, "rewards": REWARDS, "tokens": tokens(m), "active": True, "closed": m.closed, "archived": False,
            "accepting_orders": m.accepting}


def live_market(m):
    return {"condition_id": m.condition, "id": int(m.id), "question": m.question, "market_slug": m.slug, "event_slug": m.event, "series_slug": "", "icon": "",
            "image": "", "tags": list(m.tags)}
