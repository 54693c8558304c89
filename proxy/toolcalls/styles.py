"""The styles in which models write calls into their text, each read by a function of its own.

A function takes all of the text from the style's marker on, and returns its calls; it raises NoCall where the text
goes on after them, or where a value might end somewhere else than it seems to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from proxy.toolcalls.found import Found, NoCall, between, from_json, object_until
from proxy.toolcalls.ladder import unfenced
from proxy.toolcalls.tokens import Tokens, from_python, tokens_of

Read = Callable[[str], list[Found]]

ENDS = (
    "<|im_end|>", "</s>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|call|>", "<|end|>",
    "<|return|>", "<｜end▁of▁sentence｜>", "<end_of_turn>", "<|user|>", "<|observation|>",
)  # fmt: skip
"""What models close an answer with, left in it by some servers."""

_CHANNEL = re.compile(r"<\|channel\|>\w+ to=(?:functions\.)?([\w.-]+)\s*(?:<\|constrain\|>\s*\w+\s*)?<\|message\|>")
_PREFIX = re.compile(r"\s*(?:<\|start\|>assistant)?\s*")


def read_tagged(text: str) -> list[Found]:
    """Read Hermes' and Qwen's JSON, Qwen3-Coder's XML or GLM's pairs, in <tool_call> tags; the last may be open."""
    found: list[Found] = []
    while text := text.strip():
        inner, text = _tagged(text)
        found += _inside_tag(inner.strip())
    return found


def read_function(text: str) -> list[Found]:
    """Read <function=N>, with JSON inside (Llama) or with parameters (Qwen3-Coder); tool_call tags may stand around."""
    found: list[Found] = []
    while text := text.strip().removeprefix("<tool_call>").removeprefix("</tool_call>").strip():
        name, rest = between(text, "<function=", ">")
        if rest.lstrip().startswith("{"):
            given, text = object_until(rest, "</function>")
            found.append(Found(name.strip(), given))
            continue
        inner, text = between(rest, "", "</function>")
        found.append(_raw(name.strip(), _pairs(inner, _PARAMETER)))
    return found


def read_mistral(text: str) -> list[Found]:
    """Read [TOOL_CALLS] with a list of calls, or with a name, [ARGS] and an object for each call."""
    _, rest = between(text, "", "[TOOL_CALLS]")
    if rest.lstrip()[:1] in ("[", "{"):
        return from_json(rest)
    found: list[Found] = []
    while rest := rest.strip():
        name, rest = between(rest, "", "[ARGS]")
        given, rest = object_until(rest, "[TOOL_CALLS]")
        found.append(Found(name.partition("[CALL_ID]")[0].strip(), given))
    return found


def read_python_tag(text: str) -> list[Found]:
    """Read Llama's JSON after <|python_tag|>."""
    return from_json(text.removeprefix("<|python_tag|>"))


def read_deepseek(text: str) -> list[Found]:
    """Read DeepSeek's calls, in the older form with a fence or in the newer one without."""
    inner = text.removeprefix("<｜tool▁calls▁begin｜>").strip().removesuffix("<｜tool▁calls▁end｜>")
    found: list[Found] = []
    while inner := inner.strip():
        call, inner = between(inner, "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>")
        first, separator, second = call.partition("<｜tool▁sep｜>")
        if not separator:
            raise NoCall("no separator")
        name, given = (first, second) if second.lstrip().startswith("{") else _split_line(second)
        found.append(Found(name.strip(), unfenced(given) or given.strip()))
    return found


def read_harmony(text: str) -> list[Found]:
    """Read gpt-oss's channels: calls in the commentary, after what it may have said to itself."""
    found: list[Found] = []
    while text := text[_PREFIX.match(text).end() :]:  # type: ignore[union-attr]
        if text.startswith("<|channel|>analysis<|message|>") and not found:
            _, text = between(text, "<|channel|>analysis<|message|>", "<|end|>")
            continue
        head = _CHANNEL.match(text)
        if head is None:
            raise NoCall("no channel for a call")
        given, text = object_until(text[head.end() :], "<|call|>")
        found.append(Found(head.group(1), given))
    return found


def read_kimi(text: str) -> list[Found]:
    """Read Kimi's section; its ids are made of the name and a number."""
    inner = text.removeprefix("<|tool_calls_section_begin|>").strip().removesuffix("<|tool_calls_section_end|>")
    found: list[Found] = []
    while inner := inner.strip():
        call, inner = between(inner, "<|tool_call_begin|>", "<|tool_call_end|>")
        name, given = between(call, "", "<|tool_call_argument_begin|>")
        found.append(Found(re.sub(r":\d+$", "", name.strip()), given.strip()))
    return found


