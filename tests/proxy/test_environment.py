"""What the machine's environment and a change of settings in mid-answer must not do (FAULTS.md F18, T07)."""

from pricing.money import Money
from pricing.table import PriceTable
from proxy.services import ProxyOptions
from tests.kit.raw import Client, ask, message, post

STREAM = {"stream": True}


def test_a_proxy_or_a_netrc_in_the_environment_changes_nothing(start, fake, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n", encoding="utf-8")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "none.pem"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    proxy = start(budget="0.2", cutoff="0.2")  # So little that it is counted first.
    assert ask(proxy.url, message("x" * 200_000, max_tokens=100)).status == 200
    assert [request.target for request in fake.requests()] == ["/v1/messages/count_tokens", "/v1/messages"]
    assert {request.header("authorization") for request in fake.requests()} == {None}


def test_an_entry_keeps_the_prices_of_its_hold_when_the_table_changes_meanwhile(start, fake, tmp_path):
    own = tmp_path / "prices.toml"
    own.write_text("[models.claude-sonnet-5-5]\ninput = 100\noutput = 100\n", encoding="utf-8")
    dear = PriceTable.load(user=own)
    proxy = start()
    with Client(proxy.url) as client:
        client.send(post(proxy.url, message("[[long:20:20]]", **STREAM)))
        client.until(b"content_block_delta")
        proxy.services.prices = lambda: dear
        assert client.answer().status == 200
    (entry,) = proxy.entries(1)
    assert entry.charged == Money(fake.bill()["picos"])


def test_a_limit_is_not_lowered_where_output_costs_nothing(start, fake, tmp_path):
    own = tmp_path / "prices.toml"
    own.write_text("[models.claude-sonnet-5-5]\ninput = 100\noutput = 0\n", encoding="utf-8")
    proxy = start(budget="0.001", cutoff="0.001", options=ProxyOptions(lower_max_tokens=True))
    proxy.services.prices = lambda: PriceTable.load(user=own)
    assert ask(proxy.url, message("hello, " * 100)).status == 402
