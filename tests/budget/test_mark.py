"""The high-water file and the tip."""

import zlib
from datetime import date
from pathlib import Path

import pytest

from budget.ledger import Mode
from budget.mark import BadMark, Height, Mark, boot_id, step_above
from budget.tip import Last, TipFile, digest_of, read_tip
from pricing.money import Money
from tests.budget.desk import Desk, held, spend

DAY = date(2026, 11, 21)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    mark = Mark.read(tmp_path / "mark")
    assert mark.height is None
    height = Height(DAY, 123, Mode.local, "person")
    mark.write(height)
    assert Mark.read(tmp_path / "mark").height == height


def test_it_covers_its_own_day_up_to_its_height(tmp_path: Path) -> None:
    mark = Mark(tmp_path / "mark", Height(DAY, 100))
    assert mark.covers(Height(DAY, 100))
    assert not mark.covers(Height(DAY, 101))
    assert not mark.covers(Height(date(2026, 11, 22), 0))


def test_it_does_not_cover_another_mode_or_a_stop(tmp_path: Path) -> None:
    mark = Mark(tmp_path / "mark", Height(DAY, 100))
    assert not mark.covers(Height(DAY, 1, Mode.local))
    assert not mark.covers(Height(DAY, 1, stopped_by="person"))


@pytest.mark.parametrize("content", [b"", b"{}", b'{"day": "2026-11-21", "picos": 5}\n00000000\n', b"\xff\xfe"])
def test_a_mark_that_is_not_ours_is_not_believed(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mark").write_bytes(content)
    with pytest.raises(BadMark):
        Mark.read(tmp_path / "mark")


@pytest.mark.parametrize("body", ['{"day": "2026-11-21", "picos": 5}', "[]", '{"day": 1}', '{"day": "x", "picos": 1}'])
def test_a_mark_of_another_version_is_not_believed(tmp_path: Path, body: str) -> None:
    (tmp_path / "mark").write_text(f"{body}\n{zlib.crc32(body.encode()):08x}\n")
    with pytest.raises(BadMark):
        Mark.read(tmp_path / "mark")


def test_steps_are_a_fiftieth_of_the_cutoff_and_end_at_it() -> None:
    assert step_above(0, 100) == 2
    assert step_above(1, 100) == 2
    assert step_above(2, 100) == 4
    assert step_above(99, 100) == 100
    assert step_above(100, 100) == 100
    assert step_above(130, 100) == 130
    assert step_above(0, 0) == 0


def test_a_broken_mark_is_told_and_the_ledger_goes_on(desk: Desk) -> None:
    ledger = desk.open()
    spend(ledger, "2")
    ledger.close()
    desk.files.mark.write_bytes(b"rubbish")
    again = desk.open()
    assert any("checksum" in notice or "mark" in notice for notice in again.notices)
    assert again.today().settled == Money.usd(2)
    held(again, "1")


def test_most_holds_need_no_new_mark(desk: Desk) -> None:
    ledger = desk.open()
    written = set()
    for number in range(100):
        spend(ledger, "0.01", f"r{number}")
        written.add(desk.files.mark.read_bytes())
    assert 4 <= len(written) <= 6  # $1.00 in steps of $0.24


def test_the_tip_remembers_and_a_torn_one_is_not_believed(tmp_path: Path) -> None:
    tip = TipFile(tmp_path / "tip", "boot")
    assert tip.read() is None
    assert read_tip(tmp_path / "no tip") is None
    hold, entry = Last(3, digest_of("a run")), Last(2, digest_of("another"))
    tip.write(hold, entry, 5, DAY, 7, 1.5, 2.5)
    last = tip.read()
    assert last == read_tip(tmp_path / "tip")
    assert last is not None
    assert (last.hold, last.entry, last.highest, last.day, last.gone) == (hold, entry, 5, DAY, 7)
    assert (last.wall_s, last.elapsed_s) == (1.5, 2.5)
    assert tip.same_boot(last)
    other = TipFile(tmp_path / "tip", "another boot")
    assert not other.same_boot(last)
    unknown = TipFile(tmp_path / "tip", None)
    assert not unknown.same_boot(unknown.read())
    content = (tmp_path / "tip").read_bytes()
    (tmp_path / "tip").write_bytes(content[:-1] + b"?")
    assert tip.read() is None
    for each in (tip, other, unknown):
        each.close()


def test_the_machine_tells_the_same_boot_twice() -> None:
    assert boot_id() == boot_id()
