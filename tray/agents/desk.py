"""The desk's part about agents: what the dashboard shows and does, by the same plans as the commands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from hashlib import sha256

from proxy.agentwires import Change, Verb, Wire
from proxy.desk import RequestError
from tray.agents.agent import AGENTS, Agent, Environ
from tray.agents.detours import Around
from tray.agents.hookline import HookLine
from tray.agents.record import Record
from tray.agents.seen import agents_seen
from tray.agents.textfile import CannotEdit
from tray.agents.wiring import Plan, carry_out, connecting, disconnecting


class AgentDesk:
    """Wires agents to the bursar that runs, one change at a time."""

    def __init__(
        self,
        environ: Environ,
        record: Record,
        hook: HookLine,
        *,
        port: Callable[[], int],
        cloud: Callable[[], str],
        send_on: Callable[[str], None],
        now: Callable[[], str],
    ) -> None:
        """Take what the plans need; `send_on` makes an address bursar's own way to Claude, or raises RequestError."""
        self._environ, self._record, self._hook = environ, record, hook
        self._port, self._cloud, self._send_on, self._now = port, cloud, send_on, now
        self._changing = threading.Lock()

    def wires(self) -> list[Wire]:
        """Name the agents that are here and can be wired."""
        try:
            found = list(agents_seen(self._record, Around.here(self._environ, None), self._port()))
            known = self._record.all()
        except (CannotEdit, OSError) as error:
            raise RequestError(str(error)) from error
        return [
            Wire(look.agent, look.title, look.file, look.says, look.agent in known)
            for look in found
            if look.found and look.agent in AGENTS
        ]

    def change(self, name: str, verb: Verb) -> Change:
        """Say what would change."""
        plan = self._plan(name, verb)
        look = next((wire for wire in self.wires() if wire.name == name), None)
        wire = look or Wire(name, plan.agent.title, str(plan.now.path), "", verb == "disconnect")
        return Change(wire, plan.diff, plan.notes, plan.gateway, _seal(plan))

    def make(self, name: str, verb: Verb, seal: str, *, through_gateway: bool) -> None:
        """Make the change, if it is still the one that was shown."""
        with self._changing:
            plan = self._plan(name, verb)
            if _seal(plan) != seal:
                raise RequestError(f"{plan.now.path} has changed since the change was shown; look at it again")
            gateway = plan.gateway.removesuffix(plan.agent.suffix) if through_gateway else ""
            with self._sending_on(gateway) if gateway else nullcontext():
                try:
                    carry_out(plan, self._record)
                except (CannotEdit, OSError) as error:
                    raise RequestError(str(error)) from error

    @contextmanager
    def _sending_on(self, gateway: str) -> Iterator[None]:
        """Make a gateway bursar's own way to Claude, and take that back if what goes with it fails."""
        before = self._cloud()
        try:
            self._send_on(gateway)
            yield
        except RequestError as error:
            if self._cloud() == before:
                raise
            try:
                self._send_on(before)
            except RequestError:
                raise RequestError(f"{error}. But [cloud] url is {gateway} now; it was {before}") from error
            raise

    def _plan(self, name: str, verb: Verb) -> Plan:
        agent: Agent | None = AGENTS.get(name)
        if agent is None:
            raise RequestError("there is no such agent")
        try:
            if verb == "disconnect":
                return disconnecting(agent, self._environ, self._record)
            cloud = self._cloud()
            return connecting(
                agent, self._environ, self._record, port=self._port(), cloud=cloud, hook=self._hook, at=self._now()
            )
        except (CannotEdit, OSError) as error:
            raise RequestError(str(error)) from error


def _seal(plan: Plan) -> str:
    """Name a change: by the file as it is and as it would be."""
    return sha256(f"{plan.now.fingerprint} {plan.then.fingerprint}".encode()).hexdigest()
