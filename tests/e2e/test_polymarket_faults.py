"""What goes wrong at a real venue, each case with the real engine against the mock: streams that fall silent, old, doubled or spoilt events,
lists with holes, ghost fills, ticks and resolutions, windows of the engine, refusals in a row. The oracle after each."""
import json
import pathlib
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from conftest import wait_for  # noqa: E402
from test_polymarket import live, market, order_row, position, shared, slug, state, venue  # noqa: E402, F401


# --- fills ---
def test_every_trade_event_twice_and_out_of_order(live, slug):
    market(live, slug)
    live.mock.ctl("script", match={"stream": "user", "event": "trade"}, act="duplicate", times=0)
    a = live.buy(slug, "10@0.55")
    state(live, a["num"], "filled")
    live.mock.ctl("script", clear=True)
    live.mock.ctl("script", match={"stream": "user", "event": "trade", "body": "MATCHED"}, act="hold")  # MINED comes before MATCHED
    live.mock.ctl("script", match={"stream": "user", "event": "order"}, act="hold", skip=1)
    b = live.buy(slug, "11@0.55")
    state(live, b["num"], "filled")
    live.mock.ctl("script", match={"stream": "user"}, act="replay", times=0)
    c = live.buy(slug, "12@0.55")
    state(live, c["num"], "filled")
    live.oracle()


def test_several_fills_of_one_transaction(live, slug):
    market(live, slug, ask="0.50", size="5")
    live.mock.put(slug, "SELL", "0.52", "5")
    live.mock.put(slug, "SELL", "0.54", "5")
    o = live.buy(slug, "15@0.54")
    assert state(live, o["num"], "filled")["filled"] == "15"
    assert len([f for f in live.mine(live.fills()) if f["market"] == slug]) == 3


def test_a_ghost_fill_is_taken_back(live, slug):
    market(live, slug)
    live.mock.ctl("settle", plans=[[["RETRYING", 200], ["FAILED", 800]]])
    o = live.buy(slug, "10@0.55")
    p = wait_for(lambda: position(live, slug), what="a provisional position")
    assert p["unsettled"] == "10"
    assert live.json("protect", p["position"], "--stop", "0.10", "--target", "0.90", "--yes", "--live").code == 0
    wait_for(lambda: position(live, slug) is None, what="the position taken back")
    assert order_row(live, o["num"])["filled"] == "0"
    assert not [x for x in live.mine(live.orders()) if x["market"] == slug], "an orphan exit"


def test_a_retried_settlement_is_final_at_last(live, slug):
    market(live, slug)
    live.mock.ctl("settle", plans=[[["RETRYING", 100], ["MATCHED", 100], ["MINED", 100], ["CONFIRMED", 100]]])
    live.buy(slug, "10@0.55")
    wait_for(lambda: position(live, slug)["unsettled"] == "0", what="settlement")


def test_an_exit_waits_for_settlement_and_goes_out_by_itself(live, slug):
    market(live, slug, bid="0.53")
    live.mock.ctl("settle", plans=[[["MINED", -1]]])
    o = live.buy(slug, "10@0.55", "--stop", "0.50", "--target", "0.90")
    p = wait_for(lambda: position(live, slug), what="a position")
    assert p["unsettled"] == "10"
    live.mock.ctl("cancel", wallet="crowd", market=slug)
    live.mock.quote(slug, "0.30", "0.70")  # through the stop, while nothing may be sold
    time.sleep(1.0)
    assert not [f for f in live.mine(live.fills()) if f["market"] == slug and f["action"] == "sell"]
    live.mock.ctl("settle", status="CONFIRMED")
    wait_for(lambda: position(live, slug) is None, what="the exit")
    assert o


# --- cancels ---
def test_partial_fill_then_cancel(live, slug):
    market(live, slug)
    o = live.buy(slug, "20@0.40", "--stop", "0.10")
    live.mock.put(slug, "SELL", "0.40", "7")
    state(live, o["num"], "partial")
    live.cancel(o["num"])
    state(live, o["num"], "cancelled")
    assert position(live, slug)["size"] == "7"


