"""A language model made of a script: a raw-socket server of both protocols (OpenAI's and Anthropic's), plain and streamed, that checks the
history it is sent and misbehaves on demand.

    with Peer([call("hold", {"reason": "flat"}), say("done")]) as peer:       # one turn a request; after the last: say("")
        ... base_url = peer.url + "/v1" (openai) or peer.url (anthropic) ...
        assert not peer.violations

    Peer(lambda request: call("get_portfolio", {}) if not request.results else say("done"))     # or a function of the request

Turns: say(text), call(name, arguments), calls((name, arguments), ...), fail(status, ...), html(), raw(bytes); each takes the fields of Turn.
Arguments are a dict, or a string that goes out as it is. A request breaks the rules -> 400, and a line in peer.violations.
"""
import dataclasses
import json
import socket
import threading
import time


@dataclasses.dataclass
class Turn:
    text: str = None
    calls: list = dataclasses.field(default_factory=list)   # (name, arguments[, id])
    finish: str = None            # openai's word; None = what fits
    reasoning: str = None
    usage: dict = dataclasses.field(default_factory=lambda: {"in": 120, "out": 15, "cached": 0})  # None = null
    status: int = 200
    error: dict = None            # instead of an answer; in a stream after `error_after` pieces
    error_after: int = 0
    body: bytes = None            # these bytes instead of an answer
    headers: dict = dataclasses.field(default_factory=dict)
    content_type: str = None
    message: dict = None          # fields over openai's message ({"content": [parts]})
    extra: dict = dataclasses.field(default_factory=dict)  # fields over the whole answer
    # transport
    wait_s: float = 0.0           # before the head
    hang: bool = False            # the request is read, nothing is answered
    head_only: bool = False       # the head, then silence
    cut: int = None               # so many bytes of the body, then closed
    length: int = 0               # Content-Length is off by that
    piece: int = None             # written in pieces of so many bytes
    piece_s: float = 0.0
    # stream
    eol: str = "\n"
    done: bool = True             # [DONE] / message_stop
    index: bool = True            # tool deltas carry their index; False: whole calls without it; 0: every call says 0
    repeat_id: bool = False       # id and name in every piece
    whole: bool = False           # each call in one piece
    comments: bool = False        # keep-alive comments
    chunked: bool = True


def say(text, **kw):
    return Turn(text=text, **kw)


def call(name, arguments=None, **kw):
    return Turn(calls=[(name, {} if arguments is None else arguments)], **kw)


def calls(*list_, **kw):
    return Turn(calls=list(list_), **kw)


def fail(status, message="no", type="error", retry_after=None, **kw):
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    return Turn(status=status, error={"message": message, "type": type, "code": kw.pop("code", None)}, headers=headers, **kw)


def html(status=502):
    return Turn(status=status, body=b"<html><body><h1>Bad Gateway</h1></body></html>", content_type="text/html")


def raw(body, **kw):
    return Turn(body=body, **kw)


class Request:
    def __init__(self, path, headers, text):
        self.path, self.headers, self.text = path, headers, text
        self.anthropic = path.endswith("/messages")
        self.body = json.loads(text)
        self.messages = self.body.get("messages", [])
        self.model, self.stream = self.body.get("model"), bool(self.body.get("stream"))
        self.key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        self.tools = [t["name"] if self.anthropic else t["function"]["name"] for t in self.body.get("tools", [])]

    @property
    def system(self):
        s = self.body.get("system", "") if self.anthropic else next((m["content"] for m in self.messages if m["role"] == "system"), "")
        return s if isinstance(s, str) else "".join(b.get("text", "") for b in s)

    @property
    def users(self):
        """All texts of the user, oldest first."""
        out = []
        for m in self.messages:
            if m["role"] == "user":
                out += [m["content"]] if isinstance(m["content"], str) else [b["text"] for b in m["content"] if b["type"] == "text"]
        return out

    @property
    def results(self):
        """Results of the last assistant turn's calls: (id, text, is_error)."""
        out = []
        for m in reversed(self.messages):
            if m["role"] == "assistant":
                break
            if m["role"] == "tool":
                out.insert(0, (m["tool_call_id"], m["content"], False))
            elif isinstance(m["content"], list):
                out = [(b["tool_use_id"], b["content"], b.get("is_error", False)) for b in m["content"] if b["type"] == "tool_result"] + out
        return out


