"""What one answer shows, and what several come to: worked out by hand."""

from dataclasses import replace

import pytest

from proxy.bench.client import Client, Unanswered
from proxy.bench.sample import Sample, point_of, sample_of, spread
from proxy.translate.request import to_chat
from proxy.upstream.local_model import LocalModel
from tests.kit.local_fake import Act, chunk, ending, local_fake, usage
from tests.proxy.bench.kit import LocalUpstream

ONE = Sample(1000, 900, 100, 50, prefill_ms=450.0, decode_ms=1000.0, first_ms=470.0, source="server", joules=29.0)


def upstream(url: str, key: str = "") -> LocalUpstream:
    return LocalUpstream("fake", url, "openai", (LocalModel("m", 8192),), healthy=True, api_key=key)


def asked(url: str, key: str = "", seconds: float = 10):
    fields = {"max_tokens": 64, "messages": [{"role": "user", "content": "hi"}], "stream": True}
    request = to_chat(fields, model="m", caps=LocalModel("m", 8192))
    return Client(upstream(url, key)).ask(request, model="m", seconds=seconds)


def test_speeds_count_what_was_really_read_and_by_our_clock_not_the_first_token():
    assert (ONE.prefill_tps, ONE.decode_tps) == (2000.0, 50.0)  # 900 in 0.45 s, 50 in 1 s
    assert replace(ONE, source="clock").decode_tps == 49.0  # The first one came with the end of reading.
    assert replace(ONE, output_tokens=7).decode_tps is None
    assert replace(ONE, decode_ms=0.0).decode_tps is None


def test_a_requests_joules_are_divided_by_its_time():
    # 29 J in 1.45 s are 20 W: 9 J for 900 tokens read, 20 J for 50 written.
    point = point_of([ONE])
    assert (point.joules_in, point.joules_out) == (0.01, 0.4)
    assert point_of([replace(ONE, joules=None)]).joules_out is None


def test_repeats_come_to_their_median_and_the_larger_spread():
    point = point_of([ONE, replace(ONE, prefill_ms=500.0), replace(ONE, prefill_ms=900.0, decode_ms=1100.0)])
    # 2,000, 1,800 and 1,000 read a second: 1,000 / 1,800 is 55.6 %; 50, 50 and 45.5 written: 9.1 %.
    assert (point.prefill_tps, point.decode_tps, point.repeats, point.spread) == (1800.0, 50.0, 3, 55.6)
    assert spread([]) == 0.0


def test_the_servers_timings_are_believed_and_its_cache_is_told():
    timings = {"cache_n": 60, "prompt_n": 40, "prompt_ms": 20.0, "predicted_n": 10, "predicted_ms": 100.0}
    whole = chunk({"content": "words"}) + chunk({}, "stop") + chunk(timings=timings) + b"data: [DONE]\n\n"
    with local_fake(Act(whole)) as fake:
        sample = sample_of(asked(fake.url))
    assert (sample.prompt_tokens, sample.computed_tokens, sample.cached_tokens) == (100, 40, 60)
    assert (sample.prefill_tps, sample.decode_tps, sample.source) == (2000.0, 100.0, "server")


def test_without_timings_the_clock_counts_from_the_first_word_thought_words_included():
    whole = chunk({"role": "assistant", "content": None}) + chunk({"reasoning_content": "hm"}) + chunk({"content": "x"})
    with local_fake(Act(whole + ending(), between_s=0.1, piece=len(whole))) as fake:
        timed = asked(fake.url)
    assert timed.first_ms < timed.end_ms
    sample = sample_of(timed)
    assert (sample.source, sample.prompt_tokens, sample.output_tokens) == ("clock", 100, 10)


def test_a_key_goes_along_and_nothing_of_the_environment_does(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with local_fake() as fake:
        asked(fake.url, key="k")
        assert fake.headers[0]["authorization"] == "Bearer k"


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (Act(b'{"error": {"message": "no such model"}}', status=404), "it does not know the model or the path"),
        (Act(chunk({"content": "half"}) + usage(), cut_after=40), "its connection broke"),
        (Act(chunk({"content": "half"}) + usage()), "its answer stopped in the middle"),
        (Act(b"<html>", content_type="text/html"), "its answer stopped in the middle"),
        (Act(chunk({"content": "x"}), hang_after=5), "it did not answer in the time that was left"),
    ],
)
def test_what_goes_wrong_is_named(act: Act, why: str):
    with local_fake(act) as fake, pytest.raises(Unanswered) as wrong:
        asked(fake.url, seconds=0.5)
    assert wrong.value.why == why
    assert wrong.value.late == ("time" in why)
