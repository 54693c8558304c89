"""A server: an app on one port of the loopback interface, started, drained and stopped."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable, Mapping

from proxy.errors import failure, refusal_in_dialect
from proxy.gate import gate
from proxy.wire.answer import Answer, Forward
from proxy.wire.crowd import MOST_AGENTS
from proxy.wire.faults import log_fault
from proxy.wire.framing import WireRequest
from proxy.wire.hub import Handle, Hub
from proxy.wire.wsgi import WsgiApp, serve

log = logging.getLogger(__name__)

HOST = "127.0.0.1"

Shortcuts = Mapping[tuple[bytes, bytes], Handle]
"""By method and path, spelled exactly so: what answers there in the app's place."""
NO_SHORTCUTS: Shortcuts = {}


class PortTakenError(OSError):
    """The port is in use by another program; the message says which port."""


class Server:
    """Serves a WSGI app on 127.0.0.1; a view may answer with a `Forward` or a `Later` in place of bytes."""

    def __init__(
        self,
        app: WsgiApp,
        port: int,
        *,
        name: str,
        workers: int = 16,
        most: int = MOST_AGENTS,
        has_forms: bool = False,
        shortcuts: Shortcuts = NO_SHORTCUTS,
    ) -> None:
        """Take the port; `most` is how many connections there may be at once."""
        self._app, self._shortcuts = app, shortcuts
        self._listener = _listen(port, name)
        self.port: int = self._listener.getsockname()[1]
        own_gate = gate(self.port, has_forms=has_forms)
        self._hub = Hub(self._answer, own_gate, refusal_in_dialect, name=name, workers=workers, most=most)

    @property
    def url(self) -> str:
        """The base URL that agents are given."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Begin to serve; returns at once."""
        self._hub.start(self._listener)

    def drain(self, seconds: float) -> None:
        """Take no new connections, let running answers end for so long, stop the rest with a stream error."""
        self._hub.drain(seconds)

    def stop(self) -> None:
        """End the server's threads; `drain` first."""
        self._hub.stop()

    def cut(self, is_cut: Callable[[Forward], bool]) -> int:
        """End the running exchanges that the predicate picks, at once; their number."""
        return self._hub.cut(is_cut)

    def carry(self, forward: Forward) -> None:
        """Carry a request that no agent waits for; from any thread, and beside all others."""
        self._hub.soon(lambda: self._hub.carry(forward))

    def drop_idle_upstreams(self) -> None:
        """Close idle upstream connections, which a sleep of the machine has killed silently."""
        self._hub.soon(self._hub.origins.drop)

    def _answer(self, request: WireRequest) -> Answer:
        try:
            shortcut = self._shortcuts.get((request.method, request.target.partition(b"?")[0]))
            return shortcut(request) if shortcut else serve(self._app, request, HOST, self.port)
        except Exception as error:  # noqa: BLE001 - the top of a worker thread: whatever failed, the agent is answered.
            log_fault(log, "a request failed", error)
            return failure(request.target)


def _listen(port: int, name: str) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where it sees that the protocol is TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform == "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise PortTakenError(
            f"port {port} ({name}) is taken by another program; stop it, or choose another port in the config"
        ) from error
    listener.listen(1024)
    listener.setblocking(False)
    return listener
