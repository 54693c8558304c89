"""What the fake Claude charges: its own table and its own arithmetic, so that it can contradict ours.

Picodollars per token: $1 per million tokens is 1,000,000. Nothing here comes from `pricing/`, on purpose.
"""

from dataclasses import dataclass

MTOK = 1_000_000  # A price of $1/MTok in picodollars per token.


@dataclass(frozen=True)
class Tariff:
    """The rates of one model, each in picodollars per token."""

    input: int
    write_5m: int
    write_1h: int
    read: int
    output: int


@dataclass(frozen=True)
class ModelFacts:
    """One model as the fake serves it; `long_over` is the prompt size past which `long` applies."""

    tariff: Tariff
    minimum: int  # Fewest tokens a cached prefix may have.
    window: int = 1_000_000
    most_output: int = 128_000
    inline_system: bool = False  # Whether a message may have the role "system".
    geo: bool = True  # Whether `inference_geo` exists for it.
    long_over: int | None = None
    long: Tariff | None = None
    fast: Tariff | None = None


def _tariff(input_: str, write_5m: str, write_1h: str, read: str, output: str) -> Tariff:
    return Tariff(*(_picos(text) for text in (input_, write_5m, write_1h, read, output)))


def _picos(dollars: str) -> int:
    whole, _, part = dollars.partition(".")
    return int(whole) * MTOK + int(part.ljust(6, "0") or "0")


SONNET = _tariff("3", "3.75", "6", "0.30", "15")
OPUS = _tariff("5", "6.25", "10", "0.50", "25")
HAIKU_4_5 = ModelFacts(_tariff("1", "1.25", "2", "0.10", "5"), 4096, 200_000, 64_000, geo=False)
SONNET_4_5 = ModelFacts(SONNET, 1024, 200_000, 64_000, geo=False)

# Prices of 2026-11-20; the dated ids are the same model under another name.
MODELS: dict[str, ModelFacts] = {
    "claude-fable-5-2": ModelFacts(_tariff("8", "10", "16", "0.20", "40"), 512, inline_system=True),
    "claude-opus-5-5": ModelFacts(
        _tariff("4", "5", "8", "0.20", "20"), 512, inline_system=True, fast=_tariff("8", "10", "16", "0.40", "40")
    ),
    "claude-sonnet-5-5": ModelFacts(_tariff("2", "2.50", "4", "0.10", "10"), 512, inline_system=True),
    "claude-haiku-5-5": ModelFacts(
        _tariff("0.10", "0.125", "0.20", "0.01", "0.50"),
        512,
        inline_system=True,
        long_over=100_000,
        long=_tariff("0.50", "0.625", "1", "0.05", "2.50"),
    ),
    "claude-opus-5": ModelFacts(OPUS, 512),
    "claude-opus-4-6": ModelFacts(OPUS, 4096),
    "claude-sonnet-4-6": ModelFacts(SONNET, 1024),
    "claude-sonnet-4-5": SONNET_4_5,
    "claude-sonnet-4-5-20250929": SONNET_4_5,
    "claude-haiku-4-5": HAIKU_4_5,
    "claude-haiku-4-5-20251001": HAIKU_4_5,
}


@dataclass(frozen=True)
class Tokens:
    """What one request used; the classes do not overlap."""

    input: int = 0
    write_5m: int = 0
    write_1h: int = 0
    read: int = 0
    output: int = 0

    @property
    def prompt(self) -> int:
        """All tokens of the prompt, cached or not."""
        return self.input + self.write_5m + self.write_1h + self.read


def charge(model: str, tokens: Tokens, *, geo: str = "global", speed: str = "standard") -> int:
    """Return what these tokens cost, in picodollars."""
    facts = MODELS[model]
    tariff = facts.tariff
    if facts.fast and speed == "fast":
        tariff = facts.fast
    elif facts.long and facts.long_over is not None and tokens.prompt > facts.long_over:
        tariff = facts.long
    picos = (
        tokens.input * tariff.input
        + tokens.write_5m * tariff.write_5m
        + tokens.write_1h * tariff.write_1h
        + tokens.read * tariff.read
        + tokens.output * tariff.output
    )
    if geo != "us":
        return picos
    tenths, rest = divmod(picos * 11, 10)
    assert rest == 0, "every published rate divides by ten"
    return tenths