def read_fence(text: str) -> list[Found]:
    """Read one code fence that holds a call, and nothing after it."""
    inner = unfenced(text)
    if inner is None or re.search(r"^\s*```", inner, re.MULTILINE):
        raise NoCall("no fence")
    return from_json(inner, bare=True)


def read_bare(text: str) -> list[Found]:
    """Read JSON that is a call, or Python's way of writing calls: [N(a="b")]."""
    if re.match(r"\[\s*[A-Za-z_]", text):
        return _pythonic(text)
    return from_json(text, bare=True)


def _tagged(text: str) -> tuple[str, str]:
    """Cut one <tool_call> off; an object that holds a tag in a string ends where its JSON ends."""
    if not text.startswith("<tool_call>"):
        raise NoCall("more than calls")
    rest = text.removeprefix("<tool_call>").lstrip()
    if rest.startswith("{"):
        return object_until(rest, "</tool_call>")
    inner, closing, after = rest.partition("</tool_call>")
    if not closing and "<tool_call>" in inner:
        raise NoCall("an open call before another")
    return inner, after


def _inside_tag(inner: str) -> list[Found]:
    if inner.startswith("<function="):
        return read_function(inner)
    if inner.startswith("{"):
        return from_json(inner)
    name, _, pairs = inner.partition("<arg_key>")
    if not re.fullmatch(r"[\w.-]+", name.strip()):
        raise NoCall("neither JSON nor a name")
    return [_raw(name.strip(), _pairs(f"<arg_key>{pairs}" if pairs else "", _ARGUMENT))]


_PARAMETER = (
    re.compile(r"\s*<parameter=([^>\n]+)>\n?(.*?)\n?</parameter>(?=\s*(?:<parameter=|$))", re.DOTALL),
    ("<parameter=", "</parameter>", "<function=", "</function>"),
)
_ARGUMENT = (
    re.compile(r"\s*<arg_key>([^<\n]+)</arg_key>\s*<arg_value>(.*?)</arg_value>(?=\s*(?:<arg_key>|$))", re.DOTALL),
    ("<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"),
)


def _pairs(inner: str, form: tuple[re.Pattern[str], tuple[str, ...]]) -> dict[str, str]:
    """Read names and raw values; a value in which a tag stands might end elsewhere, and is left alone."""
    pattern, tags = form
    found: dict[str, str] = {}
    at = 0
    while match := pattern.match(inner, at):
        name, value = match.group(1).strip(), match.group(2)
        if name in found or any(tag in value for tag in tags):
            raise NoCall("a value that may end elsewhere")
        found[name], at = value, match.end()
    if inner[at:].strip():
        raise NoCall("more than parameters")
    return found


def _raw(name: str, pairs: dict[str, str]) -> Found:
    return Found(name, json.dumps(pairs), is_raw=True)


def _split_line(text: str) -> tuple[str, str]:
    name, _, rest = text.partition("\n")
    return name, rest


def _pythonic(text: str) -> list[Found]:
    """Rewrite [N(a="b")] as a JSON list of calls, token by token."""
    tokens = from_python([token for token in tokens_of(text) or [] if not token.isspace()])
    if not tokens:
        raise NoCall("no Python")
    made: Tokens = []
    is_inside = False
    for word, after in zip(tokens, [*tokens[1:], ""], strict=True):
        if word in "()" and (word == "(") == is_inside:
            raise NoCall("a call within a call")
        is_inside = (is_inside or word == "(") and word != ")"
        made += _as_json(word, after)
    return from_json("".join(made), bare=True)


def _as_json(word: str, after: str) -> Tokens:
    if after in ("(", "="):
        if not word.isidentifier():
            raise NoCall("no name")
        return ['{"name":', f'"{word}"', ',"arguments":'] if after == "(" else [f'"{word}"']
    return [{"(": "{", ")": "}}", "=": ":"}.get(word, word)]


STYLES: tuple[tuple[str, tuple[str, ...], Read], ...] = (
    ("tool_call tags", ("<tool_call>",), read_tagged),
    ("function tags", ("<function=",), read_function),
    ("Mistral", ("[TOOL_CALLS]",), read_mistral),
    ("Llama", ("<|python_tag|>",), read_python_tag),
    ("DeepSeek", ("<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>"), read_deepseek),
    ("gpt-oss", ("<|channel|>", "<|start|>assistant"), read_harmony),
    ("Kimi", ("<|tool_calls_section_begin|>",), read_kimi),
    ("fence", ("```",), read_fence),
    ("bare", ("{", "["), read_bare),
)
"""Each style's name, the marks that it begins with, and its reader. The last two count in short answers only."""

PLAIN_STYLES = ("fence", "bare")
MARKERS = tuple(marker for name, markers, _ in STYLES if name not in PLAIN_STYLES for marker in markers)
