"""One limit, attacked from every source at once: hands, programs, snipers, followed models, routed and split orders. What is held and works
never goes above it, whoever asked; what was refused says why; exits pass all the same."""
import threading
import time

from conftest import wait_for
from test_http_api import Api

CAP = 200.0
ENV = {"TURRET_RISK_MAX_ACCOUNT_EXPOSURE": f"{CAP:.0f}", "TURRET_RISK_MAX_ORDERS_PER_SECOND": "0", "TURRET_RISK_DUPLICATE_WINDOW": "0ms", "TURRET_SIM_SECOND": "yes",
       "TURRET_SIM_LATENCY_MIN": "1ms", "TURRET_SIM_LATENCY_MAX": "20ms", "TURRET_MODELS_ENABLED": "yes", "TURRET_MODELS_BUILTIN_INTERVAL": "1s"}


def test_every_source_meets_the_same_limit(desk):
    api = Api(desk, env=ENV)
    market = desk.live_market()["symbol"]
    stop, worst, codes = threading.Event(), [0.0], set()

    def loop(step):
        while not stop.is_set():
            step()

    def hand():
        r = desk.json("buy", market, 30, "--yes", "--route", "here")
        codes.add("ok" if r.code == 0 else r.error["code"])

    def split():
        r = desk.json("buy", market, 40, "--yes", "--route", "split")
        codes.add("ok" if r.code == 0 else r.error["code"])

    def program():
        status, doc = api.order(market=market, side="yes", type="market", amount="15")
        codes.add("ok" if status == 201 else doc["error"]["code"])

    def look():
        for a in desk.json("accounts").data:
            if a["name"] in ("paper", "paper2"):
                worst[0] = max(worst[0], float(a["exposure"]))
        time.sleep(0.02)

    hand()  # before the snipers take the whole limit
    for _ in range(12):
        r = desk.json("sniper", "new", market, "yes", "--when", "ask<=0.98", "--amount", "20", "--repeat", "--hold", "200ms", "--account", "paper")
        assert r.code == 0, r
        name = desk.json("sniper", "list").data[-1]["sniper"]
        assert desk.json("sniper", "arm", name, "--yes").code == 0
    for model in ("random", "trend"):
        assert desk.cli("counter", "new", "model", model, "--multiplier", "1", "--max-trade", "50", "--slippage", "20%").code == 0
    for f in desk.json("counter", "list").data:
        assert desk.cli("counter", "on", str(f["id"]), "--yes").code == 0
    threads = [threading.Thread(target=loop, args=(step,)) for step in (hand, split, program, look)]
    for t in threads:
        t.start()
    time.sleep(8)
    stop.set()
    for t in threads:
        t.join()
    assert "ok" in codes and "risk_account_exposure" in codes, codes
    assert CAP * 0.5 < worst[0] <= CAP * 1.1, worst  # marks move what is held: a tenth of room
    assert "risk_account_exposure" in {r["code"] for r in desk.json("risk").data["refusals"]}
    sources = {o["source"] for o in desk.json("orders", "--all").data if o["account"] in ("paper", "paper2")}
    assert "manual" in sources and sources & {"sniper", "counter-trade"}, sources
    told = [h["text"] for h in desk.json("history", "sniper", "--limit", "500").data if h["what"] == "failed"]
    assert any("exposure" in t for t in told), told[:5]  # a sniper that met the limit says so
    # at the limit, every exit still goes out
    assert desk.cli("trading", "halted", "enough").code == 0
    for p in desk.positions():
        if p["account"] in ("paper", "paper2"):
            wait_for(lambda: desk.json("close", str(p["position"]), "--yes").code in (0, 8), 20, 0.2, what="a close at the limit")
    wait_for(lambda: not [p for p in desk.positions() if p["account"] in ("paper", "paper2")], what="flat accounts")
    desk.check()