def test_a_fill_on_the_way_of_a_cancel_wins(live, slug):
    market(live, slug)
    o = live.buy(slug, "10@0.40")
    live.mock.ctl("script", match={"method": "DELETE"}, act="delay", ms=400)
    p = subprocess.Popen(live.args("cancel", o["num"], "--yes", "--live"), env=live.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: live.requests("DELETE", "^/orders?$")[-1:] and live.requests("DELETE", "^/orders?$")[-1]["status"] is None, what="the cancel on its way")
    live.mock.put(slug, "SELL", "0.40", "10")
    state(live, o["num"], "filled")
    p.wait(30)


CANCELS = {"answer lost": dict(act="close_after"), "request lost": dict(act="close_before"), "500": dict(act="answer", status=500, body={"error": "Internal server error"}),
           "truncated": dict(act="truncate"), "already": dict(act="answer", after=True, body={"canceled": [], "not_canceled": {}})}


@pytest.mark.parametrize("name", CANCELS)
def test_cancel_goes_wrong(live, slug, name):
    market(live, slug)
    o = live.buy(slug, "10@0.40")
    live.mock.ctl("script", match={"method": "DELETE"}, **CANCELS[name])
    live.cancel(o["num"], code=None)

    def over():
        row = order_row(live, o["num"])
        if row["state"] in ("pending", "created") and not row["outcome_unknown"]:
            live.cancel(o["num"], code=None)  # a person tries again
        return row["state"] == "cancelled"
    wait_for(over, 40, 1, what="a cancelled order")


# --- what others do with the wallet ---
def test_orders_and_positions_of_another_program_are_adopted(live, slug):
    m, _ = market(live, slug)
    live.mock.put(slug, "BUY", "0.30", "11", wallet=live.wallet)
    row = wait_for(lambda: next((o for o in live.my_orders() if o["market"] == slug), None), 30, what="the stranger's order")
    assert row["source"] == "external" and row["size"] == "11" and row["state"] == "pending"
    live.mock.put(slug, "BUY", "0.55", "6", wallet=live.wallet, outcome=0)
    wait_for(lambda: position(live, slug) and position(live, slug)["size"] == "6", 30, what="the stranger's position")
    live.cancel(row["order"])
    state(live, row["order"], "cancelled")


def test_orders_lost_by_the_venue_are_cancelled_here(live, slug):
    market(live, slug)
    o = live.buy(slug, "10@0.40")
    live.mock.ctl("lose", wallet=live.wallet)
    live.mock.ctl("streams", close="user")  # it restarted
    state(live, o["num"], "cancelled", timeout=60)


def test_a_list_that_omits_a_live_order_cancels_nothing(live, slug):
    market(live, slug)
    o = live.buy(slug, "10@0.40")
    ident = order_row(live, o["num"])["venue_order_id"]
    rule = live.mock.script("mutate", times=2, path="^/data/orders$", how={"omit": ident})
    live.mock.ctl("streams", close="user")
    wait_for(lambda: live.mock.hits(rule) >= 1, 60, what="a list with a hole")
    time.sleep(1)
    assert order_row(live, o["num"])["state"] == "pending"


@pytest.mark.parametrize("answer", [dict(status=500, body={"error": "Internal server error"}), dict(status=200, body=[]), dict(status=200, body={"data": []})])
def test_a_failed_look_at_positions_or_balances_is_not_flat(live, slug, answer):
    market(live, slug)
    live.buy(slug, "10@0.55")
    wait_for(lambda: position(live, slug)["unsettled"] == "0", what="settlement")
    for host, path in (("data", "^/v2/positions"), ("clob", "^/balance-allowance$")):
        live.mock.script("answer", times=0, for_ms=3000, host=host, path=path, **answer)
    live.mock.ctl("streams", close="user")
    time.sleep(3.2)
    assert position(live, slug)["size"] == "10"


