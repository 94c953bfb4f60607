#!/usr/bin/env python3
"""Runs every subcommand of build/bench and prints what it says beside its goal (`make bench`).

bench.py [--build build] [--write]: the yardstick and the order flows are taken from ../shared (or $TURRET_SHARED) and
left out where that is missing. --write puts the figures, with the machine, into docs/performance.md.
"""
import argparse, datetime, glob, json, os, platform, re, shutil, statistics, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.environ.get("TURRET_SHARED") or os.path.join(os.path.dirname(ROOT), "shared")
ROUNDS = 3  # the engine and its yardstick in turns, so that a machine that drifts hits both


def run(*cmd):
    p = subprocess.run(cmd, capture_output=True, text=True, cwd=ROOT)
    if p.returncode != 0:
        sys.exit(f"bench: {' '.join(cmd)} failed: {p.stderr.strip() or p.stdout.strip()}")
    return p.stdout


def lines(bench, *args):
    return [json.loads(line) for line in run(bench, *args).splitlines() if line.startswith("{")]


def machine():
    cpu = "unknown processor"
    try:
        cpu = re.search(r"^model name\s*:\s*(.+)$", open("/proc/cpuinfo").read(), re.M).group(1)
    except (OSError, AttributeError):
        pass
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    gcc = run("gcc", "--version").splitlines()[0]
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}, {gcc}"


def textbook(folder):
    """The yardstick compiled, or None."""
    source = os.path.join(SHARED, "bench", "textbook.cpp")
    if not os.path.exists(source) or not shutil.which("g++"):
        return None
    exe = os.path.join(folder, "textbook")
    run("g++", "-O3", "-march=native", "-DNDEBUG", "-std=c++20", source, "-o", exe)
    return exe


def promised_checksums():
    """flow -> (fills, checksum), from the table beside the flows."""
    try:
        text = open(os.path.join(SHARED, "bench", "README.md")).read()
    except OSError:
        return {}
    rows = re.findall(r"^\| *(\w+) *\|[^|]*\|[^|]*\| *([\d ]+?) *\| *([0-9a-f]{16}) *\|", text, re.M)
    return {name: (int(fills.replace(" ", "")), checksum) for name, fills, checksum in rows}


def match_rows(bench):
    """(what, figure, yardstick, ratio, goal, kept) for each flow."""
    flows = sorted(glob.glob(os.path.join(SHARED, "bench", "flows", "*.flow.gz")))
    if not flows:
        print(f"bench: no order flows in {SHARED}/bench/flows: the matching engine is not measured")
        return
    promised = promised_checksums()
    with tempfile.TemporaryDirectory() as folder:
        yardstick = textbook(folder)
        for flow in flows:
            name = os.path.basename(flow).split(".")[0]
            plain = os.path.join(folder, name + ".flow")
            with open(plain, "wb") as f:
                f.write(subprocess.run(["gzip", "-dc", flow], capture_output=True, check=True).stdout)
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(lines(bench, "match", plain)[0])
                if yardstick:
                    theirs.append(float(re.search(r"median ([\d.]+) ns/op", run(yardstick, plain, "5")).group(1)))
            one = ours[0]
            if name in promised:
                good = (one["fills"], one["checksum"]) == promised[name]
                yield f"match {name}: fills", f"{one['fills']} {one['checksum']}", "", "", "equal", good
            ns = statistics.median(o["ns_per_op"] for o in ours)
            if theirs:
                base = statistics.median(theirs)
                yield f"match {name}: ns/op", f"{ns:.1f}", f"textbook {base:.1f}", f"{ns / base:.3f}", "<= 0.25", ns / base <= 0.25
            else:
                yield f"match {name}: ns/op", f"{ns:.1f}", "", "", "", True
            yield f"match {name}: p50 / p99 ns", f"{one['p50_ns']} / {one['p99_ns']}", "", "", "", True
        yield "match: bytes a resting order", f"{one['bytes_per_order']:.1f}", "", "", "<= 64", one["bytes_per_order"] <= 64


