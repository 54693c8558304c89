"""The log keeps no credential, stays within its size, and belongs to its owner."""

import json
import logging
import os
from pathlib import Path

import pytest

from tray.logs import PrivateRotatingFile, RedactingFormatter, redacted, told

PROMPT = "the quick canary"
KEY = "sk-ant-api03-" + "A1b2C3d4" * 8


@pytest.mark.parametrize(
    "text",
    [
        f"x-api-key: {KEY}",
        f"headers {{'x-api-key': '{KEY}', 'host': 'a'}}",
        f"[(b'X-Api-Key', b'{KEY}')]",
        f"Authorization: Bearer {KEY}",
        "authorization: Bearer abcdefgh.ijklmnop",
        f"sent Bearer {KEY} to it",
        f"bare {KEY} in a sentence",
        "Basic dXNlcjpwYXNzd29yZA==",
        "cookie: session=abcdefgh",
        "https://user:hunter2hunter2@proxy.example:3128/x",
        f'{{"api_key": "{KEY}"}}',
    ],
)
def test_no_credential_survives(text: str):
    clean = redacted(text)
    secrets = [KEY, "abcdefgh", "dXNlcjpwYXNzd29yZA", "hunter2"]
    assert not any(secret in clean for secret in secrets)
    assert "[redacted]" in clean


@pytest.mark.parametrize(
    "text",
    [
        "agents at http://127.0.0.1:2877",
        "input_tokens: 512, output_tokens: 7",
        "request req_0123456789abcdef cost $1",
    ],
)
def test_what_is_no_credential_stays(text: str):
    assert redacted(text) == text


def test_a_traceback_is_redacted_too():
    try:
        raise ValueError(f"bad header x-api-key: {KEY}")
    except ValueError as error:
        record = logging.LogRecord("a", logging.ERROR, "f", 1, "failed", (), (ValueError, error, error.__traceback__))
    text = RedactingFormatter().format(record)
    assert "ValueError" in text
    assert KEY not in text


def test_what_an_exception_quotes_is_left_out_but_for_the_system_s_own_words():
    def failing():
        try:
            json.loads(PROMPT)
        except ValueError as error:
            raise KeyError(PROMPT) from error

    with pytest.raises(KeyError) as caught:
        failing()
    text = told(caught.value)
    assert PROMPT not in text
    assert text.index("JSONDecodeError") < text.index("KeyError")
    assert "in failing" in text
    assert told(FileNotFoundError(2, "No such file", "/x")).endswith("No such file: '/x'")


def test_the_log_stays_within_its_size_and_is_private(tmp_path: Path):
    path = tmp_path / "bursar.log"
    handler = PrivateRotatingFile(path, maxBytes=1000, backupCount=2, delay=True)
    for number in range(500):
        handler.emit(logging.LogRecord("a", logging.INFO, "f", 1, "line %d", (number,), None))
    handler.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bursar.log", "bursar.log.1", "bursar.log.2"]
    assert all(each.stat().st_size <= 1000 for each in tmp_path.iterdir())
    if os.name != "nt":
        assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}


def test_no_name_in_a_message_moves_a_terminal_or_passes_for_a_record():
    name = "qwen\x1b]0;pwned\x07\x9b31m\r\n2026-11-21 12:00:00,000 INFO tray: all is well\u202e"
    record = logging.LogRecord("probe", logging.INFO, __file__, 1, "the model %s\tpassed", (name,), None)
    shown = RedactingFormatter("%(message)s").format(record)
    assert shown == "the model qwen�]0;pwned��31m�\n    2026-11-21 12:00:00,000 INFO tray: all is well� passed"
