"""Sends the calls of a day through a proxy, each session in its own order, and tells what became of each."""

import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from tests.kit.raw import Answer, Client, Truncated
from tests.kit.traffic import Call
from tests.kit.traffic_bodies import Renderer, headers

Fate = Literal["cloud", "local", "refused", "failed"]


@dataclass(frozen=True)
class Done:
    """One call of the day and its answer."""

    call: Call
    fate: Fate
    status: int
    route: str
    reason: str
    tier: str  # What bursar took it for.


class Replay:
    """Sends calls with so many at once; a session's next call waits for the one before."""

    def __init__(self, url: str, workers: int = 6, renderer: Renderer | None = None):
        self._url = url
        self._workers = workers
        self._mine = threading.local()
        self._renderer = renderer or Renderer()
        self._clients: list[Client] = []

    def run(self, calls: Iterable[Call]) -> list[Done]:
        """Send all calls, begun in the order of their moments."""
        latest: dict[str, Future[Done]] = {}
        every: list[Future[Done]] = []
        with ThreadPoolExecutor(self._workers) as pool:
            for call in calls:
                # Submitted in order, so the one waited for is always running or done: no two wait for each other.
                latest[call.session] = pool.submit(self._after, latest.get(call.session), call)
                every.append(latest[call.session])
            done = [future.result() for future in every]
        for client in self._clients:
            client.close()
        return done

    def _after(self, before: "Future[Done] | None", call: Call) -> Done:
        if before:
            before.result()
        return self._send(call)

    def _send(self, call: Call) -> Done:
        client = self._client()
        try:
            answer = client.ask(self._renderer.body(call), "/v1/messages?beta=true", **headers(call))
        except (Truncated, OSError) as error:
            client.close()
            return Done(call, "failed", 0, "", str(error), "")
        return _told(call, answer)

    def _client(self) -> Client:
        if not hasattr(self._mine, "client"):
            self._mine.client = Client(self._url, timeout_s=120)
            self._clients.append(self._mine.client)
        found: Client = self._mine.client
        return found


def _told(call: Call, answer: Answer) -> Done:
    route, reason = answer.headers.get("x-bursar-route", ""), answer.headers.get("x-bursar-reason", "")
    tier = answer.headers.get("x-bursar-tier", "")
    if answer.status == 402:
        return Done(call, "refused", 402, route, answer.error["message"], tier)
    whole = answer.status == 200 and b"message_stop" in answer.body
    fate: Fate = "failed" if not whole else "cloud" if route.startswith("anthropic") else "local"
    return Done(call, fate, answer.status, route, reason, tier)
