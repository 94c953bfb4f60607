"""Screens through tmux at three sizes, and what happens to terminals: resize storms, pastes, stalls, suspends, hang-ups."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from conftest import wait_for


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)])
def test_main_workspace(desk, terminal, size):
    t = terminal(*size)
    t.start("run", "--db", "memory", "--seed", 5)
    text = t.wait(re.compile(r"PAPER.*eq 10,000", re.S))
    lines = text.splitlines()
    assert len(lines) <= size[1] and all(len(l) <= size[0] for l in lines)
    desk.wait_live()
    m = desk.live_market()["symbol"]
    desk.buy(m, 5)
    t.wait("YES")
    t.keys("?")
    t.wait(re.compile("keys|KEYS|HELP"))
    t.keys("Escape")
    wait_for(lambda: "search" not in t.screen(), what="the closed help")
    t.type(":kill test")
    t.keys("Enter")
    t.wait("KILL SWITCH on")
    time.sleep(0.3)
    t.keys("y")
    t.wait("HALTED")
    assert desk.json("status").data["killed"] is True


def test_panic_key_flattens_and_locks(desk, terminal):
    t = terminal(80, 24)
    t.start("run", "--db", "memory", "--seed", 5)
    desk.wait_live()
    m = desk.live_market()["symbol"]
    desk.buy(m, 5)
    t.wait("YES")
    t.keys("!")
    t.wait("PANIC")
    time.sleep(0.3)
    t.keys("k")
    wait_for(lambda: desk.positions() == [] and desk.json("status").data["killed"], what="a flat and halted desk")
    t.wait("HALTED")
    assert desk.json("buy", m, 1, "--yes").code == 7


def test_one_line_screen_and_growing_again(desk, terminal):
    t = terminal(38, 8)
    t.start("run", "--db", "memory", "--seed", 5)
    t.wait(re.compile("PAPER|TOO SMALL"))
    t.resize(120, 40)
    t.wait("POSITIONS")


def test_ticket_sends_after_y(desk, terminal):
    t = terminal()
    t.start("run", "--db", "memory", "--seed", 5)
    desk.wait_live()
    m = desk.live_market()["symbol"]
    t.wait("MARKETS")
    t.type(f":buy {m} 3")
    t.keys("Enter")
    t.wait("CONFIRM")
    t.keys("Enter")  # never sends
    time.sleep(0.5)
    assert desk.json("orders", "--all").data == []
    if "CONFIRM" not in t.screen():
        t.type(f":buy {m} 3")
        t.keys("Enter")
        t.wait("CONFIRM")
    time.sleep(0.3)
    t.keys("y")
    wait_for(lambda: desk.positions() and desk.positions()[0]["size"] == "3", what="the position")
    t.keys("2")  # a desk that held nothing began in its markets
    wait_for(lambda: "MARKETS" not in t.screen() and "YES" in t.screen(), what="the page of positions")
    time.sleep(0.3)  # keys of one burst are a paste, and send nothing
    t.keys("x")
    t.wait("CONFIRM")
    time.sleep(0.3)
    t.keys("y")
    wait_for(lambda: desk.positions() == [], what="a flat account")


def test_a_sniper_from_the_form_to_its_fill(desk, terminal):
    """Form, question, off; Space, question, armed: it fires, because the ask is there. The pages of F2 to F4 and < > come over a terminal's own sequences."""
    t = terminal()
    t.start("run", "--db", "memory", "--seed", 5)
    desk.wait_live()
    m = desk.live_market()["symbol"]
    t.wait("MARKETS")
    t.type(f":market {m}")
    t.keys("Enter")
    time.sleep(0.3)
    t.keys("6")
    t.wait("TRIGGER")
    time.sleep(0.3)
    t.keys("c")
    t.wait("NEW SNIPER")
    t.type("99")  # cents: any ask is below
    for _ in range(3):
        t.keys("Tab")
    t.type("20")
    time.sleep(0.2)
    t.keys("Enter")
    t.wait("CONFIRM")
    time.sleep(0.3)
    t.keys("y")
    t.wait("0 armed / 1 off")
    t.keys("Space")
    t.wait("IT IS THERE NOW")
    assert desk.positions() == []
    time.sleep(0.3)
    t.keys("y")
    wait_for(lambda: len(desk.positions()) == 1, what="the sniper's position")
    t.wait("FILLED")
    for key, word in (("F2", "COPY, COUNTER"), ("F3", "max_order_notional"), ("F4", "SINCE YOU LEFT"), ("<", "REFUSALS"), (">", "SINCE YOU LEFT")):
        t.keys(key)
        t.wait(word)
        time.sleep(0.2)
    t.keys("n")
    t.wait("note on")
    t.type("a good day")
    t.keys("Enter")
    t.wait("note: a good day")
    t.keys("F3")
    t.wait("trading ACTIVE")
    time.sleep(0.3)
    t.keys("P")
    t.wait("TRADING HALTED")


