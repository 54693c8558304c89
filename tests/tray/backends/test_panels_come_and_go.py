"""A desktop changes under the icon: panels come late, crash and come back; the bus is lost, or was never there."""

import socket
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.kit.desktop import Panel, PrivateBus, until
from tests.tray.backends.conftest import FACE, Start
from tray.backends.address import bus_addresses
from tray.backends.base import State
from tray.backends.linux import LinuxTray
from tray.backends.probe import probe
from tray.backends.words import ADVICE

Shown = Callable[..., Panel]


def is_so(now: Callable[[], State], state: State) -> None:
    """Wait until the tray is in a state."""
    until(lambda: now() == state, state)


def test_a_panel_that_comes_late_gets_the_icon(bus: PrivateBus, start: Start, shown: Shown):
    running = start()
    is_so(lambda: running.tray.state, "no-host")
    panel = shown()
    assert "(o) Auto" in panel.labels()
    is_so(lambda: running.tray.state, "host")


def test_a_panel_that_restarts_gets_the_icon_back_and_clicks_work(bus: PrivateBus, start: Start, shown: Shown):
    running = start()
    for count in range(1, 4):
        panel = shown()
        panel.click("Local only")
        until(lambda count=count: len(running.heard.clicks) == count, "a click")
        is_so(lambda: running.tray.state, "host")
        panel.close()
        is_so(lambda: running.tray.state, "no-host")


def test_a_watcher_without_a_panel_takes_the_icon_and_shows_it_to_nobody(bus: PrivateBus, start: Start, shown: Shown):
    panel = shown(is_host=False)
    running = start()
    panel.item()
    is_so(lambda: running.tray.state, "no-host")
    panel.show_icons()
    is_so(lambda: running.tray.state, "host")
    assert len(panel.items) == 1


def test_a_lost_bus_is_found_again_and_the_face_is_the_newest(bus: PrivateBus, start: Start, shown: Shown):
    running = start()
    shown().labels()
    bus.stop()
    is_so(lambda: running.tray.state, "no-bus")
    running.tray.show(replace(FACE, items=FACE.items[:1], tooltip="later"))
    bus.start()
    panel = shown()
    assert panel.labels() == ["Auto: local first, Claude within budget (grey)"]
    assert panel.property("ToolTip")[2] == "later"
    is_so(lambda: running.tray.state, "host")


def test_without_a_bus_the_tray_waits_for_one_and_stops_when_told(no_bus_yet: PrivateBus, start: Start, shown: Shown):
    running = start()
    assert running.tray.state == "no-bus"
    no_bus_yet.start()
    assert shown().labels()
    other = start(list)
    other.tray.stop()
    other.thread.join(10)
    assert not other.thread.is_alive()
    assert running.heard.unseen == 0


def test_a_desktop_that_shows_no_icons_is_said_once(bus: PrivateBus, start: Start, shown: Shown):
    running = start(unseen_after_s=0.05)
    until(lambda: running.heard.unseen, "being told")
    panel = shown()
    is_so(lambda: running.tray.state, "host")
    panel.close()
    is_so(lambda: running.tray.state, "no-host")
    bus.stop()
    is_so(lambda: running.tray.state, "no-bus")
    bus.start()
    is_so(lambda: running.tray.state, "no-host")
    assert running.heard.unseen == 1


def test_no_more_is_said_once_a_panel_has_shown_the_icon(panel: Panel, bus: PrivateBus, start: Start):
    running = start(unseen_after_s=0.3)
    is_so(lambda: running.tray.state, "host")
    panel.close()
    is_so(lambda: running.tray.state, "no-host")
    running.thread.join(0.4)
    assert running.heard.unseen == 0


def test_stopping_takes_the_icon_away_whoever_stops_it(panel: Panel, start: Start):
    running = start()
    name = panel.item()
    assert panel.labels()
    running.tray.stop()
    running.thread.join(10)
    assert not running.thread.is_alive()
    running.tray.stop()
    running.tray.show(FACE)
    with pytest.raises(LookupError, match=r"ServiceUnknown|NameHasNoOwner|NoReply"):
        panel.call(name, "/StatusNotifierItem", "org.freedesktop.DBus.Peer", "Ping")


def test_a_click_may_stop_the_tray(bus: PrivateBus, shown: Shown, start: Start):
    running = start()
    running.heard.then = running.tray.stop
    shown().click("Quit bursar__now")
    running.thread.join(10)
    assert not running.thread.is_alive()


def test_a_tray_stopped_before_it_was_shown_ends():
    tray = LinuxTray(list, None)  # type: ignore[arg-type]
    tray.stop()
    tray.run()
    assert tray.state == "no-bus"


def test_the_probe_tells_a_desktop_with_icons_from_one_without_and_from_none(no_bus_yet: PrivateBus, shown: Shown):
    assert probe([no_bus_yet.address]) == "no-bus"
    no_bus_yet.start()
    assert probe([no_bus_yet.address]) == "no-host"
    panel = shown(is_host=False)
    assert probe([no_bus_yet.address]) == "no-host"
    panel.show_icons()
    assert probe([no_bus_yet.address]) == "host"
    assert probe([]) == "no-bus"
    assert probe(["tcp:host=localhost", "autolaunch:", "nonsense", no_bus_yet.address]) == "host"
    assert "AppIndicator extension" in ADVICE["no-host"]


def test_a_bus_that_never_answers_is_none():
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{folder}/bus")
        silent.listen()
        assert probe([f"unix:path={folder}/bus"], timeout_s=0.05) == "no-bus"


def test_a_session_that_names_no_bus_has_it_where_systemd_puts_it(no_bus_yet: PrivateBus, tmp_path: Path):
    no_bus_yet.start()
    folder = str(no_bus_yet.folder)
    assert probe(bus_addresses({"XDG_RUNTIME_DIR": folder})) == "no-host"
    assert probe(bus_addresses({"DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": folder})) == "no-host"
    stale = f"unix:path={tmp_path / 'gone'},guid=0123"
    assert probe(bus_addresses({"DBUS_SESSION_BUS_ADDRESS": stale, "XDG_RUNTIME_DIR": folder})) == "no-host"
    assert probe(bus_addresses({"DBUS_SESSION_BUS_ADDRESS": no_bus_yet.address})) == "no-host"
    assert bus_addresses({}) == []


def test_two_trays_of_one_program_are_two_icons(panel: Panel, start: Start):
    start()
    start()
    until(lambda: len(panel.items) == 2, "two icons")
    assert len(set(panel.items)) == 2
    assert {panel.call(name, "/MenuBar", "org.freedesktop.DBus.Peer", "Ping") for name in panel.items} == {()}


def test_after_a_fault_in_what_is_shown_the_icon_comes_back(panel: Panel, start: Start):
    running = start()
    panel.labels()
    running.tray.show(replace(FACE, items=(FACE.items[0], FACE.items[0])))  # Two lines of one id.
    is_so(lambda: running.tray.state, "no-bus")
    running.tray.show(replace(FACE, items=FACE.items[:1]))
    until(lambda: len(panel.items) == 2, "the icon again")
    assert panel.labels() == ["Auto: local first, Claude within budget (grey)"]
    assert running.thread.is_alive()
