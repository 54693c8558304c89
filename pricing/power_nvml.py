"""NVIDIA's management library, the only place that knows it: energy and power of its cards, by ctypes.

Source: NVML API reference. nvmlDeviceGetTotalEnergyConsumption counts a card's mJ since the driver was loaded (Volta
and newer; it moves every 20 to 100 ms), nvmlDeviceGetPowerUsage tells mW. Both need no special rights.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pricing.power_count import Counter, Integral
from pricing.power_sysfs import is_suspended

_NAMES = ("nvml.dll",) if sys.platform == "win32" else ("libnvidia-ml.so.1", "libnvidia-ml.so")
_NAME_LENGTH = 96
_MEANS = {
    1: "not begun",
    2: "it does not know what was asked",
    3: "the card cannot tell",
    4: "no permission",
    6: "no such card",
    9: "the driver is not loaded",
    12: "the library is too old",
    13: "another version of it answered",
    15: "the card fell off the bus",
    18: "driver and library are of different versions",
    999: "unknown error",
}


class NvmlError(OSError):
    """NVML is not there, or answered with an error."""


class _Pci(ctypes.Structure):
    """nvmlPciInfo_t."""

    _fields_ = (
        ("busIdLegacy", ctypes.c_char * 16),
        ("domain", ctypes.c_uint),
        ("bus", ctypes.c_uint),
        ("device", ctypes.c_uint),
        ("pciDeviceId", ctypes.c_uint),
        ("pciSubSystemId", ctypes.c_uint),
        ("busId", ctypes.c_char * 32),
    )


class Nvml:
    """The opened library."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self.call("nvmlInit_v2")

    def call(self, name: str, *arguments: Any) -> None:
        """Call one function; NvmlError if it is missing or fails."""
        function = getattr(self._library, name, None)
        if function is None:
            raise NvmlError(f"the library has no {name}")
        code = int(function(*arguments))
        if code != 0:
            raise NvmlError(f"{_MEANS.get(code, 'an error')} (code {code})")

    def reader(self, gpu: str, elapsed: Callable[[], float], sysfs: Path) -> NvmlReader:
        """Open the cards whose names hold `gpu`, or else all; NvmlError if none of them can tell its power."""
        cards = [Card(self, index, sysfs) for index in range(self._count())]
        chosen = [card for card in cards if gpu.lower() in card.name.lower()] or cards
        if not chosen:
            raise NvmlError("there is no card")
        return NvmlReader(chosen, elapsed)

    def _count(self) -> int:
        count = ctypes.c_uint()
        self.call("nvmlDeviceGetCount_v2", ctypes.byref(count))
        return count.value


class Card:
    """One card: its name, its energy counter, its power."""

    def __init__(self, nvml: Nvml, index: int, sysfs: Path) -> None:
        self._nvml = nvml
        self._handle = ctypes.c_void_p()
        nvml.call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(self._handle))
        name = ctypes.create_string_buffer(_NAME_LENGTH)
        nvml.call("nvmlDeviceGetName", self._handle, name, ctypes.c_uint(_NAME_LENGTH))
        self.name = name.value.decode("utf-8", "replace")
        self._device = self._folder(sysfs)

    @property
    def is_asleep(self) -> bool:
        """Whether it is suspended: asking would wake it, and it draws next to nothing."""
        return self._device is not None and is_suspended(self._device)

    def energy_mj(self) -> int:
        """Read its counter, in millijoules."""
        value = ctypes.c_ulonglong()
        self._nvml.call("nvmlDeviceGetTotalEnergyConsumption", self._handle, ctypes.byref(value))
        return value.value

    def power_mw(self) -> int:
        """Read what it draws now, in milliwatts."""
        value = ctypes.c_uint()
        self._nvml.call("nvmlDeviceGetPowerUsage", self._handle, ctypes.byref(value))
        return value.value

    def _folder(self, sysfs: Path) -> Path | None:
        """Find it in sysfs by its bus id, where there is a sysfs."""
        pci = _Pci()
        try:
            self._nvml.call("nvmlDeviceGetPciInfo_v3", self._handle, ctypes.byref(pci))
        except NvmlError:
            return None
        # NVML writes the domain with eight digits, the kernel with four.
        folder = sysfs / "bus/pci/devices" / pci.busId.decode("ascii", "replace").lower()[-12:]
        return folder if folder.exists() else None


class NvmlReader:
    """Meters the sum of several cards, by their counters where they have one and else by their power."""

    def __init__(self, cards: list[Card], elapsed: Callable[[], float]) -> None:
        self.chips = tuple(card.name for card in cards)
        pairs = [(_counts(card), card) for card in cards]
        self._meters = [_counted(card) if counts else _summed(card, elapsed) for counts, card in pairs]
        self.is_counter = all(counts for counts, _ in pairs)
        self.source = f"NVML {'energy counter' if self.is_counter else 'power, summed up'}"
        # What cannot be read at all must show now, while another meter can still be found.
        for meter in self._meters:
            meter()

    def millijoules(self) -> int | None:
        """Sum up all cards; None if one of them cannot be read now."""
        try:
            return sum(meter() for meter in self._meters)
        except NvmlError:
            return None


def open_nvml() -> Nvml:
    """Load the library that came with the driver; NvmlError if there is none, or it does not work."""
    for name in _NAMES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        return Nvml(library)
    raise NvmlError("no NVIDIA driver")


def _counts(card: Card) -> bool:
    try:
        card.energy_mj()
    except NvmlError:
        return False
    return True


def _counted(card: Card) -> Callable[[], int]:
    counter = Counter()
    return lambda: counter.total if card.is_asleep else counter.add(card.energy_mj())


def _summed(card: Card, elapsed: Callable[[], float]) -> Callable[[], int]:
    integral = Integral(elapsed)
    return lambda: integral.add(0 if card.is_asleep else card.power_mw())
