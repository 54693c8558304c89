"""Meters: a fake NVML called for real, folders in place of sysfs, and everything that can go wrong with them."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pricing.power import Found, Machinery, find
from pricing.power_count import Counter, Integral
from pricing.power_nvml import Nvml, NvmlError, open_nvml
from tests.kit.nvml import BUS_ID, NOT_LOADED, NOT_SUPPORTED, Compiled, FakeNvml, InPython, compiler


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> FakeNvml | None:
    return Compiled(tmp_path_factory.mktemp("nvml")) if compiler() else None


@pytest.fixture(params=["compiled", "in Python"])
def nvml(request: pytest.FixtureRequest, built: FakeNvml | None) -> FakeNvml:
    if request.param == "in Python":
        return InPython()
    if built is None:
        pytest.skip("no C compiler here: the fake in Python stands in for the compiled one")
    return built


class Clock:
    """Seconds that are set by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def machinery(tmp_path: Path, clock: Clock) -> Machinery:
    """A Linux machine without any meter."""
    (tmp_path / "sys").mkdir()
    return Machinery(clock, _no_driver, tmp_path / "sys", "linux")


def _no_driver() -> Nvml:
    raise NvmlError("no NVIDIA driver")


def with_nvml(machinery: Machinery, nvml: FakeNvml) -> Machinery:
    return replace(machinery, open_nvml=lambda: Nvml(nvml.library))


def reader(found: Found) -> Callable[[], int | None]:
    assert found.reader is not None, found.why
    return found.reader.millijoules


