"""What a request wishes of the answer: how it is sampled, where it stops, what form it has, how much is thought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy.upstream.local_model import LocalModel

SAMPLING = ("temperature", "top_p", "top_k")
STOPS_TAKEN = 4
"""OpenAI's own limit, which some servers keep."""

EFFORTS = {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}


@dataclass(frozen=True, slots=True)
class Wishes:
    """The wishes that a local server can grant; what is absent stays its own default.

    `thinking` is whether to think, None for as it likes; `effort` how much, for models that know such a thing; `schema`
    is what the answer's JSON has to fit.
    """

    sampling: dict[str, Any]
    stops: tuple[str, ...]
    thinking: bool | None
    effort: str | None
    schema: dict[str, Any] | None


def wishes_of(fields: Mapping[str, Any], caps: LocalModel, *, prefill: bool) -> Wishes:
    """Read them. A given beginning of the answer rules thinking out: llama.cpp refuses both at once."""
    config = fields.get("output_config")
    config = config if isinstance(config, dict) else {}
    thinking = False if prefill else _thinking(fields, caps)
    effort = EFFORTS.get(str(_effort(fields, config))) if caps.takes_effort else None
    sampling = {name: fields[name] for name in SAMPLING if _is_number(fields.get(name))}
    return Wishes(sampling, _stops(fields), thinking, effort, _schema(config))


def _effort(fields: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    """Find the effort wished for: newer Claude Code writes it on a message, and the newest one counts."""
    messages = fields.get("messages")
    for message in reversed(messages if isinstance(messages, list) else []):
        own = message.get("output_config") if isinstance(message, dict) else None
        if isinstance(own, dict) and "effort" in own:
            return own["effort"]
    return config.get("effort")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _stops(fields: Mapping[str, Any]) -> tuple[str, ...]:
    stops = fields.get("stop_sequences")
    return tuple(stop for stop in stops if isinstance(stop, str) and stop) if isinstance(stops, list) else ()


def _thinking(fields: Mapping[str, Any], caps: LocalModel) -> bool | None:
    """Say whether to think: as the person set it for the model, else as the request says; None for as it likes."""
    if caps.thinking != "auto":
        return caps.thinking == "on"
    wish = fields.get("thinking")
    return False if isinstance(wish, dict) and wish.get("type") == "disabled" else None


def _schema(config: Mapping[str, Any]) -> dict[str, Any] | None:
    match config.get("format"):
        case {"type": "json_schema", "schema": dict(schema)}:
            return schema
    return None
