"""Which program a server is, and its models: each program asked by its own means.

Sources: llama.cpp's tools/server/README.md, Ollama's docs/api.md, LM Studio's and vLLM's pages on their servers.
"""

from __future__ import annotations

from collections.abc import Callable

from proxy.upstream.ask import Asker
from proxy.upstream.found import LOADING, UNKNOWN_CONTEXT, WRONG_KEY, Found, Memory
from proxy.upstream.llamacpp import llamacpp
from proxy.upstream.lmstudio import lmstudio
from proxy.upstream.ollama import ollama
from proxy.upstream.openai import openai, vllm

__all__ = ["LOADING", "UNKNOWN_CONTEXT", "WRONG_KEY", "Found", "Memory", "find"]

_PROBES: dict[str, Callable[[Asker, Memory], Found | None]] = {
    "llamacpp": llamacpp,
    "ollama": ollama,
    "lmstudio": lmstudio,
    "vllm": vllm,
    "openai": openai,
}


def find(ask: Asker, kind: str, memory: Memory) -> Found | None:
    """Ask a server that should be `kind`, or any kind for "auto"; None when it is none that we know.

    Raises NoAnswer when it cannot be asked at all.
    """
    probes = [_PROBES[kind]] if kind in _PROBES else list(_PROBES.values())
    for probe in probes:
        found = probe(ask, memory)
        if found is not None:
            return found
    return None
