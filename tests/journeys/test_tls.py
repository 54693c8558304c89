"""Claude is reached over TLS that is verified, always; what cannot be verified gets no byte of a request."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.journeys.conftest import StartBursar
from tests.kit import tls
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import ask, message, parsed

Serve = Callable[[tls.Certificate], FakeClaude]
pytestmark = pytest.mark.skipif(
    not tls.IS_THERE, reason="the openssl command, which makes the certificates, is missing"
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tls.Authority:
    """An authority for this module."""
    return tls.Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts fakes that speak TLS with the certificate given."""
    with ExitStack() as stack:
        yield lambda made: stack.enter_context(FakeClaude(cert=made.cert, private_key=made.private_key))


def test_streams_cross_tls_unchanged(start: StartBursar, serve: Serve, authority: tls.Authority) -> None:
    fake = serve(authority.issue())
    bursar = start(cloud=fake.url, cloud_settings={"ca_file": str(authority.cert)})
    for number in range(3):
        answer = ask(bursar.url, message(f"[[out:3000]] {number}", max_tokens=4000, stream=True))
        assert answer.body == parsed(fake.requests()[-1].answer or b"").body
    bursar.settled()
    assert sum(entry.charged for entry in bursar.entries()) == fake.bill()["picos"]


@pytest.mark.parametrize("flaw", ["unknown authority", "another host", "expired"])
def test_what_cannot_be_verified_gets_nothing_and_costs_nothing(
    start: StartBursar, serve: Serve, authority: tls.Authority, flaw: str
) -> None:
    name = "DNS:elsewhere.test" if flaw == "another host" else "IP:127.0.0.1"
    fake = serve(authority.issue(name, days=0 if flaw == "expired" else 2))
    time.sleep(1.1 if flaw == "expired" else 0)
    trusted = {} if flaw == "unknown authority" else {"ca_file": str(authority.cert)}
    bursar = start(cloud=fake.url, cloud_settings=trusted)
    answer = ask(bursar.url, message("a secret", stream=True))
    assert (answer.status, answer.error["type"]) == (502, "api_error")
    assert fake.requests() == []
    bursar.settled()
    assert [entry.outcome for entry in bursar.entries()] == ["voided"]


def test_a_server_without_tls_gets_nothing(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start(cloud=fake.url.replace("http:", "https:"))
    assert ask(bursar.url, message("a secret")).status == 502
    assert fake.requests() == []


def test_nobody_there_is_told_within_a_second_or_so(start: StartBursar) -> None:
    bursar = start(cloud="http://127.0.0.1:9")
    answer = ask(bursar.url, message("x", stream=True))
    assert answer.status == 502
    bursar.settled()
    assert [(entry.outcome, entry.charged) for entry in bursar.entries()] == [("voided", 0)]
