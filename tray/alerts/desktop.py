"""Alerts on this desktop: shown as a note, at once or never; the rest is left to the post."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import ClassVar

from budget.outbox import Kind
from tray.alerts.courier import Wishes
from tray.alerts.destination import Destination
from tray.alerts.post import Deliver, Message
from tray.backends.base import Note, Notifier

PAGES: dict[Kind, str] = {
    Kind.threshold: "today",
    Kind.stopped: "today",
    Kind.upstream_down: "models",
    Kind.upstream_back: "models",
    Kind.unpriced: "models",
    Kind.old_prices: "models",
    Kind.burn: "sessions",
    Kind.ledger: "today",
    Kind.report: "reports",
}
"""The page of the dashboard that explains an alert."""
NO_DESKTOP = "there is no desktop here that shows notes"


@dataclass(frozen=True)
class ThisDesktop(Destination):
    """The desktop that bursar runs on, as a destination of alerts."""

    address: str = "desktop://"
    is_now_or_never: ClassVar[bool] = True

    @cached_property
    def name(self) -> str:
        """Name it as a person does."""
        return "desktop"


class Everywhere:
    """Delivers to this desktop through the notifier, once there is one, and elsewhere through the post."""

    def __init__(self, post: Deliver) -> None:
        self.notifier: Notifier | None = None
        self._post = post

    def __call__(self, messages: Sequence[Message]) -> Iterator[str]:
        """Deliver in order; gives what was wrong with each."""
        for is_here, some in groupby(messages, lambda message: isinstance(message.to, ThisDesktop)):
            if is_here:
                yield from map(self._shown, some)
            else:
                yield from self._post(list(some))

    def end(self) -> None:
        """Send no more."""
        self._post.end()

    def wishes(self, wishes: Wishes, *, is_desktop_wanted: bool) -> Wishes:
        """Add this desktop to where alerts go, if it is wanted and there is one."""
        is_here = is_desktop_wanted and self.notifier is not None and self.notifier.is_there()
        return replace(wishes, to=(ThisDesktop(), *wishes.to)) if is_here else wishes

    def _shown(self, message: Message) -> str:
        if self.notifier is None or message.words is None:
            return NO_DESKTOP
        page = PAGES[message.kind] if message.kind else "today"
        topic = message.kind.value if message.kind else "test"
        title = message.words.title.removeprefix("bursar: ")
        return self.notifier.tell(Note(topic, title, message.words.text, f"open:{page}"))
