"""Shares of the budget, at the socket: what is kept for higher tiers is theirs, and a refusal says so."""

from budget.shares import Shares
from proxy.services import ProxyOptions
from proxy.task import Tier
from tests.kit.boxed import Fixed, begun, box
from tests.kit.local_fake import Act, says
from tests.kit.raw import ask, message

ALL = {"options": ProxyOptions(shares=Shares(l3_percent=100), queue_wait_s=0), "budget": "1", "cutoff": "1"}


def test_what_is_kept_for_restricted_work_is_given_to_it_and_to_nothing_else(start, fake):
    proxy = begun(start, {}, tier=Tier.L2, **ALL)
    refused = ask(proxy.url, message("go"))
    assert refused.status == 402
    assert "$1.00 kept for restricted work by [shares]" in refused.error["message"]
    proxy.services.classifier = Fixed(Tier.L3)
    assert ask(proxy.url, message("and this")).status == 200


def test_complex_work_goes_local_where_the_rest_is_kept(start, fake):
    with box(Act(says("Hello there."))) as (_, settings):
        proxy = begun(start, settings, tier=Tier.L2, **ALL)
        answer = ask(proxy.url, message("go"))
    assert answer.headers["x-bursar-route"] == "box/fake-model"
    assert "beside $1.00 kept for higher tiers" in answer.headers["x-bursar-reason"]
