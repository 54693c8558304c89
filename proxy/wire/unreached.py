"""Unreached: why no connection to a server could be made, in words that mean something to a person."""

from __future__ import annotations

import os
import re
import socket
import ssl

_NUMBER = re.compile(r"\[Errno (\d+)\]")


def why_unreached(error: Exception) -> str:
    """Say why a connection failed; of several addresses of one name, what the first failed of."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({(getattr(error, 'reason', None) or 'no reason given').lower().replace('_', ' ')})"
    if isinstance(error, socket.gaierror):
        return "name not found"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    number = _NUMBER.search(str(error))
    if number:
        return os.strerror(int(number[1])).lower()
    return str(error) or type(error).__name__
