"""The calls in what was held back of a text, if it is made of calls and nothing else."""

from __future__ import annotations

import re

from proxy.toolcalls.call import CALLS_LIMIT, Call
from proxy.toolcalls.check import judge_one
from proxy.toolcalls.found import Found, NoCall
from proxy.toolcalls.ladder import REPAIR_LIMIT_CHARS
from proxy.toolcalls.strict import NotStrict, value_of
from proxy.toolcalls.styles import ENDS, MARKERS, PLAIN_STYLES, STYLES, Read
from proxy.toolcalls.toolbox import Toolbox
from proxy.toolcalls.verdict import Failed, Repaired, Step

_EXPLAINS = re.compile(r"\b(example|e\.g\.|for instance|would|could|might|like this|looks like|format|schema)\b", re.I)


def calls_in_text(before: str, held: str, tools: Toolbox) -> tuple[Repaired, ...]:
    """Return the calls that `held`, the end of a text, is made of; none where it is text after all.

    Every call has to name a tool that was sent, and its arguments to fit that tool's schema: JSON in an explanation,
    a quotation, or an example stays what it is. `before` is the text before it.
    """
    if len(held) > REPAIR_LIMIT_CHARS or is_quoted(before):
        return ()
    text = _without_ends(held)
    style, read = _style_of(text)
    if style in PLAIN_STYLES and _EXPLAINS.search(before):
        return ()
    try:
        found = read(text)
    except NoCall:
        return ()
    judged = [_judged(call, style, tools) for call in found[: CALLS_LIMIT + 1]]
    right = tuple(call for call in judged if call is not None)
    return right if len(right) == len(judged) <= CALLS_LIMIT else ()


def is_quoted(before: str) -> bool:
    """Tell whether what follows a text stands inside its code."""
    line = before.rpartition("\n")[2]
    return before.count("```") % 2 == 1 or line.replace("```", "").count("`") % 2 == 1 or line.startswith(">")


def _without_ends(text: str) -> str:
    text = text.strip()
    while end := next((end for end in ENDS if text.endswith(end)), ""):
        text = text.removesuffix(end).rstrip()
    return text


def _style_of(text: str) -> tuple[str, Read]:
    for style, markers, read in STYLES:
        if text.startswith(markers) and max(text.count(marker) for marker in MARKERS) <= CALLS_LIMIT:
            return style, read
    return "", lambda _: []


def _judged(found: Found, style: str, tools: Toolbox) -> Repaired | None:
    tool = tools.find(found.name)
    if tool is None or not tool.schema.is_usable:
        return None
    if found.is_raw and set(_value(found.arguments)) - set(tool.schema.parameters):
        return None
    verdict = judge_one(Call(name=found.name, pieces=[found.arguments]), tools, is_cut=False)
    if isinstance(verdict, Failed):
        return None
    steps = verdict.steps if isinstance(verdict, Repaired) else ()
    return Repaired(verdict.use, (Step.TEXT, *found.steps, *steps), style)


def _value(text: str) -> dict[str, object]:
    try:
        return dict(value_of(text))
    except NotStrict:
        return {}
