"""Both protocols of language models, plain and streamed, against a peer that checks what it is sent and misbehaves on demand."""
import json
import os
import subprocess
import sys
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from conftest import BUILD  # noqa: E402
from fault_proxy import Faults, FaultProxy, Script  # noqa: E402
from llm_peer import Peer, Turn, call, calls, fail, html, raw, say  # noqa: E402

PROBE = str(BUILD / "tests" / "probe" / "chat_probe")
KEY = "sk-test-Aq7Wm2Zx9Lp4"
TOOLS = [{"name": n, "description": "A tool.", "parameters": {"type": "object", "properties": {}}} for n in ("hold", "get_portfolio", "open")]
WAYS = [("openai", False), ("openai", True), ("anthropic", False), ("anthropic", True)]
both_ways = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
every_way = pytest.mark.parametrize("protocol,stream", WAYS, ids=[f"{p}-{'stream' if s else 'plain'}" for p, s in WAYS])


def ask_raw(path, url, protocol="openai", stream=False, keys={"TEST_KEY": KEY}, conf="", **request):
    base = url + ("/v1" if protocol == "openai" else "")
    (path / "providers.conf").write_text(f"[test]\nprotocol = {protocol}\nbase_url = {base}\nkey_env = TEST_KEY\nstream = {'yes' if stream else 'no'}\n{conf}\n")
    env = {k: v for k, v in os.environ.items() if not k.endswith("_KEY")} | keys
    return subprocess.run([PROBE, str(path), "test"], input=json.dumps({"tools": TOOLS, **request}), env=env, capture_output=True, text=True, timeout=60)


def ask(path, url, *args, **kw):
    """Turns of the conversation."""
    p = ask_raw(path, url, *args, **kw)
    assert p.returncode == 0, p
    assert KEY not in p.stdout and KEY[-6:] not in p.stdout
    return [json.loads(line) for line in p.stdout.splitlines()]


def one(path, peer, *args, **kw):
    return ask(path, peer.url, *args, **kw)[0]


@every_way
def test_conversation_with_tools(tmp_path, protocol, stream):
    script = [calls(("get_portfolio", {}), ("open", {"size": "0.50", "note": "größer €"}), text="I look."), call("hold", {"reason": "flat"}, reasoning="Nothing moves."), say("Done.")]
    with Peer(script, keys=[KEY]) as peer:
        turns = ask(tmp_path, peer.url, protocol, stream, steps=5, result='{"cash":"100"}', after="[STATE UPDATE]")
    assert not peer.violations
    assert [t["err"] for t in turns] == ["ok"] * 3 and [t["finish"] for t in turns] == ["tools", "tools", "stop"]
    assert [c["name"] for c in turns[0]["calls"]] == ["get_portfolio", "open"]
    assert json.loads(turns[0]["calls"][1]["arguments"]) == {"size": "0.50", "note": "größer €"}
    assert turns[0]["text"] == "I look." and turns[1]["reasoning"] == "Nothing moves." and turns[2]["text"] == "Done."
    assert turns[0]["usage"]["known"] and turns[0]["usage"]["in"] == 120 and turns[0]["usage"]["out"] == 15
    assert turns[0]["request_id"] == "req_peer"
    last = peer.requests[-1]
    assert last.users[-1] == "[STATE UPDATE]" and last.results[0][1] == '{"cash":"100"}' and last.stream == stream
    assert last.system == "You trade." and last.tools == ["hold", "get_portfolio", "open"]


@every_way
@pytest.mark.parametrize("fault", ["one byte", "crlf", "cr", "comments"])
def test_bytes_in_any_pieces(tmp_path, protocol, stream, fault):
    how = {"one byte": {"piece": 1}, "crlf": {"eol": "\r\n", "piece": 3}, "cr": {"eol": "\r", "piece": 2}, "comments": {"comments": True}}[fault]
    with Peer([call("open", {"note": "€ 😀 ö"}, text="Wärme €", **how)]) as peer:
        t = one(tmp_path, peer, protocol, stream)
    assert t["err"] == "ok" and t["text"] == "Wärme €" and json.loads(t["calls"][0]["arguments"]) == {"note": "€ 😀 ö"}


@every_way
def test_cut_at_any_byte_gives_no_call(tmp_path, protocol, stream):
    turn = dict(calls=[("open", {"size": "1"})])
    with Peer([Turn(**turn)]) as peer:
        one(tmp_path, peer, protocol, stream)
        size = 260 if stream else 200
    for k in list(range(0, size, 37)):
        with Peer([Turn(**turn, cut=k)]) as peer:
            t = one(tmp_path, peer, protocol, stream)
        assert t["err"] == "provider" and t["retry"] and not t["calls"] and t["raw"] is None, (k, t)


