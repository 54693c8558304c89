"""Restricted sessions at the socket, at length: `python tests/run.py --prove`."""

from pathlib import Path

import pytest

from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.local_fake import local_fake
from tests.kit.raw import ask, message
from tests.prove import local_only

pytestmark = pytest.mark.prove

RESTRICTED = "Rotate the API key and change the password of the admin account"


def test_in_a_thousand_sequences_no_byte_of_a_restricted_session_reaches_claude(
    fake: FakeClaude, tmp_path: Path
) -> None:
    tally = local_only.prove(1000, tmp_path, fake)
    local_only.tell(tally)
    assert (tally.sequences, tally.leaks, tally.faults) == (1000, [], [])
    assert tally.restarts > 500
    assert min(tally.plain["Claude"], tally.plain["local"]) > 100


def test_in_three_hundred_sequences_no_byte_of_one_reaches_the_local_server_with_claude_only(
    fake: FakeClaude, tmp_path: Path
) -> None:
    tally = local_only.prove(300, tmp_path, fake, policy="claude-only")
    local_only.tell(tally)
    assert (tally.sequences, tally.leaks, tally.faults) == (300, [], [])


def test_a_bursar_that_remembers_no_restriction_is_caught(fake: FakeClaude, tmp_path: Path) -> None:
    assert local_only.prove(30, tmp_path, fake, forgets=True).leaks


def test_a_killed_bursar_knows_a_restricted_session_when_it_is_started_again(fake: FakeClaude, tmp_path: Path) -> None:
    named = {"x_claude_code_session_id": "walrus"}
    with local_fake() as local:
        server = {"name": "box", "url": local.url, "kind": "openai", "models": ["fake-model"], "context": 32768}
        bursar = Bursar(
            tmp_path, fake.url, local_servers=(server | {"tools": True},), mode="auto", restricted="local-only"
        )
        with bursar:
            assert ask(bursar.url, message(RESTRICTED), **named).headers["x-bursar-tier"] == "L3"
            bursar.kill()
            bursar.start()
            agent = ask(bursar.url, message("@cloud What is here?"), **named, x_claude_code_agent_id="a1")
            other = ask(bursar.url, message("@cloud What is here?"), x_claude_code_session_id="heron")
    # Refused, if bursar has not found the local server again yet.
    assert agent.headers["x-bursar-route"] in ("box/fake-model", "refused")
    assert agent.headers["x-bursar-tier"] == "L3"
    assert other.headers["x-bursar-route"].startswith("anthropic/")
    assert len(fake.requests(path="/v1/messages")) == 1
