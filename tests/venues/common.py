"""What every mock venue shares: applications on ports of loopback, the script of misbehaviour, fan-out to WebSockets, rate windows,
the control API's frame. A venue subclasses Venue, adds its routes and its state, and calls serve()."""
import asyncio
import collections
import copy
import json
import re
import ssl
import time
import traceback

from aiohttp import WSMsgType, web

MICRO = 1_000_000


def micro(text):
    """A decimal text or number as millionths, exactly."""
    text = str(text)
    sign = -1 if text.startswith("-") else 1
    whole, _, part = text.lstrip("-").partition(".")
    if not (whole or part) or not (whole + part).isdigit() or len(part.rstrip("0")) > 6:
        raise ValueError(f"not a number of 6 decimals: {text!r}")
    return sign * (int(whole or 0) * MICRO + int((part + "000000")[:6]))


def human(n):
    """Millionths as the shortest decimal text."""
    sign, n = "-" if n < 0 else "", abs(n)
    part = f"{n % MICRO:06d}".rstrip("0")
    return f"{sign}{n // MICRO}" + (f".{part}" if part else "")


def parse_json(data):
    """Strict JSON of bytes; ValueError otherwise: UTF-8 only, no NaN, nothing nested without end."""
    def constant(text):
        raise ValueError(text)
    try:
        return json.loads(data.decode("utf-8"), parse_constant=constant)
    except RecursionError as e:
        raise ValueError("nested too deep") from e


def whole(text, least=0, most=1 << 62):
    """An integer of a query (text) or of JSON (number); ValueError otherwise."""
    text = str(int(text)) if isinstance(text, (int, float)) and not isinstance(text, bool) else text
    if not isinstance(text, str) or not re.fullmatch(r"-?[0-9]{1,19}", text) or not least <= int(text) <= most:
        raise ValueError(text)
    return int(text)


class Error(Exception):
    """An answer of the venue that is not a success."""

    def __init__(self, status, body, headers=None):
        super().__init__(f"{status} {body}")
        self.status, self.headers = status, headers or {}
        self.body = {"error": body} if isinstance(body, str) else body


# --- the script: rules that spoil the next answers or events that match ---
class Rule:
    """match: host, method, path, query, body (regular expressions) for requests; stream, event, body for events. skip, times (0 = for ever),
    for_ms limit it. act names what happens, the other keys are its arguments."""

    def __init__(self, doc, ident):
        self.id, self.doc = ident, doc
        self.match = {k: re.compile(v, re.S) for k, v in doc.get("match", {}).items()}
        self.skip, self.times, self.hits = doc.get("skip", 0), doc.get("times", 1), 0
        self.until = time.monotonic() + doc["for_ms"] / 1000 if "for_ms" in doc else None
        if self.until is not None and "times" not in doc:
            self.times = 0
        self.act = doc["act"]

    def over(self):
        return (self.times and self.hits >= self.times) or (self.until is not None and time.monotonic() > self.until)

    def takes(self, what):
        """what: key -> text. Counts the hit."""
        if self.over() or any(k not in what or not rx.search(what[k]) for k, rx in self.match.items()):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.hits += 1
        return True


HTTP_ACTS = {"close_before", "close_after", "blackhole_before", "blackhole_after", "delay", "answer", "truncate", "mutate"}
STREAM_ACTS = {"drop", "duplicate", "hold", "replay", "close", "mutate", "refuse", "silence", "delay"}


class Script:
    def __init__(self):
        self.rules, self.count = [], 0

    def add(self, doc):
        if doc["act"] not in HTTP_ACTS | STREAM_ACTS:
            raise Error(400, f"no such act: {doc['act']}")
        self.count += 1
        self.rules.append(Rule(doc, self.count))
        return self.count

    def find(self, acts, **what):
        for r in self.rules:
            if r.act in acts and r.takes(what):
                return r
        return None

    def clear(self, ident=None):
        self.rules = [r for r in self.rules if ident is not None and r.id != ident]


# --- mutations of a JSON answer ---
def walk(doc, fn):
    """Replaces each (key, value) of the objects in doc by fn's."""
    if isinstance(doc, list):
        return [walk(x, fn) for x in doc]
    if isinstance(doc, dict):
        return {k: fn(k, walk(v, fn)) for k, v in doc.items()}
    return doc


def rows_of(doc):
    return doc if isinstance(doc, list) else doc.get("data", [doc]) if isinstance(doc, dict) else []


