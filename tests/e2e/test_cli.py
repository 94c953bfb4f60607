"""The command line's contract: envelope, exit codes, messages, options."""
import json
import subprocess

import pytest

from conftest import TURRET


@pytest.mark.parametrize("words, near", [
    (["bui", "X", "1"], "did you mean buy?"),
    (["positons"], "did you mean positions?"),
    (["run", "--hedless"], "did you mean --headless?"),
    (["status", "--jsn"], "did you mean --json?"),
    (["buy", "X", "1", "--tiff", "ioc"], "did you mean --tif?"),
])
def test_wrong_words_get_a_neighbour(desk, words, near):
    r = desk.cli(*words)
    assert r.code == 2 and near in r.err and r.out == "", r


@pytest.mark.parametrize("words", [
    ["run", "--for", "soon"], ["run", "--for", "-3s"], ["run", "--speed", "fast"], ["run", "--speed", "0"], ["run", "--seed", "x"], ["run", "--seed"],
    ["run", "--feed", "magic"], ["run", "--feed", "tape:"], ["run", "--feed", "tape:/nowhere"], ["run", "--headless=yes"], ["replay"],
    ["tape"], ["tape", "import", "binance", "x"], ["completion", "csh"], ["config", "frob"], ["theme", "list", "x", "y"], ["nosuch"], ["run", "-q"],
])
def test_bad_command_lines_end_with_usage(desk, words):
    r = desk.cli(*words)
    assert r.code == 2 and r.err.startswith("turret: ") and r.err.count("\n") == 1, r
    j = desk.json(*words)
    assert j.code == 2 and j.error["code"] in ("usage", "bad_value") and j.error["retry"] is False, j


def test_the_live_feed_runs_in_real_time_only(desk):
    r = desk.json("run", "--headless", "--feed", "live", "--speed", "max")
    assert r.code == 2 and r.error["code"] == "usage" and "real time" in r.error["msg"], r


@pytest.mark.parametrize("url", ["postgres://me:secret@db/turret", "host=db password=secret", "postgresql://db/x?user=me&password=secret"])
def test_password_in_arguments_is_refused(desk, url):
    r = desk.cli("run", "--headless", "--db", url)
    assert r.code == 2 and "secret" not in r.err and "pgpass" in r.err, r


@pytest.mark.parametrize("words", [["status"], ["positions"], ["buy", "X", "1", "--yes"], ["tail"], ["stop"], ["attach"], ["unkill", "--yes"]])
def test_without_an_engine_the_exit_code_is_11(desk, words):
    r = desk.json(*words)
    assert r.code == 11 and r.error["code"] == "engine_down" and r.error["retry"] is True, r


def test_envelope_of_data_and_errors(desk):
    desk.run()
    doc = desk.json("markets").doc
    assert list(doc) == ["v", "ok", "data"] and doc["v"] == 1 and doc["ok"] is True
    row = doc["data"][0]
    assert isinstance(row["tick"], str) and isinstance(row["max_leverage"], int)
    err = desk.json("book", "NO-SUCH-MARKET")
    assert err.code == 8 and set(err.doc["error"]) == {"code", "retry", "msg", "order"}, err


def test_tables_for_pipes_are_tab_separated(desk):
    desk.run()
    r = desk.cli("markets")
    lines = r.out.splitlines()
    assert r.code == 0 and lines[0].split("\t")[:2] == ["venue", "symbol"]
    assert all(l.count("\t") == lines[0].count("\t") for l in lines)


def test_money_needs_yes_without_a_terminal(desk):
    desk.run()
    m = desk.live_market()["symbol"]
    r = desk.json("buy", m, 5)
    assert r.code == 2 and "--yes" in r.error["msg"], r
    dry = desk.json("buy", m, 5, "--dry-run")
    assert dry.code == 0 and dry.data["refusal"] is None and float(dry.data["cost"]) > 0 and "BUY 5" in dry.data["reads_as"], dry
    assert desk.json("orders", "--all").data == []


def test_refusals_have_their_exit_codes(desk):
    desk.run()
    m = desk.live_market()["symbol"]
    assert desk.json("buy", m, 1000000, "--yes").code == 7
    assert desk.json("buy", m, "0.5", "--yes").code in (2, 6)
    assert desk.json("buy", m, "1@0.005", "--yes").code in (2, 6)
    assert desk.json("buy", m, "1e3", "--yes").code == 2
    assert desk.json("buy", m, "nan", "--yes").code == 2
    assert desk.json("buy", m, "-5", "--yes").code == 2
    assert desk.json("cancel", "999", "--yes").code == 8
    assert desk.json("close", "999", "--yes").code == 8
    r = desk.json("buy", m, 5, "--tif", "fok", "--yes", "--post-only")
    assert r.code in (2, 6), r
    assert desk.json("orders").data == []


