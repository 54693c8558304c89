"""The app and the shortcuts past its routing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.app import create_app, shortcuts
from proxy.wire.answer import Answer, Forward, Whole
from proxy.wire.framing import WireRequest
from proxy.wire.wsgi import serve
from tests.kit.inproc import InProcess
from tests.kit.raw import message

PATHS = ("/v1/messages", "/v1/chat/completions")


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[InProcess]:
    with InProcess(tmp_path, "http://127.0.0.1:9") as running:
        yield running


def request(path: str, body: bytes) -> WireRequest:
    return WireRequest(b"POST", path.encode(), [(b"Content-Type", b"application/json")], body=body)


def plain(answer: Answer) -> tuple[int, bytes]:
    assert isinstance(answer, Whole)
    return answer.status, answer.body


@pytest.mark.parametrize("path", PATHS)
def test_the_app_says_the_same_as_the_shortcut_past_it(proxy: InProcess, path: str) -> None:
    asked = request(path, b"no JSON")
    shortcut = shortcuts(proxy.services)[b"POST", path.encode()]
    assert plain(shortcut(asked)) == plain(serve(create_app(proxy.services), asked, "127.0.0.1", 1))


@pytest.mark.parametrize("path", PATHS)
def test_the_app_carries_the_same_as_the_shortcut_past_it(proxy: InProcess, path: str) -> None:
    asked = request(path, json.dumps(message("hello")).encode())
    sent = [shortcuts(proxy.services)[b"POST", path.encode()](asked)]
    sent.append(serve(create_app(proxy.services), asked, "127.0.0.1", 1))
    first, second = (answer for answer in sent if isinstance(answer, Forward))
    assert (first.target, first.headers, first.body) == (second.target, second.headers, second.body)
