"""The cache's page: empty, with misses, another week; flawless in a real browser in every look."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.kit.browser import Browser
from tests.kit.cachefacts import judge
from tests.proxy.dashboard.house import NOW, House
from tests.proxy.dashboard.test_browser import LOOKS, Seen, browser, seen

__all__ = ["browser"]


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[House]:
    """A house whose requests of some days were judged."""
    with House(tmp_path, at=NOW - timedelta(days=4)) as house:
        house.live(4)
        judge(house.ledger, 20_000)
        yield house


def test_before_the_first_request_it_says_how_to_begin(house: House):
    assert "bursar run -- claude" in house.visitor().text("/cache")


def test_it_names_each_kind_with_its_dollars_and_what_helps(judged: House):
    text = judged.visitor().text("/cache")
    assert "system changed" in text
    assert "put it into the newest message" in text
    assert "An hour would have saved" in text
    assert 'aria-current="page">Cache' in text


def test_the_cache_keeper_is_named_with_its_command(judged: House):
    text = judged.visitor().text("/cache")
    assert 'href="/keeper"' in text
    assert "<code>bursar keeper</code>" in text


def test_short_names_of_sessions_are_whole(judged: House):
    for name in {entry.labels.session for entry in judged.ledger.entries() if entry.labels.session}:
        assert len(name) > 16 or f"{name[:8]}…" not in judged.visitor().text("/cache")


def test_another_week_is_shown_and_a_word_that_is_no_week_is_said_to_be_none(judged: House):
    visitor = judged.visitor()
    assert "Nothing to judge in these days" in visitor.text("/cache?week=2026-W40")
    assert visitor.get("/cache?week=soon").status_code == 400


@pytest.fixture
def page(browser: Browser, judged: House) -> Iterator[Seen]:
    yield from seen(browser, judged)


@pytest.fixture
def empty(browser: Browser, house: House) -> Iterator[Seen]:
    yield from seen(browser, house)


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS)
def test_the_page_is_flawless(page: Seen, look: str):
    page.look(look, "/cache")
    page.browser.keep(f"cache-{look}")
    page.is_flawless()


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS)
def test_the_page_is_flawless_before_the_first_request(empty: Seen, look: str):
    empty.look(look, "/cache")
    empty.is_flawless()
