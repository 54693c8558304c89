"""When the money is gone, work goes on locally or ends in one clear sentence; until then nothing is refused."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.journeys.conftest import StartBursar
from tests.kit.bursar import PICOS, Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Answer, Client, Truncated, ask, eventually, message, post


def _messages_sent(fake: FakeClaude) -> int:
    return len(fake.requests(path="/v1/messages", bodies=False))


def _spend(bursar: Bursar, dollars: str) -> Answer:
    """Spend so much on output of Sonnet 5.5 at $10/MTok."""
    tokens = round(float(dollars) * 100_000)
    return ask(bursar.url, message(f"[[out:{tokens}]]", max_tokens=tokens))


def test_each_complete_answer_is_charged_what_claude_bills(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start()
    marks = [{"type": "text", "text": "s" * 9000, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    for model in ("claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-4-6", "claude-opus-4-6"):
        for stream in (True, False, True):
            asked = message("[[out:321]]", model=model, system=marks, stream=stream)
            assert ask(bursar.url, asked).status == 200
    ask(bursar.url, message("[[out:55]]", model="claude-opus-5-5", inference_geo="us"))
    ask(bursar.url, message("[[out:55]]", model="claude-opus-5-5", speed="fast"))
    bursar.settled()
    billed = {line["request_id"]: line["picos"] for line in fake.bill()["lines"]}
    assert {entry.upstream_id: entry.charged for entry in bursar.entries()} == billed
    assert all(entry.outcome == "complete" for entry in bursar.entries())


def test_a_prompt_over_a_hundred_thousand_tokens_costs_five_times(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start()
    assert ask(bursar.url, message("x " * 220_000, model="claude-haiku-5-5")).status == 200
    bursar.settled()
    (line,), (entry,) = fake.bill()["lines"], bursar.entries()
    assert line["tokens"]["input"] > 100_000
    assert entry.charged == line["picos"] == line["tokens"]["input"] * 500_000 + line["tokens"]["output"] * 2_500_000


def test_counting_tokens_costs_nothing(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start()
    body = {"model": "claude-opus-5-5", "messages": [{"role": "user", "content": "count me"}]}
    assert ask(bursar.url, body, "/v1/messages/count_tokens").status == 200
    assert bursar.entries() == []


def test_a_refusal_names_the_amounts_the_reset_and_the_way_out(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start(budget="0.10", cutoff="0.12")
    assert _spend(bursar, "0.10").status == 200
    refused = ask(bursar.url, message("[[text:too much]]", max_tokens=5000))
    assert (refused.status, refused.error["type"]) == (402, "billing_error")
    assert refused.headers["x-should-retry"] == "false"
    said = refused.error["message"]
    for part in ("today's cutoff of $0.12 is reached", "$0.10 spent", "00:00", "bursar cutoff set"):
        assert part in said

    assert _messages_sent(fake) == 1


def test_a_stream_is_refused_before_it_begins(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start(budget="0.01", cutoff="0.01")
    refused = ask(bursar.url, message("x", max_tokens=128_000, stream=True))
    assert refused.status == 402
    assert refused.headers["content-type"].startswith("application/json")


def test_refused_means_no_byte_of_the_request_went_to_claude(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start(budget="5.00")
    bursar.mode("local")
    assert ask(bursar.url, message("x")).status == 402
    assert ask(bursar.url, message("x", stream=True)).status == 402
    assert fake.requests() == []


def test_of_sixty_four_requests_at_once_no_more_pass_than_the_cutoff_holds(
    start: StartBursar, fake: FakeClaude
) -> None:
    bursar = start(budget="0.20", cutoff="0.20", queue_wait_s=1)
    # Each can cost a little over 1,000 tokens of output at $10/MTok: $0.01.
    with ThreadPoolExecutor(64) as pool:
        body = message("[[out:1000]]", max_tokens=1000, stream=True)
        answers = list(pool.map(lambda _: ask(bursar.url, body), range(64)))
    bursar.settled()
    passed = sum(answer.status == 200 for answer in answers)
    assert {answer.status for answer in answers} == {200, 402}
    assert passed == _messages_sent(fake)
    assert sum(entry.charged for entry in bursar.entries()) == fake.bill()["picos"] <= PICOS // 5
    assert passed >= 18


def test_a_request_that_only_has_to_wait_is_not_refused(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start(budget="0.10", cutoff="0.10")
    # Each may cost $0.064 and costs $0.001: they can only run one after the other.
    with ThreadPoolExecutor(6) as pool:
        body = message("[[out:100]]", max_tokens=6400, stream=True)
        answers = list(pool.map(lambda _: ask(bursar.url, body), range(6)))
    assert [answer.status for answer in answers] == [200] * 6
    assert all("message_stop" in dict(answer.events) for answer in answers)


def test_a_client_that_leaves_ends_the_upstream_and_is_charged_no_less_than_the_bill(
    start: StartBursar, fake: FakeClaude
) -> None:
    bursar = start()
    with Client(bursar.url) as client:
        client.send(post(bursar.url, message("[[long:900:20]]", stream=True)))
        client.until(b"text_delta")
    eventually(lambda: fake.requests()[0].end == "client left", 5)
    bursar.settled()
    (entry,) = bursar.entries()
    assert entry.outcome == "client_left"
    assert fake.bill()["picos"] <= entry.charged < 900 * 10_000_000


def test_a_client_that_leaves_is_noticed_while_claude_is_silent(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start()
    with Client(bursar.url) as client:
        client.send(post(bursar.url, message("[[fault:stall=400,60]] [[out:50]]", stream=True)))
        client.until(b"message_start")
    eventually(lambda: fake.requests()[0].end == "client left", 5)


def test_a_client_that_leaves_is_noticed_before_claude_answers(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start()
    with Client(bursar.url) as client:
        client.send(post(bursar.url, message("[[fault:silent=60]]", stream=True)))
        fake.wait_until(lambda it: len(it.requests()) == 1)
    eventually(lambda: fake.requests()[0].end == "client left", 5)
    bursar.settled()
    assert bursar.entries()[0].charged > 0


@pytest.mark.parametrize("how", ["fin", "rst", "clean"])
@pytest.mark.parametrize("cut", [1, 380, 700, 1200])
def test_a_broken_stream_never_ends_cleanly_and_its_text_is_a_prefix(
    shared_bursar: Bursar, fake: FakeClaude, how: str, cut: int
) -> None:
    asked = message(f"[[out:400]] [[fault:cut={cut} how={how}]]", stream=True)
    try:
        answer = ask(shared_bursar.url, asked)
    except Truncated as broken:
        seen = broken.wire
    else:
        assert answer.events[-1][0] == "error"
        seen = answer.wire
    assert b"message_stop" not in seen
    shared_bursar.settled()
    entry = shared_bursar.entries()[-1]
    assert entry.charged >= fake.bill()["picos"]


@pytest.mark.parametrize("fault", ["drop", "reset"])
def test_an_upstream_that_drops_the_request_is_an_error_and_is_charged(
    shared_bursar: Bursar, fake: FakeClaude, fault: str
) -> None:
    answer = ask(shared_bursar.url, message(f"[[fault:{fault}]]", stream=True))
    assert answer.status == 502
    assert _messages_sent(fake) == 1
    shared_bursar.settled()
    assert shared_bursar.entries()[-1].charged > 0


def test_an_error_of_claude_costs_nothing(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start()
    assert ask(bursar.url, message("[[fault:status=529]]")).status == 529
    bursar.settled()
    (entry,) = bursar.entries()
    assert (entry.outcome, entry.charged, entry.status) == ("voided", 0, 529)


@pytest.mark.parametrize(
    "fault",
    [
        "usage=none",
        'usage={"output_tokens":-1}',
        'delta-usage={"output_tokens":1.5}',
        'usage={"input_tokens":"7"}',
        'delta-usage={"output_tokens":9223372036854775808}',
        "no-delta",
    ],
)
def test_nonsense_for_usage_is_charged_in_full_and_flagged(shared_bursar: Bursar, fake: FakeClaude, fault: str) -> None:
    ask(shared_bursar.url, message(f"[[out:40]] [[fault:{fault}]]", stream=True))
    shared_bursar.settled()
    entry = shared_bursar.entries()[-1]
    assert entry.charged >= fake.bill()["picos"] > 0
    assert entry.outcome in ("flagged", "unknown", "interrupted")


def test_the_emergency_stop_ends_running_streams_within_a_second(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start()
    with Client(bursar.url) as client:
        client.send(post(bursar.url, message("[[long:900:20]]", stream=True)))
        client.until(b"text_delta")
        began = time.monotonic()
        bursar.api("/api/stop", {})
        eventually(lambda: fake.requests()[0].end == "client left", 5)
        took = time.monotonic() - began
        with pytest.raises(Truncated) as ended:
            client.answer()
        assert ended.value.wire.rindex(b"event: error") > ended.value.wire.rindex(b"event: content_block_delta")
    assert took < 5  # One second is the promise; the machine of a test may be busy.
    refused = ask(bursar.url, message("[[text:later]]"))
    assert (refused.status, _messages_sent(fake)) == (402, 1)
    assert "stopped" in refused.error["message"]
    bursar.api("/api/resume", {})
    assert ask(bursar.url, message("[[text:later]]")).text == "later"


def test_mode_local_sends_no_later_byte_to_claude(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start()
    assert ask(bursar.url, message("[[text:before]]")).status == 200
    bursar.mode("local")
    body = {"model": "claude-opus-5-5", "messages": [{"role": "user", "content": "count me"}]}
    ask(bursar.url, body, "/v1/messages/count_tokens")
    ask(bursar.url, message("after"))
    assert len(fake.requests()) == 1


def test_a_killed_bursar_comes_back_knowing_what_was_under_way(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start()
    with Client(bursar.url) as client:
        client.send(post(bursar.url, message("[[long:900:20]]", stream=True)))
        client.until(b"text_delta")
        bursar.kill()
    fake.wait_until(lambda it: it.requests()[0].end == "client left")
    bursar.start()
    (entry,) = bursar.entries()
    assert entry.outcome == "orphaned"
    assert entry.charged >= fake.bill()["picos"]


def test_a_bursar_asked_to_end_ends_every_hold_first(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start()
    with Client(bursar.url) as client:
        client.send(post(bursar.url, message("[[long:30:20]]", stream=True)))
        client.until(b"text_delta")
        assert bursar.stop() == 0
        assert "message_stop" in dict(client.answer().events)
    (entry,) = bursar.entries()
    assert (entry.outcome, entry.charged) == ("complete", fake.bill()["picos"])
