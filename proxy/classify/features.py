"""Features: what a request's words and form tell about its kind and its weight."""

from __future__ import annotations

import math
import re

from proxy.classify.plain import Plain
from proxy.classify.vocabulary import FEATURES
from proxy.task import TaskClass
from proxy.words import words

_YES = frozenset(
    words(
        """y ya yes yep yeah yup ok okay k kk sure go ahead continue proceed please next good great perfect lgtm correct
        right agree agreed nice thanks approve approved confirm confirmed again retry both carry keep going do done yess
        a b c d 1 2 3 4 5 option sounds looks works resume finish
        sí si dale sigue continúa continua adelante vale sim pode prossiga segue ja weiter mach genau gerne los oui
        vas-y d'accord continue continuez да давай продолжай дальше ок хорошо
        是 是的 好 好的 继续 可以 行 嗯 对 はい 続けて 네 계속"""
    )
)
_FILLERS = frozenset(
    words(
        """and with to then it that this the now on for so let's lets me i we us all of them just one first second last
        @agent implement works fine is try go que por favor con das es bitte le la и пожалуйста um o"""
    )
)
_BLANKS = re.compile(r"[\s,.!;:&+…。，！、\"()-]+")


def only_agrees(text: str) -> bool:
    """Tell whether a request says no more than yes, go on, or which of the options."""
    said = [word for word in _BLANKS.split(text.lower()) if word]
    return 0 < len(said) <= 8 and all(word in _YES or word in _FILLERS for word in said) and not _YES.isdisjoint(said)


_QUESTION = re.compile(r"[?？]\s{0,20}$")
_ORDER = re.compile(
    r"\b(?:fix|add|implement|create|change|update|make|remove|write|build|refactor|rename|move|"
    r"run|delete|replace|set ?up|"
    r"install|deploy|generate|convert|merge|commit|revert|address|help me)\b|修|改|加|写|crea|"
    r"a\u00f1ad|haz|erstell|\u00e4nder|ajoute|corrige|сделай|добавь",
    re.A,
)
_LIST = re.compile(r"^[ \t]{0,20}(?:[-*•]|\d+[.)])\s+\S", re.M)
_FILES = re.compile(
    r"(?<![\w-])[\w-]{1,64}\.(?:py|ts|tsx|js|jsx|go|rs|java|kt|rb|php|cs|c|cpp|h|swift|sql|sh|vue|"
    r"svelte|al)\b",
    re.A,
)


def points_of(asked: Plain) -> tuple[int, dict[str, int]]:
    """Add up the points of a request; gives the sum and what each feature added."""
    found = {feature.name: feature.points for feature in FEATURES if feature.pattern.search(asked.low)}
    found.update({name: points for name, points in _form(asked).items() if points})
    return sum(found.values()), found


def _form(asked: Plain) -> dict[str, int]:
    """Give points for the form of a request: its length, lists, questions, files."""
    is_question = bool(_QUESTION.search(asked.text))
    is_order = bool(_ORDER.search(asked.low))
    items = len(_LIST.findall(asked.text))
    return {
        "form.length": round(6 * (math.log2(max(20, len(asked.text))) - 6)),
        "form.list": 9 if items >= 3 else 0,
        "form.question": -3 if is_question and not is_order else 0,
        "form.files": 4 if len(set(_FILES.findall(asked.text))) >= 3 else 0,
        "form.trace": 4 if asked.has_trace else 0,
        "form.log": 3 if asked.log_lines > 12 else 0,
    }


def kind_of(found: dict[str, int]) -> TaskClass:
    """Take the kind that the found features speak for, the strongest sign first; what only asks is an explanation."""
    if "form.question" in found and "explain" in found:
        return TaskClass.explanation
    kinds = (feature.kind for feature in _BY_STRENGTH if feature.kind and feature.name in found)
    return next(kinds, TaskClass.unknown)


# Which of two signs tells the kind: what is asked for goes before what it is about.
_STRENGTH = words(
    """chat plan.execute root_cause still_broken text_work no_code git docs rename format tests plain_error review
    migrate rewrite style boilerplate explain run design plan think autonomous analyse destroy deploy security
    concurrency performance feature one_thing machine_learning database config"""
)
_BY_STRENGTH = sorted(FEATURES, key=lambda feature: _STRENGTH.index(feature.name) if feature.name in _STRENGTH else 99)
