"""What Claude Code itself logs of its work is imported to the token: what went through bursar, and what did not."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.kit.bursar import PICOS, Bursar
from tests.kit.claude_code import ClaudeCode, installed
from tests.kit.fake_claude import FakeClaude
from tests.kit.local_fake import DONE, Act, chunk, local_fake, usage

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(installed() is None, reason="Claude Code is not there: `python tests/run.py` fetches it"),
]

CLASSES = {
    "input": "input",
    "cache_write_5m": "write_5m",
    "cache_write_1h": "write_1h",
    "cache_read": "read",
    "output": "output",
}
STEPS = (
    "[[read:{notes}]] [[think:20]]&[[text:Two blocks.]]&[[bash:echo hi]] "
    "[[agent:Look around ((bash:ls)) ((text:Seen.))]]"
)


@pytest.fixture
def claude(tmp_path: Path) -> ClaudeCode:
    """A Claude Code with a home and a project of its own."""
    program = installed()
    assert program
    code = ClaudeCode(program, tmp_path / "claude")
    code.folder.mkdir(parents=True)
    (code.folder / "notes.txt").write_text("Nothing to see.\n")
    return code


def work(claude: ClaudeCode, url: str) -> None:
    """Have a session with a sub-agent, go on with it, and fork it."""
    prompt = f"Please do these steps. {STEPS.format(notes=claude.folder / 'notes.txt')} [[text:Done.]]"
    first = claude.ask(url, prompt)
    assert first.exit_code == 0
    for options in ((), ("--fork-session",)):
        again = claude.ask(url, "And [[bash:echo more]] [[text:done again]]", "--resume", first.session_id, *options)
        assert again.exit_code == 0


def billed(fake: FakeClaude) -> tuple[Counter[str], int, int]:
    """Give the tokens that the fake billed, by our names, its amount in picodollars, and how many answers."""
    bill = fake.bill()
    tokens = Counter({ours: sum(line["tokens"][theirs] for line in bill["lines"]) for ours, theirs in CLASSES.items()})
    return tokens, bill["picos"], len(bill["lines"])


def imported(bursar: Bursar, claude: ClaudeCode) -> dict[str, Any]:
    done = bursar.command("history", "import", str(claude.home / ".claude"), "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert not any(found["read"][kind] for kind in ("cut", "garbage", "without_usage", "impossible"))
    return found


def test_a_session_that_went_through_bursar_has_the_same_tokens_in_its_logs_the_ledger_and_the_bill(
    claude: ClaudeCode, fake: FakeClaude, tmp_path: Path
) -> None:
    with Bursar(tmp_path / "bursar", fake.url, mode="cloud", budget="100.00") as bursar:
        work(claude, bursar.url)
        bursar.settled()
        found, entries = imported(bursar, claude), bursar.entries()
    tokens, picos, answers = billed(fake)
    total = found["total"]
    assert Counter({name: total[name] for name in CLASSES}) == tokens
    assert total["requests"] == total["through"] == answers == len(entries)
    assert round(float(total["usd"]) * PICOS) == picos == sum(entry.charged for entry in entries)
    assert total["beside_usd"] == "0"
    assert found["read"]["repeated"] > 0  # The fork's own copy of the session.
    assert total["sub_agents"] == 1


def test_a_session_of_before_bursar_is_imported_at_what_it_was_billed_and_can_be_replayed(
    claude: ClaudeCode, fake: FakeClaude, tmp_path: Path
) -> None:
    assert claude.ask(fake.url, "Please [[think:9]]&[[bash:echo hi]] [[text:Done.]]").exit_code == 0
    bursar = Bursar(tmp_path / "bursar", fake.url)
    found = imported(bursar, claude)
    tokens, picos, answers = billed(fake)
    assert Counter({name: found["total"][name] for name in CLASSES}) == tokens
    assert (found["total"]["requests"], found["total"]["through"]) == (answers, 0)
    assert round(float(found["total"]["usd"]) * PICOS) == picos
    replayed = json.loads(bursar.command("whatif", "--policy", "claude", "--json").stdout)
    assert replayed["requests"] == answers
    assert replayed["check"]["billed_usd"] == found["total"]["usd"]


def test_what_a_local_model_answered_is_not_taken_for_spend_at_claude(
    claude: ClaudeCode, fake: FakeClaude, tmp_path: Path
) -> None:
    said = chunk({"role": "assistant", "content": "Done locally."}) + chunk({}, "stop")
    with local_fake(lambda _: Act(said + usage(prompt=9000) + DONE)) as local:
        server = {"name": "local", "url": local.url, "kind": "openai", "models": ["m"], "context": 1_000_000}
        servers = (server | {"tools": True},)
        with Bursar(tmp_path / "bursar", fake.url, local_servers=servers, mode="local") as bursar:
            bursar.find_locals()
            assert claude.ask(bursar.url, "Say what the notes are about.").exit_code == 0
            bursar.settled()
            found = imported(bursar, claude)
    assert found["total"]["requests"] == found["total"]["through"] >= 1
    assert found["total"]["usd"] == "0"
    assert fake.bill()["lines"] == []
