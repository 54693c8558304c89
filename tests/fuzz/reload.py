"""The config file of a bursar that runs, changed by anybody, anyhow: it goes by the new one or by the last good."""

from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.fuzz import config
from tests.fuzz.run import Run
from tests.kit.bursar import Bursar
from tray.files import UnsafeFileError
from tray.settings import SettingsError, load

NOWHERE = "http://127.0.0.1:9"
IN_FORCE = ("budget_usd", "cutoff_usd", "zone", "alerts_percent", "keeper", "mode")
CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/api/budget", {"usd": "3.00"}),
    ("/api/cutoff", {"usd": "400000"}),
    ("/api/cutoff", {"usd": None}),
    ("/api/keeper", {"enabled": True}),
)


def fuzz(run: Run) -> None:
    """Try files of every kind, and odd things in the file's place, on one bursar after another."""
    with Bursar(run.folder / "home", NOWHERE, mode=None) as bursar:
        own = (bursar.home / "config.toml").read_bytes()
        _clear(bursar.home / "config.toml")
        for number, dice in run.cases():
            content = _made(dice, own)
            try:
                run.ends[_tried(run, number, dice, bursar, content)] += 1
            finally:
                _clear(bursar.home / "config.toml")
        (bursar.home / "config.toml").write_bytes(own)
        if "Traceback" in bursar.output():
            run.wrong("traceback", 0, bursar.output()[-3000:], b"")


def _made(dice: random.Random, own: bytes) -> bytes:
    """Make a file, without what this bursar would look for on the network; half a file is what an editor writes."""
    content = config.made(dice)
    kept = b"\n".join(line for line in content.split(b"\n") if b"url" not in line and b"[[local" not in line)
    if dice.random() < 0.3:
        return own[: dice.randrange(len(own))] if dice.random() < 0.5 else own
    return kept


def _tried(run: Run, number: int, dice: random.Random, bursar: Bursar, content: bytes) -> str:
    def wrong(why: str, kind: Any = "wrong") -> None:
        run.wrong(kind, number, why, content)

    path = bursar.home / "config.toml"
    before = _in_force(bursar)
    place = dice.choice((_plainly, _plainly, _plainly, _plainly, _linked, _shared, _as_folder, _missing))
    place(path, content)
    expected = _reads(path)
    status, said = post(bursar, "/api/reload", {})
    after = _in_force(bursar)
    if status not in (200, 400):
        wrong(f"reload answered {status}: {said}", "5xx" if status >= 500 else "wrong")
    if (status == 200) is not (expected is None):
        wrong(f"reload answered {status} to a file of which is said: {expected or 'nothing'}")
    if status == 400 and after != before:
        wrong(f"a refused file changed what counts: {before} {after}")
    if status == 400 and not (said.get("error") and all(line.isprintable() for line in said["error"].splitlines())):
        wrong(f"the refusal is no sentence: {said}")
    if dice.random() < 0.3:
        _changed(wrong, dice, bursar, path)
    return f"{place.__name__.strip('_')} {'read' if status == 200 else 'refused'}"


def _changed(wrong: Callable[..., None], dice: random.Random, bursar: Bursar, path: Path) -> None:
    """Change a setting by the API, while another program writes the file over and over."""
    target, body = dice.choice(CHANGES)
    other = threading.Thread(target=_write_over, args=(path,))
    if dice.random() < 0.3 and path.is_file() and not path.is_symlink():
        other.start()
    status, said = post(bursar, target, body)
    if other.ident is not None:
        other.join()
    if status not in (200, 400):
        wrong(f"{target} answered {status}: {said}", "5xx" if status >= 500 else "wrong")
    if not bursar.status()["running"]:
        wrong("bursar does not run any more", "traceback")


def _write_over(path: Path) -> None:
    for budget in range(1, 20):
        path.write_text(f'budget = "{budget}.00"\ncutoff = "500000"\nzone = "UTC"\n', encoding="utf-8")


def post(bursar: Bursar, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    """Have the control server do something; gives its status and what it said."""
    token = (bursar.home / "control.token").read_text(encoding="utf-8").strip()
    connection = HTTPConnection("127.0.0.1", bursar.control_port, timeout=60)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    said = json.loads(answer.read())
    connection.close()
    return answer.status, said


def _in_force(bursar: Bursar) -> dict[str, Any]:
    status = bursar.status()
    return {name: status[name] for name in IN_FORCE if name != "keeper"} | {"keeper": status["keeper"]["enabled"]}


def _reads(path: Path) -> str | None:
    """Say why the file cannot be read; None if it can."""
    try:
        load(path, lambda: "UTC")
    except (SettingsError, UnsafeFileError, OSError) as error:
        return str(error)
    return None


def _plainly(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


def _linked(path: Path, content: bytes) -> None:
    other = path.with_name("elsewhere.toml")
    _plainly(other, content)
    path.symlink_to(other)


def _shared(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o666)


def _as_folder(path: Path, content: bytes) -> None:
    path.mkdir()


def _missing(path: Path, content: bytes) -> None:
    pass


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    elif os.path.lexists(path):
        path.unlink()
