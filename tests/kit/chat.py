"""Chat Completions as a client sends and reads them, for tests of that dialect."""

import json
from contextlib import contextmanager

import openai

from proxy.upstream.local_model import LocalSetting
from tests.kit.fake_claude import KEY
from tests.kit.local_fake import DONE, Act, chunk, local_fake, usage
from tests.kit.raw import ask

PATH = "/v1/chat/completions"
LONG = " ".join(str(number) for number in range(100))
GOOD = Act(chunk({"content": "Hello "}) + chunk({"content": "there."}) + chunk({}, "stop") + usage(100, 10, 40) + DONE)
READ = {
    "type": "function",
    "function": {
        "name": "Read",
        "description": "Reads",
        "parameters": {"type": "object", "properties": {"file_path": {"type": "string"}}, "required": ["file_path"]},
    },
}


def chat(text, **fields):
    return {
        "model": "claude-sonnet-5-5",
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": text}],
        **fields,
    }


def send(url, body, **headers):
    return ask(url, body, PATH, authorization=f"Bearer {KEY}", x_api_key=None, anthropic_version=None, **headers)


def chunks(answer):
    """The chunks of a stream, the end mark as a string."""
    events = [event for event in answer.body.decode().split("\n\n") if event.startswith("data: ")]
    return [json.loads(event[6:]) if event[6:7] == "{" else event[6:] for event in events]


def text_of(answer):
    pieces = [piece for piece in chunks(answer) if isinstance(piece, dict)]
    return "".join(choice["delta"].get("content") or "" for piece in pieces for choice in piece["choices"])


@contextmanager
def server(*acts):
    with local_fake(*(acts or (GOOD,))) as local:
        yield local, (LocalSetting("box", local.url, "openai", ("fake-model",), context=32768, tools=True),)


@contextmanager
def sdk(url, **settings):
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, **{"max_retries": 0, **settings}) as client:
        yield client.chat.completions


def calls_of(stream):
    """Put the calls of a stream together."""
    found = []
    for piece in stream:
        for part in piece.choices[0].delta.tool_calls or []:
            if part.index == len(found):
                found.append(part)
            else:
                found[part.index].function.arguments += part.function.arguments
    return found
