"""Each script of the tiny model × chat template × stream or not: `python -m tests.prove.local_matrix`.

The model is served by the real llama.cpp, the proxy is the real one, Claude is the fake one and makes the right call
when it is asked. Each cell has a proxy of its own, so that nothing is remembered from another. What the agent got is
held against what the script meant: a call that the model did not mean is wrong, whoever made it up on the way.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from budget.ledger import Entry, Mode
from proxy.upstream.local_model import Kind, LocalSetting
from tests.kit.fake_claude import FakeClaude
from tests.kit.inproc import InProcess
from tests.kit.llama.scripts import AFTER_TOOL, BAD, GOOD, HELD, PLAIN, SCRIPTS, STYLES, Script
from tests.kit.llama.server import start as start_llama
from tests.kit.llama.templates import MORE_TEMPLATES, TEMPLATES
from tests.kit.raw import Answer, Truncated, ask, message, parsed
from tests.kit.tap import Exchange, Tap

ALL_TEMPLATES = {**TEMPLATES, **MORE_TEMPLATES}
ALL_SCRIPTS: Mapping[str, Script] = {**SCRIPTS, **STYLES}
CASES = (*(name for name in ALL_SCRIPTS if name not in (PLAIN, AFTER_TOOL)), PLAIN)

Call = tuple[str, Any]


def _tool(name: str, needed: tuple[str, ...], *more: str) -> dict[str, Any]:
    properties = {key: {"type": "string"} for key in (*needed, *more)}
    schema = {"type": "object", "properties": properties, "required": list(needed), "additionalProperties": False}
    return {"name": name, "description": f"{name} does what it says.", "input_schema": schema}


TOOLS = [
    _tool("get_weather", ("city",)),
    _tool("Read", ("file_path",)),
    _tool("Write", ("file_path", "content")),
    _tool("Bash", ("command",), "description"),
]

PARIS: Call = ("get_weather", {"city": "Paris"})
MEANT_CALLS: dict[str, list[Call]] = {
    "two": [PARIS, ("get_weather", {"city": "Rome"})],
    "read": [("Read", {"file_path": "hello.txt"})],
    "bash": [("Bash", {"command": "echo tiny-ok", "description": "Print a word"})],
    "raw_newline": [("Write", {"file_path": "a.txt", "content": "one\ntwo"})],
    "windows_path": [("Write", {"file_path": "C:\\Users\\new.txt", "content": "x"})],
    **{
        name: [PARIS]
        for name in (
            *("weather", "say_weather", "think_tool", "missing_brace", "single_quotes", "no_close", "args_string"),
            *("fence", "bare_json", "params_key", "mistral", "xml_coder", "pythonic", "python_tag", "function_json"),
            *("mistral_args", "glm", "deepseek", "harmony", "kimi", "tool_key", "name_case", "name_prefix"),
            *("trailing_comma", "null_extra", "text_only"),
        )
    },
}
MEANT_TEXTS: dict[str, str] = {
    **{name: str(GOOD[name]).strip() for name in (PLAIN, "long", "unicode")},
    "think": "The answer is 42.",
    "example": str(STYLES["example"]),
}
"""What the scripts mean; those in neither mean nothing that is of use."""

FATES = ("right", "repaired", "retried", "escalated", "flagged", "refused", "missed", "WRONG")
"""What can become of an answer. `flagged`: the agent got what the server said, and the entry says that it is bad.

