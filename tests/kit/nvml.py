"""A fake of NVIDIA's management library: a real shared library built with the system's compiler, or one in Python."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any, Protocol

SOURCE = Path(__file__).with_name("fake_nvml.c")
NOT_SUPPORTED = 3
NOT_LOADED = 9
BUS_ID = "00000000:01:00.0"


def compiler() -> str | None:
    """Find a C compiler; None if there is none."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


class FakeNvml(Protocol):
    """What a test sets, and the library that our reader opens."""

    library: Any

    def reset(self, cards: int, code: int = 0) -> None:
        """Begin with this many cards, named "card 0" and so on; `code` is what beginning answers."""

    def card(self, index: int, name: str, bus_id: str = "") -> None:
        """Name a card and its place on the bus."""

    def energy(self, index: int, millijoules: int, code: int = 0) -> None:
        """Set a card's counter, and the code that asking for it gives."""

    def power(self, index: int, milliwatts: int, code: int = 0) -> None:
        """Set what a card draws, and the code that asking for it gives."""


class Compiled:
    """A real shared library, called as NVIDIA's is."""

    def __init__(self, folder: Path) -> None:
        target = folder / "libfake-nvidia-ml.so"
        found = compiler()
        assert found is not None
        subprocess.run([found, "-shared", "-fPIC", "-o", str(target), str(SOURCE)], check=True, timeout=60)
        self.library = ctypes.CDLL(str(target))

    def reset(self, cards: int, code: int = 0) -> None:
        self.library.fake_reset(cards, code)
        for index in range(cards):
            self.card(index, f"card {index}")

    def card(self, index: int, name: str, bus_id: str = "") -> None:
        self.library.fake_card(index, name.encode(), bus_id.encode())

    def energy(self, index: int, millijoules: int, code: int = 0) -> None:
        self.library.fake_energy(index, ctypes.c_ulonglong(millijoules), code)

    def power(self, index: int, milliwatts: int, code: int = 0) -> None:
        self.library.fake_power(index, milliwatts, code)


class InPython:
    """The same by functions that write into what ctypes hands them, for machines without a compiler."""

    def __init__(self) -> None:
        self.library = self
        self._code, self._cards = 0, list[dict[str, Any]]()

    def reset(self, cards: int, code: int = 0) -> None:
        self._code = code
        empty = {"bus_id": "", "energy": (0, 0), "power": (0, 0)}
        self._cards = [{"name": f"card {index}", **empty} for index in range(cards)]

    def card(self, index: int, name: str, bus_id: str = "") -> None:
        self._cards[index].update(name=name, bus_id=bus_id)

    def energy(self, index: int, millijoules: int, code: int = 0) -> None:
        self._cards[index]["energy"] = (millijoules, code)

    def power(self, index: int, milliwatts: int, code: int = 0) -> None:
        self._cards[index]["power"] = (milliwatts, code)

    def nvmlInit_v2(self) -> int:  # noqa: N802 - NVIDIA's names
        return self._code

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:  # noqa: N802
        count._obj.value = len(self._cards)
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: Any, device: Any) -> int:  # noqa: N802
        # A handle of zero would read back as None.
        device._obj.value = index.value + 1
        return 0

    def nvmlDeviceGetName(self, device: Any, name: Any, length: Any) -> int:  # noqa: N802
        name.value = self._of(device)["name"].encode()[: length.value - 1]
        return 0

    def nvmlDeviceGetPciInfo_v3(self, device: Any, pci: Any) -> int:  # noqa: N802
        pci._obj.busId = self._of(device)["bus_id"].encode()
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, device: Any, energy: Any) -> int:  # noqa: N802
        return self._give("energy", device, energy)

    def nvmlDeviceGetPowerUsage(self, device: Any, power: Any) -> int:  # noqa: N802
        return self._give("power", device, power)

    def _give(self, name: str, device: Any, into: Any) -> int:
        value, code = self._of(device)[name]
        if code == 0:
            into._obj.value = value
        return int(code)

    def _of(self, device: Any) -> dict[str, Any]:
        return self._cards[device.value - 1]