def mutate(doc, how):
    """how: {"set": {key: value}} | {"drop": [keys]} | {"omit": regex of a row} | {"numbers": true} | {"strings": true} | {"bare_point": true} |
    {"null": [keys]} | {"empty": [keys]} | {"wrap": true} | {"unwrap": true} | {"extra": true} | {"replace": value}"""
    doc = copy.deepcopy(doc)
    keys = set(how.get("null", [])) | set(how.get("empty", [])) | set(how.get("drop", []))
    if "replace" in how:
        return how["replace"]
    if "omit" in how:
        rx = re.compile(how["omit"])
        keep = [r for r in rows_of(doc) if not rx.search(json.dumps(r))]
        doc = keep if isinstance(doc, list) else {**doc, "data": keep, "count": len(keep)}
    if "set" in how:
        doc = walk(doc, lambda k, v: how["set"].get(k, v))
    if how.get("bare_point"):
        doc = walk(doc, lambda k, v: v[1:] if isinstance(v, str) and re.fullmatch(r"0\.\d+", v) else v)
    if how.get("numbers"):
        doc = walk(doc, lambda k, v: json.loads(v) if isinstance(v, str) and re.fullmatch(r"(0|[1-9]\d{0,14})(\.\d+)?", v) else v)
    if how.get("strings"):
        doc = walk(doc, lambda k, v: human(micro(v)) if isinstance(v, (int, float)) and not isinstance(v, bool) else v)
    if keys:
        doc = walk(doc, lambda k, v: None if k in how.get("null", []) else "" if k in how.get("empty", []) else v)
        if how.get("drop"):
            def drop(x):
                return [drop(y) for y in x] if isinstance(x, list) else {k: drop(v) for k, v in x.items() if k not in how["drop"]} if isinstance(x, dict) else x
            doc = drop(doc)
    if how.get("extra"):
        def extra(x):
            return [extra(y) for y in x] if isinstance(x, list) else {**{k: extra(v) for k, v in x.items()}, "later_field": {"a": [1, None]}} if isinstance(x, dict) else x
        doc = extra(doc)
    if how.get("wrap"):
        doc = [doc]
    if how.get("unwrap") and isinstance(doc, list):
        doc = doc[0] if doc else {}
    return doc


# --- windows: count of requests in the last seconds ---
class Window:
    def __init__(self, limit, seconds=10.0):
        self.limit, self.seconds, self.at = limit, seconds, collections.deque()

    def wait(self, cost=1):
        """Takes the cost; seconds until there is room again (0 = there was)."""
        now = time.monotonic()
        while self.at and self.at[0] <= now - self.seconds:
            self.at.popleft()
        self.at.extend([now] * cost)
        over = len(self.at) - self.limit
        return 0 if over <= 0 else max(0.0, self.at[min(over, len(self.at)) - 1] + self.seconds - now)


class Bucket:
    """Tokens: rate a second, at most burst; may go below zero."""

    def __init__(self, rate, burst):
        self.rate, self.burst, self.tokens, self.at = rate, burst, burst, time.monotonic()

    def fill(self):
        now = time.monotonic()
        self.tokens, self.at = min(self.burst, self.tokens + (now - self.at) * self.rate), now
        return self.tokens

    def take(self, n, negative=False):
        if not negative and self.fill() < n:
            return False
        self.fill()
        self.tokens -= n
        return True

    def wait(self, n):
        return max(0.0, (n - self.fill()) / self.rate)


# --- streams ---
class Peer:
    """One WebSocket. Frames leave in order by a task of its own, so a slow reader holds up nobody else."""

    def __init__(self, ws, stream):
        self.ws, self.stream, self.queue = ws, stream, asyncio.Queue()
        self.last_in = time.monotonic()
        self.held, self.last, self.silent = [], None, False
        self.task = asyncio.ensure_future(self.run())

    async def run(self):
        try:
            while True:
                text, delay = await self.queue.get()
                if delay:
                    await asyncio.sleep(delay)
                if text is None:
                    await self.ws.close()
                    return
                await self.ws.send_str(text)
        except (ConnectionError, asyncio.CancelledError, RuntimeError):
            pass

    def send(self, text, delay=0):
        self.queue.put_nowait((text, delay))

    def close(self):
        self.queue.put_nowait((None, 0))


