"""Rules in force, at the socket: a person's own, a project's, cheaper models, daily limits – and what they never do."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from budget.ledger import Mode
from pricing.money import Money
from proxy.rules.project import Project
from proxy.rules.rule import Match, Rule
from proxy.services import ProxyOptions
from proxy.task import TaskClass, Tier
from tests.kit.boxed import begun, box
from tests.kit.local_fake import Act, says
from tests.kit.raw import ask, message
from tests.kit.scripted import eventually

OPUS, SONNET = "claude-opus-5-5", "claude-sonnet-5-5"
HERE = Path("/home/me/app/.bursar.toml")
HELLO = Act(says("Hello there."))


def sent(fake) -> list[dict]:
    return [json.loads(seen.body) for seen in fake.requests(path="/v1/messages")]


def with_rules(*rules: Rule, **more) -> dict:
    return {"options": ProxyOptions(rules=rules, **more)}


def test_a_rule_for_local_sends_complex_work_local_and_is_named(start, fake):
    docs = Rule("docs stay here", Match(task_classes=frozenset({TaskClass.refactor})), route="local")
    with box(HELLO) as (_, settings):
        proxy = begun(start, settings, tier=Tier.L2, **with_rules(docs))
        answer = ask(proxy.url, message("go"))
    assert answer.headers["x-bursar-route"] == "box/fake-model"
    assert answer.headers["x-bursar-reason"] == 'L2, normal: local first, by rule "docs stay here"'
    assert sent(fake) == []
    trace = proxy.services.traces.last
    assert (trace.rule, trace.rule_source) == ('rule "docs stay here"', "config")


def test_a_person_s_word_on_a_request_beats_the_rules(start, fake):
    block = Rule("never", route="block")
    with box(HELLO) as (_, settings):
        proxy = begun(start, settings, **with_rules(block))
        assert ask(proxy.url, message("@cloud go")).status == 200
        assert ask(proxy.url, message("go"), x_bursar_route="local").headers["x-bursar-route"] == "box/fake-model"
        refused = ask(proxy.url, message("go"))
    assert refused.status == 402
    assert 'The rule "never" blocks this request.' in refused.error["message"]
    assert refused.headers["x-bursar-reason"] == 'L1, normal: refused, blocked by rule "never"'


def test_a_project_s_rule_comes_before_the_config_s(start, fake):
    with box(HELLO) as (_, settings):
        proxy = begun(start, settings, tier=Tier.L0, **with_rules(Rule("mine", route="local")))
        proxy.services.project = lambda folder: Project(HERE, (Rule("theirs", route="cloud"),))
        answer = ask(proxy.url, message("go"))
    assert answer.headers["x-bursar-reason"] == 'L0, normal: Claude, by rule "theirs" of app/.bursar.toml'


def test_the_project_is_the_one_of_the_agent_s_folder(start, fake):
    folders = []
    proxy = start()
    proxy.services.project = lambda folder: folders.append(str(folder)) or Project()
    ask(proxy.url, message("go", system=" - Primary working directory: /home/me/app\nMore."))
    assert folders == ["/home/me/app"]


def test_a_project_file_with_a_mistake_restricts_and_says_so(start, fake):
    with box(HELLO) as (local, settings):
        proxy = start(**settings)
        broken = Project(HERE, problem=f"{HERE}, line 3: there is no key")
        proxy.services.project = lambda folder: broken
        answer = ask(proxy.url, message("rename the variable a to b"))
        assert (answer.headers["x-bursar-tier"], local.requests) == ("L3", [])
        assert answer.headers["x-bursar-reason"].endswith(f"; {HERE}, line 3: there is no key")
        refused = ask(proxy.url, message("and this"), x_bursar_route="local")
        assert f"because {HERE}, line 3" in refused.error["message"]
        proxy.services.project = lambda folder: Project()
        mended = ask(proxy.url, message("rename the variable c to d"))
    assert mended.headers["x-bursar-tier"] != "L3"


def test_a_project_s_restricted_paths_restrict_its_requests_and_no_others(start, fake):
    proxy = start(options=ProxyOptions(restricted="local-only"))
    words = message("rename the variable in infra/prod/main.go")
    assert ask(proxy.url, words).status == 200
    proxy.services.project = lambda folder: Project(HERE, restricted_paths=("infra/prod/**",))
    refused = ask(proxy.url, {**words, "metadata": {"user_id": "user_1_session_other"}})
    assert (refused.status, "restricted material" in refused.error["message"]) == (402, True)
    counted = ask(proxy.url, words, "/v1/messages/count_tokens")
    assert counted.headers["x-bursar-route"] == "estimate"
    assert len(sent(fake)) == 1


def test_a_person_s_rule_may_lower_what_is_restricted_and_the_session_is_not(start, fake):
    fixtures = Rule("fixtures", Match(tiers=frozenset({Tier.L3})), tier=Tier.L0)
    with box(HELLO) as (_, settings):
        proxy = begun(start, settings, tier=Tier.L3, **with_rules(fixtures))
        answer = ask(proxy.url, message("go"))
        assert answer.headers["x-bursar-route"] == "box/fake-model"
        assert answer.headers["x-bursar-reason"] == 'L0, normal: local; tier by rule "fixtures"'


def test_a_tier_gets_a_cheaper_claude_and_is_held_and_billed_as_such(start, fake):
    proxy = begun(start, {}, tier=Tier.L2, **with_rules(cloud_models={Tier.L2: SONNET}))
    answer = ask(proxy.url, message("go", model=OPUS))
    assert answer.headers["x-bursar-route"] == f"anthropic/{SONNET}"
    assert answer.headers["x-bursar-reason"] == f"L2, normal: Claude; {SONNET} for L2"
    (entry,) = proxy.entries(1)
    assert (entry.model, entry.labels.model_asked) == (SONNET, OPUS)
    assert entry.charged == Money(fake.bill()["picos"])
    (body,) = sent(fake)
    assert body == message("go", model=SONNET)


def test_a_model_that_would_refuse_the_request_s_parameters_is_not_swapped_in(start, fake):
    proxy = begun(start, {}, tier=Tier.L2, **with_rules(cloud_models={Tier.L2: "claude-haiku-4-5"}))
    routes = [
        ask(proxy.url, message(words, model=OPUS, **more)).headers["x-bursar-route"]
        for words, more in (("go", {}), ("now this", {"thinking": {"type": "adaptive"}}))
    ]
    assert routes == ["anthropic/claude-haiku-4-5", f"anthropic/{OPUS}"]


def test_a_dearer_claude_is_never_a_tier_s(start, fake):
    proxy = begun(start, {}, tier=Tier.L2, **with_rules(cloud_models={Tier.L2: OPUS}))
    assert ask(proxy.url, message("go", model=SONNET)).headers["x-bursar-route"] == f"anthropic/{SONNET}"


def test_a_model_without_a_price_is_never_swapped_in(start, fake):
    proxy = begun(start, {}, **with_rules(Rule("odd", model="claude-sonet-5-5")))
    assert ask(proxy.url, message("go", model=OPUS)).headers["x-bursar-route"] == f"anthropic/{OPUS}"


@pytest.mark.parametrize(("mine", "model"), [(True, OPUS), (False, SONNET)])
def test_a_person_may_ask_for_a_dearer_model_and_a_project_may_not(start, fake, mine, model):
    rule = Rule("best", model=OPUS)
    proxy = begun(start, {}, **(with_rules(rule) if mine else {}))
    if not mine:
        proxy.services.project = lambda folder: Project(HERE, (rule,))
    assert ask(proxy.url, message("go", model=SONNET)).headers["x-bursar-route"] == f"anthropic/{model}"


def test_the_model_changes_at_the_boundary_of_a_turn_only(start, fake):
    proxy = begun(start, {}, tier=Tier.L2)
    first = message("go", model=OPUS)
    ask(proxy.url, first)
    proxy.services.options = ProxyOptions(cloud_models={Tier.L2: SONNET})
    call = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "Read", "input": {"n": 1}}]}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "x"}]}
    ask(proxy.url, {**first, "messages": [*first["messages"], call, result]})
    said = {"role": "assistant", "content": "done"}
    ask(proxy.url, {**first, "messages": [*first["messages"], said, {"role": "user", "content": "now that"}]})
    assert [body["model"] for body in sent(fake)] == [OPUS, OPUS, SONNET]


def test_a_daily_limit_lets_so_many_requests_through_and_then_the_table_decides(start, fake):
    two = Rule("two a day", route="local", daily_requests=2)
    with box(HELLO) as (_, settings):
        proxy = begun(start, settings, tier=Tier.L2, **with_rules(two))
        routes = [ask(proxy.url, message(f"task {n}")).headers["x-bursar-route"] for n in range(3)]
    assert routes == ["box/fake-model", "box/fake-model", f"anthropic/{SONNET}"]


def test_a_daily_limit_in_dollars_counts_what_was_charged(start, fake):
    some = Rule("a little", model=SONNET, daily_spend=Money(1))
    proxy = begun(start, {}, tier=Tier.L2, **with_rules(some))
    tasks = itertools.count()

    def route() -> str:
        return ask(proxy.url, message(f"task {next(tasks)}", model=OPUS)).headers["x-bursar-route"]

    assert route() == f"anthropic/{SONNET}"
    assert eventually(lambda: route() == f"anthropic/{OPUS}")


def test_rules_can_ask_for_the_agent_the_tools_and_the_paths(start, fake):
    rules = (
        Rule("agent", Match(agents=("claude-cli",), paths=("docs/**",)), route="block"),
        Rule("tools", Match(tools=("Deploy*",)), route="block"),
    )
    proxy = begun(start, {}, **with_rules(*rules))
    edit = {"type": "tool_use", "id": "t1", "name": "Edit", "input": {"file_path": "/home/me/app/docs/a.md"}}
    turn = message("go")
    turn["messages"] += [
        {"role": "assistant", "content": [edit]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "x"}]},
    ]
    assert ask(proxy.url, turn, user_agent="claude-cli/2.1.0 (external, cli)").status == 402
    assert ask(proxy.url, turn, user_agent="opencode/1.0").status == 200
    assert ask(proxy.url, message("mend docs/a.md"), user_agent="claude-cli/2.1.0").status == 402
    assert ask(proxy.url, message("go", tools=[{"name": "Deploy_now", "input_schema": {}}])).status == 402


def test_in_mode_observe_everything_goes_where_it_was_sent_and_what_auto_would_do_is_traced(start, fake):
    proxy = begun(start, {}, mode=Mode.observe, tier=Tier.L2, **with_rules(Rule("x", route="block")))
    answer = ask(proxy.url, message("go", model=OPUS))
    assert answer.headers["x-bursar-route"] == f"anthropic/{OPUS}"
    assert proxy.services.traces.last.decision.would is None
