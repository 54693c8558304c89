"""A model's code is read before it runs, and whatever passes that finds no way out: each wall is tried alone."""

import os
import socket
import sys
from pathlib import Path

import pytest

from proxy.bench.tasks.jail import CELL, STRONG, Jail
from proxy.bench.tasks.vetting import objection

JAIL = Jail()
FREE = Jail(free=True, wall_s=3)
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all the walls")
has_walls = pytest.mark.skipif(
    not set(JAIL.run("", checks=("1 == 1",)).walls) >= STRONG,
    reason="this system does not let a program make namespaces of its own",
)


def test_good_code_runs_and_its_checks_are_told_one_by_one():
    ran = JAIL.run(
        "def double(x):\n    return 2 * x\n", checks=("double(2) == 4", "double(2) == 5", "double('') == ''")
    )
    assert ran.results == (True, False, True)
    assert not ran.all_held


def test_the_usual_parts_of_the_library_work_inside():
    code = (
        "import json, re, math\nfrom collections import Counter, OrderedDict\nfrom dataclasses import dataclass\n"
        "from datetime import datetime\nfrom decimal import Decimal\nfrom enum import Enum\n"
        "from typing import Optional\n"
        "@dataclass\nclass P:\n    x: int\n    y: Optional[int] = None\n"
        "class C(Enum):\n    A = 1\n"
        "def f():\n    return datetime.strptime('2026-01-02', '%Y-%m-%d').day + P(1).x + math.isqrt(9)\n"
        "def g():\n    return len(Counter('aab')) + len(OrderedDict(a=1)) + C.A.value + Decimal('1')\n"
    )
    ran = JAIL.run(code, checks=("f() == 6", "g() == 5", "json.loads('[1]') == [1]", "re.sub('a', 'b', 'aa') == 'bb'"))
    assert ran.all_held, ran


def test_a_check_has_to_be_true_and_not_just_something():
    assert JAIL.run("x = 1", checks=("x",)).results == (False,)
    assert not JAIL.run("x = 1").all_held


@pytest.mark.parametrize(
    "code",
    [
        "import os", "import sys", "from os import path", "import subprocess", "import socket", "import ctypes",
        "import importlib", "from . import x", "import json.codecs", "open('x')", "exec('1')", "eval('1')", "compile",
        "__import__('os')", "().__class__", "(lambda: 0).__globals__", "x = globals", "getattr(x, '__class__')",
        "getattr(x, name)", "vars()", "json.codecs.open('x')", "import collections\ncollections._sys",
        "m = __builtins__", "def f():\n    yield\nf().gi_frame.f_back", "'{0.__class__}'.format(1)", "f'{x.__class__}'",
        "from string import Formatter", "import string\nstring.Formatter", "from operator import attrgetter",
        "import operator\noperator.attrgetter('x')", "from typing import get_type_hints", "breakpoint()",
        "try:\n    1/0\nexcept Exception as e:\n    e.__traceback__.tb_frame",
        "match 1:\n    case object(__class__=found):\n        pass",
        "import functools\nfunctools.update_wrapper(a, b, ('_' * 2 + 'globals' + '_' * 2,), ())", "x = '__globals__'",
        "import typing\ntyping.get_args(typing.Optional['1 + 1'])[0]._evaluate({}, {}, frozenset())",
        "import collections\nm = collections\nm._collections_abc", "from functools import wraps",
        "async def f():\n    pass", "def f(:",
        "x = 1\n" * 30_000, "import dataclasses\ndataclasses.sys.exit()",
        "class A:\n    def f(self):\n        super().__getattribute__('x')",
    ],
)  # fmt: skip
def test_code_that_reaches_for_more_is_not_run_at_all(code: str):
    assert objection(code)
    ran = JAIL.run(code, checks=("1 == 1",))
    assert ran.results == ()
    assert ran.why


@pytest.mark.parametrize(
    "code",
    [
        "class A:\n    def __init__(self):\n        self._x = 1\n        super().__init__()\n"
        "    def __len__(self):\n        return self._x",
        "import math\ndef f(items):\n    return sorted(items, key=lambda i: -math.sqrt(i))",
        "from collections.abc import Iterable\nfrom __future__ import annotations",
        "def f(d):\n    return getattr(d, 'name', None)", "print('hello {}'.format(1))",
        "def f(types, os=None):\n    return {'types': types, 'os': os, '__init__': 1}",
        "if __name__ == '__main__':\n    print(1)",
    ],
)  # fmt: skip
def test_ordinary_code_is_not_objected_to(code: str):
    assert objection(code) is None


