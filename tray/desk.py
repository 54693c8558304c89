"""The desk: what a person changes while bursar runs goes to the config file first, then to who works by it."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pricing.table import PriceTable
from pricing.tablefile import PriceTableError
from proxy.agentwires import AgentWires
from proxy.around import Around
from proxy.desk import RequestError, Setting
from proxy.services import Services
from tray import VERSION
from tray.agents.record import Record
from tray.config_edit import Value
from tray.config_file import ChangeError, change
from tray.handover import Load, classifier_of, cloud_of, local_costs_of, options_of, prices_of, registry_of
from tray.modelnames import unknown_models
from tray.paths import Paths
from tray.reading import parsed
from tray.settings import Settings, SettingsError, read, text_of
from tray.settings_text import settings_as_text, value_of
from tray.zone import system_zone

T = TypeVar("T")

FIXED = ("port", "control_port")
"""What only a restart changes."""


class Prices:
    """The price table in force."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self.table: PriceTable = prices_of(paths)

    def reload(self) -> None:
        """Read the files again; raises PriceTableError and keeps what is in force."""
        self.table = prices_of(self._paths)


@dataclass
class InForce:
    """The settings that count now: a reload replaces them."""

    settings: Settings


class SettingsDesk:
    """Changes settings for the running bursar, one change at a time.

    `tray` tells whether an icon can be seen: "host", "no-host", "no-bus", or "off".
    """

    tray: Callable[[], str] = staticmethod(lambda: "off")
    around: Around | None = None
    wires: AgentWires | None = None
    leave: Callable[[], None] | None = None

    def __init__(
        self,
        in_force: InForce,
        load: Load,
        paths: Paths,
        services: Services,
        prices: Prices,
        *,
        environ: Mapping[str, str],
        ports: Mapping[str, int],
    ) -> None:
        self._in_force, self._load, self._paths = in_force, load, paths
        self._services, self._prices = services, prices
        self._environ, self._ports = environ, ports
        self._since: datetime = services.clock()
        self._changing = threading.Lock()

    @property
    def settings_in_force(self) -> Settings:
        """What counts now."""
        return self._in_force.settings

    def set_limits(self, changes: Mapping[str, str | None]) -> None:
        """Write `budget` or `cutoff` into the config file, then have the ledger keep to it."""
        with self._changing:
            wanted: dict[str, Value] = dict(changes)
            _or_refuse(lambda: change(self._paths.config_file, wanted, system_zone))
            self._apply(_or_refuse(self._load))

    def reload(self) -> list[str]:
        """Read config file and prices again; nothing is changed if anything in them is wrong."""
        with self._changing:
            settings = _or_refuse(self._load)
            _or_refuse(self._prices.reload)
            unknown = unknown_models(settings, self._prices.table)
            if unknown:
                raise RequestError("\n".join(unknown))
            waiting = [key for key in FIXED if getattr(settings, key) != getattr(self._in_force.settings, key)]
            self._apply(settings)
            return waiting

    def settings(self) -> dict[str, Setting]:
        """Read what stands in the config file now, as text."""
        content = _or_refuse(lambda: text_of(self._paths.config_file))
        _or_refuse(lambda: read(content, system_zone, self._paths.config_file.name))
        return settings_as_text(parsed(content), self._in_force.settings)

    def change_settings(self, changes: Mapping[str, str]) -> dict[str, str]:
        """Write what was typed into the config file, and go by it; gives what is wrong with each, changing nothing."""
        values, problems = _values_of(changes)
        if problems:
            return problems
        with self._changing:
            try:
                change(self._paths.config_file, values, system_zone)
            except ChangeError as error:
                return _placed(error.problems, changes)
            except (SettingsError, OSError) as error:
                raise RequestError(str(error)) from error
            self._apply(_or_refuse(self._load))
        return {}

    def facts(self) -> dict[str, Any]:
        """Tell who runs, since when, where, by which file."""
        return {
            "version": VERSION,
            "pid": os.getpid(),
            "since": self._since.isoformat(),
            "port": self._ports["proxy"],
            "control_port": self._ports["control"],
            "config_file": str(self._paths.config_file),
            "zone": self._in_force.settings.zone.key,
            "notices": list(self._services.notices()),
            "stepped_aside": Record(self._paths.agents).is_aside,
            "tray": self.tray(),
        }

    def _apply(self, settings: Settings) -> None:
        before, services = self._in_force.settings, self._services
        services.ledger.set_limits(settings.limits(), settings.zone)
        self._in_force.settings = settings
        services.options = options_of(settings)
        services.classifier = classifier_of(settings)
        if settings.machine != before.machine:
            # Requests under way end by what they began with; a meter is looked for anew.
            services.local_costs = local_costs_of(settings)
        if settings.cloud != before.cloud:
            services.cloud = cloud_of(settings)
        if (settings.locals, settings.discover) != (before.locals, before.discover):
            registry = registry_of(settings, self._environ, services.clock, services.locals.knowledge)
            registry.refresh()
            registry.on_failure = services.locals.on_failure
            services.locals = registry


def _values_of(changes: Mapping[str, str]) -> tuple[dict[str, Value], dict[str, str]]:
    """Read each text by itself; what cannot be read is a problem."""
    values: dict[str, Value] = {}
    problems: dict[str, str] = {}
    for name, text in changes.items():
        try:
            values[name] = value_of(name, text)
        except ValueError as wrong:
            problems[name] = f"It {wrong}."
    return values, problems


def _placed(problems: tuple[str, ...], changes: Mapping[str, str]) -> dict[str, str]:
    """Put each problem to the first key that it names, among those that were changed; else to none."""
    found: dict[str, str] = {}
    for said in problems:
        named = re.findall(r"`(\w+)`", said)
        place = next((name for key in named for name in changes if name.rpartition(".")[2] == key), "")
        found[place] = f"{found[place]} {said}." if place in found else f"{said}."
    return found


def _or_refuse(do: Callable[[], T]) -> T:
    """Turn what a person got wrong into the control server's refusal."""
    try:
        return do()
    except (SettingsError, ChangeError, PriceTableError, OSError) as error:
        raise RequestError(str(error)) from error
