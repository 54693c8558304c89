"""What a real llama.cpp server's answers teach of its speed, and of what it has read already."""

from __future__ import annotations

from budget.ledger import Mode
from proxy.upstream.local_model import LocalSetting
from tests.kit.boxed import begun
from tests.kit.raw import ask, message

WORDS = "".join(f"Line {number} of the file says {number * 7907}.\n" for number in range(200))


def test_a_real_server_s_reading_is_measured_and_what_it_has_read_is_not_expected_again(start, fake, llama) -> None:
    server = LocalSetting("llama", llama.url, "llamacpp", tools=True)
    proxy = begun(start, {"servers": (server,)}, mode=Mode.local)
    body = message(f"{WORDS} [[text_only]]", max_tokens=100, stream=True)
    assert ask(proxy.url, body).status == 200
    (entry,) = proxy.entries(1)
    (upstream,) = proxy.services.locals.snapshot()
    speed = proxy.services.speeds.speed(upstream, upstream.models[0], 1000)
    assert speed.reads is not None
    read_s = entry.usage.input / speed.reads
    assert 0 < read_s <= (entry.duration_ms or 0) / 1000
    ask(proxy.url, body)
    trace = proxy.services.traces.last
    assert trace is not None
    (known,) = trace.view.locals
    assert known.takes_s is not None
    assert known.takes_s < read_s
