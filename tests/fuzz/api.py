"""The control API of a bursar that runs, tried by schemathesis from the API's own description.

It makes requests that fit the description, and ones that do not, and holds each answer against it: no 5xx, the
statuses, types and shapes described, no credential ignored, nothing wrong taken. `--first` means nothing to it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.fuzz.run import Run
from tests.kit.bursar import Bursar
from tests.kit.fake_claude import ROOT, FakeClaude
from tests.kit.raw import ask, message

FOLDER = ROOT / ".cache" / "schemathesis"
"""Where tests/run.py puts it: with all it needs it is 68 MB, and its plugin for pytest would load with every run."""
OPERATIONS = 27
"""Those of the second pass: without the one that ends bursar, and the description, which is tried by GET alone."""
LEFT_OUT = ("/api/quit",)
"""It would end what is tried; tests/tray/test_quit.py has it."""
UNCHECKED = (
    "positive_data_acceptance",  # What is well formed may be refused: a cutoff below the budget, an unknown entry.
    "allow_header_conformance",  # The gate refuses a method before the path is read, and names those of the server.
    "use_after_free",
    "ensure_resource_availability",
    "object_level_authorization",  # One person has all of it: nothing is made and deleted here.
)
LONGEST_S = 1200
FEW = 5


def is_installed() -> bool:
    """Tell whether schemathesis is there."""
    return (FOLDER / "schemathesis").is_dir()


def fuzz(run: Run) -> None:
    """Try every operation; then see that GET alone changes nothing, and that bursar goes on as before."""
    if not is_installed():
        run.ends["not installed: python3 tests/run.py fetches schemathesis"] += 1
        return
    with FakeClaude() as fake, Bursar(run.folder / "home", fake.url) as bursar:
        for _ in range(3):
            ask(bursar.url, message("hello"))
        bursar.settled()
        before = _state(bursar)
        _try(run, bursar, "--include-method", "GET")
        if (after := _state(bursar)) != before:
            run.wrong("wrong", 0, f"GET changed something: {_differences(before, after)}", b"")
        _try(run, bursar)
        if not bursar.status()["running"]:
            run.wrong("traceback", 0, "bursar does not run any more", b"")
        if "Traceback" in bursar.output():
            run.wrong("traceback", 0, bursar.output()[-2000:], b"")


def _try(run: Run, bursar: Bursar, *chosen: str) -> None:
    """Run schemathesis once, and count what it tried and found."""
    token = (bursar.home / "control.token").read_text(encoding="utf-8").strip()
    report, events = run.folder / "report.json", run.folder / "events.ndjson"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{bursar.control_port}/api/openapi.json"),
        *("--header", f"Authorization: Bearer {token}", "--header", "Content-Type: application/json"),
        *("--seed", str(run.seed), "--checks", "all"),
        *("--exclude-checks", ",".join(UNCHECKED), "--continue-on-failure", "--generation-database", "none"),
        *("--request-timeout", "30", "--suppress-health-check", "all", "--warnings", "off", "--no-color"),
        *("--report", "json,ndjson", "--report-json-path", str(report), "--report-ndjson-path", str(events)),
        *(part for path in LEFT_OUT for part in ("--exclude-path", path)),
        *_amount(run),
        *chosen,
    ]
    environ = {**os.environ, "PYTHONPATH": str(FOLDER), "NO_PROXY": "*"}
    done = subprocess.run(
        command, cwd=run.folder, env=environ, capture_output=True, text=True, timeout=LONGEST_S, check=False
    )
    assert report.exists(), done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads(report.read_text(encoding="utf-8"))
    run.tried += found["test_cases"]["generated"]
    run.ends[f"requests{' of GET' if chosen else ''}"] += found["test_cases"]["generated"]
    run.ends["operations"] = max(run.ends["operations"], found["operations"]["tested"])
    _count(run, found, done.stdout)


def _amount(run: Run) -> tuple[str, ...]:
    """Say how much may be tried: by requests to each operation, or by time; few leave out those made one by one."""
    each = max(1, (run.inputs or 100 * OPERATIONS) // OPERATIONS)
    phases = "examples,coverage,fuzzing" if each > FEW else "examples,fuzzing"
    time = ("--max-time", str(max(1, int(run.seconds)))) if run.seconds else ()
    return ("--max-examples", str(each), "--phases", phases, *time)


def _count(run: Run, found: dict[str, Any], said: str) -> None:
    for failure in found["failures"]:
        kind = "5xx" if failure["type"] == "ServerError" else "wrong"
        for operation in failure["operations"]:
            run.wrong(kind, 0, f"{failure['code']} {failure['title']}: {operation}", said[-6000:].encode())
    for error in found["errors"]:
        run.wrong("wrong", 0, f"schemathesis: {str(error)[:300]}", b"")


def _state(bursar: Bursar) -> dict[str, Any]:
    """Tell all that a request could have changed."""
    status = bursar.status()
    names = ("mode", "stop", "budget_usd", "cutoff_usd", "settled_usd", "held_usd", "keeper", "day", "clock_held_back")
    config = (bursar.home / "config.toml").read_bytes()
    files = sorted(str(path.relative_to(bursar.home)) for path in Path(bursar.home).rglob("*.toml"))
    return {name: status[name] for name in names} | {"config": config, "files": files, "entries": bursar.entries()}


def _differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [name for name in before if before[name] != after[name]]
