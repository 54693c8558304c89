"""What the fake Claude will say: directives in the request's text, read into a plan of content blocks.

Steps stand in the last user message a person wrote, one for each request of the turn, and are taken in order; tools
only run where the request offers them:

    [[text:Hello]]            say it                     [[read:PATH]]  [[bash:COMMAND]]      use these tools
    [[agent:PROMPT]]          start a sub-agent; (( )) in its prompt becomes [[ ]]
    [[tool:NAME:{"a":1}]]     use any tool               [[long:N:MS]]  N words, MS milliseconds apart
    [[think:N]]               N words of thinking first  [[unseen:N]]  the same, billed and not shown
    [[…]]&[[…]]               two of them in one answer

Settings stand anywhere in the last message, tool results included:

    [[out:N]]  exactly N output tokens    [[at:SECONDS]]  the moment, for the cache    [[fault:…]]  see faults.py
    [[ttft:MS]]  silence before the answer  [[stop:REASON]]  why a text says that it ended
"""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

STEP = re.compile(r"\[\[(text|read|bash|agent|tool|long|think|unseen)(?::(.*?))?\]\](&?)", re.DOTALL)
SETTING = re.compile(r"\[\[(out|at|fault|ttft|stop):(.*?)\]\]")
REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)
WORD = "word"  # Four bytes: one token by the fake's rule.
FINAL = "All the steps are done."
PLAIN = "This is a plain answer of the fake."


@dataclass(frozen=True)
class Content:
    """One block of an answer, in the pieces in which it is streamed."""

    kind: str  # "text", "thinking" or "tool_use".
    pieces: tuple[str, ...]
    name: str = ""
    pause_ms: float = 0  # Between two pieces.
    hidden: bool = False

    @property
    def tokens(self) -> int:
        """Count what this block costs in output tokens."""
        return sum(piece_tokens(piece) for piece in self.pieces)


@dataclass(frozen=True)
class Plan:
    """A whole answer, and the settings that came with the request."""

    contents: tuple[Content, ...]
    stop_reason: str
    at: float | None = None
    ttft_ms: float = 0
    fault: dict[str, str] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        """Count the output tokens of the answer when nothing interrupts it."""
        return max(1, sum(content.tokens for content in self.contents))


