"""Start at login: whether bursar does, and how a person turns it on and off; off until somebody asks for it."""

from __future__ import annotations

from tray.startup.login import start_at_login, starts_at_login

__all__ = ["start_at_login", "starts_at_login"]
