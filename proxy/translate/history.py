"""The conversation: Anthropic messages → Chat Completions messages, in the order that chat templates accept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from proxy.translate.blocks import Block, Part, arguments_of, blocks_of, content_of, parts_of, result_of, text_of
from proxy.translate.refusal import CannotTranslate, refuse_block

Message = dict[str, Any]

BILLING_HEADER = "x-anthropic-billing-header:"
_TAG = re.compile(r"(\A|</[\w-]+>\s*)\s*@(?:local|cloud)(?:\s+|\Z)", re.ASCII)
"""The tag as the user's first word; what the client put in, in tags of its own, may stand before it."""

NO_RESULT = "Error: this call has no result; it was interrupted before it ran."


@dataclass
class Turn:
    """What one side said without interruption; `reminders` are system messages folded into it."""

    role: str
    blocks: list[Block] = field(default_factory=list)
    reminders: list[str] = field(default_factory=list)

    @property
    def calls(self) -> list[Block]:
        """The tool calls, each id once: of two with one id the client runs the first."""
        calls = {str(block.get("id", "")): block for block in reversed(self.blocks) if block.get("type") == "tool_use"}
        return [block for block in self.blocks if calls.get(str(block.get("id", ""))) is block]

    @property
    def answers_tools(self) -> bool:
        """Tell whether it carries tool results."""
        return any(block.get("type") == "tool_result" for block in self.blocks)


def system_text(system: Any) -> str:
    """Join the system prompt into one text.

    Claude Code's first block holds a few characters that change with every session; a local server's
    prompt cache would start anew behind them, so it is left out.
    """
    texts = [text_of(block) for block in blocks_of(system, "the system prompt")]
    return "\n\n".join(text for text in texts if not text.startswith(BILLING_HEADER))


def turns_of(messages: Any) -> tuple[list[str], list[Turn]]:
    """Read messages as alternating turns, and the system texts that belong at the head of the prompt.

    A system message before the first answer is hoisted; a later one becomes a reminder of the turn next to it,
    because templates refuse a system role in the middle.
    """
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise CannotTranslate("messages is no list of messages")
    hoisted: list[str] = []
    turns: list[Turn] = []
    waiting: list[str] = []
    for message in messages:
        role, blocks = _role(message), blocks_of(message.get("content"), "a message")
        if role == "system":
            _place(_joined(blocks), hoisted, turns, waiting)
        elif not _says_nothing(role, blocks):
            _append(turns, role, blocks, waiting)
    if waiting:
        _append(turns, "user", [], waiting)
    return hoisted, turns


def chat_messages(turns: list[Turn], *, vision: bool, short_ids: bool) -> list[Message]:
    """Write turns as chat messages: every call is followed by its results, in the order of the calls."""
    name_of: Callable[[str], str] = short_id if short_ids else str
    current = _current(turns)
    written: list[Message] = []
    open_calls: list[Block] = []
    for at, turn in enumerate(turns):
        if turn.role == "assistant":
            open_calls = turn.calls
            written.append(_assistant(turn, name_of, think=at > current, newest=current < at >= len(turns) - 2))
        else:
            written += _user(turn, open_calls, name_of, vision=vision)
            open_calls = []
    return written + [_tool(call, NO_RESULT, name_of) for call in open_calls]


def untagged(block: Block) -> Block:
    """Drop `@local` or `@cloud` from the head of what a user said: it is meant for us.

    From every turn and in the same way, so that a server finds the conversation's beginning in its cache.
    """
    if block.get("type") != "text" or "@" not in text_of(block):
        return block
    text = _TAG.sub(r"\1", text_of(block), count=1)
    return {**block, "text": text} if text.strip() else block


def short_id(identifier: str) -> str:
    """Make nine letters and digits of an id, always the same ones: Mistral's templates take no others."""
    number = int.from_bytes(hashlib.sha256(identifier.encode("utf-8", "replace")).digest()[:8], "big")
    letters = ""
    for _ in range(9):
        number, digit = divmod(number, 36)
        letters += "0123456789abcdefghijklmnopqrstuvwxyz"[digit]
    return letters


def _role(message: dict[str, Any]) -> str:
    role = message.get("role")
    if role not in ("user", "assistant", "system"):
        raise CannotTranslate("a message has neither the user's nor the assistant's role")
    return str(role)


