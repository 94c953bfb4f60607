"""A desk trades against mock servers that others wrote: what they said, what was ordered and what is held agree."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from npm_mocks import aimock, openai_mock  # noqa: E402
from test_llm_runs import create, decision, ended, trace, write  # noqa: E402
import json  # noqa: E402


class At:
    def __init__(self, url):
        self.url = url


def wire(desk):
    """(order, position) of the one trade, after comparing orders, fills and positions with each other."""
    orders, fills, positions = desk.json("orders", "--all").data, desk.fills(), desk.positions()
    assert len(orders) == len(positions) == 1
    assert sum(float(f["size"]) for f in fills) == float(orders[0]["filled"]) == float(positions[0]["size"])
    desk.check()
    return orders[0], positions[0]


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_a_desk_against_aimock(desk, protocol):
    name, args = create(decision())
    fixtures = [{"match": {"userMessage": "STATE UPDATE"}, "response": {"content": "Done for now."}},
                {"match": {"userMessage": "invocation"}, "response": {"toolCalls": [{"id": "call_a", "name": name, "arguments": json.dumps(args)}, {"id": "call_b", "name": "getPositions", "arguments": "{}"}]}}]
    with aimock(fixtures) as url:
        write(desk, {"mocked": (At(url), protocol, "")})
        desk.run()
        run = ended(desk)[0]
    assert run["status"] == "ok" and run["actions"] == 1 and run["text"] == "Done for now.", (run, trace(desk, run))
    order, position = wire(desk)
    assert position["account"] == "mocked" and float(position["size"]) == 0.3
    assert [s["code"] for s in trace(desk, run) if s["kind"] == "call"] == ["ok", "ok"]


def test_a_desk_against_a_chaotic_aimock(desk):
    """Half of the answers are refused: retries repeat the request only; nothing is ordered twice."""
    name, args = create(decision())
    fixtures = [{"match": {"userMessage": "STATE UPDATE"}, "response": {"content": "Done."}},
                {"match": {"userMessage": "invocation"}, "response": {"toolCalls": [{"id": "call_a", "name": name, "arguments": json.dumps(args)}]}}]
    with aimock(fixtures, "--chaos-ratelimit", "0.4") as url:
        write(desk, {"mocked": (At(url), "openai", "interval = 2s")}, retries="4")
        desk.run()
        ended(desk, 2, 40)
        assert desk.cli("model", "pause", "all").code == 0
        ok = [r for r in desk.json("runs", "--limit", "100").data]
    made = [s for r in ok for s in trace(desk, r) if s.get("tool") == "createPosition" and s["code"] == "ok"]
    orders = desk.json("orders", "--all").data
    assert len({s["order"] for s in made}) == len(made) == len(orders)
    desk.check()


def test_a_desk_against_a_sloppy_server(desk):
    name, args = create(decision())
    call = {"role": "assistant", "tool_calls": [{"id": "call_x", "type": "function", "function": {"name": name, "arguments": json.dumps(args)}}]}
    config = {"apiKey": "test", "responses": [{"id": "one", "messages": [{"role": "system", "matcher": "any"}, {"role": "user", "content": "BTC-PERP", "matcher": "contains"}, call]}]}
    with openai_mock(config) as url:
        write(desk, {"mocked": (At(url), "openai", "")}, retries="0")
        conf = desk.path / "config" / "turret" / "providers.conf"
        conf.write_text(conf.read_text().replace("needs_key = no", "key_env = MOCK_KEY"))
        desk.env["MOCK_KEY"] = "test"
        desk.run()
        run = ended(desk)[0]
    steps = trace(desk, run)
    assert any(s.get("tool") == name and s["code"] == "ok" for s in steps), (run, steps)
    wire(desk)  # whatever it said to the second question, the trade of the first is held once
