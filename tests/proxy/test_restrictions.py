"""Which sessions are restricted outlasts the process, in a file that has nothing else."""

import stat
import subprocess
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


def test_while_it_cannot_be_told_which_are_restricted_all_are(tmp_path, caplog):
    path = tmp_path / "restricted.txt"
    path.mkdir()
    kept = Restrictions(path)
    assert "s1" in kept
    assert "all are taken for restricted" in caplog.text
    assert path.name in caplog.text
    path.rmdir()
    path.write_text("s2\n")
    assert "s1" not in kept
    assert "s2" in kept


def test_it_says_what_is_wrong_until_that_is_mended(tmp_path):
    path = tmp_path / "restricted.txt"
    path.write_bytes(b"s1\n\xff\n")
    kept = Restrictions(path)
    assert kept.problem == f"{path} cannot be read: until it can, or is deleted, every session counts as restricted"
    path.unlink()
    assert kept.problem == ""
    path.mkdir()
    kept.add("s1")
    assert kept.problem.startswith(f"{path} cannot be written: ")
    path.rmdir()
    kept.add("s1")
    assert kept.problem == ""


@pytest.mark.parametrize("content", [b"s1\n\0\0\0\0\n", b"s1\n\xff\xfe\n", b"s1\nno name\n", b"SQLite format 3\0"])
def test_what_is_no_list_of_names_may_have_had_any_name(tmp_path, content):
    path = tmp_path / "restricted.txt"
    path.write_bytes(content)
    kept = Restrictions(path)
    assert "s2" in kept
    kept.add("s3")
    path.write_bytes(path.read_bytes().replace(content, b"s1\n"))
    assert [name in kept for name in ("s1", "s2", "s3")] == [True, False, True]


def test_a_name_that_could_not_be_written_is_written_with_the_next(tmp_path):
    path = tmp_path / "restricted.txt"
    path.mkdir()
    kept = Restrictions(path)
    kept.add("s1")
    path.rmdir()
    kept.add("s2")
    kept.add("s2")
    assert path.read_text() == "s1\ns2\n"


def test_a_name_that_could_not_be_written_is_written_when_it_is_seen_again(tmp_path):
    path = tmp_path / "restricted.txt"
    path.mkdir()
    kept = Restrictions(path)
    kept.add("s1")
    path.rmdir()
    kept.add("s1")
    assert path.read_text() == "s1\n"


def test_a_line_without_an_end_spoils_no_other_name(tmp_path):
    path = tmp_path / "restricted.txt"
    path.write_text("s1\ns2-and-what-was-cut-o")
    Restrictions(path).add("s3")
    assert "s1" in Restrictions(path)
    assert "s3" in Restrictions(path)


FULL = """
import resource, signal, sys
from pathlib import Path
from proxy.restrictions import Restrictions

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
kept = Restrictions(path)
kept.add("a" * 50)
resource.setrlimit(resource.RLIMIT_FSIZE, (60, resource.RLIM_INFINITY))
kept.add("b" * 50)
assert path.read_text() == "a" * 50 + chr(10), path.read_text()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
kept.add("c" * 50)
assert path.read_text().split() == ["a" * 50, "b" * 50, "c" * 50], path.read_text()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_name_of_which_only_half_fits_on_the_disk_spoils_no_other(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "restricted.txt")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
