"""Settings as text: what a person reads and types in a form, and the TOML values that it stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pricing.assumed import BUSY_HOURS_A_DAY, ELECTRICITY, PRICE, PSU_EFFICIENCY, TDP_WATTS, YEARS
from proxy.desk import Setting
from proxy.keeper.wish import DEFAULT_ALLOWANCE
from tray.config_edit import Value
from tray.keys import TABLES, flag, hours, kinds, money, percents, texts, zone
from tray.keys import text as short_text
from tray.settings import DEFAULT_BUDGET, Settings

FORM_TABLES = ("", "cloud_models", "shares", "keeper", "pace", "discover", "machine", "notify")
SECRET = ("notify.to",)
"""The tables that stand once in a file and hold nothing but single keys; SECRET ones among them go to no page."""
DEFAULTS = {
    "budget": DEFAULT_BUDGET.exact(),
    "cutoff": "120% of the budget",
    "discover.enabled": "true",
    "pace.enabled": "false",
    "shares.L3": "0",
    "shares.L2": "0",
    "keeper.enabled": "false",
    "keeper.allowance": DEFAULT_ALLOWANCE.exact(),
    "keeper.plans": "false",
    "machine.price": PRICE.exact(),
    "machine.residual": "0",
    "machine.years": str(YEARS),
    "machine.hours_per_day": str(BUSY_HOURS_A_DAY),
    "machine.electricity": ELECTRICITY.exact(),
    "machine.psu_efficiency": f"{float(PSU_EFFICIENCY):g}",
    "machine.pue": "1",
    "machine.tdp": str(TDP_WATTS),
    "machine.ops_per_hour": "0",
    "machine.dedicated": "false",
    "notify.desktop": "true",
}
"""What counts where nothing is set, as far as no field of `Settings` tells it."""


def settings_as_text(raw: Mapping[str, Any], in_force: Settings) -> dict[str, Setting]:
    """Give every key that a form can hold; `raw` is the parsed file."""
    found: dict[str, Setting] = {}
    for table in FORM_TABLES:
        values = raw.get(table, {}) if table else raw
        for key in TABLES[table]:
            name = f"{table}.{key}" if table else key
            if name in SECRET:
                continue
            text = as_text(values.get(key)) if isinstance(values, Mapping) else ""
            found[name] = Setting(name, text, DEFAULTS.get(name) or _default(name, in_force))
    return found


def as_text(value: Any) -> str:
    """Write a TOML value as a person would type it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            between = "\n" if any(isinstance(item, str) for item in value) else ", "
            return between.join(as_text(item) for item in value)
        case _:
            return str(value)


def value_of(name: str, text: str) -> Value:
    """Read what a person typed for a key; an empty text takes it out. Raises ValueError with what is wrong."""
    table, _, key = name.rpartition(".")
    is_ours = table in FORM_TABLES and name not in SECRET
    reader = TABLES[table].get(key) if is_ours else None
    if reader is None:
        raise ValueError("is no setting that can be changed here")
    if not text.strip():
        return None
    value = _typed(reader, text.strip())
    reader(value)
    return value


def _typed(reader: Any, text: str) -> Value:
    """Turn a text into the kind of value that its reader takes."""
    if reader is money:
        return text.removeprefix("$").strip()
    if reader is flag:
        return {"true": True, "false": False}.get(text.lower(), text)
    if reader is percents:
        parts = re.split(r"[\s,;%]+", text.strip(" ,;%"))
        return [int(part) if part.isascii() and part.isdigit() else part for part in parts]  # type: ignore[return-value]
    if reader in (texts, kinds):
        return [line.strip() for line in text.splitlines() if line.strip()]
    if reader in (short_text, zone, hours) or not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,12})?", text):
        return text
    return Decimal(text) if "." in text else int(text)


def _default(name: str, in_force: Settings) -> str:
    """Give the default of a top-level key, as its dataclass has it."""
    field = type(in_force).__dataclass_fields__.get(name)
    if field is None:
        return ""
    if name == "zone":
        return in_force.zone.key
    default = field.default
    if isinstance(default, tuple):
        return as_text(list(default))
    return as_text(default) if isinstance(default, str | int) else ""