def test_pasted_text_sends_nothing(desk, terminal):
    t = terminal()
    t.start("run", "--db", "memory", "--seed", 5)
    desk.wait_live()
    desk.buy(desk.live_market()["symbol"], 3)
    t.wait("YES")
    for bracketed in ("-p", "-r"):
        t.cmd("set-buffer", "xyxyxy\ny\n!k!f")
        t.cmd("paste-buffer", bracketed, "-t", "t")
        time.sleep(0.7)
        assert desk.positions()[0]["size"] == "3" and desk.json("status").data["killed"] is False
        t.keys("Escape")
        t.keys("Escape")


def test_quit_asks_and_names_positions(desk, terminal):
    t = terminal()
    t.start("run", "--db", "memory", "--seed", 5)
    desk.wait_live()
    desk.buy(desk.live_market()["symbol"], 3)
    t.wait("YES")
    t.keys("q")
    assert "position" in t.wait("Stop the engine?")
    t.keys("n")
    wait_for(lambda: "Stop the engine?" not in t.screen(), what="the question's end")
    assert desk.json("status").code == 0
    t.keys("q")
    t.wait("Stop the engine?")
    time.sleep(0.3)
    t.keys("y")
    t.wait("ended 0")
    assert "POSITIONS" not in t.screen()  # the terminal is as it was


def test_attach_detach_readonly_and_several_viewers(desk, terminal):
    desk.run("--seed", 5)
    m = desk.live_market()["symbol"]
    desk.buy(m, 3)
    a, b = terminal(120, 40), terminal(80, 24)
    a.start("attach")
    b.start("attach", "--readonly")
    a.wait("YES")
    b.wait("YES")
    assert desk.json("status").code == 0
    b.keys("x")
    time.sleep(0.5)
    b.keys("y")
    time.sleep(0.5)
    assert desk.positions()[0]["size"] == "3"
    a.keys("q")
    a.wait("ended 0")
    a.start("attach")
    a.wait("YES")
    a.keys("x")
    a.wait("CONFIRM")
    time.sleep(0.3)
    a.keys("y")
    wait_for(lambda: desk.positions() == [], what="a flat account")
    b.wait("No positions")
    desk.engines[0].kill()
    a.wait(re.compile("ENGINE GONE|engine gone"))
    a.wait("ended 11")


def test_plain_turret_attaches_when_an_engine_runs(desk, terminal):
    t = terminal()
    desk.run("--seed", 5)
    t.start("attach")
    t.wait("POSITIONS")
    t.keys("C-z")  # suspends the viewer, not the engine
    time.sleep(0.6)
    assert desk.json("status").code == 0


def test_start_runs_it_in_the_background(desk):
    r = desk.json("start", "--db", "memory", "--seed", 5)
    assert r.code == 0 and r.data["pid"] > 0, r
    desk.wait_live()
    assert os.getsid(r.data["pid"]) != os.getsid(0)
    again = desk.json("start", "--db", "memory")
    assert again.code == 1 and again.error["code"] == "engine_runs", again
    assert desk.stop().code == 0
    assert desk.json("status").code == 11


def test_start_says_why_it_can_not(desk):
    (desk.path / "bad.conf").write_text("[nosuch]\nx = 1\n")
    r = desk.cli("start", "--config", desk.path / "bad.conf")
    assert r.code == 3 and "bad.conf:2" in r.err, r
    (desk.path / "bad.tape").write_text("not a tape")
    r = desk.cli("start", "--db", "memory", "--feed", f"tape:{desk.path / 'bad.tape'}")
    assert r.code != 0 and "tape" in r.err, r


def test_start_attaches_and_q_detaches(desk, terminal):
    t = terminal()
    t.start("start", "--db", "memory", "--seed", 5)
    t.wait("POSITIONS")
    desk.wait_live()
    t.keys("q")
    t.wait("ended 0")
    assert desk.json("status").data["stage"] == "live"
    t.start("attach")
    t.wait("POSITIONS")
    assert desk.stop().code == 0
    t.wait("engine gone")


def test_viewer_is_suspended_and_goes_on(desk, terminal):
    desk.run("--seed", 5)
    t = terminal()
    t.cmd("respawn-pane", "-k", "-t", "t", "env ENV= PS1='$ ' sh -i")
    t.wait("$")
    t.type(" ".join(f"'{w}'" for w in desk.args("attach")))
    t.keys("Enter")
    t.wait("POSITIONS")
    t.keys("C-z")
    wait_for(lambda: "POSITIONS" not in t.screen() and "$" in t.screen(), what="the shell")
    t0 = desk.json("status").data["events"]
    time.sleep(1.2)
    assert desk.json("status").data["events"] > t0
    t.type("fg")
    t.keys("Enter")
    t.wait("POSITIONS")
    t.keys("q")
    wait_for(lambda: "POSITIONS" not in t.screen(), what="the shell again")


