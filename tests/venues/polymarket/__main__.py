"""python3 -m polymarket [--port N] [--gamma-port N] [--data-port N] [--relayer-port N] [--chain 137] [--seed 1] [--setup FILE] [--tls PEM]: the mock on loopback.

Prints one line of JSON with its URLs. FILE: a JSON list of [control, body], as sent to /_control/NAME. PEM: certificate and key; then https and wss."""
import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from polymarket.server import main  # noqa: E402

ap = argparse.ArgumentParser(prog="polymarket")
ap.add_argument("--port", type=int, default=0)
ap.add_argument("--gamma-port", type=int, default=0)
ap.add_argument("--data-port", type=int, default=0)
ap.add_argument("--relayer-port", type=int, default=0)
ap.add_argument("--chain", type=int, default=137)
ap.add_argument("--seed", type=int, default=1)
ap.add_argument("--setup")
ap.add_argument("--tls")
a = ap.parse_args()
main({"clob": a.port, "gamma": a.gamma_port, "data": a.data_port, "relayer": a.relayer_port}, a.chain, a.seed, json.loads(pathlib.Path(a.setup).read_text()) if a.setup else [], a.tls)
