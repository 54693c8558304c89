"""A real browser without a window: Chromium, driven through its debugging pipe as a person would drive it.

The pipe is two inherited files with a JSON message and a zero byte after each: no port, no driver, no package of ours.
"""

import base64
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
OPTIONS = (
    *("--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--no-proxy-server"),
    "--allow-pre-commit-input",  # Otherwise a click before the first paint is dropped.
)
PATIENCE_S = 20.0
PICTURES = os.environ.get("BURSAR_PICTURES", "")
"""The folder in which pictures of pages are kept; none are taken without it."""


def find() -> str | None:
    """Find a Chromium on this machine."""
    found = (shutil.which(name) for name in NAMES)
    return next((path for path in (*found, *PLACES) if path and Path(path).exists()), None)


class Browser:
    """One browser with one page; use as a context manager. `complaints` collects all that a page may not do."""

    def __init__(self, profile: Path) -> None:
        self._profile = profile
        self._numbers = itertools.count(1)
        self._rest = b""
        self._session = ""
        self._events: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        self.width = 0

    def __enter__(self) -> "Browser":
        program = find()
        assert program, "no Chromium here: apt-get install chromium-headless-shell"
        down, self._down = os.pipe()
        self._up, up = os.pipe()
        # As root, as in a container, Chromium runs only without its sandbox; it opens our own pages alone.
        root = ("--no-sandbox",) if os.geteuid() == 0 else ()
        shuffle = f'exec 3<&{down} 4>&{up} && exec "$0" "$@"'
        command = ["bash", "-c", shuffle, program, *OPTIONS, *root, f"--user-data-dir={self._profile}"]
        with (self._profile.parent / f"{self._profile.name}.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, pass_fds=(down, up), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        os.close(down)
        os.close(up)
        target = self._call("Target.createTarget", {"url": "about:blank"}, session=False)["targetId"]
        attached = self._call("Target.attachToTarget", {"targetId": target, "flatten": True}, session=False)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self._call(f"{domain}.enable")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_S)
        os.close(self._down)
        os.close(self._up)

    # --- what a person does ---------------------------------------------------------------------------------------

    def open(self, url: str) -> None:
        """Go to an address and wait until its page is there."""
        self._events.clear()
        self._call("Page.navigate", {"url": url})
        self._loaded()

    def click(self, selector: str) -> None:
        """Click in the middle of an element, where it can be seen; a link or a form may lead to another page."""
        self.wait_for(f"document.querySelector({json.dumps(selector)})")
        self.run(
            f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center', behavior: 'instant'}})"
        )
        place = self.run(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        on_top = self.run(
            f"(() => {{ const hit = document.elementFromPoint({place[0]}, {place[1]});"
            f" return document.querySelector({json.dumps(selector)}).contains(hit); }})()"
        )
        assert on_top, f"something lies over {selector}"
        for kind in ("mousePressed", "mouseReleased"):
            event = {"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1}
            self._call("Input.dispatchMouseEvent", event)

    def go(self, selector: str) -> None:
        """Click what leads to another page, and wait until that is there."""
        self._events.clear()
        self.click(selector)
        self._loaded()

    def write(self, selector: str, text: str) -> None:
        """Replace what stands in a field by typing."""
        self.click(selector)
        self.run(f"document.querySelector({json.dumps(selector)}).select()")
        self._call("Input.insertText", {"text": text})

    def press(self, key: str) -> None:
        """Press a key such as Tab or Enter."""
        text = {"Enter": "\r"}.get(key, "")
        code = {"Tab": 9, "Enter": 13}[key]
        for kind in ("keyDown", "keyUp"):
            event = {
                "type": kind,
                "key": key,
                "code": key,
                "windowsVirtualKeyCode": code,
                "text": text if kind == "keyDown" else "",
            }
            self._call("Input.dispatchKeyEvent", event)

    # --- what a person sees ---------------------------------------------------------------------------------------

    def look(self, *, width: int, height: int = 900, dark: bool = False) -> None:
        """Choose the window and whether the system is light or dark."""
        is_phone = width < 600
        self.width = width
        size = {"width": width, "height": height, "deviceScaleFactor": 2 if is_phone else 1, "mobile": is_phone}
        self._call("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", {"features": [scheme]})

    def without_script(self, off: bool = True) -> None:
        """Turn a page's scripts off, or on again."""
        self._call("Emulation.setScriptExecutionDisabled", {"value": off})

    def forget(self) -> None:
        """Be a browser that was never here."""
        self._call("Network.clearBrowserCookies")

    def run(self, expression: str) -> Any:
        """Evaluate JavaScript beside the page's own, and give its value."""
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        found = self._call("Runtime.evaluate", asked)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def text(self, selector: str = "main") -> str:
        """Give what can be read of an element."""
        return str(self.run(f"document.querySelector({json.dumps(selector)}).innerText"))

    def wait_for(self, expression: str, seconds: float = PATIENCE_S) -> Any:
        """Wait until JavaScript gives something true."""
        return until(lambda: self.run(f"Boolean({expression})"), seconds, expression)

    def picture(self, path: Path) -> None:
        """Take a picture of the whole page."""
        size = self._call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self._call("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        path.write_bytes(base64.b64decode(shot["data"]))

    def keep(self, name: str) -> None:
        """Take a picture where pictures are wanted."""
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            self.picture(Path(PICTURES) / f"{name}.png")

    # --- the pipe -------------------------------------------------------------------------------------------------

    def _loaded(self) -> None:
        end = time.monotonic() + PATIENCE_S
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._call("Browser.getVersion", session=False)  # Any question will do to hear what has happened.
            assert time.monotonic() < end, "the page did not load"

    def _call(self, method: str, params: dict[str, Any] | None = None, *, session: bool = True) -> dict[str, Any]:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = self._session
        os.write(self._down, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])
            self._hear(answer)

    def _hear(self, event: dict[str, Any]) -> None:
        self._events.append(event)
        method, said = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(str(said["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(said["args"]))
        elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            self.complaints.append(said["entry"]["text"] + " " + said["entry"].get("url", ""))
        elif method == "Audits.issueAdded" and said["issue"]["code"] == "ContentSecurityPolicyIssue":
            self.complaints.append(str(said["issue"]["details"]))

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            piece = os.read(self._up, 1 << 16)
            assert piece, "the browser ended"
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))


def until(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """Ask again and again until something is true."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)
    return found
