"""Claude that cannot be reached is told of until it answers again, and the log says why."""

import ssl

import pytest

from proxy.statusjson import _unreached
from proxy.upstream.anthropic import Cloud
from proxy.wire.unreached import why_unreached
from tests.kit.raw import ask, message


def test_that_claude_could_not_be_reached_is_told_until_it_answers(start, fake):
    proxy = start(cloud="http://127.0.0.1:9")
    services = proxy.services
    assert services.reach.trouble() is None
    ask(proxy.url, message("hello"))
    told = _unreached(services)
    assert told is not None
    assert told["why"] == "connection refused"
    services.cloud = Cloud(fake.url)
    fake.next("status=529")
    ask(proxy.url, message("hello"))
    assert services.reach.trouble() is None, "an error is an answer"


def test_the_log_says_why_a_request_failed(start, fake):
    proxy = start(cloud="http://127.0.0.1:9")
    ask(proxy.url, message("hello"))
    proxy.entries(1)
    last = proxy.services.log.after(0)[-1]
    assert (last.outcome, last.why) == ("voided", "Claude could not be reached: connection refused")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 9)"), "connection refused"),
        (OSError("Multiple exceptions: [Errno 113] Connect call failed ('::1', 9), [Errno 1] no"), "no route to host"),
        (ssl.SSLError(1, "[SSL] x"), "TLS failed (no reason given)"),
        (ConnectionError("the configured proxy refused the connection"), "the configured proxy refused the connection"),
        (ConnectionError(), "ConnectionError"),
    ],
)
def test_why_no_connection_was_made_is_said_in_words(error, said):
    assert why_unreached(error) == said
