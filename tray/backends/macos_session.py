"""Whether macOS shows windows here: AppKit ends a program that asks for some without a window server, as over SSH."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

FRAMEWORK = "/System/Library/Frameworks/ApplicationServices.framework/ApplicationServices"


def has_window_server(load: Callable[[str], Any] = ctypes.CDLL) -> bool:
    """Ask for this session's description, which only a session on a screen has.

    Source: https://developer.apple.com/documentation/coregraphics/cgsessioncopycurrentdictionary()
    """
    try:
        ask = load(FRAMEWORK).CGSessionCopyCurrentDictionary
    except (OSError, AttributeError):
        return False
    ask.restype = ctypes.c_void_p
    return bool(ask())
