"""The examination of local servers: what they are, and whether agents can rely on their models' tool calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from pricing.figures import counted
from proxy.upstream import diagnosis
from proxy.upstream.knowledge import Knowledge
from proxy.upstream.local import LocalSetting, Registry, base_url
from proxy.upstream.local_model import USUAL_PORTS, LocalModel, LocalUpstream
from proxy.upstream.probe_result import Diagnosis, ProbeResult
from proxy.upstream.toolprobe import ToolProbe
from tray.cli.checkup import Finding
from tray.cli.place import USAGE, Failure, Place
from tray.cli.progress import Progress
from tray.cli.show import local_time, plain
from tray.handover import registry_of
from tray.keys import is_loopback
from tray.settings import Settings

PROGRAMS = {
    "ollama": "Ollama", "llamacpp": "llama.cpp", "lmstudio": "LM Studio", "vllm": "vLLM",
    "openai": "a server that speaks Chat Completions",
}  # fmt: skip
SERIOUS = ("context", "slow", "text", "output")
"""Limits that an agent cannot live with; the others cost it turns."""


@dataclass
class Examination:
    """Looks at the servers of a registry, and probes their models where that is wished."""

    place: Place
    registry: Registry
    progress: Progress
    is_fresh: bool
    only: str | None = None
    findings: list[Finding] = field(default_factory=list)

    def run(self) -> None:
        """Look at every server."""
        self.progress.step("looking at local servers")
        for upstream in self.registry.refresh():
            self.findings += self._server(upstream)

    def _server(self, upstream: LocalUpstream) -> Iterator[Finding]:
        if upstream.why and not upstream.models:
            wrong = diagnosis.unreachable(upstream, upstream.why)
            yield Finding(plain(upstream.name), False, plain(wrong.says), wrong.mend, wrong.key)
            return
        yield Finding(plain(upstream.name), True, f"{PROGRAMS[upstream.kind]} at {upstream.base_url}")
        chosen = self._chosen(upstream)
        if self.only is not None and not chosen:
            has = ", ".join(plain(model.id) for model in upstream.models)
            yield Finding(plain(upstream.name), False, f"it has no model {self.only}; it has {has}", key="no model")
            return
        for model in chosen:
            yield from self._model(upstream, model)
        rest = len(upstream.models) - len(chosen)
        if rest and self.only is None:
            yield Finding(
                plain(upstream.name),
                True,
                f"{rest} other models, not in memory",
                f"bursar doctor {upstream.base_url} --model NAME",
            )

    def _chosen(self, upstream: LocalUpstream) -> list[LocalModel]:
        """Choose the models to look at: the one named, else those in memory, else the first."""
        if self.only is not None:
            return [model for model in upstream.models if model.id == self.only]
        return [model for model in upstream.models if model.loaded] or list(upstream.models[:1])

    def _model(self, upstream: LocalUpstream, model: LocalModel) -> Iterator[Finding]:
        name = plain(model.id)
        yield Finding(name, True, _facts(model))
        result = self._probe(upstream, model) if self.is_fresh else self.registry.probed(upstream, model)
        yield _verdict(name, model, result)
        limits = (*diagnosis.standing(upstream, model), *(result.limits if result else ()))
        for limit in limits:
            if result is None or result.diagnosis is None or limit.key != result.diagnosis.key:
                yield _limit(name, limit)

    def _probe(self, upstream: LocalUpstream, model: LocalModel) -> ProbeResult:
        def tell(check: str, number: int, of: int) -> None:
            self.progress.step(f"probing {plain(model.id)} at {upstream.base_url}: {check} ({number} of {of})")

        result = ToolProbe(upstream, model, clock=self.place.clock, tell=tell).run()
        self.registry.learned(upstream, model, result)
        return result


def configured(place: Place, settings: Settings) -> Registry:
    """Make the registry of what is configured and found, with what is remembered of it."""
    return registry_of(settings, place.environ, place.clock, _knowledge(place))


def single(place: Place, settings: Settings | None, url: str, key: str) -> Registry:
    """Make the registry of one server: as it is configured, if it is, else as it stands there."""
    address = _address(url)
    if (
        settings is not None
        and is_loopback(address)
        and urlsplit(address).port in (settings.port, settings.control_port)
    ):
        raise Failure(f"{url}: that is bursar's own address; give the one of a model server", USAGE)
    setting = _setting_of(place, settings, address) or LocalSetting(urlsplit(address).netloc, address, api_key=key)
    return Registry((setting,), False, place.clock, knowledge=_knowledge(place))


def unused(place: Place, settings: Settings | None, upstream: LocalUpstream) -> Finding | None:
    """Say how bursar gets to use a server that answers, if it does not find it by itself."""
    parts = urlsplit(upstream.base_url)
    is_found = settings is not None and settings.discover and parts.port in USUAL_PORTS.values()
    if not upstream.models or _setting_of(place, settings, upstream.base_url):
        return None
    if is_found and is_loopback(upstream.base_url) and not parts.path:
        return None
    lines = f'[[local]]\n    name = "{upstream.kind}"\n    url = "{upstream.base_url}"\n    then: bursar config reload'
    told = "bursar does not use this server yet"
    return Finding(plain(upstream.name), True, told, f"add to {place.paths.config_file}:\n    {lines}", "unused")


def _address(url: str) -> str:
    address = base_url(url if "://" in url else f"http://{url}")
    if address is None:
        raise Failure(f'"{url}" is no address of a server, such as http://127.0.0.1:8080', USAGE)
    return address


def _setting_of(place: Place, settings: Settings | None, address: str) -> LocalSetting | None:
    known = registry_of(settings, place.environ, place.clock).configured if settings else ()
    return next((one for one in known if base_url(one.url) == address), None)


def _knowledge(place: Place) -> Knowledge:
    # Who has no bursar here yet gets no folder from a look at a server.
    return Knowledge(place.paths.knowledge if place.paths.state.is_dir() else None)


def _facts(model: LocalModel) -> str:
    trained = f", trained for {model.trained_context:,}" if model.trained_context else ""
    facts = [f"{model.context:,} tokens of context{trained}"]
    facts += [f"{model.parameters} parameters"] if model.parameters else []
    facts += [f"weights {plain(model.quantization)}"] if model.quantization else []
    facts += [f"{counted(model.concurrency, 'request')} at once"] if model.concurrency else []
    licence = model.licence.spdx or model.licence.name if model.licence else ""
    return "; ".join([*facts, f"licence {plain(licence) or 'unknown'}"])


def _verdict(name: str, model: LocalModel, result: ProbeResult | None) -> Finding:
    if result is None:
        if model.tools is True:
            return Finding(name, True, "tools: you vouch for them (tools = true)")
        return Finding(
            name, True, "tools: not probed yet, so no request with tools goes there", "bursar doctor --probe"
        )
    if result.diagnosis is not None:
        return Finding(name, False, plain(result.cause), result.mend, result.diagnosis.key)
    passed = sum(check.ok for check in result.checks)
    pace = _pace(result)
    when = f"probed {_day(result.at)}{pace}"
    return Finding(name, True, f"tools work: {passed} of {len(result.checks)} checks passed, {when}")


def _limit(name: str, limit: Diagnosis) -> Finding:
    return Finding(name, limit.key not in SERIOUS, plain(limit.says), limit.mend, limit.key)


def _pace(result: ProbeResult) -> str:
    reads = f"reads {result.prompt_tokens_per_s:,.0f}" if result.prompt_tokens_per_s else ""
    writes = f"writes {result.tokens_per_s:,.0f}" if result.tokens_per_s else ""
    told = " and ".join(filter(None, (reads, writes)))
    return f"; it {told} tokens a second" if told else ""


def _day(at: datetime) -> str:
    return local_time(at.isoformat(), "%d %b %H:%M").lstrip("0")
