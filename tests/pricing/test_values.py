"""Values: what the standard library's frozen dataclasses promise, kept by a cheaper one."""

from dataclasses import dataclass as standard
from dataclasses import field, replace
from typing import Any

import pytest

from pricing.values import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 2
    note: str = field(default="", compare=False, repr=False)

    @property
    def sum(self) -> int:
        return self.x + self.y


@dataclass(frozen=True, order=True)
class Named:
    name: str

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


def test_values_are_equal_by_their_fields_and_class() -> None:
    assert (Point(1), Point(1, note="a")) == (Point(1, 2), Point(1, note="b"))
    assert Point(1) != Point(2)
    assert Point(1) != (1, 2, "")
    assert Nothing() == Nothing()


def test_equal_values_are_one_key() -> None:
    assert {Point(1): "a", Named("n"): "b", Nothing(): "c"}[Point(1, note="b")] == "a"
    assert len({Named("n"), Named("n"), Nothing(), Nothing()}) == 2


def test_a_value_is_shown_as_the_standard_one_is() -> None:
    @standard(frozen=True, slots=True)
    class Standard:
        x: int
        y: int = 2

    assert repr(Point(1)) == repr(Standard(1)).replace(Standard.__qualname__, "Point") == "Point(x=1, y=2)"
    assert (repr(Named("n")), repr(Nothing())) == ("n", "Nothing()")


def test_values_in_order_compare_by_their_fields() -> None:
    assert sorted([Named("b"), Named("a")]) == [Named("a"), Named("b")]
    assert Named("a") <= Named("a") < Named("b")
    other: Any = "b"
    with pytest.raises(TypeError):
        _ = Named("a") < other


def test_a_value_is_replaced_not_changed() -> None:
    point = Point(1)
    assert (replace(point, x=5).sum, point.sum) == (7, 3)
