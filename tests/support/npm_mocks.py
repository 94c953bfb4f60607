"""The mock servers from npm (build/npm), each on a free port of loopback.

    with aimock([fixture, ...], "--chaos-ratelimit", "0.5") as url: ...      # base_url = url + "/v1" (openai) or url (anthropic)
    with openai_mock({"apiKey": .., "responses": [..]}) as url: ...          # JSON is YAML
"""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NPM = ROOT / "build" / "npm"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


@contextlib.contextmanager
def node_server(program, *args):
    if not shutil.which("node") or not (NPM / ".done").exists():
        pytest.skip("no mock servers from npm (make build/npm/.done)")
    port = free_port()
    cmd = ["node", "--import", str(ROOT / "tests" / "npm" / "preload.mjs"), str(NPM / "node_modules" / ".bin" / program), "-p", str(port), *args]
    with tempfile.TemporaryFile() as log:
        p = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            end = time.monotonic() + 30
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    log.seek(0)
                    assert p.poll() is None and time.monotonic() < end, log.read().decode()
                    time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            p.kill()
            p.wait()


@contextlib.contextmanager
def aimock(fixtures, *args):
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "fixtures.json")
        pathlib.Path(path).write_text(json.dumps({"fixtures": fixtures}))
        with node_server("llmock", "-f", path, "--validate-on-load", "-c", "8", *args) as url:
            yield url


@contextlib.contextmanager
def openai_mock(config):
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "config.yaml")
        pathlib.Path(path).write_text(json.dumps(config))
        with node_server("openai-mock-api", "-c", path) as url:
            yield url
