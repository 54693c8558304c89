"""bursar reconcile: a planted difference is shown with its cause, and `--write` mends it by a new entry."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from budget.ledger import Ask, Held, Labels, Ledger, Limits, Offer, Outcome, Settlement
from pricing.money import Money
from pricing.table import PriceTable
from pricing.usage import Usage
from tests.kit.adminreport import Billed, cost_report, usage_report
from tests.tray.conftest import NOON, Command

MODEL, KEY = "claude-opus-4-6", "sk-ant-admin-hunter2"
USAGE = Usage(input=1000, cache_read=50_000, output=700)
TABLE = PriceTable.load()
COST = TABLE.on(NOON, MODEL).rates.cost(USAGE)


@pytest.fixture
def billed(home: Path) -> list[Billed]:
    """A ledger with one whole answer and one that broke off early, and what the provider knows of both."""
    limits = Limits(Money.usd(10), Money.usd(12))
    with Ledger.open(home / "ledger", clock=lambda: NOON, limits=limits, zone=ZoneInfo("UTC")) as ledger:
        for outcome, likely in ((Outcome.complete, COST), (Outcome.interrupted, Money.usd("0.001"))):
            held = ledger.reserve(Ask("r", (Offer("anthropic", MODEL, Money.usd(1), False),), Labels()))
            assert isinstance(held, Held)
            charged = likely if outcome is Outcome.complete else Money.usd(1)
            usage = USAGE if outcome is Outcome.complete else Usage()
            raw = '{"service_tier": "standard"}' if outcome is Outcome.complete else ""
            ledger.settle(held.hold_id, Settlement(outcome, charged, likely, usage, raw, status=200)).result(5)
    return [Billed(NOON, MODEL, USAGE)] * 2


@pytest.fixture
def files(billed: list[Billed], tmp_path: Path) -> list[str]:
    """The provider's two reports as files."""
    paths = [tmp_path / "usage.json", tmp_path / "cost.json"]
    for path, report in zip(paths, (usage_report(billed), cost_report(billed, TABLE)), strict=True):
        path.write_text(json.dumps(report))
    return [str(path) for path in paths]


def test_the_difference_is_shown_and_only_written_when_it_is_asked_for(bursar: Command, files: list[str]):
    said = bursar("reconcile", *files)
    assert said.code == 1
    assert "answers that broke off were estimated" in said.out
    assert "cache reads 50,000 here, 100,000 there (+50,000)" in said.out
    assert f"entry 2 should have been {COST.dollars(4)}" in said.out
    assert bursar("reconcile", *files).out == said.out
    written = bursar("reconcile", *files, "--write", "--yes")
    assert "1 correction written" in written.err
    after = bursar("reconcile", *files, "--json")
    assert after.code == 0
    assert [line["cause"] for line in after.json["lines"]] == ["equal"]
    assert after.json["lines"][0]["usd"] == after.json["lines"][0]["their_usd"] == (COST + COST).exact()
    assert "nothing was written" in bursar("reconcile", *files, "--write", "--yes").err


def test_what_was_counted_as_another_kind_is_named_with_the_tokens_of_each(
    bursar: Command, billed: list[Billed], tmp_path: Path
):
    moved = [replace(billed[0], inference_geo="us"), billed[1]]
    path = tmp_path / "usage.json"
    path.write_text(json.dumps(usage_report(moved)))
    said = bursar("reconcile", str(path))
    assert said.code == 1
    assert f"2026-11-20  {MODEL}, geo us" in said.out


def test_a_running_bursar_writes_the_correction_itself(served, tmp_path: Path):
    refused = served.command("reconcile", str(tmp_path / "none.json"))
    assert refused.returncode == 2
    with pytest.raises(OSError, match="400"):
        served.api("/api/correct", {"entry": 1, "charged_usd": "1", "likely_usd": "1", "note": ""})


def test_without_files_and_without_the_api_it_says_how(bursar: Command, files: list[str]):
    assert bursar("reconcile").code == 2
    assert bursar("reconcile", *files, "--api").code == 2
    assert "ANTHROPIC_ADMIN_KEY" in bursar("reconcile", "--api").err
    assert "say nothing of that time" in bursar("reconcile", *files, "--day", "2026-10").err
    assert bursar("reconcile", *files, "--day", "2026-11", "--json").json["lines"]


def test_a_file_that_is_no_report_is_named(bursar: Command, tmp_path: Path):
    for name, content in (("a.json", "not json"), ("b.json", '{"data": "none"}')):
        (tmp_path / name).write_text(content)
        assert name in bursar("reconcile", str(tmp_path / name)).err


@pytest.fixture
def admin(billed: list[Billed]) -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """An Admin API that gives its reports page by page, to whoever has the key."""
    asked: list[dict[str, list[str]]] = []
    reports = {"/usage_report/messages": usage_report(billed), "/cost_report": cost_report(billed, TABLE)}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            asked.append(query)
            known = self.headers["x-api-key"] == KEY
            report = reports[parts.path.removeprefix("/v1/organizations")]
            page = report if "page" in query else {"data": [], "has_more": True, "next_page": "page_2"}
            body = page if known else {"type": "error", "error": {"message": "invalid x-api-key"}}
            content = json.dumps(body).encode()
            self.send_response(200 if known else 401)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_the_admin_api_is_read_page_by_page_and_its_key_is_never_shown(
    home: Path, bursar: Command, admin: tuple[str, list[dict[str, list[str]]]]
):
    url, asked = admin
    with (home / "config.toml").open("a") as config:
        config.write(f'[cloud]\nurl = "{url}"\n')
    found = bursar("reconcile", "--api", "--day", "2026-11-20", "--json", ANTHROPIC_ADMIN_KEY=KEY)
    assert found.json["lines"][0]["cause"] == "unconfirmed"
    assert len(asked) == 4
    assert asked[0]["group_by[]"][:3] == ["model", "service_tier", "context_window"]
    assert asked[0]["starting_at"] == ["2026-11-20T00:00:00Z"]
    assert asked[0]["ending_at"] == ["2026-11-21T00:00:00Z"]
    refused = bursar("reconcile", "--api", ANTHROPIC_ADMIN_KEY="sk-ant-admin-wrong")
    assert refused.code == 1
    assert "answered 401: invalid x-api-key" in refused.err
    assert "sk-ant" not in refused.err + refused.out
