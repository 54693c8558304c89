"""Power: what meters the joules of this machine's chips, and why nothing does where nothing can.

Whatever meters is asked for millijoules since it was opened, so that a request is the difference of two readings. No
reader raises: one that cannot tell answers None, and the cost is modelled instead, which its provenance says.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

from pricing.power_nvml import Nvml, NvmlError, open_nvml
from pricing.power_sysfs import amd_gpus, asleep, cpu_packages

Which = Literal["auto", "nvml", "amd", "rapl", "modelled"]
CHOICES: tuple[Which, ...] = ("auto", "nvml", "amd", "rapl", "modelled")

Elapsed = Callable[[], float]

_log = logging.getLogger(__name__)


class PowerReader(Protocol):
    """Counts the energy of this machine's chips."""

    source: str
    """Names the meter, as a person should read it beside a cost."""
    is_counter: bool
    """False if it only knows watts: between two readings it must be asked again and again."""

    def millijoules(self) -> int | None:
        """Count the energy since it was opened; None if it cannot tell now. Never raises."""


@dataclass(frozen=True, slots=True)
class Found:
    """What meters this machine, if anything does, the names of its chips as far as told, and what was tried."""

    reader: PowerReader | None = None
    chips: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    is_asleep: bool = False
    """The chip sleeps, so nothing was asked: look again once it works."""


@dataclass(frozen=True, slots=True)
class Machinery:
    """Where meters are looked for: real by default, folders and a library of their own in a test."""

    elapsed: Elapsed
    open_nvml: Callable[[], Nvml] = open_nvml
    sysfs: Path = Path("/sys")
    platform: str = sys.platform
    chip_name: Callable[[], str] = field(default=lambda: mac_chip())


def find(which: Which, machinery: Machinery, gpu: str = "") -> Found:
    """Find the best meter there is: NVIDIA's counter, AMD's, the processor's; never raises.

    `gpu` picks, of several NVIDIA cards, those whose name it is part of. Looking may take a second (a driver that
    starts), so it is for a thread of its own. On a Mac nothing tells energy without root: there the chip's name is
    found, and its power is modelled. Never run on macOS, and on no AMD card.
    """
    if which == "modelled":
        return Found(why=("modelled, as set",), chips=_mac_chips(machinery))
    tried: list[str] = []
    try:
        for name, look in (("nvml", _nvml), ("amd", _amd), ("rapl", _rapl)):
            if which in ("auto", name):
                found = look(machinery, gpu)
                tried += found.why
                if found.reader is not None or found.is_asleep:
                    return replace(found, why=tuple(tried))
    except Exception:  # noqa: BLE001 - a driver fails in ways that nobody listed; a price must not stop the proxy
        _log.exception("looking for a power meter failed")
        tried.append("looking for a power meter failed")
    if machinery.platform == "darwin":
        tried = ["macOS tells no energy without root"]
    return Found(None, _mac_chips(machinery), tuple(tried))


def mac_chip() -> str:
    """Ask macOS for its chip's name, such as "Apple M2 Max"; "" elsewhere.

    Source: sysctl(3), `sysctlbyname`, and `sysctl machdep.cpu.brand_string`. Never run on a Mac.
    """
    import ctypes

    if sys.platform != "darwin":
        return ""
    size = ctypes.c_size_t(128)
    text = ctypes.create_string_buffer(size.value)
    try:
        code = ctypes.CDLL(None).sysctlbyname(b"machdep.cpu.brand_string", text, ctypes.byref(size), None, 0)
    except (OSError, AttributeError):
        return ""
    return text.value.decode("utf-8", "replace") if code == 0 else ""


def _mac_chips(machinery: Machinery) -> tuple[str, ...]:
    name = machinery.chip_name() if machinery.platform == "darwin" else ""
    return (name,) if name else ()


def _nvml(machinery: Machinery, gpu: str) -> Found:
    """Open NVIDIA's library, unless every NVIDIA chip sleeps: asking would wake a laptop's."""
    if asleep(machinery.sysfs, vendor="0x10de"):
        return Found(why=("NVML: the NVIDIA chip is asleep",), is_asleep=True)
    try:
        library = machinery.open_nvml()
        reader = library.reader(gpu, machinery.elapsed, machinery.sysfs)
    except NvmlError as error:
        return Found(why=(f"NVML: {error}",))
    return Found(reader, reader.chips)


def _amd(machinery: Machinery, _: str) -> Found:
    reader = amd_gpus(machinery.sysfs, machinery.elapsed)
    return Found(reader, why=() if reader else ("no AMD card tells its power in hwmon",))


def _rapl(machinery: Machinery, _: str) -> Found:
    packages = cpu_packages(machinery.sysfs)
    if isinstance(packages, str):
        return Found(why=(packages,))
    return Found(packages)