def _place(text: str, hoisted: list[str], turns: list[Turn], waiting: list[str]) -> None:
    """Put a system message where templates take it: the head, the user turn before it, or the one after."""
    if not text:
        return
    if not any(turn.role == "assistant" for turn in turns):
        hoisted.append(text)
    elif turns[-1].role == "user":
        turns[-1].reminders.append(text)
    else:
        waiting.append(text)


def _says_nothing(role: str, blocks: list[Block]) -> bool:
    """Tell whether a message would be empty: an answer of thinking alone is."""
    silent = ("thinking", "redacted_thinking") if role == "assistant" else ()
    return all(block.get("type") in silent for block in blocks)


def _append(turns: list[Turn], role: str, blocks: list[Block], waiting: list[str]) -> None:
    if not turns or turns[-1].role != role:
        turns.append(Turn(role))
    turns[-1].blocks += blocks
    if role == "user":
        turns[-1].reminders += waiting
        waiting.clear()


def _joined(blocks: list[Block]) -> str:
    return "\n\n".join(text_of(block) for block in blocks)


def _current(turns: list[Turn]) -> int:
    """Find the user's newest request: thinking before it is of no more use to the model."""
    asked = [at for at, turn in enumerate(turns) if turn.role == "user" and not turn.answers_tools]
    return asked[-1] if asked else -1


def _assistant(turn: Turn, name_of: Callable[[str], str], *, think: bool, newest: bool) -> Message:
    _refuse_foreign(turn, newest=newest)
    text = "".join(text_of(block) for block in turn.blocks if block.get("type") == "text")
    message: Message = {"role": "assistant", "content": text or None}
    calls = turn.calls
    if not calls:
        return message
    thought = _thinking(turn)
    if think and thought:
        message["reasoning_content"] = thought
    message["tool_calls"] = [_call(call, name_of) for call in calls]
    return message


def _refuse_foreign(turn: Turn, *, newest: bool) -> None:
    """Refuse what the cloud's own tools left behind, and hidden thinking whose calls are just being answered."""
    for block in turn.blocks:
        kind = block.get("type")
        if kind not in ("text", "tool_use", "thinking", "redacted_thinking"):
            raise refuse_block(kind, "an answer")
    hidden = any(block.get("type") == "redacted_thinking" for block in turn.blocks)
    if newest and hidden and turn.calls:
        raise CannotTranslate("hidden thinking with open tool calls needs the cloud")


def _thinking(turn: Turn) -> str:
    thoughts = (block.get("thinking") for block in turn.blocks if block.get("type") == "thinking")
    return "\n".join(thought for thought in thoughts if isinstance(thought, str) and thought)


def _call(call: Block, name_of: Callable[[str], str]) -> Message:
    function = {"name": str(call.get("name", "")), "arguments": arguments_of(call)}
    return {"id": name_of(str(call.get("id", ""))), "type": "function", "function": function}


def _user(turn: Turn, calls: list[Block], name_of: Callable[[str], str], *, vision: bool) -> list[Message]:
    results: dict[str, tuple[str, list[Part]]] = {}
    rest: list[Part] = []
    asked = {str(call.get("id", "")) for call in calls}
    for block in turn.blocks:
        if block.get("type") != "tool_result":
            rest += parts_of([untagged(block)], "a message", vision=vision)
            continue
        result = result_of(block, "a tool result", vision=vision)
        identifier = str(block.get("tool_use_id", ""))
        if identifier in asked and identifier not in results:
            results[identifier] = result
        else:
            rest += [{"type": "text", "text": f"Result of an earlier tool call:\n{result[0]}"}, *result[1]]
    found = [results.get(str(call.get("id", "")), (NO_RESULT, [])) for call in calls]
    tools = [_tool(call, text, name_of) for call, (text, _) in zip(calls, found, strict=True)]
    images = [image for _, pictures in found for image in pictures]
    return _with_reminders(tools, images + rest, turn.reminders)


def _tool(call: Block, text: str, name_of: Callable[[str], str]) -> Message:
    return {"role": "tool", "tool_call_id": name_of(str(call.get("id", ""))), "content": text}


def _with_reminders(tools: list[Message], parts: list[Part], reminders: list[str]) -> list[Message]:
    """Add reminders to the user's words, or to the last tool result where the user said nothing."""
    notes = [f"<system-reminder>\n{reminder}\n</system-reminder>" for reminder in reminders]
    if notes and tools and not parts:
        tools[-1]["content"] = "\n\n".join([tools[-1]["content"], *notes])
        return tools
    parts = parts + [{"type": "text", "text": note} for note in notes]
    return tools + ([{"role": "user", "content": content_of(parts)}] if parts else [])
