"""A status of the control server on a plain day, to be changed by a test."""

from typing import Any

NOON = "2026-11-20T12:00:00+00:00"
SAVED = {"usd": "3.1", "low_usd": "3.1", "high_usd": "3.1", "plan_usd": "0", "requests": 9, "unknown": 0}
STATUS: dict[str, Any] = {
    "running": True,
    "simulated": False,
    "zone": "Europe/Berlin",
    "notices": [],
    "stepped_aside": False,
    "day": "2026-11-20",
    "mode": "auto",
    "band": "normal",
    "stop": None,
    "budget_usd": "10",
    "cutoff_usd": "12",
    "settled_usd": "1.844",
    "held_usd": "0",
    "likely_usd": "1.844",
    "open_holds": 0,
    "unrecorded": 0,
    "resets_at": "2026-11-20T23:00:00+00:00",
    "trouble": None,
    "clock_held_back": False,
    "saved": {"today": SAVED, "week": {**SAVED, "usd": "21.47", "low_usd": "21.47", "high_usd": "21.47"}},
    "pace": None,
    "cloud": {"url": "https://api.anthropic.com", "trouble": None},
    "locals": [{"name": "Ollama", "healthy": True, "why": ""}],
    "doubts": [],
    "prices": {"data_as_of": "2026-11-12", "old": False, "notices": []},
}
DEAD = {"name": "Ollama", "healthy": False, "why": "it is not running"}
OTHER = {"name": "LM Studio", "healthy": True, "why": ""}


def status(**changes: Any) -> dict[str, Any]:
    """Give a plain day with some of it changed."""
    return {**STATUS, **changes}
