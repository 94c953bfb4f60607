"""Pages and code agree: the tables are the code's, mandoc has nothing to say, every name in the code is on a page and the other way round."""
import json
import re
import subprocess
import sys

import pytest

from conftest import ROOT, TURRET

PAGES = {p.name: p for p in sorted((ROOT / "man").glob("*.[1-9]"))}


def test_tables_are_the_codes():
    r = subprocess.run([sys.executable, str(ROOT / "man/splice.py"), TURRET, "--check", *map(str, PAGES.values())], stderr=subprocess.PIPE, text=True)
    assert r.returncode == 0, r.stderr


@pytest.mark.parametrize("page", PAGES)
def test_mandoc_is_silent(page):
    r = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(PAGES[page])], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert r.returncode == 0 and r.stdout == "", r.stdout


def text(page):
    out = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=400", str(PAGES[page])], stdout=subprocess.PIPE, text=True, check=True).stdout
    return re.sub(".\x08", "", out)


def test_every_setting_key_exit_code_and_command_is_on_a_page(desk):
    conf, keys, main = text("turret.conf.5"), text("turret-keys.7"), text("turret.1")
    for s in desk.json("config", "show").data:
        section, key = s["setting"].split(".", 1)
        assert f"{key} =" in conf and f"TURRET_{section}_{key}".upper() in conf
    for k in desk.json("keys").data:
        assert k["action"] in keys and k["keys"].split(",")[0] in keys
    for line in desk.cli("help").out.splitlines():
        m = re.match(r"  ([a-z-]+) {2,}\S", line)
        if m:
            assert re.search(rf"^\s+{re.escape(m.group(1))}\b", main, re.M), m.group(1)
    for code in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130, 143):
        assert re.search(rf"^\s+{code}\s", main, re.M), code


def test_every_exit_code_of_an_error_is_listed(desk):
    main = text("turret.1")
    header = (ROOT / "include/turret/base/err.h").read_text()
    rows = re.findall(r"X\((\w+), \w+, (\d+),", header)
    assert len(rows) > 40
    for name, code in rows:
        if name != "OK":
            assert re.search(rf"{name.lower()}\s+\(exit {code}\)", main), name


def test_limits_and_placeholders_are_on_the_page():
    page = text("turret-agents.5")
    limits = re.findall(r"^\s+X\((\w+), \w+, \d+, ", (ROOT / "include/turret/trade/model.h").read_text(), re.M)
    names = re.findall(r"^\s+X\(([A-Z_]+), \"", (ROOT / "src/agent/prompt_parts.h").read_text(), re.M)
    assert len(limits) >= 14 and len(names) >= 39
    assert [k for k in limits if not re.search(rf"^\s+{k}$", page, re.M)] == []
    assert set(re.findall(r"^\s+\{\{(\w+)\}\}$", page, re.M)) == set(names)
    for path in [*(ROOT / "agents/variants").glob("*.md"), ROOT / "agents/prompt.md"]:
        assert set(re.findall(r"\{\{(\w+)\}\}", path.read_text())) <= set(names), path


def test_readme_names_what_there_is(desk):
    readme = (ROOT / "README.md").read_text()
    head = "\n".join(readme.splitlines()[:25])
    assert "make run" in head and "make check" in head
    for link in re.findall(r"\]\(([^)]+)\)", readme):
        assert (ROOT / link).exists(), link
    for target in re.findall(r"`make ([a-z]+)", readme):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M), target
    commands = json.dumps(desk.cli("help").out)
    for line in re.findall(r"^    turret (\w+)", readme, re.M):
        assert line in commands, line


def test_documents_name_files_that_exist():
    for page in (ROOT / "docs").glob("*.md"):
        for name in re.findall(r"`((?:src|include|tests|docs)/[a-z_0-9/.]+)`", page.read_text()):
            assert (ROOT / name).exists(), f"{page.name}: {name}"


def test_the_traders_of_the_manual_are_there():
    """The wallets that the manual names are those of the simulator's source."""
    import re
    page = set(re.findall(r"0x[0-9a-f]{40}", (ROOT / "man/turret-automations.7").read_text()))
    docs = set(re.findall(r"0x[0-9a-f]{40}", (ROOT / "docs/architecture.md").read_text()))
    assert len(page) == 6 and page == docs
