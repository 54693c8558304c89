"""A day with local turns through the proxy, and what it says that saved: `python -m tests.prove.savings_day [--usd D]`.

The fake Claude keeps a real prompt cache and a bill; each call is sent at its own moment, one after the other. What was
truly saved is what the fake bills for all of the day less what it billed for the part that it got.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from budget.ledger import Mode
from budget.savings import Savings, savings
from proxy.upstream.local_model import LocalSetting
from tests.kit import traffic
from tests.kit.bursar import PICOS
from tests.kit.claude.promptcache import count
from tests.kit.claude.replay import Ask, bill_of
from tests.kit.fake_claude import FakeClaude
from tests.kit.inproc import InProcess
from tests.kit.local_fake import Act, local_fake, says
from tests.kit.raw import Client
from tests.kit.scripted import eventually
from tests.kit.traffic import Call
from tests.kit.traffic_bodies import Renderer, filler, headers

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
LOCAL_SHARE = 0.35


@dataclass(frozen=True)
class Outcome:
    """What a day came to; picodollars. `truth` is what was saved before the local machine's cost."""

    found: Savings
    calls: int
    local: int
    alone: int
    billed: int

    @property
    def truth(self) -> int:
        """What Claude alone would have billed less what it did bill."""
        return self.alone - self.billed

    @property
    def said(self) -> int:
        """The same by the baselines."""
        total = self.found.total.paid
        return (total.saved.likely + total.local).picos


def play(calls: Sequence[Call], folder: Path, seed: int = 1) -> Outcome:
    """Send a day, some of its turns to a local model."""
    chance = random.Random(seed)
    local_turns = {turn for turn in sorted({(c.session, c.turn) for c in calls}) if chance.random() < LOCAL_SHARE}
    asks: list[Ask] = []
    at_local = 0
    said = [""]
    act = lambda body: Act(says(said[0]))
    with FakeClaude() as fake, local_fake(act) as model:
        servers = (LocalSetting("box", model.url, "openai", ("fake-model",), context=400_000, tools=True),)
        settings = {"mode": Mode.auto, "budget": "9000", "cutoff": "9000", "servers": servers, "at": MIDNIGHT}
        with InProcess(folder, fake.url, **settings) as proxy, Client(proxy.url, 60) as client:
            renderer = Renderer()
            for call in calls:
                moment = MIDNIGHT + timedelta(seconds=call.t)
                proxy.now = lambda moment=moment: moment  # type: ignore[misc]
                body, said[0] = renderer.body(call), filler(call.out, "said")
                wanted = "local" if call.turn and (call.session, call.turn) in local_turns else "cloud"
                answer = client.ask(body, "/v1/messages?beta=true", **headers(call), x_bursar_route=wanted)
                if answer.status != 200:
                    continue
                is_local = answer.headers["x-bursar-route"].startswith("box")
                at_local += is_local
                output = count({"type": "text", "text": said[0]}) if is_local else call.out
                asks.append(Ask(call.t, json.loads(body), output))
            day = MIDNIGHT.date()
            assert eventually(lambda: not proxy.today.open_holds)
            (total,) = proxy.ledger.days(day, day)
            recorded = lambda: sum(row["requests"] for row in proxy.ledger.baselines.totals(day, day))
            assert eventually(lambda: recorded() == total.requests)
            assert proxy.ledger.check() == []
            found = savings(proxy.ledger.baselines, day, day)
        return Outcome(found, len(asks), at_local, bill_of(asks), fake.bill()["picos"])


def tell(outcome: Outcome) -> None:
    """Print the figures."""
    total, error = outcome.found.total.paid, outcome.found.error
    print(f"{outcome.calls} calls, {outcome.local} of them local; ${outcome.billed / PICOS:.4f} billed")
    print(f"  Claude alone  ${outcome.alone / PICOS:.4f}, by the baselines ${total.baseline.likely.dollars(4)[1:]}")
    low, high = (total.baseline.low.picos - outcome.alone), (total.baseline.high.picos - outcome.alone)
    print(f"  their range   {low / outcome.alone:+.2%} to {high / outcome.alone:+.2%}")
    off = (outcome.said - outcome.truth) / abs(outcome.truth or 1)
    print(f"  truly saved   ${outcome.truth / PICOS:.4f}, by the baselines ${outcome.said / PICOS:.4f} ({off:+.2%})")
    print(f"  of that cold  {total.parts.cold.dollars(4)}; moved {total.parts.moved.dollars(4)}")
    print(f"  own error     {error.permille} and {error.off_permille} thousandths on {error.requests} requests")


def main() -> None:
    """Play a day and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--usd", type=float, default=12.0)
    parser.add_argument("--seed", type=int, default=22)
    parser.add_argument("--calls", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tell(play(traffic.generate(options.seed, options.usd)[: options.calls], Path(folder)))


if __name__ == "__main__":
    main()
