"""Assumed: the figures of a machine that a person set, filled up with defaults that are named as assumed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from pricing.hardware import Chip
from pricing.machine import Machine, modelled_watts
from pricing.money import ZERO, Money
from pricing.power import Which

T = TypeVar("T")

HOURS_A_DAY = 24

# Assumptions, not facts: a person's own figures take their place, and every cost names those that stand.
PRICE = Money.usd(1500)
YEARS = Fraction(3)
BUSY_HOURS_A_DAY = Fraction(2)
ELECTRICITY = Money.usd("0.18")
PSU_EFFICIENCY = Fraction(9, 10)
TDP_WATTS = Fraction(100)
IDLE_OF_TDP = Fraction(1, 10)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a person set of their machine; None where they did not. Units as in `Machine`; `tdp` in watts.

    `gpu` names the card or chip if it is not the one that is found; `power` chooses what meters.
    """

    price: Money | None = None
    residual: Money | None = None
    years: Fraction | None = None
    hours_per_day: Fraction | None = None
    utilisation: Fraction | None = None
    electricity: Money | None = None
    psu_efficiency: Fraction | None = None
    pue: Fraction | None = None
    watts_prefill: Fraction | None = None
    watts_decode: Fraction | None = None
    watts_idle: Fraction | None = None
    tdp: Fraction | None = None
    ops_per_hour: Money | None = None
    rent_per_hour: Money | None = None
    dedicated: bool = False
    gpu: str = ""
    power: Which = "auto"


def machine_of(figures: Figures, chips: tuple[Chip, ...] = ()) -> Machine:
    """Make the machine of what is set, what is known of its chips, and defaults; `assumed` names the defaults.

    Raises ValueError for figures that fit no machine, such as more idle watts than busy ones.
    """
    assumed: list[str] = []
    tdp, power, rated = _tdp(figures, chips)
    prefill, decode = modelled_watts(tdp)
    if figures.watts_prefill is not None and figures.watts_decode is not None:
        power = "set watts"
    price, residual, years = _capital(figures, chips, assumed)
    busy = _utilisation(figures, assumed)
    electricity = _or(figures.electricity, ELECTRICITY, f"{ELECTRICITY.dollars()}/kWh", assumed)
    psu = figures.psu_efficiency
    if psu is None:
        psu = Fraction(1) if rated else _or(None, PSU_EFFICIENCY, "power supply 90%", assumed)
    idle = _or(figures.watts_idle, _idle(figures, tdp), f"idle {_shown(_idle(figures, tdp))} W", assumed)
    return Machine(
        price=price,
        residual=residual,
        years=years,
        utilisation=busy,
        electricity=electricity,
        psu_efficiency=psu,
        pue=Fraction(1) if figures.pue is None else figures.pue,
        watts_prefill=max(prefill, idle) if figures.watts_prefill is None else figures.watts_prefill,
        watts_decode=max(decode, idle) if figures.watts_decode is None else figures.watts_decode,
        watts_idle=idle,
        ops_per_hour=figures.ops_per_hour or ZERO,
        rent_per_hour=figures.rent_per_hour,
        only_for_this=figures.dedicated,
        power=power,
        assumed=tuple(assumed),
    )


def _tdp(figures: Figures, chips: tuple[Chip, ...]) -> tuple[Fraction, str, bool]:
    """Give the rated watts, where they come from, and whether they were measured at the wall."""
    if figures.tdp is not None:
        return figures.tdp, f"modelled from a TDP of {_shown(figures.tdp)} W", False
    if figures.watts_prefill is not None:
        return figures.watts_prefill, f"modelled from {_shown(figures.watts_prefill)} W in prefill", False
    if chips and all(chip.watts is not None for chip in chips):
        watts = Fraction(sum(chip.watts or 0 for chip in chips))
        names = " + ".join(chip.name for chip in chips)
        at_the_wall = all(chip.at_the_wall for chip in chips)
        of = "at the wall, " if at_the_wall else ""
        return watts, f"modelled from {_shown(watts)} W ({of}{names})", at_the_wall
    return TDP_WATTS, f"modelled from an assumed TDP of {TDP_WATTS} W", False


def _idle(figures: Figures, tdp: Fraction) -> Fraction:
    """Guess what it draws when it does nothing: never more than when it works."""
    busy = [watts for watts in (figures.watts_prefill, figures.watts_decode) if watts is not None]
    return min(tdp * IDLE_OF_TDP, *busy) if busy else tdp * IDLE_OF_TDP


def _capital(figures: Figures, chips: tuple[Chip, ...], assumed: list[str]) -> tuple[Money, Money, Fraction]:
    if figures.rent_per_hour is not None:
        return ZERO, ZERO, YEARS
    price, residual = figures.price, figures.residual
    if price is None:
        price = _likely_price(chips, residual or ZERO, assumed)
    years = _or(figures.years, YEARS, f"{YEARS} years", assumed)
    return price, _or(residual, ZERO, "no resale", assumed), years


def _likely_price(chips: tuple[Chip, ...], residual: Money, assumed: list[str]) -> Money:
    prices = [chip.launch_price for chip in chips if chip.launch_price is not None]
    if chips and len(prices) == len(chips) and Money.total(prices) >= residual:
        price = Money.total(prices)
        assumed.append(f"price {price.dollars(0)} (launch price of {' + '.join(chip.name for chip in chips)})")
        return price
    price = max(PRICE, residual)
    assumed.append(f"price {price.dollars(0)}")
    return price


def _utilisation(figures: Figures, assumed: list[str]) -> Fraction:
    if figures.utilisation is not None:
        return figures.utilisation
    hours = _or(figures.hours_per_day, BUSY_HOURS_A_DAY, f"busy {BUSY_HOURS_A_DAY} h a day", assumed)
    return hours / HOURS_A_DAY


def _or(value: T | None, default: T, told: str, assumed: list[str]) -> T:
    if value is not None:
        return value
    assumed.append(told)
    return default


def _shown(watts: Fraction) -> str:
    return str(watts.numerator) if watts.denominator == 1 else f"{float(watts):.1f}"