class Fanout:
    """All peers of a venue. send() puts an event through the script before it goes out."""

    def __init__(self, script):
        self.script, self.peers, self.log = script, [], collections.deque(maxlen=5000)
        self.delay, self.newline = 0.0, False

    def of(self, stream):
        return [p for p in self.peers if p.stream == stream]

    def send(self, peer, event, doc):
        body = json.dumps(doc, separators=(",", ":"))
        if peer.silent:
            return
        r = self.script.find(STREAM_ACTS - {"refuse"}, stream=peer.stream, event=event, body=body)
        act = r.act if r else None
        if act in ("mutate",):
            body = json.dumps(mutate(doc, r.doc["how"]), separators=(",", ":"))
        if "raw" in (r.doc if r else {}):
            body = r.doc["raw"]
        body += "\n" if self.newline else ""
        self.log.append({"at": time.time(), "stream": peer.stream, "event": event, "act": act, "doc": doc})
        old, peer.last = peer.last, body
        if act == "silence":
            peer.silent = True
        elif act == "close":
            peer.close()
        elif act == "hold":  # goes out after the next event: reordered
            peer.held.append(body)
            return
        elif act == "duplicate":
            for _ in range(1 + r.doc.get("copies", 1)):
                peer.send(body, self.delay)
        elif act == "replay":  # an old event again, before this one
            peer.send(old or body, self.delay)
            peer.send(body, self.delay)
        elif act == "delay":
            asyncio.get_running_loop().call_later(r.doc["ms"] / 1000, peer.send, body)
        elif act != "drop":
            peer.send(body, self.delay)
        for h in peer.held:
            peer.send(h, self.delay)
        peer.held = []

    def close(self, stream=None):
        for p in list(self.peers):
            if stream in (None, p.stream):
                p.close()


