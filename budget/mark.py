"""The durable mark: a fsynced figure that says how high the day may already stand.

The database commits without fsync. A killed process loses nothing by that, because the page cache survives it;
a power cut may lose the last holds, and a database restored from yesterday loses more. Neither can make the day
look emptier than the mark: it is raised, durably, before a hold may pass it.
"""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from budget.files import write_durably
from budget.state import Mode, StoppedBy

STEPS = 50
"""The mark rises in steps of a fiftieth of the cutoff: one fsync for each 2 % instead of one for each request."""


@dataclass(frozen=True, slots=True)
class Height:
    """A day, the picodollars it may stand at, and the switches: a restored ledger opens nothing that was closed."""

    day: date
    picos: int
    mode: Mode = Mode.observe
    stopped_by: StoppedBy | None = None


class BadMark(ValueError):
    """The mark's file is there and cannot be believed."""


class Mark:
    """The high-water file: it rises at once, and sinks only after the database itself was made durable."""

    def __init__(self, path: Path, height: Height | None) -> None:
        self.path = path
        self.height = height

    @classmethod
    def read(cls, path: Path) -> Mark:
        """Read the file; a missing one has no height. Raises BadMark when its contents are not ours."""
        try:
            text = path.read_text("ascii")
        except FileNotFoundError:
            return cls(path, None)
        except (OSError, UnicodeDecodeError) as error:
            raise BadMark(f"{path.name} cannot be read: {error}") from error
        return cls(path, _parsed(text, path))

    def covers(self, height: Height) -> bool:
        """Say whether a commit that leaves the ledger like this needs no fsync."""
        now = self.height
        return (
            now is not None
            and now.day == height.day
            and height.picos <= now.picos
            and now.mode is height.mode
            and now.stopped_by == height.stopped_by
        )

    def write(self, height: Height) -> None:
        """Set the height durably; OSError when the disk does not take it, and then the old height still stands."""
        fields = {"day": height.day.isoformat(), "picos": height.picos}
        body = json.dumps({**fields, "mode": height.mode, "stopped_by": height.stopped_by})
        write_durably(self.path, f"{body}\n{zlib.crc32(body.encode()):08x}\n".encode())
        self.height = height


def step_above(picos: int, cutoff: int) -> int:
    """Round up to the next step, but not beyond a cutoff that nothing may pass anyway."""
    step = max(cutoff // STEPS, 1)
    return max(picos, min((picos // step + 1) * step, cutoff))


def boot_id() -> str | None:
    """Name the present run of the machine, or None: if it is the same as before, no unsynced write was lost."""
    return _linux_boot() or _windows_boot() or _macos_boot()


def _parsed(text: str, path: Path) -> Height:
    body, _, checksum = text.rstrip("\n").partition("\n")
    if f"{zlib.crc32(body.encode()):08x}" != checksum:
        raise BadMark(f"{path.name} does not match its checksum")
    try:
        fields = json.loads(body)
        day, picos = date.fromisoformat(fields["day"]), int(fields["picos"])
        return Height(day, picos, Mode(fields["mode"]), fields["stopped_by"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadMark(f"{path.name} is of another version") from error


def _linux_boot() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip() or None
    except OSError:
        return None


def _windows_boot() -> str | None:
    if os.name != "nt":
        return None
    import winreg

    where = r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters"
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, where) as key:  # type: ignore[attr-defined, unused-ignore]
            return str(winreg.QueryValueEx(key, "BootId")[0])  # type: ignore[attr-defined, unused-ignore]
    except OSError:
        return None


def _macos_boot() -> str | None:
    import ctypes
    import sys

    if sys.platform != "darwin":
        return None
    libc = ctypes.CDLL(None)
    size = ctypes.c_size_t(128)
    buffer = ctypes.create_string_buffer(size.value)
    if libc.sysctlbyname(b"kern.bootsessionuuid", buffer, ctypes.byref(size), None, 0) != 0:
        return None
    return buffer.value.decode("ascii") or None
