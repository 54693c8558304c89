"""What a person reads is written in one form: in code that says something, in pages, and in what is read before."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

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

named = {"ids": lambda path: path.relative_to(ROOT).as_posix()}


def said(path: Path) -> Iterator[str]:
    """Give the texts of a file's code, docstrings aside, with a mark where a value is put in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
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


@pytest.mark.parametrize("path", CODE, **named)
def test_no_code_says_percent_with_a_blank(path: Path):
    assert [text for text in said(path) if APART.search(text)] == []


@pytest.mark.parametrize("path", [*PAGES, *PROSE], **named)
def test_no_page_and_no_prose_says_percent_with_a_blank(path: Path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if APART.search(line)] == []


@pytest.mark.parametrize("path", CODE, **named)
def test_no_code_says_one_requests(path: Path):
    assert [text for text in said(path) if MANY.search(text) and not any(many in text for many in ALL_OF_MANY)] == []


@pytest.mark.parametrize("path", PAGES, **named)
def test_no_page_says_one_requests(path: Path):
    text = path.read_text(encoding="utf-8")
    for many in ALL_OF_MANY:
        text = text.replace(many, "")
    assert MANY.findall(text) == []
    assert "else 's'" not in text
