"""Names are looked up side by side, and a lookup that hangs holds up no exit."""

import subprocess
import sys
import threading

import pytest

from proxy.wire.lookups import Lookups
from tests.kit.fake_claude import ROOT
from tests.kit.leftovers import nothing_left

HANGS = """
import time
from proxy.wire.lookups import Lookups
Lookups(2, "lookup").submit(time.sleep, 600)
"""


def test_what_is_asked_is_answered_and_what_fails_says_so():
    with nothing_left():
        lookups = Lookups(2, "lookup")
        assert [future.result(5) for future in [lookups.submit(pow, 2, n) for n in range(20)]] == [
            2**n for n in range(20)
        ]
        with pytest.raises(ZeroDivisionError):
            lookups.submit(divmod, 1, 0).result(5)
        lookups.shutdown()


def test_one_that_hangs_is_in_nobody_s_way_and_no_more_run_than_may():
    with nothing_left():
        lookups, over = Lookups(2, "lookup"), threading.Event()
        hangs = lookups.submit(over.wait, 30)
        assert lookups.submit(pow, 2, 3).result(5) == 8
        both = lookups.submit(over.wait, 30), lookups.submit(pow, 2, 3)
        assert not both[1].done()
        over.set()
        assert (hangs.result(5), both[0].result(5), both[1].result(5)) == (True, True, 8)
        lookups.shutdown()


def test_the_process_ends_although_a_lookup_hangs():
    assert subprocess.run([sys.executable, "-c", HANGS], cwd=ROOT, timeout=60, check=False).returncode == 0
