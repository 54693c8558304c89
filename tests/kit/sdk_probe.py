"""Makes calls with whichever `anthropic` SDK is on the path: calls as JSON on stdin, what came of each on stdout.

A call is `{"do": "stream" | "whole" | "count" | "models", …arguments}`.
"""

import json
import sys
from typing import Any

import anthropic


def main(url: str, key: str, retries: int) -> None:
    """Make all the calls in turn."""
    client = anthropic.Anthropic(base_url=url, api_key=key, max_retries=retries)
    found = [_attempt(client, call) for call in json.load(sys.stdin)]
    json.dump({"version": anthropic.__version__, "results": found}, sys.stdout)


def _attempt(client: anthropic.Anthropic, call: dict[str, Any]) -> dict[str, Any]:
    what = call.pop("do")
    try:
        return DO[what](client, **call)
    except anthropic.APIStatusError as error:
        return {"error": type(error).__name__, "status": error.status_code, "text": str(error), "body": error.body}
    except Exception as error:
        return {"error": type(error).__name__, "text": str(error)}


def _stream(client: anthropic.Anthropic, **call: Any) -> dict[str, Any]:
    with client.messages.stream(**call) as stream:
        seen = [event.type for event in stream]
        return {"events": seen, **_told(stream.get_final_message()), "headers": dict(stream.response.headers)}


def _whole(client: anthropic.Anthropic, **call: Any) -> dict[str, Any]:
    return _told(client.messages.create(**call))


def _count(client: anthropic.Anthropic, **call: Any) -> dict[str, Any]:
    return {"input_tokens": client.messages.count_tokens(**call).input_tokens}


def _models(client: anthropic.Anthropic) -> dict[str, Any]:
    return {"ids": [model.id for model in client.models.list(limit=100)]}


def _told(message: Any) -> dict[str, Any]:
    """Return what a message says, without the ids that differ each time."""
    content = [block.model_dump(exclude={"id"}, exclude_none=True) for block in message.content]
    usage = message.usage.model_dump(exclude_none=True)
    return {"content": content, "stop_reason": message.stop_reason, "model": message.model, "usage": usage}


DO = {"stream": _stream, "whole": _whole, "count": _count, "models": _models}

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
