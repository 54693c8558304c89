"""What was learned of tokens, kept from one start to the next: numbers in a file that only its owner can read."""

from __future__ import annotations

import logging
from pathlib import Path

from budget.files import private_folder, write_durably
from pricing.tokens import Ratios

MOST_BYTES = 2**20

_log = logging.getLogger(__name__)


class KeptRatios:
    """The ratios in their file; one that cannot be read is as good as none, and is written anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.ratios = self._read()
        self._written = self.ratios.version

    def keep(self) -> None:
        """Write them if they have moved; what cannot be written is learned again."""
        if self._written == self.ratios.version:
            return
        self._written = self.ratios.version
        try:
            private_folder(self._path.parent)
            write_durably(self._path, self.ratios.as_json().encode())
        except OSError as error:
            _log.warning("token ratios are not kept: %s", error)

    def _read(self) -> Ratios:
        try:
            if self._path.stat().st_size > MOST_BYTES:
                return Ratios()
            return Ratios.from_json(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Ratios()
        except (OSError, ValueError) as error:
            _log.warning("token ratios are learned anew: %s", error)
            return Ratios()
