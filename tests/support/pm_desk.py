"""A desk with a live Polymarket account at the mock venue, and the oracle: the venue's ledger and the desk's database say the same."""
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from conftest import Desk, wait_for  # noqa: E402
from pm_venue import KEYS, VENUES, Signer  # noqa: E402

if str(VENUES) not in sys.path:
    sys.path.insert(0, str(VENUES))
from common import MICRO, micro  # noqa: E402

TYPES = ["eoa", "proxy", "safe", "deposit"]
WALLET = "0x" + "d0" * 20


class LiveDesk(Desk):
    """kind: signature type. proxies: name of a URL (clob, stream ...) -> a FaultProxy in front of it."""

    def __init__(self, path, mock, kind=3, key=KEYS[0], usd="1000", name="main", wallet=None, proxies=None, **conf):
        super().__init__(path, db="")
        self.mock, self.key, self.kind, self.name = mock, key, kind, name
        self.me = Signer(mock, key, kind, None if kind == 0 else (wallet or WALLET), usd=usd)
        self.me.creds = mock.ctl("creds", owner=self.me.address)
        self.write_conf(proxies or {}, **conf)
        secrets = self.data / "secrets"
        secrets.mkdir(parents=True, mode=0o700)
        self.data.chmod(0o700)
        secrets.chmod(0o700)
        (secrets / "polymarket-key").write_text(key + "\n")
        (secrets / "polymarket-key").chmod(0o600)

    @property
    def wallet(self):
        return self.me.wallet.lower()

    def write_conf(self, proxies=(), simulation="no", **more):
        urls = dict(self.mock.urls)
        for k, port in dict(proxies).items():
            scheme, _, rest = urls[k].partition("://")
            host, _, path = rest.partition("/")
            urls[k] = f"{scheme}://127.0.0.1:{port}" + (f"/{path}" if path else "")
        rows = {"enabled": "yes", "account": self.name, "wallet": self.me.wallet if self.kind else "", "signature_type": TYPES[self.kind], "top": "20",
                "clob_url": urls["clob"], "gamma_url": urls["gamma"], "data_url": urls["data"], "stream_url": urls["stream"], "geoblock_url": urls["geoblock"]}
        sections = {"engine": {"simulation": simulation}, "polymarket": rows}
        for k, v in more.items():
            section, _, field = k.partition("__")
            sections.setdefault(section if field else "polymarket", {})[field or section] = v
        folder = self.path / "config" / "turret"
        folder.mkdir(parents=True, exist_ok=True)
        text = "".join(f"[{s}]\n" + "".join(f"{k} = {v}\n" for k, v in fields.items()) for s, fields in sections.items())
        (folder / "turret.conf").write_text(text)

    # --- acting ---
    def ready(self):
        """The account is reconciled with the venue."""
        wait_for(lambda: self.account()["reconciled"] is True, 30, what="a reconciled account")

    def go_live(self):
        self.ready()
        r = self.json("live", self.name, "--yes", "--live")
        assert r.code == 0, r

    def account(self):
        return next(a for a in self.json("accounts").data if a["name"] == self.name)

    def listed(self, slug):
        """The market's row once it is on the desk."""
        def there():
            rows = [m for m in self.json("markets").data if m["symbol"] == slug]
            return rows and rows[0]
        if not there():
            self.json("list", slug, "--venue", "polymarket")
        return wait_for(there, what=f"the market {slug}")

    def order(self, verb, *words, code=0):
        r = self.json(verb, *words, "--account", self.name, "--yes", "--live")
        assert code is None or r.code == code, r
        return r if r.code else r.data

    def buy(self, *words, code=0):
        return self.order("buy", *words, code=code)

    def sell(self, *words, code=0):
        return self.order("sell", *words, code=code)

    def cancel(self, num, code=0):
        r = self.json("cancel", num, "--yes", "--live")
        assert code is None or r.code == code, r
        return r

    def touch(self, slug):
        """(bid, ask) of a market as numbers; 0: none."""
        m = self.listed(slug)
        return float(m["bid"] or 0), float(m["ask"] or 0)

    def mine(self, rows):
        return [r for r in rows if r["account"] == self.name]

    # --- looking ---
    def query(self, text):
        from test_doctor import sql
        r = sql(self, f"COPY (SELECT coalesce(json_agg(t), '[]') FROM ({text}) t) TO STDOUT")
        assert r.returncode == 0, r.stderr
        return json.loads(r.stdout.replace("\\n", "\n").replace("\\\\", "\\"), parse_float=str)

    def my_orders(self):
        return self.mine(self.json("orders", "--all").data)

    def oracle(self, timeout=20, **more):
        return wait_for(lambda: oracle(self, **more), timeout, 0.2, what="agreement of ledger and database")

    def requests(self, method="POST", path="^/orders?$"):
        return self.mock.requests(host="clob", method=f"^{method}$", path=path)


def key_of(row):
    return tuple(str(x) for x in row)


