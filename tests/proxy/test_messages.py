"""The life of a request to Claude: held, carried, metered, settled, and refused when the money is gone."""

import threading

import pytest

from budget.bands import Limits
from budget.ledger import Mode, Outcome
from pricing.money import ZERO, Money
from proxy.services import ProxyOptions
from tests.kit.raw import Client, Truncated, ask, get, message, post, unchunked
from tests.kit.scripted import eventually

STREAM = {"stream": True}


def test_a_whole_answer_is_billed_to_the_picodollar(start, fake):
    proxy = start()
    answer = ask(proxy.url, message("[[out:321]]"))
    assert answer.status == 200
    (entry,) = proxy.entries(1)
    assert entry.outcome is Outcome.complete
    assert entry.charged == entry.likely == Money(fake.bill()["picos"]) > ZERO


def test_a_stream_crosses_byte_for_byte_and_is_billed_to_the_picodollar(start, fake):
    proxy = start()
    answer = ask(proxy.url, message("[[text:Grüße, 世界]]", **STREAM))
    (seen,) = fake.requests()
    assert answer.body in unchunked(seen.answer)
    assert [name for name, _ in answer.events][-1] == "message_stop"
    assert proxy.entries(1)[0].charged == Money(fake.bill()["picos"])


def test_the_answer_ends_when_its_entry_is_written(start, fake):
    proxy = start()
    ask(proxy.url, message("hello", **STREAM))
    assert len(proxy.ledger.entries()) == 1
    assert proxy.today.held == ZERO


def test_every_answer_says_who_gave_it_and_why(start, fake):
    proxy = start()
    headers = ask(proxy.url, message("hello")).headers
    assert headers["x-bursar-route"] == "anthropic/claude-sonnet-5-5"
    assert headers["x-bursar-band"] == "normal"
    assert headers["x-bursar-tier"] in {"L0", "L1", "L2", "L3"}
    assert proxy.ledger.entry(headers["x-bursar-request"])[0].request_id == headers["x-bursar-request"]
    assert headers["x-bursar-reason"]


def test_the_time_a_settled_answer_took_is_kept(start, fake):
    proxy = start()
    ask(proxy.url, message("[[ttft:50]]", **STREAM))
    assert proxy.entries(1)[0].first_byte_ms >= 50


def test_when_the_money_is_gone_it_says_so_once_and_nothing_leaves(start, fake):
    proxy = start(budget="0.01", cutoff="0.01")
    answer = ask(proxy.url, message("hello", max_tokens=2000))
    assert answer.status == 402
    assert answer.headers["x-should-retry"] == "false"
    assert answer.error["type"] == "billing_error"
    said = answer.error["message"]
    assert said.startswith("bursar: today's cutoff of $0.01 is reached ($0.00 spent, $0.03 needed). No local model")
    assert "Resets 00:00" in said
    assert "bursar cutoff set" in said
    assert fake.requests(path="/v1/messages") == []
    assert proxy.ledger.entries() == []


def test_the_log_says_of_a_refusal_what_keeps_it_from_claude(start):
    proxy = start()
    proxy.ledger.stop("person")
    ask(proxy.url, message("hello"))
    assert proxy.services.log.after(0)[-1].reason == "All cloud traffic is stopped. No local model is running."


def test_after_the_cutoff_s_own_stop_a_refusal_names_the_amounts_and_the_way_out(start, fake):
    proxy = start()
    proxy.ledger.stop("cutoff")
    said = ask(proxy.url, message("hello")).error["message"]
    assert said.startswith("bursar: today's cutoff of $12.00 is reached ($0.00 spent). No local model is running.")
    assert "Resets 00:00" in said
    assert "bursar cutoff set 18" in said


def test_a_refused_request_is_not_under_way_in_the_log(start, fake):
    proxy = start(budget="0.01", cutoff="0.01")
    ask(proxy.url, message("hello", max_tokens=2000))
    lines = proxy.services.log.after(0)
    assert [line.outcome for line in lines] == ["", "refused"]
    assert lines[-1].reason == "L0, normal: the cutoff leaves $0.01, $0.03 needed"


def test_the_cutoff_that_a_refusal_names_is_enough_for_the_request(start, fake):
    proxy = start(budget="0.10", cutoff="0.12")
    asked = message("hello", max_tokens=128_000)
    assert "bursar cutoff set 2" in ask(proxy.url, asked).error["message"]
    proxy.ledger.set_limits(Limits(Money.usd("0.10"), Money.usd("2")))
    assert ask(proxy.url, asked).status == 200


