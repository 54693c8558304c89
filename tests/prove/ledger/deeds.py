"""What a bursar does on disk, from its first start to its commands: each is done, killed at every call, and looked at.

A deed has a folder to begin with, what is done in it, and what must be true of it after a kill at any point.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tomllib
from collections.abc import Callable
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from budget.archive import Archive
from budget.ledger import Ask, Held, Ledger, Limits, Mode, Offer, Outcome, Settlement
from budget.peek import peek
from pricing.money import Money
from tests.kit.claude_logs import Logs
from tests.kit.traffic import generate
from tray.cli.main import run
from tray.cli.place import Place
from tray.paths import Paths

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LIMITS = Limits(Money.usd(10), Money.usd(12))
ZONE = ZoneInfo("UTC")
OLD = Path(__file__).resolve().parents[2] / "budget" / "ledger_v1.sql"
SETTINGS = b'{\n  "model": "opus"\n}\n'

Say = Callable[[str], object]


@dataclass(frozen=True)
class Act:
    """One thing that bursar does: `prepare` a folder once, `do` it, `faults` after a kill or its end."""

    name: str
    prepare: Callable[[Path], None]
    do: Callable[[Path, Say], object]
    faults: Callable[[Path, list[str]], list[str]]


def opened(home: Path) -> Ledger:
    """Open the ledger of a home."""
    return Ledger.open(Paths.of({}, home).ledger, clock=lambda: NOW, limits=LIMITS, zone=ZONE)


def _hold(ledger: Ledger, name: str, dollars: str, say: Say) -> Held:
    answer = ledger.reserve(Ask(name, (Offer("claude", "model", Money.usd(dollars), False, "{}"),)))
    assert isinstance(answer, Held), answer
    say(f"held {name} {Money.usd(dollars).picos}")
    return answer


def _settle(ledger: Ledger, held: Held, name: str, dollars: str, say: Say) -> None:
    cost = Money.usd(dollars)
    say(f"cost {name} {cost.picos}")
    ledger.settle(held.hold_id, Settlement(Outcome.complete, cost, cost)).result()


def a_day(home: Path, say: Say) -> None:
    """Open, hold, settle, void, change mode, stop, back up, sync, end."""
    with opened(home) as ledger:
        first = _hold(ledger, "a", "0.3", say)
        second = _hold(ledger, "b", "0.2", say)
        _settle(ledger, first, "a", "0.1", say)
        third = _hold(ledger, "c", "0.1", say)
        say("cost c 0")
        ledger.void(third.hold_id, "never sent").result()
        ledger.set_mode(Mode.local)
        say("mode local")
        ledger.set_mode(Mode.cloud)
        ledger.backup()
        _settle(ledger, second, "b", "0.2", say)
        ledger.set_limits(Limits(Money.usd(9), Money.usd(11)))
        ledger.stop("person")
        say("stopped")


def sound(home: Path, said: list[str]) -> list[str]:
    """Look at the ledger at rest, start it, and compare it with what was promised."""
    truth, mode, is_stopped = _promised(said)
    shown = peek(Paths.of({}, home).ledger, clock=lambda: NOW, limits=LIMITS, zone=ZONE)
    found = [f"at rest: {shown.trouble}"] if shown.trouble else []
    found += [f"at rest {shown.gone.picos} of {truth}"] if shown.gone.picos < truth else []
    with opened(home) as ledger:
        today = ledger.today()
        found += [today.trouble] if today.trouble else []
        found += [f"unseen: {truth - today.gone.picos} p$"] if today.gone.picos < truth else []
        found += [f"overspent: {today.gone.picos}"] if today.gone > LIMITS.cutoff else []
        found += ["the stop was lost"] if is_stopped and today.stop is None else []
        found += ["the mode was lost"] if mode and today.mode is Mode.observe else []
        found += [f"{today.open_holds} holds open"] if today.open_holds else []
        found += [*ledger.notices, *ledger.check()]
        backups = Paths.of({}, home).ledger.glob("backups/ledger-*.db")
        found += [f"{path.name} is broken" for path in backups if not _is_sound(path)]
    return found


def _promised(said: list[str]) -> tuple[int, bool, bool]:
    costs: dict[str, int] = {}
    for line in said:
        word, _, rest = line.partition(" ")
        if word in ("held", "cost"):
            name, _, picos = rest.partition(" ")
            costs[name] = int(picos)
    return sum(costs.values()), "mode local" in said, "stopped" in said


def _is_sound(database: Path) -> bool:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as reader:
        return bool(reader.execute("PRAGMA quick_check").fetchone() == ("ok",))


def nothing(home: Path) -> None:
    """Begin with an empty home."""


def spent(home: Path) -> None:
    """Begin with a ledger that has spent and was ended in order."""
    with opened(home) as ledger:
        _settle(ledger, _hold(ledger, "z", "1", print_nothing), "z", "1", print_nothing)
        ledger.backup()


def print_nothing(_: str) -> None:
    """Promise nothing to anyone."""


def old_version(home: Path) -> None:
    """Begin with a ledger as the first version left it."""
    ledger = Paths.of({}, home).ledger
    ledger.mkdir(parents=True)
    with closing(sqlite3.connect(ledger / "ledger.db")) as connection:
        connection.executescript(OLD.read_text(encoding="utf-8"))
        connection.execute("PRAGMA user_version = 1")
        connection.commit()


def open_only(home: Path, say: Say) -> None:
    """Start and end."""
    opened(home).close()


def brought_on(home: Path, said: list[str]) -> list[str]:
    """Find every entry of the old ledger, and its copy whole if it is there."""
    before = _sum_of_old()
    found = sound(home, said)
    with closing(sqlite3.connect(Paths.of({}, home).ledger / "ledger.db")) as now:
        (after,) = now.execute("SELECT sum(charged) FROM entries").fetchone()
    found += [f"{before - after} p$ of the old ledger are gone"] if after < before else []
    kept = Paths.of({}, home).ledger / "backups" / "of-version-1.db"
    return found + (["the copy of before is missing or broken"] if not kept.exists() or not _is_sound(kept) else [])


def _sum_of_old() -> int:
    with closing(sqlite3.connect(":memory:")) as old:
        old.executescript(OLD.read_text(encoding="utf-8"))
        return int(old.execute("SELECT sum(charged) FROM entries").fetchone()[0])


def without_database(home: Path) -> None:
    """Begin with a ledger that is gone, but for its backup, mark and tip."""
    spent(home)
    for part in Paths.of({}, home).ledger.glob("ledger.db*"):
        part.unlink()


def restored(home: Path, said: list[str]) -> list[str]:
    """Find the day where the mark stood; that the ledger was missing is told once, and is no fault."""
    return [fault for fault in sound(home, [*said, f"cost z {Money.usd(1).picos}"]) if "was missing" not in fault]


WEEK = "2026-W46"
PAGES = ({"json": b"[1]" * 3000, "html": b"<p>" * 3000}, {"json": b"[2]" * 4000, "html": b"<b>" * 4000})


def archived_once(home: Path) -> None:
    """Begin with a week's report."""
    home.mkdir(parents=True, exist_ok=True)
    Archive(home / "reports").keep(WEEK, PAGES[0])


