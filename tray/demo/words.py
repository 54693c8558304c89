"""What the made-up person types, by the kind of work, and text for the made-up files; harmless, and all our own."""

from __future__ import annotations

import random

SAFE = (
    "What does the retry helper do?",
    "Explain what this function returns",
    "Summarise the README in five sentences",
    "Write a docstring for parse_date",
    "What is the difference between these two lists?",
)
ROUTINE = (
    "Rename getUser to fetchUser in profile.ts",
    "Add a unit test for parse_date with an empty string",
    "Run the linter and fix what it reports",
    "Add a --verbose flag to the export command",
    "Fix the typo in the error message of the importer",
)
COMPLEX = (
    "Design the sync engine between desktop and server, propose options first",
    "Find the root cause: the import still hangs after your last two fixes",
    "Migrate the reports module to the event bus across all services",
    "Refactor the order state machine, it deadlocks under load",
)
RESTRICTED = (
    "The deploy is refused with this key, find out why: {key}",
    "Rotate the webhook secret and update .env.production",
)
KINDS = {"safe": SAFE, "routine": ROUTINE, "complex": COMPLEX, "restricted": RESTRICTED}
PROJECTS = ("shop", "site", "notes", "importer")
TOOLS = ("Read", "Edit", "Bash", "Grep")

BYTES_PER_TOKEN = 3
"""How long a token is in this made-up world, for the agent that writes text and for the upstreams that count it."""
_WORDS = ("self", "return", "value", "config", "index", "result", "error", "path", "name", "list", "if", "for", "not")
_TEXT = " ".join(random.Random(1).choices(_WORDS, k=60_000))


def text(tokens: int, seed: int) -> str:
    """Write about so many tokens of what stands in files; the same for the same seed."""
    size = max(1, tokens) * BYTES_PER_TOKEN
    start = seed * 7919 % (len(_TEXT) // 2)
    return (_TEXT[start:] + _TEXT * (size // len(_TEXT) + 1))[:size]


def lookalike(chance: random.Random) -> str:
    """Make up what looks like a key of GitHub's and never was one; in two pieces, for the scanners of repositories."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return "gh" + "p_" + "".join(chance.choices(letters, k=36))
