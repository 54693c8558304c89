"""The local upstreams: those configured and those found on their usual ports, as they were last seen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from proxy.upstream.ask import Asker, NoAnswer, plain_session
from proxy.upstream.breaker import Breaker, Circuit, Leave
from proxy.upstream.knowledge import Knowledge
from proxy.upstream.local_model import (
    KINDS,
    USUAL_PORTS,
    Kind,
    LocalModel,
    LocalSetting,
    LocalUpstream,
    identity,
)
from proxy.upstream.probe_result import ProbeResult
from proxy.upstream.probes import UNKNOWN_CONTEXT, Found, Memory, find
from proxy.upstream.sizes import TokenSizes

if TYPE_CHECKING:
    import requests

__all__ = [
    "KINDS", "USUAL_PORTS", "Kind", "LocalModel", "LocalSetting", "LocalUpstream", "Registry", "identity",
    "plain_session",
]  # fmt: skip

LOOPBACK = ("127.0.0.1", "localhost", "::1")

NOT_ASKED = "it has not been asked yet"
UNKNOWN_PROGRAM = "what answers there is no model server that we know"
NO_MODELS = "it has no model that can be used"


class Registry:
    """Knows the local upstreams. `refresh` asks them and may take seconds; `snapshot` answers at once.

    Discovery looks at this machine's loopback only, and takes a server only where it is certain which program
    it is: anything else on such a port may well be a proxy that spends money. Without `http`, it makes a plain session
    of its own when it first asks. Without `knowledge`, what probes find is kept for this run only.
    """

    def __init__(
        self,
        configured: tuple[LocalSetting, ...],
        discover: bool,
        clock: Callable[[], datetime],
        http: requests.Session | None = None,
        *,
        ports: Mapping[str, int] = USUAL_PORTS,
        knowledge: Knowledge | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.configured = configured
        self.knowledge = knowledge or Knowledge(None)
        self.look_again = threading.Event()
        """Set when a server failed: whoever refreshes may then look at once, instead of at the usual time."""
        self.on_failure: Callable[[], None] = lambda: None
        """Called when the first server since the last refresh failed, in whichever thread it did, so briefly."""
        self.news = threading.Event()
        """Set when there may be another model to probe."""
        self._ports = dict(ports) if discover else {}
        self._clock = clock
        self._monotonic = monotonic
        self._session = http
        self._refreshing = threading.Lock()
        self._changing = threading.Lock()
        self._telling = threading.Lock()
        self._memory: Memory = {}
        self._breakers: dict[str, Breaker] = {}
        self._failed: dict[str, str] = {}
        self._wanted: dict[tuple[str, str], None] = {}
        self._stale: set[str] = set()
        self._sizes = TokenSizes()
        self._seen = tuple(_unusable(setting, NOT_ASKED) for setting in configured)
        self._known = self._seen
        self.refreshed_at: datetime | None = None

    def refresh(self) -> tuple[LocalUpstream, ...]:
        """Ask every server again, and return what is known now; one refresh at a time."""
        with self._refreshing:
            self.look_again.clear()
            configured = tuple(self._ask(setting) for setting in self.configured)
            found = tuple(self._discover(configured))
            self._doubt_the_restarted(configured + found)
            with self._changing:
                self._seen = configured + found
                self._failed.clear()
                self.refreshed_at = self._clock()
            self._tell_anew()
            for upstream in self._seen:
                if upstream.healthy:
                    self.breaker(upstream.name).seen_well()
            self.news.set()
            return self.snapshot()

    def snapshot(self) -> tuple[LocalUpstream, ...]:
        """Return the upstreams as last seen, the configured ones first, in their order.

        A model's `tools` is True only where a probe saw its calls work or the person vouched for it.
        """
        return tuple(self._as_it_stands(upstream) for upstream in self._known)

    def find(self, upstream: str) -> LocalUpstream | None:
        """Find an upstream by its name."""
        return next((one for one in self.snapshot() if one.name == upstream), None)

    # --- how requests went ----------------------------------------------------------------------------------------

    def failed(self, upstream: str, why: str, *, unreachable: bool = False) -> None:
        """Take an upstream out of use, by its name, until the next refresh sees it again and its breaker lets it.

        `unreachable` where no connection could be made at all.
        """
        with self._changing:
            self._failed[upstream] = why
        self.breaker(upstream).failed(unreachable=unreachable)
        if not self.look_again.is_set():
            self.look_again.set()
            self.on_failure()

    def worked(self, upstream: str) -> None:
        """Take note of a request that an upstream answered: it is in use again."""
        with self._changing:
            self._failed.pop(upstream, None)
        self.breaker(upstream).worked()

    def may_try(self, upstream: str) -> Leave | None:
        """Give leave to send a request to an upstream now; half-open, that is one trial, and the asker has it."""
        return self.breaker(upstream).may_try()

    def breaker(self, upstream: str) -> Breaker:
        """Give the breaker of an upstream."""
        with self._changing:
            return self._breakers.setdefault(upstream, Breaker(self._monotonic))

    # --- what is learned by asking --------------------------------------------------------------------------------

    def want_probe(self, upstream: str, model: str) -> None:
        """Ask for a probe of a model in the background; whether there is one to be made is seen then."""
        with self._changing:
            self._wanted[upstream, model] = None
        self.news.set()

    def to_probe(self) -> list[tuple[LocalUpstream, LocalModel]]:
        """List the models that nobody has probed as they are now: those wanted first, then the configured and loaded.

        Models that are only there, not in memory, would have to be loaded for it: they are probed when wanted.
        """
        with self._changing:
            wanted = list(self._wanted)
        chosen = {setting.name for setting in self.configured if setting.models}
        every = [(one, model) for one in self._seen if one.healthy for model in one.models]
        asked = [(one, model) for one, model in every if (one.name, model.id) in wanted]
        usual = [pair for pair in every if pair not in asked and (pair[1].loaded or pair[0].name in chosen)]
        return [pair for pair in asked + usual if self._is_to_probe(*pair)]

    def learned(self, upstream: LocalUpstream, model: LocalModel, result: ProbeResult) -> None:
        """Keep what a probe found of a model; what it could not find out leaves what was known before."""
        with self._changing:
            self._wanted.pop((upstream.name, model.id), None)
            self._stale.discard(identity(upstream, model))
        known = self.probed(upstream, model)
        if result.passed is not None or known is None:
            self.knowledge.keep_probe(identity(upstream, model), result)
        self._tell_anew()

    def probed(self, upstream: LocalUpstream, model: LocalModel) -> ProbeResult | None:
        """Give what the last probe of a model found."""
        return self.knowledge.probe(identity(upstream, model))

    def learned_size(self, upstream: LocalUpstream, model: LocalModel, bytes_per_token: float) -> None:
        """Take in what an answer showed of a model's tokenizer; snapshots tell it as the model's `bytes_per_token`."""
        if self._sizes.add(identity(upstream, model), bytes_per_token):
            self._tell_anew()

    def _tell_anew(self) -> None:
        """Put what was seen and what was learned together; whoever comes last tells all of it."""
        with self._telling:
            self._known = tuple(self._with_tools(one) for one in self._seen)

    def _is_to_probe(self, upstream: LocalUpstream, model: LocalModel) -> bool:
        if self._vouched(upstream, model) is not None:
            return False
        known = self.probed(upstream, model)
        if known is None or known.setup != model.setup or known.passed is None:
            return True
        return identity(upstream, model) in self._stale

    def _doubt_the_restarted(self, now: tuple[LocalUpstream, ...]) -> None:
        """Have models that failed probed again once their server was restarted: its flags may have been mended."""
        before = {one.name for one in self._seen if one.healthy}
        back = [one for one in now if one.healthy and one.name not in before]
        for upstream in back:
            for model in upstream.models:
                known = self.probed(upstream, model)
                if known is not None and known.passed is False:
                    self._stale.add(identity(upstream, model))

    def _vouched(self, upstream: LocalUpstream, model: LocalModel) -> bool | None:
        """Give the person's word on whether a model's tools work; None where there is none."""
        setting = next((one for one in self.configured if one.name == upstream.name), None)
        return setting.of(model.id).tools if setting else None

    def _as_it_stands(self, upstream: LocalUpstream) -> LocalUpstream:
        why = upstream.why or self._why_not(upstream.name)
        return upstream if why == upstream.why else replace(upstream, healthy=False, why=why)

    def _with_tools(self, upstream: LocalUpstream) -> LocalUpstream:
        return replace(upstream, models=tuple(self._as_learned(upstream, model) for model in upstream.models))

    def _as_learned(self, upstream: LocalUpstream, model: LocalModel) -> LocalModel:
        size = self._sizes.of(identity(upstream, model))
        return replace(model, tools=self._tools(upstream, model), bytes_per_token=size)

    def _tools(self, upstream: LocalUpstream, model: LocalModel) -> bool | None:
        vouched = self._vouched(upstream, model)
        if vouched is not None:
            return vouched
        known = self.probed(upstream, model)
        if known is not None and known.passed is not None and known.setup == model.setup:
            return known.passed
        # A server that says it cannot is believed; one that says it can has to show it.
        return False if model.claims_tools is False else None

    def _why_not(self, name: str) -> str:
        """Say what keeps a server that looked well out of use; empty when nothing does."""
        with self._changing:
            failed, breaker = self._failed.get(name, ""), self._breakers.get(name)
        state = breaker.state if breaker else Circuit.CLOSED
        if breaker is None or state is Circuit.CLOSED:
            return failed
        if state is Circuit.OPEN:
            return f"{failed or 'its last requests failed'}; it is tried again in {breaker.opens_in_s:.0f} s"
        return "it failed, and one request is trying it now" if breaker.is_being_tried else ""

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
        return tuple(known.get(name) or LocalModel(name, UNKNOWN_CONTEXT, context_from="assumed") for name in names)
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
