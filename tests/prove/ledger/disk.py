"""A disk that loses power: what was synced is there, of the rest any part may be, in any order, torn anywhere."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512


@dataclass(frozen=True)
class Call:
    """One call that changed a folder: create, write, truncate, sync, unlink or rename."""

    kind: str
    path: str
    at: int
    data: bytes


def calls(log: Path) -> Iterator[Call]:
    """Read what the shim recorded; a last record cut short is left out."""
    data, position = log.read_bytes(), 0
    while (end := data.find(b"\n", position)) >= 0:
        kind, at, length, path = data[position:end].decode().split(" ", 3)
        size = int(length) if kind in "wr" else 0
        if end + 1 + size > len(data):
            return
        yield Call(kind, path, int(at), data[end + 1 : end + 1 + size])
        position = end + 1 + size


@dataclass
class File:
    """A file as it surely is, and what was done to it since it was last synced."""

    synced: bytes = b""
    unsynced: list[Call] = field(default_factory=list)

    def sync(self) -> None:
        self.synced = _done(self.synced, self.unsynced)
        self.unsynced = []

    def after_the_cut(self, chance: random.Random) -> bytes:
        """Keep all, nothing, a prefix, or any sectors of what was not synced."""
        match chance.randrange(4):
            case 0:
                return self.synced
            case 1:
                return _done(self.synced, self.unsynced)
            case 2:
                return _done(self.synced, self.unsynced[: chance.randrange(len(self.unsynced) + 1)])
            case _:
                kept = chance.random()
                pieces = [piece for call in self.unsynced for piece in _sectors(call)]
                return _done(self.synced, [piece for piece in pieces if chance.random() < kept])


class Disk:
    """A folder on such a disk. Names change durably when the folder, or for a new file the file itself, is synced."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._now: dict[str, File] = {}
        self._synced: dict[str, File] = {}
        self._names: list[Call] = []

    def do(self, call: Call) -> None:
        match call.kind:
            case "s" if call.path in self._now:
                self._now[call.path].sync()
                self._synced[call.path] = self._now[call.path]
                self._names = [name for name in self._names if (name.kind, name.path) != ("u", call.path)]
            case "s":
                self._sync_names(call.path)
            case "c":
                self._now.setdefault(call.path, File())
            case "w" | "t":
                self._now.setdefault(call.path, File()).unsynced.append(call)
            case "u":
                self._now.pop(call.path, None)
                self._names.append(call)
            case "r":
                self._now[call.data.decode()] = self._now.pop(call.path)
                self._names.append(call)

    def _sync_names(self, folder: str) -> None:
        """Make the names in one folder durable; those in others stay as they are."""
        elsewhere = {path: file for path, file in self._synced.items() if _folder_of(path) != folder}
        here = {path: file for path, file in self._now.items() if _folder_of(path) == folder}
        self._synced = elsewhere | here
        self._names = [name for name in self._names if _folder_of(name.path) != folder]

    def after_the_cut(self, chance: random.Random) -> dict[str, bytes]:
        """Give what is left: contents by their paths below the folder."""
        # A journaling file system keeps the order of renames and unlinks; how many of the last ones is chance.
        names = dict(self._synced)
        for call in self._names[: chance.randrange(len(self._names) + 1)]:
            if call.kind == "u":
                names.pop(call.path, None)
            elif call.path in names:
                names[call.data.decode()] = names.pop(call.path)
        return {path[len(self._folder) + 1 :]: file.after_the_cut(chance) for path, file in names.items()}


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def _sectors(call: Call) -> Iterator[Call]:
    if call.kind != "w":
        yield call
        return
    for start in range(0, len(call.data), SECTOR):
        yield Call("w", call.path, call.at + start, call.data[start : start + SECTOR])


def _done(content: bytes, changes: list[Call]) -> bytes:
    result = bytearray(content)
    for call in changes:
        if call.kind == "t":
            if len(result) > call.at:
                del result[call.at :]
            else:
                result.extend(bytes(call.at - len(result)))
        else:
            if len(result) < call.at:
                result.extend(bytes(call.at - len(result)))
            result[call.at : call.at + len(call.data)] = call.data
    return bytes(result)
