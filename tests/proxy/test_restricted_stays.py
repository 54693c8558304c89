"""A restricted session stays restricted: after a restart, in its sub-agents, and for what was decided before."""

import threading
from dataclasses import replace

from proxy.lookback import earlier
from proxy.request import read
from proxy.rules.rule import Match, Rule
from proxy.services import ProxyOptions
from proxy.task import Tier
from tests.kit import bodies
from tests.kit.boxed import GOOD_CALL, TOOLS, WRONG_CALL, box
from tests.kit.inproc import InProcess
from tests.kit.local_fake import Act, says
from tests.kit.raw import ask, message
from tests.kit.scripted import eventually

LOCAL_ONLY = ProxyOptions(restricted="local-only", queue_wait_s=0.2)
RESTRICTED = "Rotate the API key and change the password of the admin account"
PLAIN = "Rename the variable a to b"
HELLO = Act(says("Hello there."))


def talk(*said: str, **more) -> dict:
    """Make a conversation: the user's and the model's words in turns."""
    roles = ("user", "assistant")
    messages = [{"role": roles[place % 2], "content": words} for place, words in enumerate(said)]
    return message("", **{"messages": messages, **more})


def at_claude(fake) -> int:
    return len(fake.requests(path="/v1/messages")) + len(fake.requests(path="/v1/messages/count_tokens"))


def test_what_was_asked_before_restricts_a_session_that_nobody_here_has_seen(start, fake):
    proxy = start(options=LOCAL_ONLY)
    answer = ask(proxy.url, talk(RESTRICTED, "It is done.", PLAIN), x_bursar_route="cloud")
    assert (answer.status, answer.headers["x-bursar-tier"]) == (402, "L3")
    assert at_claude(fake) == 0
    assert ask(start(options=LOCAL_ONLY).url, talk(PLAIN, "It is done.", PLAIN)).status == 200


def test_a_question_for_the_tokens_of_such_a_session_goes_nowhere_either(start, fake):
    proxy = start(options=LOCAL_ONLY)
    for body in (talk(RESTRICTED), talk(RESTRICTED, "It is done.", PLAIN), talk(RESTRICTED)):
        counted = ask(proxy.url, body, "/v1/messages/count_tokens")
        assert counted.headers["x-bursar-route"] == "estimate"
    assert at_claude(fake) == 0


def test_words_that_are_only_counted_do_not_restrict_their_session(start, fake):
    proxy = start(options=LOCAL_ONLY)
    named = {"x_claude_code_session_id": "s1"}
    ask(proxy.url, talk(RESTRICTED), "/v1/messages/count_tokens", **named)
    assert ask(proxy.url, talk(PLAIN), **named).status == 200


def test_a_sub_agent_of_a_restricted_session_is_known_after_a_restart(tmp_path, fake):
    named = {"x_claude_code_session_id": "s1"}
    with InProcess(tmp_path, fake.url, options=LOCAL_ONLY) as proxy:
        assert ask(proxy.url, talk(RESTRICTED), **named).status == 402
    with InProcess(tmp_path, fake.url, options=LOCAL_ONLY) as proxy:
        assert ask(proxy.url, talk(PLAIN), **named, x_claude_code_agent_id="a1").status == 402
        assert ask(proxy.url, talk(PLAIN), x_claude_code_session_id="s2").status == 200
    assert len(fake.requests(path="/v1/messages")) == 1


def test_what_a_rule_lowers_is_lowered_when_it_is_looked_back_at(start, fake):
    lowers = Rule("ours", Match(tiers=frozenset({Tier.L3})), tier=Tier.L1)
    proxy = start(options=replace(LOCAL_ONLY, rules=(lowers,)))
    assert ask(proxy.url, talk(RESTRICTED, "It is done.", PLAIN), x_bursar_route="cloud").status == 200


def test_a_rule_for_paths_restricts_by_the_calls_of_an_earlier_turn(start, fake):
    rule = Rule("customers", Match(paths=("**/customers/**",)), tier=Tier.L3)
    rest = (bodies.call("Read", file_path="data/customers/a.csv"), bodies.result("one line"), bodies.user(PLAIN))
    proxy = start(options=replace(LOCAL_ONLY, rules=(rule,)))
    assert ask(proxy.url, bodies.encode(bodies.main_turn(PLAIN, *rest))).status == 402
    assert at_claude(fake) == 0


