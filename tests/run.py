#!/usr/bin/env python3
"""Runs every test and ends with one line `N passed, N failed`: unit programs (cmocka, TAP), then pytest.

run.py --build build [-k WORD] : WORD picks unit programs and pytest cases by name.
"""
import argparse, concurrent.futures, os, re, subprocess, sys, time
import xml.etree.ElementTree as ET

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def unit(path):
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP")
    try:
        p = subprocess.run([path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, cwd=ROOT, timeout=600, stdin=subprocess.DEVNULL)
        out, code = p.stdout.decode("utf-8", "replace"), p.returncode
    except subprocess.TimeoutExpired as e:
        out, code = (e.stdout or b"").decode("utf-8", "replace") + "\nnot ok - timed out after 600 s\n", 124
    ok = len(re.findall(r"^ok \d+", out, re.M))
    skip = re.findall(r"^(?:not )?ok \d+ # SKIP ?(.*)", out, re.M)
    ok -= len(re.findall(r"^ok \d+ # SKIP", out, re.M))
    bad = len(re.findall(r"^not ok(?! \d+ # SKIP)", out, re.M))
    if code != 0 and bad == 0:
        bad = 1
    if ok + bad + len(skip) == 0:
        bad, out = 1, out + "\nran no test\n"
    return path, ok, bad, skip, out


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--build", default="build")
    ap.add_argument("-k", default="")
    a = ap.parse_args()
    build = os.path.join(ROOT, a.build)
    progs = sorted(os.path.join(d, f) for d, _, fs in os.walk(os.path.join(build, "tests")) for f in fs
                   if os.path.basename(d) != "probe" and os.access(os.path.join(d, f), os.X_OK) and "." not in f and a.k in f
                   and os.path.exists(os.path.join(ROOT, "tests", os.path.relpath(os.path.join(d, f), os.path.join(build, "tests")) + ".c")))
    passed = failed = skipped = 0
    t0 = time.time()
    with concurrent.futures.ThreadPoolExecutor(2) as ex:
        for path, ok, bad, skip, out in ex.map(unit, progs):
            passed, failed, skipped = passed + ok, failed + bad, skipped + len(skip)
            print(f"{'ok  ' if not bad else 'FAIL'} {os.path.relpath(path, build):40} {ok} passed, {bad} failed" + (f", skipped: {' '.join(skip)}" if skip else ""), flush=True)
            if bad:
                print(out, flush=True)
    print(f"unit programs: {time.time() - t0:.0f} s", flush=True)
    xml = os.path.join(build, "pytest.xml")
    env = dict(os.environ, TURRET_BUILD=build, PYTHONDONTWRITEBYTECODE="1")
    cmd = ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "3", "--dist", "load", "--junitxml", xml, "-rs", "tests"]
    if a.k:
        cmd += ["-k", a.k]
    if os.path.exists(xml):
        os.unlink(xml)
    r = subprocess.run(cmd, cwd=ROOT, env=env, stdin=subprocess.DEVNULL)
    if os.path.exists(xml):
        s = ET.parse(xml).getroot().find("testsuite")
        n, f, e, k = (int(s.get(x, 0)) for x in ("tests", "failures", "errors", "skipped"))
        passed, failed, skipped = passed + n - f - e - k, failed + f + e, skipped + k
    elif r.returncode != 5 or not a.k:
        failed += 1
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
