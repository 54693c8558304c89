"""What Linux tells of power in files: AMD cards (hwmon), processors (powercap), and which chips are asleep.

Sources: the kernel's hwmon interface (energy*_input in µJ, power*_average and power*_input in µW), its powercap
interface (energy_uj, max_energy_range_uj), and the runtime_status of its power management.
Since CVE-2020-8694 energy_uj is readable by root only: then nothing meters a processor, and that is said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pricing.power_count import Counter, Integral

# The drivers of graphics chips that tell their energy or power this way.
_GPU_DRIVERS = {"amdgpu"}
_DISPLAY_CLASS = "0x03"


class Files:
    """Meters the sum of several chips, each by a function that gives its millijoules so far."""

    def __init__(self, source: str, meters: list[Callable[[], int]], *, is_counter: bool) -> None:
        self.source, self.is_counter = source, is_counter
        self._meters = meters

    def millijoules(self) -> int | None:
        """Sum up all chips; None if one of them cannot be read now."""
        try:
            return sum(meter() for meter in self._meters)
        except (OSError, ValueError):
            return None


def amd_gpus(sys: Path, elapsed: Callable[[], float]) -> Files | None:
    """Find the AMD cards that tell their energy, or else their power; None if there are none."""
    folders = [path for path in sorted(sys.glob("class/hwmon/hwmon*")) if _text(path / "name") in _GPU_DRIVERS]
    meters: list[Callable[[], int]] = []
    is_counter = True
    for folder in folders:
        file, counts = _amd_file(folder)
        if file is not None:
            meters.append(_joules(file) if counts else _watts(file, elapsed))
            is_counter = is_counter and counts
    how = "energy counter" if is_counter else "power, summed up"
    return Files(f"AMD hwmon {how}", meters, is_counter=is_counter) if meters else None


def cpu_packages(sys: Path) -> Files | str:
    """Find the processors whose energy may be read; else a sentence that says why not.

    Whole packages only: their parts are in them, and "psys" holds the rest of a laptop too.
    """
    zones = [zone for zone in sorted(sys.glob("class/powercap/intel-rapl:*")) if zone.name.count(":") == 1]
    packages = [zone for zone in zones if _text(zone / "name").startswith("package")]
    if not packages:
        return "RAPL: the kernel tells no processor's energy"
    try:
        meters = [_package(zone) for zone in packages]
    except PermissionError:
        return "RAPL: only root may read the processor's energy"
    except (OSError, ValueError) as error:
        return f"RAPL: cannot be read: {type(error).__name__}"
    return Files("RAPL energy counter of the whole processor", meters, is_counter=True)


def asleep(sys: Path, vendor: str) -> bool:
    """Tell whether there are display chips of this vendor and all of them are suspended; asking would wake them."""
    states = [
        _text(device / "power" / "runtime_status")
        for device in sys.glob("bus/pci/devices/*")
        if _text(device / "vendor") == vendor and _text(device / "class").startswith(_DISPLAY_CLASS)
    ]
    return bool(states) and all(state == "suspended" for state in states)


def is_suspended(device: Path) -> bool:
    """Tell whether one device of sysfs is suspended."""
    return _text(device / "power" / "runtime_status") == "suspended"


def _amd_file(folder: Path) -> tuple[Path | None, bool]:
    """Pick the file to read, and tell whether it counts energy."""
    for name in ("energy1_input", "power1_average", "power1_input"):
        if (folder / name).exists():
            return folder / name, name.startswith("energy")
    return None, True


def _joules(file: Path) -> Callable[[], int]:
    counter, device = Counter(), file.parent / "device"
    # A card that sleeps cannot be read, and draws next to nothing.
    return lambda: (counter.total if is_suspended(device) else counter.add(_number(file))) // 1000


def _watts(file: Path, elapsed: Callable[[], float]) -> Callable[[], int]:
    integral, device = Integral(elapsed), file.parent / "device"
    return lambda: integral.add(0 if is_suspended(device) else _number(file) // 1000)


def _package(zone: Path) -> Callable[[], int]:
    counter = Counter(_number(zone / "max_energy_range_uj"))
    counter.add(_number(zone / "energy_uj"))
    return lambda: counter.add(_number(zone / "energy_uj")) // 1000


def _number(file: Path) -> int:
    value = int(file.read_bytes())
    if value < 0:
        raise ValueError(f"{file.name} is below zero")
    return value


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
