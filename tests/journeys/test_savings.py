"""What a person is told was saved: by the running bursar, by the one at rest, and after it was killed."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from pricing.money import ZERO
from tests.journeys.conftest import StartBursar
from tests.kit import traffic
from tests.kit.bursar import PICOS, Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.local_fake import Act, LocalFake, local_fake, says
from tests.kit.raw import ask, message
from tests.kit.scripted import eventually
from tests.prove import savings_day

WORDS = "A long file that an agent has read before it writes a test for it. " * 200


def begin(start: StartBursar, model: LocalFake) -> Bursar:
    local = {"name": "box", "url": model.url, "kind": "openai", "models": ["fake-model"], "context": 131_072}
    bursar = start(local_servers=(local | {"tools": True},))
    bursar.find_locals()
    return bursar


def turn(bursar: Bursar, number: int, mode: str) -> None:
    bursar.mode(mode)
    body = message(f"{number} {WORDS}", system=[{"type": "text", "text": WORDS}])
    assert ask(bursar.url, body, x_claude_code_session_id="a-session").status == 200


def baselines(bursar: Bursar) -> list[tuple[str, str, int]]:
    with closing(sqlite3.connect(f"{bursar.database.as_uri()}?mode=ro", uri=True)) as db:
        return db.execute("SELECT part, basis, likely FROM baselines ORDER BY entry_id, version").fetchall()


def test_a_day_with_local_turns_shows_what_it_saved_running_and_at_rest(start: StartBursar, fake: FakeClaude) -> None:
    with local_fake(Act(says("Done."))) as model:
        bursar = begin(start, model)
        for number, mode in enumerate(("cloud", "local", "local")):
            turn(bursar, number, mode)
        assert eventually(lambda: len(baselines(bursar)) == 3)
        found = bursar.status()["saved"]
        shown = bursar.command("status").stdout
        bursar.stop()
    today = found["today"]
    assert (today["requests"], today["unknown"], today["plan_usd"]) == (3, 0, "0")
    assert float(today["low_usd"]) <= float(today["usd"]) <= float(today["high_usd"])
    moved = sum(likely for part, _, likely in baselines(bursar) if part == "moved")
    assert 0 < float(today["usd"]) * PICOS <= moved
    assert today["usd"] == found["week"]["usd"]
    line = next(line for line in shown.splitlines() if line.startswith("Saved"))
    assert line.endswith(" this week")
    at_rest = bursar.command("status", "--json").stdout
    assert json.loads(at_rest)["saved"] == found


def test_what_a_day_is_said_to_have_saved_is_what_claude_would_have_billed_less_what_it_did(tmp_path: Path) -> None:
    outcome = savings_day.play(traffic.generate(22, 12.0)[:60], tmp_path)
    assert outcome.local > 20
    assert outcome.found.total.paid.parts.cold < ZERO  # Some of what was moved is lost again to colder caches.
    assert abs(outcome.said - outcome.truth) * 100 <= outcome.alone
    baseline = outcome.found.total.paid.baseline
    assert baseline.low.picos <= outcome.alone <= baseline.high.picos


def test_killed_before_a_baseline_was_written_nothing_is_lost_and_nothing_counted_twice(
    start: StartBursar, fake: FakeClaude
) -> None:
    with local_fake(Act(says("Done."))) as model:
        bursar = begin(start, model)
        for number in range(3):
            turn(bursar, number, "cloud")
        assert eventually(lambda: len(baselines(bursar)) == 3)
        ask(bursar.url, message("the last one"), x_claude_code_session_id="a-session")
        bursar.kill()
        bursar.start()
        bursar.settled()
        entries = [entry for entry in bursar.entries() if entry.outcome != "corrected"]
        assert eventually(lambda: len(baselines(bursar)) == len(entries))
        today = bursar.status()["saved"]["today"]
    assert {part for part, _, _ in baselines(bursar)} == {"kept"}
    # A hold that was open is charged whole and likely cost little; as it was Claude's, it saved nothing either.
    assert (today["usd"], today["low_usd"], today["high_usd"]) == ("0", "0", "0")
    assert today["requests"] == len(entries)
