"""Keys: what each key of the config file may hold, and how its value is read."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from budget.outbox import Kind
from pricing.money import Money
from pricing.power import CHOICES
from proxy.rules.hours import Hours
from tray.alerts.destination import Destination, destination

Reader = Callable[[Any], Any]
"""Turns a TOML value into ours; raises ValueError with the half sentence that follows the key's name."""

MOST = Money.usd(500_000)
"""With 120% of it for a cutoff and more allowed on a day, the ledger can still keep it."""
MOST_PLACES = 100


def money(value: Any) -> Money:
    """Read dollars, written as "10.00", 10 or 10.5."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise ValueError(f'must be an amount in dollars such as "10.00", not {show(value)}')
    try:
        amount = Money.usd(value.strip().removeprefix("$") if isinstance(value, str) else value)
    except ValueError:
        raise ValueError(f'must be an amount in dollars such as "10.00", not {show(value)}') from None
    if not Money(0) <= amount <= MOST:
        raise ValueError(f"must be between $0 and {MOST.dollars(0)}, not {show(value)}")
    return amount


def percents(value: Any) -> tuple[int, ...]:
    """Read percentages of the budget, in rising order."""
    whole = isinstance(value, list) and all(isinstance(item, int) and not isinstance(item, bool) for item in value)
    if not whole or len(value) > 20 or not all(1 <= item <= 1000 for item in value):
        raise ValueError(f"must be a list of percentages such as [50, 80, 100], not {show(value)}")
    return tuple(sorted(set(value)))


def zone(value: Any) -> ZoneInfo:
    """Read a time zone by its IANA name."""
    try:
        return ZoneInfo(value)
    except (KeyError, ValueError, TypeError, OSError):
        raise ValueError(f'must be a time zone such as "Europe/Berlin", not {show(value)}') from None


def flag(value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {show(value)}")
    return value


def text(value: Any) -> str:
    """Read a short line of text."""
    if not isinstance(value, str) or not value.strip() or len(value) > 200 or not value.isprintable():
        raise ValueError(f"must be a short text in quotes, not {show(value)}")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """Read a list of short texts."""
    if not isinstance(value, list) or len(value) > 100:
        raise ValueError(f'must be a list of texts such as ["a", "b"], not {show(value)}')
    return tuple(text(item) for item in value)


def one_of(*choices: str) -> Reader:
    """Make a reader of one of these words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"must be one of {', '.join(map(repr, choices))}, not {show(value)}")
        return value

    return read


def between(least: int, most: int, what: str) -> Reader:
    """Make a reader of a whole number in a range."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"must be {what} from {least} to {most}, not {show(value)}")
        return value

    return read


port = between(1, 65535, "a port number")


def number(least: str, most: str, what: str) -> Reader:
    """Make a reader of an exact number in a range, such as 0.9."""
    low, high = Fraction(least), Fraction(most)

    def read(value: Any) -> Fraction:
        fits = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
        if not fits or not _is_plain(Decimal(value)) or not low <= Fraction(value) <= high:
            raise ValueError(f"must be {what} from {least} to {most}, not {show(value)}")
        return Fraction(value)

    return read


def _is_plain(number: Decimal) -> bool:
    """Tell whether it has so few places that a fraction of it is made at once: infinity and NaN are Decimals too."""
    return number.is_finite() and abs(number.adjusted()) <= MOST_PLACES and len(number.as_tuple().digits) <= MOST_PLACES


def duration(value: Any) -> str:
    """Read how long Ollama keeps a model, in its own words: "30m", "24h", "0", or "-1" for ever."""
    known = isinstance(value, str) and re.fullmatch(r"-1|0|[1-9][0-9]{0,5}(ms|s|m|h)?", value)
    if not known:
        raise ValueError(f'must be a time such as "30m" or "24h", "0" or "-1" (for ever), not {show(value)}')
    return str(value)


def hours(value: Any) -> Hours:
    """Read hours such as "22:00-06:00"."""
    if not isinstance(value, str):
        raise ValueError(f'must be hours such as "22:00-06:00", not {show(value)}')
    return Hours.read(value)


def cloud_url(value: Any) -> str:
    """Read the cloud's address: https, or anything on this machine itself."""
    address = any_url(value)
    if not address.startswith("https://") and not is_loopback(address):
        raise ValueError(f"must begin with https:// (keys travel over it), not {show(value)}")
    return address


def any_url(value: Any) -> str:
    """Read an http or https address of a server, without credentials, query or trailing slash."""
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        plain = not (parts.username or parts.password or parts.query or parts.fragment) and parts.port != 0
    except ValueError:
        plain = False
    if not plain or parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\\]", value):
        raise ValueError(f'must be an address such as "http://127.0.0.1:8080", not {show(value)}')
    return str(value).rstrip("/")


