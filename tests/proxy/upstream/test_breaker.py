"""The breaker: a server that fails its requests is left alone, and found again by single trials."""

from proxy.upstream.breaker import FIRST_WAIT_S, LONGEST_WAIT_S, TRIAL_S, Breaker, Circuit


class Stopwatch:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def opened(watch: Stopwatch) -> Breaker:
    """Give a breaker that has just opened."""
    breaker = Breaker(watch)
    for _ in range(3):
        breaker.failed()
    return breaker


def test_it_opens_after_three_failures_in_a_row_and_not_before() -> None:
    breaker = Breaker(Stopwatch())
    breaker.failed()
    breaker.failed()
    assert breaker.may_try()
    breaker.failed()
    assert not breaker.may_try()


def test_a_good_answer_in_between_starts_the_count_anew() -> None:
    breaker = Breaker(Stopwatch())
    for _ in range(5):
        breaker.failed()
        breaker.failed()
        breaker.worked()
    assert breaker.state is Circuit.CLOSED


def test_it_opens_at_once_where_nobody_listens() -> None:
    breaker = Breaker(Stopwatch())
    breaker.failed(unreachable=True)
    assert breaker.state is Circuit.OPEN


def test_after_five_seconds_one_request_at_a_time_may_try() -> None:
    watch = Stopwatch()
    breaker = opened(watch)
    watch.now += FIRST_WAIT_S
    assert breaker.state is Circuit.HALF_OPEN
    assert [bool(breaker.may_try()) for _ in range(3)] == [True, False, False]
    assert breaker.is_being_tried


def test_a_trial_that_works_closes_it() -> None:
    watch = Stopwatch()
    breaker = opened(watch)
    watch.now += FIRST_WAIT_S
    breaker.may_try()
    breaker.worked()
    assert breaker.state is Circuit.CLOSED
    assert all(breaker.may_try() for _ in range(3))


def test_each_trial_that_fails_doubles_the_wait_up_to_five_minutes() -> None:
    watch = Stopwatch()
    breaker = opened(watch)
    waits = []
    for _ in range(9):
        waits.append(breaker.opens_in_s)
        watch.now += breaker.opens_in_s
        assert breaker.may_try()
        breaker.failed()
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert breaker.opens_in_s == LONGEST_WAIT_S


def test_after_it_closed_the_wait_begins_small_again() -> None:
    watch = Stopwatch()
    breaker = opened(watch)
    watch.now += FIRST_WAIT_S
    breaker.may_try()
    breaker.failed()
    breaker.worked()
    breaker.failed(unreachable=True)
    assert breaker.opens_in_s == FIRST_WAIT_S


def test_requests_sent_before_it_opened_that_fail_after_are_no_failed_trials() -> None:
    breaker = opened(Stopwatch())
    for _ in range(10):
        breaker.failed()
    assert breaker.opens_in_s == FIRST_WAIT_S


def test_a_trial_of_which_nothing_is_heard_does_not_block_for_ever() -> None:
    watch = Stopwatch()
    breaker = opened(watch)
    watch.now += FIRST_WAIT_S
    assert breaker.may_try()
    watch.now += TRIAL_S
    assert breaker.may_try()


def test_a_trial_that_comes_to_nothing_is_given_back_and_the_next_request_tries() -> None:
    watch = Stopwatch()
    breaker = opened(watch)
    watch.now += FIRST_WAIT_S
    trial = breaker.may_try()
    assert trial
    assert not breaker.may_try()
    trial.let_go()
    assert breaker.may_try()


def test_only_the_trial_itself_can_be_given_back() -> None:
    watch = Stopwatch()
    breaker = Breaker(watch)
    before = breaker.may_try()
    for _ in range(3):
        breaker.failed()
    watch.now += FIRST_WAIT_S
    first = breaker.may_try()
    assert before
    assert first
    before.let_go()  # It was sent before the breaker opened, and its agent has left since.
    assert not breaker.may_try()
    breaker.failed()
    watch.now += breaker.opens_in_s
    assert breaker.may_try()
    first.let_go()  # It has failed already.
    assert not breaker.may_try()


def test_a_good_health_page_does_not_close_it_when_requests_failed() -> None:
    breaker = opened(Stopwatch())
    breaker.seen_well()
    assert breaker.state is Circuit.OPEN


def test_a_good_health_page_closes_it_when_only_nobody_had_listened() -> None:
    breaker = Breaker(Stopwatch())
    breaker.failed(unreachable=True)
    breaker.seen_well()
    assert breaker.state is Circuit.CLOSED
