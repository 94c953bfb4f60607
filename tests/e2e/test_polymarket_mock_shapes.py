"""Every documented endpoint of Polymarket is answered by the mock in the documented shape: keys and kinds of values, here by a table, and against the examples of
the official documents and real captures where those are at hand (TURRET_SHARED)."""
import hashlib
import json
import os
import pathlib
import re
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from pm_venue import ZERO32, Signer, Stream, mock_venue  # noqa: E402

from conftest import wait_for  # noqa: E402

SHARED = pathlib.Path(os.environ.get("TURRET_SHARED", pathlib.Path(__file__).resolve().parent.parent.parent.parent / "shared"))
FIXTURES = SHARED / "data/fixtures/polymarket"
CODE = "0x" + "00" * 31 + "07"


class Scene:
    """One venue in which each endpoint has something to tell."""

    def __init__(self, m):
        self.m = m
        m.ctl("options", mined_ms=10, confirmed_ms=10, cdn=False, heartbeat_s=3600)
        self.market = m.market("shape", fee_rate="0.05", tags=["politics"], event="shape-event", delay_s=0)
        self.yes, self.no = self.market["tokens"]
        self.condition = self.market["condition"]
        m.market("shape-v2", protocol="v2", tags=["politics"])
        m.quote("shape")
        self.events = Stream(m.stream + "/market", {"type": "market", "assets_ids": [self.yes, self.no], "custom_feature_enabled": True})
        self.s = Signer(m, "0x" + hashlib.sha256(b"shapes").hexdigest(), sets={"shape": "50"}).login()
        self.user = Stream(m.stream + "/user", {"type": "user", "auth": self.s.creds})
        wait_for(lambda: len(self.events.events("book")) == 2, what="books")
        time.sleep(0.1)  # the user stream says nothing until there is something
        self.taken = self.s.call("POST", "/order", self.s.limit(self.yes, "BUY", "0.55", "10", builder=CODE))[1]
        wait_for(lambda: [t["status"] for t in self.s.trades()] == ["CONFIRMED"], what="a trade")
        self.live = self.s.post(self.yes, "BUY", "0.4", "10")[1]
        self.gtd = self.s.limit(self.no, "BUY", "0.3", "10", kind="GTD", expiration=str(int(time.time()) + 600))
        self.s.call("POST", "/order", self.gtd)
        gone = self.s.post(self.yes, "BUY", "0.41", "10")[1]["orderID"]
        self.s.call("DELETE", "/order", {"orderID": gone})
        m.market("shape-late", event="late")
        m.market("shape-done", event="done")
        m.quote("shape-done")
        self.done = m.ctl("ledger")["markets"][-1]
        self.late = Stream(m.stream + "/market", {"type": "market", "assets_ids": self.done["tokens"], "custom_feature_enabled": True})
        wait_for(lambda: len(self.late.events("book")) == 2, what="books")
        m.ctl("tick", market="shape-done", tick="0.001")
        m.ctl("resolve", market="shape-done", winner=0)
        wait_for(lambda: self.late.events("market_resolved"), what="resolution")

    def ask(self, how, where, body=None, query="", host="clob"):
        self.s.mock = type("Host", (), {"clob": self.m.urls[host], "chain": self.m.chain})
        try:
            return self.s.call(how, where, body, query=query)
        finally:
            self.s.mock = self.m


@pytest.fixture(scope="module")
def scene():
    with mock_venue() as m:
        yield Scene(m)


# --- shapes: a type, a text that matches it whole, [shape of each], {key: shape}, {"*": shape of each value}, (one of these) ---
class Opt:
    """A key that may be missing."""

    def __init__(self, shape):
        self.shape = shape


NUM, DEC, INT = (int, float), r"\d*\.?\d+", r"\d+"
HEX64, ADDRESS, UUID = r"0x[0-9a-fA-F]{64}", r"0x[0-9a-fA-F]{40}", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
SIDE, MAYBE = "BUY|SELL", DEC + "|"


def misfit(doc, shape, where=""):
    """What of the document is not of the shape; None: all is."""
    if isinstance(shape, Opt):
        shape = shape.shape
    if isinstance(shape, tuple) and not all(isinstance(x, type) for x in shape):
        return None if any(misfit(doc, x) is None for x in shape) else f"{where}: {doc!r} is none of {shape}"
    if shape is None:
        return None if doc is None else f"{where}: {doc!r}, not null"
    if isinstance(shape, (type, tuple)):
        wrong = isinstance(doc, bool) and shape is not bool
        return f"{where}: {doc!r}" if wrong or not isinstance(doc, shape) else None
    if isinstance(shape, str):
        return None if isinstance(doc, str) and re.fullmatch(shape, doc) else f"{where}: {doc!r} is no {shape}"
    if isinstance(shape, list):
        if not isinstance(doc, list):
            return f"{where}: {doc!r}, not a list"
        return next((x for x in (misfit(d, shape[0], f"{where}[{i}]") for i, d in enumerate(doc)) if x), None)
    if not isinstance(doc, dict):
        return f"{where}: {doc!r}, not an object"
    if "*" in shape:
        return next((x for x in (misfit(v, shape["*"], f"{where}.{k}") for k, v in doc.items()) if x), None)
    missing = [k for k, v in shape.items() if k not in doc and not isinstance(v, Opt)]
    return f"{where}: without {missing}" if missing else next((x for x in (misfit(doc[k], v, f"{where}.{k}") for k, v in shape.items() if k in doc) if x), None)


def page(row):
    return {"limit": int, "count": int, "next_cursor": r"[A-Za-z0-9+/]+=*", "data": [row]}


def v2_page(row):
    return {"data": [row], "pagination": {"limit": int, "offset": int, "has_more": bool, "next_cursor": (None, str)}}


LEVEL = {"price": DEC, "size": DEC}
BOOK = {"market": HEX64, "asset_id": INT, "timestamp": r"\d{13}", "hash": "[0-9a-f]{40}", "bids": [LEVEL], "asks": [LEVEL], "min_order_size": DEC, "tick_size": DEC,
        "neg_risk": bool, "last_trade_price": MAYBE, "version": Opt("v2")}
