"""The config file, made up: read at the start, changed key by key, and read again by a bursar that runs."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

from tests.fuzz.damage import BOM, damaged
from tests.fuzz.run import Run
from tray.cli.main import run as command
from tray.cli.place import FAILED, Place
from tray.config_file import DEFAULT, ChangeError, change
from tray.files import UnsafeFileError
from tray.keys import TABLES
from tray.projectfile import read_project
from tray.reading import parsed
from tray.rulekeys import RULE
from tray.settings import Settings, SettingsError, load
from tray.settings_text import settings_as_text, value_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONGEST_PROBLEM = 400
COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)

ODD_VALUES = (
    *("true", "false", "0", "-1", "1", "10", "100", "2877", "65536", "9" * 18, "9" * 25, "1" * 4000, "1" * 5000),
    *("0x" + "f" * 40, "0x" + "f" * 5000, "0o7", "0b1", "1_000", "+5", "-0", "0.0", "-0.0", "1.5", "1e3"),
    *("1e400", "1e-400"),
    *("1e99999", "1e999999999", "1e-999999999", "1e99999999999999999999", "inf", "-inf", "nan", "1.0000000000000001"),
    *('""', '" "', '"10"', '"$10.00"', '"1e3"', '"1e999999999"', '"-5"', '"ten"', '"a\\u0000b"'),
    *('"\\u001b[31m"', "''"),
    *('"' + "x" * 300 + '"', '"' + "9" * 5000 + '"', '"é\\n"', '"\\U0001F4B8"', "'''\nlines\n'''", '"""\nlines\n"""'),
    *('"UTC"', '"Europe/Berlin"', '"europe/berlin"', '"../../etc/passwd"', '"/etc/localtime"', '"Etc/GMT+12"'),
    '"EST5EDT"',
    *('"posixrules"', '"Europe"', '"zone.tab"', '"local"', '"cloud"', '"strict"', '"on"', '"auto"', '"L2"'),
    '"08:00-20:00"',
    *('"24:00-24:00"', '"22:00-06:00"', '"00:00-00:00"', '"http://127.0.0.1:9"', '"http://[::1"'),
    '"https://a:99999"',
    *('"http://x y"', '"https://u:p@h"', '"file:///etc/passwd"', '"~nobody-here/x"', '"~/x"', '"/dev/zero"'),
    *('"/"', '"\\\\x"'),
    *("[]", "[[]]", "[1]", "[50, 80, 100]", "[1, 'a']", "['a', 'b']", "[true]", "[" * 20 + "]" * 20),
    "['" + "*" * 50 + "']",
    *("{}", "{a = 1}", "{name = 'x', url = 'http://x'}", "[{name = 'x'}]", "[{}]", "2026-11-20"),
    *("2026-11-20T12:00:00Z", "12:00"),
    *("'**/*'", "['ntfy://topic']", "['mailto://u:p@h', 'json://']", "['nonsense']"),
    "1979-05-27T07:32:00.999999-07:00",
)  # fmt: skip
HEADERS = (
    *(f"[{name}]" for name in TABLES if name),
    "[[local]]",
    "[[local.model]]",
    "[[rule]]",
    "[[machine]]",
    "[rule]",
)
NEEDED = {
    "[[local]]": ("# [[", "# name", "# url"),
    "[[local.model]]": ("# [[", "# name"),
    "[[rule]]": ("# [[", "# route"),
}
"""What of a block that is switched on has to be there."""
ODD_NAMES = (
    "budgte",
    "mode",
    "api_key",
    "ünï",
    "a.b",
    '"a b"',
    "''",
    "cloud.url",
    "machine.price",
    "Budget",
    "x" * 300,
)


def fuzz(run: Run) -> None:
    """Try config files at rest: what is said of each, and what becomes of one that is changed."""
    (run.folder / "home").mkdir(mode=0o700)
    path = run.folder / "home" / "config.toml"
    for number, dice in run.cases():
        content = made(dice)
        _put(path, content)
        try:
            run.ends[_tried(run, number, dice, path, content)] += 1
        except Exception as error:  # Whatever a person would see as a traceback.
            run.wrong("traceback", number, f"{type(error).__name__}: {str(error)[:200]}", content)


def made(dice: random.Random) -> bytes:
    """Make a config file: bursar's own with some of its lines switched on, keys with odd values, or bytes turned."""
    text = _switched_on(dice) if dice.random() < 0.7 else _generated(dice)
    content = text.encode("utf-8", "surrogatepass")
    if dice.random() < 0.4:
        return damaged(dice, content)
    return BOM * (dice.random() < 0.1) + (content.replace(b"\n", b"\r\n") if dice.random() < 0.2 else content)


