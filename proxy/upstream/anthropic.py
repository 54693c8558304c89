"""Claude's API as an upstream: where it listens, and whom it must prove to be."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import certifi

from proxy.wire.answer import Origin

NAME = "anthropic"


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