TOKEN_ROW = {"token_id": INT, "outcome": str, "price": NUM}
LONG_TOKEN = {**TOKEN_ROW, "winner": bool}
REWARDS = {"rates": (None, [dict]), "min_size": NUM, "max_spread": NUM}
SIMPLE = {"condition_id": HEX64, "rewards": REWARDS, "tokens": [LONG_TOKEN], "active": bool, "closed": bool, "archived": bool, "accepting_orders": bool}
LONG = {**SIMPLE, "enable_order_book": bool, "accepting_order_timestamp": ISO, "minimum_order_size": NUM, "minimum_tick_size": NUM, "question_id": HEX64,
        "question": str, "description": str, "market_slug": str, "end_date_iso": ISO, "game_start_time": (None, ISO), "seconds_delay": int, "fpmm": str,
        "maker_base_fee": NUM, "taker_base_fee": NUM, "notifications_enabled": bool, "neg_risk": bool, "neg_risk_market_id": str, "neg_risk_request_id": str,
        "icon": str, "image": str, "is_50_50_outcome": bool, "tags": [str]}
CLOB_MARKET = {"c": HEX64, "t": [{"t": INT, "o": str}], "mts": NUM, "mos": NUM, "nr": Opt(bool), "fd": Opt({"r": NUM, "e": NUM, "to": bool}), "mbf": int, "tbf": int,
               "r": {"mi": NUM, "ma": NUM, "moas": NUM}, "ao": bool, "aot": ISO, "sd": Opt(int), "itode": Opt(bool), "cbos": bool, "v": Opt("v2")}
ORDER = {"id": HEX64, "status": "LIVE", "owner": UUID, "maker_address": ADDRESS, "market": HEX64, "asset_id": INT, "side": SIDE, "original_size": DEC,
         "size_matched": DEC, "price": DEC, "outcome": "Yes|No", "expiration": INT, "order_type": "GTC|GTD", "associate_trades": [UUID], "created_at": int}
MAKER = {"order_id": HEX64, "owner": str, "maker_address": ADDRESS, "matched_amount": DEC, "price": DEC, "fee_rate_bps": MAYBE, "asset_id": INT, "outcome": str, "side": SIDE}
TRADE = {"id": UUID, "taker_order_id": HEX64, "market": HEX64, "asset_id": INT, "side": SIDE, "size": DEC, "fee_rate_bps": DEC, "price": DEC,
         "status": "MATCHED|MINED|CONFIRMED|RETRYING|FAILED", "match_time": INT, "last_update": INT, "outcome": str, "bucket_index": int, "owner": UUID,
         "maker_address": ADDRESS, "transaction_hash": HEX64 + "|", "trader_side": "TAKER|MAKER", "maker_orders": [MAKER]}
CREDS = {"apiKey": UUID, "secret": r"[A-Za-z0-9_-]+=*", "passphrase": "[0-9a-f]{64}"}
POSTED = {"success": bool, "errorMsg": "", "orderID": HEX64, "status": "live|matched|delayed|unmatched", "makingAmount": MAYBE, "takingAmount": MAYBE,
          "tradeIDs": Opt([UUID])}
CANCELED = {"canceled": [HEX64], "not_canceled": {"*": str}}
NOTE = {"id": int, "owner": UUID, "type": int, "timestamp": int, "payload": {"order_id": HEX64, "market": HEX64, "asset_id": INT, "side": SIDE, "price": DEC,
        "original_size": DEC, "matched_size": DEC, "remaining_size": DEC, "outcome": str, "outcome_index": int}}
CONFIG = {"asset_address": ADDRESS, "start_date": str, "end_date": str, "rate_per_day": NUM, "total_rewards": NUM}
REWARD = {"condition_id": HEX64, "question": str, "market_slug": str, "event_slug": str, "image": str, "rewards_max_spread": NUM, "rewards_min_size": NUM,
          "market_competitiveness": NUM, "tokens": [TOKEN_ROW], "rewards_config": [CONFIG]}
WIDE = {**REWARD, "market_id": INT, "event_id": INT, "volume_24hr": NUM, "spread": NUM}
BUILDER_TRADE = {"id": UUID, "tradeType": "TAKER|MAKER", "takerOrderHash": HEX64, "builder": HEX64, "market": HEX64, "assetId": INT, "side": SIDE, "size": DEC,
                 "sizeUsdc": DEC, "price": DEC, "status": "TRADE_STATUS_[A-Z]+", "outcome": str, "outcomeIndex": int, "owner": UUID, "maker": ADDRESS,
                 "transactionHash": HEX64, "matchTime": INT, "bucketIndex": int, "fee": DEC, "feeUsdc": DEC, "err_msg": (None, str), "createdAt": ISO, "updatedAt": ISO}
POINTS = [{"t": int, "p": NUM}]
LIVE = {"condition_id": HEX64, "id": int, "question": str, "market_slug": str, "event_slug": str, "series_slug": str, "icon": str, "image": str, "tags": [str]}

TAG = {"id": INT, "label": str, "slug": str}
EVENT_HEAD = {"id": INT, "ticker": str, "slug": str, "title": str, "description": str, "active": bool, "closed": bool, "archived": bool, "negRisk": bool, "volume": NUM,
              "volume24hr": NUM, "liquidity": NUM, "startDate": ISO, "endDate": ISO, "tags": [TAG], "enableOrderBook": bool, "restricted": bool}