@every_way
@pytest.mark.parametrize("length", [-5, 40])
def test_wrong_content_length(tmp_path, protocol, stream, length):
    with Peer([call("hold", length=length, status=200)]) as peer:
        t = one(tmp_path, peer, protocol, False)
    assert t["err"] == "provider" and not t["calls"]


@pytest.mark.parametrize("how", [dict(index=False), dict(index=0), dict(repeat_id=True), dict(whole=True), dict(finish="stop"), dict(index=False, finish="stop", done=False)],
                         ids=["no index", "index 0 for all", "repeated id", "whole calls", "stop", "sloppy"])
def test_servers_that_are_not_exact(tmp_path, how):
    with Peer([calls(("open", {"a": "1"}), ("hold", {"reason": "x" * 40}), **how), say("ok")]) as peer:
        turns = ask(tmp_path, peer.url, "openai", True, steps=2)
    assert not peer.violations and turns[0]["finish"] == "tools"
    assert [(c["name"], json.loads(c["arguments"])) for c in turns[0]["calls"]] == [("open", {"a": "1"}), ("hold", {"reason": "x" * 40})]


@every_way
def test_a_stream_without_its_end(tmp_path, protocol, stream):
    with Peer([call("hold", done=False)]) as peer:
        t = one(tmp_path, peer, protocol, stream)
    if protocol == "anthropic" and stream:
        assert t["err"] == "provider" and t["retry"] and not t["calls"]  # message_stop is the end
    else:
        assert t["err"] == "ok" and t["calls"]  # openai's finish_reason is


@every_way
def test_calls_of_a_cut_answer_are_dropped(tmp_path, protocol, stream):
    with Peer([call("open", {"size": "1"}, finish="length", text="I was about to")]) as peer:
        t = one(tmp_path, peer, protocol, stream)
    assert t["err"] == "ok" and t["finish"] == "length" and not t["calls"] and "open" not in json.dumps(t["raw"])


@both_ways
def test_duplicate_ids_get_their_own(tmp_path, stream):
    with Peer([calls(("open", {"a": 1}, "same"), ("hold", {}, "same")), say("ok")], strict=False) as peer:
        turns = ask(tmp_path, peer.url, "openai", stream, steps=2)
    ids = [c["id"] for c in turns[0]["calls"]]
    assert len(set(ids)) == 2 and [r[0] for r in peer.requests[1].results] == ids
    assert [c["id"] for c in turns[0]["raw"]["tool_calls"]] == ids


@every_way
@pytest.mark.parametrize("arguments", ['{"size": NaN}', '{"a":1', "", "not json", '["list"]', '{"a":1,"a":2}', '{"n":"\x1b]0;x\x07"}', '{"deep":' + "[" * 60 + "]" * 60 + "}"])
def test_hostile_arguments_come_through_as_text(tmp_path, protocol, stream, arguments):
    if protocol == "anthropic" and not stream and arguments == "":
        arguments = " "
    twice = '"a":2' in arguments  # an object with a key twice goes back as it came, which Python can't compare
    with Peer([call("open", arguments), say("sorry")], strict=not twice) as peer:
        turns = ask(tmp_path, peer.url, protocol, stream, steps=2, result='{"error":"invalid_arguments"}')
    assert not peer.violations and turns[-1]["text"] == "sorry"
    got = turns[0]["calls"][0]["arguments"]
    assert got == (arguments or ("{}" if protocol == "anthropic" else "")) or json.loads(got) == json.loads(arguments)


def test_arguments_as_an_object_and_content_as_parts(tmp_path):
    message = {"content": [{"type": "text", "text": "Part one, "}, {"type": "text", "text": "part two."}],
               "tool_calls": [{"id": "a", "type": "function", "function": {"name": "open", "arguments": {"size": "2"}}}]}
    with Peer([Turn(message=message), say("ok")], strict=False) as peer:
        turns = ask(tmp_path, peer.url, steps=2)
    assert turns[0]["text"] == "Part one, part two." and json.loads(turns[0]["calls"][0]["arguments"]) == {"size": "2"}
    assert isinstance(peer.requests[1].messages[2]["tool_calls"][0]["function"]["arguments"], str)


@every_way
def test_too_many_calls(tmp_path, protocol, stream):
    with Peer([calls(*[("hold", {})] * 17)]) as peer:
        t = one(tmp_path, peer, protocol, stream)
    assert t["err"] == "provider" and not t["retry"] and not t["calls"] and "16" in t["error"]


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
@pytest.mark.parametrize("status,kind,err,retry", [(400, "invalid_request_error", "provider", False), (401, "authentication_error", "credentials", False), (402, "billing_error", "budget", False),
                                                   (403, "permission_error", "credentials", False), (404, "not_found_error", "provider", False), (413, "request_too_large", "provider", False),
                                                   (422, "x", "provider", False), (429, "rate_limit_error", "rate_limited", True), (429, "insufficient_quota", "budget", False),
                                                   (500, "api_error", "provider", True), (503, "x", "provider", True), (529, "overloaded_error", "provider", True)])
