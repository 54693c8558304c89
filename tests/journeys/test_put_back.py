"""An hour-old ledger is put back in its place, as a backup program does: bursar says so, wherever one looks."""

import shutil
from pathlib import Path

from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import ask, message


def test_an_older_ledger_put_back_brings_no_fresh_money_and_is_told_in_status_log_and_doctor(
    fake: FakeClaude, tmp_path: Path
) -> None:
    bursar = Bursar(tmp_path / "home", fake.url, budget="1.00", cutoff="1.00")
    with bursar:
        assert ask(bursar.url, message("[[out:20]]")).status == 200
        bursar.settled()
        bursar.stop()
        kept = shutil.copy(bursar.database, tmp_path / "kept.db")
        bursar.start()
        assert ask(bursar.url, message("[[out:900]]")).status == 200
        bursar.settled()
        bursar.api("/api/stop", {})
        spent = sum(entry.charged for entry in bursar.entries())
        bursar.kill()
        for part in bursar.database.parent.glob("ledger.db*"):
            part.unlink()
        shutil.copy(kept, bursar.database)
        at_rest = bursar.command("status").stdout
        assert "stopped" in at_rest.lower()
        bursar.start()
        assert sum(entry.charged for entry in bursar.entries()) >= spent
        [notice] = bursar.status()["notices"]
        assert "an older copy" in notice
        assert "put it back" in notice
        assert "bursar reconcile" in notice
        assert bursar.status()["stop"]
        assert notice in (bursar.home / "bursar.log").read_text(encoding="utf-8")
        assert notice in bursar.command("status").stdout
        assert notice in bursar.command("doctor").stdout
