"""A TCP proxy that does wrong on purpose: cuts at byte k, stalls, drips, duplicates, reorders, corrupts, closes half, refuses.

    with FaultProxy(("127.0.0.1", port)) as proxy:           # proxy.port, proxy.url
        proxy.script(Script(down=Faults(cut_at=100)))        # the next connection; further ones pass, or `default=` says
        proxy.sever(); proxy.pause(); proxy.resume(); proxy.refuse(True)   # all connections, from now on

`up` is what the client sends, `down` what the server answers. Positions are bytes of that direction since the connection began.
"""
import asyncio
import dataclasses
import random
import socket
import struct
import threading


@dataclasses.dataclass
class Faults:
    cut_at: int = None          # so many bytes pass, then both sides are closed
    reset: bool = False         # ... with RST instead of FIN
    half_close_at: int = None   # so many bytes pass, then this direction ends; the other goes on
    stall_at: int = None        # so many bytes pass, then nothing for stall_s
    stall_s: float = 3600.0
    drip: int = None            # pieces of so many bytes
    drip_s: float = 0.0         # ... with so long in between
    delay_s: float = 0.0        # before every piece
    corrupt: dict = dataclasses.field(default_factory=dict)  # {position: byte to xor with}
    corrupt_rate: float = 0.0   # of bytes, by `seed`
    duplicate: tuple = None     # (from, to): these bytes twice
    swap: tuple = None          # (a, b, c): bytes a..b and b..c change places
    seed: int = 1


@dataclasses.dataclass
class Script:
    up: Faults = dataclasses.field(default_factory=Faults)
    down: Faults = dataclasses.field(default_factory=Faults)
    refuse: bool = False        # closed at once


class _Change:
    """Bytes in, bytes out: corruption, duplication and swapping by position."""

    def __init__(self, f):
        self.f, self.at, self.held, self.rng = f, 0, b"", random.Random(f.seed)

    def feed(self, data, last=False):
        f, start = self.f, self.at
        self.at += len(data)
        data = bytearray(data)
        for pos, bits in f.corrupt.items():
            if start <= pos < self.at:
                data[pos - start] ^= bits
        if f.corrupt_rate:
            for i in range(len(data)):
                if self.rng.random() < f.corrupt_rate:
                    data[i] ^= 1 + self.rng.randrange(255)
        span = f.duplicate or f.swap
        if not span:
            return bytes(data)
        # What belongs to the span is held until it is whole.
        a, z = span[0], span[-1]
        out = bytearray()
        for i, byte in enumerate(data):
            pos = start + i
            if pos < a or pos >= z:
                out.append(byte)
                continue
            self.held += bytes([byte])
            if pos == z - 1:
                out += self.held * 2 if f.duplicate else self.held[f.swap[1] - a:] + self.held[:f.swap[1] - a]
                self.held = b""
        if last:
            out += self.held
            self.held = b""
        return bytes(out)


class Connection:
    def __init__(self, script):
        self.script, self.up, self.down, self.open = script, bytearray(), bytearray(), True
        self.writers = []

    def close(self, reset=False):
        self.open = False
        for w in self.writers:
            if reset and w.get_extra_info("socket") is not None:
                try:
                    w.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                except OSError:
                    pass
                w.transport.abort()
            else:
                w.close()


class FaultProxy:
    def __init__(self, target, default=None, host="127.0.0.1"):
        self.target, self.default, self.host = target, default or Script(), host
        self.scripts, self.connections, self.refusing = [], [], False
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.started = threading.Event()

    # --- life ---
    def start(self):
        self.thread.start()
        assert self.started.wait(10)
        return self

    def stop(self):
        if self.thread.is_alive():
            self._call(lambda: [c.close() for c in self.connections])
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(5)

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    # --- what goes wrong ---
    def script(self, *scripts):
        """For the next connections, in this order."""
        self._call(lambda: self.scripts.extend(scripts))

    def sever(self, reset=False):
        self._call(lambda: [c.close(reset) for c in self.connections if c.open])

    def pause(self):
        self._call(self.running.clear)

    def resume(self):
        self._call(self.running.set)

    def refuse(self, on=True):
        self._call(lambda: setattr(self, "refusing", on))

    # --- inside ---
    def _call(self, fn):
        done = threading.Event()
        self.loop.call_soon_threadsafe(lambda: (fn(), done.set()))
        assert done.wait(5)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.running = asyncio.Event()
        self.running.set()
        server = self.loop.run_until_complete(asyncio.start_server(self._accept, self.host, 0))
        self.port = server.sockets[0].getsockname()[1]
        self.started.set()
        self.loop.run_forever()
        server.close()
        for t in asyncio.all_tasks(self.loop):
            t.cancel()
        self.loop.run_until_complete(asyncio.sleep(0.01))
        self.loop.close()

    async def _accept(self, reader, writer):
        c = Connection(self.scripts.pop(0) if self.scripts else self.default)
        self.connections.append(c)
        c.writers.append(writer)
        if c.script.refuse or self.refusing:
            return c.close()
        try:
            there, back = await asyncio.open_connection(*self.target)
        except OSError:
            return c.close()
        c.writers.append(back)
        await asyncio.gather(self._pump(c, reader, back, c.script.up, c.up), self._pump(c, there, writer, c.script.down, c.down), return_exceptions=True)
        c.close()

    async def _pump(self, c, reader, writer, f, record):
        change, sent = _Change(f), 0
        try:
            while c.open:
                data = await reader.read(65536)
                out = change.feed(data, last=not data)
                while out:
                    n = len(out)
                    if f.drip:
                        n = min(n, f.drip)
                    for limit in (f.cut_at, f.half_close_at, f.stall_at):
                        if limit is not None and sent < limit:
                            n = min(n, limit - sent)
                    if f.cut_at is not None and sent >= f.cut_at:
                        return c.close(f.reset)
                    if f.half_close_at is not None and sent >= f.half_close_at:
                        writer.write_eof()
                        return None
                    if f.stall_at is not None and sent >= f.stall_at:
                        f = dataclasses.replace(f, stall_at=None)
                        await asyncio.sleep(f.stall_s)
                    if f.delay_s or (f.drip and f.drip_s and sent):
                        await asyncio.sleep(f.delay_s + (f.drip_s if f.drip and sent else 0))
                    await self.running.wait()
                    if not c.open:
                        return None
                    writer.write(out[:n])
                    await writer.drain()
                    record += out[:n]
                    sent, out = sent + n, out[n:]
                if f.cut_at is not None and sent >= f.cut_at:
                    return c.close(f.reset)
                if not data:
                    if writer.can_write_eof():
                        writer.write_eof()
                    return None
        except (OSError, asyncio.CancelledError):
            c.close()
