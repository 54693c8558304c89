"""The child that runs a model's code: it locks itself in, runs, and says what came of it. Started as a script.

It is not imported by bursar, and imports nothing of it. Its walls, each standing where the others fail: on Linux no
network, no files, no other process (namespaces, an empty root, a filter on system calls); on every POSIX system limits
on time, memory, files and processes; everywhere no environment, no open descriptors, and names that are not there.
"""

import builtins
import contextlib
import ctypes
import io
import json
import os
import sys
import types
from collections.abc import Callable
from typing import Any

try:
    import resource
except ImportError:  # Windows has no such thing.
    resource = None  # type: ignore[assignment]

MEMORY_BYTES = 768 * 1024 * 1024
PRINTED_CHARS = 20_000
NEWUSER, NEWNET, NEWIPC, NEWUTS, NEWNS = 0x10000000, 0x40000000, 0x08000000, 0x04000000, 0x00020000
NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER_MODE = 38, 22, 2
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050001, 0x80000000
NEWER = 424
"""From here on calls have the same numbers everywhere, Intel's second set is far above, and Python needs none of them:
io_uring, clone3, openat2, the new mounts, and what is still to be invented."""

# Calls that reach files, other processes, the network or the kernel's corners, by architecture.
# Sources: the kernel's arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
REFUSED = {
    "x86_64": (0xC000003E, (
        2, 41, 42, 43, 44, 49, 50, 53, 56, 57, 58, 59, 62, 76, 82, 83, 84, 85, 86, 87, 88, 90, 92, 94, 101, 132, 133,
        155, 161, 165, 166, 169, 188, 189, 197, 198, 200, 234, 235, 246, 248, 249, 250, 257, 258, 259, 260, 261, 263,
        264, 265, 266, 268, 272, 280, 298, 304, 308, 310, 311, 316, 321, 322, 323,
    )),
    "aarch64": (0xC00000B7, (
        5, 6, 14, 15, 33, 34, 35, 36, 37, 38, 39, 40, 41, 45, 51, 53, 54, 56, 88, 97, 104, 117, 129, 130, 131, 142,
        198, 199, 200, 201, 202, 203, 206, 217, 218, 219, 220, 221, 241, 265, 268, 270, 271, 276, 280, 281, 282,
    )),
}  # fmt: skip

# Loaded before the doors close; what is imported later has to be among them.
LOADED = (
    "abc", "bisect", "collections", "collections.abc", "contextlib", "copy", "csv", "dataclasses", "datetime",
    "_strptime", "decimal", "_pydecimal", "enum", "fractions", "functools", "heapq", "itertools", "json", "math",
    "operator", "re", "statistics", "string", "textwrap", "typing", "random", "__future__", "locale", "calendar",
    "encodings.ascii", "encodings.latin_1", "encodings.utf_16", "encodings.utf_16_le", "encodings.idna",
    "traceback", "linecache", "unicodedata",
)  # fmt: skip
LOADED_FREELY = ("socket", "subprocess", "threading", "time", "ctypes", "signal", "pathlib", "shutil")
HIDDEN = ("open", "exec", "eval", "compile", "input", "breakpoint", "help", "exit", "quit", "memoryview")


def main() -> None:
    """Read the task from stdin, run it behind the walls, write one line of JSON."""
    task = json.load(sys.stdin)
    out = os.dup(1)
    for name in (*LOADED, *(LOADED_FREELY if task["free"] else ())):
        with contextlib.suppress(ImportError):
            __import__(name)
    walls = lock_in(task["seconds"])
    sys.stdout = sys.stderr = Bounded()
    answer = {"nonce": task["nonce"], "walls": walls, **run(task)}
    os.write(out, json.dumps(answer).encode() + b"\n")
    os._exit(0)


def lock_in(seconds: int) -> list[str]:
    """Put up all walls that this system has, and name them."""
    walls = []
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(NEWUSER | NEWNET | NEWIPC | NEWUTS | NEWNS) == 0:
            walls.append("namespaces")
        with contextlib.suppress(OSError):
            os.chroot(".")
            os.chdir("/")
            walls.append("empty root")
        walls += limits(seconds)
        walls += ["system calls"] if refuse_calls(libc) else []
        return walls
    return limits(seconds)


def limits(seconds: int) -> list[str]:
    """Limit processor time, memory, files and processes; Windows has no such thing."""
    if resource is None:
        return []
    wanted = {
        "RLIMIT_CPU": seconds, "RLIMIT_AS": MEMORY_BYTES, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0, "RLIMIT_NPROC": 0,
        "RLIMIT_NOFILE": 4,
    }  # fmt: skip
    for name, most in wanted.items():
        # macOS refuses some of them.
        with contextlib.suppress(ValueError, OSError, AttributeError):
            resource.setrlimit(getattr(resource, name), (most, most))
    return ["limits"]


