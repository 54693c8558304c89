"""Tool calls as a local server sends them: collected piece by piece, and whole when the answer is finished."""

from __future__ import annotations

from dataclasses import dataclass, field

from proxy.toolcalls.strict import is_object

CALLS_LIMIT = 128
ARGUMENTS_LIMIT_CHARS = 16 * 1024 * 1024


@dataclass
class Call:
    """One call as it came: the server's id, the tool's name, and its arguments as text."""

    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> str:
        """All of its arguments so far."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call that goes to the client; `arguments` is the JSON text of an object."""

    name: str
    arguments: str


class Calls:
    """The calls of one answer, by the index that the server gives them."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._open: dict[int, Call] = {}
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, index: int | None, identifier: str, name: str, arguments: str) -> bool:
        """Take one piece; False when the calls have grown beyond all reason."""
        call = self._call(index, identifier, name)
        call.id = call.id or identifier
        call.name = call.name or name
        if arguments:
            call.pieces.append(arguments)
        self._size += len(arguments)
        return len(self._calls) <= CALLS_LIMIT and self._size <= ARGUMENTS_LIMIT_CHARS

    def all(self) -> tuple[Call, ...]:
        """Return the calls in the order in which they began."""
        return tuple(self._calls)

    def _call(self, index: int | None, identifier: str, name: str) -> Call:
        """Find the call that a piece belongs to.

        Some servers send several calls under one index, and some send no index: there a new id with a name,
        or a name after complete arguments, begins a new call.
        """
        last = self._calls[-1] if self._calls else None
        known = last if index is None else self._open.get(index)
        if known is None or _begins_another(known, identifier, name):
            known = Call()
            self._open[len(self._calls) if index is None else index] = known
            self._calls.append(known)
        return known


def _begins_another(known: Call, identifier: str, name: str) -> bool:
    if not name:
        return False
    if identifier and known.id:
        return identifier != known.id
    return bool(known.name) and is_object(known.arguments)