def trigger_rows(out):
    kept = out["ratio"] <= 1.2
    return [(f"trigger: ns a silent tick, {out['many']:,} armed", f"{out['many_ns']:.2f}", f"{out['few']} armed {out['few_ns']:.2f}", f"{out['ratio']:.3f}", "<= 1.2", kept)]


def persist_rows(out):
    return [("persist: intent to commit, p50 us", f"{out['intent_p50_us']:.0f}", f"plain INSERT {out['insert_p50_us']:.0f}", f"{out['ratio']:.3f}", "<= 1.3", out["ratio"] <= 1.3),
            ("persist: a sniper's firing to commit, p50 us", f"{out['fire_p50_us']:.0f}", f"plain INSERT {out['insert_p50_us']:.0f}", f"{out['fire_ratio']:.3f}", "<= 1.5", out["fire_ratio"] <= 1.5),
            ("persist: intent to commit, p99 us", f"{out['intent_p99_us']:.0f}", f"plain INSERT {out['insert_p99_us']:.0f}", "", "", True)]


def indicator_rows(out):
    return [("indicators: us for a tick of 20 markets, all read", f"{out['us_all_markets']:.2f}", "", "", "<= 20", out["us_all_markets"] <= 20),
            ("indicators: the same with 100 times the history", f"{out['us_long_history']:.2f}", f"{out['us_all_markets']:.2f}", f"{out['history_ratio']:.3f}", "<= 1.2", out["history_ratio"] <= 1.2)]


def metric_rows(out):
    return [("metrics: us for a trade more than 1,000,000, all read", f"{out['update_and_read_us_p50']:.2f}", "", "", "<= 1000", out["update_and_read_us_p50"] <= 1000)]


def watch_rows(out):
    return [("watch: bytes of an armed sniper among 1,000,000", f"{out['bytes_each']:.0f}", "", "", "<= 128", out["bytes_each"] <= 128),
            ("watch: ns of a tick that fires nothing, without and with them", f"{out['tick_ns']:.0f}", f"{out['tick_ns_none']:.0f}", f"{out['tick_ns'] / out['tick_ns_none']:.2f}", "<= 200", out["tick_ns"] <= 200),
            ("watch: s to take in 1,000,000 records", f"{out['load_s']:.2f}", "", "", "<= 2", out["load_s"] <= 2),
            ("watch: us from the tick to the intent, p50", f"{out['fire_us_p50']:.1f}", "", "", "<= 60", out["fire_us_p50"] <= 60)]


def official_us():
    """What the official client takes, by the wallet it signs with; None without node or the package."""
    modules = os.path.join(ROOT, "build", "npm", "node_modules")
    if not shutil.which("node") or not os.path.isdir(os.path.join(modules, "@polymarket", "clob-client-v2")):
        print("bench: no node, or no official client in build/npm: signing is not measured against it")
        return None
    p = subprocess.run(["node", os.path.join(ROOT, "tests", "npm", "sign_bench.mjs"), modules, "300"], capture_output=True, text=True)
    if p.returncode != 0:
        print(f"bench: the official client does not run: {p.stderr.strip()[-300:]}")
        return None
    return json.loads(p.stdout)


def wire_rows(out):
    return [("wire: decision to the order at the venue, p50 us", f"{out['p50_us']:.0f}", f"plain INSERT {out['insert_p50_us']:.0f}", f"{out['ratio']:.3f}", "<= 1.5", out["ratio"] <= 1.5),
            ("wire: of it behind the commit, p50 us", f"{out['send_p50_us']:.0f}", "", "", "", True)]


