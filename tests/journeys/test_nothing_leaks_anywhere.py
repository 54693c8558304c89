"""With every feature in use, neither a key nor a word of a prompt is on disk, in a log, a note, or a process list."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kit.bursar import Bursar
from tests.kit.canary import BEARER, CANARY, in_files, in_processes, in_text
from tests.kit.claude_logs import Logs
from tests.kit.desktop import Panel, PrivateBus, until
from tests.kit.fake_claude import KEY, FakeClaude
from tests.kit.local_fake import Act, LocalFake, calls, local_fake, says
from tests.kit.notes import NoteService
from tests.kit.raw import Client, ask, message, post
from tests.kit.traffic import generate
from tests.kit.webhook import Webhook, webhook

pytestmark = pytest.mark.skipif(
    shutil.which("dbus-daemon") is None, reason="dbus-daemon is missing: `tests/run.py` installs it"
)

MARK = {"cache_control": {"type": "ephemeral"}}
REPEATS = json.dumps({"error": {"message": f"cannot parse: {CANARY} {BEARER}"}}).encode()
LOCAL_ACTS = (
    Act(says(CANARY)),
    Act(calls("get_weather", json.dumps({"city": CANARY}))),
    Act(calls("get_wether", json.dumps({"city": CANARY}))),
    Act(REPEATS, status=500, content_type="application/json"),
    Act(REPEATS, status=400, content_type="application/json"),
    Act(b"data: " + REPEATS + b"\n\n"),
    Act(f"data: {{{CANARY}\n\n".encode()),
    Act(says(CANARY, CANARY), cut_after=90),
)
TOOLS = [
    {
        "name": "get_weather",
        "description": CANARY,
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
]
COMMANDS = (
    "connect claude-code --yes", "status --json", "report --json", "report --csv", "report --html", "log --json",
    "history import", "cache --json", "keeper --json", "models --json", "doctor --json", "alerts --json",
    "whatif --json", "config show --json", "explain --json", "reconcile", "disconnect claude-code --yes",
)  # fmt: skip


@dataclass
class House:
    """A person's machine: their home with an agent in it, a desktop, a webhook, a local server, and bursar."""

    bursar: Bursar
    person: Path
    local: LocalFake
    hook: Webhook
    notes: NoteService

    def said(self) -> str:
        """Give all that was shown or sent to a person."""
        shown = [f"{note.title} {note.text}" for note in self.notes.shown.values()]
        return "\n".join([*shown, json.dumps(self.hook.got)])


@pytest.fixture
def house(tmp_path: Path, fake: FakeClaude) -> Iterator[House]:
    with ExitStack() as stack:
        bus = PrivateBus()
        stack.callback(bus.close)
        bus.start()
        stack.callback(Panel(bus.address).close)
        notes = NoteService(bus.address)
        stack.callback(notes.close)
        local = stack.enter_context(local_fake(*LOCAL_ACTS))
        hook = stack.enter_context(webhook())
        person = tmp_path / "person"
        _live_in(person)
        desktop = {"DBUS_SESSION_BUS_ADDRESS": bus.address, "HOME": str(person)}
        box = {"name": "box", "url": local.url, "kind": "openai", "models": ["fake-model"], "context": 32768}
        bursar = Bursar(tmp_path / "home", fake.url, local_servers=(box | {"tools": True},), desktop=desktop)
        with (bursar.home / "config.toml").open("a", encoding="utf-8") as config:
            config.write(f'[keeper]\nenabled = true\n[notify]\nto = ["{hook.address}"]\n')
        stack.enter_context(bursar).find_locals()
        yield House(bursar, person, local, hook, notes)


