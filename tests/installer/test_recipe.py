"""The recipes: what they name is there, and what they fetch is pinned."""

import ast
import importlib.util
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPEC = (ROOT / "installer" / "bursar.spec").read_text(encoding="utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def strings(of: str) -> list[str]:
    """Read the strings of a top-level list or table of the spec."""
    tree = ast.parse(SPEC)
    (value,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == of
    ]
    return [node.value for node in ast.walk(value) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def test_no_module_of_ours_is_left_out_and_those_named_are_there():
    ours = re.findall(r'"((?:tray|proxy|budget|pricing)\.[\w.]+)"', SPEC)
    assert len(ours) >= 3
    for name in ours:
        assert (ROOT / (name.replace(".", "/") + ".py")).is_file(), name
    unused = strings("UNUSED")
    assert not [name for name in unused if name.partition(".")[0] in ("pricing", "budget", "proxy", "tray")]


def test_what_the_source_imports_is_not_left_out():
    used = {
        name.partition(".")[0]
        for package in ("pricing", "budget", "proxy", "tray")
        for path in (ROOT / package).rglob("*.py")
        for name in re.findall(r"^(?:from|import) ([\w.]+)", path.read_text(encoding="utf-8"), re.M)
    }
    assert not {name for name in strings("UNUSED") if "." not in name} & used


def test_hidden_modules_of_others_exist():
    for name in re.findall(r'"(apscheduler\.[a-z.]+)"', SPEC.partition("UNUSED")[0]):
        assert importlib.util.find_spec(name), name


def test_actions_are_pinned_by_commit_and_jobs_may_only_read_unless_they_release():
    for path in WORKFLOWS:
        text = path.read_text(encoding="utf-8")
        actions = re.findall(r"uses: (\S+)", text)
        assert actions
        for action in actions:
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action), action
        assert re.search(r"^permissions:\n  contents: read$", text, re.M), path
        assert text.count("contents: write") == (path.name == "release.yml")


def test_what_is_built_with_is_pinned_with_digests():
    lock = (ROOT / "installer" / "build.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9][a-z0-9.-]*)==", lock, re.M)
    assert {"pyinstaller", "cyclonedx-bom", "flask"} <= set(pins)
    assert lock.count("--hash=sha256:") >= len(pins)
    runs_with = re.findall(r"^([a-z0-9][a-z0-9.-]*==\S+)", (ROOT / "installer" / "requirements.lock").read_text(), re.M)
    assert not [pin for pin in runs_with if pin not in lock]


def test_the_versions_agree():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert re.search(rf'^VERSION = "{re.escape(version)}"$', (ROOT / "tray" / "__init__.py").read_text(), re.M)
