"""build/vectors: known answers pass, every value of them that is changed is noticed, bad files are named with the place."""
import copy
import json
import os
import pathlib
import random
import re
import subprocess

import pytest

from conftest import BUILD, ROOT

VECTORS = str(BUILD / "vectors")
HERE = ROOT / "tests/vectors/polymarket"
SHARED = pathlib.Path(os.environ.get("TURRET_SHARED") or ROOT.parent / "shared") / "vectors/polymarket"
FILES = [("polymarket-orders", "orders.json", 18), ("polymarket-orders", "orders_random.json", 24), ("polymarket-l1", "l1.json", 11),
         ("polymarket-l2", "l2.json", 29), ("polymarket-amounts", "amounts.json", 104)]
OFFICIAL = [("polymarket-orders", "orders_v2.json"), ("polymarket-l1", "l1_auth.json"), ("polymarket-l2", "l2_hmac.json"), ("polymarket-amounts", "amounts_grid.json")]


def run(*args):
    p = subprocess.run([VECTORS, *map(str, args)], capture_output=True, text=True, timeout=60)
    assert p.returncode in (0, 1, 2), p
    return p


def counts(p):
    m = re.fullmatch(r"(\d+) passed, (\d+) failed", p.stdout.splitlines()[-1])
    return int(m.group(1)), int(m.group(2))


@pytest.mark.parametrize("kind,name,count", FILES)
def test_known_answers(kind, name, count):
    p = run(kind, HERE / name)
    assert p.returncode == 0 and counts(p) == (count, 0), p.stdout


@pytest.mark.parametrize("kind,name", OFFICIAL)
def test_shared_vectors(kind, name):
    if not (SHARED / name).exists():
        pytest.skip("no shared vectors here")
    p = run(kind, SHARED / name)
    passed, failed = counts(p)
    assert p.returncode == 0 and passed > 10 and failed == 0, p.stdout