def test_a_sub_agent_s_bad_local_answer_is_not_escalated_once_its_session_is_restricted(start, fake):
    slow = replace(WRONG_CALL, first_byte_s=0.3)
    with box(slow, slow) as (local, settings):
        proxy = start(options=LOCAL_ONLY, **settings)
        named = {"x_claude_code_session_id": "s1"}
        found = []
        body = talk("add a unit test for parse_date", **TOOLS)
        beside = threading.Thread(
            target=lambda: found.append(ask(proxy.url, body, **named, x_claude_code_agent_id="a1"))
        )
        beside.start()
        assert eventually(lambda: local.requests)
        local.acts[:] = [GOOD_CALL]
        assert ask(proxy.url, talk(RESTRICTED, **TOOLS), **named).headers["x-bursar-route"] == "box/fake-model"
        beside.join()
    assert found[0].headers["x-bursar-route"] == "box/fake-model"
    assert at_claude(fake) == 0


def test_who_waits_for_money_goes_local_once_its_session_is_restricted(start, fake):
    with box(HELLO) as (_, settings):
        proxy = start(options=replace(LOCAL_ONLY, queue_wait_s=5), budget="0.10", cutoff="0.10", **settings)
        named = {"x_claude_code_session_id": "s1"}
        other = threading.Thread(
            target=lambda: ask(
                proxy.url, message("Design the architecture of the sync engine. [[ttft:700]]", max_tokens=6000)
            )
        )
        other.start()
        assert eventually(lambda: proxy.today.open_holds)
        found = []
        body = message("Design the sync engine between desktop and server", max_tokens=6000)
        waits = threading.Thread(target=lambda: found.append(ask(proxy.url, body, **named)))
        waits.start()
        assert eventually(lambda: len(proxy.ledger.line))
        assert ask(proxy.url, talk(RESTRICTED), **named).headers["x-bursar-route"] == "box/fake-model"
        other.join()
        waits.join()
    assert found[0].headers["x-bursar-route"] == "box/fake-model"
    assert found[0].headers["x-bursar-tier"] == "L3"
    assert len(fake.requests(path="/v1/messages")) == 1


def test_who_waits_for_the_local_model_goes_to_claude_once_its_session_is_restricted(start, fake):
    with box(replace(HELLO, first_byte_s=0.5), concurrency=1) as (local, settings):
        proxy = start(options=ProxyOptions(restricted="claude-only", busy_wait_s=5), **settings)
        named = {"x_claude_code_session_id": "s1"}
        other = threading.Thread(target=lambda: ask(proxy.url, message("What does the README say?")))
        other.start()
        assert eventually(lambda: local.requests)
        found = []
        body = message("add a unit test for parse_date")
        waits = threading.Thread(target=lambda: found.append(ask(proxy.url, body, **named)))
        waits.start()
        assert eventually(lambda: any(line.session == "s1" for line in proxy.services.log.after(0)))
        assert ask(proxy.url, talk(RESTRICTED), **named).headers["x-bursar-route"].startswith("anthropic/")
        other.join()
        waits.join()
    assert found[0].headers["x-bursar-route"].startswith("anthropic/")
    assert len(local.requests) == 1


def test_earlier_turns_are_given_newest_first_each_with_its_own_calls():
    rest = (bodies.call("Read", file_path="a.py"), bodies.result("text"), bodies.user("Second"), bodies.said("Done"))
    asked = read(bodies.encode(bodies.main_turn("First", *rest, bodies.user("Third"))), bodies.headers())
    found = list(earlier(asked))
    assert [past.turn.text for past in found] == ["Second", "First"]
    assert [len(past.fields["messages"]) for past in found] == [2, 4]
    assert list(earlier(asked, after=asked.turn.since)) == []
    assert [past.turn.text for past in earlier(asked, after=0)] == ["Second"]
