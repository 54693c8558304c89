"""A measured request bounds the next one that begins with the same bytes, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.anchors import BLOCK, SEAM, Anchors, Print

OLD = bytes(range(256)) * 200


def test_the_shared_part_counts_as_measured_and_the_rest_by_its_bytes():
    anchors = Anchors()
    anchors.measured("s", Print.of(OLD), 0, 9000)
    new = OLD + b"!" * 1000
    # 51,200 bytes are 12.5 blocks: 12 of them (49,152 bytes) are surely shared; 52,200 - 49,152 = 3,048 are new.
    assert anchors.bound("s", Print.of(new), 0) == 9000 + 3048 + SEAM


def test_another_conversation_is_no_anchor():
    anchors = Anchors()
    anchors.measured("s", Print.of(OLD), 0, 9000)
    assert anchors.bound("t", Print.of(OLD), 0) is None
    assert anchors.bound("s", Print.of(b"x" + OLD), 0) is None


def test_a_new_image_is_not_bounded_by_its_bytes():
    anchors = Anchors()
    anchors.measured("s", Print.of(OLD), 1, 9000)
    assert anchors.bound("s", Print.of(OLD), 2) is None
    assert anchors.bound("s", Print.of(OLD), 1) is not None


@given(st.integers(0, len(OLD) - 1), st.binary(max_size=50))
def test_what_is_shared_is_never_more_than_what_is_the_same(place, tail):
    new = OLD[:place] + bytes([OLD[place] ^ 1]) + tail
    shared = Print.of(OLD).shared(Print.of(new))
    assert new[:shared] == OLD[:shared]
    assert shared == place // BLOCK * BLOCK


def test_it_keeps_a_limited_number_of_sessions():
    anchors = Anchors()
    for number in range(1000):
        anchors.measured(str(number), Print.of(OLD), 0, number)
    assert anchors.bound("0", Print.of(OLD), 0) is None
    assert anchors.bound("999", Print.of(OLD), 0) is not None