HOSTILE = {
    "fork": "import os\nwhile True:\n    os.fork()",
    "thread": "import threading\nthreading.Thread(target=print).start()",
    "memory": "x = 'a' * 2**33",
    "program": "import subprocess\nsubprocess.run(['/bin/true'])",
    "exit": "import sys\nsys.exit(0)",
    "exit at once": "import os\nos._exit(0)",
    "flood": "import os\nwhile True:\n    os.write(1, b'x' * 65536)",
    "prints": "while True:\n    print('x' * 1000)",
    "forever": "while True:\n    pass",
    "sleep": "import time\ntime.sleep(60)",
    "its parent": "import os\nos.kill(os.getppid(), 9)",
    "a forged answer": (
        'import os\nos.write(1, b\'{"nonce": "", "results": [true], "error": "", "walls": []}\\n\')\nos._exit(0)'
    ),
    "recursion": "def f():\n    f()\nf()",
}


@linux
@has_walls
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_that_nobody_read_does_no_harm_and_never_passes(name: str):
    ran = FREE.run(HOSTILE[name], checks=("1 == 1",))
    assert not ran.all_held
    assert ran.why


@linux
@has_walls
def test_no_file_can_be_read_written_or_deleted(tmp_path: Path):
    precious = tmp_path / "precious"
    precious.write_text("kept")
    for code in (
        f"open({str(precious)!r}).read()", f"open({str(tmp_path / 'new')!r}, 'w').write('x')",
        "open('here', 'w').write('x')",
        f"import os\nos.unlink({str(precious)!r})", f"import os\nos.rename({str(precious)!r}, 'x')",
        "import os\nos.listdir('/')",
        f"import os\nos.chmod({str(precious)!r}, 0)", f"import os\nos.mkdir({str(tmp_path / 'folder')!r})",
    ):  # fmt: skip
        assert not FREE.run(code, checks=("1 == 1",)).all_held, code
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
    assert precious.read_text() == "kept"


@linux
@has_walls
def test_no_connection_can_be_made():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ran = FREE.run(f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 1)", checks=("1 == 1",))
        assert not ran.all_held
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()


def test_nothing_of_our_environment_is_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BURSAR_TEST_SECRET", "s3cret")
    ran = FREE.run("import os\nfound = 'BURSAR_TEST_SECRET' in os.environ", checks=("found is False",))
    assert ran.all_held


@pytest.mark.skipif(os.name == "nt", reason="Windows has other descriptors")
def test_none_of_our_descriptors_is_open(tmp_path: Path):
    with (tmp_path / "secret").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        code = f"import os\ntry:\n    os.fstat({file.fileno()})\n    found = True\nexcept OSError:\n    found = False\n"
        # The child has a pipe or two of its own at low numbers; ours is higher.
        assert file.fileno() > 5
        assert FREE.run(code, checks=("found is False",)).all_held


def test_the_strength_of_the_walls_is_told_in_words():
    told = JAIL.isolation()
    assert ("weaker" in told) or ("no walls" in told) or told.startswith("no network, no files")


@linux
@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.fork()", "open({0!r}, 'w')", "open({0!r}).read()", "import socket\nsocket.socket()",
        "import os\nos.unlink({0!r})", "import os\nos.listdir('/')", "import os\nos.utime({0!r})",
        "import os\nos.chmod({0!r}, 0)",
        "import subprocess\nsubprocess.run(['/bin/true'])", "import os\nos.symlink('a', {0!r} + 'b')",
    ],
)  # fmt: skip
def test_where_no_namespaces_are_granted_the_filter_of_system_calls_holds_alone(tmp_path: Path, code: str):
    precious = tmp_path / "precious"
    precious.write_text("kept")
    cell = tmp_path / "cell.py"
    source = CELL.read_text()
    weaker = source.replace("if libc.unshare(NEWUSER", "if 1 + libc.unshare(0 * NEWUSER")
    weaker = weaker.replace('os.chroot(".")', "raise OSError")
    assert weaker != source
    cell.write_text(weaker)
    ran = Jail(free=True, cell=cell).run(code.format(str(precious)), checks=("1 == 1",))
    if "system calls" not in ran.walls:
        pytest.skip("this processor's system calls are not known to the filter")
    assert set(ran.walls) == {"limits", "system calls"}
    assert not ran.all_held
    assert precious.read_text() == "kept"


def test_without_its_parts_nothing_is_run():
    jail = Jail(cell=Path("nowhere"))
    assert not jail.usable
    assert jail.run("1").why == jail.isolation() == "there is no Python here to run it with"
