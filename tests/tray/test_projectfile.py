"""A repository's own file: found from any folder inside, read again when it changes, believed only to restrict."""

import os
from pathlib import PurePath, PurePosixPath, PureWindowsPath

import pytest

from proxy.rules.project import NO_PROJECT
from tray.projectfile import ProjectFiles

GOOD = 'restricted_paths = ["infra/**"]\n[[rule]]\nname = "docs"\npath = "docs/**"\nroute = "local"\n'


class Elapsed:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def elapsed():
    return Elapsed()


@pytest.fixture
def files(elapsed):
    return ProjectFiles(elapsed)


@pytest.fixture
def repository(tmp_path):
    top = tmp_path / "repository"
    (top / ".git").mkdir(parents=True)
    (top / "src" / "deep").mkdir(parents=True)
    return top


def test_the_file_counts_for_every_folder_of_its_repository(files, repository):
    (repository / ".bursar.toml").write_text(GOOD)
    found = files.project(repository / "src" / "deep")
    assert ([rule.name for rule in found.rules], found.restricted_paths, found.problem) == (["docs"], ("infra/**",), "")


def test_a_file_above_the_repository_is_another_s(files, repository):
    (repository.parent / ".bursar.toml").write_text(GOOD)
    assert files.project(repository / "src") == NO_PROJECT


def test_a_change_is_seen_within_seconds(files, elapsed, repository):
    path = repository / ".bursar.toml"
    assert files.project(repository) == NO_PROJECT
    path.write_text(GOOD)
    elapsed.now_s = 3
    assert files.project(repository).rules
    path.unlink()
    elapsed.now_s = 6
    assert files.project(repository) == NO_PROJECT


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"rule == 1", "line 1"),
        (b'[[rule]]\nroute = "moon"\n', "line 2: `route` must be one of"),
        (b'budget = "99"\n', 'there is no key "budget"'),
        (b"\xff\xfe", "not UTF-8"),
        (b"#" * 70_000, "larger than 64 KB"),
        (b"a" + b".a" * 30_000 + b" = 1", "more than 256 dots"),
        (b"[a" + b".a" * 30_000 + b"]\nb = 1", "more than 256 dots"),
        (b"a = " + b"[" * 30_000 + b"]" * 30_000, "nested too deep"),
        (b"a = " + b"{a=" * 16_000 + b"1" + b"}" * 16_000, "nested too deep"),
        (b'restricted_paths = ["a*a*a*a*a*a*b"]', "at most 5 wildcards"),
    ],
)
def test_what_cannot_be_used_is_said_and_nothing_of_it_counts(files, repository, content, said):
    (repository / ".bursar.toml").write_bytes(content)
    found = files.project(repository)
    assert said in found.problem
    assert (found.rules, found.restricted_paths) == ((), ())


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="links are refused by a flag that this system lacks")
def test_a_link_is_not_followed(files, repository, tmp_path):
    (tmp_path / "elsewhere.toml").write_text(GOOD)
    (repository / ".bursar.toml").symlink_to(tmp_path / "elsewhere.toml")
    found = files.project(repository)
    assert found.problem
    assert not found.rules


def test_a_folder_that_is_not_there_has_no_project(files, tmp_path):
    assert files.project(tmp_path / "gone") == NO_PROJECT
    assert files.project(None) == NO_PROJECT
    other = PureWindowsPath("C:/x") if os.name == "posix" else PurePosixPath("/x")
    assert files.project(other) == NO_PROJECT


def test_a_folder_that_cannot_be_looked_at_has_no_file_and_harms_nothing(files):
    assert files.project(type(PurePath())("/" + "x" * 300 + "/app")) == NO_PROJECT
