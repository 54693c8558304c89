"""Knowledge: what was learned of local models outlives a restart; a bad file costs only learning it again."""

import json
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from proxy.upstream.knowledge import MODELS_KEPT, Knowledge
from proxy.upstream.probe_result import Check, Diagnosis, ProbeResult

AT = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
RESULT = ProbeResult(
    passed=False,
    checks=(Check("simple call", ok=False, cause="it was printed as text", detail="Hermes", seconds=1.5),),
    at=AT,
    diagnosis=Diagnosis("text", "calls come as text", "llama-server --jinja"),
    limits=(Diagnosis("context", "4 k", "context = 32768"),),
    first_token_s=0.5,
    prompt_tokens_per_s=800.0,
    tokens_per_s=41.5,
    setup="abc",
)


def test_a_probe_and_a_bench_are_known_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state" / "models.json"
    known = Knowledge(path)
    known.keep_probe("box|qwen|1", RESULT)
    known.keep_bench("box|qwen|1", {"tokens_per_s": 40})
    again = Knowledge(path)
    assert again.probe("box|qwen|1") == RESULT
    assert again.bench("box|qwen|1") == {"tokens_per_s": 40}


def test_what_another_process_learned_meanwhile_is_known_and_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    running, command = Knowledge(path), Knowledge(path)
    running.keep_probe("a", RESULT)
    command.keep_bench("a", {"tokens_per_s": 40})
    command.keep_probe("b", RESULT)
    assert running.bench("a") == {"tokens_per_s": 40}
    running.keep_probe("c", RESULT)
    known = Knowledge(path)
    assert [known.probe(name) for name in ("a", "b", "c")] == [RESULT] * 3
    assert known.bench("a") == {"tokens_per_s": 40}


def test_another_model_is_not_known(tmp_path: Path) -> None:
    known = Knowledge(tmp_path / "models.json")
    known.keep_probe("box|qwen|1", RESULT)
    assert known.probe("box|qwen|2") is None
    assert known.bench("box|qwen|1") is None


def test_a_new_probe_replaces_the_old_one_and_leaves_the_bench() -> None:
    known = Knowledge(None)
    known.keep_bench("m", {"a": 1})
    known.keep_probe("m", RESULT)
    known.keep_probe("m", replace(RESULT, passed=True, diagnosis=None))
    found = known.probe("m")
    assert found is not None
    assert (found.passed, found.cause, known.bench("m")) == (True, "", {"a": 1})


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such mode bits")
def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    Knowledge(path).keep_probe("m", RESULT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version": 9, "models": {}}', b'{"version": 1, "models": {"m": 3}}', b"\xff"]
)
def test_a_file_that_cannot_be_understood_is_set_aside_and_begun_afresh(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "models.json"
    path.write_bytes(content)
    known = Knowledge(path)
    assert known.probe("m") is None
    known.keep_probe("m", RESULT)
    assert Knowledge(path).probe("m") == RESULT
    assert (tmp_path / "models.json.bad").read_bytes() == content


def test_one_result_that_cannot_be_understood_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    path.write_text(json.dumps({"version": 1, "models": {"a": {"probe": {"passed": True}}, "b": {"bench": {"x": 1}}}}))
    known = Knowledge(path)
    assert known.probe("a") is None
    assert known.bench("b") == {"x": 1}


def test_the_file_does_not_grow_without_end(tmp_path: Path) -> None:
    known = Knowledge(None)
    for number in range(MODELS_KEPT + 5):
        known.keep_bench(f"m{number}", {})
    assert known.bench("m4") is None
    assert known.bench("m5") == {}


def test_a_folder_that_cannot_be_written_does_not_stop_anything(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    known = Knowledge(tmp_path / "file" / "models.json")
    known.keep_probe("m", RESULT)
    assert known.probe("m") == RESULT
