"""A request, read once: what every local dialect's body is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy.translate.constrained import call_schema, with_tools_told
from proxy.translate.history import Message, Turn, chat_messages, system_text, turns_of
from proxy.translate.refusal import CannotTranslate, refuse_cloud_only
from proxy.translate.room import WHOLE_ANSWER_TOKENS, Size, room_for_answer, size_of
from proxy.translate.tools import Tools, tools_of
from proxy.translate.translated import Translated, Wire
from proxy.translate.wishes import Wishes, wishes_of
from proxy.upstream.local_model import LocalModel

DROPPED = (
    "cache_control", "context_management", "diagnostics", "inference_geo", "metadata", "safeguards", "service_tier",
    "speed",
)  # fmt: skip
"""What means nothing to a local server; named in the notes where it was there."""

MISTRAL = ("mistral", "mixtral", "codestral", "devstral", "ministral", "magistral")


@dataclass(frozen=True, slots=True)
class Asked:
    """The request: `messages` as Chat Completions has them, `tools` to be sent, `known` those that may be called.

    The two differ where the answer is `constrained` to be a call: the tools are then told in the messages.
    `own_api` where the server's own Messages API is to be used; `in_one_piece` where the server is not to stream,
    because it then tells more.
    """

    model: str
    caps: LocalModel
    messages: list[Message]
    tools: Tools
    known: Tools
    wishes: Wishes
    schema: dict[str, Any] | None
    size: Size
    max_tokens: int
    notes: tuple[str, ...]
    own_api: bool
    in_one_piece: bool
    constrained: bool

    def translated(self, body: bytes, path: str, wire: Wire) -> Translated:
        """Say what the answer's translation needs to know, with the body that was written."""
        must_call = self.constrained or self.tools.choice == "required"
        known, size = self.known, self.size
        return Translated(
            body, self.max_tokens, size.tokens, known.names, known.one_call, self.wishes.stops, self.notes,
            known.functions, path, wire, self.caps.context, size.bytes, size.words, must_call, self.constrained,
        )  # fmt: skip


def read(fields: Mapping[str, Any], model: str, caps: LocalModel, *, judged: bool, constrained: bool) -> Asked:
    """Read a request; raises CannotTranslate where no local server could answer it."""
    refuse_cloud_only(fields)
    known = tools_of(fields)
    if known.functions and caps.tools is False and not constrained:
        raise CannotTranslate("it carries tools, and the local model cannot call any")
    hoisted, turns = turns_of(fields.get("messages"))
    if not turns:
        raise CannotTranslate("it says nothing")
    prefill = _is_begun(turns, caps, constrained=constrained)
    wishes = wishes_of(fields, caps, prefill=prefill)
    messages = _system(fields, hoisted) + chat_messages(turns, vision=caps.vision, short_ids=_is_mistral(model))
    tools, schema = (Tools(), call_schema(known)) if constrained else (known, wishes.schema)
    messages = with_tools_told(messages, known) if constrained else messages
    size = size_of(messages, tools.functions, caps)
    max_tokens = room_for_answer(fields, "required" if constrained else tools.choice, caps, size.tokens)
    # No local server's Messages API holds an answer to a schema.
    own_api = caps.messages_api and schema is None
    in_one_piece = caps.kind == "llamacpp" and not own_api and (constrained or (judged and bool(tools.functions)))
    if in_one_piece:
        max_tokens = min(max_tokens, WHOLE_ANSWER_TOKENS)
    return Asked(
        model, caps, messages, tools, known, wishes, schema, size, max_tokens, _notes(fields, turns), own_api,
        in_one_piece, constrained,
    )  # fmt: skip


def _system(fields: Mapping[str, Any], hoisted: list[str]) -> list[Message]:
    texts = [text for text in (system_text(fields.get("system")), *hoisted) if text]
    return [{"role": "system", "content": "\n\n".join(texts)}] if texts else []


def _is_begun(turns: list[Turn], caps: LocalModel, *, constrained: bool) -> bool:
    """Tell whether the answer's beginning is given; only llama.cpp goes on from it, and not into a call."""
    given = turns[-1].role == "assistant" and not turns[-1].calls
    if given and (caps.kind != "llamacpp" or constrained):
        raise CannotTranslate("it begins the answer itself, which this local server cannot go on from")
    return given


def _is_mistral(model: str) -> bool:
    return any(name in model.lower() for name in MISTRAL)


def _notes(fields: Mapping[str, Any], turns: list[Turn]) -> tuple[str, ...]:
    kinds = {str(block.get("type")) for turn in turns for block in turn.blocks}
    notes = [f"dropped {name}" for name in DROPPED if name in fields]
    notes += [f"dropped {kind}" for kind in ("redacted_thinking", "thinking") if kind in kinds]
    return tuple(notes)
