"""The checks of a tool probe: what is asked of a model, and what its answer must be.

Each request's last words carry a mark such as [[bursar_simple]]: it tells a person who reads the server's log where the
request comes from, and a test's model what is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pricing.figures import counted
from proxy.upstream.probe_tools import NOTE, ORDER, TIME, WEATHER, Tool, large_list

OUTPUT_TOKENS = 2048
"""Room for a model that thinks first; one that needs more for a call of a few words never ends."""

LARGE = "a list of 25 tools"

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """One call that a model made, as an agent would get it."""

    name: str
    input: dict[str, Any]


Judge = Callable[[str, tuple[Made, ...]], str]
"""Given an answer's text and calls: what is wrong with it, or nothing."""


@dataclass(frozen=True, slots=True)
class Task:
    """One check. A model that fails a `fatal` one gets no requests with tools; the others are its limits."""

    name: str
    fields: Fields
    judge: Judge
    fatal: bool = False
    limit: str = ""


def tasks() -> tuple[Task, ...]:
    """Give all checks, the telling ones first.

    Calls that are made one by one, and choices that cannot be forced, cost turns and are no harm: those checks show
    limits. A list of tools as long as an agent's is what every one of its requests has: who fails there fails always.
    """
    return (
        Task("simple call", _asks("simple", OSLO, WEATHER), _one_weather, fatal=True),
        Task("nested arguments", _asks("nested", ORDERED, ORDER), _order, fatal=True),
        Task("result fed back", _fed_back(), _says_17, fatal=True),
        Task("no call when none is needed", _asks("none", TWO_AND_TWO, WEATHER), _says_4, fatal=True),
        Task("two calls at once", _asks("two", BOTH, WEATHER), _two_weathers, limit=ONE_BY_ONE),
        Task("a call where one is required", _required(), _any_call, limit=NOT_REQUIRED),
        Task("a call of the tool that is named", _named(), _time, limit=NOT_NAMED),
        Task(LARGE, _asks("large", README, *large_list()), _reads, fatal=True),
    )


OSLO = "What is the weather in Oslo now? Use the tool."
BOTH = "What is the weather in Oslo and in Rome? Ask for both cities in one go, with two calls."
TWO_AND_TWO = "How much is 2 + 2? Answer with the number alone, without any tool."
README = "Read the file /home/ada/project/README.md with the right tool."
ORDERED = (
    "Save this order. The customer is Ada, with this note of two lines:\n"
    f"{NOTE}\n"
    "She wants 3 of the article bolt for 0.25 each by express delivery, and 1 of the article nut for 2 by standard "
    "delivery."
)
ONE_BY_ONE = "it makes one call at a time, so that an agent takes more turns"
NOT_REQUIRED = "it cannot be made to call a tool"
NOT_NAMED = "it cannot be made to call a certain tool"


def _asks(mark: str, words: str, *tools: Tool) -> Fields:
    return {
        "model": "bursar-probe",
        "max_tokens": OUTPUT_TOKENS,
        "system": "You help in a terminal. Call tools where they help, else answer in a few words.",
        "messages": [{"role": "user", "content": f"{words}\n\n[[bursar_{mark}]]"}],
        "tools": list(tools),
    }


def _fed_back() -> Fields:
    fields = _asks("weather", "What is the weather in Oslo now?", WEATHER)
    call = {
        "type": "tool_use",
        "id": "toolu_0123456789abcdef01234567",
        "name": "get_weather",
        "input": {"city": "Oslo"},
    }
    answer = {"type": "tool_result", "tool_use_id": call["id"], "content": "17 degrees, light rain [[bursar_result]]"}
    fields["messages"] += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [answer]}]
    return fields


def _required() -> Fields:
    return {**_asks("required", "I am in Oslo.", WEATHER), "tool_choice": {"type": "any"}}


def _named() -> Fields:
    return {**_asks("named", "I am in Oslo.", WEATHER, TIME), "tool_choice": {"type": "tool", "name": "get_time"}}


def _one_weather(_text: str, made: tuple[Made, ...]) -> str:
    return _cities(made, {"oslo"})


def _two_weathers(_text: str, made: tuple[Made, ...]) -> str:
    return _cities(made, {"oslo", "rome"})


def _cities(made: tuple[Made, ...], wanted: set[str]) -> str:
    if len(made) != len(wanted):
        return _number(len(made), len(wanted))
    asked = {str(call.input.get("city", "")).lower().split(",")[0].strip() for call in made}
    return "" if asked == wanted and all(call.name == "get_weather" for call in made) else "a call of something else"


def _order(_text: str, made: tuple[Made, ...]) -> str:
    if len(made) != 1:
        return _number(len(made), 1)
    customer, items = made[0].input.get("customer"), made[0].input.get("items")
    if not isinstance(customer, dict) or not isinstance(items, list) or len(items) != 2:
        return "arguments of another shape"
    if "".join(str(customer.get("note")).split()) != "".join(NOTE.split()) or "\n" not in str(customer.get("note")):
        return "quotes, line breaks or backslashes lost"
    found = {(item.get("article"), item.get("quantity"), item.get("price"), item.get("delivery")) for item in items}
    return "" if found == {("bolt", 3, 0.25, "express"), ("nut", 1, 2, "standard")} else "wrong values in the arguments"


def _says_17(text: str, made: tuple[Made, ...]) -> str:
    if made:
        return "another call after the result"
    return "" if "17" in text else "an answer that does not use the result"


def _says_4(text: str, made: tuple[Made, ...]) -> str:
    if made:
        return "a call although none was needed"
    return "" if "4" in text else "no answer to a plain question"


def _any_call(_text: str, made: tuple[Made, ...]) -> str:
    return "" if made else "no call"


def _time(_text: str, made: tuple[Made, ...]) -> str:
    return "" if [call.name for call in made] == ["get_time"] else "no call of that tool"


def _reads(_text: str, made: tuple[Made, ...]) -> str:
    if len(made) != 1:
        return _number(len(made), 1)
    right = made[0].name == "read_file" and str(made[0].input.get("path")).endswith("/project/README.md")
    return "" if right else "a call of something else"


def _number(made: int, wanted: int) -> str:
    return "no call" if not made else f"{counted(made, 'call')} instead of {wanted}"
