"""For each task of the bench a right answer, and one that looks right and is not."""

import json
import re

from proxy.bench.tasks.catalogue import GROUPS
from proxy.bench.tasks.task import BenchTask

TASKS: dict[str, BenchTask] = {task.name: task for group in GROUPS for task in group}


def fenced(code: str, language: str = "python") -> str:
    return f"Here it is:\n\n```{language}\n{code}```\n\nI hope that helps."


def source(name: str) -> str:
    """Find the code that a task shows."""
    return re.search(r"```(?:python|toml)\n(.*?)```", TASKS[name].prompt, re.DOTALL)[1]


def documented(name: str, text: str) -> str:
    head, _, body = source(name).partition("\n")
    return fenced(f'{head}\n    """{text}"""\n{body}')


SECONDS = """\
import re

def seconds(text):
    found = re.fullmatch(r"(?:(\\d+)d)?(?:(\\d+)h)?(?:(\\d+)m)?(?:(\\d+)s)?", text)
    if not text or found is None:
        raise ValueError(text)
    return sum(int(part or 0) * size for part, size in zip(found.groups(), (86400, 3600, 60, 1)))
"""
MERGE = """\
def merge(intervals):
    merged = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
"""
RECENT = """\
from collections import OrderedDict

class Recent:
    def __init__(self, size):
        self._size, self._items = size, OrderedDict()

    def __len__(self):
        return len(self._items)

    def get(self, key):
        if key not in self._items:
            return None
        self._items.move_to_end(key)
        return self._items[key]

    def put(self, key, value):
        self._items[key] = value
        self._items.move_to_end(key)
        while len(self._items) > self._size:
            self._items.popitem(last=False)
"""
CLAMP_TESTS = """\
from numbers_kit import clamp

def test_inside():
    assert clamp(5, 0, 10) == 5
    assert clamp(10, 0, 10) == 10
    assert clamp(0, 0, 10) == 0

def test_outside():
    assert clamp(11, 0, 10) == 10
    assert clamp(-1, 0, 10) == 0

def test_wrong_order():
    try:
        clamp(1, 3, 2)
    except ValueError:
        return
    assert False
"""
INITIALS_TESTS = """\
from names_kit import initials

def test_names():
    assert initials("ada lovelace") == "AL"
    assert initials("jean-luc") == "JL"
    assert initials("a   b") == "AB"
    assert initials("") == ""
"""
GRADE = """\
def grade(points, extra, absent):
    if absent:
        return "absent"
    if points is None:
        return "missing"
    total = points + extra
    if total >= 90:
        return "A"
    if total >= 75:
        return "B"
    return "C" if total >= 60 else "F"
"""
INVOICE = """\
def line(name, amount):
    return name.ljust(12, ".") + str(round(amount, 2)).rjust(8)

def invoice(items, shipping, discount):
    rows = [*items, ("shipping", shipping), ("discount", -discount)]
    return [line(name, amount) for name, amount in rows]
"""
TABLE = [
    {"name": "bolt", "qty": 40, "price": 0.25},
    {"name": "washer", "qty": 100, "price": 0.05},
    {"name": "bracket", "qty": 6, "price": 3.5},
]
SETTINGS = source("change the settings").replace("127.0.0.1", "0.0.0.0").replace("workers = 2", "workers = 8")

SHIPPING_WORDS = "Price.\n\n    weight_g: grams. express: twice. country: a code."
OPTIONS = "## Options\n\n- `--dry-run` shows\n- `--older-than DAYS` age\n- `--keep FILE` stays\n"

