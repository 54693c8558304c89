"""What nobody set is assumed, and said; what is known of a chip is found by its name, or not at all."""

import json
from fractions import Fraction
from importlib.resources import files

import pytest

from pricing.assumed import Figures, machine_of
from pricing.hardware import chips, find_chip
from pricing.money import ZERO, Money

RTX_3090 = find_chip("NVIDIA GeForce RTX 3090")
M2_MAX = find_chip("Apple M2 Max")


def test_with_nothing_set_and_nothing_found_every_figure_is_named_as_assumed():
    machine = machine_of(Figures())
    assert machine.power == "modelled from an assumed TDP of 100 W"
    assert machine.assumed == (
        *("price $1,500", "3 years", "no resale", "busy 2 h a day", "$0.18/kWh", "power supply 90%", "idle 10 W"),
    )
    assert machine.utilisation == Fraction(2, 24)


def test_with_everything_set_nothing_is_assumed():
    watts = {"watts_prefill": Fraction(350), "watts_decode": Fraction(280), "watts_idle": Fraction(20)}
    money = {"price": Money.usd(1500), "residual": Money.usd(300), "electricity": Money.usd("0.31")}
    machine = machine_of(
        Figures(years=Fraction(4), utilisation=Fraction(1, 5), psu_efficiency=Fraction(9, 10), **watts, **money)
    )
    assert (machine.assumed, machine.power) == ((), "set watts")
    assert machine.provenance == "set watts"


def test_a_known_card_brings_its_watts_and_its_launch_price():
    assert RTX_3090 is not None
    machine = machine_of(Figures(), (RTX_3090,))
    assert (machine.watts_prefill, machine.watts_decode, machine.watts_idle) == (350, 280, 35)  # 1, 0.8, 0.1 × 350 W
    assert machine.price == Money.usd(1499)
    assert machine.assumed[0] == "price $1,499 (launch price of RTX 3090)"


def test_two_cards_draw_and_cost_twice():
    assert RTX_3090 is not None
    machine = machine_of(Figures(), (RTX_3090, RTX_3090))
    assert (machine.watts_prefill, machine.price) == (700, Money.usd(2998))


def test_watts_that_were_measured_at_the_wall_lose_nothing_more_in_a_power_supply():
    assert M2_MAX is not None
    machine = machine_of(Figures(), (M2_MAX,))
    assert (machine.watts_prefill, machine.psu_efficiency) == (145, 1)
    assert machine.power == "modelled from 145 W (at the wall, M2 Max)"
    assert "power supply 90%" not in machine.assumed


def test_a_rented_machine_has_no_price_to_assume():
    machine = machine_of(Figures(rent_per_hour=Money.usd("2.50")))
    assert (machine.price, machine.rent_per_hour) == (ZERO, Money.usd("2.50"))
    assert not any(word in told for told in machine.assumed for word in ("price", "years", "resale"))


def test_a_persons_tdp_counts_above_the_cards():
    assert RTX_3090 is not None
    machine = machine_of(Figures(tdp=Fraction(250)), (RTX_3090,))
    assert (machine.watts_prefill, machine.watts_decode) == (250, 200)
    assert machine.power == "modelled from a TDP of 250 W"


def test_idle_watts_are_never_assumed_above_those_that_were_set_for_work():
    machine = machine_of(Figures(watts_prefill=Fraction(5), watts_decode=Fraction(4)))
    assert machine.watts_idle == Fraction(1, 2)  # a tenth of the 5 W
    machine = machine_of(Figures(watts_decode=Fraction(4)))
    assert machine.watts_idle == 4  # a tenth of the assumed 100 W would be above them


def test_figures_that_fit_no_machine_are_refused():
    with pytest.raises(ValueError, match="no machine is like this"):
        machine_of(Figures(watts_idle=Fraction(50), watts_prefill=Fraction(40), watts_decode=Fraction(40)))


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("NVIDIA GeForce RTX 3090", "RTX 3090"),
        ("NVIDIA GeForce RTX 4070 Ti SUPER", "RTX 4070 Ti SUPER"),
        ("rtx 4070 ti", "RTX 4070 Ti"),
        ("NVIDIA A100-SXM4-80GB", "A100 SXM4 80GB"),
        ("NVIDIA H100 80GB HBM3", "H100 80GB HBM3"),
        ("Tesla T4", "T4"),
        ("AMD Instinct MI300X", "MI300X"),
        ("Apple M4", "M4"),
        ("Apple M3 Ultra", "M3 Ultra"),
    ],
)
def test_a_chip_is_found_by_its_drivers_name(name: str, known: str):
    chip = find_chip(name)
    assert chip is not None
    assert chip.name == known


@pytest.mark.parametrize(
    "name",
    [
        "NVIDIA GeForce RTX 3090 Ti",
        "NVIDIA GeForce RTX 4090 D",
        "NVIDIA GeForce RTX 4090 Laptop GPU",
        "NVIDIA GeForce RTX 3080 with Max-Q Design",
        "NVIDIA RTX 6000 Ada Generation",
        "Radeon RX 7900 GRE",
        "A100",
        "",
    ],
)
def test_a_chip_of_a_similar_name_is_not_taken_for_another(name: str):
    assert find_chip(name) is None


def test_each_row_of_the_table_has_a_source_and_figures_that_can_be():
    for chip in chips():
        assert chip.source.startswith("http"), chip
        assert 50e9 <= chip.bytes_per_s <= 10e12, chip
        assert chip.watts is None or 30 <= chip.watts <= 1000, chip
        assert find_chip(chip.name) == chip


def test_the_table_is_dated_and_every_source_is_used():
    raw = json.loads(files("pricing").joinpath("hardware.json").read_text(encoding="utf-8"))
    assert raw["as_of"] == "2026-11-21"
    used = {name for row in raw["chips"] for name in row["source"].split()}
    assert used == set(raw["sources"])
