"""Machine: what the local machine costs an hour, and so what a local request and a million local tokens cost.

The formula is bursar's own: capital + idle + operation + energy, each by the busy hour. With one speed, one wattage
and a machine that is never idle it is the published `GPU hourly cost / tokens an hour · 10⁶ + energy + operation`.
Everything is exact (whole numbers and fractions) until an amount is made: that is rounded up, once, because what was
spent is never shown as less.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from pricing.money import ZERO, Money

HOURS_A_YEAR = 8760
MS_AN_HOUR = 3_600_000
WATTS_A_KILOWATT = 1000
# A joule is a watt for a second, so a kilowatt hour is 3.6 million of them.
MILLIJOULES_A_KWH = 3_600_000_000
MTOK = 10**6

DECODE_OF_TDP, PREFILL_OF_TDP = Fraction(4, 5), Fraction(1)
"""Where nothing meters: reading a prompt keeps the chip fully busy, writing waits for memory (assumed figures)."""

Exact = Fraction | int


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that runs models: what it was bought or is rented for, and what it draws.

    `utilisation` is busy hours by owned hours. `electricity` is the price of a kWh at the wall, `psu_efficiency` what
    of it arrives behind the power supply, `pue` what the building draws for each watt of the machine (1 at home).
    `rent_per_hour`, if given, stands in place of price, residual and years. `only_for_this` charges its idle hours
    too. `power` says where the watts come from, `assumed` names what nobody set; both travel to every figure.
    ValueError for what no machine has.
    """

    price: Money
    residual: Money
    years: Exact
    utilisation: Exact
    electricity: Money
    psu_efficiency: Exact
    pue: Exact
    watts_prefill: Exact
    watts_decode: Exact
    watts_idle: Exact
    ops_per_hour: Money = ZERO
    rent_per_hour: Money | None = None
    only_for_this: bool = False
    power: str = "set watts"
    assumed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shares = (self.utilisation, self.psu_efficiency)
        watts = (self.watts_prefill, self.watts_decode)
        sane = (
            ZERO <= self.residual <= self.price,
            self.years > 0,
            all(0 < share <= 1 for share in shares),
            self.pue >= 1,
            0 <= self.watts_idle <= min(watts),
            min(self.electricity, self.ops_per_hour, self.rent_per_hour or ZERO) >= ZERO,
        )
        if not all(sane):
            raise ValueError(f"no machine is like this: {self}")

    @property
    def provenance(self) -> str:
        """Say where the figures come from when nothing was metered."""
        return _told(self.power, self.assumed)


@dataclass(frozen=True, slots=True)
class Work:
    """What a request made the machine do: milliseconds of reading its prompt and of writing its answer.

    `batch_share` is its part of what ran at once: one of four requests side by side has a quarter. `timed_by` names
    whose clock it was.
    """

    prefill_ms: Exact = 0
    decode_ms: Exact = 0
    batch_share: Exact = 1
    timed_by: str = ""

    def __post_init__(self) -> None:
        if self.prefill_ms < 0 or self.decode_ms < 0 or not 0 < self.batch_share <= 1:
            raise ValueError(f"no request does this: {self}")

    @property
    def busy_ms(self) -> Fraction:
        """The machine's time that is this request's own."""
        return Fraction(self.prefill_ms + self.decode_ms) * self.batch_share


@dataclass(frozen=True, slots=True)
class Metered:
    """What a power meter counted for one request: its share, idle draw included, over its share of the time."""

    millijoules: int
    over_ms: Exact
    source: str

    def __post_init__(self) -> None:
        if self.millijoules < 0 or self.over_ms < 0:
            raise ValueError(f"no meter counts this: {self}")


@dataclass(frozen=True, slots=True)
class LocalCost:
    """What a local request, or several, came to: energy only (the hardware is there anyway), and with everything.

    `joules_milli` is what the chip drew, before the power supply's loss; `provenance` says how all of it is known.
    `idle` is the part of `full` that pays for hours in which the machine did nothing; zero where that was not kept.
    """

    marginal: Money
    full: Money
    joules_milli: int
    provenance: str
    idle: Money = field(default=ZERO, compare=False)

    def __post_init__(self) -> None:
        if not ZERO <= self.marginal <= self.full - self.idle <= self.full or self.joules_milli < 0:
            raise ValueError(f"not a cost: {self}")

    @classmethod
    def total(cls, costs: Iterable[LocalCost]) -> LocalCost | None:
        """Sum any number of costs, each provenance named once on a line of its own; nothing sums to None."""
        whole = tuple(costs)
        if not whole:
            return None
        return cls(
            marginal=Money.total(cost.marginal for cost in whole),
            full=Money.total(cost.full for cost in whole),
            joules_milli=sum(cost.joules_milli for cost in whole),
            provenance="\n".join(dict.fromkeys(line for cost in whole for line in cost.provenance.splitlines())),
            idle=Money.total(cost.idle for cost in whole),
        )


@dataclass(frozen=True, slots=True)
class Speeds:
    """Tokens a second, summed over all that run at once: prompt tokens read, and tokens written."""

    prefill: Exact
    decode: Exact


@dataclass(frozen=True, slots=True)
class PerMtok:
    """What a million tokens cost: prompt tokens really read (none that were cached), and tokens written."""

    marginal_in: Money
    marginal_out: Money
    full_in: Money
    full_out: Money
    provenance: str


