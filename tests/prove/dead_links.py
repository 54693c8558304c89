"""Dead links, in a network of one's own: `unshare --net --mount python -m tests.prove.dead_links FOLDER`.

There a resolver takes every question and answers none, and a server whose door is full lets every packet fall. Prints
what came and when, as JSON.
"""

import json
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.kit.bursar import Bursar
from tests.kit.raw import ask, message


def prove(folder: Path) -> dict[str, dict[str, Any]]:
    """Ask through links that are dead in two ways, and tell what came of it."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\noptions attempts:5 timeout:30\n", encoding="utf-8")
    subprocess.run(["mount", "--bind", resolver, Path("/etc/resolv.conf").resolve()], check=True)
    with ExitStack() as stack:
        silent = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        silent.bind(("127.0.0.1", 53))
        return {
            "packets lost": _asked(folder / "a", f"https://127.0.0.1:{_full_port(stack)}"),
            "a resolver that never answers": _asked(folder / "b", "https://api.example.test"),
        }


def _full_port(stack: ExitStack) -> int:
    """Listen where nobody accepts and no more fits into the queue: the system drops what comes."""
    full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
    for _ in range(4):
        peer = stack.enter_context(socket.socket())
        peer.setblocking(False)
        peer.connect_ex(full.getsockname())
    time.sleep(0.1)
    return int(full.getsockname()[1])


def _asked(home: Path, cloud: str) -> dict[str, Any]:
    with Bursar(home, cloud) as bursar:
        began = time.monotonic()
        answer = ask(bursar.url, message("hello", stream=True))
        took_s = time.monotonic() - began
        bursar.settled()
        entries = [(entry.outcome, entry.charged) for entry in bursar.entries()]
        health_s = time.monotonic()
        bursar.status()
        return {
            "status": answer.status,
            "said": answer.error["message"],
            "seconds": round(took_s, 1),
            "entries": entries,
            "status_after_s": round(time.monotonic() - health_s, 3),
        }


if __name__ == "__main__":
    print(json.dumps(prove(Path(sys.argv[1]))))
