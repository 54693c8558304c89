"""Logs of Claude Code become past requests: each once, with its last counts, whatever logs repeat, cut or garble."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget.history import Reader, logs_in
from budget.historybooks import Gathered, sums, whole
from budget.historyrow import Row, row_of
from pricing.money import Money
from pricing.table import PriceTable
from pricing.usage import Usage
from tests.kit import traffic
from tests.kit.claude_logs import Logs

PRICES, UTC_ZONE = PriceTable.load(), ZoneInfo("UTC")
BEGINS = datetime(2026, 11, 20, tzinfo=UTC)


def answer(**more: Any) -> bytes:
    """Give a line of an answer as Claude Code writes it, changed as told."""
    usage = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 100,
        "cache_read_input_tokens": 2000,
        "output_tokens": 7,
    }
    message = {"id": "msg_1", "model": "claude-opus-5-5", "role": "assistant", "content": [], "usage": usage}
    line: dict[str, Any] = {"type": "assistant", "requestId": "req_1", "sessionId": "s1", "isSidechain": False}
    line |= {"timestamp": "2026-11-20T23:30:00.000Z", "cwd": "/home/ada/shop", "uuid": "u1"}
    inner = {name: more.pop(name) for name in tuple(more) if name in ("id", "model", "content", "usage", "stop_reason")}
    return json.dumps(line | {"message": message | inner} | more).encode() + b"\n"


def spoken(text: str, uuid: str = "u0", **more: Any) -> bytes:
    line = {"type": "user", "uuid": uuid, "promptId": "p", "message": {"role": "user", "content": text}} | more
    return json.dumps(line).encode() + b"\n"


def rows(*lines: bytes, zone: ZoneInfo = UTC_ZONE) -> list[Row]:
    return Reader(PRICES, zone).rows(lines)


def test_an_answer_is_a_row_with_its_tokens_at_the_prices_of_its_time():
    [row] = rows(spoken("Please look"), answer())
    assert row.usage == Usage(input=3, cache_write_5m=100, cache_read=2000, output=7)
    assert row.cost == Money.usd("0.001052")  # 3 at 4, 100 at 5, 2,000 at 0.20, 7 at 20 millionths
    assert (row.message_id, row.request_id, row.session, row.project) == ("msg_1", "req_1", "s1", "shop")
    assert (row.model, row.turn, row.provisional) == ("claude-opus-5-5", "u0", False)


def test_a_line_for_each_block_is_one_answer_and_the_last_one_counts():
    early = {"input_tokens": 3, "output_tokens": 1}
    call = [{"type": "tool_use", "id": "t1", "name": "Edit", "input": {"file_path": "/home/ada/shop/a.py"}}]
    [row] = rows(answer(usage=early), answer(content=call), answer(content=call, usage=early | {"output_tokens": 90}))
    assert row.usage == Usage(input=3, output=90)
    assert (row.tools, row.edited) == (1, 1)


def test_the_day_is_the_persons_own():
    assert rows(answer())[0].day == date(2026, 11, 20)
    assert rows(answer(), zone=ZoneInfo("Europe/Berlin"))[0].day == date(2026, 11, 21)  # 00:30 there.


def test_a_price_is_that_of_the_day_of_the_answer():
    old = answer(model="claude-opus-4-5-20251101", timestamp="2026-01-05T10:00:00Z")
    assert rows(old)[0].cost == PRICES.on(datetime(2026, 1, 5, tzinfo=UTC), "claude-opus-4-5-20251101").rates.cost(
        Usage(input=3, cache_write_5m=100, cache_read=2000, output=7)
    )


def test_a_model_without_a_price_is_marked_and_stands_in_no_sum():
    with Gathered() as gathered:
        gathered.add(rows(answer(), answer(id="msg_2", model="qwen3-coder:30b")))
        total = whole(gathered.connection)
    assert (total["requests"], total["unpriced"], total["picos"]) == (2, 1, 1_052_000_000)
    assert total["unpriced_picos"] > 0


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"type":"assistant","mess\n', "cut"),
        (b"not json\n", "garbage"),
        (b'{"type":"assistant" "user"}\n', "garbage"),
        (b'{"type":"assistant","message":"hm"}\n', "garbage"),
        (answer(timestamp="yesterday"), "garbage"),
        (answer(timestamp="0001-01-01T00:00:00+14:00"), "garbage"),
        (answer(model="<synthetic>"), "synthetic"),
        (answer(usage=None), "without_usage"),
        (answer(usage={"input_tokens": -1, "output_tokens": 2}), "impossible"),
        (answer(id=None, uuid=None), "garbage"),
    ],
)
def test_what_is_no_answer_is_skipped_and_counted_by_why(line: bytes, why: str):
    reader = Reader(PRICES, UTC_ZONE)
    assert len(reader.rows([answer(id="msg_0"), line])) == 1
    counts = reader.skipped.as_dict()
    assert counts.pop(why) == 1
    assert counts.pop("lines") == 2
    assert not any(counts.values())


def test_a_log_that_cannot_be_opened_is_counted(tmp_path: Path):
    reader = Reader(PRICES, UTC_ZONE)
    assert reader.read(tmp_path / "gone.jsonl") == []
    assert reader.skipped.unreadable_files == 1


def test_no_word_of_a_conversation_and_no_folder_beyond_its_name_is_in_a_row():
    said = "a secret plan"
    call = [{"type": "tool_use", "id": "t1", "name": "Write", "input": {"file_path": "/home/ada/hidden.py"}}]
    text = repr(rows(spoken(said), answer(content=[{"type": "text", "text": said}]), answer(content=call))[0].values())
    assert "secret" not in text
    assert "hidden" not in text
    assert "ada" not in text
    assert "shop" in text


def test_names_that_are_none_are_left_out():
    [row] = rows(answer(sessionId="two\nlines", cwd="/home/ada/a\u202eb", requestId=["x"]))
    assert (row.session, row.project, row.request_id) == ("", "", "")


def test_a_row_survives_its_way_through_json():
    [row] = rows(spoken("Please"), answer())
    assert row_of(json.loads(json.dumps(row.values()))) == row


@pytest.mark.parametrize(
    ("place", "wrong"),
    [(0, ""), (2, "2026-11-20T10:00:00"), (3, "today"), (4, "a\nb"), (11, -1), (11, 1.5), (17, True)],
)
def test_what_is_no_row_is_refused(place: int, wrong: object):
    values: list[object] = list(rows(answer())[0].values())
    values[place] = wrong
    with pytest.raises(ValueError, match=r"row|Invalid|isoformat"):
        row_of(values)


def made(folder: Path, seed: int = 3, usd: float = 4) -> Logs:
    logs = Logs(folder, BEGINS)
    logs.write(traffic.generate(seed, usd))
    return logs


def gathered_tokens(folder: Path, reader: Reader) -> tuple[Counter[str], int]:
    with Gathered() as gathered:
        repeated = sum(gathered.add(reader.read(path)) for path in logs_in(folder))
        total = whole(gathered.connection)
    names = {"cache_creation_input_tokens": "cache_write_5m", "cache_read_input_tokens": "cache_read"}
    names |= {"input_tokens": "input", "output_tokens": "output"}
    return Counter({name: total[ours] for name, ours in names.items()}), repeated


def test_a_folder_with_sub_agents_forks_copies_and_cut_lines_comes_to_what_was_really_used(tmp_path: Path):
    logs = made(tmp_path, 22, 12)
    sessions = sorted(path.stem for path in logs.folder.glob("*.jsonl"))
    assert list(logs.folder.rglob("subagents/*.jsonl"))
    logs.fork(sessions[0], "fork-of-all")
    logs.fork(sessions[1], "fork-of-the-beginning", 7)
    logs.fork("fork-of-all", "fork-of-a-fork")
    (tmp_path / "copied").mkdir()
    (tmp_path / "copied" / "again.jsonl").write_bytes(logs.file(sessions[2]).read_bytes())
    logs.append(sessions[3], '{"type":"assistant","message":{"id":"msg_cut","usa')
    logs.append(sessions[4], "\x00\x00garbage\n")
    reader = Reader(PRICES, UTC_ZONE)
    found, repeated = gathered_tokens(tmp_path, reader)
    assert found == Counter({name: logs.truth.total(name) for name in found})
    assert repeated > 10
    assert (reader.skipped.cut, reader.skipped.garbage) == (1, 1)


@given(data=st.data())
def test_order_copies_and_cuts_of_logs_change_nothing(data: st.DataObject):
    names = [{"id": f"msg_{n}", "requestId": f"req_{n}", "uuid": f"u{n}"} for n in range(6)]
    early = {"input_tokens": 3, "output_tokens": 1}
    lines = [line for name in names for line in (answer(**name, usage=early), answer(**name))]
    files = [lines]
    for _ in range(data.draw(st.integers(0, 3))):
        copy = lines[: data.draw(st.integers(0, len(lines)))]
        if copy and data.draw(st.booleans()):
            copy[-1] = copy[-1][: data.draw(st.integers(1, len(copy[-1]) - 2))]
        files.append(copy)
    with Gathered() as gathered:
        for file in data.draw(st.permutations(files)):
            gathered.add(Reader(PRICES, UTC_ZONE).rows(file))
        total = whole(gathered.connection)
    assert (total["requests"], total["output"], total["cache_read"]) == (6, 42, 12_000)


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_whatever_stop_the_reader(lines: list[bytes]):
    assert Reader(PRICES, UTC_ZONE).rows([*lines, answer()])[-1].message_id == "msg_1"


def test_sums_by_day_model_and_project_each_come_to_the_whole(tmp_path: Path):
    logs = made(tmp_path)
    Logs(tmp_path, BEGINS - timedelta(days=1), "other").write(traffic.generate(4, 2))
    reader = Reader(PRICES, UTC_ZONE)
    with Gathered() as gathered:
        for path in logs_in(tmp_path):
            gathered.add(reader.read(path))
        total = whole(gathered.connection)
        for by in ("day", "model", "project"):
            parts = sums(gathered.connection, by)
            assert len(parts) >= 2
            for name in ("requests", "picos", "output", "cache_read"):
                assert sum(part[name] for part in parts) == total[name]
    assert total["sub_agents"] >= 0
    assert logs.truth.usage