class Venue:
    """Applications by name (each a port of loopback), control routes on the first one."""

    def __init__(self):
        self.script, self.apps, self.requests = Script(), {}, collections.deque(maxlen=20000)
        self.fanout = Fanout(self.script)
        self.skew, self.tasks, self.started = 0.0, [], time.time()

    def now(self):
        """The venue's clock."""
        return time.time() + self.skew

    def app(self, name):
        @web.middleware
        async def spoil(request, handler):
            return await self.spoil(name, request, handler)
        self.apps[name] = web.Application(middlewares=[spoil], client_max_size=1 << 22)
        return self.apps[name]

    async def answer(self, request, handler):
        try:
            r = await handler(request)
        except Error as e:
            r = web.json_response(e.body, status=e.status, headers=e.headers)
        except web.HTTPNotFound:
            r = web.json_response({"error": "not found"}, status=404)
        except web.HTTPMethodNotAllowed:
            r = web.json_response({"error": "method not allowed"}, status=405)
        except web.HTTPRequestEntityTooLarge:
            r = web.json_response({"error": "request entity too large"}, status=413)
        except Exception:  # a fault of the mock; tests look for it
            traceback.print_exc()
            r = web.json_response({"error": "Internal server error"}, status=500)
        return r if isinstance(r, web.StreamResponse) else web.json_response(r, dumps=lambda d: json.dumps(d, separators=(",", ":")))

    async def limit(self, name, request, body):
        """Hook: raises Error or waits when the venue's rate is exceeded; headers to add."""
        return {}

    async def spoil(self, name, request, handler):
        if request.path.startswith("/_control"):
            return await self.answer(request, handler)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await handler(request)
        body = (await request.read()).decode("utf-8", "replace")
        entry = {"at": time.time(), "host": name, "method": request.method, "path": request.path, "query": request.query_string, "body": body,
                 "act": None, "status": None}
        self.requests.append(entry)
        r = self.script.find(HTTP_ACTS, host=name, method=request.method, path=request.path, query=request.query_string, body=body)
        act, doc = (r.act, r.doc) if r else (None, {})
        entry["act"] = act
        if act == "close_before":
            request.transport.close()
            return web.Response()
        if act == "blackhole_before":
            await self.hole(request)
        if act == "answer" and not doc.get("after"):
            entry["status"] = doc.get("status", 200)
            return self.scripted(doc)
        if act == "delay" and not doc.get("after"):
            await asyncio.sleep(doc["ms"] / 1000)
        headers = {}
        try:
            headers = await self.limit(name, request, body) or {}
            response = await self.answer(request, handler)
        except Error as e:
            response = web.json_response(e.body, status=e.status, headers=e.headers)
        entry["status"] = response.status
        entry["answer"] = response.text if isinstance(response, web.Response) and response.body is not None else None
        response.headers.update(headers)
        if act == "close_after":
            request.transport.close()
        elif act == "blackhole_after":
            await self.hole(request)
        elif act == "delay" and doc.get("after"):
            await asyncio.sleep(doc["ms"] / 1000)
        elif act == "answer":
            return self.scripted(doc)
        elif act == "truncate":
            return await self.truncated(request, response, doc)
        elif act == "mutate" and response.status < 300:
            text = json.dumps(mutate(json.loads(response.text), doc.get("how", {})), separators=(",", ":")) + doc.get("tail", "")
            return web.Response(text=text, status=response.status, content_type="application/json", headers=headers)
        return response

    @staticmethod
    def scripted(doc):
        body = doc.get("body", "")
        text = body if isinstance(body, str) else json.dumps(body)
        kind = doc.get("type", "text/html" if text.lstrip().startswith("<") else "application/json")
        return web.Response(text=text, status=doc.get("status", 200), content_type=kind, headers=doc.get("headers", {}))

    @staticmethod
    async def truncated(request, response, doc):
        whole = response.body
        cut = whole[:doc["at"] if "at" in doc else len(whole) // 2]
        if doc.get("honest", True):  # a whole answer whose JSON ends early
            return web.Response(body=cut, status=response.status, content_type="application/json")
        out = web.StreamResponse(status=response.status, headers={"Content-Length": str(len(whole)), "Content-Type": "application/json"})
        await out.prepare(request)
        await out.write(cut)
        request.transport.close()
        return out

    @staticmethod
    async def hole(request):
        while request.transport and not request.transport.is_closing():
            await asyncio.sleep(0.05)
        raise asyncio.CancelledError

    async def peer(self, request, stream, on_text, on_close=None):
        """A WebSocket until it ends; on_text(peer, text). PING is answered by PONG."""
        if self.script.find({"refuse"}, stream=stream):
            request.transport.close()
            return web.Response()
        ws = web.WebSocketResponse(max_msg_size=1 << 22, autoping=True)
        await ws.prepare(request)
        peer = Peer(ws, stream)
        self.fanout.peers.append(peer)
        try:
            async for m in ws:
                peer.last_in = time.monotonic()
                if m.type != WSMsgType.TEXT:
                    continue
                if m.data == "PING":
                    if not self.script.find({"silence"}, stream=stream, event="PONG"):
                        peer.send("PONG")
                    continue
                on_text(peer, m.data)
        finally:
            self.fanout.peers.remove(peer)
            peer.task.cancel()
            if on_close:
                on_close(peer)
        return ws

    # --- control ---
    def control(self, app):
        """Adds POST/GET /_control/NAME for each method control_NAME(doc)."""
        for name in dir(self):
            if name.startswith("control_"):
                app.router.add_route("*", "/_control/" + name[8:], self.controller(getattr(self, name)))

    @staticmethod
    def controller(fn):
        async def handler(request):
            text = await request.text()
            doc = json.loads(text) if text else dict(request.query)
            try:
                out = fn(doc)
            except (KeyError, ValueError, TypeError, StopIteration) as e:
                raise Error(400, f"{type(e).__name__}: {e}") from e
            return out if out is not None else {"ok": True}
        return handler

    def control_script(self, doc):
        if doc.get("clear"):
            self.script.clear(doc.get("id"))
            return {"ok": True}
        if "act" in doc:
            return {"id": self.script.add(doc)}
        return {"rules": [{"id": r.id, "act": r.act, "hits": r.hits, "over": bool(r.over())} for r in self.script.rules]}

    def control_requests(self, doc):
        rows = [r for r in self.requests if all(re.search(str(v), str(r[k])) for k, v in doc.items() if k in ("host", "method", "path", "query", "body"))]
        return {"requests": rows}

    def control_events(self, doc):
        return {"events": [e for e in self.fanout.log if doc.get("stream", e["stream"]) == e["stream"]]}

    def control_streams(self, doc):
        if doc.get("close"):
            self.fanout.close(doc["close"] if doc["close"] != "all" else None)
        if "newline" in doc:
            self.fanout.newline = bool(doc["newline"])
        if "delay_ms" in doc:
            self.fanout.delay = doc["delay_ms"] / 1000
        return {"peers": [{"stream": p.stream, "silent": p.silent} for p in self.fanout.peers]}

    def control_inject(self, doc):
        """Text as it is into the peers of a stream: {stream, text}."""
        peers = self.fanout.of(doc["stream"])
        for p in peers:
            p.send(doc["text"])
        return {"peers": len(peers)}

    def control_clock(self, doc):
        self.skew = float(doc.get("skew", self.skew)) + float(doc.get("advance", 0))
        return {"now": self.now()}

    # --- running ---
    async def background(self):
        """Hook: tasks of the venue."""

    async def start(self, ports, tls=None):
        """ports: name -> port (0 = any). The ports got."""
        got, context = {}, None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
        for name, app in self.apps.items():
            runner = web.AppRunner(app, access_log=None, handle_signals=False)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", ports.get(name, 0), ssl_context=context)
            await site.start()
            got[name] = site._server.sockets[0].getsockname()[1]
        await self.background()
        return got


def serve(venue, ports, urls, tls=None):
    """Runs for ever; prints one line of JSON with the URLs when it listens: urls(ports) -> dict."""
    async def main():
        got = await venue.start(ports, tls)
        print(json.dumps(urls(got)), flush=True)
        await asyncio.Event().wait()
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
