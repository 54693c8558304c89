"""BenchResult: what was measured of one local model, kept as JSON and read back as the same values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeVar, get_args, get_type_hints

VERSION = 1
T = TypeVar("T")

Source = Literal["server", "clock", "estimate"]
"""Who counted: the server's own timings, our clock with the server's token counts, or our clock and a guess of them."""

Ending = Literal["whole", "budget", "interrupted", "failed"]
"""Why the bench ended: all was measured, the time was up, a person stopped it, or the server failed."""


@dataclass(frozen=True, slots=True)
class Point:
    """Speeds at one prompt size with nothing cached: medians of `repeats`, `spread` of them in percent.

    `prompt_tokens` are as the server counts them; `decode_tps` is None where the answers were too short to tell.
    """

    prompt_tokens: int
    prefill_tps: float
    decode_tps: float | None
    first_ms: float
    output_tokens: int
    repeats: int
    spread: float
    source: Source
    joules_in: float | None = None
    joules_out: float | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """`size` requests at once, summed over them by the clock; `first_ms` is the median wait of one for its answer."""

    size: int
    prompt_tokens: int
    prefill_tps: float
    decode_tps: float | None
    first_ms: float


@dataclass(frozen=True, slots=True)
class Reuse:
    """An agent's next request, whose beginning the server has seen: how much of it was not read again."""

    prompt_tokens: int
    cached_tokens: int | None
    cold_first_ms: float
    warm_first_ms: float


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One coding task: whether what the model did works, and what it took; `why` says what was wrong with it.

    The amounts are exact dollars: energy only, and with the machine's own cost; empty where they are not known.
    """

    name: str
    task_class: str
    tier: str
    tools: bool
    passed: bool
    why: str
    seconds: float
    turns: int
    input_tokens: int
    output_tokens: int
    joules: float | None = None
    marginal_usd: str = ""
    full_usd: str = ""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a million tokens cost on this machine, in exact dollars, at the speeds of `at_tokens` of context."""

    at_tokens: int
    marginal_in_usd: str
    marginal_out_usd: str
    full_in_usd: str
    full_out_usd: str
    provenance: str


@dataclass(frozen=True, slots=True)
class BenchResult:
    """All that one bench found out; whatever was not reached is left out, and `notes` say why.

    `identity` is the registry's name of the model, `at` the moment in UTC, `provenance` who counted the time,
    `isolation` how the model's code was kept in while it ran.
    """

    at: str
    bursar: str
    identity: str
    server: str
    kind: str
    model: str
    context: int
    machine: str
    provenance: str
    ended: Ending
    seconds: float
    load_ms: float | None = None
    points: tuple[Point, ...] = ()
    batches: tuple[Batch, ...] = ()
    reuse: Reuse | None = None
    tasks: tuple[TaskRun, ...] = ()
    costs: Costs | None = None
    isolation: str = ""
    power: str = ""
    notes: tuple[str, ...] = ()
    version: int = VERSION

    def as_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> BenchResult:
        """Read what `as_json` gave; ValueError for anything else, other versions included."""
        if raw.get("version") != VERSION:
            raise ValueError(f"not a bench result of version {VERSION}")
        parts: dict[str, Any] = {
            "points": _each(Point, raw.get("points")),
            "batches": _each(Batch, raw.get("batches")),
            "tasks": _each(TaskRun, raw.get("tasks")),
            "reuse": None if raw.get("reuse") is None else _read(Reuse, raw["reuse"]),
            "costs": None if raw.get("costs") is None else _read(Costs, raw["costs"]),
            "notes": tuple(str(note) for note in _listed(raw.get("notes"))),
        }
        return _read(cls, {**raw, **parts})


def speeds_at(result: BenchResult, context_tokens: int) -> tuple[float, float | None] | None:
    """Give prefill and decode tokens a second for a prompt of this many tokens; None when nothing was measured.

    Between two sizes the time to read a prompt and the speed of writing are interpolated. Noise is not believed: a
    longer prompt is never read sooner, nor answered faster, than a shorter one. Beyond the ends the outermost
    measurement holds, so a speed is never better than one that was seen.
    """
    size = max(1, context_tokens)
    reading = _never_falling(
        [(point.prompt_tokens, point.prompt_tokens / point.prefill_tps) for point in result.points]
    )
    if not reading:
        return None
    writing = [(point.prompt_tokens, 1 / point.decode_tps) for point in result.points if point.decode_tps]
    return size / _seconds(reading, size), 1 / _between(_never_falling(writing), size) if writing else None


def _seconds(curve: list[tuple[int, float]], size: int) -> float:
    """Tell how long a prompt takes to read; outside the curve at the speed of its nearest end."""
    (least, first), (most, last) = curve[0], curve[-1]
    if size <= least:
        return first * size / least
    return last * size / most if size >= most else _between(curve, size)


def _never_falling(curve: list[tuple[int, float]]) -> list[tuple[int, float]]:
    rising: list[tuple[int, float]] = []
    for size, seconds in sorted(curve):
        rising.append((size, max(seconds, rising[-1][1] if rising else seconds)))
    return rising


def _between(curve: list[tuple[int, float]], size: int) -> float:
    below = [pair for pair in curve if pair[0] <= size]
    above = [pair for pair in curve if pair[0] > size]
    if not below or not above:
        return (below or above)[-1 if below else 0][1]
    (low, at_low), (high, at_high) = below[-1], above[0]
    return at_low + (at_high - at_low) * (size - low) / (high - low)


def _each(kind: type[T], raw: Any) -> tuple[T, ...]:
    return tuple(_read(kind, one) for one in _listed(raw))


def _listed(raw: Any) -> list[Any]:
    if not isinstance(raw, list | tuple):
        raise ValueError("a list is missing from a bench result")
    return list(raw)


def _read(kind: type[T], raw: Any) -> T:
    """Make one of our dataclasses of an object; every field has to be there, of its type."""
    if not isinstance(raw, Mapping):
        raise ValueError(f"not a {kind.__name__}: {raw!r}")
    hints = get_type_hints(kind)
    values = {field.name: _checked(field.name, raw.get(field.name), hints[field.name]) for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**values)


_PLAIN: dict[Any, tuple[type, ...]] = {
    int: (int,), float: (int, float), str: (str,), bool: (bool,), type(None): (type(None),),
}  # fmt: skip


def _checked(name: str, value: Any, hint: Any) -> Any:
    if isinstance(value, tuple) or hasattr(value, "__dataclass_fields__"):
        return value
    allowed = get_args(hint) or (hint,)
    for one in allowed:
        plain = _PLAIN.get(one)
        if (plain is None and value == one) or (plain and isinstance(value, plain) and _is_true_to(value, one)):
            return value
    raise ValueError(f"{name} of a bench result is wrong: {value!r}")


def _is_true_to(value: Any, kind: Any) -> bool:
    """Tell a number from a truth value, which Python takes for one; speeds and counts are finite and not negative."""
    if kind not in (int, float):
        return True
    return not isinstance(value, bool) and 0 <= value < float("inf")
