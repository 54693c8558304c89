"""The conversation: chat messages put as messages of the Messages API.

The same beginning of a conversation always gives the same messages, so that Claude's prompt cache and a local server's
find what they know. Each call is followed by its result in the very next message, in the order of the calls.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from proxy.request import BadRequest
from proxy.strictjson import NotStrictJson, parse
from proxy.translate.chat.ids import Ids
from proxy.translate.chat.parts import Block, blocks_of, text_block, text_of

Message = dict[str, Any]

NO_RESULT = "This call has no result; it was interrupted before it ran."
BEGINNING = "(The assistant begins.)"
SYSTEM = ("system", "developer")


@dataclass
class Talk:
    """What was said so far: `system` texts of the head, messages that alternate, and calls that wait for results."""

    system: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    _ids: Ids = field(default_factory=Ids)
    _open: dict[str, list[str]] = field(default_factory=dict)
    """The ids given to the calls that have no result yet, by the ids that the agent uses."""
    _calls: list[str] = field(default_factory=list)
    """The ids of the newest answer's calls, in their order."""
    _results: dict[str, Block] = field(default_factory=dict)
    _reminders: list[Block] = field(default_factory=list)
    """What the system said between the calls and their results; it follows the results."""

    def say(self, role: str, blocks: list[Block]) -> None:
        """Add blocks to the conversation, to the last message if it is of the same role."""
        self._close_calls()
        if not blocks:
            return
        if not self.messages or self.messages[-1]["role"] != role:
            self.messages.append({"role": role, "content": []})
        self.messages[-1]["content"].extend(blocks)

    def remind(self, text: str) -> None:
        """Add what the system says in mid-conversation, in the user's place."""
        reminder = text_block(f"<system-reminder>\n{text}\n</system-reminder>")
        if self._calls:
            self._reminders.append(reminder)
        else:
            self.say("user", [reminder])

    def call(self, told_id: str, name: str, arguments: Any) -> None:
        """Add a tool call to the assistant's message."""
        given = self._ids.of_call(told_id)
        block = {"type": "tool_use", "id": given, "name": name, "input": arguments}
        if not self.messages or self.messages[-1]["role"] != "assistant":
            self.messages.append({"role": "assistant", "content": []})
        self.messages[-1]["content"].append(block)
        self._open.setdefault(told_id, []).append(given)
        self._calls.append(given)

    def result(self, told_id: str, blocks: list[Block]) -> None:
        """Add a call's result; one that belongs to no open call is kept as the user's words."""
        waiting = self._open.get(told_id)
        if not waiting:
            self.say("user", blocks)
            return
        given = waiting.pop(0)
        self._results[given] = {"type": "tool_result", "tool_use_id": given, **({"content": blocks} if blocks else {})}

    def end(self) -> None:
        """Complete the conversation: say of calls without a result that they have none, and let the user begin it.

        The API takes no first message of the assistant's, and no last one that ends in blanks.
        """
        self._close_calls()
        if not self.messages:
            return
        if self.messages[0]["role"] == "assistant":
            self.messages.insert(0, {"role": "user", "content": [text_block(BEGINNING)]})
        last = self.messages[-1]["content"][-1]
        if self.messages[-1]["role"] == "assistant" and last["type"] == "text":
            last["text"] = last["text"].rstrip()

    def _close_calls(self) -> None:
        calls, self._calls, self._open = self._calls, [], {}
        if not calls:
            return
        results = [self._results.get(given) or _missing(given) for given in calls]
        self._results = {}
        reminders, self._reminders = self._reminders, []
        self.messages.append({"role": "user", "content": [*results, *reminders]})


def talk_of(messages: Any) -> Talk:
    """Read the messages of a chat request."""
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages is missing or empty; a request needs a list of at least one message", "field")
    talk = Talk()
    for place, message in enumerate(messages):
        _hear(talk, message, f"messages[{place}]")
    talk.end()
    if not talk.messages:
        # The API wants somebody to have spoken.
        talk.messages = [{"role": "user", "content": [text_block(text)]} for text in talk.system[-1:]]
        talk.system = talk.system[:-1]
    if not talk.messages:
        raise BadRequest("messages holds no words", "field")
    return talk


def _hear(talk: Talk, message: Any, where: str) -> None:
    role = message.get("role") if isinstance(message, dict) else None
    if role in SYSTEM:
        _hear_system(talk, text_of(message.get("content"), where))
    elif role == "user":
        talk.say("user", blocks_of(message.get("content"), where))
    elif role == "assistant":
        _hear_assistant(talk, message, where)
    elif role == "tool":
        told = message.get("tool_call_id")
        if not isinstance(told, str):
            raise BadRequest(f"{where}.tool_call_id is missing; a tool's result names its call", "field")
        talk.result(told, blocks_of(message.get("content"), where))
    else:
        raise BadRequest(f"{where} is not an object with a role of system, developer, user, assistant or tool", "field")


def _hear_system(talk: Talk, text: str) -> None:
    """Put a system text at the head; one in mid-conversation is a reminder there, so that what came before stays."""
    if not text:
        return
    if talk.messages:
        talk.remind(text)
    else:
        talk.system.append(text)


def _hear_assistant(talk: Talk, message: Message, where: str) -> None:
    words = blocks_of(message.get("content"), where) or blocks_of(message.get("refusal"), where)
    talk.say("assistant", words)
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list):
        raise BadRequest(f"{where}.tool_calls is not a list of calls", "field")
    for number, call in enumerate(calls):
        match call:
            case {"function": {"name": str(name), "arguments": arguments}}:
                told = call.get("id")
                talk.call(told if isinstance(told, str) else "", name, _input(arguments))
            case _:
                raise BadRequest(f"{where}.tool_calls[{number}] is not a call of a function", "field")


def _input(arguments: Any) -> dict[str, Any]:
    """Read a call's arguments; those that are no JSON object are kept under the name that Claude Code keeps them."""
    if isinstance(arguments, dict):
        return arguments
    if not isinstance(arguments, str) or not arguments.strip():
        return {}
    try:
        read = parse(arguments.encode()).value
    except (NotStrictJson, UnicodeEncodeError):
        read = None
    return read if isinstance(read, dict) else {"__unparsedToolInput": {"raw": arguments}}


def _missing(given: str) -> Block:
    return {"type": "tool_result", "tool_use_id": given, "content": [text_block(NO_RESULT)], "is_error": True}
