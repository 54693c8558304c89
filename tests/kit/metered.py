"""A machine whose requests, clock and power meter a test conducts."""

from dataclasses import dataclass, field
from fractions import Fraction

from pricing.assumed import Figures
from pricing.machine import LocalCost
from pricing.money import Money
from pricing.power import Found
from proxy.localcost import LocalCosts
from proxy.powermeter import Meter
from proxy.translate.usage import Speed

HERE, LAN = "http://127.0.0.1:11434", "http://192.168.1.20:8080"

# Everything set, so that no assumption is in the way: $0.36/kWh at the wall, a busy hour of the machine is $0.20.
FIGURES = Figures(
    price=Money.usd(2628),
    residual=Money.usd(0),
    years=Fraction(3),
    utilisation=Fraction(1, 2),
    electricity=Money.usd("0.36"),
    psu_efficiency=Fraction(1),
    watts_prefill=Fraction(400),
    watts_decode=Fraction(300),
    watts_idle=Fraction(50),
)


@dataclass
class FakeReader:
    """A meter that counts as the test says, and may take its time."""

    clock: "Clock"
    source: str = "a meter"
    is_counter: bool = True
    count: int | None = 0
    takes_s: float = 0.0
    readings: int = 0

    def millijoules(self) -> int | None:
        self.readings += 1
        self.clock.seconds += self.takes_s
        return self.count


@dataclass
class Clock:
    """Seconds that are set by hand."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Bench:
    """A machine whose requests and meter a test conducts."""

    figures: Figures = FIGURES
    chips: tuple[str, ...] = ()
    metered: bool = True
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.reader = FakeReader(self.clock)
        found = Found(self.reader, self.chips) if self.metered else Found(None, self.chips, ("no meter here",))
        self.meter = Meter(lambda: found, self.clock)
        self.meter.look()
        self.costs = LocalCosts(self.figures, self.meter, self.clock)

    def run(self, seconds: float, joules: int = 0) -> None:
        """Let time pass and energy flow."""
        self.clock.seconds += seconds
        assert self.reader.count is not None
        self.reader.count += joules * 1000


def spent(cost: LocalCost | None) -> LocalCost:
    assert cost is not None
    return cost


def speed(prompt_s: float, output_s: float) -> Speed:
    return Speed(1000, prompt_s * 1000, 100, output_s * 1000, 0)