def check_openai(messages, sent):
    """The rules of chat completions that servers enforce, and that the assistant's messages came back unchanged."""
    waiting = []
    for i, m in enumerate(messages):
        role = m.get("role")
        if role not in ("system", "user", "assistant", "tool"):
            yield f"messages[{i}]: role {role!r}"
        if role == "system" and i:
            yield f"messages[{i}]: a system message in the middle"
        if role == "tool":
            if not waiting or m.get("tool_call_id") != waiting[0]:
                yield f"messages[{i}]: a result for {m.get('tool_call_id')!r}, expected {waiting[:1]}"
            waiting = waiting[1:]
            if not isinstance(m.get("content"), str):
                yield f"messages[{i}]: a result that is no text"
            continue
        if waiting:
            yield f"messages[{i}]: calls {waiting} have no result"
            waiting = []
        if role == "assistant":
            made = m.get("tool_calls") or []
            waiting = [c.get("id") for c in made]
            if len(set(waiting)) != len(waiting) or not all(waiting):
                yield f"messages[{i}]: call ids {waiting}"
            if not all(isinstance(c.get("function", {}).get("arguments"), str) for c in made):
                yield f"messages[{i}]: arguments that are no text"
            if sent is not None and m not in sent:
                yield f"messages[{i}]: this assistant message was never sent: {json.dumps(m)[:200]}"
        elif not isinstance(m.get("content"), (str, list)):
            yield f"messages[{i}]: no content"
    if waiting:
        yield f"calls {waiting} have no result"
    if not messages or messages[-1].get("role") == "assistant":
        yield "nothing to answer"


def check_anthropic(messages, sent):
    waiting, last = [], None
    for i, m in enumerate(messages):
        role, content = m.get("role"), m.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        if role == last or role not in ("user", "assistant") or (i == 0 and role != "user"):
            yield f"messages[{i}]: {role} after {last}"
        last = role
        if not blocks:
            yield f"messages[{i}]: no content"
        if role == "assistant":
            waiting = [b["id"] for b in blocks if b["type"] == "tool_use"]
            if any(not isinstance(b.get("input"), dict) for b in blocks if b["type"] == "tool_use"):
                yield f"messages[{i}]: input that is no object"
            if sent is not None and content not in sent:
                yield f"messages[{i}]: this assistant message was never sent: {json.dumps(m)[:200]}"
            continue
        given = [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]
        if given != waiting:
            yield f"messages[{i}]: results for {given}, expected {waiting}"
        if [b["type"] for b in blocks[:len(given)]] != ["tool_result"] * len(given):
            yield f"messages[{i}]: results do not come first"
        waiting = []
    if last != "user":
        yield "nothing to answer"


def cut_up(text, n=7):
    return [text[i:i + n] for i in range(0, len(text), n)]


