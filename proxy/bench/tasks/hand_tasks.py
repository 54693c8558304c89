"""Tasks of the hands: commands and settings, and work done through tools: read a file, change it."""

from __future__ import annotations

from proxy.bench.tasks import checks
from proxy.bench.tasks.task import BenchTask
from proxy.task import TaskClass, Tier

_SETTINGS = """\
[server]
host = "127.0.0.1"
port = 8000
workers = 2

[log]
level = "info"
"""

_CART = '''\
"""The cart of a shop."""


def subtotal(items):
    """Sum price times quantity, in cents."""
    return sum(item["cents"] * item["quantity"] for item in items)


def total(items, voucher_percent=0):
    """Give the sum less the voucher, in whole cents, rounded down."""
    return subtotal(items) * (100 + voucher_percent) // 100
'''

_CART_README = "# Shop\n\nA voucher takes its percentage off the sum.\n"

_SLUG = '''\
"""Names for pages."""


def slug(title):
    """Make a page's name of its title: small letters, words joined by hyphens."""
    return "-".join(title.lower().split())
'''

_UNITS = '''\
"""Units of length."""

INCH_MM = 25.4


def to_mm(inches):
    """Convert inches to millimetres."""
    return inches * INCH_MM
'''

_PLAN = '''\
"""What to cut."""

from units import to_mm


def cut_list(inches):
    """Give the lengths to cut in whole millimetres."""
    return [round(to_mm(length)) for length in inches]
'''

OPS = (
    BenchTask(
        "the last commits", TaskClass.ops, Tier.L1,
        "Which git command shows the last 5 commits of the current branch, one line each? Answer with the command "
        "alone.",
        checks.is_command(
            "git log --oneline -5", "git log -5 --oneline", "git log --oneline -n 5", "git log -n 5 --oneline",
            "git log --oneline -n5", "git log -n5 --oneline", "git log --oneline --max-count=5",
            "git log --max-count=5 --oneline", "git log --pretty=oneline -5", "git log -5 --pretty=oneline",
            "git log --pretty=oneline -n 5", "git log -n 5 --pretty=oneline",
        ),
    ),
    BenchTask(
        "find large logs", TaskClass.ops, Tier.L1,
        "Which `find` command lists all regular files below the current folder whose name ends in .log and that are "
        "larger "
        "than 10 megabytes (write it as 10M)? Answer with the command alone.",
        checks.is_command(*(
            f"find . {' '.join(order)}{end}"
            for end in ("", " -print")
            for order in (
                ("-type f", "-name '*.log'", "-size +10M"), ("-name '*.log'", "-type f", "-size +10M"),
                ("-type f", "-size +10M", "-name '*.log'"), ("-size +10M", "-type f", "-name '*.log'"),
                ("-name '*.log'", "-size +10M", "-type f"), ("-size +10M", "-name '*.log'", "-type f"),
            )
        )),
    ),
    BenchTask(
        "change the settings", TaskClass.ops, Tier.L1,
        "In these settings, let the server listen on all addresses (0.0.0.0), use 8 workers, and log at level debug. "
        "Leave "
        f"the rest as it is. Answer with the whole file in a code block.\n\n```toml\n{_SETTINGS}```",
        checks.is_toml({"server": {"host": "0.0.0.0", "port": 8000, "workers": 8}, "log": {"level": "debug"}}),  # noqa: S104
    ),
)  # fmt: skip

TOOLS = (
    BenchTask(
        "mend a sum through tools", TaskClass.debugging, Tier.L1,
        "A customer with a voucher of 10 percent pays more instead of less. Find the mistake in this project with your "
        "tools and correct it in the file.",
        checks.edited(
            "cart.py", "total", 'total([{"cents": 1000, "quantity": 2}], 10) == 1800',
            'total([{"cents": 999, "quantity": 1}], 50) == 499', 'total([{"cents": 1000, "quantity": 2}]) == 2000',
            "total([], 10) == 0",
        ),
        files={"cart.py": _CART, "README.md": _CART_README},
    ),
    BenchTask(
        "a rule through tools", TaskClass.code_generation, Tier.L1,
        'Change `slug` in slug.py so that it also leaves out everything but letters, digits, spaces and hyphens: '
        '"What\'s '
        'new? 2 things" becomes "whats-new-2-things". Edit the file with your tools.',
        checks.edited(
            "slug.py", "slug", 'slug("What\'s new? 2 things") == "whats-new-2-things"',
            'slug("Hello  World") == "hello-world"',
            'slug("well-known") == "well-known"', 'slug("") == ""',
        ),
        files={"slug.py": _SLUG},
    ),
    BenchTask(
        "two files through tools", TaskClass.refactor, Tier.L1,
        "Rename the function `to_mm` to `millimetres` in this project, where it is defined and wherever it is used. "
        "Edit "
        "the files with your tools.",
        checks.edited(
            "plan.py", "cut_list", "cut_list([1, 2]) == [25, 51]", "millimetres(1) == 25.4", others=("units.py",),
            shape=checks.without("to_mm"),
        ),
        files={"units.py": _UNITS, "plan.py": _PLAN},
    ),
)  # fmt: skip
