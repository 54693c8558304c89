"""Knowledge: what was learned of local models by asking them, kept from one start to the next."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from budget.files import private_folder, write_durably
from proxy.upstream.probe_result import ProbeResult

VERSION = 1
MODELS_KEPT = 200

Stamp = tuple[int, int, int] | None
"""What tells one state of a file from another."""

log = logging.getLogger(__name__)


class Knowledge:
    """What probes, benches and passing answers showed, by the model's `identity`; safe from any thread.

    It lies in one JSON file that only its owner can read; a file that cannot be understood is set aside and begun
    afresh, because all of it can be learned again. What another process wrote meanwhile – `bursar doctor`,
    `bursar bench` – is read before anything is told or kept. Without a path nothing is kept.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._models: dict[str, dict[str, Any]] = {}
        self._stamp: Stamp = None

    def probe(self, identity: str) -> ProbeResult | None:
        """Give what the last probe of a model found."""
        raw = self._get(identity, "probe")
        if raw is None:
            return None
        try:
            return ProbeResult.from_json(raw)
        except ValueError:
            return None

    def keep_probe(self, identity: str, result: ProbeResult) -> None:
        """Keep what a probe found, instead of what was known before."""
        self._keep(identity, "probe", result.as_json())

    def bench(self, identity: str) -> Mapping[str, Any] | None:
        """Give what `bursar bench` measured of a model, as it was kept."""
        return self._get(identity, "bench")

    def keep_bench(self, identity: str, result: Mapping[str, Any]) -> None:
        """Keep what `bursar bench` measured, instead of what was known before."""
        self._keep(identity, "bench", dict(result))

    def benches(self) -> list[Mapping[str, Any]]:
        """List what `bursar bench` measured of all models, the newest last."""
        with self._lock:
            self._catch_up()
            found = [model["bench"] for model in self._models.values() if isinstance(model.get("bench"), dict)]
        return sorted(found, key=lambda bench: str(bench.get("at", "")))

    def seen(self, identity: str) -> Mapping[str, Any] | None:
        """Give how fast a model's answers usually were, as it was kept."""
        return self._get(identity, "seen")

    def keep_seen(self, identity: str, usual: Mapping[str, Any]) -> None:
        """Keep how fast a model's answers usually were."""
        self._keep(identity, "seen", dict(usual))

    def _get(self, identity: str, what: str) -> dict[str, Any] | None:
        with self._lock:
            self._catch_up()
            found = self._models.get(identity, {}).get(what)
            return found if isinstance(found, dict) else None

    def _keep(self, identity: str, what: str, found: dict[str, Any]) -> None:
        with self._lock:
            self._catch_up()
            # The newest last: what goes when there are too many is what nobody has asked about for longest.
            self._models[identity] = {**self._models.pop(identity, {}), what: found}
            for oldest in list(self._models)[:-MODELS_KEPT]:
                del self._models[oldest]
            self._write()

    def _catch_up(self) -> None:
        """Read the file if it is another one than we read or wrote last."""
        stamp = _stamp(self._path)
        if self._path is None or stamp == self._stamp:
            return
        if stamp is not None:
            self._models = _read(self._path)
        self._stamp = _stamp(self._path)

    def _write(self) -> None:
        if self._path is None:
            return
        try:
            private_folder(self._path.parent)
            write_durably(self._path, json.dumps({"version": VERSION, "models": self._models}, indent=1).encode())
            self._stamp = _stamp(self._path)
        except OSError as error:
            # It is still known until the end of this run, and can be asked again after it.
            log.warning("what was learned of the local models cannot be kept: %s", error)


def _stamp(path: Path | None) -> Stamp:
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size) if found else None


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        raw = json.loads(path.read_bytes())
        models = raw["models"] if raw["version"] == VERSION else None
        if isinstance(models, dict) and all(isinstance(one, dict) for one in models.values()):
            return models
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    _set_aside(path)
    return {}


def _set_aside(path: Path) -> None:
    aside = path.with_name(path.name + ".bad")
    log.warning("what was learned of the local models cannot be read; it is set aside as %s", aside.name)
    try:
        path.replace(aside)
    except OSError as error:
        log.warning("it cannot be set aside: %s", error)
