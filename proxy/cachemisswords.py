"""Cache misses in words: what each kind is called, what usually causes it, and what helps."""

from __future__ import annotations

from dataclasses import dataclass

from budget.cachemiss import Cause, How, Kind, What


@dataclass(frozen=True, slots=True)
class Words:
    """What a kind of miss is called, what it usually comes from, and what to do; `help` may be empty."""

    name: str
    usually: str
    help: str = ""


_KINDS = {
    Kind.first: Words(
        "first request", "A session’s first prompt has to be written once: its tools, its system and what you asked."
    ),
    Kind.expired: Words(
        "expired",
        "Nothing was asked for longer than the cache lives, and the whole prefix was written again.",
        "The cache keeper can read it once more before that: bursar keeper says what that would save. An hour’s "
        "lifetime may be cheaper too, see below; for a new task after a break, a new session is.",
    ),
    Kind.marks: Words(
        "out of reach",
        "More than 20 blocks came after the last breakpoint, or the breakpoints moved; Claude looks back 20 blocks.",
        "Many calls in one turn do this. Fewer at once help, or an agent that sets more breakpoints.",
    ),
    Kind.parallel: Words(
        "asked at once",
        "A request went out before Claude had begun to answer the one whose prefix it needs.",
        "Start agents that share a beginning one after the other.",
    ),
    Kind.short: Words("too short", "Claude caches nothing below a model’s minimum, so it was read as plain input."),
    Kind.unmarked: Words(
        "not marked",
        "The agent asks for no caching, and all is plain input each time.",
        "Switch caching on in the agent; for Claude Code take DISABLE_PROMPT_CACHING out of its environment.",
    ),
}
_CHANGED = {
    What.model: Words(
        "model switched",
        "Each model has a cache of its own; switching writes all of it again.",
        "Switch at the beginning of a session, or between tasks.",
    ),
    What.key: Words("another key", "Caches are not shared between workspaces.", "Use one key for a session."),
    What.tools: Words(
        "tools changed",
        "An MCP server connected late or again, tools were switched on or off, or their order is another each time.",
        "Connect MCP servers before you begin, and take those out that come and go.",
    ),
    What.speed: Words("speed changed", "Fast and standard speed have caches of their own.", "Keep to one speed."),
    What.form: Words("answer’s form changed", "The form that the answer must have is part of what is cached."),
    What.system: Words(
        "system changed",
        "Something in it changes by itself: a time, a counter, the state of a repository, a status line.",
        "Take what changes out of the system prompt, or put it into the newest message.",
    ),
    What.tool_choice: Words("tool choice changed", "Forcing a tool, or no longer, breaks the messages’ cache."),
    What.thinking: Words(
        "thinking changed", "Thinking was switched on or off, or its budget changed.", "Set it once for a session."
    ),
    What.effort: Words("effort changed", "The effort was set anew.", "Set it once for a session."),
    What.images: Words(
        "first image", "The first image of a conversation, or its last gone, breaks its messages’ cache."
    ),
    What.message: Words(
        "message changed",
        "The agent rewrote its history: it dropped old results or reminders, went back, or edited a message.",
        "If it happens on every turn, look for a hook or a plugin that rewrites what was said before.",
    ),
}
_UNKNOWN = {
    What.earlier: Words("from before the start", "It was written before bursar was started, and not seen."),
    What.evicted: Words(
        "let go early",
        "Claude should still have had it and wrote it again, or something changed that no request shows.",
    ),
}


def words(kind: Kind, what: What = What.none) -> Words:
    """Say what a kind of miss is."""
    if kind is Kind.changed:
        return _CHANGED[what]
    return _UNKNOWN[what] if kind is Kind.unknown else _KINDS[kind]


def where(cause: Cause) -> str:
    """Say where a prefix broke, such as "message 12 edited"; empty where there is no place to name."""
    if cause.kind is Kind.marks and cause.back is not None:
        return f"{abs(cause.back)} blocks {'on' if cause.back >= 0 else 'back'}"
    if cause.place is None:
        return ""
    noun = {What.tools: "tool", What.system: "block", What.message: "message"}[cause.what]
    how = "" if cause.how is How.none else f" {cause.how.value}"
    return f"{noun} {cause.place + 1}{how}"
