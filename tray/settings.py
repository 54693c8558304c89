"""Settings: the config file as values, or what is wrong with it and on which line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from budget.bands import Limits
from pricing.assumed import Figures, machine_of
from pricing.money import ZERO, Money
from proxy.upstream.local_model import Kind, Thinking
from tray.files import read_private
from tray.keys import TABLES, Reader, show

DEFAULT_BUDGET = Money.usd(10)


class SettingsError(ValueError):
    """The config file cannot be used; `problems` are sentences that each name a line."""

    def __init__(self, name: str, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(f"{name}, {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Cloud:
    """How Claude is reached."""

    url: str = "https://api.anthropic.com"
    ca_file: Path | None = None
    proxy: str | None = None


@dataclass(frozen=True)
class OneModel:
    """One model of a local server, where it needs other settings than the server's other models."""

    name: str
    context: int | None = None
    max_output: int | None = None
    vision: bool | None = None
    tools: bool | None = None
    concurrency: int | None = None
    first_token_s: int | None = None
    idle_s: int | None = None
    keep_alive: str = ""
    thinking: Thinking | None = None


@dataclass(frozen=True)
class Local:
    """A local model server that a person named; what is left out is asked of the server.

    `api_key_env` names the environment variable that holds its key, so that no key stands in the file. `model` holds
    what differs from model to model.
    """

    name: str
    url: str
    kind: Kind | Literal["auto"] = "auto"
    models: tuple[str, ...] = ()
    context: int | None = None
    max_output: int | None = None
    vision: bool | None = None
    tools: bool | None = None
    api_key_env: str = ""
    concurrency: int | None = None
    first_token_s: int | None = None
    idle_s: int | None = None
    keep_alive: str = ""
    thinking: Thinking = "auto"
    messages_api: bool = False
    model: tuple[OneModel, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What a person set, and the defaults for the rest; `cutoff` None means 120 % of the budget."""

    zone: ZoneInfo
    budget: Money = DEFAULT_BUDGET
    cutoff: Money | None = None
    alerts: tuple[int, ...] = (50, 80, 100)
    restricted: Literal["claude-only", "local-only"] = "claude-only"
    restricted_paths: tuple[str, ...] = ()
    on_disconnect: Literal["abort", "drain"] = "abort"
    strict: bool = False
    queue_wait_s: int = 60
    allow_lower_max_tokens: bool = False
    port: int = 2877
    control_port: int = 2878
    cloud: Cloud = field(default_factory=Cloud)
    locals: tuple[Local, ...] = ()
    discover: bool = True
    machine: Figures = field(default_factory=Figures)

    @property
    def effective_cutoff(self) -> Money:
        """The cutoff in force: the one set, else 120 % of the budget."""
        return self.limits().cutoff

    def limits(self) -> Limits:
        """What the ledger needs of it."""
        return Limits.of(self.budget, self.cutoff, alerts=self.alerts)


def load(path: Path, system_zone: Callable[[], str]) -> Settings:
    """Read the config file; a missing one means the defaults. Raises SettingsError or UnsafeFileError."""
    try:
        content = read_private(path)
    except FileNotFoundError:
        content = b""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SettingsError(path.name, (f"line {line}: this is not UTF-8 text",)) from None
    return read(text, system_zone, path.name)


def read(text: str, system_zone: Callable[[], str], name: str = "config.toml") -> Settings:
    """Read the text of a config file; raises SettingsError with everything that is wrong with it."""
    try:
        raw = tomllib.loads(text.removeprefix("\ufeff"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(name, (_syntax(error),)) from None
    reading = _Reading(text)
    values = reading.table("", {key: value for key, value in raw.items() if key not in TABLES})
    cloud = reading.table("cloud", _as_table(raw.get("cloud", {}), reading, "cloud"))
    discover = reading.table("discover", _as_table(raw.get("discover", {}), reading, "discover"))
    machine = reading.machine(_as_table(raw.get("machine", {}), reading, "machine"))
    locals_ = tuple(reading.locals(raw.get("local", [])))
    reading.across(values)
    if reading.problems:
        raise SettingsError(name, tuple(reading.problems))
    if "zone" not in values:
        values["zone"] = ZoneInfo(system_zone())
    if "enabled" in discover:
        values["discover"] = discover["enabled"]
    return Settings(**values, cloud=Cloud(**cloud), locals=locals_, machine=machine)


class _Reading:
    """One reading of one text: collects what is wrong, with its lines."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._models = 0
        self.problems: list[str] = []

    def table(self, table: str, raw: Mapping[str, Any], number: int = 0) -> dict[str, Any]:
        """Read one table by its readers."""
        known = TABLES[table]
        values: dict[str, Any] = {}
        for key, value in raw.items():
            reader = known.get(key)
            if reader is None:
                self.wrong(table, key, _unknown(table, key), number)
            else:
                self._read(table, key, value, reader, values, number)
        return values

    def locals(self, raw: Any) -> Iterator[Local]:
        """Read every `[[local]]` table."""
        if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
            self.wrong("", "local", "`local` must be written as [[local]], once for each server")
            return
        names: set[str] = set()
        for number, item in enumerate(raw):
            values = self.table("local", {key: value for key, value in item.items() if key != "model"}, number)
            values["model"] = tuple(self._one_models(item.get("model", []), number))
            missing = [key for key in ("name", "url") if key not in item]
            if missing:
                self.wrong("local", None, f"this [[local]] server has no `{missing[0]}`", number)
            elif values.get("name") in names:
                self.wrong("local", "name", f"two local servers are called {show(values['name'])}", number)
            elif "name" in values and "url" in values:
                names.add(values["name"])
                yield Local(**values)

    def _one_models(self, raw: Any, server: int) -> Iterator[OneModel]:
        """Read every `[[local.model]]` table of one server."""
        if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
            self.wrong("local", "model", "`model` must be written as [[local.model]], once for each model", server)
            return
        names: set[str] = set()
        for item in raw:
            number, self._models = self._models, self._models + 1
            values = self.table("local.model", item, number)
            if "name" not in item:
                self.wrong("local.model", None, "this [[local.model]] has no `name`", number)
            elif values.get("name") in names:
                self.wrong("local.model", "name", f"two models are called {show(values['name'])}", number)
            elif "name" in values:
                names.add(values["name"])
                yield OneModel(**values)

    def machine(self, raw: Mapping[str, Any]) -> Figures:
        """Read `[machine]`, and check what its keys say together."""
        before = len(self.problems)
        figures = Figures(**self.table("machine", raw))
        for one, other in (("price", "rent_per_hour"), ("hours_per_day", "utilisation")):
            if one in raw and other in raw:
                self.wrong("machine", other, f"`{one}` and `{other}` say the same; give one of them")
        if (figures.residual or ZERO) > (figures.price or figures.residual or ZERO):
            self.wrong("machine", "residual", "`residual` must not be above `price`")
        if len(self.problems) == before:
            try:
                machine_of(figures)
            except ValueError:
                self.wrong("machine", "watts_idle", "`watts_idle` must not be above `watts_prefill` or `watts_decode`")
        return figures

    def across(self, values: Mapping[str, Any]) -> None:
        """Check what two keys say together."""
        budget, cutoff = values.get("budget", Settings.budget), values.get("cutoff")
        if cutoff is not None and cutoff < budget:
            said = f"`cutoff` ({cutoff.dollars()}) must not be below `budget` ({budget.dollars()})"
            self.wrong("", "cutoff", said)
        if values.get("port", Settings.port) == values.get("control_port", Settings.control_port):
            self.wrong(
                "", "control_port" if "control_port" in values else "port", "`port` and `control_port` are the same"
            )

    def wrong(self, table: str, key: str | None, said: str, number: int = 0) -> None:
        """Note a problem, with its line where that can be told."""
        line = _line(self._lines, table, key, number)
        self.problems.append(f"line {line}: {said}" if line else said)

    def _read(self, table: str, key: str, value: Any, reader: Reader, into: dict[str, Any], number: int) -> None:
        try:
            into[key] = reader(value)
        except ValueError as error:
            self.wrong(table, key, f"`{key}` {error}", number)


def _as_table(raw: Any, reading: _Reading, name: str) -> Mapping[str, Any]:
    if isinstance(raw, dict):
        return raw
    reading.wrong("", name, f"`{name}` must be written as a table: [{name}]")
    return {}


def _unknown(table: str, key: str) -> str:
    """Name an unknown key, and the nearest known one, here or in another table."""
    where = f" in [{table}]" if table else ""
    near = difflib.get_close_matches(key, [*TABLES[table], *([] if table else [t for t in TABLES if t])], n=1)
    if near:
        return f'there is no key "{key}"{where}; did you mean "{near[0]}"?'
    others = [other for other in TABLES if key in TABLES[other]]
    if others:
        place = f"in [{others[0]}]" if others[0] else "at the top of the file, before the first [table]"
        return f'there is no key "{key}"{where}; it belongs {place}'
    return f'there is no key "{key}"{where}; the nearest known one is "{_nearest(table, key)}"'


def _nearest(table: str, key: str) -> str:
    return max(TABLES[table], key=lambda known: difflib.SequenceMatcher(None, key, known).ratio())


def _syntax(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep to be read"
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error), re.DOTALL)
    if found is None:
        return str(error)
    if found[2] is None:
        return f"at its end: {found[1][0].lower()}{found[1][1:]}"
    return f"line {found[2]}: {found[1][0].lower()}{found[1][1:]} (column {found[3]})"


def _line(lines: list[str], table: str, key: str | None, number: int) -> int | None:
    """Find the line of a key, or of its table's header for None; None when it is written in an unusual way."""
    at, seen = "", -1
    for count, line in enumerate(lines, start=1):
        header = re.match(r"\s*\[\[?\s*\"?([\w-]+(?:\.[\w-]+)*)\"?", line)
        if header:
            at, seen = header[1], seen + 1 if header[1] == table else seen
        here = at == table and (not table or seen == number)
        if here and (bool(header) if key is None else _names(line, key)):
            return count
        if key is not None and not table and header and header[1] == key:
            return count
    return None


def _names(line: str, key: str) -> bool:
    return re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line) is not None
