"""The report as a command, at rest and running; each week's is made once, kept for its owner only, and told of once."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from budget.archive import Archive
from budget.bands import Limits
from budget.ledger import Ledger
from tests.budget.desk import BERLIN, Desk
from tests.budget.test_weekly import maker
from tests.kit.pasts import days_before
from tests.kit.weeks import WeekMaker
from tests.tray.conftest import NOON, Command
from tray.reports import Keeper
from tray.settings import read

MONDAY = datetime(2026, 11, 16, 8, tzinfo=UTC)


@pytest.fixture
def lived(home: Path) -> Path:
    """A home with some requests in it, since Monday."""
    settings = read((home / "config.toml").read_text(), lambda: "UTC")
    moments = [MONDAY]
    limits, zone = Limits.of(settings.budget), settings.zone
    clock = lambda: (moments[-1] - MONDAY).total_seconds() + 1000
    with Ledger.open(home / "ledger", clock=lambda: moments[-1], limits=limits, zone=zone, monotonic=clock) as ledger:
        week = WeekMaker(ledger, moments.append)
        week.at_claude(MONDAY, "2.50", said="2.40", session="a-long-one", project="/home/ada/" + "x" * 80)
        week.at_home(MONDAY + timedelta(hours=1), "0.75", idle="0.01", project="/home/\x1b[31mred")
        week.in_vain(MONDAY + timedelta(hours=2))
        week.at_claude(MONDAY + timedelta(hours=3), "9.50", alone="0.60", model="m" * 90)
        ledger.tallies.refused("L2", "cutoff")
    return home


def test_the_text_fits_a_hundred_columns_and_holds_nothing_that_steers_a_terminal(bursar: Command, lived: Path):
    said = bursar("report", "--week", "2026-W47").out
    assert max(map(len, said.splitlines())) <= 100
    assert "\x1b" not in said
    # Alone 2.50 + 0.75 + 0.60; Claude 12.00; this machine 0.013 + 0.003.
    assert "Cost $8.17 more than it saved: $3.85 at Claude alone − $12.00 Claude − $0.02 here." in said
    assert "Cold caches +$8.9000" in " ".join(said.split())
    assert "1 request of L2 refused: the cutoff was reached." in said
    assert "budget used up" in said or "cutoff reached" in said
    assert said == bursar("report", "--week", "2026-W47", "--text").out


def test_a_past_that_was_imported_is_told_apart_also_where_nothing_passed_through_bursar(
    bursar: Command, lived: Path
) -> None:
    settings = read((lived / "config.toml").read_text(), lambda: "UTC")
    limits = Limits.of(settings.budget)
    with Ledger.open(lived / "ledger", clock=lambda: NOON, limits=limits, zone=settings.zone) as ledger:
        days_before(ledger, MONDAY - timedelta(days=7))
    said = bursar("report", "--week", "2026-W46").out
    assert "2026-11-09 to 2026-11-15: nothing was spent" in said
    assert "Mon 2026-11-09" in said
    assert "The seven days before: $24.40 for 20 requests." in bursar("report", "--week", "2026-W47").out
    assert max(map(len, said.splitlines())) <= 100


def test_the_file_is_its_owners_only_and_is_the_same_on_the_screen(bursar: Command, lived: Path, tmp_path: Path):
    file = tmp_path / "week.html"
    said = bursar("report", "--week", "2026-W47", "--html", str(file))
    assert (said.code, said.out) == (0, "")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "This week bursar cost $8.17 more than it saved" in file.read_text()
    assert bursar("report", "--week", "2026-W47", "--html", "-").out.rstrip("\n") == file.read_text().rstrip("\n")


def test_two_forms_at_once_and_a_ledger_that_is_none_are_told_in_one_line(bursar: Command, lived: Path):
    assert bursar("report", "--json", "--csv").code == 2
    (lived / "ledger" / "ledger.db").write_bytes(b"not a database" * 100)
    said = bursar("report")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "the ledger cannot be read" in said.err


def test_without_a_ledger_there_is_nothing_and_nothing_is_written(bursar: Command, home: Path):
    assert "nothing was spent" in bursar("report").out
    assert bursar("report", "--list").out.startswith("no report was kept yet")
    assert [path.name for path in home.iterdir()] == ["config.toml"]


def test_a_running_bursar_keeps_and_tells_the_same_as_one_at_rest(served) -> None:  # type: ignore[no-untyped-def]
    running = json.loads(served.command("report", "--json", "--week", "2026-W47").stdout)
    assert running["week"] == "2026-W47"
    assert running["sums"]["claude"] == {"usd": "0", "picos": 0}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "ledger")
    desk.now = MONDAY
    yield desk
    desk.close_all()


def keeper(desk: Desk, ledger: Ledger, folder: Path) -> Keeper:
    return Keeper(Archive(folder / "reports"), ledger, lambda: desk.now, lambda: BERLIN, folder / "simulated.txt")


def test_a_week_is_kept_as_files_that_only_their_owner_can_read_and_missed_weeks_are_too(desk: Desk, tmp_path: Path):
    ledger = desk.open()
    week, kept = maker(desk, ledger), Archive(tmp_path / "reports")
    week.at_claude(MONDAY, "1")
    week.at_claude(MONDAY + timedelta(days=15), "2")
    desk.pass_time(days=8)
    assert keeper(desk, ledger, tmp_path).keep(date(2026, 11, 30))
    assert kept.weeks() == ["2026-W49", "2026-W47"]  # Nothing was asked in week 48.
    for name in kept.weeks():
        for ending in ("html", "json"):
            assert os.stat(kept.path(name, ending)).st_mode & 0o777 == 0o600
    assert (tmp_path / "reports").stat().st_mode & 0o777 == 0o700
    told = json.loads(kept.read("2026-W49", "json") or b"")
    assert told["sums"]["claude"]["usd"] == "2"
    assert told["before"] is None


def test_a_missed_week_is_not_made_again_and_an_empty_one_is_not_made(desk: Desk, tmp_path: Path):
    ledger = desk.open()
    maker(desk, ledger).at_claude(MONDAY, "1")
    desk.pass_time(days=7)
    make = keeper(desk, ledger, tmp_path)
    assert make.keep(date(2026, 11, 16))
    before = make.archive.path("2026-W47", "json").stat().st_mtime_ns
    desk.pass_time(days=7)
    assert not make.keep(date(2026, 11, 23))
    assert make.archive.path("2026-W47", "json").stat().st_mtime_ns == before
    assert make.archive.weeks() == ["2026-W47"]


def test_the_list_shows_what_was_kept(bursar: Command, lived: Path):
    settings = read((lived / "config.toml").read_text(), lambda: "UTC")
    with Ledger.open(
        lived / "ledger", clock=lambda: NOON, limits=Limits.of(settings.budget), zone=settings.zone
    ) as ledger:
        archive = Archive(lived / "reports")
        assert Keeper(archive, ledger, lambda: NOON, lambda: settings.zone, lived / "x").keep(date(2026, 11, 16))
    [line] = bursar("report", "--list", "--json").json
    assert line["html"] == str(lived / "reports" / "2026-W47.html")
    assert (line["claude_usd"], line["saved_usd"]) == ("12", "-8.166")
    assert "2026-W47  $12.00" in bursar("report", "--list").out


@pytest.mark.parametrize("name", ["../etc/passwd", "2026-W4", "", "2026-W47/../x"])
def test_only_weeks_name_files(tmp_path: Path, name: str):
    with pytest.raises(ValueError, match="not a week"):
        Archive(tmp_path).keep(name, {"json": b""})


def test_a_file_that_cannot_be_written_is_named_and_nothing_is_left_beside_it(bursar: Command, tmp_path: Path):
    folder = tmp_path / "folder"
    folder.mkdir()
    assert f"{folder} is a folder" in bursar("report", "--html", str(folder)).err
    assert f"there is no folder {folder / 'none'}" in bursar("report", "--html", str(folder / "none" / "w.html")).err
    assert not folder.with_name("folder.new").exists()
