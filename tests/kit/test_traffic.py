"""The generated day is what a day is: repeatable, mostly cache reads, and accepted by the API."""

import json

from tests.kit import traffic
from tests.kit.claude.checks import check_message
from tests.kit.claude.promptcache import PromptCache, blocks_of
from tests.kit.traffic_bodies import Renderer


def test_the_same_seed_makes_the_same_day() -> None:
    assert traffic.generate(3, 2.0) == traffic.generate(3, 2.0) != traffic.generate(4, 2.0)


def test_every_call_is_one_the_api_accepts_and_most_input_is_read_from_the_cache() -> None:
    renderer, cache, read, total = Renderer(), PromptCache(), 0, 0
    for call in traffic.generate(22, 3.0):
        body = json.loads(renderer.body(call))
        check_message(body)
        split = cache.split(blocks_of(body), 4096, call.t)
        read += split.read
        total += split.input + split.write_5m + split.read
    assert read > total * 0.8
