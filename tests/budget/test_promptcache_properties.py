"""What holds of the simulated prompt cache for any conversation."""

from hypothesis import given
from hypothesis import strategies as st

from budget.promptcache import LIFETIMES, Block, Level, Mark, Prompt, Simulator

LEAST = 300
MARKS = st.sampled_from(["", "", "", "5m", "1h"])
SIZES = st.integers(0, 400)


@st.composite
def prompts(draw: st.DrawFn) -> Prompt:
    """Make a prompt out of few different blocks, so that prefixes are often shared."""
    levels = sorted(draw(st.lists(st.sampled_from(list(Level)), min_size=1, max_size=30)))
    made = [
        Block(level, bytes([draw(st.integers(0, 1))]), draw(SIZES), draw(MARKS), draw(st.booleans()))
        for level in levels
    ]
    model, speed = draw(st.sampled_from(["a", "b"])), draw(st.sampled_from(["", "fast"]))
    return Prompt(model, made, LEAST, ("", speed, ""), draw(MARKS))


GAPS = st.floats(0, 400)
REQUESTS = st.lists(st.tuples(prompts(), GAPS, st.one_of(st.none(), GAPS)), max_size=12)


@given(REQUESTS)
def test_what_is_read_written_and_left_is_the_whole_prompt(requests: list[tuple[Prompt, float, float | None]]) -> None:
    cache, at = Simulator(), 0.0
    for asked, gap, begins in requests:
        at += gap
        split = cache.ask(asked, at, None if begins is None else at + begins)
        assert split.prompt == sum(block.tokens for block in asked.blocks)
        assert min(split.input, split.read, split.write_5m, split.write_1h) >= 0


@given(prompts(), st.floats(0, 299), st.floats(0, 1))
def test_the_same_request_again_in_time_reads_all_that_the_first_wrote(
    asked: Prompt, later: float, begins: float
) -> None:
    cache = Simulator()
    first = cache.ask(asked, 0.0, min(begins, later))
    second = cache.ask(asked, later)
    assert (second.read, second.input) == (first.write_5m + first.write_1h, first.input)
    assert second.write_5m + second.write_1h == 0


@given(prompts(), st.floats(3600, 1e6))
def test_an_hour_later_nothing_is_left(asked: Prompt, later: float) -> None:
    cache = Simulator()
    first = cache.ask(asked, 0.0, 0.0)
    assert cache.ask(asked, later) == first
    cache.ask(asked, later + 3600)
    assert len(cache) <= len(asked.marks)


@given(REQUESTS)
def test_no_request_reads_more_than_an_earlier_one_wrote_of_the_same_prompt(
    requests: list[tuple[Prompt, float, float | None]],
) -> None:
    cache, at, written = Simulator(), 0.0, set[bytes]()
    for asked, gap, begins in requests:
        at += gap
        split = cache.ask(asked, at, None if begins is None else at + begins)
        read = split.cuts[0]
        assert read == 0 or asked.prefixes[read - 1] in written
        if split.write_5m + split.write_1h or read:
            written |= {asked.prefixes[place] for place in asked.marks}


@given(REQUESTS)
def test_where_no_answer_ever_begins_nothing_is_read(requests: list[tuple[Prompt, float, float | None]]) -> None:
    cache = Simulator()
    assert all(cache.ask(asked, gap).read == 0 for asked, gap, _ in requests)


@given(REQUESTS)
def test_a_mark_changes_what_is_cached_and_never_what_a_prefix_is(
    requests: list[tuple[Prompt, float, float | None]],
) -> None:
    for asked, _, _ in requests:
        bare = [Block(b.level, b.digest, b.tokens, "", b.eligible) for b in asked.blocks]
        unmarked = Prompt(asked.model, bare, asked.least, asked.settings)
        shared = asked.prefixes.keys() & unmarked.prefixes.keys()
        assert [asked.prefixes[place] for place in shared] == [unmarked.prefixes[place] for place in shared]


def test_days_of_sessions_leave_no_more_than_what_still_lives() -> None:
    cache = Simulator()
    most = 0
    for number in range(20_000):  # Two weeks, a request every minute, each a session of its own with two marks.
        blocks = [Block(Level.messages, number.to_bytes(4, "big"), 400, "1h"), Block(Level.messages, b"x", 400, "5m")]
        cache.ask(Prompt("a", blocks, LEAST), number * 60.0, number * 60.0)
        most = max(most, len(cache))
    assert most <= sum(life / 60 for life in LIFETIMES.values()) + 2


def test_a_storm_of_sessions_is_bounded_too() -> None:
    cache = Simulator(most=100)
    for number in range(2_000):
        mark: Mark = "1h" if number % 2 else "5m"
        cache.ask(Prompt("a", [Block(Level.messages, number.to_bytes(4, "big"), 400, mark)], LEAST), 0.0)
    assert len(cache) <= 2 * 101
