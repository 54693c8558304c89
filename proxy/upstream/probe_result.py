"""What a tool probe found: which checks a model passed, what is wrong where it did not, and what mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A cause by its key ("template", "context", "slow", …), what it means for a person, and the command that mends it.

    A `passing` one lies outside the model – it is loading, the key is wrong – and says nothing about its tools.
    """

    key: str
    says: str
    mend: str = ""
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One check: whether it went well, else what was seen; `detail` is free of the prompt."""

    name: str
    ok: bool
    cause: str = ""
    detail: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of a probe at a moment.

    `passed` None where nothing can be said, for a cause outside the model. `limits` are what holds although it passed.
    `setup` is what the server told of itself then: another one calls for another probe.
    """

    passed: bool | None
    checks: tuple[Check, ...]
    at: datetime
    diagnosis: Diagnosis | None = None
    limits: tuple[Diagnosis, ...] = ()
    first_token_s: float | None = None
    prompt_tokens_per_s: float | None = None
    tokens_per_s: float | None = None
    setup: str = ""
    seconds: float = field(default=0.0)

    @property
    def cause(self) -> str:
        """Say what is wrong; empty when nothing is."""
        return self.diagnosis.says if self.diagnosis else ""

    @property
    def mend(self) -> str:
        """Give the command that mends it; empty where there is none."""
        return self.diagnosis.mend if self.diagnosis else ""

    def as_json(self) -> dict[str, Any]:
        """Write it as JSON."""
        return {**asdict(self), "at": self.at.isoformat(), "cause": self.cause, "mend": self.mend}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ProbeResult:
        """Read what `as_json` wrote; raises ValueError for anything else."""
        try:
            found = raw.get("diagnosis")
            return cls(
                passed=raw["passed"],
                checks=tuple(Check(**check) for check in raw["checks"]),
                at=datetime.fromisoformat(raw["at"]),
                diagnosis=Diagnosis(**found) if found else None,
                limits=tuple(Diagnosis(**limit) for limit in raw["limits"]),
                first_token_s=raw["first_token_s"],
                prompt_tokens_per_s=raw["prompt_tokens_per_s"],
                tokens_per_s=raw["tokens_per_s"],
                setup=raw["setup"],
                seconds=raw["seconds"],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a probe result: {error!r}") from error
