"""Lines: the conversations that an agent leads with Claude, told apart by what stands in them, as digests in memory.

One session has several: its main thread, each sub-agent, titles and summaries beside it. A request belongs to the one
with which it shares most.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from budget.prompt import Level, Prompt

MOST_OWNERS = 256
"""Sessions and sub-agents remembered; a conversation of 500 blocks takes 40 KB, most of it digests."""
MOST_LINES = 12
MOST_EARLIER = 3
"""Requests remembered of a line: the last one may have failed, or not have begun to answer."""


@dataclass(eq=False)
class Said:
    """One request of a line: its digests in order, of which `tools` and then those up to `system` come first.

    `cached_to` is how many of its blocks Claude may have cached, `cached` how many tokens Claude said it had.
    `different` counts the unlike ones in its messages, and in what comes before them.
    """

    at: datetime
    model: str
    workspace: str
    settings: tuple[str, str, str]
    digests: tuple[bytes, ...]
    tools: int
    system: int
    cached_to: int
    is_marked: bool
    is_short: bool
    lives: frozenset[str]
    generation: str
    different: tuple[int, int]
    began_at: datetime | None = None
    cached: int | None = None
    locals: int = 0

    @classmethod
    def of(cls, prompt: Prompt, generation: str, at: datetime) -> Said:
        """Take what there is to remember of a prompt."""
        levels, digests = [block.level for block in prompt.blocks], prompt.digests
        system = len(levels) - levels.count(Level.messages)
        last = max(prompt.marks, default=len(prompt.blocks) - 1) + 1
        return cls(
            at=at,
            model=prompt.model,
            workspace=prompt.workspace,
            settings=prompt.settings,
            digests=digests,
            tools=levels.count(Level.tools),
            system=system,
            cached_to=last,
            is_marked=bool(prompt.marks),
            is_short=prompt.least is None or prompt.sums[last] < prompt.least,
            lives=frozenset(prompt.marks.values()),
            generation=generation,
            different=(len(set(digests[system:])), len(set(digests[:system]))),
        )

    def shared(self, other: Said) -> tuple[int, int]:
        """Count what stands in the messages of both, and in what comes before them."""
        theirs = other.digests
        if other.system == self.system and self.digests[: len(theirs)] == theirs:  # It only grew, as nearly all do.
            return other.different
        mine, front = set(self.digests[self.system :]), set(self.digests[: self.system])
        return len(mine.intersection(theirs[other.system :])), len(front.intersection(theirs[: other.system]))

    def still(self, digests: Sequence[bytes]) -> list[bool]:
        """Tell of each block of a later prompt whether it stood in the part of this one that may be cached."""
        cached = self.digests[: self.cached_to]
        if cached == digests[: self.cached_to]:  # It only grew, as nearly all do.
            return [True] * len(cached) + [False] * (len(digests) - len(cached))
        left = Counter(cached)
        found = []
        for digest in digests:
            found.append(left[digest] > 0)
            left[digest] -= 1
        return found


@dataclass
class _Line:
    said: deque[Said] = field(default_factory=lambda: deque(maxlen=MOST_EARLIER))


class Lines:
    """Remembers the lines of every session and agent, the least recently used forgotten; one thread at a time."""

    def __init__(self) -> None:
        self._owners: OrderedDict[tuple[str, str], deque[_Line]] = OrderedDict()

    def add(self, owner: tuple[str, str], said: Said) -> tuple[Said | None, bool]:
        """Put a request into its line; gives the one before it there, and whether only tools or system are shared."""
        lines = self._of(owner)
        line, only_front = _nearest(lines, said)
        before = _before(line, said) if line else None
        if line is None or only_front:
            lines.append(_Line(deque([said], MOST_EARLIER)))
            return before, only_front
        line.said.append(said)
        lines.remove(line)
        lines.append(line)
        return before, False

    def forget(self, owner: tuple[str, str], said: Said) -> None:
        """Take a request out again that nothing was answered to."""
        for line in self._of(owner):
            if said in line.said:
                line.said.remove(said)

    def local(self, owner: tuple[str, str]) -> None:
        """Count a request that a local model got: Claude's cache was not used by it."""
        for line in self._of(owner):
            if line.said:
                line.said[-1].locals += 1

    def _of(self, owner: tuple[str, str]) -> deque[_Line]:
        found = self._owners.setdefault(owner, deque(maxlen=MOST_LINES))
        self._owners.move_to_end(owner)
        while len(self._owners) > MOST_OWNERS:
            self._owners.popitem(last=False)
        return found


def _nearest(lines: deque[_Line], said: Said) -> tuple[_Line | None, bool]:
    """Find the line that shares the most messages; where none does, the one that shares most of tools and system."""
    latest = [line for line in reversed(lines) if line.said]
    shared = [[said.shared(one) for one in line.said] for line in latest]
    messages = [max(in_messages for in_messages, _ in each) for each in shared]
    if any(messages):
        return latest[messages.index(max(messages))], False
    front = [max(in_front for _, in_front in each) for each in shared]
    # A title that is made beside a conversation has a sentence of its system, and is no beginning of it.
    if not any(front) or 2 * max(front) < said.system:
        return None, False
    return latest[front.index(max(front))], True


def _before(line: _Line, said: Said) -> Said:
    """Choose the request before one: of those whose answer has begun the one that shares most, the latest of them."""
    began = [one for one in line.said if one.began_at is not None and one.began_at <= said.at]
    if not began:
        return line.said[-1]
    if len(began) == 1:
        return began[0]
    return max(reversed(began), key=lambda one: sum(said.shared(one)))