def archive_again(home: Path, say: Say) -> None:
    """Make the report anew."""
    Archive(home / "reports").keep(WEEK, PAGES[1])
    say("kept")


def is_whole_report(home: Path, said: list[str]) -> list[str]:
    """Find the old page or the new one, and the new one once that was said."""
    archive, found = Archive(home / "reports"), []
    for ending in ("json", "html"):
        allowed = [pages[ending] for pages in (PAGES[1:] if said else PAGES)]
        found += [] if archive.read(WEEK, ending) in allowed else [f"{ending} is neither"]
    Archive(home / "reports").keep(WEEK, PAGES[1])
    return found + ([] if archive.weeks() == [WEEK] else [f"weeks: {archive.weeks()}"])


def place_of(home: Path) -> Place:
    """Give the place that commands work from, with an agent's folder of its own."""
    environ = {"BURSAR_HOME": str(home), "HOME": str(home / "person"), "CLAUDE_CONFIG_DIR": str(home / "claude")}
    return Place(environ, lambda: NOW)


def command(home: Path, *arguments: str) -> int:
    """Run a command of bursar's, silently; gives its exit code."""
    with (Path(os.devnull)).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        return run(list(arguments), place_of(home))


def with_settings(home: Path) -> None:
    """Begin with settings of a person's own, and an agent's."""
    (home / "claude").mkdir(parents=True)
    (home / "person").mkdir()
    (home / "claude" / "settings.json").write_bytes(SETTINGS)
    assert command(home, "budget", "set", "8") == 0


