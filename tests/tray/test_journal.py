"""Under systemd each line in the journal bears its level, and no moment of ours beside the journal's."""

import logging
import os
import sys
from collections.abc import Iterator

import pytest

from tray.journal import JournalFormatter, form_on_screen


@pytest.fixture
def pipe() -> Iterator[int]:
    """The end of a pipe that somebody reads."""
    read, write = os.pipe()
    yield write
    os.close(read)
    os.close(write)


def stream(fd: int) -> str:
    """Name a file descriptor as systemd does in JOURNAL_STREAM."""
    found = os.fstat(fd)
    return f"{found.st_dev}:{found.st_ino}"


def record(level: int, message: str, *, fails: bool = False) -> logging.LogRecord:
    """Make a record, with a traceback if it tells of a failure."""
    info = None
    if fails:
        try:
            raise ValueError("no such x-api-key: sk-ant-REDACTED")
        except ValueError:
            info = sys.exc_info()
    return logging.LogRecord("tray.app", level, "f", 1, message, (), info)


def test_the_journal_is_recognised_by_its_stream_and_by_nothing_else(pipe: int):
    assert isinstance(form_on_screen({"JOURNAL_STREAM": stream(pipe)}, pipe), JournalFormatter)
    # A terminal opened from a service's environment, no systemd at all, and a closed stderr.
    for environ, fd in (({"JOURNAL_STREAM": "8:1"}, pipe), ({}, pipe), ({"JOURNAL_STREAM": stream(pipe)}, 99_999)):
        assert not isinstance(form_on_screen(environ, fd), JournalFormatter)


def test_each_line_of_a_traceback_bears_the_level_and_no_key(pipe: int):
    lines = JournalFormatter().format(record(logging.ERROR, "the job failed", fails=True)).split("\n")
    assert lines[0] == "<3>tray.app: the job failed"
    assert len(lines) > 3
    assert all(line.startswith("<3>") for line in lines)
    assert not any("sk-ant" in line for line in lines)


@pytest.mark.parametrize(
    ("level", "number"), [(logging.CRITICAL, 2), (logging.WARNING, 4), (logging.INFO, 6), (logging.DEBUG, 7)]
)
def test_levels_are_the_journals(level: int, number: int):
    assert JournalFormatter().format(record(level, "so it is")) == f"<{number}>tray.app: so it is"


def test_on_a_terminal_the_moment_is_said(pipe: int):
    text = form_on_screen({}, pipe).format(record(logging.WARNING, "so it is"))
    assert text.endswith(" WARNING tray.app: so it is")
    assert text[:4].isdigit()
