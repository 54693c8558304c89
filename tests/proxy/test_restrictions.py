"""Which sessions are restricted outlasts the process, in a file that has nothing else."""

import stat
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from proxy.restrictions import Restrictions
from proxy.sessions import Sessions
from proxy.task import Tier


def test_a_restriction_is_known_after_a_restart(tmp_path):
    path = tmp_path / "state" / "restricted.txt"
    Restrictions(path).add("s1")
    again = Restrictions(path)
    assert "s1" in again
    assert "s2" not in again


def test_only_the_names_of_restricted_sessions_are_written_and_only_the_owner_reads_them(tmp_path):
    path = tmp_path / "restricted.txt"
    sessions = Sessions(lambda: None, restrictions=Restrictions(path))
    for tier in Tier:
        sessions.saw(f"s{tier.value}", tier)
        sessions.saw(f"s{tier.value}", tier)
    assert path.read_text() == "s3\n"
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_longest_restricted_are_forgotten_first_and_the_file_does_not_grow(tmp_path):
    path = tmp_path / "restricted.txt"
    kept = Restrictions(path, most=10)
    for number in range(100):
        kept.add(f"s{number}")
        assert len(path.read_text().splitlines()) <= 20
    for found in (kept, Restrictions(path, most=10)):
        assert [number for number in range(100) if f"s{number}" in found] == list(range(90, 100))


def test_what_cannot_be_written_is_known_until_the_end_of_the_run(tmp_path, caplog):
    path = tmp_path / "restricted.txt"
    path.mkdir()
    kept = Restrictions(path)
    kept.add("s1")
    assert "s1" in kept
    assert "cannot be kept" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="the file is not followed through a link where links are common")
def test_a_link_in_its_place_is_not_followed(tmp_path):
    path, elsewhere = tmp_path / "restricted.txt", tmp_path / "elsewhere"
    elsewhere.write_text("")
    path.symlink_to(elsewhere)
    Restrictions(path).add("s1")
    assert elsewhere.read_text() == ""


def test_all_that_come_at_once_are_kept(tmp_path):
    path = tmp_path / "restricted.txt"
    kept = Restrictions(path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: kept.add(f"s{number % 50}"), range(400)))
    assert sorted(path.read_text().split()) == sorted(f"s{number}" for number in range(50))
