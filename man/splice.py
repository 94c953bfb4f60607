#!/usr/bin/env python3
"""Puts the tables that the program prints into the pages, between `.\\" BEGIN name` and `.\\" END`; splice.py TURRET [--check] PAGE...

With --check nothing is written; a page that differs from the code is named and the exit code is 1.
"""
import re
import subprocess
import sys


def spliced(turret, text):
    def table(m):
        body = subprocess.run([turret, "help", "--mdoc", m.group(2)], check=True, stdout=subprocess.PIPE, text=True).stdout
        return m.group(1) + body + '.\\" END'
    return re.sub(r'(\.\\" BEGIN ([a-z-]+)\n).*?\.\\" END', table, text, flags=re.S)


def main():
    turret, check = sys.argv[1], "--check" in sys.argv
    stale = []
    for page in [a for a in sys.argv[2:] if a != "--check"]:
        old = open(page).read()
        new = spliced(turret, old)
        if new != old:
            stale.append(page)
            if not check:
                open(page, "w").write(new)
    if check and stale:
        sys.exit("differs from the code (make man): " + ", ".join(stale))


if __name__ == "__main__":
    main()
