"""Identity: which session a request is taken to belong to."""

import json
from typing import Any

import pytest

from proxy.request import read
from tests.kit import bodies


def session(fields: dict[str, Any], headers: dict[str, str] | None = None) -> str:
    return read(bodies.encode(fields), headers or {}).session


def test_the_header_names_the_session() -> None:
    assert session(bodies.main_turn("hi"), bodies.headers("abc-1")) == "abc-1"


def test_without_the_header_the_metadata_do() -> None:
    assert session(bodies.main_turn("hi")) == bodies.SESSION


def test_the_old_form_of_the_metadata_is_read() -> None:
    old = {"metadata": {"user_id": "user_0123_account__session_5b0d-99"}}
    assert session(bodies.main_turn("hi", **old)) == "5b0d-99"


@pytest.mark.parametrize(
    "user_id", ["someone", "", "{", '{"session_id": 5}', '{"session_id": "two words"}', "[" * 3000, 7, None]
)
def test_metadata_that_name_no_session_leave_it_to_the_beginning_of_the_conversation(user_id: Any) -> None:
    assert session(bodies.main_turn("hi", metadata={"user_id": user_id})).startswith("h-")


def test_a_header_that_is_no_plain_name_is_not_used() -> None:
    assert session(bodies.main_turn("hi"), {"x-claude-code-session-id": "<script>"}) == bodies.SESSION
    assert session(bodies.main_turn("hi"), {"x-claude-code-session-id": "a" * 500}) == bodies.SESSION


def test_a_conversation_keeps_its_session_as_it_grows() -> None:
    first = bodies.main_turn("Add a field", metadata={})
    later = bodies.main_turn("Add a field", bodies.call("Read", file_path="a.py"), bodies.result("x = 1"), metadata={})
    later["system"][0] = bodies.text(bodies.BILLING.format("fff"))
    assert session(first) == session(later)


def test_two_conversations_that_begin_differently_are_two_sessions() -> None:
    assert session(bodies.main_turn("Add a field", metadata={})) != session(
        bodies.main_turn("Add a column", metadata={})
    )


def test_the_agent_and_the_project_come_from_headers() -> None:
    request = read(
        bodies.encode(bodies.sub_agent("Look around")), bodies.headers(agent="agent-7", **{"x-bursar-project": "shop"})
    )
    assert (request.agent_id, request.project) == ("agent-7", "shop")
    assert json.loads(request.body)["model"] == request.model
