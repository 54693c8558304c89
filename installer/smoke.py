"""Try the packaged program as a person would: `python3 installer/smoke.py [PROGRAM]`, by default dist/bursar/bursar.

It is started in a folder of its own before the tests' fake Claude and driven from outside: a stream through the proxy,
the ledger, a local model's tool call, the tray over D-Bus (Linux), every page, a message by Apprise, an end in good
order. Says how long each took; the exit code is 1 if anything was not as it must be.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import environment as env

if TYPE_CHECKING:
    from tests.kit.bursar import Bursar
    from tests.kit.desktop import Panel
    from tests.kit.fake_claude import FakeClaude
    from tests.kit.webhook import Webhook

BUILT = env.ROOT / "dist" / "bursar" / ("bursar.exe" if os.name == "nt" else "bursar")
LOCK = env.ROOT / "tests" / "requirements.lock"
PAGES = ("/", "/requests", "/sessions", "/models", "/reports", "/settings")


def main(arguments: list[str]) -> int:
    """Have the tests' environment run this file again, which has what the fake Claude and the panel need."""
    program = Path(arguments[0] if arguments else BUILT).resolve()
    if not program.is_file():
        env.say(f"{env.shown(program)} is not there; installer/build.py makes it.")
        return 1
    if os.environ.get("BURSAR_SMOKE") == "1":
        return drive(program)
    try:
        env.check_python()
        python = env.ensure(env.ROOT / ".venv", LOCK)
    except env.SetupError as problem:
        env.say(str(problem))
        return 1
    environ = dict(os.environ, BURSAR_SMOKE="1", PYTHONDONTWRITEBYTECODE="1")
    return subprocess.run([python, __file__, str(program)], env=environ, check=False).returncode


def drive(program: Path) -> int:
    """Take every step, one after the other, until one fails."""
    from tests.kit.bursar import Bursar
    from tests.kit.fake_claude import FakeClaude
    from tests.kit.local_fake import Act, calls, local_fake
    from tests.kit.webhook import Webhook

    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="smoke")))
        fake = stack.enter_context(FakeClaude())
        local = stack.enter_context(local_fake(Act(calls("Read", '{"file_path": "notes.txt"}'))))
        hook = Webhook()
        hook.start()
        stack.callback(hook.stop)
        desktop, panel = stack.enter_context(a_desktop())
        bursar = Bursar(
            home / "bursar",
            fake.url,
            local_servers=({"name": "fake", "url": local.url, "kind": "openai", "tools": True, "context": 65536},),
            mode=None,
            desktop=desktop,
            program=(str(program),),
            zone="Antarctica/Troll",
        )
        with (bursar.home / "config.toml").open("a", encoding="utf-8") as config:
            config.write(f'[notify]\nto = ["{hook.address}"]\ndesktop = false\n')
        steps: list[tuple[str, Callable[[], str]]] = [
            ("says its version", lambda: first_words(bursar)),
            ("starts and serves", lambda: began(bursar)),
            ("relays a stream unchanged", lambda: stream(bursar, fake)),
            ("the ledger is the bill", lambda: paid(bursar, fake)),
            ("a local model calls a tool", lambda: tool_call(bursar, fake)),
            ("shows its icon, and a click changes the mode", lambda: clicked(bursar, panel)),
            ("every page", lambda: pages(bursar)),
            ("the report as one file", lambda: report(bursar, home / "week.html")),
            ("a message by Apprise", lambda: message(bursar, hook)),
            ("the doctor finds nothing wrong", lambda: doctor(bursar)),
            ("ends in good order", lambda: ended(bursar)),
        ]
        return 0 if all(is_done(what, step) for what, step in steps) else 1


def is_done(what: str, step: Callable[[], str]) -> bool:
    """Take a step and say how it went."""
    began_s = time.monotonic()
    try:
        said = step()
    except Exception:  # noqa: BLE001 – said to who watches
        print(f"--  {what}\n{traceback.format_exc()}", flush=True)
        return False
    print(f"ok  {time.monotonic() - began_s:5.2f} s  {what}{': ' if said else ''}{said}", flush=True)
    return True


@contextmanager
def a_desktop() -> Iterator[tuple[dict[str, str] | None, Panel | None]]:
    """Give a desktop and its panel where trays are spoken to over D-Bus, and a dbus-daemon is there."""
    import shutil

    if sys.platform != "linux" or shutil.which("dbus-daemon") is None:
        yield None, None
        return
    from tests.kit.desktop import Panel, PrivateBus

    bus = PrivateBus()
    bus.start()
    panel = Panel(bus.address)
    try:
        yield {"DBUS_SESSION_BUS_ADDRESS": bus.address}, panel
    finally:
        panel.close()
        bus.close()


