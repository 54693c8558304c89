"""Settings: the config file as values, or what is wrong with it and on which line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from budget.bands import Limits
from budget.shares import Shares
from budget.workday import Workday
from pricing.assumed import Figures, machine_of
from pricing.figures import percent
from pricing.money import ZERO, Money
from proxy.keeper.wish import Wish
from proxy.rules.hours import Hours
from proxy.rules.rule import Rule
from proxy.task import Tier
from proxy.upstream.local_model import LocalSetting, ModelSetting
from tray.alerts.destination import Destination
from tray.files import read_private
from tray.keys import TABLES, is_loopback, show
from tray.reading import NotToml, Reading, parsed
from tray.rulekeys import RULE, rules_of

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


@dataclass(frozen=True, slots=True)
class Local(LocalSetting):
    """A local model server that a person named.

    `api_key_env` names the environment variable that holds its key, so that no key stands in the file.
    """

    api_key_env: str = ""


@dataclass(frozen=True)
class Notify:
    """Where alerts go, beside this desktop if it is wanted, and which kinds are not sent."""

    to: tuple[Destination, ...] = ()
    mute: frozenset[str] = frozenset()
    desktop: bool = True


@dataclass(frozen=True)
class Tray:
    """Whether there is an icon, and the colour of the panel that it lies on."""

    show: bool = True
    panel: Literal["auto", "light", "dark"] = "auto"


@dataclass(frozen=True)
class Settings:
    """What a person set, and the defaults for the rest; `cutoff` None means 120% of the budget."""

    zone: ZoneInfo
    budget: Money = DEFAULT_BUDGET
    cutoff: Money | None = None
    alerts: tuple[int, ...] = (50, 80, 100)
    restricted: Literal["claude-only", "local-only"] = "claude-only"
    restricted_paths: tuple[str, ...] = ()
    caution: Literal["strict", "balanced", "thrifty"] = "balanced"
    cache_gate: Literal["on", "off", "all"] = "on"
    on_disconnect: Literal["abort", "drain"] = "abort"
    strict: bool = False
    queue_wait_s: int = 60
    patience_s: int = 90
    allow_lower_max_tokens: bool = False
    keep_details_days: int = 100
    port: int = 2877
    control_port: int = 2878
    cloud: Cloud = field(default_factory=Cloud)
    locals: tuple[Local, ...] = ()
    discover: bool = True
    machine: Figures = field(default_factory=Figures)
    rules: tuple[Rule, ...] = ()
    cloud_models: Mapping[Tier, str] = field(default_factory=dict)
    shares: Shares = field(default_factory=Shares)
    keeper: Wish = field(default_factory=Wish)
    notify: Notify = field(default_factory=Notify)
    tray: Tray = field(default_factory=Tray)
    workday: Workday | Literal["usual"] | None = None
    """The hours over which the budget is to last, or those that are usual; None: `[pace]` is off."""

    @property
    def effective_cutoff(self) -> Money:
        """The cutoff in force: the one set, else 120% of the budget."""
        return self.limits().cutoff

    def limits(self) -> Limits:
        """What the ledger needs of it."""
        return Limits.of(self.budget, self.cutoff, alerts=self.alerts)


def load(path: Path, system_zone: Callable[[], str]) -> Settings:
    """Read the config file; a missing one means the defaults. Raises SettingsError or UnsafeFileError."""
    try:
        text = text_of(path)
    except FileNotFoundError:
        text = ""
    return read(text, system_zone, path.name)


def text_of(path: Path) -> str:
    """Read the config file's text; raises SettingsError if it is none, OSError and UnsafeFileError."""
    content = read_private(path)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        said = f"line {line}: this is not UTF-8 text; save the file as UTF-8"
        raise SettingsError(path.name, (said,)) from None


def read(text: str, system_zone: Callable[[], str], name: str = "config.toml") -> Settings:
    """Read the text of a config file; raises SettingsError with everything that is wrong with it."""
    try:
        raw = parsed(text)
    except NotToml as error:
        raise SettingsError(name, (str(error),)) from None
    tables = {**TABLES, "rule": RULE}
    reading = Reading(text, tables)
    values = reading.table("", {key: value for key, value in raw.items() if key not in tables})
    cloud = Cloud(**reading.table("cloud", reading.one(raw, "cloud")))
    discover = reading.table("discover", reading.one(raw, "discover"))
    machine = _machine(reading, reading.one(raw, "machine"))
    locals_ = tuple(_locals(reading, raw.get("local", [])))
    rules = rules_of(reading, raw.get("rule", []))
    cheaper = reading.table("cloud_models", reading.one(raw, "cloud_models"))
    shares = _shares(reading, reading.one(raw, "shares"))
    keeper = Wish(**reading.table("keeper", reading.one(raw, "keeper")))
    workday = _workday(reading, reading.one(raw, "pace"))
    notify = Notify(**reading.table("notify", reading.one(raw, "notify")))
    tray = Tray(**reading.table("tray", reading.one(raw, "tray")))
    _check_across(reading, values)
    if not reading.problems:
        _check_addresses(reading, values, cloud, locals_)
    if reading.problems:
        raise SettingsError(name, tuple(reading.problems))
    if "zone" not in values:
        values["zone"] = ZoneInfo(system_zone())
    if "enabled" in discover:
        values["discover"] = discover["enabled"]
    models = {Tier[name]: model for name, model in cheaper.items()}
    return Settings(
        **values,
        cloud=cloud,
        locals=locals_,
        machine=machine,
        rules=rules,
        cloud_models=models,
        shares=shares,
        keeper=keeper,
        notify=notify,
        tray=tray,
        workday=workday,
    )


