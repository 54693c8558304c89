"""The tray of a running bursar, on a desktop without a screen: what a panel shows, and what each click does."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.kit.bursar import Bursar
from tests.kit.desktop import Panel, PrivateBus, until
from tests.kit.fake_claude import FakeClaude
from tests.kit.notes import NoteService
from tests.kit.raw import Client, message, post
from tests.prove import tray
from tests.tray.desktop.conftest import opened

Start = Callable[..., Bursar]

FIRST = [
    "Observe only: every request goes where it was sent (grey)",
    "Today: $0.00 of $10.00 (0%) (grey)",
    "Saved: nothing yet (grey)",
    "-",
    "( ) Auto",
    "( ) Local only",
    "( ) Claude only",
    "(o) Observe only",
    "-",
    "Daily budget: $10.00 >",
    *("    ( ) $1", "    ( ) $2", "    ( ) $5", "    (o) $10", "    ( ) $20", "    ( ) $50", "    -", "    Custom…"),
    "Stop all cloud traffic",
    "-",
    "Weekly savings report",
    "Open dashboard",
    "-",
    "[ ] Start at login",
    "Quit bursar (stops the proxy)",
]


def test_what_others_change_and_what_a_request_costs_is_told_to_an_open_menu(panel: Panel, start: Start):
    bursar = start(budget="1.20", cutoff="12.00")
    panel.read()
    revision = panel.revision
    assert panel.open() is False
    bursar.command("mode", "cloud")
    until(lambda: "(o) Claude only" in panel.labels())
    with Client(bursar.url) as client:
        assert client.ask(message("[[out:100000]]", max_tokens=100000)).status == 200  # 0.1 MTok at $10
    until(lambda: "Today: $1.00 of $1.20 (83%)" in str(panel.heard("ItemsPropertiesUpdated")))
    panel.click("Allow $2 more today")
    until(lambda: bursar.status()["cutoff_usd"] == "14")
    assert panel.heard("LayoutUpdated") == []  # Nothing moved under the mouse.
    assert panel.read().id == 0
    assert panel.revision == revision


def test_quit_lets_answers_end_says_so_meanwhile_and_a_second_one_does_not_wait(panel: Panel, start: Start):
    bursar = start(mode="cloud")
    with Client(bursar.url) as client:
        client.send(post(bursar.url, message("[[long:5000:20]]", stream=True)))
        until(lambda: bursar.status()["open_holds"] == 1)
        panel.click("Quit bursar (stops the proxy)")
        until(lambda: "Quit now (1 answer under way)" in panel.labels(), "the line that asks again")
        panel.click("Quit now (1 answer under way)")
        assert bursar.ended() == 0
    assert [entry.outcome for entry in bursar.entries()] != ["complete"]


def test_a_round_through_the_whole_menu_with_panels_and_a_bus_that_come_and_go(bus: PrivateBus, fake: FakeClaude):
    assert tray.prove(1, fake).clicks > 15


def test_the_first_menu_its_pages_and_a_second_start(panel: Panel, start: Start, browser: Path):
    bursar = start()
    assert panel.labels() == FIRST
    assert panel.property("ToolTip")[2] == "bursar: $0.00 of $10.00 today, Observe only"
    sizes = [(width, height, len(pixels)) for width, height, pixels in panel.property("IconPixmap")]
    assert sizes == [(side, side, 4 * side * side) for side in (16, 22, 24, 32, 48, 64)]
    panel.item_call("Activate", "ii", (0, 0))
    until(lambda: len(opened(browser)) == 1)
    panel.click("Weekly savings report")
    until(lambda: len(opened(browser)) == 2)
    panel.click("Custom…")
    until(lambda: len(opened(browser)) == 3)
    assert ["/open/" in link for link in opened(browser)] == [True] * 3
    assert [link.partition("?")[2] for link in opened(browser)] == ["", "to=reports", "to=settings"]
    said = bursar.command()
    assert (said.returncode, said.stdout) == (0, "bursar: it runs already; its dashboard opens in your browser\n")
    until(lambda: len(opened(browser)) == 4)
    assert bursar.command("serve", "--no-tray").returncode == 4
    assert bursar.command("serve", "--background").returncode == 4
    assert len(opened(browser)) == 4
    assert bursar.status()["mode"] == "observe"


def test_without_a_bus_or_a_wish_for_icon_and_notes_bursar_works_as_ever(
    no_bus_yet: PrivateBus, shown: Callable[..., Panel], start: Start, stack: ExitStack
):
    bursar = start()
    assert bursar.status()["tray"] == "no-bus"
    assert "there is no desktop here" in bursar.command("status").stdout
    assert bursar.stop() == 0
    no_bus_yet.start()
    panel, notes = shown(), NoteService(no_bus_yet.address)
    stack.callback(notes.close)
    config = bursar.home / "config.toml"
    config.write_text(config.read_text() + "\n[tray]\nshow = false\n\n[notify]\ndesktop = false\n")
    bursar.start()
    assert bursar.status()["tray"] == "off"
    bursar.command("stop")
    (alert,) = until(lambda: [one for one in bursar.api("/api/alerts")["alerts"] if one["is_planned"]])
    assert alert["deliveries"] == []
    assert bursar.stop() == 0
    assert (panel.items, notes.shown) == ([], {})


def test_a_desktop_whose_libraries_do_not_load_leaves_bursar_as_ever(tmp_path: Path, start: Start):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "jeepney.py").write_text('raise ImportError("it is not whole")\n')
    bursar = start({"PYTHONPATH": str(broken), "DISPLAY": ":no", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"})
    assert bursar.status()["tray"] == "no-bus"
    assert bursar.command("mode", "local").returncode == 0
    assert bursar.stop() == 0
    assert "it is not whole" in (bursar.home / "bursar.log").read_text()
