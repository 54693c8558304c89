"""opencode itself, unchanged, works through bursar in both dialects: with Claude, with a local model, without money."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import StartBursar
from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.llama.scripts import call
from tests.kit.llama.server import MODEL, LlamaServer, Unavailable
from tests.kit.llama.server import start as start_llama
from tests.kit.opencode import Dialect, OpenCode, Session, installed
from tests.kit.tap import Exchange, Tap

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(installed() is None, reason="opencode is not there: `python tests/run.py` fetches it"),
]

CLAUDE = {"model": "claude-sonnet-5-5", "small_model": "claude-haiku-5-5"}
LOCAL_SCRIPTS = {
    "begin": call("read", {"filePath": "notes.txt"}),
    # Just what opencode's schema has: the server's grammar would cut short what it does not.
    "then_bash": call("bash", {"command": "echo from-the-shell"}),
}
OPENAI: Dialect = "openai"
in_both_dialects = pytest.mark.parametrize("dialect", [OPENAI, "anthropic"])
in_either_dialect = pytest.mark.parametrize("dialect", [OPENAI, pytest.param("anthropic", marks=pytest.mark.prove)])
"""What does not depend on the dialect: opencode takes six seconds of a processor for a turn."""


@pytest.fixture
def opencode(tmp_path: Path) -> OpenCode:
    """An opencode with an empty home."""
    program = installed()
    assert program
    found = OpenCode(program, tmp_path / "opencode")
    found.folder.mkdir(parents=True)
    return found


@pytest.fixture(scope="module")
def scripted_llama() -> Iterator[LlamaServer]:
    """A real llama.cpp server whose tiny model follows the scripts of these sessions."""
    try:
        server = start_llama(scripts=LOCAL_SCRIPTS)
    except Unavailable as why:
        pytest.skip(str(why))
    yield server
    server.stop()


def _ask(
    opencode: OpenCode, bursar: Bursar, prompt: str, dialect: Dialect, *options: str, **models: Any
) -> tuple[Session, list[Exchange]]:
    """Run one turn with a tap before bursar; give the session and what it asked."""
    with Tap(bursar.url) as tap:
        session = opencode.ask(tap.url, prompt, *options, dialect=dialect, **(models or CLAUDE))
        bursar.settled()
        return session, list(tap.exchanges)


@in_both_dialects
def test_a_tool_loop_reaches_claude_and_costs_what_claude_charges(
    opencode: OpenCode, start: StartBursar, fake: FakeClaude, dialect: Dialect
) -> None:
    notes = opencode.folder / "notes.txt"
    notes.write_text("The notes say hello.\n", encoding="utf-8")
    bursar = start(budget="100.00", mode="cloud")
    steps = f"[[read:{notes}]] [[bash:echo from-the-shell]] [[text:The whole turn is done.]]"
    session, asked = _ask(opencode, bursar, f"Please do these steps. {steps}", dialect)
    assert session.exit_code == 0, session.errors
    assert [name for name, _ in session.tools] == ["read", "bash"]
    assert "The notes say hello." in session.tools[0][1]
    assert "from-the-shell" in session.tools[1][1]
    assert "The whole turn is done." in session.said
    assert len(asked) == 4  # A title, and three requests of the turn.
    entries = bursar.entries()
    billed = {line["request_id"]: line["picos"] for line in fake.bill()["lines"]}
    assert {entry.upstream_id: entry.charged for entry in entries} == billed
    assert {entry.session for entry in entries} == {session.session_id}


@in_either_dialect
def test_the_steps_of_a_turn_read_what_the_first_has_written_to_the_prompt_cache(
    opencode: OpenCode, start: StartBursar, fake: FakeClaude, dialect: Dialect
) -> None:
    bursar = start(budget="100.00", mode="cloud")
    _ask(opencode, bursar, "[[bash:echo 1]] [[bash:echo 2]] [[text:Done.]]", dialect)
    turn = [request.json for request in fake.requests(path="/v1/messages") if request.json.get("tools")]
    usages = [line["tokens"] for line in fake.bill()["lines"]][-3:]
    assert len(turn) == 3
    assert [usage["read"] > usage["input"] for usage in usages] == [False, True, True]


@in_either_dialect
def test_in_mode_local_the_same_turn_works_and_no_byte_reaches_claude(
    opencode: OpenCode, start: StartBursar, fake: FakeClaude, dialect: Dialect, scripted_llama: LlamaServer
) -> None:
    (opencode.folder / "notes.txt").write_text("Next: [[then_bash]]\n", encoding="utf-8")
    server = {"name": "llama", "url": scripted_llama.url, "kind": "llamacpp", "tools": True}
    bursar = start(mode="local", local_servers=(server,))
    bursar.find_locals()
    session, _ = _ask(opencode, bursar, "Please do these steps. [[begin]]", dialect)
    assert session.exit_code == 0, session.errors
    assert [name for name, _ in session.tools] == ["read", "bash"]
    assert "The tool answered, so the task is done." in session.said
    assert fake.requests() == []
    assert {(entry.is_local, entry.charged) for entry in bursar.entries()} == {(1, 0)}


@in_either_dialect
def test_a_local_model_can_be_asked_for_by_its_name(
    opencode: OpenCode, start: StartBursar, fake: FakeClaude, dialect: Dialect, scripted_llama: LlamaServer
) -> None:
    server = {"name": "llama", "url": scripted_llama.url, "kind": "llamacpp", "tools": True}
    bursar = start(mode="auto", local_servers=(server,))
    bursar.find_locals()
    session, _ = _ask(opencode, bursar, "Hello there.", dialect, model=MODEL, small_model=MODEL)
    assert session.exit_code == 0, session.errors
    assert "Hello from the tiny model." in session.said
    assert fake.requests() == []


@in_either_dialect
def test_with_nothing_left_it_ends_at_once_with_our_sentence(
    opencode: OpenCode, start: StartBursar, fake: FakeClaude, dialect: Dialect
) -> None:
    bursar = start(budget="0.01", cutoff="0.01", mode="auto")
    session, asked = _ask(opencode, bursar, "Please [[text:never said]]", dialect)
    assert session.exit_code == 1
    assert ["bursar: today's cutoff of $0.01 is reached" in shown for shown in session.shown_errors] == [True]
    assert "Resets" in session.shown_errors[0]
    assert len(asked) == 2  # The title's and the turn's, once each.
    assert fake.requests(path="/v1/messages") == []


@in_either_dialect
def test_a_stream_that_breaks_is_no_answer_and_the_turn_goes_on(
    opencode: OpenCode, start: StartBursar, fake: FakeClaude, dialect: Dialect
) -> None:
    bursar = start(budget="100.00", mode="cloud")
    # The title is asked for first; then the turn's first answer breaks off in its middle.
    fake.next("", "cut-event=4 how=rst")
    session, asked = _ask(opencode, bursar, "[[text:one two three four five six seven eight]]", dialect)
    assert len(asked) >= 2
    assert session.exit_code == 0 or session.shown_errors
    charged = sum(entry.charged for entry in bursar.entries())
    assert charged >= fake.bill()["picos"]
