"""A real llama.cpp server for tests, with a tiny model that says what its scripts say. See README.md beside this file.

Set-up happens once and is kept in `.cache/llama`: the environment of tests/llama.lock (some seconds, needs a
package index), then one model for each set of scripts (some seconds). A later start takes about a second.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import IO

import pytest

from tests.kit.llama.scripts import SCRIPTS, Script
from tests.kit.llama.templates import STRICT

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CACHE = ROOT / ".cache" / "llama"
MODELS_KEPT = 16
START_S = 60.0
MODEL = "tiny-scripted"


class Unavailable(RuntimeError):
    """There is no llama.cpp server here; the text says why."""


@dataclass
class LlamaServer:
    """A running server."""

    url: str
    process: subprocess.Popen[str]
    log: Path
    model: str = MODEL

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.unlink(missing_ok=True)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.process.kill()
        self.stop()


def start(
    *,
    port: int = 0,
    ctx: int = 65536,
    parallel: int = 2,
    template: str = STRICT,
    scripts: Mapping[str, Script] | None = None,
    api_key: str = "",
    usual: Mapping[str, Script] = SCRIPTS,
    held: Mapping[str, str] | None = None,
) -> LlamaServer:
    """Start a server; `scripts` are added to the `usual` ones, or replace them. Raises Unavailable with the reason.

    `held` is what a marker's model says where a grammar holds it to another form than its script has.
    """
    python = environment()
    options = {
        "model": str(model(python, {**usual, **(scripts or {})}, template, held or {})),
        "port": port, "ctx": ctx, "parallel": parallel, "api_key": api_key,
    }  # fmt: skip
    log = CACHE / f"server.{os.getpid()}.{threading.get_ident()}.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [python, str(HERE / "serve.py"), json.dumps(options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
    url = address(process)
    if url is None:
        process.kill()
        process.wait()
        raise Unavailable(f"the llama.cpp server did not start: {log.read_text(errors='replace')[-2000:]}")
    return LlamaServer(url, process, log)


@contextlib.contextmanager
def llama_server(**options) -> Iterator[LlamaServer]:
    """Run a server for the length of a `with`; a test is skipped with the reason where there can be none."""
    try:
        server = start(**options)
    except Unavailable as problem:
        pytest.skip(str(problem))
    try:
        yield server
    finally:
        server.stop()


def environment() -> Path:
    """Return the Python that has xllamacpp, setting it up at first."""
    setup = load(ROOT / "installer" / "environment.py")
    try:
        return setup.ensure(CACHE, ROOT / "tests" / "llama.lock")
    except setup.SetupError as problem:
        raise Unavailable(f"llama.cpp could not be set up: {problem}") from problem


def load(path: Path) -> ModuleType:
    """Import a file that belongs to no package."""
    spec = importlib.util.spec_from_file_location(f"kit_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def model(python: Path, scripts: Mapping[str, Script], template: str, held: Mapping[str, str]) -> Path:
    """Return the model file of these scripts, building it at first."""
    given = json.dumps({"scripts": dict(scripts), "template": template, "held": dict(held)}, indent=1)
    builder = HERE / "build_model.py"
    digest = hashlib.sha256(given.encode() + builder.read_bytes()).hexdigest()[:16]
    folder = CACHE / "models"
    folder.mkdir(exist_ok=True)
    made = folder / f"{digest}.gguf"
    if not made.exists():
        forget_oldest(folder)
        source = folder / f"{digest}.json"
        source.write_text(given, encoding="utf-8")
        tokenizer = folder / f"words-{sys.version_info.major}.{sys.version_info.minor}.json"
        command = [python, str(builder), str(source), str(tokenizer), str(made)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"the tiny model could not be built: {done.stderr[-2000:]}")
    os.utime(made)
    return made


def forget_oldest(folder: Path) -> None:
    """Delete the models not used for longest."""
    known = sorted(folder.glob("*.gguf"), key=lambda path: path.stat().st_mtime)
    for path in known[: max(0, len(known) - MODELS_KEPT + 1)]:
        path.unlink()
        path.with_suffix(".json").unlink(missing_ok=True)


def address(process: subprocess.Popen[str]) -> str | None:
    """Wait for the line in which a server tells where it listens; None when it ends or takes too long."""
    lines: list[str] = []
    reader = threading.Thread(target=read_line, args=(process.stdout, lines), daemon=True)
    reader.start()
    reader.join(START_S)
    return lines[0] if lines else None


def read_line(stdout: IO[str], lines: list[str]) -> None:
    """Find the address among whatever the server prints."""
    for line in stdout:
        with contextlib.suppress(ValueError, TypeError, KeyError):
            lines.append(json.loads(line)["url"])
            return
