"""Core dumps: none is written of this process, whose memory has keys and prompts in it.

A limit of nothing keeps the kernel from writing one, and systemd-coredump and Apport, which go by it, from keeping one.
What it started may raise the limit again for itself. Source: core(5), systemd-coredump(8).
"""

from __future__ import annotations

import sys

if sys.platform != "win32":
    import resource


def write_none() -> None:
    """Let no core dump of this process be written, where that can be said."""
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