def cost(machine: Machine, work: Work, power: Metered | None = None) -> LocalCost:
    """Tell what one request came to; without a meter its energy is the machine's watts over its work.

    Source: the `[machine]` settings or their assumed defaults, the server's timings, the meter named in `power`.
    """
    above_idle, drawn = _energy(machine, work, power)
    marginal = above_idle * _picos_per_millijoule(machine)
    full = marginal + work.busy_ms * _standing_picos_per_hour(machine) / MS_AN_HOUR
    idle = Money(int(work.busy_ms * _idle_picos_per_hour(machine) / MS_AN_HOUR))
    source = machine.power if power is None else power.source
    timed = f", timed by {work.timed_by}" if work.timed_by else ""
    told, known = _told(source + timed, machine.assumed), (rounded_up(marginal), rounded_up(full))
    return LocalCost(*known, round(drawn), told, min(idle, known[1] - known[0]))


def per_mtok(machine: Machine, speeds: Speeds) -> PerMtok:
    """Tell what a million tokens cost at these speeds; ValueError for a speed that is not above zero."""
    if speeds.prefill <= 0 or speeds.decode <= 0:
        raise ValueError(f"a speed is above zero: {speeds}")
    standing = _standing_picos_per_hour(machine)
    read, write = (_energy_picos_per_hour(machine, w) for w in (machine.watts_prefill, machine.watts_decode))
    hours_in, hours_out = (Fraction(MTOK) / (3600 * Fraction(speed)) for speed in (speeds.prefill, speeds.decode))
    return PerMtok(
        marginal_in=rounded_up(hours_in * read),
        marginal_out=rounded_up(hours_out * write),
        full_in=rounded_up(hours_in * (standing + read)),
        full_out=rounded_up(hours_out * (standing + write)),
        provenance=machine.provenance,
    )


def is_possible(decode: Exact, weight_bytes: int, bytes_per_s: int, batch: int = 1) -> bool:
    """Tell whether memory can deliver the weights fast enough for this many tokens a second over the batch.

    Each step of a batch reads every active weight once: T ≤ batch · bandwidth / bytes. `weight_bytes` are those read
    for one token: of a mixture of experts only the active ones. A server that guesses tokens ahead (speculative
    decoding) may pass this bound honestly. ValueError if there is nothing to compare with.
    """
    if weight_bytes <= 0 or bytes_per_s <= 0 or batch <= 0:
        raise ValueError("weights, bandwidth and batch are above zero")
    return 0 <= decode * weight_bytes <= batch * bytes_per_s


def modelled_watts(tdp: Exact) -> tuple[Fraction, Fraction]:
    """Give the watts of prefill and decode for a chip of this TDP, where nothing meters."""
    return PREFILL_OF_TDP * tdp, DECODE_OF_TDP * tdp


def joules(joules_milli: int) -> str:
    """Write millijoules as joules, exactly: "245.007"."""
    whole, part = divmod(joules_milli, 1000)
    return f"{whole}.{part:03d}"


def rounded_up(picos: Fraction) -> Money:
    """Make an amount of exact picodollars; what is spent is rounded up, to the next whole one."""
    return Money(-(-picos.numerator // picos.denominator))


def _energy(machine: Machine, work: Work, power: Metered | None) -> tuple[Fraction, Fraction]:
    """Give the millijoules above idle, and all that were drawn. A watt for a millisecond is a millijoule."""
    if power is not None:
        idle = machine.watts_idle * Fraction(power.over_ms)
        return max(Fraction(0), power.millijoules - idle), Fraction(power.millijoules)
    drawn = machine.watts_prefill * Fraction(work.prefill_ms) + machine.watts_decode * Fraction(work.decode_ms)
    return drawn * work.batch_share - machine.watts_idle * work.busy_ms, drawn * work.batch_share


def _at_the_wall(machine: Machine) -> Fraction:
    """What is paid for each watt behind the power supply."""
    return Fraction(machine.pue) / Fraction(machine.psu_efficiency)


def _picos_per_millijoule(machine: Machine) -> Fraction:
    return machine.electricity.picos * _at_the_wall(machine) / MILLIJOULES_A_KWH


def _energy_picos_per_hour(machine: Machine, watts: Exact) -> Fraction:
    """Price the watts above idle for an hour: e(W)."""
    above = Fraction(watts) - machine.watts_idle
    return above / WATTS_A_KILOWATT * machine.electricity.picos * _at_the_wall(machine)


def _standing_picos_per_hour(machine: Machine) -> Fraction:
    """Price a busy hour but for its energy: c_capital + c_idle + ops."""
    return _owned_picos_per_hour(machine) / Fraction(machine.utilisation) + machine.ops_per_hour.picos


def _idle_picos_per_hour(machine: Machine) -> Fraction:
    """Tell what a busy hour bears for the idle ones: with a utilisation of 5 %, nineteen of twenty owned hours."""
    busy = Fraction(machine.utilisation)
    return _owned_picos_per_hour(machine) * (1 - busy) / busy


def _owned_picos_per_hour(machine: Machine) -> Fraction:
    """Price an hour of having the machine, busy or not: c_capital + c_idle at full utilisation."""
    if machine.rent_per_hour is not None:
        capital = Fraction(machine.rent_per_hour.picos)
    else:
        capital = Fraction((machine.price - machine.residual).picos) / (machine.years * HOURS_A_YEAR)
    if not machine.only_for_this:
        return capital
    kilowatts = Fraction(machine.watts_idle) / WATTS_A_KILOWATT
    return capital + kilowatts * machine.electricity.picos * _at_the_wall(machine)


def _told(source: str, assumed: tuple[str, ...]) -> str:
    return f"{source}; assumed: {', '.join(assumed)}" if assumed else source
