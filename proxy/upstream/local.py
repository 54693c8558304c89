"""The local upstreams: those configured and those found on their usual ports, as they were last seen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from proxy.upstream.ask import Asker, NoAnswer, plain_session
from proxy.upstream.local_model import KINDS, Kind, LocalModel, LocalSetting, LocalUpstream
from proxy.upstream.probes import UNKNOWN_CONTEXT, Found, Memory, find

if TYPE_CHECKING:
    import requests

__all__ = [
    "KINDS", "USUAL_PORTS", "Kind", "LocalModel", "LocalSetting", "LocalUpstream", "Registry", "plain_session",
]  # fmt: skip

USUAL_PORTS: Mapping[str, int] = {"ollama": 11434, "llamacpp": 8080, "lmstudio": 1234, "vllm": 8000}
LOOPBACK = ("127.0.0.1", "localhost", "::1")

NOT_ASKED = "it has not been asked yet"
UNKNOWN_PROGRAM = "what answers there is no model server that we know"
NO_MODELS = "it has no model that can be used"


class Registry:
    """Knows the local upstreams. `refresh` asks them and may take seconds; `snapshot` answers at once.

    Discovery looks at this machine's loopback only, and takes a server only where it is certain which program
    it is: anything else on such a port may well be a proxy that spends money. Without `http`, it makes a plain session
    of its own when it first asks.
    """

    def __init__(
        self,
        configured: tuple[LocalSetting, ...],
        discover: bool,
        clock: Callable[[], datetime],
        http: requests.Session | None = None,
        *,
        ports: Mapping[str, int] = USUAL_PORTS,
    ) -> None:
        self.configured = configured
        self._ports = dict(ports) if discover else {}
        self._clock = clock
        self._session = http
        self._refreshing = threading.Lock()
        self._changing = threading.Lock()
        self._memory: Memory = {}
        self._seen = tuple(_unusable(setting, NOT_ASKED) for setting in configured)
        self.refreshed_at: datetime | None = None

    def refresh(self) -> tuple[LocalUpstream, ...]:
        """Ask every server again, and return what is known now; one refresh at a time."""
        with self._refreshing:
            configured = tuple(self._ask(setting) for setting in self.configured)
            found = tuple(self._discover(configured))
            with self._changing:
                self._seen = configured + found
                self.refreshed_at = self._clock()
            return self._seen

    def snapshot(self) -> tuple[LocalUpstream, ...]:
        """Return the upstreams as last seen, the configured ones first, in their order."""
        return self._seen

    def failed(self, upstream: str, why: str) -> None:
        """Take an upstream out of use, by its name, until the next refresh sees it again."""
        with self._changing:
            self._seen = tuple(
                replace(one, healthy=False, why=why) if one.name == upstream else one for one in self._seen
            )

    def find(self, upstream: str) -> LocalUpstream | None:
        """Find an upstream by its name."""
        return next((one for one in self._seen if one.name == upstream), None)

    def _http(self) -> requests.Session:
        if self._session is None:
            self._session = plain_session()
        self._session.trust_env = False
        return self._session

    def _ask(self, setting: LocalSetting) -> LocalUpstream:
        """Ask one configured server."""
        address = base_url(setting.url)
        if address is None:
            return _unusable(setting, f"its address {setting.url!r} is no http or https URL")
        try:
            found = find(Asker(self._http(), address, setting.api_key), setting.kind, self._memory)
        except NoAnswer as trouble:
            return _unusable(setting, trouble.why)
        if found is None and setting.kind == "openai" and setting.models:
            found = Found("openai")
        return _unusable(setting, UNKNOWN_PROGRAM) if found is None else _configured(setting, found)

    def _discover(self, configured: tuple[LocalUpstream, ...]) -> list[LocalUpstream]:
        """Look at the usual ports that no setting names."""
        taken = {_place(one.base_url) for one in configured}
        names = {one.name for one in configured}
        found = []
        for port in self._ports.values():
            if ("loopback", port) not in taken:
                upstream = self._look(port, names)
                found += [upstream] if upstream else []
                names |= {one.name for one in found}
        return found

    def _look(self, port: int, names: set[str]) -> LocalUpstream | None:
        setting = LocalSetting("", f"http://127.0.0.1:{port}")
        try:
            found = find(Asker(self._http(), setting.url), "auto", self._memory)
        except NoAnswer:
            return None
        if found is None or found.kind == "openai":
            return None
        name = found.kind if found.kind not in names else f"{found.kind}-{port}"
        return _configured(replace(setting, name=name), found)


def base_url(url: str) -> str | None:
    """Return the address that paths are put behind, without the `/v1` that people copy along; None if it is none."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}" if usable else None


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    host = "loopback" if parts.hostname in LOOPBACK else str(parts.hostname)
    return host, parts.port or (443 if parts.scheme == "https" else 80)


def _unusable(setting: LocalSetting, why: str) -> LocalUpstream:
    kind: Kind = "openai" if setting.kind == "auto" else setting.kind
    address = base_url(setting.url) or "http://invalid"
    return LocalUpstream(setting.name, address, kind, (), False, why, setting.api_key)


def _configured(setting: LocalSetting, found: Found) -> LocalUpstream:
    """Put what was found and what was configured together; the person knows best."""
    models = found.models if not setting.models else _named(setting.models, found)
    models = tuple(_overruled(model, setting) for model in models)
    why = found.why or _missing(setting, found) or ("" if models else NO_MODELS)
    address = base_url(setting.url) or setting.url
    return LocalUpstream(setting.name, address, found.kind, models, not why, why, setting.api_key)


def _named(names: tuple[str, ...], found: Found) -> tuple[LocalModel, ...]:
    known = {model.id: model for model in found.models}
    if found.kind == "openai":
        return tuple(known.get(name) or LocalModel(name, UNKNOWN_CONTEXT) for name in names)
    return tuple(known[name] for name in names if name in known)


def _missing(setting: LocalSetting, found: Found) -> str:
    """Say which configured models a server lacks, where none of them is there."""
    known = {model.id for model in found.models}
    if not setting.models or found.kind == "openai" or known & set(setting.models):
        return ""
    return f"it does not have {', '.join(setting.models)}"


def _overruled(model: LocalModel, setting: LocalSetting) -> LocalModel:
    wanted = setting.of(model.id)
    return replace(
        model,
        context=wanted.context or model.context,
        context_from="set" if wanted.context else model.context_from,
        max_output=wanted.max_output or model.max_output,
        vision=model.vision if wanted.vision is None else wanted.vision,
        tools=model.tools if wanted.tools is None else wanted.tools,
        concurrency=wanted.concurrency or model.concurrency,
        first_s=wanted.first_s,
        idle_s=wanted.idle_s,
        keep_alive=wanted.keep_alive,
        thinking=wanted.thinking or "auto",
        messages_api=setting.messages_api,
    )
