"""What a person reads is written in one form: in code that says something, in pages, and in what is read before."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = sorted(
    path
    for place in ("pricing", "budget", "proxy", "tray")
    for path in (ROOT / place).rglob("*.py")
    if "tasks" not in path.parts  # What a bench gives to a model.
)
PAGES = sorted((ROOT / "proxy" / "dashboard" / "templates").glob("*.html"))
PROSE = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

# A number or a name's place, a blank, a percent sign; "%H:%M" is no such thing.
APART = re.compile(r"(?:\d|%d|%s|\}\}|\0)(?: |\xa0|&nbsp;)%(?![a-zA-Z(}])")

# A number's place before what is many, though it may be one: `pricing.figures.counted` says either.
MANY = re.compile(
    r"(?:\0|\}\}) (?:local |recorded |imported )?(?:requests|answers|sessions|turns|days|calls|files|logs|tasks|"
    r"entries|corrections|sub-agents|pauses|pings|conversations|models|checks|prompts|agents|alerts|servers|attempts|bills|words|characters)\b"
)
ALL_OF_MANY = (
    "passed",  # "7 of 8 checks passed"
    "local servers are down",
    "longer than \0 characters",
    *("answers, but", "answers again"),  # Verbs.
    "{{ newest|count }} attempts",
    "{{ window|count }} attempts",
)
"""Where the number is never one."""


@cache
def said(path: Path) -> tuple[str, ...]:
    """Give what a file's code says."""
    return tuple(texts(ast.parse(path.read_text(encoding="utf-8"))))


def texts(tree: ast.AST) -> Iterator[str]:
    """Give the texts of a file's code, docstrings aside, with a mark where a value is put in."""
    silent = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.FormattedValue) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(id(node.value))
        if isinstance(node, ast.JoinedStr) and id(node) not in silent:
            silent |= {id(part) for part in node.values}
            yield "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)  # type: ignore[misc]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.value


def where(paths: list[Path], look: Callable[[Path], list[str]]) -> dict[str, list[str]]:
    """Give what a look finds in which files."""
    return {path.relative_to(ROOT).as_posix(): found for path in paths if (found := look(path))}


def test_no_code_says_percent_with_a_blank():
    assert where(CODE, lambda path: [text for text in said(path) if APART.search(text)]) == {}


def test_no_page_and_no_prose_says_percent_with_a_blank():
    assert where([*PAGES, *PROSE], lambda path: list(filter(APART.search, lines(path)))) == {}


def test_no_code_says_one_requests():
    one = lambda text: MANY.search(text) and not any(many in text for many in ALL_OF_MANY)
    assert where(CODE, lambda path: list(filter(one, said(path)))) == {}


def test_no_page_says_one_requests():
    def look(path: Path) -> list[str]:
        text = path.read_text(encoding="utf-8")
        for many in ALL_OF_MANY:
            text = text.replace(many, "")
        return MANY.findall(text) + re.findall("else 's'", text)

    assert where(PAGES, look) == {}


def lines(path: Path) -> list[str]:
    """Give a file's lines."""
    return path.read_text(encoding="utf-8").splitlines()
