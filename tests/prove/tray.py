"""The tray of a running bursar, used over and over: `python -m tests.prove.tray --rounds 20`.

Each round starts a bursar on a desktop without a screen and clicks every line of its menu, with answers under way; each
click's effect is looked up in the running proxy, through the control server. Panels come late, start anew and are lost,
the bus goes away and comes back; at the end Quit is clicked.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.kit.bursar import Bursar
from tests.kit.desktop import Panel, PrivateBus, until
from tests.kit.fake_claude import FakeClaude
from tests.kit.notes import NoteService
from tests.kit.raw import Client, message, post

MODES = {"Auto": "auto", "Local only": "local", "Claude only": "cloud", "Observe only": "observe"}
PRESETS = (1, 2, 5, 20, 50, 10)
OPENS = """#!/bin/sh
echo "$1" >> "$(dirname "$0")/opened"
"""


@dataclass
class Tally:
    """What was done, and how long the menu took to show what a click or another face changed, in seconds."""

    rounds: int = 0
    clicks: int = 0
    shown_s: list[float] = field(default_factory=list)
    panels: int = 0

    def __str__(self) -> str:
        late = sorted(self.shown_s)
        return (
            f"{self.rounds} rounds, {self.clicks} clicks, {self.panels} panels; shown after"
            f" {late[len(late) // 2] * 1000:.0f} ms (median), {late[-1] * 1000:.0f} ms (longest)"
        )


class Desk:
    """One bursar on one desktop."""

    def __init__(self, home: Path, fake: FakeClaude, stack: ExitStack, tally: Tally) -> None:
        self.tally, self.stack = tally, stack
        self.bus = PrivateBus()
        stack.callback(self.bus.close)
        self.bus.start()
        self.opened = home / "opened"
        (home / "xdg-open").write_text(OPENS)
        (home / "xdg-open").chmod(0o755)
        here = {"DBUS_SESSION_BUS_ADDRESS": self.bus.address, "DISPLAY": ":no", "HOME": str(home)}
        here["PATH"] = f"{home}:/usr/bin:/bin"
        self.bursar = Bursar(home / "home", fake.url, mode=None, cutoff="100.00", desktop=here)
        self.panel: Panel | None = None

    def show_panel(self) -> Panel:
        """Start a panel; the icon must come to it."""
        panel = self.panel = Panel(self.bus.address)
        self.stack.callback(lambda: self.lose_panel() if self.panel is panel else None)
        panel.item()
        self.tally.panels += 1
        return panel

    def lose_panel(self) -> None:
        """Take the panel off the bus."""
        if self.panel:
            self.panel.close()
            self.panel = None

    def click(self, label: str, *shown: str, **effect: Any) -> None:
        """Click a line; the effect must be in the status, and the lines in the menu."""
        panel = self.panel
        assert panel
        panel.click(label)
        self.tally.clicks += 1
        since = time.monotonic()
        until(lambda: effect.items() <= self.bursar.status().items(), f"{label}: {effect}")
        until(lambda: set(shown) <= set(panel.labels()), f"{label}: {shown}")
        self.tally.shown_s.append(time.monotonic() - since)


def prove(rounds: int, fake: FakeClaude) -> Tally:
    """Go round so often; raises AssertionError at the first thing that is not as it should be."""
    tally = Tally()
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="tray") as home, ExitStack() as stack:
            one_round(Desk(Path(home), fake, stack, tally), tally)
        tally.rounds += 1
    return tally


def one_round(desk: Desk, tally: Tally) -> None:
    """Start, click everything, lose and find panels and buses, and quit."""
    with desk.bursar as bursar:
        until(lambda: bursar.status()["tray"] == "no-host")  # The panel comes late.
        desk.show_panel()
        until(lambda: bursar.status()["tray"] == "host")
        with answers_under_way(bursar):
            _click_all(desk, bursar)
        _changes_from_elsewhere(desk, bursar, tally)
        for _ in range(2):
            desk.lose_panel()
            until(lambda: bursar.status()["tray"] == "no-host")
            desk.show_panel()
        desk.bus.stop()
        until(lambda: bursar.status()["tray"] == "no-bus")
        desk.lose_panel()
        desk.bus.start()
        panel = desk.show_panel()
        until(lambda: "(o) Observe only" in panel.labels())
        panel.click("Quit bursar (stops the proxy)")
        assert bursar.ended() == 0
    assert "Traceback" not in (bursar.home / "bursar.log").read_text()


def _click_all(desk: Desk, bursar: Bursar) -> None:
    for label, mode in MODES.items():
        desk.click(label, f"(o) {label}", mode=mode)
    for usd in PRESETS:
        desk.click(f"${usd}", f"    (o) ${usd}", f"Daily budget: ${usd}.00 >", budget_usd=str(usd))
    desk.click("Stop all cloud traffic")
    assert desk.panel
    panel = desk.panel
    resume = until(lambda: next((line for line in panel.labels() if line.startswith("Resume cloud")), ""))
    assert bursar.status()["stop"]["by"] == "person"
    desk.click(resume, "Stop all cloud traffic", stop=None)
    desk.click("Start at login", "[x] Start at login")
    desk.click("Start at login", "[ ] Start at login")
    for number, label in enumerate(("Weekly savings report", "Open dashboard", "Custom…"), start=1):
        desk.click(label)
        until(lambda number=number: desk.opened.exists() and len(desk.opened.read_text().split()) == number, label)


def _changes_from_elsewhere(desk: Desk, bursar: Bursar, tally: Tally) -> None:
    """Bill a request and switch by the command line while the menu is open: it changes in place."""
    panel = desk.panel
    assert panel
    panel.open()
    before = bursar.status()["settled_usd"]
    with Client(bursar.url) as client:
        assert client.ask(message("[[out:100000]]", max_tokens=100000)).status == 200
    since = time.monotonic()
    until(lambda: bursar.status()["settled_usd"] != before)
    until(lambda: any(line.startswith("Today: ") and "$0.00" not in line for line in panel.labels()))
    tally.shown_s.append(time.monotonic() - since)
    assert panel.heard("LayoutUpdated") == []
    bursar.mode("cloud")
    until(lambda: "(o) Claude only" in panel.labels())
    bursar.mode("observe")
    until(lambda: "(o) Observe only" in panel.labels())


@contextmanager
def answers_under_way(bursar: Bursar, number: int = 4) -> Iterator[None]:
    """Have so many answers stream meanwhile; a mode that forbids Claude, or a stop, may end them."""
    with ExitStack() as stack:
        for _ in range(number):
            client = stack.enter_context(Client(bursar.url))
            client.send(post(bursar.url, message("[[long:400:20]]", stream=True)))
        yield


def says_once_that_nobody_sees_the_icon(home: Path) -> None:
    """A desktop without a tray: after 20 s one note, a notice on every face, and none of it after the next start."""
    with ExitStack() as stack:
        bus = PrivateBus()
        stack.callback(bus.close)
        bus.start()
        notes = NoteService(bus.address)
        stack.callback(notes.close)
        here = {"DBUS_SESSION_BUS_ADDRESS": bus.address, "DISPLAY": ":no"}
        with Bursar(home / "home", "http://127.0.0.1:9", mode=None, desktop=here) as bursar:
            for shown in (1, 0):
                time.sleep(25)
                until(lambda: any("AppIndicator" in notice for notice in bursar.status()["notices"]), "the notice")
                assert "AppIndicator" in bursar.command("doctor").stdout
                assert len(notes.shown) == shown, notes.shown
                notes.shown.clear()
                panel = Panel(bus.address)
                until(lambda: bursar.status()["tray"] == "host")
                assert not any("AppIndicator" in notice for notice in bursar.status()["notices"])
                panel.close()
                bursar.stop()
                bursar.start()


def main() -> None:
    """Go round and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    with FakeClaude() as fake, tempfile.TemporaryDirectory(prefix="unseen") as home:
        print(prove(parser.parse_args().rounds, fake))
        says_once_that_nobody_sees_the_icon(Path(home))
        print("nobody sees the icon: said once")


if __name__ == "__main__":
    main()
