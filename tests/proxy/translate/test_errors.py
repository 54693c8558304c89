"""A local server's errors, as each of them words them."""

import json
from typing import Any

import pytest

from proxy.translate.errors import from_local


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (400, {"error": {"code": 400, "message": "request (80009 tokens) exceeds the available context size (65536)",
                         "type": "exceed_context_size_error", "n_prompt_tokens": 80009, "n_ctx": 65536}},
         "prompt is too long: 80009 tokens > 65536 maximum"),
        (400, {"object": "error", "type": "BadRequestError", "code": 400, "message":
               "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens."},
         "prompt is too long: 5000 tokens > 4096 maximum"),
        (400, {"error": "The number of tokens to keep is greater than the context length"}, "prompt is too long"),
    ],
)  # fmt: skip
def test_a_full_context_is_put_in_the_apis_words(status: int, body: Any, message: str) -> None:
    trouble = from_local(status, json.dumps(body).encode())
    assert (trouble.status, trouble.kind, trouble.message) == (400, "invalid_request_error", message)
    assert not trouble.retry


@pytest.mark.parametrize(
    ("status", "body", "expected", "why", "retry"),
    [
        (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, 529, "loading", True),
        (429, {"error": {"message": "queue full"}}, 529, "busy", True),
        (401, {"error": {"message": "Invalid API Key"}}, 402, "refused our key", False),
        (404, {"error": {"message": "model 'x' not found"}}, 402, "does not know the model", False),
        (500, {"error": {"message": "image input is not supported - hint: mmproj"}}, 402, "takes no images", False),
        (422, {"detail": "bad field"}, 402, "refused the request", False),
        (500, {"error": {"message": "CUDA out of memory"}}, 502, "answered with an error (status 500)", True),
        (500, {"error": {"message": "Value is not callable in the Jinja template"}}, 402, "chat template", False),
        (500, "<html>oops</html>", 502, "answered with an error (status 500)", True),
    ],
)
def test_other_errors_tell_whose_fault_it_is_and_whether_to_ask_again(
    status: int, body: Any, expected: int, why: str, retry: bool
) -> None:
    trouble = from_local(status, json.dumps(body).encode() if isinstance(body, dict) else body.encode())
    assert trouble.status == expected
    assert why in trouble.why
    assert trouble.retry is retry
    assert trouble.body()["error"]["message"].startswith("bursar: the local model failed: ")
    # A server that refuses lives; one that fails, or is busy, may not.
    assert trouble.lives is not retry


@pytest.mark.parametrize(
    "text",
    [
        "Unexpected empty grammar stack after accepting piece: ='",
        "The model produced output that does not match the expected peg-native format",
        "Failed to parse input at pos 17: <tool_call>",
        "error parsing tool call: raw='{\"city\": ', err=unexpected end of JSON input",
    ],
)
def test_a_server_that_cannot_read_its_model_s_words_lives_and_may_be_asked_for_better_ones(text: str) -> None:
    trouble = from_local(500, json.dumps({"error": {"code": 500, "message": text, "type": "server_error"}}).encode())
    assert (trouble.lives, trouble.retry, trouble.status, trouble.kind) == (True, True, 402, "billing_error")
    assert (
        "the local model failed: its answer cannot be used: its server could not read what it wrote" in trouble.message
    )


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"[" * 100_000, b"null", b"7", b'{"error": null}', b'{"error": [1]}']
)
def test_a_body_of_any_shape_is_an_error_and_not_a_crash(body: bytes) -> None:
    assert from_local(500, body).status == 502


def test_a_long_error_is_shortened_and_its_text_kept_out_of_the_records() -> None:
    trouble = from_local(500, json.dumps({"error": {"message": "secret " * 1000}}).encode())
    assert len(trouble.message) < 700
    assert "secret" not in trouble.why