# name -> (a right answer, a wrong one, what is said of the wrong one)
IN_WORDS: dict[str, tuple[str, str, str]] = {
    "docstring for shipping": (
        documented("docstring for shipping", SHIPPING_WORDS),
        documented("docstring for shipping", "Compute the price."),
        "the docstring does not name weight_g, express, country",
    ),
    "docstring for rotate": (
        documented("docstring for rotate", "Rotate items by steps."),
        documented("docstring for rotate", "Rotate items by steps.").replace("steps % len(items)", "steps"),
        "the code was changed",
    ),
    "options in a README": (OPTIONS, OPTIONS + "- `--verbose` says more\n", "it makes up --verbose"),
    "commit message": (
        "```\ncache: do not return expired entries\n```",
        "Update the cache class in store/cache.py.",
        "the subject ends in a full stop",
    ),
    "what it returns": (
        "It collects repeats: 3, 1, 3, in reverse.\n\n**[3,1,3]**",
        "It returns the repeated items.\n[3, 1]",
        "the last line is not the answer",
    ),
    "which line is wrong": ("It divides by one too few.\n\nLine 5", "It is line 5 I think, or\n3", "the last line"),
    "how it grows": ("n(n-1)/2 pairs, so\n\n`21`", "7 * 7 is\n49", "the last line is not the answer"),
    "parse a duration": (
        fenced(SECONDS),
        fenced(SECONDS.replace("if not text or found", "if found")),
        "1 of 8 hidden tests fail",
    ),
    "merge intervals": (fenced(MERGE), fenced(MERGE.replace("<= merged", "< merged")), "1 of 5 hidden tests fail"),
    "a small cache": (
        RECENT,
        RECENT.replace("        self._items.move_to_end(key)\n        return", "        return"),
        "1 of 4 hidden tests fail",
    ),
    "the last chunk is lost": (
        fenced(source("the last chunk is lost").replace("len(items) - size, size", "len(items), size")),
        fenced(source("the last chunk is lost").replace("len(items) - size, size", "len(items) - 1, size")),
        "hidden tests fail",
    ),
    "median of nothing": (
        fenced(
            source("median of nothing").replace(
                "ordered = numbers.sort()", "if not numbers:\n        raise ValueError\n    ordered = sorted(numbers)"
            )
        ),
        fenced(source("median of nothing").replace("numbers.sort()", "sorted(numbers)")),
        "1 of 4 hidden tests fail",
    ),
    "tags that stay": (
        fenced("def add_tag(tag, tags=None):\n    return [*(tags or []), tag.strip().lower()]\n"),
        fenced(
            "def add_tag(tag, tags=None):\n    tags = tags or []\n    tags.append(tag.strip().lower())\n"
            "    return tags\n"
        ),
        "1 of 4 hidden tests fail",
    ),
    "tests for clamp": (
        fenced(CLAMP_TESTS),
        fenced(re.sub(r"    assert clamp\(1[01], 0, 10\) == 10\n", "", CLAMP_TESTS)),
        "2 of 4 faulty implementations pass the tests",
    ),
    "tests for initials": (
        fenced(INITIALS_TESTS),
        fenced(INITIALS_TESTS.replace('"JL"', '"J"')),
        "a test fails on the right implementation",
    ),
    "flatten the ifs": (fenced(GRADE), fenced(source("flatten the ifs")), "it is still nested 3 deep"),
    "write it once": (
        fenced(INVOICE),
        fenced(source("write it once")),
        "the line's format still stands in several places",
    ),
    "a comprehension": (
        fenced("def even_squares(numbers):\n    return [n * n for n in numbers if n % 2 == 0]\n"),
        fenced(source("a comprehension")),
        "it still has 1 loops",
    ),
    "errors by service": ('{"checkout": 3, "search": 1}', '{"checkout": 3, "search": 1, "billing": 0}', "the JSON"),
    "where it broke": (
        fenced('{"file": "app/prices.py", "line": 88, "error": "ValueError"}\n', "json"),
        '{"file": "app/main.py", "line": 41, "error": "ValueError"}',
        "the JSON is not the right one",
    ),
    "a table as JSON": (json.dumps(TABLE), json.dumps(TABLE[:2]), "the JSON is not the right one"),
    "the last commits": ("`git log --oneline -n 5`", "git log -5", "the command is not the right one"),
    "find large logs": (
        fenced("find . -type f -name '*.log' -size +10M\n", "bash"),
        'find / -type f -name "*.log" -size +10M',
        "the command is not the right one",
    ),
    "change the settings": (
        fenced(SETTINGS.replace('"info"', '"debug"'), "toml"),
        fenced(SETTINGS, "toml"),
        "the settings are not the right ones",
    ),
    "title of a session": ('{"title": "Fix endless upload spinner"}', '{"title": "A coding session"}', "says nothing"),
    "title of another session": ('{"title": "Move dates to UTC"}', '{"title": "' + "utc " * 30 + '"}', "too long"),
}  # fmt: skip

Edit = tuple[str, str, str]

# name -> (the edits of a model that does it right, those of one that does not, what is said of them)
THROUGH_TOOLS: dict[str, tuple[list[Edit], list[Edit], str]] = {
    "mend a sum through tools": (
        [("cart.py", "(100 + voucher_percent)", "(100 - voucher_percent)")],
        [("cart.py", "// 100", "// 100 - voucher_percent")],
        "3 of 4 hidden tests fail",
    ),
    "a rule through tools": (
        [
            (
                "slug.py",
                'return "-".join(title.lower().split())',
                'kept = "".join(c for c in title.lower() if c.isalnum() or c in " -")\n'
                '    return "-".join(kept.split())',
            )
        ],
        [("slug.py", "title.lower()", 'title.lower().replace("?", "")')],
        "1 of 4 hidden tests fail",
    ),
    "two files through tools": (
        [
            ("units.py", "def to_mm", "def millimetres"),
            ("plan.py", "import to_mm", "import millimetres"),
            ("plan.py", "to_mm(length)", "millimetres(length)"),
        ],
        [("plan.py", "import to_mm", "import millimetres"), ("plan.py", "to_mm(length)", "millimetres(length)")],
        "cannot import",
    ),
}