class Filter(ctypes.Structure):
    """One instruction of a filter on system calls."""

    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint32))


class Program(ctypes.Structure):
    """A filter on system calls."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(Filter)))


def refuse_calls(libc: ctypes.CDLL) -> bool:
    """Have the kernel refuse the calls listed above; False where it or the processor cannot."""
    known = REFUSED.get(os.uname().machine)
    if known is None or sys.maxsize < 2**32:
        return False
    architecture, calls = known
    steps = [
        Filter(LOAD, 0, 0, 4), Filter(JUMP_EQUAL, 1, 0, architecture), Filter(RETURN, 0, 0, KILL),
        Filter(LOAD, 0, 0, 0), Filter(JUMP_AT_LEAST, 0, 1, NEWER), Filter(RETURN, 0, 0, REFUSE),
    ]  # fmt: skip
    for call in calls:
        steps += [Filter(JUMP_EQUAL, 0, 1, call), Filter(RETURN, 0, 0, REFUSE)]
    steps.append(Filter(RETURN, 0, 0, ALLOW))
    program = Program(len(steps), (Filter * len(steps))(*steps))
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(SET_SECCOMP, FILTER_MODE, ctypes.byref(program), 0, 0) == 0)


class Bounded(io.TextIOBase):
    """What is printed: the beginning is kept from growing, and nobody reads it."""

    def __init__(self) -> None:
        self.left = PRINTED_CHARS

    def write(self, text: str) -> int:
        """Take a text; too many of them end the run."""
        self.left -= len(text)
        if self.left < 0:
            raise RuntimeError("it printed too much")
        return len(text)


def run(task: dict[str, Any]) -> dict[str, Any]:
    """Run the modules, the code and the checks, and count how many of the checks hold."""
    names = builtins_for(task)
    try:
        for name, source in task["modules"].items():
            made = types.ModuleType(name)
            made.__dict__["__builtins__"] = names
            execute(source, made.__dict__)
            sys.modules[name] = made
        space: dict[str, Any] = {"__name__": "answer", "__builtins__": names}
        # A dataclass looks its module up by name.
        sys.modules["answer"] = types.ModuleType("answer")
        execute(task["code"], space)
    except BaseException as error:  # noqa: BLE001 – whatever it raises, SystemExit included
        return {"results": [], "error": told(error)}
    results, first = [], ""
    for check in checks_of(task, space):
        try:
            held = check()
        except BaseException as error:  # noqa: BLE001
            held, first = False, first or told(error)
        results.append(held)
    return {"results": results, "error": first}


def checks_of(task: dict[str, Any], space: dict[str, Any]) -> list[Callable[[], bool]]:
    """Give what has to hold: our expressions, or where the task is to write tests, the tests' not raising."""
    if task["collect"]:
        tests = [value for name, value in space.items() if name.startswith("test") and callable(value)]
        return [lambda test=test: test() is None for test in tests]  # type: ignore[misc]
    space["_raises"] = raises
    return [lambda check=check: eval(check, space) is True for check in task["checks"]]  # type: ignore[misc]


def raises(kind: type[Exception], function: Callable[..., Any], *given: Any) -> bool:
    """Tell whether a call raises an error of this kind: for our checks."""
    try:
        function(*given)
    except kind:
        return True
    return False


def builtins_for(task: dict[str, Any]) -> dict[str, Any]:
    """Give the built-in names without those that open, ask or run; imports come from what is loaded."""
    # datetime and decimal fetch these two for themselves, by the names of whoever calls them.
    allowed = {*task["allowed"], *task["modules"], "_strptime", "_pydecimal"}
    loading = builtins.__import__

    def guarded(name: str, *rest: Any, **more: Any) -> Any:
        if name in allowed:
            return loading(name, *rest, **more)
        raise ImportError(f"{name} is not here")

    if task["free"]:
        return dict(vars(builtins))
    kept = {name: value for name, value in vars(builtins).items() if name not in HIDDEN}
    return {**kept, "__import__": guarded}


def execute(source: str, space: dict[str, Any]) -> None:
    """Run a module's source in a namespace of its own."""
    exec(compile(source, "answer.py", "exec"), space)  # noqa: S102 – this is what the walls are for


def told(error: BaseException) -> str:
    """Name an error in a few words."""
    return f"{type(error).__name__}: {error}"[:200]


if __name__ == "__main__":
    main()
