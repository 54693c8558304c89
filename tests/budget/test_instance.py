"""One at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from budget.instance import AlreadyRunning, FileLock, InstanceLock, Owner, owner

HOLD = """
import sys, time
from pathlib import Path
from budget.instance import InstanceLock
with InstanceLock(Path(sys.argv[1])) as lock:
    lock.announce({"proxy": 2877})
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_instance_is_told_who_the_first_is(tmp_path: Path) -> None:
    first = InstanceLock(tmp_path).acquire()
    first.announce({"proxy": 2877, "control": 2878})
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}") as caught:
        InstanceLock(tmp_path).acquire()
    assert caught.value.owner == Owner(os.getpid(), {"proxy": 2877, "control": 2878})
    first.release()
    assert owner(tmp_path / "run.json") is None
    with InstanceLock(tmp_path):
        pass


def test_a_lock_dies_with_its_process_and_a_stale_note_stops_nobody(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunning) as caught:
            InstanceLock(tmp_path).acquire()
        assert caught.value.owner == Owner(process.pid, {"proxy": 2877})
        process.kill()
        process.wait()
    assert (tmp_path / "run.json").exists()
    InstanceLock(tmp_path).acquire().release()


@pytest.mark.parametrize("text", ["", "[]", '{"pid": "x"}', '{"pid": 1, "ports": []}', "\0"])
def test_a_note_that_is_not_ours_names_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    assert owner(tmp_path / "run.json") is None


def test_letting_go_twice_is_harmless(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.acquire()
    lock.release()
    lock.release()
    assert FileLock(tmp_path / "lock").acquire()
