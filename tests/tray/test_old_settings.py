"""The first settings file that bursar ever wrote is read as it was meant."""

import re
from pathlib import Path

from pricing.money import Money
from tray.settings import read

FIRST = (Path(__file__).with_name("config_first.toml")).read_text(encoding="utf-8")


def test_it_is_read_as_it_stands():
    assert read(FIRST, lambda: "UTC").limits().budget == Money.usd(10)


def test_every_key_that_it_offers_is_still_known(tmp_path: Path):
    authority = tmp_path / "ca.pem"
    authority.touch()
    chosen = re.sub(r"^# (?=\w+ = |\[\[)", "", FIRST, flags=re.M).replace("/path/to/ca.pem", str(authority))
    settings = read(chosen, lambda: "UTC")
    assert settings.limits().cutoff == Money.usd(12)
    assert [local.name for local in settings.locals] == ["gpu-box"]