def write(path: Path, text: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


def pci(machinery: Machinery, status: str, vendor: str = "0x10de", place: str = "0000:01:00.0") -> None:
    """Put a display chip on the bus."""
    folder = machinery.sysfs / "bus/pci/devices" / place
    write(folder / "vendor", vendor)
    write(folder / "class", "0x030000")
    write(folder / "power/runtime_status", status)


def test_the_energy_counter_of_a_card_is_counted_from_when_it_was_opened(machinery: Machinery, nvml: FakeNvml):
    nvml.reset(1)
    nvml.card(0, "NVIDIA GeForce RTX 3090")
    # A counter as it stands after weeks: beyond 32 bits.
    nvml.energy(0, 2**40)
    found = find("auto", with_nvml(machinery, nvml))
    assert found.chips == ("NVIDIA GeForce RTX 3090",)
    assert found.reader is not None
    assert (found.reader.source, found.reader.is_counter) == ("NVML energy counter", True)
    assert reader(found)() == 0
    nvml.energy(0, 2**40 + 245_000)
    assert reader(found)() == 245_000


def test_several_cards_are_summed_and_one_can_be_picked_by_name(machinery: Machinery, nvml: FakeNvml):
    nvml.reset(2)
    nvml.card(0, "NVIDIA GeForce RTX 3090")
    nvml.card(1, "NVIDIA GeForce GTX 1650")
    both = find("nvml", with_nvml(machinery, nvml))
    one = find("nvml", with_nvml(machinery, nvml), gpu="rtx 3090")
    unknown = find("nvml", with_nvml(machinery, nvml), gpu="RTX 9999")
    nvml.energy(0, 1_000)
    nvml.energy(1, 30)
    assert [reader(found)() for found in (both, one, unknown)] == [1_030, 1_000, 1_030]
    assert one.chips == ("NVIDIA GeForce RTX 3090",)


def test_a_card_without_a_counter_has_its_power_summed_up(machinery: Machinery, nvml: FakeNvml, clock: Clock):
    nvml.reset(1)
    nvml.energy(0, 0, NOT_SUPPORTED)
    nvml.power(0, 200_000)
    found = find("nvml", with_nvml(machinery, nvml))
    assert found.reader is not None
    assert (found.reader.source, found.reader.is_counter) == ("NVML power, summed up", False)
    assert reader(found)() == 0
    clock.seconds += 1
    assert reader(found)() == 200_000  # 200 W for a second
    nvml.power(0, 100_000)
    clock.seconds += 2
    assert reader(found)() == 500_000  # and two at 150 W between the two samples


def test_a_driver_loaded_anew_starts_its_counter_at_nothing(machinery: Machinery, nvml: FakeNvml):
    nvml.reset(1)
    nvml.energy(0, 10_000)
    count = reader(find("nvml", with_nvml(machinery, nvml)))
    nvml.energy(0, 12_000)
    assert count() == 2_000
    nvml.energy(0, 500)
    assert count() == 2_500


def test_a_card_that_falls_off_the_bus_tells_nothing_and_raises_nothing(machinery: Machinery, nvml: FakeNvml):
    nvml.reset(1)
    count = reader(find("nvml", with_nvml(machinery, nvml)))
    nvml.energy(0, 0, 15)
    assert count() is None
    nvml.energy(0, 7)
    assert count() == 7


@pytest.mark.parametrize(
    ("cards", "code", "why"),
    [
        (1, NOT_LOADED, "NVML: the driver is not loaded (code 9)"),
        (1, 18, "NVML: driver and library are of different versions (code 18)"),
        (1, 77, "NVML: an error (code 77)"),
        (0, 0, "NVML: there is no card"),
    ],
)
def test_a_library_that_does_not_work_says_why(machinery: Machinery, nvml: FakeNvml, cards: int, code: int, why: str):
    nvml.reset(cards, code)
    found = find("nvml", with_nvml(machinery, nvml))
    assert (found.reader, found.why) == (None, (why,))


def test_a_card_that_tells_neither_energy_nor_power_is_no_meter(machinery: Machinery, nvml: FakeNvml):
    nvml.reset(1)
    nvml.energy(0, 0, NOT_SUPPORTED)
    nvml.power(0, 0, 4)
    found = find("nvml", with_nvml(machinery, nvml))
    assert (found.reader, found.why) == (None, ("NVML: no permission (code 4)",))


def test_a_sleeping_card_is_not_woken_to_be_asked(machinery: Machinery, nvml: FakeNvml):
    nvml.reset(1)
    nvml.card(0, "laptop", BUS_ID)
    pci(machinery, "active")
    count = reader(find("nvml", with_nvml(machinery, nvml)))
    nvml.energy(0, 1_000)
    assert count() == 1_000
    pci(machinery, "suspended")
    # Asking now would wake it; the fake would fail the test by answering with an error.
    nvml.energy(0, 0, 999)
    assert count() == 1_000
    pci(machinery, "active")
    nvml.energy(0, 1_500)
    assert count() == 1_500


def test_when_every_nvidia_chip_sleeps_nothing_is_opened_and_no_other_meter_takes_its_place(machinery: Machinery):
    pci(machinery, "suspended")
    rapl(machinery)
    opened: list[int] = []
    found = find("auto", replace(machinery, open_nvml=lambda: opened.append(1)))  # type: ignore[arg-type,return-value]
    assert (found.reader, found.is_asleep, opened) == (None, True, [])


def test_a_machine_without_a_driver_has_no_nvml(machinery: Machinery):
    found = find("auto", machinery)
    assert found.reader is None
    assert found.why == (
        "NVML: no NVIDIA driver",
        "no AMD card tells its power in hwmon",
        "RAPL: the kernel tells no processor's energy",
    )


def test_whatever_breaks_while_looking_is_no_more_than_a_reason(machinery: Machinery):
    def broken() -> Nvml:
        raise RuntimeError("a driver of tomorrow")

    found = find("auto", replace(machinery, open_nvml=broken))
    assert (found.reader, found.why) == (None, ("looking for a power meter failed",))


def test_the_real_library_of_this_machine_is_asked_without_raising(machinery: Machinery):
    found = find("nvml", replace(machinery, open_nvml=open_nvml))
    assert found.reader is not None or found.why[0].startswith("NVML: ")


def amd(machinery: Machinery, number: int = 0, name: str = "amdgpu", **files: object) -> Path:
    folder = machinery.sysfs / f"class/hwmon/hwmon{number}"
    write(folder / "name", name)
    for file, value in files.items():
        write(folder / file, value)
    return folder


def test_an_amd_cards_power_is_summed_up(machinery: Machinery, clock: Clock):
    amd(machinery, 0, name="k10temp", power1_average=1)
    folder = amd(machinery, 1, power1_average=250_000_000)
    found = find("auto", machinery)
    assert found.reader is not None
    assert (found.reader.source, found.reader.is_counter) == ("AMD hwmon power, summed up", False)
    assert reader(found)() == 0
    clock.seconds += 0.5
    assert reader(found)() == 125_000  # 250 W for half a second
    write(folder / "device/power/runtime_status", "suspended")
    (folder / "power1_average").unlink()
    clock.seconds += 1
    assert reader(found)() == 250_000  # sinking to nothing: 125 W on average for a second


def test_an_amd_card_with_a_counter_is_counted(machinery: Machinery):
    folder = amd(machinery, energy1_input=5_000_000, power1_average=1)
    found = find("amd", machinery)
    assert found.reader is not None
    assert (found.reader.source, found.reader.is_counter) == ("AMD hwmon energy counter", True)
    assert reader(found)() == 0
    write(folder / "energy1_input", 5_000_000 + 245_000)
    assert reader(found)() == 245  # µJ to mJ


@pytest.mark.parametrize("content", ["", "N/A", "-5"])
def test_an_amd_file_that_holds_no_number_tells_nothing(machinery: Machinery, content: str):
    folder = amd(machinery, power1_average=1_000_000)
    count = reader(find("amd", machinery))
    write(folder / "power1_average", content)
    assert count() is None


def rapl(machinery: Machinery, *, zone: str = "intel-rapl:0", name: str = "package-0", energy: int = 0) -> Path:
    folder = machinery.sysfs / "class/powercap" / zone
    write(folder / "name", name)
    write(folder / "energy_uj", energy)
    write(folder / "max_energy_range_uj", 262_143_328_850)
    return folder


def test_a_processors_packages_are_counted_and_not_their_parts_nor_the_whole_laptop(machinery: Machinery):
    first = rapl(machinery, energy=1_000_000)
    second = rapl(machinery, zone="intel-rapl:1", name="package-1")
    parts = [
        rapl(machinery, zone="intel-rapl:0:0", name="core"),
        rapl(machinery, zone="intel-rapl:2", name="psys"),
        rapl(machinery, zone="intel-rapl-mmio:0", name="package-0"),
    ]
    found = find("auto", machinery)
    assert found.reader is not None
    assert (found.reader.source, found.reader.is_counter) == ("RAPL energy counter of the whole processor", True)
    for folder in (first, second, *parts):
        write(folder / "energy_uj", 3_000_000)
    assert reader(found)() == 2_000 + 3_000


def test_a_processors_counter_that_wraps_goes_on(machinery: Machinery):
    folder = rapl(machinery, energy=262_143_328_850 - 1_000_000)
    count = reader(find("rapl", machinery))
    write(folder / "energy_uj", 500_000)
    assert count() == 1_500  # a joule to the end of the range, half a one after it


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_counter_that_only_root_may_read_is_named_as_such(machinery: Machinery):
    (rapl(machinery) / "energy_uj").chmod(0)
    assert find("rapl", machinery).why == ("RAPL: only root may read the processor's energy",)


def test_a_counter_that_cannot_be_read_names_its_error(machinery: Machinery):
    folder = rapl(machinery)
    (folder / "energy_uj").unlink()
    (folder / "energy_uj").mkdir()
    assert find("rapl", machinery).why == ("RAPL: cannot be read: IsADirectoryError",)


def test_a_counter_that_goes_away_later_tells_nothing(machinery: Machinery):
    folder = rapl(machinery)
    count = reader(find("rapl", machinery))
    (folder / "energy_uj").unlink()
    assert count() is None


def test_a_modelled_machine_asks_nothing(machinery: Machinery):
    rapl(machinery)
    found = find("modelled", machinery)
    assert (found.reader, found.why) == (None, ("modelled, as set",))


def test_on_a_mac_only_the_chips_name_is_found(machinery: Machinery):
    found = find("auto", replace(machinery, platform="darwin", chip_name=lambda: "Apple M2 Max"))
    assert (found.reader, found.chips) == (None, ("Apple M2 Max",))
    assert found.why == ("macOS tells no energy without root",)


def test_a_gap_that_nobody_sampled_is_not_guessed_over(clock: Clock):
    integral = Integral(clock)
    integral.add(100_000)
    clock.seconds += 3600
    assert integral.add(100_000) == 0
    clock.seconds += 0.1
    assert integral.add(100_000) == 10_000


def test_a_counter_keeps_its_total_over_many_wraps():
    counter = Counter(wraps_at=100)
    assert [counter.add(raw) for raw in (90, 10, 60, 5)] == [0, 20, 70, 115]