def test_error_statuses(tmp_path, protocol, status, kind, err, retry):
    with Peer([fail(status, f"that was it \x1b[31m{KEY[:9]} {KEY}", kind)]) as peer:
        t = one(tmp_path, peer, protocol, True)
    assert (t["err"], t["retry"]) == (err, retry) and "that was it" in t["error"] and "\x1b" not in t["error"] and "sk-tes" not in t["error"]


def test_retry_after(tmp_path):
    when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 30))
    for value, low, high in (("7", 7000, 7000), ("1.5", 1500, 1500), (when, 25000, 31000), ("soon", -1, -1), ("999999999999999999", 86400000, 86400000)):
        with Peer([fail(429, retry_after=value)]) as peer:
            t = one(tmp_path, peer)
        assert low <= t["retry_after_ms"] <= high, (value, t)


@every_way
def test_an_error_inside_of_a_200(tmp_path, protocol, stream):
    inner = Turn(error={"type": "overloaded_error", "message": "busy", "code": 503}, error_after=2 if stream else 0, text="Half of an answer")
    with Peer([inner]) as peer:
        t = one(tmp_path, peer, protocol, stream)
    assert t["err"] == "provider" and t["retry"] and "busy" in t["error"] and t["text"] == "" and t["raw"] is None


@every_way
@pytest.mark.parametrize("body", [b"", b"<html>login</html>", b"{}", b'{"choices":[]}', b'{"choices":[{}]}', b"[1]", b"null", b'{"a":"\xff\xfe"}', b'{"content":7}', b"{" * 5000, b'{"choices":[{"message":7}]}'])
def test_answers_that_are_none(tmp_path, protocol, stream, body):
    with Peer([raw(body)]) as peer:
        t = one(tmp_path, peer, protocol, stream)
    assert t["err"] == "provider" and t["retry"] and t["error"]


