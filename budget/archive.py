"""The archive: each week's report as it was made, in files that only their owner can read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from budget.files import private_folder, write_durably

_NAME = re.compile(r"\d{4}-W\d{2}")


class Archive:
    """A folder with `2026-W47.json` and `2026-W47.html` for each week that is over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, week: str, contents: Mapping[str, bytes]) -> None:
        """Write a week's files, by their endings. Raises OSError, ValueError for a name that is no week's."""
        private_folder(self._folder)
        for ending, content in contents.items():
            write_durably(self.path(week, ending), content)

    def weeks(self) -> list[str]:
        """Name the weeks that were kept, the latest first."""
        if not self._folder.is_dir():
            return []
        return sorted({path.stem for path in self._folder.iterdir() if _NAME.fullmatch(path.stem)}, reverse=True)

    def read(self, week: str, ending: str) -> bytes | None:
        """Read a file; None if it was not kept."""
        path = self.path(week, ending)
        return path.read_bytes() if path.is_file() else None

    def made(self, week: str) -> datetime | None:
        """Tell when a week's report was made; None if none was kept."""
        path = self.path(week, "json")
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.is_file() else None

    def path(self, week: str, ending: str) -> Path:
        """Name a file. Raises ValueError for what is no week."""
        if not _NAME.fullmatch(week):
            raise ValueError(f"not a week such as 2026-W47: {week!r}")
        return self._folder / f"{week}.{ending}"
