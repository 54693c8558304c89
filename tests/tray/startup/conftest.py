"""Systems to start on: a home in a temporary place, a registry in memory, and tools that note what they are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tray.startup.program import Program
from tray.startup.system import System

# All that a path on Linux can hold, the troublesome more often than chance has it.
ODD = st.text(
    st.one_of(st.sampled_from(" \"'`$%\\=;#&|\n\t{}@!~*"), st.characters(exclude_characters="\0", codec="utf-8")),
    min_size=1,
    max_size=20,
)


class Tools:
    """The tools of a system: gives what it was told to, notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.says: dict[str, str] = {}

    def __call__(self, command: Sequence[str]) -> str | None:
        self.asked.append(tuple(command))
        return self.says.get(command[1], "")


class Registry:
    """`winreg`, in memory: HKCU's keys are dicts of values by path, made only by CreateKeyEx."""

    HKEY_CURRENT_USER, KEY_SET_VALUE, KEY_QUERY_VALUE, REG_SZ, REG_BINARY = "HKCU", 2, 1, 1, 3

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, tuple[object, int]]] = {}

    def OpenKey(self, root: str, path: str, reserved: int, access: int) -> AbstractContextManager[str]:  # noqa: N802
        """Open a key that is there."""
        assert (root, reserved) == ("HKCU", 0)
        if path not in self.keys:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return nullcontext(path)

    def CreateKeyEx(self, root: str, path: str, reserved: int, access: int) -> AbstractContextManager[str]:  # noqa: N802
        """Open a key, making it."""
        self.keys.setdefault(path, {})
        return self.OpenKey(root, path, reserved, access)

    def QueryValueEx(self, key: str, name: str) -> tuple[object, int]:  # noqa: N802
        """Read a value and its type."""
        if name not in self.keys[key]:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return self.keys[key][name]

    def SetValueEx(self, key: str, name: str, reserved: int, kind: int, value: object) -> None:  # noqa: N802
        """Write a value."""
        self.keys[key][name] = (value, kind)

    def DeleteValue(self, key: str, name: str) -> None:  # noqa: N802
        """Take a value away."""
        self.QueryValueEx(key, name)
        del self.keys[key][name]


@pytest.fixture
def tools() -> Tools:
    """Tools that note what they are asked."""
    return Tools()


@pytest.fixture
def system(tmp_path: Path, tools: Tools) -> Callable[[str], System]:
    """Makes systems by their platform, each with its home in this test's folder and bursar installed in a venv."""
    scripts = tmp_path / "my venv" / "bin"
    scripts.mkdir(parents=True)
    (scripts / "bursar").write_text("#!/bin/sh\n")
    (scripts / "bursar").chmod(0o755)
    program = Program(scripts / "python", is_frozen=False, root=tmp_path)

    def make(platform: str) -> System:
        return System({"HOME": str(tmp_path / "home")}, platform, program, tools, Registry())

    return make


def files_of(folder: Path) -> dict[str, bytes]:
    """Give every file in a folder, links too, by where it lies in it."""
    return {
        str(path.relative_to(folder)): str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }
