"""Joules of a stretch of time, from a power reader where this machine has one."""

from __future__ import annotations

from typing import Protocol


class PowerMeter(Protocol):
    """Counts joules; `source` says what counts them. A meter that fails says None and never raises."""

    @property
    def source(self) -> str:
        """Say in a few words where the figures come from."""

    def begin(self) -> object:
        """Note where the count stands."""

    def joules(self, since: object) -> float | None:
        """Tell what was used since then; None where it cannot be told."""


class NoMeter:
    """Stands for a machine without a power reader."""

    source = ""

    def begin(self) -> object:
        """Note nothing."""
        return None

    def joules(self, since: object) -> float | None:
        """Tell that it is not known."""
        return None
