"""The second attempt: a model that could not call a tool freely is held to a schema that is nothing but calls.

The tools are told in words, because llama.cpp has one grammar at a time, and a template that writes no tools would drop
them. The answer's text is then one call as JSON, which is judged like any other: a schema makes the form right, and not
the meaning.
"""

from __future__ import annotations

import json
from typing import Any

from proxy.toolcalls.call import Call
from proxy.toolcalls.strict import NotStrict, value_of, written
from proxy.translate.refusal import CannotTranslate
from proxy.translate.tools import NO_PARAMETERS, Tools

ANY_OBJECT: dict[str, Any] = {"type": "object"}


def call_schema(tools: Tools) -> dict[str, Any]:
    """Make the schema of one call of one of the tools; raises CannotTranslate where there is none."""
    if not tools.functions:
        raise CannotTranslate("it has no tools, so there is no call to hold the answer to")
    calls = [_call_of(one["function"]) for one in tools.functions]
    return calls[0] if len(calls) == 1 else {"oneOf": calls}


def tools_in_words(tools: Tools) -> str:
    """Tell the tools to a model that is not given them in another way."""
    listed = "\n".join(json.dumps(one["function"], ensure_ascii=False) for one in tools.functions)
    return (
        "# Tools\n\nThese functions can be called:\n<tools>\n" + listed + "\n</tools>\n\n"
        "Answer with exactly one call and no other word, as one JSON object: "
        '{"name": <the function\'s name>, "arguments": <its arguments>}'
    )


def with_tools_told(messages: list[dict[str, Any]], tools: Tools) -> list[dict[str, Any]]:
    """Put the tools at the end of the leading system message."""
    told = tools_in_words(tools)
    if messages and messages[0]["role"] == "system":
        return [{**messages[0], "content": f"{messages[0]['content']}\n\n{told}"}, *messages[1:]]
    return [{"role": "system", "content": told}, *messages]


def call_in(text: str) -> Call | None:
    """Read the call that a constrained answer is; what begins like JSON all the same is one for the judge to fail.

    None where the server did not hold the model to the schema, and it answered in words.
    """
    try:
        match value_of(text.strip()):
            case {"name": str(name), "arguments": dict(given), **others} if not others:
                return Call(name=name, pieces=[written(given)])
    except NotStrict:
        pass
    return Call(pieces=[text]) if text.lstrip().startswith("{") else None


def _call_of(function: dict[str, Any]) -> dict[str, Any]:
    """Make the schema of a call of one tool; references in its own schema would point nowhere here."""
    parameters = function.get("parameters") or NO_PARAMETERS
    is_plain = isinstance(parameters, dict) and '"$ref"' not in json.dumps(parameters)
    properties = {"name": {"const": function["name"]}, "arguments": parameters if is_plain else ANY_OBJECT}
    return {
        "type": "object", "properties": properties, "required": ["name", "arguments"], "additionalProperties": False,
    }  # fmt: skip
