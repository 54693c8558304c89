"""The house holds its shape: each package imports only to its left, and a few things happen in one file only."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# package -> the packages of ours, and of others, that it may import besides the standard library
LAYERS = {
    "pricing": set[str](),
    "budget": {"pricing", "sqlite_utils"},
    "proxy": {
        *("pricing", "budget", "flask", "werkzeug", "requests", "urllib3", "httptools", "msgspec", "certifi"),
        *("jsonschema", "referencing", "jinja2"),
    },
    "tray": {
        *("pricing", "budget", "proxy"),
        *("click", "platformdirs", "tomlkit", "tzlocal", "PIL", "pystray", "apscheduler", "apprise", "jeepney"),
        *("PyObjCTools", "gi"),
    },
}
# what only some files may import (a trailing / means a folder)
ONLY_IN = {
    "apprise": ("tray/alerts/postman.py",),
    "apscheduler": ("tray/scheduler.py",),
    "jsonschema": ("proxy/toolcalls/",),
    "sqlite3": ("budget/",),
    "sqlite_utils": ("budget/",),
    "jeepney": ("tray/backends/wire.py",),
    "pystray": ("tray/backends/",),
    "gi": ("tray/backends/xembed_child.py",),
    "PyObjCTools": ("tray/backends/",),
    "tomlkit": ("tray/config_edit.py",),
    "click": ("tray/cli/",),
    "flask": ("proxy/",),
    "platformdirs": ("tray/paths.py",),
    "subprocess": ("tray/", "pricing/power.py", "proxy/bench/tasks/jail.py"),
}
# what is called in one place only, so that everything else can be handed it
CALLED_ONLY_IN = {
    "datetime.now": ("tray/__main__.py",),
    "datetime.utcnow": (),
    "datetime.today": (),
    "date.today": (),
    "time.time": (),
    "os.getenv": (),
    "os.environ": ("tray/__main__.py",),
    "print": (),
}
FILES = sorted(path for package in LAYERS for path in (ROOT / package).rglob("*.py"))


def imports(tree: ast.AST) -> Iterator[str]:
    """Name every module that a file imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""


def uses(tree: ast.AST) -> Iterator[str]:
    """Name every `print` call and every attribute of a plain name, such as `time.time`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def is_allowed(where: str, places: tuple[str, ...]) -> bool:
    """Tell whether a file is one of the places, or in one."""
    return any(where == place or (place.endswith("/") and where.startswith(place)) for place in places)


@cache
def files() -> dict[str, tuple[set[str], set[str]]]:
    """Read every file of the packages: the packages that it imports of, and what it uses, by where it is."""
    texts = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in FILES}
    return {where: read(ast.parse(text)) for where, text in texts.items()}


def read(tree: ast.AST) -> tuple[set[str], set[str]]:
    """Name the packages that a file imports of, and what it uses."""
    return {name.partition(".")[0] for name in imports(tree)}, set(uses(tree))


def misplaced(found: set[str], table: dict[str, tuple[str, ...]], where: str) -> list[str]:
    """Name what is found in a file, and belongs in others only."""
    return [name for name, places in table.items() if name in found and not is_allowed(where, places)]


def test_each_file_imports_only_its_own_package_and_those_to_its_left():
    for where, (tops, _) in files().items():
        package = where.partition("/")[0]
        assert tops - set(sys.stdlib_module_names) - LAYERS[package] - {package} == set(), where


def test_what_belongs_in_one_place_is_used_nowhere_else():
    for where, (tops, used) in files().items():
        assert misplaced(tops, ONLY_IN, where) == [], where
        assert misplaced(used, CALLED_ONLY_IN, where) == [], where


def test_nobody_imports_the_installer_or_the_tests():
    for where, (tops, _) in files().items():
        assert not tops & {"installer", "tests"}, where


def test_the_table_would_notice():
    assert set(imports(ast.parse("def f():\n    from tray.app import build\n    import os, sqlite3"))) == {
        *("tray.app", "os", "sqlite3"),
    }
    assert set(uses(ast.parse("at = datetime.now(UTC); clock = time.time; print(1)"))) >= {
        *("datetime.now", "time.time", "print"),
    }
    assert is_allowed("tray/cli/main.py", ("tray/cli/",))
    assert not is_allowed("tray/climb.py", ("tray/cli/",))
