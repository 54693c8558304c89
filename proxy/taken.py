"""Taken: what a request is taken for, by its words, its project's file and the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from proxy.decision import Decision, View
from proxy.facts import facts_of
from proxy.folder import folder_of
from proxy.request import AgentRequest
from proxy.rules.project import Project
from proxy.rules.rule import Facts, Rule, choose
from proxy.rules.ruling import (
    NO_RULING,
    Ruling,
    own_name,
    project_name,
    restricted_by_problem,
    ruled,
    ruling_of,
)
from proxy.services import Services
from proxy.task import Task, Tier
from proxy.trace import Trace, trace_of
from proxy.view import fit_of


@dataclass(frozen=True, slots=True)
class Taken:
    """A request's task as `found`, and as it counts with what rules say. `lasting` is the tier that its session keeps.

    A project's file that cannot be read restricts its requests only as long as it is so: once it is mended, what it
    restricts is found in the conversation.
    """

    found: Task
    task: Task
    lasting: Tier
    ruling: Ruling = NO_RULING
    word: bool = False
    """Whether a person said where this one request should go; `ruling` is then less what rules say of that."""
    whole: Ruling = NO_RULING
    """The ruling with what they say of it."""


def take(services: Services, asked: AgentRequest, headers: Mapping[str, str], *, is_directed: bool = False) -> Taken:
    """Classify a request and apply the rules; `is_directed` where a person's word on it stands above all of them."""
    project = services.project(folder_of(asked.fields))
    found = services.classifier.classify(asked, project.restricted_paths)
    own = services.options.rules
    if not own and not project.rules and not project.problem:
        return Taken(found, found, found.tier, word=is_directed)
    facts = facts_of(asked, found, headers, fit_of(asked).input_tokens, services.clock().astimezone(services.zone()))
    ruling = _ruling(services, asked, facts, own, project)
    task = ruled(found, ruling)
    counts = restricted_by_problem(task, ruling)
    counting = ruling.without_direction() if is_directed else ruling
    return Taken(found, counts, task.tier, counting, is_directed, ruling)


def traced(
    services: Services, asked: AgentRequest, taken: Taken, view: View, decision: Decision, request_id: str
) -> Trace:
    """Gather what a decision was made from; nothing is changed by it."""
    ruling, bare = taken.ruling, None
    if ruling.by:
        bare = (replace(view, ruling=NO_RULING, swaps={} if ruling.model else view.swaps), taken.found)
    return trace_of(
        *(request_id, services.clock(), asked, taken.task, view, fit_of(asked), decision),
        servers=services.locals.snapshot(),
        rule=ruling.by,
        rule_source="project" if ruling.is_projects else "config" if ruling.by else "",
        project_file_problem=ruling.problem,
        gate=view.worth,
        bare=bare,
        # Which model a rule would then have put in its place is not weighed here.
        unsaid=replace(view, override=None, ruling=taken.whole) if taken.word and not taken.whole.model else None,
    )


def _ruling(services: Services, asked: AgentRequest, facts: Facts, own: tuple[Rule, ...], project: Project) -> Ruling:
    def named(rule: Rule) -> str:
        return project_name(rule, project)

    turn, tally = asked.turn.key, services.tally
    mine = choose(own, facts, tally.used(own, own_name, turn))
    theirs = choose(project.rules, facts, tally.used(project.rules, named, turn))
    return ruling_of(mine, theirs, project)
