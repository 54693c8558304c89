"""How much of $20 parallel agents can spend before the first refusal: `python -m tests.prove.no_false_refusals`.

Agents talk to the fake Claude through bursar, each with a growing conversation and a large `max_tokens`, until one is
refused. Beside it stands what a gateway does that holds byte bounds and refuses at once, computed for the same calls.
Time is compressed twentyfold: an answer takes a third of a second, and the waiting line's 60 s are three.
"""

import argparse
import heapq
import random
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from tests.kit.bursar import PICOS, Bursar
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Client, Truncated
from tests.kit.traffic import Call
from tests.kit.traffic_bodies import Renderer, headers

MODEL = "claude-opus-5-5"
WRITE, READ, OUT = 5_000_000, 200_000, 20_000_000  # Picodollars a token.
CAP = 20 * PICOS
ANSWER_S = 0.33  # 6.6 s, the measured median between two calls.
QUEUE_S = 3


@dataclass(frozen=True)
class Result:
    """What was spent when the first request was refused, in picodollars; `refused` is the sentence."""

    agents: int
    max_tokens: int
    spent: int
    baseline: int
    calls: int
    refused: str


def conversation(agent: int) -> list[Call]:
    """Make the calls of one agent, alike for bursar and for the baseline."""
    chance, calls, context = random.Random(agent), [], 0
    for step in range(400):
        new = 28_000 if step == 0 else int(chance.lognormvariate(6.3, 1.0))
        out = min(4000, int(chance.lognormvariate(5.3, 1.2)) + 20)
        about = (f"agent{agent}", "main", 1, step, "user", MODEL, "L2", "other", context, new, out, "Go on.", "Bash")
        calls.append(Call(float(step), *about))
        context += new + out
    return calls


def measure(agents: int, max_tokens: int, home: Path, queue_s: int = QUEUE_S) -> Result:
    """Run the agents until the first refusal."""
    with FakeClaude() as fake, Bursar(home, fake.url, budget="20.00", cutoff="20.00", queue_wait_s=queue_s) as bursar:
        crowd = _Crowd(bursar.url, max_tokens)
        crowd.run(agents)
        bursar.settled()
        spent, calls = fake.bill()["picos"], len(fake.bill()["lines"])
    return Result(agents, max_tokens, spent, baseline(agents, max_tokens), calls, crowd.refused)


class _Crowd:
    """The agents, and the sentence that ended it."""

    def __init__(self, url: str, max_tokens: int):
        self._url = url
        self._max_tokens = max_tokens
        self._over = threading.Event()
        self.refused = ""

    def run(self, agents: int) -> None:
        threads = [threading.Thread(target=self._agent, args=(agent,)) for agent in range(agents)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _agent(self, agent: int) -> None:
        renderer = Renderer()
        with Client(self._url, timeout_s=120) as client:
            for call in conversation(agent):
                if self._over.is_set():
                    return
                refused = self._ask(client, _body(renderer, call, self._max_tokens), call)
                if refused and not self._over.is_set():
                    self.refused = refused
                    self._over.set()

    def _ask(self, client: Client, body: bytes, call: Call) -> str:
        """Return the sentence of a refusal, plain or inside a stream that had to wait; else nothing."""
        try:
            answer = client.ask(body, **headers(call))
        except Truncated as broken:
            client.close()
            return broken.wire[-400:].decode()
        return str(answer.error["message"]) if answer.status == 402 else ""


def _body(renderer: Renderer, call: Call, max_tokens: int) -> bytes:
    body = renderer.body(replace(call, t=call.t))
    order = f"[[ttft:{int(ANSWER_S * 1000)}]] [[at:".encode()
    return body.replace(b'"max_tokens": 32000', b'"max_tokens": %d' % max_tokens, 1).replace(b"[[at:", order)


def baseline(agents: int, max_tokens: int) -> int:
    """Compute what is spent when a hold of the byte bound first does not fit and is refused at once."""
    todo = {agent: iter(conversation(agent)) for agent in range(agents)}
    ends: list[tuple[float, int, int, int]] = []  # When, agent, hold, cost.
    starts = [(0.0, agent) for agent in range(agents)]
    spent = held = 0
    while starts:
        now, agent = heapq.heappop(starts)
        while ends and ends[0][0] <= now:
            _, _, hold, cost = heapq.heappop(ends)
            held, spent = held - hold, spent + cost
        call = next(todo[agent])
        hold = (call.prefix + call.new) * 4 * WRITE + max_tokens * OUT
        if spent + held + hold > CAP:
            return spent
        cost = call.new * WRITE + call.prefix * READ + call.out * OUT
        held += hold
        heapq.heappush(ends, (now + ANSWER_S, agent, hold, cost))
        heapq.heappush(starts, (now + ANSWER_S, agent))
    return spent


def main() -> None:
    """Measure all four cases and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queue-s", type=int, default=QUEUE_S, help="how long a request may wait, compressed")
    options = parser.parse_args()
    print(f"{'agents':>7}{'max_tokens':>12}{'spent at first refusal':>24}{'instant, byte bounds':>22}{'calls':>7}")
    for agents in (8, 64):
        for max_tokens in (32_000, 128_000):
            with tempfile.TemporaryDirectory() as folder:
                found = measure(agents, max_tokens, Path(folder) / "home", options.queue_s)
            sums = f"{'$%.2f' % (found.spent / PICOS):>24}{'$%.2f' % (found.baseline / PICOS):>22}"
            print(f"{agents:>7}{max_tokens:>12}{sums}{found.calls:>7}   {found.refused[:120]}", flush=True)


if __name__ == "__main__":
    main()