def first_words(bursar: Bursar) -> str:
    """Ask for the version and the help."""
    done = bursar.command("--version")
    assert done.returncode == 0, done.stderr
    assert bursar.command("--help").returncode == 0
    return done.stdout.strip()


def began(bursar: Bursar) -> str:
    """Start it; the time beside this step is from the start to its first answer."""
    bursar.start()
    return memory(bursar.pid)


def memory(pid: int) -> str:
    """Say how much memory a process has, where /proc tells."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((f"{int(line.split()[1]) / 1024:.0f} MiB" for line in lines if line.startswith("VmRSS")), "")


def stream(bursar: Bursar, fake: FakeClaude) -> str:
    """Send one streamed request through the proxy; what arrives is what the fake sent."""
    from tests.kit import raw

    bursar.mode("cloud")
    answer = raw.ask(bursar.url, raw.message("hello", stream=True))
    assert answer.status == 200, answer
    assert answer.events[-1][0] == "message_stop"
    return f"{len(answer.events)} events"


def paid(bursar: Bursar, fake: FakeClaude) -> str:
    """Compare what the ledger has with what the fake charged."""
    bursar.settled()
    (entry,) = bursar.entries()
    billed = fake.bill()
    assert entry.outcome == "complete", entry
    assert entry.charged == billed["picos"], (entry.charged, billed)
    return f"{entry.charged} p$"


def tool_call(bursar: Bursar, fake: FakeClaude) -> str:
    """Have a local model answer with a call of a tool, which is checked against the tool's schema."""
    from tests.kit import raw

    raw.eventually(lambda: any(server["healthy"] for server in bursar.status()["locals"]))
    bursar.mode("local")
    before = len(fake.requests())
    schema = {"type": "object", "properties": {"file_path": {"type": "string"}}, "required": ["file_path"]}
    tools = [{"name": "Read", "description": "Read a file.", "input_schema": schema}]
    answer = raw.ask(bursar.url, raw.message("Read notes.txt.", tools=tools))
    assert answer.status == 200, answer
    (call,) = [block for block in answer.json["content"] if block["type"] == "tool_use"]
    assert call["input"] == {"file_path": "notes.txt"}
    assert len(fake.requests()) == before
    return str(answer.headers["x-bursar-route"])


def clicked(bursar: Bursar, panel: Panel | None) -> str:
    """Click on a mode in the menu."""
    from tests.kit.raw import eventually

    if panel is None:
        return "left out: no D-Bus here"
    panel.item()
    panel.click("Auto")
    eventually(lambda: bursar.status()["mode"] == "auto")
    return f"{len(panel.labels())} lines"


def pages(bursar: Bursar) -> str:
    """Open the dashboard by its link, and every page of it."""
    import requests

    browser = requests.Session()
    browser.trust_env = False
    link = bursar.api("/api/link", {})["path"]
    root = f"http://127.0.0.1:{bursar.control_port}"
    assert browser.get(root + link, timeout=10).status_code == 200
    for page in PAGES:
        found = browser.get(root + page, timeout=10)
        assert found.status_code == 200, (page, found.status_code)
        assert "</html>" in found.text, page
    return f"{len(PAGES)} pages"


def report(bursar: Bursar, path: Path) -> str:
    """Have the week written as a file."""
    done = bursar.command("report", "--html", str(path))
    assert done.returncode == 0, done.stderr
    return f"{path.stat().st_size} bytes"


def message(bursar: Bursar, hook: Webhook) -> str:
    """Send a message, which a process of its own loads Apprise for."""
    done = bursar.command("alerts", "test")
    assert done.returncode == 0, done.stdout + done.stderr
    hook.wait(1)
    return ""


def doctor(bursar: Bursar) -> str:
    """Ask the doctor."""
    done = bursar.command("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    return ""


def ended(bursar: Bursar) -> str:
    """Ask it to end; nothing may be left open, and nothing may have gone wrong."""
    done = bursar.command("quit")
    assert done.returncode == 0, done.stderr
    assert bursar.ended() == 0
    crash = bursar.home / "crash.log"
    assert not crash.exists() or not crash.read_text(), crash.read_text()
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
