"""The rooms of the house keep to their table (tests/layers.py), and the check itself sees what it is there for."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import layers


def build():
    return os.path.relpath(os.environ.get("TURRET_BUILD", os.path.join(layers.ROOT, "build")), layers.ROOT)


def test_includes_follow_the_table():
    assert list(layers.check_includes()) == []


def test_files_stay_short():
    assert list(layers.check_lengths()) == []


def test_pure_rooms_have_no_side_effects():
    assert list(layers.check_calls(build())) == []


def put(root, path, text):
    path = root / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_forbidden_include_is_found(tmp_path, monkeypatch):
    put(tmp_path, "include/turret/base/x.h", "\n")
    put(tmp_path, "src/market/a.c", '#include "turret/base/x.h"\n#include "turret/io/loop.h"\n')
    put(tmp_path, "src/ui/b.c", '#include "turret/desk/view.h"\n#include "turret/desk/desk.h"\n')
    monkeypatch.setattr(layers, "ROOT", str(tmp_path))
    assert [b.split(": ")[0] for b in layers.check_includes()] == ["src/market/a.c:2", "src/ui/b.c:2"]


def test_a_long_file_is_found(tmp_path, monkeypatch):
    put(tmp_path, "src/base/a.c", "\n" * (layers.SOURCE_LINES + 1))
    put(tmp_path, "include/turret/base/a.h", "\n" * layers.HEADER_LINES)
    monkeypatch.setattr(layers, "ROOT", str(tmp_path))
    assert [b.split(":")[0] for b in layers.check_lengths()] == ["src/base/a.c"]


def test_a_clock_in_a_pure_room_is_found(tmp_path, monkeypatch):
    put(tmp_path, "src/desk/a.c", "#include <time.h>\nlong now(void); long now(void) { return time(0); }\n")
    (tmp_path / "build/obj/src/desk").mkdir(parents=True)
    import subprocess
    subprocess.run(["gcc", "-c", str(tmp_path / "src/desk/a.c"), "-o", str(tmp_path / "build/obj/src/desk/a.o")], check=True)
    monkeypatch.setattr(layers, "ROOT", str(tmp_path))
    assert any("calls time" in b for b in layers.check_calls("build"))
