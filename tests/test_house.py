"""What a newcomer relies on: pinned dependencies, no machine's own paths, commands that exist."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted([*ROOT.glob("installer/*.lock"), *ROOT.glob("tests/*.lock")])
# Written so that this file does not find itself.
MACHINE = re.compile("|".join(("p[y]pi\\.org", "p[y]thonhosted", "n[p]mjs", "d[e]b\\.debian", "/w[o]rk/", "/r[o]ot/")))


def packages(lock: Path) -> dict[str, str]:
    """Give what a lock file pins: names with the text of their hashes."""
    found = re.findall(r"^([a-z0-9-]+)==\S+(?: ; .*?)? \\\n((?:    --hash=\S+(?: \\)?\n)+)", lock.read_text(), re.M)
    return dict(found)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_everything_is_pinned_by_hash_and_names_no_host(lock: Path):
    text = lock.read_text(encoding="utf-8")
    pinned = packages(lock)
    assert pinned
    assert len(pinned) >= len(set(re.findall(r"^([a-z0-9-]+)==", text, re.M)))
    assert all("--hash=sha256:" in hashes for hashes in pinned.values())
    assert "://" not in text
    assert "--index" not in text


def test_the_lock_has_every_declared_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {re.match(r"[a-z0-9-]+", line)[0] for line in project["dependencies"]}  # type: ignore[index]
    assert named <= set(packages(ROOT / "installer" / "requirements.lock"))
    tests = {re.match(r"[a-z0-9-]+", line)[0] for line in project["optional-dependencies"]["test"]}  # type: ignore[index]
    assert named | tests <= set(packages(ROOT / "tests" / "requirements.lock"))


def test_no_tracked_file_names_a_machine_or_a_package_host():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix not in (".png", ".ico", ".gz"):
            found = MACHINE.search(path.read_text(encoding="utf-8", errors="replace"))
            assert found is None, f"{name}: {found}"


def test_every_command_of_the_readme_exists():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    scripts = set(re.findall(r"python3 (\S+\.py)", text))
    assert {"installer/run.py", "tests/run.py"} <= scripts
    assert all((ROOT / script).is_file() for script in scripts)
    lines = re.findall(r"^    (?:.*installer/run.py|bursar) ([a-z]+)", text, re.M)
    verbs = set(re.findall(r"`bursar ([a-z]+)", text)) | set(lines)
    assert {"run", "status", "budget"} <= verbs
    help_text = subprocess.run(
        [sys.executable, "-m", "tray", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert [verb for verb in verbs if not re.search(rf"^  {verb} ", help_text, re.M)] == []
