"""A tariff says of any tokens what their bill would: it is only asked more often."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.bill import bill
from pricing.tariff import Tariff
from pricing.usage import MOST_TOKENS, ImpossibleUsage, Usage
from tests.pricing.bills import TABLE

MODELS = (
    "claude-opus-4-6",
    "claude-sonnet-4-5",
    "claude-haiku-5-5",
    "us.anthropic.claude-opus-4-5-20251101-v1:0",
    "odd",
)
AT = datetime(2026, 11, 20, tzinfo=UTC)

counts = st.one_of(st.integers(0, 400_000), st.sampled_from([0, MOST_TOKENS, MOST_TOKENS + 1]))
manners = st.fixed_dictionaries(
    {},
    optional={
        "speed": st.sampled_from([None, "standard", "fast", "odd"]),
        "inference_geo": st.sampled_from([None, "global", "us", "odd"]),
        "service_tier": st.sampled_from([None, "standard", "batch", "priority", "odd"]),
        "server_tool_use": st.fixed_dictionaries({}, optional={"web_search_requests": counts, "odd": counts}),
    },
)


@given(manners, st.sampled_from(MODELS), st.tuples(counts, counts, counts, counts, counts))
def test_a_tariff_prices_tokens_as_their_bill_does(
    manner: dict[str, Any], model: str, tokens: tuple[int, int, int, int, int]
) -> None:
    told, short, long, read, output = tokens
    lifetimes = {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long}
    prompt = {"input_tokens": told, "cache_read_input_tokens": read, "cache_creation_input_tokens": short + long}
    usage = {**manner, **prompt, "cache_creation": lifetimes, "output_tokens": output}
    counted = Usage(told, short, long, read, output)
    try:
        truth = bill(usage, model, AT, TABLE)
    except ImpossibleUsage:
        with pytest.raises(ImpossibleUsage):
            Tariff.of(manner, model, AT, TABLE).total(counted)
        return
    tariff = Tariff.of(manner, model, AT, TABLE)
    assert tariff.total(counted) == truth.total
    assert tariff.rates(counted.prompt) == truth.rates
    assert tariff.is_provisional(counted) == truth.provisional