def test_a_cutoff_of_nothing_can_be_lifted(start, fake):
    proxy = start(budget="0", cutoff="0")
    assert "bursar cutoff set 1" in ask(proxy.url, message("hello")).error["message"]


def test_a_request_that_fits_once_another_has_settled_waits_for_it(start, fake):
    proxy = start(budget="0.03", cutoff="0.03")  # Each holds 2000 out at $10 = $0.02 and a little.
    answers = []

    def run(text):
        answers.append(ask(proxy.url, message(text, max_tokens=2000, **STREAM)))

    threads = [threading.Thread(target=run, args=("[[long:20:20]]",)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert {answer.events[-1][0] for answer in answers} == {"message_stop"}
    assert len(proxy.entries(3)) == 3
    assert proxy.today.settled <= Money.usd("0.03")


def test_who_waits_too_long_is_refused_with_the_amounts(start, fake):
    proxy = start(budget="0.03", cutoff="0.03", options=ProxyOptions(queue_wait_s=0.3))
    with Client(proxy.url) as first:
        first.send(post(proxy.url, message("[[long:200:20]]", max_tokens=2000, **STREAM)))
        first.until(b"content_block_delta")
        answer = ask(proxy.url, message("hello", max_tokens=2000, **STREAM))
    assert answer.status == 402
    assert "held by running requests" in answer.error["message"]


def test_an_agent_that_leaves_the_line_is_forgotten(start, fake):
    proxy = start(budget="0.03", cutoff="0.03")

    with Client(proxy.url) as first:
        first.send(post(proxy.url, message("[[long:60:20]]", max_tokens=2000, **STREAM)))
        first.until(b"content_block_delta")
        with Client(proxy.url) as second:
            second.send(post(proxy.url, message("never", max_tokens=2000, **STREAM)))
            assert eventually(lambda: proxy.today.waiting == 1)
        assert eventually(lambda: proxy.today.waiting == 0)
        first.answer()
    proxy.entries(1)
    assert len(fake.requests(path="/v1/messages")) == 1


def test_the_emergency_stop_ends_a_stream_within_a_second_and_refuses_the_next(start, fake):

    proxy = start()
    with Client(proxy.url) as client:
        client.send(post(proxy.url, message("[[long:500:20]]", **STREAM)))
        client.until(b"content_block_delta")
        proxy.ledger.stop()
        proxy.server.cut(lambda forward: forward.is_cloud)
        with pytest.raises(Truncated) as broken:
            client.answer()
    assert b"event: error" in broken.value.wire
    assert b"emergency stop" in broken.value.wire
    answer = ask(proxy.url, message("hello"))
    assert (answer.status, "stopped" in answer.error["message"]) == (402, True)
    (entry,) = proxy.entries(1)
    assert entry.charged >= Money(fake.bill()["picos"])
    assert len(fake.requests(path="/v1/messages")) == 1


def test_in_mode_local_not_a_byte_goes_to_claude(start, fake):
    proxy = start(mode=Mode.local)
    answer = ask(proxy.url, message("hello"))
    assert answer.status == 402
    assert "mode is local" in answer.error["message"]
    counted = ask(proxy.url, message("hello"), "/v1/messages/count_tokens")
    assert (counted.status, counted.headers["x-bursar-route"]) == (200, "estimate")
    assert counted.json["input_tokens"] > 0
    assert fake.requests() == []


def test_a_turn_to_local_while_an_agent_waits_in_the_line_holds_it_back(start, fake):

    proxy = start(budget="0.03", cutoff="0.03")
    with Client(proxy.url) as first, Client(proxy.url) as second:
        first.send(post(proxy.url, message("[[long:40:20]]", max_tokens=2000, **STREAM)))
        first.until(b"content_block_delta")
        second.send(post(proxy.url, message("hello", max_tokens=2000, **STREAM)))
        assert eventually(lambda: proxy.today.waiting == 1)
        proxy.ledger.set_mode(Mode.local)
        assert second.answer().status == 402
        assert first.answer().status == 200
    assert len(fake.requests(path="/v1/messages")) == 1


def test_a_limit_that_does_not_fit_is_lowered_only_if_a_person_wants_that(start, fake):
    proxy = start(budget="0.05", cutoff="0.05", options=ProxyOptions(lower_max_tokens=True))
    answer = ask(proxy.url, message("[[out:10]]", max_tokens=64000))
    assert answer.status == 200
    (seen,) = fake.requests(path="/v1/messages")
    assert 1024 <= seen.json["max_tokens"] < 5000
    assert proxy.entries(1)[0].charged == Money(fake.bill()["picos"])


def test_a_second_turn_is_bounded_by_what_the_first_one_measured(start, fake):
    proxy = start()
    long = "x" * 200_000
    first = message(long, max_tokens=100)
    ask(proxy.url, first, x_claude_code_session_id="s1")
    second = {
        **first,
        "messages": [*first["messages"], {"role": "assistant", "content": "ok"}, {"role": "user", "content": "go on"}],
    }
    proxy.ledger.set_limits(_limits("0.22"))  # 200,000 bytes at $2.20 a million tokens are $0.44; 50,000 tokens $0.11.
    assert ask(proxy.url, second, x_claude_code_session_id="s1").status == 200
    assert fake.requests(path="/v1/messages/count_tokens") == []


def test_a_request_that_does_not_fit_by_its_bytes_is_counted(start, fake):
    proxy = start(budget="0.2", cutoff="0.2")
    assert ask(proxy.url, message("x" * 200_000, max_tokens=100)).status == 200
    assert len(fake.requests(path="/v1/messages/count_tokens")) == 1
    (entry,) = proxy.entries(1)
    assert entry.charged <= entry.held < Money.usd("0.2")


def test_a_hold_s_rates_and_the_raw_counts_are_kept_on_the_entry(start, fake):
    proxy = start()
    ask(proxy.url, message("hello"))
    (entry,) = proxy.entries(1)
    assert '"lines"' in entry.rates
    assert '"output_tokens"' in entry.raw_usage


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "JSON"),
        (b'{"model":"m","model":"n","max_tokens":1,"messages":[]}', "twice"),
        (b'{"model":"claude-sonnet-5-5","messages":[{"role":"user","content":"x"}]}', "max_tokens"),
        (b'{"model":"claude-sonnet-5-5","max_tokens":-1,"messages":[{"role":"user","content":"x"}]}', "max_tokens"),
        (
            b'{"model":"claude-sonnet-5-5","Max_Tokens":9,"max_tokens":1,"messages":[{"role":"user","content":"x"}]}',
            "max_tokens",
        ),
        (b"[]", "object"),
    ],
)
def test_a_body_that_could_be_read_in_two_ways_is_refused(start, fake, body, says):
    answer = ask(start().url, body)
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")
    assert says in answer.error["message"]
    assert fake.requests() == []