def changed(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    for i in range(len(value) - 1, -1, -1):  # the last digit or letter becomes another
        if value[i].isalnum() and value[i].isascii():
            return value[:i] + ("1" if value[i] != "1" else "2") + value[i + 1:]
    return value + "x"


def leaves(node, path=()):
    if isinstance(node, dict):
        for k, v in node.items():
            yield from leaves(v, path + (k,))
    elif isinstance(node, list):
        for i, v in enumerate(node):
            yield from leaves(v, path + (i,))
    elif node is not None:
        yield path


def at(node, path):
    for k in path:
        node = node[k]
    return node


# What is no answer: inputs that are free text or notes.
FREE = {"name", "label", "secretKind"}


def must_fail(tmp_path, kind, doc, top):
    """Every leaf under doc[top] is changed once, alone; each must be noticed."""
    missed = []
    for path in list(leaves(doc[top[0]][top[1]] if len(top) == 2 else doc[top[0]])):
        if path and path[-1] in FREE:
            continue
        bad = copy.deepcopy(doc)
        holder = at(bad, top + path[:-1])
        holder[path[-1]] = changed(holder[path[-1]])
        f = tmp_path / "bad.json"
        f.write_text(json.dumps(bad))
        p = run(kind, f)
        if p.returncode != 1 or counts(p)[1] == 0:
            missed.append(top + path)
    return missed


def test_every_changed_answer_of_an_order_is_noticed(tmp_path):
    doc = json.loads((HERE / "orders.json").read_text())
    by_name = {v["name"]: v for v in doc["vectors"]}
    for name in ("limit-1271-builder-gtd", "limit-builder-metadata", "market-0.0025-std-BUY"):
        one = {**doc, "vectors": [by_name[name]["expected"]]}  # only answers are changed
        full = {**doc, "vectors": [by_name[name]]}
        missed = []
        for path in leaves(one["vectors"][0]):
            bad = copy.deepcopy(full)
            holder = at(bad["vectors"][0]["expected"], path[:-1])
            holder[path[-1]] = changed(holder[path[-1]])
            f = tmp_path / "bad.json"
            f.write_text(json.dumps(bad))
            p = run("polymarket-orders", f)
            if p.returncode != 1:
                missed.append(path)
        assert missed == []


def test_every_changed_input_of_an_order_is_noticed(tmp_path):
    doc = json.loads((HERE / "orders.json").read_text())
    doc["vectors"] = [v for v in doc["vectors"] if v["name"] == "limit-1271-builder-gtd"]
    missed = must_fail(tmp_path, "polymarket-orders", {**doc, "vectors": [doc["vectors"][0]]}, ("vectors", 0))
    # the name of the type beside its number, and who signed, change nothing
    assert {m[-1] for m in missed} <= {"signatureTypeName", "signerKind"}


def test_every_changed_value_of_a_request_is_noticed(tmp_path):
    l1 = json.loads((HERE / "l1.json").read_text())
    assert must_fail(tmp_path, "polymarket-l1", {**l1, "vectors": l1["vectors"][2:3], "http": {}}, ("vectors", 0)) == []
    missed = must_fail(tmp_path, "polymarket-l1", l1, ("http",))
    assert missed == []
    l2 = json.loads((HERE / "l2.json").read_text())
    missed = must_fail(tmp_path, "polymarket-l2", {**l2, "http": l2["http"][4:5], "raw": []}, ("http", 0))
    assert {m[-2] for m in missed} <= {"params"}  # the query is not signed
    assert must_fail(tmp_path, "polymarket-l2", {**l2, "http": [], "raw": l2["raw"][4:5]}, ("raw", 0)) == []


def test_every_changed_amount_is_noticed(tmp_path):
    doc = json.loads((HERE / "amounts.json").read_text())
    market = next(v for v in doc["vectors"] if v["kind"] == "market" and not v["serverAcceptsPrecision"])
    missed = must_fail(tmp_path, "polymarket-amounts", {**doc, "vectors": [market], "feeAdjust": []}, ("vectors", 0))
    assert {m[-1] for m in missed} <= {"tick"}  # 0.005 and 0.001 round alike
    for fee in (doc["feeAdjust"][1], doc["feeAdjust"][6]):
        missed = must_fail(tmp_path, "polymarket-amounts", {**doc, "vectors": [], "feeAdjust": [fee]}, ("feeAdjust", 0))
        assert {m[-1] for m in missed} <= {"amount"}  # above the balance it does not count
    assert must_fail(tmp_path, "polymarket-amounts", doc, ("roundingConfig",)) == []


def test_bad_files_are_named_with_the_place(tmp_path):
    f = tmp_path / "x.json"
    p = run("polymarket-orders", f)
    assert p.returncode == 2 and str(f) in p.stderr
    text = (HERE / "orders.json").read_text()
    f.write_text(text.replace('"kind": "limit"', '"kind": limit', 1))
    p = run("polymarket-orders", f)
    line = text[:text.index('"kind": "limit"')].count("\n") + 1
    assert p.returncode == 2 and f"x.json:{line}:" in p.stderr, p.stderr
    for bad, says in (("{}", "vectors: missing"), ('{"vectors": 3}', "vectors: not a list"), ('{"vectors": []}', "0 passed, 0 failed"), ("[]", "vectors: missing"),
                      ('{"vectors": [null, 1, {}]}', "0 passed, 3 failed"), ('{"vectors": [{"input": {}, "expected": {}}]}', "vectors[0]: privateKey: missing")):
        f.write_text(bad)
        p = run("polymarket-orders", f)
        assert p.returncode == 1 and says in p.stdout, (bad, p.stdout)
    f.write_text('{"http": [], "raw": []}')
    assert run("polymarket-l2", f).returncode == 1


def test_a_missing_input_is_named(tmp_path):
    doc = json.loads((HERE / "orders.json").read_text())
    f = tmp_path / "x.json"
    for key in ("tokenId", "side", "price", "size", "tickSize"):
        bad = copy.deepcopy(doc)
        bad["vectors"] = bad["vectors"][:1]
        del bad["vectors"][0]["input"][key]
        f.write_text(json.dumps(bad))
        p = run("polymarket-orders", f)
        assert p.returncode == 1 and f"limit-0.1-std-BUY: {key}: missing" in p.stdout, p.stdout


def test_damaged_files_never_crash_it(tmp_path):
    rng = random.Random(4)
    odd = [None, "", "x", -1, 0, 1e300, 2**63, "9" * 100, "0x", True, [], {}, [1], "\ud83d\ude00", "ab" * 5000]
    f = tmp_path / "x.json"
    for kind, name, _ in FILES:
        doc = json.loads((HERE / name).read_text())
        paths = list(leaves(doc))
        for _ in range(40):
            bad = copy.deepcopy(doc)
            for path in rng.sample(paths, 25):
                try:
                    holder = at(bad, path[:-1])
                    holder[path[-1]] = rng.choice(odd)
                except (TypeError, KeyError, IndexError):
                    pass
            f.write_text(json.dumps(bad))
            run(kind, f)


def test_help_and_usage():
    p = run("--help")
    assert p.returncode == 0 and all(k in p.stdout for k, _, _ in FILES)
    assert run().returncode == 2 and run("polymarket-orders").returncode == 2
    p = run("nothing", "x")
    assert p.returncode == 2 and "nothing" in p.stderr
