"""Diagnoses: what keeps a local model from working behind an agent, in words for a person, and the command that mends.

Sources: llama.cpp's tools/server/README.md and docs/function-calling.md, Ollama's docs/context-length.mdx and
docs/capabilities/tool-calling.mdx, vLLM's docs/features/tool_calling.md, LM Studio's docs/cli.
"""

from __future__ import annotations

from proxy.translate.errors import Trouble
from proxy.upstream import mending
from proxy.upstream.found import LOADING, WRONG_KEY
from proxy.upstream.local_model import LocalModel, LocalUpstream
from proxy.upstream.probe_result import Diagnosis

AGENT_PROMPT_TOKENS = 20_000
"""What the first request of a coding agent has about; it grows from there."""

TURN_TOKENS = 300
"""What an agent's model says in a usual turn: a few words and a call."""

SLOW_PROMPT_S = 240.0
"""An agent waits 300 s for a first byte; with pings longer, but a person does not."""

SLOW_TOKENS_PER_S = 5.0
LEAST_OUTPUT_TOKENS = 1024
LARGE_TOKENS = 8_000
"""About what the long list of a probe comes to."""


def unreachable(upstream: LocalUpstream, why: str) -> Diagnosis:
    """Say why a server cannot be asked at all, and how it is started."""
    if why == LOADING:
        return Diagnosis("loading", f"{_whose(upstream)} is loading its model; that takes up to some minutes",
                         "wait, then: bursar doctor", passing=True)  # fmt: skip
    if why == WRONG_KEY:
        return Diagnosis("key", f"{_whose(upstream)} refused the key, or wants one",
                         'put it into an environment variable; in [[local]]: api_key_env = "NAME"; or: --key-env NAME',
                         passing=True)  # fmt: skip
    if "no model server" in why:
        return Diagnosis("not a model server", f"what answers at {upstream.base_url} is no model server that we know",
                         'if it speaks Chat Completions, in [[local]]: kind = "openai" and models = ["NAME"]',
                         passing=True)  # fmt: skip
    if "connection broke" in why:
        return Diagnosis("no server", f"what listens at {upstream.base_url} breaks off the connection",
                         "look at the address: another port, or http:// instead of https://, or the other way round",
                         passing=True)  # fmt: skip
    if "no model" in why or "does not have" in why:
        return Diagnosis(
            "no model", f"{_whose(upstream)} answers, but {why}", mending.get_model(upstream), passing=True
        )
    return Diagnosis(
        "no server", f"no server answers at {upstream.base_url}: {why}", mending.start(upstream), passing=True
    )


def no_tools_in_template(upstream: LocalUpstream, model: LocalModel) -> Diagnosis:
    """Say that the chat template has no place for tools, so that they are dropped in silence."""
    if upstream.kind == "ollama":
        return Diagnosis(
            "template", f"Ollama's template of {model.id} knows no tools (its capabilities lack `tools`)",
            "take a model that has them: ollama show MODEL lists `tools` under capabilities, such as qwen3-coder",
        )  # fmt: skip
    if upstream.kind == "llamacpp":
        return Diagnosis(
            "template",
            f"the chat template of {model.id} knows no tools: llama.cpp drops them in silence, with status 200",
            "llama-server --jinja --chat-template-file TEMPLATE.jinja … (the model's own, or one of models/templates)",
        )  # fmt: skip
    return Diagnosis(
        "template", f"the chat template of {model.id} knows no tools", "serve it with a chat template that writes tools"
    )


def refused(upstream: LocalUpstream, model: LocalModel, trouble: Trouble) -> Diagnosis:
    """Say why a server refused a request with tools, by its own words."""
    said = trouble.message
    if "--jinja" in said:
        return Diagnosis("jinja", "llama.cpp was started without --jinja, and takes no tools then",
                         "llama-server --jinja …")  # fmt: skip
    if "--enable-auto-tool-choice" in said or "--tool-call-parser" in said:
        return Diagnosis(
            "vllm flags", "vLLM was started without tool calling",
            mending.vllm_flags(model),
        )  # fmt: skip
    if "does not support tools" in said:
        return no_tools_in_template(upstream, model)
    if trouble.kind == "invalid_request_error" or "does not fit" in trouble.why:
        return too_small(upstream, model)
    if "grammar" in said or "peg-native" in said or ("expected" in said and "format" in said):
        return Diagnosis(
            "format", f"{model.id} writes its calls in another form than its chat template says",
            "llama-server --jinja --chat-template-file TEMPLATE.jinja … (of models/templates, the one for this model)",
        )  # fmt: skip
    if "refused our key" in trouble.why:
        return unreachable(upstream, WRONG_KEY)
    if "loading" in trouble.why:
        return unreachable(upstream, LOADING)
    if "does not know the model" in trouble.why:
        return Diagnosis("no model", f"{_whose(upstream)} has no model {model.id}, or no path for it",
                         mending.get_model(upstream), passing=True)  # fmt: skip
    # What it says may come from its memory or its load as well as from the tools: asked again later, it may go.
    return Diagnosis("error", f"{_whose(upstream)} failed: {said.removeprefix('bursar: ').rstrip('.')}",
                     "look into its log", passing=trouble.retry)  # fmt: skip