# --- streams ---
def test_a_gap_of_the_user_stream_is_made_good(live, slug):
    market(live, slug)
    o = live.buy(slug, "20@0.40")
    live.mock.ctl("script", match={"stream": "user"}, act="refuse", times=3)
    live.mock.ctl("streams", close="user")
    live.mock.put(slug, "SELL", "0.40", "5")
    assert state(live, o["num"], "partial", timeout=60)["filled"] == "5"


def test_a_user_stream_that_says_nothing_is_found_out(live, slug):
    market(live, slug)
    o = live.buy(slug, "20@0.40")
    live.mock.ctl("script", match={"stream": "user"}, act="drop", times=0)
    live.mock.put(slug, "SELL", "0.40", "5")
    assert state(live, o["num"], "partial", timeout=90)["filled"] == "5"


SPOILT = {
    "not JSON": "{\"event_type\":\"book\",", "numbers beyond all": '{"event_type":"price_change","market":"%(m)s","timestamp":"1","price_changes":[{"asset_id":"%(t)s","price":"1e999","size":"5","side":"BUY"}]}',
    "negative": '{"event_type":"price_change","market":"%(m)s","timestamp":"1","price_changes":[{"asset_id":"%(t)s","price":"-0.4","size":"5","side":"BUY"}]}',
    "nan": '{"event_type":"price_change","market":"%(m)s","timestamp":"1","price_changes":[{"asset_id":"%(t)s","price":"NaN","size":"5","side":"BUY"}]}',
    "above one": '{"event_type":"price_change","market":"%(m)s","timestamp":"1","price_changes":[{"asset_id":"%(t)s","price":"1.4","size":"5","side":"BUY"}]}',
    "an array of nothing": "[[],{},null,7]", "unknown event": '{"event_type":"weather","market":"%(m)s"}', "user: not ours": '{"event_type":"trade"}',
}


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_frames_harm_nothing(live, slug, name):
    m, _ = market(live, slug)
    text = SPOILT[name]
    live.mock.ctl("inject", stream="user" if name.startswith("user") else "market", text=text % {"m": m["condition"], "t": m["tokens"][0]} if "%" in text else text)
    live.mock.put(slug, "BUY", "0.46", "10")
    wait_for(lambda: live.touch(slug)[0] == 0.46, 30, what="the book goes on")
    state(live, live.buy(slug, "10@0.55")["num"], "filled")


def test_a_lost_delta_is_noticed_and_a_crossed_book_fires_nothing(live, slug):
    market(live, slug)
    o = live.buy(slug, "10@0.55", "--stop", "0.20")
    state(live, o["num"], "filled")
    live.mock.ctl("script", match={"stream": "market", "event": "price_change"}, act="drop")
    live.mock.put(slug, "BUY", "0.47", "10")
    live.mock.put(slug, "BUY", "0.46", "10")
    wait_for(lambda: live.touch(slug)[0] == 0.47, 60, what="the lost level")


def test_market_stream_mute_while_pong_goes_on(live, slug):
    market(live, slug)
    live.mock.ctl("script", match={"stream": "market"}, act="silence", times=1)
    live.mock.put(slug, "BUY", "0.48", "10")
    wait_for(lambda: live.touch(slug)[0] == 0.48, 90, what="the book after the silence")


# --- the market's rules change ---
def test_tick_size_changes(live, slug):
    market(live, slug)
    keep = live.buy(slug, "10@0.40")
    live.mock.ctl("tick", market=slug, tick="0.001")
    o = live.buy(slug, "10@0.405", code=None)
    if getattr(o, "code", 0):  # the news was not here yet
        o = wait_for(lambda: live.buy(slug, "10@0.405", code=None), 10, 0.3)
    assert state(live, o["num"], "pending")["price"] == "0.405"
    live.mock.ctl("tick", market=slug, tick="0.01")
    state(live, o["num"], "cancelled")
    assert order_row(live, keep["num"])["state"] == "pending"


