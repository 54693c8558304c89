"""A report's CSV in a spreadsheet, with its verdict: `python tests/run.py --prove`."""

from pathlib import Path

import pytest

from tests.prove.report_sheet import EXACT, off, office

pytestmark = pytest.mark.prove


@pytest.mark.skipif(office() is None, reason="no LibreOffice here: apt-get install libreoffice-calc-nogui")
def test_the_csv_opened_in_libreoffice_sums_to_the_report(tmp_path: Path) -> None:
    found = off(tmp_path)
    assert len(found) == 6
    assert {name: amount for name, amount in found.items() if amount > EXACT} == {}