def _switched_on(dice: random.Random) -> str:
    """Take the file that bursar writes, and make settings of some lines that show defaults."""
    share, odd, lines = dice.random(), dice.choice((0, 0, 0.02, 0.1)), []
    block = ""
    for line in DEFAULT.replace("{zone}", "UTC").splitlines():
        shown = re.match(r"# ?((?:[a-z_0-9L]+ *=|\[\[).*)", line)
        if shown and shown[1].startswith("[["):
            # A model belongs to a server; blocks are whole or not there.
            block = shown[1] if dice.random() < share and (block or "model" not in shown[1]) else "-"
        named = block in NEEDED and line.startswith(NEEDED[block])
        if shown and block != "-" and "/path/to" not in line and (named or dice.random() < share):
            line = shown[1] + dice.choice(("", "", "  # why", " "))
        assigned = re.match(r"([a-zA-Z_0-9]+) *= *", line)
        if assigned and dice.random() < odd:
            line = assigned[0] + dice.choice(ODD_VALUES)
        lines.append(line)
    return "\n".join(lines) + dice.choice(("\n", "\n", ""))


def _generated(dice: random.Random) -> str:
    """Write tables and keys of ours with values of any kind, and some that are not ours."""
    lines = [_assignment(dice, "") for _ in range(dice.randrange(6))]
    for _ in range(dice.randrange(4)):
        header = dice.choice(HEADERS)
        lines += ["", "# of a person", header]
        lines += [_assignment(dice, header.strip("[]")) for _ in range(dice.randrange(5))]
    return "\n".join(lines) + "\n"


def _assignment(dice: random.Random, table: str) -> str:
    known = [*TABLES.get(table, RULE if table == "rule" else TABLES[""])]
    name = dice.choice(known) if dice.random() < 0.9 else dice.choice(ODD_NAMES)
    return f"{name} = {dice.choice(ODD_VALUES)}" + dice.choice(("", "  # mine"))


