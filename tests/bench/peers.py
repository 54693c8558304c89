"""Other routers, run as they are published: LiteLLM's complexity router and claude-code-router, asked of prompts.

Nothing of them is here: the first is called in an interpreter that has it installed, the second is started with a
home of its own and two providers, whose requests are counted.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_ASK_LITELLM = """
import json, sys
from litellm.router_strategy.complexity_router.complexity_router import ComplexityRouter
tiers = dict.fromkeys(("SIMPLE", "MEDIUM", "COMPLEX", "REASONING"), "m")
router = ComplexityRouter("auto", None, complexity_router_config={"tiers": tiers})
print(json.dumps([router.classify(text)[0].value for text in json.load(sys.stdin)]))
"""
_ANSWER = {
    "id": "x",
    "object": "chat.completion",
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
STARTS_WITHIN_S = 30


def litellm_says(python: Path, texts: Sequence[str]) -> list[str]:
    """Give LiteLLM's complexity of each text: SIMPLE, MEDIUM, COMPLEX or REASONING; its defaults, no other model asked.

    Raises CalledProcessError where the interpreter does not have it.
    """
    env = dict(os.environ, LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_LOG="ERROR")
    done = subprocess.run(
        [python, "-c", _ASK_LITELLM], input=json.dumps(list(texts)), capture_output=True, text=True, check=True, env=env
    )
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def ccr_says(cli: Path, texts: Sequence[str], node: str = "node") -> list[str]:
    """Give the name of the provider that claude-code-router sends each text to: "local" or "cloud".

    `local` is what it routes to by default and for background work, `cloud` for thinking, long contexts and web search.
    """
    with _provider() as provider, _running(cli, node, provider.server_port) as port:
        for number, text in enumerate(texts):
            _send(port, text)
            assert len(provider.models) == number + 1, "every prompt reaches one provider"
        return [model.partition("-")[0] for model in provider.models]


class _Provider(ThreadingHTTPServer):
    """A model server that remembers which model it was asked for."""

    models: list[str]


class _Handler(BaseHTTPRequestHandler):
    server: _Provider

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.models.append(asked["model"])
        body = json.dumps(_ANSWER).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in http.server
        pass


@contextmanager
def _provider() -> Iterator[_Provider]:
    server = _Provider(("127.0.0.1", 0), _Handler)
    server.models = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _running(cli: Path, node: str, provider_port: int) -> Iterator[int]:
    """Run the router with a home of its own; gives its port."""
    with tempfile.TemporaryDirectory() as home:
        port = _free_port()
        config = Path(home) / ".claude-code-router" / "config.json"
        config.parent.mkdir()
        config.write_text(json.dumps(_config(port, provider_port)), encoding="utf-8")
        env = dict(os.environ, HOME=home)
        process = subprocess.Popen([node, cli, "start"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(port)
            yield port
        finally:
            process.kill()
            process.wait()


def _config(port: int, provider_port: int) -> dict[str, object]:
    url = f"http://127.0.0.1:{provider_port}/v1/chat/completions"
    providers = [
        {"name": name, "api_base_url": url, "api_key": "none", "models": [f"{name}-m"]} for name in ("local", "cloud")
    ]
    local, cloud = "local,local-m", "cloud,cloud-m"
    routes = {"default": local, "background": local, "think": cloud, "longContext": cloud, "webSearch": cloud}
    return {
        "HOST": "127.0.0.1",
        "PORT": port,
        "LOG": False,
        "NON_INTERACTIVE_MODE": True,
        "Providers": providers,
        "Router": {**routes, "longContextThreshold": 60_000},
    }


def _send(port: int, text: str) -> None:
    fields = {"model": "claude-opus-4-6", "max_tokens": 1000, "messages": [{"role": "user", "content": text}]}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/messages",
        json.dumps(fields).encode(),
        {"content-type": "application/json", "x-api-key": "none"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait(port: int) -> None:
    ends = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.2)
