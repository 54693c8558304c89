"""Wrongs: what a person should know of right now, worst first, each with what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from budget.bands import Band
from budget.state import Mode
from budget.today import Today
from pricing.figures import counted
from proxy.cachemisswords import where, words
from proxy.dashboard.shown import sentence

if TYPE_CHECKING:
    from proxy.services import Services

Level = Literal["bad", "warn", "note"]


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing; `action` names a button (the last part of the path that it posts to), `mend` a command."""

    level: Level
    title: str
    text: str
    mend: str = ""
    action: str = ""
    button: str = ""


def wrongs(services: Services, notices: tuple[str, ...], today: Today) -> list[Wrong]:
    """List what is wrong."""
    return [
        *_money(today),
        *_books(today, notices),
        *_cloud(services),
        *_upstreams(services, today),
        *_prices(services),
        *_cache(services),
        *_hints(today),
    ]


def _money(today: Today) -> Iterator[Wrong]:
    if today.stop and today.stop.by == "person":
        yield Wrong("bad", "All cloud traffic is stopped", "Local models go on.", "", "resume", "Resume cloud traffic")
    elif today.stop or today.band is Band.cutoff:
        text = "Nothing more goes to Claude until the day ends, or until you allow more. Local models go on."
        yield Wrong("bad", "Today’s cutoff is reached", text)
    elif today.band is Band.reserve:
        text = "Only complex and restricted work still goes to Claude, as long as it fits under the cutoff."
        yield Wrong("warn", "Today’s budget is used up", text)


def _books(today: Today, notices: tuple[str, ...]) -> Iterator[Wrong]:
    if today.trouble:
        yield Wrong(
            "bad", "The ledger cannot be written", f"{sentence(today.trouble)}. Until it can, nothing goes to Claude."
        )
    if today.clock_held_back:
        text = f"It went forward by more than a night; bursar stays on {today.day:%A %d %B}. Is the clock right?"
        yield Wrong("bad", "The clock jumped", text, "", "confirm-day", "Yes, begin the new day")
    if today.unrecorded:
        requests = counted(today.unrecorded, "local request")
        yield Wrong("warn", "Not recorded", f"{requests} could not be entered into the ledger.")
    for notice in notices:
        yield Wrong("warn", "Notice", notice)


def _cloud(services: Services) -> Iterator[Wrong]:
    trouble = services.reach.trouble()
    if trouble:
        at = trouble.at.astimezone(services.zone())
        text = f"{sentence(trouble.why)}. So it was at {at:%H:%M}; this goes away with the next answer from Claude."
        yield Wrong("bad", "Claude could not be reached", text, "bursar doctor")


def _upstreams(services: Services, today: Today) -> Iterator[Wrong]:
    locals_ = services.locals.snapshot()
    for upstream in locals_:
        if not upstream.healthy:
            yield Wrong("warn", f"{upstream.name} cannot be used", f"{sentence(upstream.why)}.", "bursar doctor")
    for doubt in services.trust.snapshot():
        text = f"{sentence(doubt.why)}. Claude goes first for a while, where it may."
        yield Wrong("warn", f"Not trusted just now: {doubt.what}", text)
    if not locals_:
        level: Level = "bad" if today.mode is Mode.local else "note"
        text = "bursar meters and keeps the cutoff all the same. It looks for Ollama, llama.cpp, LM Studio and vLLM."
        yield Wrong(level, "No local model server was found", text, "bursar doctor")


def _prices(services: Services) -> Iterator[Wrong]:
    table = services.prices()
    if table.is_old(services.clock()):
        yield Wrong("warn", "The prices are old", f"They are of {table.data_as_of}.", "bursar prices update FILE")
    for notice in table.notices:
        yield Wrong("warn", "Prices", notice)


def _cache(services: Services) -> Iterator[Wrong]:
    """Tell of sessions whose prefix breaks on every turn, each once."""
    for hint in services.baselines.doctor.hints(services.clock()) if services.baselines else ():
        said, place = words(hint.cause.kind, hint.cause.what), where(hint.cause)
        title = f"A session pays for its prefix on every turn: {said.name}{', ' + place if place else ''}"
        text = (
            f"Session {hint.session[:8]}, {hint.times} times, {hint.amount.fine()} so far. {said.usually} {said.help}"
        )
        yield Wrong("warn", title, text.rstrip(), "bursar cache")


def _hints(today: Today) -> Iterator[Wrong]:
    if today.mode is Mode.observe:
        text = "Every request goes where the agent sent it. Choose Auto when you want bursar to save."
        yield Wrong("note", "bursar only watches", text)