@pytest.mark.parametrize("winner", [0, 1, None])
def test_resolution_with_an_open_order_and_a_position(live, slug, winner):
    market(live, slug)
    live.buy(slug, "10@0.55")
    o = live.buy(slug, "10@0.40")
    wait_for(lambda: position(live, slug)["unsettled"] == "0", what="settlement")
    posts = len(live.requests("DELETE", "."))
    live.mock.ctl("resolve", market=slug, winner=winner)
    state(live, o["num"], "cancelled", timeout=60)
    wait_for(lambda: live.listed(slug)["status"] == "resolved", 90, what="the resolution")
    assert len(live.requests("DELETE", ".")) - posts <= 1  # no cancel loop
    live.mock.ctl("redeem", wallet=live.wallet, market=slug)
    wait_for(lambda: position(live, slug) is None, 60, what="the settled position")


def test_sports_orders_are_held_back(live, slug):
    market(live, slug, delay_s=1)
    o = live.buy(slug, "10@0.55", code=None)
    num = max(x["order"] for x in live.my_orders() if x["market"] == slug)
    assert state(live, num, "filled", timeout=30)
    assert o


# --- the engine's windows, rates, refusals ---
@pytest.mark.parametrize("mode", ["restarting", "post_only", "cancel_only", "disabled"])
def test_windows_of_the_engine(live, slug, mode):
    market(live, slug)
    keep = live.buy(slug, "10@0.40")
    live.mock.ctl("options", retry_after=1)
    live.mock.ctl("mode", mode=mode, seconds=2)
    r = live.buy(slug, "10@0.41", code=None)
    assert r.code != 0, r
    if mode in ("cancel_only", "post_only"):
        live.cancel(keep["num"])
        state(live, keep["num"], "cancelled")
    live.mock.ctl("mode", mode="open")
    def again():
        r = live.json("buy", slug, "10@0.42", "--account", live.name, "--yes", "--live")
        return r.code == 0
    wait_for(again, 15, 0.5, what="orders again")  # as Retry-After says


def test_rates_are_kept_and_cancels_go_first(live, slug):
    market(live, slug)
    live.mock.ctl("options", orders_rate=5, orders_burst=5, cancels_rate=5, cancels_burst=10)
    for i in range(8):
        live.buy(slug, f"5@0.{20 + i}", code=None)
    live.json("cancel-all", "--yes", "--live")
    wait_for(lambda: not [o for o in live.mine(live.orders()) if o["market"] == slug], 60, 0.5, what="no working order")


def test_refusals_in_a_row_stop_new_exposure(live, slug):
    market(live, slug)
    live.mock.script("answer", times=0, method="POST", path="^/orders?$", status=400, body={"error": "not enough balance / allowance"})
    before, codes = len(live.requests()), []
    for i in range(25):
        r = live.buy(slug, f"5@0.{10 + i}", code=None)
        codes.append(r.error["code"] if r.code else "ok")
        if codes[-1] == "risk_rejects":
            break
        time.sleep(0.15)  # our own rate of orders is limited too
    assert codes[-1] == "risk_rejects", codes
    assert len(live.requests()) - before <= 20
    live.mock.ctl("script", clear=True)
    assert live.json("resume", "--account", live.name, "--yes", "--live").code == 0
    assert live.buy(slug, "5@0.39")["state"] == "pending"


def test_credentials_refused_stop_the_venue_without_a_storm(live, slug):
    market(live, slug)
    live.mock.ctl("options", deny_auth=True)
    r = live.buy(slug, "5@0.20", code=None)
    assert r.code != 0
    before = len(live.mock.requests(host="clob"))
    time.sleep(3)
    assert len(live.mock.requests(host="clob")) - before < 40
    live.mock.ctl("options", deny_auth=False)
    wait_for(lambda: live.json("buy", slug, "5@0.21", "--account", live.name, "--yes", "--live").code == 0, 60, 1, what="credentials again")


# --- exits ---
def exits(live, slug, *words):
    market(live, slug, bid="0.53")
    live.buy(slug, "10@0.55", *words)
    return wait_for(lambda: position(live, slug) and position(live, slug)["unsettled"] == "0" and position(live, slug), what="a settled position")


def crowd(live, slug, bid, ask):
    live.mock.ctl("cancel", wallet="crowd", market=slug)
    live.mock.quote(slug, bid, ask)


