"""Prove that a report's CSV, opened in LibreOffice, sums to the report: `python -m tests.prove.report_sheet`.

LibreOffice reads the CSV as a person's would, and each column is summed up there by its own SUM.
"""

import csv
import io
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from budget.weekly import Report, report
from pricing.money import Money
from proxy.reportjson import HEAD, report_csv
from tests.kit.pasts import days_before
from tests.kit.weeks import WeekMaker, lived_in
from tests.proxy.dashboard.house import House

MONDAY = datetime(2026, 11, 9, tzinfo=UTC)
PATIENCE_S = 180
# Commas between fields, quotes around texts, UTF-8, from the first line on, English numbers; formulas are worked out.
READS = "--infilter=CSV:44,34,76,1,,1033,false,true,false,false,false,-1,true"
# The same, with every digit of a number and not what its cell shows.
WRITES = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false"
EXACT = Decimal("0.000000001")
"""A spreadsheet counts in floats of fifteen digits: below a billionth of a dollar it is not to be believed."""


def office() -> str | None:
    """Find LibreOffice."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def lived(folder: Path) -> Report:
    """Live a week, with a past beside it."""
    with House(folder, at=MONDAY - timedelta(days=7)) as house:
        lived_in(WeekMaker(house.ledger, house.moments.append), MONDAY, house.ledger)
        days_before(house.ledger, MONDAY)
        return report(house.ledger.file, MONDAY.date(), now=MONDAY + timedelta(days=7), zone=house.zone)


def expected(found: Report) -> dict[str, Money]:
    """Tell what the columns come to by the report."""
    return {
        "charged_usd": found.spend.charged,
        "likely_usd": found.spend.likely,
        "local_full_usd": found.sums.local_full,
        "baseline_usd": found.sums.baseline.likely,
        "saved_usd": found.sums.saved.likely,
        "imported_usd": found.imported.cost,
    }


def summed_by_office(source: str, columns: tuple[str, ...], folder: Path) -> dict[str, Decimal]:
    """Have LibreOffice open a CSV and sum up columns of it."""
    program = office()
    assert program, "no LibreOffice here"
    table = list(csv.reader(io.StringIO(source)))
    letters = {name: _letter(HEAD.index(name)) for name in columns}
    row = [""] * len(HEAD)
    for name, letter in letters.items():
        row[HEAD.index(name)] = f"=SUM({letter}2:{letter}{len(table)})"
    sheet = folder / "report.csv"
    with sheet.open("w", newline="", encoding="utf-8") as file:
        file.write(source)
        csv.writer(file, lineterminator="\n").writerow(row)
    out = folder / "out"
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [program, profile, "--headless", READS, "--convert-to", WRITES, "--outdir", str(out), str(sheet)]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S)
    last = list(csv.reader(io.StringIO((out / "report.csv").read_text(encoding="utf-8"))))[-1]
    return {name: Decimal(last[HEAD.index(name)]) for name in columns}


def off(folder: Path) -> dict[str, Decimal]:
    """Tell by how many dollars each column of a week is off."""
    found = lived(folder / "house")
    wanted = expected(found)
    sums = summed_by_office(report_csv(found, simulated=True), tuple(wanted), folder)
    return {name: abs(sums[name] - Decimal(wanted[name].exact())) for name in wanted}


def _letter(at: int) -> str:
    """Name a column as a spreadsheet does."""
    return _letter(at // 26 - 1) + _letter(at % 26) if at >= 26 else chr(ord("A") + at)


def main() -> None:
    """Tell it for a week."""
    with tempfile.TemporaryDirectory() as folder:
        for name, amount in off(Path(folder)).items():
            print(f"{name:20} off by ${amount:f}")


if __name__ == "__main__":
    main()