def _put(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    path.chmod(0o600)


def _tried(run: Run, number: int, dice: random.Random, path: Path, content: bytes) -> str:
    def wrong(why: str) -> None:
        run.wrong("wrong", number, why, content)

    _check_as_projects(wrong, content, path.with_name(".bursar.toml"))
    try:
        settings = load(path, lambda: "UTC")
    except (SettingsError, UnsafeFileError) as error:
        _check_refusal(wrong, error)
        if dice.random() < 0.1:
            _check_command(wrong, path, str(error))
        _check_nothing_is_written(wrong, path, content)
        return "refused"
    _check_changes(wrong, dice, path, content, settings)
    return "read"


def _check_as_projects(wrong: Any, content: bytes, path: Path) -> None:
    """The same text in a repository, perhaps a stranger's, is read or named as a problem."""
    problem = read_project(content.decode("utf-8", "replace"), path).problem
    if not problem.isprintable() or len(problem) > LONGEST_PROBLEM + len(str(path)):
        wrong(f"a project's problem with control characters, or too long: {problem!a:.200}")


def _check_refusal(wrong: Any, error: Exception) -> None:
    """A refusal is some short lines for a person, each with its line or key, and nothing that moves a terminal."""
    problems = error.problems if isinstance(error, SettingsError) else (str(error),)
    for said in problems:
        if not said.strip() or len(said) > LONGEST_PROBLEM:
            wrong(f"a sentence of {len(said)} characters: {said[:100]}")
        if not said.isprintable():
            wrong(f"a sentence with control characters: {said!a:.200}")
        if not re.search(r'^line \d+: |`\w+`|^at its end: |nested too deep|"', said):
            wrong(f"neither a line nor a key is named: {said}")
        if re.search(r"sys\.|Exceeds the limit|<class|Traceback|object at 0x", said):
            wrong(f"Python's words: {said}")


def _check_command(wrong: Any, path: Path, said: str) -> None:
    """What a person starts ends with the same sentence and the code of what could not be done."""
    place = Place({"BURSAR_HOME": str(path.parent), "HOME": str(path.parent)}, lambda: NOON)
    for arguments in (["config", "check"], ["serve", "--trial"]):
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = command(arguments, place)
        if code != FAILED or said.splitlines()[0] not in err.getvalue():
            wrong(f"bursar {' '.join(arguments)} ended with {code}: {err.getvalue()[:200]}")


def _check_nothing_is_written(wrong: Any, path: Path, content: bytes) -> None:
    """A file that is wrong is not made worse: a change is refused, or is what mends it."""
    try:
        change(path, {"budget": "7.00"}, lambda: "UTC")
    except (ChangeError, SettingsError):
        if path.read_bytes() != content:
            wrong("a refused change was written")
        return
    if load(path, lambda: "UTC").budget.exact() != "7":
        wrong("a change is written and does not count")


def _check_changes(wrong: Any, dice: random.Random, path: Path, content: bytes, settings: Settings) -> None:
    """Every key that a form shows can be written as it is shown; then one is changed and all else stays."""
    raw = parsed(content.decode("utf-8"))
    shown = settings_as_text(raw, settings)
    named = [name for name, setting in shown.items() if setting.text]
    for name in named:
        change(path, {name: value_of(name, shown[name].text)}, lambda: "UTC")
        if load(path, lambda: "UTC") != settings:
            wrong(f"{name} written as it was shown, {shown[name].text!r}, counts otherwise")
            return
    _put(path, content)
    for name, value in _some_changes(dice, named):
        _check_change(wrong, path, name, value)


def _some_changes(dice: random.Random, named: list[str]) -> Iterator[tuple[str, Any]]:
    values = {
        "budget": "3.50", "cutoff": "999", "machine.years": Decimal("2.5"), "keeper.enabled": True, "alerts": [10, 20],
        "restricted_paths": ["a/**", "b"], "zone": "Europe/Berlin", "pace.hours": "09:00-17:00", "shares.L2": 1,
        "machine.gpu": "RTX 3090", "discover.enabled": False,
    }  # fmt: skip
    yield from dice.sample([*values.items()], 3)
    if named:
        yield dice.choice(named), None


def _check_change(wrong: Any, path: Path, name: str, value: Any) -> None:
    before = path.read_bytes().decode("utf-8")
    try:
        change(path, {name: value}, lambda: "UTC")
    except ChangeError as error:
        _check_refusal(wrong, SettingsError("config.toml", error.problems))
        if path.read_bytes().decode("utf-8") != before:
            wrong(f"a refused change of {name} was written")
        return
    after = path.read_bytes().decode("utf-8")
    load(path, lambda: "UTC")
    if _without(parsed(after), name) != _without(parsed(before), name):
        wrong(f"changing {name} to {value!r} changed something else")
    lost = [line for line in COMMENT.findall(before) if line.strip() not in after]
    if lost:
        wrong(f"changing {name} to {value!r} lost the comment {lost[0]!r}")
    if before.count("\r\n") == before.count("\n") != after.count("\r\n") != after.count("\n"):
        wrong(f"changing {name} to {value!r} mixed line endings")


def _without(raw: dict[str, Any], name: str) -> Any:
    table, _, key = name.rpartition(".")
    left = {**raw, **({table: {**raw.get(table, {})}} if table else {})}
    (left[table] if table else left).pop(key, None)
    return {key: value for key, value in left.items() if value != {}}
