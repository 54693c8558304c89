"""Neither a key nor a word of a prompt or an answer is ever on disk."""

from tests.journeys.conftest import StartBursar
from tests.kit.bursar import Bursar
from tests.kit.canary import BEARER, CANARY, in_files
from tests.kit.fake_claude import FakeClaude
from tests.kit.raw import Client, ask, message, post


def _use_in_every_way(bursar: Bursar) -> None:
    for stream in (True, False):
        ask(bursar.url, message(f"{CANARY} [[text:{CANARY}]]", stream=stream, metadata={"user_id": CANARY}))
        ask(bursar.url, message(f"{CANARY} [[text:{CANARY}]]", stream=stream, user=CANARY), "/v1/chat/completions")
    ask(bursar.url, message(CANARY, tools=[CANARY]), "/v1/chat/completions")
    for fault in ("status=400", "status=529", "drop", "cut=600", "usage=none", "garbage", "no-stop"):
        with Client(bursar.url) as client:
            client.send(
                post(bursar.url, message(f"{CANARY} [[fault:{fault}]]", stream=True), authorization=f"Bearer {BEARER}")
            )
            client.until(b"\r\n\r\n")
    ask(bursar.url, message(CANARY, max_tokens=-1, system=CANARY))
    ask(bursar.url, b'{"model": "' + CANARY.encode() + b'", not json')
    ask(
        bursar.url,
        {"model": "claude-opus-5-5", "messages": [{"role": "user", "content": CANARY}]},
        "/v1/messages/count_tokens",
    )
    ask(bursar.url, message(CANARY), f"/v1/{CANARY.replace(' ', '-')}")
    bursar.mode("local")
    ask(bursar.url, message(CANARY))


def test_a_key_and_a_sentence_sent_in_every_way_are_nowhere_on_disk(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start()
    _use_in_every_way(bursar)
    assert in_files(bursar.home) == []
    bursar.stop()
    assert in_files(bursar.home) == []


def test_a_crash_leaves_nothing_either(start: StartBursar, fake: FakeClaude) -> None:
    bursar = start()
    with Client(bursar.url) as client:
        client.send(post(bursar.url, message(f"{CANARY} [[long:500:20]]", stream=True)))
        client.until(b"text_delta")
        bursar.kill()
    assert in_files(bursar.home) == []
