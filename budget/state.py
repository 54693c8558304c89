"""What a person has switched: the mode, and the emergency stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal


class Mode(StrEnum):
    """Where requests may go by a person's choice; `observe` on first start."""

    observe = "observe"
    auto = "auto"
    cloud = "cloud"
    local = "local"


StoppedBy = Literal["person", "cutoff"]


@dataclass(frozen=True, slots=True)
class Stop:
    """The emergency stop: a person lifts it, or – when it came from the cutoff – the next budget day."""

    since: datetime
    by: StoppedBy
