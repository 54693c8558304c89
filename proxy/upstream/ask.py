"""Asking a local server about itself: short questions, bounded answers, nothing taken from the environment."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import requests

CONNECT_S = 1.0
READ_S = 3.0
ALL_QUESTIONS_S = 6.0
ANSWER_LIMIT_BYTES = 8 * 1024 * 1024
_PIECE_BYTES = 64 * 1024


class NoAnswer(OSError):
    """The server cannot be asked; `why` says so in words for a person."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, and the JSON that came with it: None when it was none."""

    status: int
    json: Any

    @property
    def fields(self) -> dict[str, Any]:
        """The JSON object of a success; empty for anything else, so that looking for a field is enough."""
        return self.json if self.status == 200 and isinstance(self.json, dict) else {}


def plain_session() -> requests.Session:
    """Make a session without proxies, netrc or CA files of the environment: a local server needs none of them."""
    import requests  # Takes 90 ms, while which nobody should have to wait for bursar to start.

    session = requests.Session()
    session.trust_env = False
    return session


class Asker:
    """Puts a few questions to one server, all of them within a few seconds."""

    def __init__(
        self,
        http: requests.Session,
        base_url: str,
        api_key: str = "",
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base_url = base_url
        self._http = http
        self._headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._monotonic = monotonic
        self._until = monotonic() + ALL_QUESTIONS_S

    def get(self, path: str) -> Reply:
        """Ask for a path; raises NoAnswer when nothing sensible comes back."""
        return self._ask("GET", path)

    def post(self, path: str, fields: dict[str, Any]) -> Reply:
        """Ask with a JSON object; raises NoAnswer when nothing sensible comes back."""
        return self._ask("POST", path, fields)

    def _ask(self, method: str, path: str, fields: dict[str, Any] | None = None) -> Reply:
        import requests

        try:
            with self._http.request(
                method, self.base_url + path, json=fields, headers=self._headers,
                timeout=(CONNECT_S, READ_S), allow_redirects=False, stream=True,
            ) as response:  # fmt: skip
                return Reply(response.status_code, _decoded(self._read(response)))
        except requests.ConnectTimeout as error:
            raise NoAnswer("it cannot be reached") from error
        except requests.Timeout as error:
            raise NoAnswer("it does not answer in time") from error
        except requests.ConnectionError as error:
            raise NoAnswer(_refused(error)) from error
        except requests.RequestException as error:
            raise NoAnswer("its answer is no proper HTTP") from error
        except ValueError as error:
            # requests lets through what urllib3 and http.client think of an impossible address.
            raise NoAnswer("its address is not valid") from error

    def _read(self, response: requests.Response) -> bytes:
        body = bytearray()
        for piece in response.iter_content(_PIECE_BYTES):
            body += piece
            if len(body) > ANSWER_LIMIT_BYTES:
                raise NoAnswer("its answer is too large")
            if self._monotonic() > self._until:
                raise NoAnswer("it does not answer in time")
        return bytes(body)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None


def _refused(error: requests.ConnectionError) -> str:
    text = str(error)
    if "Name or service not known" in text or "getaddrinfo" in text or "NameResolution" in text:
        return "its name is not known"
    return "it is not running" if "refused" in text.lower() else "its connection broke"
