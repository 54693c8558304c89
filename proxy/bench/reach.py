"""Which model is benched, and whether it is local at all: the bench sends nothing to a cloud."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from proxy.upstream.local import base_url
from proxy.upstream.local_model import LocalModel, LocalSetting, LocalUpstream

NAMED_KINDS = ("ollama", "llamacpp", "lmstudio", "vllm")
"""Programs that say who they are; anything else that speaks Chat Completions may be a cloud, or a proxy to one."""

CLOUD_MODELS = re.compile(r"(^|/)(claude|gemini|gpt-[345]|o[1345](-|$)|grok)", re.IGNORECASE)

Resolve = Callable[[str], Iterable[str]]


class CannotBench(ValueError):
    """There is nothing to bench; the message says what to do."""


def addresses(host: str) -> list[str]:
    """Look a host's addresses up; none for a name that is not known."""
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, None)]
    except (OSError, UnicodeError):
        return []


def setting_for(target: str, api_key: str = "") -> LocalSetting | None:
    """Make a setting of a URL that a person typed; None when it is no URL but a name."""
    if "://" not in target and not re.fullmatch(r"[\w.-]+:\d+", target):
        return None
    url = target if "://" in target else f"http://{target}"
    if base_url(url) is None:
        raise CannotBench(f"{target} is no http or https URL")
    return LocalSetting(urlsplit(url).netloc.rpartition("@")[2], url, api_key=api_key)


def known_as(typed: LocalSetting, configured: Iterable[LocalSetting]) -> LocalSetting:
    """Give the configured server that a typed URL means, whatever name it gives this machine; else what was typed.

    What is measured is remembered by the configured address, and the configured key goes along.
    """
    return next((one for one in configured if _place(one.url) == _place(typed.url)), typed)


def choose(
    upstreams: tuple[LocalUpstream, ...], name: str | None, model: str | None
) -> tuple[LocalUpstream, LocalModel]:
    """Choose the upstream (by name, else the first that is well) and its model (by name, else its first)."""
    if not upstreams:
        asked = "" if name is None else f"there is no local upstream {name}: "
        raise CannotBench(
            f"{asked}no local model server was found; start one (Ollama, llama.cpp, LM Studio, vLLM), or give its "
            "URL: bursar bench http://127.0.0.1:8080"
        )
    if name is not None and name not in {one.name for one in upstreams}:
        known = ", ".join(one.name for one in upstreams)
        raise CannotBench(f"there is no local upstream {name}; there is {known}, or give a URL")
    named = [one for one in upstreams if name in (None, one.name)]
    well = [one for one in named if one.healthy and (model is None or one.model(model))]
    if not well:
        raise CannotBench(_why_none(named, model))
    upstream = well[0]
    if not upstream.models:
        raise CannotBench(f"{upstream.name} has no model; load one there first")
    return upstream, (upstream.model(model) if model else None) or upstream.models[0]


def refuse_cloud(upstream: LocalUpstream, model: LocalModel, resolve: Resolve = addresses) -> None:
    """Raise CannotBench for what may be a cloud, or a proxy before one: a bench there would cost money."""
    host = urlsplit(upstream.base_url).hostname or ""
    if CLOUD_MODELS.search(model.id):
        raise CannotBench(
            f"{model.id} at {upstream.base_url} is a cloud's model, or a proxy's name for one; bench is for local ones"
        )
    if upstream.kind in NAMED_KINDS or _is_near(host, resolve):
        return
    raise CannotBench(
        f"{upstream.base_url} is neither on this machine or network nor a model server that bursar knows, so it may be "
        f"a cloud that charges for it. If it is yours, tunnel it: ssh -L 8080:127.0.0.1:8080 {host}, then bursar bench "
        "http://127.0.0.1:8080"
    )


def _place(url: str) -> tuple[str, int | None, str]:
    parts = urlsplit(base_url(url) or url)
    host = parts.hostname or ""
    try:
        port = parts.port
    except ValueError:
        port = None
    return "this machine" if host in ("localhost", "127.0.0.1", "::1") else host, port, parts.path


def _is_near(host: str, resolve: Resolve) -> bool:
    """Tell whether a host has addresses and none of them is public."""
    found = list(resolve(host))
    try:
        return bool(found) and not any(ipaddress.ip_address(one.partition("%")[0]).is_global for one in found)
    except ValueError:
        return False


def _why_none(named: list[LocalUpstream], model: str | None) -> str:
    well = [one for one in named if one.healthy]
    if well and model is not None:
        known = ", ".join(found.id for one in well for found in one.models[:10]) or "none"
        return f"there is no model {model}; there is: {known}"
    reasons = "; ".join(f"{one.name} ({one.base_url}): {one.why}" for one in named)
    return f"no local model can be reached: {reasons}. Is the server running? Check it with: bursar doctor"
