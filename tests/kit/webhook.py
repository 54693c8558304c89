"""A webhook: a real HTTP server that keeps what it was sent, and can refuse or hang."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRETS = ("hunter2", "s3cretPath")


class Webhook:
    """Takes Apprise's json:// messages; `status` is what it answers, after `seconds`."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.asked = 0
        self.status = 200
        self.seconds = 0.0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def address(self) -> str:
        """Return the address for Apprise, with a password and a path that nobody may see."""
        return f"json://me:{SECRETS[0]}@127.0.0.1:{self._server.server_port}/{SECRETS[1]}"

    def titles(self) -> list[str]:
        """Return the lines of the messages that were taken."""
        return [message["title"].removeprefix("bursar: ") for message in self.got]

    def wait(self, count: int, seconds: float = 20) -> list[dict[str, Any]]:
        """Wait until so many messages have come."""
        end = time.monotonic() + seconds
        while len(self.got) < count:
            assert time.monotonic() < end, f"{len(self.got)} of {count} messages came: {self.titles()}"
            time.sleep(0.02)
        return self.got

    def start(self) -> None:
        """Serve."""
        self._thread.start()

    def stop(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                hook.asked += 1
                time.sleep(hook.seconds)
                if hook.status == 200:
                    hook.got.append(json.loads(body))
                try:
                    self.send_response(hook.status)
                    self.send_header("content-length", "0")
                    self.end_headers()
                except OSError:
                    return

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Serve a webhook for as long as the block lasts."""
    hook = Webhook()
    hook.start()
    try:
        yield hook
    finally:
        hook.stop()
