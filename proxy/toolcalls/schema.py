"""A tool's schema: whether arguments fit it; the rules themselves are loaded when the first one is looked at."""

from __future__ import annotations

import json
from functools import cached_property
from types import ModuleType
from typing import Any

from proxy.toolcalls.verdict import Misfit, Step

__all__ = ["Misfit", "Schema"]


class Schema:
    """One tool's schema."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema

    @property
    def is_usable(self) -> bool:
        """Tell whether it can be checked against; where not, everything fits."""
        return self._validator is not None

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters that it declares."""
        properties = self._schema.get("properties") if isinstance(self._schema, dict) else None
        return tuple(properties) if isinstance(properties, dict) else ()

    def fit(self, value: Any) -> tuple[Any, tuple[Step, ...]]:
        """Return the value and what had to be done to it; raises Misfit."""
        if self._validator is None:
            return value, ()
        fitted: tuple[Any, tuple[Step, ...]] = _fitting().fitted(self._validator, value)
        return fitted

    @cached_property
    def _validator(self) -> Any:
        try:
            return _fitting().validator(json.dumps(self._schema, sort_keys=True))
        except (ValueError, TypeError, RecursionError):
            return None


def _fitting() -> ModuleType:
    """Load jsonschema, which takes 40 ms: a server that never meets a local model does without."""
    from proxy.toolcalls import fitting

    return fitting
