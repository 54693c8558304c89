"""Private files: nobody else can read or change them, and a write is whole or did not happen."""

import os
from pathlib import Path

import pytest

from tray.files import UnsafeFileError, private_folder, read_private, write_private

posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows keeps a person's folders private by itself")


@posix_only
def test_a_file_is_written_for_its_owner_alone(tmp_path: Path):
    folder = private_folder(tmp_path / "new" / "bursar")
    write_private(folder / "a", b"content")
    assert (folder / "a").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in folder.iterdir()] == ["a"]


@posix_only
def test_a_folder_of_ours_that_is_too_open_is_tightened(tmp_path: Path):
    tmp_path.chmod(0o777)
    private_folder(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@posix_only
def test_links_are_followed_neither_for_reading_nor_for_writing(tmp_path: Path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"precious")
    target.chmod(0o600)
    link.symlink_to(target)
    with pytest.raises(UnsafeFileError, match="symbolic link"):
        read_private(link)
    with pytest.raises(UnsafeFileError, match="symbolic link"):
        write_private(link, b"overwritten")
    assert target.read_bytes() == b"precious"
    (tmp_path / "folder").mkdir()
    (tmp_path / "to_folder").symlink_to(tmp_path / "folder")
    with pytest.raises(UnsafeFileError, match="symbolic link"):
        private_folder(tmp_path / "to_folder")


@posix_only
def test_a_file_that_others_can_write_to_is_refused_with_the_command_that_mends_it(tmp_path: Path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"budget = 1000")
    path.chmod(0o666)
    with pytest.raises(UnsafeFileError, match="chmod 600"):
        read_private(path)


@posix_only
def test_a_pipe_in_place_of_a_file_is_refused_without_waiting(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnsafeFileError, match="not a plain file"):
        read_private(tmp_path / "pipe")


def test_a_write_that_fails_leaves_the_old_content(tmp_path: Path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_private(tmp_path / "taken", b"x")
    assert (tmp_path / "taken").is_dir()