GAMMA = {"id": INT, "question": str, "slug": str, "conditionId": "0x([0-9a-f]{62}|[0-9a-f]{64})", "questionID": str, "outcomes": r"\[.*\]", "outcomePrices": r"\[.*\]",
         "clobTokenIds": (None, r"\[.*\]"), "umaResolutionStatuses": r"\[.*\]", "volume": DEC, "liquidity": DEC, "groupItemThreshold": DEC, "volumeNum": NUM,
         "liquidityNum": NUM, "volume24hr": NUM, "bestBid": NUM, "bestAsk": NUM, "lastTradePrice": NUM, "spread": NUM, "orderPriceMinTickSize": NUM, "orderMinSize": NUM,
         "makerBaseFee": int, "takerBaseFee": int, "secondsDelay": int, "active": bool, "closed": bool, "archived": bool, "acceptingOrders": bool,
         "enableOrderBook": bool, "negRisk": bool, "feesEnabled": bool, "clearBookOnStart": bool, "restricted": bool, "endDate": ISO, "startDate": ISO,
         "closedTime": Opt(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00"), "feeSchedule": Opt({"rate": NUM, "exponent": NUM, "takerOnly": bool, "rebateRate": NUM}),
         "feeType": Opt(str), "version": Opt("v2"), "positionIds": Opt([INT]), "events": Opt([EVENT_HEAD]), "marketMakerAddress": str}
EVENT = {**EVENT_HEAD, "markets": [GAMMA]}

FEED = {"proxy_wallet": "0x[0-9a-f]{40}", "timestamp": int, "condition_id": HEX64, "size": NUM, "transaction_hash": HEX64, "price": NUM, "token_id": INT, "side": SIDE,
        "outcome_index": int, "title": str, "slug": str, "icon": str, "event_slug": str, "outcome": str, "name": str, "pseudonym": str, "bio": str,
        "profile_image": str, "profile_image_optimized": str}
NUMBERS = dict.fromkeys(("current_size", "avg_price", "entry_cost_usdc", "entry_fees_usdc", "total_cost_usdc", "current_price", "current_value", "total_size",
                         "realized_pnl", "unrealized_pnl", "total_pnl", "percent_pnl", "percent_realized_pnl"), NUM)
POSITION = {**NUMBERS, "proxy_wallet": "0x[0-9a-f]{40}", "token_id": INT, "condition_id": HEX64, "status": "OPEN|REDEEMABLE|CLOSED", "redeemable": bool,
            "mergeable": bool, "negative_risk": bool, "archived": bool, "title": str, "slug": str, "icon": str, "event_id": INT, "event_slug": str, "outcome": str,
            "outcome_index": int, "opposite_outcome": str, "opposite_token_id": INT, "end_date": r"\d{4}-\d\d-\d\d", "last_event_at": int, "first_entry_at": int,
            "name": str, "profile_image": str, "verified": bool}
OLD_TRADE = {"proxyWallet": ADDRESS, "side": SIDE, "asset": INT, "conditionId": HEX64, "size": NUM, "price": NUM, "timestamp": int, "title": str, "slug": str, "icon": str,
             "eventSlug": str, "outcome": str, "outcomeIndex": int, "name": str, "pseudonym": str, "bio": str, "profileImage": str, "profileImageOptimized": str,
             "transactionHash": HEX64}
OLD_POSITION = {**dict.fromkeys(("size", "avgPrice", "initialValue", "currentValue", "cashPnl", "percentPnl", "totalBought", "realizedPnl", "percentRealizedPnl", "curPrice"), NUM),
                "proxyWallet": ADDRESS, "asset": INT, "conditionId": HEX64, "redeemable": bool, "mergeable": bool, "title": str, "slug": str, "icon": str, "eventSlug": str,
                "outcome": str, "outcomeIndex": int, "oppositeOutcome": str, "oppositeAsset": INT, "endDate": r"\d{4}-\d\d-\d\d", "negativeRisk": bool}
HOLDER = {"proxy_wallet": ADDRESS, "bio": str, "token_id": INT, "pseudonym": str, "amount": NUM, "display_username_public": bool, "outcome_index": int, "name": str,
          "profile_image": str, "profile_image_optimized": str, "verified": bool}
APPROVAL = {"id": str, "feature": "trading", "token": "0x[0-9a-f]{40}", "spender": "0x[0-9a-f]{40}", "standard": "ERC20|ERC1155", "approved": bool, "amount": Opt(r"max|\d+")}

# (host, method, path, query, body, shape of the answer); {x} stands for what the scene has of it; body may be made of the scene
TABLE = [
    ("clob", "GET", "/ok", "", None, "OK"), ("clob", "GET", "/time", "", None, int), ("clob", "GET", "/version", "", None, {"version": int}),
    ("clob", "GET", "/book", "token_id={yes}", None, BOOK), ("clob", "POST", "/books", "", lambda x: [{"token_id": x.yes}, {"token_id": "5"}], [BOOK]),
    ("clob", "GET", "/books", "token_ids={yes},{no}", None, [BOOK]),
    ("clob", "GET", "/price", "token_id={yes}&side=BUY", None, {"price": DEC}),
    ("clob", "POST", "/prices", "", lambda x: [{"token_id": x.yes, "side": "BUY"}, {"token_id": x.yes, "side": "SELL"}], {"*": {"BUY": DEC, "SELL": DEC}}),
    ("clob", "GET", "/prices", "token_ids={yes},{no}&sides=BUY,BUY", None, {"*": {"BUY": DEC}}),
    ("clob", "GET", "/midpoint", "token_id={yes}", None, {"mid": DEC}), ("clob", "POST", "/midpoints", "", lambda x: [{"token_id": x.yes}], {"*": DEC}),
    ("clob", "GET", "/midpoints", "token_ids={yes}", None, {"*": DEC}),
    ("clob", "GET", "/spread", "token_id={yes}", None, {"spread": DEC}), ("clob", "POST", "/spreads", "", lambda x: [{"token_id": x.yes}], {"*": DEC}),
    ("clob", "GET", "/last-trade-price", "token_id={yes}", None, {"price": DEC, "side": SIDE}),
    ("clob", "GET", "/last-trade-price", "token_id=5", None, {"price": "0.5", "side": ""}),
    ("clob", "POST", "/last-trades-prices", "", lambda x: [{"token_id": x.yes}], [{"token_id": INT, "price": DEC, "side": SIDE}]),
    ("clob", "GET", "/last-trades-prices", "token_ids={yes}", None, [{"token_id": INT, "price": DEC, "side": SIDE}]),
    ("clob", "GET", "/tick-size", "token_id={yes}", None, {"minimum_tick_size": float}), ("clob", "GET", "/tick-size/{yes}", "", None, {"minimum_tick_size": float}),
    ("clob", "GET", "/neg-risk", "token_id={yes}", None, {"neg_risk": bool}), ("clob", "GET", "/neg-risk/{yes}", "", None, {"neg_risk": bool}),
    ("clob", "GET", "/fee-rate", "token_id={yes}", None, {"base_fee": int}), ("clob", "GET", "/fee-rate/{yes}", "", None, {"base_fee": int}),
    ("clob", "GET", "/clob-markets/{condition}", "", None, CLOB_MARKET), ("clob", "GET", "/markets/{condition}", "", None, LONG),
    ("clob", "GET", "/markets-by-token/{no}", "", None, {"condition_id": HEX64, "primary_token_id": INT, "secondary_token_id": INT}),
    ("clob", "GET", "/markets", "next_cursor=MA==", None, page(LONG)), ("clob", "GET", "/sampling-markets", "", None, page(LONG)),
    ("clob", "GET", "/simplified-markets", "", None, page(SIMPLE)), ("clob", "GET", "/sampling-simplified-markets", "", None, page(SIMPLE)),
    ("clob", "GET", "/markets/live-activity/{condition}", "", None, LIVE), ("clob", "POST", "/markets/live-activity", "", lambda x: [x.condition], [LIVE]),
    ("clob", "GET", "/prices-history", "market={yes}&interval=1d&fidelity=1", None, {"history": POINTS}),
    ("clob", "POST", "/batch-prices-history", "", lambda x: {"markets": [x.yes, x.no], "start_ts": time.time() - 999.5, "end_ts": 1e12, "fidelity": 5}, {"history": {"*": POINTS}}),
    ("clob", "GET", "/fees/builder-fees/" + CODE, "", None, {"builder_maker_fee_rate_bps": NUM, "builder_taker_fee_rate_bps": NUM}),
    ("clob", "GET", "/auth/api-keys", "", None, {"apiKeys": [UUID]}), ("clob", "GET", "/auth/ban-status/closed-only", "", None, {"closed_only": bool}),
    ("clob", "GET", "/balance-allowance", "asset_type=COLLATERAL&signature_type=0", None, {"balance": INT, "allowances": {"*": INT}}),
    ("clob", "GET", "/balance-allowance", "asset_type=CONDITIONAL&token_id={yes}", None, {"balance": INT, "allowances": {"*": INT}}),
    ("clob", "GET", "/balance-allowance/update", "asset_type=COLLATERAL&signature_type=0", None, {}), ("clob", "PUT", "/balance-allowance", "asset_type=COLLATERAL", None, {}),
    ("clob", "GET", "/data/orders", "", None, page(ORDER)), ("clob", "GET", "/data/order/{live}", "", None, ORDER), ("clob", "GET", "/data/trades", "", None, page(TRADE)),
    ("clob", "GET", "/data/pre-migration-orders", "", None, page(dict)),
    ("clob", "POST", "/orders", "", lambda x: [x.s.limit(x.yes, "BUY", "0.2", "5"), x.s.limit(x.yes, "BUY", "0.9", "5000")],
     [(POSTED, {"success": bool, "errorMsg": ".+", "orderID": "", "status": str, "makingAmount": "", "takingAmount": ""})]),
    ("clob", "POST", "/order", "", lambda x: x.s.limit(x.yes, "BUY", "0.21", "5"), POSTED),
    ("clob", "POST", "/order", "", lambda x: x.s.order(x.yes, "BUY", 2_750_000, 5_000_000, "FOK"),
     {**POSTED, "status": "matched", "makingAmount": "2.75", "takingAmount": "5", "tradeIDs": [UUID]}),
    ("clob", "DELETE", "/order", "", lambda x: {"orderID": x.s.post(x.yes, "BUY", "0.22", "5")[1]["orderID"]}, CANCELED),
    ("clob", "DELETE", "/orders", "", lambda x: [x.s.post(x.yes, "BUY", "0.22", "5")[1]["orderID"], "0x" + "ab" * 32], CANCELED),
    ("clob", "DELETE", "/cancel-market-orders", "", lambda x: {"market": "0x" + "00" * 32, "asset_id": x.no}, CANCELED),
    ("clob", "POST", "/v1/heartbeats", "", lambda x: {"heartbeat_id": x.s.call("POST", "/v1/heartbeats", {"heartbeat_id": ""})[1]["heartbeat_id"]}, {"heartbeat_id": UUID}),
    ("clob", "GET", "/notifications", "signature_type=0", None, [NOTE]), ("clob", "DELETE", "/notifications", "ids=99,100", None, "OK"),
    ("clob", "GET", "/order-scoring", "order_id={live}", None, {"scoring": bool}), ("clob", "POST", "/orders-scoring", "", lambda x: [x.live["orderID"]], {"*": bool}),
    ("clob", "GET", "/rewards/markets/current", "", None, page({"condition_id": HEX64, "rewards_max_spread": NUM, "rewards_min_size": NUM,
                                                                 "rewards_config": [{"id": int, **CONFIG}], "sponsored_daily_rate": NUM, "sponsors_count": int,
                                                                 "native_daily_rate": NUM, "total_daily_rate": NUM})),
    ("clob", "GET", "/rewards/markets/{condition}", "", None, page(REWARD)),
    ("clob", "GET", "/rewards/markets/multi", "", None, page({**WIDE, "created_at": ISO, "group_item_title": str, "one_day_price_change": NUM, "end_date": str})),
    ("clob", "GET", "/rewards/user", "date=2026-01-01&signature_type=0", None, page(dict)), ("clob", "GET", "/rewards/user/total", "date=2026-01-01", None, [dict]),
    ("clob", "GET", "/rewards/user/percentages", "signature_type=0", None, {"*": NUM}),
    ("clob", "GET", "/rewards/user/markets", "date=2026-01-01", None, {**page({**WIDE, "maker_address": ADDRESS, "earning_percentage": NUM, "earnings": [
        {"asset_address": ADDRESS, "earnings": NUM, "asset_rate": NUM}]}), "total_count": int}),
    ("clob", "GET", "/rebates/current", "date=2026-01-01&maker_address={address}", None, [dict]),
    ("clob", "GET", "/builder/trades", "builder_code=" + CODE, None, page(BUILDER_TRADE)),
    ("clob", "POST", "/auth/builder-api-key", "", None, {"key": UUID, "secret": str, "passphrase": str}), ("clob", "GET", "/auth/builder-api-key", "", None, [UUID]),
    ("clob", "DELETE", "/auth/builder-api-key", "", None, "OK"),
    ("clob", "POST", "/auth/readonly-api-key", "", None, {"apiKey": UUID}), ("clob", "GET", "/auth/readonly-api-keys", "", None, [UUID]),
    ("gamma", "GET", "/markets/keyset", "limit=2&order=volumeNum&ascending=false", None, {"markets": [GAMMA], "next_cursor": str}),
    ("gamma", "GET", "/markets/keyset", "closed=true", None, {"markets": [GAMMA]}), ("gamma", "GET", "/events/keyset", "tag_slug=politics", None, {"events": [EVENT]}),
    ("gamma", "GET", "/markets", "limit=5&clob_token_ids={yes}", None, [GAMMA]), ("gamma", "GET", "/events", "limit=5&slug=shape-event", None, [EVENT]),
    ("gamma", "GET", "/markets/slug/shape", "", None, GAMMA), ("gamma", "GET", "/markets/slug/shape-v2", "", None, GAMMA),
    ("gamma", "GET", "/markets/slug/shape-done", "", None, GAMMA), ("gamma", "GET", "/markets/500000", "", None, GAMMA),
    ("gamma", "GET", "/events/slug/shape-event", "", None, EVENT), ("gamma", "GET", "/events/9500000", "", None, EVENT),
    ("gamma", "GET", "/events/pagination", "limit=1", None, {"data": [EVENT], "pagination": {"hasMore": bool, "totalResults": int}}),
    ("gamma", "GET", "/markets/500000/tags", "", None, [TAG]), ("gamma", "GET", "/events/9500000/tags", "", None, [TAG]),
    ("gamma", "GET", "/tags", "", None, [TAG]), ("gamma", "GET", "/tags/slug/politics", "", None, TAG), ("gamma", "GET", "/tags/1", "", None, TAG),
    ("gamma", "GET", "/tags/1/related-tags", "", None, [dict]), ("gamma", "GET", "/tags/slug/politics/related-tags/tags", "", None, [TAG]),
    ("gamma", "GET", "/series", "", None, [dict]), ("gamma", "GET", "/sports", "", None, [dict]), ("gamma", "GET", "/teams", "", None, [dict]),
    ("gamma", "GET", "/sports/market-types", "", None, {"marketTypes": [str]}), ("gamma", "GET", "/comments", "parent_entity_type=Event&parent_entity_id=5", None, [dict]),
    ("gamma", "GET", "/public-profile", "address={address}", None, {"createdAt": ISO, "proxyWallet": ADDRESS, "name": str, "pseudonym": str, "bio": str, "users": [dict]}),
    ("gamma", "GET", "/public-search", "q=shape&limit_per_type=2", None, {"events": [EVENT], "tags": [TAG], "profiles": None, "pagination": {"hasMore": bool,
                                                                                                                                     "totalResults": int}}),
    ("data", "GET", "/v2/activity", "user={address}", None, v2_page({**FEED, "type": "TRADE", "usdc_size": NUM})),
    ("data", "GET", "/v2/trades", "taker_only=false&condition={condition}", None, v2_page(FEED)), ("data", "GET", "/v2/positions", "user={address}", None, v2_page(POSITION)),
    ("data", "GET", "/v2/positions", "condition={done}&status=REDEEMABLE", None, v2_page(POSITION)),
    ("data", "GET", "/v2/value", "user={address}", None, {"data": {"proxy_wallet": ADDRESS, "value": NUM}}),
    ("data", "GET", "/v2/user-stats", "user={address}", None, {"data": {"proxy_wallet": ADDRESS, "trades": int, "biggest_win": NUM, "views": int, "join_date": int,
                                                                         "all_time_pnl": {"realized_pnl": NUM, "unrealized_pnl": NUM, "fees": NUM, "volume": NUM}}}),
    ("data", "GET", "/v2/resolutions", "condition={done},{condition}", None, {"data": [{"condition_id": HEX64, "status": "resolved|initialized", "was_disputed": bool,
                                                                                         "last_update_timestamp": ISO, "payouts": Opt([int])}]}),
    ("data", "GET", "/v2/holders", "condition={condition}", None, v2_page({"token_id": INT, "holders": [HOLDER]})),
    ("data", "GET", "/v2/leaderboard", "", None, v2_page({"rank": int, "user_id": ADDRESS, "pnl": NUM, "volume": NUM, "user_name": str, "verified": bool})),
    ("data", "GET", "/v2/oi", "condition={condition}", None, {"data": [{"condition_id": HEX64, "value": NUM}]}),
    ("data", "GET", "/v2/prices-history", "token_id={yes}", None, v2_page({"timestamp": int, "price": NUM, "resolution_seconds": int})),
    ("data", "GET", "/v2/approvals", "user={address}", None, {"data": {"address": ADDRESS, "chain_id": int, "checked_at": ISO, "contracts": [APPROVAL]}}),
    ("data", "GET", "/v2/status", "", None, {"data": {"computed_at": ISO, "age_seconds": int, "serving": {"lag_seconds": int}, "ingestion": {"chain_id": int}}}),
    ("data", "GET", "/trades", "user={address}&takerOnly=false", None, [OLD_TRADE]),
    ("data", "GET", "/activity", "user={address}", None, [{**OLD_TRADE, "type": "TRADE", "usdcSize": NUM}]), ("data", "GET", "/positions", "user={address}", None, [OLD_POSITION]),
    ("data", "GET", "/value", "user={address}", None, [{"user": ADDRESS, "value": NUM}]), ("data", "GET", "/traded", "user={address}", None, {"user": ADDRESS, "traded": int}),
    ("data", "GET", "/holders", "market={condition}", None, [{"token": INT, "holders": [{"proxyWallet": ADDRESS, "asset": INT, "amount": NUM, "outcomeIndex": int}]}]),
    ("data", "GET", "/oi", "market={condition}", None, [{"market": HEX64, "value": NUM}]),
    ("data", "GET", "/api/geoblock", "", None, {"blocked": bool, "ip": str, "country": str, "region": str}),
    ("relayer", "GET", "/deployed", "address={address}", None, {"deployed": bool}),
]
MAY_BE_EMPTY = ("rewards/user", "rewards/user/total", "rebates", "related-tags", "/series", "/sports", "/teams", "/comments", "pre-migration", "percentages")


@pytest.mark.parametrize("row", TABLE, ids=[f"{h}-{m}-{p}-{q[:24]}" for h, m, p, q, *_ in TABLE])
def test_shape(scene, row):
    host, method, path, query, body, shape = row
    names = {"yes": scene.yes, "no": scene.no, "condition": scene.condition, "live": scene.live["orderID"], "done": scene.done["condition"], "address": scene.s.wallet.lower()}
    path, query = (re.sub(r"\{(\w+)\}", lambda m: names[m[1]], x) for x in (path, query))
    status, doc = scene.ask(method, path, body(scene) if callable(body) else body, query, host)
    assert status == 200, doc
    assert misfit(doc, shape, path) is None, misfit(doc, shape, path)
    rows = doc if isinstance(doc, list) else doc.get("data", doc) if isinstance(doc, dict) else [1]
    assert rows or shape == {} or any(x in path for x in MAY_BE_EMPTY), (path, doc)  # there was something to look at


STREAMS = {
    "book": {**BOOK, "event_type": "book"},
    "price_change": {"market": HEX64, "timestamp": r"\d{13}", "price_changes": [{"asset_id": INT, "price": DEC, "size": DEC, "side": SIDE, "hash": "[0-9a-f]{40}",
                                                                                 "best_bid": MAYBE, "best_ask": MAYBE}]},
    "last_trade_price": {"asset_id": INT, "market": HEX64, "price": DEC, "size": DEC, "side": SIDE, "fee_rate_bps": DEC, "timestamp": r"\d{13}", "transaction_hash": HEX64},
    "tick_size_change": {"asset_id": INT, "market": HEX64, "old_tick_size": DEC, "new_tick_size": DEC, "timestamp": r"\d{13}"},
    "best_bid_ask": {"asset_id": INT, "market": HEX64, "best_bid": MAYBE, "best_ask": MAYBE, "spread": MAYBE, "timestamp": r"\d{13}"},
    "new_market": {"id": INT, "question": str, "market": HEX64, "slug": str, "assets_ids": [INT], "outcomes": [str], "tags": [str], "order_price_min_tick_size": DEC,
                   "event_message": {"id": INT, "slug": str, "title": str}, "timestamp": r"\d{13}"},
    "market_resolved": {"id": INT, "market": HEX64, "assets_ids": [INT], "winning_asset_id": INT, "winning_outcome": str, "timestamp": r"\d{13}", "tags": [str]},
    "order": {"id": HEX64, "type": "PLACEMENT|UPDATE|CANCELLATION", "owner": UUID, "order_owner": UUID, "market": HEX64, "asset_id": INT, "side": SIDE, "original_size": DEC,
              "size_matched": DEC, "price": DEC, "status": "LIVE|MATCHED|CANCELED.*", "associate_trades": (None, [UUID]), "outcome": str, "order_type": "GTC|GTD|FOK|FAK",
              "expiration": INT, "created_at": INT, "maker_address": ADDRESS, "timestamp": r"\d{13}"},
    "trade": {**TRADE, "type": "TRADE", "trade_owner": UUID, "timestamp": r"\d{13}"},
}


@pytest.mark.parametrize("kind", STREAMS)
def test_shape_of_events(scene, kind):
    got = [e for s in (scene.events, scene.late, scene.user) for e in s.events(kind)]
    assert got
    for e in got:
        assert misfit(e, STREAMS[kind], kind) is None, misfit(e, STREAMS[kind], kind)


def test_credentials_and_their_end(scene):
    s = Signer(scene.m, "0x" + hashlib.sha256(b"leaves").hexdigest())
    for method, path in (("POST", "/auth/api-key"), ("GET", "/auth/derive-api-key")):
        status, s.creds = s.l1(method, path)
        assert status == 200 and misfit(s.creds, CREDS) is None
    assert s.call("DELETE", "/auth/api-key") == (200, "OK") and s.call("GET", "/auth/api-keys")[0] == 401
    assert s.call("DELETE", "/cancel-all", creds=s.l1("POST", "/auth/api-key")[1]) == (200, {"canceled": [], "not_canceled": {}})


def test_the_old_data_api_can_be_retired(scene):
    scene.m.ctl("options", data_v1=False)
    assert scene.ask("GET", "/positions", query="user=" + scene.s.wallet, host="data")[0] == 410
    assert scene.ask("GET", "/v2/positions", query="user=" + scene.s.wallet, host="data")[0] == 200
    scene.m.ctl("options", data_v1=True)


def test_the_relayer_deploys_a_wallet(scene):
    s = Signer(scene.m, "0x" + hashlib.sha256(b"deposit").hexdigest(), 3, "0x" + "de" * 20, deployed=False)
    at = f"{scene.m.urls['relayer']}/deployed?type=WALLET&address={s.wallet}"
    assert scene.m.ask(at) == {"deployed": False}
    scene.s.mock = type("Host", (), {"clob": scene.m.urls["relayer"]})
    body = json.dumps({"type": "WALLET-CREATE", "from": s.address, "to": "0x00000000000Fb5C9ADea0298D729A0CB3823Cc07", "metadata": ""}).encode()
    assert scene.s.http("POST", "/submit", body)[0] == 401
    status, doc = scene.s.http("POST", "/submit", body, {"RELAYER_API_KEY": "k", "RELAYER_API_KEY_ADDRESS": s.address})
    assert status == 200 and doc["state"] == "STATE_NEW" and scene.s.http("GET", "/transaction?id=" + doc["transactionID"])[1][0]["state"] == "STATE_CONFIRMED"
    scene.s.mock = scene.m
    assert scene.m.ask(at) == {"deployed": True}


# --- the documents' own examples ---
def kind_of(v):
    return "null" if v is None else "bool" if isinstance(v, bool) else "number" if isinstance(v, (int, float)) else type(v).__name__


def unlike(want, got, where="", loose=()):
    """Where got lacks a key of the example or has another kind of value. Objects keyed by ids are alike in their values."""
    a, b = kind_of(want), kind_of(got)
    if {a, b} in ({"str", "number"}, {"null", a}, {"null", b}):  # numbers come as texts too
        return None
    if a != b:
        return f"{where}: {b}, the example has {a}"
    if a == "list":
        return next((x for x in (unlike(want[0], g, where + "[]", loose) for g in got) if x), None) if want else None
    if a == "dict":
        if want and all(re.match("0x", k) for k in want):
            return next((x for x in (unlike(next(iter(want.values())), v, where + ".*", loose) for v in got.values()) if x), None)
        missing = [k for k in want if k not in got and k not in loose]
        return f"{where}: without {missing}" if missing else next((x for x in (unlike(v, got[k], f"{where}.{k}", loose) for k, v in want.items() if k in got) if x), None)
    return None


def examples(name):
    path = FIXTURES / "official_docs" / name
    return json.loads(path.read_text()) if path.exists() else []


needs_examples = pytest.mark.skipif(not examples("openapi_clob_examples.json"), reason="no official examples (TURRET_SHARED)")
LOOSE = ("transactionsHashes", "tradeIDs", "fee_rate_bps", "err_msg", "match_time_nano")  # no longer sent, or only where there is one
ELSEWHERE = {"POST /heartbeats": "replaced by /v1/heartbeats", "GET /orders-scoring": "the same as POST", "PUT /balance-allowance": "in the table"}


@needs_examples
def test_answers_are_like_the_official_examples(scene):
    seen, rows = set(), {}
    for host, method, path, query, body, _ in TABLE:
        if host == "clob":
            rows.setdefault((method, path), []).append((query, body))
    names = {"yes": scene.yes, "no": scene.no, "condition": scene.condition, "live": scene.live["orderID"], "address": scene.s.wallet.lower()}
    for e in examples("openapi_clob_examples.json"):
        if e["kind"] != "response" or str(e["status"]) != "200":
            continue
        method, path = e["op"].split()
        mine = path.replace("{orderID}", "{live}").replace("{token_id}", "{yes}").replace("{condition_id}", "{condition}")
        found = rows.get((method, mine))
        if not found:
            assert e["op"] in ELSEWHERE or path in ("/auth/api-key", "/auth/derive-api-key", "/cancel-all"), e["op"]
            continue
        for query, body in found:
            p, q = (re.sub(r"\{(\w+)\}", lambda m: names[m[1]], x) for x in (mine, query))
            status, doc = scene.ask(method, p, body(scene) if callable(body) else body, q)
            want = e["example"] if not isinstance(e["example"], list) or method != "POST" or path != "/orders" else e["example"][:1]
            assert status == 200, (method, p, q, doc)
            assert unlike(want, doc, e["op"], LOOSE) is None, unlike(want, doc, e["op"], LOOSE)
            seen.add(e["op"])
    assert len(seen) >= 35, len(seen)


def refused(scene, method, path, body=None, query=""):
    status, doc = scene.ask(method, path, body, query)
    return status, doc.get("error") if isinstance(doc, dict) else doc


@needs_examples
def test_refusals_are_the_official_ones(scene):
    """Each documented refusal that a request by itself can bring about; those of windows, bans and faults are in the tests of the mock."""
    x, s = scene, scene.s
    order, cond = "0x" + "ab" * 32, x.condition
    token_info = [(f"GET /{n}{p}", "GET", f"/{n}{q}", None, query) for n in ("fee-rate", "tick-size", "neg-risk")
                  for p, q, query in (("", "", "token_id=x"), ("", "", "token_id=5"), ("/{token_id}", "/x", ""), ("/{token_id}", "/5", ""))]
    single = [(f"GET /{n}", "GET", "/" + n, None, q + ("&side=BUY" if n == "price" else "")) for n in ("midpoint", "spread", "price", "book", "last-trade-price")
              for q in ("token_id=x", "token_id=5") if (n, q) != ("last-trade-price", "token_id=5")]
    plural = [(f"POST /{n}", "POST", "/" + n, {"x": 1}, "") for n in ("midpoints", "spreads", "last-trades-prices", "prices", "books")]
    rows = token_info + single + plural + [
        ("GET /price", "GET", "/price", None, f"token_id={x.yes}&side=UP"), ("POST /prices", "POST", "/prices", [{"token_id": x.yes, "side": "UP"}], ""),
        ("POST /last-trades-prices", "POST", "/last-trades-prices", [{"token_id": "5"}] * 501, ""),
        ("POST /order", "POST", "/order", {}, ""), ("POST /order", "POST", "/order", {**s.limit(x.yes, "BUY", "0.4", "10"), "owner": order}, ""),
        ("POST /order", "POST", "/order", s.limit(x.yes, "BUY", "0.4", "10", signer="0x" + "22" * 20), ""),
        ("POST /orders", "POST", "/orders", {}, ""), ("POST /orders", "POST", "/orders", [], ""), ("POST /orders", "POST", "/orders", [x.gtd] * 20, ""),
        ("DELETE /order", "DELETE", "/order", {"orderID": 5}, ""), ("DELETE /order", "DELETE", "/order", [], ""),
        ("DELETE /orders", "DELETE", "/orders", ["x"], ""), ("DELETE /orders", "DELETE", "/orders", {}, ""), ("DELETE /orders", "DELETE", "/orders", [order] * 1001, ""),
        ("DELETE /cancel-market-orders", "DELETE", "/cancel-market-orders", {}, ""),
        ("GET /data/order/{orderID}", "GET", "/data/order/x", None, ""), ("GET /data/order/{orderID}", "GET", "/data/order/" + order, None, ""),
        ("GET /data/trades", "GET", "/data/trades", None, "after=x"), ("GET /builder/trades", "GET", "/builder/trades", None, "builder_code=x"),
        ("GET /balance-allowance", "GET", "/balance-allowance", None, "asset_type=GOLD"), ("GET /balance-allowance", "GET", "/balance-allowance", None, "asset_type=COLLATERAL&signature_type=9"),
        ("GET /balance-allowance/update", "GET", "/balance-allowance/update", None, "asset_type=GOLD"),
        ("PUT /balance-allowance", "PUT", "/balance-allowance", None, "asset_type=COLLATERAL&signature_type=x"),
        ("GET /notifications", "GET", "/notifications", None, "signature_type=9"), ("DELETE /notifications", "DELETE", "/notifications", None, "ids=x"),
        ("GET /rewards/user", "GET", "/rewards/user", None, "date=yesterday"), ("GET /rewards/user", "GET", "/rewards/user", None, "date=2026-01-01&signature_type=9"),
        ("GET /rewards/user", "GET", "/rewards/user", None, "date=2026-01-01&maker_address=x"), ("GET /rewards/user/total", "GET", "/rewards/user/total", None, "date=1"),
        ("GET /rewards/user/percentages", "GET", "/rewards/user/percentages", None, "signature_type=9"),
        ("GET /rewards/user/markets", "GET", "/rewards/user/markets", None, "date=1"), ("GET /rewards/markets/current", "GET", "/rewards/markets/current", None, "next_cursor=!"),
        ("GET /rewards/markets/{condition_id}", "GET", "/rewards/markets/0x12", None, ""),
        ("GET /rewards/markets/{condition_id}", "GET", "/rewards/markets/" + cond, None, "next_cursor=!"),
        ("GET /rebates/current", "GET", "/rebates/current", None, "date=1"), ("GET /rebates/current", "GET", "/rebates/current", None, "date=2026-01-01&maker_address=x"),
        ("GET /order-scoring", "GET", "/order-scoring", None, "order_id=x"), ("POST /orders-scoring", "POST", "/orders-scoring", {}, ""),
        ("POST /orders-scoring", "POST", "/orders-scoring", ["x"], ""), ("POST /v1/heartbeats", "POST", "/v1/heartbeats", {"heartbeat_id": "other"}, ""),
    ]
    s.call("POST", "/v1/heartbeats", {"heartbeat_id": ""})
    x.m.ctl("options", rates="off")
    documented = {}
    for e in examples("openapi_clob_examples.json"):
        if e["kind"] == "response" and str(e["status"]) in ("400", "404"):
            documented.setdefault(e["op"], {})[re.sub(r"\d+", "N", e["example"]["error"])] = int(e["status"])
    met = set()
    for op, method, path, body, query in rows:
        status, text = refused(x, method, path, body, query)
        plain = re.sub(r"\d+", "N", text or "")
        assert documented[op].get(plain) == status, (op, query, status, text, documented[op])
        met.add((op, plain))
    x.m.ctl("options", rates="on")
    assert len(met) > 60, len(met)


@pytest.mark.skipif(not (FIXTURES / "data_api_v2").exists(), reason="no captures (TURRET_SHARED)")
@pytest.mark.parametrize("name,query", [("activity", "user={address}"), ("trades", "condition={condition}"), ("positions", "user={address}")])
def test_the_data_api_has_the_keys_of_real_captures(scene, name, query):
    want = json.loads((FIXTURES / "data_api_v2" / f"{name}.json").read_text())["data"][0]
    status, doc = scene.ask("GET", "/v2/" + name, query=query.format(address=scene.s.wallet.lower(), condition=scene.condition), host="data")
    got = doc["data"][0]
    assert status == 200 and set(got) == set(want) and unlike(want, got, name) is None, unlike(want, got, name)


@pytest.mark.skipif(not (FIXTURES / "official_docs").exists(), reason="no official examples (TURRET_SHARED)")
def test_events_are_like_the_official_examples(scene):
    names = {"ws_market__book": "book", "ws_market__priceChange": "price_change", "ws_market__lastTradePrice": "last_trade_price", "ws_market__tickSizeChange": "tick_size_change",
             "ws_market__bestBidAsk": "best_bid_ask", "ws_market__newMarket": "new_market", "ws_market__marketResolved": "market_resolved", "ws_user__order": "order",
             "ws_user__trade": "trade"}
    for name, kind in names.items():
        want, = examples(name + ".json") if isinstance(examples(name + ".json"), list) else [examples(name + ".json")]
        got = [e for s in (scene.events, scene.late, scene.user) for e in s.events(kind)]
        assert got and all(unlike(want, e, kind) is None for e in got), unlike(want, got[0], kind)


@pytest.mark.skipif(not (FIXTURES / "captured_btc5m").exists(), reason="no captures (TURRET_SHARED)")
def test_gamma_has_the_kinds_of_a_real_market(scene):
    real = json.loads((FIXTURES / "captured_btc5m/gamma_markets_btc_5m_raw.json").read_text())
    real = real[0] if isinstance(real, list) else real
    for slug in ("shape", "shape-done"):
        got = scene.ask("GET", "/markets/slug/" + slug, host="gamma")[1]
        shared = set(real) & set(got)
        assert len(shared) > 50 and {k: kind_of(got[k]) for k in shared if kind_of(got[k]) != kind_of(real[k])} == {}
    assert ZERO32 not in got.values()
