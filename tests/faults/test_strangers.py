"""Other users of the machine, for real: they see what is started and reach every port (FAULTS.md T04)."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.bursar import Bursar
from tests.kit.fake_claude import ROOT, FakeClaude

ME, OTHER = 54321, 54322
"""Users that no system has."""

CAN_BE_OTHERS = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("setpriv") and Path("/proc/net").exists()
pytestmark = pytest.mark.skipif(not CAN_BE_OTHERS, reason="only root can start programs as two other users, on Linux")


def by(user: int, *command: str) -> tuple[str, ...]:
    """Give a command as another user starts it."""
    return ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command)


ASKS = "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1])); "
ASKS += "c.request('GET', sys.argv[2]); print(c.getresponse().status)"


def asked(user: int, port: int, path: str) -> str:
    """Ask for a page as another user; gives the status."""
    command = by(user, sys.executable, "-c", ASKS, str(port), path)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout.strip()


@pytest.fixture
def bursar(fake: FakeClaude) -> Iterator[Bursar]:
    """A bursar that runs as some person's, in a folder of theirs: pytest's own is closed to all others."""
    with tempfile.TemporaryDirectory() as folder:
        found = Bursar(Path(folder) / "home", fake.url, program=by(ME, sys.executable, "-B", "-m", "tray"))
        for path in (Path(folder), *Path(folder).rglob("*")):
            os.chown(path, ME, ME)
        imports = by(ME, sys.executable, "-B", "-c", "import tray")
        if subprocess.run(imports, cwd=ROOT, capture_output=True, check=False).returncode:
            pytest.skip("another user may not read the source")
        with found:
            yield found


def test_t04_a_link_that_another_user_sees_first_lets_them_in_nowhere(bursar: Bursar) -> None:
    path = bursar.api("/api/link", {})["path"]
    assert asked(OTHER, bursar.control_port, path) == "403"
    assert asked(ME, bursar.control_port, path) == "303"


def test_t04_no_token_is_shown_to_another_user_who_took_the_place_of_a_bursar_that_died(
    bursar: Bursar,
) -> None:
    bursar.kill()
    heard = bursar.home.parent / "heard"
    heard.touch()
    heard.chmod(0o666)
    heard.parent.chmod(0o711)
    listens = _LISTENS.format(ports=(bursar.control_port, bursar.port), heard=str(heard))
    command = by(OTHER, sys.executable, "-c", listens)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as thief:
        try:
            assert thief.stdout
            assert thief.stdout.readline() == "listening\n"
            said = bursar.command("status")
            assert "not running" in said.stdout + said.stderr
            assert bursar.command("run", "--", "true").returncode != 0
        finally:
            thief.kill()
    assert "earer" not in heard.read_text("utf-8")


_LISTENS = """
import http.server, threading
class Thief(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        open({heard!r}, "a").write(str(self.headers))
        body = b'{{"status": "ok", "server": "bursar"}}'
        self.send_response(200); self.send_header("content-length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    do_POST = do_HEAD = do_GET
servers = [http.server.ThreadingHTTPServer(("127.0.0.1", port), Thief) for port in {ports!r}]
print("listening", flush=True)
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
servers[0].serve_forever()
"""