class Peer:
    def __init__(self, turns=(), keys=None, strict=True, host="127.0.0.1"):
        self.turns, self.keys, self.strict = turns, keys, strict
        self.requests, self.violations, self.sent, self.hung = [], [], [], []
        self.count, self.lock, self.stopping = 0, threading.Lock(), threading.Event()
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://{host}:{self.port}"

    def start(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def stop(self):
        self.stopping.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    # --- HTTP ---
    def _accept(self):
        while not self.stopping.is_set():
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        with s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            f = s.makefile("rb")
            try:
                while self._one(s, f):
                    pass
            except (OSError, ValueError):
                pass

    def _one(self, s, f):
        line = f.readline().decode("latin-1").split()
        if len(line) != 3:
            return False
        headers = {}
        while (h := f.readline().decode("latin-1").strip()):
            name, _, value = h.partition(":")
            headers[name.lower()] = value.strip()
        request = Request(line[1], headers, f.read(int(headers.get("content-length", 0))))
        turn = self._decide(request)
        return self._answer(s, request, turn)

    def _decide(self, r):
        with self.lock:
            self.requests.append(r)
            bad = list((check_anthropic if r.anthropic else check_openai)(r.messages, self.sent if self.strict else None))
            if r.anthropic and ("max_tokens" not in r.body or "anthropic-version" not in r.headers):
                bad.append("max_tokens or anthropic-version is missing")
            if bad and self.strict:
                self.violations += bad
                return fail(400, "; ".join(bad), "invalid_request_error")
            if self.keys is not None and r.key not in self.keys:
                return fail(401, f"Incorrect API key provided: {r.key[:8]}****{r.key[-4:]}", "authentication_error", code="invalid_api_key")
            self.count += 1
            number = self.count
            if not callable(self.turns):
                return self.turns[number - 1] if number <= len(self.turns) else say("")
        turn = self.turns(r)
        return turn if turn is not None else say("")

    def _answer(self, s, r, t):
        if t.wait_s:
            self.stopping.wait(t.wait_s)
        if t.hang:
            self.stopping.wait(3600)
            return False
        stream = r.stream and t.status == 200 and t.body is None
        if t.body is not None:
            body = t.body
        elif t.error is not None and not (stream and t.error_after):
            body = json.dumps({"type": "error", "error": t.error, "request_id": "req_peer"} if r.anthropic else {"error": t.error}).encode()
            stream = False
        elif r.anthropic:
            body = self._anthropic(r, t, stream)
        else:
            body = self._openai(r, t, stream)
        kind = t.content_type or ("text/event-stream" if stream else "application/json")
        chunked = stream and t.chunked
        head = [f"HTTP/1.1 {t.status} X", f"Content-Type: {kind}", "x-request-id: req_peer"] + [f"{k}: {v}" for k, v in t.headers.items()]
        close = bool(t.cut is not None or t.length or (stream and not chunked))
        if chunked:
            head.append("Transfer-Encoding: chunked")
        elif not stream:
            head.append(f"Content-Length: {len(body) + t.length}")
        if close:
            head.append("Connection: close")
        s.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        if t.head_only:
            self.stopping.wait(3600)
            return False
        whole = t.cut is None
        data = body if whole else body[:t.cut]
        step = t.piece or (len(data) or 1)
        for i in range(0, len(data), step):
            part = data[i:i + step]
            s.sendall(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
            if t.piece_s:
                time.sleep(t.piece_s)
        if chunked and whole:
            s.sendall(b"0\r\n\r\n")
        return not close

    # --- answers ---
    def _ids(self, t):
        return [c[2] if len(c) > 2 else f"call_{self.count}_{i}" for i, c in enumerate(t.calls)]

    def _events(self, t, events):
        out = []
        for name, data in events:
            if t.comments:
                out.append(": keep-alive" + t.eol + t.eol)
            text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
            out.append((f"event: {name}{t.eol}" if name else "") + f"data: {text}{t.eol}{t.eol}")
        return "".join(out).encode()

    def _openai(self, r, t, stream):
        args = [c[1] if isinstance(c[1], str) else json.dumps(c[1]) for c in t.calls]
        made = [{"id": i, "type": "function", "function": {"name": c[0], "arguments": a}} for i, c, a in zip(self._ids(t), t.calls, args)]
        message = {"role": "assistant", "content": t.text}
        if t.reasoning:
            message["reasoning_content"] = t.reasoning
        if made:
            message["tool_calls"] = made
        message.update(t.message or {})
        finish = t.finish or ("tool_calls" if made else "stop")
        usage = t.usage and {"prompt_tokens": t.usage["in"], "completion_tokens": t.usage["out"], "prompt_tokens_details": {"cached_tokens": t.usage.get("cached", 0)},
                             **({"cost": t.usage["cost"]} if "cost" in t.usage else {})}
        top = {"id": f"chat-{self.count}", "object": "chat.completion", "model": r.model}
        if not stream:
            self.sent.append(message)
            return json.dumps({**top, "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage, **t.extra}, ensure_ascii=False).encode()
        if not made or t.text:
            message["content"] = t.text or ""
        self.sent.append(message)
        deltas = [{"role": "assistant", "content": None}]
        deltas += [{"reasoning_content": p} for p in cut_up(t.reasoning or "")] + [{"content": p} for p in cut_up(t.text or "")]
        for i, c in enumerate(made):
            index = {} if t.index is False else {"index": 0 if t.index is not True else i}
            pieces = [c["function"]["arguments"]] if t.whole or t.index is False else cut_up(c["function"]["arguments"]) or [""]
            for k, p in enumerate(pieces):
                named = k == 0 or t.repeat_id
                f = {"name": c["function"]["name"], "arguments": p} if named else {"arguments": p}
                deltas.append({"tool_calls": [{**index, **({"id": c["id"], "type": "function"} if named else {}), "function": f}]})
        events = [("", {**top, "choices": [{"index": 0, "delta": d, "finish_reason": None}]}) for d in deltas]
        if t.error is not None:
            return self._events(t, events[:t.error_after] + [("", {"error": t.error})])
        events.append(("", {**top, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}))
        if usage:
            events.append(("", {**top, "choices": [], "usage": usage}))
        return self._events(t, events + ([("", "[DONE]")] if t.done else []))

    def _anthropic(self, r, t, stream):
        content = []
        if t.reasoning:
            content.append({"type": "thinking", "thinking": t.reasoning, "signature": "c2lnbmVk"})
        if t.text:
            content.append({"type": "text", "text": t.text})
        for i, c in zip(self._ids(t), t.calls):
            content.append({"type": "tool_use", "id": i, "name": c[0], "input": c[1]})
        words = {"length": "max_tokens", "refusal": "refusal", "content_filter": "refusal"}
        stop = words.get(t.finish, "tool_use" if t.calls else "end_turn")
        u = t.usage or {"in": 0, "out": 0}
        usage = {"input_tokens": u["in"], "output_tokens": u["out"], "cache_read_input_tokens": u.get("cached", 0), "cache_creation_input_tokens": u.get("write", 0)}
        self.sent.append([{**b, "input": b["input"] if isinstance(b["input"], dict) else {}} if b["type"] == "tool_use" else b for b in content])
        top = {"id": f"msg_{self.count}", "type": "message", "role": "assistant", "model": r.model, "content": content, "stop_reason": stop, "usage": usage}
        if not stream:
            return json.dumps({**top, **t.extra}, ensure_ascii=False).encode()
        events = [("message_start", {"type": "message_start", "message": {**top, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}}), ("ping", {"type": "ping"})]
        for i, b in enumerate(content):
            empty = {"tool_use": {"input": {}}, "text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}}[b["type"]]
            events.append(("content_block_start", {"type": "content_block_start", "index": i, "content_block": {**b, **empty}}))
            if b["type"] == "tool_use":
                text = b["input"] if isinstance(b["input"], str) else json.dumps(b["input"])
                deltas = [{"type": "input_json_delta", "partial_json": p} for p in cut_up(text)]
            else:
                deltas = [{"type": b["type"] + "_delta", b["type"]: p} for p in cut_up(b[b["type"]])]
            if b["type"] == "thinking":
                deltas.append({"type": "signature_delta", "signature": b["signature"]})
            events += [("content_block_delta", {"type": "content_block_delta", "index": i, "delta": d}) for d in deltas]
            events.append(("content_block_stop", {"type": "content_block_stop", "index": i}))
        if t.error is not None:
            return self._events(t, events[:t.error_after] + [("error", {"type": "error", "error": t.error})])
        events.append(("message_delta", {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": u["out"]}}))
        return self._events(t, events + ([("message_stop", {"type": "message_stop"})] if t.done else []))
