"""Fitting: a value is checked against a schema, and brought to fit it without losing anything."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from proxy.toolcalls.ladder import parse_value
from proxy.toolcalls.verdict import Misfit, Step

ERRORS_LOOKED_AT = 50
PASSES = 4

_ABSENT = object()
_EMPTY: tuple[Any, ...] = (None, "", [], {})
# Patterns are ECMAScript's, which Python reads differently, and some would keep it busy for ever: the client checks
# them. Nothing is fetched for a `$ref`: the registry is empty.
_VALIDATOR: Any = extend(Draft202012Validator, {"pattern": None})  # type: ignore[no-untyped-call]
_NOT_CHECKED = ("patternProperties", "$schema")
_REGISTRY: Registry[Any] = Registry()
_BROKEN = (
    *(Unresolvable, RecursionError, re.error),
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError),
)
"""What a schema that is none can raise while it is used."""


@lru_cache(maxsize=512)
def validator(schema: str) -> Any:
    """Build a schema's validator, or return None where it is no schema."""
    parsed = json.loads(schema)
    if any(f'"{keyword}":' in schema for keyword in _NOT_CHECKED):
        return None
    try:
        _VALIDATOR.check_schema(parsed)
    except (SchemaError, *_BROKEN):
        return None
    return _VALIDATOR(parsed, registry=_REGISTRY)


def fitted(checked: Any, value: Any) -> tuple[Any, tuple[Step, ...]]:
    """Return the value and what had to be done to it for it to fit; raises Misfit."""
    try:
        return _fitted(checked, value)
    except Misfit:
        raise
    except _BROKEN:
        return value, ()


def _fitted(checked: Any, value: Any) -> tuple[Any, tuple[Step, ...]]:
    steps: list[Step] = []
    given = value
    for _ in range(PASSES):
        errors = list(islice(checked.iter_errors(value), ERRORS_LOOKED_AT))
        if not errors:
            return value, tuple(dict.fromkeys(steps))
        value = copy.deepcopy(value) if value is given else value
        done = [step for error in errors for step in _mend(checked, value, error)]
        if not done:
            raise Misfit(str(errors[0].validator))
        steps += done
    raise Misfit("depth")


def _mend(checked: Any, value: Any, error: ValidationError) -> Iterator[Step]:
    """Do what an error asks for, inside `value`, where that loses nothing."""
    path = list(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        yield from _drop_extras(_at(value, path), error)
    elif path and isinstance(error.instance, str):
        yield from _decode(checked, value, path, error)
    elif path and error.instance is None and isinstance(path[-1], str):
        # A parameter that takes no null and is not needed is left out; one that is needed is then missed.
        yield from _drop(_at(value, path[:-1]), path[-1])


def _drop_extras(found: Any, error: ValidationError) -> Iterator[Step]:
    declared = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    for name in [name for name in found if name not in declared and _is_empty(found[name])]:
        yield from _drop(found, name)


def _drop(found: Any, name: str) -> Iterator[Step]:
    if isinstance(found, dict) and found.pop(name, _ABSENT) is not _ABSENT:
        yield Step.DROPPED


def _decode(checked: Any, value: Any, path: list[Any], error: ValidationError) -> Iterator[Step]:
    """Read a string as the number, boolean, list or object that the schema wants in its place."""
    outer = _at(value, path[:-1])
    given = outer[path[-1]]
    # A string that fits two branches of oneOf is meant as a string; only one that fits none may be something else.
    is_wanted = error.validator in ("type", "anyOf") or (error.validator == "oneOf" and error.context)
    if not is_wanted or not isinstance(given, str):
        return
    found = parse_value(given, may_close=False)
    if found is None or isinstance(found.value, str):
        return
    if checked.evolve(schema=error.schema).is_valid(found.value) or isinstance(found.value, dict | list):
        outer[path[-1]] = found.value
        yield Step.COERCED


def _at(value: Any, path: list[Any]) -> Any:
    for key in path:
        value = value[key]
    return value


def _is_empty(value: Any) -> bool:
    return any(value == empty and type(value) is type(empty) for empty in _EMPTY)
