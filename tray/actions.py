"""Actions: what each line of the menu does when it is clicked, through the control server of the running bursar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pricing.money import Money
from tray.control import ControlError

Status = dict[str, Any]

TODAY = "today"
"""The page that a link opens unless it names another."""


@dataclass(frozen=True)
class Hands:
    """What actions are done with.

    `post` asks the control server, as `tray.control.Control` does; `address` is where a browser finds it. `open_page`
    tells whether a browser was started. `start_at_login` may raise OSError. `leave` asks this bursar to end, once
    running requests have finished; asked again, at once.
    """

    post: Callable[[str, dict[str, Any]], dict[str, Any]]
    address: str
    open_page: Callable[[str], bool]
    start_at_login: Callable[[bool], None]
    leave: Callable[[], None]


@dataclass(frozen=True)
class Outcome:
    """What came of a click: the status from then on where the server told it, or a line on why it was not done."""

    status: Status | None = None
    failed: str = ""


def perform(action: str, hands: Hands) -> Outcome:
    """Do what an item of the menu says; takes as long as the control server does, some seconds at most.

    Raises ValueError for what is in no menu of ours.
    """
    try:
        return _perform(action, hands)
    except (ControlError, OSError) as error:
        lines = str(error).splitlines()
        return Outcome(failed=lines[0] if lines else type(error).__name__)


def _perform(action: str, hands: Hands) -> Outcome:
    verb, _, what = action.partition(":")
    match verb:
        case "mode":
            return Outcome(hands.post("/api/mode", {"mode": what}))
        case "budget":
            return Outcome(hands.post("/api/budget", {"usd": what}))
        case "allow":
            return Outcome(hands.post("/api/allow-more", {"usd": Money.usd(what).exact()}))
        case "stop" | "resume":
            return Outcome(hands.post(f"/api/{verb}", {}))
        case "dashboard":
            return _open(TODAY, hands)
        case "open":
            return _open(what, hands)
        case "login":
            hands.start_at_login(what == "on")
        case "quit":
            hands.leave()
        case _:
            raise ValueError(f"there is no action {action[:40]!r}")
    return Outcome()


def _open(page: str, hands: Hands) -> Outcome:
    """Open a page by a link that works once, as `bursar dashboard` does."""
    made = hands.post("/api/link", {})
    wish = "" if page == TODAY else f"?to={page}"
    if hands.open_page(f"{hands.address}{made['path']}{wish}"):
        return Outcome()
    return Outcome(failed="no browser could be opened; try: bursar dashboard --print")