def _locals(reading: Reading, raw: Any) -> Iterator[Local]:
    """Read every `[[local]]` table."""
    names: set[str] = set()
    models = count()
    for number, item in enumerate(reading.several(raw, "local", "server")):
        values = reading.table("local", {key: value for key, value in item.items() if key != "model"}, number)
        values["each"] = tuple(_one_models(reading, item.get("model", []), number, models))
        missing = [key for key in ("name", "url") if key not in item]
        if missing:
            reading.wrong("local", None, f"this [[local]] server has no `{missing[0]}`", number)
        elif values.get("name") in names:
            reading.wrong("local", "name", f"two local servers are called {show(values['name'])}", number)
        elif "name" in values and "url" in values:
            names.add(values["name"])
            yield Local(**_renamed(values))


def _one_models(reading: Reading, raw: Any, server: int, numbers: Iterator[int]) -> Iterator[ModelSetting]:
    """Read every `[[local.model]]` table of one server; `numbers` counts them through the file."""
    names: set[str] = set()
    for item in reading.several(raw, "local.model", "model", "local", server):
        number = next(numbers)
        values = reading.table("local.model", item, number)
        if "name" not in item:
            reading.wrong("local.model", None, "this [[local.model]] has no `name`", number)
        elif values.get("name") in names:
            reading.wrong("local.model", "name", f"two models are called {show(values['name'])}", number)
        elif "name" in values:
            names.add(values["name"])
            yield ModelSetting(**_renamed(values))


def _renamed(values: dict[str, Any]) -> dict[str, Any]:
    """Give what was read under the names that the proxy has for it."""
    return {"first_s" if key == "first_token_s" else key: value for key, value in values.items()}


def _machine(reading: Reading, raw: Mapping[str, Any]) -> Figures:
    """Read `[machine]`, and check what its keys say together."""
    before = len(reading.problems)
    figures = Figures(**reading.table("machine", raw))
    for one, other in (("price", "rent_per_hour"), ("hours_per_day", "utilisation")):
        if one in raw and other in raw:
            reading.wrong("machine", other, f"`{one}` and `{other}` say the same; give one of them")
    if (figures.residual or ZERO) > (figures.price or figures.residual or ZERO):
        reading.wrong("machine", "residual", "`residual` must not be above `price`")
    if len(reading.problems) == before:
        try:
            machine_of(figures)
        except ValueError:
            reading.wrong("machine", "watts_idle", "`watts_idle` must not be above `watts_prefill` or `watts_decode`")
    return figures


def _shares(reading: Reading, raw: Mapping[str, Any]) -> Shares:
    """Read `[shares]`; together they are not more than all."""
    values = reading.table("shares", raw)
    l3, l2 = values.get("L3", 0), values.get("L2", 0)
    if l3 + l2 <= 100:
        return Shares(l3, l2)
    reading.wrong("shares", "L2", f"`L3` and `L2` together keep {percent(l3 + l2)} of the budget")
    return Shares()


def _workday(reading: Reading, raw: Mapping[str, Any]) -> Workday | Literal["usual"] | None:
    """Read `[pace]`; hours that nobody enabled are kept for later, and mean nothing."""
    values = reading.table("pace", raw)
    hours: Hours | None = values.get("hours")
    if not values.get("enabled"):
        return None
    return Workday(hours.since, hours.until) if hours else "usual"


def _check_across(reading: Reading, values: Mapping[str, Any]) -> None:
    """Check what two keys say together."""
    budget, cutoff = values.get("budget", Settings.budget), values.get("cutoff")
    if cutoff is not None and cutoff < budget:
        said = f"`cutoff` ({cutoff.dollars()}) must not be below `budget` ({budget.dollars()})"
        reading.wrong("", "cutoff", said)
    if values.get("port", Settings.port) == values.get("control_port", Settings.control_port):
        key = "control_port" if "control_port" in values else "port"
        reading.wrong("", key, "`port` and `control_port` are the same")


def _check_addresses(reading: Reading, values: Mapping[str, Any], cloud: Cloud, locals_: tuple[Local, ...]) -> None:
    """Check that no upstream is bursar itself, whose requests would go round for ever, and none is named twice."""
    own = (values.get("port", Settings.port), values.get("control_port", Settings.control_port))
    if _is_own(cloud.url, own):
        reading.wrong("cloud", "url", "`url` is bursar's own address; it must be the one of Claude's API")
    seen: dict[str, str] = {}
    for number, local in enumerate(locals_):
        if _is_own(local.url, own):
            reading.wrong("local", "url", "`url` is bursar's own address; it must be the one of a model server", number)
        elif local.url in seen:
            said = f"`url` is the one of {show(seen[local.url])} already; what differs by model goes in [[local.model]]"
            reading.wrong("local", "url", said, number)
        seen[local.url] = local.name


def _is_own(address: str, ports: tuple[int, ...]) -> bool:
    return is_loopback(address) and urlsplit(address).port in ports
