"""bursar models: what a person reads of the local models."""

from typing import Any

import pytest

from tray.cli.models import _licences, _locals

MODEL: dict[str, Any] = {
    "id": "qwen3:8b", "loaded": True, "context": 65536, "context_from": "loaded", "trained_context": 131072,
    "max_output": None, "vision": False, "tools": True, "claims_tools": True, "concurrency": None,
    "parameters": "8B", "quantization": "Q4", "weight_bytes": 5, "limits": [],
    "licence": {"name": "Apache License 2.0", "spdx": "Apache-2.0", "source": "server", "obliges": ["keep notices"],
                "url": "https://example.org/licence"},
    "speed": {"reads": 812.4, "writes": 41.2, "source": "bench", "at": None, "at_tokens": 20000},
    "usd_per_mtok": {"marginal_in": "0.0123", "marginal_out": "0.31", "full_in": "0.02", "full_out": "0.5"},
    "probe": {"at": "2026-11-21T10:30:00+00:00", "cause": "", "mend": ""},
}  # fmt: skip


def shown(**changes: Any) -> str:
    """Print a table of one model."""
    return _locals([{"name": "box", "healthy": True, "why": "", "models": [{**MODEL, **changes}]}])


def test_a_model_has_one_line_with_all_that_is_known() -> None:
    line = shown().splitlines()[1].split()
    assert line[:5] == ["qwen3:8b", "box", "65,536", "131,072", "no"]
    # Energy only / with everything; what was spent is rounded up.
    assert " ".join(line[5:]) == "yes, 21 Nov 812 41 0.013 / 0.020 0.310 / 0.500 Apache-2.0"


def test_what_was_not_measured_is_said_with_how_to_measure_it() -> None:
    said = shown(usd_per_mtok=None, speed=None)
    assert "—" in said.splitlines()[1]
    assert "measure it with: bursar bench" in said


@pytest.mark.parametrize(
    ("tools", "probe", "wanted"),
    [
        (True, None, "yes (you said so)"),
        (None, None, "not probed"),
        (False, None, "no"),
        (False, {"at": "2026-11-21T10:30:00+00:00", "cause": "it prints calls as text", "mend": ""}, "no, 21 Nov"),
        (None, {"at": "2026-11-21T10:30:00+00:00", "cause": "it was loading", "mend": ""}, "unknown, 21 Nov"),
    ],
)
def test_whether_tools_work_is_said_with_the_day_on_which_it_was_seen(tools: Any, probe: Any, wanted: str) -> None:
    said = shown(tools=tools, probe=probe)
    assert wanted in said
    assert probe is None or probe["cause"] in said


def test_a_model_that_is_not_in_memory_is_marked() -> None:
    said = shown(loaded=False)
    assert "65,536*" in said
    assert "* not in memory" in said


def test_a_server_out_of_use_is_said_with_the_reason() -> None:
    said = _locals([{"name": "box", "healthy": False, "why": "it is not running", "models": []}])
    assert said == (
        "no local model found; start a model server, or name yours in [[local]]: bursar doctor says how\n"
        "box is not in use: it is not running"
    )


def test_what_keeps_a_model_from_tools_is_said_once_with_its_server() -> None:
    cause = "qwen3:8b answers, but calls no tools"
    said = shown(tools=False, probe={"at": "2026-11-21T10:30:00+00:00", "cause": cause, "mend": ""})
    assert "\nbox: qwen3:8b answers, but calls no tools; see: bursar doctor\n" in said
    slow = shown(tools=False, probe={"at": "2026-11-21T10:30:00+00:00", "cause": "it is slow", "mend": ""})
    assert "\nbox: qwen3:8b: it is slow; see: bursar doctor\n" in slow


def test_the_licences_are_printed_with_their_duties_and_who_says_so() -> None:
    upstream = {"name": "box", "models": [MODEL, {**MODEL, "id": "odd", "licence": None}]}
    said = _licences({"locals": [upstream]})
    assert (
        "qwen3:8b at box: Apache License 2.0 (as its server says)\n  - keep notices\n  https://example.org/licence"
        in said
    )
    assert "odd at box: licence unknown" in said


def test_what_a_server_says_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in shown(id="\x1b[31mred")
