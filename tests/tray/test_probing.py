"""A bursar that runs: it probes local models by itself, remembers what it found, and tells it."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kit.bursar import Bursar
from tests.kit.llama.server import LlamaServer, llama_server
from tests.kit.llama.templates import CHATML
from tests.kit.probe_scripts import GOOD
from tests.tray.conftest import NOWHERE

pytestmark = pytest.mark.slow

WAIT_S = 120.0


def model_of(bursar: Bursar) -> dict[str, Any]:
    """Ask for what is known of the only local model."""
    said = bursar.command("models", "--json")
    assert said.returncode == 0, said.stderr
    (server,) = json.loads(said.stdout)["locals"]
    return next(iter(server["models"]), {})


def when(bursar: Bursar, is_so: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Wait until something is known of the model."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        model = model_of(bursar)
        if model and is_so(model):
            return model
        time.sleep(0.3)
    raise AssertionError(f"not within {WAIT_S} s: {model_of(bursar)}")


def serving(folder: Path, llama: LlamaServer) -> Bursar:
    """Serve with a local server about which the config says nothing but where it is."""
    return Bursar(folder, NOWHERE, mode=None, local_servers=({"name": "box", "url": llama.url},))


def test_a_model_is_probed_by_itself_and_what_was_found_outlives_a_restart(tmp_path: Path) -> None:
    with llama_server(scripts=GOOD) as llama, serving(tmp_path / "home", llama) as bursar:
        first = when(bursar, lambda model: model["tools"])
        assert all(check["ok"] for check in first["probe"]["checks"])
        bursar.stop()
        bursar.start()
        again = when(bursar, lambda model: model["tools"])
        assert again["probe"]["at"] == first["probe"]["at"]
        doctor = bursar.command("doctor")
        assert (doctor.returncode, "tools work: 8 of 8 checks passed" in doctor.stdout) == (0, True), doctor.stdout


def test_a_model_without_tools_is_known_as_such_with_the_cause(tmp_path: Path) -> None:
    with llama_server(template=CHATML) as llama, serving(tmp_path / "home", llama) as bursar:
        model = when(bursar, lambda model: model["probe"])
        assert model["tools"] is False
        assert "knows no tools" in model["probe"]["cause"]
        assert "knows no tools" in bursar.command("models").stdout


def test_what_the_doctor_found_is_known_to_the_bursar_that_runs(tmp_path: Path) -> None:
    with llama_server(scripts=GOOD) as llama, serving(tmp_path / "home", llama) as bursar:
        first = when(bursar, lambda model: model["probe"])
        assert bursar.command("doctor", "--probe").returncode == 0
        assert when(bursar, lambda model: model["probe"]["at"] != first["probe"]["at"])["tools"] is True
