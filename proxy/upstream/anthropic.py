"""Claude's API as an upstream: where it listens, and the one free question that is asked before money is held."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import certifi

from proxy.headers import to_upstream
from proxy.wire.answer import Headers, Origin

NAME = "anthropic"
COUNT_S = 10.0
MAX_COUNT_ANSWER = 64 * 1024
COUNTED = ("model", "messages", "system", "tools", "tool_choice", "thinking", "mcp_servers", "context_management")
"""What of a request its input tokens depend on; count_tokens refuses the rest."""


@dataclass(frozen=True)
class Cloud:
    """The settings of Claude's API: base URL, a CA bundle of one's own, an HTTP proxy that was set on purpose.

    Nothing is taken from the environment: no proxy, no CA, no .netrc (FAULTS.md T07). ValueError for a URL that is
    neither https nor plain http to a name.
    """

    url: str = "https://api.anthropic.com"
    ca_file: Path | None = None
    proxy: str = ""

    def __post_init__(self) -> None:
        for url in filter(None, (self.url, self.proxy)):
            parts = urlsplit(url)
            if parts.scheme not in ("https", "http") or not parts.hostname or parts.username:
                raise ValueError(f"not a URL of a server: {url}")

    @cached_property
    def origin(self) -> Origin:
        """Where connections go."""
        parts = urlsplit(self.url)
        assert parts.hostname
        tls = tls_context(self.ca_file) if parts.scheme == "https" else None
        return Origin(parts.hostname, parts.port or (443 if tls else 80), tls, self._proxy_address())

    @property
    def base_path(self) -> bytes:
        """What stands before the API's own paths; usually nothing."""
        return urlsplit(self.url).path.rstrip("/").encode()

    def target(self, target: bytes) -> bytes:
        """Put an agent's request target behind the base URL's own path."""
        return self.base_path + target

    def _proxy_address(self) -> tuple[str, int] | None:
        parts = urlsplit(self.proxy)
        return (parts.hostname, parts.port or 8080) if parts.hostname else None


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Verify servers against certifi's bundle, or the person's own; never less (FAULTS.md F01)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(str(ca_file or certifi.where()))
    context.set_alpn_protocols(["http/1.1"])
    return context


def count_tokens(cloud: Cloud, headers: Headers, fields: Mapping[str, Any]) -> int | None:
    """Ask the provider how many tokens a request has: free, with the agent's own credentials; None if it does not say.

    Source: https://platform.claude.com/docs/en/build-with-claude/token-counting
    """
    import requests  # Takes 90 ms to import, and most days never need it.

    session = requests.Session()
    session.trust_env = False
    sent = {n.decode("latin-1"): v.decode("latin-1") for n, v in to_upstream(headers)}
    sent["accept-encoding"] = "identity"
    try:
        with session.post(
            cloud.url.rstrip("/") + "/v1/messages/count_tokens",
            data=json.dumps({name: fields[name] for name in COUNTED if name in fields}),
            headers=sent,
            timeout=COUNT_S,
            allow_redirects=False,
            verify=str(cloud.ca_file or certifi.where()),
            proxies={"http": cloud.proxy, "https": cloud.proxy} if cloud.proxy else None,
            stream=True,
        ) as answer:
            if answer.status_code != 200:
                return None
            counted = json.loads(answer.raw.read(MAX_COUNT_ANSWER)).get("input_tokens")
    except (requests.RequestException, ValueError, AttributeError):
        return None
    return counted if isinstance(counted, int) and not isinstance(counted, bool) and counted > 0 else None
