"""Hours of the day, such as 22:00–06:00, on the person's own clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time

_FORM = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*")


@dataclass(frozen=True, slots=True)
class Hours:
    """From one time of the day to another, the end not included; past midnight where the end is before the start."""

    since: time
    until: time

    @classmethod
    def read(cls, text: str) -> Hours:
        """Read "22:00-06:00"; 24:00 is midnight. ValueError with the half sentence that follows the key's name."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError(f'must be hours such as "22:00-06:00", not "{text}"')
        since_h, since_m, until_h, until_m = map(int, found.groups())
        if max(since_m, until_m) > 59 or since_h > 23 or until_h * 60 + until_m > 24 * 60:
            raise ValueError(f'must be hours such as "22:00-06:00", not "{text}"')
        return cls(time(since_h, since_m), time(until_h % 24, until_m))

    def hold(self, at: datetime) -> bool:
        """Tell whether a moment lies within; equal ends mean the whole day."""
        now = at.time()
        if self.since < self.until:
            return self.since <= now < self.until
        return now >= self.since or now < self.until
