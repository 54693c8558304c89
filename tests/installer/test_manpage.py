"""The manual page has every command, and its roff takes no word of a help text for one of its own."""

import re
import shutil
import subprocess
from pathlib import Path

import manpage
import pytest

from tray.cli.main import HIDDEN, VERBS


def test_every_command_is_on_it_and_none_that_only_programs_call():
    page = manpage.page("1.2.3")
    sections = re.findall(r"^\.SS bursar (\S+)", page, re.M)
    assert sections == [verb.replace("-", "\\-") for verb in VERBS]
    assert not set(sections) & set(HIDDEN)
    assert '"bursar 1.2.3"' in page


def test_a_line_that_begins_like_a_roff_command_is_none():
    assert manpage._text(".bursar.toml says\n'so'") == "\\&.bursar.toml says 'so'"
    assert manpage._text("one\n\n'two' \\ --three") == "one\n.PP\n\\&'two' \\e \\-\\-three"


@pytest.mark.skipif(not shutil.which("man"), reason="needs man (Debian: man-db)")
def test_man_finds_nothing_to_warn_of(tmp_path: Path):
    manpage.write(tmp_path / "bursar.1", "1.2.3")
    command = ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(tmp_path / "bursar.1")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})
    assert (done.returncode, done.stderr) == (0, "")
