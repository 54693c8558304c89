"""What code of a model may hold before it is run at all: plain computation, and a few modules of the library.

This is the first of several walls, and the only one that is the same on every system; `jail.py` has the others.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

MODULES = frozenset({
    *("abc", "bisect", "collections", "collections.abc", "contextlib", "copy", "csv", "dataclasses", "datetime"),
    *("decimal", "enum", "fractions", "functools", "heapq", "itertools", "json", "math", "operator", "re"),
    *("statistics", "string", "textwrap", "typing", "__future__"),
})  # fmt: skip
"""What may be imported; nothing in it opens a file or a connection when it is used as it is meant."""

_CALLS = frozenset({
    *("open", "exec", "eval", "compile", "__import__", "globals", "locals", "vars", "setattr", "delattr", "input"),
    *("breakpoint", "help", "exit", "quit", "memoryview", "dir"),
})  # fmt: skip
_INSIDE = frozenset({
    *("os", "sys", "subprocess", "shutil", "socket", "builtins", "inspect", "importlib", "codecs", "io", "pathlib"),
    *("ctypes", "threading", "multiprocessing", "signal", "gc", "marshal", "pickle", "tempfile", "posix", "nt"),
    *("weakref", "linecache", "tokenize", "runpy", "types"),
    *("attrgetter", "methodcaller", "get_type_hints", "ForwardRef", "Formatter", "get_field", "format_map"),
    *("wraps", "update_wrapper", "get_args", "evaluate", "_evaluate", "evaluate_forward_ref"),
    *("_eval_type", "_getframe"),
    *("gi_frame", "gi_code", "cr_frame", "cr_code", "ag_frame", "ag_code", "tb_frame", "tb_next", "f_back"),
    *("f_globals", "f_locals", "f_builtins", "f_code", "func_globals", "co_code", "mro"),
})  # fmt: skip
"""Names that lead out of a module or a function, wherever they stand behind a dot."""

_DUNDERS = frozenset({
    *("__init__", "__post_init__", "__name__", "__doc__", "__eq__", "__lt__", "__hash__", "__repr__", "__str__"),
    *("__len__", "__iter__", "__next__", "__contains__", "__getitem__", "__setitem__", "__enter__", "__exit__"),
    *("__call__", "__add__", "__new__", "__all__", "__future__", "__main__"),
})  # fmt: skip
MOST_CHARS = 40_000
MOST_NODES = 20_000


def objection(code: str, modules: frozenset[str] = frozenset()) -> str | None:
    """Say why this code must not be run, in words for a person; None when nothing speaks against it.

    `modules` may be imported besides the library's harmless ones.
    """
    if len(code) > MOST_CHARS:
        return "it is too long"
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "it is no valid Python"
    nodes = list(ast.walk(tree))
    if len(nodes) > MOST_NODES:
        return "it is too long"
    own = _own_names(nodes)
    return next((why for node in nodes for why in _objections(node, MODULES | modules, own)), None)


def _own_names(nodes: list[ast.AST]) -> frozenset[str]:
    """Name what the code itself defines or sets: only such attributes may begin with an underscore."""
    own: set[str] = set()
    for node in nodes:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                own.add(name)
            case ast.Attribute(attr=name, ctx=ast.Store()) | ast.Name(id=name, ctx=ast.Store()):
                own.add(name)
    return frozenset(own)


def _objections(node: ast.AST, modules: frozenset[str], own: frozenset[str]) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (f"it imports {alias.name}" for alias in names if alias.name not in modules)
        case ast.ImportFrom(module=module, names=names, level=level):
            if level or module not in modules:
                yield f"it imports {module}"
            yield from (f"it imports {alias.name}" for alias in names if _leads_out(alias.name))
        case ast.Name(id=name) if name in _CALLS or _is_dunder(name):
            yield f"it uses {name}"
        case ast.Attribute(attr=name) if _leads_out(name) or _is_strangers(name, own):
            yield f"it uses .{name}"
        case ast.MatchClass(kwd_attrs=names):
            # A pattern reads attributes too: `case object(__class__=found)`.
            yield from (f"it looks for .{name}" for name in names if _leads_out(name) or _is_strangers(name, own))
        case ast.Call(func=ast.Name(id="getattr"), args=args) if not _plain_name(args):
            yield "it uses getattr with a name that cannot be seen"
        case ast.Name(id="getattr", ctx=ast.Store()):
            yield "it uses getattr in an odd way"
        case ast.Name(id=name) if name in _INSIDE and name not in own:
            yield f"it uses {name}"
        case ast.Constant(value=str(text)) if _hides_dunder(text):
            yield "it has a text that could lead out of its bounds"
        case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
            yield "it is asynchronous"


def _leads_out(name: str) -> bool:
    return _is_dunder(name) or name.lstrip("_") in _INSIDE


def _is_strangers(name: str, own: frozenset[str]) -> bool:
    """Tell a private name of somebody else: a module's, or an object's that came from one."""
    return name.startswith("_") and name not in _DUNDERS and name not in own


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name not in _DUNDERS


def _plain_name(args: list[ast.expr]) -> bool:
    match args:
        case [_, ast.Constant(value=str(name)), *_]:
            return not name.startswith("_") and name not in _INSIDE
    return False


def _hides_dunder(text: str) -> bool:
    """Tell a text such as "{0.__class__}", which format would follow, or a name that something could be asked for.

    Words about a method, as docstrings have them, may stand.
    """
    return ("__" in text and "{" in text) or (text.isidentifier() and _is_dunder(text))