def set_budget(home: Path, say: Say) -> None:
    """Change the budget at rest: the config file."""
    assert command(home, "budget", "set", "9") == 0
    say("set")


def has_budget(home: Path, said: list[str]) -> list[str]:
    """Find the old budget or the new one; the next change works."""
    wanted = {"9"} if said else {"8", "9"}
    config = tomllib.loads((home / "config.toml").read_text(encoding="utf-8"))
    found = [] if str(config["budget"]).rstrip("0").rstrip(".") in wanted else [f"budget {config['budget']}"]
    return found + ([] if command(home, "budget", "set", "7") == 0 else ["it cannot be changed any more"])


def connect(home: Path, say: Say) -> None:
    """Connect Claude Code."""
    assert command(home, "connect", "claude-code", "--yes") == 0
    say("connected")


def connected(home: Path) -> None:
    """Begin with Claude Code connected."""
    with_settings(home)
    connect(home, print_nothing)


def disconnect(home: Path, say: Say) -> None:
    """Disconnect Claude Code."""
    assert command(home, "disconnect", "claude-code", "--yes") == 0
    say("disconnected")


def can_be_undone(home: Path, said: list[str]) -> list[str]:
    """Find the agent's settings whole, and get them back byte for byte by connecting and disconnecting."""
    settings = home / "claude" / "settings.json"
    try:
        json.loads(settings.read_bytes())
    except (OSError, ValueError) as error:
        return [f"settings.json: {error}"]
    codes = (command(home, "connect", "claude-code", "--yes"), command(home, "disconnect", "claude-code", "--yes"))
    found = [f"exit codes {codes}"] if codes != (0, 0) else []
    return found + ([] if settings.read_bytes() == SETTINGS else ["settings.json is not as it was"])


def with_logs(home: Path) -> None:
    """Begin with a person's settings and a day of an agent's own logs."""
    with_settings(home)
    Logs(home / "claude", NOW - timedelta(days=3)).write(generate(seed=1, usd=0.5))


def import_history(home: Path, say: Say) -> None:
    """Import the past."""
    assert command(home, "history", "import") == 0
    say("imported")


def is_imported_once(home: Path, said: list[str]) -> list[str]:
    """Import once more, and find each request once, as an import that was never killed does."""
    assert command(home, "history", "import") == 0
    with closing(sqlite3.connect(Paths.of({}, home).ledger / "ledger.db")) as reader:
        found, twice = reader.execute("SELECT count(*), count(*) - count(DISTINCT message_id) FROM history").fetchone()
    wanted = sum(
        1
        for log in (home / "claude").rglob("*.jsonl")
        for line in log.read_text().splitlines()
        if '"assistant"' in line
    )
    return sound(home, []) + (
        [] if found and not twice and found <= wanted else [f"{found} of {wanted}, {twice} twice"]
    )


ACTS = (
    Act("a ledger's first day", nothing, a_day, sound),
    Act("a ledger's second start", spent, a_day, sound),
    Act("an update from version 1", old_version, open_only, brought_on),
    Act("a start from a backup", without_database, open_only, restored),
    Act("a week's report", archived_once, archive_again, is_whole_report),
    Act("a change of settings", with_settings, set_budget, has_budget),
    Act("connecting an agent", with_settings, connect, can_be_undone),
    Act("disconnecting it", connected, disconnect, can_be_undone),
    Act("an import of the past", with_logs, import_history, is_imported_once),
)


def fresh(template: Path, home: Path) -> None:
    """Make a home as its act begins with it."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(template, home)


def today() -> date:
    """Name the day on which all of this happens."""
    return NOW.date()
