"""The control socket under hostile and slow peers: they cost only their own connection."""
import json
import os
import random
import socket
import struct
import time

from conftest import wait_for


def connect(desk):
    s = socket.socket(socket.AF_UNIX)
    fd = os.open(desk.data, os.O_PATH)
    s.connect(f"/proc/self/fd/{fd}/ctl")
    os.close(fd)
    s.settimeout(5)
    return s


def frame(kind, payload=b""):
    return struct.pack("<IB3x", len(payload), ord(kind)) + payload


def answer(s):
    head = b""
    while len(head) < 8:
        got = s.recv(8 - len(head))
        if not got:
            return None
        head += got
    n, kind = struct.unpack("<IB3x", head)
    body = b""
    while len(body) < n:
        body += s.recv(n - len(body))
    return chr(kind), body


def closed(s):
    try:
        while True:
            if not s.recv(65536):
                return True
    except (ConnectionResetError, BrokenPipeError):
        return True
    except TimeoutError:
        return False


def test_hostile_frames_close_that_client_only(desk):
    desk.run()
    for bad in (struct.pack("<IB3x", 0x7fffffff, 82), frame("?", b"x"), frame("K", b"xx"), frame("A", b"{"), frame("A", b'{"w":100000,"h":2}'),
                frame("A", b'{"w":-1,"h":2}'), frame("W", b"\0\0\0\0"), os.urandom(64)):
        s = connect(desk)
        s.sendall(bad)
        if bad[:4] == b"\xff\xff\xff\x7f" or bad[4:5] in b"?KAW":
            assert closed(s), bad
        s.close()
    s = connect(desk)
    for text in (b"", b"{", b"[]", b'{"argv":[]}', b'{"argv":[1,2]}', b'{"op":"nosuch"}', b'{"argv":["buy"]}', b'{"argv":["\\u001b[31m"]}', b'{"argv":"x"}', b"\xff" * 30,
                 b'{"argv":[' + b'"x",' * 500 + b'"y"]}'):
        s.sendall(frame("R", text))
        kind, body = answer(s)
        doc = json.loads(body)
        assert kind == "r" and doc["ok"] is False and "\x1b" not in doc["error"]["msg"], (text, doc)
    s.close()
    assert desk.json("status").code == 0


def test_random_bytes(desk):
    desk.run()
    rng = random.Random(1)
    for _ in range(60):
        s = connect(desk)
        try:
            s.sendall(frame(rng.choice("RTAKPFWSD"), rng.randbytes(rng.randrange(200))) + rng.randbytes(rng.randrange(100)))
        except (BrokenPipeError, ConnectionResetError):
            pass
        s.close()
    assert desk.json("status").code == 0
    assert desk.engines[0].poll() is None


def test_slow_tail_and_viewer_delay_nobody(desk):
    desk.run("--seed", 5)
    tails = [connect(desk) for _ in range(3)]
    for s in tails:
        s.sendall(frame("T", b"{}"))
    viewer = connect(desk)
    viewer.sendall(frame("A", b'{"w":300,"h":100}'))
    for _ in range(300):  # frames are asked for and never read
        try:
            viewer.sendall(frame("W", struct.pack("<HH", 290 + _ % 10, 100)) + frame("S"))
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            break
    m = desk.live_market()["symbol"]
    worst = 0
    for i in range(8):
        t0 = time.monotonic()
        desk.buy(m, 2 + i)
        worst = max(worst, time.monotonic() - t0)
    assert worst < 3
    assert desk.json("status").data["store_up"] is True
    for s in [*tails, viewer]:
        s.close()


def test_many_connections(desk):
    desk.run()
    many = [connect(desk) for _ in range(200)]
    assert desk.json("status").code == 0
    for s in many:
        s.close()
    assert desk.json("status").code == 0


def test_socket_and_directory_are_private(desk):
    desk.run()
    assert (desk.data / "ctl").stat().st_mode & 0o777 == 0o600
    assert desk.data.stat().st_mode & 0o777 == 0o700
    assert (desk.data / "turret.log").stat().st_mode & 0o077 == 0


def test_long_data_directory(desk):
    desk.path = desk.path / ("d" * 120)
    desk.path.mkdir()
    desk.run()
    assert desk.json("status").code == 0
