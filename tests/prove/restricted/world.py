"""The world around a session: a bursar that is restarted, a local server that fails and dies, modes, money, hours."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from budget.bands import Limits
from budget.events import Stopped
from budget.ledger import Mode
from pricing.money import Money
from proxy.rules.project import Project
from proxy.rules.rule import Match, Rule
from proxy.services import ProxyOptions
from proxy.sessions import Sessions
from proxy.task import Tier
from proxy.upstream.local_model import LocalSetting
from tests.kit.bursar import free_ports
from tests.kit.fake_claude import FakeClaude
from tests.kit.inproc import InProcess
from tests.kit.local_fake import Act, LocalFake, local_fake, says
from tests.prove.local.breaks import CALLS

Policy = Literal["claude-only", "local-only"]

PROJECT = Project(Path("/home/me/app/.bursar.toml"), restricted_paths=("infra/prod/**",))
CUSTOMERS = Rule("customers", Match(paths=("**/customers/**",)), tier=Tier.L3)
RULES: dict[str, tuple[Rule, ...]] = {
    "none": (),
    "all to Claude": (Rule("all", route="cloud"),),
    "all local": (Rule("all", route="local"),),
    "another Claude": (Rule("all", model="claude-haiku-4-5"),),
}
SWAPS: dict[str, dict[Tier, str]] = {
    "none": {},
    "cheaper": {Tier.L1: "claude-haiku-4-5", Tier.L2: "claude-sonnet-5-5", Tier.L3: "claude-haiku-4-5"},
}
MONEY = (("10", "12"), ("10", "10"), ("0.02", "0.03"), ("0", "0"), ("100", "120"))
SLOWLY = "take your time"
"""A request with these words is answered late, and badly."""
PATIENCE_S = 0.12
"""Seconds that bursar waits for a byte of the local server."""


class Forgetful(Sessions):
    """Remembers no restriction."""

    def saw(self, session: str, tier: Tier) -> None:
        """Forget it."""


class World:
    """Everything but the session; `seen` are the requests that the local server got, in any of its lives."""

    def __init__(
        self, chance: random.Random, fake: FakeClaude, folder: Path, policy: Policy, *, forgets: bool = False
    ) -> None:
        self.chance, self.fake, self.folder = chance, fake, folder
        self.seen: list[dict[str, Any]] = []
        self.manner = chance.choice(["good", "good", "broken", "hangs"])
        self.mode = chance.choice(list(Mode))
        self.money = chance.choice(MONEY)
        self.restarts = 0
        self._forgets = forgets
        self._later = timedelta()
        self._rules = (CUSTOMERS, *RULES[chance.choice(list(RULES))])
        self._swaps = SWAPS[chance.choice(list(SWAPS))]
        self.policy: Policy = policy
        self._port = free_ports(1)[0]
        self._end = ExitStack()
        self._local = ExitStack()
        self.is_alive = False
        if chance.random() < 0.85:
            self.local_returns()
        self.bursar = self._start()

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()
        self._local.close()

    # --- what happens ---------------------------------------------------------------------------------------------

    def happens(self) -> str:
        """Let something happen, and say what."""
        what = self.chance.choices(list(EVENTS), [WEIGHTS.get(name, 1) for name in EVENTS])[0]
        EVENTS[what](self)
        return what

    def switch(self) -> None:
        """Switch the mode."""
        self.mode = self.chance.choice(list(Mode))
        self.bursar.ledger.set_mode(self.mode)

    def pay(self) -> None:
        """Set another budget and cutoff."""
        self.money = self.chance.choice(MONEY)
        self.bursar.ledger.set_limits(Limits(*map(Money.usd, self.money)))

    def stop(self) -> None:
        """Press the emergency stop."""
        self.bursar.ledger.stop("person")

    def resume(self) -> None:
        """Lift it."""
        self.bursar.ledger.resume()

    def restart(self) -> None:
        """End bursar and start it again: what it knew in memory is gone."""
        self.restarts += 1
        self._end.close()
        self.bursar = self._start()

    def behave(self) -> None:
        """Let the local server answer in another manner from now on."""
        self.manner = self.chance.choice(["good", "good", "good", "broken", "broken", "hangs"])

    def local_dies(self) -> None:
        """End the local server; bursar finds out by itself, or by looking."""
        self._local.close()
        self.is_alive = False
        if self.chance.random() < 0.5:
            self.look()

    def local_returns(self) -> None:
        """Start the local server again on its port."""
        if not self.is_alive:
            self._local.enter_context(local_fake(self._act, port=self._port))
            self.is_alive = True

    def look(self) -> None:
        """Look for local servers, as bursar does every half minute."""
        self.bursar.services.locals.refresh()

    def later(self) -> None:
        """Let hours pass: turns are forgotten, and a new day may begin."""
        self._later += timedelta(hours=self.chance.choice([1, 7, 13, 30]))

    # --- its parts ------------------------------------------------------------------------------------------------

    def _start(self) -> InProcess:
        options = ProxyOptions(
            restricted=self.policy,
            queue_wait_s=0.1,
            busy_wait_s=0.05,
            rules=self._rules,
            cloud_models=self._swaps,
            lower_max_tokens=self.chance.random() < 0.2,
        )
        patience = {"first_s": PATIENCE_S, "idle_s": PATIENCE_S}
        setting = LocalSetting(
            *("box", f"http://127.0.0.1:{self._port}", "openai", ("fake-model",)), context=32768, tools=True, **patience
        )
        started = InProcess(
            *(self.folder, self.fake.url), options=options, mode=self.mode, servers=(setting,),
            budget=self.money[0], cutoff=self.money[1],
        )  # fmt: skip
        started.now = lambda: datetime.now(UTC) + self._later
        started.services.project = lambda folder: PROJECT
        if self._forgets:
            started.services.sessions = Forgetful(started.now)
        # An emergency stop cuts what is under way.
        started.ledger.subscribe(
            lambda event: isinstance(event, Stopped) and started.server.cut(lambda sent: sent.is_cloud)
        )
        return self._end.enter_context(started)

    def _act(self, body: dict[str, Any]) -> Act:
        self.seen.append(body)
        if SLOWLY in str(body["messages"][-1]):
            return Act(says("Let me use Read to look at it first."), first_byte_s=0.08)
        if self.manner == "good":
            return Act(says("It ", "is done."))
        if self.manner == "hangs":
            return Act(says("It is done."), hang_after=self.chance.choice([0, 40]))
        kind = self.chance.choice([kind for kind in CALLS if kind != "hangs for good"])
        return CALLS[kind]("Read", {"file_path": "src/parser.py"}, self.chance)


EVENTS: dict[str, Callable[[World], None]] = {
    "the mode is switched": World.switch,
    "the money changes": World.pay,
    "everything is stopped": World.stop,
    "it is resumed": World.resume,
    "bursar is restarted": World.restart,
    "the local server changes its manners": World.behave,
    "the local server dies": World.local_dies,
    "the local server returns": World.local_returns,
    "bursar looks for local servers": World.look,
    "hours pass": World.later,
}
WEIGHTS = {"bursar is restarted": 4, "the local server returns": 2, "it is resumed": 2}
__all__ = ["EVENTS", "SLOWLY", "LocalFake", "Policy", "World"]
