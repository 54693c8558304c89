"""Looking back at a conversation misses no turn: not of another conversation of the session, not after an error."""

from dataclasses import replace

import pytest

from proxy.lookback import look_back
from proxy.request import read
from proxy.services import ProxyOptions
from tests.kit import bodies
from tests.kit.raw import ask, message

LOCAL_ONLY = ProxyOptions(restricted="local-only")
RESTRICTED = "Rotate the API key and change the password of the admin account"
PLAIN = "Rename the variable a to b"
NAMED = {"x_claude_code_session_id": "s1"}


def talk(*said: str) -> dict:
    """Make a conversation: the user's and the model's words in turns."""
    roles = ("user", "assistant")
    return message("", messages=[{"role": roles[place % 2], "content": words} for place, words in enumerate(said)])


@pytest.mark.parametrize("beside", [(PLAIN,), (PLAIN, "It is done.", PLAIN), (PLAIN, "Done.", PLAIN, "Done.", PLAIN)])
def test_another_conversation_of_the_session_hides_no_turn_of_this_one(start, fake, beside):
    proxy = start(options=LOCAL_ONLY)
    assert ask(proxy.url, talk(*beside), **NAMED).status == 200
    assert ask(proxy.url, talk(RESTRICTED, "It is done.", PLAIN), **NAMED).status == 402
    assert len(fake.requests(path="/v1/messages")) == 1


def test_what_could_not_be_looked_at_is_looked_at_the_next_time(start):
    services = start(options=LOCAL_ONLY).services
    asked = read(bodies.encode(talk(RESTRICTED, "It is done.", PLAIN)), NAMED)

    def breaks(folder):
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        look_back(replace(services, project=breaks), asked, {})
    look_back(services, asked, {})
    assert services.sessions.is_restricted(asked.session)


def test_a_turn_is_looked_at_once(start):
    services = start(options=LOCAL_ONLY).services
    asked = read(bodies.encode(talk(PLAIN, "It is done.", PLAIN, "It is done.", PLAIN)), NAMED)
    folders = []
    counts = replace(services, project=lambda folder: (folders.append(folder), services.project(folder))[1])
    for seen in (2, 2):
        look_back(counts, asked, {})
        assert len(folders) == seen
