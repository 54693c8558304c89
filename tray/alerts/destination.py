"""Destinations: where alerts go. An address holds secrets, so it is shown by a name that holds none."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar
from urllib.parse import unquote

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30})://\S*")


@dataclass(frozen=True)
class Destination:
    """One address of Apprise's kind, such as ntfy://…; printing one never prints its address.

    What is not taken is tried again later, unless the destination `is_now_or_never`.
    """

    address: str = field(repr=False)
    is_now_or_never: ClassVar[bool] = False

    @cached_property
    def name(self) -> str:
        """Name it by its service and six digits of a checksum: it stays the same as long as the address does."""
        return f"{self.service}-{hashlib.sha256(self.address.encode()).hexdigest()[:6]}"

    @property
    def service(self) -> str:
        """Tell the service, such as "ntfy"."""
        return self.address.partition("://")[0].lower()

    def __str__(self) -> str:
        return self.name

    def without_secrets(self, text: str) -> str:
        """Take every part of the address out of a text, such as an error of the service's."""
        rest = self.address.partition("://")[2]
        parts = {self.address, *re.split(r"[/:@?&=#,;\s]+", rest), *re.split(r"[/:@?&=#,;\s]+", unquote(rest))}
        for secret in sorted({each for part in parts for each in (part, unquote(part))}, key=len, reverse=True):
            if len(secret) < 3:
                continue
            text = re.sub(re.escape(secret), "…", text, flags=re.IGNORECASE)
        return text


def destination(value: object) -> Destination:
    """Read an address; raises ValueError without showing it. Whether its service knows it is asked later."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value.strip()) or len(value) > 2000:
        raise ValueError('must be an address such as "ntfy://my-topic" or "mailto://user:password@example.com"')
    return Destination(value.strip())
