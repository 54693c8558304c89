"""A local request's cost, from the proxy to the entry, the log, the control API and Prometheus."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import pytest

from budget.ledger import Mode
from pricing.assumed import Figures
from pricing.money import ZERO, Money
from pricing.power import Found
from proxy.control import create_control
from proxy.localcost import LocalCosts
from proxy.powermeter import Meter
from proxy.upstream.local_model import LocalSetting
from tests.kit.inproc import InProcess
from tests.kit.local_fake import DONE, Act, chunk, local_fake
from tests.kit.raw import ask, message
from tests.kit.scripted import eventually

# llama.cpp's own words: 60 tokens read in 30 ms (40 were kept), 10 written in 20 ms; the answer takes at least as
# long, or these times would not be believed.
TIMINGS = {"cache_n": 40, "prompt_n": 60, "prompt_ms": 30.0, "predicted_n": 10, "predicted_ms": 20.0}
LAST = chunk({}, "stop", usage={"prompt_tokens": 100, "completion_tokens": 10}, timings=TIMINGS)
GOOD = Act(chunk({"content": "Hello there."}) + LAST + DONE, first_byte_s=0.06)

# $0.36/kWh at the wall, no idle draw, $0.20 for a busy hour; everything set.
FIGURES = Figures(
    price=Money.usd(2628),
    residual=ZERO,
    years=Fraction(3),
    utilisation=Fraction(1, 2),
    electricity=Money.usd("0.36"),
    psu_efficiency=Fraction(1),
    watts_prefill=Fraction(400),
    watts_decode=Fraction(300),
    watts_idle=Fraction(0),
)


class NoDesk:
    """A desk with nothing to say."""

    def set_limits(self, changes: Any) -> None: ...

    def reload(self) -> list[str]:
        return []

    def facts(self) -> dict[str, Any]:
        return {"version": "test", "port": 1}


class SteppingReader:
    """A meter that counts ten joules at each reading."""

    source, is_counter, count = "NVML energy counter", True, 0

    def millijoules(self) -> int:
        self.count += 10_000
        return self.count


@contextmanager
def local_proxy(start: Any, reader: SteppingReader | None) -> Iterator[InProcess]:
    """A proxy with one local server, and a machine that is priced."""
    with local_fake(GOOD) as local:
        server = LocalSetting("box", local.url, "openai", ("fake-model",), context=32768, tools=True)
        proxy = start(mode=Mode.local, servers=(server,))
        meter = Meter(lambda: Found(reader, why=() if reader else ("no meter here",)), lambda: 0.0)
        meter.look()
        proxy.services.local_costs = LocalCosts(FIGURES, meter, time.monotonic)
        yield proxy


def told(proxy: InProcess, path: str) -> Any:
    """Ask the control API, without its server."""
    client = create_control(proxy.services, "token", NoDesk()).test_client()
    answer = client.get(path, headers={"authorization": "Bearer token"})
    assert answer.status_code == 200
    return answer.json if answer.is_json else answer.text


@pytest.mark.parametrize("stream", [True, False])
def test_the_entry_of_a_local_answer_has_its_cost_by_the_servers_own_times(start: Any, stream: bool):
    with local_proxy(start, None) as proxy:
        ask(proxy.url, message("hello", stream=stream))
        (entry,) = proxy.entries(1)
    assert entry.local is not None
    # 30 ms · 400 W + 20 ms · 300 W = 18 J = 0.000005 kWh · $0.36 = $0.0000018
    assert entry.local.joules_milli == 18_000
    assert entry.local.marginal == Money.usd("0.0000018")
    # and 50 ms of $0.20 an hour: $0.00000277777…
    assert entry.local.full == Money.usd("0.000004577778")
    assert entry.local.provenance == "set watts, timed by the server"
    assert (entry.charged, entry.likely, proxy.today.settled) == (ZERO, ZERO, ZERO)


def test_what_a_meter_counted_across_the_request_is_told_everywhere(start: Any):
    with local_proxy(start, SteppingReader()) as proxy:
        ask(proxy.url, message("hello"))
        (entry,) = proxy.entries(1)
        assert entry.local is not None
        # One reading when it began, one when it ended: 10 J = $0.000001; the same 50 ms of the machine.
        assert (entry.local.joules_milli, entry.local.marginal) == (10_000, Money.usd("0.000001"))
        assert entry.local.provenance == "NVML energy counter, timed by the server"
        shown = {
            "marginal_usd": "0.000001",
            "full_usd": "0.000003777778",
            "millijoules": 10_000,
            "provenance": ["NVML energy counter, timed by the server"],
        }
        assert eventually(lambda: len(told(proxy, "/api/log")["requests"]) == 2)
        places = {
            "the log": told(proxy, "/api/log")["requests"][-1]["local"],
            "the request": told(proxy, f"/api/requests/{entry.request_id}")["entries"][0]["local"],
            "today": told(proxy, "/api/status")["local_today"],
            "the week": told(proxy, "/api/report")["local"],
            "the model": told(proxy, "/api/report")["models"][0]["local"],
        }
        for place, found in places.items():
            assert {name: found[name] for name in shown} == shown, place
        # 60 tokens read anew and 10 written: $0.000003777778 / 70 · 10⁶ = $0.05396825714…
        assert places["the week"]["tokens"] == 70
        assert places["the week"]["full_usd_per_mtok"] == "0.053968257143"
        assert told(proxy, "/api/status")["machine"]["meter"] == "NVML energy counter"
        assert told(proxy, "/api/status")["machine"]["assumed"] == []
        lines = told(proxy, "/metrics").splitlines()
    assert "# TYPE bursar_local_joules_total counter" in lines
    assert 'bursar_local_joules_total{power="metered"} 10.000' in lines
    assert 'bursar_local_full_dollars_total{power="metered"} 0.000003777778' in lines


def test_a_proxy_that_prices_nothing_serves_all_the_same(start: Any):
    with local_proxy(start, None) as proxy:
        proxy.services.local_costs = None
        assert ask(proxy.url, message("hello")).text == "Hello there."
        (entry,) = proxy.entries(1)
        assert entry.local is None
        assert told(proxy, "/api/status")["local_today"] is None
        assert told(proxy, "/api/status")["machine"] is None
