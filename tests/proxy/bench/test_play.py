"""A task is played as an agent plays it, and what the model did is what counts."""

import json
import time
from typing import Any

import pytest

from pricing.assumed import Figures
from pricing.power import Found
from proxy.bench.client import Client, Unanswered
from proxy.bench.tasks.jail import Jail
from proxy.bench.tasks.play import Player
from proxy.localcost import LocalCosts
from proxy.powermeter import Meter
from proxy.upstream.local_model import LocalUpstream
from tests.kit.local_fake import calls, says
from tests.proxy.bench.good import IN_WORDS, TASKS, THROUGH_TOOLS
from tests.proxy.bench.kit import Habits, counting_server, nobody, text_answer

JAIL = Jail()
CART = "mend a sum through tools"


def player(upstream: LocalUpstream, **more: Any) -> Player:
    return Player(Client(upstream), upstream.models[0], JAIL, **more)


def reads_then_edits(name: str):
    """A model that reads each file it edits, edits it, and says that it is done."""
    edits = THROUGH_TOOLS[name][0]
    steps = [("read_file", {"path": path}) for path in dict.fromkeys(path for path, _, _ in edits)]
    steps += [("edit_file", {"path": path, "old": old, "new": new}) for path, old, new in edits]

    def answer(body: dict[str, Any]) -> bytes:
        done = sum(message["role"] == "tool" for message in body["messages"])
        return calls(steps[done][0], json.dumps(steps[done][1])) if done < len(steps) else says("It is done.")

    return answer, len(steps) + 1


@pytest.mark.parametrize("name", THROUGH_TOOLS)
def test_a_task_with_files_is_done_through_tool_calls(name: str):
    answer, turns = reads_then_edits(name)
    with counting_server(Habits(answer=answer)) as (upstream, habits):
        run = player(upstream).play(TASKS[name], 20)
    assert (run.passed, run.why, run.turns, run.tools) == (True, "", turns, True)
    # The fake's answers count 100 tokens in and 10 out each.
    assert (run.input_tokens, run.output_tokens) == (100 * turns, 10 * turns)
    assert [tool["function"]["name"] for tool in habits.requests[0]["tools"]] == [
        "list_files",
        "read_file",
        "edit_file",
    ]


def test_a_model_that_calls_for_ever_is_stopped_and_judged_by_its_files():
    with counting_server(Habits(answer=lambda _body: calls("list_files", "{}"))) as (upstream, _):
        run = player(upstream).play(TASKS[CART], 20)
    assert (run.passed, run.why, run.turns) == (False, "2 of 4 hidden tests fail", 8)


def test_an_answer_in_words_is_checked_and_its_cost_told():
    costs = LocalCosts(Figures(), Meter(Found, time.monotonic), time.monotonic)
    with counting_server(Habits(answer=text_answer(IN_WORDS["merge intervals"][0]))) as (upstream, _):
        run = player(upstream, costs=costs, base_url=upstream.base_url).play(TASKS["merge intervals"], 20)
        wrong = player(upstream).play(TASKS["parse a duration"], 20)
    assert run.passed
    assert run.joules > 0
    assert float(run.full_usd) >= float(run.marginal_usd) > 0
    assert (wrong.passed, wrong.why, wrong.joules, wrong.full_usd) == (False, "nothing defines seconds", None, "")


def test_a_title_is_asked_for_as_agents_do():
    with counting_server(Habits(answer=text_answer('{"title": "Upload hangs"}'))) as (upstream, habits):
        assert player(upstream).play(TASKS["title of a session"], 20).passed
    assert habits.requests[0]["response_format"]["json_schema"]["schema"]["required"] == ["title"]


def test_an_error_of_the_server_is_a_task_that_was_not_done_but_a_dead_server_ends_it():
    with counting_server(Habits(refuses_over_tokens=1)) as (upstream, _):
        run = player(upstream).play(TASKS["merge intervals"], 20)
    assert (run.passed, run.why) == (False, "the prompt does not fit its context")
    with pytest.raises(Unanswered, match="it is not running"):
        player(nobody()).play(TASKS["merge intervals"], 5)


def test_a_task_that_takes_longer_than_it_may_is_broken_off():
    with counting_server(Habits(per_token_s=0.5)) as (upstream, _), pytest.raises(Unanswered) as late:
        player(upstream).play(TASKS["merge intervals"], 0.3)
    assert late.value.late