def _live_in(person: Path) -> None:
    """Make a home with an agent's settings, a key among them, and with what it logged."""
    settings = person / ".claude" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"env": {"ANTHROPIC_API_KEY": KEY}}), encoding="utf-8")
    logs = Logs(person / ".claude", datetime.now(UTC) - timedelta(days=9))
    logs.write(generate(5, 1))
    for file in (person / ".claude" / "projects").rglob("*.jsonl"):
        file.write_text(file.read_text(encoding="utf-8").replace('"text": "', f'"text": "{CANARY} '), encoding="utf-8")


def _talk(house: House) -> None:
    """Have a conversation by every route, in every dialect, with every kind of error."""
    bursar, url = house.bursar, house.bursar.url
    system = [{"type": "text", "text": f"{CANARY} " * 300} | MARK]
    for number, model in enumerate(("claude-opus-5-5", "claude-sonnet-5-5")):  # A cache miss: the model changed.
        said: list[Any] = [{"type": "text", "text": f"{CANARY} {number}"} | MARK]
        body = message("", model=model, messages=[{"role": "user", "content": said}], system=system, stream=True)
        ask(url, body, x_claude_code_session_id="s1", x_stainless_retry_count=CANARY)
    bursar.mode("auto")
    for act in LOCAL_ACTS:
        house.local.acts[:] = [act]
        for stream in (True, False):
            body = message(f"@local {CANARY}", stream=stream, tools=TOOLS)
            with Client(url) as client:
                client.send(post(url, body, x_bursar_route="local"))
                client.until(b"\r\n\r\n")
        ask(url, message(CANARY, tools=TOOLS), authorization=f"Bearer {BEARER}")
    for fault in ("status=400", "drop", "cut=600", "usage=none", "garbage", f"redirect=http://{BEARER}@127.0.0.1:9/"):
        with Client(url) as client:
            client.send(post(url, message(f"@cloud {CANARY} [[fault:{fault}]]", stream=True)))
            client.until(b"\r\n\r\n")
    ask(url, b'{"model": "' + CANARY.encode() + b'", not json')
    ask(url, message(CANARY), f"/v1/{CANARY.replace(' ', '-')}")
    ask(url, message(CANARY, tools=TOOLS), "/v1/chat/completions")


def _stop_and_resume(house: House) -> None:
    """Press the emergency stop: a message goes out, and a note is shown."""
    house.bursar.api("/api/stop", {})
    until(lambda: house.hook.got and house.notes.shown)
    house.bursar.api("/api/resume", {})


def test_with_every_feature_in_use_it_is_nowhere_but_where_it_was_sent(house: House, fake: FakeClaude) -> None:
    bursar = house.bursar
    _talk(house)
    assert in_processes(bursar.pid) == []
    _stop_and_resume(house)
    bursar.command("history", "import")
    assert any(CANARY.encode() in (one.body or b"") for one in fake.requests())  # It was sent, and arrived.
    assert house.local.requests
    bursar.settled()
    assert in_files(bursar.home) == []
    assert in_text(house.said()) == []
    bursar.stop()
    assert in_files(bursar.home) == []


@pytest.mark.prove
def test_no_command_prints_or_keeps_any_of_it(house: House) -> None:
    bursar = house.bursar
    _talk(house)
    shown = {words: bursar.command(*words.split()).stdout for words in COMMANDS}
    assert {words: found for words, text in shown.items() if (found := in_text(text))} == {}
    bursar.stop()
    assert in_files(bursar.home) == []


@pytest.mark.skipif(os.name == "nt", reason="a process is made to die of a fault by a signal")
def test_dying_of_a_fault_with_an_answer_under_way_leaves_nothing_in_the_crash_log(house: House) -> None:
    bursar = house.bursar
    with Client(bursar.url) as client:
        client.send(post(bursar.url, message(f"@cloud {CANARY} [[long:500:20]]", stream=True)))
        client.until(b"text_delta")
        os.kill(bursar.pid, signal.SIGABRT)
        bursar.ended()
    assert "Fatal Python error" in (bursar.home / "crash.log").read_text(encoding="utf-8")
    assert in_files(bursar.home) == []
