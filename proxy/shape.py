"""Shape: what in a request decides its cost, and what of it only the cloud can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pricing.bound import Shape
from proxy.conversation import Conversation
from proxy.met import MOST_REASONS, Met, plain_word
from proxy.words import words
from proxy.written import Written

TYPED_TOOL_BYTES = 1000
"""A tool that is named by a type has a definition that the request does not show (up to 735 tokens as published)."""

FORMAT_BYTES = 1000
"""An answer bound to a schema gets instructions around it that the request does not show."""

_PRICED = frozenset(
    # Fields of the top level that make a request no dearer than its bytes, its output limit and the rest we read.
    words(
        """model max_tokens messages system tools tool_choice stream stop_sequences temperature top_p top_k metadata
        thinking output_config output_format service_tier inference_geo speed cache_control context_management
        safeguards diagnostics user_profile_id"""
    )
)
_CLIENT_TOOLS = ("bash_", "text_editor_", "memory_", "computer_")
_INTERLEAVED = "interleaved-thinking"


def shape_of(
    fields: Mapping[str, Any], messages: Conversation, written: Written, betas: str
) -> tuple[Shape, tuple[str, ...]]:
    """Work out a request's shape, and the reasons, if any, why no local model can serve it.

    The bytes of the canonical JSON, less the data of images, are never fewer than those of all strings that the model
    reads, and stand also for the JSON that tools and calls are shown as.
    """
    met = Met()
    met.look_at(fields.get("system"))
    met.add(gist.met for gist in messages.gists)
    tools = _dicts(fields.get("tools"))
    passes, helpers, unknown = _more_passes(fields, tools)
    server_tools = [tool for tool in tools if _is_server_tool(tool)]
    asks_more = unknown or bool(server_tools) or bool(fields.get("container") or fields.get("mcp_servers"))
    shape = Shape(
        model=fields["model"],
        text_bytes=written.size - met.image_bytes + _unseen_bytes(fields, tools, met),
        blocks=met.blocks + len(messages) + len(tools),
        images=met.images,
        has_tools=bool(tools),
        unbounded=asks_more or met.files + met.unknown > 0,
        countable=met.files > 0 and not asks_more and not met.unknown,
        max_output=fields.get("max_tokens") or 0,
        writes_5m=written.for_5m,
        writes_1h=written.for_1h,
        thinking_interleaved=_may_think_on(fields, betas),
        searches=_searches(server_tools),
        geo_us=_geo_us(fields.get("inference_geo")),
        fast=fields.get("speed", "standard") not in ("standard", None),
        passes=passes,
        helpers=helpers,
    )
    return shape, _cloud_reasons(fields, tools, met)


def _unseen_bytes(fields: Mapping[str, Any], tools: list[dict[str, Any]], met: Met) -> int:
    """Bound what the provider puts in beside the request's own bytes."""
    unseen = TYPED_TOOL_BYTES * sum(1 for tool in tools if tool.get("type") not in (None, "custom"))
    config = fields.get("output_config")
    if fields.get("output_format") or (isinstance(config, dict) and config.get("format")):
        unseen += FORMAT_BYTES
    if met.references:
        # Each reference is shown to the model as the tool's whole definition.
        sizes = {str(tool.get("name")): len(msgspec.json.encode(tool)) for tool in tools}
        unseen += sum(sizes.get(name, 0) for name in met.references)
    return unseen


def _may_think_on(fields: Mapping[str, Any], betas: str) -> bool:
    """Tell whether thinking may pass `max_tokens`.

    Only a budget that is not below it can: else the limit is strict, also for adaptive thinking. Claude Code sends the
    beta with every request, so taking it alone for a reason would hold a context window of output each time.
    """
    thinking = fields.get("thinking")
    if _INTERLEAVED not in betas or not isinstance(thinking, dict):
        return False
    budget = thinking.get("budget_tokens")
    return type(budget) is int and budget >= (fields.get("max_tokens") or 0)


def _searches(server_tools: list[dict[str, Any]]) -> int | None:
    """Add up the searches that the request allows; None if one of its search tools sets no limit."""
    limits = [tool.get("max_uses") for tool in server_tools if str(tool.get("type")).startswith("web_search")]
    if any(type(limit) is not int or limit < 0 for limit in limits):
        return None
    return sum(limit for limit in limits if isinstance(limit, int))


def _geo_us(geo: Any) -> bool | None:
    # Absent, the workspace's default decides, which we cannot see.
    return {"us": True, "global": False}.get(geo) if isinstance(geo, str) else None


def _more_passes(fields: Mapping[str, Any], tools: list[dict[str, Any]]) -> tuple[int, tuple[str, ...], bool]:
    """Count the passes one answer may be billed for, the other models in them, and whether more may lie in it."""
    passes, helpers = 1, []
    management = fields.get("context_management")
    edits = _dicts(management.get("edits")) if isinstance(management, dict) else []
    passes += sum(1 for edit in edits if str(edit.get("type")).startswith("compact"))
    for tool in tools:
        if str(tool.get("type")).startswith("advisor"):
            uses = tool.get("max_uses")
            passes += uses if type(uses) is int and 0 < uses < 100 else 10
            helpers.append(str(tool.get("model", ""))[:256])
    fallbacks = fields.get("fallbacks")
    for other in _dicts(fallbacks):
        passes += 1
        helpers.append(str(other.get("model", ""))[:256])
    unknown = bool(fields.keys() - _PRICED - {"fallbacks", "container", "mcp_servers"})
    return passes, tuple(helpers), unknown


def _is_server_tool(tool: dict[str, Any]) -> bool:
    kind = tool.get("type")
    return kind not in (None, "custom") and not str(kind).startswith(_CLIENT_TOOLS)


def _cloud_reasons(fields: Mapping[str, Any], tools: list[dict[str, Any]], met: Met) -> tuple[str, ...]:
    reasons = dict(met.cloud)
    for tool in tools:
        if tool.get("type") not in (None, "custom"):
            reasons[f"the tool type {plain_word(tool.get('type'))}"] = None
    for name in ("container", "mcp_servers", "user_profile_id", "fallbacks"):
        if fields.get(name):
            reasons[name] = None
    if fields.get("max_tokens") == 0:
        reasons["max_tokens 0, which only warms the cloud's cache"] = None
    return tuple(reasons)[:MOST_REASONS]


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
