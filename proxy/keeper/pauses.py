"""Pauses: which conversations are silent, since when, and in what mood; what ends teaches the hazard of return – pure.

Moments are seconds of one clock that the caller names; nothing of a request is kept but names and moments.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from proxy.keeper.hazard import Hazard, Mood
from proxy.keeper.worth import Chance

MOST_SILENT = 512
FORGOTTEN_S = 4 * 3600.0
"""Who is silent for so long has left; what was learned of the silence stays."""


@dataclass(frozen=True, slots=True)
class Said:
    """The end of an answer: of which conversation, in which session, whether a sub-agent's, and how it ended."""

    thread: str
    session: str
    is_sub: bool = False
    asks_tool: bool = False


@dataclass(slots=True)
class _Silence:
    said: Said
    since_s: float
    moved_on_s: float | None = None
    """When another session began."""

    def moods(self, until_s: float) -> list[tuple[Mood, float, float]]:
        """Cut the silence by mood: each with the ages between which it lasted."""
        age_s = max(0.0, until_s - self.since_s)
        if self.said.asks_tool:
            return [(Mood.working, 0.0, age_s)]
        if self.said.is_sub:
            return [(Mood.done, 0.0, age_s)]
        if self.moved_on_s is None:
            return [(Mood.asked, 0.0, age_s)]
        turned_s = max(0.0, self.moved_on_s - self.since_s)
        return [(Mood.asked, 0.0, turned_s), (Mood.moved_on, turned_s, age_s)]


class Pauses:
    """Follows silences, and teaches a hazard what became of them; one thread at a time."""

    def __init__(self, hazard: Hazard) -> None:
        self.hazard = hazard
        self._silent: OrderedDict[str, _Silence] = OrderedDict()
        self._sessions: OrderedDict[str, None] = OrderedDict()

    def came(self, thread: str, session: str, now_s: float) -> None:
        """Note a request: it ends its conversation's silence, and one of a new session says something of the others."""
        silence = self._silent.pop(thread, None)
        if silence is not None:
            self._learn(silence, now_s)
            mood, _, age_s = silence.moods(now_s)[-1]
            if age_s <= FORGOTTEN_S:  # Of longer silences only so much is counted, and a return alone would mislead.
                self.hazard.returned(mood, age_s)
        if session not in self._sessions:
            for other in self._silent.values():
                other.moved_on_s = now_s if other.moved_on_s is None else other.moved_on_s
        self._sessions[session] = None
        self._sessions.move_to_end(session)
        while len(self._sessions) > MOST_SILENT:
            self._sessions.popitem(last=False)

    def ended(self, said: Said, now_s: float) -> None:
        """Note an answer's end: the conversation is silent from now on."""
        self._silent[said.thread] = _Silence(said, now_s)
        self._silent.move_to_end(said.thread)
        while self._silent and (len(self._silent) > MOST_SILENT or self._has_left(now_s)):
            self._learn(self._silent.popitem(last=False)[1], now_s)

    def forget(self, now_s: float) -> None:
        """Learn from all silences as they stand, and follow them no more."""
        for silence in self._silent.values():
            self._learn(silence, now_s)
        self._silent.clear()

    def chance(self, thread: str, now_s: float) -> Chance:
        """Give how likely a silent conversation goes on, by all that was seen until now, silences that last included.

        One that is not known to be silent is taken to have just asked.
        """
        mine = self._silent.get(thread)
        mood = mine.moods(now_s)[-1][0] if mine else Mood.asked
        return self.hazard.chances(mood, self._lasting(mood, now_s))

    def age_s(self, thread: str, now_s: float) -> float | None:
        """Say for how long a conversation has been silent; None if it is not, or nobody knows."""
        silence = self._silent.get(thread)
        return max(0.0, now_s - silence.since_s) if silence else None

    def _has_left(self, now_s: float) -> bool:
        return next(iter(self._silent.values())).since_s < now_s - FORGOTTEN_S

    def _learn(self, silence: _Silence, now_s: float) -> None:
        for mood, since_s, until_s in _counted(silence, now_s):
            self.hazard.silent(mood, since_s, until_s)

    def _lasting(self, wanted: Mood, now_s: float) -> Iterator[tuple[float, float]]:
        """Give the parts of a mood of all silences that last: the ages between which each did."""
        for silence in self._silent.values():
            for mood, since_s, until_s in _counted(silence, now_s):
                if mood is wanted:
                    yield since_s, until_s


def _counted(silence: _Silence, now_s: float) -> list[tuple[Mood, float, float]]:
    return silence.moods(min(now_s, silence.since_s + FORGOTTEN_S))