class Pty:
    """A program in a terminal that nobody need read."""

    def __init__(self, argv, env, size=(120, 40)):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            os.execvpe(argv[0], argv, env)
        self.resize(*size)

    def resize(self, w, h):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", h, w, 0, 0))

    def read(self, seconds):
        out, end = b"", time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    out += os.read(self.fd, 65536)
                except OSError:
                    break
        return out

    def ended(self, timeout=10):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        raise AssertionError("it does not end")

    def kill(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


@pytest.fixture
def tty(desk):
    made = []

    def make(*words, size=(120, 40), **env):
        made.append(Pty(desk.args(*words), dict(desk.env, TERM="xterm-256color", **env), size))
        return made[-1]
    yield make
    for p in made:
        p.kill()
        os.close(p.fd)


def test_stalled_terminal_delays_nothing(desk, tty):
    p = tty("run", "--db", "memory", "--seed", "5")
    p.read(1.5)
    desk.wait_live()
    for i in range(60):  # nobody reads; keys and resizes pile frames up
        p.resize(100 + i % 20, 30 + i % 10)
        os.write(p.fd, b"\t")
        time.sleep(0.02)
    t0 = time.monotonic()
    assert desk.json("status").code == 0
    desk.buy(desk.live_market()["symbol"], 3)
    assert time.monotonic() - t0 < 5
    a = desk.json("status").data["events"]
    time.sleep(1)
    assert desk.json("status").data["events"] > a  # the feed goes on
    assert b"PAPER" in p.read(3) or b"POSITIONS" in p.read(3)


def test_lost_terminal_leaves_the_engine_running(desk, tty):
    p = tty("run", "--db", "memory", "--seed", "5")
    p.read(1.5)
    desk.wait_live()
    os.kill(p.pid, signal.SIGHUP)
    os.close(p.fd)
    p.fd = os.open("/dev/null", os.O_RDONLY)
    time.sleep(0.7)
    assert desk.json("status").code == 0
    assert desk.stop().code == 0
    assert p.ended() == 0


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_terminal_is_restored_on_signals(desk, tty, signum):
    p = tty("run", "--db", "memory", "--seed", "5")
    p.read(1.5)
    desk.wait_live()
    os.kill(p.pid, signum)
    out = p.read(2)
    assert b"\x1b[?1049l" in out
    assert p.ended() == 128 + signum


@pytest.mark.parametrize("signum", [signal.SIGSEGV, signal.SIGABRT])
def test_terminal_is_restored_after_a_crash(desk, tty, signum):
    p = tty("run", "--db", "memory", "--seed", "5")
    p.read(1.5)
    desk.wait_live()
    os.kill(p.pid, signum)
    assert b"\x1b[?1049l" in p.read(1.5)
    assert p.ended() == -signum


def test_dumb_terminal_gets_plain_lines(desk):
    q = Pty(desk.args("run", "--db", "memory", "--seed", "5"), dict(desk.env, TERM="dumb"))
    try:
        out = q.read(4)
        assert b"\x1b[" not in out and b"STATUS" in out, out[:300]
        desk.wait_live()
        m = desk.live_market()["symbol"]
        os.write(q.fd, f"buy {m} 2\n".encode())
        assert b"Type yes" in q.read(1)
        os.write(q.fd, b"no\n")
        assert b"Nothing was sent" in q.read(1)
        assert desk.json("orders", "--all").data == []
        os.write(q.fd, f"buy {m} 2\nyes\n".encode())
        wait_for(lambda: desk.positions(), what="a position")
        os.write(q.fd, b"quit\n")
        assert q.ended() == 0
    finally:
        q.kill()


@pytest.mark.parametrize("term", ["vt100", "linux", "screen", "xterm-kitty-nosuch", ""])
def test_other_terminals_show_the_screen(desk, term):
    q = Pty(desk.args("run", "--db", "memory", "--seed", "5"), dict(desk.env, TERM=term), (80, 24))
    try:
        assert b"PAPER" in q.read(2.5)
        desk.wait_live()
        os.kill(q.pid, signal.SIGTERM)
        q.read(1)
        assert q.ended() == 143
    finally:
        q.kill()


def test_resize_storm(desk, terminal):
    t = terminal()
    t.start("run", "--db", "memory", "--seed", 5)
    desk.wait_live()
    for i in range(40):
        t.resize(40 + (i * 37) % 120, 10 + (i * 13) % 40)
    t.resize(120, 40)
    text = t.wait(re.compile("POSITIONS.*MARKETS", re.S))
    assert all(len(l) <= 120 for l in text.splitlines())
    assert desk.json("status").code == 0


def test_piped_run_streams_lines(desk):
    p = subprocess.run(desk.args("run", "--db", "memory", "--seed", "5", "--for", "3s"), env=desk.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=30)
    assert p.returncode == 0 and "\x1b" not in p.stdout and "STATUS Paper. Equity 10,000.00" in p.stdout
