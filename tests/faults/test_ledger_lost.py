"""A ledger that is taken away from a bursar that runs, around all of it (FAULTS.md F14)."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.local_fake import local_fake
from tests.kit.raw import Client, ask, eventually, message, post

pytestmark = [
    pytest.mark.prove,
    pytest.mark.skipif(os.name == "nt", reason="Windows lets nobody take an open file away"),
]


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another program holds the write lock."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def deleted(database: Path) -> Iterator[None]:
    """A person deletes it, with what lies beside it."""
    for part in database.parent.glob("ledger.db*"):
        part.unlink()
    yield


@contextmanager
def foreign(database: Path) -> Iterator[None]:
    """Another program's database is put in its place."""
    aside = database.with_name("other.db")
    with closing(sqlite3.connect(aside)) as other:
        other.execute("CREATE TABLE cats (name TEXT)")
        other.commit()
    aside.replace(database)
    yield


@contextmanager
def corrupt(database: Path) -> Iterator[None]:
    """Its pages are overwritten, as by a failing disk."""
    size = database.stat().st_size
    with database.open("r+b") as file:
        for at in range(4096, size, 4096):
            file.seek(at + 100)
            file.write(b"\xde\xad\xbe\xef" * 900)
    yield


STATES = (locked, deleted, foreign, corrupt)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_f14_whatever_becomes_of_the_ledger_nothing_billed_is_lost_and_local_work_goes_on(
    tmp_path: Path, fake: FakeClaude, state: Callable[[Path], Iterator[None]]
) -> None:
    with local_fake() as local:
        box = {"name": "box", "url": local.url, "kind": "openai", "models": ["fake-model"], "context": 32768}
        with Bursar(tmp_path / "home", fake.url, local_servers=(box,)) as bursar:
            assert ask(bursar.url, message("[[out:30]]")).status == 200
            bursar.find_locals()
            with Client(bursar.url) as running:
                running.send(post(bursar.url, message("[[long:40:25]]", stream=True)))
                running.until(b"text_delta")
                with state(bursar.database):
                    answer = ask(bursar.url, message("[[out:30]]"))
                    assert answer.status == 200 or answer.error["message"].startswith("bursar: ")
                    assert ask(bursar.url, message("hello"), x_bursar_route="local").status == 200
                    assert running.answer().status == 200
                    bursar.api("/api/stop", {})
                    before = len(fake.requests(bodies=False))
                    assert ask(bursar.url, message("hello")).status == 402
                    assert len(fake.requests(bodies=False)) == before
                eventually(lambda: _resumed(bursar), 30)
                eventually(lambda: ask(bursar.url, message("[[out:30]]")).status == 200, 30)
            bursar.settled()
            assert float(bursar.status()["settled_usd"]) * 10**12 >= fake.bill()["picos"]
            assert bursar.stop() == 0
    assert len(bursar.output()) < 10_000


def _resumed(bursar: Bursar) -> bool:
    """Lift the stop, as soon as that can be written."""
    try:
        bursar.api("/api/resume", {})
    except OSError:
        return False
    return True
