"""Tasks in code: writing it, mending it, testing it, reshaping it."""

from __future__ import annotations

import ast

from proxy.bench.tasks import checks
from proxy.bench.tasks.task import BenchTask
from proxy.task import TaskClass, Tier

_CHUNKS = '''\
def chunks(items, size):
    """Cut a list into lists of `size` items; the last one may be shorter."""
    result = []
    for start in range(0, len(items) - size, size):
        result.append(items[start:start + size])
    return result
'''

_MEDIAN = '''\
def median(numbers):
    """Give the middle of the numbers, or the mean of the two middle ones; ValueError for none."""
    ordered = numbers.sort()
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
'''

_TAGS = '''\
def add_tag(tag, tags=[]):
    """Give the tags with one more at the end; without `tags`, only the new one."""
    tags.append(tag.strip().lower())
    return tags
'''

_CLAMP = """\
def clamp(value, low, high):
    if low > high:
        raise ValueError("low is above high")
    return max(low, min(value, high))
"""

_WRAP = """\
def initials(name):
    words = name.replace("-", " ").split()
    return "".join(word[0].upper() for word in words)
"""

_GRADE = """\
def grade(points, extra, absent):
    if not absent:
        if points is not None:
            total = points + extra
            if total >= 90:
                return "A"
            else:
                if total >= 75:
                    return "B"
                else:
                    if total >= 60:
                        return "C"
                    else:
                        return "F"
        else:
            return "missing"
    else:
        return "absent"
"""

_INVOICE = """\
def invoice(items, shipping, discount):
    lines = []
    for name, price in items:
        lines.append(name.ljust(12, ".") + str(round(price, 2)).rjust(8))
    lines.append("shipping".ljust(12, ".") + str(round(shipping, 2)).rjust(8))
    lines.append("discount".ljust(12, ".") + str(round(-discount, 2)).rjust(8))
    return lines
"""

_EVENS = """\
def even_squares(numbers):
    l = []
    for n in numbers:
        if n % 2 == 0:
            l.append(n * n)
    return l
"""


def _one_filling_rule(tree: ast.Module) -> str:
    """Want the rule for filling a line written once."""
    found = sum(isinstance(node, ast.Attribute) and node.attr == "ljust" for node in ast.walk(tree))
    return "the line's format still stands in several places" if found > 1 else ""


GENERATION = (
    BenchTask(
        "parse a duration", TaskClass.code_generation, Tier.L1,
        'Write a Python function `seconds(text)` that reads a duration such as "1h30m", "45s" or "2d4h" and returns '
        "its seconds as an int. The units are d, h, m and s, in this order, each at most once, at least one of them. "
        "Raise ValueError for anything else. Answer with the code only.",
        checks.runs(
            "seconds", 'seconds("1h30m") == 5400', 'seconds("45s") == 45', 'seconds("2d4h") == 187200',
            'seconds("10m5s") == 605', '_raises(ValueError, seconds, "")', '_raises(ValueError, seconds, "5")',
            '_raises(ValueError, seconds, "3m2h")', '_raises(ValueError, seconds, "1h1h")',
        ),
    ),
    BenchTask(
        "merge intervals", TaskClass.code_generation, Tier.L1,
        "Write a Python function `merge(intervals)` that takes a list of (start, end) tuples in any order and "
        "returns a "
        "sorted list of tuples in which overlapping and touching ones are joined: [(5, 7), (1, 3), (3, 4)] becomes "
        "[(1, 4), (5, 7)]. The list that was passed in stays as it is. Answer with the code only.",
        checks.runs(
            "merge", "merge([]) == []", "merge([(5, 7), (1, 3), (3, 4)]) == [(1, 4), (5, 7)]",
            "merge([(1, 10), (2, 3), (4, 5)]) == [(1, 10)]", "merge([(2, 2)]) == [(2, 2)]",
            "(lambda given: (merge(given), given)[1])([(4, 5), (1, 2)]) == [(4, 5), (1, 2)]",
        ),
    ),
    BenchTask(
        "a small cache", TaskClass.code_generation, Tier.L1,
        "Write a Python class `Recent(size)` that remembers the `size` keys used last. `get(key)` returns the value "
        "or None "
        "and counts as a use, `put(key, value)` stores one and forgets the key not used for longest when there are too "
        "many, `len()` works on it. Answer with the code only.",
        checks.runs(
            "Recent", "Recent(2).get('a') is None",
            "(lambda r: [r.put('a', 1), r.put('b', 2), r.get('a'), r.put('c', 3), r.get('b'), r.get('a'), len(r)][4:])"
            "(Recent(2)) == [None, 1, 2]",
            "(lambda r: [r.put('a', 1), r.put('a', 5), r.get('a'), len(r)][2:])(Recent(3)) == [5, 1]",
            "(lambda r: [r.put('a', 1), r.put('b', 2), r.put('a', 3), r.put('c', 4), r.get('b'), r.get('a')][4:])"
            "(Recent(2)) == [None, 3]",
        ),
    ),
)  # fmt: skip

