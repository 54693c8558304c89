"""Shown: amounts, counts and moments as a person reads them on a page; nothing that is not zero reads as zero."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pricing.machine import MILLIJOULES_A_KWH
from pricing.money import Money


def usd(amount: Money | str) -> str:
    """Show what was spent, to the cent."""
    return _money(amount).dollars(2, "nearest")


def signed(amount: Money | str) -> str:
    """Show what was saved, to the cent; what is below nothing bears its sign."""
    return _money(amount).dollars(2, "nearest")


def price(amount: str) -> str:
    """Show a price with all its digits, two behind the point at least."""
    whole, _, part = Money.usd(amount).exact().partition(".")
    return f"${int(whole):,}.{part:0<2}"


def fine(amount: Money | str | None) -> str:
    """Show what one request came to; nothing for None."""
    return "" if amount is None else _money(amount).fine()


def count(number: int | None) -> str:
    """Show a whole number with its thousands apart."""
    return "" if number is None else f"{number:,}"


def short(number: int | None) -> str:
    """Show a count of tokens in three digits or so: 950, 12.3k, 1.24M."""
    if number is None:
        return ""
    if number < 1000:
        return str(number)
    return f"{number / 1000:.3g}k" if number < 999_500 else f"{number / 10**6:.3g}M"


def energy(millijoules: int) -> str:
    """Show energy: in joules up to a watt hour, in kWh above."""
    if millijoules < MILLIJOULES_A_KWH // 1000:
        return f"{millijoules / 1000:,.0f} J"
    return f"{millijoules / MILLIJOULES_A_KWH:,.3f} kWh"


def took(milliseconds: int | None) -> str:
    """Show how long something took; nothing for None."""
    if milliseconds is None:
        return ""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes} min {seconds} s"


def span(length: timedelta) -> str:
    """Show a length of time in hours and minutes."""
    minutes = round(length.total_seconds() / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def clock(moment: datetime | str, zone: ZoneInfo) -> str:
    """Show an hour of the person's day."""
    return _local(moment, zone).strftime("%H:%M")


def second(moment: datetime | str, zone: ZoneInfo) -> str:
    """Show a moment of the person's day."""
    return _local(moment, zone).strftime("%H:%M:%S")


def when(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Show a moment, with its day unless that is today."""
    local = _local(moment, zone)
    return local.strftime("%H:%M:%S" if local.date() == _local(now, zone).date() else "%d %b %H:%M")


def stamp(moment: datetime | str, zone: ZoneInfo) -> str:
    """Show a moment with its date."""
    return _local(moment, zone).strftime("%a %d %b %Y, %H:%M:%S") if moment else ""


def cut(text: str, most: int) -> str:
    """Show the beginning of a long name."""
    return text if len(text) <= most else f"{text[:most]}…"


def session(name: str) -> str:
    """Show a session: the beginning of a long id, a short name as it is."""
    return cut(name, 8) if len(name) > 16 else name


def last_part(path: str) -> str:
    """Show the folder that a path ends in."""
    return path.rstrip("/\\").replace("\\", "/").rpartition("/")[2]


def sentence(text: str) -> str:
    """Begin with a capital, and leave the rest as it is."""
    return text[:1].upper() + text[1:]


def _local(moment: datetime | str, zone: ZoneInfo) -> datetime:
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return at.astimezone(zone)


def _money(amount: Money | str) -> Money:
    return amount if isinstance(amount, Money) else Money.usd(amount)
