"""Every marker of the kit, through every chat template of a real llama.cpp server, streamed, whole, and judged.

A call that reaches the client has to be the one that the model meant, except where llama.cpp's own grammar made it up
before we ever saw it; a judged answer tells those by its logprobs. Run with -s to see the table.
"""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from proxy.toolcalls.signals import Signal, signals
from proxy.toolcalls.verdict import AsIs, Repaired
from proxy.translate.request import Translated, to_chat
from proxy.translate.response import Folded, Unfinished
from tests.kit.llama.scripts import SCRIPTS
from tests.kit.llama.server import MODEL, LlamaServer, llama_server
from tests.kit.llama.templates import TEMPLATES
from tests.proxy.translate.test_real_llama import CAPS, PARIS, post, request

pytestmark = pytest.mark.slow

ROME = ("get_weather", {"city": "Rome"})
MEANT: dict[str, list[Any]] = {
    "two": [PARIS, ROME],
    **{
        marker: [PARIS]
        for marker in (
            *("weather", "say_weather", "think_tool", "missing_brace", "single_quotes", "no_close", "args_string"),
            *("fence", "bare_json", "params_key", "mistral", "xml_coder", "pythonic"),
        )
    },
}
"""The calls that a script means; the others mean none that could be run."""

INVENTED = {
    "strict": {
        *("read", "bash", "agent", "unknown_tool"),  # tools that were not sent: another one is forced
        *("single_quotes", "missing_arg", "wrong_type", "args_string"),  # the value is forced, to an empty one
        "truncated",  # the end of a string is made up
    },
    "chatml": set[str](),
    "llama3": set[str](),
}
"""What llama.cpp's grammar makes up where a model leaves it: well-formed, and only its logprobs would tell."""

TABLE = {
    "strict": {"right": 6, "repaired": 5, "failed": 5, "text": 5, "invented": 9},
    "chatml": {"right": 0, "repaired": 14, "failed": 11, "text": 5, "invented": 0},
    "llama3": {"right": 1, "repaired": 2, "failed": 22, "text": 5, "invented": 0},
}
"""Scripts by what became of them; the same in whichever form the server answers."""

FORMS = ("streamed", "whole", "judged")


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_call_is_delivered_that_the_model_did_not_mean_but_those_the_grammar_makes_up(template: str) -> None:
    with llama_server(template=TEMPLATES[template]) as server:
        for form in FORMS:
            became = {marker: outcome(server, marker, form) for marker in SCRIPTS}
            print(f"\n{template}, {form}: {dict(Counter(became.values()))}\n  {became}")
            made_up = {marker for marker, end in became.items() if end in ("invented", "forced")}
            assert made_up == INVENTED[template]
            # The logprobs tell every call that the grammar made up, and none that the model meant.
            assert list(became.values()).count("forced") == (len(made_up) if form == "judged" else 0)
            counted = Counter("invented" if end == "forced" else end for end in became.values())
            assert {end: counted[end] for end in TABLE[template]} == TABLE[template]


def outcome(server: LlamaServer, marker: str, form: str) -> str:
    """Ask for one script, and name what became of it."""
    asked = asking(marker, form)
    status, pieces = post(server, asked)
    whole = Folded("claude-x", asked)
    for piece in pieces:
        whole.feed(piece)
    whole.end(True)
    if status != 200:
        return "failed"
    try:
        content = whole.message()["content"]
    except Unfinished:
        return "failed"
    made = [(block["name"], block["input"]) for block in content if block["type"] == "tool_use"]
    if made:
        right = "repaired" if any(isinstance(one, Repaired) for one in whole.verdicts) else "right"
        assert all(isinstance(one, AsIs | Repaired) for one in whole.verdicts)
        found = right if made == MEANT.get(marker) else "invented"
        return "forced" if Signal.FORCED in signals(whole.heard) else found
    return "failed" if signals(whole.heard) or marker in MEANT else "text"


def asking(marker: str, form: str) -> Translated:
    """Translate the request for a script."""
    asked = to_chat(request(f"Do it. [[{marker}]]"), model=MODEL, caps=CAPS, judged=form == "judged")
    body = json.loads(asked.body)
    assert body["stream"] is (form != "judged")
    if form == "whole":
        body["stream"] = False
        del body["stream_options"]
    return replace(asked, body=json.dumps(body).encode())