DEBUGGING = (
    BenchTask(
        "the last chunk is lost", TaskClass.debugging, Tier.L1,
        "`chunks([1, 2, 3, 4, 5], 2)` gives [[1, 2], [3, 4]]; the 5 is lost. Find the mistake and answer with the "
        "corrected "
        f"function in a code block.\n\n```python\n{_CHUNKS}```",
        checks.runs(
            "chunks", "chunks([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]",
            "chunks([1, 2, 3, 4], 2) == [[1, 2], [3, 4]]",
            "chunks([], 3) == []", "chunks([1], 5) == [[1]]",
        ),
    ),
    BenchTask(
        "median of nothing", TaskClass.debugging, Tier.L1,
        "Calling `median([3, 1, 2])` raises TypeError: object of type 'NoneType' has no len(). Mend the function so "
        "that it "
        "does what its docstring says, and leaves the list that was passed in as it is. Answer with the whole "
        "function in "
        f"a code block.\n\n```python\n{_MEDIAN}```",
        checks.runs(
            "median", "median([3, 1, 2]) == 2", "median([4, 1, 3, 2]) == 2.5", "_raises(ValueError, median, [])",
            "(lambda given: (median(given), given)[1])([3, 1, 2]) == [3, 1, 2]",
        ),
    ),
    BenchTask(
        "tags that stay", TaskClass.debugging, Tier.L1,
        'The second call of `add_tag("b")` gives ["a", "b"] when `add_tag("a")` was called before it. It should give '
        '["b"]. A list that is passed in must not be changed either. Answer with the corrected function in a code '
        f"block.\n\n```python\n{_TAGS}```",
        checks.runs(
            "add_tag", 'add_tag(" A ") == ["a"]', 'add_tag("b") == ["b"]', 'add_tag("c", ["a"]) == ["a", "c"]',
            '(lambda given: (add_tag("x", given), given)[1])(["a"]) == ["a"]',
        ),
    ),
)  # fmt: skip

TESTING = (
    BenchTask(
        "tests for clamp", TaskClass.test, Tier.L1,
        "Write test functions (plain `assert`, no test framework, names beginning with test_) for this function, which "
        "lies in the module `numbers_kit`. They have to notice when an edge is handled wrongly or the error is not "
        "raised. "
        f"Begin with `from numbers_kit import clamp`. Answer with the code only.\n\n```python\n{_CLAMP}```",
        checks.catches(
            "numbers_kit", _CLAMP, _CLAMP.replace("max(low, min(value, high))", "min(value, high)"),
            _CLAMP.replace("max(low, min(value, high))", "max(low, value)"),
            _CLAMP.replace("low > high", "low < 0 > high"),
            _CLAMP.replace("min(value, high)", "min(value, high - 1)"),
        ),
    ),
    BenchTask(
        "tests for initials", TaskClass.test, Tier.L1,
        "Write test functions (plain `assert`, no test framework, names beginning with test_) for this function, which "
        "lies in the module `names_kit`. Cover hyphens, small letters, several spaces and the empty name. Begin with "
        "`from "
        f"names_kit import initials`. Answer with the code only.\n\n```python\n{_WRAP}```",
        checks.catches(
            "names_kit", _WRAP, _WRAP.replace('.replace("-", " ")', ""), _WRAP.replace(".upper()", ""),
            _WRAP.replace(".split()", '.split(" ")'),
        ),
    ),
)  # fmt: skip

REFACTOR = (
    BenchTask(
        "flatten the ifs", TaskClass.refactor, Tier.L1,
        "Rewrite this function with early returns so that no block is nested more than one deep. What it returns must "
        f"stay the same. Answer with the whole function in a code block.\n\n```python\n{_GRADE}```",
        checks.runs(
            "grade", 'grade(80, 10, False) == "A"', 'grade(70, 5, False) == "B"', 'grade(60, 0, False) == "C"',
            'grade(59, 0, False) == "F"', 'grade(None, 5, False) == "missing"', 'grade(99, 0, True) == "absent"',
            'grade(None, 0, True) == "absent"', shape=checks.flat(1),
        ),
    ),
    BenchTask(
        "write it once", TaskClass.refactor, Tier.L1,
        "The format of a line stands in this function three times. Move it into a helper function and use that "
        "everywhere; "
        "what `invoice` returns must stay the same. Answer with all of the code in a code block.\n\n"
        f"```python\n{_INVOICE}```",
        checks.runs(
            "invoice", "invoice([], 0, 0) == ['shipping....       0', 'discount....       0']",
            "invoice([('bolt', 2.5)], 4.999, 1)[0] == 'bolt........     2.5'",
            "invoice([('bolt', 2.5)], 4.999, 1)[1:] == ['shipping....     5.0', 'discount....      -1']",
            shape=_one_filling_rule,
        ),
    ),
    BenchTask(
        "a comprehension", TaskClass.refactor, Tier.L1,
        "Rewrite this function's loop as a list comprehension. Nothing may be called `l` any more. Answer with the "
        "whole "
        f"function in a code block.\n\n```python\n{_EVENS}```",
        checks.runs(
            "even_squares", "even_squares([1, 2, 3, 4]) == [4, 16]", "even_squares([]) == []",
            "even_squares(range(-2, 3)) == [4, 0, 4]", shape=checks.at_most(ast.For, 0, "loops"),
        ),
    ),
)  # fmt: skip
