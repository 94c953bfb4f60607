"""The database killed, hung, refused, shared: a message or recovery; exits go out, nothing is lost or doubled."""
import glob
import os
import pwd
import signal
import subprocess
import time

import pytest

from conftest import Desk, wait_for
from test_crash import consistent, settled


def children_of(pid):
    return [int(d) for d in os.listdir("/proc") if d.isdigit() and os.path.exists(f"/proc/{d}/stat") and open(f"/proc/{d}/stat").read().rsplit(")", 1)[1].split()[1] == str(pid)]


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGQUIT])
def test_server_killed_comes_back(pg_desk, sig):
    desk = pg_desk
    desk.run("--seed", 5)
    m = desk.live_market()["symbol"]
    desk.buy(m, 5)
    os.kill(desk.postmaster(), sig)
    desk.json("buy", m, 2, "--yes")
    wait_for(lambda: desk.json("status").data["store_up"] is True, 40, what="the database")
    wait_for(lambda: settled(desk), 30, what="every order settled")
    wait_for(lambda: desk.json("buy", m, 3, "--yes").code == 0, 20, 1, what="a new order")
    consistent(desk)


def test_hung_server_lets_exits_pass(pg_desk):
    desk = pg_desk
    desk.run("--seed", 5)
    m = desk.live_market()["symbol"]
    desk.buy(m, 5)
    server = desk.postmaster()
    stopped = [server, *children_of(server)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        closing = desk.json("close", 1, "--yes", timeout=60)
        assert closing.code in (0, 9), closing
        wait_for(lambda: desk.positions() == [], 20, what="the closed position")
        wait_for(lambda: desk.json("status").data["store_up"] is False, 20, what="a hung database noticed")
        r = desk.json("buy", m, 2, "--yes")
        assert r.code == 7 and r.error["code"] == "store_down" and r.error["retry"] is True, r
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    wait_for(lambda: desk.json("status").data["store_up"] is True, 60, what="the database")
    wait_for(lambda: desk.json("buy", m, 3, "--yes").code == 0, 30, 1, what="a new order")
    consistent(desk)


def test_killed_with_the_outbox_full_of_exits(pg_desk):
    """Database hung, position closed through the outbox, engine killed: the next start knows that it is closed."""
    desk = pg_desk
    engine = desk.run("--seed", 5)
    m = desk.live_market()["symbol"]
    desk.buy(m, 5)
    server = desk.postmaster()
    stopped = [server, *children_of(server)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    desk.json("close", 1, "--yes", timeout=60)
    wait_for(lambda: desk.positions() == [], 20, what="the closed position")
    time.sleep(2.5)  # the fill waits a second for the database before it goes to the outbox
    engine.kill()
    engine.wait()
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    desk.run("--seed", 5)
    wait_for(lambda: settled(desk), 30, what="every order settled")
    assert desk.positions() == []
    consistent(desk)


@pytest.mark.parametrize("url", ["host=/nonexistent-socket-dir", "host=127.0.0.1 port=1", "no such thing = 3"])
def test_missing_server_gives_a_message(desk, url):
    engine = desk.run("--for", "1s", "--json", db=url, wait=False)
    assert engine.wait(60) != 0
    text = open(engine.log).read()
    assert '"ok":false' in text and "database" in text or "connect" in text, text


def test_full_disk_is_a_message(desk):
    """A data directory that can't be written."""
    blocked = desk.path / "file"
    blocked.write_text("x")
    p = subprocess.run([desk.args("run")[0], "run", "--headless", "--json", "--data", str(blocked / "below")], env=desk.env, stdout=subprocess.PIPE, text=True)
    assert p.returncode == 1 and '"ok":false' in p.stdout


def test_journal_on_a_full_disk_is_a_message(desk):
    engine = desk.run("--journal", "/dev/full", wait=False)
    assert engine.wait(20) == 1
    assert "journal" in open(engine.log).read()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_database_on_a_full_disk_recovers(pg_desk):
    desk = pg_desk
    desk.data.mkdir(mode=0o700)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=150m,mode=700", "tmpfs", str(desk.data)]).returncode:
        pytest.skip("a tmpfs can't be mounted here")
    try:
        engine = desk.run("--seed", 5)
        m = desk.live_market()["symbol"]
        desk.buy(m, 5)
        with open(desk.data / "filler", "wb") as f:
            try:
                while True:
                    f.write(bytes(1 << 16))
                    f.flush()
            except OSError:
                pass
        seen = {desk.json("buy", m, 2 + i % 5, "--yes").code for i in range(12)}
        assert seen <= {0, 7, 9}, seen
        assert desk.json("status").code == 0
        (desk.data / "filler").unlink()
        wait_for(lambda: desk.json("status").data["store_up"] is True, 60, what="the database")
        wait_for(lambda: settled(desk), 30, what="every order settled")
        wait_for(lambda: desk.json("buy", m, 3, "--yes").code == 0, 30, 1, what="a new order")
        consistent(desk)
        desk.stop()
        engine.wait(20)
    finally:
        desk.close()
        subprocess.run(["umount", "-l", str(desk.data)])


class Server:
    """A PostgreSQL server that several desks share."""

    def __init__(self, path):
        self.dir = path / "server"
        self.dir.mkdir()
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        if self.user:
            os.chown(self.dir, pwd.getpwnam("postgres").pw_uid, -1)
        run = lambda *a: subprocess.run([*self.user, *a], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        run(f"{self.bin}/initdb", "-D", str(self.dir / "c"), "-U", "turret", "-A", "trust", "-N", "-E", "UTF8")
        self.process = subprocess.Popen([*self.user, f"{self.bin}/postgres", "-D", str(self.dir / "c"), "-k", str(self.dir), "-c", "listen_addresses=", "-F"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        self.url = f"host={self.dir} user=turret dbname=postgres"
        wait_for(lambda: subprocess.run(["psql", self.url, "-c", "select 1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0, what="a server")

    def close(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(20)


@pytest.fixture
def shared(work):
    server = Server(work)
    desks = []
    for name in ("a", "b"):
        (work / name).mkdir()
        desks.append(Desk(work / name, db=server.url))
    yield desks
    for d in desks:
        d.close()
    server.close()


def status(desk):
    return desk.json("status").data


def wait_status(desk, **want):
    wait_for(lambda: all(status(desk)[k] == v for k, v in want.items()), 60, 0.2, what=f"{want}")


def test_a_watching_desk_sees_what_the_leader_does(shared):
    a, b = shared
    a.run("--seed", 5)
    b.run("--seed", 5, wait=False)
    wait_status(b, leader=False)
    m = a.live_market()["symbol"]
    a.buy(m, 4)
    wait_for(lambda: [p["size"] for p in b.positions()] == ["4"], 40, 0.5, what="the position at the other desk")
    assert status(b)["leader"] is False and status(b)["leader_holder"]


@pytest.mark.parametrize("how", ["kill", "stop", "freeze"])
def test_two_desks_one_trades_the_other_takes_over(shared, how):
    a, b = shared
    first = a.run("--seed", 5)
    m = a.live_market()["symbol"]
    a.buy(m, 4)
    b.run("--seed", 5, wait=False)
    wait_status(b, leader=False)
    r = wait_for(lambda: (lambda r: r if r.code == 7 and r.error["code"] == "not_leader" else None)(b.json("buy", m, 1, "--yes")), 20, what="a refusal")
    assert r.error["retry"] is False
    if how == "kill":
        first.kill()
        first.wait()
    elif how == "stop":
        a.stop()
    else:
        first.send_signal(signal.SIGSTOP)
    wait_status(b, leader=True, stage="live")
    assert b.positions()[0]["size"] == "4"
    wait_for(lambda: b.json("buy", m, 2, "--yes").code == 0, 20, 1, what="an order of the new leader")
    if how == "freeze":
        first.send_signal(signal.SIGCONT)
        wait_status(a, leader=False)
        assert a.json("buy", m, 9, "--yes").code == 7
    assert b.positions()[0]["size"] == "6"
    consistent(b)
