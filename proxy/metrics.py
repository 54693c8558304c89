"""Metrics: how the day stands, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from budget.bands import Band
from budget.state import Mode
from budget.today import Today
from pricing.machine import LocalCost, joules
from pricing.money import Money
from proxy.upstream.local_model import LocalUpstream

if TYPE_CHECKING:
    from proxy.services import Services


def metrics(services: Services) -> str:
    """Write all figures, each with what it means."""
    spent = services.local_costs.spent if services.local_costs else {}
    return "\n".join([*_today(services.ledger.today()), *_locals(services.locals.snapshot()), *_local_work(spent), ""])


def _today(today: Today) -> Iterator[str]:
    amounts = {
        "settled": ("Charged to today, by the bound where the exact cost is unknown.", today.settled),
        "held": ("Held now for requests under way.", today.held),
        "likely": ("What today most likely cost.", today.likely),
        "budget": ("Meant to be spent in a day.", today.limits.budget),
        "cutoff": ("Never passed in a day.", today.limits.cutoff),
        "left": ("Left today under the cutoff.", today.left),
    }
    for name, (about, amount) in amounts.items():
        yield from _gauge(f"bursar_today_{name}_dollars", about, [("", _dollars(amount))])
    yield from _gauge("bursar_open_holds", "Requests under way.", [("", str(today.open_holds))])
    yield from _gauge("bursar_waiting_requests", "Requests that wait for others to settle.", [("", str(today.waiting))])
    yield from _gauge("bursar_stopped", "1 while the emergency stop is on.", [("", _flag(today.stop is not None))])
    trouble = _flag(today.trouble is not None)
    yield from _gauge("bursar_ledger_trouble", "1 while the ledger cannot be written.", [("", trouble)])
    yield from _gauge("bursar_mode", "1 for the mode in force.", _choice("mode", Mode, today.mode))
    yield from _gauge("bursar_band", "1 for the band that today is in.", _choice("band", Band, today.band))


def _locals(upstreams: Iterable[LocalUpstream]) -> Iterator[str]:
    rows = [(f'{{upstream="{_escaped(each.name)}"}}', _flag(each.healthy)) for each in upstreams]
    yield from _gauge("bursar_upstream_healthy", "1 for a local server that answers.", rows)


def _local_work(spent: Mapping[str, LocalCost]) -> Iterator[str]:
    """Count what this machine spent on local requests since bursar started, by how its power is known."""
    figures: tuple[tuple[str, str, Callable[[LocalCost], str]], ...] = (
        ("joules", "Energy of local requests.", lambda cost: joules(cost.joules_milli)),
        ("marginal_dollars", "Cost of that energy; no limit counts it.", lambda cost: _dollars(cost.marginal)),
        ("full_dollars", "The same with the machine's price and upkeep.", lambda cost: _dollars(cost.full)),
    )
    for name, about, figure in figures:
        rows = [(f'{{power="{_escaped(power)}"}}', figure(cost)) for power, cost in spent.items()]
        yield from _lines(f"bursar_local_{name}_total", "counter", about, rows)


def _gauge(name: str, about: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from _lines(name, "gauge", about, rows)


def _lines(name: str, kind: str, about: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"
    for labels, value in rows:
        yield f"{name}{labels} {value}"


def _choice(label: str, choices: Iterable[str], chosen: str) -> list[tuple[str, str]]:
    return [(f'{{{label}="{choice}"}}', _flag(choice == chosen)) for choice in choices]


def _flag(is_so: bool) -> str:
    return "1" if is_so else "0"


def _dollars(amount: Money) -> str:
    return amount.exact()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