@every_way
def test_a_server_that_does_not_stream(tmp_path, protocol, stream):
    plain = {"openai": {"choices": [{"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}], "usage": None},
             "anthropic": {"content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"}}[protocol]
    with Peer([raw(json.dumps(plain).encode())]) as peer:
        t = one(tmp_path, peer, protocol, stream)
    assert t["err"] == "ok" and t["text"] == "Hi" and not t["usage"]["known"] and "cost_micro" not in t["usage"]


def test_html_of_a_gateway(tmp_path):
    with Peer([html(502)]) as peer:
        t = one(tmp_path, peer)
    assert t["err"] == "provider" and t["retry"] and t["status"] == 502 and "<" not in t["error"]


def test_refusal_and_filter(tmp_path):
    with Peer([Turn(message={"content": None, "refusal": "I can't."})]) as peer:
        t = one(tmp_path, peer)
    assert t["finish"] == "refusal" and t["text"] == "I can't." and not t["calls"]
    with Peer([say("", finish="content_filter")]) as peer:
        assert one(tmp_path, peer)["finish"] == "filter"
    with Peer([say("No.", finish="refusal")]) as peer:
        assert one(tmp_path, peer, "anthropic")["finish"] == "refusal"


def test_text_that_looks_like_a_call_is_text(tmp_path):
    with Peer([say('{"name":"open","arguments":{}} <tool_call>open</tool_call>')]) as peer:
        t = one(tmp_path, peer)
    assert t["finish"] == "stop" and not t["calls"]


@every_way
@pytest.mark.parametrize("how", ["hang", "head_only", "drip"])
def test_time_limits(tmp_path, protocol, stream, how):
    turn = {"hang": say("x", hang=True), "head_only": say("x", head_only=True), "drip": say("x" * 400, piece=1, piece_s=0.05)}[how]
    with Peer([turn]) as peer:
        start = time.monotonic()
        t = one(tmp_path, peer, protocol, stream, timeout_ms=700)
    assert t["err"] == "timeout" and t["retry"] and not t["text"] and time.monotonic() - start < 5


def test_nothing_was_sent(tmp_path):
    peer = Peer([]).start()
    peer.stop()
    t = one(tmp_path, peer)
    assert t["err"] == "unreachable" and t["retry"]


def test_an_endless_answer(tmp_path):
    with Peer([raw(b'{"x":"' + b"a" * (5 << 20) + b'"}')]) as peer:
        t = one(tmp_path, peer)
    assert t["err"] == "provider" and not t["retry"]


@pytest.mark.parametrize("base", ["http://example.com/v1", "ftp://127.0.0.1/", "https://user:pass@example.com", "http://127.0.0.1.example.com"])
def test_urls_that_are_not_allowed(tmp_path, base):
    (tmp_path / "providers.conf").write_text(f"[test]\nprotocol = openai\nbase_url = {base}\n")
    p = subprocess.run([PROBE, str(tmp_path), "test"], input="{}", capture_output=True, text=True)
    assert p.returncode == 3 and "providers.conf:3" in p.stderr


# --- keys ---

def test_keys_take_turns_and_a_refused_one_rests(tmp_path):
    keys = {"TEST_KEY": "k-first-000001", "TEST_KEY1": "k-wrong-000002", "TEST_KEY2": "k-third-000003"}
    with Peer(lambda r: call("hold"), keys=["k-first-000001", "k-third-000003"]) as peer:
        turns = ask(tmp_path, peer.url, keys=keys, steps=2)
    assert turns[0]["err"] == "ok" and turns[1]["err"] == "credentials"
    assert [r.key for r in peer.requests] == ["k-first-000001", "k-wrong-000002"]


def test_keys_from_a_file(tmp_path):
    f = tmp_path / "test-key"
    f.write_text("k-file-000001\nk-file-000002\n")
    f.chmod(0o644)
    with Peer(lambda r: call("hold")) as peer:
        assert ask_raw(tmp_path, peer.url, keys={}).returncode == 3
        f.chmod(0o600)
        ask(tmp_path, peer.url, keys={}, steps=3)
    assert [r.key for r in peer.requests] == ["k-file-000001", "k-file-000002", "k-file-000001"]


def test_without_a_key_nothing_is_sent(tmp_path):
    with Peer([say("x")]) as peer:
        t = one(tmp_path, peer, keys={})
    assert t["err"] == "credentials" and not t["retry"] and "TEST_KEY" in t["error"] and not peer.requests


def test_settings_of_a_provider(tmp_path):
    conf = "max_tokens_field = max_completion_tokens\nmax_tokens = 77\nparallel_tool_calls = no\ntool_choice = auto\nheader = X-Title: Desk\nstream_usage = no\n"
    with Peer([say("x")] * 2) as peer:
        one(tmp_path, peer, stream=True, conf=conf)
        one(tmp_path, peer, "anthropic", conf=conf)
    a, b = peer.requests
    assert a.body["max_completion_tokens"] == 77 and a.body["parallel_tool_calls"] is False and "max_tokens" not in a.body and "stream_options" not in a.body
    assert a.headers["x-title"] == "Desk" and b.body["max_tokens"] == 77 and b.body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}


def test_cost_by_the_price_table(tmp_path):
    (tmp_path / "prices.conf").write_text("[test]\nprice = m* 2 1 4 10 2020-01-01\nprice = m* 200 1 4 10 2999-01-01\n")
    with Peer([say("x", usage={"in": 1000, "out": 100, "cached": 400})] * 3) as peer:
        t = one(tmp_path, peer, model="m1")
        assert t["usage"]["cost_micro"] == 600 * 2 + 400 + 1000
        t = one(tmp_path, peer, "anthropic", model="m1")
        assert t["usage"]["in"] == 1400 and t["usage"]["cost_micro"] == 2000 + 400 + 1000
        assert "cost_micro" not in one(tmp_path, peer, model="other")["usage"]


def test_cost_the_provider_tells_counts(tmp_path):
    with Peer([say("x", usage={"in": 10, "out": 1, "cost": 0.0012345})]) as peer:
        t = one(tmp_path, peer, conf="usage_cost = yes")
    assert t["usage"]["cost_micro"] == 1235 and peer.requests[0].body["usage"] == {"include": True}


# --- the proxy between ---

@every_way
def test_through_a_bad_line(tmp_path, protocol, stream):
    with Peer(lambda r: call("open", {"size": "1"})) as peer, FaultProxy(("127.0.0.1", peer.port)) as proxy:
        for script, err in ((Script(down=Faults(drip=5)), "ok"), (Script(down=Faults(cut_at=20)), "provider"), (Script(down=Faults(cut_at=150, reset=True)), "provider"),
                            (Script(down=Faults(half_close_at=170)), "provider"), (Script(down=Faults(stall_at=150)), "timeout"), (Script(up=Faults(stall_at=30)), "timeout"),
                            (Script(down=Faults(corrupt={0: 0x80})), "provider")):
            proxy.script(script)
            t = ask(tmp_path, proxy.url, protocol, stream, timeout_ms=1500)[0]
            assert t["err"] == err and bool(t["calls"]) == (err == "ok") and t["retry"] == (err != "ok"), (script, t)