@pytest.mark.parametrize("bid,ask", [("0.20", "0.30"), ("0.80", "0.90")])
def test_stop_and_target_close_and_leave_no_orphan(live, slug, bid, ask):
    exits(live, slug, "--stop", "0.30", "--target", "0.75")
    crowd(live, slug, bid, ask)
    wait_for(lambda: position(live, slug) is None, 30, what="the exit")
    wait_for(lambda: not [o for o in live.mine(live.orders()) if o["market"] == slug], what="no orphan")
    sold = [f for f in live.mine(live.fills()) if f["market"] == slug and f["action"] == "sell"]
    assert sum(float(f["size"]) for f in sold) == 10


def test_a_stop_that_is_refused_is_tried_again(live, slug):
    exits(live, slug, "--stop", "0.30")
    live.mock.script("answer", times=2, method="POST", path="^/orders?$", status=400, body={"error": "order match delayed due to market conditions"})
    crowd(live, slug, "0.20", "0.30")
    wait_for(lambda: position(live, slug) is None, 60, what="the exit")


def test_manual_close_while_the_target_fires(live, slug):
    p = exits(live, slug, "--target", "0.70", "--stop", "0.10")
    crowd(live, slug, "0.80", "0.90")
    live.json("close", p["position"], "--yes", "--live")
    wait_for(lambda: position(live, slug) is None, 30, what="the close")
    sold = [f for f in live.mine(live.fills()) if f["market"] == slug and f["action"] == "sell"]
    assert sum(float(f["size"]) for f in sold) == 10


def test_exits_follow_a_partial_close(live, slug):
    p = exits(live, slug, "--stop", "0.30")
    assert live.json("close", p["position"], "5", "--yes", "--live").code == 0
    crowd(live, slug, "0.20", "0.30")
    wait_for(lambda: position(live, slug) is None, 30, what="the exit")
    assert sum(float(f["size"]) for f in live.mine(live.fills()) if f["market"] == slug and f["action"] == "sell") == 10


# --- automations ---
def test_a_sniper_fires_once(live, slug):
    market(live, slug)
    r = live.json("sniper", "new", slug, "yes", "--when", "ask<=0.50", "--amount", "10", "--account", live.name, "--yes", "--live")
    assert r.code == 0, r
    name = live.json("sniper", "list").data[-1]["sniper"]
    assert live.json("sniper", "arm", name, "--yes", "--live").code == 0
    live.mock.put(slug, "SELL", "0.50", "50")
    wait_for(lambda: position(live, slug), 30, what="the shot")
    live.mock.put(slug, "SELL", "0.49", "50")
    time.sleep(1)
    assert len([o for o in live.my_orders() if o["market"] == slug]) == 1


def test_a_wallet_is_followed(live, slug):
    market(live, slug, size="1000")
    live.mock.ctl("wallet", name="leader", usd="10000")
    leader = live.mock.ledger("leader")["wallets"][0]["address"]
    live.mock.put(slug, "BUY", "0.55", "50", wallet="leader")  # before: baseline
    wait_for(lambda: live.mock.ask(f"{live.mock.data}/v2/activity?user={leader}&start=1")["data"], what="the leader's first trade")
    time.sleep(1)
    made = live.json("copy", "new", leader, "--size", 10, "--max-position", 500, "--slippage", 10, "--account", live.name, "--yes", "--live")
    assert made.code == 0, made
    name = made.data["label"]
    assert live.json("copy", "on", name, "--yes", "--live").code == 0
    time.sleep(3)
    live.mock.put(slug, "BUY", "0.55", "40", wallet="leader")
    wait_for(lambda: [t for t in live.json("copy", "history", name).data if t["status"] == "executed"], 60, what="the followed trade")
    time.sleep(3)
    rows = live.json("copy", "history", name).data
    assert len([t for t in rows if t["status"] == "executed"]) == 1 and len({t["trade"] for t in rows}) == len(rows), json.dumps(rows)
    live.json("copy", "off", name, "--yes")
