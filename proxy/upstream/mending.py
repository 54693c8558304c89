"""Mending: the command, or the setting, that cures what a diagnosis names; ours to print, never to run.

Sources: llama.cpp's tools/server/README.md and docs/function-calling.md, Ollama's docs/context-length.mdx, vLLM's
docs/features/tool_calling.md, LM Studio's docs/cli.
"""

from __future__ import annotations

import re

from proxy.upstream.local_model import USUAL_PORTS, LocalModel, LocalUpstream

AGENT_CONTEXT = 32_768
"""The least context with which an agent gets anything done."""

PARSERS = (
    (r"qwen3[-_. ]?coder|qwen3\.[5-9]", "qwen3_xml"),
    (r"qwen|hermes|qwq", "hermes"),
    (r"llama-?4", "llama4_pythonic"),
    (r"llama", "llama3_json"),
    (r"mistral|ministral|devstral|codestral|magistral", "mistral"),
    (r"deepseek-?v3\.1", "deepseek_v31"),
    (r"deepseek", "deepseek_v3"),
    (r"gpt-oss", "openai"),
    (r"glm-?4", "glm45"),
    (r"kimi", "kimi_k2"),
    (r"granite", "granite"),
)
"""vLLM's parser for a model, by its name; the first that fits."""


def start(upstream: LocalUpstream) -> str:
    """Start the server: the program that it is, or that is usually at its port."""
    usual = next((kind for kind, port in USUAL_PORTS.items() if upstream.base_url.endswith(f":{port}")), "openai")
    return {
        "ollama": "ollama serve",
        "llamacpp": "llama-server --jinja -c 65536 -m MODEL.gguf",
        "lmstudio": "lms server start",
        "vllm": "vllm serve MODEL --enable-auto-tool-choice --tool-call-parser PARSER",
        "openai": "start it, or mend its address; llama.cpp: llama-server --jinja -c 65536 -m MODEL.gguf",
    }[upstream.kind if upstream.kind != "openai" else usual]


def get_model(upstream: LocalUpstream) -> str:
    """Get a model, or name one."""
    return {"ollama": "ollama pull MODEL", "lmstudio": "lms get MODEL"}.get(
        upstream.kind, 'name one that it has: models = ["NAME"] in [[local]]'
    )


def parse_calls(upstream: LocalUpstream, model: LocalModel) -> str:
    """Have the server find calls in what the model says."""
    return {
        "ollama": "take the model from Ollama's library, whose template fits: ollama pull MODEL",
        "llamacpp": "llama-server --jinja --chat-template-file TEMPLATE.jinja … (one that is for this model)",
        "lmstudio": "take a model that LM Studio marks as trained for tool use, and update LM Studio",
        "vllm": vllm_flags(model),
        "openai": "have the server parse tool calls (its tool-call parser, its chat template)",
    }[upstream.kind]


def larger(upstream: LocalUpstream, model: LocalModel) -> str:
    """Have the model loaded with a context that holds an agent's requests."""
    if model.trained_context is not None and model.trained_context < AGENT_CONTEXT:
        return f"take another model: this one was trained for {_thousands(model.trained_context)} tokens only"
    match upstream.kind:
        case "ollama":
            return (
                f"in the config file, [[local]] with this server's url: context = {AGENT_CONTEXT} (bursar then asks "
                f"Ollama for it), or: OLLAMA_CONTEXT_LENGTH={AGENT_CONTEXT} ollama serve"
            )
        case "llamacpp":
            slots = model.concurrency or 1
            divided = f" (-np {slots} divides -c among {slots} slots: -c {65536 * slots})" if slots > 1 else ""
            return f"llama-server -c 65536 …{divided}"
        case "lmstudio":
            return f"lms load {model.id} --context-length {AGENT_CONTEXT}"
        case "vllm":
            return f"vllm serve {model.digest or model.id} --max-model-len {AGENT_CONTEXT} …"
        case _:
            return f"if the server holds more, in [[local]]: context = {AGENT_CONTEXT}"


def faster(upstream: LocalUpstream, model: LocalModel) -> str:
    """Make it faster."""
    watch = {"ollama": "ollama ps shows how much of it is on the GPU; ", "llamacpp": "llama-server -ngl 99 …; "}
    return f"{watch.get(upstream.kind, '')}a smaller model, or one with fewer active parameters"


def vllm_flags(model: LocalModel) -> str:
    """Start vLLM so that it calls tools."""
    return f"vllm serve {model.digest or model.id} --enable-auto-tool-choice --tool-call-parser {parser_of(model)}"


def parser_of(model: LocalModel) -> str:
    """Name vLLM's tool-call parser for a model; "PARSER" where its name tells nothing."""
    name = f"{model.id} {model.digest}".lower()
    return next((parser for pattern, parser in PARSERS if re.search(pattern, name)), "PARSER")


def _thousands(tokens: int) -> str:
    return f"{tokens:,}"
