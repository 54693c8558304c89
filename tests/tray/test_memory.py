"""What requests needed is given back once nothing is under way, and no core dump shows it to anybody."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.bursar import Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.scripted import eventually
from tests.prove.soak import big
from tests.prove.soak.samples import look
from tests.prove.soak.served import Served
from tray.memory import Tidying

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is told by /proc alone")

MOST_KEPT_MB = 40
"""After ten requests of 5 MB: what is loaded with the first one, and a little."""


def test_large_bodies_leave_little_behind(fake: FakeClaude, tmp_path: Path) -> None:
    with Served(tmp_path, fake.url, budget="9000.00") as bursar:
        found = big.measure(bursar, 5, "pictures", at_once=10, rounds=1, rests_s=(0,))
        assert found.most > found.before + MOST_KEPT_MB  # They were there.
        bursar.do_jobs()
        assert eventually(lambda: look(bursar.pid, tmp_path, 0).rss < found.before + MOST_KEPT_MB, 60), found


def test_nothing_is_tidied_while_an_answer_is_under_way_or_when_nothing_was_asked() -> None:
    done, busy = [0], [False]
    tidying = Tidying(lambda: done[0], lambda: busy[0])
    times = []
    for done[0], busy[0] in ((0, False), (3, True), (3, False), (3, False), (4, False)):
        tidying.look()
        times.append(tidying.times)
    assert times == [0, 0, 1, 1, 2]


def test_no_core_dump_is_written_of_it_though_whoever_started_it_allows_them(fake: FakeClaude, tmp_path: Path) -> None:
    import resource

    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("this system allows nobody a core dump")
    command = ("sh", "-c", 'ulimit -S -c unlimited; exec "$0" "$@"', sys.executable, "-m", "tray")
    with Bursar(tmp_path, fake.url, program=command) as bursar:
        limits = Path(f"/proc/{bursar.pid}/limits").read_text(encoding="utf-8")
    assert next(line.split()[4] for line in limits.splitlines() if line.startswith("Max core")) == "0"


def test_the_c_library_is_told_before_any_thread_begins() -> None:
    program = "from tray.memory import take_sparingly; print(take_sparingly())"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    assert told in ("True", "False")  # False where it is not GNU's.
