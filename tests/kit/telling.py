"""Tells a fake Claude in another process the moment, in one short request on a connection that stays open."""

import http.client
import json
from functools import lru_cache
from urllib.parse import urlsplit


def turn_fake(url: str, seconds: float | None) -> None:
    """Set the clock of a fake's caches."""
    connection = _connection(url)
    connection.request("POST", "/_fake/clock", json.dumps({"at": seconds}))
    connection.getresponse().read()


@lru_cache
def _connection(url: str) -> http.client.HTTPConnection:
    where = urlsplit(url)
    assert where.hostname
    return http.client.HTTPConnection(where.hostname, where.port)
