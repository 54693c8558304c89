"""A house to look at: a ledger with days in it, the control server's app before it, and a visitor who was let in."""

import random
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from budget.bands import Limits
from budget.baseline import Baseline, Basis, Figures, Part
from budget.ledger import Ask, Held, Labels, Ledger, Offer, Outcome, Settlement
from budget.state import Mode
from pricing.machine import LocalCost
from pricing.money import ZERO, Money
from pricing.rates import Rates
from pricing.table import PriceTable
from pricing.usage import Usage
from proxy.agentwires import AgentWires
from proxy.around import Around
from proxy.classify import Classifier
from proxy.control import create_control
from proxy.desk import RequestError, Setting
from proxy.services import Line, Services
from proxy.sessions import Sessions
from proxy.upstream.anthropic import Cloud
from proxy.upstream.local import LocalSetting, Registry

NOW = datetime(2026, 11, 20, 14, 32, 10, tzinfo=UTC)
TOKEN = secrets.token_urlsafe(32)
PRICES = PriceTable.load()
PROJECTS = ("shop", "billing", "site", "notes")
WORK = ("debugging", "refactor", "test", "documentation", "explanation", "code_generation")
LABELS = {
    "session": "s1",
    "agent": "",
    "model_asked": "claude-opus-5-5",
    "task_class": "debugging",
    "tier": "L2",
    "mode": "auto",
    "band": "normal",
    "reason": "L2 goes to Claude",
}
KNOWN_BY = "NVML energy counter, timed by the server"


class PaperDesk:
    """A desk whose config file is a dictionary; it refuses a budget of thirteen."""

    around: Around | None = None
    wires: AgentWires | None = None

    def __init__(self) -> None:
        self.file = {"budget": "10.00", "zone": "UTC", "shares.L3": "10"}
        self.reloads = 0
        self.broken = ""

    def set_limits(self, changes: Mapping[str, str | None]) -> None:
        """Take limits."""

    def reload(self) -> list[str]:
        """Count."""
        self.reloads += 1
        return []

    def facts(self) -> dict[str, Any]:
        """Tell what the pages show."""
        return {"version": "0.1.0", "port": 2877, "config_file": "~/.config/bursar/config.toml", "zone": "UTC"}

    def settings(self) -> Mapping[str, Setting]:
        """Tell what stands in the file."""
        if self.broken:
            raise RequestError(self.broken)
        keys = ("budget", "cutoff", "alerts", "zone", "caution", "restricted_paths", "shares.L3", "machine.price")
        return {key: Setting(key, self.file.get(key, ""), "the default") for key in keys}

    def change_settings(self, changes: Mapping[str, str]) -> Mapping[str, str]:
        """Write, or say what is wrong."""
        if changes.get("budget") == "13":
            return {"budget": "It is unlucky."}
        if changes.get("cutoff") == "1":
            return {"": "The two do not fit."}
        self.file.update(changes)
        return {}