def piece_tokens(piece: str) -> int:
    """Count the tokens of one streamed piece: four bytes each."""
    return -(-len(piece.encode()) // 4)


def plan(body: dict[str, Any]) -> Plan:
    """Read the directives of a request and lay out its answer, cut at `max_tokens`."""
    settings = dict(SETTING.findall(_all_text(body["messages"][-1])))
    contents = _contents(body, settings)
    contents, cut = _limit(contents, body["max_tokens"]) if body["max_tokens"] else ((), True)
    uses_tool = any(content.kind == "tool_use" for content in contents)
    stop = "max_tokens" if cut else "tool_use" if uses_tool else settings.get("stop", "end_turn")
    moment = float(settings["at"]) if "at" in settings else None
    return Plan(contents, stop, moment, float(settings.get("ttft", 0)), fault_of(settings.get("fault", "")))


def fault_of(text: str) -> dict[str, str]:
    """Read the settings of a fault, separated by blanks."""
    return {name: value for name, _, value in (part.partition("=") for part in text.split())}


def _contents(body: dict[str, Any], settings: dict[str, str]) -> tuple[Content, ...]:
    if "out" in settings:
        return (_words("text", int(settings["out"])),)
    wanted = (body.get("output_config") or {}).get("format")
    if wanted and "title" in json.dumps(wanted):
        return (_text('{"title": "A title from the fake"}'),)
    return _step(body)


def _step(body: dict[str, Any]) -> tuple[Content, ...]:
    messages = body["messages"]
    asked = max((i for i, message in enumerate(messages) if _is_persons(message)), default=None)
    if asked is None:
        return (_text(PLAIN),)
    steps = _grouped(REMINDER.sub("", _own_text(messages[asked])))
    if not steps:
        return (_text(PLAIN),)
    done = sum(message["role"] == "assistant" for message in messages[asked + 1 :])
    if done >= len(steps):
        return (_text(FINAL),)
    return tuple(_content(kind, value, body) for kind, value in steps[done])


def _grouped(text: str) -> list[list[tuple[str, str]]]:
    """Return the steps of a text; directives joined by `&` belong to one step."""
    steps: list[list[tuple[str, str]]] = [[]]
    for kind, value, joined in STEP.findall(text):
        steps[-1].append((kind, value))
        if not joined and kind not in ("think", "unseen"):
            steps.append([])
    return [step for step in steps if step]


def _content(kind: str, value: str, body: dict[str, Any]) -> Content:
    match kind:
        case "text":
            return _text(value or PLAIN)
        case "long":
            count, _, pause = value.partition(":")
            return _words("text", int(count), float(pause or 0))
        case "think":
            return _words("thinking", int(value or 1))
        case "unseen":
            return replace(_words("thinking", int(value)), hidden=True)
        case "read":
            # Claude Code's tool, and opencode's.
            key = "filePath" if "read" in _offered(body) else "file_path"
            return _tool(body, ("Read", "read"), {key: value})
        case "bash":
            return _tool(body, ("Bash", "bash"), {"command": value, "description": "Run what the test asks for"})
        case "agent":
            prompt = value.replace("((", "[[").replace("))", "]]")
            asks = {"description": "Do a small task", "prompt": prompt, "subagent_type": "general-purpose"}
            return _tool(body, ("Agent", "Task"), asks)
        case _:
            name, _, arguments = value.partition(":")
            return _tool(body, (name,), json.loads(arguments or "{}"))


def _tool(body: dict[str, Any], names: tuple[str, ...], arguments: dict[str, Any]) -> Content:
    for name in names:
        if name in _offered(body):
            text = json.dumps(arguments)
            return Content("tool_use", tuple(text[i : i + 12] for i in range(0, len(text), 12)), name)
    return _text(f"None of the tools {', '.join(names)} was offered.")


def _offered(body: dict[str, Any]) -> set[Any]:
    return {tool.get("name") for tool in body.get("tools") or []}


def _text(text: str) -> Content:
    return Content("text", tuple(re.findall(r"\s*\S+|\s+$", text)) or (text,))


def _words(kind: str, count: int, pause_ms: float = 0) -> Content:
    """Return `count` tokens of text: one to a piece when paced, else forty."""
    if pause_ms:
        return Content(kind, (WORD,) * count, pause_ms=pause_ms)
    whole, rest = divmod(count, 40)
    return Content(kind, (WORD * 40,) * whole + ((WORD * rest,) if rest else ()))


def _limit(contents: tuple[Content, ...], most: int) -> tuple[tuple[Content, ...], bool]:
    """CutError an answer after `most` tokens; say whether anything was lost."""
    kept: list[Content] = []
    for content in contents:
        pieces: list[str] = []
        for piece in content.pieces:
            if piece_tokens(piece) > most:
                piece = piece.encode()[: most * 4].decode(errors="ignore")
                pieces += [piece] if piece else []
                kept.append(replace(content, pieces=tuple(pieces)))
                return tuple(kept), True
            most -= piece_tokens(piece)
            pieces.append(piece)
        kept.append(content)
    return tuple(kept), False


def _is_persons(message: dict[str, Any]) -> bool:
    """Tell whether a person wrote this message: not a tool's result and not only reminders."""
    if message["role"] != "user":
        return False
    content = message["content"]
    if not isinstance(content, str) and any(block.get("type") == "tool_result" for block in content):
        return False
    return bool(REMINDER.sub("", _own_text(message)).strip())


def _own_text(message: dict[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in content if block.get("type") == "text")


def _all_text(message: dict[str, Any]) -> str:
    """Return a message's text with that of its tool results."""
    content = message["content"]
    if isinstance(content, str):
        return content
    results = [block.get("content") or "" for block in content if block.get("type") == "tool_result"]
    inner = [x if isinstance(x, str) else "\n".join(b.get("text", "") for b in x) for x in results]
    return "\n".join([_own_text(message), *inner])
