"""A request to Chat Completions, put as one to the Messages API.

Sources: https://platform.openai.com/docs/api-reference/chat/create for what is asked,
https://platform.claude.com/docs/en/api/openai-sdk for what Anthropic's own layer makes of it, and
https://platform.claude.com/docs/en/build-with-claude/prompt-caching for `cache_control`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy.request import MOST_OUTPUT, BadRequest
from proxy.translate.chat.generation import generation_of
from proxy.translate.chat.parts import text_block
from proxy.translate.chat.talk import Talk, talk_of
from proxy.translate.chat.tools import choice_of, tools_of

DEFAULT_MAX_TOKENS = 32_000
"""For a request that sets no limit, which this dialect allows: every model on sale may write so much, and coding agents
ask for as much. The hold is made from it."""

JSON_ONLY = "Answer with one JSON object and nothing else: no words around it, no code fence."
EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}
MARK = {"type": "ephemeral"}
"""Asks Claude to keep the prompt up to here for five minutes; a write costs a quarter more than plain input, a read a
tenth of it or less."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, twice: `fields` as Messages fields with all that a local model can use, `sent` as Claude takes it.

    `include_usage` says that a stream is to end with the counts; `key` is what the agent calls the conversation.
    """

    fields: dict[str, Any]
    sent: dict[str, Any]
    include_usage: bool
    key: str


def ask(chat: Mapping[str, Any]) -> Asked:
    """Put a chat request as a Messages request; raises BadRequest and nothing else."""
    _refuse_what_changes_the_answer(chat)
    model = chat.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequest("model is missing; name the model, such as claude-sonnet-5-5", "field")
    talk, tools = talk_of(chat.get("messages")), tools_of(chat)
    fields: dict[str, Any] = {
        # What stays the same from request to request comes first, and what a turn changes last: anchors compare bytes.
        "model": model,
        "max_tokens": _max_tokens(chat),
        **_stream(chat),
        **({"tools": tools, **choice_of(chat)} if tools else {}),
        **_stops(chat),
        **_user(chat),
        **_thought(chat),
        **_system(chat, talk),
        "messages": talk.messages,
    }
    return Asked({**fields, **_sampling(chat)}, for_claude(fields, _sampling(chat)), _include_usage(chat), _key(chat))


def for_claude(fields: dict[str, Any], sampling: dict[str, Any]) -> dict[str, Any]:
    """Fit the fields to the model: leave out what it refuses, and mark what the prompt cache shall keep.

    Models from 4.7 on take no sampling parameters, models before 4.6 neither effort nor adaptive thinking. A lone
    question is not marked: nothing would ever read what it wrote.
    """
    generation = generation_of(fields["model"])
    sent = {name: value for name, value in fields.items() if name not in ("output_config", "thinking", "messages")}
    config = dict(fields.get("output_config") or {})
    if not generation.takes_effort:
        config.pop("effort", None)
    elif config.get("effort") in ("xhigh", "max") and not generation.takes_xhigh:
        config["effort"] = "high"
    thinks = "effort" in config and "thinking" not in fields and generation.thinks_adaptively
    sent |= {"output_config": config} if config else {}
    # Without `display` the newest models show none of their thoughts.
    sent |= {"thinking": {"type": "adaptive", "display": "summarized"}} if thinks else {}
    if generation.takes_sampling and not thinks:
        # One of the two, because newer models refuse both at once; over 1 is 1, as Anthropic's own layer has it.
        sent |= {name: min(value, 1) for name, value in list(sampling.items())[:1]}
    sent["messages"] = fields["messages"]
    return _marked(sent)


def _marked(sent: dict[str, Any]) -> dict[str, Any]:
    is_going_on = bool(sent.get("tools")) or any(m["role"] == "assistant" for m in sent["messages"])
    if not is_going_on:
        return sent
    system = sent.get("system")
    if system:
        sent["system"] = [*system[:-1], {**system[-1], "cache_control": MARK}]
    return {**{k: v for k, v in sent.items() if k != "messages"}, "cache_control": MARK, "messages": sent["messages"]}


def _refuse_what_changes_the_answer(chat: Mapping[str, Any]) -> None:
    """Refuse what would be answered otherwise than asked; what only leans the answer one way is left out."""
    if chat.get("n") not in (None, 1):
        raise BadRequest("n must be 1: one answer is given to a request", "field")
    if chat.get("logprobs"):
        raise BadRequest("logprobs cannot be given", "field")
    modalities = chat.get("modalities")
    if chat.get("audio") or (isinstance(modalities, list) and any(kind != "text" for kind in modalities)):
        raise BadRequest("only text can be answered: leave audio and modalities out", "field")
    if chat.get("web_search_options") is not None:
        raise BadRequest("web_search_options is not served here; use POST /v1/messages with Claude's own tool", "field")


def _max_tokens(chat: Mapping[str, Any]) -> int:
    for name in ("max_completion_tokens", "max_tokens"):
        limit = chat.get(name)
        if limit is None:
            continue
        if type(limit) is not int or not 1 <= limit <= MOST_OUTPUT:
            raise BadRequest(f"{name} must be a whole number from 1 to {MOST_OUTPUT}", "field")
        return limit
    return DEFAULT_MAX_TOKENS


def _stream(chat: Mapping[str, Any]) -> dict[str, Any]:
    stream = chat.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise BadRequest("stream must be true or false", "field")
    return {"stream": True} if stream else {}


def _include_usage(chat: Mapping[str, Any]) -> bool:
    options = chat.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _stops(chat: Mapping[str, Any]) -> dict[str, Any]:
    stop = chat.get("stop")
    stops = [stop] if isinstance(stop, str) else [] if stop is None else stop
    if not isinstance(stops, list) or not all(isinstance(text, str) for text in stops):
        raise BadRequest("stop must be a text or a list of texts", "field")
    # The API takes none that is only blanks.
    kept = [text for text in stops if text.strip()]
    return {"stop_sequences": kept} if kept else {}


def _user(chat: Mapping[str, Any]) -> dict[str, Any]:
    user = chat.get("user")
    return {"metadata": {"user_id": user}} if isinstance(user, str) and 0 < len(user) <= 256 else {}


def _key(chat: Mapping[str, Any]) -> str:
    key = chat.get("prompt_cache_key")
    return key if isinstance(key, str) else ""


def _sampling(chat: Mapping[str, Any]) -> dict[str, Any]:
    """Read temperature and top_p."""
    found: dict[str, Any] = {}
    for name, most in (("temperature", 2), ("top_p", 1)):
        value = chat.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            raise BadRequest(f"{name} must be a number from 0 to {most}", "field")
        found[name] = value
    return found


def _thought(chat: Mapping[str, Any]) -> dict[str, Any]:
    """Read how much to think, and the form that the answer must have."""
    config: dict[str, Any] = {}
    found: dict[str, Any] = {}
    effort = chat.get("reasoning_effort")
    if effort == "none":
        # As little as each can: a local model is told not to think, Claude to make small effort.
        found["thinking"] = {"type": "disabled"}
        config["effort"] = "low"
    elif effort is not None:
        if not isinstance(effort, str) or effort not in EFFORTS:
            raise BadRequest(f"reasoning_effort must be none, {', '.join(EFFORTS)}", "field")
        config["effort"] = EFFORTS[effort]
    match chat.get("response_format"):
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            config["format"] = {"type": "json_schema", "schema": schema}
        case None | {"type": "text"} | {"type": "json_object"}:
            pass
        case _:
            raise BadRequest("response_format must be text, json_object, or a json_schema with its schema", "field")
    return {**found, **({"output_config": config} if config else {})}


def _system(chat: Mapping[str, Any], talk: Talk) -> dict[str, Any]:
    texts = list(talk.system)
    match chat.get("response_format"):
        case {"type": "json_object"}:
            texts.append(JSON_ONLY)
    return {"system": [text_block("\n\n".join(texts))]} if texts else {}
