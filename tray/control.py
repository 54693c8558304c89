"""Control: how our own commands talk to the bursar that runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any, cast

from budget.instance import Owner, owner
from proxy.peers import is_stranger_s
from tray.files import UnsafeFileError, read_private
from tray.paths import Paths

TIMEOUT_S = 10.0


class ControlError(RuntimeError):
    """The running bursar refused, or did not answer; the message is its sentence."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that opens the dashboard once, and for how many seconds it does."""

    url: str
    lasts_s: float


class Control:
    """The control server of the running bursar."""

    def __init__(self, owner: Owner, token: str) -> None:
        self.owner = owner
        self._token = token

    def get(self, path: str) -> dict[str, Any]:
        """Ask for something."""
        return self._call("GET", path, None, {})

    def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Have something done."""
        return self._call("POST", path, json.dumps(body or {}), {})

    def link(self) -> Link:
        """Ask for a link that opens the dashboard."""
        made = self.post("/api/link")
        return Link(f"http://127.0.0.1:{self.owner.ports['control']}{made['path']}", made["lasts_s"])

    def send(self, path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        """Hand over bytes as they are, with headers of their own."""
        return self._call("POST", path, body, headers)

    def _call(self, method: str, path: str, body: str | bytes | None, headers: dict[str, str]) -> dict[str, Any]:
        connection = HTTPConnection("127.0.0.1", self.owner.ports["control"], timeout=TIMEOUT_S)
        headers = {**headers, "authorization": f"Bearer {self._token}", "content-type": "application/json"}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            status, said = answer.status, json.loads(answer.read())
        except (OSError, HTTPException, ValueError) as error:
            raise ControlError(f"bursar (process {self.owner.pid}) does not answer: {error}") from error
        finally:
            connection.close()
        if status != 200:
            raise ControlError(str(said.get("error", said)) if isinstance(said, dict) else str(said))
        return cast(dict[str, Any], said)


def running(paths: Paths) -> Control | None:
    """Find the bursar that runs; None when none does, whatever an earlier one left behind."""
    found = owner(paths.run_file)
    if found is None or "control" not in found.ports:
        return None
    try:
        token = read_private(paths.token_file).decode("ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError, UnsafeFileError):
        return None
    if any(is_stranger_s(port) for port in found.ports.values()):
        return None  # Ours has ended without a word, and another user has taken its place: they get no token of ours.
    return Control(found, token) if answers(found.ports["control"], pid=found.pid) else None


def answers(port: int, timeout_s: float = 2.0, pid: int | None = None) -> bool:
    """Tell whether a bursar serves this port, and, where that is asked, whether it is this process.

    One that was killed leaves its note behind, and one of another home may have its port now.
    """
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        said = json.loads(answer.read(1000))
        return answer.status == 200 and "status" in said and pid in (None, said.get("pid", pid))
    except TimeoutError:
        return True  # Something is there, and too busy: what is asked of it next will say so.
    except (OSError, HTTPException, ValueError, TypeError, AttributeError):
        return False
    finally:
        connection.close()
