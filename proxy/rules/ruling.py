"""A ruling: what a person's rules and a project's, taken together, say of one request."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from proxy.rules.project import NO_PROJECT, Project
from proxy.rules.rule import Rule, RuleRoute
from proxy.task import Reason, Task, Tier

PROJECT_FILE = ".bursar.toml"
"""What a project's file is called: the names of its rules end so."""

_NAMED = re.compile(r'rule "[^"]*"(?: of [^;]*?\.bursar\.toml)?')


@dataclass(frozen=True, slots=True)
class Ruling:
    """Where a request should go, with which Claude model, as which tier; each with the rule that says so.

    `lowered` is the tier that a person's own rule sets, `raised` the least that a project's asks for. `project_file` is
    where the project's file lies, `problem` what is wrong with it.
    """

    route: RuleRoute | None = None
    route_by: str = ""
    model: str | None = None
    model_by: str = ""
    lowered: Tier | None = None
    raised: Tier | None = None
    tier_by: str = ""
    project_file: str = ""
    problem: str = ""

    @property
    def by(self) -> str:
        """Name the rule that says most; empty if none says anything."""
        return self.route_by or self.model_by or self.tier_by

    @property
    def is_projects(self) -> bool:
        """Tell whether that rule is the project's."""
        return self.by.endswith(PROJECT_FILE)

    def without_direction(self) -> Ruling:
        """Leave only what it says of the tier: a person's word on one request says the rest."""
        return replace(self, route=None, route_by="", model=None, model_by="")


NO_RULING = Ruling()


def own_name(rule: Rule) -> str:
    """Name a rule of a person's own config, as reasons do."""
    return f'rule "{rule.name}"'


def project_name(rule: Rule, project: Project) -> str:
    """Name a rule of a project's file, as reasons do: with the folder that the file lies in."""
    folder = project.path.parent.name if project.path else ""
    return f'rule "{rule.name}" of {folder}/{PROJECT_FILE}'


def rules_named(reason: str) -> frozenset[str]:
    """Find the names of rules in a reason."""
    return frozenset(_NAMED.findall(reason))


def ruling_of(own: Rule | None, projects: Rule | None, project: Project = NO_PROJECT) -> Ruling:
    """Take both rules together: the project's says where and with what, a person's own what that leaves open.

    A project's file may come from strangers: it takes back neither a person's `block` nor their tier, and raises a tier
    only.
    """
    first = (projects, project_name(projects, project)) if projects else None
    second = (own, own_name(own)) if own else None
    both = [found for found in (first, second) if found]
    if own and own.route == "block":
        both.reverse()
    route, route_by = next(((rule.route, name) for rule, name in both if rule.route), (None, ""))
    model, model_by = next(((rule.model, name) for rule, name in both if rule.model), (None, ""))
    tier_by = next((name for rule, name in both if rule.tier is not None), "")
    return Ruling(
        *(route, route_by, model, model_by),
        lowered=own.tier if own else None,
        raised=projects.tier if projects else None,
        tier_by=tier_by,
        project_file=str(project.path or ""),
        problem=project.problem,
    )


def ruled(task: Task, ruling: Ruling) -> Task:
    """Give the task with the tier that counts."""
    tier = task.tier if ruling.lowered is None else ruling.lowered
    tier = max(tier, ruling.raised or Tier.L0)
    if tier is task.tier:
        return task
    return replace(task, tier=tier, reasons=(Reason(ruling.tier_by, "rules"), *task.reasons))


def restricted_by_problem(task: Task, ruling: Ruling) -> Task:
    """Take a request for restricted while its project's file cannot be read: what it restricts is not known."""
    if not ruling.problem:
        return task
    return replace(task, tier=Tier.L3, reasons=(Reason("project.unreadable", PROJECT_FILE), *task.reasons))
