"""History: agents' own logs → past usage, each request once, whatever the logs repeat, cut or garble.

An answer stands in a log once for each of its blocks: the last line of it counts. Sub-agents have files of their own
and count. A resumed or forked session repeats what came before it: over all files an answer is known by its message's
and its request's id, and of two that differ the one that goes on longer counts. Only Claude Code's logs are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import IO, Any, Protocol
from zoneinfo import ZoneInfo

from budget.clock import budget_day
from budget.historyline import Answered, Spoken, Unreadable, read_line
from budget.historyrow import Row
from pricing.bill import ImpossibleUsage, bill
from pricing.table import PriceTable

MOST_LINE = 64 * 2**20
"""Bytes of the longest line that is read; the largest requests have half of that."""

_EDITS = frozenset(("Edit", "MultiEdit", "Write", "NotebookEdit"))


@dataclass(slots=True)
class Skipped:
    """What was read, and what of it does not count, by why; `cut` lines end in the middle, as where a disk was full."""

    files: int = 0
    bytes: int = 0
    lines: int = 0
    cut: int = 0
    garbage: int = 0
    too_long: int = 0
    synthetic: int = 0
    without_usage: int = 0
    impossible: int = 0
    unreadable_files: int = 0
    repeated: int = 0
    """Answers that another file has too."""

    def count(self, kind: str) -> None:
        """Count one more of a kind."""
        setattr(self, kind, getattr(self, kind) + 1)

    def as_dict(self) -> dict[str, int]:
        """Give all counts by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


class Taking(Protocol):
    """Takes the turns of one conversation for what they are; it hears words, and gives none of them on."""

    def spoken(self, content: Any) -> bool:
        """Hear what stands in the user's place; True if a turn begins with it."""

    def answered(self, content: Any) -> None:
        """Hear what an answer said and called."""

    def task(self) -> tuple[str, str]:
        """Give tier and task class of the turn, as far as it is known by now."""


class Untaken:
    """Takes nothing for anything; a turn begins with any words."""

    def spoken(self, content: Any) -> bool:
        """Tell whether there are words."""
        blocks = content if isinstance(content, list) else []
        return bool(isinstance(content, str) and content) or any(
            isinstance(block, dict) and block.get("type") == "text" for block in blocks
        )

    def answered(self, content: Any) -> None:
        """Hear nothing."""

    def task(self) -> tuple[str, str]:
        """Say that nobody knows."""
        return "", ""


@dataclass(slots=True)
class _Turn:
    """Where a conversation stands in a file: its turn's name, and the files that the turn has edited."""

    taking: Taking
    name: str = ""
    edited: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Whole:
    """An answer as its lines so far tell it."""

    first: Answered
    last: Answered
    turn: str
    task: tuple[str, str]
    calls: set[str] = field(default_factory=set)
    edited: int = 0


class Reader:
    """Reads logs into rows; `zone` says whose day it was, `prices` what each cost then."""

    def __init__(self, prices: PriceTable, zone: ZoneInfo, takes: Callable[[], Taking] = Untaken) -> None:
        self.skipped = Skipped()
        self._prices, self._zone, self._takes = prices, zone, takes

    def read(self, path: Path) -> list[Row]:
        """Read one file; each answer is in it once. A file that cannot be opened is counted, not raised."""
        try:
            with path.open("rb") as file:
                return self.rows(self._lines(file))
        except OSError:
            self.skipped.count("unreadable_files")
            return []
        finally:
            self.skipped.count("files")

    def rows(self, lines: Iterable[bytes]) -> list[Row]:
        """Read the lines of one file."""
        turns: dict[str, _Turn] = {}
        answers: dict[tuple[str, str], _Whole] = {}
        for line in lines:
            self.skipped.count("lines")
            try:
                self._hear(read_line(line), turns, answers)
            except Unreadable as why:
                self.skipped.count(why.kind)
        return [row for row in map(self._row, answers.values()) if row is not None]

    def _lines(self, file: IO[bytes]) -> Iterator[bytes]:
        while line := file.readline(MOST_LINE):
            self.skipped.bytes += len(line)
            if len(line) == MOST_LINE and not line.endswith(b"\n"):
                self.skipped.count("too_long")
                while (rest := file.readline(MOST_LINE)) and not rest.endswith(b"\n"):
                    self.skipped.bytes += len(rest)
            elif line.strip():
                yield line

    def _hear(
        self, said: Spoken | Answered | None, turns: dict[str, _Turn], answers: dict[tuple[str, str], _Whole]
    ) -> None:
        if said is None:
            return
        turn = turns.get(said.agent)
        if turn is None:
            turn = turns[said.agent] = _Turn(self._takes())
        if isinstance(said, Spoken):
            if turn.taking.spoken(said.content):
                turn.name, turn.edited = said.name, {}
            return
        key = said.message_id, said.request_id
        whole = answers.get(key)
        if whole is None:
            whole = answers[key] = _Whole(said, said, turn.name, turn.taking.task())
        whole.last = said
        _note_calls(whole, turn)
        turn.taking.answered(said.content)

    def _row(self, whole: _Whole) -> Row | None:
        first, last = whole.first, whole.last
        try:
            billed = bill(last.usage, last.model, first.at, self._prices, stop_reason=last.stop_reason)
        except ImpossibleUsage:
            self.skipped.count("impossible")
            return None
        return Row(
            message_id=last.message_id,
            request_id=last.request_id,
            at=first.at,
            day=budget_day(first.at, self._zone),
            session=last.session,
            agent=last.agent,
            project=last.project,
            model=last.model,
            turn=whole.turn,
            tier=whole.task[0],
            task_class=whole.task[1],
            usage=billed.usage,
            cost=billed.total,
            provisional=billed.provisional,
            tools=len(whole.calls),
            edited=whole.edited,
        )


def logs_in(folder: Path) -> list[Path]:
    """List the logs in a folder and those below it, by name; links to folders are not followed."""
    return sorted(path for path in folder.rglob("*.jsonl") if path.is_file())


def _note_calls(whole: _Whole, turn: _Turn) -> None:
    """Count the tools that a line calls, and number the file that it edits within its turn."""
    content = whole.last.content
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == "tool_use":
            whole.calls.add(str(block.get("id")))
            path = _edited(block.get("name"), block.get("input"))
            if path:
                whole.edited = turn.edited.setdefault(path, len(turn.edited) + 1)


def _edited(name: Any, given: Any) -> str:
    if name not in _EDITS or not isinstance(given, Mapping):
        return ""
    path = given.get("file_path") or given.get("notebook_path")
    return path if isinstance(path, str) else ""
