"""The tray of a running bursar, on a desktop without a screen: what a panel shows, and what each click does."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.bursar import Bursar
from tests.kit.desktop import Panel, PrivateBus, until
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Client, message, post
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


def test_every_click_counts_in_the_running_proxy_and_shows_in_the_menu(panel: Panel, start: Start, tmp_path: Path):
    bursar = start()
    assert panel.labels() == FIRST
    panel.click("Claude only")
    until(lambda: bursar.status()["mode"] == "cloud")
    until(lambda: "(o) Claude only" in panel.labels())
    panel.click("$5")
    until(lambda: bursar.status()["budget_usd"] == "5")
    until(lambda: {"Daily budget: $5.00 >", "    (o) $5"} <= set(panel.labels()))
    panel.click("Stop all cloud traffic")
    until(lambda: bursar.status()["stop"])
    resume = until(lambda: next((line for line in panel.labels() if line.startswith("Resume cloud (stopped ")), ""))
    assert "Stop all cloud traffic" not in panel.labels()
    panel.click(resume)
    until(lambda: bursar.status()["stop"] is None)
    panel.click("Start at login")
    until(lambda: "[x] Start at login" in panel.labels())
    assert list((tmp_path / ".config" / "autostart").iterdir())
    panel.click("Start at login")
    until(lambda: "[ ] Start at login" in panel.labels())
    assert not list((tmp_path / ".config" / "autostart").iterdir())


def test_what_others_change_and_what_a_request_costs_is_told_to_an_open_menu(panel: Panel, start: Start):
    bursar = start(budget="1.20", cutoff="12.00")
    panel.read()
    revision = panel.revision
    assert panel.open() is False
    bursar.command("mode", "cloud")
    until(lambda: "(o) Claude only" in panel.labels())
    with Client(bursar.url) as client:
        assert client.ask(message("[[out:100000]]", max_tokens=100000)).status == 200  # 0.1 MTok at $10
    until(lambda: "Today: $1.01 of $1.20 (83%)" in str(panel.heard("ItemsPropertiesUpdated")))
    panel.click("Allow $2 more today")
    until(lambda: bursar.status()["cutoff_usd"] == "14")
    assert panel.heard("LayoutUpdated") == []  # Nothing moved under the mouse.
    assert panel.read().id == 0
    assert panel.revision == revision


def test_pages_open_in_the_browser_by_a_link_that_works_once(panel: Panel, start: Start, browser: Path):
    start()
    panel.item_call("Activate", "ii", (0, 0))
    until(lambda: opened(browser))
    panel.click("Weekly savings report")
    until(lambda: len(opened(browser)) == 2)
    panel.click("Custom…")
    until(lambda: len(opened(browser)) == 3)
    first, second, third = opened(browser)
    assert "/open/" in first
    assert second.endswith("?to=reports")
    assert third.endswith("?to=settings")


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


def test_an_icon_comes_back_with_a_panel_that_starts_anew_and_with_a_bus_that_does(
    bus: PrivateBus, shown: Callable[..., Panel], start: Start
):
    bursar = start()
    until(lambda: bursar.status()["tray"] == "no-host", "the bus")
    first = shown()
    until(lambda: bursar.status()["tray"] == "host")
    assert first.labels() == FIRST
    first.close()
    until(lambda: bursar.status()["tray"] == "no-host")
    bursar.mode("cloud")
    again = shown()
    until(lambda: bursar.status()["tray"] == "host")
    until(lambda: "(o) Claude only" in again.labels())
    bus.stop()
    until(lambda: bursar.status()["tray"] == "no-bus")
    bursar.mode("auto")
    bus.start()
    last = shown()
    until(lambda: bursar.status()["tray"] == "host")
    until(lambda: "(o) Auto" in last.labels())
    assert bursar.stop() == 0


def test_without_a_bus_bursar_works_as_ever(no_bus_yet: PrivateBus, start: Start):
    bursar = start()
    assert bursar.status()["tray"] == "no-bus"
    assert "no desktop here" in bursar.command("status").stdout
    assert bursar.stop() == 0


def test_an_icon_that_nobody_wants_is_not_shown(panel: Panel, start: Start):
    bursar = start()
    bursar.stop()
    config = bursar.home / "config.toml"
    config.write_text(config.read_text() + "\n[tray]\nshow = false\n")
    count = len(panel.items)
    bursar.start()
    assert bursar.status()["tray"] == "off"
    assert bursar.stop() == 0
    assert len(panel.items) == count


def test_a_second_start_on_a_desktop_opens_the_dashboard_of_the_first(panel: Panel, start: Start, browser: Path):
    bursar = start()
    said = bursar.command()
    assert (said.returncode, said.stdout) == (0, "bursar: it runs already; its dashboard opens in your browser\n")
    until(lambda: opened(browser))
    assert bursar.command("serve", "--no-tray").returncode == 4
    assert bursar.command("serve", "--background").returncode == 4
    assert len(opened(browser)) == 1


def test_pictures_come_in_the_sizes_that_panels_ask_for(panel: Panel, start: Start):
    start()
    sizes = [(width, height, len(pixels)) for width, height, pixels in panel.property("IconPixmap")]
    assert sizes == [(side, side, 4 * side * side) for side in (16, 22, 24, 32, 48, 64)]
    assert panel.property("ToolTip")[2] == "bursar: $0.00 of $10.00 today, Observe only"


@pytest.mark.skipif(os.name == "nt", reason="needs a D-Bus")
def test_a_fault_behind_the_tray_does_not_end_the_proxy(panel: Panel, start: Start, fake: FakeClaude):
    bursar = start(mode="cloud")
    with pytest.raises(LookupError):
        panel.menu_call("GetLayout", "s", ("nonsense",))
    panel.item_call("Scroll", "is", (1, "vertical"))
    with Client(bursar.url) as client:
        assert client.ask(message("still there?")).status == 200
