"""Fixtures of the end-to-end tests: every test gets a desk of its own in a temporary data directory, and leaves no process behind."""
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("TURRET_BUILD", ROOT / "build"))
TURRET = str(BUILD / "turret")


def wait_for(check, timeout=20, every=0.05, what="it"):
    """Calls check until it returns something true; that value. Fails with the last exception or value."""
    end, last = time.monotonic() + timeout, None
    while time.monotonic() < end:
        try:
            last = check()
            if last:
                return last
        except (AssertionError, KeyError, IndexError, OSError, ValueError) as e:
            last = e
        time.sleep(every)
    raise AssertionError(f"{what} did not happen in {timeout} s; last: {last!r}")


class Result:
    def __init__(self, p):
        self.code, self.out, self.err = p.returncode, p.stdout, p.stderr

    @property
    def doc(self):
        return json.loads(self.out)

    @property
    def data(self):
        doc = self.doc
        assert doc["ok"] is True, doc
        return doc["data"]

    @property
    def error(self):
        doc = self.doc
        assert doc["v"] == 1 and doc["ok"] is False, doc
        return doc["error"]

    def __repr__(self):
        return f"exit {self.code}\n{self.out}\n{self.err}"


class Desk:
    """One data directory, its engine and its command line."""

    def __init__(self, path, db="memory"):
        self.path, self.db, self.engines, self.extra = pathlib.Path(path), db, [], []
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("TURRET_", "PG", "DATABASE_"))}
        self.env.update(HOME=str(self.path), XDG_CONFIG_HOME=str(self.path / "config"), TURRET_PG_NO_SYNC="1", LANG="C.UTF-8", NO_COLOR="",
                        TURRET_MODELS_ENABLED="no")  # a test of models switches them on

    def args(self, *words):
        return [TURRET, str(words[0]), "--data", str(self.path / "data"), *map(str, words[1:])]

    @property
    def data(self):
        return self.path / "data"

    def cli(self, *words, timeout=40, input=None):
        p = subprocess.run(self.args(*words), env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, text=True,
                           input=input, stdin=subprocess.DEVNULL if input is None else None)
        return Result(p)

    def json(self, *words, **kw):
        return self.cli(*words, "--json", **kw)

    def run(self, *words, db=None, wait=True):
        """The engine in the foreground of a process of its own."""
        db = self.db if db is None else db
        words = ["run", "--headless", *words] + (["--db", db] if db else [])
        log = open(self.path / f"engine{len(self.engines)}.out", "w+")
        p = subprocess.Popen(self.args(*words), env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        p.log = log.name
        self.engines.append(p)
        if wait:
            self.wait_live(p)
        return p

    def wait_live(self, p=None, timeout=30):
        def live():
            if p is not None and p.poll() is not None:
                raise RuntimeError(f"the engine ended with {p.returncode}: {open(p.log).read()}")
            r = self.json("status")
            return r.code == 0 and r.data["stage"] == "live"
        wait_for(live, timeout, what="a live desk")

    def stop(self):
        return self.cli("stop")

    def market(self, kind="binary", most=0.9):
        """The binary market that resolves last and has both sides, or the first perpetual."""
        rows = [m for m in self.json("markets").data if m["kind"] == kind and m["status"] == "open" and m["bid"] and m["ask"]]
        assert rows, "no market with two sides"
        if kind == "perp":
            return rows[0]
        rows = [m for m in rows if 0.1 < float(m["ask"]) < most] or rows
        return max(rows, key=lambda m: m["closes_at"] or "")

    def buy(self, market, size, *words):
        r = self.json("buy", market, size, "--yes", *words)
        assert r.code == 0, r
        return r.data

    def live_market(self, kind="binary"):
        return wait_for(lambda: self.market(kind), what="a market with two sides")

    def positions(self):
        return self.json("positions").data

    def orders(self):
        return self.json("orders").data

    def fills(self):
        return self.json("fills").data

    def account(self):
        return self.json("accounts").data[0]

    def check(self):
        """Nothing differs between what is cached and what orders and fills say."""
        r = self.json("doctor")
        assert r.code == 0, r

    def postmaster(self):
        path = next(self.data.glob("pg*/postmaster.pid"))
        return int(path.read_text().split()[0])

    def close(self):
        for p in self.engines:
            if p.poll() is None:
                p.send_signal(signal.SIGCONT)
                p.terminate()
        for p in self.engines:
            try:
                p.wait(15)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        lock = self.data / "lock"
        if lock.exists() and lock.read_text().strip():  # an engine of `turret start`
            self.cli("stop", timeout=40)
        for path in self.data.glob("pg*/postmaster.pid"):
            try:
                pid = int(path.read_text().split()[0])
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGQUIT)
                wait_for(lambda: not os.path.exists(f"/proc/{pid}") or open(f"/proc/{pid}/stat").read().split()[2] == "Z", 10, what="end of the server")
            except (OSError, ValueError, IndexError):
                pass


class Tmux:
    """A terminal to look at, with a tmux server of its own."""

    count = itertools.count()

    def __init__(self, desk, size):
        self.desk, self.socket = desk, str(desk.path / f"tmux{next(Tmux.count)}")
        self.cmd("-f", "/dev/null", "new-session", "-d", "-s", "t", "-x", str(size[0]), "-y", str(size[1]), "cat >/dev/null; exec sh")

    def cmd(self, *words, check=True):
        env = dict(self.desk.env)
        env.pop("TMUX", None)
        return subprocess.run(["tmux", "-S", self.socket, *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=check, timeout=20).stdout

    def start(self, *words, env=""):
        line = f"env {env} " + " ".join(f"'{w}'" for w in self.desk.args(*words)) + f"; echo ended $?; exec cat >/dev/null"
        self.cmd("respawn-pane", "-k", "-t", "t", line)

    def keys(self, *keys):
        self.cmd("send-keys", "-t", "t", *keys)

    def type(self, text):
        self.cmd("send-keys", "-t", "t", "-l", text)

    def screen(self):
        return self.cmd("capture-pane", "-p", "-t", "t")

    def wait(self, text, timeout=20):
        pattern = text if hasattr(text, "search") else re.compile(re.escape(text))
        try:
            return wait_for(lambda: pattern.search(self.screen()) and self.screen(), timeout, what=f"{text!r} on the screen")
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.screen()}") from None

    def resize(self, w, h):
        self.cmd("resize-window", "-t", "t", "-x", str(w), "-y", str(h))

    def close(self):
        self.cmd("kill-server", check=False)


@pytest.fixture
def work():
    path = pathlib.Path(tempfile.mkdtemp(prefix="turret-e2e-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def desk(work):
    """A desk that keeps its state in memory: quick."""
    d = Desk(work)
    yield d
    d.close()


@pytest.fixture
def pg_desk(work):
    """A desk with its private PostgreSQL."""
    d = Desk(work, db="")
    yield d
    d.close()


@pytest.fixture
def terminal(desk):
    """terminal(120, 40): a tmux window of that size for the desk."""
    made = []

    def make(w=120, h=40):
        made.append(Tmux(desk, (w, h)))
        return made[-1]
    yield make
    for t in made:
        t.close()
