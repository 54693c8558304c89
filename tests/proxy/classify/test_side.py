"""Side requests: each is told by its form."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.classify import Classifier
from proxy.request import read
from proxy.task import Task, TaskClass, Tier
from tests.kit import bodies


def task(fields: dict[str, Any], agent: str = "", *, counting: bool = False) -> Task:
    request = read(bodies.encode(fields), bodies.headers(agent=agent), counting=counting)
    return Classifier().classify(request)


@pytest.mark.parametrize(
    ("fields", "side", "tier"),
    [
        (bodies.title("Design the new login flow"), "title", Tier.L0),
        (bodies.web_fetch("A page about payments and passwords, at length."), "webfetch", Tier.L0),
        (bodies.web_search("how to design a payment system"), "websearch", Tier.L0),
        (bodies.compaction(bodies.call("Read", file_path="a.py"), bodies.result("x")), "compaction", Tier.L2),
    ],
)
def test_the_agents_own_calls_are_background(fields: dict[str, Any], side: str, tier: Tier) -> None:
    found = task(fields)
    assert (found.side, found.task_class, found.tier) == (side, TaskClass.background, tier)


@pytest.mark.parametrize("system", ["You are a title generator. You output ONLY a title.", None])
def test_opencode_asks_for_titles_in_words_of_its_own(system: str | None) -> None:
    asked = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Design the new billing"}]}
    found = task({**asked, "system": system} if system else asked)
    assert (found.side == "title", found.tier is Tier.L0) == (system is not None, system is not None)


def test_with_tools_it_is_no_request_for_a_title() -> None:
    fields = bodies.main_turn("Design the new billing")
    assert task({**fields, "system": "You are a title generator."}).side is None


def test_a_web_search_can_only_be_done_by_the_cloud() -> None:
    assert read(bodies.encode(bodies.web_search("x")), {}).cloud_only


def test_a_sub_agent_is_judged_by_its_own_task() -> None:
    found = task(bodies.sub_agent("Rename the variable in utils.py"), agent="a1")
    assert (found.side, found.tier) == ("subagent", Tier.L1)
    assert task(bodies.sub_agent("Rename the variable in utils.py")).side == "subagent"


def test_a_main_turn_is_no_side_request() -> None:
    assert task(bodies.main_turn("Rename it")).side is None
    assert (
        task(bodies.main_turn("Rename it", bodies.said("ok"), {"role": "user", "content": "go on " * 800})).side is None
    )
    assert task({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}).side is None


def test_counting_is_a_side_request() -> None:
    assert task({"model": "m", "messages": [{"role": "user", "content": "foo"}]}, counting=True).side == "count"


def test_a_secret_in_a_side_request_makes_it_restricted() -> None:
    token = "gh" + "p_" + "a1B2c3D4e5F6" * 3
    found = task(bodies.title(f"Why does {token} not work?"))
    assert (found.side, found.tier) == ("title", Tier.L3)
