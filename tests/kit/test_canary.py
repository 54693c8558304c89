"""What is hidden in a home is found in every form, and nothing that is not."""

import base64
import gzip
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.kit.canary import BEARER, CANARY, IS_LISTED, WORDS, homes, in_files, in_homes, in_processes, in_text
from tests.kit.fake_claude import KEY

AROUND = b"before it, "
FORMS: dict[str, Callable[[str], bytes]] = {
    "raw": str.encode,
    "UTF-16, little end first": lambda word: word.encode("utf-16-le"),
    "UTF-16, big end first": lambda word: word.encode("utf-16-be"),
    "JSON's escapes": lambda word: "".join(f"\\u{ord(letter):04x}" for letter in word).encode(),
    "some of JSON's escapes": lambda word: word.replace("a", "\\u0061").encode(),
    "Python's escapes": lambda word: "".join(f"\\x{ord(letter):02X}" for letter in word).encode(),
    "percents": lambda word: quote(word).encode(),
    "percents throughout": lambda word: "".join(f"%{ord(letter):02x}" for letter in word).encode(),
    "a form's blanks": lambda word: word.replace(" ", "+").encode(),
    "hexadecimal": lambda word: word.encode().hex().encode(),
    "base64": lambda word: base64.b64encode(word.encode()),
    "base64, a byte later": lambda word: base64.b64encode(b"." + word.encode() + b"?"),
    "base64, two bytes later": lambda word: base64.b64encode(b".." + word.encode() + b"??"),
    "base64 of UTF-16": lambda word: base64.b64encode(b"." + word.encode("utf-16-le")),
    "base64 for addresses": lambda word: base64.urlsafe_b64encode(b"\xff\xfe" + word.encode() + b"\xff"),
    "gzip": lambda word: gzip.compress(word.encode()),
    "zlib": lambda word: zlib.compress(word.encode()),
    "gzip, cut off": lambda word: gzip.compress(word.encode() + secrets.token_bytes(4096))[:2000],
    "gzip in gzip": lambda word: gzip.compress(b"{" + gzip.compress(word.encode())),
    "base64 in gzip": lambda word: gzip.compress(base64.b64encode(word.encode())),
}


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("form", FORMS)
def test_each_word_is_found_in_each_form(form: str, word: str) -> None:
    assert word in in_text(AROUND + FORMS[form](word) + b", and after it")


@pytest.mark.parametrize("directive", ["[[out:20]]", "[[fault:cut=700 how=rst]]", "[[text:Hello"])
def test_a_directive_shows_that_a_prompt_was_kept(directive: str) -> None:
    for text in (directive.encode(), directive.encode("utf-16-le"), gzip.compress(directive.encode())):
        assert len(in_text(b"..." + text)) == 1


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_found_amid_the_zeros_of_an_empty_page(word: str) -> None:
    for text in (word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be")):
        assert word in in_text(bytes(4096) + text + bytes(4096))
    assert in_text(word[:9].encode() + bytes(4096) + word[9:].encode()) == []


def test_what_is_none_of_it_is_not_found() -> None:
    parts = [CANARY[:-1], CANARY.upper(), KEY[:-1], "[[", "[[words]]", "[local]", "100 % \\u12 \\x"]
    assert in_text(parts) == []
    assert in_text(secrets.token_bytes(1 << 20)) == []


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[Path]:
    """A folder to hide things in, which is gone when all folders of this run are searched."""
    folder = tmp_path / "planted"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def test_every_home_below_a_folder_is_searched_and_what_a_person_has_is_not(planted: Path) -> None:
    (planted / "a" / "home" / "ledger").mkdir(parents=True)
    (planted / "a" / "home" / "bursar.log").write_text("started", encoding="utf-8")
    (planted / "a" / "home" / "ledger" / "ledger.db").write_bytes(b"")
    (planted / "b" / "ledger").mkdir(parents=True)
    (planted / "b" / "ledger" / "ledger.db").write_bytes(b"")
    (planted / "b" / "prompts.txt").write_text(CANARY, encoding="utf-8")
    assert homes(planted) == [planted / "a" / "home", planted / "b" / "ledger"]
    assert in_homes(planted) == []
    (planted / "a" / "home" / "reports").mkdir()
    (planted / "a" / "home" / "reports" / "week.html").write_text(f"<p>{CANARY}</p>", encoding="utf-8")
    (planted / "b" / "ledger" / "backup.gz").write_bytes(gzip.compress(json.dumps({"key": KEY}).encode()))
    assert in_homes(planted) == [
        f"{planted}/a/home/reports/week.html: {CANARY}",
        f"{planted}/b/ledger/backup.gz: {KEY}",
    ]


def test_what_was_deleted_is_found_in_a_databases_free_pages_and_what_is_new_in_its_log(planted: Path) -> None:
    with closing(sqlite3.connect(planted / "ledger.db", isolation_level=None)) as db:
        db.execute("PRAGMA secure_delete = OFF")
        db.execute("CREATE TABLE notes (text)")
        db.execute("INSERT INTO notes VALUES (?)", (CANARY,))
        db.execute("DELETE FROM notes")
        assert in_files(planted) == [f"ledger.db: {CANARY}"]
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("INSERT INTO notes VALUES (?)", (KEY,))
        assert f"ledger.db-wal: {KEY}" in in_files(planted)


@pytest.mark.skipif(not IS_LISTED, reason="this system shows the process list by programs alone")
def test_it_is_found_in_a_process_s_arguments_its_environment_and_what_it_deleted_but_has_open(planted: Path) -> None:
    program = f"import sys, os; f = open({str(planted / 'gone')!r}, 'w+'); f.write(sys.argv[1]); f.flush()"
    program += "; os.unlink(f.name); print(flush=True); sys.stdin.read()"
    told = {"argument": CANARY, "environment": BEARER}
    with subprocess.Popen(
        [sys.executable, "-c", program, told["argument"]],
        env={**os.environ, "TOKEN": told["environment"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout
        child.stdout.readline()
        found = in_processes(child.pid)
        assert child.stdin
        child.stdin.close()
    assert {(line.split()[1].rstrip(":").rstrip("0123456789"), line.partition(": ")[2]) for line in found} == {
        ("cmdline", CANARY),
        ("environ", BEARER),
        ("", CANARY),
    }