def as_text(upstream: LocalUpstream, model: LocalModel, style: str, *, read: bool) -> Diagnosis:
    """Say that calls are printed as text; `read` where we can tell them from text all the same."""
    how = f" in the style {style}" if style else ""
    then = "bursar reads them, but a server that knows the style is safer" if read else "nobody runs them"
    return Diagnosis("text", f"{model.id} prints its calls as text{how}: {then}", mending.parse_calls(upstream, model))


def no_calls(upstream: LocalUpstream, model: LocalModel) -> Diagnosis:
    """Say that a model answers and makes no calls."""
    return Diagnosis("no calls", f"{model.id} answers, but calls no tools: it does not know how, or does not see them",
                     mending.parse_calls(upstream, model))  # fmt: skip


def wrong_calls(model: LocalModel, what: str) -> Diagnosis:
    """Say that a model makes wrong calls."""
    return Diagnosis(
        "wrong calls",
        f"{model.id} makes wrong calls ({what}): it is too small for tools, or quantized too hard",
        "take a larger model, or a finer quantization of it",
    )


def endless_thought(upstream: LocalUpstream, model: LocalModel) -> Diagnosis:
    """Say that a model thinks until its answer's length is used up."""
    return Diagnosis("thinking", f"{model.id} thinks until its answer is full, and never gets to a call",
                     f'in [[local]] "{upstream.name}": thinking = "off"')  # fmt: skip


def cut_short(upstream: LocalUpstream, model: LocalModel) -> Diagnosis:
    """Say that answers are cut before a call is whole."""
    return Diagnosis("output", f"the answers of {model.id} are cut before a call is whole",
                     f'in [[local]] "{upstream.name}": max_output = 8192, and the same in the server')  # fmt: skip


def too_late(upstream: LocalUpstream, model: LocalModel, waited_s: float) -> Diagnosis:
    """Say that a model did not answer a short request in time."""
    return Diagnosis(
        "slow", f"{model.id} is too slow: a request of a few words took more than {waited_s:.0f} s; an agent's first "
        f"one is a hundred times as long", mending.faster(upstream, model),
    )  # fmt: skip


def too_late_for_an_agent(upstream: LocalUpstream, model: LocalModel, waited_s: float) -> Diagnosis:
    """Say that a model did not read a list of tools in time, and what that means for an agent's first request."""
    least = waited_s * AGENT_PROMPT_TOKENS / LARGE_TOKENS / 60
    says = (
        f"{model.id} is too slow: it did not get through a list of 25 tools (about {LARGE_TOKENS:,} tokens) in "
        f"{waited_s:.0f} s, so an agent's first request takes more than {least:.0f} minutes"
    )
    return Diagnosis("slow", says, mending.faster(upstream, model))


def slow(
    upstream: LocalUpstream, model: LocalModel, prompt_tokens_per_s: float | None, tokens_per_s: float | None
) -> Diagnosis | None:
    """Say what a model's speed means for an agent, where it is too slow for one."""
    reads_s = AGENT_PROMPT_TOKENS / prompt_tokens_per_s if prompt_tokens_per_s else 0.0
    if reads_s > SLOW_PROMPT_S:
        return Diagnosis(
            "slow", f"{model.id} is too slow: it reads {prompt_tokens_per_s:.0f} tokens a second, so an agent's first "
            f"request ({AGENT_PROMPT_TOKENS:,} tokens) takes {reads_s / 60:.0f} minutes before its first word",
            mending.faster(upstream, model),
        )  # fmt: skip
    if tokens_per_s is not None and tokens_per_s < SLOW_TOKENS_PER_S:
        return Diagnosis(
            "slow", f"{model.id} is too slow: it writes {tokens_per_s:.1f} tokens a second, so a usual turn "
            f"({TURN_TOKENS} tokens) takes {TURN_TOKENS / tokens_per_s / 60:.1f} minutes",
            mending.faster(upstream, model),
        )  # fmt: skip
    return None


def too_small(upstream: LocalUpstream, model: LocalModel) -> Diagnosis:
    """Say that the context holds no agent's request."""
    says = (
        f"{model.id} holds {model.context:,} tokens{_origin(model)}; an agent's first request has about "
        f"{AGENT_PROMPT_TOKENS:,}, and it grows"
    )
    return Diagnosis("context", says, mending.larger(upstream, model))


def prompt_cut(upstream: LocalUpstream, model: LocalModel) -> Diagnosis:
    """Say that a server cut a prompt without a word."""
    return Diagnosis("context", f"{_whose(upstream)} cut the prompt in silence: {model.id} is loaded with a smaller "
                     "context than it seems", mending.larger(upstream, model))  # fmt: skip


def standing(upstream: LocalUpstream, model: LocalModel) -> tuple[Diagnosis, ...]:
    """Say what can be seen of a model without asking it anything."""
    found = [too_small(upstream, model)] if model.context < mending.AGENT_CONTEXT else []
    if model.max_output is not None and model.max_output < LEAST_OUTPUT_TOKENS:
        found.append(cut_short(upstream, model))
    return tuple(found)


def _whose(upstream: LocalUpstream) -> str:
    return f"the server at {upstream.base_url}"


def _origin(model: LocalModel) -> str:
    return {"assumed": " (assumed: the server does not tell)", "set": " (set in the config file)"}.get(
        model.context_from, ""
    )


def _thousands(tokens: int) -> str:
    return f"{tokens:,}"
