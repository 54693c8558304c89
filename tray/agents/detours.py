"""Detours: settings elsewhere by which an agent does not go where its own settings file sends it.

Measured with Claude Code 2.1.329: `env` in settings.json wins over the environment it is started in, a project's
settings win over the person's, and with HTTPS_PROXY or HTTP_PROXY set and no NO_PROXY even 127.0.0.1 is asked through
the proxy; of no_proxy and NO_PROXY the first that is set is read. Managed settings win over all of these
(https://code.claude.com/docs/en/settings).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tray.agents.agent import CLAUDE_CODE, OPENCODE, Agent, Environ, address_in
from tray.agents.jsontext import NotJson, parse
from tray.agents.textfile import CannotEdit, read

GO_AROUND = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
"""With these set, Claude Code does not use the address that it is given."""
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
EXCEPT = ("no_proxy", "NO_PROXY")
OURS = ("127.0.0.1", "localhost")
MANAGED = {
    "linux": ("/etc/claude-code",),
    "darwin": ("/Library/Application Support/ClaudeCode",),
    "win32": ("C:/Program Files/ClaudeCode", "C:/ProgramData/ClaudeCode"),
}


@dataclass(frozen=True, slots=True)
class Detour:
    """One setting that leads an agent elsewhere: where it stands, what stands there, what mends it."""

    place: str
    says: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What lies around a settings file: the environment, the project's folder, the folders of managed settings."""

    environ: Environ
    project: Path | None = None
    managed: tuple[Path, ...] = ()

    @classmethod
    def here(cls, environ: Environ, project: Path | None) -> Around:
        """Take this system's folders of managed settings."""
        return cls(environ, project, tuple(map(Path, MANAGED.get(sys.platform, ()))))


def detours(agent: Agent, around: Around, settings: Any, url: str) -> Iterator[Detour]:
    """Name what leads an agent past `url`, which stands in its settings, the strongest first."""
    for path in _stronger(agent, around):
        found = address_in(settings_in(path), agent)
        if found and found.rstrip("/") != url:
            yield Detour(str(path), f"{path} sends {agent.title} to {found}", found)
    if agent is CLAUDE_CODE:
        env = _env(settings)
        for name in GO_AROUND:
            if env.get(name) or around.environ.get(name):
                yield Detour(name, f"{name} is set, so Claude Code does not use the address it is given")
        proxy = proxied({**around.environ, **env})
        if proxy:
            yield Detour(proxy, f"{proxy} is set without 127.0.0.1 in NO_PROXY: Claude Code asks that proxy for bursar")


def proxied(environ: Environ) -> str:
    """Name the variable by which requests to 127.0.0.1 go to a proxy; empty if none does."""
    proxy = next((name for name in PROXIES if environ.get(name)), "")
    # Of the two spellings the first that is set is read.
    excepted = next((environ[name] for name in EXCEPT if environ.get(name)), "")
    hosts = {host.strip() for host in excepted.replace(" ", ",").split(",")}
    return "" if not proxy or hosts & {"127.0.0.1", "127.0.0.0/8", "*"} else proxy


def excepting(environ: Environ) -> tuple[str, str]:
    """Give the variable that keeps requests to this machine off proxies, and its value with ours added."""
    name = next((name for name in EXCEPT if environ.get(name)), "NO_PROXY")
    return name, ",".join(filter(None, (environ.get(name, ""), *OURS)))


def settings_in(path: Path) -> Any:
    """Read a settings file; an empty object where there is none, or none that can be read."""
    try:
        root = parse(read(path).text)
    except (CannotEdit, NotJson, OSError):
        return {}
    return root.value if root else {}


def _stronger(agent: Agent, around: Around) -> Iterator[Path]:
    """Name the files that win over the person's own."""
    if agent is CLAUDE_CODE:
        for folder in around.managed:
            yield from sorted((folder / "managed-settings.d").glob("*.json"))
            yield folder / "managed-settings.json"
        if around.project is not None:
            yield from (around.project / ".claude" / name for name in ("settings.local.json", "settings.json"))
    if agent is OPENCODE and around.project is not None:
        yield from (around.project / name for name in ("opencode.jsonc", "opencode.json"))


def _env(settings: Any) -> dict[str, str]:
    env = settings.get("env") if isinstance(settings, dict) else None
    return {name: value for name, value in env.items() if isinstance(value, str)} if isinstance(env, dict) else {}