@pytest.mark.parametrize(
    "path", ["/v1/complete", "/v1/messages/batches", "/v1/files", "/", "/v1/organizations/x", "/../v1/messages"]
)
def test_any_other_path_is_refused(start, fake, path):
    assert ask(start().url, message("hello"), path).status in (404, 405)
    assert fake.requests() == []


def test_free_paths_are_answered(start, fake):
    proxy = start()
    assert get(proxy.url, "/health").status == 200
    assert get(proxy.url, "/", "HEAD").status == 200
    assert get(proxy.url, "/api/hello", "HEAD").status == 200
    listed = get(proxy.url, "/v1/models").json
    assert "claude-opus-5-5" in [model["id"] for model in listed["data"]]
    assert fake.requests() == []


def test_sixty_four_at_once_never_pass_the_cutoff(start, fake):
    proxy = start(budget="0.05", cutoff="0.06", options=ProxyOptions(queue_wait_s=5))
    answers = []

    def run():
        answers.append(ask(proxy.url, message("[[out:150]]", max_tokens=500, **STREAM)).status)

    threads = [threading.Thread(target=run) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    proxy.entries()
    assert Money(fake.bill()["picos"]) == proxy.today.settled <= Money.usd("0.06")
    assert set(answers) == {200, 402}
    # 150 out at $10 and a few in: at least 35 of $0.0016 fit into $0.06 before one of $0.0055 no longer does.
    assert answers.count(200) >= 30


def _limits(cutoff):
    return Limits(Money.usd(cutoff), Money.usd(cutoff))
