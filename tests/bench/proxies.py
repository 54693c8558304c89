"""The other proxies that bursar is measured beside, as they are published, each set up before the upstream.

LiteLLM and claude-code-router, both once passing requests on and once translating them to OpenAI's dialect.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.bench.peers_setup import ccr_in, litellm_in
from tests.bench.programs import Program
from tests.bench.wire import MODEL
from tests.kit.bursar import free_ports

_LITELLM = """model_list:
  - model_name: {asked}
    litellm_params: {{model: "{model}", api_base: "{base}", api_key: sk-fake-bench}}
litellm_settings: {{telemetry: false, drop_params: true}}
"""
_LITELLM_ENVIRON = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOG": "ERROR",
    "LITELLM_USE_CHAT_COMPLETIONS_URL_FOR_ANTHROPIC_MESSAGES": "True",  # Else it asks for /v1/responses.
    "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
    "NO_PROXY": "*",
}


def peers(found: Path, folder: Path, base: str) -> Iterator[Program]:
    """Set up those that are in the folder `found`; what they write goes to `folder`."""
    for translates in (False, True):
        if litellm_in(found).exists():
            yield _litellm(litellm_in(found), folder, base, translates)
        node = shutil.which("node")
        if node and ccr_in(found).exists():
            yield _ccr((node, str(ccr_in(found))), folder, base, translates)


def _litellm(command: Path, folder: Path, base: str, translates: bool) -> Program:
    home = _home(folder, "litellm", translates)
    asked = MODEL.decode()
    model, url = ("openai/bench-local", f"{base}/v1") if translates else (f"anthropic/{asked}", base)
    config = home / "config.yaml"
    config.write_text(_LITELLM.format(asked=asked, model=model, base=url), encoding="utf-8")
    (port,) = free_ports(1)
    started = (str(command), "--config", str(config), "--host", "127.0.0.1", "--port", str(port))
    url = f"http://127.0.0.1:{port}"
    return Program("LiteLLM", url, started, translates, _LITELLM_ENVIRON, home, ready_s=300)


def _ccr(command: tuple[str, ...], folder: Path, base: str, translates: bool) -> Program:
    home = _home(folder, "ccr", translates)
    (port,) = free_ports(1)
    config = home / ".claude-code-router" / "config.json"
    config.parent.mkdir()
    config.write_text(json.dumps(_ccr_config(port, base, translates)), encoding="utf-8")
    environ = {"HOME": str(home)}
    return Program("claude-code-router", f"http://127.0.0.1:{port}", (*command, "start"), translates, environ, home)


def _ccr_config(port: int, base: str, translates: bool) -> dict[str, object]:
    path, model = ("/v1/chat/completions", "bench-local") if translates else ("/v1/messages", MODEL.decode())
    provider: dict[str, object] = {
        "name": "bench",
        "api_base_url": f"{base}{path}",
        "api_key": "none",
        "models": [model],
    }
    if not translates:
        provider["transformer"] = {"use": ["Anthropic"]}
    kinds = ("default", "background", "think", "longContext", "webSearch")
    router: dict[str, object] = dict.fromkeys(kinds, f"bench,{model}")
    return {
        "HOST": "127.0.0.1",
        "PORT": port,
        "LOG": False,
        "NON_INTERACTIVE_MODE": True,
        "Providers": [provider],
        "Router": router | {"longContextThreshold": 10**8},
    }


def _home(folder: Path, name: str, translates: bool) -> Path:
    home = folder / (f"{name}-translating" if translates else name)
    home.mkdir()
    return home
