"""Tasks in words: documentation, explanation, analysis, and an agent's own calls."""

from __future__ import annotations

from proxy.bench.tasks import checks
from proxy.bench.tasks.task import BenchTask
from proxy.task import TaskClass, Tier

_SHIPPING = """\
def shipping(weight_g, express=False, country="DE"):
    base = 490 if country == "DE" else 1290
    extra = max(0, -(-(weight_g - 2000) // 1000)) * 150
    return (base + extra) * (2 if express else 1)
"""

_RING = """\
def rotate(items, steps):
    if not items:
        return []
    steps = steps % len(items)
    return items[steps:] + items[:steps]
"""

_PUZZLE = """\
def f(items):
    seen, out = set(), []
    for item in items:
        if item in seen:
            out.append(item)
        seen.add(item)
    return out[::-1]
"""

_FAULTY = """\
1  def average(numbers):
2      total = 0
3      for number in numbers:
4          total += number
5      return total / (len(numbers) - 1)
"""

_PAIRS = """\
def pairs(items):
    found = []
    for i in range(len(items)):
        for j in range(i + 1, len(items)):
            found.append((items[i], items[j]))
    return found
"""

_DIFF = """\
--- a/store/cache.py
+++ b/store/cache.py
@@ -12,7 +12,7 @@ class Cache:
     def get(self, key):
         entry = self._entries.get(key)
-        if entry is None:
+        if entry is None or entry.expires_at <= self._clock():
             return None
         return entry.value
"""

_LOG = """\
10:02:11 INFO  billing   started
10:02:14 ERROR checkout  payment gateway timed out after 30 s
10:02:19 WARN  billing   queue is 80 % full
10:03:02 ERROR checkout  payment gateway timed out after 30 s
10:03:40 ERROR search    index is missing
10:04:05 INFO  search    index rebuilt
10:05:00 ERROR checkout  card was declined
"""

_TRACE = """\
Traceback (most recent call last):
  File "app/main.py", line 41, in <module>
    run(settings)
  File "app/runner.py", line 17, in run
    prices = load(settings["prices"])
  File "app/prices.py", line 88, in load
    return [float(row[2]) for row in rows]
ValueError: could not convert string to float: 'n/a'
"""

_TABLE = """\
name    | qty | unit price
bolt    |  40 | 0.25
washer  | 100 | 0.05
bracket |   6 | 3.50
"""

_TITLE = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
    "additionalProperties": False,
}

DOCUMENTATION = (
    BenchTask(
        "docstring for shipping", TaskClass.documentation, Tier.L0,
        "Add a docstring to this function. It has to explain each of the parameters by name and what is returned. "
        f"Change nothing else. Answer with the whole function in a code block.\n\n```python\n{_SHIPPING}```",
        checks.documents(_SHIPPING, "shipping", "weight_g", "express", "country"),
    ),
    BenchTask(
        "docstring for rotate", TaskClass.documentation, Tier.L0,
        "Write a docstring for this function that explains `items` and `steps`. Leave the code as it is, and answer "
        "with "
        f"the whole function in a code block.\n\n```python\n{_RING}```",
        checks.documents(_RING, "rotate", "items", "steps"),
    ),
    BenchTask(
        "options in a README", TaskClass.documentation, Tier.L0,
        "Write the section 'Options' of a README for the command `tidy`. It has exactly these options: `--dry-run` "
        "shows "
        "what would be done, `--older-than` takes a number of days, `--keep` names a file to leave alone. Do not "
        "invent "
        "other options. At most 120 words.",
        checks.mentions("--dry-run", "--older-than", "--keep", only=r"--[a-z][a-z-]+", most_words=160),
    ),
    BenchTask(
        "commit message", TaskClass.documentation, Tier.L0,
        "Write the commit message for this change: one subject line of at most 72 characters without a full stop at "
        "its "
        f"end. Answer with the message only.\n\n```diff\n{_DIFF}```",
        checks.commits("expire", "expired", "expiry", "stale", "expiration"),
    ),
)  # fmt: skip

EXPLANATION = (
    BenchTask(
        "what it returns", TaskClass.explanation, Tier.L0,
        f"```python\n{_PUZZLE}```\nWhat does `f([3, 1, 3, 2, 1, 3])` return? Explain in a sentence or two, then write "
        "the "
        "returned list alone on the last line.",
        checks.says("[3, 1, 3]"),
    ),
    BenchTask(
        "which line is wrong", TaskClass.explanation, Tier.L0,
        f"This function should give the arithmetic mean.\n\n```\n{_FAULTY}```\nWhich line has the mistake? Explain it "
        "shortly, then write only the line's number on the last line.",
        checks.says("5", "line 5"),
    ),
    BenchTask(
        "how it grows", TaskClass.explanation, Tier.L0,
        f"```python\n{_PAIRS}```\nHow many pairs does this return for a list of 7 items? Explain shortly, then write "
        "only "
        "the number on the last line.",
        checks.says("21"),
    ),
)  # fmt: skip

ANALYSIS = (
    BenchTask(
        "errors by service", TaskClass.analysis, Tier.L1,
        "Count the ERROR lines of each service in this log. Answer with a JSON object from service to count, only with "
        f"services that have errors, and nothing else.\n\n```\n{_LOG}```",
        checks.is_json({"checkout": 3, "search": 1}),
    ),
    BenchTask(
        "where it broke", TaskClass.analysis, Tier.L1,
        'From this traceback, answer with a JSON object {"file": …, "line": …, "error": …}: the file and the line (a '
        f"number) where the error was raised, and the type of the error. Nothing else.\n\n```\n{_TRACE}```",
        checks.is_json({"file": "app/prices.py", "line": 88, "error": "ValueError"}),
    ),
    BenchTask(
        "a table as JSON", TaskClass.analysis, Tier.L1,
        'Turn this table into a JSON list of objects with the keys "name", "qty" (a number) and "price" (a number). '
        f"Answer with the JSON only.\n\n```\n{_TABLE}```",
        checks.is_json([
            {"name": "bolt", "qty": 40, "price": 0.25},
            {"name": "washer", "qty": 100, "price": 0.05},
            {"name": "bracket", "qty": 6, "price": 3.5},
        ]),
    ),
)  # fmt: skip

BACKGROUND = (
    BenchTask(
        "title of a session", TaskClass.background, Tier.L0,
        "Give this session a title of at most 50 characters as JSON with the single key `title`.\n\nThe user's first "
        "message: The upload page shows a spinner for ever when the file is larger than 20 MB. Find out why and fix "
        "it.",
        checks.titles("upload", "spinner", "file", most_chars=60), schema=_TITLE,
    ),
    BenchTask(
        "title of another session", TaskClass.background, Tier.L0,
        "Give this session a title of at most 50 characters as JSON with the single key `title`.\n\nThe user's first "
        "message: please move our date handling from local time to UTC, beginning with the invoice module",
        checks.titles("utc", "date", "time", "invoice", most_chars=60), schema=_TITLE,
    ),
)  # fmt: skip
