"""How works are checked: code is run under hidden tests, tests are run against mutants, facts are compared."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from proxy.bench.tasks.answers import block_in, code_in, json_in, line_in, names_in, parsed
from proxy.bench.tasks.jail import Jail, Ran
from proxy.bench.tasks.task import Check, Work

Shape = Callable[[ast.Module], str]
"""Looks at the form of code, and says what is wrong with it."""


def runs(name: str, *tests: str, shape: Shape | None = None) -> Check:
    """Want code that defines `name` and holds under hidden tests; `shape` looks at its form."""

    def check(work: Work, jail: Jail) -> str:
        code = code_in(work.text, name)
        return _lacks(code, name) or (_misshapen(code, shape) if shape else "") or _told(jail.run(code, checks=tests))

    return check


def edited(path: str, name: str, *tests: str, others: Sequence[str] = (), shape: Shape | None = None) -> Check:
    """Want the file `path` edited so that it holds under hidden tests; it may import the files named in `others`."""

    def check(work: Work, jail: Jail) -> str:
        code = work.files.get(path, "")
        modules = {other.removesuffix(".py"): work.files.get(other, "") for other in others}
        wrong = _lacks(code, name) or (_misshapen(code, shape) if shape else "")
        return wrong or _told(jail.run(code, checks=tests, modules=modules))

    return check


def catches(module: str, right: str, *mutants: str) -> Check:
    """Want tests that pass on the right implementation and fail on each mutant of it."""

    def check(work: Work, jail: Jail) -> str:
        tests = code_in(work.text, "")
        ran = jail.run(tests, modules={module: right}, collect=True)
        if ran.why and not ran.results:
            return f"the tests do not run: {ran.why}"
        if not ran.all_held:
            return "a test fails on the right implementation" if ran.results else "there is no test function"
        missed = sum(jail.run(tests, modules={module: mutant}, collect=True).all_held for mutant in mutants)
        return f"{missed} of {len(mutants)} faulty implementations pass the tests" if missed else ""

    return check


def documents(original: str, name: str, *words: str) -> Check:
    """Want the same function with a docstring that names all of `words`, and not one other change."""

    def check(work: Work, jail: Jail) -> str:
        code = code_in(work.text, name)
        wrong = _lacks(code, name)
        if wrong:
            return wrong
        tree, before = parsed(code), parsed(original)
        assert tree
        assert before
        function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
        told = ast.get_docstring(function) or ""
        missing = [word for word in words if word not in told]
        if missing:
            return f"the docstring does not name {', '.join(missing)}" if told else "there is no docstring"
        return "" if ast.dump(_undocumented(tree)) == ast.dump(_undocumented(before)) else "the code was changed"

    return check


def mentions(*words: str, only: str = "", most_words: int = 0) -> Check:
    """Want a text with all of `words`; what the pattern `only` finds has to be among them, nothing is made up."""

    def check(work: Work, jail: Jail) -> str:
        text = work.text
        missing = [word for word in words if word.lower() not in text.lower()]
        if missing:
            return f"it leaves out {', '.join(missing)}"
        made_up = sorted(set(re.findall(only, text)) - set(words)) if only else []
        if made_up:
            return f"it makes up {made_up[0]}"
        return "it is too long" if most_words and len(text.split()) > most_words else ""

    return check


def says(*right: str) -> Check:
    """Want one of these as the last line, whatever the case and the spaces."""

    def check(work: Work, jail: Jail) -> str:
        said = _bare(line_in(work.text))
        return "" if said in {_bare(one) for one in right} else "the last line is not the answer"

    return check


def is_json(expected: Any) -> Check:
    """Want JSON of just this value."""

    def check(work: Work, jail: Jail) -> str:
        found = json_in(work.text)
        if found is None:
            return "there is no JSON"
        return "" if found == expected else "the JSON is not the right one"

    return check


def titles(*words: str, most_chars: int) -> Check:
    """Want JSON with nothing but a short `title` that has one of the words."""

    def check(work: Work, jail: Jail) -> str:
        found = json_in(work.text)
        title = found.get("title") if isinstance(found, dict) and set(found) == {"title"} else None
        if not isinstance(title, str) or not title.strip():
            return "there is no JSON with a title"
        if len(title) > most_chars:
            return "the title is too long"
        return "" if any(word in title.lower() for word in words) else "the title says nothing of the work"

    return check


def is_toml(expected: Mapping[str, Any]) -> Check:
    """Want TOML of just this value."""

    def check(work: Work, jail: Jail) -> str:
        try:
            return "" if tomllib.loads(block_in(work.text)) == expected else "the settings are not the right ones"
        except ValueError:
            return "it is no TOML"

    return check


def is_command(*right: str) -> Check:
    """Want one of these commands, word by word as a shell reads them, in the last line. It is not run."""

    def check(work: Work, jail: Jail) -> str:
        found = _words(line_in(block_in(work.text)).removeprefix("$ "))
        return "" if found in [_words(one) for one in right] else "the command is not the right one"

    return check


def commits(*words: str, most_chars: int = 72) -> Check:
    """Want a commit message: one short subject line without a full stop that has one of the words."""

    def check(work: Work, jail: Jail) -> str:
        subject = block_in(work.text).partition("\n")[0].strip()
        if not subject or len(subject) > most_chars:
            return f"the subject is not between 1 and {most_chars} characters long"
        if subject.endswith("."):
            return "the subject ends in a full stop"
        return "" if any(word in subject.lower() for word in words) else "the subject says nothing of the change"

    return check


def flat(depth: int) -> Shape:
    """Want no block nested deeper than this inside a function."""

    def shape(tree: ast.Module) -> str:
        deepest = max((_depth(node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)), default=0)
        return f"it is still nested {deepest} deep" if deepest > depth else ""

    return shape


def at_most(kind: type[ast.AST], number: int, what: str) -> Shape:
    """Want no more than `number` nodes of a kind."""

    def shape(tree: ast.Module) -> str:
        found = sum(isinstance(node, kind) for node in ast.walk(tree))
        return f"it still has {found} {what}" if found > number else ""

    return shape


def without(name: str) -> Shape:
    """Want a name gone."""

    def shape(tree: ast.Module) -> str:
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        used |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        return f"it still uses {name}" if name in used else ""

    return shape


def _told(ran: Ran) -> str:
    """Say how a run went; nothing when all held."""
    if ran.all_held:
        return ""
    if not ran.results:
        return ran.why or "nothing was checked"
    return f"{ran.results.count(False)} of {len(ran.results)} hidden tests fail"


def _lacks(code: str, name: str) -> str:
    if parsed(code) is None:
        return "there is no valid Python"
    return "" if name in names_in(code) else f"nothing defines {name}"


def _misshapen(code: str, shape: Shape) -> str:
    tree = parsed(code)
    return shape(tree) if tree else "there is no valid Python"


def _undocumented(tree: ast.Module) -> ast.Module:
    """Take the docstrings away, and what stands beside the functions."""
    kept: list[ast.stmt] = []
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        kept.append(node)
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.Module(kept, [])


def _depth(node: ast.AST, depth: int = 0) -> int:
    blocks = (ast.If, ast.For, ast.While, ast.With, ast.Try)
    inner = [_depth(child, depth + isinstance(child, blocks)) for child in _inside(node)]
    return max([depth, *inner])


def _inside(node: ast.AST) -> list[ast.AST]:
    """Give the children of a node; an `elif` counts as deep as its `if`."""
    if isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        return [*node.body, *_inside(node.orelse[0])]
    return list(ast.iter_child_nodes(node))


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text).lower()
