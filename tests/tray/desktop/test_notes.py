"""Alerts on a desktop: each shown once, one of a kind at a time, and a click opens the page that explains it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from budget.outbox import Kind
from proxy.dashboard.pages import OPENED
from tests.kit.bursar import Bursar
from tests.kit.desktop import PrivateBus, until
from tests.kit.notes import NoteService
from tests.kit.raw import Client, message
from tests.tray.desktop.conftest import opened
from tray.alerts.desktop import PAGES
from tray.backends.base import Note
from tray.backends.notifications import Notifications

Start = Callable[..., Bursar]


def spend_a_dollar(bursar: Bursar) -> None:
    """Have Claude write 0.1 MTok at $10."""
    with Client(bursar.url) as client:
        assert client.ask(message("[[out:100000]]", max_tokens=100000)).status == 200


def deliveries(bursar: Bursar) -> list[dict[str, Any]]:
    """List what became of the alerts so far."""
    alerts = bursar.api("/api/alerts")["alerts"]
    return [one for alert in alerts for one in alert["deliveries"]]


def test_alerts_of_a_kind_take_each_others_place_and_a_click_opens_their_page(
    notes: NoteService, start: Start, browser: Path
):
    bursar = start(budget="2.00", cutoff="12.00", mode="cloud")
    spend_a_dollar(bursar)
    until(lambda: notes.shown)
    ((number, note),) = notes.shown.items()
    assert note.title == "50% of today's budget is spent"
    assert note.text.startswith("$1.00 of $2.00 are spent.")
    assert note.actions == ["default", "Open"]
    spend_a_dollar(bursar)
    until(lambda: notes.shown[number].title == "100% of today's budget is spent")
    bursar.command("stop")
    until(lambda: len(notes.shown) == 2)
    assert bursar.command("alerts", "test").stdout == "desktop: sent\n"
    assert "sent to: desktop" in bursar.command("alerts").stdout
    notes.click(number)
    until(lambda: opened(browser))
    assert opened(browser)[0].startswith(f"http://127.0.0.1:{bursar.control_port}/open/")
    until(lambda: len(deliveries(bursar)) == 4)
    assert {(one["destination"], one["state"]) for one in deliveries(bursar)} == {("desktop", "told")}
    assert bursar.stop() == 0


def test_a_desktop_that_shows_no_notes_is_tried_once_and_that_is_recorded(bus: PrivateBus, start: Start):
    bursar = start()
    bursar.command("stop")
    (one,) = until(lambda: [each for each in deliveries(bursar) if each["state"] != "waits"])
    assert (one["destination"], one["state"], one["tries"]) == ("desktop", "given up", 1)
    assert one["trouble"].startswith("this desktop shows no notes: ")


def test_a_start_by_a_click_that_fails_says_why_on_the_screen(bus: PrivateBus, notes: NoteService, tmp_path: Path):
    here = {"DBUS_SESSION_BUS_ADDRESS": bus.address, "DISPLAY": ":no"}
    bursar = Bursar(tmp_path / "home", "http://127.0.0.1:9", desktop=here)
    (bursar.home / "config.toml").write_text("colour = 1\n")
    assert bursar.command().returncode == 1
    ((_, note),) = notes.shown.items()
    assert note.title == "bursar could not start"
    assert note.text.startswith("config.toml, line 1: there is no key")


def test_markup_is_no_markup_and_a_service_without_it_gets_the_text_as_it_is(bus: PrivateBus):
    clicks: list[str] = []
    shower = Notifications(lambda: [bus.address], clicks.append)
    for capabilities, expected in ((("body", "body-markup"), "a &lt;b&gt; &amp; c"), (("body",), "a <b> & c")):
        service = NoteService(bus.address, capabilities)
        assert shower.tell(Note("test", "title", "a <b> & c", "open:today")) == ""
        assert [note.text for note in service.shown.values()] == [expected]
        service.close()
    shower.close()


def test_a_note_that_was_dismissed_is_not_replaced_but_shown_anew(bus: PrivateBus, notes: NoteService):
    clicks: list[str] = []
    shower = Notifications(lambda: [bus.address], clicks.append)
    assert shower.tell(Note("test", "first", "", "open:today")) == ""
    notes.dismiss(1)
    assert shower.tell(Note("test", "second", "", "open:models")) == ""
    notes.click(next(iter(notes.shown)))
    until(lambda: clicks == ["open:models"])
    shower.close()


def test_a_bus_that_comes_back_is_used_again(bus: PrivateBus, notes: NoteService):
    shower = Notifications(lambda: [bus.address], lambda action: None)
    assert shower.tell(Note("test", "first", "", "")) == ""
    bus.stop()
    until(lambda: not shower.is_there())
    assert shower.tell(Note("test", "lost", "", "")).startswith("this desktop shows no notes: ")
    bus.start()
    again = NoteService(bus.address)
    assert shower.tell(Note("test", "second", "", "")) == ""
    assert [note.title for note in again.shown.values()] == ["second"]
    again.close()
    shower.close()


def test_every_alert_has_a_page_that_explains_it():
    assert set(PAGES) == set(Kind)
    assert set(PAGES.values()) <= set(OPENED)