def sign_rows(out):
    yield "sign: us an order", f"{out['us']:.1f}", f"bare {out['bare_us']:.1f}", f"{out['ratio']:.3f}", "<= 1.2", out["ratio"] <= 1.2
    yield "sign: us a deposit wallet's order", f"{out['wallet_us']:.1f}", f"bare {out['wallet_bare_us']:.1f}", f"{out['wallet_ratio']:.3f}", "<= 1.2", out["wallet_ratio"] <= 1.2
    theirs = official_us()
    if theirs is None:
        yield "sign: us to the whole request", f"{out['request_us']:.1f}", "", "", "", True
        return
    ethers, viem = theirs["ethers"], theirs["viem"]
    yield "sign: us an order, as often as the official client", f"{out['us']:.1f}", f"ethers wallet {ethers['sign_us']:.0f}", f"{ethers['sign_us'] / out['us']:.0f}", ">= 30", ethers["sign_us"] >= 30 * out["us"]
    yield "sign: the same with its other wallet", f"{out['us']:.1f}", f"viem wallet {viem['sign_us']:.0f}", f"{viem['sign_us'] / out['us']:.0f}", "", True
    yield "sign: us to the whole request", f"{out['request_us']:.1f}", f"ethers wallet {ethers['request_us']:.0f}", f"{ethers['request_us'] / out['request_us']:.0f}", "", True


def pm_frame_rows(out):
    return [(f"pmframes: ns a {out['kind']} message of {out['bytes']} bytes, to the book and the sink", f"{out['frame_ns']:.0f}", f"bare cJSON {out['cjson_ns']:.0f}", f"{out['ratio']:.3f}", "<= 1.5", out["ratio"] <= 1.5)]


def pm_book_rows(out):
    return [(f"pmbooks: percent of a core, {out['books']} books, 2,000 changes a second", f"{out['cpu_percent']:.1f}", "", "", "<= 10", out["cpu_percent"] <= 10),
            ("pmbooks: ms of the longest loop turn while all snapshots come (own time)", f"{out['stall_ms']:.2f}", f"by the wall {out['stall_wall_ms']:.2f}", "", "<= 5", out["stall_ms"] <= 5)]


SPECIAL = {"wire": wire_rows, "pmframes": pm_frame_rows, "pmbooks": pm_book_rows, "sign": sign_rows, "trigger": trigger_rows, "persist": persist_rows, "indicators": indicator_rows, "metrics": metric_rows, "watch": watch_rows}


def plain_rows(out):
    """Any other subcommand: its numbers as they are; "goal" and "kept" when it gives them."""
    name = out.pop("bench", "?")
    goal, kept = out.pop("goal", ""), out.pop("kept", True)
    return [(f"{name}: {key}", f"{value:,}" if isinstance(value, (int, float)) else str(value), "", "", goal, kept) for key, value in out.items() if key != "hash"]


def rows(bench):
    for line in run(bench, "--list").splitlines():
        name, usage = line.split("\t")
        if name == "match":
            yield from match_rows(bench)
        elif not usage.startswith("FILE"):
            for out in lines(bench, name):
                yield from SPECIAL.get(name, plain_rows)(out)


def table(all_rows):
    head = ("what", "here", "yardstick", "ratio", "goal", "")
    cells = [head] + [(*r[:5], ("kept" if r[5] else "MISSED") if r[4] else "") for r in all_rows]
    width = [max(len(row[i]) for row in cells) for i in range(len(head))]
    text = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, width)) + " |" for row in cells]
    return "\n".join([text[0], "|" + "|".join("-" * (w + 2) for w in width) + "|"] + text[1:])


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--build", default="build")
    ap.add_argument("--write", action="store_true", help="write docs/performance.md")
    a = ap.parse_args()
    found = list(rows(os.path.join(ROOT, a.build, "bench")))
    text = table(found)
    print(f"{machine()}\n\n{text}")
    if a.write:
        day = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
        path = os.path.join(ROOT, "docs", "performance.md")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(f"# Performance\n\nMeasured {day} with `make bench` on: {machine()}.\nAbsolute figures drift with the machine's load; "
                    f"ratios were taken in one run.\n\n{text}\n")
    return 0 if all(r[5] for r in found) else 1


if __name__ == "__main__":
    sys.exit(main())
