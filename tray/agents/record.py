"""The record of what bursar changed in agents' settings, so that it can be undone whenever, by whichever version."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from budget.instance import FileLock
from tray.agents.jsonedit import Edit
from tray.agents.textfile import COPY, CannotEdit
from tray.files import private_folder, read_private, write_private

WAIT_S = 5.0
"""How long another process is waited for that is changing agents' settings; that takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Wired:
    """One agent that is wired to bursar."""

    file: Path
    url: str
    """The address that stands in the agent's settings because of us."""
    direct: str
    """Where the agent goes without us."""
    edits: tuple[Edit, ...]
    before: str
    """The fingerprint of the file before the first edit; empty if there was none."""
    backup: Path | None
    since: str
    """The moment in which it was wired, in UTC."""
    aside: bool = False
    """Whether bursar has stepped aside: `direct` stands in the settings until it is back."""

    def as_json(self) -> dict[str, Any]:
        """Give it as it is kept."""
        return {
            "file": str(self.file), "url": self.url, "direct": self.direct,
            "edits": [edit.as_json() for edit in self.edits], "before": self.before,
            "backup": str(self.backup) if self.backup else None, "since": self.since, "aside": self.aside,
        }  # fmt: skip

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Wired:
        """Read it as it was kept. Raises KeyError, or TypeError for what was never written so."""
        texts = *(kept[key] for key in ("file", "url", "direct", "before", "since")), kept["backup"] or ""
        is_text = all(isinstance(text, str) and "\0" not in text for text in texts)
        if not is_text or not isinstance(kept["aside"], bool):
            raise TypeError("an entry's values are of another kind")
        if kept["backup"] and kept["backup"] != kept["file"] + COPY:
            raise TypeError("a copy lies beside its file")  # It is taken away at the end.
        edits = tuple(Edit.from_json(edit) for edit in kept["edits"])
        backup = Path(kept["backup"]) if kept["backup"] else None
        url, direct, before, since = (kept[key] for key in ("url", "direct", "before", "since"))
        return cls(Path(kept["file"]), url, direct, edits, before, backup, since, kept["aside"])


class Record:
    """The record as a file of bursar's own, one entry an agent."""

    def __init__(self, path: Path) -> None:
        """Take the file's path; a mark beside it says that bursar has stepped aside somewhere."""
        self.path = path
        self.mark = path.with_suffix(".aside")
        self._lock_file = path.with_suffix(".lock")

    @contextmanager
    def changing(self, wait_s: float = WAIT_S) -> Iterator[None]:
        """Have record and settings to oneself, among all processes; raises CannotEdit if they stay taken, OSError."""
        private_folder(self.path.parent)
        lock, until = FileLock(self._lock_file), time.monotonic() + wait_s
        while not lock.acquire():
            if time.monotonic() >= until:
                raise CannotEdit("another bursar is changing agents' settings just now; nothing was changed, try again")
            time.sleep(0.02)
        try:
            yield
        finally:
            lock.release()

    @property
    def is_aside(self) -> bool:
        """Tell whether bursar has stepped aside somewhere, by the mark alone."""
        try:
            return self.mark.exists()
        except OSError:  # The folder may not be entered; much else says that.
            return False

    def all(self) -> dict[str, Wired]:
        """Read all entries; raises CannotEdit if the file is no such record."""
        try:
            kept = json.loads(read_private(self.path))
            return {name: Wired.from_json(entry) for name, entry in kept.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise CannotEdit(
                f"{self.path} is damaged and does not say any more what bursar changed in agents' settings; copies as "
                f"they were lie beside them, named …{COPY}. Put those back, then take the damaged file away"
            ) from error

    def get(self, agent: str) -> Wired | None:
        """Read an agent's entry."""
        return self.all().get(agent)

    def put(self, agent: str, wired: Wired | None) -> None:
        """Write an entry, or take it out, within `changing`; the mark is there as long as one is stepped aside."""
        entries = self.all()
        entries.pop(agent, None)
        if wired is not None:
            entries[agent] = wired
        private_folder(self.path.parent)
        text = json.dumps({name: entry.as_json() for name, entry in entries.items()}, indent=1, ensure_ascii=False)
        write_private(self.path, text.encode())
        if any(entry.aside for entry in entries.values()):
            write_private(self.mark, b"")
        else:
            self.mark.unlink(missing_ok=True)
