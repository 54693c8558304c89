"""What Claude Code's own requests cost at Claude is said beforehand as a provider with a real cache bills it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from budget.promptcache import Simulator
from pricing.table import PriceTable
from proxy.promptblocks import CachedModel, Prompts
from proxy.request import read
from tests.kit.claude.promptcache import blocks_of
from tests.kit.claude_code import ClaudeCode, installed
from tests.kit.fake_claude import FakeClaude, Received

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(installed() is None, reason="Claude Code is not there: `python tests/run.py` fetches it"),
]

STEPS = "[[read:notes.txt]] [[agent:((bash:ls)) ((text:looked))]] [[think:200]] [[bash:cat notes.txt]] [[text:done]]"


def test_each_request_of_a_resumed_session_reads_and_writes_what_was_said(fake: FakeClaude, tmp_path: Path) -> None:
    code = ClaudeCode(installed() or Path(), tmp_path)
    code.folder.mkdir(parents=True)
    (code.folder / "notes.txt").write_text("The importer reads one line at a time. " * 400)
    first = code.ask(fake.url, STEPS, "--model", "opus")
    code.ask(fake.url, "[[bash:ls]] [[text:again]]", "--model", "opus", "--resume", first.session_id)
    sent, billed = fake.requests(path="/v1/messages"), fake.bill()["lines"]
    assert len(sent) == len(billed) >= 8
    assert said(sent, billed) == [counts(line) for line in billed]


def said(sent: list[Received], billed: list[dict[str, Any]]) -> list[tuple[int, int, int, int]]:
    """Divide each request by our rules, with the fake's own count of each block."""
    prompts, cache, prices, found = Prompts(), Simulator(), PriceTable.load(), []
    for request, line in zip(sent, billed, strict=True):
        fields = read(request.body or b"", {}).fields
        prompt = prompts.of(fields, CachedModel.of(prices, fields["model"], datetime.now(UTC))).prompt
        pairs = zip(prompt.blocks, blocks_of(json.loads(request.body or b"")), strict=True)
        exact = replace(prompt, blocks=[replace(ours, tokens=theirs.tokens) for ours, theirs in pairs])
        split = cache.ask(exact, line["at"], line["at"])
        found.append((split.input, split.read, split.write_5m, split.write_1h))
    return found


def counts(line: dict[str, Any]) -> tuple[int, int, int, int]:
    """Give what the fake billed of a prompt."""
    tokens = line["tokens"]
    return tokens["input"], tokens["read"], tokens["write_5m"], tokens["write_1h"]
