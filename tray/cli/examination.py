"""The examination of local servers: what they are, and whether agents can rely on their models' tool calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from proxy.upstream import diagnosis
from proxy.upstream.knowledge import Knowledge
from proxy.upstream.local import LocalSetting, Registry, base_url
from proxy.upstream.local_model import LocalModel, LocalUpstream
from proxy.upstream.probe_result import Diagnosis, ProbeResult
from proxy.upstream.toolprobe import ToolProbe
from tray.cli.checkup import Finding
from tray.cli.place import Failure, Place
from tray.cli.progress import Progress
from tray.cli.show import local_time, plain
from tray.handover import registry_of
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
            yield Finding(plain(upstream.name), False, f"it has no model {self.only}", key="no model")
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
    if "://" not in url:
        url = f"http://{url}"
    address = base_url(url)
    if address is None:
        raise Failure(f'{url} is no address such as "http://127.0.0.1:8080"')
    known = registry_of(settings, place.environ, place.clock).configured if settings else ()
    named = next((one for one in known if base_url(one.url) == address), None)
    setting = named or LocalSetting(urlsplit(address).netloc, address, api_key=key)
    return Registry((setting,), False, place.clock, knowledge=_knowledge(place))


def _knowledge(place: Place) -> Knowledge:
    # Who has no bursar here yet gets no folder from a look at a server.
    return Knowledge(place.paths.knowledge if place.paths.state.is_dir() else None)


def _facts(model: LocalModel) -> str:
    trained = f", trained for {model.trained_context:,}" if model.trained_context else ""
    facts = [f"{model.context:,} tokens of context{trained}"]
    facts += [f"{model.parameters} {model.quantization}".strip()] if model.parameters or model.quantization else []
    facts += [f"{model.concurrency} requests at once"] if model.concurrency else []
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
