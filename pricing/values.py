"""Values: dataclasses that are cheap to define and to make, for hundreds of classes and a thousand fields a request.

The standard frozen one takes 0.7 ms a class to define, and four times as long as a plain one to make. Here only
`__init__` is written for each class. That nobody changes a value is held by the type checker, to which this *is* the
standard decorator, and by no code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses
    from collections.abc import Callable
    from operator import attrgetter, eq, ge, gt, le, lt
    from typing import Any

    def dataclass(cls: type | None = None, /, *, frozen: bool = False, order: bool = False, **wanted: Any) -> Any:
        """Define a dataclass; a frozen one compares and hashes by its fields like the standard one."""
        if not frozen:
            return dataclasses.dataclass(cls, order=order, **wanted)
        if cls is None:
            return lambda found: _value(found, order, wanted)
        return _value(cls, order, wanted)

    def _value(cls: type, order: bool, wanted: dict[str, Any]) -> type:
        made = dataclasses.dataclass(cls, eq=False, repr=False, **wanted)
        fields = dataclasses.fields(made)
        key = _key([field.name for field in fields if field.compare])
        shown = [field.name for field in fields if field.repr]

        def as_text(self: Any) -> str:
            told = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
            return f"{self.__class__.__qualname__}({told})"

        methods = {"__eq__": _comparing(key, eq), "__hash__": lambda self: hash(key(self)), "__repr__": as_text}
        if order:
            methods |= {f"__{compare.__name__}__": _comparing(key, compare) for compare in (lt, le, gt, ge)}
        for name, method in methods.items():
            if name not in cls.__dict__:
                setattr(made, name, method)
        return made

    def _comparing(key: Callable[[Any], Any], compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
        def compared(self: Any, other: Any) -> Any:
            return compare(key(self), key(other)) if other.__class__ is self.__class__ else NotImplemented

        return compared

    def _key(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
        """Give the fields as a tuple."""
        if len(names) > 1:
            return attrgetter(*names)
        return (lambda value: (getattr(value, names[0]),)) if names else lambda value: ()
