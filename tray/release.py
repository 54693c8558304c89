"""Release: whether there is a newer bursar, asked for only by `bursar version --check`; nothing updates itself."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import urlsplit

from tray import VERSION
from tray.downgrade import is_newer

ADDRESS = ""
"""Where the newest release is told, as GitHub's `releases/latest` does; pyproject.toml has it as the URL `Releases`.

Empty while bursar is published nowhere.
"""
TIMEOUT_S = 15.0
MOST_BYTES = 2**20


class CannotCheck(RuntimeError):
    """Whether there is a newer release could not be found out; the message says why."""


@dataclass(frozen=True, slots=True)
class Release:
    """The newest release: its version, and the page it is on."""

    version: str
    page: str

    @property
    def is_newer(self) -> bool:
        """Tell whether it is newer than this bursar."""
        return is_newer(self.version, VERSION)


def newest(address: str) -> Release:
    """Ask an address; raises CannotCheck. Nothing is sent but the request for it, and no proxy setting is believed."""
    if not address:
        raise CannotCheck(f"this is bursar {VERSION}; it was built without an address that tells of newer releases")
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname != "127.0.0.1":
        raise CannotCheck(f"{address} is not asked: it must begin with https://")
    request = urllib.request.Request(address, headers={"accept": "application/json", "user-agent": "bursar"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            return _read(answer.read(MOST_BYTES))
    except (urllib.error.URLError, HTTPException, OSError) as error:
        raise CannotCheck(f"{address} could not be asked: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CannotCheck(f"{address} told of no release") from error


def _read(content: bytes) -> Release:
    """Read GitHub's answer. Source: docs.github.com/en/rest/releases/releases#get-the-latest-release"""
    told = json.loads(content)
    version, page = told["tag_name"], told["html_url"]
    if not (isinstance(version, str) and isinstance(page, str)):
        raise TypeError
    return Release(version.removeprefix("v"), page)
