"""The whole of bursar on a disk that is full (FAULTS.md F14)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.bursar import Bursar
from tests.kit.disk import fill, small_disk
from tests.kit.fake_claude import FakeClaude
from tests.kit.local_fake import local_fake
from tests.kit.raw import Answer, Client, ask, eventually, message, post

LOCAL = {"x_bursar_route": "local"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB, of which bursar needs some six."""
    with small_disk(tmp_path / "disk", 24) as place:
        yield place


def asked(bursar: Bursar, **headers: str) -> Answer:
    """Send one small request."""
    return ask(bursar.url, message("[[text:fine]]"), **headers)


def test_f14_on_a_full_disk_it_works_locally_says_why_loses_nothing_and_heals(disk: Path, fake: FakeClaude) -> None:
    with local_fake() as local:
        box = {"name": "box", "url": local.url, "kind": "openai", "models": ["fake-model"], "context": 32768}
        with Bursar(disk / "home", fake.url, local_servers=(box,)) as bursar:
            bursar.find_locals()
            with Client(bursar.url) as running:
                running.send(post(bursar.url, message("[[long:40:25]]", stream=True)))
                running.until(b"text_delta")
                filler = fill(disk)
                answers = _until_refused(bursar)
                assert "disk is full" in answers[-1].error["message"]
                assert running.answer().status == 200
            assert asked(bursar, **LOCAL).text == "Hello."
            assert "disk is full" in str(bursar.status())
            filler.unlink()
            eventually(lambda: asked(bursar).status == 200, 30)
            bursar.settled()
            assert bursar.stop() == 0
    billed = {line["request_id"]: line["picos"] for line in fake.bill()["lines"]}
    assert {entry.upstream_id: entry.charged for entry in bursar.entries() if not entry.is_local} == billed
    assert len(bursar.output()) < 10_000


def _until_refused(bursar: Bursar) -> list[Answer]:
    """Ask until the ledger's log has grown past what the disk has left."""
    answers = [asked(bursar)]
    while answers[-1].status == 200 and len(answers) < 3000:
        answers.append(asked(bursar))
    return answers
