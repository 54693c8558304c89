"""The config file changes key by key, and every other byte stays."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray.config_edit import edited
from tray.config_file import DEFAULT, ChangeError, change, create
from tray.settings import SettingsError

HAND_MADE = """\
# my own notes
budget   =  "10.00"   # what I can afford
alerts = [ 50,   # half
  80 ]

[cloud]   # work account
url = "https://gateway.example"
"""


def utc() -> str:
    return "UTC"


def changed_lines(before: str, after: str) -> list[tuple[str, str]]:
    return [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]


def test_changing_a_key_changes_its_value_and_not_its_line():
    after = edited(HAND_MADE, {"budget": "20.00"})
    assert changed_lines(HAND_MADE, after) == [
        ('budget   =  "10.00"   # what I can afford', 'budget   =  "20.00"   # what I can afford')
    ]


def test_a_new_key_goes_below_the_comment_that_shows_its_default():
    before = DEFAULT.format(zone="UTC")
    after = edited(before, {"cutoff": "15.00"})
    assert '# cutoff = "12.00"\ncutoff = "15.00"\n' in after
    assert after.replace('\ncutoff = "15.00"', "") == before


def test_a_new_key_of_a_file_without_such_a_comment_goes_to_the_top():
    assert edited(HAND_MADE, {"cutoff": "15.00"}) == 'cutoff = "15.00"\n' + HAND_MADE


def test_a_comment_that_belongs_to_another_table_is_not_taken_for_the_place():
    text = '[cloud]\n# cutoff = "1"\nurl = "https://a"\n'
    assert tomllib.loads(edited(text, {"cutoff": "2"})) == {"cutoff": "2", "cloud": {"url": "https://a"}}


def test_taking_a_key_back_restores_the_file():
    assert edited(edited(HAND_MADE, {"cutoff": "15.00"}), {"cutoff": None}) == HAND_MADE
    assert edited(HAND_MADE, {"cutoff": None}) == HAND_MADE


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark_of_windows_stay(mark: str):
    before = mark + HAND_MADE.replace("\n", "\r\n")
    after = edited(before, {"budget": "3", "cutoff": "4"})
    assert after.count("\r\n") == after.count("\n") == before.count("\n") + 1
    assert after.startswith(mark + "cutoff")


@given(st.integers(0, 10**8), st.integers(0, 10**8), st.booleans())
def test_any_change_gives_a_file_that_says_just_that(budget: int, cutoff: int, from_default: bool):
    before = DEFAULT.format(zone="UTC") if from_default else HAND_MADE
    after = edited(before, {"budget": f"{budget}", "cutoff": f"{cutoff}"})
    assert tomllib.loads(after) == {**tomllib.loads(before), "budget": str(budget), "cutoff": str(cutoff)}


def test_a_change_that_makes_no_sense_leaves_the_file_as_it_was(tmp_path: Path):
    path = tmp_path / "config.toml"
    path.write_text(HAND_MADE)
    path.chmod(0o600)
    with pytest.raises(ChangeError, match="below `budget`"):
        change(path, {"cutoff": "5.00"}, utc)
    assert path.read_text() == HAND_MADE
    assert [entry.name for entry in tmp_path.iterdir()] == ["config.toml"]


def test_the_first_start_writes_a_commented_file_and_the_next_leaves_it(tmp_path: Path):
    path = tmp_path / "bursar" / "config.toml"
    assert create(path, lambda: "Asia/Tokyo")
    assert 'zone = "Asia/Tokyo"' in path.read_text()
    path.write_text("# emptied\n")
    assert not create(path, utc)
    assert path.read_text() == "# emptied\n"


BROKEN = {
    "no TOML": (b'budget = "10\n', "config.toml, line 1: a text in quotes must end on the line where it begins"),
    "no text": (b'budget = "10"\n# caf\xe9\n', "config.toml, line 2: this is not UTF-8 text; save the file as UTF-8"),
    "a key twice": (b"budget = 1\nbudget = 2\n", "config.toml, line 2: this key stands further up already"),
}


@pytest.mark.parametrize(("content", "said"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_read_is_named_and_not_changed(tmp_path: Path, content: bytes, said: str):
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SettingsError) as refused:
        change(path, {"budget": "20"}, utc)
    assert (str(refused.value), path.read_bytes()) == (said, content)


def test_a_key_of_what_is_no_table_is_refused(tmp_path: Path):
    path = tmp_path / "config.toml"
    path.write_text("machine = 5\n")
    path.chmod(0o600)
    with pytest.raises(ChangeError, match="not changed: `years` stands in the file in an unusual way"):
        change(path, {"machine.years": 2}, utc)
    assert path.read_text() == "machine = 5\n"


def test_a_list_that_stands_so_already_keeps_the_comments_in_it():
    assert edited(HAND_MADE, {"alerts": [50, 80], "budget": "10.00"}) == HAND_MADE