def test_version_help_and_completion(desk):
    assert desk.cli("version").out.startswith("turret ")
    assert desk.json("version").data["version"]
    help_text = desk.cli("help").out
    for word in ("run", "buy", "protect", "replay", "--data"):
        assert word in help_text
    assert "--tif" in desk.cli("help", "buy").out and "--dry-run" in desk.cli("buy", "--help").out
    for shell in ("bash", "zsh", "fish"):
        script = desk.cli("completion", shell)
        assert script.code == 0 and "protect" in script.out
    bash = subprocess.run(["bash", "-n"], input=desk.cli("completion", "bash").out, text=True)
    assert bash.returncode == 0


def test_options_take_equals_prefixes_and_a_double_dash(desk):
    desk.run()
    assert desk.cli("status", "--js").code == 0
    assert json.loads(desk.cli("status", "--json").out)["ok"]
    r = desk.cli("markets", "--json", "--", "FED")
    assert [m["symbol"] for m in r.data] and all("FED" in m["symbol"] or "Fed" in m["title"] for m in r.data)
    p = subprocess.run([TURRET, f"--data={desk.data}", "status", "--json"], env=desk.env, stdout=subprocess.PIPE, text=True)
    assert p.returncode == 0


def test_config_errors_name_file_line_and_neighbour(desk):
    conf = desk.path / "t.conf"
    conf.write_text("[risk]\n# comment\nmax_oder_size = 5\n")
    for words in (["config", "check", conf], ["run", "--headless", "--config", conf]):
        r = desk.cli(*words)
        assert r.code == 3 and f"{conf}:3:" in r.err and "max_order_size" in r.err, r
    conf.write_text("[risk]\nmax_order_size = 5\n[sim]\ninitial_cash = 500\n")
    assert desk.cli("config", "check", conf).code == 0
    rows = {r["setting"]: r for r in desk.json("config", "show", "--config", conf).data}
    assert rows["risk.max_order_size"]["value"] == "5" and rows["risk.max_order_size"]["origin"] == f"{conf}:2"
    assert rows["ui.theme"]["origin"] == "default"
    desk.run("--config", conf)
    assert float(desk.account()["cash"]) == 500
    m = desk.live_market()["symbol"]
    r = desk.json("buy", m, 6, "--yes")
    assert r.code == 7 and r.error["code"] == "risk_order_size", r


def test_reload_tightens_and_keeps_what_is_wrong(desk):
    conf = desk.path / "t.conf"
    conf.write_text("[risk]\nmax_order_size = 50\n")
    engine = desk.run("--config", conf)

    def limit():
        return next(r for r in desk.json("limits").data if "max_order_size" in r.values())
    conf.write_text("[risk]\nmax_order_size = 10\n")
    engine.send_signal(1)
    m = desk.live_market()["symbol"]
    from conftest import wait_for
    wait_for(lambda: desk.json("buy", m, 11, "--dry-run").data["refusal"] == "risk_order_size", what="the tighter limit")
    conf.write_text("[risk]\nmax_order_size = 40\n")
    engine.send_signal(1)
    assert desk.json("buy", m, 11, "--dry-run").data["refusal"] == "risk_order_size"
    conf.write_text("[risk]\nmax_order_size = zero\n")
    r = desk.json("config", "reload", "--yes")
    assert r.code == 3 and ":2:" in r.error["msg"], r
    conf.write_text("[risk]\nmax_order_size = 40\n")
    assert desk.json("config", "reload", "--yes").code == 0
    wait_for(lambda: desk.json("buy", m, 11, "--dry-run").data["refusal"] is None, what="the looser limit")


def test_one_engine_a_data_directory(desk):
    desk.run()
    r = desk.json("run", "--headless", "--db", "memory")
    assert r.code == 1 and r.error["code"] == "engine_runs" and str(desk.engines[0].pid) in r.error["msg"], r


def test_export_is_csv(desk):
    desk.run()
    desk.buy(desk.live_market()["symbol"], 3)
    lines = desk.cli("export", "fills").out.splitlines()
    assert lines[0].startswith("time,order,") and len(lines) == 2
    assert json.loads(desk.cli("export", "fills", "--format", "json").out)[0]["size"] == "3"


def test_tail_streams_what_happens(desk):
    desk.run()
    p = subprocess.Popen(desk.args("tail", "--json"), env=desk.env, stdout=subprocess.PIPE, text=True)
    try:
        import time
        time.sleep(0.3)
        desk.buy(desk.live_market()["symbol"], 2)
        seen = set()
        while not {"order", "fill", "notice"} <= seen:
            seen.add(json.loads(p.stdout.readline())["type"])
    finally:
        p.kill()
        p.wait()


def test_keys_and_themes_come_from_the_tables(desk):
    keys = desk.json("keys").data
    assert any(k["action"] == "panic" and k["keys"] == "!" for k in keys)
    (desk.path / "config" / "turret").mkdir(parents=True)
    (desk.path / "config" / "turret" / "keys.conf").write_text("[keys]\nclose = enter\n")
    r = desk.cli("keys")
    assert r.code == 3 and "keys.conf:2" in r.err, r
    (desk.path / "config" / "turret" / "keys.conf").unlink()
    themes = desk.json("theme", "list").data
    assert {"default", "light", "mono"} <= set(themes)
    for t in themes:
        assert desk.cli("theme", "check", t).code == 0, t
    assert desk.cli("theme", "check", "nosuch").code in (3, 8)
