"""Ids of tool calls, as the Messages API wants them: plain letters, and no id twice in a conversation."""

from __future__ import annotations

import hashlib
import re

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,128}", re.A)


class Ids:
    """Gives each call of a conversation its id, always the same one for the same beginning of the conversation.

    Some servers call every first call `call_0`, or name it `functions.Bash:0`; the API refuses both.
    """

    def __init__(self) -> None:
        self._used: set[str] = set()

    def of_call(self, told: str) -> str:
        """Name a call that the agent knows as `told`."""
        name = told if _PLAIN.fullmatch(told) else _hashed(told)
        number, found = 1, name
        while found in self._used:
            number += 1
            found = f"{name[:120]}_{number}"
        self._used.add(found)
        return found


def _hashed(told: str) -> str:
    return "toolu_" + hashlib.blake2b(told.encode("utf-8", "replace"), digest_size=12).hexdigest()
