"""Shares of the budget while agents wait in the line for money, at the socket."""

from budget.shares import Shares
from proxy.services import ProxyOptions
from proxy.task import Tier
from tests.kit.boxed import Fixed, begun
from tests.kit.raw import Client, ask, message, post
from tests.kit.scripted import eventually

# Of six cents three are kept for L3, and two requests of 2,000 output tokens do not fit into the other three.
HALF = {"options": ProxyOptions(shares=Shares(l3_percent=50)), "budget": "0.06", "cutoff": "0.06"}
STREAM = {"stream": True, "max_tokens": 2000}


def test_restricted_work_passes_a_request_that_waits_for_what_is_not_kept(start, fake):
    proxy = begun(start, {}, tier=Tier.L2, **HALF)
    with Client(proxy.url) as first, Client(proxy.url) as second:
        first.send(post(proxy.url, message("[[long:150:20]]", **STREAM)))
        first.until(b"content_block_delta")
        second.send(post(proxy.url, message("and then this", **STREAM)))
        assert eventually(lambda: proxy.today.waiting == 1)
        proxy.services.classifier = Fixed(Tier.L3)
        assert ask(proxy.url, message("rotate the key", **STREAM)).status == 200
        assert proxy.today.waiting == 1
        assert first.answer().status == 200
        assert second.answer().status == 200
    assert proxy.today.gone_by_tier.keys() == {"L2", "L3"}
