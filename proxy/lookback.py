"""Look back: what was asked before in a conversation that is new to this process.

With every request an agent sends its history again. Secrets and the paths of tool calls are found in all of it each
time; what the user asked for is classified for the current turn only, unless nobody here has seen the earlier ones:
bursar was restarted, or the agent was connected in the middle of a session.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice

from proxy.conversation import conversation_of
from proxy.request import AgentRequest
from proxy.services import Services
from proxy.taken import take
from proxy.task import Tier
from proxy.turn import spoken_in, turn_of

MOST_TURNS = 500
"""Of a longer conversation the newest turns are looked at; each takes about a third of a millisecond."""


def look_back(services: Services, asked: AgentRequest, headers: Mapping[str, str]) -> None:
    """Restrict the session if an earlier turn of it that was not seen here was restricted."""
    if was_restricted(services, asked, headers, after=services.sessions.looked_at(asked)):
        services.sessions.saw(asked.session, Tier.L3)
    # Only now: what comes at the same time must not pass unlooked at, nor what comes after an error.
    services.sessions.look_done(asked)


def was_restricted(services: Services, asked: AgentRequest, headers: Mapping[str, str], *, after: int = -1) -> bool:
    """Tell whether an earlier turn was restricted, of those that began after a message; remembers nothing."""
    return any(take(services, past, headers).lasting is Tier.L3 for past in earlier(asked, after))


def earlier(asked: AgentRequest, after: int = -1) -> Iterator[AgentRequest]:
    """Give the earlier turns of a conversation that began after a message, each as a request of its own, newest first.

    Each ends where the next one begins, so that it has the calls that were made for it.
    """
    messages, end = conversation_of(asked.fields["messages"]), asked.turn.since
    for place in islice(spoken_in(messages[:end]), MOST_TURNS):
        if place <= after:
            return
        part = messages[place:end]
        turn = turn_of(part, asked.session, asked.agent_id)
        yield replace(asked, fields={**asked.fields, "messages": part}, turn=turn, counting=False)
        end = place