`missed`: a bad answer, without a call, of which nobody said so. `WRONG`: a call was made that the model did not mean,
and the entry is silent – or, with escalation on, it was made at all.
"""


@dataclass(frozen=True)
class Got:
    """What the agent got: the content of a whole answer, or why there was none."""

    content: tuple[dict[str, Any], ...] = ()
    refusal: str = ""

    @property
    def calls(self) -> list[Call]:
        """Return the tool calls."""
        return [(block["name"], block["input"]) for block in self.content if block["type"] == "tool_use"]

    @property
    def text(self) -> str:
        """Return the words."""
        return "".join(block["text"] for block in self.content if block["type"] == "text").strip()


@dataclass(frozen=True)
class Cell:
    """One script through one template, and what became of it."""

    template: str
    marker: str
    stream: bool
    fate: str
    got: Got
    flags: tuple[str, ...]
    altered: tuple[Call, ...]
    """Calls that were delivered although neither the script nor the server said so."""


@dataclass
class Booth:
    """One llama.cpp server with a tap before it, and a fake Claude."""

    template: str
    tap: Tap
    fake: FakeClaude
    folder: Path
    kind: Kind = "llamacpp"
    models: tuple[str, ...] = ()
    _count: int = field(default=0)

    def play(self, marker: str, *, stream: bool, escalates: bool) -> Cell:
        """Send one request through a fresh proxy, and judge."""
        self._count += 1
        setting = LocalSetting("local", self.tap.url, self.kind, self.models, tools=True)
        mode = Mode.auto if escalates else Mode.local
        seen = len(self.tap.exchanges)
        with InProcess(self.folder / str(self._count), self.fake.url, mode=mode, servers=(setting,)) as proxy:
            got = received(proxy.url, body_of(marker, stream=stream))
            entries = proxy.entries(1)
        served = [call for exchange in self.tap.exchanges[seen:] for call in served_calls(exchange)]
        fate = judge(marker, got, entries, escalates=escalates)
        known = [*MEANT_CALLS.get(marker, []), *served, *([PARIS] if fate == "escalated" else [])]
        altered = tuple(call for call in got.calls if call not in known)
        flags = tuple(flag for entry in entries for flag in entry.flags)
        return Cell(self.template, marker, stream, fate, got, flags, altered)


def body_of(marker: str, *, stream: bool) -> dict[str, Any]:
    """Ask for routine work; the first bracket is for the fake Claude, the last for the tiny model."""
    plan = f'[[tool:get_weather:{{"city": "Paris"}}]] {"" if marker == PLAIN else f"[[{marker}]]"}'
    said = f"Add a test for the parser.\n<attached_files>\n{plan}\n</attached_files>"
    return message(said, max_tokens=500, tools=TOOLS, stream=stream)


def received(url: str, body: dict[str, Any]) -> Got:
    """Ask as an agent that sees bytes."""
    try:
        answer = ask(url, body)
    except Truncated as broken:
        return Got(refusal=broken.wire[-300:].decode(errors="replace"))
    if answer.status != 200:
        return Got(refusal=str(answer.error["message"]))
    if not body["stream"]:
        return Got(tuple(answer.json["content"]))
    return streamed(answer)


def streamed(answer: Answer) -> Got:
    """Put the blocks of a stream together."""
    blocks: list[dict[str, Any]] = []
    arguments: dict[int, str] = {}
    for name, data in answer.events:
        if name == "error":
            return Got(refusal=str(data["error"]["message"]))
        if name == "content_block_start":
            blocks.append(dict(data["content_block"]))
        elif name == "content_block_delta":
            delta, index = data["delta"], data["index"]
            if delta["type"] == "text_delta":
                blocks[index]["text"] += delta["text"]
            elif delta["type"] == "input_json_delta":
                arguments[index] = arguments.get(index, "") + delta["partial_json"]
    for index, written in arguments.items():
        blocks[index]["input"] = json.loads(written or "{}")
    return Got(tuple(blocks)) if answer.events[-1][0] == "message_stop" else Got(refusal="no message_stop")


def judge(marker: str, got: Got, entries: list[Entry], *, escalates: bool) -> str:
    """Name what became of an answer."""
    if got.refusal:
        return "refused"
    if not entries[-1].is_local:
        return "escalated" if got.calls == [PARIS] else "WRONG"
    flags = [flag for entry in entries for flag in entry.flags]
    is_told = any(flag.startswith(("judged", "wrong call", "kept", "failed")) for flag in flags)
    if got.calls:
        how, meant = _how(flags), MEANT_CALLS.get(marker, [])
        # A second attempt is held to one call; the model makes the next one in its next turn.
        if got.calls == meant or (how == "retried" and got.calls == meant[:1]):
            return how
        return "flagged" if is_told and not escalates else "WRONG"
    if marker in MEANT_TEXTS and got.text == MEANT_TEXTS[marker]:
        return _how(flags)
    return "flagged" if is_told else "missed"


def _how(flags: list[str]) -> str:
    if any(flag.startswith("retried") for flag in flags):
        return "retried"
    return "repaired" if any(flag.startswith("repaired call") for flag in flags) else "right"


def served_calls(exchange: Exchange) -> Iterator[Call]:
    """Read the native calls that the server itself sent; arguments that are no JSON as Claude Code keeps them."""
    if not exchange.line.startswith("POST") or not exchange.answer:
        return
    try:
        body = parsed(bytes(exchange.answer)).body
    except Truncated:
        return
    made: dict[int, list[str]] = {}
    for part in _messages(body):
        for place, call in enumerate(part.get("tool_calls") or []):
            name, arguments = call["function"].get("name") or "", call["function"].get("arguments") or ""
            known = made.setdefault(call.get("index", place), ["", ""])
            known[0] += name
            known[1] += arguments if isinstance(arguments, str) else json.dumps(arguments)
    for name, arguments in made.values():
        try:
            yield name, json.loads(arguments or "{}")
        except ValueError:
            yield name, {"__unparsedToolInput": {"raw": arguments, "len": len(arguments)}}


def _messages(body: bytes) -> Iterator[dict[str, Any]]:
    lines = [line[5:] for line in body.splitlines() if line.startswith(b"data:")] or [body]
    for line in lines:
        try:
            found = json.loads(line)
        except ValueError:
            continue
        for choice in found.get("choices") or []:
            yield choice.get("delta") or choice.get("message") or {}


@contextmanager
def booth(template: str, fake: FakeClaude, folder: Path) -> Iterator[Booth]:
    """Start llama.cpp with one template. Raises Unavailable where there is none."""
    server = start_llama(template=ALL_TEMPLATES[template], scripts=STYLES, held=HELD)
    try:
        with Tap(server.url) as tap:
            yield Booth(template, tap, fake, folder / template)
    finally:
        server.stop()


def matrix(
    fake: FakeClaude,
    folder: Path,
    *,
    escalates: bool,
    templates: Iterable[str] = tuple(ALL_TEMPLATES),
    markers: Iterable[str] = CASES,
    streams: Iterable[bool] = (True, False),
) -> list[Cell]:
    """Play all cells."""
    cells: list[Cell] = []
    for template in templates:
        with booth(template, fake, folder / str(escalates)) as stand:
            for marker in markers:
                if (template, marker) == ("mistral", PLAIN):  # Nothing in this template selects it.
                    continue
                cells += [stand.play(marker, stream=stream, escalates=escalates) for stream in streams]
    return cells


def elsewhere(fake: FakeClaude, folder: Path, server: str, model: str, *, escalates: bool) -> list[Cell]:
    """Play the scripts on a server of another kind, which serves the tiny model already."""
    with Tap(server) as tap:
        stand = Booth(model.rpartition("/")[2], tap, fake, folder / str(escalates), "openai", (model,))
        return [stand.play(marker, stream=stream, escalates=escalates) for marker in CASES for stream in (True, False)]


def table(cells: list[Cell]) -> str:
    """Count the fates by template, as markdown."""
    rows: dict[str, Counter[str]] = {}
    for cell in cells:
        name = f"{cell.template}, {'streamed' if cell.stream else 'whole'}"
        rows.setdefault(name, Counter())[cell.fate] += 1
    rows["all"] = Counter(cell.fate for cell in cells)
    lines = [f"| template | {' | '.join(FATES)} |", "|---" * (len(FATES) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(str(counted[fate]) for fate in FATES)} |" for name, counted in rows.items()]
    return "\n".join(lines)


def by_marker(cells: list[Cell]) -> str:
    """Tell the fate of each script under each template; a slash parts streamed from whole where they differ."""
    templates = list(dict.fromkeys(cell.template for cell in cells))
    lines = [f"| script | {' | '.join(templates)} |", "|---" * (len(templates) + 1) + "|"]
    for marker in dict.fromkeys(cell.marker for cell in cells):
        fates = [
            "/".join(dict.fromkeys(cell.fate for cell in cells if (cell.template, cell.marker) == (template, marker)))
            for template in templates
        ]
        lines.append(f"| {marker}{' (bad)' if marker in BAD else ''} | {' | '.join(fates)} |")
    return "\n".join(lines)


def wrong(cells: list[Cell]) -> list[str]:
    """List what must never be."""
    return [
        f"{cell.template}/{cell.marker}/stream={cell.stream}: {cell.fate} {cell.got.calls} {cell.flags}"
        for cell in cells
        if cell.fate == "WRONG" or cell.altered
    ]


def main() -> None:
    """Play all cells with escalation on and off, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--template", action="append", choices=list(ALL_TEMPLATES))
    parser.add_argument("--marker", action="append", choices=list(CASES))
    parser.add_argument("--server", help="the address of another server of the tiny model, see kit/llama/build_hf.py")
    parser.add_argument("--model", help="what that server calls it")
    options = parser.parse_args()
    found: list[str] = []
    with FakeClaude() as fake, tempfile.TemporaryDirectory() as folder:
        for escalates in (True, False):
            if options.server:
                cells = elsewhere(fake, Path(folder), options.server, options.model, escalates=escalates)
            else:
                chosen = options.template or tuple(ALL_TEMPLATES), options.marker or CASES
                cells = matrix(fake, Path(folder), escalates=escalates, templates=chosen[0], markers=chosen[1])
            print(f"\n## Escalation {'on' if escalates else 'off'}: {len(cells)} cells\n\n{table(cells)}\n")
            print(by_marker(cells), flush=True)
            found += wrong(cells)
    print("\nwrong or altered calls delivered:", len(found), *found, sep="\n  ")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
