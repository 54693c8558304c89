"""What a person says of their machine: exact figures, and mistakes named by their line."""

from fractions import Fraction
from pathlib import Path

import pytest

from pricing.assumed import Figures
from pricing.money import Money
from tests.kit.bursar import Bursar
from tests.tray.conftest import Command
from tray.config_file import DEFAULT
from tray.handover import local_costs_of
from tray.settings import Settings, SettingsError, read


def settings_of(text: str) -> Settings:
    return read(text, lambda: "UTC")


def problem(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        settings_of(text)
    return str(caught.value)


def test_a_file_that_says_nothing_of_the_machine_leaves_everything_to_be_assumed():
    assert settings_of("").machine == settings_of("[machine]\n").machine == Figures()


def test_figures_are_exact_however_they_are_written():
    machine = settings_of(
        '[machine]\nprice = "1500"\nresidual = 300\nyears = 2.5\nhours_per_day = 3\nelectricity = 0.31\n'
        'psu_efficiency = 0.9\npue = 1.1\ntdp = 350\nwatts_idle = 22.5\nops_per_hour = "0.02"\ndedicated = true\n'
        'gpu = "RTX 3090"\npower = "nvml"\n'
    ).machine
    assert machine == Figures(
        price=Money.usd(1500),
        residual=Money.usd(300),
        years=Fraction(5, 2),
        hours_per_day=Fraction(3),
        electricity=Money.usd("0.31"),
        psu_efficiency=Fraction(9, 10),
        pue=Fraction(11, 10),
        tdp=Fraction(350),
        watts_idle=Fraction(45, 2),
        ops_per_hour=Money.usd("0.02"),
        dedicated=True,
        gpu="RTX 3090",
        power="nvml",
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("years = 0", "`years` must be a number of years from 0.1 to 50, not 0"),
        ("years = inf", "`years` must be a number of years from 0.1 to 50"),
        ("hours_per_day = 25", "`hours_per_day` must be a number of hours from 0.01 to 24, not 25"),
        ("hours_per_day = nan", "`hours_per_day` must be a number of hours"),
        ("utilisation = 1.5", "`utilisation` must be a share from 0.0001 to 1, not 1.5"),
        ("psu_efficiency = 90", "`psu_efficiency` must be a share from 0.1 to 1, not 90"),
        ("pue = 0.5", "`pue` must be a factor from 1 to 10, not 0.5"),
        ('tdp = "350 W"', '`tdp` must be a number of watts from 1 to 100000, not "350 W"'),
        ("tdp = true", "`tdp` must be a number of watts from 1 to 100000, not true"),
        ('price = "lots"', '`price` must be an amount in dollars such as "10.00", not "lots"'),
        ('electricity = "-1"', '`electricity` must be between $0 and $500,000, not "-1"'),
        ('power = "guess"', "`power` must be one of 'auto', 'nvml', 'amd', 'rapl', 'modelled', not \"guess\""),
        ("dedicated = 1", "`dedicated` must be true or false, not 1"),
        ("wats_idle = 10", 'there is no key "wats_idle" in [machine]; did you mean "watts_idle"?'),
    ],
)
def test_a_figure_that_cannot_be_is_named_with_its_line(line: str, said: str):
    assert f"line 3: {said}" in problem(f"[machine]\n# mine\n{line}\n")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('price = "1"\nrent_per_hour = "1"', "line 3: `price` and `rent_per_hour` say the same; give one of them"),
        ("utilisation = 0.5\nhours_per_day = 2", "line 2: `hours_per_day` and `utilisation` say the same"),
        ('price = "100"\nresidual = "200"', "line 3: `residual` must not be above `price`"),
        ("watts_prefill = 40\nwatts_idle = 50", "line 3: `watts_idle` must not be above `watts_prefill` or"),
    ],
)
def test_figures_that_contradict_each_other_are_named(lines: str, said: str):
    assert said in problem(f"[machine]\n{lines}\n")


def test_the_default_file_shows_what_is_assumed():
    shown = [line.removeprefix("# ") for line in DEFAULT.split("[machine]")[1].split("[[local]]")[0].splitlines()]
    written = "\n".join(line for line in shown if " = " in line and not line.startswith("gpu"))
    machine = local_costs_of(settings_of(f"[machine]\n{written}\n")).machine
    assumed = local_costs_of(settings_of("")).machine
    assert machine.assumed == ()
    for name in ("price", "residual", "years", "utilisation", "electricity", "psu_efficiency", "pue"):
        assert getattr(machine, name) == getattr(assumed, name), name
    for name in ("watts_prefill", "watts_decode", "watts_idle", "ops_per_hour", "only_for_this"):
        assert getattr(machine, name) == getattr(assumed, name), name


def test_nothing_is_looked_for_before_the_first_local_request():
    facts = local_costs_of(settings_of("")).facts()
    assert (facts["meter"], facts["tried"]) == (None, ["nobody looked for a power meter yet"])
    assert facts["assumed"][0] == "price $1,500"


def test_another_price_counts_as_soon_as_the_file_is_read_again(served: Bursar):
    assert served.status()["machine"]["price_usd"] == "1500"
    config = served.home / "config.toml"
    config.write_text(config.read_text() + '\n[machine]\nprice = "900"\nelectricity = "0.40"\npower = "modelled"\n')
    assert served.command("config", "reload").stdout == "reloaded\n"
    machine = served.status()["machine"]
    assert (machine["price_usd"], machine["electricity_usd_per_kwh"]) == ("900", "0.4")
    assert "price $1,500" not in machine["assumed"]


def test_the_command_checks_the_machine_too(bursar: Command, home: Path):
    config = home / "config.toml"
    config.write_text(config.read_text() + "\n[machine]\npue = 0\n")
    said = bursar("config", "check")
    assert said.code == 1
    assert "line 8: `pue` must be a factor from 1 to 10, not 0" in said.err