def expected(mock, wallet):
    """Of the venue's ledger: fills, orders by id, tokens (settled and on their way), cash."""
    doc = mock.ledger(wallet)
    side = {}
    for m in doc["markets"]:
        side[m["tokens"][0]], side[m["tokens"][1]] = (m["condition"], "yes"), (m["condition"], "no")
    fills, filled, coming, cash = [], {}, {}, micro(doc["wallets"][0]["usd"])
    for t in doc["trades"]:
        rows = [(x["order"], x["token"], x["side"], x["price"], x["shares"], 0) for x in t["legs"] if x["wallet"] == wallet]
        if t["taker_wallet"] == wallet:
            cond = side[t["taker_token"]]
            price = micro(t["yes_price"]) if cond[1] == "yes" else MICRO - micro(t["yes_price"])
            rows.append((t["taker"], t["taker_token"], t["taker_side"], price / MICRO, t["shares"], micro(t["fee"])))
        for order, token, action, price, shares, fee in rows:
            if t["status"] == "FAILED":
                continue
            n = micro(shares)
            p = round(float(price) * MICRO)
            fills.append((*side[token], action.lower(), p, n, "final" if t["status"] == "CONFIRMED" else "provisional"))
            filled[order] = filled.get(order, 0) + n
            if not t["settled"]:
                coming[token] = coming.get(token, 0) + (n if action == "BUY" else -n)
                cash += (-1 if action == "BUY" else 1) * (n * p // MICRO) - fee
    tokens = {token: micro(n) for token, n in doc["wallets"][0]["tokens"].items()}
    for token, n in coming.items():
        tokens[token] = tokens.get(token, 0) + n
    return {"fills": sorted(fills, key=key_of), "orders": {o["id"]: (o["status"] in ("LIVE", "DELAYED"), filled.get(o["id"], 0)) for o in doc["orders"]},
            "tokens": {side[k]: n for k, n in tokens.items() if n}, "cash": cash, "doc": doc}


def oracle(desk, settled=True, cash_slack=2):
    """Raises AssertionError where they differ. settled: every trade must be final on both sides."""
    want = expected(desk.mock, desk.wallet)
    account = desk.query(f"SELECT id FROM accounts WHERE name = '{desk.name}' AND venue = 'polymarket'")[0]["id"]
    rows = desk.query(f"""SELECT m.native, f.side, f.action, f.price, f.quantity, f.finality, f.venue_trade_id, f.leg FROM fills f JOIN markets m ON m.id = f.market_id
                          WHERE f.account_id = {account} AND f.kind = 'trade'""")
    assert len({(r["venue_trade_id"], r["leg"]) for r in rows}) == len(rows)
    got = {}
    for r in rows:  # a fill through zero is two legs
        if r["finality"] != "reversed":
            k = (r["native"], r["side"], r["action"], micro(r["price"]), r["finality"], r["venue_trade_id"])
            got[k] = got.get(k, 0) + micro(r["quantity"])
    fills = sorted(((n, s, a, p, q, f) for (n, s, a, p, f, _), q in got.items()), key=key_of)
    assert fills == want["fills"], {"database": fills, "venue": want["fills"]}
    assert not settled or all(f[5] == "final" for f in fills)
    orders = desk.query(f"""SELECT num, venue_order_id, state, outcome_unknown, filled_quantity, quantity, type FROM orders WHERE account_id = {account}
                            AND venue_order_id IS NOT NULL""")
    ids = [o["venue_order_id"] for o in orders]
    assert len(set(ids)) == len(ids), "an id twice"
    assert not [o for o in orders if o["outcome_unknown"]], orders
    by_id = {o["venue_order_id"]: o for o in orders}
    for ident, (is_open, n) in want["orders"].items():
        o = by_id.get(ident)
        if o is None:  # a stranger's order that was over, and traded nothing, before it could be seen
            assert not is_open and not n, f"the venue knows {ident}, the database does not"
            continue
        assert (o["state"] in ("created", "pending", "partial")) == is_open, (o, is_open)
        assert micro(o["filled_quantity"]) == n, (o, n)
    for o in orders:
        if o["venue_order_id"] not in want["orders"]:
            assert o["state"] in ("failed", "rejected", "cancelled", "canceled", "expired") and micro(o["filled_quantity"]) == 0, o
    held = desk.query(f"""SELECT m.native, o.side, sum(o.open_quantity) AS n FROM orders o JOIN markets m ON m.id = o.market_id
                          WHERE o.account_id = {account} AND o.status = 'OPEN' GROUP BY 1, 2""")
    assert {(r["native"], r["side"]): micro(r["n"]) for r in held if micro(r["n"])} == want["tokens"], {"database": held, "venue": want["tokens"]}
    cash = micro(desk.query(f"SELECT coalesce(sum(amount), 0) AS n FROM ledger WHERE account_id = {account}")[0]["n"])
    assert abs(cash - want["cash"]) <= cash_slack, {"database": cash, "venue": want["cash"]}
    return want



def turret_venue(desk, *words):
    """turret venue ...: (exit code, parsed JSON or text)."""
    p = subprocess.run(desk.args("venue", *words), env=desk.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, stdin=subprocess.DEVNULL)
    return p.returncode, p.stdout, p.stderr
