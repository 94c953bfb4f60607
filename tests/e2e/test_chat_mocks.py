"""The chat against mock servers that others wrote: aimock (both protocols) and openai-mock-api (a sloppy one)."""
import json
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from npm_mocks import aimock, openai_mock  # noqa: E402
from test_chat import KEY, ask, both_ways, every_way  # noqa: E402

PARALLEL = [{"id": "call_a", "name": "get_portfolio", "arguments": "{}"}, {"id": "call_b", "name": "open", "arguments": '{"size":"0.50","note":"€ ü"}'}]


@every_way
def test_aimock_conversation(tmp_path, protocol, stream):
    fixtures = [{"match": {"userMessage": "Trade", "hasToolResult": False}, "response": {"toolCalls": PARALLEL}},
                {"match": {"userMessage": "Trade", "hasToolResult": True}, "response": {"content": "Done, Größe 0.50."}}]
    with aimock(fixtures) as url:
        turns = ask(tmp_path, url, protocol, stream, steps=3, result='{"cash":"100"}')
    assert [t["err"] for t in turns] == ["ok", "ok"], turns
    assert [(c["name"], json.loads(c["arguments"])) for c in turns[0]["calls"]] == [("get_portfolio", {}), ("open", {"size": "0.50", "note": "€ ü"})]
    assert turns[0]["finish"] == "tools" and turns[1]["text"] == "Done, Größe 0.50." and turns[0]["usage"]["known"]


@every_way
@pytest.mark.parametrize("status,err,retry", [(429, "rate_limited", True), (529, "provider", True), (401, "credentials", False), (400, "provider", False)])
def test_aimock_errors(tmp_path, protocol, stream, status, err, retry):
    response = {"error": {"message": "not now", "type": "overloaded_error" if status == 529 else "error"}, "status": status}
    if status == 429:
        response["retryAfter"] = 7
    with aimock([{"match": {"userMessage": "Trade"}, "response": response}]) as url:
        t = ask(tmp_path, url, protocol, stream)[0]
    assert (t["err"], t["retry"], t["status"]) == (err, retry, status) and "not now" in t["error"]
    assert t["retry_after_ms"] == (7000 if status == 429 else -1)


@every_way
@pytest.mark.parametrize("chaos", ["--chaos-malformed", "--chaos-disconnect", "--chaos-drop"])
def test_aimock_chaos(tmp_path, protocol, stream, chaos):
    with aimock([{"match": {"userMessage": "Trade"}, "response": {"toolCalls": PARALLEL}}], chaos, "1") as url:
        t = ask(tmp_path, url, protocol, stream)[0]
    assert t["err"] == "provider" and t["retry"] and not t["calls"], t


@every_way
def test_aimock_cut_stream(tmp_path, protocol, stream):
    with aimock([{"match": {"userMessage": "Trade"}, "response": {"toolCalls": PARALLEL}, "truncateAfterChunks": 3}]) as url:
        t = ask(tmp_path, url, protocol, True)[0]
    assert t["err"] == "provider" and t["retry"] and not t["calls"]


@both_ways
def test_openai_mock_api(tmp_path, stream):
    call = {"role": "assistant", "tool_calls": [{"id": "call_x", "type": "function", "function": {"name": "hold", "arguments": '{"reason":"flat"}'}}]}
    config = {"apiKey": KEY, "responses": [{"id": "one", "messages": [{"role": "user", "content": "Trade.", "matcher": "contains"}, call]}]}
    with openai_mock(config) as url:
        t = ask(tmp_path, url, "openai", stream, system="")[0]
        assert t["err"] == "ok" and t["finish"] == "tools", t
        assert [(c["name"], json.loads(c["arguments"])) for c in t["calls"]] == [("hold", {"reason": "flat"})]
        wrong = ask(tmp_path, url, "openai", stream, system="", keys={"TEST_KEY": "another-one"})[0]
        assert wrong["err"] == "credentials" and not wrong["retry"]
        none = ask(tmp_path, url, "openai", stream, system="", user="Unheard of")[0]
        assert none["err"] == "provider" and not none["retry"]
