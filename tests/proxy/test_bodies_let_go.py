"""What was sent is let go of when its answer has ended, without waiting for Python to look for what nobody needs."""

import gc
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.fake_claude import FakeClaude
from tests.kit.inproc import InProcess
from tests.kit.raw import Client, ask, message, post
from tests.kit.scripted import eventually

LARGE = 1_500_000
ENDS = ("[[out:20]]", "[[fault:status=529]]", "[[fault:drop]]", "[[fault:cut=700]] [[out:50]]", "[[fault:gzip]]")


@pytest.fixture
def proxy(tmp_path: Path, fake: FakeClaude) -> Iterator[InProcess]:
    with InProcess(tmp_path, fake.url, budget="1000", cutoff="1000") as running:
        ask(running.url, message("[[text:What is loaded once is loaded now.]]", stream=True))
        gc.collect()
        gc.disable()
        tracemalloc.start()
        try:
            yield running
        finally:
            tracemalloc.stop()
            gc.enable()


def kept_since(before: int) -> int:
    """Give how many bytes are kept that were not before."""
    return tracemalloc.get_traced_memory()[0] - before


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("end", ENDS)
def test_a_large_body_is_let_go_when_its_answer_has_ended_in_whatever_way(
    proxy: InProcess, end: str, stream: bool
) -> None:
    before = kept_since(0)
    with Client(proxy.url) as agent:
        agent.send(post(proxy.url, message("x" * (2 * LARGE) + end, stream=stream)))
        agent.until(b"\r\n\r\n")
        assert eventually(lambda: kept_since(before) < LARGE), kept_since(before)
        assert ask(proxy.url, message("[[text:still here]]", stream=True)).text == "still here"


@pytest.mark.parametrize("rudely", [True, False])
@pytest.mark.parametrize("text", ["[[long:500:20]]", "[[ttft:30000]]"])
def test_a_large_body_is_let_go_when_its_agent_has_left(proxy: InProcess, text: str, rudely: bool) -> None:
    before = kept_since(0)
    with Client(proxy.url) as agent:
        agent.send(post(proxy.url, message("x" * (2 * LARGE) + text, stream=True)))
        if "long" in text:
            agent.until(b"text_delta")
        else:
            assert eventually(lambda: proxy.today.open_holds == 1)
        agent.close(rudely=rudely)
    assert eventually(lambda: kept_since(before) < LARGE), kept_since(before)


def test_what_came_of_a_body_before_its_agent_left_is_let_go(proxy: InProcess) -> None:
    before = kept_since(0)
    with Client(proxy.url) as agent:
        agent.send(post(proxy.url, message("x" * (2 * LARGE)))[: 2 * LARGE])
    assert eventually(lambda: kept_since(before) < LARGE), kept_since(before)