class House:
    """All that a dashboard shows, in this process; `moments` is what the clocks say: the last of them."""

    def __init__(self, folder: Path, *, servers: tuple[LocalSetting, ...] = (), at: datetime = NOW) -> None:
        self.moments = [at]
        self.zone = ZoneInfo("UTC")
        self.ledger = Ledger.open(
            folder / "ledger",
            clock=lambda: self.moments[-1],
            limits=Limits.of(Money.usd(10)),
            zone=self.zone,
            monotonic=lambda: (self.moments[-1] - NOW).total_seconds() + 10**9,
        )
        registry = Registry(servers, False, lambda: self.moments[-1], requests.Session())
        registry.refresh()
        self.services = Services(
            ledger=self.ledger,
            prices=lambda: PRICES,
            locals=registry,
            cloud=Cloud(),
            classifier=Classifier(),
            sessions=Sessions(lambda: self.moments[-1]),
            clock=lambda: self.moments[-1],
            zone=lambda: self.zone,
        )
        self.ledger.subscribe(self.services.log.hear)
        self.desk = PaperDesk()
        self.app = create_control(self.services, TOKEN, self.desk)
        self._number = 0

    def __enter__(self) -> "House":
        return self

    def __exit__(self, *_: object) -> None:
        self.ledger.close()

    def link(self) -> str:
        """Ask for a link as the command does; gives its path."""
        answer = self.app.test_client().post("/api/link", json={}, headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        return str(answer.json["path"])

    def visitor(self) -> "Visitor":
        """Let a browser in."""
        visitor = Visitor(self.app.test_client())
        assert visitor.get(self.link()).status_code == 303
        return visitor

    def spend(
        self,
        dollars: str = "0",
        *,
        at: datetime | None = None,
        is_local: bool = False,
        model: str = "",
        outcome: Outcome = Outcome.complete,
        usage: Usage | None = None,
        local: LocalCost | None = None,
        request_id: str = "",
        alone: str | None = None,
        **labels: Any,
    ) -> str:
        """Enter one request that took a second; gives its id. `alone` is what it would have cost at Claude."""
        if at:
            self.moments.append(at)
        self._number += 1
        request_id = request_id or f"req_{self._number:06d}"
        model = model or ("qwen3-coder-30b" if is_local else "claude-opus-5-5")
        known = {**LABELS, **labels}
        amount = Money.usd(dollars)
        offer = Offer("gpu-box" if is_local else "anthropic", model, amount, is_local=is_local)
        held = self.ledger.reserve(Ask(request_id, (offer,), Labels(**known)))
        assert isinstance(held, Held), held
        usage = usage or Usage(input=1200, cache_read=48_000, cache_write_5m=900, output=640)
        spent = ZERO if outcome is Outcome.voided else amount
        settlement = Settlement(
            outcome, spent, spent, usage, status=200, duration_ms=1000, first_byte_ms=400, local=local
        )
        self.ledger.settle(held.hold_id, settlement).result(5)
        if alone is not None:
            self.ledger.baselines.record([_baseline(held.hold_id, alone, is_local=is_local)]).result(5)
        return request_id

    def note(self, request_id: str, **fields: Any) -> None:
        """Put a line into the log, as for a request that was just decided."""
        known: dict[str, Any] = {**LABELS, "at": self.moments[-1], "route": "anthropic/claude-opus-5-5", **fields}
        self.services.log.add(lambda number: Line(number, request_id=request_id, **known))

    def live(self, days: int, seed: int = 7) -> None:
        """Fill so many days before today, and today until NOW, as a developer would; weekends are off."""
        dice = random.Random(seed)
        for back in range(days, -1, -1):
            day = NOW - timedelta(days=back)
            if day.weekday() < 5:
                self._live(day, dice, until=NOW if not back else None)
        self.moments.append(NOW)
        self.ledger.set_mode(Mode.auto)

    def _live(self, day: datetime, dice: random.Random, until: datetime | None) -> None:
        at = day.replace(hour=8, minute=10, second=0)
        sessions = [f"{dice.randrange(16**8):08x}-77b1-4c2e-9d1f-{dice.randrange(16**12):012x}" for _ in range(4)]
        end = until or day.replace(hour=18, minute=dice.randrange(60))
        while at < end:
            tier = dice.choices(("L0", "L1", "L2", "L3"), (30, 30, 34, 6))[0]
            session = dice.choice(sessions)
            is_local = tier in ("L0", "L1") and dice.random() < 0.85
            outcome = dice.choices((Outcome.complete, Outcome.voided, Outcome.client_left), (94, 3, 3))[0]
            read, written = (0, 0) if is_local else (dice.randrange(10_000, 90_000), dice.randrange(300, 2500))
            usage = Usage(dice.randrange(300, 3000), written, 0, read, dice.randrange(60, 1800))
            joules = dice.randrange(200_000, 900_000)
            cost = LocalCost(Money(joules * 50), Money(joules * 3000), joules, KNOWN_BY) if is_local else None
            self.spend(
                "0" if is_local else f"0.{dice.randrange(200, 3800):04d}",
                at=at,
                is_local=is_local,
                outcome=outcome,
                usage=usage,
                local=cost,
                alone=f"0.{dice.randrange(200, 1500):04d}",
                tier=tier,
                session=session,
                task_class=dice.choice(WORK),
                project=f"/home/ada/{PROJECTS[sessions.index(session)]}",
                agent="claude-cli",
                reason=f"{tier} {'local first, may escalate' if is_local else 'goes to Claude'}",
            )
            at += timedelta(minutes=dice.randrange(2, 11), seconds=dice.randrange(60))


def _baseline(hold_id: int, dollars: str, *, is_local: bool) -> Baseline:
    """Say what a request would have cost at Claude: what it did cost there, or a simulated figure."""
    if not is_local:
        return Baseline(hold_id, Part.kept, Basis.actual)
    likely = Money.usd(dollars)
    low, high = Money(likely.picos * 9 // 10), Money(likely.picos * 11 // 10)
    figures = Figures(low, likely, high, Usage(input=likely.picos), Rates(1, 1, 1, 1, 1))
    return Baseline(hold_id, Part.moved, Basis.simulated, figures)


class Visitor:
    """A browser that was let in, and sends forms as it finds them on a page."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str) -> TestResponse:
        """Open a page."""
        return self.client.get(path)

    def text(self, path: str) -> str:
        """Open a page that must be there, and give its source."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    @property
    def csrf(self) -> str:
        """What the forms of our pages carry."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.text("/settings"))
        assert found
        return found[1]

    def post(self, path: str, **fields: str) -> TestResponse:
        """Send a form of ours."""
        return self.client.post(path, data={"csrf": self.csrf, **fields})
