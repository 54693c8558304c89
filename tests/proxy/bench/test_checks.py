"""Each task of the bench is passed by a right answer and by no other."""

import pytest

from proxy.bench.tasks.answers import code_in, json_in, line_in
from proxy.bench.tasks.catalogue import GROUPS, tasks
from proxy.bench.tasks.jail import Jail
from proxy.bench.tasks.task import Work
from proxy.bench.tasks.tools import TOOLS, Folder
from proxy.task import TaskClass
from tests.proxy.bench.good import IN_WORDS, TASKS, THROUGH_TOOLS, fenced

JAIL = Jail()


@pytest.mark.parametrize("name", IN_WORDS)
def test_a_right_answer_passes(name: str):
    assert TASKS[name].check(Work(IN_WORDS[name][0]), JAIL) == ""


@pytest.mark.parametrize("name", IN_WORDS)
def test_a_wrong_answer_does_not_and_is_told_why(name: str):
    _, wrong, why = IN_WORDS[name]
    assert why in TASKS[name].check(Work(wrong), JAIL)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize(
    "text",
    [
        "", "I am sorry, I cannot do that.", "```python\n```", "```\n[[[", "{}", fenced("import os\nos._exit(0)\n"),
        "x" * 100_000,
    ],
    ids=["nothing", "excuse", "empty fence", "open fence", "empty object", "exit", "long"],
)  # fmt: skip
def test_nonsense_passes_no_task(name: str, text: str):
    assert TASKS[name].check(Work(text, TASKS[name].files), JAIL)


@pytest.mark.parametrize("name", THROUGH_TOOLS)
def test_edits_are_judged_by_what_the_files_then_do(name: str):
    right, wrong, why = THROUGH_TOOLS[name]
    assert TASKS[name].check(Work("Done.", after(name, right)), JAIL) == ""
    assert why in TASKS[name].check(Work("Done.", after(name, wrong)), JAIL)


def after(name: str, edits: list[tuple[str, str, str]]) -> dict[str, str]:
    """Make edits with the tool that the model has."""
    folder = Folder(dict(TASKS[name].files))
    for path, old, new in edits:
        assert folder.use("edit_file", {"path": path, "old": old, "new": new}) == (f"{path} was changed.", False)
    return folder.files


def test_every_task_has_a_right_and_a_wrong_answer_here():
    assert set(TASKS) == set(IN_WORDS) | set(THROUGH_TOOLS)


def test_every_class_that_makes_sense_locally_has_two_tasks_at_least_and_a_short_bench_meets_each():
    by_class: dict[TaskClass, int] = {}
    for task in tasks(99):
        by_class[task.task_class] = by_class.get(task.task_class, 0) + 1
    assert set(by_class) == {
        *(TaskClass.documentation, TaskClass.explanation, TaskClass.code_generation, TaskClass.debugging),
        *(TaskClass.test, TaskClass.refactor, TaskClass.analysis, TaskClass.ops, TaskClass.background),
    }
    assert min(by_class.values()) >= 2
    assert sum(task.uses_tools for task in tasks(99)) == 3
    assert len(tasks(1)) == len(GROUPS)
    assert {task.task_class for task in tasks(1)} == set(by_class)
    assert len({task.name for task in tasks(99)}) == len(tasks(99)) == len(TASKS)


def test_the_tools_touch_only_their_own_files_and_say_what_went_wrong():
    folder = Folder({"a.py": "one two one"})
    assert folder.use("list_files", {}) == ("a.py", False)
    assert folder.use("read_file", {"path": "./a.py"}) == ("one two one", False)
    assert folder.use("read_file", {"path": "../etc/passwd"}) == ("There is no file ../etc/passwd.", True)
    assert folder.use("edit_file", {"path": "a.py", "old": "one", "new": "x"})[1]
    assert folder.use("edit_file", {"path": "a.py", "old": "", "new": "x"})[1]
    assert folder.use("edit_file", {"path": "a.py", "old": "two", "new": "y" * 50_000})[1]
    assert folder.use("rm", {}) == ("There is no tool rm.", True)
    assert folder.files == {"a.py": "one two one"}
    assert {tool["name"] for tool in TOOLS} == {"list_files", "read_file", "edit_file"}


def test_what_was_asked_for_is_found_among_the_words_around_it():
    assert code_in(
        "First:\n```python\nx = 1\n```\nThen:\n```py\ndef f():\n    pass\n```\nUse:\n```\nf()\n```", "f"
    ) == ("def f():\n    pass\n")
    assert code_in("def f(): pass") == "def f(): pass"
    assert json_in('Sure! {"a": [1]} as you asked') == {"a": [1]}
    assert json_in("none here") is None
    assert line_in("so:\n\n  **`5`.**\n\n") == "5"