def is_loopback(address: str) -> bool:
    """Tell whether the address can only be this machine."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def existing_file(value: Any) -> Path:
    """Read the path of a file that is there."""
    try:
        path = Path(text(value)).expanduser()
        if path.is_absolute() and path.is_file():
            return path
    except (RuntimeError, OSError):  # There is no such user, or nobody may look.
        pass
    raise ValueError(f"must be the full path of a file that exists, not {show(value)}")


def show(value: Any) -> str:
    """Show a wrong value as a person wrote it, cut short."""
    try:
        shown = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    except ValueError:  # Python writes no whole number of thousands of digits.
        return "a number of thousands of digits"
    return printable(f'"{value}"' if isinstance(value, str) else shown)


def printable(text: str, most: int = 60) -> str:
    """Cut a text short, on one line and without what moves a terminal."""
    cut = text if len(text) <= most else text[: most - 3] + "..."
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in cut)


TOP: Mapping[str, Reader] = {
    "budget": money,
    "cutoff": money,
    "alerts": percents,
    "zone": zone,
    "restricted": one_of("claude-only", "local-only"),
    "restricted_paths": texts,
    "caution": one_of("strict", "balanced", "thrifty"),
    "cache_gate": one_of("on", "off", "all"),
    "on_disconnect": one_of("abort", "drain"),
    "strict": flag,
    "queue_wait_s": between(0, 600, "a number of seconds"),
    "patience_s": between(0, 3600, "a number of seconds"),
    "allow_lower_max_tokens": flag,
    "keep_details_days": between(1, 36500, "a number of days"),
    "port": port,
    "control_port": port,
}
CLOUD: Mapping[str, Reader] = {"url": cloud_url, "ca_file": existing_file, "proxy": any_url}
LOCAL_MODEL: Mapping[str, Reader] = {
    "name": text,
    "context": between(512, 100_000_000, "a number of tokens"),
    "max_output": between(1, 100_000_000, "a number of tokens"),
    "vision": flag,
    "tools": flag,
    "concurrency": between(1, 1024, "a number of requests"),
    "first_token_s": between(1, 3600, "a number of seconds"),
    "idle_s": between(1, 3600, "a number of seconds"),
    "keep_alive": duration,
    "thinking": one_of("auto", "on", "off"),
}
LOCAL: Mapping[str, Reader] = {
    **LOCAL_MODEL,
    "url": any_url,
    "kind": one_of("auto", "ollama", "llamacpp", "lmstudio", "vllm", "openai"),
    "models": texts,
    "messages_api": flag,
    "api_key_env": text,
}
DISCOVER: Mapping[str, Reader] = {"enabled": flag}
PACE: Mapping[str, Reader] = {"enabled": flag, "hours": hours}
MACHINE: Mapping[str, Reader] = {
    "price": money,
    "residual": money,
    "rent_per_hour": money,
    "years": number("0.1", "50", "a number of years"),
    "hours_per_day": number("0.01", "24", "a number of hours"),
    "utilisation": number("0.0001", "1", "a share"),
    "electricity": money,
    "psu_efficiency": number("0.1", "1", "a share"),
    "pue": number("1", "10", "a factor"),
    "tdp": number("1", "100000", "a number of watts"),
    "watts_prefill": number("0.1", "100000", "a number of watts"),
    "watts_decode": number("0.1", "100000", "a number of watts"),
    "watts_idle": number("0", "100000", "a number of watts"),
    "ops_per_hour": money,
    "dedicated": flag,
    "gpu": text,
    "power": one_of(*CHOICES),
}

CLOUD_MODELS: Mapping[str, Reader] = dict.fromkeys(("L0", "L1", "L2", "L3"), text)
KEEPER: Mapping[str, Reader] = {"enabled": flag, "allowance": money, "plans": flag}
SHARES: Mapping[str, Reader] = dict.fromkeys(("L3", "L2"), between(0, 100, "a percentage of the budget"))


def addresses(value: Any) -> tuple[Destination, ...]:
    """Read where alerts go; no error shows an address, which holds secrets."""
    if not isinstance(value, list) or len(value) > 20:
        raise ValueError('must be a list of addresses such as ["ntfy://my-topic"]')
    return tuple(dict.fromkeys(_addressed(each, number) for number, each in enumerate(value, start=1)))


def _addressed(value: Any, number: int) -> Destination:
    try:
        return destination(value)
    except ValueError as error:
        raise ValueError(f"is wrong: address {number} {error}") from None


def kinds(value: Any) -> frozenset[str]:
    """Read kinds of alerts."""
    known = one_of(*(kind.value for kind in Kind))
    return frozenset(known(each) for each in texts(value))


NOTIFY: Mapping[str, Reader] = {"to": addresses, "mute": kinds, "desktop": flag}
TRAY: Mapping[str, Reader] = {"show": flag, "panel": one_of("auto", "light", "dark")}

TABLES: Mapping[str, Mapping[str, Reader]] = {
    "": TOP,
    "cloud": CLOUD,
    "cloud_models": CLOUD_MODELS,
    "shares": SHARES,
    "keeper": KEEPER,
    "pace": PACE,
    "local": LOCAL,
    "local.model": LOCAL_MODEL,
    "discover": DISCOVER,
    "machine": MACHINE,
    "notify": NOTIFY,
    "tray": TRAY,
}
